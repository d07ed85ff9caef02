"""Run the attacks through an engine, one after the other, and see what became of each.

Around every attack: what it needs is staged, the run is made with a bound of its own, the host
looks for evidence and for what is left, and a harmless program must run as if nothing had been.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import platform
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final, Self

from berm.audit import leftovers
from berm.audit.attack import Attack, all_attacks, part
from berm.audit.leftovers import Traces
from berm.audit.props import Session, Staged, fill, stage
from berm.audit.verdict import OUT_OF_TIME, Seen, Status, judge, may_be_anothers
from berm.config import Config
from berm.engine import Engine
from berm.errors import BermError, CellError, IsolationError, LanguageError
from berm.model import Limits, RunResult

_COMPILE_BOUND: Final = 90.0
_GRACE: Final = 8.0
"""Seconds beyond its limit after which a run counts as not ended: shared machines are slow."""
_MORE_TIME: Final = 5.0
"""Factor for an attack that ran out of time before it had an answer."""

_PARKED_MIB: Final = 512
"""What the runtimes of one language that wait during an attack may take: two of each of its steps."""

_STAY: Final = 3.0
"""Seconds that a concurrent neighbour stays."""


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """What became of one attack.

    Attributes:
        attack: which one.
        status: held, escaped, not applicable or unclear.
        detail: the refusal, the evidence or the reason.
        layers: layers in force that should each stop it alone.
        plan: family of plan under which it ran.
        waited: True if the attack was given to a runtime that was started before it.
        seconds: how long all of it took.
    """

    attack: Attack
    status: Status
    detail: str
    layers: tuple[str, ...] = ()
    plan: str = ""
    seconds: float = 0.0
    waited: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON-ready data."""
        return {
            "attack": self.attack.id,
            "title": self.attack.title,
            "language": self.attack.language,
            "guarantee": self.attack.guarantee.value,
            "status": self.status.value,
            "detail": self.detail,
            "layers": list(self.layers),
            "plan": self.plan,
            "waited": self.waited,
            "seconds": round(self.seconds, 3),
        }


class Auditor:
    """An engine under attack. Use it as an asynchronous context manager.

    Raises :class:`berm.IsolationError` where Berm refuses to run at all; that is no escape.
    """

    def __init__(self, config: Config | None = None) -> None:
        """Take the engine's settings; run directories go into a folder of the audit's own."""
        self._config = config if config is not None else Config.load()
        self._stack = contextlib.AsyncExitStack()
        self._session: Session | None = None
        self._engine: Engine | None = None
        self._before: Traces | None = None
        self._waiting_for: tuple[str, Limits] | None = None

    async def __aenter__(self) -> Self:
        """Stage what is staged once, start the engine, and see what it keeps while idle."""
        async with contextlib.AsyncExitStack() as stack:
            leftovers.become_subreaper()
            stack.callback(leftovers.become_subreaper, False)
            self._session = stack.enter_context(Session())
            config = dataclasses.replace(
                self._config,
                run_dir=str(self._session.run_dir),
                # As many parked cells and waiting runtimes at every time: one more of them is not
                # something that an attack left. Two at a time are an attack and its neighbour.
                pool_ceiling=self._config.pool_floor,
                runs_at_a_time=2,
                parked_mib=self._config.parked_mib and max(self._config.parked_mib, _PARKED_MIB),
            )
            self._engine = await stack.enter_async_context(Engine(config))
            self.engine.enforcement("python")  # refuses here what it would refuse for each run
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the engine and remove everything."""
        await self._stack.aclose()

    @property
    def engine(self) -> Engine:
        """The engine; it exists between enter and exit."""
        if self._engine is None:
            raise RuntimeError("The auditor was not entered.")
        return self._engine

    @property
    def session(self) -> Session:
        """What is staged for all attacks."""
        if self._session is None:
            raise RuntimeError("The auditor was not entered.")
        return self._session

    async def attempt(self, attack: Attack) -> Trial:
        """Run one attack and judge it. Never raises for what the attack does."""
        began = time.monotonic()
        reason = self._not_applicable(attack)
        if reason:
            return Trial(attack, Status.NOT_APPLICABLE, reason)
        enforcement = self.engine.enforcement(attack.language)
        in_force = tuple(
            name for name in attack.layers_in(enforcement.plan) if name in enforcement.layers
        )
        status, detail, waited = await self._attempt(attack)
        if status is Status.UNCLEAR and detail.startswith(OUT_OF_TIME):  # a slow or busy machine
            status, detail, waited = await self._attempt(with_time(attack, _MORE_TIME))
        elif status is Status.ESCAPED and may_be_anothers(detail):
            # What an attack leaves it leaves again; whoever else mounts something now hardly does.
            status, detail, waited = await self._attempt(attack)
        took = time.monotonic() - began
        return Trial(attack, status, detail, in_force, enforcement.plan, took, waited)

    def _not_applicable(self, attack: Attack) -> str:
        if attack.machines and platform.machine() not in attack.machines:
            return f"written for {', '.join(attack.machines)}, and this is {platform.machine()}"
        try:
            self.engine.registry.get(attack.language)
            plan = self.engine.enforcement(attack.language).plan
        except LanguageError as error:
            return error.summary
        except IsolationError as error:  # this language's; the audit began with another's plan
            return f"Berm refuses {attack.language} here: {error.summary} {error.meaning}".strip()
        if plan not in attack.worlds:
            return f"the {plan} plan does not promise this. {attack.notes}".strip()
        return ""

    async def _attempt(self, attack: Attack) -> tuple[Status, str, bool]:
        """Return the status, why, and whether the attack was given to a runtime that waited."""
        waits = await self._warm(attack)
        before = await self._quiet()
        with stage(self.session, attack) as staged:
            if staged.missing:
                return Status.NOT_APPLICABLE, "; ".join(staged.missing), False
            try:
                result, evidence, waited = await self._run(attack, staged)
            except TimeoutError:
                return Status.ESCAPED, "the run did not end", waits
            except BermError as error:
                return Status.ESCAPED, f"Berm broke: {error.diagnostics()}", waits
            output = _output(result)
            evidence += await asyncio.to_thread(staged.evidence, output)
        await self.engine.parking.settled()
        left = await leftovers.left(self.engine, self.session.run_dir, before)
        if left:
            self._before = None
        evidence += await self._unharmed("python", Limits())
        if waits:  # the runtimes that waited beside the attack
            evidence += await self._unharmed(attack.language, attack.limits)
            await self.engine.parking.settled()
        seen = Seen(output, result.outcome, tuple(evidence), tuple(left))
        return *judge(attack, seen), waited

    async def _run(self, attack: Attack, staged: Staged) -> tuple[RunResult, list[str], bool]:
        """Run the neighbour and the attack.

        Return the result, evidence of slowness or harm, and whether its runtime (or its compiler,
        which a compile-stage attack is after) had waited for it.
        """
        compiling = attack.stage == "compile"
        text = fill(attack.text, staged.values) if compiling else attack.text
        files = {name: part(name) for name in attack.support} | staged.files
        evidence: list[str] = []
        async with self._neighbour(attack, staged, evidence):
            taken = self.engine.parking.hits
            async with asyncio.timeout(_COMPILE_BOUND):
                program = await self.engine.prepare(
                    text, attack.language, files=files, limits=attack.limits
                )
            try:
                if not compiling:
                    taken = self.engine.parking.hits
                bound = attack.limits.wall_time + _GRACE
                began = time.monotonic()
                async with asyncio.timeout(bound + _COMPILE_BOUND):
                    result = await self.engine.execute(
                        program, b"\0" * attack.stdin, (json.dumps(staged.values),), attack.limits
                    )
                took = time.monotonic() - began
                if took > bound:
                    evidence.append(f"the run ended only after {took:.1f} s")
            finally:
                program.close()
        return result, evidence, self.engine.parking.hits > taken

    @contextlib.asynccontextmanager
    async def _neighbour(
        self, attack: Attack, staged: Staged, evidence: list[str]
    ) -> AsyncIterator[None]:
        """Have another run before this one, or beside it; what it tells is evidence too."""
        if not attack.neighbour:
            yield
            return
        canary = staged.canary("the other run")
        values: Mapping[str, object] = {
            "token": staged.values["token"],
            "canary": canary,
            "stay": _STAY if attack.when == "during" else 0,
        }
        run = self.engine.run(
            part(attack.neighbour),
            "python",
            args=(json.dumps(values),),
            files={"attack.py": part("attack.py")},
            limits=Limits(wall_time=_STAY + 6),
        )
        if attack.when == "before":
            result = await run
            yield
        else:
            task = asyncio.create_task(run)
            try:
                await asyncio.sleep(0.7)
                yield
            finally:
                result = await task
        evidence += [
            f"the neighbour says: {line[8:]}"
            for line in result.text.splitlines()
            if line.startswith("ESCAPED ")
        ]

    async def _warm(self, attack: Attack) -> bool:
        """Start what this attack needs, so that it is not taken for something left.

        Returns whether runtimes of its language wait now.
        """
        known = len(self.engine.pools)
        await self.engine.warm([attack.language])
        if attack.language in _COMPILED:
            program = await self.engine.prepare(_HARMLESS[attack.language][0], attack.language)
            program.close()
        if len(self.engine.pools) != known:
            self._before = None
        waits = attack.language in _WAITING and self.engine.config.parked_mib > 0
        return waits and await self._park(attack)

    async def _park(self, attack: Attack) -> bool:
        """Have runtimes of this attack's language and limits wait, and no others; False if none can."""
        parking, wanted = self.engine.parking, (attack.language, attack.limits)
        if self._waiting_for != wanted:
            parking.clear()
            self._waiting_for, self._before = wanted, None
        # Where a toolchain cannot be prepared, a runtime is started for each program.
        with contextlib.suppress(CellError):
            await self.engine.furnish([attack.language], limits=attack.limits)
        await parking.settled()
        return parking.waiting > 0

    async def _quiet(self) -> Traces:
        if self._before is None:
            self._before = await leftovers.settled(self.engine, self.session.run_dir)
        return self._before

    async def _unharmed(self, language: str, limits: Limits) -> list[str]:
        """Run a harmless program; return what is wrong with its result."""
        source, expected = _HARMLESS[language]
        try:
            async with asyncio.timeout(30 + limits.wall_time):
                result = await self.engine.run(source, language, limits=limits)
        except (BermError, TimeoutError) as error:
            return [f"the next run failed: {error!r}"]
        if result.stdout != expected or not result.outcome.ok or result.stderr:
            return [
                f"the next run was harmed: {result.outcome} {result.stdout!r} {result.stderr!r}"
            ]
        return []


_HARMLESS: Mapping[str, tuple[str, bytes]] = {
    "python": ("print(6 * 7)", b"42\n"),
    "c": ("int main(void) { return 0; }\n", b""),
    "cpp": ("int main() { return 0; }\n", b""),
    "javascript": ("console.log(6 * 7);\n", b"42\n"),
    "java": (
        "public class Main { public static void main(String[] a) { System.out.println(42); } }\n",
        b"42\n",
    ),
}
"""Language → a program that does no harm, and what it prints."""

_COMPILED: Final = ("c", "cpp", "java")

_WAITING: Final = ("javascript", "java")
"""Languages whose runtimes wait for their programs."""


def _output(result: RunResult) -> bytes:
    """Everything that the program and its compiler printed."""
    texts = [result.stdout, result.stderr]
    if result.compile is not None:
        texts += [result.compile.stdout, result.compile.stderr]
    return b"\n".join(texts)


def with_time(attack: Attack, factor: float) -> Attack:
    """Return the same attack with more time to run."""
    limits = attack.limits
    more = dataclasses.replace(
        limits, wall_time=limits.wall_time * factor, cpu_time=limits.cpu_time * factor
    )
    return dataclasses.replace(attack, limits=more)


def select(words: Iterable[str] = ()) -> list[Attack]:
    """Return the attacks whose id begins with one of ``words``, or whose guarantee it is; all for none."""
    wanted = tuple(words)
    return [
        attack
        for attack in all_attacks().values()
        if not wanted or attack.guarantee.value in wanted or attack.id.startswith(wanted)
    ]


async def audit(
    config: Config | None = None,
    attacks: Iterable[Attack] | None = None,
    *,
    on_trial: Callable[[Trial], None] | None = None,
) -> list[Trial]:
    """Run attacks (default: all) and return what became of each, in their order."""
    trials = []
    async with Auditor(config) as auditor:
        for attack in select() if attacks is None else attacks:
            trial = await auditor.attempt(attack)
            trials.append(trial)
            if on_trial is not None:
                on_trial(trial)
    return trials

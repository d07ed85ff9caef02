"""The engine: analyse, compile, run. What the library, the command line and the service call."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from berm.artifacts import identity
from berm.artifacts.cache import CompileCache, Compiled
from berm.cell.builder import Slots
from berm.cell.cell import Order, Ran
from berm.cell.denials import explain_denials
from berm.cell.dialogue import TERMINAL, Dialogue
from berm.cell.files import Bundle, File
from berm.cell.outcome import decide
from berm.cell.output import Listener
from berm.cell.pool import Pool
from berm.cell.relay import Side
from berm.config import Config
from berm.errors import InputError
from berm.kernel.cgroups import Subtree
from berm.kernel.features import HostFeatures, probe
from berm.languages import CompileStep, Registry, Step
from berm.model import MIB, Enforcement, Guarantee, Limits, RunResult
from berm.policy.plan import DEFAULT_PRELOAD, CellPlan, Runtime, demand, make_plan
from berm.policy.profile import load_profile
from berm.program import (
    ARTIFACT_BYTES,
    ARTIFACT_FILES,
    OUTPUT_BYTES,
    OUTPUT_FILES,
    Content,
    Program,
    arguments,
    collection,
    content,
    not_compiled,
    rlimits,
)

MAX_STDIN: Final = 256 * MIB
STDERR_TAIL: Final = 4096

Isolation = str | Sequence[Guarantee | str]


class Engine:
    """Runs programs in cells. Use it as an asynchronous context manager.

    Raises :class:`berm.IsolationError` from the first run (or :meth:`warm`) on a machine that
    cannot hold a required guarantee; it never runs a program with less.
    """

    def __init__(self, config: Config | None = None) -> None:
        """Take the settings; nothing is started before the engine is entered."""
        self.config = config if config is not None else Config.load()
        self.cache = CompileCache(self.config.cache_mib * MIB)
        self._pools: dict[str, Pool] = {}
        self._plans: dict[object, CellPlan] = {}
        self._slots = Slots(self.config.uid_base, self.config.uid_count)
        self._turns = asyncio.Semaphore(self.config.concurrency)
        self._alone = asyncio.Lock()
        self._features: HostFeatures | None = None
        self._registry: Registry | None = None
        self._subtree: Subtree | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        """Find out what the machine permits and which languages it has."""
        self._features, self._registry = await asyncio.gather(
            asyncio.to_thread(probe, self.config.landlock_abi, self.config.cgroup_path),
            asyncio.to_thread(Registry.open, self.config.languages),
        )
        delegated = self.features.cgroup_v2
        if delegated is not None and "cgroup" not in self.config.ablate:
            self._subtree = Subtree.open(Path(delegated))
            self._subtree.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every cell and fork server."""
        await self.close()

    async def close(self) -> None:
        """End every cell and fork server; safe to call twice."""
        self._closed = True
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        self._pools.clear()
        if self._subtree is not None:
            await asyncio.to_thread(self._subtree.close)
            self._subtree = None

    @property
    def features(self) -> HostFeatures:
        """What the kernel and the container permit here."""
        if self._features is None:
            raise RuntimeError("The engine was not entered: use `async with berm.Engine()`.")
        return self._features

    @property
    def registry(self) -> Registry:
        """The languages. Each toolchain is looked for when its language is first asked for."""
        if self._registry is None:
            raise RuntimeError("The engine was not entered: use `async with berm.Engine()`.")
        return self._registry

    @property
    def pools(self) -> Sequence[Pool]:
        """The pools started so far, for metrics."""
        return tuple(self._pools.values())

    def enforcement(self, language: str = "python") -> Enforcement:
        """Return what a run of ``language`` is promised here; raises where that is too little."""
        found = self.registry.get(language)
        return self._plan(found.run_step(found.entry_name(b""), (), Limits(), None)).enforcement

    async def warm(self, languages: Sequence[str] | None = None) -> None:
        """Start the fork servers of some languages (default: all found) and fill their pools."""
        if languages is None:
            languages = [one.name for one in await asyncio.to_thread(self.registry.available)]
        for name in languages:
            found = await self.registry.usable(name)
            step = found.run_step(found.entry_name(b""), (), Limits(), None)
            await self._pool(self._plan(step)).fill()

    async def prove(self) -> None:
        """Send the canaries through every pool again, for a timer or after a change.

        Raises :class:`berm.IsolationError` if one got out; its fork server has ended then.
        """
        for pool in self.pools:
            await pool.prove()

    async def run(
        self,
        source: Content,
        language: str = "python",
        stdin: Content = "",
        args: Sequence[str] = (),
        files: Mapping[str, Content] | None = None,
        limits: Limits | None = None,
        *,
        min_isolation: Isolation = (),
        on_stdout: Listener | None = None,
        on_stderr: Listener | None = None,
    ) -> RunResult:
        """Run one program once.

        Args:
            source: the program's text.
            language: a name or alias from :attr:`registry`.
            stdin: what it reads.
            args: its arguments.
            files: more files for its working directory, by relative name.
            limits: what it may use; the default is :class:`berm.Limits`'s.
            min_isolation: what this run needs at least: ``standard`` (every guarantee),
                ``strict``, or guarantees. It can ask for more than the settings require,
                never for less; what is not held here raises :class:`berm.IsolationError`.
            on_stdout, on_stderr: called with the kept output as it comes.

        Cancelling the task ends the program and leaves nothing of it.
        """
        program = await self.prepare(source, language, files=files)
        try:
            return await self.execute(
                program,
                stdin,
                args,
                limits,
                min_isolation=min_isolation,
                on_stdout=on_stdout,
                on_stderr=on_stderr,
            )
        finally:
            program.close()

    async def prepare(
        self,
        source: Content,
        language: str = "python",
        files: Mapping[str, Content] | None = None,
        limits: Limits | None = None,
        *,
        entry: str | None = None,
        flags: Sequence[str] = (),
    ) -> Program:
        """Compile once what may run many times; a compile error is a result, not an exception.

        What was compiled before with the same everything is not compiled again; the result then
        is that of the first time, usage included. :attr:`cache` counts it.

        ``limits`` are those of the runs to come, for languages that build them into the program.
        ``entry`` is the file name of ``source`` where the language's usual one will not do;
        ``flags`` go to the compiler and must be among those that its language file allows.
        """
        found = await self.registry.usable(language)
        text = content(source)
        entry = found.entry_name(text) if entry is None else entry
        contents = {name: File(content(data)) for name, data in (files or {}).items()}
        if entry in contents:
            raise InputError(
                f"The file {entry!r} is the program itself.", remedy="Give it another name."
            )
        contents[entry] = File(text)
        sources = {name: file.data for name, file in contents.items()}
        step = found.compile_step(sources, entry, limits or Limits(), flags)
        if step is None:
            return Program(found, entry, Bundle(contents), None, None)
        tools = found.tool_paths.values()
        key = identity.of_compilation(step, contents, tools, self._plan(step).key)
        made = await self.cache.get(key, lambda: self._compile(step, contents, entry))
        compiled = made.compiled
        ok = compiled.files is not None
        return Program(found, entry, made.bundle(), step, compiled.result, ok=ok)

    async def _compile(
        self, step: CompileStep, contents: Mapping[str, File], entry: str
    ) -> Compiled:
        """Perform one compilation in a cell of its own."""
        sources = Bundle(contents)
        try:
            ran = await self._perform(step, sources, b"", step.limits, collect=step.collect)
        finally:
            sources.close()
        # What a compiler was refused is its own doing, and tells the author nothing.
        result = dataclasses.replace(self._result(ran, step, step.limits), denials=())
        if not result.outcome.ok or not ran.files:
            return Compiled(result, None)
        # In the confined plan a linker may not chmod, so the mode that came out says nothing.
        made = {name: File(file.data, executable=True) for name, file in ran.files.items()}
        kept = {name: file for name, file in contents.items() if name != entry}
        return Compiled(result, {**kept, **made})

    async def execute(
        self,
        program: Program,
        stdin: Content = "",
        args: Sequence[str] = (),
        limits: Limits | None = None,
        *,
        min_isolation: Isolation = (),
        on_stdout: Listener | None = None,
        on_stderr: Listener | None = None,
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        collect: Sequence[str] = (),
        side: Side | None = None,
        dialogue: Dialogue | None = None,
        has_turn: bool = False,
    ) -> RunResult:
        """Run a prepared program once; same arguments as :meth:`run`, and some more.

        Args:
            env: more variables of its environment, over the language's own.
            files: more files for its working directory, for this run alone.
            collect: patterns (``fnmatch``, relative to the working directory) of the files that
                ``RunResult.files`` shall hold, 64 of them and 16 MiB together at most.
            side: the end of a conversation in the place of ``stdin`` and standard output.
            dialogue: what a person says in the place of ``stdin``. Such a run mostly waits, so it
                takes no turn among the others; whoever offers it bounds their number.
            has_turn: True inside :meth:`turn` or :meth:`alone`.
        """
        limits = limits or Limits()
        if not program.ok and program.compile is not None:
            return not_compiled(program.compile)
        checked = arguments(args)
        step = program.language.run_step(program.entry, checked, limits, program.compiled)
        demand(self._plan(step).enforcement, min_isolation)
        data = content(stdin)
        if len(data) > MAX_STDIN:
            raise InputError(f"Standard input is over {MAX_STDIN} bytes.")
        if dialogue is not None and dialogue.terminal is not None:
            env = {**(env or {}), "TERM": TERMINAL}
        bundle = program.bundle
        if files:
            more = {name: File(given) for name, given in files.items()}
            bundle = await asyncio.to_thread(bundle.extended, more)
        try:
            ran = await self._perform(
                step,
                bundle,
                data,
                limits,
                collect=collect,
                most=(OUTPUT_FILES, OUTPUT_BYTES),
                on_stdout=on_stdout,
                on_stderr=on_stderr,
                env=env,
                side=side,
                dialogue=dialogue,
                has_turn=has_turn or dialogue is not None,
            )
        finally:
            if bundle is not program.bundle:
                bundle.close()
        result = self._result(ran, step, limits)
        given = {name for name, _, _ in bundle.rows}.difference(collect)
        made = {name: file.data for name, file in ran.files.items() if name not in given}
        return dataclasses.replace(result, compile=program.compile, files=made)

    def turn(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Hold one of the turns that :meth:`execute` takes, for runs that belong together."""
        return self._turns

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait until no run of this engine is under way, and let none begin meanwhile."""
        async with self._alone, contextlib.AsyncExitStack() as stack:
            for _ in range(self.config.concurrency):
                await stack.enter_async_context(self._turns)
            yield

    async def _perform(
        self,
        step: Step,
        bundle: Bundle,
        stdin: bytes,
        limits: Limits,
        *,
        collect: Sequence[str] = (),
        most: tuple[int, int] = (ARTIFACT_FILES, ARTIFACT_BYTES),
        on_stdout: Listener | None = None,
        on_stderr: Listener | None = None,
        env: Mapping[str, str] | None = None,
        side: Side | None = None,
        dialogue: Dialogue | None = None,
        has_turn: bool = False,
    ) -> Ran:
        """Take a turn and a cell, and run the step in it."""
        plan = self._plan(step)
        pool = self._pool(plan)
        async with contextlib.nullcontext() if has_turn else self._turns:
            cell = await pool.take()
            work, tmp = cell.directories
            command = step.command(work, tmp)
            order = Order(
                argv=command[1:] if step.warm == "fork" else command,
                env={**step.environment(work, tmp), **(env or {})},
                bundle=bundle,
                stdin=stdin,
                rlimits=rlimits(plan, step, limits),
                watch={
                    "cpu": limits.cpu_time,
                    "wall": limits.wall_time,
                    "memory": limits.memory + step.memory_allowance,
                    "processes": limits.processes + step.runtime_threads,
                    "disk": limits.disk,
                },
                output=limits.output,
                flood=limits.output_flood,
                collect=collection(collect, *most),
                on_stdout=on_stdout,
                on_stderr=on_stderr,
                side=side,
                dialogue=dialogue,
            )
            try:
                return await cell.run(order)
            finally:
                pool.bury(cell)

    def _result(self, ran: Ran, step: Step, limits: Limits) -> RunResult:
        plan = self._plan(step)
        outcome = decide(
            ran.ending,
            limits,
            flooded=ran.flooded,
            memory_ceiling=limits.memory + step.memory_allowance,
            stderr_tail=ran.stderr[-STDERR_TAIL:],
            memory_markers=step.memory_markers,
        )
        return RunResult(
            stdout=ran.stdout,
            stderr=ran.stderr,
            outcome=outcome,
            usage=ran.ending.usage,
            enforcement=plan.enforcement,
            truncated=ran.truncated,
            stdout_size=ran.stdout_size,
            stderr_size=ran.stderr_size,
            denials=explain_denials(plan, ran.denials),
        )

    def _plan(self, step: Step) -> CellPlan:
        """Return the plan for a step; computed once for all steps that need the same."""
        in_process = step.warm == "fork"
        env = step.environment("/work", "/tmp") if in_process else {}  # noqa: S108
        identity = (step.profile, step.read_paths, step.interpreter, tuple(env.items()))
        plan = self._plans.get(identity)
        if plan is None:
            runtime = Runtime(
                read_paths=step.read_paths,
                interpreter=step.interpreter or sys.executable,
                in_process=in_process,
                env=env,
                preload=(*DEFAULT_PRELOAD, *self.config.preload),
            )
            profile = load_profile(step.profile)
            plan = make_plan(profile, self.features, runtime, self.config.plan_settings())
            self._plans[identity] = plan
        return plan

    def _pool(self, plan: CellPlan) -> Pool:
        if self._closed:
            raise RuntimeError("The engine is closed.")
        pool = self._pools.get(plan.key)
        if pool is None:
            pool = self._pools[plan.key] = Pool(
                plan,
                self._slots,
                self.config.depth,
                subtree=self._subtree,
                canary_base="" if self.config.ablate else self.config.run_dir,
            )
        return pool

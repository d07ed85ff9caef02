"""The engine: analyse, compile, run. What the library, the command line and the service call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from berm.analysis import Policy
from berm.artifacts import identity
from berm.artifacts.cache import CompileCache, Compiled
from berm.artifacts.shelf import Shelf, places
from berm.cell.builder import Slots
from berm.cell.cell import Ran
from berm.cell.dialogue import TERMINAL, Dialogue
from berm.cell.files import Bundle, File
from berm.cell.order import Order
from berm.cell.output import Listener
from berm.cell.parking import Parking
from berm.cell.pool import Pool
from berm.cell.relay import Side
from berm.cell.stock import Stock
from berm.cell.turns import Turns
from berm.config import Config
from berm.errors import CellError
from berm.kernel.cgroups import Subtree
from berm.kernel.features import HostFeatures, probe
from berm.languages import CompileStep, Language, Registry, Stage, Step
from berm.model import MIB, Enforcement, Guarantee, Limits, RunResult
from berm.policy.plan import CellPlan, choose_family, demand
from berm.program import (
    ARTIFACT_BYTES,
    ARTIFACT_FILES,
    OUTPUT_BYTES,
    OUTPUT_FILES,
    PREPARED_BYTES,
    Content,
    Program,
    Screen,
    arguments,
    boot,
    bounds,
    collected,
    collection,
    command,
    compiled,
    content,
    contents_of,
    finished,
    not_run,
    plan_for,
    plan_identity,
    result_of,
    rlimits,
    standard_input,
    usual_steps,
)

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
        self.shelf = Shelf(())
        self.parking = Parking(self.config.parked_mib * MIB, self.config.concurrency)
        self._plans: dict[object, CellPlan] = {}
        self._promised: dict[str, Enforcement] = {}
        self._stock = Stock(
            self.config.pool_bounds,
            Slots(self.config.uid_base, self.config.uid_count),
            "" if self.config.ablate else self.config.run_dir,
        )
        self.turns = Turns(self.config.concurrency, self.config.processors)
        self._features: HostFeatures | None = None
        self._registry: Registry | None = None
        self.screen = Screen(self.config)

    async def __aenter__(self) -> Self:
        """Find out what the machine permits and which languages it has."""
        self._features, self._registry = await asyncio.gather(
            asyncio.to_thread(probe, self.config.landlock_abi, self.config.cgroup_path),
            asyncio.to_thread(Registry.open, self.config.languages),
        )
        self.config.check_cgroup(self.features)
        hides = choose_family(self.features, self.config.plan) == "namespaces"
        if not hides:
            await asyncio.to_thread(self.config.check_run_dir)
        baked = Path(self.config.cache_baked) if self.config.cache_baked else None
        self.shelf = await asyncio.to_thread(Shelf, places(self.config, hides=hides), baked)
        delegated = self.features.cgroup_v2
        if delegated is not None and "cgroup" not in self.config.ablate:
            self._stock.subtree = Subtree.open(Path(delegated))
            self._stock.subtree.clear()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every cell and fork server."""
        await self.close()

    async def close(self) -> None:
        """End every cell and fork server; safe to call twice."""
        await self.parking.close()
        await asyncio.gather(self.screen.close(), self._stock.close())
        if self._stock.subtree is not None:
            await asyncio.to_thread(self._stock.subtree.close)
            self._stock.subtree = None
        self.shelf.close()

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
        return self._stock.pools

    def enforcement(self, language: str = "python") -> Enforcement:
        """Return what a run of ``language`` is promised here; raises where that is too little."""
        found = self.registry.get(language)
        if found.name not in self._promised:
            step = found.run_step(found.entry_name(b""), (), Limits(), None)
            self._promised[found.name] = self._plan(step).enforcement
        return self._promised[found.name]

    async def warm(self, languages: Sequence[str] | None = None) -> None:
        """Start the fork servers of some languages (default: all found) and fill their pools."""
        for found in await self._chosen(languages):
            for step in usual_steps(found, await self.shelf.look(found))[:1]:
                await self._stock.pool(self._plan(step)).fill()

    async def furnish(
        self,
        languages: Sequence[str] | None = None,
        *,
        park: bool = True,
        limits: Limits | None = None,
    ) -> None:
        """Prepare toolchains, which takes seconds once a machine; let runtimes wait for programs.

        ``limits`` are those of the runs to come: what a runtime was started with cannot be changed.
        Raises :class:`berm.CellError` if one cannot be prepared; everything runs without it, too.
        """
        for found in await self._chosen(languages):
            prepared = await self.shelf.prepare(found, self._stage)
            for step in usual_steps(found, prepared, limits) if park else ():
                plan = self._plan(step)
                if start := boot(plan, step, getattr(step, "limits", limits or Limits())):
                    await self.parking.fill(self._stock.pool(plan), start)

    async def _chosen(self, languages: Sequence[str] | None) -> Sequence[Language]:
        if languages is None:
            return await asyncio.to_thread(self.registry.available)
        return [await self.registry.usable(name) for name in languages]

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
        analysis: Policy | str | None = None,
    ) -> RunResult:
        """Run one program once.

        Args:
            source: the program's text.
            language: a name or alias from :attr:`registry`.
            stdin: what it reads.
            args: its arguments.
            files: more files for its working directory, by relative name.
            limits: what it may use; the default is :class:`berm.Limits`'s.
            min_isolation: what this run needs at least: ``standard``, ``strict``, or guarantees;
                more than the settings require, never less. What is not held here raises
                :class:`berm.IsolationError`.
            on_stdout, on_stderr: called with the kept output as it comes.
            analysis: the policy (or its pack's name) for the text; default: the settings'.

        Cancelling the task ends the program and leaves nothing of it.
        """
        program = await self.prepare(source, language, files, analysis=analysis)
        with contextlib.closing(program):
            return await self.execute(
                program,
                stdin,
                args,
                limits,
                min_isolation=min_isolation,
                on_stdout=on_stdout,
                on_stderr=on_stderr,
            )

    async def prepare(
        self,
        source: Content,
        language: str = "python",
        files: Mapping[str, Content] | None = None,
        limits: Limits | None = None,
        *,
        entry: str | None = None,
        flags: Sequence[str] = (),
        analysis: Policy | str | None = None,
    ) -> Program:
        """Compile once what may run many times; a compile error is a result, not an exception.

        What was compiled before with the same everything is not compiled again; the result then
        is that of the first time, usage included. ``engine.cache`` counts it.

        ``limits`` are those of the runs to come, for languages that build them into the program.
        ``entry`` is the file name of ``source`` where the language's usual one will not do;
        ``flags`` go to the compiler and must be among those that its language file allows.
        """
        found = await self.registry.usable(language)
        text = content(source)
        entry = found.entry_name(text) if entry is None else entry
        contents = contents_of(text, entry, files)
        seen = await self.screen.look(contents, entry, found.name, analysis)
        if seen is not None and seen.refused:
            return Program(found, entry, Bundle({}), None, None, ok=False, analysis=seen)
        sources = {name: file.data for name, file in contents.items()}
        prepared = await self.shelf.look(found)
        step = found.compile_step(sources, entry, bounds(limits), flags, prepared)
        if step is None:
            return Program(found, entry, Bundle(contents), None, None, analysis=seen)
        tools = found.tool_paths.values()
        key = identity.of_compilation(step, contents, tools, self._plan(step).key)
        made = await self.cache.get(key, lambda: self._compile(step, contents, entry))
        ok = made.compiled.files is not None
        return Program(found, entry, made.bundle(), step, made.compiled.result, ok, seen)

    async def _made(
        self, step: CompileStep, files: Mapping[str, File], most: int
    ) -> tuple[Ran, RunResult]:
        """Perform a step that makes files, ``most`` bytes of them, in a cell of its own."""
        bounds = (ARTIFACT_FILES, most)
        with contextlib.closing(Bundle(files)) as bundle:
            ran = await self._perform(
                step, bundle, b"", step.limits, collect=step.collect, most=bounds
            )
        return ran, result_of(self._plan(step), ran, step, step.limits)

    async def _compile(
        self, step: CompileStep, contents: Mapping[str, File], entry: str
    ) -> Compiled:
        return compiled(contents, entry, *await self._made(step, contents, ARTIFACT_BYTES))

    async def _stage(self, stage: Stage, files: Mapping[str, File]) -> Mapping[str, File]:
        return collected(stage.step, *await self._made(stage.step, files, PREPARED_BYTES))

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
            collect: ``fnmatch`` patterns of what ``RunResult.files`` shall hold: 64 files, 16 MiB.
            side: the end of a conversation in the place of ``stdin`` and standard output.
            dialogue: what a person says in the place of ``stdin``. Such a run mostly waits, so it
                takes no turn among the others; whoever offers it bounds their number.
            has_turn: True where the caller has one, or all, of ``turns``.
        """
        limits = bounds(limits)
        if not program.ok:
            return not_run(program, self.enforcement(program.language.name))
        checked = arguments(args)
        prepared = await self.shelf.look(program.language)
        step = program.language.run_step(program.entry, checked, limits, program.compiled, prepared)
        demand(self._plan(step).enforcement, min_isolation)
        data = standard_input(stdin)
        if dialogue is not None and dialogue.terminal is not None:
            env = {**(env or {}), "TERM": TERMINAL}
        bundle = program.bundle
        if files:
            bundle = await asyncio.to_thread(bundle.extended, files)
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
        return finished(
            program, result_of(self._plan(step), ran, step, limits), bundle, ran, collect
        )

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
        pool = self._stock.pool(plan)
        async with contextlib.nullcontext() if has_turn else self.turns.one() as processor:
            # A run whose fork server was killed under it did nothing that anybody saw: once more.
            talks = bool(side or dialogue or on_stdout or on_stderr)
            for last in (False, True):
                cell = None
                alone = not (last or env or side or dialogue)
                if alone and (start := boot(plan, step, limits, bundle)):
                    cell = self.parking.take(pool, start)
                waits = cell is not None
                cell = cell or await pool.take(parked=not last)
                work, tmp = cell.directories
                order = Order(
                    argv=command(step, work, tmp, waits=waits),
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
                    processor=processor,
                )
                try:
                    return await cell.run(order)
                except CellError:
                    if last or talks or not cell.lost:
                        raise
                finally:
                    pool.bury(cell)
        raise AssertionError

    def _plan(self, step: Step) -> CellPlan:
        """Return the plan for a step; computed once for all steps that need the same."""
        known = plan_identity(step)
        if known not in self._plans:
            self._plans[known] = plan_for(step, self.features, self.config)
        return self._plans[known]

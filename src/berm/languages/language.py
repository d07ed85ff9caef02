"""A language as the engine sees it: names, file names, and the steps that cells perform."""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from berm.errors import InputError, LanguageError, PolicyError
from berm.languages import java_source, kotlin_source
from berm.languages.definition import CompileRule, Definition
from berm.languages.preparation import ParkRule, Stage, begins_with
from berm.languages.step import CompileStep, Park, Step
from berm.languages.template import expand
from berm.languages.toolchain import Toolchain
from berm.model import MIB, Limits

COMMON_ENV: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "{work}",
    "TMPDIR": "{tmp}",
    "LANG": "C.UTF-8",
}
"""The environment that every program gets; nothing of the service's own is inherited."""

QUARTER_MAX = 64 * MIB
"""``{quarter_mib}`` in a command is a quarter of the memory limit, at most this, at least 1 MiB:
the size of what a runtime may take at once, such as a stack."""

STAGE_LIMITS: Final = Limits(
    cpu_time=120.0,
    wall_time=120.0,
    memory=1536 * MIB,
    processes=16,
    open_files=1024,
    file_size=256 * MIB,
    disk=512 * MIB,
)
"""What one stage of a preparation may use: a precompiled header of all of C++ has 120 MiB."""

STAGE_THREADS: Final = 24


@dataclasses.dataclass(frozen=True, slots=True)
class Language:
    """One language on this machine.

    Attributes:
        definition: its data file.
        toolchain: what was found, or None.
        problem: why there is no toolchain, or an empty string.
    """

    definition: Definition
    toolchain: Toolchain | None
    problem: str = ""

    @property
    def name(self) -> str:
        """Return the canonical name."""
        return self.definition.name

    @property
    def title(self) -> str:
        """Return the name for people."""
        return self.definition.title

    @property
    def aliases(self) -> tuple[str, ...]:
        """Return the other names it answers to."""
        return self.definition.aliases

    @property
    def extension(self) -> str:
        """Return the usual file extension, without the dot."""
        return self.definition.entry.rpartition(".")[2]

    @property
    def available(self) -> bool:
        """True if its toolchain was found and runs."""
        return self.toolchain is not None

    @property
    def version(self) -> str:
        """Return the toolchain's version, or an empty string."""
        return self.toolchain.version if self.toolchain else ""

    @property
    def tool_paths(self) -> Mapping[str, str]:
        """Return tool name → real path; empty if the toolchain is missing."""
        tools = self.toolchain.tools if self.toolchain else {}
        return {name: tool.path for name, tool in tools.items()}

    @property
    def install_hint(self) -> str:
        """Return how to get the toolchain, in one sentence."""
        return self.definition.install.sentence()

    def entry_name(self, source: bytes) -> str:
        """Return the file name of a one-file submission.

        It is fixed for most languages. A Java source decides it by its public type.
        """
        if self.definition.entry_rule == "java":
            return java_source.scan(source).file_name
        return self.definition.entry

    def compile_step(
        self,
        files: Mapping[str, bytes],
        entry: str,
        limits: Limits | None = None,
        flags: Sequence[str] = (),
        prepared: str = "",
    ) -> CompileStep | None:
        """Return how to compile a submission, or None if the language is not compiled.

        Args:
            files: every file of the submission, by its relative name.
            entry: the file that holds the main program.
            limits: the run's limits. A compiler does not work under them but under the
                language's own; only ``output`` is taken over.
            flags: more flags for the compiler.
            prepared: the directory that holds what the toolchain was prepared with, or "".

        Raises:
            InputError: ``entry`` is not among the files, or a flag is not allowed.
            LanguageError: the toolchain is missing.
        """
        rule = self.definition.compile
        self.check_flags(flags)
        if rule is None:
            return None
        if entry not in files:
            raise InputError(
                f"The entry file {entry!r} is not among the submission's files.",
                remedy=f"Give one of: {', '.join(sorted(files)) or 'none were sent'}.",
            )
        toolchain = self._toolchain()
        bounds = rule.limits
        if limits is not None:
            bounds = dataclasses.replace(bounds, output=limits.output)
        words = self._words(entry, bounds)
        if "{java_main_class}" in rule.target:
            words["java_main_class"] = java_source.scan(files[entry]).main_class
        if "{kotlin_main_class}" in rule.target:
            words["kotlin_main_class"] = kotlin_source.main_class(files[entry], entry)
        words["prepared"] = prepared
        sources = _sources(rule, files, entry)
        fit = prepared and _fits(rule, files, flags)
        more = expand(rule.prepared, words) if fit else ()
        lists = {"sources": sources, "others": sources[1:], "flags": tuple(flags), "prepared": more}
        command = expand(rule.command, words, lists)
        (target,) = expand([rule.target], words)
        return CompileStep(
            argv=command,
            fixed=len(command),
            env=_environment(rule.env, words),
            profile=rule.profile,
            read_paths=_with(toolchain.read_paths, prepared if rule.prepared or rule.park else ""),
            runtime_threads=rule.runtime_threads,
            data_limit=rule.memory.limit(bounds),
            memory_allowance=rule.memory.allowance,
            memory_markers=rule.memory.markers,
            park=_park(rule.park, words, lists) if prepared else None,
            collect=rule.collect,
            limits=bounds,
            target=target,
        )

    def run_step(
        self,
        entry: str,
        args: Sequence[str],
        limits: Limits,
        compiled: CompileStep | None = None,
        prepared: str = "",
    ) -> Step:
        """Return how to run a submission.

        Args:
            entry: the file that holds the main program.
            args: the program's own arguments.
            limits: what the run may use.
            compiled: the compile step whose artifacts lie in the working directory.
            prepared: the directory that holds what the toolchain was prepared with, or "".

        Raises:
            LanguageError: the toolchain is missing.
            InputError: an argument holds a NUL character, which no process can be given.
        """
        toolchain = self._toolchain()
        if any("\0" in arg for arg in args):
            raise InputError(
                "A program argument holds a NUL character.", remedy="Remove it, or use stdin."
            )
        definition = self.definition
        rule = definition.run
        words = self._words(entry, limits)
        (words["target"],) = [compiled.target] if compiled else expand([rule.target], words)
        words["prepared"] = prepared
        command = expand(rule.command, words)
        parkable = prepared and _usual(definition, entry)
        interpreter = (
            toolchain.tools[definition.interpreter].path if definition.warm == "fork" else None
        )
        return Step(
            argv=(*command, *args),
            fixed=len(command),
            env=_environment(rule.env, words),
            profile=definition.profile,
            warm=definition.warm,
            interpreter=interpreter,
            read_paths=_with(toolchain.read_paths, prepared if rule.park else ""),
            runtime_threads=rule.runtime_threads,
            runtime_files=rule.runtime_files,
            data_limit=rule.memory.limit(limits),
            memory_allowance=rule.memory.allowance,
            memory_markers=rule.memory.markers,
            park=_park(rule.park, words, {}, args) if parkable else None,
        )

    def preparation(self, prepared: str) -> tuple[Stage, ...]:
        """Return the stages that prepare the toolchain, for the directory ``prepared``.

        Raises:
            LanguageError: the toolchain is missing.
        """
        rule = self.definition.prepare
        toolchain = self._toolchain()
        if rule is None:
            return ()
        words = {**self._words(self.definition.entry, STAGE_LIMITS), "prepared": prepared}
        compile_rule = self.definition.compile
        stages = []
        for stage in rule.stages:
            command = expand(stage.command, words)
            step = CompileStep(
                argv=command,
                fixed=len(command),
                env={**COMMON_ENV, **(compile_rule.env if compile_rule else {})},
                profile="compile",
                read_paths=_with(toolchain.read_paths, prepared),
                runtime_threads=STAGE_THREADS,
                collect=stage.collect,
                limits=STAGE_LIMITS,
                target="",
            )
            stages.append(Stage(stage, step))
        return tuple(stages)

    def check_flags(self, flags: Sequence[str]) -> None:
        """Raise :class:`berm.InputError` for a compiler flag that the language does not allow."""
        allowed = self.definition.compile.flags if self.definition.compile else ()
        for flag in flags:
            if not any(fnmatchcase(flag, pattern) for pattern in allowed):
                raise InputError(
                    f"The compiler flag {flag[:80]!r} is not allowed for {self.title}.",
                    remedy=f"Allowed: {', '.join(allowed) or 'none'}.",
                )

    def _toolchain(self) -> Toolchain:
        if self.toolchain is None:
            raise missing(self)
        return self.toolchain

    def _words(self, entry: str, limits: Limits) -> dict[str, str]:
        quarter = min(limits.memory // 4, QUARTER_MAX)
        return {
            **self.tool_paths,
            "entry": _as_operand(entry),
            "stem": posixpath.splitext(posixpath.basename(entry))[0],
            "memory_mib": str(limits.memory // MIB),
            "quarter_mib": str(max(quarter // MIB, 1)),
        }


def _with(paths: tuple[str, ...], prepared: str) -> tuple[str, ...]:
    return (*paths, prepared) if prepared else paths


def _fits(rule: CompileRule, files: Mapping[str, bytes], flags: Sequence[str]) -> bool:
    """True if what the toolchain was prepared with means the same for these sources."""
    header = rule.prepared_header
    if not header:
        return True
    endings = tuple(f".{extension}" for extension in rule.sources)
    if header in files or header.rpartition("/")[2] in files:
        return False
    return not flags and all(
        begins_with(data, header) for name, data in files.items() if name.endswith(endings)
    )


def _usual(definition: Definition, entry: str) -> bool:
    """True for the file name that a runtime can be started for before there is a program."""
    return definition.entry_rule != "fixed" or entry == definition.entry


def _park(
    rule: ParkRule | None,
    words: Mapping[str, str],
    lists: Mapping[str, Sequence[str]],
    args: Sequence[str] = (),
) -> Park | None:
    if rule is None:
        return None
    hand = expand(rule.hand, words, lists)
    return Park(expand(rule.command, words, lists), (*hand, *args), len(hand), rule.memory)


def missing(language: Language) -> LanguageError:
    """Return the error for a language without a toolchain."""
    return LanguageError(
        f"{language.title} is not available on this machine: {language.problem}.",
        remedy=f"{language.install_hint}. `berm doctor` shows what was found.",
    )


def check(definition: Definition) -> None:
    """Expand every template of a definition once, so that a misspelt placeholder fails early.

    Raises:
        PolicyError: a placeholder is unknown.
    """
    known = {tool.name: "x" for tool in definition.tools}
    known |= dict.fromkeys(("entry", "stem", "memory_mib", "quarter_mib", "target"), "x")
    expand(definition.run.command, known)
    expand([definition.run.target], known)
    known["prepared"] = "x"
    _environment(definition.run.env, known)
    _park(definition.run.park, known, {})
    for stage in definition.prepare.stages if definition.prepare else ():
        expand(stage.command, known)
    if definition.compile:
        words = {**known, "java_main_class": "x", "kotlin_main_class": "x"}
        lists: Mapping[str, Sequence[str]] = {
            "sources": ["x"], "others": ["x"], "flags": [], "prepared": [],
        }  # fmt: skip
        expand(definition.compile.command, words, lists)
        expand(definition.compile.prepared, words)
        _environment(definition.compile.env, words)
        _park(definition.compile.park, words, lists)
        if bool(definition.compile.flags) != ("{flags}" in definition.compile.command):
            raise PolicyError(
                f"{definition.name}.toml: flags and {{flags}} belong together.",
                remedy="Put {flags} into the compile command, or leave the flags out.",
            )
        expand([definition.compile.target], words)


def _environment(env: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """Return the common environment and a language's own, whose values are templates."""
    return {**COMMON_ENV, **dict(zip(env, expand(list(env.values()), words), strict=True))}


def _sources(rule: CompileRule, files: Mapping[str, bytes], entry: str) -> list[str]:
    endings = tuple(f".{extension}" for extension in rule.sources)
    others = sorted(name for name in files if name != entry and name.endswith(endings))
    return [_as_operand(name) for name in (entry, *others)]


def _as_operand(name: str) -> str:
    """Return a file name that no command takes for an option."""
    return f"./{name}" if name.startswith(("-", "@")) else name

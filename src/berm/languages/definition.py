"""One language's TOML file as frozen values, checked entry by entry.

The schema is documented by the attributes below; units stand in the names. An unknown key is an
error, because a misspelt one would silently not do what its author meant.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, cast

from berm.errors import BermError, PolicyError
from berm.languages import install, preparation, variants
from berm.languages.fields import Fields
from berm.languages.install import Install
from berm.languages.preparation import ParkRule, PrepareRule
from berm.model import MIB, Limits
from berm.policy.places import OWN_MAPS

Choose = Literal["first", "newest"]
EntryRule = Literal["fixed", "java"]
Tier = Literal["minimal", "contest", "all"]
TIERS = ("minimal", "contest", "all")
_READABLE = {"etc": 3, "opt": 3, "usr": 3, "var": 4}
"""Below which directories a runtime's files lie, and how many parts such a path has at least."""


@dataclasses.dataclass(frozen=True, slots=True)
class ToolRule:
    """How one program of a toolchain is found and verified.

    Attributes:
        name: the placeholder that stands for its path in commands.
        candidates: absolute paths, tried first, in order; with ``*`` in the file's name the
            newest that matches comes first.
        search: names looked up on PATH.
        by: an earlier tool that runs this one, which then is a file (a jar, a script): its path
            stands in the probe as ``{path}``.
        beside: another tool of this language, in whose directory ``search`` is tried first.
        choose: ``first`` that works, or the ``newest`` that works; a working candidate
            always wins over what PATH holds.
        host_interpreter: fall back on the interpreter that Berm itself runs on.
        minimum: lowest version accepted.
        probe: arguments of the one run that verifies it.
        pattern: what the probe's output must match; groups ``version`` (required), ``path``
            (the real binary, where a launcher script was found) and ``prefix`` (its tree).
        checks: arguments of further runs that must exit with 0.
        follow_links: patterns of directories outside the tool's tree that links in it may
            lead to, and that the runtime then reads.
    """

    name: str
    candidates: tuple[str, ...]
    search: tuple[str, ...]
    by: str
    beside: str
    choose: Choose
    host_interpreter: bool
    minimum: tuple[int, ...]
    probe: tuple[str, ...]
    pattern: re.Pattern[str]
    checks: tuple[tuple[str, ...], ...]
    follow_links: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class MemoryRule:
    """What a runtime makes of a memory limit.

    Attributes:
        data_limit: whether RLIMIT_DATA is used: ``memory + headroom + processes * thread_stack``.
        headroom: bytes of private memory that a run has before its first line, or that the
            runtime needs at all.
        thread_stack: bytes that one more thread costs at once, stacks being private mappings.
        allowance: bytes of the runtime itself that are not charged to the program.
        markers: what the runtime writes on stderr when memory ran out.
    """

    data_limit: bool
    headroom: int
    thread_stack: int
    allowance: int
    markers: tuple[bytes, ...]

    def limit(self, limits: Limits) -> int | None:
        """Return RLIMIT_DATA in bytes for a run under ``limits``."""
        if not self.data_limit:
            return None
        return limits.memory + self.headroom + limits.processes * self.thread_stack


@dataclasses.dataclass(frozen=True, slots=True)
class RunRule:
    """How a submission is started.

    Attributes:
        command: the template; the submission's arguments follow it.
        target: template of what is started, for languages without a compile step.
        env: what the runtime gets on top of the common environment.
        runtime_threads: threads of the runtime itself besides the main one.
        runtime_files: descriptors that the runtime wants to be allowed on top of the program's.
        memory: what the runtime makes of the memory limit.
        park: how the runtime waits for its program, or None.
    """

    command: tuple[str, ...]
    target: str
    env: Mapping[str, str]
    runtime_threads: int
    runtime_files: int
    memory: MemoryRule
    park: ParkRule | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CompileRule:
    """How a submission is compiled.

    Attributes:
        command: the template; ``{sources}`` is every file with one of the ``sources`` extensions.
        sources: extensions, the entry file always first.
        flags: ``fnmatch`` patterns of the flags that a submission may add; they stand where the
            command has ``{flags}``.
        target: template of what the run step starts.
        collect: ``fnmatch`` patterns of the artifacts.
        profile: the policy profile of the compile cell.
        limits: what the compiler may use.
        park: how the compiler waits for its sources, or None.
        prepared: more items of the command, where it has ``{prepared}``, once there is that.
        prepared_header: the header with which each source must begin for that, or an empty string.
    """

    command: tuple[str, ...]
    sources: tuple[str, ...]
    flags: tuple[str, ...]
    target: str
    collect: tuple[str, ...]
    profile: str
    env: Mapping[str, str]
    runtime_threads: int
    limits: Limits
    memory: MemoryRule
    park: ParkRule | None = None
    prepared: tuple[str, ...] = ()
    prepared_header: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """One language file.

    Attributes:
        name: the canonical name, also the file's.
        shebangs: what a ``#!`` line calls the interpreter, for files whose name tells nothing.
        entry: file name of a one-file submission; ``entry_rule`` may let the source decide.
        tier: ``minimal`` is installed by default, ``contest`` and ``all`` are asked for.
        install: what brings the toolchain.
        limitations: what a user of this language must know about its limits here.
        read_paths: host paths besides the tools' own trees that the runtime reads.
        profile: the policy profile of the run.
        interpreter: the tool that hosts the fork server, for ``warm = "fork"``.
        prepare: what the toolchain is prepared with, or None.
        version_of: the tool whose version is the language's; the first one by default.
        variant_of: the language whose file defines this one as a variant, or an empty string.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    extensions: tuple[str, ...]
    shebangs: tuple[str, ...]
    entry: str
    entry_rule: EntryRule
    tier: Tier
    install: Install
    limitations: tuple[str, ...]
    read_paths: tuple[str, ...]
    profile: str
    warm: Literal["none", "fork"]
    interpreter: str
    tools: tuple[ToolRule, ...]
    run: RunRule
    compile: CompileRule | None
    prepare: PrepareRule | None = None
    version_of: str = ""
    variant_of: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user must know: the limitations, and what follows from how the language is run."""
        spared = self.run.memory.allowance // MIB
        if not spared or any("not charged" in text for text in self.limitations):
            return self.limitations
        return (*self.limitations, f"Its runtime's own {spared} MiB are not charged to a program.")


def load(path: Path, variant: str = "") -> Definition:
    """Read one language file, or one of its variants.

    Raises:
        PolicyError: the file is not TOML or not a language; the message names the entry.
    """
    table = read(path)
    definition = parse(variants.table(table, variant, path.name), where=path.name)
    if (definition.variant_of or definition.name) != path.stem:
        raise PolicyError(
            f"The language file {path.name} defines {definition.name!r}.",
            remedy=f"Name the file {definition.name}.toml.",
        )
    return definition


def read(path: Path, *, head: bool = False) -> Mapping[str, object]:
    """Return a file's table; with ``head`` only what stands before its first table.

    Raises:
        PolicyError: it cannot be read, or is not TOML.
    """
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text.split("\n[", 1)[0] if head else text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(
            f"The language file {path} cannot be read: {error}.",
            remedy="Correct the file; the guide `Add a language` describes its entries.",
        ) from error


def parse(table: Mapping[str, object], *, where: str) -> Definition:
    """Check one language's table; ``where`` names it in errors."""
    fields = Fields(table, where)
    warm = fields.choice("warm", ("none", "fork"), "none")
    tools = tuple(_tool(name, entry) for name, entry in fields.tables("tools"))
    compile_fields = fields.table("compile", required=False)
    definition = Definition(
        name=fields.text("name"),
        title=fields.text("title"),
        aliases=fields.texts("aliases"),
        extensions=fields.texts("extensions"),
        shebangs=fields.texts("shebangs"),
        entry=fields.text("entry"),
        entry_rule=cast("EntryRule", fields.choice("entry_rule", ("fixed", "java"), "fixed")),
        tier=cast("Tier", fields.choice("tier", TIERS, "all")),
        install=install.parse(fields.table("install")),
        limitations=fields.texts("limitations"),
        read_paths=fields.texts("read_paths"),
        profile=fields.text("profile"),
        warm=cast("Literal['none', 'fork']", warm),
        interpreter=fields.text("interpreter", default=""),
        tools=tools,
        run=_run(fields.table("run")),
        compile=_compile(compile_fields) if compile_fields else None,
        prepare=preparation.parse(fields.table("prepare", required=False)),
        version_of=fields.text("version_of", default=""),
        variant_of=fields.text("variant_of", default=""),
    )
    fields.finish()
    _check_paths(definition, where)
    if definition.version_of not in ("", *(tool.name for tool in tools)):
        raise PolicyError(f"{where}.version_of names no tool.")
    if (warm == "fork") != (definition.interpreter in {tool.name for tool in tools}):
        raise PolicyError(
            f'{where}: warm = "fork" and interpreter belong together.',
            remedy="Let interpreter name the tool that hosts the fork server, or leave both out.",
        )
    return definition


def _check_paths(definition: Definition, where: str) -> None:
    """Refuse a read path that would show a submission more than a runtime."""
    for path in definition.read_paths:
        if path == OWN_MAPS:
            continue
        parts = PurePosixPath(path).parts
        least = _READABLE.get(parts[1] if len(parts) > 1 else "", len(parts) + 1)
        if not path.startswith("/") or ".." in parts or len(parts) < least:
            raise PolicyError(
                f"{where}.read_paths: {path!r} is too wide, or not where runtimes have files.",
                remedy=f"Name a directory or file of the runtime's own below {', '.join(_READABLE)}.",
            )


def _tool(name: str, fields: Fields) -> ToolRule:
    pattern = fields.text("pattern")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise PolicyError(f"{fields.where}.pattern: {error}.") from error
    if "version" not in compiled.groupindex:
        raise PolicyError(f"{fields.where}.pattern has no group named version.")
    rule = ToolRule(
        name=name,
        candidates=fields.texts("candidates"),
        search=fields.texts("search"),
        by=fields.text("by", default=""),
        beside=fields.text("beside", default=""),
        choose=cast("Choose", fields.choice("choose", ("first", "newest"), "first")),
        host_interpreter=fields.flag("host_interpreter", default=False),
        minimum=version_key(fields.text("minimum", default="")),
        probe=fields.texts("probe", required=True),
        pattern=compiled,
        checks=fields.commands("checks"),
        follow_links=fields.texts("follow_links"),
    )
    fields.finish()
    return rule


def _run(fields: Fields) -> RunRule:
    rule = RunRule(
        command=fields.texts("command", required=True),
        target=fields.text("target", default="{entry}"),
        env=fields.words("env"),
        runtime_threads=fields.whole("runtime_threads", 0),
        runtime_files=fields.whole("runtime_files", 0),
        memory=_memory(fields.table("memory")),
        park=preparation.parse_park(fields.table("park", required=False)),
    )
    fields.finish()
    return rule


def _compile(fields: Fields) -> CompileRule:
    rule = CompileRule(
        command=fields.texts("command", required=True),
        sources=fields.texts("sources", required=True),
        flags=fields.texts("flags"),
        target=fields.text("target"),
        collect=fields.texts("collect", required=True),
        profile=fields.text("profile", default="compile"),
        env=fields.words("env"),
        runtime_threads=fields.whole("runtime_threads", 0),
        limits=_limits(fields.table("limits")),
        memory=_memory(fields.table("memory")),
        park=preparation.parse_park(fields.table("park", required=False)),
        prepared=fields.texts("prepared"),
        prepared_header=fields.text("prepared_header", default=""),
    )
    fields.finish()
    return rule


def _memory(fields: Fields) -> MemoryRule:
    rule = MemoryRule(
        data_limit=fields.flag("data_limit", default=True),
        headroom=fields.whole("headroom_mib", 0) * MIB,
        thread_stack=fields.whole("thread_stack_mib", 8) * MIB,
        allowance=fields.whole("allowance_mib", 0) * MIB,
        markers=tuple(text.encode() for text in fields.texts("markers")),
    )
    fields.finish()
    return rule


def _limits(fields: Fields) -> Limits:
    try:
        limits = Limits(
            cpu_time=fields.number("cpu_time", 30.0),
            wall_time=fields.number("wall_time", 30.0),
            memory=fields.whole("memory_mib", 1024) * MIB,
            processes=fields.whole("processes", 16),
            open_files=fields.whole("open_files", 256),
            file_size=fields.whole("file_size_mib", 64) * MIB,
            disk=fields.whole("disk_mib", 128) * MIB,
        )
    except BermError as error:
        raise PolicyError(f"{fields.where}: {error}") from error
    fields.finish()
    return limits


def version_key(version: str) -> tuple[int, ...]:
    """Return a version as a tuple that compares by number: ``3.10`` is newer than ``3.9``."""
    return tuple(int(part) for part in re.findall(r"\d+", version))

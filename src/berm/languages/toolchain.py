"""Find the programs of a toolchain on this machine and verify each by really running it.

A toolchain is trusted: it is what the operator installed. It is run with an empty environment
(no secret of the service reaches it) and a time bound. What was seen is remembered
(:mod:`berm.languages.sightings`), so that a second look costs one ``stat``.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from berm.languages.definition import Definition, ToolRule, version_key
from berm.languages.read_paths import (
    closed_directory,
    reachable,
    system_paths,
    too_wide,
    tree_paths,
)
from berm.languages.sightings import Ran, Sightings

PROBE_SECONDS = 20.0
"""How long one verifying run may take; a cold JVM on a busy small machine takes a few."""

PROBES = Path(__file__).with_name("probes")
"""Little scripts that print a version, for interpreters that cannot be asked: ``{probes}``."""

_PROBE_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/"}
_OUTPUT_SHOWN = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Tool:
    """One program that was found and ran.

    Attributes:
        path: as found, so that messages name it as the operator does; links are resolved if
            they lead through a directory that a cell does not show (``/etc/alternatives``).
        version: as it reported it.
        prefix: the directory tree that it belongs to.
    """

    path: str
    version: str
    prefix: str


@dataclasses.dataclass(frozen=True, slots=True)
class Toolchain:
    """What one language needs, verified.

    Attributes:
        tools: placeholder name → program.
        version: that of the tool that the language names, else of the first.
        read_paths: host paths that its programs read when they run.
    """

    tools: Mapping[str, Tool]
    version: str
    read_paths: tuple[str, ...]


class ToolchainError(Exception):
    """A toolchain is not usable here; the text says which program, and why."""


_IN_PROCESS = Sightings()


def find(
    definition: Definition, overrides: Mapping[str, str], sightings: Sightings = _IN_PROCESS
) -> Toolchain:
    """Find and verify everything that a language needs.

    Args:
        definition: the language.
        overrides: tool name → path, the operator's choice; nothing else is tried then.
        sightings: what was seen before; by default what this process saw.

    Raises:
        ToolchainError: a program is missing, too old or does not run.
    """
    tools: dict[str, Tool] = {}
    for rule in definition.tools:
        search = _Search(rule, tools, sightings)
        tools[rule.name] = search.find(overrides.get(rule.name))
    paths = [*system_paths()]
    for rule in definition.tools:
        tool = tools[rule.name]
        paths += [p for p in tree_paths(tool.prefix, rule.follow_links) if p not in paths]
    paths += [p for p in definition.read_paths if p not in paths and Path(p).exists()]
    told_by = definition.version_of or next(iter(tools), "")
    version = tools[told_by].version if told_by else ""
    return Toolchain(tools=tools, version=version, read_paths=tuple(paths))


@dataclasses.dataclass(frozen=True, slots=True)
class _Search:
    """The search for one tool, after ``found`` were found."""

    rule: ToolRule
    found: Mapping[str, Tool]
    sightings: Sightings

    def find(self, override: str | None) -> Tool:
        """Return the tool, or raise :class:`ToolchainError`."""
        if override is not None:
            return self._verify(override)
        problems: list[str] = []
        for group in self._groups():
            working: list[Tool] = []
            for path in group():
                try:
                    working.append(self._verify(path))
                except ToolchainError as error:
                    problems.append(str(error))
                if working and self.rule.choose == "first":
                    break
            if working:
                return max(working, key=lambda tool: version_key(tool.version))
        if problems:
            raise ToolchainError("; ".join(dict.fromkeys(problems)))
        raise ToolchainError(f"{_shown_name(self.rule)} is not installed")

    def _groups(self) -> Iterator[Callable[[], list[str]]]:
        """Yield where to look, best first; a later group counts only if nothing before worked."""
        rule = self.rule
        if rule.beside in self.found:
            directory = Path(self.found[rule.beside].path).parent
            yield lambda: self._files(str(directory / name) for name in rule.search)
        yield lambda: self._files(path for one in rule.candidates for path in _matching(one))
        yield lambda: _on_path(rule.search)
        if rule.host_interpreter:
            yield lambda: self._files([getattr(sys, "_base_executable", "") or sys.executable])

    def _files(self, paths: Iterable[str]) -> list[str]:
        """Return those that can be run, or read where another tool runs them."""
        how = os.R_OK if self.rule.by else os.X_OK
        return [path for path in paths if path and os.access(path, how)]

    def _verify(self, path: str) -> Tool:
        rule = self.rule
        ran = self._try(path, rule.probe)
        match = rule.pattern.search(ran.output)
        if ran.exit_code != 0 or match is None:
            said = " ".join(ran.output.split())[:_OUTPUT_SHOWN]
            how = "is not the one" if ran.exit_code == 0 else "does not run"
            raise ToolchainError(f"{path} {how} (exit code {ran.exit_code}): {said}")
        groups = match.groupdict()
        version = groups["version"]
        if version_key(version) < rule.minimum:
            wanted = ".".join(str(part) for part in rule.minimum)
            raise ToolchainError(f"{path} is version {version}, and {wanted} is the oldest usable")
        for check in rule.checks:
            ran = self._try(path, check)
            if ran.exit_code != 0:
                said = " ".join(ran.output.split())[:_OUTPUT_SHOWN]
                raise ToolchainError(f"{path} is incomplete: {said}")
        path = groups.get("path") or path
        prefix = groups.get("prefix") or _tree(os.path.realpath(path))
        closed = closed_directory(prefix) if os.geteuid() == 0 else None
        if closed:
            raise ToolchainError(
                f"{path} lies below {closed}, which only root may enter, and cells are not root"
            )
        return Tool(path=reachable(path), version=version, prefix=prefix)

    def _try(self, path: str, args: tuple[str, ...]) -> Ran:
        """Run ``path args``, or what runs the file ``path``, unless that was seen before."""
        files = [path]
        args = tuple(arg.replace("{path}", path).replace("{probes}", str(PROBES)) for arg in args)
        command = (path, *args)
        if self.rule.by:
            runner = self.found[self.rule.by].path
            files.append(runner)
            command = (runner, *args)
        try:
            return self.sightings.of(command, files, _run)
        except OSError as error:
            raise ToolchainError(f"{path} cannot be run: {error.strerror}") from error


def _matching(candidate: str) -> list[str]:
    """Return the files that a candidate stands for, the newest version first."""
    if "*" not in candidate:
        return [candidate]
    where = PurePosixPath(candidate)
    found = (str(path) for path in Path(where.parent).glob(where.name))
    return sorted(found, key=version_key, reverse=True)


def _on_path(search: tuple[str, ...]) -> list[str]:
    found = (shutil.which(name) for name in search)
    return [path for path in found if path is not None]


def _run(command: tuple[str, ...]) -> Ran:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_PROBE_ENV,
            cwd="/",
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(-1, f"no answer within {PROBE_SECONDS:g} s")
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace").strip())


def _tree(real: str) -> str:
    """Return the tree a program belongs to: the parent of its ``bin``, else its directory."""
    directory = Path(real).parent
    above = directory.parent
    return str(above if directory.name == "bin" and not too_wide(str(above)) else directory)


def _shown_name(rule: ToolRule) -> str:
    return " or ".join(rule.search[:2] or rule.candidates[:1] or (rule.name,))

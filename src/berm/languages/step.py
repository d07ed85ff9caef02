"""What a cell is asked to perform for a language: a command, its world and its bounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from berm.model import Limits

Warm = Literal["none", "fork"]

WORK = "{work}"
TMP = "{tmp}"


@dataclasses.dataclass(frozen=True, slots=True)
class Park:
    """How a step's runtime is started before there is a program, and what it is then told.

    Attributes:
        argv: the command that starts it; may hold ``{work}`` and ``{tmp}``.
        hand: what it is told. The first ``fixed`` items may hold the placeholders, those behind
            them are the user's bytes.
        fixed: how many items of ``hand`` are Berm's own.
        memory: bytes that it takes while it waits, about.
    """

    argv: tuple[str, ...]
    hand: tuple[str, ...]
    fixed: int
    memory: int

    def told(self, work: str, tmp: str) -> tuple[str, ...]:
        """Return ``hand`` for a cell whose directories are ``work`` and ``tmp``."""
        own = (place(item, work, tmp) for item in self.hand[: self.fixed])
        return (*own, *self.hand[self.fixed :])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command in a cell. The working directory is always ``{work}``.

    Attributes:
        argv: the whole command, the submission's own arguments last. The first ``fixed``
            items may hold the placeholders ``{work}`` and ``{tmp}``; the arguments behind
            them are the user's bytes and are never interpreted. :meth:`command` does it right.
        fixed: how many items of ``argv`` are Berm's own.
        env: the complete environment, nothing is inherited; same placeholders as ``argv``.
        profile: name of the policy profile (``berm.policy.profile``).
        warm: ``fork``: run ``argv[1:]`` in-process, forked from a fork server that runs
            ``interpreter``; ``none``: exec ``argv``.
        interpreter: the CPython binary that hosts the fork server, for ``warm="fork"``.
        read_paths: absolute host paths (directories and a few files) that the runtime
            reads; all of them existed when the toolchain was verified.
        runtime_threads: threads that the runtime starts for itself on top of the main one;
            they are not counted against ``Limits.processes``.
        runtime_files: descriptors that the runtime is allowed on top of ``Limits.open_files``.
        data_limit: RLIMIT_DATA in bytes, or None where it would break the runtime.
        memory_allowance: bytes that the runtime itself needs on top of ``Limits.memory``;
            a ceiling on the memory of the tree (cgroup, watchdog) is the sum of both.
        memory_markers: what the runtime writes on stderr when memory ran out. Evidence for
            an outcome that is already a failure, never a proof on its own: programs can
            print it too.
        park: how the same is done by a runtime that was started before, or None.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    profile: str
    read_paths: tuple[str, ...]
    fixed: int = 1
    warm: Warm = "none"
    interpreter: str | None = None
    runtime_threads: int = 0
    runtime_files: int = 0
    data_limit: int | None = None
    memory_allowance: int = 0
    memory_markers: tuple[bytes, ...] = ()
    park: Park | None = None

    def command(self, work: str, tmp: str) -> tuple[str, ...]:
        """Return ``argv`` for a cell whose directories are ``work`` and ``tmp``."""
        own = (place(item, work, tmp) for item in self.argv[: self.fixed])
        return (*own, *self.argv[self.fixed :])

    def environment(self, work: str, tmp: str) -> dict[str, str]:
        """Return ``env`` for a cell whose directories are ``work`` and ``tmp``."""
        return {
            name: place(value, work, tmp) if "{" in value else value
            for name, value in self.env.items()
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CompileStep(Step):
    """The command that makes a submission runnable, in a cell of its own.

    Attributes:
        collect: patterns of the artifacts, matched by :func:`fnmatch.fnmatchcase` against the
            path relative to the working directory; ``*`` crosses ``/``.
        limits: what the compiler may use. The submission's limits do not apply to it.
        target: what the run step starts afterwards (a binary, a class name); give the
            whole compile step to :meth:`berm.languages.Language.run_step`.
    """

    collect: tuple[str, ...]
    limits: Limits
    target: str


def place(text: str, work: str, tmp: str) -> str:
    """Replace the two directory placeholders of a cell in ``text``."""
    return text.replace(WORK, work).replace(TMP, tmp)

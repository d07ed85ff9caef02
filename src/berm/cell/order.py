"""One run, as a cell gets it: what it is to do, and how that is said to the cell's process."""

from __future__ import annotations

import dataclasses
import functools
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Final

from berm.cell.dialogue import Dialogue
from berm.cell.files import Bundle, Row
from berm.cell.output import Listener
from berm.cell.relay import Side
from berm.errors import InputError
from berm.policy.plan import CellPlan, Runtime
from berm_cell import launch, protocol

SCRIPTS_KEPT: Final = 32
"""The tests of a submission run the same program with the same limits, one after the other."""


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """One run, as the cell gets it.

    Attributes:
        argv: command to exec; for a program that runs in-process, its entry and arguments; for
            a runtime that waits, what it is told.
        env: the complete environment.
        bundle: the files to unpack into the working directory, or None.
        stdin: bytes of standard input.
        rlimits: by the names of ``berm_cell.limits.RLIMITS``.
        watch: ``cpu`` and ``wall`` in seconds, ``memory`` and ``disk`` in bytes, ``processes``.
        output: bytes kept of each stream; ``flood`` ends the run.
        collect: what to take out afterwards (``berm_cell.bundle.collect``), or None.
        canary: instead of a program, what the launcher's canary is to try, or None.
        processor: the number of the one processor that it may run on, or None.
        side: the end of a conversation that takes the place of ``stdin`` and of standard output.
        dialogue: what a person says to the program while it runs, in place of ``stdin``, or None.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    bundle: Bundle | None
    stdin: bytes
    rlimits: Mapping[str, int]
    watch: Mapping[str, float]
    output: int
    flood: int
    collect: Mapping[str, object] | None = None
    canary: Mapping[str, object] | None = None
    on_stdout: Listener | None = None
    on_stderr: Listener | None = None
    side: Side | None = None
    processor: int | None = None
    dialogue: Dialogue | None = None

    @property
    def on_terminal(self) -> bool:
        """True if the program's three streams are one terminal."""
        return self.dialogue is not None and self.dialogue.terminal is not None

    def request(self, plan: CellPlan) -> bytes:
        """Return the script by which a cell's process becomes the program; a frame, for a canary.

        Args:
            plan: the cell's.

        Raises :class:`InputError` for what no process can be given.
        """
        rlimits, runtime = _given(plan, self.rlimits), plan.runtime
        if self.canary is not None:
            frame: bytes = protocol.pack({**self.canary, "rlimits": dict(rlimits)})
            return frame
        rows = tuple(self.bundle.rows) if self.bundle is not None else ()
        try:
            if runtime.in_process:
                return _interpreted(rows, rlimits, self._told(runtime, rows))
            return _executed(tuple(self.argv), tuple(self.env.items()), rows, rlimits)
        except (ValueError, protocol.FrameError) as error:
            raise InputError(f"A program cannot be given this: {error}.") from error

    def waiting(self, plan: CellPlan, argv: Sequence[str]) -> bytes:
        """Return the script to become ``argv``, a runtime that waits until it is told its program."""
        rlimits = dict(_given(plan, self.rlimits))
        script: bytes = launch.execute(argv, self.env, (), rlimits, waits=True)
        return script

    def _told(self, runtime: Runtime, rows: Sequence[Row]) -> bytes:
        """What the interpreter of the program is told."""
        told: dict[str, object] = {
            "op": "run",
            "entry": self.argv[0],
            "args": list(self.argv[1:]),
            "names": [name for name, _, _ in rows],
            "env": None if self.env == runtime.env else dict(self.env),
        }
        if self.on_terminal:
            told["terminal"] = True
        data: bytes = protocol.pack(told)
        return data


def _given(plan: CellPlan, rlimits: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The resource limits, where they are a layer of the plan."""
    return tuple(rlimits.items()) if "rlimits" in plan.enforcement.layers else ()


@functools.lru_cache(SCRIPTS_KEPT)
def _interpreted(rows: tuple[Row, ...], rlimits: tuple[tuple[str, int], ...], told: bytes) -> bytes:
    script: bytes = launch.interpret(rows, dict(rlimits), told)
    return script


@functools.lru_cache(SCRIPTS_KEPT)
def _executed(
    argv: tuple[str, ...],
    env: tuple[tuple[str, str], ...],
    rows: tuple[Row, ...],
    rlimits: tuple[tuple[str, int], ...],
) -> bytes:
    script: bytes = launch.execute(argv, dict(env), rows, dict(rlimits))
    return script


def send(program: socket.socket, request: bytes, fds: Sequence[int]) -> None:
    """Send a request; a script that is too large for a packet goes in a file of its own.

    Raises ``OSError`` if the cell's process is gone.
    """
    if len(request) <= protocol.MAX_FRAME:
        protocol.send_packet(program, request, fds)
        return
    held = os.memfd_create("script", os.MFD_CLOEXEC)
    try:
        view = memoryview(request)
        while view:
            view = view[os.write(held, view) :]
        protocol.send_packet(program, launch.loader(request, len(fds)), [*fds, held])
    finally:
        os.close(held)

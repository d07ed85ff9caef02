"""One run, as a cell gets it: what it is to do, and how that is said to the cell's process."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Mapping, Sequence

from berm.cell.dialogue import Dialogue
from berm.cell.files import Bundle
from berm.cell.output import Listener
from berm.cell.relay import Side
from berm.errors import InputError
from berm_cell import launch, protocol


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """One run, as the cell gets it.

    Attributes:
        argv: command to exec; for a program that runs in-process, its entry and arguments; for
            a runtime that waits, what it is told.
        env: the complete environment.
        bundle: the files to unpack into the working directory, or None.
        stdin: bytes of standard input.
        rlimits: by the names of ``berm_cell.steps.RLIMITS``.
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

    def request(self, *, in_process: bool) -> bytes:
        """Return what tells the cell's process: a script to become the program, or what to interpret.

        Args:
            in_process: whether the process is the interpreter of its programs.

        Raises :class:`InputError` for what no process can be given.
        """
        rows = self.bundle.rows if self.bundle is not None else ()
        if self.canary is None and not in_process:
            return _script(self.argv, self.env, rows, self.rlimits)
        request: dict[str, object] = {
            "op": "run",
            "env": dict(self.env),
            "files": rows,
            "rlimits": dict(self.rlimits),
        }
        if self.on_terminal:
            request["terminal"] = True
        if self.canary is not None:
            request.update(self.canary)
        else:
            request.update(entry=self.argv[0], args=list(self.argv[1:]))
        data: bytes = protocol.pack(request)
        return data

    def waiting(self, argv: Sequence[str]) -> bytes:
        """Return the script to become ``argv``, a runtime that waits until it is told its program."""
        return _script(argv, self.env, (), self.rlimits, waits=True)


def _script(
    argv: Sequence[str],
    env: Mapping[str, str],
    rows: Sequence[object],
    rlimits: Mapping[str, int],
    *,
    waits: bool = False,
) -> bytes:
    try:
        script: bytes = launch.write(argv, env, rows, rlimits, waits)
    except (ValueError, protocol.FrameError) as error:
        raise InputError(f"A program cannot be given this: {error}.") from error
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

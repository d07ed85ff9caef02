"""Bare programs: spawned, fed, waited for, with the CPU time that the kernel says they took."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from berm.errors import CellError

_TICK = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True, slots=True)
class Spent:
    """One program's end: seconds of real and of CPU time, and what it printed."""

    wall: float
    cpu: float
    stdout: bytes


def spawn(
    argv: Sequence[str],
    stdin: bytes = b"",
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Spent:
    """Run a program to its end, as cheaply as the kernel lets (``posix_spawn``, two pipes).

    ``stdin`` must fit a pipe. Raises :class:`CellError` if the program fails.
    """
    began = time.perf_counter()
    in_read, in_write = os.pipe2(os.O_CLOEXEC)
    out_read, out_write = os.pipe2(os.O_CLOEXEC)
    command = [*argv]
    if folder is not None:  # posix_spawn has no working directory
        command = ["/usr/bin/env", "-C", str(folder), *argv]
    try:
        pid = os.posix_spawnp(
            command[0],
            command,
            dict(os.environ if env is None else env),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, in_read, 0),
                (os.POSIX_SPAWN_DUP2, out_write, 1),
            ],
        )
        os.close(out_write)
        out_write = -1
        os.write(in_write, stdin)
        os.close(in_write)
        in_write = -1
        parts = []
        while data := os.read(out_read, 1 << 16):
            parts.append(data)
        _, status, used = os.wait4(pid, 0)
    finally:
        for fd in (in_read, in_write, out_read, out_write):
            if fd >= 0:
                os.close(fd)
    wall = time.perf_counter() - began
    if status != 0:
        raise CellError(f"The bare program {' '.join(argv)} ended with status {status}.")
    return Spent(wall, used.ru_utime + used.ru_stime, b"".join(parts))


def family(pids: Iterable[int]) -> list[int]:
    """Return these processes and all their descendants, as far as they live."""
    found, front = [], list(pids)
    while front:
        here = front.pop()
        found.append(here)
        try:
            text = Path(f"/proc/{here}/task/{here}/children").read_text("ascii")
        except OSError:
            continue
        front += [int(child) for child in text.split()]
    return found


def cpu_of(pids: Iterable[int]) -> float:
    """Return the CPU seconds of these processes, their living descendants, and all that those reaped."""
    total = 0
    for pid in family(pids):
        try:
            text = Path(f"/proc/{pid}/stat").read_text("latin-1")
        except OSError:
            continue
        fields = text[text.rindex(")") + 2 :].split()
        total += sum(int(field) for field in fields[11:15])
    return total * _TICK


def memory_of(pids: Iterable[int]) -> int:
    """Return the bytes that these processes and their descendants take, shared pages counted once.

    Raises :class:`berm.CellError` if one of them lives and may not be looked into: without it, the sum
    would be too small.
    """
    total = 0
    for pid in family(pids):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        except PermissionError as error:
            raise CellError(
                "An ordinary user may not see how much memory these processes take."
            ) from error
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total * 1024

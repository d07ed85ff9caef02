"""Prove, do not assume: a canary cell tries forbidden things before a pool gives out any cell.

The host stages what must not be reached (a file, a TCP port, an abstract socket, its own
process), a canary in a finished cell goes for all of it, and a second one takes more memory
than it may. The launcher's side is :mod:`berm_cell.canary`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from berm.cell.cell import Cell, Ran
from berm.cell.order import Order
from berm.errors import CellError, EscapeError
from berm.model import MIB, Guarantee

HOARD_LIMIT: Final = 96 * MIB
"""Bytes that the hoarding canary may have; it takes twice as much."""

WALL: Final = 10.0

CELL_PIDS: Final = 256
"""No process in the pid namespace of a cell that has just begun has a higher number."""


@contextlib.contextmanager
def stage(base: str) -> Iterator[Mapping[str, object]]:
    """Stage what a cell must not reach, and describe it for the canary."""
    name = f"berm-canary-{secrets.token_hex(8)}"
    with (
        tempfile.TemporaryDirectory(prefix="berm-canary-", dir=base) as directory,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix,
        _own_number() as number,
    ):
        # Open to everybody, so that only the cell's own layers can be what keeps it out.
        Path(directory).chmod(0o777)
        secret = Path(directory, "secret")
        secret.write_text(secrets.token_hex(16))
        secret.chmod(0o666)
        tcp.bind(("127.0.0.1", 0))
        tcp.listen(1)
        unix.bind("\0" + name)
        unix.listen(1)
        yield {
            "op": "canary",
            "secret": str(secret),
            "port": tcp.getsockname()[1],
            "name": name,
            "host_pid": number,
        }


@contextlib.contextmanager
def _own_number() -> Iterator[int]:
    """Yield a number that stands for this process and, in a cell's pid namespace, for nobody.

    In a container the service may be process 2, and the canary process 2 of its own namespace: it would reach
    itself and be taken for one that got out. The number of a thread reaches its process as the process's own does.
    """
    if os.getpid() > CELL_PIDS:
        yield os.getpid()
        return
    over = threading.Event()
    thread = None
    try:
        for _ in range(2 * CELL_PIDS):
            thread = threading.Thread(target=over.wait)
            thread.start()
            if (number := thread.native_id or 0) > CELL_PIDS:
                break
            over.set()
            thread.join()
            over.clear()
        else:
            number = os.getpid()
        yield number
    finally:
        over.set()
        if thread is not None:
            thread.join()


async def prove(cell: Cell, staged: Mapping[str, object]) -> None:
    """Let a canary try everything that :func:`stage` staged; raise if something got through."""
    in_process = cell.plan.runtime.in_process
    ran = await cell.run(_order({**staged, "in_process": in_process}, {}))
    _judge(cell, ran)


async def prove_memory(cell: Cell) -> None:
    """Let a canary take twice the memory that it may; raise if it keeps it."""
    rlimits = {"data": HOARD_LIMIT + 64 * MIB}
    ran = await cell.run(_order({"op": "hoard", "size": 2 * HOARD_LIMIT}, rlimits))
    if ran.stdout:
        _judge(cell, ran)
    if ran.ending.stopped_by == "wall":
        raise CellError("The memory canary did not end in time.")


def _order(canary: Mapping[str, object], rlimits: Mapping[str, int]) -> Order:
    return Order(
        argv=(),
        env={},
        bundle=None,
        stdin=b"",
        rlimits={"cpu": int(WALL), "nofile": 256, **rlimits},
        watch={
            "cpu": WALL,
            "wall": WALL,
            "memory": HOARD_LIMIT,
            "processes": 4,
            "disk": 64 * MIB,
        },
        output=64 * 1024,
        flood=MIB,
        canary=canary,
    )


def _judge(cell: Cell, ran: Ran) -> None:
    held = cell.plan.enforcement.guarantees
    try:
        rows = json.loads(ran.stdout)["escaped"]
        escaped = [f"{row[0]}: {row[1]}" for row in rows if Guarantee(row[0]) in held]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise CellError(
            "The canary did not report.",
            meaning=f"It ended with status {ran.ending.status} and wrote"
            f" {ran.stderr[:500].decode('utf-8', 'replace')!r}.",
        ) from error
    if escaped:
        raise EscapeError(
            f"A canary got out of its cell ({cell.plan.profile} profile,"
            f" {cell.plan.enforcement.plan} plan): it {'; '.join(escaped)}.",
            meaning="A layer that this kernel accepted does not hold; no program is run with it.",
            remedy="Run `berm audit` for the whole picture, and report it (SECURITY.md).",
        )

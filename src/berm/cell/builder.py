"""Fork servers: start one for a plan, make parked cells with it, notice when it dies."""

from __future__ import annotations

import asyncio
import collections
import itertools
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import berm_cell.protocol
from berm.cell import report
from berm.cell.cell import Cell
from berm.cell.line import Line
from berm.errors import CellError
from berm.kernel.cgroups import Leaf
from berm.policy.plan import CellPlan
from berm_cell import protocol

COPY_TIMEOUT: Final = 600.0
"""The same where it copies the interpreter's files first: thousands of them, through gVisor's file proxy."""

START_TIMEOUT: Final = 30.0
"""Seconds that a fork server may take to apply its plan and import what it preloads."""

PARK_TIMEOUT: Final = 15.0
"""Seconds that a cell may take to be made."""

HEARD_AT_ONCE: Final = 64
"""Frames taken in one turn of the event loop."""

END_TIMEOUT: Final = 5.0
"""Seconds that a fork server may take to end its cells and itself."""

STDERR_KEPT: Final = 4096

LAUNCHER: Final = Path(berm_cell.protocol.__file__).parent


class ForkServer:
    """One launcher process on the host's side of its socket."""

    def __init__(self, plan: CellPlan, slots: Slots) -> None:
        """Prepare for ``plan``; :meth:`start` does the work."""
        self.plan = plan
        self._slots = slots
        self._sock: socket.socket | None = None
        self._line: Line | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._cells: dict[int, Cell] = {}
        self.drained = asyncio.Event()
        self._stderr: collections.deque[bytes] = collections.deque(maxlen=16)
        self._stderr_fd = -1
        self._loop: asyncio.AbstractEventLoop | None = None
        self.dead = False
        self.made = 0

    @property
    def pid(self) -> int:
        """Process id of the fork server (of its outer process, with a pid namespace)."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Start the process and wait until it is ready; raises if a layer cannot be applied."""
        self._loop = asyncio.get_running_loop()
        host, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._sock = host
        stdin_read, stdin_write = os.pipe()
        self._stderr_fd, stderr_write = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - vfork and exec: no waiting
                self._command(child.fileno()),
                stdin=stdin_read,
                stdout=stderr_write,
                stderr=stderr_write,
                pass_fds=(child.fileno(),),
                env=dict(self.plan.runtime.env),
                cwd="/",
                # The service's own may be 077: programs could not enter the directories made for them.
                umask=0o022,
            )
        except OSError as error:
            raise CellError(
                f"The launcher's interpreter {self.plan.runtime.interpreter} cannot be started:"
                f" {error}.",
                errno=error.errno or 0,
                remedy="Name another one in the language's settings.",
            ) from error
        finally:
            child.close()
            for fd in (stdin_read, stdin_write, stderr_write):
                os.close(fd)
        os.set_blocking(self._stderr_fd, False)
        self._loop.add_reader(self._stderr_fd, self._read_stderr)
        host.setblocking(False)
        try:
            protocol.send_frame(host, self.plan.frame())
            copies = "copied-root" in self.plan.enforcement.layers
            async with asyncio.timeout(COPY_TIMEOUT if copies else START_TIMEOUT):
                await self._handshake(host)
        except BaseException:
            await self.close()
            raise
        self._loop.add_reader(host.fileno(), self._hear)
        self._line = Line(host, self._lost)

    def _command(self, fd: int) -> list[str]:
        flags = ["-s"] if self.plan.runtime.in_process else ["-I", "-S"]
        return [self.plan.runtime.interpreter, *flags, str(LAUNCHER / "bootstrap.py"), str(fd)]

    async def _handshake(self, host: socket.socket) -> None:
        while True:
            message = await self._receive(host)
            if message is None:
                raise CellError("The fork server ended before it was ready.", meaning=self._said())
            match message.get("op"):
                case "ids":
                    self._write_ids()
                    protocol.send_frame(host, {"op": "ids"})
                case "ready":
                    return
                case _:
                    raise report.failed(message, "A layer could not be applied", self._said())

    async def _receive(self, host: socket.socket) -> dict[str, object] | None:
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(host.fileno(), _wake, readable)
        try:
            await readable
        finally:
            loop.remove_reader(host.fileno())
        message: dict[str, object] | None
        try:
            message, fds = protocol.receive_frame(host)
        except OSError:  # it ended with something unread
            return None
        except protocol.FrameError as error:
            raise CellError(f"The fork server said something wrong: {error}.") from error
        protocol.close_all(fds)
        return message

    def _write_ids(self) -> None:
        """Write the id maps of the fork server's user namespace; only root is asked to."""
        line = f"0 {self._slots.base} {self._slots.count}\n"
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{self.pid}/{name}").write_text(line, "ascii")

    async def cell(
        self, leaf: Leaf | None = None, *, urgent: bool = False, forks: bool = False
    ) -> Cell:
        """Make one parked cell; its program joins ``leaf``, which the cell removes at its end.

        ``urgent``: a program waits for it, so that nothing is done in it beforehand. ``forks``: its process
        is an interpreter, whatever programs are started by.
        """
        cgroup_fd = leaf.open_procs() if leaf is not None else -1
        try:
            return await self._cell(leaf, cgroup_fd, urgent=urgent, forks=forks)
        except BaseException:
            if leaf is not None:
                await asyncio.to_thread(leaf.remove)
            raise
        finally:
            if cgroup_fd >= 0:
                os.close(cgroup_fd)

    async def _cell(self, leaf: Leaf | None, cgroup_fd: int, *, urgent: bool, forks: bool) -> Cell:
        if self._line is None or self.dead:
            raise CellError("The fork server is gone.", meaning=self._said())
        number = next(self._numbers)
        slot = self._slots.take(self.plan)
        host, program = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        cell = Cell(self.plan, number, host, self._say, leaf)
        cell.gone.add_done_callback(lambda _: self._slots.give_back(slot))
        self._cells[number] = cell
        self.drained.clear()
        fds = [program.fileno()] if cgroup_fd < 0 else [program.fileno(), cgroup_fd]
        try:
            owner = self._slots.owner(self.plan, slot)
            order = {"op": "cell", "id": number, "owner": owner, "urgent": urgent, "forks": forks}
            self._say(order, fds)
        except CellError:
            self._give_up(number)
            host.close()
            raise
        finally:
            program.close()
        self.made += 1
        try:
            async with asyncio.timeout(PARK_TIMEOUT):
                await cell.parked()
        except BaseException as error:
            await cell.close()
            if isinstance(error, CellError) and not error.meaning:
                error.meaning = self._said()
            raise
        return cell

    def owns(self, cell: Cell) -> bool:
        """True if a living cell was made here."""
        return self._cells.get(cell.number) is cell

    def _say(self, message: dict[str, object], fds: Sequence[int] = ()) -> None:
        """Send the fork server a frame; raises :class:`CellError` if it is gone.

        Signals are a person's, who can send any number: one that would have to wait is dropped.
        """
        if self._line is None or self.dead:
            raise CellError("The fork server is gone.", meaning=self._said())
        try:
            self._line.say(message, fds, now_or_never=message["op"] == "signal")
        except OSError as error:
            self._lost()
            raise CellError("The fork server is gone.", meaning=self._said()) from error

    def _give_up(self, number: int, *, lost: bool = False) -> None:
        cell = self._cells.pop(number, None)
        if not self._cells:
            self.drained.set()
        if cell is not None:
            cell.note_gone(lost=lost)

    def _hear(self) -> None:
        """Take what the fork server has said by now, and hand it to the cells it is about."""
        for _ in range(HEARD_AT_ONCE):
            if self._sock is None:
                return
            try:
                message, fds = protocol.receive_frame(self._sock)
            except BlockingIOError:
                return
            except (OSError, protocol.FrameError):
                message, fds = None, []
            if message is None:
                self._lost()
                return
            self._heard(message, fds)

    def _heard(self, message: dict[str, object], fds: list[int]) -> None:
        number = message.get("id")
        cell = self._cells.get(number) if isinstance(number, int) else None
        if cell is None:
            protocol.close_all(fds)
            self._stderr.append(str(message.get("text", ""))[:500].encode())
            return
        if message.get("op") != "gone":
            cell.hear(message, fds)
        else:
            protocol.close_all(fds)
        if message.get("op") == "gone" or message.get("gone") is True:
            self._give_up(cell.number)

    def _lost(self) -> None:
        self.dead = True
        if self._line is not None:
            self._line.close()
        if self._sock is not None and self._loop is not None:
            self._loop.remove_reader(self._sock.fileno())
        for number in list(self._cells):
            self._give_up(number, lost=True)

    def _read_stderr(self) -> None:
        try:
            data = os.read(self._stderr_fd, STDERR_KEPT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._stderr.append(data)
        elif self._loop is not None:
            self._loop.remove_reader(self._stderr_fd)

    def _said(self) -> str:
        text = b"".join(self._stderr)[-STDERR_KEPT:].decode("utf-8", "replace").strip()
        return f"It said: {text}" if text else ""

    async def close(self) -> None:
        """End the fork server, and with it every cell of its; wait until it is reaped."""
        if self._sock is not None:
            if self._line is not None:
                self._line.close()
            if self._loop is not None:
                self._loop.remove_reader(self._sock.fileno())
            self._sock.close()
            self._sock = None
        self._lost()
        if self._process is not None:
            await _reaped(self._process)
        if self._stderr_fd >= 0:
            if self._loop is not None:
                self._loop.remove_reader(self._stderr_fd)
            os.close(self._stderr_fd)
            self._stderr_fd = -1


class Slots:
    """Which uid a cell gets, for plans where each has its own: one per living cell.

    A uid counts its processes over the whole machine, so that two services must not use the same
    one at a time. Each taken slot holds a name in the abstract socket namespace, which the kernel
    gives to one process only and takes back whatever way that ends.
    """

    def __init__(self, base: int, count: int) -> None:
        """Hand out slots 1 to ``count - 1``; slot 0 is the fork server's own."""
        self.base = base
        self.count = count
        self._free = collections.deque(range(1, count))
        self._held: dict[int, socket.socket] = {}

    def take(self, plan: CellPlan) -> int:
        """Take a slot that no living cell has; 0 for plans with one uid for all."""
        if plan.owners != "slots":
            return 0
        for _ in range(len(self._free)):
            slot = self._free.popleft()
            lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                lock.bind(f"\0berm-uid-{self.base + slot}")
            except OSError:  # another service of this machine has it
                lock.close()
                self._free.append(slot)
                continue
            self._held[slot] = lock
            return slot
        raise CellError(
            "No uid is free for another cell.",
            remedy="Raise isolation.uid_count, or run fewer at a time.",
        )

    def give_back(self, slot: int) -> None:
        """Take a slot back once every process of its cell is gone; reused as late as possible."""
        if slot:
            self._held.pop(slot).close()
            self._free.append(slot)

    def owner(self, plan: CellPlan, slot: int) -> list[int]:
        """Return ``[uid, gid]`` for the slot, as numbered in the fork server's user namespace."""
        mapped = "user-namespace" in plan.enforcement.layers
        if plan.owners != "slots":
            if "copied-root" in plan.enforcement.layers:
                return [1000, 1000]
            return [0, 0] if mapped else [os.getuid(), os.getgid()]
        if mapped:
            return [slot, slot]
        return [self.base + slot, self.base + slot]


async def _reaped(process: subprocess.Popen[bytes]) -> None:
    """Wait for a fork server whose socket was closed; kill it if it takes too long.

    Polled, because a thread for the wait cannot be had while the interpreter ends.
    """
    pause, waited = 0.001, 0.0
    while process.poll() is None:
        if waited > END_TIMEOUT:
            process.kill()
        await asyncio.sleep(pause)
        waited += pause
        pause = min(2 * pause, 0.05)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

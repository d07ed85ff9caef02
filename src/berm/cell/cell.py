"""One cell: parked, run once, dead. The host's side of the program and of its warden."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from berm.cell import report
from berm.cell.dialogue import Dialogue
from berm.cell.files import File, read_bundle
from berm.cell.order import Order, send
from berm.cell.outcome import Ending
from berm.cell.output import Capture, Feed, share
from berm.cell.waiting import Waiting
from berm.errors import CellError
from berm.kernel.cgroups import CgroupLimits, Leaf
from berm.policy.plan import CellPlan
from berm_cell import protocol

_T = TypeVar("_T")

GRACE: Final = 2.0
"""Seconds past the wall limit after which the host ends a run whose warden did not."""

REMOVAL: Final = 30.0
"""Seconds for removing what a run left: thousands of files, on a busy machine."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ran:
    """One run, as it came back; nothing in it is trusted beyond its type and size."""

    ending: Ending
    stdout: bytes
    stderr: bytes
    stdout_size: int
    stderr_size: int
    truncated: bool
    flooded: bool
    files: Mapping[str, File]
    refused: Sequence[tuple[str, str]]
    denials: Sequence[tuple[int, int, int]] | None


class Cell:
    """A parked cell; :meth:`run` uses it up.

    Attributes:
        number: the fork server's name for it.
        gone: done when nothing is left of it: no process, no file, no uid in use.
        cost: bytes of memory that it takes while it is parked, 0 before.
        lost: True if it died before it was used, or its fork server was killed under it.
    """

    def __init__(
        self,
        plan: CellPlan,
        number: int,
        program: socket.socket,
        say: Callable[[dict[str, object]], None],
        leaf: Leaf | None = None,
    ) -> None:
        """Take the program's socket; ``say`` sends a frame to the fork server."""
        self.plan = plan
        self.number = number
        self._leaf = leaf
        self._program = program
        self._say = say
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._news: asyncio.Future[None] = self._loop.create_future()
        self._room: asyncio.Future[None] = self._loop.create_future()
        self._message: Mapping[str, object] | None = None
        self._fds: list[int] = []
        self._work = ""
        self._tmp = ""
        self.lost = False
        self.cost = 0
        self._waiting: Waiting | None = None
        self._ended = False
        program.setblocking(False)

    @property
    def directories(self) -> tuple[str, str]:
        """The absolute paths of the working and the temporary directory, as the cell sees them."""
        return self._work, self._tmp

    @property
    def alive(self) -> bool:
        """False once it ended, or the runtime that waits in it did."""
        over = self.gone.done() or self._news.done()
        return not over and (self._waiting is None or self._waiting.alive)

    def hear(self, message: Mapping[str, object], fds: list[int]) -> None:
        """Called by the fork server's side with what it says about this cell."""
        if message.get("op") == "room":
            _resolve(self._room, None)
        if self._message is not None or message.get("op") == "room":
            protocol.close_all(fds)
            return
        self._message, self._fds = message, fds
        _resolve(self._news, None)

    def note_gone(self, *, lost: bool = False) -> None:
        """Called by the fork server's side when nothing of this cell is left.

        ``lost``: because the fork server is, which took it along.
        """
        self.lost = self.lost or lost
        _resolve(self.gone, None)
        _resolve(self._news, None)

    def _take_news(self) -> tuple[Mapping[str, object] | None, list[int]]:
        message, fds = self._message, self._fds
        self._message, self._fds = None, []
        return message, fds

    async def parked(self) -> None:
        """Wait until every layer is applied; raises :class:`CellError` naming the one that failed."""
        await self._news
        message, fds = self._take_news()
        protocol.close_all(fds)
        if message is None:
            raise CellError("A cell ended before it was ready.")
        if message.get("op") != "parked":
            raise report.failed(message)
        self._news = self._loop.create_future()
        self._work, self._tmp = str(message.get("work", "")), str(message.get("tmp", ""))
        cost = message.get("cost")
        self.cost = cost if isinstance(cost, int) else 0

    async def boot(self, argv: Sequence[str], order: Order) -> None:
        """Start a runtime that waits for its program; :meth:`run` then tells it what to run.

        Args:
            argv: the command that starts it.
            order: what the run will have; its environment and its limits hold from here on.

        Raises :class:`CellError` if it ends, or writes anything, before it waits.
        """
        self._waiting = waiting = Waiting()
        self._limit(order)
        request = order.waiting(self.plan, argv)
        try:
            send(self._program, request, waiting.cell_ends)
        except OSError as error:
            self.lost = True
            raise CellError("The cell died while it was parked.", errno=error.errno or 0) from error
        finally:
            waiting.sent()
        self._program.close()
        await waiting.ready()

    async def run(self, order: Order) -> Ran:
        """Run one program to its end. Cancelling it ends the program and everything of its.

        When it returns, every process of the run is dead and reaped; the agent's own end, and
        that of the namespaces, is awaited by :meth:`close`.
        """
        return await self._run(order)

    async def _run(self, order: Order) -> Ran:
        feed: Feed | Dialogue
        if self._waiting is not None:
            return await self._watch(order, *self._waiting.streams(order.stdin))
        await self._make_room(order)
        if order.dialogue is not None:
            feed = order.dialogue
            out_read, out_write = feed.open(self._signal)
        else:
            feed = Feed(order.stdin)
            out_read, out_write = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(out_read, False)
            share(out_write)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(err_read, False)
        share(err_write)
        return await self._watch(order, feed, out_read, err_read, (out_write, err_write))

    async def _make_room(self, order: Order) -> None:
        """Have the cell's file system enlarged before many files come, if it was parked with a smaller one.

        For all others the warden does it beside the run, once it is told what the run may use.
        """
        cell = self.plan.cell
        size = order.bundle.size if order.bundle is not None else 0
        parked = int(str(cell["disk"]))
        if not cell["mounts"] or 2 * size < parked or order.watch["disk"] <= parked:
            return
        self._say({"op": "room", "id": self.number, "disk": int(order.watch["disk"])})
        # Unanswered: the files may fit all the same, or the run says that they do not.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await asyncio.wait({self._room, self._news}, return_when=asyncio.FIRST_COMPLETED)

    async def _watch(
        self,
        order: Order,
        feed: Feed | Dialogue,
        out_read: int,
        err_read: int,
        writes: tuple[int, int] | None = None,
    ) -> Ran:
        """Send the order and see the run to its end; without ``writes`` the cell has its streams."""
        captures = [
            Capture(out_read, order.output, order.flood, self._end, order.on_stdout),
            Capture(err_read, order.output, order.flood, self._end, order.on_stderr),
        ]
        try:
            if writes is None:
                self._tell(order)
            else:
                self._give(order, feed, *writes)
            await self._until_ended(order.watch["wall"])
            return self._result(order, captures)
        finally:
            feed.close()
            for capture in captures:
                capture.close()

    def _give(self, order: Order, feed: Feed | Dialogue, out_write: int, err_write: int) -> None:
        """Send the order with the run's streams, and close what is the cell's."""
        try:
            if order.side is None:
                stderr = out_write if order.on_terminal else err_write
                self._send(order, feed.read_end, out_write, stderr)
            else:
                self._send(order, order.side.stdin, order.side.stdout, err_write)
                order.side.begin(self._end)
        finally:
            for fd in (feed.read_end, out_write, err_write):
                os.close(fd)
            if order.side is not None:
                order.side.sent()

    def _tell(self, order: Order) -> None:
        """Send the order to a runtime that waits."""
        assert self._waiting is not None  # noqa: S101
        self._limit(order)
        try:
            self._say_watch(order, time.monotonic())
            self._waiting.tell(order.argv, order.bundle)
        except OSError as error:
            self.lost = True
            raise CellError("The cell died while it was parked.", errno=error.errno or 0) from error

    def _limit(self, order: Order) -> None:
        if self._leaf is not None:
            memory, processes = int(order.watch["memory"]), int(order.watch["processes"])
            self._leaf.limit(CgroupLimits(memory=memory, pids=processes + 1))

    def _send(self, order: Order, stdin: int, stdout: int, stderr: int) -> None:
        fds = [stdin, stdout, stderr]
        if order.bundle is not None:
            fds.append(order.bundle.fd)
        request = order.request(self.plan)
        self._limit(order)
        began = time.monotonic()
        try:
            send(self._program, request, fds)
        except OSError as error:
            self.lost = True
            raise CellError("The cell died while it was parked.", errno=error.errno or 0) from error
        self._program.close()
        self._say_watch(order, began)

    def _say_watch(self, order: Order, began: float) -> None:
        """Tell the warden what the run may use, and since when; it may be over by now."""
        watch: dict[str, object] = {
            "op": "watch",
            "id": self.number,
            "at": began,
            "limits": dict(order.watch),
        }
        if order.collect is not None:
            watch["collect"] = order.collect
        if order.processor is not None:
            watch["processor"] = order.processor
        self._say(watch)

    async def _until_ended(self, wall: float) -> None:
        """Wait for the warden's report; past the limit and its grace, end the run from here."""
        try:
            async with asyncio.timeout(wall + GRACE):
                await asyncio.shield(self._news)
        except TimeoutError:
            self._end()
            async with asyncio.timeout(2 * GRACE):
                await self._news

    def _end(self) -> None:
        """Tell the warden to end the run; it still reports it."""
        with contextlib.suppress(CellError):  # with the fork server the run is gone too
            self._say({"op": "end", "id": self.number})

    def _signal(self, number: int) -> None:
        """Have the warden send a signal; one that finds it too busy or gone is lost."""
        with contextlib.suppress(CellError):
            self._say({"op": "signal", "id": self.number, "number": number})

    def _result(self, order: Order, captures: Sequence[Capture]) -> Ran:
        message, fds = self._take_news()
        try:
            if message is None:
                raise CellError("A run ended without a report.")
            if message.get("op") != "ended":
                raise report.failed(message)
            self._ended = True
            files: Mapping[str, File] = {}
            refused: list[tuple[str, str]] = []
            if order.collect is not None and fds:
                files = read_bundle(
                    fds[0],
                    message.get("files"),
                    most_files=int(str(order.collect["files"])),
                    most_bytes=int(str(order.collect["bytes"])),
                )
                refused = report.pairs(message.get("refused"))
        finally:
            protocol.close_all(fds)
        for capture in captures:
            capture.finish()
        out, err = captures
        return Ran(
            ending=self._measured(report.ending(message)),
            stdout=out.data,
            stderr=err.data,
            stdout_size=out.size,
            stderr_size=err.size,
            truncated=out.truncated or err.truncated,
            flooded=out.flooded or err.flooded or (order.side is not None and order.side.flooded),
            files=files,
            refused=refused,
            denials=report.denials(message.get("denials")),
        )

    def _measured(self, ending: Ending) -> Ending:
        """Put the cgroup's own figures in place of the agent's, where there is a cgroup."""
        if self._leaf is None:
            return ending
        used = self._leaf.usage()
        usage = dataclasses.replace(ending.usage, memory=used.memory_peak)
        return dataclasses.replace(
            ending, usage=usage, oom_kills=used.oom_kills, forks_refused=used.pids_refused
        )

    async def close(self) -> None:
        """End the cell, whatever it does, and wait until its agent was reaped."""
        try:
            await self._close()
        finally:
            protocol.close_all(self._take_news()[1])  # what was said meanwhile
            if self._leaf is not None:
                await asyncio.to_thread(self._leaf.remove)

    async def _close(self) -> None:
        if self._waiting is not None:
            self._waiting.close()
        self._program.close()
        protocol.close_all(self._fds)
        self._fds = []
        if not self.gone.done():
            if not self._ended:
                self._end()
            async with asyncio.timeout(REMOVAL):
                await asyncio.shield(self.gone)


def _resolve(future: asyncio.Future[_T], value: _T) -> None:
    if not future.done():
        future.set_result(value)

"""A fork server that lies to the host, and a host that sends its fork server anything.

The first is what a program would be that had got out of its cell: whatever it says, the host has a
result that it can write down, or a :class:`CellError`, and no descriptor more than before. The
second shows that no frame, and no field of a request, gets a program to run without its filter.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import berm
from berm.cell.builder import ForkServer, Slots
from berm.cell.cell import Cell
from berm.cell.order import Order
from berm.cell.outcome import decide
from berm.errors import CellError
from berm.policy.plan import CellPlan
from berm_cell import launch, protocol

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation, pytest.mark.timeout(1200)]

MIB = 1 << 20
TIMES = int(os.environ.get("BERM_FUZZ", "1"))
"""How many times as many examples as usual."""
ODD = st.sampled_from(
    [
        *(None, True, -1, 0, 1, 2**31, 2**64, 10**400, -0.5, float("inf"), float("nan"), "", "\0"),
        *([], {}, [[]], [1, 2, 3], {"a": []}, "x" * 3000, "../../etc/passwd", "\ud800"),
    ]
)
"""What a field may hold instead of what it should."""

ENDED: Mapping[str, Any] = {
    "op": "ended",
    "id": 1,
    "status": 0,
    "stopped_by": None,
    "wall": 0.1,
    "cpu": 0.1,
    "memory": 4096,
    "processes": 1,
    "denials": [[41, 2, 1]],
    "files": [["out.txt", 2, 0o644]],
    "refused": [["link", "a link"]],
    "gone": False,
}
FDS = st.lists(st.sampled_from(["file", "empty", "pipe", "socket"]), max_size=3)


def changed(frame: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The frame with some of its fields odd, or away, and the odd one more."""
    fields = st.sampled_from([*frame, "step", "text", "errno", "cost", "x"])
    return st.builds(
        lambda odd, away: {
            name: value for name, value in {**frame, **odd}.items() if name not in away
        },
        st.dictionaries(fields, ODD, max_size=3),
        st.sets(fields, max_size=1),
    )


PARKED = {"op": "parked", "id": 1, "work": "/work", "tmp": "/tmp", "cost": 4096}
RAW = st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b'{"id":1}', b"{" * 5000])
PACKETS = st.lists(
    st.tuples(
        (changed(ENDED) | changed(PARKED) | changed({"op": "gone", "id": 1})).map(
            lambda frame: json.dumps(frame).encode()
        )
        | RAW,
        FDS,
    ),
    max_size=3,
)


@contextlib.contextmanager
def opened(kinds: Sequence[str]) -> Iterator[list[int]]:
    """Descriptors of those kinds, for a moment."""
    fds: list[int] = []
    more: list[int] = []
    try:
        for kind in kinds:
            if kind == "pipe":
                reader, writer = os.pipe()
                fds.append(reader)
                more.append(writer)
            elif kind == "socket":
                fds.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).detach())
            else:
                fds.append(os.memfd_create("liar"))
                os.write(fds[-1], b"ok" if kind == "file" else b"")
        yield fds
    finally:
        protocol.close_all([*fds, *more])


def packet(frame: Mapping[str, Any]) -> bytes:
    return json.dumps(frame).encode()


class Liar(ForkServer):
    """A fork server that is nothing but its socket, and says what it is told to."""

    def __init__(self, plan: CellPlan, says: Sequence[tuple[bytes, Sequence[str]]]) -> None:
        super().__init__(plan, Slots(2_000_000_000, 4096))
        self._says = list(says)
        host, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        host.setblocking(False)
        self._sock = host
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(host.fileno(), self._hear)

    def speak(self) -> None:
        """Say the next thing; at the end be gone."""
        if not self._says:
            self._theirs.close()
            return
        data, kinds = self._says.pop(0)
        with opened(kinds) as fds, contextlib.suppress(OSError):
            protocol.send_packet(self._theirs, data, fds)

    async def close(self) -> None:
        self._theirs.close()
        await super().close()


ORDER_LIMITS = {"cpu": 1.0, "wall": 5.0, "memory": 64 * MIB, "processes": 1, "disk": MIB}


def order(collect: bool) -> Order:
    wanted = {"patterns": ["*"], "files": 4, "bytes": 1000} if collect else None
    return Order(["main.py"], {}, None, b"", {}, ORDER_LIMITS, 1000, 16000, wanted)


async def conversation(plan: CellPlan, says: Sequence[tuple[bytes, Sequence[str]]]) -> None:
    """Make a cell and run a program in it, over what the liar says."""
    server = Liar(plan, says)
    speaking = asyncio.create_task(_speak(server, len(says) + 1))
    try:
        cell = await server.cell()
        try:
            ran = await cell.run(order(collect=True))
            outcome = decide(ran.ending, berm.Limits(), flooded=False, memory_ceiling=MIB)
            # Whoever asked gets all of it as JSON, in UTF-8.
            told = [outcome.kind, ran.ending.usage.cpu_time, list(ran.files), ran.refused]
            json.dumps([told, ran.denials], ensure_ascii=False, allow_nan=False).encode("utf-8")
            assert sum(len(file.data) for file in ran.files.values()) <= 1000
        finally:
            await cell.close()
    except CellError:
        pass
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        await server.close()


async def _speak(server: Liar, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0.001)
        server.speak()


@pytest.fixture(scope="module", params=["namespaces", "confined"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    try:
        async with berm.Engine(berm.Config(plan=request.param)) as made:
            await made.run("pass")
            yield made
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


async def test_whatever_a_fork_server_says_the_host_has_a_result_or_an_error(
    engine: berm.Engine,
) -> None:
    """Parked as it should be, then lies; or lies from the beginning."""
    plan = next(pool.plan for pool in engine.pools)
    asked: list[list[tuple[bytes, list[str]]]] = [[(packet(ENDED), ["file"])]]
    parked: tuple[bytes, list[str]] = (packet(PARKED), [])

    @settings(max_examples=250 * TIMES, suppress_health_check=list(HealthCheck))
    @given(says=PACKETS, honest=st.booleans())
    def sample(says: list[tuple[bytes, list[str]]], honest: bool) -> None:
        asked.append([parked, *says] if honest else says)

    sample()
    await asyncio.sleep(0.3)  # until the engine's own pool is still
    before = len(os.listdir("/proc/self/fd"))
    for says in asked:
        await conversation(plan, says)
        assert len(os.listdir("/proc/self/fd")) <= before, says


PROBE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
done = [name for name, *arguments in (
    ("unshare", 0x10000000), ("ptrace", 0, 0, 0, 0), ("setuid", 0), ("chroot", b"/"),
    ("sethostname", b"x", 1), ("socket", 2, 1, 0),
) if getattr(libc, name)(*arguments) != -1]
print("ran", *done)
"""
ORDERS = (
    {"op": "cell", "id": 900, "owner": [1, 1]},
    {"op": "watch", "id": 900, "at": 0.0, "limits": ORDER_LIMITS, "collect": None},
    {"op": "watch", "id": 1, "at": 0.0, "limits": ORDER_LIMITS, "processor": 0},
    {"op": "room", "id": 1, "disk": 64 * MIB},
    {"op": "end", "id": 1},
    {"op": "signal", "id": 1, "number": 9},
)
HEARD = st.lists(
    st.tuples(st.one_of(*map(changed, ORDERS)).map(lambda f: json.dumps(f).encode()) | RAW, FDS),
    min_size=1,
    max_size=3,
)


async def test_whatever_a_fork_server_hears_it_weakens_no_filter(engine: berm.Engine) -> None:
    """It ends, with every cell of its, or goes on; a program that it runs afterwards is confined."""
    plan = next(pool.plan for pool in engine.pools)
    asked: list[list[tuple[bytes, list[str]]]] = []

    @settings(max_examples=25 * TIMES, suppress_health_check=list(HealthCheck))
    @given(says=HEARD)
    def sample(says: list[tuple[bytes, list[str]]]) -> None:
        asked.append(says)

    sample()
    ran = 0
    server: ForkServer | None = None
    try:
        for says in asked:
            if server is None or server.dead:
                if server is not None:
                    await server.close()
                server = ForkServer(plan, Slots(2_000_100_000, 4096))
                await server.start()
            for data, kinds in says:
                assert server._sock is not None
                with opened(kinds) as fds, contextlib.suppress(OSError):
                    protocol.send_packet(server._sock, data, fds)
            with contextlib.suppress(CellError):
                ran += await probed(await server.cell(), asked_of(request({})))
    finally:
        if server is not None:
            await server.close()
    assert ran > 0


REQUEST: Mapping[str, Any] = {
    "op": "run",
    "env": {},
    "files": [["main.py", len(PROBE), 0o644]],
    "rlimits": {"cpu": 2},
    "entry": "main.py",
    "args": [],
    "names": ["main.py"],
    "terminal": False,
}
WORDS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([0, 1, 3, 2**32, 2**64 - 1, 0x1000000000])),
    max_size=2,
)
"""Which words of a script are others, and which."""


def request(odd: Mapping[str, Any]) -> dict[str, Any]:
    return {**REQUEST, **odd}


def asked_of(frame: Mapping[str, Any], words: Sequence[tuple[int, int]] = ()) -> bytes:
    """The script of a request, some of its words changed; the frame, where no script can be made of it."""
    told = {name: value for name, value in frame.items() if name not in ("files", "rlimits")}
    try:
        script = launch.interpret(frame["files"], frame["rlimits"], packet(told))
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, struct.error):
        return packet(frame)
    except protocol.FrameError:
        return packet(told)
    image = bytearray(script)
    for place, word in words:
        if 8 * place + 8 <= len(image):
            struct.pack_into("=Q", image, 8 * place, word)
    return bytes(image)


async def probed(cell: Cell, asked: bytes) -> int:
    """Send a parked cell a request, and return 1 if the probe ran; it must have been confined."""
    reader, writer = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    bundle = os.memfd_create("bundle")
    os.write(bundle, PROBE.encode())
    try:
        with contextlib.suppress(OSError, CellError):
            protocol.send_packet(cell._program, asked, [null, writer, writer, bundle])
            cell._say(
                {
                    "op": "watch",
                    "id": cell.number,
                    "at": time.monotonic(),
                    "limits": {**ORDER_LIMITS, "processes": 4},
                }
            )
        os.close(writer)
        writer = -1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.shield(cell._news)
        await cell.close()
        os.set_blocking(reader, False)
        said = b""
        with contextlib.suppress(BlockingIOError):
            said = os.read(reader, 4096)
    finally:
        protocol.close_all(fd for fd in (reader, writer, null, bundle) if fd >= 0)
    assert not said.startswith(b"ran "), (asked, said)
    return said.startswith(b"ran\n")


async def test_whatever_a_cell_is_asked_it_weakens_no_filter(engine: berm.Engine) -> None:
    """Every field of the request itself, past all that the host checks before it sends one."""
    pool = next(pool for pool in engine.pools)
    hoard = packet({"op": "hoard", "size": 1, "rlimits": {}})
    asked: list[bytes] = [asked_of(request({})), hoard]

    @settings(max_examples=40 * TIMES, suppress_health_check=list(HealthCheck))
    @given(
        frame=changed(REQUEST) | st.builds(request, st.fixed_dictionaries({"env": ENVIRONMENTS})),
        words=st.just(()) | WORDS,
    )
    def sample(frame: dict[str, Any], words: Sequence[tuple[int, int]]) -> None:
        asked.append(asked_of(frame, words))

    sample()
    ran = 0
    for one in asked:
        ran += await probed(await pool.take(), one)
    assert ran > 0
    assert (await engine.run("print(1)")).text == "1\n"


ENVIRONMENTS = st.dictionaries(
    st.sampled_from(["LD_PRELOAD", "PYTHONPATH", "PYTHONSTARTUP", "PATH", "HOME", "BERM_PLAN"]),
    ODD.map(str) | st.sampled_from([".", "/proc/self/root", "./evil.so"]),
    max_size=3,
)

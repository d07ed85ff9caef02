"""Pages that every cell writes to are copied by its fork: what is pinned, and what it saves."""

import asyncio
import ctypes
import mmap
import os
import resource
from pathlib import Path

import pytest

import berm
from berm.cell.builder import ForkServer, Slots
from berm.cell.cell import Cell
from berm_cell import _syscalls as sys_
from berm_cell import hot

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation("userns"),
    pytest.mark.requires_toolchain("python"),
]


def forking(pid: int) -> int:
    """The process that forks cells: the one inside the pid namespace."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def pinned(pid: int) -> int:
    """Kibibytes that a fork server has pinned; the outer process made what pins, and is told so."""
    return sum(_pinned(one) for one in {pid, forking(pid)})


def _pinned(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmPin:")))


def faults(pid: int) -> int:
    """Page faults of the processes that this one reaped."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[8])


def has_rings() -> bool:
    """Whether the kernel gives an io_uring instance (io_uring_setup(2))."""
    ring = ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120))
    if ring >= 0:
        os.close(ring)
    return ring >= 0


@pytest.mark.serial  # what one user's processes may pin is one sum, which others' fork servers take from
async def test_the_first_cell_learns_for_all_others():
    if not has_rings():
        pytest.skip("no io_uring here, so that nothing is pinned")
    async with berm.Engine(berm.Config(plan="namespaces", pool_floor=0, pool_ceiling=0)) as engine:
        first = await engine.run("print(1)")
        held = pinned(engine.pools[0].server_pid)
        server = forking(engine.pools[0].server_pid)
        assert 512 <= held <= 8192
        before = faults(server)
        for _ in range(5):
            again = await engine.run("import sys; print(sys.flags.isolated)")
            assert again.text == "0\n", again
        await asyncio.sleep(0.1)
        # Each would have had one fault a pinned page, and the fork server some as well.
        assert (faults(server) - before) / 5 < held / 4
        assert first.text == "1\n"


@pytest.mark.serial
async def test_root_pins_past_what_a_user_may_lock():
    if not has_rings() or os.geteuid() != 0:
        pytest.skip("needs io_uring, and root with CAP_IPC_LOCK")
    ring = hot.Ring()
    if not sys_.may_lock():
        ring.close()
        pytest.skip("this root has no CAP_IPC_LOCK")
    before = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    page = mmap.mmap(-1, 4 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, before[1]))
    try:
        assert ring.pin([(address, 4 * mmap.PAGESIZE)])
    finally:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, before)
        ring.close()


@pytest.mark.serial
async def test_what_pins_is_made_before_the_capability_goes():
    if not has_rings() or not sys_.may_lock():
        pytest.skip("needs io_uring and CAP_IPC_LOCK")
    before = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, before[1]))
    try:
        async with berm.Engine(berm.Config(plan="namespaces")) as engine:
            await engine.run("print(1)")
            assert pinned(engine.pools[0].server_pid) >= 512
    finally:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, before)


def test_where_nothing_can_be_pinned_the_ring_is_let_go(monkeypatch):
    monkeypatch.setattr(hot.sys_, "new_ring", lambda: os.open("/dev/null", os.O_RDONLY))
    ring = hot.Ring()
    assert ring.works
    assert not ring.pin([(0, 4096)])
    assert not ring.works


@pytest.mark.serial
@pytest.mark.requires_toolchain("c")
async def test_only_interpreters_that_run_programs_pin():
    async with berm.Engine(berm.Config(plan="namespaces", pool_floor=0, pool_ceiling=0)) as engine:
        program = await engine.prepare("int main(void) { return 0; }", "c")
        assert (await engine.execute(program)).outcome.ok
        program.close()
        for pool in engine.pools:
            assert pinned(pool.server_pid) == 0


async def test_a_parked_cell_costs_what_its_fork_copied_too(monkeypatch):
    costs = []
    parked = Cell.parked

    async def noted(cell: Cell) -> None:
        await parked(cell)
        costs.append(cell.cost)

    monkeypatch.setattr(Cell, "parked", noted)
    async with berm.Engine(berm.Config(plan="namespaces")) as engine:
        plan = engine._plan(
            engine.registry.get("python").run_step("main.py", (), berm.Limits(), None)
        )
        server = ForkServer(plan, Slots(engine.config.uid_base, engine.config.uid_count))
        await server.start()
        for _ in range(3):
            await (await server.cell()).close()
        await server.close()
    first, *others = costs
    assert min(others) > 0.4 * first, costs

"""Where there is no launcher a process is forked instead, and programs see no difference; one that dies is told."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import berm
from berm.cell import builder
from berm.cell.builder import ForkServer, Slots
from berm.cell.files import Bundle, File
from berm.errors import CellError
from berm.model import MIB
from berm_cell import script

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("bash"),
]

LACKS = {
    "close_range": {"_syscalls.py": "def has_close_range():\n    return False\n"},
    "x86-64": {
        "confinement.py": "script.IS_X86_64 = False\n",
        "_syscalls.py": "IS_X86_64 = False\n",
    },
    "files in memory": {
        "carried.py": (
            "_hold = hold\n"
            "def hold(name, image):\n"
            "    if name == 'launch':\n"
            "        raise OSError(38, 'no memfd_create')\n"
            "    return _hold(name, image)\n"
        )
    },
    "executable files in memory": {
        "carried.py": (
            "_hold = hold\n"
            "def hold(name, image):\n"
            "    fd = _hold(name, image)\n"
            "    if name == 'launch':\n"
            "        os.fchmod(fd, 0o600)\n"
            "    return fd\n"
        )
    },
}
"""What a machine may be without, as lines at the end of the launcher's modules."""


@pytest.fixture(params=["namespaces", "confined"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    try:
        async with berm.Engine(berm.Config(plan=request.param)) as opened:
            opened.enforcement()
            yield opened
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


def images(descendants, engine) -> list[str]:
    """The executables of all processes below the fork servers."""
    pids = {pid for pool in engine.pools for pid in descendants(pool.server_pid)}
    return [os.path.basename(os.readlink(f"/proc/{pid}/exe")) for pid in pids]


def has_launchers(names) -> bool:
    return any(name.removeprefix("memfd:").split()[0] == "launch" for name in names)


async def started(engine, *argv: str, files, env=None):
    """What a command wrote and how it ended."""
    step = engine.registry.get("bash").run_step("main.sh", (), berm.Limits(), None)
    step = dataclasses.replace(step, argv=argv or step.argv)
    bundle = Bundle({name: File(data) for name, data in files.items()})
    try:
        ran = await engine._perform(step, bundle, b"", berm.Limits(), env=env)
    finally:
        bundle.close()
    code = os.waitstatus_to_exitcode(ran.ending.status or 0)
    return code, ran.stdout.decode(), ran.stderr.decode()


@pytest.mark.parametrize("lacks", LACKS)
async def test_programs_see_no_difference(engine, changed, descendants, lacks) -> None:
    changed(LACKS[lacks])
    await engine.warm(["bash"])
    rooted = engine.enforcement().plan == "namespaces"
    if "memory" in lacks and rooted:
        pytest.skip("the launcher stands in the root")
    assert not has_launchers(images(descendants, engine))
    await engine.prove()
    shows = b"read line < d/f; echo $line $A; umask; ulimit -n; trap; exit 3"
    code, out, err = await started(
        engine, files={"main.sh": shows, "d/f": b"content"}, env={"A": "x" * 120_000}
    )
    assert (code, err) == (3, "")
    assert out.split() == ["content", "x" * 120_000, "0022", str(berm.Limits().open_files)]
    assert await started(engine, "./none", files={}) == (
        127,
        "",
        "berm: cannot start ./none: No such file or directory\n",
    )
    assert await started(engine, files={"a": b"", "a/b": b""}) == (
        127,
        "",
        "berm: the program cannot be started: File exists\n",
    )
    used = (await engine.run("x=$(printf '%0200d' 1)", "bash")).usage.memory
    assert 0 < used < 16 * MIB


async def test_a_launcher_that_dies_at_once_is_told_and_outlived(engine, changed) -> None:
    if not script.IS_X86_64:
        pytest.skip("the launcher is of x86-64")
    # Its first instruction is one that there is not (ud2).
    dies = "_at = IMAGE.index(_LAUNCH)\nIMAGE = IMAGE[:_at] + bytes([15, 11]) + IMAGE[_at + 2 :]\n"
    changed({"machine.py": dies})
    plan = engine._plan(engine.registry.get("bash").run_step("main.sh", (), berm.Limits(), None))
    server = ForkServer(plan, Slots(engine.config.uid_base, engine.config.uid_count))
    try:
        await server.start()
        for _ in range(20):
            with pytest.raises(CellError):
                await server.cell()
            assert not server.dead
        cell = await server.cell(forks=True)
        await cell.close()
    finally:
        await server.close()


async def test_a_layer_that_a_launcher_cannot_apply_is_told_by_its_name(engine, changed) -> None:
    changed(
        {"limits.py": "RLIMITS['core'] = 1000\ndef at_most_hard(name, value):\n    return value\n"}
    )
    plan = engine._plan(engine.registry.get("bash").run_step("main.sh", (), berm.Limits(), None))
    server = ForkServer(plan, Slots(engine.config.uid_base, engine.config.uid_count))
    try:
        await server.start()
        for forks in (False, True):
            with pytest.raises(CellError, match="rlimits") as raised:
                await server.cell(forks=forks)
            assert "prlimit64: Invalid argument" in str(raised.value)
            assert not server.dead
    finally:
        await server.close()


REFUSED_AT_FIRST = """
def refused(function, left=[1, 1, 1, 1]):
    def call(*args, **words):
        if left:
            left.pop()
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return function(*args, **words)
    return call
"""
NO_PROCESS = {
    "the init": {"init.py": REFUSED_AT_FIRST + "spawn = refused(spawn)\n"},
    "the launcher": {
        "confinement.py": REFUSED_AT_FIRST + "Confinement.launch = refused(Confinement.launch)\n"
    },
    "a fork": {"cells.py": REFUSED_AT_FIRST + "os.fork = refused(os.fork)\n"},
    "descriptors": {"cells.py": REFUSED_AT_FIRST + "_socketpair = refused(_socketpair)\n"},
}
"""What there may be none of for a while: processes, and descriptors."""


@pytest.mark.parametrize("lacks", NO_PROCESS)
async def test_a_cell_that_cannot_be_made_leaves_nothing(
    engine, changed, descendants, eventually, lacks
) -> None:
    namespaces = engine.enforcement().plan == "namespaces"
    if (lacks == "the init" and not namespaces) or (lacks == "a fork" and namespaces):
        pytest.skip("cells of this plan have no such thing, or their fork server has it too")
    changed(NO_PROCESS[lacks])
    plan = engine._plan(engine.registry.get("bash").run_step("main.sh", (), berm.Limits(), None))
    server = ForkServer(plan, Slots(engine.config.uid_base, engine.config.uid_count))
    try:
        await server.start()

        def left() -> list[tuple[str, int]]:
            found = []
            for pid in {server.pid, *descendants(server.pid)}:
                name = Path(f"/proc/{pid}/comm").read_text().strip()
                if name != "berm-undertaker":  # which may still be about to start
                    found.append((name, len(os.listdir(f"/proc/{pid}/fd"))))
            return sorted(found)

        before: list[tuple[str, int]] = []
        for _ in range(4):
            with pytest.raises(CellError, match="unavailable"):
                await server.cell(forks=lacks == "a fork")
            if not before:
                await asyncio.sleep(
                    0.5
                )  # for what a fork server opens once it has said that it is ready
                before = left()
        eventually(lambda: left() == before)
        cell = await server.cell(forks=lacks == "a fork")
        await cell.close()
        assert not server.dead
    finally:
        await server.close()


def test_a_copy_of_the_launcher_has_all_that_it_is_changed_in():
    names = {name for lines in LACKS.values() for name in lines}
    assert names <= {path.name for path in Path(builder.LAUNCHER).iterdir()}

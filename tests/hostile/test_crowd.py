"""What one run at a time does not show: crowds, a service that is killed, files with special names."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import berm
from berm.audit.attack import all_attacks, part
from berm.audit.verdict import end_of
from berm.model import MIB

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", params=["namespaces", "confined"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    """An engine of each family of plan that runs many at once."""
    config = berm.Config(plan=request.param, runs_at_a_time=24, pool_ceiling=2)
    try:
        async with berm.Engine(config) as opened:
            opened.enforcement()
            yield opened
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


LIST_DESCRIPTORS = """
import fcntl
found = []
for fd in range(64):
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
        found.append(fd)
    except OSError:
        pass
print(found)
"""


async def test_two_hundred_runs_at_once_have_three_descriptors_each(engine: berm.Engine) -> None:
    async def one() -> str:
        return (await engine.run(LIST_DESCRIPTORS)).text

    seen = await asyncio.gather(*(one() for _ in range(200)))
    assert set(seen) == {"[0, 1, 2]\n"}


#: Attack → how it has to end, whatever its neighbours do.
BOMBS = {
    "memory-bytearray": ("memory_limit", "exited:0"),
    "memory-shared": ("memory_limit", "exited:0"),
    "bomb-fork": ("process_limit", "wall_limit", "cpu_limit"),
    "bomb-fork-count": ("process_limit", "exited:0"),
    "output-flood-stdout": ("output_limit",),
    "cpu-burn": ("cpu_limit",),
    "disk-unlinked": ("file_limit", "exited:0"),
    "wall-sleep": ("wall_limit",),
}


async def test_each_limit_holds_for_its_own_run_only(engine: berm.Engine) -> None:
    async def bomb(name: str) -> tuple[str, str, str]:
        attack = all_attacks()[name]
        files = {item: part(item) for item in attack.support}
        result = await engine.run(attack.text, attack.language, files=files, limits=attack.limits)
        return name, end_of(result.outcome), result.text[:200] + result.stderr[-500:].decode()

    async def innocent(number: int) -> str:
        source = "n = int(input())\nprint(sum(i * i for i in range(n)))\n"
        limits = berm.Limits(wall_time=30, cpu_time=10, memory=64 * MIB)
        result = await engine.run(source, stdin=str(number), limits=limits)
        assert result.outcome.ok, (result.outcome, result.stderr)
        return result.text

    bombs = asyncio.gather(*(bomb(name) for name in [*BOMBS, *BOMBS]))
    results = await asyncio.gather(*(innocent(10_000 + i) for i in range(8)))
    assert results == [f"{sum(i * i for i in range(10_000 + n))}\n" for n in range(8)]
    for name, end, text in await bombs:
        assert end in BOMBS[name], (name, end, text)
        assert "ESCAPED" not in text, (name, text)


#: Names that some runtime or loader runs or reads before the program.
STARTUP_FILES = (
    *("sitecustomize.py", "usercustomize.py", "encodings/__init__.py", "json.py", "site.py"),
    *("os.py", "_ctypes.py", "io.py", "evil.pth", "pyvenv.cfg", "__pycache__/os.cpython-311.pyc"),
    *("python311.zip", ".pythonrc", "package.json", ".noderc", "node_modules/fs/index.js"),
    *(
        "ld.so.preload",
        "libc.so.6",
        ".profile",
        ".bashrc",
        "META-INF/MANIFEST.MF",
        "java/lang/String.class",
    ),
)
TELL = (
    "import sys\n"
    "sys.stderr.write('FILTER ' + ','.join(l.split()[1] for l in open('/proc/self/status') if l.startswith(('Seccomp:', 'NoNewPrivs:'))) + chr(10))\n"
)


@pytest.mark.parametrize("name", STARTUP_FILES)
async def test_no_file_of_a_submission_runs_before_the_filter(
    engine: berm.Engine, name: str
) -> None:
    result = await engine.run("print('main')", files={name: TELL})
    shadowed = name in {"io.py", "os.py", "site.py"}
    assert result.text == "main\n" or shadowed, (result.outcome, result.stderr)
    told = [line for line in result.stderr.splitlines() if line.startswith(b"FILTER")]
    assert all(line == b"FILTER 1,2" for line in told), told


SERVICE = """
import asyncio, sys
import berm
async def main():
    async with berm.Engine(berm.Config(plan=sys.argv[1])) as engine:
        daemons = open(sys.argv[2]).read()
        limits = berm.Limits(wall_time=60, processes=20)
        await engine.run(daemons + "\\nprint('up', flush=True)\\ntime.sleep(60)\\n",
                         limits=limits, on_stdout=lambda data: print("up", flush=True))
asyncio.run(main())
"""


@pytest.mark.parametrize("plan", ["namespaces", "confined"])
def test_nothing_is_left_of_a_hostile_run_whose_service_is_killed(
    plan: str, tmp_path: Path
) -> None:
    daemons = tmp_path / "daemons.py"
    daemons.write_text(all_attacks()["daemon-double-fork"].text)
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE, plan, str(daemons)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as service:
        assert service.stdout is not None
        assert service.stderr is not None
        if service.stdout.readline() != b"up\n":
            service.kill()
            text = service.stderr.read().decode()
            if "IsolationError" in text:
                pytest.skip(f"the {plan} plan does not work here")
            pytest.fail(text)
        below = _below(service.pid)
        assert below, "the service has no cells"
        service.send_signal(signal.SIGKILL)
        service.communicate()
    deadline = time.monotonic() + 15
    while (left := _living(below)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left, left


def _table() -> dict[int, tuple[int, str, str]]:
    """Return pid → (parent, state, start time) of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                found[int(name)] = (int(fields[1]), fields[0], fields[19])
    return found


def _below(root: int) -> dict[int, str]:
    table = _table()
    found: dict[int, str] = {}
    front = [root]
    while front:
        parent = front.pop()
        for pid, (of, _, start) in table.items():
            if of == parent and pid not in found:
                found[pid] = start
                front.append(pid)
    return found


def _living(known: dict[int, str]) -> list[int]:
    """Return those of ``known`` that still run, told apart from others by their start time."""
    table = _table()
    return [
        pid
        for pid, start in known.items()
        if pid in table and table[pid][2] == start and table[pid][1] not in "ZX"
    ]

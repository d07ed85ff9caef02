"""64 runs at once under one uid, as in Azure Container Apps: every limit holds for its own run only.

48 of them go over a limit or for the others, 16 are honest, and all 16 must be right. As root it goes through the simulator of
environments ($BERM_SIMULATOR, or ../shared/sim beside the checkout), as uid 1000 here and in ``aca``, because one
uid for all runs is what makes this hard; as an ordinary user it runs as it is.
"""

import asyncio
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import berm
from berm.model import MIB, Limits

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = Path(os.environ.get("BERM_SIMULATOR") or ROOT.parent / "shared" / "sim") / "envsim"
AT_ONCE = 64
HONEST = 16
LIMITS = Limits(
    cpu_time=60, wall_time=60, memory=96 * MIB, processes=12, disk=4 * MIB, file_size=2 * MIB
)
UNHURT = dataclasses.replace(LIMITS, wall_time=120, cpu_time=120)

HONEST_PROGRAM = """
import hashlib, threading
seed = input()
found = []
def work(part):
    value = hashlib.sha256(f"{seed} {part}".encode()).digest()
    for _ in range(20000):
        value = hashlib.sha256(value).digest()
    found.append((part, value.hex()))
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with open("result", "w") as file: file.write(repr(sorted(found)))
with open("result") as file: print(file.read())
"""

#: What it does → language, source, limits that differ, the ends that are right.
HOSTILE = {
    "memory": (
        "python",
        "x = []\nwhile True: x.append(bytearray(b'x') * (1 << 20))\n",
        {},
        {"memory_limit"},
    ),
    "shared memory": (
        "python",
        "import mmap\nm = mmap.mmap(-1, 400 << 20)\nfor i in range(0, len(m), 4096): m[i] = 1\nprint('ESCAPED')\n",
        {},
        {"memory_limit", "exited", "signalled"},
    ),
    "threads": (
        "python",
        (
            "import threading, time\nfor n in range(40): threading.Thread(target=time.sleep, args=(5,)).start()\n"
            "print('ESCAPED', threading.active_count())\n"
        ),
        {},
        {"process_limit", "exited"},
    ),
    "processes": (
        "python",
        "import os\nwhile True:\n    try: os.fork()\n    except PermissionError: raise SystemExit(5)\n",
        {},
        {"process_limit", "exited"},
    ),
    "one file": (
        "python",
        "with open('f', 'wb') as f:\n    for n in range(64): f.write(b'x' * (1 << 20))\nprint('ESCAPED')\n",
        {},
        {"file_limit", "exited"},
    ),
    "many files": (
        "python",
        (
            "import time\nfor n in range(64):\n    with open(f'f{n}', 'wb') as f: f.write(b'x' * (1 << 20))\n"
            "    time.sleep(0.02)\nprint('ESCAPED')\n"
        ),
        {},
        {"file_limit"},
    ),
    "CPU time": (
        "python",
        (
            "import threading\ndef spin():\n    while True: pass\n"
            "for n in range(4): threading.Thread(target=spin).start()\nspin()\n"
        ),
        {"cpu_time": 0.5},
        {"cpu_limit"},
    ),
    "real time": (
        "python",
        "import time\ntime.sleep(50)\nprint('ESCAPED')\n",
        {"wall_time": 1.0},
        {"wall_limit"},
    ),
    "output": (
        "python",
        "while True: print('x' * 8192)\n",
        {"output": 64 * 1024},
        {"output_limit"},
    ),
    "signals": (
        "python",
        (
            "import ctypes, os, signal\n"
            "me = os.getpid()\n"
            "for pid in [-1, *range(max(1, me - 300), me + 300)]:\n"
            "    if pid == me: continue\n"
            "    for number in (signal.SIGSTOP, signal.SIGKILL):\n"
            "        try: os.kill(pid, number)\n        except OSError: continue\n"
            "        print('ESCAPED', pid, number)\n"
        ),
        {},
        {"exited"},
    ),
    "priorities": (
        "python",
        (
            # Those that started about when it did; past 2,000 refusals each further one would wait.
            "import os, resource\n"
            "me = os.getpid()\n"
            "for pid in range(max(1, me - 300), me + 300):\n"
            "    if pid == me: continue\n"
            "    for act in (lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),\n"
            "                lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)),\n"
            "                lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1))):\n"
            "        try: act()\n        except (OSError, ValueError): continue\n"
            "        print('ESCAPED', pid)\n"
        ),
        {},
        {"exited"},
    ),
    "others' files": (
        "python",
        (
            "import os\n"
            "for top in ('..', '../..', '../../..', '/tmp', '/proc', '/var/tmp'):\n"
            "    try: print('ESCAPED', top, os.listdir(top)[:3])\n    except OSError: pass\n"
            "    for act in (os.chmod, os.mkdir):\n"
            "        try: act(top + ('' if act is os.chmod else '/planted'), 0o777)\n        except OSError: continue\n"
            "        print('ESCAPED', act.__name__, top)\n"
        ),
        {},
        {"exited"},
    ),
}


def expected(seed: str) -> str:
    import hashlib

    found = []
    for part in range(3):
        value = hashlib.sha256(f"{seed} {part}".encode()).digest()
        for _ in range(20000):
            value = hashlib.sha256(value).digest()
        found.append((part, value.hex()))
    return repr(sorted(found))


FIGURES: dict[str, list[str]] = {}
"""What runs of each kind came to: how they ended, and what they used."""


def note(name: str, result: berm.RunResult) -> None:
    used = result.usage
    FIGURES.setdefault(name, []).append(
        f"{result.outcome.kind.value}, {used.memory / MIB:.0f} MiB, {used.processes} processes,"
        f" {used.cpu_time:.2f} s CPU, {used.wall_time:.1f} s"
    )


async def all_at_once() -> list[str]:
    """Run all 64 at a time; return everything that is wrong."""
    wrong = []
    async with berm.Engine(
        berm.Config(runs_at_a_time=AT_ONCE, plan="confined", pool_ceiling=8)
    ) as engine:
        await engine.warm(["python"])
        held = engine.enforcement("python").guarantees
        wrong += [f"{one} is not held" for one in berm.Guarantee if one not in held]

        async def honest(number: int) -> None:
            seed = f"honest {number}"
            result = await engine.run(HONEST_PROGRAM, stdin=seed, limits=UNHURT)
            note("honest", result)
            if not result.outcome.ok or result.text.strip() != expected(seed) or result.stderr:
                wrong.append(
                    f"{seed}: {result.outcome} {result.text[:200]} {result.stderr[-300:]!r}"
                )

        async def hostile(name: str) -> None:
            language, source, changes, ends = HOSTILE[name]
            limits = dataclasses.replace(LIMITS, **changes)
            result = await engine.run(source, language, limits=limits)
            note(name, result)
            if result.outcome.kind.value not in ends or b"ESCAPED" in result.stdout:
                wrong.append(
                    f"{name}: {result.outcome} {result.text[:300]} {result.stderr[-300:]!r} {result.usage}"
                )

        names = list(HOSTILE) * (AT_ONCE // len(HOSTILE) + 1)
        tasks = [hostile(name) for name in names[: AT_ONCE - HONEST]]
        # The honest ones in between, so that all are running when the others are.
        for number in range(HONEST):
            tasks.insert(number * (AT_ONCE // HONEST), honest(number))
        assert len(tasks) == AT_ONCE
        await asyncio.gather(*tasks)
    return wrong


@pytest.mark.serial
@pytest.mark.timeout(300)
@pytest.mark.requires_isolation("subreaper", "proc_children", landlock_abi=1)
@pytest.mark.parametrize("environment", ["bare-user", "aca"])
def test_every_limit_holds_for_its_own_run_only(environment, tmp_path):
    if os.geteuid() != 0:
        if environment == "bare-user":
            assert asyncio.run(all_at_once()) == []
            return
        pytest.skip("the simulator of environments needs root")
    if not SIMULATOR.exists() or shutil.which("crun") is None:
        ci = os.environ.get("CI", "").lower() in ("1", "true", "yes")
        (pytest.fail if ci else pytest.skip)(f"no simulator of environments: {SIMULATOR}")
    folder = Path("/var/tmp") / f"berm-many-{os.getpid()}"
    folder.mkdir()
    try:
        shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(__file__, folder / "many.py")
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        environ = {**os.environ, "PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [SIMULATOR, environment, sys.executable, "many.py"],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
        )
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == []


if __name__ == "__main__":
    found = asyncio.run(all_at_once())
    for name, figures in FIGURES.items():
        print(name, *sorted(figures), sep="\n    ")
    print(json.dumps(found))

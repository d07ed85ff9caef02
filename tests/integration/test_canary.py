"""The canary finds each layer that is not there, and a pool that it escapes from gives out no cell."""

from __future__ import annotations

import dataclasses
import os
import shlex
import subprocess
import sys

import pytest

import berm
from berm.cell.builder import Slots
from berm.cell.pool import Pool
from berm.model import Guarantee
from berm.policy.plan import CellPlan

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]


async def _plan(family: str, ablate: tuple[str, ...]) -> CellPlan:
    """A plan that promises everything and leaves layers out, as a lying kernel would."""
    async with berm.Engine(berm.Config(plan=family, ablate=ablate)) as engine:
        language = engine.registry.get("python")
        plan = engine._plan(language.run_step("main.py", (), berm.Limits(), None))
    everything = dict.fromkeys(Guarantee, ("claimed",))
    promise = dataclasses.replace(plan.enforcement, guarantees=everything)
    return dataclasses.replace(plan, enforcement=promise)


async def _start(plan: CellPlan) -> None:
    pool = Pool(plan, Slots(2_000_000_000, 4096), 1, canary_base="/tmp")
    try:
        await pool.start()
    finally:
        await pool.close()


@pytest.mark.parametrize("family", ["namespaces", "confined"])
async def test_a_whole_plan_passes(family: str) -> None:
    try:
        plan = await _plan(family, ())
    except berm.IsolationError as error:
        pytest.skip(str(error))
    await _start(plan)


@pytest.mark.requires_isolation(landlock_abi=6)
@pytest.mark.parametrize(
    ("ablate", "found"),
    [
        (("landlock-fs",), "filesystem: read a file of the host"),
        (("seccomp", "landlock-net"), "network: connected to a port of the host"),
        (("seccomp", "landlock-scope"), "processes: could signal the service"),
        (("seccomp",), "network: opened a UDP socket"),
        (("rlimits", "watchdog"), "memory: took and kept more than its limit"),
    ],
)
async def test_a_missing_layer_is_found(ablate: tuple[str, ...], found: str) -> None:
    if os.geteuid() == 0 and "landlock-scope" in ablate:
        pytest.skip("as root the uid of the program's own keeps it from the service as well")
    plan = await _plan("confined", ablate)
    with pytest.raises(berm.IsolationError, match=found):
        await _start(plan)


@pytest.mark.requires_root
async def test_a_service_that_is_process_2_is_not_taken_for_the_canary_itself() -> None:
    """As below the image's init: in its cell's own pid namespace the canary has such a number too."""
    program = """
import asyncio, os, berm
async def main():
    async with berm.Engine(berm.Config()) as engine:
        print(os.getpid(), (await engine.run("print(42)", language="python")).stdout)
asyncio.run(main())
"""
    words = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c"]
    script = f"{shlex.join([sys.executable, '-c', program])}; exit $?"
    done = subprocess.run([*words, script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "2 b'42\\n'\n", done.stderr


@pytest.mark.requires_root
async def test_no_ablation_runs_a_program_as_root() -> None:
    """Else one ``kill(-1)`` in an attack ends every process of the machine. It did, once."""
    with pytest.raises(berm.IsolationError, match="would run as root"):
        await _plan("confined", ("uid",))

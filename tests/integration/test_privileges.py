"""What a service keeps that was started by root: of what it wants what there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from berm.kernel import privileges

UNIT = Path(__file__).resolve().parents[2] / "deploy/systemd/berm.service"
PROGRAM = """
from berm.kernel import _libc, privileges
_libc.set_capabilities(_libc.effective_capabilities() & ~(1 << privileges.IPC_LOCK))
print(sorted(privileges.keep(privileges.MAP_IDS)), _libc.effective_capabilities())
"""


@pytest.mark.requires_root
def test_a_capability_that_was_left_out_is_done_without() -> None:
    """As in Docker, whose root has no CAP_IPC_LOCK."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    rest = sorted(privileges.MAP_IDS - {privileges.IPC_LOCK})
    assert done.stdout == f"{rest} {sum(1 << number for number in rest)}\n", done.stderr


def test_the_unit_leaves_the_service_what_it_wants() -> None:
    text = UNIT.read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("CapabilityBoundingSet="))
    given = {word.removeprefix("CAP_") for word in line.partition("=")[2].split()}
    wanted = privileges.needed(userns=False, mounts=True) | privileges.needed(
        userns=True, mounts=True
    )
    numbers = {k: v for k, v in vars(privileges).items() if k.isupper() and isinstance(v, int)}
    names = {name for name, number in numbers.items() if number in wanted}
    assert len(names) == len(wanted)
    assert names <= given

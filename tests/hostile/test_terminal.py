"""A program on a terminal: it can use its own, and types into nobody else's (CVE-2017-5226).

Expected: TIOCSTI, TIOCLINUX and TIOCSCTTY are refused; no way leads to a controlling terminal; neither
/dev/tty nor another pty can be opened; what is typed back into its own terminal never reaches the host.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys

import pytest

import berm
from berm.config import Config

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

PROGRAM = r"""
import errno, fcntl, json, os, sys, termios
def tried(name, action):
    try:
        action()
    except OSError as error:
        done[name] = errno.errorcode[error.errno]
    else:
        done[name] = "done"
done = {}
tried("size", lambda: os.get_terminal_size(0))
tried("modes", lambda: termios.tcsetattr(0, termios.TCSANOW, termios.tcgetattr(0)))
tried("control", lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
if "bare" in sys.argv:
    tried("/dev/tty", lambda: os.close(os.open("/dev/tty", os.O_RDWR | os.O_NONBLOCK)))
    tried("exclusive", lambda: fcntl.ioctl(0, termios.TIOCEXCL))  # the last: only root may open it then
    print(json.dumps(done))
    sys.exit()
for letter in b"id\n":
    tried("inject", lambda: fcntl.ioctl(0, termios.TIOCSTI, bytes([letter])))
tried("console", lambda: fcntl.ioctl(0, 0x541C, b"\x02" + bytes(15)))
tried("redirect", lambda: fcntl.ioctl(0, termios.TIOCCONS))
tried("exclusive", lambda: fcntl.ioctl(0, termios.TIOCEXCL))
tried("vhangup", lambda: fcntl.ioctl(0, 0x5437))
tried("discipline", lambda: fcntl.ioctl(0, termios.TIOCSETD, bytes([3, 0, 0, 0])))
for path in ("/dev/tty", "/dev/ptmx", "/dev/pts/ptmx", "/dev/pts/0", "/dev/console", "/dev/tty0"):
    tried(path, lambda: os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK)))
def again():
    fd = os.open("/proc/self/fd/0", os.O_RDWR)
    try:
        fcntl.ioctl(fd, termios.TIOCSTI, b"x")
    finally:
        os.close(fd)
tried("again", again)
tried("group", lambda: os.tcsetpgrp(0, os.getpgrp()))
try:
    with open("/proc/self/stat") as stat:
        done["controlling"] = int(stat.read().rpartition(")")[2].split()[4])
except OSError:
    done["controlling"] = 0  # no /proc here; /dev/tty above is the other name of a controlling terminal
print(json.dumps(done))
"""


@pytest.mark.parametrize("plan", ["namespaces", "confined"])
async def test_a_terminal_is_the_programs_own(plan):
    try:
        async with berm.Engine(Config(plan=plan)) as engine:
            dialogue = berm.Dialogue((80, 24))
            program = await engine.prepare(PROGRAM)
            result = await engine.execute(
                program, limits=berm.Limits(wall_time=30), dialogue=dialogue
            )
            program.close()
    except berm.IsolationError as error:
        pytest.skip(str(error))
    assert result.outcome.exit_code == 0, result.stdout
    done = json.loads(result.stdout)
    assert (done.pop("size"), done.pop("modes")) == ("done", "done")
    assert done.pop("controlling") == 0
    assert not {name for name, how in done.items() if how == "done"}, done


def test_the_same_program_outside_gets_its_terminal(tmp_path):
    """Else the test above would prove nothing."""
    main, side = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-c", PROGRAM, "bare"],
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            timeout=60,
        )
        os.close(side)
        said = b""
        try:
            while piece := os.read(main, 4096):
                said += piece
        except OSError:
            pass
    finally:
        os.close(main)
    done = json.loads(said[said.index(b"{") :])
    assert {done[name] for name in ("control", "exclusive", "/dev/tty")} == {"done"}


async def test_a_terminal_that_is_flooded_or_left_harms_nobody():
    async with berm.Engine() as engine:
        for code in (
            "import os\nwhile True: os.write(1, b'x' * 65536)",
            "import os, termios, time\nos.close(0); os.close(1); os.close(2)\ntime.sleep(60)",
            "import time\ntime.sleep(60)",
        ):
            dialogue = berm.Dialogue((80, 24))
            program = await engine.prepare(code)
            running = asyncio.ensure_future(
                engine.execute(
                    program, limits=berm.Limits(wall_time=2, output=64 << 10), dialogue=dialogue
                )
            )
            await asyncio.sleep(0.3)
            for _ in range(20):
                try:
                    dialogue.write(b"y" * 8192)
                except berm.BusyError:
                    break
            result = await running
            program.close()
            assert result.outcome.kind in ("output_limit", "wall_limit")
            assert len(result.stdout) <= 64 << 10
        assert (await engine.run("print(1)")).text == "1\n"

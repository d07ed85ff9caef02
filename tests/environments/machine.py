"""Running the inside program in one environment, through the simulator."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inside import MARK
from modes import Mode
from toolchain import copy_toolchain

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"
"""The interpreter inside: every user may run it, and a virtual machine has it."""
BOUND = 1800
"""Seconds for one environment, all attacks included."""
VM_SLOWNESS = 8
"""An emulated processor is about this much slower; limits of time grow by it."""
_BOOTS = 4
_NO_TIMER = "IO-APIC + timer doesn't work"
DELEGATED = "/sys/fs/cgroup/delegated"


class SimulatorError(Exception):
    """The simulator, or something that it needs, is not there."""


_running: set[subprocess.Popen[bytes]] = set()


def stop() -> None:
    """End what is running; an environment dies with its simulator."""
    for process in list(_running):
        process.kill()


def simulator() -> Path:
    """Return the folder of the simulator: $BERM_SIMULATOR, or ../shared/sim beside the checkout."""
    folder = Path(os.environ.get("BERM_SIMULATOR") or ROOT.parent / "shared" / "sim")
    if not (folder / "envsim").exists():
        raise SimulatorError(f"no simulator of environments in {folder} (set BERM_SIMULATOR)")
    if os.geteuid() != 0:
        raise SimulatorError("the simulator of environments needs root")
    return folder


def commit() -> str:
    """Return which sources these are, as git names them; - outside of a repository."""
    words = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "-"


def install(folder: Path, *, machines: bool) -> None:
    """Have the simulator install what it needs; a second time this does nothing."""
    command = [str(folder / "install"), *([] if machines else ["--no-vm"])]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SimulatorError(
            f"{' '.join(command)} failed: {(done.stdout + done.stderr).strip()[-500:]}"
        )


@contextlib.contextmanager
def carried(*, machines: bool) -> Iterator[Path]:
    """Copy what goes in to a folder that every user can read, and remove it afterwards."""
    base = "/var/tmp" if os.path.isdir("/var/tmp") else None
    with tempfile.TemporaryDirectory(prefix="berm-environments-", dir=base) as name:
        folder = Path(name)
        folder.chmod(0o755)
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / "src", folder / "src", ignore=ignore)
        for source in (
            ROOT / "tests/environments/inside.py",
            ROOT / "tests/integration/cgroup_checks.py",
        ):
            shutil.copy(source, folder)
        for path in [folder / "src", *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        if machines:
            copy_toolchain(folder / "toolchain")
        yield folder


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """What is run in an environment: names with commas each; empty for all.

    Attributes:
        attacks: ids of attacks.
        languages: those of the attacks.
        programs: languages of the programs that must work.
    """

    attacks: str = ""
    languages: str = ""
    programs: str = ""


def run(mode: Mode, folder: Path, tools: Path, part: Part) -> dict[str, Any]:
    """Run the inside program in ``mode``; return its report, or what went wrong as ``error``.

    An emulated machine whose kernel does not find its timer in time does not boot; it is tried again.
    """
    for _ in range(_BOOTS):
        report = _run(mode, folder, tools, part)
        if mode.simulator != "vm" or _NO_TIMER not in report.get("output", ""):
            break
    return report


def _run(mode: Mode, folder: Path, tools: Path, part: Part) -> dict[str, Any]:
    options = ["--attacks", part.attacks, "--languages", part.languages]
    options += ["--programs", part.programs]
    if mode.lowered:
        options.append("--lowered")
    if mode.landlock_abi is not None:
        options += ["--landlock-abi", str(mode.landlock_abi)]
    if mode.simulator == "vm":
        command = _in_machine(mode, folder, tools, options)
    else:
        inside = [PYTHON, "-B", "inside.py", *options]
        command = [str(tools / "envsim"), *mode.arguments, "env", "PYTHONPATH=src", *inside]
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
    )
    _running.add(process)
    try:
        output, _ = process.communicate(timeout=BOUND + 60)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        tail = _text(output)[-4000:]
        return {"seconds": BOUND, "error": f"not over after {BOUND} s", "output": tail}
    finally:
        _running.discard(process)
    text = _text(output)
    lines = [line for line in text.splitlines() if line.startswith(MARK)]
    seconds = round(time.monotonic() - began)
    if not lines:
        return {
            "seconds": seconds,
            "error": f"no report, exit code {process.returncode}",
            "output": text[-4000:],
        }
    report: dict[str, Any] = json.loads(lines[-1][len(MARK) :])
    report["seconds"] = seconds
    if mode.simulator == "vm" and not mode.user:
        report["cgroup_checks"] = _cgroup_checks(text)
    return report


def _environment() -> dict[str, str]:
    """Return this process's variables without what would make the result another one."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BERM_", "PYTHON", "VIRTUAL_ENV"))
    }


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace").replace("\r", "")


_MARK_CHECKS = "BERM-CGROUP-CHECKS "


def _in_machine(mode: Mode, folder: Path, tools: Path, options: Sequence[str]) -> list[str]:
    """Return the call of the virtual machine: as root with a cgroup, or as a user with his own."""
    words = ["python3", "-B", "inside.py", *options, "--slow", str(VM_SLOWNESS)]
    inside = shlex.join(words)
    lines = ["cd /app", "export PYTHONPATH=/app/src"]
    if mode.user:  # what systemd's Delegate=yes does
        owned = f"{DELEGATED}/cgroup."
        lines += [
            "echo +memory +pids +cpu > /sys/fs/cgroup/cgroup.subtree_control",
            f"mkdir {DELEGATED}",
            f"chown app {DELEGATED} {owned}procs {owned}subtree_control {owned}threads",
            f"echo $$ > {owned}procs",
            f"su app -c {shlex.quote(inside)}",
        ]
    else:
        checks = f"python3 -B cgroup_checks.py && echo '{_MARK_CHECKS}0' || echo '{_MARK_CHECKS}1'"
        lines += [checks, inside]
    files = ["--files", "src", "inside.py", "cgroup_checks.py"]
    if (folder / "toolchain").is_dir():
        files.append("toolchain")
        # The machine's /lib is a folder of its own, and Debian's is /usr/lib.
        merge = "cp -a /lib/. /usr/lib/ && rm -r /lib && ln -s usr/lib /lib"
        lines.insert(0, f"{merge} && cp -a /app/toolchain/. / && rm -r /app/toolchain")
    return [
        *(str(tools / "vm"), *mode.arguments, "--mem", "2048", "--timeout", str(BOUND), *files),
        *("--", "\n".join(lines)),
    ]


def _cgroup_checks(text: str) -> dict[str, Any]:
    before, _, after = text.partition(_MARK_CHECKS)
    passed = after.startswith("0")
    return {"passed": passed, "output": before[-3000:]}

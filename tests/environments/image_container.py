"""One container of the image, as a runtime would be told to make it: crun, or for `gvisor` its runsc."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = Path(os.environ.get("BERM_SIMULATOR") or ROOT.parent / "shared" / "sim")
GVISOR = "gvisor"
MASKED = (
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "sched_debug",
    "scsi",
    "timer_list",
)
READONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
SAFE = ["nosuid", "noexec", "nodev"]


def ask(url: str, body: Any = None, key: str = "") -> tuple[int, Any]:
    """Return the status and what was answered, None with an error; 0 where nobody answers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    headers |= {"authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, None
    except OSError:
        return 0, None


def tmpfs(target: str, *options: str) -> dict[str, Any]:
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": [*options]}


def configuration(
    mode: str, rootfs: Path, command: list[str], environment: dict[str, str], scratch: str
) -> dict[str, Any]:
    """Return the OCI configuration: what all modes have, which differ in little that can be seen."""
    found = importlib.util.spec_from_file_location("dockerprofile", SIMULATOR / "dockerprofile.py")
    assert found is not None and found.loader is not None
    profile = importlib.util.module_from_spec(found)
    sys.dont_write_bytecode = True
    found.loader.exec_module(profile)
    files = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    pts = [*SAFE[:2], "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
    config = {
        "ociVersion": "1.0.2",
        "hostname": mode,
        "root": {"path": str(rootfs), "readonly": True},
        "process": {
            "user": {"uid": 1000, "gid": 1000},
            "args": command,
            "env": [f"{name}={value}" for name, value in environment.items()],
            "cwd": "/tmp",
            "noNewPrivileges": True,
            "rlimits": [{"type": "RLIMIT_NOFILE", "soft": min(1024, files), "hard": files}],
            "capabilities": {
                name: []
                for name in ("bounding", "effective", "permitted", "inheritable", "ambient")
            },
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            tmpfs("/dev", "nosuid", "strictatime", "mode=755", "size=64m"),
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": pts},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": SAFE},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*SAFE, "ro"]},
            tmpfs("/dev/shm", *SAFE, "mode=1777", "size=64m"),
            tmpfs("/tmp", "nosuid", "nodev", "mode=1777", f"size={scratch}"),
        ],
        "linux": {
            # The network is the machine's, so that the service can be asked from here.
            "namespaces": [{"type": name} for name in ("pid", "mount", "ipc", "uts")],
            "maskedPaths": [f"/proc/{name}" for name in MASKED],
            "readonlyPaths": [f"/proc/{name}" for name in READONLY],
            "seccomp": profile.to_oci(profile.build(), []),
        },
    }
    if mode == GVISOR:  # its kernel is the filter; containerd's runtime for it takes none
        del config["linux"]["seccomp"]
    return config


def image_environment() -> dict[str, str]:
    """Return the variables that deploy/Dockerfile sets."""
    text = (ROOT / "deploy/Dockerfile").read_text("utf-8").replace("\\\n", " ")
    line = next(line for line in text.splitlines() if line.startswith("ENV "))
    return dict(word.split("=", 1) for word in line.split()[1:])


class Container:
    """One container of the image."""

    def __init__(
        self, mode: str, rootfs: Path, command: list[str], scratch: str, **variables: str
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="berm-container-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.name = f"berm-{secrets.token_hex(4)}"
        environment = image_environment() | variables
        config = configuration(mode, rootfs, command, environment, scratch)
        (self.folder / "config.json").write_text(json.dumps(config))
        self._gvisor = mode == GVISOR
        self._runtime = self._command()
        run = " ".join([*self._runtime, "run", "--bundle", str(self.folder), self.name])
        # crun refuses a mix of both versions of cgroups, so it does not see the second.
        script = f"umount -l /sys/fs/cgroup/unified 2>/dev/null; exec {run}"
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def _command(self) -> list[str]:
        state = ["--root", str(self.folder / "state")]
        if not self._gvisor:
            return ["crun", *state, "--cgroup-manager=disabled"]
        known = subprocess.run(["runsc", "flags"], capture_output=True, text=True, check=False)
        platform = "systrap" if "systrap" in known.stdout + known.stderr else "ptrace"
        return ["runsc", *state, "--ignore-cgroups", "--network=host", f"--platform={platform}"]

    def output(self, seconds: float) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, said

    def pid(self) -> int:
        state = subprocess.run(
            [*self._runtime, "state", self.name], capture_output=True, text=True, check=True
        )
        return int(json.loads(state.stdout)["pid"])

    def _exec(self, command: tuple[str, ...], variables: dict[str, str]) -> list[str]:
        given = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        return [*self._runtime, "exec", "--user", "1000:1000", *given, self.name, *command]

    def run(self, *command: str, **variables: str) -> int:
        """Run one more command in the container; return its exit code."""
        call = self._exec(command, variables)
        return subprocess.run(call, stdout=sys.stderr, check=False).returncode

    def said(self, *command: str, **variables: str) -> str:
        """Run one more command in the container, which must end well; return what it printed."""
        call = self._exec(command, variables)
        return subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True).stdout

    def pids(self) -> list[int]:
        """Return every process of the container: by its pid namespace, or those that gVisor is made of."""
        if self._gvisor:
            return descendants(self.process.pid)
        space = os.readlink(f"/proc/{self.pid()}/ns/pid")
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.readlink(f"/proc/{entry}/ns/pid") == space:
                    found.append(int(entry))
        return found

    def memory(self) -> int:
        """Return the bytes that all processes take together, shared pages once."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        return total

    def zombies(self) -> int:
        states = []
        for pid in self.pids():
            with contextlib.suppress(OSError):
                states.append(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])
        return states.count("Z")

    def signal(self, name: str) -> None:
        subprocess.run([*self._runtime, "kill", self.name, name], check=True)

    def remove(self) -> None:
        if self.process.poll() is None:
            subprocess.run(
                [*self._runtime, "kill", self.name, "KILL"], capture_output=True, check=False
            )
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=20)
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def descendants(pid: int) -> list[int]:
    """Return a process's children, theirs, and so on."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
    return found


@contextlib.contextmanager
def container(*arguments: Any, **variables: str) -> Iterator[Container]:
    made = Container(*arguments, **variables)
    try:
        yield made
    finally:
        made.remove()

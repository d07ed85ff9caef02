"""Run the image's file system under crun as Container Apps and Kubernetes would, and measure it.

    ./dev image --local-base --rootfs /var/tmp/berm-rootfs
    .venv/bin/python tests/environments/image.py /var/tmp/berm-rootfs --mode aca --mode k8s-restricted

As root, with crun and the simulator's system call profile ($BERM_SIMULATOR, or ../shared/sim). In each mode, uid
1000 without capabilities on a read-only root with one tmpfs: the file system is looked through, `berm audit` runs, the
service becomes ready, five languages answer, and SIGTERM lets a running request end. Prints JSON; ends with 1 if
something is not as it should be.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import resource
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = Path(os.environ.get("BERM_SIMULATOR") or ROOT.parent / "shared" / "sim")
MODES = ("aca", "k8s-restricted")
MIB = 1024 * 1024
START_SECONDS = 180
NEXT = {
    "python": "print(int(input()) + 1)",
    "javascript": "console.log(Number(require('fs').readFileSync(0, 'utf8')) + 1)",
    "java": "import java.util.*; public class Main { public static void main(String[] a)"
    " { System.out.println(new Scanner(System.in).nextInt() + 1); } }",
    "c": '#include <stdio.h>\nint main(void) { int n; if (scanf("%d", &n) != 1) return 1;'
    ' printf("%d\\n", n + 1); }',
    "cpp": "#include <bits/stdc++.h>\nint main() { int n; std::cin >> n; std::cout << n + 1; }",
    "csharp": "using System; class Program { static void Main()"
    " { Console.WriteLine(int.Parse(Console.ReadLine()) + 1); } }",
}
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


def tmpfs(target: str, *options: str) -> dict[str, Any]:
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": [*options]}


def configuration(
    mode: str, rootfs: Path, command: list[str], environment: dict[str, str], scratch: str
) -> dict[str, Any]:
    """Return the OCI configuration: what both modes have, which differ in nothing that can be seen."""
    found = importlib.util.spec_from_file_location("dockerprofile", SIMULATOR / "dockerprofile.py")
    assert found is not None and found.loader is not None
    profile = importlib.util.module_from_spec(found)
    sys.dont_write_bytecode = True
    found.loader.exec_module(profile)
    files = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    pts = [*SAFE[:2], "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
    return {
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
        self._crun = ["crun", "--root", str(self.folder / "state"), "--cgroup-manager=disabled"]
        run = " ".join([*self._crun, "run", "--bundle", str(self.folder), self.name])
        # crun refuses a mix of both versions of cgroups, so it does not see the second.
        script = f"umount -l /sys/fs/cgroup/unified 2>/dev/null; exec {run}"
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def output(self, seconds: float) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, said

    def pid(self) -> int:
        state = subprocess.run(
            [*self._crun, "state", self.name], capture_output=True, text=True, check=True
        )
        return int(json.loads(state.stdout)["pid"])

    def pids(self) -> list[int]:
        """Return every process of the container, by its pid namespace."""
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
        subprocess.run([*self._crun, "kill", self.name, name], check=True)

    def remove(self) -> None:
        if self.process.poll() is None:
            subprocess.run(
                [*self._crun, "kill", self.name, "KILL"], capture_output=True, check=False
            )
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=20)
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def container(*arguments: Any, **variables: str) -> Iterator[Container]:
    made = Container(*arguments, **variables)
    try:
        yield made
    finally:
        made.remove()


def ask(url: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, None
    except OSError:
        return 0, None


def look_through(rootfs: Path) -> dict[str, Any]:
    """Return what must not be in the file system, and its size."""
    loose, set_uid, size = [], [], 0
    for folder, folders, files in os.walk(rootfs):
        if folder == str(rootfs):
            folders.remove("dev")  # a runtime mounts its own
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            found = os.lstat(path)
            size += found.st_size if stat.S_ISREG(found.st_mode) else 0
            shown = path.removeprefix(str(rootfs))
            if found.st_mode & (stat.S_ISUID | stat.S_ISGID) and not stat.S_ISLNK(found.st_mode):
                set_uid.append(shown)
            if (
                found.st_mode & stat.S_IWOTH
                and not stat.S_ISLNK(found.st_mode)
                and shown not in ("/tmp", "/var/tmp")
            ):
                loose.append(shown)
    leftovers = (
        "build",
        "source",
        "wheel",
        "image",
        "languages",
        "run/secrets",
        "root/.cache",
        "root/.npmrc",
        "etc/pip.conf",
    )
    return {
        "bytes": size,
        "set-uid files": set_uid,
        "writable for everybody": loose,
        "left over": [name for name in leftovers if (rootfs / name).exists()],
        "sbom components": len(
            json.loads((rootfs / "usr/local/lib/berm/sbom.cdx.json").read_text())["components"]
        ),
    }


def audited(mode: str, rootfs: Path, scratch: str) -> dict[str, Any]:
    with container(mode, rootfs, ["/opt/berm/bin/berm", "audit", "--json"], scratch) as one:
        code, said = one.output(1800)
    report = json.loads(said[said.index("{") :])
    return {
        "exit code": code,
        **{key: report[key] for key in report if not isinstance(report[key], (list, dict))},
    }


def served(mode: str, rootfs: Path, scratch: str) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    variables = {"BERM_SERVE_HOST": "127.0.0.1", "BERM_SERVE_PORT": str(port)}
    found: dict[str, Any] = {"languages": {}}
    command = ["/usr/bin/tini", "--", "/opt/berm/bin/berm", "serve"]
    with container(mode, rootfs, command, scratch, **variables) as one:
        log: list[str] = []
        threading.Thread(target=lambda: log.extend(one.process.stdout or ()), daemon=True).start()
        while ask(f"{url}/readyz")[0] != 200:
            assert one.process.poll() is None, "".join(log)
            assert time.monotonic() - one.began < START_SECONDS, "".join(log)
            time.sleep(0.02)
        found["seconds to ready"] = round(time.monotonic() - one.began, 2)
        time.sleep(2)
        found["idle MiB"] = round(one.memory() / MIB)
        for language, code in NEXT.items():
            body = {
                "language": language,
                "code": code,
                "test_cases": [{"input": "41", "expected_output": "42"}],
            }
            times = []
            for number in range(3):
                body["code"] = code + "\n" * number
                start = time.monotonic()
                status, answer = ask(f"{url}/execute", body)
                times.append(round(1000 * (time.monotonic() - start)))
                assert status == 200, (language, status, "".join(log)[-2000:])
                assert answer["summary"]["all_passed"], (language, answer)
            found["languages"][language] = times
        found["MiB after them"] = round(one.memory() / MIB)
        healthy = subprocess.run(
            [
                *one._crun,
                "exec",
                "--env",
                f"BERM_SERVE_PORT={port}",
                one.name,
                "/opt/berm/bin/berm-healthy",
            ],
            check=False,
        )
        found["health check"] = healthy.returncode
        found["zombies"] = one.zombies()
        _, health = ask(f"{url}/health")
        found["level"] = health["security"]["level"]
        slow = {
            "language": "python",
            "code": "import time; time.sleep(3); print(42)",
            "test_cases": [{"expected_output": "42"}],
        }
        answers: list[Any] = []
        waiting = threading.Thread(target=lambda: answers.append(ask(f"{url}/execute", slow)))
        waiting.start()
        time.sleep(1)
        one.signal("TERM")
        waiting.join(60)
        found["answer during the drain"] = (
            answers[0][0] == 200 and answers[0][1]["summary"]["all_passed"]
        )
        found["exit code after SIGTERM"] = one.process.wait(60)
        found["log"] = [line for line in log if '"warning"' in line or '"error"' in line][:20]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rootfs", type=Path)
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--scratch", default="512m")
    parser.add_argument("--no-audit", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = {"file system": look_through(options.rootfs)}
    for mode in options.mode or MODES:
        found[mode] = {"service": served(mode, options.rootfs, options.scratch)}
        if not options.no_audit:
            found[mode]["audit"] = audited(mode, options.rootfs, options.scratch)
    print(json.dumps(found, indent=1))
    files = found["file system"]
    wrong = files["set-uid files"] or files["writable for everybody"] or files["left over"]
    for mode in options.mode or MODES:
        service = found[mode]["service"]
        wrong = (
            wrong or service["exit code after SIGTERM"] or not service["answer during the drain"]
        )
        wrong = wrong or service["health check"] or found[mode].get("audit", {}).get("exit code", 0)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Run the image's file system under crun as Container Apps and Kubernetes would, and measure it.

    ./dev image --local-base --rootfs /var/tmp/berm-rootfs
    .venv/bin/python tests/environments/image.py /var/tmp/berm-rootfs                  # aca and k8s-restricted
    .venv/bin/python tests/environments/image.py /var/tmp/berm-rootfs --mode gvisor    # the overlay of that name

As root, with crun (runsc for gVisor) and the simulator's system call profile ($BERM_SIMULATOR, or ../shared/sim). In
each mode, uid 1000 without capabilities on a read-only root with one tmpfs: the file system is looked through, the
service becomes ready, six languages answer (in gVisor one, and the others are refused by name), SIGTERM lets a running
request end, and `berm audit` runs. Prints JSON; ends with 1 if something is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from image_container import GVISOR, ask, container

MODES = ("aca", "k8s-restricted")
#: What deploy/kubernetes/overlays/gvisor sets, and what it can hold.
GVISOR_WARM = "python"
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
    got_out = [one["attack"] for one in report["trials"] if one["status"] in ("escaped", "unclear")]
    return {"exit code": code, **report["summary"], "which": got_out}


def served(mode: str, rootfs: Path, scratch: str) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    variables = {"BERM_SERVE_HOST": "127.0.0.1", "BERM_SERVE_PORT": str(port)}
    if mode == GVISOR:
        variables["BERM_SERVE_WARM"] = GVISOR_WARM
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
            if mode == GVISOR and language != GVISOR_WARM:
                found["languages"][language] = f"refused with {ask(f'{url}/execute', body)[0]}"
                continue
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
        found["health check"] = one.run("/opt/berm/bin/berm-healthy", BERM_SERVE_PORT=str(port))
        found["zombies"] = 0 if mode == GVISOR else one.zombies()
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
    parser.add_argument("--mode", action="append", choices=(*MODES, GVISOR))
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
        refused = [said for said in service["languages"].values() if isinstance(said, str)]
        wrong = wrong or any(
            said not in ("refused with 400", "refused with 503") for said in refused
        )
        wrong = wrong or service["health check"] or found[mode].get("audit", {}).get("exit code", 0)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""What is looked at inside of the machine that ``unit.py`` boots: the unit, by what systemd and the kernel say of it.

Standard library only. The last line is ``BERM-UNIT`` and JSON; a thing that is not as it should be ends it with 1.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

UNIT = Path("deploy/systemd/berm.service")
BERM = "/opt/berm/.venv/bin/berm"
BERM_PYTHON = "/opt/berm/.venv/bin/python"
REPORT = "BERM-REPORT "
CGROUPS = Path("/sys/fs/cgroup")
URL = "http://127.0.0.1:8000"
PATIENCE = 400.0
"""Seconds that an emulated machine may take for anything."""
#: Of each guarantee one that a machine with nothing but Python can try, and what the unit's settings could matter to.
ATTACKS = (
    *("bomb-fork", "bomb-threads", "cgroup-escape", "daemon-double-fork", "files-proc-environ"),
    *("files-read-secret", "memory-children", "memory-shared", "net-tcp", "secret-memory"),
    *("signal-everyone", "sys-hostname", "trace-list"),
)
SLOWNESS = "8"
SETTINGS = '[auth]\nmode = "off"\n\n[service]\nwarm = ["python"]\n'

HELLO = "print('hello', 6 * 7)"
MEMORY = "x = []\nwhile True: x.append(bytearray(1 << 20))"
FORKS = """import os, time
n = 0
while True:
    try:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
    except OSError:
        break
    n += 1
print(n)"""
SLEEP = "import time\ntime.sleep(4)\nprint('slept')"

found: dict[str, Any] = {}
wrong: list[str] = []


def check(name: str, good: object, seen: object = None) -> None:
    """Keep what was seen; remember if it is not as it should be."""
    found[name] = good if seen is None else seen
    print(f"{'ok ' if good else 'NOT'} {name}: {found[name]}", flush=True)
    if not good:
        wrong.append(name)


def run(*argv: str, seconds: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )


def shown(name: str) -> str:
    """Return one property of the unit."""
    return run("systemctl", "show", "--value", "--property", name, "berm.service").stdout.strip()


def ask(path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, None
    except OSError:
        return 0, None


def until_ready() -> float:
    """Return the seconds until the service is ready."""
    began = time.monotonic()
    while ask("/readyz")[0] != 200:
        if time.monotonic() - began > PATIENCE or shown("ActiveState") == "failed":
            journal = run("journalctl", "--no-pager", "--unit", "berm", "--lines", "60").stdout
            raise SystemExit(f"berm.service does not become ready:\n{journal}")
        time.sleep(0.5)
    return round(time.monotonic() - began, 1)


def judged(code: str, expected: str = "") -> dict[str, Any]:
    tests = [{"input": "", "expected_output": expected}]
    body = {"language": "python", "code": code, "test_cases": tests, "timeout": 10}
    status, answer = ask("/execute", body)
    return answer["test_results"][0] if status == 200 else {"verdict": status}


def leaves() -> dict[str, list[int]]:
    """Return the cgroups below the unit's and what is in them."""
    top = CGROUPS / shown("ControlGroup").lstrip("/")
    inside = {}
    for folder in (top, *(path for path in top.rglob("*") if path.is_dir())):
        with contextlib.suppress(OSError):
            pids = [int(line) for line in (folder / "cgroup.procs").read_text().split()]
            inside[str(folder.relative_to(top))] = pids
    return inside


def bounds_of_leaves() -> dict[str, dict[str, str]]:
    """Return what may be in each cgroup below the unit's: bytes and processes, as the kernel has them."""
    top = CGROUPS / shown("ControlGroup").lstrip("/")
    found: dict[str, dict[str, str]] = {}
    for folder in (path for path in top.rglob("*") if path.is_dir()):
        with contextlib.suppress(OSError):
            names = ("memory.max", "pids.max")
            limits = {name: (folder / name).read_text().strip() for name in names}
            found[str(folder.relative_to(top))] = limits
    return found


@contextlib.contextmanager
def running(code: str) -> Iterator[list[dict[str, Any]]]:
    """A program that runs meanwhile; its result is in the list afterwards."""
    result: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: result.append(judged(code, "slept")))
    thread.start()
    yield result
    thread.join(PATIENCE)


def install() -> None:
    """Do what the head of the unit says, as written."""
    Path("your.toml").write_text(SETTINGS)
    lines = [line[4:] for line in UNIT.read_text().splitlines() if line.startswith("#   ")]
    done = run("sh", "-c", "set -e\n" + "\n".join(lines))
    check("installed by the lines at its head", done.returncode == 0, done.stdout or "ok")
    check("seconds to ready", seen := until_ready(), seen)


def what_systemd_gives() -> None:
    check("delegated", shown("Delegate") == "yes")
    controllers = set(shown("DelegateControllers").split())
    check("controllers", {"memory", "pids", "cpu"} <= controllers, sorted(controllers))
    said = run("systemd-analyze", "security", "--no-pager", "berm.service").stdout
    exposure = re.search(r"exposure level for berm\.service: ([0-9.]+)", said)
    check("exposure", exposure, exposure and float(exposure[1]))


def what_berm_makes_of_it(user: int, level: str) -> None:
    status, health = ask("/health")
    security = health["security"] if status == 200 else {"layers": [], "level": ""}
    check("level", security["level"] == level, security["level"])
    check("layers", "cgroup" in security["layers"], security["layers"])
    main = int(shown("MainPID"))
    status_lines = Path(f"/proc/{main}/status").read_text().splitlines()
    uid = int(next(line for line in status_lines if line.startswith("Uid:")).split()[2])
    check("uid", uid == user, uid)
    with running(SLEEP) as result:
        time.sleep(2)
        inside, bounds = leaves(), bounds_of_leaves()
    place = next((name for name, pids in inside.items() if main in pids), "")
    check("the service's leaf", place == "service", place)
    others = [name for name, pids in inside.items() if pids and name != place]
    check("a run has a leaf of its own", others, others)
    bounded = [name for name, limits in bounds.items() if "max" not in limits.values()]
    check("a run's leaf is bounded", bounded, {name: bounds[name] for name in bounded[:2]})
    check("a run", result[0].get("passed"), result[0]["verdict"])
    many = judged(FORKS)
    said = many["actual_output"].strip() or many["error"]
    check("processes are bounded", "limit exceeded" in said or int(said) < 1000, said)
    memory = judged(MEMORY)
    check("memory is bounded", memory["verdict"] == "MLE", memory["verdict"])
    left = {name: pids for name, pids in leaves().items() if pids and name != place}
    found["left in leaves afterwards"] = {name: len(pids) for name, pids in left.items()}


def what_doctor_says() -> None:
    """Run it as the guide says: in a unit of its own that has what the service has."""
    words = ["systemd-run", "--wait", "--pipe", "--quiet", "--property=Delegate=yes"]
    words += ["--setenv=STATE_DIRECTORY=/var/lib/berm", "--setenv=BERM_CONFIG=/etc/berm/berm.toml"]
    done = run(*words, BERM, "doctor", "--for", "systemd", "--json")
    try:
        said = json.loads(done.stdout[done.stdout.index("{") :])
    except ValueError:
        check("doctor", False, done.stdout[-2000:])
        return
    held = {name: list(one["held"]) for name, one in said["guarantees"].items()}
    check("doctor: all guarantees are held", all(held.values()), held)
    check("doctor: memory is held by the cgroup", "cgroup" in held["memory"])
    check("doctor: found", said["found"]["found"] == "systemd", said["found"]["found"])
    found["doctor: around"] = {
        one["subject"]: one["state"] for one in said["around"] if one["state"] != "good"
    }
    check("doctor ends with", done.returncode == 0, done.returncode)


def what_attacks_get() -> None:
    """Attack from a unit with all settings of the service's own, and hold memory and processes by the cgroup alone."""
    out = Path("/run/attacked")
    words = ["/check/inside.py", "--attacks", ",".join(ATTACKS), "--languages", "python"]
    command = [BERM_PYTHON, *words, "--programs", "python", "--slow", SLOWNESS]
    text = re.sub(r"(?m)^ExecStart=.*$", f"ExecStart={' '.join(command)}", UNIT.read_text())
    text = re.sub(r"(?m)^(Restart.*|Type=.*)$", "", text)
    text = text.replace("[Service]", f"[Service]\nType=oneshot\nStandardOutput=file:{out}")
    Path("/run/systemd/system/berm-attacked.service").write_text(text)
    run("systemctl", "daemon-reload")
    done = run("systemctl", "start", "berm-attacked", seconds=3 * PATIENCE)
    said = out.read_text() if out.exists() else ""
    report = next((line for line in said.splitlines() if line.startswith(REPORT)), "")
    if done.returncode or not report:
        journal = run("journalctl", "--no-pager", "--unit", "berm-attacked").stdout
        check("attacked", False, (done.stdout + said + journal)[-3000:])
        return
    seen = json.loads(report.removeprefix(REPORT))
    check("attacked: nothing is given up", seen["refused"] is None)
    wrong_programs = [one for one in seen["conformance"] if one["status"] == "wrong"]
    check("attacked: programs end as they should", not wrong_programs, wrong_programs)
    cgroup = {one["check"]: one["status"] for one in seen.get("cgroup", ())}
    check("attacked: by the cgroup alone", set(cgroup.values()) == {"ok"}, cgroup)
    trials = {one["attack"]: one["status"] for one in seen["attacks"]}
    check("attacked: held", set(trials.values()) <= {"held", "not applicable"}, trials)


def it_starts_again() -> None:
    before = shown("MainPID")
    check("restart", run("systemctl", "restart", "berm").returncode == 0)
    found["seconds to ready after a restart"] = until_ready()
    check("another process", shown("MainPID") not in (before, "0"))
    check("a run after it", judged(HELLO, "hello 42").get("passed"))
    os.kill(int(shown("MainPID")), 9)
    time.sleep(3)
    found["seconds to ready after SIGKILL"] = until_ready()
    check("systemd started it again", shown("NRestarts") == "1", shown("NRestarts"))
    check("a run after that", judged(HELLO, "hello 42").get("passed"))
    stray = [name for name in leaves() if name.endswith("service/service")]
    check("the leaf is not nested", not stray, stray)


def it_drains() -> None:
    top = CGROUPS / shown("ControlGroup").lstrip("/")
    with running(SLEEP) as result:
        time.sleep(2)
        began = time.monotonic()
        check("stop", run("systemctl", "stop", "berm").returncode == 0)
        found["seconds to stop"] = round(time.monotonic() - began, 1)
    check("a run is answered during the drain", result[0].get("passed"), result[0]["verdict"])
    check("its end", shown("Result") == "success", shown("Result"))
    check("exit code", shown("ExecMainStatus") == "0", shown("ExecMainStatus"))
    check("nothing is left of its cgroup", not top.exists())


def it_stays_down() -> None:
    """A setting that is wrong: 78, the sentence in the journal, and no loop of restarts."""
    place = Path("/etc/berm/berm.toml")
    place.write_text(SETTINGS.replace("warm", "wram"))
    run("systemctl", "reset-failed", "berm")
    run("systemctl", "start", "berm")
    deadline = time.monotonic() + PATIENCE
    while shown("ActiveState") != "failed" and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(5)
    check("a wrong setting", shown("ExecMainStatus") == "78", shown("ExecMainStatus"))
    check("is not tried again", shown("NRestarts") == "0", shown("NRestarts"))
    said = run("journalctl", "--no-pager", "--unit", "berm", "--output=cat", "--lines=20").stdout
    check(
        "the journal says", "wram" in said, [line for line in said.splitlines() if "wram" in line]
    )
    place.write_text(SETTINGS)
    run("systemctl", "reset-failed", "berm")


def as_a_user() -> None:
    """The unit with `User=berm`, as its comment offers."""
    folder = Path("/etc/systemd/system/berm.service.d")
    folder.mkdir()
    (folder / "user.conf").write_text("[Service]\nUser=berm\n")
    run("chgrp", "-R", "berm", "/etc/berm")
    run("systemctl", "daemon-reload")
    check("starts as a user", run("systemctl", "start", "berm").returncode == 0)
    found["seconds to ready as a user"] = until_ready()


def main() -> int:
    """Look at everything, and print the report."""
    try:
        install()
        what_systemd_gives()
        what_berm_makes_of_it(0, "strict")
        what_doctor_says()
        what_attacks_get()
        it_starts_again()
        it_drains()
        it_stays_down()
        as_root = dict(found)
        found.clear()
        as_a_user()
        what_berm_makes_of_it(int(run("id", "-u", "berm").stdout), "standard")  # one uid for all
        it_drains()
    except SystemExit as error:
        print(error, flush=True)
        return 1
    if wrong:
        print(run("journalctl", "--no-pager", "--unit", "berm", "--lines", "100").stdout)
    report = {"as root": as_root, "with User=berm": dict(found), "wrong": wrong}
    print("\nBERM-UNIT " + json.dumps(report), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

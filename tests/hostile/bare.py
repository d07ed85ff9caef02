"""Run harmless attacks without Berm: an attack that cannot succeed anywhere proves nothing.

Started as ``python bare.py``; reads ids of attacks on standard input, one a line, and prints one
JSON object a line: ``{"id": ..., "through": bool, "detail": ...}``. Only attacks whose header
says ``bare`` are run; bombs and floods never are. Part of the tests, not of Berm: nothing that
is shipped runs an attack outside of a cell.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from berm.audit.attack import Attack, all_attacks, part
from berm.audit.bystander import ENV_SECRET
from berm.audit.props import Session, Staged, fill, stage

_BUILD = {
    "c": ["gcc", "-O1", "-w", "-pthread", "-o", "main", "main.c"],
    "cpp": ["g++", "-O1", "-w", "-std=c++20", "-o", "main", "main.cpp"],
    "java": ["javac", "-nowarn", "-cp", ".", "Main.java"],
}
_RUN = {
    "c": ["./main"],
    "cpp": ["./main"],
    "java": ["java", "-cp", ".", "Main"],
    "javascript": ["node", "main.js"],
    "python": [sys.executable, "main.py"],
}
_NAMES = {
    "c": "main.c",
    "cpp": "main.cpp",
    "java": "Main.java",
    "javascript": "main.js",
    "python": "main.py",
}


def prove(session: Session, attack: Attack) -> tuple[bool, str]:
    """Return whether the attack gets through here without Berm, and what it said."""
    with stage(session, attack) as staged, tempfile.TemporaryDirectory(dir=session.folder) as name:
        if staged.missing:
            return False, f"not staged: {staged.missing}"
        work = Path(name)
        neighbour = None
        if attack.neighbour:
            neighbour = _neighbour(session, attack, staged, work)
        try:
            output = _run(attack, staged, work)
        finally:
            if neighbour is not None:
                neighbour.kill()
                neighbour.communicate()
        found = staged.evidence(output)
        found += [
            line
            for line in output.decode("utf-8", "replace").splitlines()
            if line.startswith("ESCAPED")
        ]
        return bool(found), "; ".join(found) or output[-2000:].decode("utf-8", "replace")


def _run(attack: Attack, staged: Staged, work: Path) -> bytes:
    text = fill(attack.text, staged.values) if attack.stage == "compile" else attack.text
    (work / _NAMES[attack.language]).write_text(text)
    for name in attack.support:
        (work / name).write_bytes(part(name))
    for name, data in staged.files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(data)
    output = b""
    if attack.language in _BUILD:
        output += _call(_BUILD[attack.language], work)
    return output + _call([*_RUN[attack.language], json.dumps(staged.values)], work)


def _call(command: list[str], work: Path) -> bytes:
    # A shell between, for attacks on the parent.
    wrapped = ["sh", "-c", '"$@"; exit $?', "sh", *command]
    if os.geteuid() == 0:  # nothing that root may do to mounts or names reaches the machine
        wrapped = ["unshare", "--mount", "--uts", "--propagation", "private", *wrapped]
    try:
        done = subprocess.run(
            wrapped,
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
            close_fds=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error).encode()
    return done.stdout


def _neighbour(
    session: Session, attack: Attack, staged: Staged, work: Path
) -> subprocess.Popen[bytes] | None:
    home = work / "neighbour"
    home.mkdir()
    (home / "main.py").write_bytes(part(attack.neighbour))
    (home / "attack.py").write_bytes(part("attack.py"))
    values = {
        "token": staged.values["token"],
        "canary": session.canaries.new("the other run"),
        "stay": 3 if attack.when == "during" else 0,
    }
    process = subprocess.Popen(
        [sys.executable, "main.py", json.dumps(values)],
        cwd=home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if attack.when == "during":
        time.sleep(0.7)
        return process
    process.communicate(timeout=20)
    return None


def main() -> None:
    if ENV_SECRET not in os.environ:
        value = "bermcanary-" + secrets.token_hex(16)
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, ENV_SECRET: value})
    # What a session's soft limit holds is not held by anything that an attacker could not raise.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Session() as session:
        for line in sys.stdin:
            attack = all_attacks()[line.strip()]
            if not attack.bare:
                through, detail = False, "never run bare"
            else:
                through, detail = prove(session, attack)
            sys.stdout.write(
                json.dumps({"id": attack.id, "through": through, "detail": detail}) + "\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()

"""What a service knows (its keys, its store's password) is in no cell, no log, no answer and no core dump."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time

import httpx
import pytest

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(200)]

SECRETS = {
    "BERM_WEBHOOKS_KEY": "webhook-key-that-nobody-may-see-0001",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=collector-key-0002",
    "SOMEBODY_ELSES_PASSWORD": "password-of-the-shell-0003",
}
WORDS = ["webhook-key-that-nobody", "collector-key-0002", "password-of-the-shell", "handed-in-before-this"]  # fmt: skip

# It looks everywhere that a program can: processes, its own memory, which was the fork server's, its environment. It
# knows of each word only how that begins, its length and its digest, so that it does not find its own knowledge.
SEARCH = """
import hashlib, os, resource, sys
words = [(a.encode(), int(n), d) for a, n, d in (word.split(",") for word in input().split())]
found = []
def search(where, data):
    for begin, length, digest in words:
        at = data.find(begin)
        while at >= 0:
            if hashlib.sha256(data[at : at + length]).hexdigest() == digest:
                found.append(where)
            at = data.find(begin, at + 1)
def look(path):
    try:
        with open(path, "rb") as stream:
            search(path, stream.read(1 << 22))
    except OSError:
        pass
for pid in [*filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else []), "self"]:
    for name in ("environ", "cmdline", "stat", "status", "comm", "auxv", "mountinfo", "limits"):
        look(f"/proc/{pid}/{name}")
    try:
        maps = open(f"/proc/{pid}/maps").readlines()
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    except OSError:
        continue
    for line in maps:
        start, _, end = line.split()[0].partition("-")
        try:
            search("memory " + line, os.pread(memory, int(end, 16) - int(start, 16), int(start, 16)))
        except (OSError, OverflowError):
            pass
for name, value in os.environ.items():
    search("variable " + name, value.encode())
print(len(found), resource.getrlimit(resource.RLIMIT_CORE)[1])
print(found, file=sys.stderr)
"""


def start(folder, **environment):
    log = open(folder / "log", "wb")  # noqa: SIM115 - the process has it
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "berm", "serve", "--port=0", "--log-format=json"],
            env={**os.environ, "BERM_STORE_URL": f"sqlite:///{folder}/berm.db",
                 "BERM_SERVE_WARM": "python", **environment},
            cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True,
            # Whatever size core dumps may have where the service is started.
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2
            ),
        )  # fmt: skip


def test_secrets_of_the_service(tmp_path):
    tmp_path.chmod(0o700)
    process = start(tmp_path, **SECRETS)
    try:
        url = process.stdout.readline().split()[2].rstrip(",")
        assert url.startswith("http://"), (tmp_path / "log").read_text()

        def run(code, given):
            body = {"language": "python", "code": code, "timeout": 10,
                    "test_cases": [{"input": given, "expected_output": "0 0"}]}  # fmt: skip
            answer = httpx.post(f"{url}/execute", json=body, timeout=60)
            return answer, answer.json()["test_results"][0]

        run("handed_in = 'handed-in-before-this'", "")
        known = " ".join(
            f"{word[:6]},{len(word)},{hashlib.sha256(word.encode()).hexdigest()}" for word in WORDS
        )
        answer, result = run(SEARCH, known)
        assert result["actual_output"] == "0 0\n", result
        # It does find what is there, or the above says nothing.
        _, result = run(SEARCH.replace("found = []", "found = []\nos.environ['X'] = 'password-of-the-shell'"), known)  # fmt: skip
        assert result["actual_output"] != "0 0\n", result
        # Errors: what is wrong is told without what is secret.
        texts = [answer.text]
        for body in (b"[", json.dumps({"language": "x" * 9}).encode(), b"\xff"):
            texts.append(httpx.post(f"{url}/v1/execute", content=body, timeout=30).text)
        texts.append(httpx.get(f"{url}/health", timeout=30).text)
        texts.append(httpx.get(f"{url}/metrics", timeout=30).text)
        texts.append((tmp_path / "log").read_text("utf-8", "replace"))
        for value in SECRETS.values():
            assert [text for text in texts if value.rpartition("=")[2] in text] == []
        if os.geteuid() != 0:
            # Nobody of the same user may look into it: its files in /proc are root's.
            assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0
        os.kill(process.pid, signal.SIGSEGV)
        deadline = time.monotonic() + 30
        while not (ended := os.waitpid(process.pid, os.WNOHANG))[0]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.returncode = -os.WTERMSIG(ended[1])
        assert process.returncode == -signal.SIGSEGV
        assert not os.WCOREDUMP(ended[1])
        assert [path.name for path in tmp_path.iterdir() if "core" in path.name] == []
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        process.stdout.close()

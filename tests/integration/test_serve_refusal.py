"""A place like Azure Container Apps, on a kernel without Landlock: ``berm serve`` refuses, or does what it is told.

Runs in the simulator of environments, as root: $BERM_SIMULATOR, or ../shared/sim beside the checkout.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR = Path(os.environ.get("BERM_SIMULATOR") or ROOT.parent / "shared" / "sim") / "envsim"
LOST = ["filesystem", "processes", "secrets"]

pytestmark = [pytest.mark.requires_root, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A copy of the sources that uid 1000 can read, the way to it included."""
    if not SIMULATOR.exists() or shutil.which("crun") is None:
        reason = f"no simulator of environments ({SIMULATOR}), or it is not installed"
        ci = os.environ.get("CI", "").lower() in ("1", "true", "yes")
        (pytest.fail if ci else pytest.skip)(reason)
    folder = Path("/var/tmp") / f"berm-serve-{os.getpid()}"
    folder.mkdir(mode=0o755)
    shutil.copytree(
        ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    yield folder
    shutil.rmtree(folder)


def serve(sources, *arguments, **environment):
    """Start the service as uid 1000 in a container without Landlock, on the machine's network."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("BERM_", "PYTHON"))}
    return subprocess.Popen(
        [
            *(SIMULATOR, "aca", "--landlock", "off", "--net", "host"),
            *(sys.executable, "-B", "-m", "berm", "serve", "--port=0", *arguments),
        ],
        cwd=sources,
        env={**inherited, "PYTHONPATH": str(sources / "src"), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_refuses_by_name_and_says_what_to_do(sources):
    with serve(sources) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 78, said
    assert "cannot hold: filesystem, processes, secrets." in said
    assert "the Landlock ABI is 0" in said
    assert 'isolation.give_up = ["filesystem", "processes", "secrets"]' in said
    assert "kernel with Landlock (5.13 or later" in said
    assert "berm doctor" in said


@pytest.mark.parametrize("left", LOST)
def test_giving_up_all_but_one_is_not_enough(sources, left):
    given_up = ",".join(name for name in LOST if name != left)
    with serve(sources, BERM_ISOLATION_GIVE_UP=given_up) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 78, said
    assert f"cannot hold: {left}." in said


def test_what_takes_root_or_user_namespaces_is_refused_by_name(sources):
    with serve(sources, BERM_ISOLATION_PLAN="namespaces") as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 78, said
    assert "namespaces" in said
    assert "root" in said
    assert "Traceback" not in said


def test_a_tmp_that_cannot_be_written_is_refused_by_name(sources):
    with serve(
        sources, BERM_ISOLATION_RUN_DIR="/opt", BERM_ISOLATION_GIVE_UP=",".join(LOST)
    ) as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 78, said
    assert "No directory can be made in /opt" in said
    assert "--tmpfs /tmp" in said


def test_it_serves_with_what_was_given_up_and_health_says_so(sources):
    with serve(sources, BERM_ISOLATION_GIVE_UP=",".join(LOST)) as process:
        try:
            url = announced(process)
            health = ask(f"{url}/health")
            assert health["security"]["enabled"] is True
            assert health["security"]["level"] == "reduced"
            held = health["security"]["guarantees"]
            assert len(held) == 10
            assert not held.keys() & set(LOST)
            assert not any(layer.startswith("landlock") for layer in health["security"]["layers"])
            case = {"input": "41", "expected_output": "42"}
            body = {"language": "python", "code": "print(int(input()) + 1)", "test_cases": [case]}
            answer = ask(f"{url}/execute", body)
            assert answer["summary"]["passed"] == 1, answer
        finally:
            process.terminate()
            process.communicate(timeout=60)


def announced(process):
    deadline = time.monotonic() + 120
    said = ""
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        assert line, f"it ended: {said}"
        said += line
        if found := re.search(r"http://[\d.]+:\d+", line):
            return found[0]
    raise AssertionError(said)


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)

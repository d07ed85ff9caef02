"""``berm bench`` as a user runs it, at its smallest size."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.requires_isolation, pytest.mark.requires_toolchain("python")]


def bench(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "berm", "bench", *arguments], capture_output=True, timeout=240
    )


def test_the_tiny_program_is_measured_beside_the_bare_one(tmp_path):
    report = tmp_path / "out.html"
    done = bench(
        "python", "memory", "--samples=10", "--json", "--against=none", f"--report={report}"
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    # What a fork server takes only root may see, whose user namespace is not its own.
    seen = os.geteuid() == 0
    assert set(found["skipped"]) == (set() if seen else {"memory"})
    figures = {one["name"]: one for one in found["figures"]}
    tiny = figures["Python, tiny: p50"]
    assert min(tiny["theirs"], tiny["ours"]) > 0
    assert tiny["value"] == pytest.approx(tiny["ours"] / tiny["theirs"])
    assert not seen or 1 < figures["Python: fork server, no cell"]["ours"] < 200
    assert b"Python, tiny: p50" in report.read_bytes()
    assert "seccomp" in found["machine"]["layers"]


def test_what_cannot_be_measured_is_told_before_anything_is(tmp_path):
    done = bench("rust")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Known: python, saturated" in done.stderr
    done = bench("--against", "docker")
    assert done.returncode == 2
    assert b"Known: bwrap" in done.stderr
    done = bench(f"--report={tmp_path}/none/out.html")
    assert done.returncode == 2
    assert b"no folder" in done.stderr

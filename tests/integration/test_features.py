"""The probe on this machine, wherever this machine is: what it says must be so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from berm.kernel import _libc, features
from berm.kernel.features import HostFeatures, probe

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found() -> HostFeatures:
    return features._measure(None)


def succeeds(code: str) -> bool:
    """Whether Python code runs without an exception in a child of its own."""
    prelude = "import os, sys\nfrom berm.kernel import _libc\n"
    return (
        subprocess.run(
            [sys.executable, "-c", prelude + code],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
        ).returncode
        == 0
    )


def test_what_is_simple_agrees_with_python(found: HostFeatures):
    assert found.uid == os.geteuid()
    assert found.capabilities == _libc.effective_capabilities()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    assert found.capabilities == int(status["CapEff"], 16)


def test_pidfd_memfd_and_openat2_agree_with_a_second_try(found: HostFeatures):
    assert found.pidfd is succeeds("os.pidfd_open(os.getpid())")
    assert found.memfd is succeeds("os.memfd_create('x')")
    assert found.openat2 is succeeds(
        "_libc.openat2('.', os.O_PATH, dir_fd=os.open('/', os.O_RDONLY), resolve=_libc.RESOLVE_BENEATH)"
    )


def test_landlock_agrees_with_the_kernels_own_word(found: HostFeatures):
    try:
        abi = _libc.landlock_abi()
    except OSError:
        abi = 0
    assert found.landlock_abi == min(abi, 7)


def test_user_namespaces_agree_with_a_second_try(found: HostFeatures):
    made = succeeds(
        "uid = os.geteuid(); _libc.unshare(0x10000000)\n"
        "open('/proc/self/uid_map', 'w').write(f'0 {uid} 1')\n"
        "_libc.unshare(0x20000); _libc.mount('none', '/', None, 0x44000)"
    )
    assert found.userns is made
    assert (found.userns_errno == 0) is made


def test_namespaces_need_a_way(found: HostFeatures):
    if found.mount_ns and found.pid_ns:
        assert found.way == ("root" if found.capabilities >> 21 & 1 else "userns")
    if found.way == "none":
        assert not any((found.mount_ns, found.pid_ns, found.net_ns, found.pivot_root))


def test_the_probe_leaves_nothing_and_changes_nothing(found: HostFeatures):
    def state() -> list[object]:
        return [
            sorted(os.listdir("/proc/self/fd")),
            Path("/proc/self/mountinfo").read_text(),
            [os.readlink(f"/proc/self/ns/{name}") for name in sorted(os.listdir("/proc/self/ns"))],
        ]

    before = state()
    features.run_probe()
    assert state() == before


def test_it_is_measured_once(found: HostFeatures, monkeypatch):
    monkeypatch.delenv("BERM_LANDLOCK_ABI", raising=False)
    begin = time.monotonic()
    assert probe() == found
    assert time.monotonic() - begin < 0.05


def test_the_probe_imports_neither_site_nor_berm():
    code = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__'); sys.stderr.write(repr(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(ROOT / "src/berm/kernel/probe")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'site'" not in done.stderr
    assert "'berm" not in done.stderr

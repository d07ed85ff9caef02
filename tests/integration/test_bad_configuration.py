"""What an operator can get wrong: each an exit code, and a sentence that says what to change."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from postgres_server import binaries

MOST_SECONDS = 120


def start(*arguments, **environment):
    """Start the service with these settings; return its exit code and what it said."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("BERM_")}
    done = subprocess.run(
        [sys.executable, "-m", "berm", "serve", "--port=0", "--log-format=json", *arguments],
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST_SECONDS,
    )
    return done.returncode, done.stdout


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("mysql://berm@db/berm", 78, ("BERM_STORE_URL", "sqlite:/// or postgresql://")),
        ("postgresql://berm:hidden@127.0.0.1:{port}/berm", 69, ("PostgreSQL", "url is right")),
        ("sqlite:////proc/nowhere/berm.db", 69, ("/proc/nowhere",)),
    ],
)
def test_a_wrong_address_of_the_store(url, code, words):
    got, said = start(BERM_STORE_URL=url.format(port=closed_port()))
    assert got == code, said
    for word in words:
        assert word in said
    assert "hidden" not in said
    assert "Traceback" not in said


@pytest.mark.skipif(binaries() is None, reason="there is no PostgreSQL here")
def test_a_store_without_tables_names_the_command(postgresql):
    got, said = start(BERM_STORE_URL=postgresql.database())
    assert got == 78, said
    assert "berm migrate" in said


@pytest.mark.requires_isolation
@pytest.mark.timeout(240)
def test_a_language_that_is_not_there():
    got, said = start(BERM_SERVE_WARM="python,klingon", BERM_STORE_URL="")
    assert got == 2, said
    assert "klingon" in said
    assert "Traceback" not in said


def test_run_directories_that_cannot_be_made():
    got, said = start(BERM_ISOLATION_RUN_DIR="/proc", BERM_ISOLATION_PLAN="confined")
    assert got == 78, said
    assert "/proc" in said
    assert "isolation.run_dir" in said
    assert "Traceback" not in said


@pytest.mark.requires_root
def test_run_directories_where_no_program_can_be_started(tmp_path):
    """As Docker mounts a tmpfs unless it is told `exec`: what was compiled would fail, as if by its author's fault."""
    mount = f"mount -t tmpfs -o noexec none {tmp_path}"
    serve = f"exec {sys.executable} -m berm serve --port=0 --log-format=json"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{mount} && {serve}"],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("BERM_")},
            "BERM_ISOLATION_RUN_DIR": str(tmp_path),
            "BERM_ISOLATION_PLAN": "confined",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST_SECONDS,
    )
    assert done.returncode == 78, done.stdout
    assert "mounted noexec" in done.stdout
    assert "--tmpfs /tmp:exec" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_cgroup_that_is_not_there():
    got, said = start(BERM_ISOLATION_CGROUP="/sys/fs/cgroup/nowhere/berm")
    assert got == 78, said
    assert "/sys/fs/cgroup/nowhere/berm" in said
    assert "isolation.cgroup" in said
    assert "Traceback" not in said


def test_no_landlock_and_no_namespaces():
    got, said = start(
        BERM_ISOLATION_LANDLOCK_ABI="0",
        BERM_ISOLATION_PLAN="confined",
        BERM_ISOLATION_REQUIRE="strict",
    )
    assert got == 78, said
    assert "Landlock" in said
    assert "Traceback" not in said


def test_an_address_for_everybody_and_nobody_with_a_key(tmp_path):
    got, said = start("--host", "0.0.0.0", BERM_STORE_URL=f"sqlite:///{tmp_path}/berm.db")
    assert got == 78, said
    assert "berm keys create" in said


def test_a_setting_that_does_not_exist():
    got, said = start(BERM_SERVE_DRIAN="30")
    assert got == 78, said
    assert "Did you mean drain?" in said


def test_prepared_toolchains_that_are_not_there():
    got, said = start(BERM_CACHE_BAKED=str(Path("/nowhere/prepared")))
    assert got == 78, said
    assert "berm prepare" in said

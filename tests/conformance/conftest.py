"""What the conformance tests share: the corpus, one engine a module, the Java programs compiled bare once."""

from __future__ import annotations

import dataclasses
import fcntl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import berm
from berm.config import Config
from berm.languages import Registry

sys.path.insert(0, str(Path(__file__).parent))

from corpus import samples

WAITING = ("java", "javascript")
"""The languages whose runtimes wait for their programs."""


@pytest.fixture(scope="module")
async def engine(anyio_backend: str) -> AsyncIterator[berm.Engine]:
    """The engine as it is configured on this machine (``BERM_ISOLATION_PLAN=confined`` counts).

    No runtime of it waits for a program: each one is started for its run.
    """
    async with berm.Engine(dataclasses.replace(Config.load(), parked_mib=0)) as running:
        yield running


@pytest.fixture(scope="module")
async def furnished(anyio_backend: str) -> AsyncIterator[berm.Engine]:
    """An engine whose toolchains are prepared, and whose runtimes wait for their programs."""
    async with berm.Engine(Config.load()) as running:
        names = [one.name for one in running.registry.available()]
        await running.furnish([name for name in WAITING if name in names])
        yield running


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.open()


@pytest.fixture(scope="session")
def java_classes(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, registry: Registry
) -> Path:
    """Every Java program compiled by one bare ``javac``; once, however many workers run."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder = shared / "java-classes"
    with (shared / "java-classes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            java = registry.get("java")
            sources = shared / "java-sources"
            sources.mkdir()
            for sample in samples("java"):
                path = sources / java.entry_name(sample.source)
                assert not path.exists(), f"two programs want the file {path.name}"
                path.write_bytes(sample.source)
            step = java.compile_step({"Main.java": b""}, "Main.java")
            assert step is not None
            files = [str(path) for path in sorted(sources.iterdir())]
            command = [item for item in step.command(str(folder), "/tmp") if item != "Main.java"]
            subprocess.run([*command, *files], check=True, stderr=subprocess.DEVNULL)
    return folder


def pytest_terminal_summary(terminalreporter, config):
    """Print which language kept which promise, where test_every_language.py ran."""
    rows = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for key, value in getattr(report, "user_properties", ()):
                if key == "language":
                    rows[value[0]] = value[1]
    if rows and config.getoption("--languages") != "smoke":
        terminalreporter.section("languages")
        for name, seen in sorted(rows.items()):
            bad = [check for check, answer in seen.items() if answer == "FAILED"]
            absent = [check for check, answer in seen.items() if answer == "-"]
            text = f"{name:14} {sum(a == 'ok' for a in seen.values()):2} ok"
            text += f"; FAILED: {', '.join(bad)}" if bad else ""
            text += f"; cannot: {', '.join(absent)}" if absent else ""
            terminalreporter.write_line(text)
        good = sum("FAILED" not in seen.values() for seen in rows.values())
        terminalreporter.write_line(f"{good} of {len(rows)} languages keep every promise")

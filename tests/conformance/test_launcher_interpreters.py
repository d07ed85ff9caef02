"""The launcher under every CPython of this machine: the same programs, the same behaviour as bare.

The interpreters are those that ``BERM_TEST_PYTHONS`` names (paths, separated by ``:``), else every
``python3.x`` on PATH and every version that ``pyenv``, where it is installed, knows of.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from corpus import LIMITS, bare, behaviour, samples, workplace

import berm
from berm.config import Config
from berm.languages.read_paths import closed_directory

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

OLDEST, NEWEST = (3, 8), (3, 13)

ASK = """
import sys, ctypes
print(sys.implementation.name, "%d.%d.%d" % sys.version_info[:3], getattr(sys, "_base_executable", sys.executable))
"""
NOT_NEEDED = shutil.ignore_patterns(
    "test", "tests", "idlelib", "site-packages", "ensurepip", "config-*", "*.a"
)

# What differs between versions of CPython, and what a launcher gets wrong first.
PROGRAMS = (
    "add_two", "atexit_order", "del_at_shutdown", "exit_builtin", "exit_code", "exit_in_finally", "exit_string",
    "flags_and_paths", "input_until_eof", "kill_self", "keyboard_interrupt", "large_output", "main_guard", "merge_sort",
    "modules_fresh", "own_source", "recursion_error", "stdin_bytes", "stdin_surrogateescape", "syntax_error",
    "thread_exception", "threads_outlive_main", "traceback_chained", "traceback_multiline", "unicode_output",
    "warnings_shown",
)  # fmt: skip


def candidates() -> list[str]:
    """Return paths that may be interpreters."""
    named = os.environ.get("BERM_TEST_PYTHONS")
    if named:
        return named.split(os.pathsep)
    paths = [shutil.which(f"python3.{minor}") or "" for minor in range(OLDEST[1], NEWEST[1] + 1)]
    pyenv = shutil.which("pyenv")
    if pyenv:
        root = subprocess.run(
            [pyenv, "root"], capture_output=True, text=True, check=True
        ).stdout.strip()
        paths += sorted(str(path) for path in Path(root, "versions").glob("3.*/bin/python3"))
    return paths


@functools.cache
def interpreters() -> dict[str, str]:
    """Return version → path: one interpreter for each version found."""
    found: dict[str, str] = {}
    for path in filter(None, candidates()):
        done = subprocess.run([path, "-I", "-S", "-c", ASK], capture_output=True, text=True)
        name, _, rest = done.stdout.partition(" ")
        version, _, executable = rest.strip().partition(" ")
        if name == "cpython" and OLDEST <= tuple(map(int, version.split(".")[:2])) <= NEWEST:
            found.setdefault(version, os.path.realpath(executable))
    return found


def enterable(path: str, folder: Path) -> str:
    """Return the interpreter itself, or the same files where any user may enter.

    Started by root, cells are other users; an interpreter below ``/root`` is linked, file by
    file, into a directory of ours. It finds its library by its own place.
    """
    prefix = Path(path).parent.parent
    if os.geteuid() != 0 or closed_directory(str(prefix)) is None:
        return path
    place = folder / "python"
    place.mkdir()
    for part in ("bin", "lib"):
        shutil.copytree(
            prefix / part,
            place / part,
            symlinks=True,
            copy_function=link_or_copy,
            ignore=NOT_NEEDED,
        )
    return str(place / "bin" / Path(path).name)


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


@pytest.fixture(
    scope="module",
    params=sorted(interpreters(), key=lambda v: [int(part) for part in v.split(".")]),
)
async def engine(request, anyio_backend):
    with tempfile.TemporaryDirectory(prefix="berm-python-", dir="/var/tmp") as name:
        os.chmod(name, 0o755)
        python = enterable(interpreters()[request.param], Path(name))
        settings = dataclasses.replace(Config.load(), languages={"python": {"python": python}})
        async with berm.Engine(settings) as running:
            assert running.registry.get("python").version == request.param
            yield running


def test_at_least_one_interpreter_is_tested():
    assert interpreters(), "no CPython 3.8 to 3.13 was found: set BERM_TEST_PYTHONS"


@pytest.mark.parametrize(
    "sample", [s for s in samples("python") if s.name in PROGRAMS], ids=lambda s: s.name
)
async def test_same_as_bare(engine, sample, tmp_path):
    language = engine.registry.get("python")
    work, entry = workplace(tmp_path, language, sample.source)
    step = language.run_step(entry, sample.args, LIMITS)
    outside = await asyncio.to_thread(bare, step, work, sample.stdin)
    result = await engine.run(sample.source, "python", sample.stdin, sample.args, limits=LIMITS)
    inside = behaviour(
        result.stdout, result.stderr, result.outcome.exit_code, result.outcome.signal
    )
    assert inside == outside


async def test_a_global_ends_in_a_cell_that_was_not_rehearsed(engine):
    # A module that was made before gc.freeze() is never collected, and a rehearsal can hide that.
    code = "class A:\n    def __del__(self): print('ended')\nkept = A()"
    settings = dataclasses.replace(engine.config, pool_floor=0, pool_ceiling=0)
    async with berm.Engine(settings) as cold:
        for _ in range(2):
            assert (await cold.run(code, limits=LIMITS)).text == "ended\n"


async def test_forty_runs_in_a_row(engine):
    async def one(i: int):
        return await engine.run("print(int(input()) + 1)", stdin=str(i), limits=LIMITS)

    results = await asyncio.gather(*(one(i) for i in range(40)))
    assert [result.text for result in results] == [f"{i + 1}\n" for i in range(40)]

"""Every language keeps the same promises: table-driven over ``languages/NAME``.

A language is a folder of programs, each written in it: ``main.EXT`` does what its first argument says
(``hello``, ``echo``, ``args``, ``exit``, ``crash``, ``spin``, ``fill``, ``read FILE``), ``CHECK.EXT`` takes
its place for one check where a language has no arguments, ``broken.EXT`` is wrong, and ``parts/`` is a
program of several files. ``checks.toml`` says which checks cannot be (in the confined plan), and why.

By default each language of the tiers minimal and contest is tried in brief; ``--languages all`` (or names)
checks everything: ``./dev languages``.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
import tempfile
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import berm
from berm.languages import definition, variants
from berm.languages.registry import DATA
from berm.model import MIB, Limits, Outcome, RunResult

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

PROGRAMS = Path(__file__).with_name("languages")
GENEROUS = Limits(cpu_time=60, wall_time=120, output=8 * MIB)
HELLO = "Hello, world!\n"
UNICODE = "na\u00efve \u00dcn\u00efc\u00f6d\u00e9 \u2014 \u65e5\u672c\u8a9e \U0001f600\n"
WORDS = ["one", "two words", "-x", "--help", "\u00fcn\u00ef\u2192\u65e5"]
SECONDS = 600


#: Another implementation of a language → the language, whose programs it runs.
SAME = {"clang": "c", "clangpp": "cpp", "luajit": "lua", "pypy": "python"}


@dataclasses.dataclass
class Case:
    """One language under test: its programs, and the engine that runs them."""

    engine: berm.Engine
    name: str
    canary: Path

    @property
    def folder(self) -> Path:
        return PROGRAMS / SAME.get(self.name, self.name)

    @property
    def entry(self) -> str:
        return definition.load(DATA / f"{self.name}.toml").entry

    @property
    def exceptions(self) -> Mapping[str, Any]:
        path = self.folder / "checks.toml"
        return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}

    def source(self, check: str) -> tuple[str, bool]:
        """Return a program's text, and whether it is the one that is told by argument what to do."""
        suffix = Path(self.entry).suffix
        own = self.folder / f"{check}{suffix}"
        path = own if own.exists() else self.folder / f"main{suffix}"
        return path.read_text("utf-8"), path is not own

    async def run(
        self, mode: str, *args: str, stdin: str = "", limits: Limits = GENEROUS, **files: str
    ) -> RunResult:
        text, told = self.source(mode)
        words = [mode, *args] if told else []
        if args:
            text = text.replace("{path}", args[0])
        given = {name.replace("_txt", ".txt"): content for name, content in files.items()}
        return await self.engine.run(text, self.name, stdin, words, files=given, limits=limits)


def fine(result: RunResult, output: str) -> None:
    assert (result.outcome, result.text) == (Outcome("exited", 0), output), shown(result)


def shown(result: RunResult) -> str:
    compiled = result.compile and result.compile.stdout + result.compile.stderr
    return f"{result.outcome} {result.stdout[-300:]!r} {result.stderr[-600:]!r} {(compiled or b'')[-600:]!r} {result.usage}"


async def hello(case: Case) -> None:
    """Says hello."""
    fine(await case.run("hello"), HELLO)


async def stdin(case: Case) -> None:
    """Copies its input."""
    text = "".join(f"line {i}\n" for i in range(100)) + "\nlast\n"
    fine(await case.run("echo", stdin=text), text)


async def unicode(case: Case) -> None:
    """Copies text of other scripts."""
    fine(await case.run("echo", stdin=UNICODE * 3), UNICODE * 3)


async def megabyte(case: Case) -> None:
    """Copies a megabyte."""
    text = "".join(
        f"{i:07} abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ\n" for i in range(17_000)
    )
    assert len(text) > MIB
    fine(await case.run("echo", stdin=text), text)


async def args(case: Case) -> None:
    """Sees its arguments as they are."""
    words = case.exceptions.get("words", WORDS)
    fine(await case.run("args", *words), "".join(f"{word}\n" for word in words))


async def exit_code(case: Case) -> None:
    """Ends with the code that it wants."""
    result = await case.run("exit")
    assert result.outcome == Outcome("exited", 7), shown(result)


async def crash(case: Case) -> None:
    """Fails at run time, and says so."""
    result = await case.run("crash")
    failed = result.outcome.kind == "signalled" or (
        result.outcome.kind == "exited" and result.outcome.exit_code
    )
    assert failed, shown(result)
    said = result.outcome.signal or result.stderr or result.stdout
    assert said or "silent_crash" in case.exceptions, shown(result)


async def broken(case: Case) -> None:
    """Does not compile, or does not start, and says why."""
    text, own = (case.folder / f"broken{Path(case.entry).suffix}").read_text("utf-8"), case.name
    result = await case.engine.run(text, own, limits=GENEROUS)
    if definition.load(DATA / f"{case.name}.toml").compile:
        assert result.outcome.kind == "compile_error", shown(result)
        assert result.compile is not None
        assert result.compile.outcome.kind in ("exited", "signalled"), shown(result)
        assert result.compile.stdout + result.compile.stderr
    else:
        assert result.outcome.kind == "exited", shown(result)
        if "broken_exits_with_0" not in case.exceptions:
            assert result.outcome.exit_code, shown(result)
        assert result.stdout + result.stderr


async def time_limit(case: Case) -> None:
    """Is stopped when its CPU time is used up."""
    result = await case.run("spin", limits=Limits(cpu_time=1.5, wall_time=60))
    assert result.outcome.kind == "cpu_limit", shown(result)


async def memory_limit(case: Case) -> None:
    """Is stopped, or refused memory, at its limit; and the result says that this was the cause."""
    limits = Limits(cpu_time=60, wall_time=120, memory=case.exceptions.get("memory_mib", 128) * MIB)
    result = await case.run("fill", limits=limits)
    assert result.outcome.kind == "memory_limit", shown(result)


async def parts(case: Case) -> None:
    """Runs from several files."""
    files = {path.name: path.read_text("utf-8") for path in (case.folder / "parts").iterdir()}
    entry = "Main.java" if case.name == "java" else case.entry
    source = files.pop(entry)
    fine(await case.engine.run(source, case.name, files=files, limits=GENEROUS), "parts: 42\n")


async def attack(case: Case) -> None:
    """Reads a file of its own, and not one of the host that every user may read."""
    own = "what the program may read\n"
    fine(await case.run("read", "given.txt", given_txt=own), own)
    for path in (case.canary, "/etc/shadow", "/proc/1/environ"):
        result = await case.run("read", str(path))
        seen = result.stdout + result.stderr
        assert case.canary.read_bytes().strip() not in seen
        assert b"root:" not in seen
        assert b"PATH=" not in seen


Check = Callable[[Case], Awaitable[None]]
CHECKS: tuple[Check, ...] = (
    *(hello, stdin, unicode, megabyte, args, exit_code, crash, broken),
    *(time_limit, memory_limit, parts, attack),
)
BRIEF = (hello, stdin, attack)


def languages() -> list[str]:
    return sorted(path.stem for path in DATA.glob("*.toml"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" not in metafunc.fixturenames:
        return
    wanted = metafunc.config.getoption("--languages")
    loaded = {name: definition.load(DATA / f"{name}.toml") for name in languages()}
    if wanted == "smoke":
        names = [name for name, one in loaded.items() if one.tier != "all"]
    else:
        names = languages() if wanted == "all" else wanted.split(",")
    metafunc.parametrize(
        "name",
        [pytest.param(name, marks=pytest.mark.requires_toolchain(name)) for name in names],
        ids=names,
    )


@pytest.fixture(scope="module")
def canary() -> Iterator[Path]:
    """A secret that lies open on the host: only the cell keeps a program from it."""
    folder = tempfile.mkdtemp(prefix="berm-canary-")
    path = Path(folder, "secret")
    path.write_text(f"SECRET-{secrets.token_hex(16)}\n")
    os.chmod(folder, 0o755)
    path.chmod(0o644)
    yield path
    shutil.rmtree(folder)


@pytest.mark.timeout(SECONDS)
async def test_language(engine, name, canary, record_property, pytestconfig):
    case = Case(engine, name, canary)
    checks = BRIEF if pytestconfig.getoption("--languages") == "smoke" else CHECKS
    cannot = dict(case.exceptions.get("cannot", {}))
    if engine.enforcement(name).plan == "confined":
        cannot |= case.exceptions.get("confined", {})
    seen, failures = {}, []
    for check in checks:
        if check.__name__ in cannot:
            seen[check.__name__] = "-"
            continue
        try:
            await check(case)
            seen[check.__name__] = "ok"
        except AssertionError as failure:
            seen[check.__name__] = "FAILED"
            failures.append(f"{check.__name__}: {failure}")
            if "compile_error" in str(failure):  # it would be compiled, and fail, for each
                break
    record_property("language", (name, seen))
    assert not failures, "\n".join(failures)


async def test_every_variant_that_is_here_says_hello(engine, pytestconfig):
    wanted = pytestconfig.getoption("--languages")
    for name in languages() if wanted in ("all", "smoke") else ():
        case = Case(engine, name, Path())
        for variant in variants.names(definition.read(DATA / f"{name}.toml")):
            found = engine.registry.find(variant)
            if found.available and (wanted == "all" or found.definition.tier == "minimal"):
                fine(await engine.run(case.source("hello")[0], variant, limits=GENEROUS), HELLO)


def test_every_language_has_its_programs():
    """What a language cannot do is said with a reason, and nothing is merely missing."""
    names = {check.__name__ for check in CHECKS}
    for name in languages():
        case = Case(None, name, Path())  # type: ignore[arg-type]
        cannot = case.exceptions.get("cannot", {})
        confined = case.exceptions.get("confined", {})
        assert {*cannot, *confined} <= names, name
        assert all(len(reason) > 10 for reason in (*cannot.values(), *confined.values())), name
        for check, needed in (("broken", f"broken{Path(case.entry).suffix}"), ("parts", "parts")):
            assert (check in cannot) is not (case.folder / needed).exists(), f"{name}: {check}"
    assert {path.name for path in PROGRAMS.iterdir()} == set(languages()) - set(SAME)


def test_every_language_says_where_it_ends():
    for name in languages():
        assert definition.load(DATA / f"{name}.toml").notes, name


def test_at_least_35_languages():
    assert len(languages()) >= 35

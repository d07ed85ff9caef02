"""The compile cache without cells: bounds, order, one flight for equal callers, nothing poisoned."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import berm
from berm.artifacts import identity
from berm.artifacts.cache import CompileCache, Compiled
from berm.cell.files import Bundle, File
from berm.languages import CompileStep

pytestmark = pytest.mark.anyio


def _result(kind: berm.OutcomeKind = berm.OutcomeKind.EXITED, code: int = 0) -> berm.RunResult:
    return berm.RunResult(
        b"", b"said", berm.Outcome(kind, code), berm.Usage(), berm.Enforcement("confined", {}, ())
    )


def _compiled(size: int = 10) -> Compiled:
    return Compiled(_result(), {"main": File(b"x" * size, executable=True)})


class Compiler:
    """Counts, waits where told to, and gives what it is told to give."""

    def __init__(
        self, gives: Compiled | BaseException, *, gate: asyncio.Event | None = None
    ) -> None:
        self.gives = gives
        self.gate = gate
        self.started = 0
        self.cancelled = 0

    async def __call__(self) -> Compiled:
        self.started += 1
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.gives, BaseException):
            raise self.gives
        return self.gives


async def test_what_was_compiled_is_not_compiled_again() -> None:
    cache, compiler = CompileCache(1 << 20), Compiler(_compiled())
    first = await cache.get("a", compiler)
    assert (await cache.get("a", compiler)) is first
    assert compiler.started == 1
    assert (cache.hits, cache.misses, len(cache)) == (1, 1, 1)
    assert cache.bytes == first.size > 10


async def test_equal_ones_at_once_compile_once() -> None:
    gate = asyncio.Event()
    cache, compiler = CompileCache(1 << 20), Compiler(_compiled(), gate=gate)
    callers = [asyncio.create_task(cache.get("a", compiler)) for _ in range(300)]
    await asyncio.sleep(0)
    gate.set()
    entries = await asyncio.gather(*callers)
    assert compiler.started == 1
    assert set(map(id, entries)) == {id(entries[0])}
    assert (cache.misses, cache.joined, cache.hits) == (1, 299, 0)


async def test_the_least_recently_used_goes_first_and_bytes_are_bounded() -> None:
    one = Compiled(_result(), {"main": File(b"x" * 50_000)}).size
    cache = CompileCache(4 * one)
    for key in "abcd":
        await cache.get(key, Compiler(_compiled(50_000)))
    await cache.get("a", Compiler(_compiled(50_000)))  # used again: now b is the oldest
    await cache.get("e", Compiler(_compiled(50_000)))
    assert (len(cache), cache.evicted) == (4, 1)
    assert cache.bytes <= cache.capacity
    again = Compiler(_compiled(50_000))
    await cache.get("a", again)
    assert again.started == 0
    await cache.get("b", again)
    assert again.started == 1


async def test_small_entries_are_bounded_in_number() -> None:
    cache = CompileCache(1 << 24, entries=3)
    for number in range(10):
        await cache.get(str(number), Compiler(Compiled(_result(code=1), None)))
    assert len(cache) == 3
    assert cache.bytes == sum(entry.size for entry in cache._entries.values())


async def test_one_submission_cannot_empty_the_cache() -> None:
    cache = CompileCache(100_000)
    await cache.get("small", Compiler(_compiled()))
    await cache.get("large", Compiler(_compiled(60_000)))
    assert len(cache) == 1
    again = Compiler(_compiled())
    await cache.get("small", again)
    assert again.started == 0


async def test_a_compile_error_is_kept_and_a_limit_is_not() -> None:
    cache = CompileCache(1 << 20)
    failed = Compiler(Compiled(_result(code=1), None))
    await cache.get("error", failed)
    await cache.get("error", failed)
    assert failed.started == 1
    for kind in berm.OutcomeKind:
        if kind is berm.OutcomeKind.EXITED:
            continue
        ended = Compiler(Compiled(_result(kind), None))
        await cache.get(kind.value, ended)
        await cache.get(kind.value, ended)
        assert ended.started == 2, kind


async def test_a_failure_of_berm_reaches_everybody_and_is_not_kept() -> None:
    gate = asyncio.Event()
    cache, broken = CompileCache(1 << 20), Compiler(berm.CellError("gone"), gate=gate)
    callers = [asyncio.create_task(cache.get("a", broken)) for _ in range(3)]
    await asyncio.sleep(0)
    gate.set()
    errors = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(error) for error in errors] == [berm.CellError] * 3
    working = Compiler(_compiled())
    await cache.get("a", working)
    assert working.started == 1


async def test_a_caller_who_leaves_takes_the_compilation_with_it_only_if_it_was_the_last() -> None:
    gate = asyncio.Event()
    cache, compiler = CompileCache(1 << 20), Compiler(_compiled(), gate=gate)
    stays, leaves = (asyncio.create_task(cache.get("a", compiler)) for _ in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    assert compiler.cancelled == 0
    gate.set()
    await stays
    alone = Compiler(_compiled(), gate=asyncio.Event())
    last = asyncio.create_task(cache.get("b", alone))
    await asyncio.sleep(0.01)
    last.cancel()
    await asyncio.gather(last, return_exceptions=True)
    assert alone.cancelled == 1
    working = Compiler(_compiled())
    await cache.get("b", working)
    assert working.started == 1


async def test_contents_that_changed_in_memory_are_compiled_anew() -> None:
    cache, compiler = CompileCache(1 << 20), Compiler(_compiled())
    entry = await cache.get("a", compiler)
    assert isinstance(entry.compiled.files, dict)
    entry.compiled.files["main"] = File(b"another program", executable=True)
    await cache.get("a", compiler)
    assert compiler.started == 2


async def test_programs_share_one_sealed_file_until_the_last_is_closed() -> None:
    entry = await CompileCache(1 << 20).get("a", Compiler(_compiled()))
    first, second = entry.bundle(), entry.bundle()
    assert first is second
    with pytest.raises(PermissionError):
        os.pwrite(first.fd, b"other", 0)
    first.close()
    assert os.pread(second.fd, 10, 0) == b"x" * 10
    second.close()
    assert not second.open
    third = entry.bundle()
    assert os.pread(third.fd, 10, 0) == b"x" * 10
    third.close()


# --- the key ---------------------------------------------------------------------------------


def _step(**changed: object) -> CompileStep:
    values: dict[str, object] = {
        "argv": ("/usr/bin/cc", "-O2", "main.c"),
        "env": {"PATH": "/bin"},
        "profile": "compile",
        "read_paths": ("/usr",),
        "collect": ("main",),
        "limits": berm.Limits(),
        "target": "./main",
    }
    return CompileStep(**{**values, **changed})  # type: ignore[arg-type]


def _key(files: Mapping[str, bytes], tool: Path, plan: str = "p", **changed: object) -> str:
    contents = {name: File(data) for name, data in files.items()}
    return identity.of_compilation(_step(**changed), contents, [str(tool)], plan)


def test_whatever_may_change_the_result_changes_the_key(tmp_path: Path) -> None:
    tool = tmp_path / "cc"
    tool.write_bytes(b"one")
    files = {"main.c": b"int main(){}", "a.h": b""}
    plain = _key(files, tool)
    assert plain == _key(dict(reversed(files.items())), tool)
    others = [
        _key({**files, "main.c": b"int main(){} "}, tool),
        _key({**files, "b.h": b""}, tool),
        _key({"main.c": files["main.c"], "a.hh": b""}, tool),
        _key(files, tool, plan="q"),
        _key(files, tool, argv=("/usr/bin/cc", "-O3", "main.c")),
        _key(files, tool, argv=("/usr/bin/cc", "-O2 main.c")),
        _key(files, tool, env={"PATH": "/usr/bin"}),
        _key(files, tool, profile="native"),
        _key(files, tool, read_paths=("/usr", "/opt")),
        _key(files, tool, collect=("*",)),
        _key(files, tool, limits=berm.Limits(output=1)),
        _key(files, tool, target="./other"),
    ]
    tool.write_bytes(b"another")
    others.append(_key(files, tool))
    tool.unlink()
    others.append(_key(files, tool))
    assert len({plain, *others}) == len(others) + 1


_FILES = st.dictionaries(st.text("ab/", min_size=1, max_size=3), st.binary(max_size=4), max_size=3)


@given(_FILES, _FILES)
def test_different_submissions_never_share_a_key(
    one: dict[str, bytes], two: dict[str, bytes]
) -> None:
    tool = Path("/nonexistent")
    assert (_key(one, tool) == _key(two, tool)) == (one == two)


def test_an_executable_file_is_another_file() -> None:
    plain = {"main": File(b"x")}
    assert identity.of_files(plain) != identity.of_files({"main": File(b"x", executable=True)})
    assert dataclasses.replace(plain["main"]) == plain["main"]
    Bundle(plain).close()

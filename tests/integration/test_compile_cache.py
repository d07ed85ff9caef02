"""The compile cache with real compilers in real cells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import berm

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("c"),
]

ADD = '#include <stdio.h>\nint main(){int n;scanf("%d",&n);printf("%d\\n",n+1);return 0;}\n'

REPLACES_ITSELF = r"""
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv) {
    FILE *own = fopen("main", "r");
    puts(own ? "original" : "gone");
    unlink("main");
    FILE *other = fopen("main", "w");
    if (other) { fputs("#!/bin/sh\necho poisoned\n", other); fclose(other); chmod("main", 0755); }
    return 0;
}
"""


@pytest.fixture(params=["namespaces", "confined"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    try:
        async with berm.Engine(berm.Config(plan=request.param)) as opened:
            opened.enforcement("c")
            yield opened
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


async def test_equal_submissions_at_once_compile_once(engine: berm.Engine) -> None:
    programs = await asyncio.gather(*(engine.prepare(ADD, "c") for _ in range(300)))
    assert (engine.cache.misses, engine.cache.joined + engine.cache.hits) == (1, 299)
    results = await asyncio.gather(
        *(engine.execute(program, stdin=str(n)) for n, program in enumerate(programs[:8]))
    )
    assert [result.text for result in results] == [f"{n + 1}\n" for n in range(8)]
    for program in programs:
        program.close()
    again = await engine.run(ADD, "c", stdin="41")
    assert (again.text, engine.cache.misses) == ("42\n", 1)
    other = await engine.run(ADD + "\n", "c", stdin="41")
    assert (other.text, engine.cache.misses) == ("42\n", 2)


async def test_a_compile_error_is_told_again_without_compiling(engine: berm.Engine) -> None:
    results = [await engine.run("int main( {", "c") for _ in range(2)]
    assert engine.cache.misses == 1
    for result in results:
        assert result.outcome.kind is berm.OutcomeKind.COMPILE_ERROR
        assert result.compile is not None
        assert b"error:" in result.compile.stderr


async def test_a_run_cannot_change_what_the_next_one_runs(engine: berm.Engine) -> None:
    """Attack: the program puts another in its own place. Outcome: every run is the original."""
    for _ in range(3):
        result = await engine.run(REPLACES_ITSELF, "c")
        assert result.text == "original\n"
    assert engine.cache.misses == 1

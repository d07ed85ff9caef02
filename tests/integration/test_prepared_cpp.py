"""The precompiled header with the real compiler: the same programs and messages, only sooner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import berm

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("cpp"),
    pytest.mark.timeout(600),  # the header itself is made here, on a machine that has none yet
]

SORTS = """#include <bits/stdc++.h>
using namespace std;
int main() { vector<int> v{3, 1, 2}; sort(v.begin(), v.end()); for (int x : v) cout << x; cout << endl; }
"""
WRONG = """#include <bits/stdc++.h>
int main() { std::list<int> l; std::sort(l.begin(), l.end()); }
"""


@pytest.fixture(scope="module", params=["namespaces", "confined"])
async def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[berm.Engine, berm.Engine]]:
    """One engine whose C++ is prepared, and one that has no place for that."""
    nowhere = tmp_path_factory.mktemp("nowhere") / "shelf"
    nowhere.symlink_to("/")
    try:
        async with (
            berm.Engine(berm.Config(plan=request.param)) as prepared,
            berm.Engine(berm.Config(plan=request.param, cache_directory=str(nowhere))) as plain,
        ):
            prepared.enforcement("cpp")
            await prepared.furnish(["cpp"])
            assert prepared.shelf.path(prepared.registry.get("cpp"))
            assert plain.shelf.directory is None
            yield prepared, plain
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


def _binary(program: berm.Program) -> bytes:
    import os

    assert program.ok, program.compile
    (row,) = program.bundle.rows
    return os.pread(program.bundle.fd, row[1], 0)


async def test_programs_become_the_same_byte_for_byte(
    engines: tuple[berm.Engine, berm.Engine],
) -> None:
    prepared, plain = engines
    made = [await engine.prepare(SORTS, "cpp") for engine in engines]
    assert made[0].compiled is not None
    assert "-I" in made[0].compiled.argv
    assert _binary(made[0]) == _binary(made[1])
    assert (await prepared.execute(made[0])).text == "123\n"
    assert (await plain.execute(made[1])).text == "123\n"
    for program in made:
        program.close()


async def test_messages_are_the_same(engines: tuple[berm.Engine, berm.Engine]) -> None:
    said = [(await engine.run(WRONG, "cpp")).compile for engine in engines]
    assert said[0] is not None
    assert said[1] is not None
    assert said[0].stderr == said[1].stderr
    assert b"error" in said[0].stderr


async def test_what_stands_before_the_header_counts(
    engines: tuple[berm.Engine, berm.Engine],
) -> None:
    prepared, _ = engines
    source = """#define NDEBUG
#include <bits/stdc++.h>
int main() { assert(false); std::cout << "off" << std::endl; }
"""
    assert (await prepared.run(source, "cpp")).text == "off\n"


async def test_a_header_of_the_submission_wins(engines: tuple[berm.Engine, berm.Engine]) -> None:
    prepared, _ = engines
    own = '#include <iostream>\n#define SAY std::cout << "mine" << std::endl\n'
    result = await prepared.run(
        '#include "bits/stdc++.h"\nint main() { SAY; }', "cpp", files={"bits/stdc++.h": own}
    )
    assert result.text == "mine\n"


async def test_no_program_can_reach_the_header(engines: tuple[berm.Engine, berm.Engine]) -> None:
    """Attack: change what others compile. Outcome: a run does not even see it, and it is as it was."""
    prepared, _ = engines
    header = Path(prepared.shelf.path(prepared.registry.get("cpp")), "bits/stdc++.h.gch")
    before = header.stat()
    source = f"""#include <fstream>
#include <iostream>
int main() {{
    std::ifstream in("{header}");
    std::ofstream out("{header}", std::ios::app);
    out << "poison" << std::flush;
    std::cout << in.good() << out.good() << std::endl;
}}
"""
    assert (await prepared.run(source, "cpp")).text == "00\n"
    after = header.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)

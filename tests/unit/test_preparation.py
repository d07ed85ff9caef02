"""What a language file says about preparing its toolchain, and when that may be used."""

from __future__ import annotations

import time

import pytest

import berm
from berm.errors import PolicyError
from berm.languages import preparation
from berm.languages.fields import Fields
from berm.languages.registry import Registry

HEADER = "bits/stdc++.h"


@pytest.mark.parametrize(
    "source",
    [
        "#include <bits/stdc++.h>\nint main() {}",
        '#include "bits/stdc++.h"\n',
        "\n\n  #  include\t<bits/stdc++.h> // all\n",
        "// a comment\n/* another\n * one **/ /**/\n#include<bits/stdc++.h>\n",
        "//\n//\r\n#include <bits/stdc++.h>\r\n",
    ],
)
def test_a_source_that_begins_with_the_header(source: str) -> None:
    assert preparation.begins_with(source.encode(), HEADER)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "int x;\n#include <bits/stdc++.h>\n",
        '#pragma GCC optimize("O3")\n#include <bits/stdc++.h>\n',
        "#define int long long\n#include <bits/stdc++.h>\n",
        "#include <vector>\n#include <bits/stdc++.h>\n",
        "#include <bits/stdc++.hpp>\n",
        "#if 0\n#include <bits/stdc++.h>\n#endif\n",
        "// goes on \\\n#include <bits/stdc++.h>\n",
        "/* never ends\n#include <bits/stdc++.h>\n",
        "/* ends */ int x; /* */\n#include <bits/stdc++.h>\n",
        "//#include <bits/stdc++.h>\n",
        "/*#include <bits/stdc++.h>*/\n",
        "#include <bits/\\\nstdc++.h>\n",
    ],
)
def test_a_source_that_does_not(source: str) -> None:
    assert not preparation.begins_with(source.encode(), HEADER)


@pytest.mark.parametrize("unit", ["/*a*/", "// a\n", " \n\t", "/**/ //\n", "/*"])
def test_hostile_comments_take_no_time(unit: str) -> None:
    started = time.process_time()
    assert not preparation.begins_with(unit.encode() * 100_000 + b"x", HEADER)
    assert time.process_time() - started < 5


def test_cpp_uses_its_header_only_where_it_means_the_same() -> None:
    cpp = Registry.open().find("cpp")
    if not cpp.available:
        pytest.skip("needs g++")
    whole = {"main.cpp": b"#include <bits/stdc++.h>\n"}

    def used(files: dict[str, bytes], flags: tuple[str, ...] = (), prepared: str = "/p") -> bool:
        step = cpp.compile_step(files, "main.cpp", None, flags, prepared)
        assert step is not None
        assert ("/p" in step.read_paths) is (prepared == "/p")
        return "/p" in step.argv

    assert used(whole)
    assert used({**whole, "other.cpp": whole["main.cpp"], "data.txt": b"x"})
    assert not used(whole, prepared="")
    assert not used(whole, flags=("-std=c++17",))
    assert not used({**whole, "other.cpp": b"int x;"})
    assert not used({**whole, "bits/stdc++.h": b""})
    assert not used({**whole, "stdc++.h": b""})
    assert not used({"main.cpp": b"#define N 1\n#include <bits/stdc++.h>\n"})


def test_no_run_reads_what_only_the_compiler_needs() -> None:
    cpp = Registry.open().find("cpp")
    if not cpp.available:
        pytest.skip("needs g++")
    assert "/p" not in cpp.run_step("main.cpp", (), berm.Limits(), None, "/p").read_paths


@pytest.mark.parametrize(
    "table",
    [
        {"keep": ["a"]},
        {"files": {"a": "no-such-file"}},
        {"stages": {"one": {"command": ["x"]}}},
        {"stages": {"one": {"command": [], "collect": ["x"]}}},
        {"else": 1},
    ],
)
def test_a_wrong_table_is_refused_by_name(table: dict[str, object]) -> None:
    with pytest.raises(PolicyError, match="prepare"):
        preparation.parse(Fields(table, "x.toml.prepare"))

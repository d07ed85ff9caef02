"""A program that does not compile: the compiler says in a cell what it says outside."""

from __future__ import annotations

import asyncio

import pytest
from corpus import LIMITS, bare, behaviour, workplace

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

WRONG = {
    "c-undeclared": ("c", b"#include <stdio.h>\nint main(void)\n{\n    prinft(x);\n}\n"),
    "c-missing-header": ("c", b'#include "absent.h"\nint main(void) { return 0; }\n'),
    "c-unresolved-symbol": ("c", b"int elsewhere(void);\nint main(void) { return elsewhere(); }\n"),
    "c-no-main": ("c", b"int helper(void) { return 1; }\n"),
    "c-error-directive": ("c", b"#error stop here\n"),
    "c-empty": ("c", b""),
    "cpp-template": ("cpp", b"#include <algorithm>\n#include <list>\nint main() { std::list<int> l; std::sort(l.begin(), l.end()); }\n"),
    "cpp-static-assert": ("cpp", b'static_assert(sizeof(int) == 2, "no");\nint main() {}\n'),
    "cpp-not-utf8": ("cpp", b"int main() { int \xff = 1; }\n"),
    "java-types": ("java", b'public class Types {\n    public static void main(String[] a) {\n        int x = "s";\n        y();\n    }\n}\n'),
    "java-unclosed": ("java", b"public class Unclosed { public static void main(String[] a) {\n"),
    "java-checked-exception": ("java", b"class Checked { public static void main(String[] a) { throw new Exception(); } }\n"),
    "java-empty": ("java", b""),
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "source"),
    [
        pytest.param(language, source, id=name, marks=pytest.mark.requires_toolchain(language))
        for name, (language, source) in WRONG.items()
    ],
)
async def test_same_report(engine, language, source, tmp_path):
    found = engine.registry.get(language)
    work, entry = workplace(tmp_path, found, source)
    step = found.compile_step({entry: source}, entry, LIMITS)
    outside = await asyncio.to_thread(bare, step, work, b"")
    result = await engine.run(source, language, limits=LIMITS)
    assert result.outcome.kind == "compile_error"
    compiled = result.compile
    assert (
        behaviour(
            compiled.stdout, compiled.stderr, compiled.outcome.exit_code, compiled.outcome.signal
        )
        == outside
    )


@pytest.mark.requires_toolchain("java")
async def test_a_source_without_a_class_says_what_is_missing(engine):
    result = await engine.run("// nothing here\n", "java", limits=LIMITS)
    assert result.outcome.kind == "compile_error"

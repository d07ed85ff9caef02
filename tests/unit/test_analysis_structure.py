"""Obfuscation is told by its shape, and never refused for it by default."""

from __future__ import annotations

import base64

import pytest

from berm.analysis.examine import examine
from berm.analysis.policy import Policy
from berm.analysis.structure import entropy

PACKED = base64.b85encode(bytes(i * 37 % 251 for i in range(400))).decode().replace("'", "a")
SHAPES = {
    "packed": ("python", f"data = '{PACKED}'.replace('\\\\', '')\nprint(len(data))\n"),
    "escaped": ("python", "x = '" + "\\x61" * 60 + "'\nprint(x)\n"),
    "machine names": (
        "javascript",
        "".join(f"const _0x{i:04x}a = _0x{i + 1:04x}a + {i};\n" for i in range(20)),
    ),
    "array": (
        "javascript",
        "function f() { const a = ['"
        + "word', 'other" * 20
        + "']; f = function () { return a; }; return f(); }\n"
        "console.log(f().length);\n",
    ),
    "flattened": (
        "javascript",
        "const o = '1|0'.split('|'); let i = 0;\nwhile (true) { switch (o[i++]) { case '0': console.log(1); continue;"
        " case '1': console.log(2); continue; } break; }\n"
        + "// a line of words that makes it long enough\n"
        * 3,
    ),
    "few characters": ("javascript", "[][(![]+[])[+[]]]" * 20),
    "codes": (
        "python",
        "x = ''.join(["
        + ", ".join(f"chr({i})" for i in range(97, 120))
        + "])\nprint(x)\n"
        + "# words\n" * 20,
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_told_and_not_refused(name):
    language, text = SHAPES[name]
    found = examine(text.encode(), language)
    assert "any.obfuscated" in {finding.rule for finding in found}
    for pack in ("education", "contest", "strict"):
        blocked = [f.rule for f in Policy(pack).decide(found, language).findings if f.blocked]
        assert "any.obfuscated" not in blocked


def test_readable_programs_have_no_such_shape():
    text = (
        "def solve(numbers):\n    total = 0\n    for number in numbers:\n        total += number\n    return total\n"
        * 8
    )
    assert "any.obfuscated" not in {finding.rule for finding in examine(text.encode(), "python")}


def test_entropy():
    assert entropy("") == 0.0
    assert entropy("aaaa") == 0.0
    assert entropy("abcd") == 2.0

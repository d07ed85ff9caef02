"""What the Python evaluator makes of constants: what Python makes of them, or nothing.

Every row is run by Python too, so a table says no value that somebody had to work out.
"""

from __future__ import annotations

import ast
import base64
import gzip
import lzma
import tracemalloc
import warnings
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berm.analysis.fact import Sink
from berm.analysis.python import methods, purity
from berm.analysis.python.statements import Evaluator
from berm.analysis.python.values import MAX_TEXT, UNKNOWN, Either, is_plain, options

ROWS = Path(__file__).parent / "evaluator"
PRELUDE = """\
import ast, base64, binascii, bz2, codecs, functools, gzip, html, itertools, json, lzma, math, operator, os
import quopri, re, string, struct, textwrap, urllib.parse, zlib
"""


def evaluated(program: str, *, deep: bool = True) -> Evaluator:
    source = PRELUDE + program
    evaluator = Evaluator(source, Sink(lambda *_: True), deep=deep)
    evaluator.run(ast.parse(source).body)
    return evaluator


def folded(program: str):
    """Return what the evaluator has for ``x`` at the end of a program."""
    return evaluated(program).scope.names["x"]


def ran(program: str):
    """Return what Python has for it."""
    space = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(PRELUDE + program, "row", "exec"), space)
    return space["x"]


def rows(name: str) -> list[str]:
    lines = (ROWS / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("# ")]


def blocks(name: str) -> list[str]:
    text = (ROWS / name).read_text("utf-8").partition("\n")[2]
    return [f"{block}\n" for block in text.rstrip("\n").split("\n---\n")]


def same(one: object, other: object) -> bool:
    return type(one) is type(other) and (one == other or repr(one) == repr(other))


EXPRESSIONS, METHODS = rows("expressions.txt"), rows("methods.txt")


@pytest.mark.parametrize("expression", [*EXPRESSIONS, *METHODS])
def test_an_expression_comes_to_what_python_makes_of_it(expression):
    program = f"x = {expression}\n"
    assert same(folded(program), ran(program))


def test_every_function_and_method_has_a_row():
    text = "\n".join(EXPRESSIONS)
    gone = {"builtins.xrange", "builtins.unichr", "base64.decodestring"}  # of Python 2
    for path in set(purity.FUNCTIONS) - gone:
        assert f"{path.removeprefix('builtins.')}(" in text, path
    rest = "\n".join(METHODS)
    for names in methods.METHODS.values():
        for name in names:
            assert f".{name}(" in rest, name


def test_what_python_2_had_is_folded_too():
    assert folded("x = unichr(111) + ''.join(chr(c) for c in xrange(115, 116))\n") == "os"
    assert folded("x = base64.decodestring(b'b3M=')\n") == b"os"
    assert folded("x = b'6f73'.decode('hex')\n") == b"os"
    assert folded("x = 'bf'.encode('rot13')\n") == "os"


LARGE = [
    "('a' * 60000).replace('a', 'b' * 2000)",
    "('a' * 60000).join(['b'] * 2000)",
    "('a' * 60000).__mul__(2000)",
    "('a' * 60000).__rmul__(2000)",
    "('a' * 60000) * 2000",
    "2000 * ('a' * 60000)",
    "operator.mul('a' * 60000, 2000)",
    "'a'.center(10 ** 8)",
    "bytes(10 ** 8)",
    "'%99999999d'.__mod__(1)",
    "'%99999999d' % 1",
    "format(1, '99999999')",
    "'{:99999999}'.format(1)",
    "'{a:99999999}'.format_map({'a': 1})",
    "1 << 10 ** 9",
    "operator.lshift(1, 10 ** 9)",
    "2 ** 10 ** 9",
    "pow(2, 10 ** 9)",
    "[0] * 10 ** 8",
    "list(itertools.repeat(0, 10 ** 8))",
    "zlib.decompress(ZLIB)",
    "gzip.decompress(GZIP)",
    "codecs.decode(ZLIB, 'zlib')",
    "codecs.decode(ZLIB, 'zip')",
    "codecs.decode(ZLIB, 'zlib_codec')",
    "codecs.decode(BZ2, 'bz2_codec')",
    "bz2.decompress(BZ2)",
    "codecs.decode(BZ2, 'bz2')",
    "lzma.decompress(LZMA)",
]
PACKED = {
    "ZLIB": zlib.compress(bytes(1 << 24)),
    "GZIP": gzip.compress(bytes(1 << 24)),
    "BZ2": base64.b85decode("LRx4!F+o`-Q(2-QqM88#0l)yj000Oe05E_l8)yOnq5%Nn?ntK!5)?!fQ$P"),
    "LZMA": lzma.compress(bytes(1 << 24), preset=0),
}


@pytest.mark.parametrize("expression", LARGE)
def test_what_is_large_is_not_even_made(expression):
    for name, data in PACKED.items():
        expression = expression.replace(name, repr(data))
    tracemalloc.start()
    try:
        value = folded(f"x = {expression}\n")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert value is UNKNOWN or len(value) <= MAX_TEXT
    assert most < 1 << 23


@pytest.mark.parametrize("path", sorted(purity.CONSTANTS))
def test_a_constant_is_pythons(path):
    module, _, name = path.rpartition(".")
    value = folded(f"import sys\nx = {module}.{name}\n")
    if path == "sys.platform":
        assert value is UNKNOWN
    else:
        assert value == ran(f"import sys\nx = {module}.{name}\n")


@pytest.mark.parametrize("program", blocks("programs.txt"))
def test_a_program_comes_to_what_python_makes_of_it(program):
    assert same(folded(program), ran(program))


@pytest.mark.parametrize("expression", rows("unknown.txt"))
def test_what_cannot_be_known_is_not_claimed(expression):
    value = folded(f"x = {expression}\n")
    assert not any(is_plain(option) for option in options(value))


@pytest.mark.parametrize("program", blocks("changed.txt"))
def test_what_a_program_may_change_is_not_known(program):
    value = folded(program)
    assert any(not is_plain(option) for option in options(value))


EITHER = {
    "x = 'a' if input() else 'b'": {"a", "b"},
    "x = 'a' if input() else 'a'": {"a"},
    "x = input() and 'a'": {UNKNOWN, "a"},
    "x = 'a' and input()": {UNKNOWN},
    "x = '' or input() or 'b'": {UNKNOWN, "b"},
    "x = getattr(input(), 'a', 'b')": {UNKNOWN, "b"},
    "x = {'a': 1, **input()}.get('b', 2)": {UNKNOWN, 2},
    "x = {'a': input()}.get('a', 2)": {UNKNOWN},
    "y = 'a' if input() else 'b'\nx = y + 'c'": {"ac", "bc"},
    "y = 'a' if input() else 'b'\nx = 'c' + y": {"ca", "cb"},
    "y = 'a' if input() else 'b'\nx = y + y": {"aa", "ab", "ba", "bb"},
    "y = 'a' if input() else 'b'\nx = ord(y)": {97, 98},
    "y = 1 if input() else 2\nx = pow(2, y)": {2, 4},
    "y = 0 if input() else 1\nx = 'ab'[y]": {"a", "b"},
    "y = 'ab' if input() else 'cd'\nx = y[0]": {"a", "c"},
    "y = 'ab' if input() else 'cd'\nx = y.upper()": {"AB", "CD"},
    "f = chr if input() else str\nx = f(111)": {"o", "111"},
    "x = {'a': 1, input(): 2}.get('b', 3)": {UNKNOWN, 3},
    "x = 'a' if [*input()] else 'b'": {"a", "b"},
    "x = operator.attrgetter(input(), 'sep')(os)[1]": {"/"},
    "it = iter('ab')\nx = 'c'\nif input():\n    x = next(it)": {"a", "b", "c"},
    "it = iter('abcdefg')\nx = 'c'\nif input():\n    x = next(it)": {UNKNOWN, "c"},
    "class A: pass\nA.n = 'a'\nif input():\n    A.n = 'b'\nx = A.n": {"a", "b"},
    "class A: pass\na = A()\na.n = 'a'\nfor i in input():\n    a.n = 'b'\nx = a.n": {"a", "b"},
    "x = {'a': 1, **input()}['a']": {UNKNOWN, 1},
    "if input():\n    pass\na = [1]\na.append(2)\nx = a[1]": {2},
    "for i in input():\n    pass\na = [1]\na.append(2)\nx = a[1]": {2},
    "while input():\n    pass\na = [1]\na.append(2)\nx = a[1]": {2},
    "[i for i in input()]\na = [1]\na.append(2)\nx = a[1]": {2},
    "try:\n    pass\nexcept ValueError:\n    pass\na = [1]\na.append(2)\nx = a[1]": {2},
    "match input():\n    case 1: pass\na = [1]\na.append(2)\nx = a[1]": {2},
    "a = ['a']\nif input():\n    if input():\n        pass\n    a[0] = 'b'\nx = a[0]": {UNKNOWN},
    "a = ['a']\nif input():\n    for i in input():\n        pass\n    a[0] = 'b'\nx = a[0]": {
        UNKNOWN
    },
    "a = ['a']\nif input():\n    [i for i in input()]\n    a[0] = 'b'\nx = a[0]": {UNKNOWN},
    "a = ['a']\nfor i in input():\n    if input():\n        pass\n    a[0] = 'b'\nx = a[0]": {
        UNKNOWN
    },
    "if input():\n    y = 'a'\nx = y": {UNKNOWN, "a"},
    "y = 'a'\nif input():\n    z = 'b'\nelse:\n    y = 'c'\nx = y": {"a", "c"},
    "def f():\n    if input():\n        return 'a'\n    else:\n        return 'b'\nx = f()": {
        "a",
        "b",
    },
    "def f(n):\n    match n:\n        case 1:\n            return 'a'\n    return 'b'\nx = f(input())": {
        "a",
        "b",
    },
    "x = 'a'\nif input():\n    x = 'b'": {"a", "b"},
    "if input():\n    x = 'a'\nelse:\n    x = 'b'": {"a", "b"},
    "x = 'a'\ntry:\n    input()\nexcept ValueError:\n    x = 'b'": {"a", "b"},
    "match input():\n    case 1:\n        x = 'a'\n    case _:\n        x = 'b'": {
        UNKNOWN,
        "a",
        "b",
    },
    "def f():\n    if input():\n        return 'a'\n    return 'b'\nx = f()": {"a", "b"},
    "def f():\n    for i in input():\n        return 'a'\n    return 'b'\nx = f()": {"a", "b"},
    "def f():\n    while input():\n        return 'a'\n    return 'b'\nx = f()": {"a", "b"},
    "def f():\n    try:\n        return 'a'\n    except ValueError:\n        return 'b'\nx = f()": {
        "a",
        "b",
    },
    "a = 'a'\ndef f():\n    return a\na = 'b'\nx = f()": {"a", "b"},
    "match 'os':\n    case y:\n        x = y": {UNKNOWN, "os"},
    "def f():\n    for i in 'ab':\n        if input():\n            return i\n        else:\n            break\n    return 'c'\nx = f()": {
        "a",
        "c",
    },
}


@pytest.mark.parametrize("program", EITHER)
def test_what_depends_on_the_run_is_all_that_it_may_be(program):
    assert set(options(folded(program + "\n"))) <= EITHER[program]
    assert len(options(folded(program + "\n"))) == len(EITHER[program])


def test_more_than_a_few_ways_are_none():
    lines = "\n".join(f"if input():\n    x = {n}" for n in range(1, 7))
    assert isinstance(folded(f"x = 0\n{lines.rpartition('if')[0]}\n"), Either)
    assert folded(f"x = 0\n{lines}\n") is UNKNOWN


LEAVES = st.sampled_from(
    [
        "0",
        "1",
        "-3",
        "7",
        "2.5",
        "True",
        "None",
        "''",
        "'ab'",
        "'%s'",
        "b'xy'",
        "[1, 2]",
        "('a', 'b')",
        "{'a': 1}",
        "[]",
    ]
)


def _deeper(inner):
    binary = st.sampled_from(
        [
            "+",
            "-",
            "*",
            "/",
            "//",
            "%",
            "&",
            "|",
            "^",
            "<<",
            ">>",
            "==",
            "!=",
            "<",
            ">",
            "<=",
            ">=",
            "in",
            "and",
            "or",
        ]
    )
    word = st.sampled_from(
        ["len", "str", "repr", "list", "tuple", "sorted", "bool", "sum", "max", "dict"]
    )
    method = st.sampled_from(
        [
            "upper()",
            "split()",
            "get('a')",
            "get('b', 5)",
            "count('a')",
            "items()",
            "copy()",
            "hex()",
            "join('ab')",
            "pop()",
            "index(1)",
        ]
    )
    return st.one_of(
        st.tuples(inner, binary, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(word, inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, method).map(lambda p: f"({p[0]}).{p[1]}"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]})[{p[1]}]"),
        st.tuples(inner, st.sampled_from(["::-1", "1:", ":1", "::2"])).map(
            lambda p: f"({p[0]})[{p[1]}]"
        ),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"[y for y in {p[0]} if y != {p[1]}]"),
        st.tuples(inner).map(lambda p: f"(not {p[0]})"),
        st.tuples(inner).map(
            lambda p: (
                f"f'{{{p[0]}!r}}'".replace("'ab'", '"ab"').replace("'a'", '"a"')
                if "\\" not in p[0] and p[0].count("'") == 0
                else p[0]
            )
        ),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]}, *{p[1]}]"),
        st.tuples(inner, inner).map(lambda p: f"(lambda a, b=1: [a, b])({p[0]}, {p[1]})"),
    )


@settings(max_examples=150)
@given(st.recursive(LEAVES, _deeper, max_leaves=8))
def test_whatever_is_folded_is_what_python_gives(expression):
    value = folded(f"x = {expression}\n")
    if not is_plain(value):
        return
    try:
        wanted = ran(f"x = {expression}\n")
    except Exception:
        return
    if isinstance(wanted, type({}.items())):
        wanted = list(wanted)  # what goes over it once stands for a list here
    assert same(value, wanted)

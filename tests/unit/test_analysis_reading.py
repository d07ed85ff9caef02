"""How text becomes statements of Python, and which names those bind."""

from __future__ import annotations

import ast

import pytest

from berm.analysis.python.bound import assigned, targets
from berm.analysis.python.reading import coding, decoded, read, read_text

CODINGS = {
    b"": "",
    b"x = 1\n": "",
    b"# coding: utf-8\n": "",
    b"# -*- coding: UTF_8 -*-\n": "",
    b"# -*- coding: utf-8-unix -*-\n": "",
    b"# coding: latin-1\n": "",
    b"# coding: iso-8859-15\n": "",
    b"# coding: cp1252\n": "",
    b"# coding: rot13\n": "rot13",
    b"# coding=UTF_7\n": "utf-7",
    b"#!/usr/bin/python\n# vim: set fileencoding=gbk :\n": "gbk",
    b"\n# coding: gbk\n": "gbk",
    b" \t# coding: gbk\n": "gbk",
    b"x = 1\n# coding: gbk\n": "",
    b"#\n#\n# coding: gbk\n": "",
    b"# no coding\n# coding: gbk\n": "gbk",
    b"  # no coding\n# coding: gbk\n": "gbk",
    b"# coding: iso-8859-1-mac\n": "",
}


@pytest.mark.parametrize("source", CODINGS)
def test_the_encoding_that_a_program_names(source):
    assert coding(source) == CODINGS[source]


DECODED = {
    b"\xef\xbb\xbfx = 1\n": "x = 1\n",
    "x = 'é'\n".encode(): "x = 'é'\n",
    b"x = '\xe9'\n": "x = '\ufffd'\n",
    b"# coding: latin-1\nx = '\xe9'\n": "# coding: latin-1\nx = 'é'\n",
    b"# coding: latin-1-unix\nx = '\xe9'\n": "# coding: latin-1-unix\nx = 'é'\n",
    b"# coding: iso-8859-15\nx = '\xa4'\n": "# coding: iso-8859-15\nx = '€'\n",
    b"# coding: rot13\nk\n": "# coding: rot13\nk\n",
    b"# coding: nothing\n\xe9\n": "# coding: nothing\n\ufffd\n",
    b"# coding: iso-8859-1-mac\nx = '\xe9'\n": "# coding: iso-8859-1-mac\nx = 'é'\n",
    b"# coding: utf-8\nx = '\xe9'\n": "# coding: utf-8\nx = '\ufffd'\n",
    b"# coding: utf8\nx = '\xc3\xa9'\n": "# coding: utf8\nx = 'é'\n",
    b"# coding: ascii\n\xe9\n": "# coding: ascii\n\ufffd\n",
    b"# coding: utf-7\n+AGE-\n": "# coding: utf-7\na\n",
}


@pytest.mark.parametrize("source", DECODED)
def test_a_program_is_read_as_python_reads_it(source):
    assert decoded(source) == DECODED[source]


def told(body: list[ast.stmt]) -> list[str]:
    return [f"{each.lineno}:{each.col_offset} {ast.unparse(each)}" for each in body]


PIECES = {
    "x = 1\r\ny = 2\rz = 3\n": (["1:0 x = 1", "2:0 y = 2", "3:0 z = 3"], True),
    "y = 2\nx = )\n": (["1:0 y = 2", "2:0 x"], False),
    "print 'a', b\n": (["1:0 print('a', b)"], False),
    "print 'a',\n": (["1:0 print('a')"], False),
    "print >>a, b\nprint 1\n": (["1:0 print(a, b)", "2:0 print(1)"], False),
    "print 'print', 1\n": (["1:0 print('print', 1)"], False),
    "print 1\nprint >>a, b >> c\n": (["1:0 print(1)", "2:0 print(a, b >> c)"], False),
    "exec 'exec' in exec_\n": (["1:0 exec('exec')"], False),
    "exec 'a in b' in c\n": (["1:0 exec('a in b')"], False),
    "exec 'a' in b\n": (["1:0 exec('a')"], False),
    "if x:\n    print 1\n    y = 2\n": (["1:3 x", "2:4 print(1)", "3:4 y = 2"], False),
    "x = )\n# c\nclass A:\n    def f(self):\n        return 1\n": (
        ["1:0 x", "3:0 class A:\n\n    def f(self):\n        return 1"],
        False,
    ),
    "if 1:\n    for a in b:\n        c()\n)\n": (
        ["1:0 if 1:\n    for a in b:\n        c()"],
        False,
    ),
    "if (:\n    for a in b:\n        c()\n": (["2:4 for a in b:\n    c()"], False),
}


@pytest.mark.parametrize("text", PIECES)
def test_what_does_not_parse_is_read_in_pieces(text):
    body, whole = PIECES[text]
    found, statements, parsed = read(text.encode())
    assert found == text.replace("\r\n", "\n").replace("\r", "\n")
    assert (told(statements), parsed) == (body, whole)


def test_texts_that_a_program_runs():
    assert told(read_text("  a + 1\n")) == ["1:0 a + 1"]
    assert told(read_text("print 1")) == ["1:0 print(1)"]
    assert read_text("#" * (256 * 1024 + 1)) == []
    assert read_text("") == []
    assert read_text("(" * 200_000) == []
    assert told(read_text("a\0b = 1\n")) != ["1:0 b = 1"]


BOUND = {
    "a = b.c = d[0] = 1": "a",
    "(a, [b, *c]), d = e": "abcd",
    "a += 1\nb: int = 2\ndel c": "abc",
    "for a, b in c:\n    d = 1\nelse:\n    e = 1": "abde",
    "async def z():\n    async for a in b:\n        c = 1": "z",
    "while a:\n    b = 1\nelse:\n    c = 1": "bc",
    "if a:\n    b = 1\nelse:\n    c = 1": "bc",
    "with a as b, c as (d, e), f:\n    g = 1": "bdeg",
    "try:\n    a = 1\nexcept B:\n    c = 1\nelse:\n    d = 1\nfinally:\n    e = 1": "acde",
    "try:\n    a = 1\nexcept* B:\n    c = 1": "ac",
    "match a:\n    case 1:\n        b = 1": "b",
    "def a():\n    b = 1\nclass c:\n    d = 1\ne = lambda f: 1": "ace",
    "import a, b.c, d as e\nfrom f import g, h as i": "abegi",
    "match a:\n    case [b, *c] | {'d': e, **f} | g(h, i=j) as k: pass\n    case 1 | None: pass": "bcefhjk",
    "try: pass\nexcept A as b: pass": "b",
    "a.b = c\nd[e] = f": "",
}


@pytest.mark.parametrize("text", BOUND)
def test_the_names_that_statements_bind(text):
    body = ast.parse(text).body
    assert targets(body) == set(BOUND[text])
    assert assigned(body) == set(BOUND[text])
    loop = ast.parse(
        "async def f():\n    async for a in b:\n        c = 1\n    async with d as e: g = 1"
    )
    assert targets(loop.body[0].body) == assigned(loop.body[0].body) == set("aceg")


def test_names_that_expressions_bind():
    body = ast.parse("f((a := 1))\n[b for c in (d := e)]\nlambda: (g := 1)").body
    assert assigned(body) == set("acd")

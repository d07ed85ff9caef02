"""What the Python front end notes in a program, to the column and the word; and what it notes nothing of."""

from __future__ import annotations

from pathlib import Path

import pytest

from berm.analysis.fact import Fact, Kind, Sink
from berm.analysis.python.front import look

PROGRAMS = Path(__file__).parent / "evaluator" / "facts.txt"
ATTRIBUTES = {"f_back", "load_module", "system"}


def wanted(kind: Kind, name: str) -> bool:
    """All but what would fill the tables: harmless calls, and attributes that lead nowhere."""
    if kind is Kind.ATTRIBUTE:
        return name.startswith("__") or name in ATTRIBUTES
    return name not in {"builtins.print", "builtins.input"}


def facts(source: str | bytes) -> list[Fact]:
    sink = Sink(wanted)
    look(source.encode() if isinstance(source, str) else source, sink)
    return sink.facts()


def told(fact: Fact) -> str:
    return f"{fact.line}:{fact.column} {fact.kind.value} {fact.name} {fact.note}".rstrip()


def tables() -> dict[str, tuple[str, list[str]]]:
    """Return programs with their facts, but for modules that are named as what they are."""
    made = {}
    for block in PROGRAMS.read_text("utf-8").split("\n## ")[1:]:
        head, _, expected = block.partition("\n=>\n")
        name, _, program = head.partition("\n")
        made[name] = (f"{program}\n", expected.strip("\n").split("\n") if expected.strip() else [])
    return made


TABLES = tables()


@pytest.mark.parametrize("name", TABLES)
def test_a_program_has_these_facts(name):
    program, expected = TABLES[name]
    plain = {
        f"use {module}" for module in ("os", "sys", "operator", "functools", "timeit", "inspect")
    }
    seen = [told(fact) for fact in facts(program)]
    assert [line for line in seen if line.partition(" ")[2] not in plain] == expected


FACTS = {
    b"# coding: rot13\n": [
        Fact(Kind.PATTERN, "unusual-encoding", 1, 1, "", "the source is in `rot13`")
    ],
    b"x = )\n": [Fact(Kind.PATTERN, "not-parsed", 1, 1)],
    b"import json\n": [Fact(Kind.IMPORT, "json", 1, 1, "import json")],
    b"__import__(\n  input())\n": [
        Fact(Kind.CALL, "builtins.__import__", 1, 1, "__import__"),
        Fact(Kind.PATTERN, "dynamic-import", 1, 1, "__import__("),
    ],
    "é.__code__(\n)\n".encode(): [Fact(Kind.ATTRIBUTE, "__code__", 1, 1, "é.__code__")],
    b"open('/etc/passwd/" + b"a" * 150 + b"')\n": [
        Fact(Kind.CALL, "io.open", 1, 1, "open"),
        Fact(
            Kind.PATTERN,
            "file-private",
            1,
            1,
            f"open('/etc/passwd/{'a' * 40}...{'a' * 56}')",
            f"the file is `/etc/passwd/{'a' * 68}`",
        ),
    ],
    b"open(b'/root/\\xff')\n": [
        Fact(Kind.CALL, "io.open", 1, 1, "open"),
        Fact(
            Kind.PATTERN, "file-private", 1, 1, "open(b'/root/\\xff')", "the file is `/root/\ufffd`"
        ),
    ],
}


@pytest.mark.parametrize("source", FACTS)
def test_a_fact_says_where_it_is_and_what_stands_there(source):
    assert facts(source) == FACTS[source]

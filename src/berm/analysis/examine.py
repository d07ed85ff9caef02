"""One program in, findings out. Pure, and meant to run in the limited child of :mod:`berm.analysis.child`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Final

from berm.analysis import grammar, java, native, others, structure
from berm.analysis.fact import Fact, Kind, Sink, shorten
from berm.analysis.javascript import front as javascript
from berm.analysis.python import front as python
from berm.analysis.rules import Rule, RuleSet, rules_for
from berm.model import Finding

MAX_FINDINGS: Final = 200
MAX_LINE: Final = 500_000

Look = Callable[[bytes, Sink], None]
_FRONTS: Final[dict[str, Look]] = {
    **{name: functools.partial(others.look, language=name) for name in others.SHAPES},
    "c": functools.partial(native.look, language="c"),
    "cpp": functools.partial(native.look, language="cpp"),
    "java": java.look,
    "javascript": functools.partial(javascript.look, language="javascript"),
    "python": python.look,
    "typescript": functools.partial(javascript.look, language="typescript"),
}


def examine(source: bytes, language: str) -> list[Finding]:
    """Return what the rules find in a program; what it is built of never raises.

    A program that no parser can take ends in a finding of the rule ``any.too-complex``.
    """
    rules = rules_for(language)
    sink = Sink(rules.wants)
    try:
        structure.look(source, sink)
        _FRONTS[language](source, sink)
        found = _queried(source, language, rules)
    except (RecursionError, MemoryError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else "too large to be read"
        sink.add(Fact(Kind.PATTERN, "too-complex", 1, 1, "", why))
        found = []
    return sorted(
        [*findings(sink.facts(), rules), *found], key=lambda finding: (finding.line, finding.column)
    )[:MAX_FINDINGS]


def _queried(source: bytes, language: str, rules: RuleSet) -> list[Finding]:
    """Return what the rules find that are tree-sitter queries: every node captured as ``@hit``."""
    if not rules.queries:
        return []
    tree = grammar.parse(language, source)
    made: list[Finding] = []
    for rule, text in rules.queries if tree is not None else ():
        assert tree is not None  # noqa: S101 - the loop is empty otherwise
        for node in grammar.captures(grammar.query(language, text), tree.root).get("hit", []):
            line, column = tree.place(node)
            shown = shorten(tree.text(node))
            made.append(finding_of(rule, line, column, shown, f"`{shown}`", shown))
    return made


def findings(facts: Iterable[Fact], rules: RuleSet) -> list[Finding]:
    """Return one finding for each rule, line and subject that the facts meet."""
    made: dict[tuple[str, int, str], Finding] = {}
    for fact in facts:
        for rule in rules.of(fact):
            subject = fact.name.removeprefix("builtins.")
            key = (rule.id, fact.line, subject)
            if key in made or len(made) >= MAX_FINDINGS:
                continue
            told = fact.note or (f"`{subject}`" if fact.kind is not Kind.PATTERN else "")
            made[key] = finding_of(rule, fact.line, fact.column, subject, told, fact.text)
    return list(made.values())


def finding_of(rule: Rule, line: int, column: int, subject: str, told: str, text: str) -> Finding:
    """Return a finding of a rule at a place."""
    return Finding(
        rule=rule.id,
        severity=rule.severity.value,
        category=rule.category.value,
        line=line,
        column=column,
        subject=subject,
        message=f"The program {rule.message}{': ' + told if told else ''}.",
        text=text,
    )

"""One program in, findings out. Pure, and meant to run in the limited child of :mod:`berm.analysis.child`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from berm.analysis import trees
from berm.analysis.fact import Fact, Kind, Sink
from berm.analysis.python import front
from berm.analysis.rules import RuleSet, rules_for
from berm.model import Finding

MAX_FINDINGS: Final = 200
MAX_LINE: Final = 500_000

Look = Callable[[bytes, Sink], None]
_FRONTS: Final[dict[str, Look]] = {"python": front.look}


def examine(source: bytes, language: str) -> list[Finding]:
    """Return what the rules find in a program; what it is built of never raises.

    A program that no parser can take ends in a finding of the rule ``any.too-complex``.
    """
    rules = rules_for(language)
    sink = Sink(rules.wants)
    look = _FRONTS.get(language)
    try:
        if look is not None:
            look(source, sink)
        else:
            trees.look(source, sink, language, rules)
    except (RecursionError, MemoryError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else "too large to be read"
        sink.add(Fact(Kind.PATTERN, "too-complex", 1, 1, "", why))
    return findings(sink.facts(), rules)


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
            made[key] = Finding(
                rule=rule.id,
                severity=rule.severity.value,
                category=rule.category.value,
                line=fact.line,
                column=fact.column,
                subject=subject,
                message=f"The program {rule.message}{': ' + told if told else ''}.",
                text=fact.text,
            )
    return sorted(made.values(), key=lambda finding: (finding.line, finding.column))

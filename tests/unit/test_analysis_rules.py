"""Every rule finds its own example, and leaves the other one alone."""

from __future__ import annotations

import pytest

from berm.analysis.examine import examine, findings
from berm.analysis.fact import Fact, Kind
from berm.analysis.grammar import GRAMMARS
from berm.analysis.rules import load, rules_for, shipped
from berm.errors import PolicyError

CASES = [
    pytest.param(rule, language, id=f"{rule.id}-{language}")
    for rule in shipped()
    for language in rule.languages
    if language != "*"
]


def found(text: str, language: str) -> set[str]:
    return {finding.rule for finding in examine(text.encode(), language)}


@pytest.mark.parametrize(("rule", "language"), CASES)
def test_a_rule_finds_its_hit_and_not_its_miss(rule, language):
    assert rule.id in found(rule.hit_for(language), language)
    missed = rule.miss_for(language)
    assert missed.strip()
    assert rule.id not in found(missed, language)


@pytest.mark.parametrize(("rule", "language"), CASES)
def test_a_miss_is_a_whole_program(rule, language):
    # A broken example would miss for the wrong reason.
    assert "any.not-parsed" not in found(rule.miss_for(language), language)


def test_rules_about_the_analysis_itself():
    rules = rules_for("python")
    for rule in shipped():
        if rule.languages == ("*",):
            made = findings([Fact(Kind.PATTERN, rule.hit, 1, 1)], rules)
            assert [finding.rule for finding in made] == [rule.id]


def test_names_are_unique_and_say_their_language():
    names = [rule.id for rule in shipped()]
    assert len(names) == len(set(names))
    for rule in shipped():
        family = rule.id.partition(".")[0]
        assert family in {"any", "c", *rule.languages}
        assert rule.message[0].islower() and not rule.message.endswith(".")
        assert rule.why.endswith(".")


def test_every_language_has_rules():
    for language in GRAMMARS:
        categories = {rule.category.value for rule in rules_for(language).rules}
        assert {"network", "process"} <= categories, language


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = [", "not TOML"),
        ("[[rule]]\nid='a.b'", "names no languages"),
        ("languages=['python']\n[[rule]]\nid='a.b'", "has no severity"),
        ("languages=['python']\nother=1", "unknown entries: other"),
    ],
)
def test_a_wrong_rule_file_says_what_is_wrong(text, says):
    with pytest.raises(PolicyError, match=says):
        load(text, "mine.toml")


RULE = {
    "id": "python.x",
    "severity": "high",
    "category": "network",
    "message": "m",
    "why": "w.",
    "hit": "h",
    "miss": "m",
}


def written(**changes: str) -> str:
    entries = {**RULE, **changes}
    lines = [f'{key} = "{value}"' for key, value in entries.items() if value]
    return "languages = ['python']\n[[rule]]\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (written(severity="bad") + "call = ['x']", "severity 'bad'"),
        (written(category="bad") + "call = ['x']", "category 'bad'"),
        (written(), "asks for nothing"),
        (written() + "call = 'x'", "must be a list"),
        (written() + "colour = ['x']", "unknown entries: colour"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(text, says):
    with pytest.raises(PolicyError, match=says):
        load(text, "mine.toml")


def test_a_trailing_star_is_any_ending():
    (rule,) = load(written() + "reach = ['os.exec*']", "mine.toml")
    assert rule.matchers[Kind.CALL] == ("os.exec*",)
    assert rules_for("python").wants(Kind.CALL, "os.execve")
    assert not rules_for("python").wants(Kind.CALL, "os.exe")

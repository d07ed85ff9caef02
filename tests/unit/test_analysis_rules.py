"""Every rule finds its own example, and leaves the other one alone."""

from __future__ import annotations

import pytest

from berm.analysis.examine import _queried, examine, findings
from berm.analysis.fact import Fact, Kind
from berm.analysis.grammar import GRAMMARS
from berm.analysis.rules import Category, RuleSet, Severity, load, rules_for, shipped
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


NEEDS = "Every rule has: id, severity, category, message, why, hit, miss; and at least one of import, call, use, reach, attribute, pattern, query."
EXAMPLES = "Give %s as a program, or as a table with one for each language."


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "x = 1",
            'The rule file f names no languages.\nBegin it with a line such as `languages = ["python"]`.',
        ),
        ("languages=[]\nb=1\na=1", "The rule file f has unknown entries: a, b."),
        ("languages=['c']\n[[rule]]\nid='c.x'", f"Rule c.x in f has no severity.\n{NEEDS}"),
        ("languages=['c']\n[[rule]]\nx='y'", f"Rule without an id in f has no id.\n{NEEDS}"),
        (
            written(hit="") + "call=['x']",
            f"Rule python.x in f has no hit, or not for each of its languages.\n{EXAMPLES % 'hit'}",
        ),
        (
            written(miss="") + "call=['x']\nmiss={c='x'}",
            f"Rule python.x in f has no miss, or not for each of its languages.\n{EXAMPLES % 'miss'}",
        ),
        (
            written(severity="bad") + "call=['x']",
            "Rule python.x in f has the severity 'bad'.\nGive one of: info, low, medium, high, critical.",
        ),
        (
            written(category="bad") + "call=['x']",
            f"Rule python.x in f has the category 'bad'.\nGive one of: {', '.join(Category)}.",
        ),
        (written() + "query=1", "Rule python.x in f: query must be a string, or one a language."),
        (written() + "call=[]\nb=1\na=1", "Rule python.x in f has unknown entries: b, a."),
        (
            written() + "call=['x']\n" + written().partition("\n")[2] + "call=['x']",
            "The rule file f has two rules python.x.",
        ),
    ],
)
def test_all_that_is_said_of_a_wrong_file(text, whole):
    with pytest.raises(PolicyError) as wrong:
        load(text, "f")
    assert wrong.value.diagnostics() == whole


def test_a_rule_is_read_whole():
    (rule,) = load(written(message="does x", hit="one", miss="two") + "call=['x']", "f")
    assert (rule.id, rule.languages) == ("python.x", ("python",))
    assert (rule.severity, rule.category) == (Severity.HIGH, Category.NETWORK)
    assert (rule.message, rule.why, rule.hit, rule.miss) == ("does x", "w.", "one", "two")
    assert rule.matchers == {Kind.CALL: ("x",)}
    assert load("languages=['c']", "f") == []


QUERY = '((call function: (identifier) @name arguments: (_)) @hit (#eq? @name "f"))'


def test_a_query_finds_its_nodes_in_the_languages_that_it_is_for():
    text = (written() + f"query = '{QUERY}'").replace("['python']", "['python', 'java']")
    (both,) = load(text, "f")
    assert set(both.queries) == {"python", "java"}
    (one,) = load(written() + f"query = {{ python = '{QUERY}' }}", "f")
    rules = RuleSet("python", [one])
    assert [rule.id for rule, _ in rules.queries] == ["python.x"]
    assert RuleSet("java", [one]).queries == []
    (found_,) = _queried("é = 1\nx = f(2)\ng(3)\n".encode(), "python", rules)
    assert (found_.rule, found_.line, found_.column, found_.subject) == ("python.x", 2, 5, "f(2)")


@pytest.mark.parametrize(
    ("name", "whole", "begun"),
    [
        ("system", {"system"}, ()),
        ("os.system", {"system"}, ()),
        ("os.exec*", set(), ("exec",)),
        ("net.*", {"net"}, ()),
        ("netinet/*", {"netinet"}, ()),
        ("sys/socket.h", {"socket"}, ()),
        ("java.nio.file.Files.copy", {"Files"}, ()),
        ("java.io.File", {"File"}, ()),
        ("System.exit", {"exit"}, ()),
        ("java.lang.System.load*", set(), ("load",)),
        ("Files", {"Files"}, ()),
        ("java.lang.Thing*", set(), ("Thing",)),
    ],
)
def test_which_word_a_text_must_have(name, whole, begun):
    rules = RuleSet("python", load(written() + f"call = ['{name}']", "f"))
    assert (rules.vocabulary.whole, rules.vocabulary.begun) == (whole, begun)
    word = next(iter(whole), *begun)
    assert rules.vocabulary.meets(f"x.{word}(1)".encode())
    assert rules.vocabulary.meets(f"x.{word}2(1)".encode()) is not bool(whole)
    assert not rules.vocabulary.meets(b"nothing = here")


def test_a_pattern_is_no_word_of_the_text():
    rules = RuleSet("python", load(written() + "pattern = ['fork-bomb']", "f"))
    assert not rules.vocabulary.whole
    assert rules.wants(Kind.PATTERN, "fork-bomb")
    assert not rules.wants(Kind.CALL, "fork-bomb")


def test_each_rule_that_asks_is_named_once():
    text = written() + "call = ['os.system', 'os.*', 'os.s*']"
    (rule,) = load(text, "f")
    rules = RuleSet("python", [rule])
    assert rules.matching(Kind.CALL, "os.system") == [rule]
    assert rules.matching(Kind.CALL, "os.popen") == [rule]
    assert rules.matching(Kind.CALL, "osx") == []

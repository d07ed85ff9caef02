"""Packs, overrides and allow-lists as tables."""

from __future__ import annotations

import pytest

from berm.analysis.examine import examine
from berm.analysis.policy import PACKS, Policy, _pack, packs, refusal
from berm.analysis.sarif import document
from berm.config import Config
from berm.errors import ConfigError, PolicyError
from berm.model import Finding

NET = Finding("python.network", "high", "network", 3, 5, "socket.socket", "The program talks.")
BOMB = Finding("python.fork-bomb", "critical", "resource-abuse", 1, 1, "fork-bomb", "It forks.")
INFO = Finding("python.dangerous-import", "info", "dangerous-import", 1, 1, "os", "It loads.")
HIDDEN = Finding("python.encoding", "medium", "obfuscation", 1, 1, "rot13", "It hides.")
DEEP = Finding("any.too-complex", "high", "analysis", 1, 1, "too-complex", "It is deep.")
BROKEN = Finding("any.not-parsed", "info", "analysis", 1, 1, "not-parsed", "It is broken.")


@pytest.mark.parametrize(
    ("pack", "finding", "action"),
    [
        ("off", NET, "off"),
        ("education", NET, "report"),
        ("education", BOMB, "block"),
        ("education", INFO, "off"),
        ("education", DEEP, "report"),
        ("contest", NET, "block"),
        ("contest", INFO, "report"),
        ("contest", HIDDEN, "report"),
        ("contest", DEEP, "block"),
        ("contest", BROKEN, "report"),
        ("strict", INFO, "block"),
        ("strict", HIDDEN, "report"),
    ],
)
def test_what_a_pack_does(pack, finding, action):
    assert Policy(pack).action(finding) == action


def test_a_rule_of_ones_own_wins_over_the_pack():
    assert Policy("contest", {"python.network": "report"}).action(NET) == "report"
    assert Policy("contest", {"python.*": "off"}).action(NET) == "off"
    assert Policy("education", {"python.network": "block"}).action(NET) == "block"


@pytest.mark.parametrize("allowed", ["python.network", "network", "socket.*", "socket.socket"])
def test_what_is_allowed_is_not_told(allowed):
    analysis = Policy("contest", allow=(allowed,)).decide([NET], "python")
    assert analysis.findings == ()
    assert analysis.refused is None


def test_an_allow_list_is_no_wider_than_it_says():
    assert Policy("contest", allow=("socket",)).action(NET) == "block"
    assert Policy("contest", allow=("process",)).action(NET) == "block"


def test_a_refusal_names_the_place_the_rule_and_the_reason():
    analysis = Policy("contest").decide([INFO, NET, NET], "python")
    assert analysis.refused is not None
    assert analysis.refused.line == 3
    said = refusal(analysis)
    assert said.startswith("Refused before it ran, line 3, column 5 (python.network): The program")
    assert said.endswith("1 more such finding.")
    assert refusal(Policy("education").decide([NET], "python")) == ""


def test_an_analysis_that_gave_up_is_not_complete():
    assert Policy("contest").decide([NET], "python").complete
    assert not Policy("contest").decide([DEEP], "python").complete


def test_wrong_policies_say_what_would_be_right():
    with pytest.raises(PolicyError, match="Give one of: off, education, contest, strict"):
        Policy("exam")
    with pytest.raises(PolicyError, match="Give one of: off, report, block"):
        Policy("contest", {"python.network": "deny"})


def test_wrong_policies_name_what_is_wrong():
    with pytest.raises(PolicyError) as wrong:
        Policy("exam")
    assert wrong.value.summary == "There is no policy pack 'exam'."
    with pytest.raises(PolicyError) as wrong:
        Policy("contest", {"python.network": "deny"})
    assert wrong.value.summary == "The rule python.network is set to 'deny'."


@pytest.mark.parametrize(
    ("times", "ends"),
    [(1, "The program talks."), (2, " 1 more such finding."), (3, " 2 more such findings.")],
)
def test_a_refusal_counts_the_others(times, ends):
    said = refusal(Policy("contest").decide([NET] * times, "python"))
    assert said.endswith(ends)
    assert said.count("more") == (times > 1)


def test_an_analysis_says_by_what_it_was_made():
    made = Policy("strict").decide([INFO], "python", 0.25)
    assert (made.pack, made.language, made.seconds) == ("strict", "python", 0.25)
    assert Policy("strict").decide([], "c").seconds == 0.0


def test_packs_as_they_are_written():
    read = packs.__wrapped__()  # not those of an earlier test
    assert [(name, pack.name) for name, pack in read.items()] == [(name, name) for name in PACKS]
    assert all(pack.summary.endswith(".") for pack in read.values())
    contest, education = read["contest"], read["education"]
    assert contest.rules["*.not-parsed"] == "report"
    assert contest.categories["network"] == "block"
    assert education.severities == {"info": "off"}
    assert (contest.default, read["strict"].default) == ("report", "block")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"default": "deny"}, "The pack p has the action 'deny'."),
        ({"default": "off", "rules": {"a.b": "deny"}}, "The pack p has the action 'deny'."),
        (
            {"default": "off", "categories": {"x": "off"}},
            "The pack p names 'x', which is no category or severity.",
        ),
        (
            {"default": "off", "severities": {"x": "off"}},
            "The pack p names 'x', which is no category or severity.",
        ),
    ],
)
def test_a_wrong_pack_says_what_is_wrong(table, says):
    with pytest.raises(PolicyError) as wrong:
        _pack("p", {"summary": "s.", **table})
    assert wrong.value.summary == says


def test_the_packs_are_those_of_the_settings():
    assert tuple(packs()) == PACKS
    assert Policy("off").off and not Policy("off", {"python.network": "block"}).off


def test_settings(tmp_path):
    file = tmp_path / "berm.toml"
    file.write_text(
        "[analysis]\npack = 'contest'\nallow = ['os.getenv']\nmax_code = 100\n"
        "[analysis.rules]\n'python.network' = 'report'\n"
    )
    config = Config.load(file, {})
    policy = config.analysis_policy()
    assert (policy.pack, policy.rules, policy.allow) == (
        "contest",
        {"python.network": "report"},
        ("os.getenv",),
    )
    assert config.analysis_policy("strict").pack == "strict"
    # What one call says of a rule wins over the settings.
    assert config.analysis_policy(rules={"python.network": "off"}).action(NET) == "off"
    env = {"BERM_ANALYSIS_PACK": "strict", "BERM_ANALYSIS_RULES": "python.network=off"}
    assert Config.load(file, env).analysis_policy().action(NET) == "off"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[analysis]\npack='exam'", "analysis.pack is 'exam'"),
        ("[analysis]\nmax_code=0", "analysis.max_code is 0"),
        ("[analysis]\nrules='x'", "analysis.rules"),
        ("[analysis]\nrules={'python.x'='deny'}", "analysis.rules.python.x is 'deny'"),
        ("[analysis]\nrules=[1]", "analysis.rules must be a table"),
        ("[analysis]\nallow=[1]", "analysis.allow must be a list"),
    ],
)
def test_wrong_settings(tmp_path, text, says):
    file = tmp_path / "berm.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=says):
        Config.load(file, {})


def test_sarif_has_place_rule_and_level():
    found = examine(b"import os\n\nos.system('id')\n", "python")
    made = document({"a.py": Policy("contest").decide(found, "python")}, "1")
    (run,) = made["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    result = next(each for each in run["results"] if each["ruleId"] == "python.process")
    region = result["locations"][0]["physicalLocation"]
    assert region == {
        "artifactLocation": {"uri": "a.py"},
        "region": {"startLine": 3, "startColumn": 1},
    }
    assert result["level"] == "error"
    assert result["properties"]["refused"] is True

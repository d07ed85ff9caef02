"""The language of the syscall rules."""

from __future__ import annotations

import pytest

from berm.errors import PolicyError
from berm.kernel.bpf import ALLOW, SELF_PID, Action, Compare, Op
from berm.policy.rules import parse_action, parse_condition, parse_number, parse_rule

NAMES = {"A": 1, "B": 0x10, "MASK": 0xF0}
REASON = "Long enough to explain something."


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("arg0:32 == A", (Compare(0, Op.EQ, 1, width=32),)),
        ("arg5:64 != 0x20", (Compare(5, Op.NE, 32),)),
        ("arg1:64 < 3", (Compare(1, Op.LT, 3),)),
        ("arg1:64 <= A|B", (Compare(1, Op.LE, 0x11),)),
        ("arg1:32 > B", (Compare(1, Op.GT, 16, width=32),)),
        ("arg1:32>=B", (Compare(1, Op.GE, 16, width=32),)),
        ("arg2:32 & MASK == B", (Compare(2, Op.MASKED_EQ, 16, 0xF0, 32),)),
        ("arg2:64 & A|MASK == 0", (Compare(2, Op.MASKED_EQ, 0, 0xF1),)),
        ("arg0:32 in A, B", (Compare(0, Op.EQ, 1, width=32), Compare(0, Op.EQ, 16, width=32))),
        ("arg0:32 == SELF", (Compare(0, Op.EQ, SELF_PID, width=32),)),
    ],
)
def test_conditions(text, wanted):
    assert parse_condition(text, NAMES) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "arg0 == A",
        "arg6:32 == A",
        "arg0:16 == A",
        "arg0:32 = A",
        "arg0:32 == C",
        "arg0:32 == ",
        "arg0:32 == A, B",
        "arg0:32 & MASK in A, B",
        "arg0:32 & MASK != A",
        "arg0:32 & B == A",
        "arg0:64 == SELF",
        "arg0:32 == A trailing",
        "",
    ],
)
def test_conditions_that_cannot_be_read(text):
    with pytest.raises(PolicyError):
        parse_condition(text, NAMES)


def test_numbers_and_actions():
    assert parse_number("A|B|0x100", NAMES) == 0x111
    assert parse_action("allow") == ALLOW
    assert parse_action("ENOSYS") == Action.errno(38)
    for wrong in ("EWRONG", "kill", "", "errorcode"):
        with pytest.raises(PolicyError):
            parse_action(wrong)


def test_conditions_of_a_rule_are_joined():
    rule = parse_rule(
        "g",
        {"calls": ["read"], "reason": REASON, "when": ["arg0:32 in A, B", "arg1:32 == 3"]},
        NAMES,
    )
    assert [[one.value for one in conditions] for conditions in rule.alternatives] == [
        [1, 3],
        [16, 3],
    ]
    always = parse_rule("g", {"calls": ["read"], "reason": REASON}, NAMES)
    assert always.alternatives == ((),)


@pytest.mark.parametrize(
    "raw",
    [
        {"calls": ["read"]},
        {"calls": ["read"], "reason": "because"},
        {"calls": [], "reason": REASON},
        {"reason": REASON},
        {"calls": "read", "reason": REASON},
        {"calls": ["raed"], "reason": REASON},
        {"calls": ["read"], "reason": REASON, "wehn": []},
        {"calls": ["read"], "reason": REASON, "action": "KILL"},
        {"calls": ["read"], "reason": REASON, "notify": "something allowed"},
        {"calls": ["read"], "reason": REASON, "when": "arg0:32 == A"},
    ],
)
def test_rules_that_are_refused(raw):
    with pytest.raises(PolicyError):
        parse_rule("g", raw, NAMES)

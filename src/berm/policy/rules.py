"""The language of the syscall rules in ``data/groups/*.toml``: text in, comparisons out. Pure.

A rule names calls, an action (``allow``, the name of an error number such as ``EPERM``, or ``zero``: the
call is not executed and answers 0), a reason, and at most a few conditions that must all hold::

    when = ["arg0:32 == AF_UNIX", "arg1:32 & SOCK_TYPE_MASK == SOCK_STREAM"]
    when = ["arg1:32 in F_DUPFD, F_GETFD, F_SETFD"]

``arg0`` to ``arg5`` are the call's arguments; ``:32`` or ``:64`` is the width that the kernel looks at (an
``int`` is 32, see :class:`berm.kernel.bpf.Compare`); operators are ``== != < <= > >=``, ``& MASK ==`` and
``in``. Numbers are written out or named as in ``data/constants.toml``, joined with ``|``; ``SELF`` is the
program's own process id.
"""

from __future__ import annotations

import dataclasses
import errno
import itertools
import re
from collections.abc import Mapping
from typing import Final

from berm.errors import PolicyError
from berm.kernel.bpf import ALLOW, SELF_PID, Action, Compare, Op
from berm.kernel.syscalls import number_of

_CONDITION: Final = re.compile(
    r"arg(?P<arg>[0-5]):(?P<width>32|64)"
    r"(?:\s*&\s*(?P<mask>[\w|]+))?"
    r"\s*(?P<op>==|!=|<=|>=|<|>|\bin\b)\s*(?P<value>[\w|]+(?:\s*,\s*[\w|]+)*)"
)
_OPS: Final = {
    "==": Op.EQ,
    "!=": Op.NE,
    "<": Op.LT,
    "<=": Op.LE,
    ">": Op.GT,
    ">=": Op.GE,
}
_KEYS: Final = {"calls", "reason", "when", "action", "notify"}
_LEAST_REASON: Final = 20  # characters; shorter ones explain nothing


@dataclasses.dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of a group.

    Attributes:
        group: name of the group that it stands in.
        calls: syscalls by name.
        action: what happens when the conditions hold.
        when: the conditions as written, empty for always.
        alternatives: the same compiled: the rule holds if all comparisons of any one tuple hold.
        reason: why it is allowed, or why it is answered so.
        notify: for a refusal that can be told to the user: what the program tried, in a few words.
    """

    group: str
    calls: tuple[str, ...]
    action: Action
    when: tuple[str, ...]
    alternatives: tuple[tuple[Compare, ...], ...]
    reason: str
    notify: str = ""


def parse_number(text: str, constants: Mapping[str, int]) -> int:
    """Return the number that ``A|B|0x10`` stands for."""
    number = 0
    for part in text.split("|"):
        name = part.strip()
        if name == "SELF":
            number |= SELF_PID
        elif name in constants:
            number |= constants[name]
        else:
            try:
                number |= int(name, 0)
            except ValueError:
                raise PolicyError(
                    f"{name!r} is neither a number nor named in constants.toml."
                ) from None
    return number


def parse_condition(text: str, constants: Mapping[str, int]) -> tuple[Compare, ...]:
    """Return the comparisons of which one must hold."""
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise PolicyError(
            f"The condition {text!r} cannot be read.",
            remedy='Write it like "arg1:32 == NAME", "arg0:64 & MASK == VALUE" or "arg1:32 in A, B".',
        )
    arg, width = int(match["arg"]), int(match["width"])
    values = [parse_number(part, constants) for part in match["value"].split(",")]
    if match["op"] == "in":
        if match["mask"]:
            raise PolicyError(f"{text!r}: `in` takes no mask.")
        return tuple(Compare(arg, Op.EQ, value, width=width) for value in values)
    if len(values) != 1:
        raise PolicyError(f"{text!r}: a list of values needs `in`.")
    if match["mask"]:
        if match["op"] != "==":
            raise PolicyError(f"{text!r}: a mask goes with == only.")
        mask = parse_number(match["mask"], constants)
        return (Compare(arg, Op.MASKED_EQ, values[0], mask, width),)
    return (Compare(arg, _OPS[match["op"]], values[0], width=width),)


def parse_action(text: str) -> Action:
    """Return the action that ``allow``, ``zero`` or the name of an error number stands for."""
    if text == "allow":
        return ALLOW
    if text == "zero":
        return Action.zero()
    number = getattr(errno, text, None)
    if not isinstance(number, int):
        raise PolicyError(f"{text!r} is neither `allow`, `zero` nor an error number's name.")
    return Action.errno(number)


def parse_rule(group: str, raw: Mapping[str, object], constants: Mapping[str, int]) -> PolicyRule:
    """Return one rule of a group's TOML.

    Raises:
        PolicyError: it has no reason, an unknown key, call, condition or action.
    """
    if unknown := set(raw) - _KEYS:
        raise PolicyError(f"Group {group!r}: a rule has no {', '.join(sorted(unknown))}.")
    calls, reason = _texts(raw.get("calls")), raw.get("reason")
    if not calls:
        raise PolicyError(f"Group {group!r}: a rule without calls.")
    if not isinstance(reason, str) or len(reason) < _LEAST_REASON:
        raise PolicyError(f"Group {group!r}: the rule for {', '.join(calls)} needs a reason.")
    for call in calls:
        number_of(call)
    action = parse_action(str(raw.get("action", "allow")))
    notify = str(raw.get("notify", ""))
    if notify and not action.errno_number:
        raise PolicyError(f"Group {group!r}: only a refusal is told to the user ({calls[0]}).")
    when = _texts(raw.get("when", []))
    alternatives = tuple(
        itertools.product(*(parse_condition(condition, constants) for condition in when))
    )
    return PolicyRule(group, calls, action, when, alternatives, reason, notify)


def _texts(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(one, str) for one in raw):
        raise PolicyError(f"{raw!r} is not a list of texts.")
    return tuple(raw)

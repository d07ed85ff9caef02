"""What a verdict is for a user interface: one word of four. Pure."""

from __future__ import annotations

import enum

from berm.judge.verdict import Verdict


class Status(enum.StrEnum):
    """What a test came to, in one word for a user interface."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


def status_of(verdict: Verdict | None) -> Status:
    """Return ``passed`` for AC, ``failed`` for a wrong answer, ``error`` for all others.

    ``skipped`` is a test that was not run, because an earlier failure decided.
    """
    if verdict is None:
        return Status.SKIPPED
    if verdict is Verdict.AC:
        return Status.PASSED
    return Status.FAILED if verdict in (Verdict.WA, Verdict.PE) else Status.ERROR

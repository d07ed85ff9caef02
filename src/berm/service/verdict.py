"""What a verdict is for a user interface: one word of three. Pure."""

from __future__ import annotations

import enum

from berm.judge.verdict import Verdict


class Status(enum.StrEnum):
    """What a test came to, in one word for a user interface."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


def status_of(verdict: Verdict) -> Status:
    """Return ``passed`` for AC, ``failed`` for a wrong answer, ``error`` for all others."""
    if verdict is Verdict.AC:
        return Status.PASSED
    return Status.FAILED if verdict in (Verdict.WA, Verdict.PE) else Status.ERROR

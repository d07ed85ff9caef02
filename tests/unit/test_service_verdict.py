"""From outcomes to verdicts, statuses and texts."""

from __future__ import annotations

import pytest

from berm.model import Enforcement, Limits, Outcome, OutcomeKind, RunResult, Usage
from berm.service.verdict import Status, Verdict, compile_reason, rule, signal_name

NOTHING = Enforcement("namespaces", {}, ())


def result(kind, *, exit_code=None, signal=None, stdout=b"", dropped=0):
    return RunResult(
        stdout=stdout,
        stderr=b"",
        outcome=Outcome(OutcomeKind(kind), exit_code, signal),
        usage=Usage(wall_time=1.0, cpu_time=2.5),
        enforcement=NOTHING,
        stdout_size=len(stdout) + dropped,
    )


@pytest.mark.parametrize(
    ("run", "verdict", "status", "words"),
    [
        (result("exited", exit_code=0, stdout=b"5"), Verdict.AC, Status.PASSED, ""),
        (result("exited", exit_code=0, stdout=b"6"), Verdict.WA, Status.FAILED, ""),
        (result("exited", exit_code=0, stdout=b"6", dropped=1), Verdict.OLE, Status.ERROR, "1 MiB"),
        (result("exited", exit_code=3, stdout=b"5"), Verdict.RE, Status.ERROR, "exit code 3"),
        (result("signalled", signal=11, stdout=b"5"), Verdict.RE, Status.ERROR, "SIGSEGV"),
        (result("cpu_limit", stdout=b"5"), Verdict.TLE, Status.ERROR, "2.50 s of CPU"),
        (result("wall_limit", stdout=b"5"), Verdict.TLE, Status.ERROR, "after 5 s"),
        (result("memory_limit", stdout=b"5"), Verdict.MLE, Status.ERROR, "256 MiB"),
        (result("output_limit", stdout=b"5"), Verdict.OLE, Status.ERROR, "1 MiB"),
        (result("process_limit", stdout=b"5"), Verdict.RE, Status.ERROR, "5 processes"),
        (result("file_limit", stdout=b"5"), Verdict.RE, Status.ERROR, "10 MiB"),
        (result("compile_error"), Verdict.CE, Status.ERROR, "not compile"),
        (result("refused", stdout=b"5"), Verdict.RE, Status.ERROR, "not allowed"),
    ],
    ids=lambda value: str(value) if isinstance(value, Verdict) else "",
)
def test_rule(run, verdict, status, words):
    ruling = rule(run, b"5\n", Limits())
    assert (ruling.verdict, ruling.status) == (verdict, status)
    assert words in ruling.reason
    assert bool(ruling.reason) == (status is Status.ERROR)


def test_every_outcome_has_a_verdict():
    for kind in OutcomeKind:
        assert rule(result(kind, exit_code=1), b"", Limits()).verdict in Verdict


def test_compile_reasons():
    assert "time" in compile_reason(result("wall_limit"))
    assert "memory" in compile_reason(result("memory_limit"))
    assert "compile" in compile_reason(result("exited", exit_code=1))


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL (killed)"), (200, "signal 200")])
def test_signal_name(number, name):
    assert signal_name(number) == name

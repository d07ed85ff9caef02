"""From outcomes to verdicts, statuses and texts."""

from __future__ import annotations

import dataclasses

import pytest

from berm.judge.checkers import Case, compare
from berm.judge.comparison import Comparison
from berm.judge.verdict import (
    Difference,
    Evidence,
    Ruling,
    Verdict,
    compile_reason,
    of_run,
    signal_name,
)
from berm.model import Enforcement, Limits, Outcome, OutcomeKind, RunResult, Usage
from berm.service.verdict import Status, status_of

NOTHING = Enforcement("namespaces", {}, ())


def rule(run, expected, limits) -> Ruling:
    ruling = of_run(run, limits)
    return ruling or compare(Comparison(), Case(b"", expected, run.stdout))


def result(kind, *, exit_code=None, signal=None, stdout=b"", dropped=0):
    return RunResult(
        stdout=stdout,
        stderr=b"",
        outcome=Outcome(OutcomeKind(kind), exit_code, signal),
        usage=Usage(wall_time=5.0, cpu_time=2.5),
        enforcement=NOTHING,
        stdout_size=len(stdout) + dropped,
    )


@pytest.mark.parametrize(
    ("run", "verdict", "status", "words"),
    [
        (result("exited", exit_code=0, stdout=b"5"), Verdict.AC, Status.PASSED, ""),
        (result("exited", exit_code=0, stdout=b"6"), Verdict.WA, Status.FAILED, ""),
        (result("exited", exit_code=3, stdout=b"5"), Verdict.RE, Status.ERROR, "exit code 3"),
        (result("signalled", signal=11, stdout=b"5"), Verdict.RE, Status.ERROR, "SIGSEGV"),
        (result("cpu_limit", stdout=b"5"), Verdict.TLE, Status.ERROR, "2.50 s of CPU"),
        (result("wall_limit", stdout=b"5"), Verdict.TLE, Status.ERROR, "after 5 s"),
        (result("memory_limit", stdout=b"5"), Verdict.MLE, Status.ERROR, "256 MiB"),
        (result("output_limit", stdout=b"5"), Verdict.OLE, Status.ERROR, "1 MiB"),
        (result("process_limit", stdout=b"5"), Verdict.RE, Status.ERROR, "5 processes"),
        (result("file_limit", stdout=b"5"), Verdict.RE, Status.ERROR, "10 MiB"),
        (result("compile_error"), Verdict.CE, Status.ERROR, "not compile"),
        (result("refused", stdout=b"5"), Verdict.RJ, Status.ERROR, "Refused by policy"),
    ],
    ids=lambda value: str(value) if isinstance(value, Verdict) else "",
)
def test_rule(run, verdict, status, words):
    ruling = rule(run, b"5\n", Limits())
    assert (ruling.verdict, status_of(ruling.verdict)) == (verdict, status)
    assert words in ruling.evidence.reason
    assert bool(ruling.evidence.reason) == (status is Status.ERROR)


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


def test_a_program_that_needed_more_than_the_limit_is_too_slow_however_it_ended():
    limits = Limits(cpu_time=2.0)
    for run in (
        result("exited", exit_code=0, stdout=b"5"),
        result("exited", exit_code=1),
        result("signalled", signal=11),
    ):
        ruling = of_run(run, limits)
        assert ruling.verdict is Verdict.TLE
        assert (ruling.evidence.limit, ruling.evidence.measured) == (2.0, 2.5)
        assert of_run(run, Limits(cpu_time=3.0)) is None or run.outcome.exit_code != 0
    assert of_run(result("memory_limit"), limits).verdict is Verdict.MLE


def test_a_sleeper_is_told_from_one_who_computes():
    busy = of_run(result("wall_limit"), Limits()).evidence
    assert not busy.idle
    asleep = dataclasses.replace(
        result("wall_limit"), usage=Usage(wall_time=5.0, cpu_time=0.1, memory=1)
    )
    assert of_run(asleep, Limits()).evidence.idle
    assert "slept" in of_run(asleep, Limits()).evidence.reason


def test_hidden_evidence_says_nothing_of_the_data():
    evidence = Evidence(
        reason="r",
        exit_code=0,
        difference=Difference(1, 2, "secret", "x", ""),
        judge_message="secret",
        team_message="secret",
    )
    assert "secret" not in str(evidence.withheld().as_dict())
    assert evidence.withheld().reason == "r"

"""Which test is next, and what all of them come to: groups, dependencies, points. Pure."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import Final

from berm.judge.judgement import GroupResult, TestResult
from berm.judge.problem import Aggregate, Group, Problem
from berm.judge.verdict import Evidence, Verdict

_ORDER: Final = (Verdict.IE, Verdict.RJ, Verdict.CE)
"""Verdicts that decide whatever else happened."""


class Schedule:
    """Hands out a problem's tests in order, and leaves out those whose result is decided.

    Which tests count does not depend on how many run at a time: after the first failure (in the
    problem's order) of a group that stops there, later results of the group are dropped.
    """

    def __init__(self, problem: Problem, *, stop: bool) -> None:
        """``stop``: no more tests at all after the first that fails."""
        self._problem = problem
        self._stop = stop
        self._waiting = list(range(len(problem.tests)))
        self._running: set[int] = set()
        self._results: dict[int, TestResult] = {}
        self._groups = {name: problem.group_of(name) for name in group_names(problem)}
        self._required = _closure(self._groups)
        self._left = collections.Counter(test.group for test in problem.tests)
        self._first_failure = len(problem.tests)
        self._failures: dict[str, int] = {}

    def take(self) -> int | None:
        """Return the index of the next test to run; None if there is none, or none yet."""
        self._waiting = [index for index in self._waiting if not self._decided(index)]
        for at, index in enumerate(self._waiting):
            if self._ready(index):
                del self._waiting[at]
                self._running.add(index)
                return index
        return None

    @property
    def over(self) -> bool:
        """True if no test runs and none is left."""
        return not self._running and all(self._decided(index) for index in self._waiting)

    def finish(self, result: TestResult) -> None:
        """Take a result."""
        self._running.discard(result.index)
        self._results[result.index] = result
        self._left[result.group] -= 1
        if result.verdict is not Verdict.AC:
            self._first_failure = min(self._first_failure, result.index)
            first = self._failures.get(result.group, result.index)
            self._failures[result.group] = min(first, result.index)

    @property
    def finished(self) -> int:
        """Tests with a result."""
        return len(self._results)

    def results(self) -> tuple[TestResult, ...]:
        """Return a result for every test, in order."""
        return tuple(
            self._results[index]
            if index in self._results and not self._decided(index)
            else self._not_run(index)
            for index in range(len(self._problem.tests))
        )

    def _not_run(self, index: int) -> TestResult:
        test = self._problem.tests[index]
        name = self._problem.name_of(index)
        return TestResult(index, name, test.group, None, hidden=test.hidden)

    def _decided(self, index: int) -> bool:
        """Tell whether this test cannot change anything any more."""
        if self._stop and self._first_failure < index:
            return True
        group = self._groups[self._problem.tests[index].group]
        if group.stop and self._failures.get(group.name, index) < index:
            return True
        return any(name in self._failures for name in self._required[group.name])

    def _ready(self, index: int) -> bool:
        required = self._required[self._problem.tests[index].group]
        return all(self._left[name] == 0 for name in required)


def _closure(groups: Mapping[str, Group]) -> dict[str, frozenset[str]]:
    """Return what each group requires, and what those require; groups require earlier ones only."""
    found: dict[str, frozenset[str]] = {}
    for name, group in groups.items():
        found[name] = frozenset(group.requires).union(
            *(found.get(other, frozenset()) for other in group.requires)
        )
    return found


def group_names(problem: Problem) -> tuple[str, ...]:
    """Return the names of all groups, declared ones first."""
    named = [group.name for group in problem.groups]
    return tuple(dict.fromkeys([*named, *(test.group for test in problem.tests)]))


def overall(tests: Sequence[TestResult]) -> tuple[Verdict, Evidence]:
    """Return the verdict of a submission: AC, or that of the first test that failed."""
    for verdict in _ORDER:
        for test in tests:
            if test.verdict is verdict:
                return verdict, test.evidence
    for test in tests:
        if test.verdict not in (None, Verdict.AC):
            assert test.verdict is not None  # noqa: S101 - the line above; mypy does not see it
            return test.verdict, test.evidence
    return Verdict.AC, Evidence()


def score(problem: Problem, tests: Sequence[TestResult]) -> tuple[GroupResult, ...]:
    """Return what each group came to."""
    by_group: Mapping[str, list[TestResult]] = {name: [] for name in group_names(problem)}
    for test in tests:
        by_group[test.group].append(test)
    passed: dict[str, bool] = {}
    results: list[GroupResult] = []
    for name, members in by_group.items():
        group = problem.group_of(name)
        passed[name] = all(test.verdict is Verdict.AC for test in members)
        points = _worth(problem, group, members)
        ran = [test for test in members if test.verdict is not None]
        verdict = overall(members)[0] if ran or not members else None
        reached = 0.0
        if all(passed[other] for other in group.requires):
            reached = _reached(group, members, points)
        results.append(GroupResult(name, verdict, round(reached, 9), points))
    return tuple(results)


def worth(problem: Problem, index: int) -> float:
    """Return the points that a test is worth by itself."""
    test = problem.tests[index]
    group = problem.group_of(test.group)
    alike = group.aggregate in (Aggregate.MIN, Aggregate.MAX, Aggregate.AVERAGE)
    return group.points if alike and group.points is not None else test.points


def _worth(problem: Problem, group: Group, members: Sequence[TestResult]) -> float:
    if group.points is not None:
        return group.points
    own = [problem.tests[test.index].points for test in members]
    match group.aggregate:
        case Aggregate.ALL | Aggregate.SUM:
            return sum(own)
        case Aggregate.MIN | Aggregate.MAX | Aggregate.AVERAGE:
            return max(own, default=0.0)


def _reached(group: Group, members: Sequence[TestResult], points: float) -> float:
    if not members or points == 0:
        return 0.0
    scores = [test.score if test.verdict is Verdict.AC else 0.0 for test in members]
    reached = 0.0
    match group.aggregate:
        case Aggregate.ALL:
            return points if all(test.verdict is Verdict.AC for test in members) else 0.0
        case Aggregate.SUM:
            reached = sum(scores)
        case Aggregate.MIN:
            reached = min(scores)
        case Aggregate.MAX:
            reached = max(scores)
        case Aggregate.AVERAGE:
            reached = sum(scores) / len(scores)
    return reached if group.points is None else min(points, reached)

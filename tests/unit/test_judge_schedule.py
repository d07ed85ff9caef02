"""Which tests run and count, and what groups score, whatever the order in which results come."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from berm.errors import InputError
from berm.judge import Aggregate, Group, Problem, TestCase, TestResult, Verdict
from berm.judge.schedule import Schedule, overall, score, worth


def problem(layout: str, groups=(), *, stop=False, scoring=True) -> Problem:
    """``layout`` has one letter a test: the name of its group, - for none."""
    tests = [TestCase(group="" if letter == "-" else letter) for letter in layout]
    return Problem(tests, groups=groups, stop=stop, scoring=scoring)


def result(made: Problem, index: int, verdict: Verdict, part=None) -> TestResult:
    part = float(verdict is Verdict.AC) if part is None else part
    return TestResult(
        index,
        made.name_of(index),
        made.tests[index].group,
        verdict,
        part=part,
        score=part * worth(made, index),
    )


def judged(made: Problem, failing: dict[int, Verdict], parallel=1, pick=min):
    """Run a schedule with ``parallel`` tests at a time, finishing whichever ``pick`` says."""
    schedule = Schedule(made, stop=made.stop)
    running: list[int] = []
    ran: list[int] = []
    while True:
        while len(running) < parallel and (index := schedule.take()) is not None:
            running.append(index)
            ran.append(index)
        if not running:
            assert schedule.over
            return schedule.results(), ran
        index = pick(running)
        running.remove(index)
        schedule.finish(result(made, index, failing.get(index, Verdict.AC)))


def shown(results) -> str:
    return " ".join(test.verdict.value if test.verdict else "--" for test in results)


def test_every_test_runs():
    results, ran = judged(problem("---"), {1: Verdict.WA})
    assert shown(results) == "AC WA AC"
    assert ran == [0, 1, 2]


def test_stop_at_the_first_failure():
    results, ran = judged(problem("----", stop=True), {1: Verdict.TLE})
    assert shown(results) == "AC TLE -- --"
    assert ran == [0, 1]


def test_a_later_failure_that_comes_first_does_not_decide():
    made = problem("----", stop=True)
    results, _ = judged(made, {1: Verdict.WA, 2: Verdict.RE}, parallel=4, pick=max)
    assert shown(results) == "AC WA -- --"


def test_groups_stop_for_themselves():
    made = problem("aaabb", [Group("a", 10), Group("b", 20)])
    results, _ = judged(made, {1: Verdict.WA})
    assert shown(results) == "AC WA -- AC AC"
    assert [(g.name, g.score, g.points) for g in score(made, results)] == [
        ("a", 0, 10),
        ("b", 20, 20),
    ]


def test_dependencies():
    made = problem(
        "abc", [Group("a", 1), Group("b", 2, requires=("a",)), Group("c", 4, requires=("b",))]
    )
    assert shown(judged(made, {})[0]) == "AC AC AC"
    results, ran = judged(made, {0: Verdict.WA}, parallel=3)
    assert (shown(results), ran) == ("WA -- --", [0])
    assert sum(g.score for g in score(made, results)) == 0
    results, _ = judged(made, {1: Verdict.WA})
    assert sum(g.score for g in score(made, results)) == 1


def test_a_group_waits_for_what_it_requires():
    made = problem("aab", [Group("a"), Group("b", requires=("a",))])
    schedule = Schedule(made, stop=False)
    assert [schedule.take(), schedule.take(), schedule.take()] == [0, 1, None]
    schedule.finish(result(made, 0, Verdict.AC))
    assert schedule.take() is None
    assert not schedule.over
    schedule.finish(result(made, 1, Verdict.AC))
    assert schedule.take() == 2


@pytest.mark.parametrize(
    ("aggregate", "points", "parts", "expected"),
    [
        (Aggregate.ALL, 30, [1, 1, 1], 30),
        (Aggregate.ALL, 30, [1, 0, 1], 0),
        (Aggregate.SUM, 30, [1, 0, 1], 2),
        (Aggregate.SUM, None, [1, 0.5, 1], 2.5),
        (Aggregate.MIN, 30, [1, 0.5, 1], 15),
        (Aggregate.MIN, 30, [1, 0, 1], 0),
        (Aggregate.MAX, 30, [0.1, 0.5, 0], 15),
        (Aggregate.AVERAGE, 30, [1, 0.5, 0], 15),
    ],
)
def test_aggregates(aggregate, points, parts, expected):
    made = problem("aaa", [Group("a", points, aggregate, stop=False)])
    results = [
        result(made, i, Verdict.AC if part else Verdict.WA, part) for i, part in enumerate(parts)
    ]
    assert [g.score for g in score(made, results)] == [expected]


def test_overall():
    made = problem("---")
    results = [result(made, i, v) for i, v in enumerate((Verdict.AC, Verdict.WA, Verdict.IE))]
    assert overall(results)[0] is Verdict.IE  # nobody is told "wrong" by a judge that failed
    assert overall(results[:2])[0] is Verdict.WA
    assert overall(results[:1])[0] is Verdict.AC


@given(
    layout=st.text(alphabet="ab-", min_size=1, max_size=8),
    failing=st.dictionaries(st.integers(0, 7), st.sampled_from([Verdict.WA, Verdict.RE])),
    stop=st.booleans(),
    group_stops=st.booleans(),
    requires=st.booleans(),
    parallel=st.integers(1, 5),
    choose=st.randoms(use_true_random=False),
)
def test_results_do_not_depend_on_the_order(
    layout, failing, stop, group_stops, requires, parallel, choose
):
    present = set(layout)
    groups = [Group(name, 10, stop=group_stops) for name in "ab" if name in present]
    if requires and len(groups) == 2:
        assume(layout.rindex("a") < layout.index("b"))
        groups[1] = Group("b", 10, requires=("a",), stop=group_stops)
    made = problem(layout, groups, stop=stop)
    alone, _ = judged(made, failing)
    crowd, _ = judged(made, failing, parallel, choose.choice)
    assert alone == crowd
    assert score(made, alone) == score(made, crowd)


@pytest.mark.parametrize(
    "groups",
    [
        [Group("a"), Group("a")],
        [Group("a", requires=("x",))],
        [Group("a", requires=("b",)), Group("b")],
        [Group("a", requires=("a",))],
    ],
)
def test_wrong_groups(groups):
    with pytest.raises(InputError):
        problem("ab", groups)


def test_what_is_required_comes_first():
    with pytest.raises(InputError, match="later tests"):
        problem("aba", [Group("a"), Group("b", requires=("a",))])


def test_no_tests():
    with pytest.raises(InputError):
        Problem(())

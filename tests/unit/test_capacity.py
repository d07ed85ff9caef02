"""The capacity planner: its simulation against what can be worked out by hand, and its money."""

from __future__ import annotations

import itertools

import pytest

from berm.cli import capacity
from berm.cli.capacity import Prices, Replica, Work
from berm.model import GIB

WHOLE = Replica(1.0, 2 * GIB, 0.0)
PRICES = Prices(0.000024, 0.000003, 0.000003, 0.017)


def test_work_is_one_compilation_and_all_tests():
    assert Work(0.5, 0.1, 0.2).of(10) == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("replicas", "expected"),
    [(1, [2, 4, 6, 8]), (2, [2, 2, 4, 4]), (4, [2, 2, 2, 2]), (9, [2, 2, 2, 2])],
)
def test_all_at_once_is_served_in_turns(replicas, expected):
    assert capacity.simulate([0.0] * 4, 2.0, replicas, WHOLE) == expected


def test_who_comes_after_the_queue_is_empty_does_not_wait():
    assert capacity.simulate([0.0, 1.0, 10.0], 2.0, 1, WHOLE) == [2.0, 3.0, 2.0]


def test_half_a_processor_and_a_reserve_make_it_slower():
    assert capacity.simulate([0.0], 1.0, 1, Replica(0.5, GIB, 0.0)) == [2.0]
    assert capacity.simulate([0.0], 1.0, 1, Replica(1.0, GIB, 0.2)) == [1.25]


def test_a_replica_of_two_processors_is_two_of_one():
    two = Replica(2.0, GIB, 0.0)
    arrivals = [0.0, 0.5, 0.7, 3.0]
    assert capacity.simulate(arrivals, 2.0, 1, two) == capacity.simulate(arrivals, 2.0, 2, WHOLE)


def test_a_full_queue_is_as_long_as_its_work():
    """300 submissions of one second within a minute on one processor: the last waits about 240 s."""
    wait = capacity.waiting(300, 60.0, 1.0, 1, WHOLE)
    assert wait.longest == pytest.approx(241, abs=3)
    assert wait.median < wait.most < wait.longest


def test_the_smallest_number_is_the_smallest():
    for work, patience in itertools.product((0.1, 1.0, 3.0), (5.0, 30.0)):
        found = capacity.smallest(120, 60.0, work, WHOLE, patience)
        assert found is not None
        assert capacity.waiting(120, 60.0, work, found, WHOLE).most <= patience
        if found > 1:
            assert capacity.waiting(120, 60.0, work, found - 1, WHOLE).most > patience


def test_no_number_is_enough_for_what_takes_longer_alone():
    assert capacity.smallest(3, 60.0, 11.0, WHOLE, 10.0) is None


def test_sizes_grow_end_and_never_make_it_worse():
    found = list(capacity.sizes(60, 60.0, 2.0, WHOLE))
    replicas = [one for one, _ in found]
    assert replicas == sorted(set(replicas))
    assert replicas[-1] <= 60
    longest = [wait.longest for _, wait in found]
    assert longest == sorted(longest, reverse=True)
    assert found[-1][1].median == pytest.approx(2.0)


def test_the_same_question_has_the_same_answer():
    assert capacity.waiting(50, 10.0, 1.0, 2, WHOLE) == capacity.waiting(50, 10.0, 1.0, 2, WHOLE)


def test_dollars():
    """One vCPU and 2 GiB for an hour: 3600 x (0.000024 + 2 x 0.000003) = 0.108."""
    assert capacity.cost(10, 3600, WHOLE, PRICES) == pytest.approx(1.08)
    assert capacity.idle_cost(1, 3600, WHOLE, PRICES) == pytest.approx(0.0324)

"""How often the agent looks at a run."""

import pytest

from berm_cell.pace import FIRST_TICK, LONGEST_PAUSE, SHORTEST_PAUSE, Pressure, next_pause

INTERVAL = 0.02


def test_it_looks_soon_and_then_ever_more_rarely():
    pauses = [FIRST_TICK]
    for _ in range(6):
        pauses.append(next_pause(pauses[-1], 0.0001, INTERVAL))
    assert pauses == pytest.approx([0.005, 0.01, 0.02, 0.02, 0.02, 0.02, 0.02])


def test_costly_looks_take_a_twentieth_of_a_core():
    assert next_pause(INTERVAL, 0.005, INTERVAL) == pytest.approx(0.1)


def test_no_tree_is_so_large_that_it_is_left_alone():
    assert next_pause(INTERVAL, 5.0, INTERVAL) == LONGEST_PAUSE


def test_a_tree_on_its_way_over_a_limit_is_looked_at_twice_before_it_gets_there():
    pressure = Pressure()
    pressure.ahead(0.2, 1.00)
    ahead = pressure.ahead(0.6, 1.02)  # 0.4 more in 20 ms: 0.4 are left, so 20 ms

    assert ahead == pytest.approx(0.02)
    assert next_pause(INTERVAL, 0.0001, INTERVAL, ahead) == pytest.approx(0.01)


def test_a_tree_that_shrinks_or_stays_is_in_no_hurry():
    pressure = Pressure()
    pressure.ahead(0.9, 1.0)

    assert next_pause(INTERVAL, 0.0001, INTERVAL, pressure.ahead(0.9, 1.02)) == INTERVAL
    assert next_pause(INTERVAL, 0.0001, INTERVAL, pressure.ahead(0.5, 1.04)) == INTERVAL


def test_hurry_costs_half_a_core_at_most_and_never_spins():
    assert next_pause(INTERVAL, 0.005, INTERVAL, 0.0) == pytest.approx(0.01)
    assert next_pause(INTERVAL, 0.0, INTERVAL, 0.0) == SHORTEST_PAUSE

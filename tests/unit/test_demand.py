"""How many cells a pool keeps parked, and how pools share the memory for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.cell.demand import CELL_COST, MAKING, REMEMBERED, Demand, Wish, costs, share

MIB = 1 << 20


def after(rate: float, seconds: float) -> Demand:
    demand = Demand()
    for number in range(int(rate * seconds)):
        demand.note(number / rate)
    return demand


def test_a_pool_that_was_never_used_wants_nothing():
    assert Demand().wanted(0.0, 2, 8) == 0
    assert Demand().rate(5.0) == 0.0


def test_the_rate_follows_what_comes():
    assert after(50.0, 120.0).rate(120.0) == pytest.approx(50.0, rel=0.05)


def test_it_wants_what_comes_while_a_cell_is_made_and_some_for_chance():
    wanted = after(200.0, 120.0).wanted(120.0, 1, 100)
    expected = 200.0 * MAKING
    assert expected < wanted <= expected + 2 * expected**0.5 + 1


def test_floor_and_ceiling_bound_it():
    busy = after(200.0, 60.0)
    assert busy.wanted(60.0, 1, 3) == 3
    assert busy.wanted(60.0 + REMEMBERED / 2, 2, 8) == 2
    assert busy.wanted(61.0 + REMEMBERED, 2, 8) == 0


def test_pools_get_all_that_they_want_where_it_fits():
    wishes = {"a": Wish(4, 1, 3 * MIB), "b": Wish(2, 2, 5 * MIB)}
    assert share(wishes, 22 * MIB) == {"a": 4, "b": 2}


def test_a_busy_pool_does_not_take_the_floor_of_a_quiet_one():
    wishes = {"busy": Wish(100, 1, MIB), "quiet": Wish(1, 1, MIB)}
    assert share(wishes, 10 * MIB) == {"busy": 9, "quiet": 1}


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.builds(Wish, st.integers(0, 50), st.integers(0, 5), st.integers(1, 9)),
        max_size=6,
    ),
    st.integers(0, 500),
)
def test_shares_never_exceed_the_budget_nor_the_wish(wishes, budget):
    shares = share(wishes, budget)
    assert sum(shares[name] * wishes[name].cost for name in wishes) <= max(budget, 0)
    assert all(0 <= shares[name] <= wishes[name].wanted for name in wishes)


def test_the_cost_of_a_cell_is_measured():
    assert costs([]) == CELL_COST
    assert costs([0, 0]) == CELL_COST
    assert costs([3 * MIB, 2 * MIB, 0]) == 3 * MIB

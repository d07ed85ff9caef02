"""Rates: a model that remembers every grant, and the properties that headers promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.service.limits import gcra
from berm.service.limits.allowances import LocalAllowances
from berm.service.limits.gcra import Rate

RATE = Rate(30, 60)


def test_all_may_come_at_once_then_one_at_a_time():
    tat, now = 0.0, 1000.0
    for number in range(30):
        reading, tat = gcra.take(RATE, tat, now)
        assert reading.allowed
        assert reading.remaining == 29 - number
    reading, tat = gcra.take(RATE, tat, now)
    assert not reading.allowed
    assert reading.headers() == {
        "ratelimit-limit": "30",
        "ratelimit-remaining": "0",
        "ratelimit-reset": "60",
        "ratelimit-policy": "30;w=60",
        "retry-after": "2",
    }
    assert gcra.take(RATE, tat, now + 1.99)[0].allowed is False
    assert gcra.take(RATE, tat, now + 2)[0].allowed is True
    assert gcra.take(RATE, tat, now + 60)[0].remaining == 29


@given(st.lists(st.floats(0, 10), max_size=200), st.integers(1, 20), st.floats(1, 100))
def test_never_more_than_twice_the_amount_in_a_period_and_never_a_false_promise(
    gaps, amount, period
):
    """GCRA's bound: a full burst and what is earned during the period."""
    rate, tat, now, granted = Rate(amount, period), 0.0, 0.0, []
    for gap in gaps:
        now += gap
        reading, tat = gcra.take(rate, tat, now)
        if reading.allowed:
            granted.append(now)
            assert reading.retry_after == 0
        else:
            later = now + reading.retry_after
            assert gcra.take(rate, tat, later + 1e-6)[0].allowed
            assert reading.retry_after <= 1e-3 or not gcra.take(rate, tat, later - 1e-3)[0].allowed
        assert 0 <= reading.remaining <= amount
        assert sum(1 for at in granted if at > now - period) <= 2 * amount


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.01, 3)), max_size=100))
def test_a_refusal_costs_nothing(steps):
    rate, tat, now = Rate(5, 10), 0.0, 0.0
    for gap, cost in steps:
        now += gap
        reading, after = gcra.take(rate, tat, now, cost)
        assert reading.allowed or after == tat
        tat = after


def test_what_was_used_is_counted_whatever_was_left():
    rate = Rate(100, 3600)
    tat = gcra.charge(rate, 0.0, 50.0, 250)
    reading, _ = gcra.take(rate, tat, 50.0, 0)
    assert (reading.remaining, round(reading.reset)) == (0, 9000)
    assert gcra.take(rate, tat, 50.0 + 9000, 0)[0].remaining == 100


@pytest.mark.anyio
async def test_one_process_remembers_a_bounded_number_of_keys():
    now = [0.0]
    allowances = LocalAllowances(clock=lambda: now[0], most=100)
    for number in range(1000):
        assert (await allowances.take(f"key{number}", RATE)).remaining == 29
    assert len(allowances._tats) == 100
    assert (await allowances.take("key999", RATE)).remaining == 28
    now[0] = 1000
    assert (await allowances.take("key999", RATE, 0)).remaining == 30
    assert "key999" not in allowances._tats
    await allowances.charge("other", RATE, 40)
    assert (await allowances.take("other", RATE)).allowed is False

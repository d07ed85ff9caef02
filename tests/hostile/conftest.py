"""Engines under attack: as root and as an ordinary user, each in a process of its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

# These tests share people.py, whichever way pytest imports them.
sys.path.insert(0, str(Path(__file__).parent))

from people import Person, Talker, person

#: Who runs the service, and the family of plan. The confined plan is that of containers without
#: any privilege, so that its place is with the ordinary user.
MODES = {
    "root": (False, "namespaces"),
    "user": (True, "namespaces"),
    "confined": (True, "confined"),
}


@pytest.fixture(scope="session", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Name of one way to run the service."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def people() -> Iterator[Callable[[bool], Person]]:
    """``people(ordinary)``: the user of that kind; skips where there is none."""
    with contextlib.ExitStack() as stack:
        known: dict[bool, Person] = {}

        def get(ordinary: bool) -> Person:
            if ordinary not in known:
                try:
                    known[ordinary] = stack.enter_context(person(ordinary))
                except LookupError as error:
                    pytest.skip(str(error))
            return known[ordinary]

        yield get


@pytest.fixture(scope="session")
def auditor(
    mode: str,
    people: Callable[[bool], Person],
    request: pytest.FixtureRequest,
) -> Iterator[Talker]:
    """A process that runs attacks one at a time; at its end nothing of it may be left."""
    ordinary, plan = MODES[mode]
    who = people(ordinary)
    talker = Talker(who, ["-m", "berm.audit.worker", f"BERM_ISOLATION_PLAN={plan}"])

    def last_word() -> None:
        left = talker.hear()
        assert left == {"left": []}, f"processes are left after the engine ended: {left}"

    try:
        first = talker.hear()
        if "refused" in first:
            _refuse(request, f"{mode}: {first['refused']}")
    except BaseException:
        talker.close()
        raise
    yield talker
    talker.close(last_word)


def _refuse(request: pytest.FixtureRequest, reason: str) -> NoReturn:
    if request.config.getoption("--require-isolation"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)

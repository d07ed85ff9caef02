"""Each attack that can be run outside of a cell without harm gets through there.

An attack that cannot succeed anywhere proves nothing when it is held. Bombs, floods and attacks on
Berm's own parts are never run bare; their headers say why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from people import Person, Talker

from berm.audit.attack import Attack, all_attacks

pytestmark = pytest.mark.timeout(300)

#: What a kernel says that was built or set not to have the thing at all.
LACKS = {"ENOSYS", "EAFNOSUPPORT", "EOPNOTSUPP", "EIO"}

ATTACKS: Mapping[str, list[Attack]] = {
    who: [attack for attack in all_attacks().values() if attack.bare == who]
    for who in ("user", "root")
}


def _field(name: str) -> int:
    text = Path("/proc/self/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _available() -> int:
    text = Path("/proc/meminfo").read_text()
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


@pytest.fixture(scope="session", autouse=True)
def _an_open_machine() -> None:
    if _field("Seccomp") or _field("NoNewPrivs"):
        pytest.skip("this process is confined already, so that attacks fail for its reasons")


def _runner(people: Callable[[bool], Person], ordinary: bool) -> Iterator[Talker]:
    talker = Talker(people(ordinary), [str(people(ordinary).folder / "bare.py")])
    yield talker
    talker.close()


@pytest.fixture(scope="session")
def user(people: Callable[[bool], Person]) -> Iterator[Talker]:
    """Runs attacks bare as an ordinary user."""
    yield from _runner(people, True)


@pytest.fixture(scope="session")
def root(people: Callable[[bool], Person]) -> Iterator[Talker]:
    """Runs attacks bare as root, in mount and UTS namespaces of their own."""
    yield from _runner(people, False)


def _prove(talker: Talker, attack: Attack) -> None:
    if attack.guarantee == "memory" and _available() < 2 << 30:
        pytest.skip("too little memory is free to be taken")
    answer = talker.ask(attack.id)
    if answer["through"]:
        return
    refusals = set(re.findall(r"=(E[A-Z0-9]+)", answer["detail"]))
    if refusals and refusals <= LACKS:
        pytest.skip(f"this kernel does not have it: {answer['detail']}")
    if "No such file or directory" in answer["detail"] or answer["detail"].startswith("not staged"):
        pytest.skip(f"something is not installed: {answer['detail']}")
    pytest.fail(f"{attack.title}: it does not get through even here: {answer['detail']}")


@pytest.mark.parametrize("attack", ATTACKS["user"], ids=lambda attack: attack.id)
def test_a_user_gets_through_without_berm(attack: Attack, user: Talker) -> None:
    _prove(user, attack)


@pytest.mark.requires_root
@pytest.mark.parametrize("attack", ATTACKS["root"], ids=lambda attack: attack.id)
def test_root_gets_through_without_berm(attack: Attack, root: Talker) -> None:
    _prove(root, attack)

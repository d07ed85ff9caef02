"""Attacks where an ordinary user has namespaces, and neither mounts nor Landlock, as in gVisor.

Linux can stand in for gVisor here: the plan is the same. What only gVisor does otherwise is seen by
``./dev environments gvisor-user``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from people import Person, Talker

pytestmark = [pytest.mark.timeout(300), pytest.mark.requires_isolation("userns")]

SETTINGS = ("BERM_ISOLATION_PLAN=confined", "BERM_ISOLATION_LANDLOCK_ABI=0")
ATTACKS = (
    *("files-runtime", "files-read-home", "files-proc-environ", "files-write-host", "leak-files"),
    *("leak-files-concurrent", "signal-everyone", "signal-bystander", "secret-memory"),
    *("disk-hidden", "disk-deep", "files-deep-tree", "memory-bytearray", "daemon-double-fork"),
)


@pytest.fixture(scope="module")
def auditor(people: Callable[[bool], Person]) -> Iterator[Talker]:
    """A process that runs attacks under that plan; at its end nothing of it may be left."""
    talker = Talker(people(True), ["-m", "berm.audit.worker", *SETTINGS])

    def last_word() -> None:
        assert talker.hear() == {"left": []}

    try:
        first = talker.hear()
        assert "refused" not in first, first["refused"]
        assert "copied-root" in first["ready"]["layers"]
    except BaseException:
        talker.close()
        raise
    yield talker
    talker.close(last_word)


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_held(attack: str, auditor: Talker) -> None:
    trial = auditor.ask(attack)
    assert trial["status"] == "held", f"{trial['status']}: {trial['detail']}"


def test_other_languages_are_refused_by_name(auditor: Talker) -> None:
    trial = auditor.ask("files-own-binary")
    assert trial["status"] in ("held", "not applicable")
    trial = auditor.ask("raw-syscalls")
    assert trial["status"] == "not applicable"
    assert "Berm refuses c here: This machine cannot hold: filesystem" in trial["detail"]

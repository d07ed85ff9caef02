"""Every attack of ``berm.audit``, as root and as an ordinary user, in both families of plan.

One test an attack. Each is held, leaves nothing (processes, mounts, run directories, cgroups,
descriptors of the service), and the next run is unharmed: the auditor looks after each.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import NoReturn

import pytest
from people import Talker

from berm.audit.attack import Attack, all_attacks

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("attack", all_attacks().values(), ids=lambda attack: attack.id)
def test_it_is_held(
    attack: Attack, auditor: Talker, mode: str, refuse: Callable[[str, str], NoReturn]
) -> None:
    trial = auditor.ask(attack.id)
    if trial["status"] == "not applicable":
        elsewhere = mode == "confined" and "confined" not in attack.worlds
        foreign = attack.machines and platform.machine() not in attack.machines
        if elsewhere or foreign:
            pytest.skip(trial["detail"])
        refuse("toolchains", trial["detail"])
    assert trial["status"] == "held", f"{attack.title}: {trial['status']}: {trial['detail']}"
    # As in a service: given to a runtime that was started before, with others waiting beside it.
    assert trial["waited"] == (attack.language in ("javascript", "java"))

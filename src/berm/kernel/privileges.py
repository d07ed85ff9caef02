"""What a service started by root keeps for itself: only what making cells needs.

Root without capabilities is an ordinary user that happens to own system files; with a bounding
set it cannot get them back by exec either. Numbers: linux/capability.h.
"""

from __future__ import annotations

import os
import resource
from typing import Final

from berm.kernel import _libc

CHOWN: Final = 0
DAC_OVERRIDE: Final = 1
FOWNER: Final = 3
KILL: Final = 5
SETGID: Final = 6
SETUID: Final = 7
SETPCAP: Final = 8
IPC_LOCK: Final = 14
SYS_PTRACE: Final = 19
SYS_ADMIN: Final = 21
_LAST: Final = 63

MAP_IDS: Final = frozenset({SETUID, SETGID, KILL, IPC_LOCK})
"""With user namespaces: write the id maps of fork servers, end fork servers of other ids, and let each of
them pin what its cells write to, which it does before it enters its user namespace."""

WITHOUT_USER_NAMESPACES: Final = MAP_IDS | {CHOWN, DAC_OVERRIDE, FOWNER, SYS_PTRACE, SETPCAP}
"""The launcher itself changes ids, gives directories away and looks at the run's processes."""


def needed(*, userns: bool, mounts: bool) -> frozenset[int]:
    """Return the capabilities that the launcher needs from the host.

    Args:
        userns: cells are made inside a user namespace, which has its own capabilities.
        mounts: cells are made with namespaces.
    """
    if userns:
        return MAP_IDS
    return WITHOUT_USER_NAMESPACES | ({SYS_ADMIN} if mounts else set())


def hide() -> None:
    """Let no core dump hold what this process knows, and no other process of its user look into it.

    What it starts by exec is visible again until it hides itself. A handler that takes core dumps by a pipe
    asks for no size, so that the size of 0 alone would not be enough (core(5)).

    Raises:
        OSError: the kernel refuses it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _libc.prctl(_libc.PR_SET_DUMPABLE, 0)


def keep(capabilities: frozenset[int]) -> frozenset[int]:
    """Give up every other capability, in all sets, for this process and what it starts.

    Of ``capabilities`` those are kept that there are: a container or a unit may have left some out, and what
    cannot be done without them has been found by trying. Only the calling thread and threads started later are
    changed, so call it before there are any others. Does nothing for anybody but root. Returns what is left.
    """
    if os.geteuid() != 0:
        return frozenset()
    held = _libc.effective_capabilities()
    capabilities = frozenset(number for number in capabilities if held >> number & 1)
    for number in range(_LAST + 1):
        if number not in capabilities and not _libc.drop_from_bounding_set(number):
            break
    _libc.set_capabilities(sum(1 << number for number in capabilities))
    return capabilities

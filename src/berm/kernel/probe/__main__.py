"""Find out what the kernel permits here, by trying each thing. Prints one JSON object.

Run as a directory by a fresh interpreter without site-packages (``python -I -S .../probe``): the host may have
threads, and a process that tries namespaces, filters and limits on itself is good for nothing afterwards.
Every trial runs in a forked child with a time bound, touches nothing but itself and leaves nothing behind.

Output: ``{"name": {"ok": value} | {"errno": number, "step": text}, ...}``; the two trials of namespaces
have such an object of their own each.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from berm.kernel.probe import filters, powers, spaces
    from berm.kernel.probe.trial import Trial, libc, run
else:
    import filters
    import powers
    import spaces
    from trial import Trial, libc, run

TRIALS: Final[tuple[Callable[[Trial], Any], ...]] = (
    filters.landlock_abi,
    filters.seccomp_filter,
    filters.seccomp_notify,
    spaces.userns,
    spaces.namespaces_in_userns,
    spaces.namespaces_as_root,
    powers.chroot,
    powers.setuid,
    powers.rlimit_data,
    powers.rlimit_as,
    powers.rlimit_queues,
    powers.flight_limit,
    powers.pidfd,
    powers.subreaper,
    powers.proc_children,
    powers.proc_parents,
    powers.smaps_rollup,
    powers.openat2,
    powers.memfd,
    powers.close_range,
)


def main() -> None:
    """Run all trials and print what they found."""
    found: dict[str, Any] = {
        "uid": {"ok": os.geteuid()},
        "capabilities": {"ok": libc.effective_capabilities()},
    }
    try:
        fd = os.open("/proc/sys/kernel/yama/ptrace_scope", os.O_RDONLY)
        found["yama"] = {"ok": int(os.read(fd, 16))}
    except (OSError, ValueError):
        found["yama"] = {"ok": None}
    for trial in TRIALS:
        name = trial.__name__
        if name.startswith("namespaces"):
            found[name] = run(name, trial)
        else:
            found.update(run(name, trial))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

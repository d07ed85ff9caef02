"""What a cell of the namespaces plan finds in its root directory, as orders for the launcher. Pure."""

from __future__ import annotations

from collections.abc import Sequence

ETC = {
    "passwd": "root:x:0:0::/:/bin/false\ncell:x:1000:1000::/work:/bin/sh\n",
    "group": "root:x:0:\ncell:x:1000:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "hosts": "127.0.0.1 localhost\n",
}
"""The synthetic files of ``/etc``; everything else there belongs to the host."""

OWN_MAPS = "/proc/self/maps"
"""Where a process finds its own memory map. A runtime whose collector looks for its stack there
(``pthread_getattr_np`` of glibc) names it among what it reads. A cell with a procfs of its own shows it
anyway; where there is none, a Landlock rule allows this one file, of the program's own process."""


def minimal_root(read_paths: Sequence[str], *, proc: bool) -> dict[str, object]:
    """The minimal root of the namespaces plan: the runtime's files and a synthetic rest."""
    return {
        "base": "/tmp",  # noqa: S108 - a mount point in a private mount namespace
        "binds": [path for path in read_paths if path != OWN_MAPS],
        "devices": ["null", "zero", "full", "random", "urandom"],
        "directories": ["/work", "/tmp", "/box", "/etc", "/dev"],  # noqa: S108
        "files": {f"/etc/{name}": text for name, text in ETC.items()},
        "links": {
            "/dev/fd": "/proc/self/fd",
            "/dev/stdin": "/proc/self/fd/0",
            "/dev/stdout": "/proc/self/fd/1",
            "/dev/stderr": "/proc/self/fd/2",
            "/dev/shm": "/tmp",  # noqa: S108
        },
        "proc": proc,
    }

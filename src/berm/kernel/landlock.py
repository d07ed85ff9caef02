"""Landlock's access rights by ABI: which exist, and which a cell's rules give. Pure.

Numbers: linux/landlock.h. ABI 1 is Linux 5.13, 2 is 5.19 (REFER), 3 is 6.2 (TRUNCATE), 4 is 6.7 (TCP),
5 is 6.10 (IOCTL_DEV), 6 is 6.12 (scopes), 7 is 6.15 (audit flags, no new right).

What Landlock never covers, whatever the ABI: stat, chmod, utime, xattrs and chdir (seccomp and mount
namespaces do), UDP and unix sockets by path (seccomp does); below ABI 3 truncation (seccomp does, see the
group ``open-without-truncation``), below 6 signals and abstract sockets.
"""

from __future__ import annotations

import dataclasses
from typing import Final

# LANDLOCK_ACCESS_FS_*
EXECUTE: Final = 1 << 0
WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
REMOVE_DIR: Final = 1 << 4
REMOVE_FILE: Final = 1 << 5
MAKE_CHAR: Final = 1 << 6
MAKE_DIR: Final = 1 << 7
MAKE_REG: Final = 1 << 8
MAKE_SOCK: Final = 1 << 9
MAKE_FIFO: Final = 1 << 10
MAKE_BLOCK: Final = 1 << 11
MAKE_SYM: Final = 1 << 12
REFER: Final = 1 << 13  # ABI 2: link or rename between directories
TRUNCATE: Final = 1 << 14  # ABI 3
IOCTL_DEV: Final = 1 << 15  # ABI 5: ioctl on device files

# LANDLOCK_ACCESS_NET_* (ABI 4)
BIND_TCP: Final = 1 << 0
CONNECT_TCP: Final = 1 << 1

# LANDLOCK_SCOPE_* (ABI 6)
SCOPE_ABSTRACT_UNIX_SOCKET: Final = 1 << 0
SCOPE_SIGNAL: Final = 1 << 1

NEWEST_ABI: Final = 7
"""The highest ABI that Berm knows; a newer kernel is used as this one."""

_FILE_RIGHTS: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV


@dataclasses.dataclass(frozen=True, slots=True)
class FsRights:
    """Masks of filesystem rights that exist at one ABI.

    Attributes:
        handled: everything that the ABI knows; what no rule gives is refused.
        read: for a directory tree or file that may be read.
        execute: ``read``, and started or mapped by the loader as a program.
        write: for the run's own directories: read, write, make, remove, rename; no execution, no device,
            FIFO or socket nodes.
        device: for single device files such as /dev/null: read and write.
    """

    handled: int
    read: int
    execute: int
    write: int
    device: int

    def for_file(self, mask: int) -> int:
        """Return the part of a mask that a rule on a regular file may carry.

        The kernel answers EINVAL to directory rights on a file.
        """
        return mask & _FILE_RIGHTS & self.handled


def fs_rights(abi: int) -> FsRights:
    """Return the filesystem masks of an ABI; all zero for ABI 0 (no Landlock)."""
    if abi < 1:
        return FsRights(0, 0, 0, 0, 0)
    handled = (MAKE_SYM << 1) - 1
    if abi >= 2:
        handled |= REFER
    if abi >= 3:
        handled |= TRUNCATE
    if abi >= 5:
        handled |= IOCTL_DEV
    read = READ_FILE | READ_DIR
    write = (
        read
        | WRITE_FILE
        | REMOVE_DIR
        | REMOVE_FILE
        | MAKE_DIR
        | MAKE_REG
        | MAKE_SYM
        | REFER
        | TRUNCATE
    )
    return FsRights(
        handled=handled,
        read=read,
        execute=read | EXECUTE,
        write=write & handled,
        device=(READ_FILE | WRITE_FILE | TRUNCATE) & handled,
    )


def net_rights(abi: int) -> int:
    """Return the network rights to handle (and give to nobody): none below ABI 4."""
    return BIND_TCP | CONNECT_TCP if abi >= 4 else 0


def scopes(abi: int) -> int:
    """Return the scopes to set: none below ABI 6."""
    return SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL if abi >= 6 else 0

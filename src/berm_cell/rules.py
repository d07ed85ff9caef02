"""The plan's rules for the kernel, prepared once for all cells of a fork server.

What is the same for each cell is computed, and opened, before the first of them is forked: a filter's
bytes, and the files that Landlock rules are about.
"""

import base64
import os
import struct

from berm_cell import _syscalls as sys_

_INSTRUCTION = struct.Struct("HBBI")  # linux/filter.h, struct sock_filter
_VALUE = struct.Struct("I")
_JEQ_K = 0x15


class Filter:
    """The plan's system call filter, and where in it the process's own id stands."""

    def __init__(self, encoded, placeholder):
        self._program = base64.b64decode(encoded)
        self._places = [
            offset + _INSTRUCTION.size - _VALUE.size
            for offset in range(0, len(self._program), _INSTRUCTION.size)
            for code, _, _, value in [_INSTRUCTION.unpack_from(self._program, offset)]
            if code == _JEQ_K and value == placeholder
        ]

    def of_this_process(self):
        """Return the bytes, with this process's id where the filter compares with it."""
        program = bytearray(self._program)
        for place in self._places:
            _VALUE.pack_into(program, place, os.getpid())
        return bytes(program)


def opened(cell):
    """The descriptors that a cell needs until its Landlock rules are in force."""
    return cell["rules"].fds if cell["landlock"] is not None else []


class Landlock:
    """The plan's Landlock rules, those of the fork server's own root already opened.

    A rule is about an inode, so that what all cells see at the same place is opened once.
    """

    def __init__(self, plan):
        self._plan = plan
        self._opened, self._own = [], []
        for path, access in plan["rules"]:
            if path.startswith("/proc") or "{" in path:
                self._own.append((path, access))
                continue
            fd = _open_path(path)
            if fd >= 0:
                allowed = access if _is_directory(fd) else access & plan["file_mask"]
                self._opened.append((fd, allowed))
        self.fds = [fd for fd, _ in self._opened]

    def restrict(self, directories):
        """Confine this process for good, and close what was opened for it."""
        plan = self._plan
        ruleset = sys_.landlock_create(plan["fs"], plan["net"], plan["scope"])
        try:
            for fd, access in self._opened:
                if access:
                    sys_.landlock_allow(ruleset, fd, access)
            for path, access in self._own:
                allow_path(ruleset, path.format(**directories), access, plan["file_mask"])
            sys_.landlock_restrict(ruleset)
        finally:
            os.close(ruleset)
            if self.fds:
                sys_.close_range(self.fds[0], self.fds[-1])


def allow_path(ruleset, path, access, file_mask):
    """Add one path to a ruleset; a path that does not exist here needs no rule."""
    fd = _open_path(path)
    if fd < 0:
        return
    try:
        allowed = access if _is_directory(fd) else access & file_mask
        if allowed:
            sys_.landlock_allow(ruleset, fd, allowed)
    finally:
        os.close(fd)


def _open_path(path):
    try:
        return os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return -1


def _is_directory(fd):
    return os.fstat(fd).st_mode & 0o170000 == 0o040000

"""The plan's rules for the kernel, as the calls of a cell that put them in force.

What is the same for each cell is computed, and opened, before the first of them is forked: a filter's
bytes, and the files that Landlock rules are about.
"""

import base64
import os
import struct

from berm_cell import _syscalls as sys_

_INSTRUCTION = struct.Struct("HBBI")  # linux/filter.h, struct sock_filter
_VALUE = struct.Struct("I")
_PROGRAM = struct.Struct("=H6xQ")  # struct sock_fprog of a 64-bit machine
_RULE = struct.Struct("=Qi")  # struct landlock_path_beneath_attr
_RULESET = struct.Struct("=3Q")  # struct landlock_ruleset_attr
_JEQ_K = 0x15
_PATH_BENEATH = 1


class Filter:
    """The plan's system call filter, and where in it the process's own id stands.

    Attributes:
        places: addresses of 32 bits each where the process's id belongs, once it is kept in a script.
    """

    def __init__(self, encoded, placeholder):
        self._program = base64.b64decode(encoded)
        self._offsets = [
            offset + _INSTRUCTION.size - _VALUE.size
            for offset in range(0, len(self._program), _INSTRUCTION.size)
            for code, _, _, value in [_INSTRUCTION.unpack_from(self._program, offset)]
            if code == _JEQ_K and value == placeholder
        ]
        self._address = 0
        self.places = []

    def keep(self, script):
        """Keep its instructions in a script."""
        self._address = script.data(self._program)
        self.places = [self._address + offset for offset in self._offsets]

    def install(self, script, listener):
        """Add the call; ``listener``: the number of the descriptor that it has to return, or None."""
        count = len(self._program) // _INSTRUCTION.size
        program = script.data(_PROGRAM.pack(count, self._address))
        flags = sys_.SECCOMP_FILTER_FLAG_NEW_LISTENER if listener is not None else 0
        expected = 0 if listener is None else listener
        script.call("seccomp", sys_.SECCOMP_SET_MODE_FILTER, flags, program, returns=expected)

    def name(self, memory, process):
        """Put a process's id where the filter compares with it."""
        value = _VALUE.pack(process)
        for place in self.places:
            memory.put(place, value)


class Landlock:
    """The plan's Landlock rules, those of the fork server's own root already opened.

    A rule is about an inode, so that what all cells see at the same place is opened once.

    Attributes:
        opened: ``(descriptor, access)`` of each.
    """

    def __init__(self, plan):
        self._plan = plan
        self.opened, self._own = [], []
        for path, access in plan["rules"]:
            if path.startswith("/proc") or "{" in path:
                self._own.append((path, access))
                continue
            fd = _open_path(path)
            if fd >= 0:
                allowed = access if _is_directory(fd) else access & plan["file_mask"]
                self.opened.append((fd, allowed))

    def write(self, script, number, first, paths):
        """Add the calls that confine a process for good.

        Args:
            number: of the next descriptor that is opened.
            first: the number that the first of the opened files has in a cell.
            paths: addresses of the paths ``work`` and ``tmp`` of a cell.
        """
        plan = self._plan
        attributes = script.data(_RULESET.pack(plan["fs"], plan["net"], plan["scope"]))
        size = _ruleset_size(plan["net"], plan["scope"])
        script.call("landlock_create_ruleset", attributes, size, 0, returns=number)
        for index, (_fd, access) in enumerate(self.opened):
            if access:
                self._allow(script, number, first + index, access)
        for path, access in self._own:
            named = path.strip("{}")
            address = paths.get(named) or script.text(path)
            if named not in paths and not os.path.isdir(path):
                access &= plan["file_mask"]
            if not access:
                continue
            # A path that does not exist in a cell needs no rule there.
            flags = os.O_PATH | os.O_CLOEXEC
            script.call("openat", sys_.AT_FDCWD, address, flags, returns=number + 1, skips=2)
            self._allow(script, number, number + 1, access)
            script.call("close", number + 1)
        script.call("landlock_restrict_self", number, 0)
        script.call("close", number)

    def _allow(self, script, ruleset, fd, access):
        rule = script.data(_RULE.pack(access, fd))
        script.call("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0)


def _ruleset_size(net, scope):
    """Bytes of a ruleset's attributes: as long as what is asked for, so that old kernels take it."""
    return 24 if scope else 16 if net else 8


def _open_path(path):
    try:
        return os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return -1


def _is_directory(fd):
    return os.fstat(fd).st_mode & 0o170000 == 0o040000

"""System calls written down, to be made in one go by code that is no Python (:mod:`berm_cell.machine`).

What a cell has to ask of the kernel before it is one (a hundred calls) is the same for every cell of a
fork server, but for a handful of numbers. A script holds them as records of nine words, with the data
that they point to. It is read at one address, so that whoever writes it knows all addresses: the fork
server writes how to be confined, the host how to become a program.

A script begins with a header of eight words:

==  =========================================================================================
0   what the last call returned, or the negative error
1   the record at which it stopped
2   address and
3   length of the text that tells the last error (a ``struct iovec`` together)
4   where these texts are: 64 bytes for each error, the last eight of them the length
5   the first record and
6   where the records end, for who is told no other
7   of confinement: a descriptor on which to tell that it stopped before its end; of a request: where
    what is told to an interpreter is
==  =========================================================================================

A record is the number of a system call, six arguments, what it has to return (-1: anything), and the
bytes to go on by if it does not (0: the script stops there).
"""

import os
import struct

# Of x86-64, and of the generic table (asm-generic/unistd.h) that arm64 has.
_NUMBERS = {
    "capget": (125, 90),
    "capset": (126, 91),
    "chdir": (80, 49),
    "close": (3, 57),
    "clone": (56, 220),
    "close_range": (436, 436),
    "dup3": (292, 24),
    "execve": (59, 221),
    "exit_group": (231, 94),
    "fchownat": (260, 54),
    "fcntl": (72, 25),
    "getppid": (110, 173),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "landlock_add_rule": (445, 445),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
    "mkdirat": (258, 34),
    "mmap": (9, 222),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "munmap": (11, 215),
    "openat": (257, 56),
    "openat2": (437, 437),
    "pipe2": (293, 59),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "pread64": (17, 67),
    "prlimit64": (302, 261),
    "ptrace": (101, 117),
    "read": (0, 63),
    "recvmsg": (47, 212),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "seccomp": (317, 277),
    "sendmsg": (46, 211),
    "sendto": (44, 206),
    "setgroups": (116, 159),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "setresgid": (119, 149),
    "setresuid": (117, 147),
    "setsid": (112, 157),
    "signalfd4": (289, 74),
    "umask": (95, 166),
    "unshare": (272, 97),
    "write": (1, 64),
    "writev": (20, 66),
}
IS_X86_64 = os.uname().machine == "x86_64"
NUMBERS = {name: pair[0 if IS_X86_64 else 1] for name, pair in _NUMBERS.items()}

CODE_AT = 0x0FFFFF0000
"""Where the code is, and the texts of errors; all addresses are 64 GiB up, where nothing else is."""

TEXTS_AT = CODE_AT + 0x100

CONFINEMENT_AT, REQUEST_AT = 0x1000000000, 0x1000040000
SIZES = {CONFINEMENT_AT: 0x40000, REQUEST_AT: 0x400000}
"""Bytes for each of the two scripts, of which only those that are used are ever there."""

ERROR_TEXT = 16
"""Where in a script the ``struct iovec`` of the last error's text is."""

RECORD = struct.Struct("=9Q")
WORD = 8
MASK = (1 << 64) - 1
ANYTHING = MASK
HEADER = struct.Struct("=8Q")


class Variable:
    """A number that is known when a cell is made: the places where it stands."""

    def __init__(self):
        self.places = []


class Label:
    """A record, and those that go on there if they fail: written after it, or before."""

    def __init__(self):
        self.at = None
        self.comes_from = []


class Script:
    """Calls in order, in parts, and the data that they point to.

    Args:
        address: where it is read.
        calls: how many there may be.
    """

    def __init__(self, address, calls):
        self.address = address
        self.parts = {}
        self.variables = {}
        self.names = []
        self._first = HEADER.size
        self._limit = self._first + calls * RECORD.size
        self._next = self._first
        self._data = bytearray()
        self._room = SIZES[address]
        self._records = []
        self._part = None
        self._layer = ""

    # --- calls ----------------------------------------------------------------------------------

    def begin(self, part):
        """What follows is the part of this name."""
        self.end()
        self._part = part
        self.parts[part] = (self._next, self._next)

    def end(self):
        """Nothing follows in this part."""
        if self._part is not None:
            self.parts[self._part] = (self.parts[self._part][0], self._next)

    def layer(self, name):
        """The layer whose calls follow, as a failure names it."""
        self._layer = name

    def call(self, name, *arguments, number=None, returns=None, skips=None, otherwise=None):
        """Add a call.

        Args:
            name: as in :data:`NUMBERS`.
            arguments: numbers, addresses and variables.
            number: a variable that says which call it is, in place of ``name``.
            returns: what it has to return; anything that is no error, if it is None.
            skips: how many of the calls after it to leave out if it fails; None: it may not fail.
            otherwise: the :class:`Label` to go on at if it fails.
        """
        if self._next + RECORD.size > self._limit:
            raise ValueError("more calls than this script has room for")
        record = [NUMBERS[name] if number is None else number, *arguments]
        record += [0] * (7 - len(record))
        record.append(ANYTHING if returns is None else returns)
        record.append(0 if skips is None else RECORD.size * (skips + 1))
        if otherwise is not None and otherwise.at is not None:
            record[-1] = otherwise.at - self._next
            if not record[-1]:
                raise ValueError("a call that fails cannot be made again at once: 0 means to stop")
        elif otherwise is not None:  # one that is placed later
            otherwise.comes_from.append((len(self._records), self._next))
        for index, word in enumerate(record):
            if isinstance(word, Variable):
                word.places.append(self._next // WORD + index)
                record[index] = 0
        self._records.append(record)
        self.names.append((self._layer, name))
        self._next += RECORD.size

    def place(self, label):
        """The next call is where those go on that have the label."""
        label.at = self._next
        for index, offset in label.comes_from:
            self._records[index][-1] = self._next - offset

    def variable(self, name):
        """A number that is put in later, in as many calls as like to have it."""
        return self.variables.setdefault(name, Variable())

    # --- data -----------------------------------------------------------------------------------

    def data(self, content):
        """Keep bytes for the calls; returns their address."""
        address = self.address + self._limit + len(self._data)
        self._data += content + bytes(-len(content) % WORD)
        if self._limit + len(self._data) > self._room:
            raise ValueError("more data than a script has room for")
        return address

    def text(self, text):
        """Keep a path or the like, ended by a zero byte; returns its address."""
        raw = os.fsencode(text)
        if b"\0" in raw:
            raise ValueError("%r holds a NUL character" % (text[:40],))
        return self.data(raw + b"\0")

    def room(self, size):
        """The address of ``size`` bytes that are no part of the image, for what the kernel writes."""
        self._room -= -(-size // WORD) * WORD
        return self.address + self._room

    def header(self, first, extra=0, end=None):
        """Its first bytes.

        Args:
            first: the part to begin with.
            extra: the last word.
            end: where the calls end, if not with its own.
        """
        ends = (self.address + self.parts[first][0], end or self.address + self._next)
        return HEADER.pack(0, 0, 0, 0, TEXTS_AT, *ends, extra)

    @property
    def here(self):
        """The address of the next call."""
        return self.address + self._next

    def image(self, end=None, extra=0):
        """The bytes to be read at its address; ``end`` as in :meth:`header`, ``extra`` is its last word."""
        header = self.header(next(iter(self.parts)), extra, end)
        records = b"".join(RECORD.pack(*[word & MASK for word in row]) for row in self._records)
        gap = bytes(self._limit - self._next)
        return header + records + gap + bytes(self._data)

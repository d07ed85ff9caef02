"""System calls written down once and made in one go, by a hundred bytes of code that are no Python.

What a cell has to ask of the kernel before it is one (a hundred calls) is the same for every cell of a
fork server, but for a handful of numbers. Asked in Python, each of them goes through code that the
forked process runs for the first time in its life, whose pages it has to copy first. So the fork
server writes them down once, as records of nine words, and each cell has this read them::

    run:    push  rbx                   rdi: the first record; rsi: where they end;
            push  rbp                   rdx: where the last result goes
            push  r12
            mov   rbx, rdi
            mov   rbp, rsi
            mov   r12, rdx
            xor   eax, eax
    next:   cmp   rbx, rbp
            jae   out
            mov   rax, [rbx]            the call's number, and six arguments
            mov   rdi, [rbx + 8]
            mov   rsi, [rbx + 16]
            mov   rdx, [rbx + 24]
            mov   r10, [rbx + 32]
            mov   r8,  [rbx + 40]
            mov   r9,  [rbx + 48]
            syscall
            cmp   rax, -4095
            jae   failed
            mov   rcx, [rbx + 56]       what it has to return, -1: anything
            cmp   rcx, -1
            je    good
            cmp   rax, rcx
            jne   out
    good:   add   rbx, 72
            jmp   next
    failed: mov   rcx, [rbx + 64]       bytes to go on by, 0: it may not fail
            test  rcx, rcx
            jz    out
            add   rbx, rcx
            jmp   next
    out:    mov   [r12], rax
            mov   rax, rbx              the record at which it stopped
            pop   r12
            pop   rbp
            pop   rbx
            ret

On another processor than x86-64, and where memory may not be made executable, Python makes the same
calls from the same records.
"""

import os
import struct

from berm_cell import _syscalls as sys_

_CODE = bytes.fromhex(
    "5355415448 89fb 4889f5 4989d4 31c0 4839eb 7348"
    "488b03 488b7b08 488b7310 488b5318 4c8b5320 4c8b4328 4c8b4b30 0f05"
    "483d01f0ffff 7315 488b4b38 4883f9ff 7405 4839c8 7514 4883c348 ebc1"
    "488b4b40 4885c9 7405 4801cb ebb3 49890424 4889d8 415c 5d 5b c3"
)
_RECORD = struct.Struct("=9Q")
_WORD = 8
_MASK = (1 << 64) - 1
_ANYTHING = _MASK
_RECORDS_AT, _DATA_AT, _ROOM_AT = 64, 32 << 10, 128 << 10
_LARGEST_ERROR = 4095


class Failed(Exception):
    """A call that had to succeed did not, or returned something else than it had to.

    Attributes: ``layer`` that the call belongs to, ``call`` by name, ``errno`` (0: the wrong result).
    """

    def __init__(self, layer, call, errno):
        reason = os.strerror(errno) if errno else "not what it should return"
        super().__init__("%s: %s" % (call, reason))
        self.layer = layer
        self.call = call
        self.errno = errno


class Variable:
    """A number that is known when a cell is made: the places where it stands."""

    def __init__(self):
        self.places = []


class Script:
    """Calls in order, in parts that are run one by one, and the data that they point to.

    Args:
        room: bytes beside them, for what the kernel is to write; see :meth:`take`.
    """

    def __init__(self, room=0):
        size = _ROOM_AT + -(-room // sys_.PAGE) * sys_.PAGE
        self._base = sys_.new_memory(size)
        self._memory = sys_.memory_at(self._base, size)
        self._words = self._memory.cast("Q")
        self._run = sys_.machine_code(_CODE) or self._by_python
        self._variables = {}
        self._parts = {}
        self._part = None
        self._next = self._base + _RECORDS_AT
        self._data = self._base + _DATA_AT
        self._room = self._base + _ROOM_AT
        self._names = []
        self._layer = ""

    # --- writing it -----------------------------------------------------------------------------

    def begin(self, part):
        """What follows is the part of this name."""
        if self._part is not None:
            self._parts[self._part] = (self._parts[self._part], self._next)
        self._part = part
        self._parts[part] = self._next

    def end(self):
        """Nothing follows; from here on it can be run."""
        self._parts[self._part] = (self._parts[self._part], self._next)

    def layer(self, name):
        """The layer whose calls follow, as a failure names it."""
        self._layer = name

    def call(self, name, *arguments, returns=None, skips=None):
        """Add a call.

        Args:
            name: as in :data:`berm_cell._syscalls.NUMBERS`.
            arguments: numbers, addresses and variables.
            returns: what it has to return; anything that is no error, if it is None.
            skips: how many of the calls after it to leave out if it fails; None: it may not fail.
        """
        record = [sys_.NUMBERS[name], *arguments]
        record += [0] * (7 - len(record))
        record.append(_ANYTHING if returns is None else returns)
        record.append(0 if skips is None else _RECORD.size * (skips + 1))
        for index, word in enumerate(record):
            if isinstance(word, Variable):
                word.places.append((self._next - self._base) // _WORD + index)
                record[index] = 0
        offset = self._next - self._base
        if offset + _RECORD.size > _DATA_AT:
            raise ValueError("too many calls for one script")
        _RECORD.pack_into(self._memory, offset, *[word & _MASK for word in record])
        self._names.append((self._layer, name))
        self._next += _RECORD.size

    def data(self, content):
        """Keep bytes for the calls; returns their address."""
        address, offset = self._data, self._data - self._base
        if offset + len(content) > _ROOM_AT:
            raise ValueError("too much data for one script")
        self._memory[offset : offset + len(content)] = content
        self._data += -(-len(content) // _WORD) * _WORD
        return address

    def text(self, text):
        """Keep a path or the like, ended by a zero byte; returns its address."""
        return self.data(os.fsencode(text) + b"\0")

    def room(self, size):
        """The address of ``size`` bytes for what the kernel writes."""
        address = self._room
        self._room += -(-size // _WORD) * _WORD
        if self._room > self._base + len(self._memory):
            raise ValueError("too little room in the script")
        return address

    def variable(self, name):
        """A number to be named by :meth:`set`, in as many calls as like to have it."""
        return self._variables.setdefault(name, Variable())

    # --- using it -------------------------------------------------------------------------------

    def set(self, name, number):
        """Give a variable its value; one that no call has is nobody's."""
        known = self._variables.get(name)
        if known is not None:
            for place in known.places:
                self._words[place] = number & _MASK

    def put(self, address, content):
        """Write other bytes where :meth:`data` had kept some."""
        offset = address - self._base
        self._memory[offset : offset + len(content)] = content

    def take(self, address, size):
        """The bytes at an address of the script's own memory."""
        offset = address - self._base
        return bytes(self._memory[offset : offset + size])

    def run(self, part, last=None):
        """Make the calls of one part, or of several up to the ``last``; returns what the last call did.

        Raises :class:`Failed`.
        """
        first, end = self._parts[part][0], self._parts[last or part][1]
        stopped = self._run(first, end, self._base)
        result = self._words[0]
        if stopped != end:
            layer, call = self._names[(stopped - self._base - _RECORDS_AT) // _RECORD.size]
            error = -result & _MASK
            raise Failed(layer, call, error if error <= _LARGEST_ERROR else 0)
        return result

    def _by_python(self, first, end, last):
        """What the machine code does; returns the record at which it stopped."""
        here, result = first, 0
        while here < end:
            record = _RECORD.unpack_from(self._memory, here - self._base)
            result = sys_.raw(*record[:7])
            if result < 0:
                if not record[8]:
                    break
                here += record[8]
                continue
            if record[7] not in (_ANYTHING, result):
                break
            here += _RECORD.size
        self._words[(last - self._base) // _WORD] = result & _MASK
        return here

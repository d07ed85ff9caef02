"""The code that makes the calls of a script (:mod:`berm_cell.script`), and a program that is only that.

One image serves both. A fork server has it in its memory, so that a process that it forks is confined
by it before Python goes on there. As an executable it is the launcher of programs that are executed: a
process of nine pages that reads how to be confined, does it, reads how to become the program, and does
that. An interpreter forked for the purpose, and taken apart by the exec, would cost a hundred times as
much memory, and the most of the time of a small run::

    launch: mov   edi, 3                where its line to the warden is
            mov   rbx, CONFINEMENT_AT
            mov   rsi, rbx
            mov   edx, 0x40000
            xor   eax, eax
            syscall                     read
            test  eax, eax
            jle   die
            mov   rdx, rbx
            call  go
            cmp   rax, [rbx + 48]
            jne   report
            mov   rdx, REQUEST_AT       which its last call has read
            call  go
    die:    mov   eax, 39
            syscall                     getpid
            mov   edi, eax
            mov   esi, 9
            mov   eax, 62
            syscall                     kill
            hlt                         which kills whom that did not
    report: mov   rdi, [rbx + 56]
            mov   rsi, rbx
            mov   edx, 16
            mov   eax, 1
            syscall                     write: the error, and the record
            jmp   die
    go:     mov   rdi, [rdx + 40]
            mov   rsi, [rdx + 48]
    run:    push  rbx                   rdi: the first record; rsi: where they end; rdx: the header
            push  rbp
            push  r12
            mov   rbx, rdi
            mov   rbp, rsi
            mov   r12, rdx
            xor   eax, eax
    next:   cmp   rbx, rbp
            jae   out
            mov   rax, [rbx]
            mov   rdi, [rbx + 8]
            mov   rsi, [rbx + 16]
            mov   rdx, [rbx + 24]
            mov   r10, [rbx + 32]
            mov   r8,  [rbx + 40]
            mov   r9,  [rbx + 48]
            syscall
            cmp   rax, -4095
            jae   failed
            mov   rcx, [rbx + 56]
            cmp   rcx, -1
            je    good
            cmp   rax, rcx
            je    good
            xor   eax, eax
    failed: mov   rdx, rax
            neg   rdx
            cmp   edx, 134
            jb    known
            xor   edx, edx
    known:  shl   edx, 6
            add   rdx, [r12 + 32]
            mov   [r12 + 16], rdx
            mov   rdx, [rdx + 56]
            mov   [r12 + 24], rdx
            mov   rcx, [rbx + 64]
            test  rcx, rcx
            jz    out
            add   rbx, rcx
            jmp   next
    good:   add   rbx, 72
            jmp   next
    out:    mov   [r12], rax
            mov   [r12 + 8], rbx
            mov   rax, rbx
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
from berm_cell import script

_LAUNCH = bytes.fromhex(
    "bf03000000 48bb0000000010000000 4889de ba00000400 31c0 0f05 85c0 7e1d"
    "4889da e840000000 483b4330 7525 48ba0000040010000000 e82b000000"
    "b827000000 0f05 89c7 be09000000 b83e000000 0f05 f4"
    "488b7b38 4889de ba10000000 b801000000 0f05 ebd5 488b7a28 488b7230"
)
_RUN = bytes.fromhex(
    "53 55 4154 4889fb 4889f5 4989d4 31c0 4839eb 7370"
    "488b03 488b7b08 488b7310 488b5318 4c8b5320 4c8b4328 4c8b4b30 0f05"
    "483d01f0ffff 7311 488b4b38 4883f9ff 743b 4839c8 7436 31c0"
    "4889c2 48f7da 81fa86000000 7202 31d2 c1e206 4903542420 4989542410"
    "488b5238 4989542418 488b4b40 4885c9 740b 4801cb eb91 4883c348 eb8b"
    "49890424 49895c2408 4889d8 415c 5d 5b c3"
)

_ERRORS, _TEXT_SIZE = 134, 56
_LAUNCH_AT = script.TEXTS_AT + _ERRORS * 64
_RUN_AT = _LAUNCH_AT + len(_LAUNCH)
_SCRIPTS = sum(script.SIZES.values())
_EXECUTABLE, _X86_64, _PT_LOAD, _PT_GNU_STACK = 2, 62, 1, 0x6474E551
_LARGEST_ERROR = 4095


def _texts():
    """What each error is called, as ``strerror(3)`` has it; the first is for a wrong result."""
    rows = []
    for number in range(_ERRORS):
        text = os.strerror(number) if number else "the kernel did not do all of it"
        raw = text.encode("ascii", "replace")[:_TEXT_SIZE]
        rows.append(raw.ljust(_TEXT_SIZE, b"\0") + struct.pack("=Q", len(raw)))
    return b"".join(rows)


def _image():
    """An executable (elf(5)): its headers, the texts, the code; and memory for both scripts."""
    texts = _texts()
    start, scripts = script.CODE_AT, script.CONFINEMENT_AT
    size = script.TEXTS_AT - start + len(texts) + len(_LAUNCH) + len(_RUN)
    file = (_EXECUTABLE, _X86_64, 1, _LAUNCH_AT, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    headers = (
        struct.pack("<4s5B7x", b"\x7fELF", 2, 1, 1, 0, 0)
        + struct.pack("<HHIQQQIHHHHHH", *file)
        + struct.pack("<IIQQQQQQ", _PT_LOAD, 5, 0, start, start, size, size, 0x1000)
        + struct.pack("<IIQQQQQQ", _PT_LOAD, 6, 0, scripts, scripts, 0, _SCRIPTS, 0x1000)
        + struct.pack("<IIQQQQQQ", _PT_GNU_STACK, 6, 0, 0, 0, 0, 0, 16)
    )
    return headers.ljust(script.TEXTS_AT - start, b"\0") + texts + _LAUNCH + _RUN


IMAGE = _image()
"""The whole program."""

PATH = "/launch"
"""Where it stands in the minimal root."""


class Failed(Exception):
    """A call that had to succeed did not, or did not return what it had to.

    Attributes: ``layer`` that the call belongs to, ``errno`` (0: the wrong result).
    """

    def __init__(self, layer, call, errno):
        reason = os.strerror(errno) if errno else "not what it has to return"
        super().__init__("%s: %s" % (call, reason))
        self.layer = layer
        self.errno = errno


def code():
    """Put the code, and the texts of errors, where scripts expect them; returns what reads scripts.

    None where that has to be Python. Once for a process, and those that it forks.
    """
    sys_.map_at(script.CODE_AT, len(IMAGE))
    return sys_.machine_code(script.CODE_AT, IMAGE, _RUN_AT)


class Machine:
    """A script in memory of this process, where it may be changed, and what reads it.

    Args:
        written: the :class:`berm_cell.script.Script`.
        reader: of :func:`code`.
    """

    def __init__(self, written, reader):
        self._base = script.CONFINEMENT_AT
        sys_.map_at(self._base, _SCRIPTS)
        self._memory = sys_.memory_at(self._base, _SCRIPTS)
        self._words = self._memory.cast("Q")
        self._run = reader or self._by_python
        self._script = written
        self.put(written.address, written.image())

    def set(self, name, number):
        """Give a variable its value; one that no call has is nobody's."""
        known = self._script.variables.get(name)
        if known is not None:
            for place in known.places:
                self._words[place] = number & script.MASK

    def put(self, address, content):
        """Write bytes where a script has kept some."""
        offset = address - self._base
        self._memory[offset : offset + len(content)] = content

    def take(self, address, size):
        """The bytes at an address."""
        offset = address - self._base
        return bytes(self._memory[offset : offset + size])

    def run(self, part, last=None):
        """Make the calls of one part, or of several up to the ``last``; returns what the last call did.

        Raises :class:`Failed`.
        """
        parts, base = self._script.parts, self._base
        first, end = base + parts[part][0], base + parts[last or part][1]
        if self._run(first, end, base) != end:
            raise self.failure(self._words[0], self._words[1])
        return self._words[0]

    def run_request(self):
        """Make the calls of the host's script, which is in its place; returns if that does not exec."""
        header = self.take(script.REQUEST_AT, script.HEADER.size)
        first, end = script.HEADER.unpack(header)[5:7]
        self._run(first, end, script.REQUEST_AT)

    def failure(self, result, stopped):
        """What is known of a call, by its result and the address of its record."""
        index = (stopped - self._base - script.HEADER.size) // script.RECORD.size
        if not 0 <= index < len(self._script.names):
            return Failed("start", "the launcher", 0)
        layer, call = self._script.names[index]
        error = -result & script.MASK
        return Failed(layer, call, error if error <= _LARGEST_ERROR else 0)

    def _by_python(self, first, end, header):
        """What the machine code does; returns the record at which it stopped."""
        here, result = first, 0
        head = (header - self._base) // script.WORD
        while here < end:
            record = script.RECORD.unpack_from(self._memory, here - self._base)
            result = sys_.raw(*record[:7])
            if result >= 0 and record[7] in (script.ANYTHING, result):
                here += script.RECORD.size
                continue
            error = -result if 0 < -result < _ERRORS else 0
            text = script.TEXTS_AT + 64 * error
            self._words[head + 2] = text
            self._words[head + 3] = sys_.word_at(text + _TEXT_SIZE).value
            result = min(result, 0)
            if not record[8]:
                break
            here = (here + record[8]) & script.MASK
        self._words[head] = result & script.MASK
        self._words[head + 1] = here
        return here

"""The init of a cell's pid namespace: 60 bytes of code that reap, and nothing else.

A pid namespace needs a first process. The program must not be it (the kernel treats the signals
of pid 1 differently), orphans must be reaped by it, and everything ends when it is killed. A forked
interpreter can do that, at the price of some 800 copied pages in every cell; this needs five.

It runs with every signal blocked, ``SIGCHLD`` among them::

    reap:   mov   edi, -1               any child
            xor   esi, esi
            mov   edx, 0x40000001       WNOHANG | __WALL
            xor   r10d, r10d
            mov   eax, 61               wait4
            syscall
            test  eax, eax
            jg    reap                  another one, until there is none
            lea   rdi, [rip + set]
            xor   esi, esi
            xor   edx, edx
            mov   r10d, 8
            mov   eax, 128              rt_sigtimedwait: sleep until SIGCHLD
            syscall
            jmp   reap
    set:    dq    1 << (SIGCHLD - 1)
"""

import os
import signal
import struct

_CODE = bytes.fromhex(
    "bfffffffff 31f6 ba01000040 4531d2 b83d000000 0f05 85c0 7fe6"
    "488d3d13000000 31f6 31d2 41ba08000000 b880000000 0f05 ebcc"
    "0000010000000000"
)
_BASE = 0x400000
_HEADERS = 64 + 2 * 56
_SIZE = _HEADERS + len(_CODE)

_EXECUTABLE, _X86_64, _PT_LOAD, _PT_GNU_STACK = 2, 62, 1, 0x6474E551

IMAGE = (
    # Elf64_Ehdr, Elf64_Phdr (elf(5)): one segment, and a stack that is not executable
    struct.pack("<4s5B7x", b"\x7fELF", 2, 1, 1, 0, 0)
    + struct.pack(
        "<HHIQQQIHHHHHH", _EXECUTABLE, _X86_64, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 2, 0, 0, 0
    )
    + struct.pack("<IIQQQQQQ", _PT_LOAD, 5, 0, _BASE, _BASE, _SIZE, _SIZE, 0x1000)
    + struct.pack("<IIQQQQQQ", _PT_GNU_STACK, 6, 0, 0, 0, 0, 0, 16)
    + _CODE
)
"""The whole program, for x86-64 as the system call policy is."""

PATH = "/init"
"""Where it stands in the minimal root."""


_EVERY_SIGNAL = signal.valid_signals()


def spawn(path):
    """Start it; the next child of this process then joins the namespace whose init it is.

    By ``posix_spawn``, which shares the memory of the fork server until the exec instead of
    copying its page tables.
    """
    return os.posix_spawn(path, ["init"], {}, setsigmask=_EVERY_SIGNAL)

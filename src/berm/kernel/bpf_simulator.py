"""What a seccomp filter does to a call, worked out without a kernel. Pure.

Two independent answers, so that they can be compared: :func:`decide` reads the rules of a
:class:`berm.kernel.bpf.Filter`; :func:`simulate` executes the assembled bytes. ``simulate`` knows the
instructions that :mod:`berm.kernel.bpf` emits and refuses every other one, and checks a program like
the kernel does before it runs one (kernel/seccomp.c ``seccomp_check_filter``, net/core/filter.c
``bpf_check_classic``): what it accepts, the kernel accepts.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from berm.kernel.bpf import (
    AUDIT_ARCH_X86_64,
    INSTRUCTION_SIZE,
    MAX_INSTRUCTIONS,
    X32_SYSCALL_BIT,
    Action,
    Filter,
)

_DATA: Final = struct.Struct("<IIQ6Q")  # struct seccomp_data, linux/seccomp.h
_JUMPS: Final = {0x15: "eq", 0x25: "gt", 0x35: "ge", 0x45: "set"}
_WORD: Final = 0xFFFFFFFF
_DWORD: Final = 0xFFFFFFFFFFFFFFFF
_NO_ARGS: Final = (0, 0, 0, 0, 0, 0)


class BadProgramError(ValueError):
    """The bytes are no program that the kernel would take."""


def decide(
    wanted: Filter,
    nr: int,
    args: Sequence[int] = _NO_ARGS,
    arch: int = AUDIT_ARCH_X86_64,
) -> Action:
    """Return what the rules of a filter say about a call: the specification of the assembler."""
    if arch != wanted.arch:
        return wanted.foreign_arch
    if nr & _WORD >= X32_SYSCALL_BIT:
        return wanted.x32
    if wanted.newest is not None and nr > wanted.newest:
        return wanted.unborn
    for rule in wanted.rules:
        if rule.nr == nr and all(condition.holds(args) for condition in rule.conditions):
            return rule.action
    return wanted.default


def check(program: bytes) -> list[tuple[int, int, int, int]]:
    """Return the decoded instructions (code, jt, jf, k).

    Raises:
        BadProgramError: the kernel would refuse the program, or it has an instruction that the
            assembler never emits.
    """
    count, rest = divmod(len(program), INSTRUCTION_SIZE)
    if rest or not 0 < count <= MAX_INSTRUCTIONS:
        raise BadProgramError(f"{len(program)} bytes are no program")
    code = list(struct.iter_unpack("<HBBI", program))
    for place, (operation, jt, jf, k) in enumerate(code):
        left = count - place - 1
        match operation:
            case 0x20:
                good = k % 4 == 0 and k < _DATA.size
            case 0x54 | 0x06:
                good = True
            case 0x05:
                good = k < left
            case _ if operation in _JUMPS:
                good = jt < left and jf < left
            case _:
                good = False
        if not good:
            raise BadProgramError(f"instruction {place}: {operation:#x} {jt} {jf} {k:#x}")
    if code[-1][0] != 0x06:
        raise BadProgramError("the last instruction does not return")
    return code


def simulate(
    program: bytes,
    nr: int,
    arch: int = AUDIT_ARCH_X86_64,
    args: Sequence[int] = _NO_ARGS,
    ip: int = 0,
) -> int:
    """Execute a filter on one call; return the word that it gives to the kernel.

    Args:
        program: array of ``struct sock_filter``.
        nr: syscall number; negative ones as the kernel sees them, in 32 bits.
        arch: AUDIT_ARCH of the call.
        args: the six arguments, unsigned 64-bit.
        ip: instruction pointer.

    Raises:
        BadProgramError: see :func:`check`.
    """
    return run(check(program), nr, arch, args, ip)


def run(
    code: Sequence[tuple[int, int, int, int]],
    nr: int,
    arch: int = AUDIT_ARCH_X86_64,
    args: Sequence[int] = _NO_ARGS,
    ip: int = 0,
) -> int:
    """Like :func:`simulate`, for a program that :func:`check` decoded already."""
    data = _DATA.pack(nr & _WORD, arch, ip & _DWORD, *(value & _DWORD for value in args))
    accumulator = place = 0
    while True:
        operation, jt, jf, k = code[place]
        place += 1
        match operation:
            case 0x20:
                accumulator = int.from_bytes(data[k : k + 4], "little")
            case 0x54:
                accumulator &= k
            case 0x05:
                place += k
            case 0x15:
                place += jt if accumulator == k else jf
            case 0x25:
                place += jt if accumulator > k else jf
            case 0x35:
                place += jt if accumulator >= k else jf
            case 0x45:
                place += jt if accumulator & k else jf
            case _:
                return k

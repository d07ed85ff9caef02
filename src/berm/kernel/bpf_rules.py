"""What a seccomp filter says, as frozen values: actions, conditions, rules. Pure.

:mod:`berm.kernel.bpf` turns a :class:`Filter` into bytes; :func:`berm.kernel.bpf_simulator.decide` is its meaning.

Semantics, all of them: a call of another architecture gets ``Filter.foreign_arch``; a number of
the x32 ABI (bit 30 set; that includes -1) gets ``Filter.x32``; a number beyond ``Filter.newest`` gets
``Filter.unborn``; otherwise the first rule of that number whose conditions all hold decides; a number
without such a rule gets ``Filter.default``.

Constants: linux/seccomp.h (3.5; ERRNO and TRAP 3.5, LOG and KILL_PROCESS 4.14, USER_NOTIF 5.0),
linux/audit.h.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import Final

from berm.errors import PolicyError

# linux/audit.h: EM_* | __AUDIT_ARCH_64BIT | __AUDIT_ARCH_LE
AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3}
AUDIT_ARCH_X86_64: Final = AUDIT_ARCH["x86_64"]
X32_SYSCALL_BIT: Final = 0x40000000  # asm/unistd.h, __X32_SYSCALL_BIT
MAX_ERRNO: Final = 4095  # linux/err.h; the kernel clamps larger ones

SELF_PID: Final = 0x7FF05E1F
"""The value in a rule that stands for "the process id of the program itself".

The host does not know it when it assembles; the launcher replaces the ``k`` of every ``BPF_JEQ``
that carries this number by ``getpid()`` just before it installs the filter. A filter that was not
patched matches no process (ids end at 2**22, linux/threads.h PID_MAX_LIMIT), so it fails closed.
No other comparison may use this number.
"""

_WORD: Final = 0xFFFFFFFF


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """What the kernel does with a call: one ``SECCOMP_RET_*`` word."""

    word: int

    @classmethod
    def errno(cls, number: int) -> Action:
        """Refuse the call with this error number."""
        if not 0 < number <= MAX_ERRNO:
            raise PolicyError(f"{number} is not an error number (1 to {MAX_ERRNO}).")
        return cls(0x00050000 | number)

    @classmethod
    def zero(cls) -> Action:
        """Do not execute the call, and answer 0."""
        return cls(0x00050000)

    @property
    def errno_number(self) -> int | None:
        """The error number of an ``errno`` action (0 for ``zero``), None for every other one."""
        return self.word & 0xFFFF if self.word & 0xFFFF0000 == 0x00050000 else None

    @property
    def allows(self) -> bool:
        """True if the call is executed (ALLOW, LOG)."""
        return self in (ALLOW, LOG)

    def __str__(self) -> str:
        number = self.errno_number
        return f"errno({number})" if number is not None else _NAMES.get(self.word, hex(self.word))


ALLOW: Final = Action(0x7FFF0000)
LOG: Final = Action(0x7FFC0000)
USER_NOTIF: Final = Action(0x7FC00000)
TRAP: Final = Action(0x00030000)
KILL_PROCESS: Final = Action(0x80000000)
_NAMES: Final = {
    0x7FFF0000: "allow",
    0x7FFC0000: "log",
    0x7FC00000: "notify",
    0x00030000: "trap",
    0x80000000: "kill",
}
_EPERM: Final = Action.errno(1)
_ENOSYS: Final = Action.errno(38)


class Op(enum.StrEnum):
    """How an argument is compared. Values are unsigned."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    MASKED_EQ = "masked_eq"


@dataclasses.dataclass(frozen=True, slots=True)
class Compare:
    """One condition on one argument.

    Attributes:
        arg: argument number, 0 to 5.
        op: the comparison; for ``MASKED_EQ`` it is ``argument & mask == value``.
        value: unsigned, at most ``width`` bits.
        mask: for ``MASKED_EQ`` only; ``value`` may not have bits outside of it (such a condition
            could never hold, which is a mistake in the policy).
        width: 64, or 32 to look at the low word alone. It must be 32 where the kernel's parameter is an
            ``int`` or ``unsigned int``: the kernel ignores the upper half, and a 64-bit comparison for
            refusal would be evaded by setting it (CVE-2019-10063).
    """

    arg: int
    op: Op
    value: int
    mask: int | None = None
    width: int = 64

    def __post_init__(self) -> None:
        if not 0 <= self.arg <= 5:
            raise PolicyError(f"A syscall has arguments 0 to 5, not {self.arg}.")
        if self.width not in (32, 64):
            raise PolicyError(f"A comparison is 32 or 64 bits wide, not {self.width}.")
        limit = 1 << self.width
        if not 0 <= self.value < limit:
            raise PolicyError(f"{self.value:#x} does not fit {self.width} unsigned bits.")
        if (self.op is Op.MASKED_EQ) != (self.mask is not None):
            raise PolicyError("A mask belongs to masked_eq, and to nothing else.")
        if self.mask is not None:
            if not 0 <= self.mask < limit:
                raise PolicyError(f"{self.mask:#x} does not fit {self.width} unsigned bits.")
            if self.value & ~self.mask:
                raise PolicyError(f"{self.value:#x} has bits outside of the mask {self.mask:#x}.")
        stands_for_pid = SELF_PID in (self.value, self.value >> 32, self.value & _WORD)
        if stands_for_pid and (self.op is not Op.EQ or self.width != 32 or self.value != SELF_PID):
            raise PolicyError("SELF_PID can only be compared with eq at 32 bits.")

    def holds(self, args: Sequence[int]) -> bool:
        """Say whether the condition holds for these six unsigned 64-bit arguments."""
        given = args[self.arg] & ((1 << self.width) - 1)
        match self.op:
            case Op.EQ:
                return given == self.value
            case Op.NE:
                return given != self.value
            case Op.LT:
                return given < self.value
            case Op.LE:
                return given <= self.value
            case Op.GT:
                return given > self.value
            case Op.GE:
                return given >= self.value
            case Op.MASKED_EQ:
                return given & (self.mask or 0) == self.value


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """What happens to a syscall when all conditions hold (none: always)."""

    nr: int
    action: Action
    conditions: tuple[Compare, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """A whole filter.

    Attributes:
        default: for numbers without a rule that matches.
        rules: for one number, the first match decides.
        arch: the only AUDIT_ARCH whose calls are looked at.
        foreign_arch: for calls of any other architecture (``int 0x80`` in a 64-bit process); their
            numbers mean other things, so nothing else is safe.
        x32: for numbers with the x32 bit. ENOSYS is what a kernel without that ABI says.
        newest: the highest number that the policy knows; beyond it calls get ``unborn``, ENOSYS, which
            tells C libraries to fall back to an older call. None: they get ``default``.
    """

    default: Action
    rules: tuple[Rule, ...]
    arch: int = AUDIT_ARCH_X86_64
    foreign_arch: Action = KILL_PROCESS
    x32: Action = _ENOSYS
    newest: int | None = None
    unborn: Action = _ENOSYS

    def __post_init__(self) -> None:
        end = X32_SYSCALL_BIT if self.newest is None else self.newest + 1
        for rule in self.rules:
            if not 0 <= rule.nr < end:
                raise PolicyError(f"{rule.nr} is not a syscall number of this ABI.")

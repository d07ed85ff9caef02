"""A small assembler of seccomp filters: rules in, classic BPF bytes out. Pure.

Berm has its own because a filter that fails open is worse than none, and libseccomp 2.5.4 was
measured to miscompile filters with several argument rules for one syscall (20 of 40 failed
open; cf. GHSA-4q85-33p6-j5g6). What this file emits is tested against
:mod:`berm.kernel.bpf_simulator` and against the running kernel with random filters
(``tests/integration/test_bpf_kernel.py``). The meaning of rules stands in :mod:`berm.kernel.bpf_rules`.

How the code is made: every filter is a decision graph whose nodes are hash-consed, so equal tails
exist once. The syscall number is found by binary search over ranges of numbers that behave alike.
The graph is laid out from the end to the start, which makes every jump a forward one; a target
further away than eight bits reach gets a ``BPF_JA`` (32-bit offset) in between. Before an unconditional
verdict only ``LD nr``, ``LD arch``, ``JEQ``, ``JGE`` and ``RET`` are executed, which is what the
kernel (5.11 and later, ``seccomp_is_const_allow``) can turn into its bitmap of always-allowed calls.

Constants: linux/filter.h, linux/bpf_common.h, linux/seccomp.h.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from berm.errors import PolicyError
from berm.kernel.bpf_rules import (
    ALLOW,
    AUDIT_ARCH,
    AUDIT_ARCH_X86_64,
    KILL_PROCESS,
    LOG,
    SELF_PID,
    TRAP,
    USER_NOTIF,
    X32_SYSCALL_BIT,
    Action,
    Compare,
    Filter,
    Op,
    Rule,
)

__all__ = [
    "ALLOW",
    "AUDIT_ARCH",
    "AUDIT_ARCH_X86_64",
    "INSTRUCTION_SIZE",
    "KILL_PROCESS",
    "LOG",
    "MAX_INSTRUCTIONS",
    "SELF_PID",
    "TRAP",
    "USER_NOTIF",
    "X32_SYSCALL_BIT",
    "Action",
    "Compare",
    "Filter",
    "Op",
    "Rule",
    "assemble",
    "instruction_count",
    "with_pid",
]

MAX_INSTRUCTIONS: Final = 4096  # linux/bpf_common.h, BPF_MAXINSNS

# struct seccomp_data (linux/seccomp.h): int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]
_OFFSET_NR: Final = 0
_OFFSET_ARCH: Final = 4
_OFFSET_ARGS: Final = 16

# linux/bpf_common.h
_LD_W_ABS: Final = 0x20
_AND_K: Final = 0x54
_JA: Final = 0x05
_JEQ_K: Final = 0x15
_JGT_K: Final = 0x25
_JGE_K: Final = 0x35
_RET_K: Final = 0x06

_WORD: Final = 0xFFFFFFFF
_INSTRUCTION: Final = struct.Struct("<HBBI")  # struct sock_filter: code, jt, jf, k
INSTRUCTION_SIZE: Final = _INSTRUCTION.size


@dataclasses.dataclass(frozen=True, slots=True)
class _Return:
    word: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """LD or AND: the accumulator changes, the next instruction follows."""

    code: int
    k: int
    then: _Node

    @property
    def loads(self) -> bool:
        return self.code == _LD_W_ABS


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Branch:
    code: int
    k: int
    yes: _Node
    no: _Node


_Node: TypeAlias = _Return | _Step | _Branch


class _Graph:
    """Makes nodes, each distinct one once. A node is a function of the accumulator alone, so
    sharing equal ones is always right.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], _Node] = {}

    def answer(self, action: Action) -> _Node:
        return self._made.setdefault(("ret", action.word), _Return(action.word))

    def step(self, code: int, k: int, then: _Node) -> _Node:
        if isinstance(then, _Return) or (isinstance(then, _Step) and then.loads):
            return then  # nobody looks at the accumulator any more
        if code == _LD_W_ABS and isinstance(then, _Branch):
            # Behind the branch the same word need not be loaded again.
            yes, no = (
                one.then if isinstance(one, _Step) and one.loads and one.k == k else one
                for one in (then.yes, then.no)
            )
            then = self.branch(then.code, then.k, yes, no)
            if not isinstance(then, _Branch):
                return self.step(code, k, then)
        return self._made.setdefault((code, k, id(then)), _Step(code, k, then))

    def branch(self, code: int, k: int, yes: _Node, no: _Node) -> _Node:
        if yes is no:
            return yes
        return self._made.setdefault((code, k, id(yes), id(no)), _Branch(code, k, yes, no))

    def load_word(self, arg: int, *, high: bool, then: _Node) -> _Node:
        # struct seccomp_data is in the byte order of the machine; all arches here are little-endian.
        return self.step(_LD_W_ABS, _OFFSET_ARGS + 8 * arg + (4 if high else 0), then)

    def compare(self, condition: Compare, yes: _Node, no: _Node) -> _Node:
        """Return the node that goes to ``yes`` if the condition holds, else to ``no``."""
        low, high = condition.value & _WORD, condition.value >> 32
        wide = condition.width == 64
        arg = condition.arg
        match condition.op:
            case Op.NE:
                equal = dataclasses.replace(condition, op=Op.EQ)
                return self.compare(equal, no, yes)
            case Op.LT:
                return self.compare(dataclasses.replace(condition, op=Op.GE), no, yes)
            case Op.LE:
                return self.compare(dataclasses.replace(condition, op=Op.GT), no, yes)
            case Op.EQ:
                return self._equal(
                    arg, low, high if wide else 0, _WORD, _WORD if wide else 0, yes, no
                )
            case Op.MASKED_EQ:
                mask = condition.mask or 0
                return self._equal(arg, low, high, mask & _WORD, mask >> 32, yes, no)
            case Op.GT | Op.GE:
                code = _JGT_K if condition.op is Op.GT else _JGE_K
                node = self.load_word(arg, high=False, then=self.branch(code, low, yes, no))
                if not wide:
                    return node
                equal_high = self.branch(_JEQ_K, high, node, no)
                return self.load_word(
                    arg, high=True, then=self.branch(_JGT_K, high, yes, equal_high)
                )

    def _equal(
        self, arg: int, low: int, high: int, low_mask: int, high_mask: int, yes: _Node, no: _Node
    ) -> _Node:
        node = yes
        for is_high, value, mask in ((False, low, low_mask), (True, high, high_mask)):
            if not mask:
                continue
            node = self.branch(_JEQ_K, value, node, no)
            if mask != _WORD:
                node = self.step(_AND_K, mask, node)
            node = self.load_word(arg, high=is_high, then=node)
        return node

    def rules(self, rules: Iterable[Rule], default: _Node) -> _Node:
        node = default
        for rule in reversed(list(rules)):
            no, node = node, self.answer(rule.action)
            for condition in reversed(rule.conditions):
                node = self.compare(condition, node, no)
        return node

    def search(self, starts: Sequence[int], nodes: Sequence[_Node]) -> _Node:
        """Binary search: ``nodes[i]`` for numbers from ``starts[i]`` up to the next start."""
        if len(nodes) == 1:
            return nodes[0]
        middle = len(nodes) // 2
        return self.branch(
            _JGE_K,
            starts[middle],
            self.search(starts[middle:], nodes[middle:]),
            self.search(starts[:middle], nodes[:middle]),
        )


class _Layout:
    """Writes a graph down from its end, so that all targets are known when a jump is written."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, int]] = []  # last instruction of the program first
        self._place: dict[_Node, int] = {}

    def _emit(self, code: int, jt: int, jf: int, k: int) -> int:
        if len(self._code) >= MAX_INSTRUCTIONS:
            raise PolicyError(
                f"The filter needs more than {MAX_INSTRUCTIONS} instructions.",
                remedy="Use fewer rules with argument comparisons.",
            )
        self._code.append((code, jt, jf, k))
        return len(self._code) - 1

    def _near(self, node: _Node, reach: int) -> int:
        """Return a place of ``node`` at most ``reach`` instructions after the next one to be written."""
        place = self._place[node]
        if len(self._code) - 1 - place <= reach:
            return place
        if isinstance(node, _Return):
            place = self._emit(_RET_K, 0, 0, node.word)
        else:
            place = self._emit(_JA, 0, 0, len(self._code) - 1 - place)
        self._place[node] = place  # nearer for whoever comes next
        return place

    def write(self, root: _Node) -> bytes:
        stack: list[tuple[_Node, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in self._place:
                continue
            if ready:
                self._write_one(node)
                continue
            stack.append((node, True))
            if isinstance(node, _Branch):
                stack += [(node.yes, False), (node.no, False)]
            elif isinstance(node, _Step):
                stack.append((node.then, False))
        if self._place[root] != len(self._code) - 1:
            self._near(root, 0)
        return b"".join(_INSTRUCTION.pack(*one) for one in reversed(self._code))

    def _write_one(self, node: _Node) -> None:
        if isinstance(node, _Return):
            self._place[node] = self._emit(_RET_K, 0, 0, node.word)
        elif isinstance(node, _Step):
            self._near(node.then, 0)
            self._place[node] = self._emit(node.code, 0, 0, node.k)
        else:
            self._near(node.yes, 255)
            no = self._near(node.no, 255)
            # An instruction written for `no` may have put `yes` out of reach. A second one for `yes`
            # then leaves `no` in reach, because `no` has just been written.
            yes = self._near(node.yes, 255)
            here = len(self._code)
            self._place[node] = self._emit(node.code, here - 1 - yes, here - 1 - no, node.k)


def assemble(wanted: Filter) -> bytes:
    """Return the filter as an array of ``struct sock_filter``, ready for ``seccomp(2)``.

    Raises:
        PolicyError: the filter does not fit the kernel's 4096 instructions.
    """
    graph = _Graph()
    default = graph.answer(wanted.default)
    by_number: dict[int, list[Rule]] = {}
    for rule in wanted.rules:
        by_number.setdefault(rule.nr, []).append(rule)
    starts: list[int] = [0]
    nodes: list[_Node] = [default]

    def put(start: int, node: _Node) -> None:
        if starts[-1] == start:
            nodes[-1] = node
        else:
            starts.append(start)
            nodes.append(node)
        if len(nodes) > 1 and nodes[-1] is nodes[-2]:
            starts.pop()
            nodes.pop()

    for nr in sorted(by_number):
        put(nr, graph.rules(by_number[nr], default))
        put(nr + 1, default)
    if wanted.newest is not None:
        put(wanted.newest + 1, graph.answer(wanted.unborn))
    put(X32_SYSCALL_BIT, graph.answer(wanted.x32))
    body = graph.step(_LD_W_ABS, _OFFSET_NR, graph.search(starts, nodes))
    checked = graph.branch(_JEQ_K, wanted.arch, body, graph.answer(wanted.foreign_arch))
    return _Layout().write(graph.step(_LD_W_ABS, _OFFSET_ARCH, checked))


def instruction_count(program: bytes) -> int:
    """Return the number of instructions of an assembled filter."""
    return len(program) // INSTRUCTION_SIZE


def with_pid(program: bytes, pid: int) -> bytes:
    """Return the filter with every :data:`SELF_PID` replaced by this process id.

    The launcher does the same with its own few lines; this one serves tests and the host.
    """
    out = bytearray(program)
    for offset in range(0, len(out), INSTRUCTION_SIZE):
        code, jt, jf, k = _INSTRUCTION.unpack_from(out, offset)
        if code == _JEQ_K and k == SELF_PID:
            _INSTRUCTION.pack_into(out, offset, code, jt, jf, pid)
    return bytes(out)

"""The assembler against the rules, against the simulator, and against the running kernel, on random filters.

``python tests/integration/test_bpf_kernel.py [FILTERS [SEED]]`` runs the same comparison with another size or seed
and prints the figures.
"""

from __future__ import annotations

import errno
import math
import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from berm.kernel.bpf import (
    ALLOW,
    AUDIT_ARCH_X86_64,
    KILL_PROCESS,
    USER_NOTIF,
    X32_SYSCALL_BIT,
    Action,
    Compare,
    Filter,
    Op,
    Rule,
    assemble,
)
from berm.kernel.bpf_simulator import check, decide, run
from berm.kernel.features import probe
from berm.kernel.syscalls import number_of

pytestmark = pytest.mark.requires_isolation("seccomp_filter")

FILTERS = 10_000
CALLS = 16
HARNESS = Path(__file__).with_name("bpf_harness.py")
SIGSYS = 31
CORE = 0x80

# What the harness's child itself does between the filter and its end.
OWN = tuple(
    Rule(number_of(name), ALLOW)
    for name in ("brk", "mmap", "munmap", "mprotect", "futex", "exit_group", "rt_sigreturn")
)
# Numbers that no kernel has: an allowed one answers ENOSYS and does nothing.
FREE = (*range(600, 640), *range(5000, 5010), 0xFFFFF, X32_SYSCALL_BIT - 1)
EDGES = (0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x1FFFFFFFF, 1 << 63, (1 << 64) - 1)  # fmt: skip


def random_value(chance: random.Random, width: int = 64) -> int:
    pick = chance.random()
    if pick < 0.6:
        value = chance.choice(EDGES)
    elif pick < 0.8:
        value = chance.choice(EDGES) + chance.choice((-1, 1))
    else:
        value = chance.getrandbits(64)
    return value & ((1 << width) - 1)


def random_condition(chance: random.Random) -> Compare:
    width, op = chance.choice((32, 64)), chance.choice(tuple(Op))
    value = random_value(chance, width)
    if op is Op.MASKED_EQ:
        mask = random_value(chance, width)
        return Compare(chance.randrange(6), op, value & mask, mask, width)
    return Compare(chance.choice((0, 0, 1, 5)), op, value, width=width)


def random_action(chance: random.Random, *, notify: bool) -> Action:
    pick = chance.random()
    if pick < 0.3:
        return ALLOW
    if pick < 0.34:
        return KILL_PROCESS
    if pick < 0.38 and notify:
        return USER_NOTIF
    return Action.errno(chance.choice((*range(1, 38), *range(39, 200), 4095)))


def random_filter(chance: random.Random, *, notify: bool) -> Filter:
    numbers = chance.sample(FREE, chance.choice((1, 3, 12, 40)))
    rules = [
        Rule(
            chance.choice(numbers),
            random_action(chance, notify=notify),
            tuple(random_condition(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 3)))),
        )
        for _ in range(chance.choice((0, 2, 8, 8, 8, 30, 30, 120)))
    ]
    newest = chance.choice((None, None, 0xFFFFF + 7, X32_SYSCALL_BIT - 1))
    known = [rule for rule in rules if newest is None or rule.nr <= newest]
    return Filter(
        random_action(chance, notify=notify),
        (*OWN, *known),
        x32=random_action(chance, notify=notify),
        newest=newest,
    )


def random_call(chance: random.Random, wanted: Filter) -> tuple[int, list[int]]:
    """A call that looks like what the filter speaks about: its numbers, values next to its values."""
    own = {rule.nr for rule in OWN}
    rules = [rule for rule in wanted.rules if rule.nr not in own]
    args = [random_value(chance) for _ in range(6)]
    pick = chance.random()
    if pick < 0.1 or not rules:
        return chance.choice((*FREE, X32_SYSCALL_BIT | 39, 0xFFFFFFFF)), args
    rule = chance.choice(rules)
    for condition in rule.conditions:
        if chance.random() < 0.8:
            value = condition.value
            if condition.op is Op.MASKED_EQ:
                value |= random_value(chance) & ~(condition.mask or 0)
            value += chance.choice((0, 0, 0, -1, 1))
            if condition.width == 32:
                value = (value & 0xFFFFFFFF) | (random_value(chance) & ~0xFFFFFFFF)
            args[condition.arg] = value & 0xFFFFFFFFFFFFFFFF
    return rule.nr, args


def expected_errno(action: Action) -> int:
    """What the caller sees; None of the numbers exists, so an allowed call answers ENOSYS."""
    if action.errno_number is not None:
        return action.errno_number
    if action in (ALLOW, USER_NOTIF):  # without a listener the kernel answers ENOSYS
        return errno.ENOSYS
    raise AssertionError(action)


class Comparison:
    """Random filters, and for each the calls whose answers were compared.

    Where user notification does not exist (gVisor), its action ends the process; there it is left out.
    """

    def __init__(self, filters: int, seed: int, seconds: float = math.inf) -> None:
        self.wanted, self.filters, self.calls, self.deaths, self.longest = filters, 0, 0, 0, 0
        self._deadline = time.monotonic() + seconds
        self._notify = probe().seccomp_notify
        self._chance = random.Random(seed)
        self.disagreements: list[str] = []
        self._harness = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HARNESS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self) -> None:
        batch = 50  # small enough for the pipes, large enough to keep both sides busy
        with self._harness:
            assert self._harness.stdin is not None
            while self.filters < self.wanted and time.monotonic() < self._deadline:
                self.filters += batch
                jobs = [self._job() for _ in range(batch)]
                for program, calls, _ in jobs:
                    self._harness.stdin.write(struct.pack("<I", len(program)) + program)
                    self._harness.stdin.write(struct.pack("<I", len(calls)))
                    for nr, args in calls:
                        signed = nr - (1 << 32) if nr >= 1 << 31 else nr
                        self._harness.stdin.write(struct.pack("<q6Q", signed, *args))
                self._harness.stdin.flush()
                for job in jobs:
                    self._compare(*job)
            self._harness.stdin.close()
        assert self._harness.returncode == 0

    def _job(self) -> tuple[bytes, list[tuple[int, list[int]]], list[Action]]:
        wanted = random_filter(self._chance, notify=self._notify)
        program = assemble(wanted)
        code = check(program)
        self.longest = max(self.longest, len(code))
        calls: list[tuple[int, list[int]]] = []
        verdicts: list[Action] = []
        killing: tuple[int, list[int]] | None = None
        for _ in range(CALLS):
            nr, args = random_call(self._chance, wanted)
            action = decide(wanted, nr, args)
            simulated = run(code, nr, AUDIT_ARCH_X86_64, args)
            if simulated != action.word:
                self.disagreements.append(f"simulator {simulated:#x} {action} {nr} {args} {wanted}")
            if action == KILL_PROCESS:
                killing = nr, args
            else:
                calls.append((nr, args))
                verdicts.append(action)
        if killing is not None:  # the child's last call
            calls.append(killing)
            verdicts.append(KILL_PROCESS)
        return program, calls, verdicts

    def _compare(
        self, program: bytes, calls: list[tuple[int, list[int]]], verdicts: list[Action]
    ) -> None:
        assert self._harness.stdout is not None
        answer = self._harness.stdout.read(4 + 4 * len(calls))
        status, *seen = struct.unpack(f"<i{len(calls)}i", answer)
        self.calls += len(calls)
        killed = bool(verdicts) and verdicts[-1] == KILL_PROCESS
        self.deaths += killed
        if (status & ~CORE) != (SIGSYS if killed else 0):
            self.disagreements.append(f"status {status:#x} {calls} {verdicts}")
        wanted = [-1 if one == KILL_PROCESS else expected_errno(one) for one in verdicts]
        for call, answered, action, expected in zip(calls, seen, verdicts, wanted, strict=True):
            if answered != expected:
                self.disagreements.append(f"kernel {answered} {action} {call} {program.hex()}")


@pytest.mark.timeout(600)
def test_ten_thousand_random_filters_mean_the_same_to_rules_simulator_and_kernel():
    seed = int(os.environ.get("BERM_BPF_SEED", "20261123"))
    gvisor = not probe().seccomp_notify  # each of its calls costs a thousand times more: a sample
    comparison = Comparison(FILTERS, seed, seconds=60 if gvisor else math.inf)
    comparison.run()
    assert comparison.disagreements == []
    assert comparison.filters >= (100 if gvisor else FILTERS)
    assert comparison.calls > comparison.filters * CALLS * 0.8
    assert comparison.deaths > comparison.filters * 0.05
    assert comparison.longest > 500  # far jumps were in it


def test_the_kernel_takes_the_longest_filter():
    rules = [
        Rule(600 + nr, Action.errno(1 + nr % 37), (Compare(0, Op.GT, (nr << 33) + case),))
        for nr in range(190)
        for case in range(4)
    ]
    wanted = Filter(ALLOW, tuple(rules))
    program = assemble(wanted)
    assert 3000 < len(check(program)) <= 4096
    calls = [(600 + nr, [(nr << 33) + 3, 0, 0, 0, 0, 0]) for nr in range(0, 190, 7)]
    answers = ask_kernel(program, calls)
    assert answers == [1 + (nr - 600) % 37 for nr, _ in calls]


def ask_kernel(program: bytes, calls: list[tuple[int, list[int]]]) -> list[int]:
    """Return the errno of each call under a filter."""
    job = struct.pack("<I", len(program)) + program + struct.pack("<I", len(calls))
    job += b"".join(struct.pack("<q6Q", nr, *args) for nr, args in calls)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(HARNESS)], input=job, capture_output=True, check=True
    )
    status, *seen = struct.unpack(f"<i{len(calls)}i", done.stdout)
    assert status == 0
    return seen


INT_80 = """
import ctypes, mmap, os, struct, sys
program = bytes.fromhex(sys.argv[1])
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex("b814000000" "cd80" "c3"))  # mov eax, 20 (getpid of i386); int 0x80; ret
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
if sys.argv[2] == "bare":
    sys.exit(0 if call() == os.getpid() else 3)
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
buffer = ctypes.create_string_buffer(program, len(program))
assert libc.syscall(317, 1, 0, struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))) == 0
call()
os._exit(4)
"""


def test_a_32_bit_call_ends_the_process():
    def start(mode: str) -> int:
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", INT_80, assemble(Filter(ALLOW, ())).hex(), mode],
            capture_output=True,
        ).returncode

    if start("bare") != 0:
        pytest.skip("this kernel has no 32-bit calls")
    assert start("filtered") == -SIGSYS


def main() -> None:
    filters = int(sys.argv[1]) if len(sys.argv) > 1 else FILTERS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    start = time.monotonic()
    comparison = Comparison(filters, seed)
    comparison.run()
    print(
        f"{comparison.filters} random filters (seed {seed}, longest {comparison.longest} instructions),"
        f" {comparison.calls} calls, {comparison.deaths} deaths:"
        f" {len(comparison.disagreements)} disagreements, {time.monotonic() - start:.1f} s"
    )
    for one in comparison.disagreements[:10]:
        print(one)
    sys.exit(bool(comparison.disagreements))


if __name__ == "__main__":
    main()

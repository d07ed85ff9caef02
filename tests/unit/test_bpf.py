"""The assembler and its simulator without a kernel."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.errors import PolicyError
from berm.kernel.bpf import (
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
    assemble,
    instruction_count,
    with_pid,
)
from berm.kernel.bpf_simulator import BadProgramError, check, decide, run, simulate

EPERM, EACCES, ENOSYS = Action.errno(1), Action.errno(13), Action.errno(38)
I386 = 0x40000003
ZEROS = [0] * 6


def verdict(
    wanted: Filter, nr: int, *args: int, arch: int = AUDIT_ARCH_X86_64, ip: int = 0
) -> Action:
    """What the assembled filter does, after comparison with what its rules say."""
    padded = [*args, *ZEROS][:6]
    answer = simulate(assemble(wanted), nr, arch, padded, ip)
    assert answer == decide(wanted, nr, padded, arch).word
    return Action(answer)


def test_unknown_numbers_get_the_default():
    wanted = Filter(EPERM, (Rule(39, ALLOW),))
    assert verdict(wanted, 39) == ALLOW
    for nr in (0, 38, 40, 500, X32_SYSCALL_BIT - 1):
        assert verdict(wanted, nr) == EPERM


def test_numbers_beyond_the_newest_are_unborn():
    wanted = Filter(EPERM, (Rule(39, ALLOW),), newest=41)
    assert verdict(wanted, 41) == EPERM
    assert verdict(wanted, 42) == ENOSYS
    assert verdict(wanted, X32_SYSCALL_BIT - 1) == ENOSYS
    with pytest.raises(PolicyError):
        Filter(EPERM, (Rule(42, ALLOW),), newest=41)


@pytest.mark.parametrize("nr", [X32_SYSCALL_BIT, X32_SYSCALL_BIT | 39, 0xFFFFFFFF, -1, 1 << 31])
def test_x32_numbers_are_refused_even_where_the_default_allows(nr: int):
    assert verdict(Filter(ALLOW, (Rule(39, ALLOW),)), nr) == ENOSYS
    assert verdict(Filter(ALLOW, (), x32=KILL_PROCESS), nr) == KILL_PROCESS


@pytest.mark.parametrize("arch", [I386, 0, 0xFFFFFFFF, AUDIT_ARCH["aarch64"]])
def test_a_foreign_architecture_is_refused_whatever_the_number(arch: int):
    assert verdict(Filter(ALLOW, (Rule(39, ALLOW),)), 39, arch=arch) == KILL_PROCESS
    assert verdict(Filter(ALLOW, (), foreign_arch=EACCES), 20, arch=arch) == EACCES


def test_another_architecture_can_be_the_own_one():
    wanted = Filter(EPERM, (Rule(172, ALLOW),), arch=AUDIT_ARCH["aarch64"])
    assert verdict(wanted, 172, arch=AUDIT_ARCH["aarch64"]) == ALLOW
    assert verdict(wanted, 172) == KILL_PROCESS


COMPARISONS = [
    (Op.EQ, 5, None, 64, [5], [4, 6, 5 | 1 << 32, 0]),
    (Op.EQ, 1 << 40, None, 64, [1 << 40], [0, 1 << 41, (1 << 40) + 1]),
    (Op.EQ, 5, None, 32, [5, 5 | 1 << 32, 5 | 1 << 63], [4, 6]),
    (Op.NE, 5, None, 64, [4, 5 | 1 << 32], [5]),
    (Op.NE, 5, None, 32, [4], [5, 5 | 1 << 32]),
    (Op.GT, 1 << 32, None, 64, [(1 << 32) + 1, 1 << 33, (1 << 64) - 1], [1 << 32, 0xFFFFFFFF, 0]),
    (Op.GE, 1 << 32, None, 64, [1 << 32, 1 << 33], [0xFFFFFFFF, 0]),
    (Op.LT, 1 << 32, None, 64, [0xFFFFFFFF, 0], [1 << 32, 1 << 33]),
    (Op.LE, 1 << 32, None, 64, [1 << 32, 0], [(1 << 32) + 1]),
    (Op.LT, 3, None, 32, [2, 1 << 32], [3, 0xFFFFFFFF]),
    (Op.GT, 0x7FFFFFFF, None, 32, [0x80000000, 0xFFFFFFFF], [0x7FFFFFFF, 1 << 40]),
    (Op.GE, 0, None, 64, [0, (1 << 64) - 1], []),
    (Op.LT, 0, None, 64, [], [0, (1 << 64) - 1]),
    (Op.MASKED_EQ, 0x10000, 0x7E030000, 64, [0x10F00, 0x10000 | 1 << 40], [0, 0x30000, 0x40010000]),
    (Op.MASKED_EQ, 0, 1 << 40, 64, [0, 0xFFFFFFFF, 1 << 41], [1 << 40]),
    (Op.MASKED_EQ, 1, 0xF, 32, [1, 0x80801, 1 << 32 | 1], [2, 3]),
    (Op.MASKED_EQ, 0, 0, 64, [0, 77], []),
]


@pytest.mark.parametrize(("op", "value", "mask", "width", "holds", "fails"), COMPARISONS)
@pytest.mark.parametrize("arg", [0, 3, 5])
def test_comparisons(op, value, mask, width, holds, fails, arg):
    wanted = Filter(EPERM, (Rule(7, ALLOW, (Compare(arg, op, value, mask, width),)),))
    for given_value, action in [*((one, ALLOW) for one in holds), *((one, EPERM) for one in fails)]:
        args = list(ZEROS)
        args[arg] = given_value
        assert verdict(wanted, 7, *args) == action, hex(given_value)


def test_all_conditions_of_a_rule_must_hold():
    wanted = Filter(
        EPERM,
        (Rule(7, ALLOW, (Compare(0, Op.GE, 10), Compare(0, Op.LE, 20), Compare(1, Op.EQ, 3))),),
    )
    assert verdict(wanted, 7, 10, 3) == verdict(wanted, 7, 20, 3) == ALLOW
    for args in ((9, 3), (21, 3), (15, 4)):
        assert verdict(wanted, 7, *args) == EPERM


def test_the_first_matching_rule_decides():
    one, two = Compare(0, Op.EQ, 1), Compare(0, Op.LE, 2)
    assert verdict(Filter(EPERM, (Rule(7, ALLOW, (one,)), Rule(7, EACCES, (two,)))), 7, 1) == ALLOW
    assert verdict(Filter(EPERM, (Rule(7, EACCES, (two,)), Rule(7, ALLOW, (one,)))), 7, 1) == EACCES
    either = Filter(EPERM, (Rule(7, ALLOW, (one,)), Rule(9, ALLOW), Rule(7, ALLOW, (two,))))
    assert [verdict(either, 7, value) for value in (0, 1, 2, 3)] == [ALLOW, ALLOW, ALLOW, EPERM]


@pytest.mark.parametrize("action", [ALLOW, LOG, TRAP, USER_NOTIF, KILL_PROCESS, Action.errno(4095)])
def test_every_action_comes_out(action: Action):
    assert verdict(Filter(EPERM, (Rule(7, action),)), 7) == action


def test_actions_have_names_and_errnos():
    assert [str(one) for one in (ALLOW, LOG, TRAP, USER_NOTIF, KILL_PROCESS, EPERM)] == [
        "allow", "log", "trap", "notify", "kill", "errno(1)",
    ]  # fmt: skip
    assert (EPERM.errno_number, ALLOW.errno_number, KILL_PROCESS.errno_number) == (1, None, None)
    assert [one.allows for one in (ALLOW, LOG, EPERM, USER_NOTIF)] == [True, True, False, False]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Compare(6, Op.EQ, 0),
        lambda: Compare(-1, Op.EQ, 0),
        lambda: Compare(0, Op.EQ, 1 << 64),
        lambda: Compare(0, Op.EQ, 1 << 32, width=32),
        lambda: Compare(0, Op.EQ, -1),
        lambda: Compare(0, Op.EQ, 0, width=16),
        lambda: Compare(0, Op.EQ, 0, mask=1),
        lambda: Compare(0, Op.MASKED_EQ, 0),
        lambda: Compare(0, Op.MASKED_EQ, 2, mask=1),
        lambda: Compare(0, Op.MASKED_EQ, 0, mask=1 << 32, width=32),
        lambda: Compare(0, Op.NE, SELF_PID, width=32),
        lambda: Compare(0, Op.EQ, SELF_PID, width=64),
        lambda: Compare(0, Op.EQ, SELF_PID << 32),
        lambda: Filter(EPERM, (Rule(X32_SYSCALL_BIT, ALLOW),)),
        lambda: Filter(EPERM, (Rule(-1, ALLOW),)),
        lambda: Action.errno(0),
        lambda: Action.errno(4096),
    ],
)
def test_mistakes_are_refused(make):
    with pytest.raises(PolicyError):
        make()


def test_a_filter_that_the_kernel_would_not_take_is_refused():
    rules = tuple(
        Rule(nr, Action.errno(1 + case), (Compare(0, Op.GT, (nr * 40 + case) << 30),))
        for nr in range(40)
        for case in range(40)
    )
    with pytest.raises(PolicyError, match="4096"):
        assemble(Filter(ALLOW, rules))


def test_jumps_of_every_length_arrive():
    # The bodies of two numbers grow one instruction at a time past what eight bits can reach, and
    # share their last verdicts, which are then near for one of them and far for the other.
    for first, second in itertools.product(range(100, 140), (1, 2, 126, 127, 128, 129, 130)):
        rules = [
            Rule(10, Action.errno(2 + value % 3), (Compare(0, Op.EQ, value, width=32),))
            for value in range(first)
        ]
        rules += [
            Rule(11, Action.errno(2 + value % 3), (Compare(1, Op.GT, 7 + value, width=32),))
            for value in range(second)
        ]
        wanted = Filter(ALLOW, tuple(rules))
        code = check(assemble(wanted))
        for nr, value in itertools.product((9, 10, 11, 12), (0, 1, first - 1, first, 6, 7, 8, 999)):
            args = [value] * 6
            assert run(code, nr, args=args) == decide(wanted, nr, args).word, (first, second)


def test_equal_verdicts_make_one_range():
    """Runs of numbers that behave alike cost one comparison, not one each."""
    allowed = Filter(EPERM, tuple(Rule(nr, ALLOW) for nr in range(100, 200)))
    # LD arch, JEQ, LD nr, three comparisons (100, 200, x32), four verdicts
    assert instruction_count(assemble(allowed)) == 10


def test_a_rule_without_effect_costs_nothing():
    empty = assemble(Filter(EPERM, ()))
    assert (
        assemble(Filter(EPERM, (Rule(7, EPERM), Rule(9, EPERM, (Compare(0, Op.EQ, 3),))))) == empty
    )


def test_a_list_of_values_loads_its_argument_once():
    rules = tuple(
        Rule(7, ALLOW, (Compare(1, Op.EQ, value, width=32),)) for value in range(2, 30, 2)
    )
    loads = [one for one in check(assemble(Filter(EPERM, rules))) if one[0] == 0x20]
    assert len(loads) == 3  # architecture, number, argument


def test_constant_verdicts_need_only_what_the_kernel_can_precompute():
    """seccomp_is_const_allow follows LD of nr and arch, JEQ, JGE, JGT, JA, AND and RET only."""
    rules = [Rule(nr, ALLOW) for nr in range(0, 400, 3)]
    rules += [Rule(nr, ALLOW, (Compare(0, Op.EQ, 1),)) for nr in range(1, 400, 3)]
    code = check(assemble(Filter(EPERM, tuple(rules))))
    for nr in range(0, 400, 3):
        place = 0
        while code[place][0] != 0x06:
            operation, jt, jf, k = code[place]
            assert operation in (0x20, 0x15, 0x35, 0x25, 0x05)
            assert operation != 0x20 or k in (0, 4)
            value = AUDIT_ARCH_X86_64 if place < 2 else nr
            place += 1
            if operation == 0x05:
                place += k
            elif operation != 0x20:
                place += jt if (value == k if operation == 0x15 else value >= k) else jf
        assert code[place][3] == ALLOW.word


def test_the_programs_own_id_is_written_in_later():
    wanted = Filter(EPERM, (Rule(62, ALLOW, (Compare(0, Op.EQ, SELF_PID, width=32),)),))
    program = assemble(wanted)
    assert simulate(program, 62, args=[4242, *ZEROS[1:]]) == EPERM.word  # unpatched: nobody's id
    own = with_pid(program, 4242)
    assert len(own) == len(program)
    assert simulate(own, 62, args=[4242, *ZEROS[1:]]) == ALLOW.word
    assert simulate(own, 62, args=[4243, *ZEROS[1:]]) == EPERM.word
    assert simulate(own, 62, args=[SELF_PID, *ZEROS[1:]]) == EPERM.word


# --- the simulator --------------------------------------------------------------------------------


def words(*instructions: tuple[int, int, int, int]) -> bytes:
    return b"".join(struct.pack("<HBBI", *one) for one in instructions)


RET = (0x06, 0, 0, 0x7FFF0000)


@pytest.mark.parametrize(
    "program",
    [
        b"",
        b"\x06\x00\x00",
        words(RET) * 4097,
        words((0x20, 0, 0, 0)),  # does not return
        words((0x20, 0, 0, 2), RET),  # unaligned
        words((0x20, 0, 0, 64), RET),  # beyond seccomp_data
        words((0x15, 1, 0, 0), RET),  # jumps behind the end
        words((0x15, 0, 1, 0), RET),
        words((0x05, 0, 0, 1), RET),
        words((0x30, 0, 0, 0), RET),  # LD of a byte: not in seccomp
        words((0x87, 0, 0, 0), RET),  # TXA: never emitted
    ],
)
def test_bad_programs_are_refused(program: bytes):
    with pytest.raises(BadProgramError):
        check(program)


def test_the_simulator_reads_every_field():
    def field(offset: int) -> int:
        code = [(0x20, 0, 0, offset), (0x15, 0, 1, 0xABCD1234), (0x06, 0, 0, 1), (0x06, 0, 0, 2)]
        value = 0xABCD1234
        wide = (
            value << 32 if offset % 8 == 4 else value,
            [0] * 6,
        )
        args = wide[1]
        if offset >= 16:
            args[(offset - 16) // 8] = wide[0]
        return simulate(
            words(*code),
            value if offset == 0 else 0,
            value if offset == 4 else 0,
            args,
            (value << 32 if offset == 12 else value) if offset in (8, 12) else 0,
        )

    assert [field(offset) for offset in range(0, 64, 4)] == [1] * 16


def test_the_simulator_ands_and_jumps():
    code = words(
        (0x20, 0, 0, 0), (0x54, 0, 0, 6), (0x45, 0, 2, 4), (0x05, 0, 0, 0), RET, (0x06, 0, 0, 9)
    )
    assert simulate(code, 4) == RET[3]
    assert simulate(code, 11) == 9


# --- any filter -----------------------------------------------------------------------------------

words64 = st.one_of(
    st.sampled_from([0, 1, 0xFFFFFFFF, 1 << 32, 1 << 63, (1 << 64) - 1]),
    st.integers(0, (1 << 64) - 1),
)


@st.composite
def conditions(draw: st.DrawFn) -> Compare:
    width, op = draw(st.sampled_from([32, 64])), draw(st.sampled_from(list(Op)))
    value = draw(words64) & ((1 << width) - 1)
    mask = draw(words64) & ((1 << width) - 1) if op is Op.MASKED_EQ else None
    return Compare(
        draw(st.integers(0, 5)), op, value if mask is None else value & mask, mask, width
    )


numbers = st.one_of(st.integers(0, 6), st.integers(0, X32_SYSCALL_BIT - 1))
filters = st.builds(
    Filter,
    st.sampled_from([ALLOW, EPERM, KILL_PROCESS]),
    st.lists(
        st.builds(
            Rule,
            numbers,
            st.sampled_from([ALLOW, EACCES, ENOSYS, USER_NOTIF]),
            st.lists(conditions(), max_size=3).map(tuple),
        ),
        max_size=12,
    ).map(tuple),
)


@given(
    filters,
    st.one_of(numbers, st.integers(X32_SYSCALL_BIT, 0xFFFFFFFF)),
    st.lists(words64, min_size=6, max_size=6),
    st.sampled_from([AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, I386]),
    words64,
)
def test_any_filter_does_what_its_rules_say(wanted, nr, args, arch, ip):
    assert simulate(assemble(wanted), nr, arch, args, ip) == decide(wanted, nr, args, arch).word

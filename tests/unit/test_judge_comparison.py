"""Comparison ignores white space at the end of lines and of the whole, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.errors import InputError
from berm.judge.comparison import Comparison, Rule, comparable, number


def same_output(actual: bytes, expected: bytes) -> bool:
    return Comparison().difference(actual, expected) is None


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (b"", b""),
        (b"", b"\n\n  \n"),
        (b"5", b"5\n"),
        (b"5\r\n6\r\n", b"5\n6"),
        (b"a  \nb\t\n\n\n", b"a\nb"),
        (b"a\n\nb", b"a \n\t\nb\n"),
        (b"\xff\xfe", b"\xff\xfe\n"),
        (b"a\0b", b"a\0b\n"),
    ],
)
def test_equal(actual, expected):
    assert same_output(actual, expected)
    assert same_output(expected, actual)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (b"5", b"6"),
        (b" 5", b"5"),
        (b"\n5", b"5"),
        (b"a\nb", b"a\n\nb"),
        (b"a b", b"a  b"),
        (b"a", b""),
        (b"\xff", "\ufffd".encode()),
        ("x\u00a0".encode(), b"x"),
        (b"a\0", b"a"),
    ],
)
def test_different(actual, expected):
    assert not same_output(actual, expected)
    assert not same_output(expected, actual)


@given(st.binary(), st.text(alphabet=" \t\r\n\v\f").map(str.encode))
def test_white_space_at_the_end_never_counts(output, space):
    assert same_output(output + space, output)


@given(st.lists(st.binary(max_size=5).filter(lambda line: b"\n" not in line)))
def test_white_space_at_the_end_of_a_line_never_counts(lines):
    assert same_output(b" \n".join(lines), b"\n".join(lines))


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_equal_means_equal_lines(left, right):
    strict = [line.rstrip() for line in left.split(b"\n")]
    other = [line.rstrip() for line in right.split(b"\n")]
    while strict and not strict[-1]:
        strict.pop()
    while other and not other[-1]:
        other.pop()
    assert same_output(left, right) == (strict == other)
    assert comparable(left) == strict


CASES = [
    # flags, judge's answer, output, accepted. By the specification of the default output validator.
    ("", b"Hello World\n", b"hello  WORLD", True),
    ("", b"Hello World\n", b"\n\t hello\r\nworld \v\f", True),
    ("", b"a b\n", b"a", False),
    ("", b"a\n", b"a b", False),
    ("", b"", b" \n ", True),
    ("", b"a", b"", False),
    ("", b"1.0\n", b"1.00\n", False),
    ("", b"\xc4\n", b"\xe4\n", False),  # A with dots: only ASCII letters have two cases
    ("case_sensitive", b"Hello\n", b"Hello\n", True),
    ("case_sensitive", b"Hello\n", b"hello\n", False),
    ("case_sensitive", b"Hello\n", b"  Hello", True),
    ("space_change_sensitive", b"a b\n", b"A b\n", True),
    ("space_change_sensitive", b"a b\n", b"a  b\n", False),
    ("space_change_sensitive", b"a b\n", b"a\tb\n", False),
    ("space_change_sensitive", b"a b\n", b"a b", False),
    ("space_change_sensitive", b"a b", b"a b\n", False),
    ("space_change_sensitive", b"a b\n", b" a b\n", False),
    ("space_change_sensitive", b" a\n", b"a\n", False),
    ("space_change_sensitive", b"a\n", b"a\r\n", False),
    ("case_sensitive space_change_sensitive", b"A b\n", b"A b\n", True),
    ("case_sensitive space_change_sensitive", b"A b\n", b"a b\n", False),
    ("float_tolerance 1e-6", b"0.0314\n", b"3.14000000e-2", True),
    ("float_tolerance 1e-6", b"1.0", b"1.000001", True),
    ("float_tolerance 1e-6", b"1.0", b"1.00001", False),
    ("float_tolerance 1e-6", b"1000000", b"1000000.9", True),  # relative
    ("float_tolerance 1e-6", b"0", b"0.0000009", True),  # absolute
    ("float_tolerance 1e-6", b"0", b"0.0000011", False),
    ("float_tolerance 1e-6", b"1.0", b"one", False),
    ("float_tolerance 1e-6", b"one 1.0", b"ONE 1", True),
    ("float_tolerance 1e-6", b"one", b"1.0", False),
    ("float_tolerance 1e-6", b"1.0", b"1.0x", False),
    ("float_tolerance 1e-6", b"1.0", b"nan", False),
    ("float_tolerance 1e-6", b"1.0", b"inf", False),
    ("float_tolerance 1e-6", b"1.0", b"1_0", False),
    ("float_tolerance 1e-6", b"inf", b"INF", True),  # no number, so a word
    ("float_tolerance 1e-6", b"nan", b"NaN", True),
    ("float_tolerance 1e-6", b"5", b"5.0000001", True),  # integers are numbers, too
    ("float_tolerance 1e-6", b"-0.0", b"0", True),
    ("float_tolerance 1e-6", b"0x10", b"16", True),
    ("float_tolerance 1e-6", b".5", b"5.e-1", True),
    ("float_tolerance 1e-6", b"1.0", b"1.0 2.0", False),
    ("float_tolerance 0", b"1.0", b"1", True),
    ("float_tolerance 0", b"1.0", b"1.0000000001", False),
    ("float_absolute_tolerance 1e-3", b"1000000", b"1000000.9", False),
    ("float_absolute_tolerance 1e-3", b"1000000", b"1000000.0005", True),
    ("float_absolute_tolerance 1e-3", b"0", b"-0.001", True),
    ("float_relative_tolerance 1e-3", b"0", b"0.0000001", False),
    ("float_relative_tolerance 1e-3", b"0", b"0.0", True),
    ("float_relative_tolerance 1e-3", b"1000", b"1001", True),
    ("float_relative_tolerance 1e-3", b"-1000", b"-1001.1", False),
    ("float_relative_tolerance 1e-3 float_absolute_tolerance 1e-2", b"0", b"0.01", True),
    ("float_relative_tolerance 1e-3 float_absolute_tolerance 1e-2", b"1000", b"1001", True),
    ("float_relative_tolerance 1e-3 float_absolute_tolerance 1e-2", b"1", b"1.02", False),
    ("float_tolerance 1e-3 space_change_sensitive", b"1.0\n", b"1.0001\n", True),
    ("float_tolerance 1e-3 space_change_sensitive", b"1.0\n", b"1.0001", False),
    ("float_tolerance 1e-3 case_sensitive", b"X 1.0\n", b"x 1.0", False),
    ("float_tolerance 1e-3 case_sensitive", b"X 1.0\n", b"X 1e0", True),
]


@pytest.mark.parametrize(("flags", "answer", "output", "accepted"), CASES)
def test_the_default_output_validator(flags, answer, output, accepted):
    difference = Comparison.icpc(flags.split()).difference(output, answer)
    assert (difference is None) == accepted


@pytest.mark.parametrize(
    "flags",
    [
        "unknown",
        "float_tolerance",
        "float_tolerance x",
        "float_tolerance -1",
        "float_tolerance inf",
        "float_tolerance 1e-6 float_tolerance 1e-6",
        "float_tolerance 1e-6 float_absolute_tolerance 1e-6",
        "float_relative_tolerance 1e-6 float_tolerance 1e-6",
        "case_sensitive case_sensitive",
    ],
)
def test_wrong_flags_are_refused(flags):
    with pytest.raises(InputError):
        Comparison.icpc(flags.split())


@pytest.mark.parametrize(
    ("comparison", "actual", "expected", "line", "column"),
    [
        (Comparison(), b"a\nbcd\n", b"a\nbxd\n", 2, 2),
        (Comparison(), b"a\n", b"a\nb\n", 2, 1),
        (Comparison(), b"a\nb\n", b"a\n", 2, 1),
        (Comparison(Rule.EXACT), b"a\nb", b"a\nb\n", 2, 2),
        (Comparison(Rule.TOKENS), b"a  b\n  c d", b"a b c x", 2, 5),
        (Comparison(Rule.TOKENS), b"a b", b"a b c", 1, 4),
        (Comparison(Rule.TOKENS), b"a b\n c", b"a b", 2, 2),
        (Comparison(Rule.UNORDERED), b"b\nx\n", b"a\nb\n", 2, 1),
        (Comparison.icpc(["float_tolerance", "1e-3"]), b"1.0 2.5", b"1 2", 1, 5),
        (Comparison.icpc(["space_change_sensitive"]), b"a\n\nb", b"a\nb", 1, 2),
    ],
)
def test_the_place_of_the_first_difference(comparison, actual, expected, line, column):
    found = comparison.difference(actual, expected)
    assert (found.line, found.column) == (line, column)


def test_lines_in_any_order():
    unordered = Comparison(Rule.UNORDERED)
    assert unordered.difference(b"b\na \n\n", b"a\nb\n") is None
    assert unordered.difference(b"b\nb\n", b"a\nb\n") is not None
    assert unordered.difference(b"b\n", b"a\nb\n").expected == "a"


def test_case():
    assert Comparison(ignore_case=True).difference(b"YES\n", b"Yes") is None
    assert Comparison(Rule.EXACT, ignore_case=True).difference(b"YES\n", b"Yes") is not None


def test_presentation_is_told_apart_only_where_asked_for():
    assert not Comparison().difference(b"a  b", b"a b").spacing
    asked = Comparison(presentation=True)
    assert asked.difference(b"a  b", b"a b").spacing
    assert asked.difference(b"a\nb", b"a b").spacing
    assert not asked.difference(b"ab", b"a b").spacing
    assert asked.difference(b"a b\n\n", b"a b") is None


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_comparisons_are_nested(left, right):
    """What a stricter comparison accepts, a looser one accepts too; every one accepts the same."""

    def same(comparison):
        return comparison.difference(left, right) is None

    assert Comparison(Rule.EXACT).difference(left, left) is None
    if same(Comparison(Rule.EXACT)):
        assert same(Comparison())
    if same(Comparison()):
        assert same(Comparison(Rule.TOKENS)) and same(Comparison(Rule.UNORDERED))
    if same(Comparison.icpc(["space_change_sensitive", "case_sensitive"])):
        assert same(Comparison.icpc(["case_sensitive"])) and same(Comparison.icpc())
        assert left == right


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers(value):
    assert number(repr(value).encode()) == value
    assert number(value.hex().encode()) == value


@pytest.mark.parametrize(
    "token", [b"", b"1e", b"0x", b"1e400", b"--1", b"1" * 2000, b"1,5", "\u0661".encode()]
)
def test_no_numbers(token):
    assert number(token) is None

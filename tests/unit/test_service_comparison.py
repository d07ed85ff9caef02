"""Comparison ignores white space at the end of lines and of the whole, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.service.comparison import comparable, same_output


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

"""Sizes and exit codes of the command line."""

from __future__ import annotations

import pytest

from berm import errors
from berm.cli.exits import Exit, of_error, of_result
from berm.cli.sizes import parse_size
from berm.errors import LimitError
from berm.model import GIB, KIB, MIB, Enforcement, Outcome, OutcomeKind, RunResult, Usage


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("65536", 65536), ("1k", KIB), ("256M", 256 * MIB), ("256MB", 256 * MIB), ("256MiB", 256 * MIB),
        ("1.5G", 3 * GIB // 2), (" 2 g ", 2 * GIB), ("10b", 10),
    ],
)  # fmt: skip
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1e3", "1X", "1 M M", "1,5M", "٣M" * 50])
def test_no_sizes(text):
    with pytest.raises(LimitError, match="256M"):
        parse_size(text)


def result(kind, exit_code=None, number=None):
    outcome = Outcome(OutcomeKind(kind), exit_code, number)
    return RunResult(b"", b"", outcome, Usage(), Enforcement("namespaces", {}, ()))


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (result("exited", 0), 0), (result("exited", 255), 255), (result("signalled", None, 6), 134),
        (result("cpu_limit"), 124), (result("wall_limit"), 124), (result("memory_limit"), 137),
        (result("output_limit"), 125), (result("file_limit"), 153), (result("process_limit"), 126),
        (result("refused"), 126), (result("compile_error", 1), 65),
    ],
)  # fmt: skip
def test_codes_of_results(run, code):
    assert of_result(run) == code


def test_every_outcome_has_a_code():
    for kind in OutcomeKind:
        assert 0 <= of_result(result(kind)) < 256


def test_codes_of_errors():
    assert of_error(errors.IsolationError("x")) == of_error(errors.ConfigError("x")) == Exit.CONFIG
    assert of_error(errors.LanguageError("x")) == Exit.USAGE
    assert of_error(errors.ProtocolError("x")) == Exit.SOFTWARE
    assert of_error(errors.BusyError("x", retry_after=1)) == Exit.BUSY
    assert of_error(errors.BermError("x")) == Exit.SOFTWARE

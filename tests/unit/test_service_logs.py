"""Logs are one JSON object a line, and never tell what programs and inputs contain."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from berm.errors import CellError
from berm.service import logs

SECRET = "print('the program')"


@pytest.fixture
def lines():
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure("json", "info", stream)

    def read():
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_our_lines_have_the_execution(lines):
    with structlog.contextvars.bound_contextvars(execution_id="e-1"):
        structlog.get_logger("berm.x").info("judged", tests=3)
        logging.getLogger("uvicorn.error").info("hello %s", "you")
    ours, theirs = lines()
    assert ours | {"timestamp": ""} == {
        "event": "judged",
        "tests": 3,
        "execution_id": "e-1",
        "logger": "berm.x",
        "level": "info",
        "timestamp": "",
    }
    assert (theirs["event"], theirs["execution_id"]) == ("hello you", "e-1")


def test_access_lines_of_the_server_are_dropped(lines):
    logging.getLogger("uvicorn.access").info("GET /x?token=1")
    structlog.get_logger("berm.x").debug("quiet")
    assert lines() == []


def test_exceptions_do_not_quote_data(lines):
    for logger in (structlog.get_logger("berm.x"), logging.getLogger("uvicorn.error")):
        try:
            try:
                raise ValueError(SECRET)
            except ValueError as error:
                raise CellError("The cell broke.", step="fork") from error
        except CellError:
            logger.exception("failed")
    for line in lines():
        assert SECRET not in json.dumps(line)
        ours, foreign = line["exception"]
        assert (ours["type"], ours["text"]) == ("CellError", "The cell broke.")
        assert foreign["type"] == "ValueError"
        assert "text" not in foreign
        assert "test_service_logs.py" in foreign["places"][0]


def test_a_line_stays_a_line(lines):
    structlog.get_logger("berm.x").info("two\nlines", value="a\nb\u2028c")
    logging.getLogger("x").warning("two\nlines")
    assert len(lines()) == 2


def test_people_get_text():
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        logs.configure("console", "info", stream)
        structlog.get_logger("berm.x").info("judged", tests=3)
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
        structlog.reset_defaults()
    assert "judged" in stream.getvalue() and not stream.getvalue().startswith("{")

"""Structured logs: one JSON object a line, every library's messages included.

What programs, inputs and outputs contain is never logged. That is why an exception is written as
its type and the places it passed: the text of a foreign exception may quote the data that caused it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from berm.errors import BermError
from berm.service import audit_log
from berm.service.tracing import name_trace

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_OURS_TO_TELL: Final = (BermError, OSError)


def configure(
    output_format: Literal["auto", "json", "console"],
    level: str,
    stream: TextIO | None = None,
    *,
    audit: Path | None = None,
) -> None:
    """Send all logging of the process to ``stream`` (default: stderr) in one format.

    What is for the audit log goes to the file ``audit`` as well, as JSON, whatever the level.

    Raises:
        ConfigError: that file cannot be written.
    """
    stream = stream or sys.stderr
    people = output_format == "console" or (output_format == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        name_trace,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        bare_exception,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if people
        else structlog.processors.JSONRenderer()
    )

    def formatter(last: structlog.typing.Processor) -> logging.Formatter:
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )

    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(renderer))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    auditor = logging.getLogger(audit_log.LOGGER)
    auditor.handlers.clear()
    if audit is not None:
        audit_log.keep(audit, formatter(structlog.processors.JSONRenderer()))
        auditor.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"  # our own line says more, and no query strings
    # It names WebSockets with their query strings; our own line says more, without.
    logging.getLogger("uvicorn.error").addFilter(_no_websockets)
    # These name requests and tasks at a level that would drown everything else.
    logging.getLogger("asyncio").setLevel(max(_LEVELS[level], logging.WARNING))
    # A collector that is away must not fill the log: what it loses are traces.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    # What it says at each opening of the store is for those who write migrations.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # They write every URL that is asked for, and of some the path or the query is a secret.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _no_websockets(record: logging.LogRecord) -> bool:
    return '"WebSocket' not in str(record.msg)


def bare_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by type and places; only our own errors also give their text."""
    del logger, method
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if given is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = _chain(error)
    return event


def _chain(error: BaseException) -> list[dict[str, object]]:
    described: list[dict[str, object]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        one: dict[str, object] = {
            "type": type(current).__name__,
            "places": [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(current.__traceback__, limit=-12)
            ],
        }
        if isinstance(current, _OURS_TO_TELL):
            one["text"] = str(current)
        described.append(one)
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return described

"""The audit log: who did what, for those who have to answer for it later.

Lines of the logger ``berm.audit``: in the service's log, and in a file of its own where one is set. A
program is named by the SHA-256 of its text, never quoted.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import Final

import structlog

from berm.errors import ConfigError

LOGGER: Final = "berm.audit"
_log: Final = structlog.get_logger(LOGGER)


def note(event: str, *, user: str, code: str | None = None, **facts: object) -> None:
    """Write one line: what happened, who did it, and to what."""
    if code is not None:
        facts["sha256"] = digest(code)
    _log.info(event, user=user, **facts)


def digest(code: str) -> str:
    """Return the name that a program has in the log."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def keep(path: Path, formatter: logging.Formatter) -> logging.Handler:
    """Write the audit log to ``path`` as well: appended, readable by the service's user alone.

    Raises:
        ConfigError: the file cannot be opened.
    """
    try:
        fd = os.open(
            path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        handler = logging.StreamHandler(os.fdopen(fd, "a", encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The audit log {path} cannot be written: {error.strerror}.",
            remedy="Set service.audit_log to a file in a folder that the service may write to.",
        ) from error
    handler.setFormatter(formatter)
    logging.getLogger(LOGGER).addHandler(handler)
    return handler

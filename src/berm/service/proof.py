"""Prove isolation again while the service runs; stop running programs once it does not hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from berm.errors import CellError, EscapeError
from berm.service.readiness import Readiness

_log: Final = structlog.get_logger("berm.service.proof")


async def keep_proving(
    prove: Callable[[], Awaitable[None]],
    readiness: Readiness,
    seconds: float,
    on_proof: Callable[[], None] = lambda: None,
) -> None:
    """Call ``prove`` every so many seconds, until it fails or this is cancelled.

    A canary that got out (:class:`berm.errors.EscapeError`) ends the service's readiness for good. One
    that could not report, on a machine that is too busy for example, proves nothing either way:
    it is logged, and sent again at the next turn. ``on_proof`` hears of each that held.
    """
    while seconds and not readiness.broken:
        await asyncio.sleep(seconds)
        try:
            await prove()
        except EscapeError as error:
            condemn(readiness, error)
        except (CellError, TimeoutError, OSError) as error:
            _log.warning("isolation could not be proved this time", exc_info=error)
        else:
            on_proof()
            _log.debug("isolation proved again")


def condemn(readiness: Readiness, error: EscapeError) -> None:
    """Take the service out of readiness, and say so where the operator sees it."""
    readiness.condemn(error.summary)
    _log.critical("isolation does not hold; no program runs any more", reason=str(error))

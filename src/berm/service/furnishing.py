"""Preparing toolchains while the service already answers: it takes seconds, once a machine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from berm.engine import Engine
from berm.errors import BermError

DELAY: Final = 5.0
"""Seconds after the start: a service that was only tried out does not begin with it."""

_log: Final = structlog.get_logger("berm.service")


async def furnish(engine: Engine, languages: Sequence[str]) -> None:
    """Prepare the toolchains of ``languages``, one after the other; what fails is told, and left."""
    await asyncio.sleep(DELAY)
    if engine.shelf.directory is None and engine.shelf.baked is None:
        _log.warning("no toolchain is prepared", why=engine.shelf.problem)
        return
    for name in languages:
        try:
            await engine.furnish([name], park=False)
        except (BermError, OSError, TimeoutError) as error:
            _log.warning("a toolchain is not prepared", language=name, why=str(error))

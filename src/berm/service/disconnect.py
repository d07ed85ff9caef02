"""Stop working for a client that is no longer there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from starlette.types import Receive

from berm.service.gate import ClientGoneError

T = TypeVar("T")


async def while_connected(receive: Receive, work: Coroutine[object, object, T]) -> T:
    """Return what ``work`` returns, unless the client goes first: then cancel it and wait for its end.

    The request's body must have been read to its end, so that the next message can only be the
    disconnect.

    Raises:
        ClientGoneError: the client closed the connection.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        watch.result()
        raise ClientGoneError
    finally:
        for one in (task, watch):
            one.cancel()
        # Until the runs are really gone, this request still counts as under way.
        await asyncio.gather(task, watch, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

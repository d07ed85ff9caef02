"""``WS /v1/run``: a run that somebody talks to."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.websockets import WebSocket

from berm.service.access.door import SUBPROTOCOL
from berm.service.conversation import Conversation
from berm.service.problems import busy
from berm.service.state import ServiceState

PROTOCOL = "berm.v1"

router = APIRouter()


@router.websocket("/v1/run")
async def run(socket: WebSocket) -> None:
    """Accept, unless there are too many conversations or isolation does not hold."""
    state = ServiceState.of(socket)
    if not state.readiness.ready:
        raise busy("The service takes no runs now.", 2.0)
    if state.settings.role == "api":
        raise busy("This replica runs no programs; others of this service do.", 1.0)
    if state.conversations.full:
        raise busy("The service has all the interactive runs that it takes.", 5.0)
    offered = [one for one in socket.scope["subprotocols"] if not one.startswith(SUBPROTOCOL)]
    with state.conversations.one(), state.readiness.request():
        await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        await Conversation(socket, state).serve()

"""What the routes share: made once by the application, reached through the request."""

from __future__ import annotations

import dataclasses

from starlette.requests import Request

from berm.engine import Engine
from berm.service.judging import Judge
from berm.service.readiness import Readiness
from berm.service.settings import ServiceSettings
from berm.service.store.database import Database


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceState:
    """The parts of one running service.

    Attributes:
        database: the store; None where the service runs without one.
    """

    engine: Engine
    settings: ServiceSettings
    readiness: Readiness
    judge: Judge
    replica: str
    container_id: str | None
    database: Database | None = None

    @classmethod
    def of(cls, request: Request) -> ServiceState:
        """Return the state of the application that serves ``request``."""
        state = request.app.state.berm
        assert isinstance(state, cls)  # noqa: S101 - create_app put it there
        return state

    def languages(self) -> list[str]:
        """Return the names of the installed languages."""
        return [language.name for language in self.engine.registry.available()]

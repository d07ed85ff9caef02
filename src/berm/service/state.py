"""What the routes share: made once by the application, reached through the request."""

from __future__ import annotations

import dataclasses
import http
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import HTTPConnection

from berm.engine import Engine
from berm.service.judging import Judge
from berm.service.metrics import Metrics
from berm.service.offer import Offer
from berm.service.problems import ApiError
from berm.service.queue import JobQueue
from berm.service.readiness import Readiness
from berm.service.settings import ServiceSettings
from berm.service.store.database import Database
from berm.service.webhooks.settings import WebhookSettings


class Conversations:
    """How many interactive runs there are, and may be."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.running = 0

    @property
    def full(self) -> bool:
        """True if no further one may begin."""
        return self.running >= self.most

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one while it lasts."""
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceState:
    """The parts of one running service.

    Attributes:
        conversations: the interactive runs under way.
        metrics: what is counted.
        offer: what can be run, here or by workers.
        database: the store; None where the service runs without one.
        webhooks: how submissions' ends are told.
    """

    engine: Engine
    settings: ServiceSettings
    readiness: Readiness
    judge: Judge
    replica: str
    container_id: str | None
    conversations: Conversations
    metrics: Metrics
    offer: Offer
    database: Database | None = None
    queue: JobQueue | None = None
    webhooks: WebhookSettings = dataclasses.field(default_factory=WebhookSettings)

    @classmethod
    def of(cls, request: HTTPConnection) -> ServiceState:
        """Return the state of the application that serves ``request``."""
        state = request.app.state.berm
        assert isinstance(state, cls)  # noqa: S101 - create_app put it there
        return state

    def webhooks_or_refusal(self) -> WebhookSettings:
        """Return the settings of webhooks; raises a 409 where the service delivers none."""
        if not self.webhooks.enabled:
            raise ApiError(
                http.HTTPStatus.CONFLICT,
                "This service delivers no webhooks.",
                remedy="The operator sets [webhooks] key (BERM_WEBHOOKS_KEY).",
            )
        return self.webhooks

    def languages(self) -> list[str]:
        """Return the names of the languages that can be run."""
        return self.offer.languages()

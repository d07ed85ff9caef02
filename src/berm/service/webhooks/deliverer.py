"""Takes webhooks that are due, and delivers them: at least once, with pauses that grow.

Whatever moment it is killed at, the row in the store is still due, and is taken again once its time is up.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Callable
from typing import Final

import structlog

from berm.client.webhook import sign
from berm.errors import StoreError
from berm.service.store import records, webhooks
from berm.service.store.database import Database
from berm.service.store.wakeups import woken
from berm.service.store.webhooks import Delivery
from berm.service.submissions import WebhookMessage, moment, view
from berm.service.webhooks.post import Attempt, Postman
from berm.service.webhooks.settings import WebhookSettings

_log: Final = structlog.get_logger("berm.service.webhooks")

_LOOK_SECONDS: Final = 1.0
_AWAY_SECONDS: Final = 2.0
_SPARE_SECONDS: Final = 15.0
_USER_AGENT: Final = "berm"


class Deliverer:
    """Delivers what is due. Lives on one event loop; any number of replicas may have one.

    Args:
        database: has the webhooks.
        settings: enabled ones.
        counted: hears how each attempt ended, in a word.
        postman: delivers one; one of the settings where None.
    """

    def __init__(
        self,
        database: Database,
        settings: WebhookSettings,
        counted: Callable[[str], None],
        postman: Postman | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._counted = counted
        self._postman = postman or Postman(
            settings.networks(), plain=settings.plain, seconds=settings.timeout
        )
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled; what is under way then has the rest of its time."""
        try:
            with self._database.wakeups.listen("webhook") as nudge:
                while True:
                    free = self._settings.at_a_time - len(self._under_way)
                    if free > 0:
                        for delivery in await self._take(free):
                            self._begin(delivery, nudge)
                    # Not all replicas at the same moment.
                    await woken(nudge, _LOOK_SECONDS * random.uniform(0.75, 1.25))  # noqa: S311
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=self._settings.timeout)
            for task in self._under_way:
                task.cancel()
            self._postman.close()

    async def _take(self, free: int) -> list[Delivery]:
        token = uuid.uuid4().hex  # the same one until an answer comes
        while True:
            try:
                return await self._database.run(
                    webhooks.take,
                    token,
                    free,
                    hold=self._settings.timeout + _SPARE_SECONDS,
                    most_of_owner=self._settings.at_a_time_per_user,
                )
            except StoreError as error:
                _log.warning("the store is away", why=error.summary)
            await asyncio.sleep(_AWAY_SECONDS)

    def _begin(self, delivery: Delivery, nudge: asyncio.Event) -> None:
        task = asyncio.ensure_future(self._deliver(delivery))
        self._under_way.add(task)

        def ended(_: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            nudge.set()

        task.add_done_callback(ended)

    async def _deliver(self, delivery: Delivery) -> None:
        with (
            structlog.contextvars.bound_contextvars(submission=delivery.job),
            # A store that is away leaves the row as it is: somebody tries again after `hold`.
            contextlib.suppress(StoreError),
        ):
            body = await self._message(delivery.job)
            if body is None:
                return
            headers = {
                **sign(
                    self._settings.signing_keys(delivery.owner),
                    f"msg_{delivery.job}",
                    int(time.time()),
                    body,
                ),
                "content-type": "application/json",
                "user-agent": _USER_AGENT,
            }
            await self._settle(delivery, await self._postman.deliver(delivery.url, headers, body))

    async def _settle(self, delivery: Delivery, attempt: Attempt) -> None:
        over = attempt.hopeless or delivery.tries >= self._settings.attempts
        pause = None if over else self._settings.pause(delivery.tries) * random.uniform(0.9, 1.1)  # noqa: S311
        end = "delivered" if attempt.error is None else "failed" if over else "again"
        self._counted(end)
        _log.info(
            "webhook", end=end, attempt=delivery.tries, status=attempt.status, why=attempt.error
        )
        await self._database.run(
            webhooks.settle, delivery, status=attempt.status, error=attempt.error, pause=pause
        )

    async def _message(self, job: str) -> bytes | None:
        """Return what is sent: the same bytes at every attempt; None if the job was forgotten."""
        found = await self._database.look(records.get, job)
        if found is None:
            return None
        return (
            WebhookMessage.model_validate(
                {
                    "type": f"submission.{found.state.value}",
                    "timestamp": moment(found.finished),
                    "data": view(found),
                }
            )
            .model_dump_json()
            .encode()
        )

"""What can be run here, and how well it is isolated: by this process, or by the workers it knows of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

import structlog

from berm.engine import Engine
from berm.errors import BusyError, IsolationError, LanguageError, StoreError
from berm.languages import Registry
from berm.languages.language import Language
from berm.model import Enforcement, Guarantee
from berm.policy.plan import demand
from berm.service.queue import JobQueue
from berm.service.schemas import LanguageInfo, Security
from berm.service.security import describe

_log: Final = structlog.get_logger("berm.service.offer")

_LOOK_SECONDS: Final = 2.0


class Offer(Protocol):
    """Languages and isolation."""

    def languages(self) -> list[str]:
        """Return the names of the languages."""
        ...

    def canonical(self, language: str) -> str:
        """Return the canonical name of a language.

        Raises:
            LanguageError: it is not offered.
        """
        ...

    def demand(self, language: str, wanted: str | Sequence[Guarantee]) -> None:
        """Return if programs in the language are isolated as well as is wanted.

        Raises:
            IsolationError: they are not.
        """
        ...

    def infos(self) -> list[LanguageInfo]:
        """Describe the languages."""
        ...

    def security(self) -> Security:
        """Describe what holds for all of them."""
        ...


class OwnOffer:
    """What this process's engine can do: installed languages, less those that cannot be isolated here.

    Where none can be, all are told of, and it is their isolation that is refused.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[str, bool] = {}

    def languages(self) -> list[str]:
        """Return the names of the languages."""
        return [language.name for language in self._languages()]

    def _languages(self) -> list[Language]:
        found = self._engine.registry.available()
        return [one for one in found if self._holds(one.name)] or list(found)

    def _holds(self, name: str) -> bool:
        """Return whether what is required is held for a language; that does not change while we live."""
        if name not in self._held:
            try:
                self._engine.enforcement(name)
            except IsolationError:
                self._held[name] = False
            else:
                self._held[name] = True
        return self._held[name]

    def canonical(self, language: str) -> str:
        """Return the canonical name of a language."""
        name = self._engine.registry.get(language).name
        if not self._holds(name) and name not in (offered := self.languages()):
            raise LanguageError(
                f"Programs in {name} cannot be isolated where this service runs, so it runs none.",
                remedy=f"Give one of: {', '.join(offered)}.",
            )
        return name

    def demand(self, language: str, wanted: str | Sequence[Guarantee]) -> None:
        """Return if the engine holds what is wanted."""
        demand(self._engine.enforcement(language), wanted)

    def infos(self) -> list[LanguageInfo]:
        """Describe the languages."""
        return [_info(one) for one in self._languages()]

    def security(self) -> Security:
        """Describe what holds for all of them."""
        return describe(self._engine.enforcement(name) for name in self.languages())

    def as_json(self) -> bytes:
        """Write it down, for :class:`WorkersOffer` to read."""
        infos = [info.model_dump() for info in self.infos()]
        return json.dumps({"languages": infos, "security": self.security().model_dump()}).encode()


class WorkersOffer:
    """What the workers can do that are alive: every language that one has, the isolation that all hold.

    While none is alive, what was known last stays, so that submissions are kept until one is. Where none was
    since this process began, the languages that are installed beside it stand for theirs, as they have the same image:
    workers that are started when something waits would else never be. What these hold is not known before; a worker
    looks itself, before it runs anything.
    """

    def __init__(self, queue: JobQueue, registry: Registry) -> None:
        self._queue = queue
        self._registry = registry
        self._infos: dict[str, LanguageInfo] = {}
        self._names: dict[str, str] = {}
        self._securities: list[Security] = []

    async def keep_looking(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                _log.warning("the workers are not known", why=error.summary)
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Learn what the living workers offer."""
        offers: list[dict[str, Any]] = [
            json.loads(worker.about) for worker in await self._queue.workers()
        ]
        if offers:
            found = [
                LanguageInfo.model_validate(info) for one in offers for info in one["languages"]
            ]
        elif not self._infos:
            found = [_info(one) for one in await asyncio.to_thread(self._registry.available)]
        else:
            return
        self._infos = {info.name: info for info in sorted(found, key=lambda info: info.name)}
        self._names = {name: info.name for info in found for name in (*info.aliases, info.name)}
        self._securities = [Security.model_validate(one["security"]) for one in offers]

    def languages(self) -> list[str]:
        """Return the names of the languages that some worker has."""
        return list(self._infos)

    def canonical(self, language: str) -> str:
        """Return the canonical name of a language that some worker has."""
        if not self._infos:
            raise BusyError("No worker has started yet.", retry_after=5)
        try:
            return self._names[language]
        except KeyError:
            raise LanguageError(
                f"The language {language[:50]!r} is not known.",
                remedy=f"Give one of: {', '.join(self._infos)}.",
            ) from None

    def demand(self, language: str, wanted: str | Sequence[Guarantee]) -> None:
        """Return if every worker holds what is wanted."""
        del language
        if not wanted:
            return
        for security in self._securities:
            try:
                demand(_enforcement(security), wanted)
            except IsolationError as error:
                raise IsolationError(error.summary) from None

    def infos(self) -> list[LanguageInfo]:
        """Describe the languages."""
        return list(self._infos.values())

    def security(self) -> Security:
        """Describe what all workers hold."""
        return describe(_enforcement(one) for one in self._securities)


def _info(language: Language) -> LanguageInfo:
    return LanguageInfo(
        name=language.name,
        title=language.title,
        version=language.version or "",
        aliases=list(language.aliases),
    )


def _enforcement(security: Security) -> Enforcement:
    guarantees = {Guarantee(name): tuple(layers) for name, layers in security.guarantees.items()}
    return Enforcement("", guarantees, tuple(security.layers))

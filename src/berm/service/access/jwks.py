"""The public keys of an identity provider: fetched when they are needed, kept, and renewed.

A token that names an unknown key asks for the keys again, because providers rotate them; at most once
in a while, because anybody can send such a token. Where the provider does not answer, the keys that are
known stay in use for a bounded time.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from berm.errors import BermError

_log: Final = structlog.get_logger("berm.service.access")

Fetch: TypeAlias = Callable[[str], Awaitable[dict[str, Any]]]

MAX_DOCUMENT: Final = 256 * 1024
MAX_KEYS: Final = 64
REFRESH: Final = 300.0
"""Seconds after which the keys are fetched again."""

AGAIN: Final = 30.0
"""Seconds between two fetches at least, whatever tokens come."""

STALE: Final = 3600.0
"""Seconds for which known keys are used while the provider does not answer."""

_TIMEOUT: Final = 5.0
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k", "oth"})


class ProviderError(BermError):
    """The identity provider's keys cannot be had, so no token can be checked."""


async def fetch_json(url: str) -> dict[str, Any]:
    """Return a JSON object from ``url``: bounded, no redirects, nothing from the environment.

    Raises:
        ProviderError: it cannot be had.
    """
    try:
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as client,
            asyncio.timeout(2 * _TIMEOUT),
            client.stream("GET", url, headers={"accept": "application/json"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise ProviderError(f"{url} answers {response.status_code}.")
            data = bytearray()
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > MAX_DOCUMENT:
                    raise ProviderError(f"{url} sends more than {MAX_DOCUMENT} bytes.")
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        raise ProviderError(f"{url} does not answer: {type(error).__name__}.") from error
    try:
        document = json.loads(data)
    except ValueError as error:
        raise ProviderError(f"{url} sends no JSON.") from error
    if not isinstance(document, dict):
        raise ProviderError(f"{url} sends no JSON object.")
    return document


class KeyCache:
    """The keys of one issuer.

    Args:
        issuer: as tokens name it.
        url: of the key set; empty: found by OpenID Connect discovery below the issuer.
        fetch: how a document is had.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        issuer: str,
        url: str = "",
        *,
        fetch: Fetch = fetch_json,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched = -STALE
        self._tried = -AGAIN
        self._lock = asyncio.Lock()

    async def get(self, kid: str | None) -> KeySet:
        """Return the keys, fetched again where they are old or have none called ``kid``.

        Raises:
            ProviderError: there are none, and none can be had.
        """
        if self._good_for(kid):
            assert self._keys is not None  # noqa: S101 - that is what good means
            return self._keys
        async with self._lock:
            if not self._good_for(kid) and self._clock() - self._tried >= AGAIN:
                self._tried = self._clock()
                await self._renew()
            if self._keys is None or self._clock() - self._fetched > STALE:
                raise ProviderError(
                    f"The keys of {self._issuer} cannot be had at the moment.",
                    remedy="The operator finds the reason in the service's log.",
                )
            return self._keys

    def _good_for(self, kid: str | None) -> bool:
        if self._keys is None or self._clock() - self._fetched > REFRESH:
            return False
        return kid is None or any(key.kid == kid for key in self._keys)

    async def _renew(self) -> None:
        try:
            url = self._url or await self._discover()
            keys = _key_set(await self._fetch(url))
        except (ProviderError, JoseError) as error:
            _log.warning("identity provider's keys", issuer=self._issuer, why=str(error))
            return
        self._keys = keys
        self._fetched = self._clock()

    async def _discover(self) -> str:
        document = await self._fetch(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise ProviderError(f"{self._issuer} says that it is somebody else.")
        url = document.get("jwks_uri")
        if not isinstance(url, str) or not safe(url):
            raise ProviderError(f"{self._issuer} names no https URL of its keys.")
        return url


def safe(url: str) -> bool:
    """Tell whether keys may be had from ``url``: by https, or from this machine."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return False
    local = parts.host in {"127.0.0.1", "::1", "localhost"}
    return bool(parts.host) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def _key_set(document: dict[str, Any]) -> KeySet:
    rows = document.get("keys")
    if not isinstance(rows, list) or not rows or len(rows) > MAX_KEYS:
        raise ProviderError("The key set has no keys, or too many.")
    public = [
        row
        for row in rows
        if isinstance(row, dict) and row.get("use", "sig") == "sig" and not _PRIVATE & set(row)
    ]
    usable = []
    for row in public:
        try:
            usable.extend(KeySet.import_key_set({"keys": [row]}).keys)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            _log.warning("a key of the identity provider", why=type(error).__name__)
    if not usable:
        raise ProviderError("The key set has no public signing key.")
    return KeySet(usable)

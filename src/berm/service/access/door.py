"""The door: who asks, whether they may, and whether it is too much. Pure ASGI, before every route.

Everything is decided before a byte of the body is read. What the table does not know nobody may
do; a request whose credentials cannot be checked is not let in without them.
"""

from __future__ import annotations

import asyncio
import dataclasses
import http
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from berm.errors import StoreError
from berm.service.access import tokens
from berm.service.access.address import (
    PROXY_HEADERS,
    Network,
    client_address,
    host_of,
    is_loopback,
)
from berm.service.access.jwks import ProviderError
from berm.service.access.keyring import Keyring
from berm.service.access.table import TABLE, WEBSOCKET, Entry, Routes
from berm.service.access.tokens import TokenError, TokenVerifier
from berm.service.audit_log import note
from berm.service.limits.allowances import Allowances, LocalAllowances
from berm.service.limits.gcra import Rate, Reading
from berm.service.limits.settings import LimitsSettings
from berm.service.limits.spending import spending
from berm.service.principal import LOCAL, PRINCIPAL, Principal, Role
from berm.service.problems import ENTRY, HEADERS, ApiError, busy

_log: Final = structlog.get_logger("berm.service.access")

SUBPROTOCOL: Final = "berm.bearer."
"""A WebSocket's subprotocol that carries a key or token, because browsers can set no header."""

_MAX_CREDENTIAL: Final = 8 * 1024 + 16
_STORE_RETRY: Final = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """What the door goes by.

    Attributes:
        required: whether requests need a key or a token.
        keyring: API keys; None where there is no store.
        verifier: tokens; None where no issuer is configured.
        limits: how much anybody may ask for.
        limits_set: names of the limits that the operator set; the others do not apply where nobody
            shows who they are.
        local_only: without keys, only what comes straight from this machine is let in.
        origins: web pages that may open a WebSocket, besides the service's own.
        on_limit: told the name of a limit that was reached.
    """

    required: bool = False
    keyring: Keyring | None = None
    verifier: TokenVerifier | None = None
    limits: LimitsSettings = dataclasses.field(default_factory=LimitsSettings)
    limits_set: frozenset[str] = frozenset()
    allowances: Allowances = dataclasses.field(default_factory=LocalAllowances)
    proxies: Sequence[Network] = ()
    local_only: bool = False
    origins: frozenset[str] = frozenset()
    on_limit: Callable[[str], None] = lambda _: None

    async def charge(self, owner: str, seconds: float) -> None:
        """Count CPU time that queued programs of ``owner`` used; machines have no limit to count for."""
        rate = self.limits.cpu(Role.STUDENT)
        if rate is not None and seconds > 0 and owner != LOCAL.subject:
            await self.allowances.charge(f"cpu:user:{owner}", rate, seconds)


class Door:
    """Lets a request in as a :class:`Principal`, or says why not."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self._app = app
        self._access = access
        self._routes = Routes()
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or raise an :class:`ApiError`, which the desk outside answers with."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        method = WEBSOCKET if scope["type"] == "websocket" else scope["method"]
        entry = self._routes.find(method, scope["path"])
        scope[ENTRY] = entry
        if entry is None or entry.scope is None:
            # Nobody's route (the router says 404 or 405; see Admitted) or everybody's.
            scope[PRINCIPAL] = None
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            self._insist_on_origin(scope)
        headers = scope.setdefault(HEADERS, {})
        address = client_address(scope, self._access.proxies)
        if self._applies("address_requests_per_minute", not self._access.required):
            rate = self._access.limits.address()
            await self._take("address", f"address:{address}", rate, headers)
        principal = await self._who(scope, address)
        scope[PRINCIPAL] = principal
        with structlog.contextvars.bound_contextvars(user=principal.subject):
            if not principal.may(entry.scope):
                note("refused", user=principal.subject, why="scope", scope=entry.scope.value)
                raise ApiError(
                    http.HTTPStatus.FORBIDDEN,
                    f"This key or token has not the scope {entry.scope.value}.",
                    remedy="Use one that has it, or ask the operator for one.",
                )
            await self._within(entry, principal, address, headers, scope, receive, send)

    async def _within(
        self,
        entry: Entry,
        principal: Principal,
        address: str,
        headers: dict[str, str],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Serve the request within its user's limits."""
        limits, local = self._access.limits, principal is LOCAL
        role = Role.STUDENT if local else principal.role
        # Where nobody shows who they are, all that can be told apart is addresses.
        who = f"address:{address}" if local else f"user:{principal.subject}"
        if self._applies("requests_per_minute", local):
            await self._take("requests", f"requests:{who}", limits.requests(role), headers)
        cpu = limits.cpu(role) if self._applies("cpu_seconds_per_hour", local) else None
        if entry.spends and cpu is not None:
            await self._take("cpu", f"cpu:{who}", cpu, {}, cost=0.0)
        if not entry.runs:
            await self._app(scope, receive, send)
            return
        most = limits.runs(role) if self._applies("runs_at_a_time", local) else 0
        if most and self._running[who] >= most:
            self._access.on_limit("runs")
            raise ApiError(
                http.HTTPStatus.TOO_MANY_REQUESTS,
                f"This user waits for {most} runs already.",
                remedy="Send the next one when one of them has ended.",
                headers={"retry-after": "1"},
            )
        self._running[who] += 1
        try:
            with spending() as spent:
                await self._app(scope, receive, send)
        finally:
            self._running[who] -= 1
            if not self._running[who]:
                del self._running[who]
            if cpu is not None and spent.seconds > 0:
                # Also when the client went: what was used was used.
                await asyncio.shield(
                    self._access.allowances.charge(f"cpu:{who}", cpu, spent.seconds)
                )

    def _insist_on_origin(self, scope: Scope) -> None:
        """Refuse a WebSocket that a foreign web page opens: browsers ask nobody before they do."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or origin in self._access.origins:
            return
        if urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
            raise ApiError(
                http.HTTPStatus.FORBIDDEN,
                f"The page {origin[:100]!r} may not open this.",
                remedy="The operator adds it to [auth] origins.",
            )

    def _applies(self, limit: str, local: bool) -> bool:
        return not local or limit in self._access.limits_set

    async def _take(
        self,
        limit: str,
        key: str,
        rate: Rate | None,
        headers: dict[str, str],
        cost: float = 1.0,
    ) -> None:
        """Take from a rate and note what is left; raises a 429 where too little is."""
        if rate is None:
            return
        reading = await self._access.allowances.take(key, rate, cost)
        if cost == 0.0 and reading.remaining < 1:
            reading = dataclasses.replace(
                reading,
                allowed=False,
                retry_after=max(1.0, reading.reset - rate.period + rate.interval),
            )
        headers.update(reading.headers())
        if not reading.allowed:
            self._access.on_limit(limit)
            raise _too_much(limit, rate, reading)

    async def _who(self, scope: Scope, address: str) -> Principal:
        access = self._access
        credential = _credential(scope)
        if not access.required:
            if access.local_only:
                _insist_on_local(scope)
            return LOCAL
        if credential is None:
            await self._fail(address)
            raise _unauthenticated("This needs a key or a token.")
        try:
            found = await self._check(credential)
        except (StoreError, ProviderError) as error:
            _log.error("credentials cannot be checked", why=error.summary)
            raise busy("Keys and tokens cannot be checked at the moment.", _STORE_RETRY) from error
        except TokenError as error:
            await self._fail(address)
            raise _unauthenticated(error.summary, error.remedy) from None
        if found is None:
            await self._fail(address)
            raise _unauthenticated("This key is not accepted: it is unknown, revoked or expired.")
        return found

    async def _check(self, credential: str) -> Principal | None:
        access = self._access
        if tokens.looks_like_one(credential):
            if access.verifier is None:
                raise TokenError("This service accepts no tokens.", remedy="Use an API key.")
            return await access.verifier.verify(credential)
        return None if access.keyring is None else await access.keyring.principal(credential)

    async def _fail(self, address: str) -> None:
        """Count what was not accepted; its caller raises, unless there were too many."""
        note("refused", user="", why="credentials", address=address)
        await self._take("failures", f"failures:{address}", self._access.limits.failures(), {})


def _credential(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    given = headers.getlist("authorization")
    if len(given) > 1:
        raise _unauthenticated("The request has more than one Authorization header.")
    if given:
        scheme, _, credential = given[0].partition(" ")
        if scheme.lower() != "bearer" or len(credential) > _MAX_CREDENTIAL:
            raise _unauthenticated(
                "The Authorization header cannot be read.",
                "Send `Authorization: Bearer` and a key or token.",
            )
        return credential.strip()
    if key := headers.get("x-api-key"):
        return key.strip()[:_MAX_CREDENTIAL]
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(SUBPROTOCOL):
            return str(protocol.removeprefix(SUBPROTOCOL))
    return None


def _insist_on_local(scope: Scope) -> None:
    """Refuse what a proxy or a foreign web page sends to a service that asks nobody for a key."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if any(name in headers for name in PROXY_HEADERS):
        what = "A proxy sent this request, and nobody here has to show a key."
    elif host and not is_loopback(host_of(host)):
        what = f"This service is not {host_of(host)[:100]!r}, and nobody here has to show a key."
    else:
        return
    raise ApiError(
        http.HTTPStatus.FORBIDDEN,
        what,
        remedy="The operator sets [auth] mode: `on` to ask for keys, or `off` to serve everybody.",
    )


def _unauthenticated(summary: str, remedy: str = "") -> ApiError:
    return ApiError(
        http.HTTPStatus.UNAUTHORIZED,
        summary,
        remedy=remedy or "Send `Authorization: Bearer` and a key or token.",
        headers={"www-authenticate": 'Bearer realm="berm"'},
    )


def _too_much(limit: str, rate: Rate, reading: Reading) -> ApiError:
    seconds = reading.headers()["retry-after"]
    amount = f"{rate.amount:g}"
    said = {
        "requests": f"This user may send {amount} requests in {rate.period:g} s.",
        "address": f"One address may send {amount} requests in {rate.period:g} s.",
        "failures": f"This address sent {amount} requests in {rate.period:g} s without a valid key.",
        "cpu": f"The programs of this user had their {amount} s of CPU time for {rate.period:g} s.",
    }[limit]
    return ApiError(
        http.HTTPStatus.TOO_MANY_REQUESTS,
        said,
        remedy=f"Send the request again in {seconds} s.",
        headers=reading.headers(),
    )


async def admitted(connection: HTTPConnection) -> None:
    """Refuse what came past the door to a route that its table does not have (a dependency of all).

    Raises:
        ApiError: 500; a route without a row in the table is a defect, and serves nobody.
    """
    method = WEBSOCKET if connection.scope["type"] == "websocket" else connection.scope["method"]
    path = getattr(connection.scope.get("route"), "path", "")
    entry = next((one for one in TABLE if (one.method, one.path) == (method, path)), None)
    principal = connection.scope.get(PRINCIPAL)
    if entry is None or (entry.scope is not None and not isinstance(principal, Principal)):
        _log.critical("a route without a row in the table of access", method=method, path=path)
        raise ApiError(500, "This route is not open to anybody.")

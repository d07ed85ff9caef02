"""One attempt: look the name up, look at its addresses, connect to one of them, send, take the status.

The connection is made to an address that was looked at; the name serves TLS and the Host header alone. Redirects
are not followed, proxies of the environment not used, cookies not kept, and of the answer nothing but its status
is read.
"""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

import httpx

from berm.errors import InputError
from berm.service.webhooks.target import Address, Network, Target, allowed, check

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]

_THREADS: Final = 4
_ADDRESSES: Final = 16
_MOST_TRIED: Final = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt came to.

    Attributes:
        status: of the answer, None where there was none.
        error: what was wrong, in our words; None if it was delivered.
        hopeless: True if another attempt would end the same way.
    """

    status: int | None = None
    error: str | None = None
    hopeless: bool = False


class Postman:
    """Delivers to where it is allowed to. Lives on one event loop.

    Args:
        also: networks that are allowed besides the public internet.
        plain: whether ``http`` is.
        seconds: for one attempt, everything in it.
        resolve: finds a host's addresses; the system's resolver where None.
        trust: whose certificates are believed; the system's where None.
    """

    def __init__(
        self,
        also: Sequence[Network] = (),
        *,
        plain: bool = False,
        seconds: float = 10.0,
        resolve: Resolver | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._also = also
        self._plain = plain
        self._seconds = seconds
        # Threads of its own: a name server that never answers must not hold those that runs need.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="berm-webhook-names")
        self._resolve = resolve or self._ask_system
        self._trust = trust or ssl.create_default_context()

    def close(self) -> None:
        """Wait for no name server any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Make one attempt, within the time that it has."""
        try:
            target = check(url, self._also, plain=self._plain)
        except InputError as error:
            return Attempt(error=error.summary, hopeless=True)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._deliver(target, headers, body)
        except TimeoutError:
            return Attempt(error=f"The receiver did not answer within {self._seconds:g} s.")

    async def _deliver(self, target: Target, headers: Mapping[str, str], body: bytes) -> Attempt:
        literal = target.literal
        try:
            found = [literal] if literal else await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            found = ()
        if not found:
            return Attempt(error="The receiver's name has no address.")
        # One that is not allowed among those that are is how a name leads inside.
        if not all(allowed(address, self._also) for address in found):
            return Attempt(
                error="The receiver is in a network that webhooks may not reach.", hopeless=True
            )
        attempt = Attempt(error="The receiver cannot be reached.")
        for address in list(found)[: min(_ADDRESSES, _MOST_TRIED)]:
            try:
                status = await self._post(target, address, headers, body)
            except httpx.ConnectError as error:
                # Nothing was sent yet: the next address may do.
                if isinstance(_cause(error), ssl.SSLError):
                    attempt = Attempt(error="The receiver's certificate is not accepted.")
                continue
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                return Attempt(error=f"The receiver broke off ({type(error).__name__}).")
            return _judged(status)
        return attempt

    async def _post(
        self, target: Target, address: Address, headers: Mapping[str, str], body: bytes
    ) -> int:
        url = httpx.URL(target.url).copy_with(host=str(address), port=target.port)
        named = target.origin.partition("://")[2]
        async with (
            httpx.AsyncClient(
                verify=self._trust,
                trust_env=False,
                follow_redirects=False,
                timeout=self._seconds,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=0),
            ) as client,
            client.stream(
                "POST",
                url,
                content=body,
                headers={**headers, "host": named},
                extensions={"sni_hostname": target.host},
            ) as answer,
        ):
            return answer.status_code

    async def _ask_system(self, host: str, port: int) -> list[Address]:
        rows = await asyncio.get_running_loop().run_in_executor(
            self._threads,
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
        )
        return list(dict.fromkeys(ipaddress.ip_address(row[4][0]) for row in rows))


def _judged(status: int) -> Attempt:
    if 200 <= status < 300:
        return Attempt(status)
    if 300 <= status < 400:
        return Attempt(status, f"The receiver answered {status}; redirects are not followed.")
    return Attempt(status, f"The receiver answered {status}.")


def _cause(error: BaseException) -> BaseException | None:
    """Return what an error of httpx was at first: it wraps the transport's, which wraps the socket's."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, ssl.SSLError):
        seen = seen.__cause__ or seen.__context__
    return seen

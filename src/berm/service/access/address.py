"""Which address a request comes from: the connection's, or what a proxy in front says. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final, TypeAlias

from starlette.datastructures import Headers
from starlette.types import Scope

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOPS: Final = 16
_PREFIX: Final = 64
"""Bits of an IPv6 address that name a customer; one customer has all addresses below."""

PROXY_HEADERS: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def client_address(scope: Scope, proxies: Sequence[Network]) -> str:
    """Return the address that a request counts for; IPv6 by its first 64 bits.

    ``X-Forwarded-For`` is read from its end as long as what stands there is a proxy of ours: what
    stands before that, anybody may have written.
    """
    client = scope.get("client")
    current = _parse(client[0]) if client else None
    if current is None:
        return "unknown"
    headers = Headers(scope=scope)
    hops = ",".join(headers.getlist("x-forwarded-for")).split(",")[-_HOPS:]
    for hop in reversed(hops):
        if not any(current in network for network in proxies):
            break
        found = _parse(hop.strip())
        if found is None:
            break
        current = found
    if isinstance(current, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((current, _PREFIX), strict=False))
    return str(current)


def is_loopback(host: str) -> bool:
    """Tell whether a host, as one listens on it or as a ``Host`` header names it, is this machine."""
    name = host.strip("[]").lower().rstrip(".")
    found = _parse(name)
    return name == "localhost" or (found is not None and found.is_loopback)


def host_of(header: str) -> str:
    """Return a ``Host`` header without its port."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0]


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address

"""Where a webhook may go: into the public internet, and to what the operator allowed besides.

The service stands where its users do not: beside databases, the cloud's metadata, other people's consoles. So
a name is resolved here, once for each attempt; every address that it has must be allowed; and the connection is
made to an address that was looked at, never to the name again, which may have another address by then.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Sequence
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from berm.errors import InputError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL: Final = 2000
SCHEMES: Final = {"https": 443, "http": 80}
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")
_ROUTED: Final = ipaddress.IPv6Network("2000::/3")

# What the standard library calls global, in some version, and what no webhook has business with.
_NEVER: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # of the IETF's protocols; 192.0.0.192 is Oracle Cloud's metadata
        "192.88.99.0/24",  # the relays of 6to4
        "168.63.129.16/32",  # Azure's platform, public by its number only
        "2001::/23",  # of the IETF's protocols: Teredo and others, which carry any IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries any IPv4 address
        "3fff::/20",  # documentation
    )
)


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A webhook's URL, taken apart. The host is in lower case, as TLS and the Host header need it."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def literal(self) -> Address | None:
        """The host, if it is an address."""
        return _literal(self.host)

    @property
    def origin(self) -> str:
        """The URL without what may be secret about it: its path and query."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = SCHEMES[self.scheme] == self.port
        return f"{self.scheme}://{host}" + ("" if usual else f":{self.port}")


def allowed(address: Address, also: Sequence[Network] = ()) -> bool:
    """Tell whether a webhook may go to an address: public, or in one of the operator's networks."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return allowed(address.ipv4_mapped, also)
        if address.scope_id is not None:
            return False
    if any(address in network for network in also):
        return True
    if isinstance(address, ipaddress.IPv6Address) and address not in _ROUTED:
        return False  # loopback, local, multicast, NAT64, and what is not given out yet
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _NEVER)
    )


def parse(url: str, *, plain: bool = False) -> Target:
    """Take a URL apart that can be a webhook's.

    Args:
        url: what a user gave.
        plain: whether ``http`` is allowed besides ``https``.

    Raises:
        InputError: it cannot; the text says why.
    """
    if len(url) > MAX_URL or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise _wrong(f"is longer than {MAX_URL} characters, or has characters that no URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("is none") from None
    if parts.scheme not in SCHEMES or (parts.scheme == "http" and not plain):
        raise _wrong("does not begin with https://")
    if "@" in parts.netloc:
        raise _wrong("holds a user or a password")
    if "#" in url or "\\" in url:
        raise _wrong("has a fragment or a backslash")
    host = (parts.hostname or "").lower().rstrip(".")
    if _literal(host) is None and not (host and set(host) <= _NAME and not host[-1].isdigit()):
        # A name that ends in a digit is an IPv4 address in one of its odd spellings (0x7f.1).
        raise _wrong("has no host name that can be used")
    if port == 0:
        raise _wrong("has port 0")
    return Target(url, parts.scheme, host, port or SCHEMES[parts.scheme])


def check(url: str, also: Sequence[Network] = (), *, plain: bool = False) -> Target:
    """Return what :func:`parse` does, if the host is no address or one that is allowed.

    Raises:
        InputError: it cannot be used; nobody was asked for the addresses of a name.
    """
    target = parse(url, plain=plain)
    if target.literal is not None and not allowed(target.literal, also):
        raise _wrong("leads into a network that webhooks may not reach")
    return target


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _wrong(what: str) -> InputError:
    return InputError(
        f"The webhook's URL {what}.",
        remedy="Give an https URL of a host in the public internet, or ask the operator to allow"
        " its network ([webhooks] allow).",
    )

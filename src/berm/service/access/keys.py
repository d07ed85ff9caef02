"""API keys: how one is made, written, recognised and checked. Pure; the store is elsewhere.

A key is ``berm_`` + 12 characters that name it + ``_`` + 43 characters of secret (256 random bits) and a
checksum of 6, so that scanners for leaked secrets can tell a key from a text that looks like one. The store
has the name and the SHA-256 of the whole. A slow hash would protect guessable passwords; 256 random
bits need none, and a slow one would be a way to exhaust the service.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re
import secrets
import string
import zlib
from typing import Final

from berm.service.principal import Principal, Role, Scope

MARK: Final = "berm_"
_NAME: Final = 12
_SECRET: Final = 43
_SUM: Final = 6
_LETTERS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SHAPE: Final = re.compile(
    rf"berm_(?P<name>[0-9A-Za-z]{{{_NAME}}})_[0-9A-Za-z]{{{_SECRET}}}[0-9A-Za-z]{{{_SUM}}}"
)


@dataclasses.dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the store has it. Times are seconds since 1970.

    Attributes:
        name: the public part, by which it is listed and revoked.
        digest: SHA-256 of the whole key.
        label: what it is for, in the words of whoever made it.
        subject: whom it stands for.
        scopes: what it may do; never more than its role.
        expires: from then on it is refused; None for never.
        revoked: when it was taken back; None while it was not. May lie ahead: a rotated key lives on
            until its grace is over.
    """

    name: str
    digest: bytes
    label: str
    subject: str
    role: Role
    scopes: frozenset[Scope]
    created: float
    expires: float | None = None
    revoked: float | None = None

    def principal(self) -> Principal:
        """Return whom it stands for."""
        return Principal(self.subject, self.role, self.scopes, self.name)

    def live(self, now: float) -> bool:
        """Tell whether it is to be accepted at ``now``."""
        expired = self.expires is not None and self.expires <= now
        revoked = self.revoked is not None and self.revoked <= now
        return not (expired | revoked)


_NOBODY: Final = ApiKey("", bytes(32), "", "", Role.STUDENT, frozenset(), 0.0, revoked=0.0)
"""Compared with where there is no such key, so that both cases take the same way."""


def new_key() -> tuple[str, str, bytes]:
    """Return a new key, its name, and its digest. The key itself is to be shown once and forgotten."""
    name = _random(_NAME)
    body = f"{MARK}{name}_{_random(_SECRET)}"
    key = body + _checksum(body)
    return key, name, digest(key)


def name_of(text: str) -> str | None:
    """Return the name in a text that has the shape and the checksum of a key, else None."""
    match = _SHAPE.fullmatch(text)
    if match is None or not hmac.compare_digest(_checksum(text[:-_SUM]), text[-_SUM:]):
        return None
    return match["name"]


def digest(key: str) -> bytes:
    """Return what the store has of a key."""
    return hashlib.sha256(key.encode("ascii")).digest()


def check(text: str, found: ApiKey | None, now: float) -> bool:
    """Tell whether ``text`` is the key ``found``, and to be accepted.

    Takes the same steps whether the key is unknown, wrong, ended or right: one hash, one comparison
    that does not stop at the first difference.
    """
    known = _NOBODY if found is None else found
    same = hmac.compare_digest(digest(text), known.digest)
    live = known.live(now)
    return same & live


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _checksum(text: str) -> str:
    """CRC-32 in base 62, six digits."""
    number = zlib.crc32(text.encode("ascii"))
    digits = ""
    for _ in range(_SUM):
        number, digit = divmod(number, len(_LETTERS))
        digits = _LETTERS[digit] + digits
    return digits

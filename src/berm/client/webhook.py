"""The signature of a webhook: HMAC-SHA-256 over its id, its time and its body. Pure; needs no httpx.

The scheme is that of standard-webhooks.com, for which there are verifiers in most languages: the headers
``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, and secrets that begin with ``whsec_``. The id
stays the same when a delivery is repeated, so that receivers can tell.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from berm.errors import InputError

PREFIX: Final = "whsec_"
TOLERANCE: Final = 300.0
"""Seconds that a delivery may be old, or ahead of the receiver's clock."""

_LEAST: Final = 24
_MOST: Final = 64
_VERSION: Final = "v1,"
_SIGNATURES: Final = 16


class SignatureError(InputError):
    """A delivery that is not from whoever has the secret, or too old."""


def written(key: bytes) -> str:
    """Return a secret as people are given it."""
    return PREFIX + base64.b64encode(key).decode("ascii")


def decoded(secret: str) -> bytes:
    """Return the key that ``secret`` writes.

    Raises:
        InputError: it is not ``whsec_`` and base64 of 24 to 64 bytes. The text never quotes it.
    """
    try:
        if not secret.startswith(PREFIX):
            raise ValueError
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not _LEAST <= len(key) <= _MOST:
        raise InputError(
            "The webhook's secret cannot be used.",
            remedy=f"Give {PREFIX} and base64 of {_LEAST} to {_MOST} bytes, as the service does.",
        )
    return key


def sign(keys: Sequence[bytes], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of one delivery, signed with each of the keys."""
    signatures = [_VERSION + _signature(key, message, timestamp, body) for key in keys]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def verify(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float | None = None,
    tolerance: float = TOLERANCE,
) -> dict[str, Any]:
    """Return what a delivery says, if it is from the service and not old.

    Args:
        secret: ``whsec_...``, as ``GET /v1/webhooks/secret`` answers it.
        headers: of the request, under names in lower case.
        body: of the request, byte by byte as it came.
        now: seconds since 1970; the clock where None.
        tolerance: seconds that it may be old.

    Raises:
        SignatureError: it is not. Answer 400, and believe nothing of it.
        InputError: the secret is none.
    """
    key = decoded(secret)
    now = time.time() if now is None else now
    try:
        message = headers["webhook-id"]
        timestamp = int(headers["webhook-timestamp"])
        given = headers["webhook-signature"].split(" ")[:_SIGNATURES]
    except (KeyError, ValueError):
        raise SignatureError("The delivery has no signature.") from None
    expected = (_VERSION + _signature(key, message, timestamp, body)).encode()
    matches = [hmac.compare_digest(expected, one.encode()) for one in given]
    if not any(matches):
        raise SignatureError("The delivery's signature is wrong.")
    if abs(now - timestamp) > tolerance:
        raise SignatureError("The delivery is too old, or the clocks differ.")
    told: dict[str, Any] = json.loads(body)
    return told


def _signature(key: bytes, message: str, timestamp: int, body: bytes) -> str:
    signed = f"{message}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")

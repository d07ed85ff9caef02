"""Sizes as people write them: 256M, 1.5GiB, 65536."""

from __future__ import annotations

import re
from typing import Final

from berm.errors import LimitError

_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", re.IGNORECASE)
_FACTORS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse_size(text: str) -> int:
    """Return the bytes that ``text`` means. All units are powers of 1024, as those of limits are.

    Raises:
        LimitError: ``text`` is no size.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise LimitError(
            f"{text[:60]!r} is not a size.",
            remedy="Write a number of bytes, or a number with K, M or G, such as 256M.",
        )
    return round(float(found[1]) * _FACTORS[found[2].lower()])

"""Where a file is, by its name alone: the program's own, somebody else's, or outside of its folder."""

from __future__ import annotations

import posixpath
import re
from typing import Final

_HARMLESS: Final = re.compile(
    r"/dev/(?:stdin|stdout|stderr|null|zero|fd/[012]|tty)|/proc/self/fd/[012]|/tmp(?:/.*)?"
)
_PRIVATE: Final = re.compile(
    r"(?:/etc/(?:passwd|shadow|sudoers|ssh)|/root|/home|/proc/(?:\d+|self|thread-self)"
    r"|/var/run|/run/secrets|~\w*/\.|/Users|/flag)(?:[/.].*)?"
)


def place_of(path: str) -> str:
    """Return ``private`` for other people's files, ``outside`` for those not in the run's folder."""
    plain = posixpath.normpath(path) if path else path
    if _HARMLESS.fullmatch(plain):
        return ""
    if _PRIVATE.fullmatch(plain):
        return "private"
    if plain.startswith(("/", "~", "../")) or plain == "..":
        return "outside"
    return ""

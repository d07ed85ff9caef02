"""The error tree. Every error says what failed, what it means here, and what to do next."""

from __future__ import annotations


class BermError(Exception):
    """Root of everything that Berm raises on purpose.

    Attributes:
        summary: what failed, in one sentence.
        meaning: what that means for the caller, or an empty string.
        remedy: what to do about it, or an empty string.
    """

    def __init__(self, summary: str, *, meaning: str = "", remedy: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.meaning = meaning
        self.remedy = remedy

    def diagnostics(self) -> str:
        """Return the whole story: what failed, what it means, what to do."""
        return "\n".join(part for part in (self.summary, self.meaning, self.remedy) if part)

    def __str__(self) -> str:
        return " ".join(part for part in (self.summary, self.meaning, self.remedy) if part)


class LimitError(BermError, ValueError):
    """A limit is outside the range that Berm accepts; the message gives the range."""


class InputError(BermError, ValueError):
    """The caller's program, files or arguments cannot be used as they are."""


class LanguageError(BermError, LookupError):
    """The language is unknown, or its toolchain is missing on this machine."""


class ConfigError(BermError):
    """A setting is wrong; the service does not start with it."""


class PolicyError(BermError):
    """A profile or rule file shipped with Berm (or overridden by the operator) is wrong."""


class IsolationError(BermError):
    """A required guarantee cannot be held on this machine. Berm fails closed."""


class EscapeError(IsolationError):
    """A canary got out of its cell: a layer that the kernel accepted does not hold."""


class CellError(BermError):
    """A cell or its fork server broke: our fault, never the program's.

    Attributes:
        step: the launcher step that failed, if one is known (see ``berm_cell.steps``).
        errno: the kernel's error number, if one is known.
    """

    def __init__(
        self,
        summary: str,
        *,
        step: str = "",
        errno: int = 0,
        meaning: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(summary, meaning=meaning, remedy=remedy)
        self.step = step
        self.errno = errno


class ProtocolError(CellError):
    """A frame from the launcher was malformed or over its bound."""


class StoreError(BermError):
    """The store did not do what was asked of it; nothing of that transaction may be relied on."""


class BusyError(BermError):
    """Too many runs at once; try again after ``retry_after`` seconds."""

    def __init__(self, summary: str, *, retry_after: float, remedy: str = "") -> None:
        super().__init__(summary, remedy=remedy)
        self.retry_after = retry_after

"""Typed reading of one TOML table, which remembers what was not asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from berm.errors import PolicyError


class Fields:
    """One table of a language file. Every getter raises :class:`PolicyError` naming the entry.

    Attributes:
        where: the table's place, as it reads in an error: ``java.toml.compile.limits``.
    """

    def __init__(self, table: Mapping[str, object], where: str) -> None:
        self.where = where
        self._left = dict(table)

    def finish(self) -> None:
        """Refuse entries that nothing asked for."""
        if self._left:
            raise PolicyError(
                f"{self.where} has unknown entries: {', '.join(sorted(self._left))}.",
                remedy="Correct the spelling, or remove them.",
            )

    def text(self, key: str, *, default: str | None = None) -> str:
        """Return a string; without a default it must be there and not be empty."""
        value = self._left.pop(key, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self._wrong(key, "a string")
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """Return one of the allowed strings."""
        value = self._left.pop(key, default)
        if not isinstance(value, str) or value not in allowed:
            raise self._wrong(key, f"one of {', '.join(allowed)}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a boolean."""
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def whole(self, key: str, default: int) -> int:
        """Return an integer that is not negative."""
        value = self._left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._wrong(key, "an integer, at least 0")
        return value

    def number(self, key: str, default: float) -> float:
        """Return a number that is not negative."""
        value = self._left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise self._wrong(key, "a number, at least 0")
        return float(value)

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Return a list of strings, empty if it may be absent."""
        return self._strings(key, self._left.pop(key, []), required=required)

    def commands(self, key: str) -> tuple[tuple[str, ...], ...]:
        """Return a list of lists of strings."""
        value = self._left.pop(key, [])
        if not isinstance(value, list):
            raise self._wrong(key, "a list of lists of strings")
        return tuple(self._strings(key, item, required=True) for item in value)

    def words(self, key: str) -> Mapping[str, str]:
        """Return a table of strings."""
        value = self._left.pop(key, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._wrong(key, "a table of strings")
        return dict(value)

    def table(self, key: str, *, required: bool = True) -> Fields:
        """Return a table; an absent one that may be absent is empty and false."""
        value = self._left.pop(key, None if required else {})
        if not isinstance(value, dict):
            raise self._wrong(key, "a table")
        return Fields(value, f"{self.where}.{key}")

    def tables(self, key: str, *, required: bool = True) -> Iterator[tuple[str, Fields]]:
        """Yield the named tables inside a table, in the file's order."""
        table = self._left.get(key)
        inner = self.table(key, required=required)
        for name in table if isinstance(table, dict) else ():
            yield name, inner.table(name)

    def __bool__(self) -> bool:
        return bool(self._left)

    def _strings(self, key: str, value: object, *, required: bool) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "a list of strings")
        if required and not value:
            raise self._wrong(key, "a list of strings that is not empty")
        return tuple(value)

    def _wrong(self, key: str, wanted: str) -> PolicyError:
        return PolicyError(f"{self.where}.{key} must be {wanted}.")

"""What a cell's agent reports, checked: it came from the far side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from berm.cell.outcome import Ending
from berm.errors import CellError
from berm.model import Usage

_LONGEST: Final = 1e9
"""Seconds that a run can take or use: some thirty years, and no infinity."""

_MOST: Final = 1 << 62
"""The largest count that is taken for one."""


def ending(message: Mapping[str, object]) -> Ending:
    """Return how the run ended; raises :class:`CellError` for a malformed report."""
    stopped_by = message.get("stopped_by")
    if not (stopped_by is None or isinstance(stopped_by, str)):
        raise _malformed("stopped_by")
    return Ending(
        status=_count(message, "status", 0xFFFF),
        stopped_by=stopped_by,
        usage=Usage(
            wall_time=_seconds(message, "wall"),
            cpu_time=_seconds(message, "cpu"),
            memory=_count(message, "memory", _MOST),
            processes=_count(message, "processes", _MOST),
        ),
    )


def _count(message: Mapping[str, object], name: str, most: int) -> int:
    value = message.get(name)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise _malformed(name)
    return value


def _seconds(message: Mapping[str, object], name: str) -> float:
    """JSON as Python reads it has infinities and what is no number; both fail the comparison."""
    value = message.get(name)
    if not isinstance(value, int | float) or not 0 <= value <= _LONGEST:
        raise _malformed(name)
    return float(value)


def _malformed(name: str) -> CellError:
    return CellError(f"A cell's agent sent a malformed report: {name}.")


def denials(value: object) -> Sequence[tuple[int, int, int]] | None:
    """Check the agent's rows: syscall number, first argument, count."""
    if not isinstance(value, list):
        return None
    rows = [row for row in value[:32] if isinstance(row, list) and len(row) == 3]
    return [(row[0], row[1], row[2]) for row in rows if all(map(_is_count, row))]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= _MOST


def pairs(value: object) -> list[tuple[str, str]]:
    """Return names with the reasons why they were not taken, 16 at most."""
    rows = value if isinstance(value, list) else []
    return [
        (_text(row[0]), _text(row[1]))
        for row in rows[:16]
        if isinstance(row, list) and len(row) == 2
    ]


def _text(value: object) -> str:
    """What can be written down whatever it was: half a surrogate pair cannot."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def failed(
    message: Mapping[str, object], summary: str = "A cell could not be made", meaning: str = ""
) -> CellError:
    """Return the error for a layer that could not be applied."""
    step = _text(message.get("step", ""))[:64]
    errno = message.get("errno")
    return CellError(
        f"{summary}: {step}: {_text(message.get('text', ''))[:500]}.",
        step=step,
        errno=errno if isinstance(errno, int) else 0,
        meaning=meaning,
        remedy="Run `berm doctor`; if it shows the layer as usable, please report this.",
    )

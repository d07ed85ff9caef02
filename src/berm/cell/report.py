"""What a cell's agent reports, checked: it came from the far side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from berm.cell.outcome import Ending
from berm.errors import CellError
from berm.model import Usage


def ending(message: Mapping[str, object]) -> Ending:
    """Return how the run ended; raises :class:`CellError` for a malformed report."""
    try:
        stopped_by = message["stopped_by"]
        return Ending(
            status=int(message["status"]),  # type: ignore[call-overload]
            stopped_by=str(stopped_by) if stopped_by is not None else None,
            usage=Usage(
                wall_time=float(message["wall"]),  # type: ignore[arg-type]
                cpu_time=float(message["cpu"]),  # type: ignore[arg-type]
                memory=int(message["memory"]),  # type: ignore[call-overload]
                processes=int(message["processes"]),  # type: ignore[call-overload]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CellError("A cell's agent sent a malformed report.") from error


def denials(value: object) -> Sequence[tuple[int, int, int]] | None:
    """Check the agent's rows: syscall number, first argument, count."""
    if not isinstance(value, list):
        return None
    rows = [row for row in value[:32] if isinstance(row, list) and len(row) == 3]
    return [(row[0], row[1], row[2]) for row in rows if all(isinstance(x, int) for x in row)]


def pairs(value: object) -> list[tuple[str, str]]:
    """Return names with the reasons why they were not taken, 16 at most."""
    rows = value if isinstance(value, list) else []
    return [
        (str(row[0]), str(row[1])) for row in rows[:16] if isinstance(row, list) and len(row) == 2
    ]


def failed(
    message: Mapping[str, object], summary: str = "A cell could not be made", meaning: str = ""
) -> CellError:
    """Return the error for a layer that could not be applied."""
    step = str(message.get("step", ""))[:64]
    errno = message.get("errno")
    return CellError(
        f"{summary}: {step}: {str(message.get('text', ''))[:500]}.",
        step=step,
        errno=errno if isinstance(errno, int) else 0,
        meaning=meaning,
        remedy="Run `berm doctor`; if it shows the layer as usable, please report this.",
    )

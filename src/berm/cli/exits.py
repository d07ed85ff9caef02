"""The exit codes of the command line. Those from 64 to 78 are those of BSD's sysexits.h."""

from __future__ import annotations

import enum
import signal

from berm.errors import (
    BermError,
    BusyError,
    CellError,
    ConfigError,
    InputError,
    IsolationError,
    LanguageError,
    LimitError,
    PolicyError,
    StoreError,
)
from berm.model import OutcomeKind, RunResult


class Exit(enum.IntEnum):
    """What the command line ends with when it is not the program's own exit code."""

    OK = 0
    FAILED = 1
    """What was checked does not hold (``doctor``, ``audit``)."""
    USAGE = 2
    """The command line is wrong."""
    DATA = 65
    """The program does not compile."""
    NO_INPUT = 66
    """A file cannot be read."""
    UNAVAILABLE = 69
    """The service's address is taken, its store cannot be used, or a part of Berm is missing."""
    SOFTWARE = 70
    """Berm failed; the program is not to blame."""
    BUSY = 75
    """Too many runs at once; try again."""
    CONFIG = 78
    """A setting is wrong, or a required guarantee cannot be held here."""
    TIME = 124
    """The program was out of CPU time or real time."""
    OUTPUT = 125
    """The program printed more than is allowed."""
    REFUSED = 126
    """The program tried something that is not allowed, or too many processes."""
    MEMORY = 137
    """The program was out of memory (128 + SIGKILL, what an out-of-memory kill looks like)."""


_OF_ERROR: tuple[tuple[type[BermError], Exit], ...] = (
    (IsolationError, Exit.CONFIG),
    (ConfigError, Exit.CONFIG),
    (PolicyError, Exit.CONFIG),
    (StoreError, Exit.UNAVAILABLE),
    (BusyError, Exit.BUSY),
    (LimitError, Exit.USAGE),
    (LanguageError, Exit.USAGE),
    (InputError, Exit.USAGE),
    (CellError, Exit.SOFTWARE),
)


def of_error(error: BermError) -> Exit:
    """Return the exit code for an error of Berm's."""
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), Exit.SOFTWARE)


def of_result(result: RunResult) -> int:
    """Return the exit code that tells how a program ended.

    The program's own code; 128 + n for signal n; 124 for time; 137 for memory; 153 (128 + SIGXFSZ)
    for files; the others of :class:`Exit`.
    """
    outcome = result.outcome
    match outcome.kind:
        case OutcomeKind.EXITED:
            return outcome.exit_code or 0
        case OutcomeKind.SIGNALLED:
            return 128 + (outcome.signal or signal.SIGKILL)
        case OutcomeKind.CPU_LIMIT | OutcomeKind.WALL_LIMIT:
            return Exit.TIME
        case OutcomeKind.MEMORY_LIMIT:
            return Exit.MEMORY
        case OutcomeKind.OUTPUT_LIMIT:
            return Exit.OUTPUT
        case OutcomeKind.FILE_LIMIT:
            return 128 + signal.SIGXFSZ
        case OutcomeKind.COMPILE_ERROR:
            return Exit.DATA
        case OutcomeKind.PROCESS_LIMIT | OutcomeKind.REFUSED:
            return Exit.REFUSED

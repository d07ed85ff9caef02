r"""Berm runs programs that nobody trusts, in kernel-isolated cells.

>>> import berm
>>> berm.run("print(int(input()) + 1)", stdin="41").text
'42\n'

The names below are imported when they are first used, so that a tool that needs one of them
does not pay for the others.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from berm.blocking import run
    from berm.cell.dialogue import Dialogue
    from berm.client import AsyncClient, Client, ServiceError
    from berm.config import Config
    from berm.engine import Engine
    from berm.errors import (
        BermError,
        BusyError,
        CellError,
        ConfigError,
        InputError,
        IsolationError,
        LanguageError,
        LimitError,
    )
    from berm.judge.blocking import judge
    from berm.model import (
        Analysis,
        Denial,
        Enforcement,
        Finding,
        Guarantee,
        Limits,
        Outcome,
        OutcomeKind,
        RunResult,
        Usage,
    )
    from berm.program import Program

__all__ = [
    "Analysis",
    "AsyncClient",
    "BermError",
    "BusyError",
    "CellError",
    "Client",
    "Config",
    "ConfigError",
    "Denial",
    "Dialogue",
    "Enforcement",
    "Engine",
    "Finding",
    "Guarantee",
    "InputError",
    "IsolationError",
    "LanguageError",
    "LimitError",
    "Limits",
    "Outcome",
    "OutcomeKind",
    "Program",
    "RunResult",
    "ServiceError",
    "Usage",
    "judge",
    "run",
]

__version__ = "0.1.0"

_HOMES = {"run": "berm.blocking", "Config": "berm.config", "Engine": "berm.engine"}
_HOMES |= dict.fromkeys(("AsyncClient", "Client", "ServiceError"), "berm.client")
_HOMES |= {"Program": "berm.program", "Dialogue": "berm.cell.dialogue"}
_HOMES |= dict.fromkeys(
    (
        "Analysis",
        "Denial",
        "Enforcement",
        "Finding",
        "Guarantee",
        "Limits",
        "Outcome",
        "OutcomeKind",
        "RunResult",
        "Usage",
    ),
    "berm.model",
)


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'berm' has no attribute {name!r}")
    if name == "judge":  # a package that can be called; importing it sets the attribute
        return importlib.import_module("berm.judge")
    value = getattr(importlib.import_module(_HOMES.get(name, "berm.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

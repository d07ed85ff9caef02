"""Every route of the service, and what a caller must be allowed to do for it. Data.

A request that matches none of these rows is answered by nobody: what is not written here cannot be
reached, whatever routes there are. ``tests/unit/test_access_table.py`` holds the two together.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Final

from berm.service.principal import Scope

WEBSOCKET: Final = "WS"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One route.

    Attributes:
        method: of HTTP, or ``WS``.
        path: as the route writes it, with its parameters in braces.
        scope: what the caller must have; None for everybody.
        runs: whether a program runs while the request is open: such requests are counted, and
            refused to those whose CPU time is used up.
        spends: whether it leads to CPU time, now or later.
    """

    method: str
    path: str
    scope: Scope | None
    runs: bool = False
    spends: bool = False


TABLE: Final[Sequence[Entry]] = (
    Entry("GET", "/", None),
    Entry("GET", "/docs", None),
    Entry("GET", "/openapi.json", None),
    Entry("HEAD", "/openapi.json", None),
    Entry("GET", "/health", None),
    Entry("GET", "/healthz", None),
    Entry("GET", "/readyz", None),
    Entry("GET", "/metrics", Scope.METRICS),
    Entry("POST", "/execute", Scope.RUN, runs=True, spends=True),
    Entry("POST", "/v1/execute", Scope.RUN, runs=True, spends=True),
    Entry("POST", "/v1/submissions", Scope.SUBMIT, spends=True),
    Entry("POST", "/v1/submissions/batch", Scope.SUBMIT, spends=True),
    Entry("GET", "/v1/submissions", Scope.SUBMIT),
    Entry("GET", "/v1/submissions/{submission}", Scope.SUBMIT),
    Entry("GET", "/v1/submissions/{submission}/events", Scope.SUBMIT),
    Entry("DELETE", "/v1/submissions/{submission}", Scope.SUBMIT),
    Entry("DELETE", "/v1/owners/{owner}/submissions", Scope.ERASE),
    Entry("GET", "/v1/webhooks/secret", Scope.SUBMIT),
    Entry("POST", "/v1/analyse", Scope.RUN, spends=True),
    Entry(WEBSOCKET, "/v1/run", Scope.RUN, runs=True, spends=True),
)

_PARAMETER: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")


def _pattern(path: str) -> re.Pattern[str]:
    parts, at = [], 0
    for match in _PARAMETER.finditer(path):
        parts += [re.escape(path[at : match.start()]), ".+" if match[2] == "path" else "[^/]+"]
        at = match.end()
    return re.compile("".join([*parts, re.escape(path[at:])]))


class Routes:
    """Finds the entry of a request."""

    def __init__(self, table: Sequence[Entry] = TABLE) -> None:
        self._exact = {(one.method, one.path): one for one in table if "{" not in one.path}
        self._patterns = [(one, _pattern(one.path)) for one in table if "{" in one.path]
        self._paths = frozenset(one.path for one in table)

    def find(self, method: str, path: str) -> Entry | None:
        """Return the entry for a request, None where there is none."""
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact
        for entry, pattern in self._patterns:
            if entry.method == method and pattern.fullmatch(path):
                return entry
        return None

    def methods(self, path: str) -> list[str]:
        """Return the methods of HTTP that a path knows, in their order."""
        known = {method for method, exact in self._exact if exact == path}
        known |= {entry.method for entry, pattern in self._patterns if pattern.fullmatch(path)}
        return sorted(known - {WEBSOCKET})

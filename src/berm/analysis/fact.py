"""Facts: what a language's front end saw in a program, before any rule says what that means."""

from __future__ import annotations

import dataclasses
import enum
import time
from collections.abc import Callable
from typing import Final

MAX_FACTS: Final = 2000
MAX_TEXT: Final = 120


class Kind(enum.StrEnum):
    """What was seen.

    ``import``: a module is loaded. ``call``: a known object is called. ``use``: it is passed on,
    stored or decorated with. ``attribute``: a name looked up on an object that is not known.
    ``pattern``: a shape that only a front end can see; its name is one of the front end's own.
    """

    IMPORT = "import"
    CALL = "call"
    USE = "use"
    ATTRIBUTE = "attribute"
    PATTERN = "pattern"


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was seen.

    Attributes:
        kind: how it is used.
        name: the object's full name (``os.system``), the attribute, or the pattern.
        line, column: where, both from 1; the column counts characters.
        text: the source at that place, shortened.
        note: what was reconstructed to see it, or an empty string.
    """

    kind: Kind
    name: str
    line: int
    column: int
    text: str = ""
    note: str = ""


class Sink:
    """Where a front end puts its facts: each once, and no more than a person would read.

    ``wanted`` tells whether any rule asks for a fact, so that what no rule asks for costs nothing.
    ``began`` is the CPU time at which the analysis of the program began: the thread's, because the process's
    own clock stands still between two ticks of the kernel while the child's timer runs.
    """

    def __init__(self, wanted: Callable[[Kind, str], bool]) -> None:
        self.began = time.thread_time()
        self._wanted = wanted
        self._known: dict[tuple[Kind, str], bool] = {}
        self._facts: dict[tuple[Kind, str, int, int], Fact] = {}

    def wants(self, kind: Kind, name: str) -> bool:
        """Tell whether a rule asks for this."""
        key = (kind, name)
        answer = self._known.get(key)
        if answer is None:
            answer = self._wanted(kind, name)
            if len(self._known) < MAX_FACTS:
                self._known[key] = answer
        return answer

    def add(self, fact: Fact) -> None:
        """Keep a fact that a rule asks for."""
        if not self.wants(fact.kind, fact.name) or len(self._facts) >= MAX_FACTS:
            return
        key = (fact.kind, fact.name, fact.line, fact.column)
        known = self._facts.get(key)
        if known is None or (fact.note and not known.note):
            self._facts[key] = fact

    def facts(self) -> list[Fact]:
        """Return all facts in the order of the program."""
        return sorted(self._facts.values(), key=lambda fact: (fact.line, fact.column))


def shorten(text: str) -> str:
    """Return a text on one line, cut in its middle."""
    line = " ".join(text.split())
    if len(line) <= MAX_TEXT:
        return line
    half = (MAX_TEXT - 3) // 2
    return f"{line[:half]}...{line[-half:]}"


def words(text: str) -> frozenset[str]:
    """Return the words of a text: how long lists of names are written here."""
    return frozenset(text.split())

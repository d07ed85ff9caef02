"""The front end for Python: text in, facts out."""

from __future__ import annotations

from berm.analysis.fact import Fact, Kind, Sink
from berm.analysis.python.reading import coding, read
from berm.analysis.python.statements import Evaluator


def look(source: bytes, sink: Sink) -> None:
    """Put into ``sink`` what a Python program reaches.

    Two passes: the first one looks at every line; the second one follows calls and loops, and is only
    made where the first one met something that it could not follow.

    Raises:
        RecursionError, MemoryError: the program is nested too deeply for a parser.
    """
    name = coding(source)
    if name:
        sink.add(Fact(Kind.PATTERN, "unusual-encoding", 1, 1, "", f"the source is in `{name}`"))
    text, body, whole = read(source)
    if not whole:
        sink.add(Fact(Kind.PATTERN, "not-parsed", 1, 1))
    first = Evaluator(text, sink)
    first.run(body)
    pending = first.pending
    if first.lost:
        second = Evaluator(text, sink, deep=True)
        second.run(body)
        for key in second.resolved:
            pending.pop(key, None)
        pending |= second.pending
    for fact in pending.values():
        sink.add(fact)

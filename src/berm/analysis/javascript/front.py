"""The front end for JavaScript and TypeScript: text in, facts out."""

from __future__ import annotations

from berm.analysis.branch import grow
from berm.analysis.fact import Fact, Kind, Sink
from berm.analysis.grammar import parse
from berm.analysis.javascript.evaluator import Evaluator


def look(source: bytes, sink: Sink, language: str) -> None:
    """Put into ``sink`` what a program reaches; a deep look only where a first one met a wall.

    Raises:
        RecursionError: the program is nested too deeply.
    """
    tree = parse(language, source)
    if tree is None:
        return
    root = grow(tree)
    if tree.root.has_error:
        sink.add(Fact(Kind.PATTERN, "not-parsed", 1, 1))
    first = Evaluator(source, sink)
    first.run(root)
    pending = first.pending
    if first.lost:
        second = Evaluator(source, sink, deep=True)
        second.after(first)
        second.run(root)
        for key in second.resolved:
            pending.pop(key, None)
        pending |= second.pending
    for fact in pending.values():
        sink.add(fact)

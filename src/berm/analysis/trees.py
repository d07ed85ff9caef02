"""Languages that are read by tree-sitter."""

from __future__ import annotations

from berm.analysis.fact import Sink
from berm.analysis.rules import RuleSet


def look(source: bytes, sink: Sink, language: str, rules: RuleSet) -> None:
    """Put into ``sink`` what a program reaches."""

"""Command templates of the language files: ``{name}`` placeholders, expanded once, never twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from berm.errors import PolicyError

# Filled in by the engine, which alone knows where a cell's directories are.
CELL_NAMES = frozenset({"work", "tmp"})

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


def expand(
    items: Sequence[str],
    words: Mapping[str, str],
    lists: Mapping[str, Sequence[str]] | None = None,
) -> tuple[str, ...]:
    """Expand a command template.

    Args:
        items: the template. An item that is exactly ``{name}`` with ``name`` in ``lists``
            becomes as many items as that list has.
        words: placeholder → text. Text put in is not looked at again.
        lists: placeholder → items.

    Raises:
        PolicyError: a placeholder is neither known nor one of the cell's own.
    """
    return tuple(_expanded(items, words, lists or {}))


def _expanded(
    items: Sequence[str], words: Mapping[str, str], lists: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    for item in items:
        whole = _PLACEHOLDER.fullmatch(item)
        if whole and whole[1] in lists:
            yield from lists[whole[1]]
        else:
            yield _PLACEHOLDER.sub(lambda match: _word(match, words), item)


def _word(match: re.Match[str], words: Mapping[str, str]) -> str:
    name = match[1]
    if name in CELL_NAMES:
        return match[0]
    if name not in words:
        raise PolicyError(
            f"The command template item {match.string!r} has the unknown placeholder {match[0]}.",
            remedy=f"Known here: {', '.join(sorted({*words, *CELL_NAMES}))}.",
        )
    return words[name]

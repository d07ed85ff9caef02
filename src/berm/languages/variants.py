"""Variants: one language file that describes several languages, which differ in a few words.

``[words]`` names words and what stands for them in the language itself; ``[variants.NAME]`` gives a
variant its title, its aliases, and other words. ``{word}`` in any string of the file is replaced before
the file is read further; a list takes the place of an item that is exactly ``{word}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from berm.errors import PolicyError

_WORD = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_OWN = frozenset({"title", "aliases", "limitations"})

Words = Mapping[str, object]


def names(table: Mapping[str, object]) -> Mapping[str, tuple[str, ...]]:
    """Return variant → aliases of a language's table."""
    found = table.get("variants", {})
    if not isinstance(found, dict):
        return {}
    return {name: tuple(one.get("aliases", ())) for name, one in found.items()}


def table(whole: Mapping[str, object], variant: str, where: str) -> Mapping[str, object]:
    """Return the table of a language, or of one of its variants, without ``words`` and ``variants``.

    Raises:
        PolicyError: there is no such variant, or it has an entry that is neither its own nor a word.
    """
    found = dict(whole)
    words = _mapping(found.pop("words", {}), f"{where}.words")
    variants = _mapping(found.pop("variants", {}), f"{where}.variants")
    if bool(found.pop("variants_below", False)) is not bool(variants):
        raise PolicyError(
            f"{where}: variants_below = true and the tables [variants.*] belong together.",
            remedy="The names of a file are read from what stands before its first table.",
        )
    if variant:
        place = f"{where}.variants.{variant}"
        chosen = _mapping(variants.get(variant), place)
        if unknown := sorted(set(chosen) - _OWN - set(words)):
            raise PolicyError(f"{place} has unknown entries: {', '.join(unknown)}.")
        found |= {
            "name": variant,
            "variant_of": found.get("name", ""),
            "title": chosen.get("title", variant),
            "aliases": chosen.get("aliases", []),
            "extensions": [],
            "shebangs": [],
        }
        found.pop("prepare", None)  # what is made ahead is made for the language itself
        if "limitations" in chosen:
            found["limitations"] = chosen["limitations"]
        words = {**words, **{key: value for key, value in chosen.items() if key not in _OWN}}
    return {key: _replaced(value, words) for key, value in found.items()}


def _mapping(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise PolicyError(f"{where} must be a table.")
    return value


def _replaced(value: object, words: Words) -> object:
    if isinstance(value, str):
        return _WORD.sub(lambda match: _text(match, words), value)
    if isinstance(value, dict):
        return {key: _replaced(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return list(_items(value, words))
    return value


def _items(items: list[object], words: Words) -> Iterator[object]:
    for item in items:
        whole = _WORD.fullmatch(item) if isinstance(item, str) else None
        listed = words.get(whole[1]) if whole else None
        if isinstance(listed, list):
            yield from listed
        else:
            yield _replaced(item, words)


def _text(match: re.Match[str], words: Words) -> str:
    word = words.get(match[1])
    return word if isinstance(word, str) else match[0]

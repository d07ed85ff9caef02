"""Deterministic inputs that are too large to keep as files: ``NAME.gen`` names one and its numbers."""

from __future__ import annotations

import random
from collections.abc import Callable


def integers(count: int, seed: int) -> bytes:
    """``count`` integers, one a line."""
    source = random.Random(seed)
    return "".join(f"{source.randint(-(10**9), 10**9)}\n" for _ in range(count)).encode()


def naturals(count: int, seed: int) -> bytes:
    """The count, then that many integers from 0 to 10^6 in one line."""
    source = random.Random(seed)
    values = " ".join(str(source.randint(0, 10**6)) for _ in range(count))
    return f"{count}\n{values}\n".encode()


def pairs(count: int, bound: int, seed: int) -> bytes:
    """``count`` lines of two integers in [-bound, bound]."""
    source = random.Random(seed)
    lines = (
        f"{source.randint(-bound, bound)} {source.randint(-bound, bound)}\n" for _ in range(count)
    )
    return "".join(lines).encode()


def graph(nodes: int, edges: int, seed: int) -> bytes:
    """``nodes edges``, then a connected graph as lines ``u v weight``."""
    source = random.Random(seed)
    lines = [f"{source.randrange(v)} {v} {source.randint(1, 1000)}" for v in range(1, nodes)]
    while len(lines) < edges:
        lines.append(
            f"{source.randrange(nodes)} {source.randrange(nodes)} {source.randint(1, 1000)}"
        )
    return "\n".join([f"{nodes} {edges}", *lines, ""]).encode()


def grid(height: int, width: int, seed: int) -> bytes:
    """``height width``, then a maze of ``.`` and ``#`` with free corners."""
    source = random.Random(seed)
    rows = [[source.choices(".#", (3, 1))[0] for _ in range(width)] for _ in range(height)]
    rows[0][0] = rows[-1][-1] = "."
    return "\n".join([f"{height} {width}", *("".join(row) for row in rows), ""]).encode()


def words(count: int, seed: int) -> bytes:
    """``count`` words of a small vocabulary, ten a line, with some punctuation."""
    source = random.Random(seed)
    letters = "etaoinshrdlu"
    vocabulary = ["".join(source.choices(letters, k=source.randint(1, 8))) for _ in range(500)]
    text = []
    for i in range(count):
        word = source.choice(vocabulary)
        word = word.capitalize() if source.random() < 0.1 else word
        text.append(word + source.choices(["", ",", ".", "'s"], (12, 1, 1, 1))[0])
        text.append("\n" if i % 10 == 9 else " ")
    return "".join(text).encode()


def octets(count: int, seed: int) -> bytes:
    """``count`` bytes of any value."""
    return random.Random(seed).randbytes(count)


GENERATORS: dict[str, Callable[..., bytes]] = {
    "integers": integers, "naturals": naturals, "pairs": pairs, "graph": graph, "grid": grid, "words": words,
    "bytes": octets,
}  # fmt: skip


def generate(line: str) -> bytes:
    """Make the input that a ``.gen`` file describes: a generator's name, then its integers."""
    name, *numbers = line.split()
    return GENERATORS[name](*map(int, numbers))

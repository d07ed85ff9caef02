"""Throw mutated and random programs at the analyser: no crash, no stall.

    python -m tests.bench.analysis_fuzz [--count 50000] [--seed 1] [--folder PROGRAMS]

Seeds are the rules' own examples and, with --folder, a corpus. Every input goes through the real child. What is
counted: answers, leaves that died (each of which has to end in ``too-complex``), and the slowest answer. It ends
with 1 if the analyser raised, or an answer took longer than --stall seconds of real time.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import sys
import time
from pathlib import Path

from berm.analysis import Analyser, AnalyserError, Policy
from berm.analysis.analyser import SUFFIXES
from berm.analysis.grammar import GRAMMARS
from berm.analysis.rules import shipped

TOKENS = (
    b"(", b")", b"[", b"]", b"{", b"}", b"'", b'"', b"\\", b"\n", b"\t", b"\0", b"#", b"//", b"/*", b"`", b"${", b"}",
    b"getattr(", b"__import__(", b"eval(", b"exec(", b"lambda:", b"lambda x:", b"f'{", b"**", b"<<", b"*10", b"=",
    b".constructor", b"require(", b"process[", b"Function(", b"=>", b"async ", b"await ", b"yield ", b"class A:",
    b"def f():", b" for x in ", b"if 1:", b"while 1:", b"try:", b"match x:", b"case {", b"@", b"...", b"0x", b"1e999",
    b"\xff", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"-", b"~", b"not ", b"'%999999d'%1", b"[1]*9999", b"## ", b"#define ",
)  # fmt: skip


def seeds(folder: Path | None) -> list[tuple[str, bytes]]:
    """Return programs to start from, with their languages."""
    made = [
        (language, example.encode())
        for rule in shipped()
        for language in rule.languages
        if language != "*"
        for example in (rule.hit_for(language), rule.miss_for(language))
    ]
    if folder is not None:
        for path in sorted(folder.rglob("*")):
            language = SUFFIXES.get(path.suffix.lower())
            if language is not None and path.is_file() and path.stat().st_size < 20_000:
                made.append((language, path.read_bytes()))
    return made


def mutated(chance: random.Random, pool: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Return one input."""
    language, source = chance.choice(pool)
    kind = chance.random()
    if kind < 0.05:
        return chance.choice(list(GRAMMARS)), chance.randbytes(chance.randrange(2000))
    if kind < 0.10:
        return language, chance.choice(TOKENS) * chance.randrange(1, 12_000)
    data = bytearray(source)
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                data[at:at] = chance.choice(TOKENS)
            case 1:
                del data[at : at + chance.randrange(1, 40)]
            case 2:
                end = min(len(data), at + chance.randrange(1, 200))
                data[at:at] = bytes(data[at:end]) * chance.randrange(1, 30)
            case 3:
                other = chance.choice(pool)[1]
                start = chance.randrange(len(other) + 1)
                data[at:at] = other[start : start + chance.randrange(1, 400)]
            case 4 if data:
                data[at % len(data)] = chance.randrange(256)
            case _:
                data[at:at] = chance.choice(TOKENS) * chance.randrange(1, 400)
    return language, bytes(data[:49_000])


def main() -> int:
    """Throw, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--stall", type=float, default=15.0)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    pool = seeds(given.folder)
    analyser = Analyser(1)
    analyser.start()
    policy = Policy("strict")
    failed: list[str] = []
    complex_: collections.Counter[str] = collections.Counter()
    slowest = 0.0
    began = time.monotonic()
    for number in range(given.count):
        language, source = mutated(chance, pool)
        started = time.monotonic()
        try:
            analysis = analyser.analyse(source, language, policy)
        except AnalyserError as error:
            failed.append(f"{number}: {language}: {error}")
            Path(f"failed-{given.seed}-{number}.{language}").write_bytes(source)
            continue
        slowest = max(slowest, time.monotonic() - started)
        for finding in analysis.findings:
            if finding.rule == "any.too-complex":
                why = finding.message.rpartition(": ")[2]
                complex_["too long." if why.startswith("it has") else why] += 1
                if why == "its parser broke.":
                    failed.append(f"{number}: {language}: {why}")
                    Path(f"failed-{given.seed}-{number}.{language}").write_bytes(source)
    analyser.close()
    figures = {
        "inputs": given.count,
        "failed": len(failed),
        "too_complex": dict(complex_),
        "slowest_seconds": round(slowest, 3),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(figures, indent=2))
    for line in failed[:20]:
        print(line)
    return 1 if failed or slowest > given.stall else 0


if __name__ == "__main__":
    sys.exit(main())

"""What a policy pack refuses of a folder of programs: figures, and every program behind them.

    python -m tests.bench.analysis_corpus FOLDER [--pack contest] [--language python] [--list] [--json]

Every file below FOLDER whose name says a language (or that --language says it for) is one program. Over a folder
of honest programs the figure is the share that is refused, over one of hostile programs the share that is
found. The programs are not part of Berm: take them from where you trust them to be what you call them.
"""

from __future__ import annotations

import argparse
import collections
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from berm.analysis import Analyser, Policy
from berm.analysis.analyser import SUFFIXES
from berm.model import Analysis


def programs(folder: Path, language: str | None) -> Iterator[tuple[Path, str, bytes]]:
    """Yield the programs of a folder with their languages."""
    for path in sorted(folder.rglob("*")):
        found = language or SUFFIXES.get(path.suffix.lower())
        if found is None or not path.is_file() or path.is_symlink():
            continue
        source = path.read_bytes()
        if source.strip():
            yield path, found, source


def main() -> int:
    """Analyse, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pack", default="contest")
    parser.add_argument("--language")
    parser.add_argument("--list", choices=["refused", "passed"], help="name these programs")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()

    policy = Policy(given.pack)
    analyser = Analyser(1, max_source=512 * 1024)
    analyser.start()
    total = refused = unfinished = 0
    rules: collections.Counter[str] = collections.Counter()
    categories: collections.Counter[str] = collections.Counter()
    times: list[float] = []
    seen: set[bytes] = set()
    for path, language, source in programs(given.folder, given.language):
        if source in seen:
            continue
        seen.add(source)
        started = time.perf_counter()
        analysis = analyser.analyse(source, language, policy)
        times.append(time.perf_counter() - started)
        total += 1
        refused += analysis.refused is not None
        unfinished += any(f.rule == "any.too-complex" for f in analysis.findings)
        blocked = [finding for finding in analysis.findings if finding.blocked]
        rules.update({finding.rule for finding in blocked})
        categories.update({finding.category for finding in analysis.findings})
        if given.list == "refused" and blocked:
            print(path.relative_to(given.folder), *_reasons(analysis), sep="\n    ")
        elif given.list == "passed" and not blocked:
            print(path.relative_to(given.folder), *{f.rule for f in analysis.findings})
    analyser.close()
    figures = {
        "programs": total,
        "refused": refused,
        "percent": round(100 * refused / total, 3) if total else None,
        "too_complex": unfinished,
        "rules": dict(rules.most_common()),
        "categories": dict(categories.most_common()),
        "median_ms": round(statistics.median(times) * 1000, 2) if times else None,
        "p99_ms": round(sorted(times)[int(len(times) * 0.99)] * 1000, 2) if times else None,
    }
    print(json.dumps(figures, indent=None if given.json else 2))
    return 0


def _reasons(analysis: Analysis) -> list[str]:
    return [
        f"{finding.line}:{finding.column} {finding.rule}: {finding.message[:150]} <{finding.text[:80]}>"
        for finding in analysis.findings
        if finding.blocked
    ][:6]


if __name__ == "__main__":
    sys.exit(main())

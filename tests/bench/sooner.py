"""How much sooner Node, Java and C++ are than bare, in one run: ``python -m tests.bench.sooner``.

Each pair is taken one after the other, so that whatever else the machine does weighs on both. Options:
``--rounds N`` (at least 5), ``--plan namespaces|confined``.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import berm

NODE = "console.log(parseInt(require('fs').readFileSync(0, 'utf8')) + 1)\n"
JAVA = """import java.util.Scanner;
public class Main {
    public static void main(String[] args) {
        System.out.println(new Scanner(System.in).nextInt() + 1);
    }
}
"""
CPP = """#include <bits/stdc++.h>
using namespace std;
int main() {
    int n;
    cin >> n;
    vector<int> v(n);
    iota(v.begin(), v.end(), 0);
    sort(v.rbegin(), v.rend());
    map<string, int> m;
    for (int x : v) m[to_string(x)]++;
    cout << m.size() + 1 << "\\n";
}
"""


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


def _bare(*commands: list[str], folder: Path) -> None:
    for command in commands:
        done = subprocess.run(
            command, input=b"41\n", stdout=subprocess.PIPE, cwd=folder, check=True
        )
    assert done.stdout in (b"42\n", b""), done.stdout


class Bench:
    """One engine, one directory for the bare runs, and the pairs."""

    def __init__(self, engine: berm.Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder

    async def run(self, source: str, language: str) -> None:
        """Run once, compiled anew where it is compiled."""
        result = await self.engine.run(source, language, stdin="41\n")
        assert result.text == "42\n", result

    async def compile(self, source: str) -> None:
        """Compile C++, or find it compiled."""
        program = await self.engine.prepare(source, "cpp")
        assert program.ok, program.compile
        program.close()

    async def pair(
        self, source: str, language: str, name: str, *commands: list[str]
    ) -> tuple[float, float]:
        """Return the seconds of a run in a cell and of a bare one."""
        (self.folder / name).write_text(source)
        await self.engine.parking.settled()
        inside = await _timed(lambda: self.run(source, language))
        outside = await _timed(lambda: asyncio.to_thread(_bare, *commands, folder=self.folder))
        return inside, outside

    async def cpp(self, source: str) -> tuple[float, float, float]:
        """Return the seconds of a first compilation, of a second one, and of a bare one."""
        (self.folder / "main.cpp").write_text(source)
        command = ["g++", "-O2", "-std=c++20", "-o", "main", "main.cpp", "-lm"]
        first = await _timed(lambda: self.compile(source))
        second = await _timed(lambda: self.compile(source))
        bare = await _timed(lambda: asyncio.to_thread(_bare, command, folder=self.folder))
        return first, second, bare


def _show(what: str, inside: list[float], outside: list[float], budget: float) -> None:
    mine, bare = statistics.median(inside), statistics.median(outside)
    print(
        f"{what:34} {mine * 1e3:9.1f} ms  bare {bare * 1e3:9.1f} ms  {mine / bare:7.4f} of it (budget {budget})"
    )


async def main() -> None:
    """Print every ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--plan", default="auto")
    options = parser.parse_args()
    rounds = max(5, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        async with berm.Engine(berm.Config(plan=options.plan)) as engine:
            await engine.furnish(["javascript", "java", "cpp"])
            bench = Bench(engine, Path(folder))
            node = [
                await bench.pair(NODE, "javascript", "main.js", ["node", "main.js"])
                for _ in range(rounds)
            ]
            compiled = ["javac", "Main.java"], ["java", "Main"]
            java = [
                await bench.pair(f"{JAVA}// {n}\n", "java", "Main.java", *compiled)
                for n in range(rounds)
            ]
            cpp = [await bench.cpp(f"{CPP}// {n}\n") for n in range(rounds)]
            parking = engine.parking
    _show("Node, tiny", [a for a, _ in node], [b for _, b in node], 0.3)
    _show("Java, compile and run, tiny", [a for a, _ in java], [b for _, b in java], 0.35)
    _show("C++ with bits/stdc++.h, first", [a for a, _, _ in cpp], [c for _, _, c in cpp], 0.3)
    _show("C++, seen before", [b for _, b, _ in cpp], [c for _, _, c in cpp], 0.02)
    print(
        f"waiting runtimes: {parking.hits} hits, {parking.misses} misses, {parking.failed} failed"
    )


if __name__ == "__main__":
    asyncio.run(main())

"""The program that runs inside an environment: what is permitted, what works, what holds.

It needs Python's standard library and Berm's core, so that it runs where nothing can be installed.
Three parts, each of which can be left out:

* facts: what the machine permits, what Berm makes of it, and what it refuses to do without being
  told to (then the rest runs with exactly that given up);
* conformance: in every language found, a program that reads, prints and exits, and one for each
  limit;
* audit: every attack of ``berm.audit``, or those whose names are given.

The last line it prints is ``BERM-REPORT`` and JSON; what comes before is for whoever watches.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import platform
import re
import sys
import time
from typing import Any

import berm
from berm.audit.runner import Auditor, Trial, select, with_time
from berm.model import MIB, Guarantee, Limits

MARK = "BERM-REPORT "

#: Language → programs: reads two numbers and exits with 3; spins; takes memory; prints for ever.
PROGRAMS = {
    "python": (
        "a, b = map(int, input().split())\nprint('hello', a + b)\nraise SystemExit(3)\n",
        "while True: pass\n",
        "x = []\nwhile True: x.append(bytearray(1 << 20))\n",
        "while True: print('x' * 4096)\n",
    ),
    "c": (
        (
            '#include <stdio.h>\nint main(void) { int a, b; if (scanf("%d %d", &a, &b) != 2) return 9;\n'
            'printf("hello %d\\n", a + b); return 3; }\n'
        ),
        "int main(void) { for (volatile int i = 0;; i++) {} }\n",
        (
            "#include <stdlib.h>\n#include <string.h>\nint main(void) { for (;;) { char *p = malloc(1 << 20);\n"
            "if (!p) abort(); memset(p, 1, 1 << 20); } }\n"
        ),
        '#include <stdio.h>\nint main(void) { for (;;) puts("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"); }\n',
    ),
    "cpp": (
        (
            "#include <iostream>\nint main() { int a, b; std::cin >> a >> b;\n"
            'std::cout << "hello " << a + b << std::endl; return 3; }\n'
        ),
        "int main() { for (volatile int i = 0;; i = i + 1) {} }\n",
        (
            "#include <vector>\nint main() { std::vector<std::vector<char>> v;\n"
            "for (;;) v.emplace_back(1 << 20, 'x'); }\n"
        ),
        '#include <iostream>\nint main() { for (;;) std::cout << "xxxxxxxxxxxxxxxxxxxxxxxx\\n"; }\n',
    ),
    "javascript": (
        (
            "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number);\n"
            "console.log('hello', a + b);\nprocess.exitCode = 3;\n"
        ),
        "for (;;) {}\n",
        "const x = [];\nfor (;;) x.push(new Array(1 << 17).fill(x.length + 0.5));\n",
        "const fs = require('fs');\nfor (;;) fs.writeSync(1, 'x'.repeat(4096));\n",
    ),
    "java": (
        (
            "public class Main { public static void main(String[] args) {\n"
            "var in = new java.util.Scanner(System.in); int a = in.nextInt(), b = in.nextInt();\n"
            'System.out.println("hello " + (a + b)); System.exit(3); } }\n'
        ),
        (
            "public class Main { static volatile int i; public static void main(String[] a)"
            " { for (;;) i++; } }\n"
        ),
        (
            "public class Main { public static void main(String[] a) { var x = new"
            " java.util.ArrayList<byte[]>();\nfor (;;) x.add(new byte[1 << 20]); } }\n"
        ),
        (
            'public class Main { public static void main(String[] a) { String s = "x".repeat(4096);\n'
            "for (;;) System.out.println(s); } }\n"
        ),
    ),
}


def main() -> int:
    """Do what is asked and print the report; 0 whatever it says, the caller judges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landlock-abi", type=int, help="pretend that Landlock has this ABI")
    parser.add_argument("--attacks", default="", help="comma-separated ids; none; empty for all")
    parser.add_argument("--languages", default="", help="comma-separated; empty for all found")
    parser.add_argument("--programs", default="", help="languages of programs; empty for all")
    parser.add_argument("--slow", type=float, default=1.0, help="factor for limits of time")
    parser.add_argument(
        "--lowered", action="store_true", help="go on with what is refused given up"
    )
    options = parser.parse_args()
    report = asyncio.run(_report(options))
    sys.stdout.write("\n" + MARK + json.dumps(report, separators=(",", ":")) + "\n")
    sys.stdout.flush()
    return 0


async def _report(options: argparse.Namespace) -> dict[str, Any]:
    report: dict[str, Any] = {
        "kernel": platform.release(),
        "python": platform.python_version(),
        "uid": os.geteuid(),
        "refused": None,
    }
    config = berm.Config(landlock_abi=options.landlock_abi)
    engine = berm.Engine(config)
    async with engine:
        report["features"] = engine.features.as_dict()
        try:
            enforcement = engine.enforcement("python")
        except berm.IsolationError as error:
            names = refused_names(error)
            report["refused"] = {"guarantees": names, "text": error.diagnostics()}
            report["refused"]["runs"] = await _runs_all_the_same(engine)
            config = dataclasses.replace(config, give_up=tuple(map(Guarantee, names)))
    if report["refused"] is not None:
        if not options.lowered:
            return report
        async with berm.Engine(config) as lowered:
            enforcement = lowered.enforcement("python")
    report["enforcement"] = enforcement.as_dict()
    wanted = [name for name in options.languages.split(",") if name]
    programs = [name for name in options.programs.split(",") if name]
    report["conformance"] = await _conformance(config, programs, options.slow)
    if "cgroup" in enforcement.layers:
        report["cgroup"] = await _cgroup(config, options.slow)
    if options.attacks != "none":
        names = [name for name in options.attacks.split(",") if name]
        report["attacks"] = await _audit(config, names, wanted, options.slow)
    return report


def refused_names(error: berm.IsolationError) -> list[str]:
    """Return the guarantees that a refusal names; fails if it names none."""
    found = re.search(r"cannot hold: ([a-z_, ]+)\.", error.summary)
    if found is None:
        raise error
    return found[1].split(", ")


async def _runs_all_the_same(engine: berm.Engine) -> bool:
    """Try to run a program where Berm refuses; True if it ran."""
    try:
        await engine.run("print('it ran')")
    except berm.IsolationError:
        return False
    return True


def _refusal(engine: berm.Engine, language: str) -> str:
    """Return why Berm refuses a language here although it runs others; empty if it does not."""
    try:
        engine.enforcement(language)
    except berm.IsolationError as error:
        return f"{error.summary} {error.meaning}".strip()
    return ""


async def _conformance(config: berm.Config, wanted: list[str], slow: float) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    async with berm.Engine(config) as engine:
        found = {language.name for language in engine.registry.available()}
        for language, (reads, spins, hoards, prints) in PROGRAMS.items():
            if language not in found or (wanted and language not in wanted):
                rows.append({"language": language, "check": "all", "status": "not installed"})
                continue
            if refusal := _refusal(engine, language):
                rows.append(
                    {"language": language, "check": "all", "status": "refused", "why": refusal}
                )
                continue
            roomy = Limits(wall_time=30 * slow, cpu_time=30 * slow)
            tight = dataclasses.replace(roomy, memory=96 * MIB)
            short = dataclasses.replace(roomy, cpu_time=1.0 * slow)
            late = dataclasses.replace(roomy, wall_time=1.0 * slow)
            plain = {"exit_code": 3, "kind": "exited", "stdout": "hello 42"}
            for check, source, limits, expected in (
                ("runs", reads, roomy, plain),
                ("cpu_time", spins, short, {"kind": "cpu_limit"}),
                ("wall_time", spins, late, {"kind": "wall_limit"}),
                ("memory", hoards, tight, {"kind": "memory_limit"}),
                (
                    "output",
                    prints,
                    dataclasses.replace(roomy, output=65536),
                    {"kind": "output_limit"},
                ),
            ):
                began = time.monotonic()
                row: dict[str, Any] = {"language": language, "check": check, "status": "ok"}
                try:
                    result = await engine.run(source, language, stdin="40 2", limits=limits)
                    seen = {
                        "kind": result.outcome.kind.value,
                        "exit_code": result.outcome.exit_code,
                        "stdout": result.stdout[:200].decode("utf-8", "replace").strip(),
                    }
                    if any(seen[key] != value for key, value in expected.items()):
                        tail = result.stderr[-400:].decode("utf-8", "replace")
                        row |= {"status": "wrong", "seen": seen, "stderr": tail}
                except berm.BermError as error:
                    row |= {"status": "wrong", "seen": error.diagnostics()}
                row["seconds"] = round(time.monotonic() - began, 2)
                rows.append(row)
                if row["status"] != "ok":
                    _say(f"conformance: {row}")
    return rows


#: What only a cgroup holds once rlimits and the watchdog are off, and how it must end.
_CGROUP = {
    "memory.max, one process": (
        "x = []\nwhile True: x.append(bytearray(1 << 20))\n",
        "memory_limit",
    ),
    "memory.max, shared pages of three processes": (
        (
            "import mmap, os\nm = mmap.mmap(-1, 192 << 20)\n"
            "for n in range(3):\n    if os.fork() == 0:\n"
            "        for i in range(n << 26, (n + 1) << 26, 4096): m[i] = 1\n"
            "        os._exit(0)\n"
            "for n in range(3): os.wait()\nprint('all of it')\n"
        ),
        "memory_limit",
    ),
    "pids.max": (
        (
            "import os, time\nfor n in range(64):\n    if os.fork() == 0: time.sleep(5); os._exit(0)\n"
            "print('all of them')\n"
        ),
        "process_limit",
    ),
}


async def _cgroup(config: berm.Config, slow: float) -> list[dict[str, Any]]:
    """Hold memory and processes by the cgroup alone, every other layer for them switched off."""
    rows = []
    alone = dataclasses.replace(config, ablate=("rlimits", "watchdog"))
    async with berm.Engine(alone) as engine:
        for check, (source, kind) in _CGROUP.items():
            limits = Limits(wall_time=20 * slow, cpu_time=20 * slow, memory=64 * MIB)
            result = await engine.run(source, limits=limits)
            good = result.outcome.kind.value == kind and b"all of" not in result.stdout
            seen = f"{result.outcome} {result.stdout!r} {result.stderr[-300:]!r}"
            rows.append({"check": check, "status": "ok" if good else "wrong", "seen": seen})
            if not good:
                _say(f"cgroup: {rows[-1]}")
    return rows


async def _audit(
    config: berm.Config, names: list[str], languages: list[str], slow: float
) -> list[dict[str, Any]]:
    attacks = [one for one in select() if not names or one.id in names]
    attacks = [one for one in attacks if not languages or one.language in languages]
    attacks = [one for one in attacks if one.guarantee not in config.give_up]
    rows = []
    async with Auditor(config) as auditor:
        for attack in attacks:
            trial: Trial = await auditor.attempt(attack)
            if trial.status == "unclear" and slow > 1:
                # It was out of time before it was done: an emulated processor is slow.
                trial = await auditor.attempt(with_time(attack, slow))
            rows.append(trial.as_dict())
            if trial.status in ("escaped", "unclear"):
                _say(f"{attack.id}: {trial.status}: {trial.detail}")
    return rows


def _say(text: str) -> None:
    sys.stdout.write(text.replace("\n", " | ")[:2000] + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

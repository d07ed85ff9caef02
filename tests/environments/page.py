"""Reports of environments → what is wrong with them, and the page ``docs/isolation-matrix.md``. Pure."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import Any

from modes import FAST_ATTACKS, MACHINE_ATTACKS, MODES, Mode

from berm.model import Guarantee

Report = Mapping[str, Any]

GOOD = frozenset({"held", "not applicable"})


def faults(mode: Mode, report: Report) -> list[str]:
    """Return everything about a report that must not be."""
    if "error" in report:
        return [f"{report['error']}: {report.get('output', '')[-1500:]}"]
    found = []
    refused = set((report["refused"] or {}).get("guarantees", ()))
    if refused != mode.refused:
        found.append(f"refuses {sorted(refused)}, and should refuse {sorted(mode.refused)}")
    if (report["refused"] or {}).get("runs"):
        found.append("a program ran where Berm refuses")
    if report["refused"] and not mode.lowered:
        return found
    held = set(report["enforcement"]["guarantees"])
    missing = set(Guarantee) - held - refused
    if missing:
        found.append(f"neither held nor refused: {sorted(missing)}")
    rows = report["conformance"]
    if not any(row["status"] == "ok" for row in rows):
        found.append("no program ran")
    found += [f"conformance: {row}" for row in rows if row["status"] == "wrong"]
    found += [f"cgroup: {row}" for row in report.get("cgroup", ()) if row["status"] != "ok"]
    if not report.get("cgroup_checks", {"passed": True})["passed"]:
        found.append(f"cgroup checks: {report['cgroup_checks']['output'][-1500:]}")
    found += [
        f"attack {row['attack']}: {row['status']}: {row['detail']}"
        for row in report.get("attacks", ())
        if row["status"] not in GOOD
    ]
    return found


def page(
    reports: Mapping[str, Report], absent: Mapping[str, str], command: str, machine: str
) -> str:
    """Return the page as Markdown.

    Args:
        reports: good ones, by name of mode, in the order to show.
        absent: name of mode → why there is none.
        command, machine: how and where they were made.
    """
    parts = [_HEAD.format(command=command, machine=machine)]
    if absent:
        parts += ["**Not on this page:**\n"]
        parts += [f"- `{name}` ({MODES[name].text}) {why}." for name, why in absent.items()]
        parts += [""]
    parts += ["## What was found\n", _FOUND, _summary(reports)]
    parts += ["## Which layers hold each guarantee\n", _GUARANTEES, _guarantees(reports)]
    refusing = {name: one for name, one in reports.items() if one.get("refused")}
    if refusing:
        parts += ["## What is refused, and what Berm says\n", _REFUSED, _refusals(refusing)]
    parts += ["## Attacks per guarantee\n", _ATTACKS, _attacks(reports)]
    parts += ["## Attacks that were not applicable\n", _not_applicable(reports)]
    for title, part in (
        ("where Landlock is capped", FAST_ATTACKS),
        ("in machines", MACHINE_ATTACKS),
    ):
        parts += [f"## The part of the attacks {title}\n", _PART.format(names=_names(part))]
    parts += ["## Programs\n", _PROGRAMS, _programs(reports)]
    if any("cgroup" in one or "cgroup_checks" in one for one in reports.values()):
        parts += ["## cgroup v2\n", _CGROUPS, _cgroups(reports)]
    return "\n".join(parts).rstrip() + "\n"


_HEAD = """\
# Isolation matrix

What Berm held in which environment. This page is generated; the command that made it:

```sh
{command}
```

{machine} The environments are simulated on that kernel, except for gVisor and for the virtual machines, which
are real. In each of them the same program ran: what the environment permits, programs in every language that is
there, and attacks of `berm audit`: all of them, but in virtual machines, which are emulated without hardware
support, and where Landlock is capped, a part (listed below; `./dev environments --whole` runs all). A run with an escape, with an attack whose end is unclear, with a wrong
result or with a refusal other than the expected one ends with an error and is not shown.
"""
_FOUND = """\
*In waiting runtimes* is how many of the attacks were given to a JVM or a Node that had been started before them, as in
a service; others waited beside it, and one of those then had to run a harmless program right.
"""
_GUARANTEES = """\
The strongest layer comes first. **refused** means that Berm does not start there unless the operator names that
guarantee in `isolation.give_up`.
"""
_REFUSED = """\
The rest was run there, with exactly these guarantees given up. A language that is refused where others run stands in
the table of programs, with what Berm says.
"""
_ATTACKS = """\
Held of tried; what could not be tried (a language or a kernel feature is not there) is not counted, and stands in
the next table with its reason. Attacks on a guarantee that was given up were not made.
"""
_PART = """\
At least {names}.
"""
_PROGRAMS = """\
Each language runs a program that reads, prints and exits with 3, and one each that goes over its limit of CPU time,
real time, memory and output.
"""
_CGROUPS = """\
`alone` runs programs with resource limits and watchdog switched off, so that only the cgroup can stop them; `files`
is `tests/integration/cgroup_checks.py`: `memory.max`, `memory.oom.group`, `pids.max`, `cpu.max` and `cgroup.kill` one
by one, as root and as a user with a delegated subtree.
"""


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    text = [
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in lines
    ]
    return "\n".join(text) + "\n"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _counts(report: Report) -> collections.Counter[str]:
    return collections.Counter(row["status"] for row in report.get("attacks", ()))


def _summary(reports: Mapping[str, Report]) -> str:
    rows = []
    for name, report in reports.items():
        counts = _counts(report)
        refused = (report["refused"] or {}).get("guarantees", [])
        rows.append(
            [
                f"`{name}`",
                MODES[name].text,
                report["kernel"].partition("-")[0],
                report["features"]["landlock_abi"],
                report["enforcement"]["plan"] if "enforcement" in report else "none",
                len(report["enforcement"]["guarantees"]) if "enforcement" in report else 0,
                ", ".join(refused) or "nothing",
                counts["held"],
                counts["escaped"],
                counts["not applicable"],
                sum(row.get("waited", False) for row in report.get("attacks", ())),
                report.get("commit", "-"),
            ]
        )
    head = ["environment", "what it is", "Linux", "Landlock ABI", "plan", "guarantees held"]
    head += ["refused", "attacks held", "escaped", "not applicable"]
    head += ["in waiting runtimes", "sources"]
    return _table(head, rows)


def _guarantees(reports: Mapping[str, Report]) -> str:
    """Environments with the same layers share a row of names, so that the table stays narrow."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, report in reports.items():
        if "enforcement" not in report:
            continue
        held = report["enforcement"]["guarantees"]
        cells = tuple(", ".join(held.get(g, ())) or "**refused**" for g in Guarantee)
        alike.setdefault(cells, []).append(name)
    texts = []
    for cells, names in alike.items():
        texts.append("**" + ", ".join(f"`{name}`" for name in names) + "**\n")
        texts.append(
            _table(
                ["guarantee", "held by"],
                [[g.value, c] for g, c in zip(Guarantee, cells, strict=True)],
            )
        )
    return "\n".join(texts)


def _refusals(reports: Mapping[str, Report]) -> str:
    rows = [
        [f"`{name}`", ", ".join(one["refused"]["guarantees"]), one["refused"]["text"]]
        for name, one in reports.items()
    ]
    return _table(["environment", "guarantees", "what Berm says"], rows)


def _attacks(reports: Mapping[str, Report]) -> str:
    rows = []
    for name, report in reports.items():
        if "attacks" not in report:
            continue
        held: collections.Counter[str] = collections.Counter()
        tried: collections.Counter[str] = collections.Counter()
        for row in report.get("attacks", ()):
            held[row["guarantee"]] += row["status"] == "held"
            tried[row["guarantee"]] += row["status"] != "not applicable"
        given_up = (report["refused"] or {}).get("guarantees", [])
        cells = ["refused" if g in given_up else f"{held[g]}/{tried[g]}" for g in Guarantee]
        rows.append([f"`{name}`", *cells])
    return _table(["environment", *(g.value.replace("_", " ") for g in Guarantee)], rows)


def _not_applicable(reports: Mapping[str, Report]) -> str:
    """Group by reason and set of attacks: many environments lack the same things."""
    reasons: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, report in reports.items():
        attacks: dict[str, list[str]] = {}
        for row in report.get("attacks", ()):
            if row["status"] == "not applicable":
                attacks.setdefault(row["detail"], []).append(row["attack"])
        for detail, names in attacks.items():
            reasons.setdefault((detail, tuple(names)), []).append(name)
    rows = [
        [", ".join(f"`{one}`" for one in attacks), detail, ", ".join(f"`{m}`" for m in names)]
        for (detail, attacks), names in sorted(reasons.items(), key=lambda item: item[0][1])
    ]
    return _table(["attacks", "why", "where"], rows) if rows else "None.\n"


def _programs(reports: Mapping[str, Report]) -> str:
    rows = []
    for name, report in reports.items():
        right: collections.Counter[str] = collections.Counter()
        absent: list[str] = []
        refused: dict[str, list[str]] = {}
        for row in report.get("conformance", ()):
            right[row["language"]] += row["status"] == "ok"
            absent += [row["language"]] if row["status"] == "not installed" else []
            if row["status"] == "refused":
                refused.setdefault(row["why"], []).append(row["language"])
        good = [f"{language} {count}/5" for language, count in right.items() if count]
        rows.append(
            [
                f"`{name}`",
                ", ".join(good) or "nothing was run",
                ", ".join(absent) or "none",
                "; ".join(f"{', '.join(who)}: {why}" for why, who in refused.items()) or "none",
            ]
        )
    return _table(["environment", "right", "not installed there", "refused by Berm"], rows)


def _cgroups(reports: Mapping[str, Report]) -> str:
    rows = []
    for name, report in reports.items():
        if "cgroup" in report:
            alone = ", ".join(f"{row['check']}: {row['status']}" for row in report["cgroup"])
            files = report.get("cgroup_checks", {}).get("output", "").splitlines()
            checks = ", ".join(line.strip() for line in files if ": ok" in line)
            rows.append([f"`{name}`", alone, checks])
    return _table(["environment", "alone", "files"], rows)

"""Run Berm in every environment and write down what held.

    ./dev environments                      all environments, all attacks (in some, a part: see modes.py)
    ./dev environments --whole vm-6.1-root  all attacks in a virtual machine too: half an hour
    ./dev environments --fast               the part that every change must pass, as .ci/run does
    ./dev environments --reports DIR --page the same, and the page docs/isolation-matrix.md of all reports in DIR
    ./dev environments --reports DIR --page --attacks none      just the page
    ./dev environments aca vm-6.1-root      some of them
    ./dev environments --list

Needs root, and the simulator of environments: $BERM_SIMULATOR, or ../shared/sim beside the checkout. Without
it nothing is run, and that is an error only under CI. Ends with 1 if anything escaped, was unclear, gave a wrong
result or was refused otherwise than expected. The reports are kept (``--reports``), so that the page can be
made of several runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "src")]

from machine import (  # noqa: E402
    ROOT,
    Part,
    SimulatorError,
    carried,
    commit,
    install,
    run,
    simulator,
    stop,
)
from modes import FAST_PROGRAMS, MODES  # noqa: E402
from page import Report, faults, page  # noqa: E402

PAGE = ROOT / "docs" / "isolation-matrix.md"


def main() -> int:
    """Do what was asked; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="./dev environments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("mode", nargs="*", help="environments; all if none is given")
    parser.add_argument("--list", action="store_true", help="show the environments and stop")
    parser.add_argument("--fast", action="store_true", help="few environments, few attacks")
    parser.add_argument("--whole", action="store_true", help="all attacks everywhere")
    parser.add_argument("--attacks", default="", help="ids with commas; none; all if empty")
    parser.add_argument("--languages", default="", help="names with commas; all if empty")
    parser.add_argument("--jobs", type=int, default=1, help="environments at a time (1)")
    parser.add_argument("--reports", type=Path, help="keep the reports in this folder, as JSON")
    parser.add_argument(
        "--page", action="store_true", help=f"write {PAGE.relative_to(ROOT)} from the kept reports"
    )
    options = parser.parse_args()
    if options.list:
        for mode in MODES.values():
            print(f"{mode.name:18} {'fast' if mode.fast else '    '} {mode.text} ({mode.shown})")
        return 0
    unknown = [name for name in options.mode if name not in MODES]
    if unknown:
        parser.error(f"no such environment: {', '.join(unknown)} (see --list)")
    wanted = options.mode or [m.name for m in MODES.values() if m.fast or not options.fast]
    if options.page and options.attacks == "none":
        return int(_write_page(options.reports))
    try:
        tools = simulator()
        machines = any(MODES[name].simulator == "vm" for name in wanted)
        install(tools, machines=machines)
    except SimulatorError as error:
        print(f"environments: {error}", file=sys.stderr)
        return 1 if os.environ.get("CI", "").lower() in ("1", "true", "yes") else 0
    signal.signal(signal.SIGTERM, _interrupted)
    bad = 0
    with carried(machines=machines) as folder, ThreadPoolExecutor(options.jobs) as pool:

        def one(name: str) -> tuple[str, Report]:
            mode = MODES[name]
            few = options.fast or (mode.part and not options.whole)
            attacks = options.attacks or (",".join(mode.chosen) if few else "")
            programs = options.languages or (",".join(FAST_PROGRAMS) if options.fast else "")
            report = run(mode, folder, tools, Part(attacks, options.languages, programs))
            return name, report | {"chosen": few and not options.attacks, "commit": commit()}

        try:
            for done in as_completed([pool.submit(one, name) for name in wanted]):
                name, report = done.result()
                bad += _tell(name, report)
                if options.reports:
                    options.reports.mkdir(parents=True, exist_ok=True)
                    _file(options.reports, name).write_text(json.dumps(report, indent=1) + "\n")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop()
            raise
    if options.page:
        bad += _write_page(options.reports)
    return 1 if bad else 0


def _interrupted(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _tell(name: str, report: Report) -> bool:
    """Print what became of an environment; True if something is wrong."""
    wrong = faults(MODES[name], report)
    counts = {"held": 0, "escaped": 0, "unclear": 0, "not applicable": 0}
    for row in report.get("attacks", ()):
        counts[row["status"]] += 1
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    plan = report.get("enforcement", {}).get("plan", "-")
    refused = (report.get("refused") or {}).get("guarantees", ())
    refusal = f"; refused: {', '.join(refused)}" if refused else ""
    verdict = "WRONG" if wrong else "right"
    print(f"{name}: {verdict}, {plan}, {told or 'no attacks'}{refusal}, {report['seconds']} s")
    for line in wrong:
        print("    " + line.replace("\n", "\n    "))
    sys.stdout.flush()
    return bool(wrong)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"


def _write_page(folder: Path | None) -> bool:
    """Write the page of all good reports; True if one is absent or bad, which the page says too."""
    if folder is None:
        print("environments: --page needs --reports", file=sys.stderr)
        return True
    reports, absent = {}, {}
    for name, mode in MODES.items():
        path = _file(folder, name)
        report = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if not report:
            absent[name] = "was not run"
        elif report.get("chosen") and not mode.part:
            absent[name] = "was run with a part of the attacks only"
        elif faults(mode, report):
            absent[name] = "did not come to an end, or not to a good one"
        else:
            reports[name] = report
    for name, why in absent.items():
        print(f"environments: {name} {why}", file=sys.stderr)
    kernel = f"Made on {platform.machine()}, Linux {platform.release().split('-')[0]}."
    command = "./dev environments --reports reports --page"
    PAGE.write_text(page(reports, absent, command, kernel), "utf-8")
    print(f"{PAGE.relative_to(ROOT)}: written")
    return bool(absent)


if __name__ == "__main__":
    sys.exit(main())

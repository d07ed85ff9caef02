"""``berm top``: what it shows of a service's metrics; and the systemd unit that ships."""

from __future__ import annotations

import configparser
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from berm.cli import pool_report, top
from berm.config import Config
from berm.errors import BermError
from berm.model import Denial, Enforcement, Outcome, OutcomeKind, RunResult, Usage
from berm.service.metrics import Metrics

UNIT = Path(__file__).parents[2] / "deploy/systemd/berm.service"


def shown(now, before=None):
    console = Console(file=io.StringIO(), width=200)
    console.print(top.picture("http://x", now, before))
    return console.file.getvalue()


def result(kind=OutcomeKind.EXITED):
    denials = (Denial("connect", "AF_INET", 3, "connect to the network"),)
    return RunResult(
        b"",
        b"",
        Outcome(kind, 0),
        Usage(0.25, 0.2, 1, 1),
        Enforcement("x", {}, ()),
        denials=denials,
    )


def test_what_was_counted_is_shown_with_rates():
    metrics = Metrics()
    metrics.run("python", result())
    before = top.parse(metrics.text().decode(), 100.0)
    for _ in range(20):
        metrics.run("python", result())
    metrics.run("java", result(OutcomeKind.WALL_LIMIT))
    metrics.verdict("python", "WA")
    metrics.limit_hit("requests")
    text = shown(top.parse(metrics.text().decode(), 110.0), before)
    assert re.search(r"python +21 +2\.0/s +250\.0 ms +0", text)
    assert re.search(r"java +1 +0\.1/s .* 1", text)
    assert re.search(r"WA +1", text)
    assert re.search(r"limit requests +1", text)
    assert re.search(r"syscall connect +66", text)
    assert "DOES NOT HOLD" in text  # nothing said that it does


def test_doctor_shows_what_a_service_has_parked():
    said = """\
berm_pool_parked{profile="python"} 7
berm_pool_taken_total{how="parked",profile="python"} 41
berm_pool_taken_total{how="cold",profile="python"} 2
berm_pool_age_seconds{profile="python"} 601.0
berm_pool_recycled_total{profile="python"} 3
berm_parking_taken_total{how="waiting"} 5
berm_compile_cache_total{how="hit"} 11
berm_compile_cache_bytes 1572864
"""
    told = pool_report.of_service("http://x", top.parse(said, 1.0))
    (pool,) = told["pools"]
    assert pool == {
        "profile": "python", "parked": 7, "hits": 41, "misses": 2, "age_seconds": 601.0, "recycled": 3,
    }  # fmt: skip
    console = Console(file=io.StringIO(), width=200)
    pool_report.show(console, pool_report.allowed(Config(pool_floor=3, pool_ceiling=9)), told)
    text = console.file.getvalue()
    assert "3 to 9" in text
    assert re.search(r"python +7 +41 +2 +10 min +3", text)
    assert "5 hits" in text
    assert "(1.5 MiB), 11 hits" in text


def test_a_service_that_is_not_there_is_told():
    with pytest.raises(BermError, match="No service answers"):
        top.read("http://127.0.0.1:1")


def test_denied_calls_get_a_bounded_number_of_labels():
    metrics = Metrics()
    for number in range(500):
        denial = Denial(f"call{number}", "", 1, "")
        metrics.run("python", RunResult(b"", b"", Outcome(OutcomeKind.EXITED, 0), Usage(),
                                        Enforcement("x", {}, ()), denials=(denial,)))  # fmt: skip
    text = metrics.text().decode()
    assert text.count("berm_denials_total{") <= 65
    assert 'berm_denials_total{syscall="other"} 436.0' in text


def test_the_unit_delegates_a_cgroup_and_is_understood():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNIT)
    service = parser["Service"]
    assert service["Delegate"] == "yes"
    assert service["RestartPreventExitStatus"] == "78"
    # What would forbid cells must not come in by somebody's hardening.
    for name in ("PrivateUsers", "RestrictNamespaces", "SystemCallFilter", "NoNewPrivileges"):
        assert name not in service
    if shutil.which("systemd-analyze") is None:
        return
    done = subprocess.run(["systemd-analyze", "verify", UNIT], capture_output=True, text=True)
    wrong = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert not [line for line in wrong if UNIT.name in line], wrong

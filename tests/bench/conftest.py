"""Figures: each benchmark tells its ratio, the budget of docs/specification.md, and on what it was measured."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

import pytest


@dataclasses.dataclass(frozen=True)
class Figure:
    """One measured ratio, with the two times (in milliseconds) or rates that it was made from."""

    name: str
    ours: float
    theirs: float
    unit: str
    budget: float
    at_least: bool = False

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def held(self) -> bool:
        return self.ratio >= self.budget if self.at_least else self.ratio <= self.budget

    def line(self) -> str:
        sign = ">=" if self.at_least else "<="
        return (
            f"{self.name}: {self.ours:.2f} {self.unit} / {self.theirs:.2f} {self.unit}"
            f" = {self.ratio:.3f} (budget {sign} {self.budget:g}){'' if self.held else '  OVER'}"
        )


_FIGURES = pytest.StashKey[list[Figure]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("berm").addoption("--figures", help="write the figures to this file, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FIGURES] = []


@pytest.fixture
def report(request: pytest.FixtureRequest):
    """``report(figure)``: show it at the end, and fail if its budget does not hold."""

    def tell(figure: Figure) -> None:
        request.config.stash[_FIGURES].append(figure)
        assert figure.held, figure.line()

    return tell


def median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    figures = config.stash[_FIGURES]
    terminalreporter.section("figures")
    machine = f"{platform.machine()}, Linux {platform.release()}, {os.cpu_count()} cores"
    terminalreporter.line(f"{machine}, load {os.getloadavg()[0]:.1f}, uid {os.geteuid()}")
    for figure in figures:
        terminalreporter.line(figure.line())
    if path := config.getoption("--figures"):
        data = [dataclasses.asdict(one) | {"ratio": one.ratio, "held": one.held} for one in figures]
        Path(path).write_text(json.dumps({"machine": machine, "figures": data}, indent=1) + "\n")

"""Policy packs: which findings are told, and which of them refuse a program. Pure."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, Final

from berm.analysis.rules import Category, Severity
from berm.errors import PolicyError
from berm.model import Analysis, Finding

ACTIONS: Final = ("off", "report", "block")
PACKS: Final = ("off", "education", "contest", "strict")


@dataclasses.dataclass(frozen=True, slots=True)
class Pack:
    """A policy pack: an action for each rule, by its name, its category, its severity, or the default."""

    name: str
    summary: str
    default: str
    rules: Mapping[str, str]
    categories: Mapping[str, str]
    severities: Mapping[str, str]

    def action(self, finding: Finding) -> str:
        """Return what the pack does with a finding."""
        for pattern, action in self.rules.items():
            if fnmatch.fnmatchcase(finding.rule, pattern):
                return action
        if finding.category in self.categories:
            return self.categories[finding.category]
        return self.severities.get(finding.severity, self.default)


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """A pack, and what an operator or a problem changes about it.

    Attributes:
        pack: ``education``, ``contest``, ``strict`` or ``off``.
        rules: rule name, or a pattern such as ``python.*``, to ``off``, ``report`` or ``block``; it wins
            over the pack.
        allow: what is allowed here whatever the pack says: rule names, categories (``network``) or
            subjects (``threading``, ``os.environ``), with ``*`` as in file names.
    """

    pack: str = "education"
    rules: Mapping[str, str] = dataclasses.field(default_factory=dict)
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pack not in packs():
            raise PolicyError(
                f"There is no policy pack {self.pack!r}.",
                remedy=f"Give one of: {', '.join(packs())}.",
            )
        for rule, action in self.rules.items():
            if action not in ACTIONS:
                raise PolicyError(
                    f"The rule {rule} is set to {action!r}.",
                    remedy=f"Give one of: {', '.join(ACTIONS)}.",
                )

    @property
    def off(self) -> bool:
        """True where nothing would be told, so that nothing need be analysed."""
        return self.pack == "off" and not self.rules

    def action(self, finding: Finding) -> str:
        """Return what becomes of a finding: ``off``, ``report`` or ``block``."""
        if self.allows(finding):
            return "off"
        for pattern, action in self.rules.items():
            if fnmatch.fnmatchcase(finding.rule, pattern):
                return action
        return packs()[self.pack].action(finding)

    def allows(self, finding: Finding) -> bool:
        """Tell whether the allow-list has a finding."""
        return any(
            fnmatch.fnmatchcase(name, pattern)
            for pattern in self.allow
            for name in (finding.rule, finding.category, finding.subject)
        )

    def decide(self, found: Iterable[Finding], language: str, seconds: float = 0.0) -> Analysis:
        """Return the analysis under this policy."""
        findings = tuple(found)
        kept: list[Finding] = []
        for finding in findings:
            action = self.action(finding)
            if action != "off":
                kept.append(dataclasses.replace(finding, blocked=action == "block"))
        whole = not any(finding.category == Category.ANALYSIS for finding in findings)
        return Analysis(self.pack, tuple(kept), language, whole, seconds)


def refusal(analysis: Analysis) -> str:
    """Say in plain words why a program is refused; an empty string where it is not."""
    found = analysis.refused
    if found is None:
        return ""
    more = sum(finding.blocked for finding in analysis.findings) - 1
    others = f" {more} more such finding{'s' if more > 1 else ''}." if more else ""
    return (
        f"Refused before it ran, line {found.line}, column {found.column} ({found.rule}):"
        f" {found.message}{others}"
    )


@functools.cache
def packs() -> Mapping[str, Pack]:
    """Return the packs that come with Berm, by name."""
    text = resources.files("berm.analysis").joinpath("data", "packs.toml").read_text("utf-8")
    return {name: _pack(name, table) for name, table in tomllib.loads(text).items()}


def _pack(name: str, table: Mapping[str, Any]) -> Pack:
    known = {
        "rules": dict(table.get("rules", {})),
        "categories": dict(table.get("categories", {})),
        "severities": dict(table.get("severities", {})),
    }
    for action in (table["default"], *(a for part in known.values() for a in part.values())):
        if action not in ACTIONS:
            raise PolicyError(f"The pack {name} has the action {action!r}.")
    for wrong in {*known["categories"]} - {*Category} | {*known["severities"]} - {*Severity}:
        raise PolicyError(f"The pack {name} names {wrong!r}, which is no category or severity.")
    return Pack(name, table["summary"], table["default"], **known)

"""Findings as SARIF 2.1.0 (OASIS, 2020), the form that editors and code hosts read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from berm.analysis.rules import shipped
from berm.model import Analysis

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {
    "info": "note",
    "low": "note",
    "medium": "warning",
    "high": "error",
    "critical": "error",
}


def document(analyses: Mapping[str, Analysis], version: str) -> dict[str, Any]:
    """Return one run over several files, by their names."""
    used = {finding.rule for analysis in analyses.values() for finding in analysis.findings}
    rules = [rule for rule in shipped() if rule.id in used]
    order = {rule.id: index for index, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "berm",
                        "version": version,
                        "rules": [
                            {
                                "id": rule.id,
                                "shortDescription": {"text": f"The program {rule.message}."},
                                "fullDescription": {"text": rule.why},
                                "defaultConfiguration": {"level": _LEVELS[rule.severity]},
                                "properties": {"category": rule.category.value},
                            }
                            for rule in rules
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    result
                    for name, each in analyses.items()
                    for result in _results(name, each, order)
                ],
            }
        ],
    }


def _results(name: str, analysis: Analysis, order: Mapping[str, int]) -> Sequence[dict[str, Any]]:
    return [
        {
            "ruleId": finding.rule,
            "ruleIndex": order[finding.rule],
            "level": _LEVELS[finding.severity],
            "message": {"text": finding.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": name},
                        "region": {"startLine": finding.line, "startColumn": finding.column},
                    }
                }
            ],
            "properties": {"subject": finding.subject, "refused": finding.blocked},
        }
        for finding in analysis.findings
        if finding.rule in order
    ]

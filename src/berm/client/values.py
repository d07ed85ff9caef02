"""What goes to the service and what comes back, as frozen values. Unknown fields are kept in ``raw``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeAlias

Json: TypeAlias = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Test:
    """One test: what the program reads, and what it should print. Files are names in the service's folder.

    ``more`` are further fields of the request's test: ``hidden``, ``group``, ``limits``, ``files``...
    """

    __test__ = False

    input: str = ""
    expected_output: str = ""
    id: str | int | None = None
    input_file: str | None = None
    expected_output_file: str | None = None
    more: Json = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what is sent: the text, or the file in its place."""
        body: dict[str, Any] = {} if self.id is None else {"id": self.id}
        for name, file in (
            ("input", self.input_file),
            ("expected_output", self.expected_output_file),
        ):
            if file is None:
                body[name] = getattr(self, name)
            else:
                body[f"{name}_file"] = file
        return {**body, **self.more}


@dataclasses.dataclass(frozen=True, slots=True)
class TestOutcome:
    """What one test came to. Times are seconds, memory is bytes; ``verdict`` is None if it was not run.

    ``raw`` is all that the service says of it: evidence, points, collected files, transcript.
    """

    __test__ = False

    id: str | int
    verdict: str | None
    passed: bool
    output: str
    error: str | None
    wall_time: float
    cpu_time: float
    memory: int
    raw: Json = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Execution:
    """A judged program.

    Attributes:
        verdict: ``AC``, or that of the first test that did not pass.
        score, points: of a scoring request, what was reached and what there is; else 0 or 1 of 1.
        raw: the whole answer.
    """

    id: str
    language: str
    verdict: str
    passed: int
    total: int
    tests: tuple[TestOutcome, ...]
    guarantees: tuple[str, ...]
    raw: Json
    score: float = 0.0
    points: float = 1.0

    @property
    def all_passed(self) -> bool:
        """True if every test passed."""
        return self.passed == self.total

    @classmethod
    def of(cls, body: Json) -> Self:
        """Read the service's answer."""
        tests = tuple(
            TestOutcome(
                id=row["test_case_id"],
                verdict=row["verdict"],
                passed=row["passed"],
                output=row["actual_output"],
                error=row["error"],
                wall_time=row["execution_time_ms"] / 1000,
                cpu_time=row["cpu_time_ms"] / 1000,
                memory=row["memory_usage_bytes"],
                raw=row,
            )
            for row in body["test_results"]
        )
        failed = [test.verdict for test in tests if not test.passed]
        whole = {
            "verdict": failed[0] if failed else "AC",
            "score": 0.0 if failed else 1.0,
            "points": 1.0,
            **body.get("judgement", {}),  # results that an older service has kept have none
        }
        return cls(
            id=body["execution_id"],
            language=body["language"],
            verdict=whole["verdict"],
            passed=body["summary"]["passed"],
            total=body["summary"]["total_tests"],
            tests=tests,
            guarantees=tuple(body["metadata"]["security"]["guarantees"]),
            raw=body,
            score=whole["score"],
            points=whole["points"],
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Submission:
    """A submission as it stands.

    Attributes:
        state: ``queued``, ``running``, ``done`` or ``cancelled``.
        result: once it is done; None for one that was given up.
        raw: the whole answer.
    """

    id: str
    state: str
    verdict: str | None
    position: int | None
    estimate: float | None
    result: Execution | None
    raw: Json

    @property
    def over(self) -> bool:
        """True once nothing of it changes any more."""
        return self.state in {"done", "cancelled"}

    @classmethod
    def of(cls, body: Json) -> Self:
        """Read the service's answer."""
        place = body.get("queue") or {}
        result = body.get("result")
        return cls(
            id=body["id"],
            state=body["state"],
            verdict=body.get("verdict"),
            position=place.get("position"),
            estimate=place.get("estimate_seconds"),
            result=Execution.of(result) if result else None,
            raw=body,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a submission: ``queued``, ``started``, ``compiled``, ``test``, ``done``."""

    name: str
    data: Json


def program(
    language: str,
    code: str | None,
    tests: Iterable[Test],
    timeout: float | None,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the body that hands in a program."""
    body: dict[str, Any] = {
        "language": language,
        "test_cases": [test.as_json() for test in tests],
    }
    if code is not None:
        body["code"] = code
    if timeout is not None:
        body["timeout"] = timeout
    return body | {name: value for name, value in more.items() if value is not None}


def patience(body: Mapping[str, Any]) -> float:
    """Return the seconds that the tests of a request may take, one after the other."""
    limits = body.get("limits") or {}
    longest = float(body.get("timeout") or 5.0)
    if limits.get("cpu_time"):
        longest = max(longest, 3.0 * float(limits["cpu_time"]) + 5.0)
    return len(body["test_cases"]) * max(longest, float(limits.get("wall_time") or 0.0))

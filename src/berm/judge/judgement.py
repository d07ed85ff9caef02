"""What came out of judging: a result a test, a score a group, and how it went on meanwhile."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from berm.cell.relay import Said
from berm.judge.verdict import Evidence, Verdict
from berm.model import Analysis, Enforcement, RunResult, Usage


@dataclasses.dataclass(frozen=True, slots=True)
class TestResult:
    """What one test came to.

    Attributes:
        index: from 0, the order of the problem's tests.
        name, group: the test's.
        verdict: None for a test that was not run, because an earlier failure decided.
        evidence: what the verdict rests on; of a hidden test without what depends on its data.
        run: the run, None where none was; of a hidden test without output and files.
        score: points; what it counts for is its group's business.
        part: 0 to 1, which part of the points it is worth.
        hidden: its data are withheld.
        transcript: of an interactive run that is not hidden, what the two sides said.
    """

    __test__ = False

    index: int
    name: str
    group: str
    verdict: Verdict | None
    evidence: Evidence = dataclasses.field(default_factory=Evidence)
    run: RunResult | None = None
    score: float = 0.0
    part: float = 0.0
    hidden: bool = False
    transcript: tuple[Said, ...] = ()

    @property
    def usage(self) -> Usage:
        """What the run used; nothing where none was."""
        return self.run.usage if self.run else Usage()

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON-ready data; outputs as text, their first 64 KiB."""
        run = self.run
        data: dict[str, object] = {
            "index": self.index,
            "name": self.name,
            "group": self.group,
            "verdict": self.verdict.value if self.verdict else None,
            "score": self.score,
            "hidden": self.hidden,
            "evidence": self.evidence.as_dict(),
            "usage": dataclasses.asdict(self.usage),
        }
        if run is not None and not self.hidden:
            data["stdout"] = run.stdout[: 64 * 1024].decode("utf-8", "replace")
            data["stderr"] = run.stderr[: 64 * 1024].decode("utf-8", "replace")
            data["files"] = {name: len(content) for name, content in run.files.items()}
        if self.transcript:
            data["transcript"] = [
                {
                    "seconds": round(said.seconds, 4),
                    "side": said.side,
                    "text": said.data.decode("utf-8", "replace"),
                }
                for said in self.transcript
            ]
        return data


@dataclasses.dataclass(frozen=True, slots=True)
class GroupResult:
    """What a group came to: ``verdict`` None if it was not judged, ``score`` out of ``points``."""

    name: str
    verdict: Verdict | None
    score: float
    points: float


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """A judged submission.

    Attributes:
        verdict: AC, or the verdict of the first test that failed, or CE, RJ, IE.
        evidence: that of the verdict.
        tests: every test in the order of the problem, those that were not run included; empty where
            the submission did not compile or was rejected.
        groups: every group of the problem.
        score, points: of a scoring problem, what was reached and what there is; else 0 or 1 of 1.
        compile: the compilation, None for a language without.
        language: the canonical name.
        analysis: what static analysis said before; None where no policy asked for it.
        seconds: real time of the whole.
        reruns: runs that were repeated alone near the time limit.
    """

    verdict: Verdict
    evidence: Evidence
    language: str
    tests: tuple[TestResult, ...] = ()
    groups: tuple[GroupResult, ...] = ()
    score: float = 0.0
    points: float = 1.0
    compile: RunResult | None = None
    analysis: Analysis | None = None
    seconds: float = 0.0
    reruns: int = 0

    @property
    def accepted(self) -> bool:
        """True for AC: every test passed. A scoring problem may still have given less than all points."""
        return self.verdict is Verdict.AC

    @property
    def usage(self) -> Usage:
        """The largest of every figure over the tests."""
        used = [test.usage for test in self.tests if test.run] or [Usage()]
        return Usage(
            wall_time=max(u.wall_time for u in used),
            cpu_time=max(u.cpu_time for u in used),
            memory=max(u.memory for u in used),
            processes=max(u.processes for u in used),
        )

    @property
    def enforcement(self) -> Enforcement | None:
        """What was in force in the first run, None where nothing ran."""
        ran = (test.run.enforcement for test in self.tests if test.run)
        return next(ran, self.compile.enforcement if self.compile else None)

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON-ready data."""
        data: dict[str, object] = {
            "verdict": self.verdict.value,
            "evidence": self.evidence.as_dict(),
            "language": self.language,
            "score": self.score,
            "points": self.points,
            "usage": dataclasses.asdict(self.usage),
            "seconds": round(self.seconds, 4),
            "reruns": self.reruns,
            "tests": [test.as_dict() for test in self.tests],
            "groups": [
                {**dataclasses.asdict(group), "verdict": group.verdict and group.verdict.value}
                for group in self.groups
            ],
        }
        if self.analysis is not None:
            data["analysis"] = self.analysis.as_dict()
        if self.compile is not None:
            data["compile"] = {
                "ok": self.compile.outcome.ok,
                "usage": dataclasses.asdict(self.compile.usage),
                "output": (self.compile.stderr + self.compile.stdout)[: 64 * 1024].decode(
                    "utf-8", "replace"
                ),
            }
        return data


class Stage(enum.StrEnum):
    """How far a judging is."""

    QUEUED = "queued"
    COMPILING = "compiling"
    COMPILED = "compiled"
    TESTED = "tested"
    DONE = "done"


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """One step of a judging.

    Attributes:
        stage: what has just happened (``queued``, ``compiling``: what begins).
        done, total: tests with a result so far, and all.
        test: for ``tested``, its result.
        compile: for ``compiled``, the compilation; None for a language without.
        judgement: for ``done``.
    """

    stage: Stage
    done: int
    total: int
    test: TestResult | None = None
    compile: RunResult | None = None
    judgement: Judgement | None = None

    def as_dict(self) -> Mapping[str, object]:
        """Return plain JSON-ready data."""
        data: dict[str, object] = {
            "stage": self.stage.value,
            "done": self.done,
            "total": self.total,
        }
        if self.test is not None:
            data["test"] = self.test.as_dict()
        if self.judgement is not None:
            data["judgement"] = self.judgement.as_dict()
        return data

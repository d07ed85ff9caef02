"""What a judged request says beyond its outputs: evidence, points, groups, files, transcripts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from berm.judge.verdict import Verdict


class DifferencePart(BaseModel):
    """The first place where an output is not what was expected."""

    line: int = Field(description="In the program's output, from 1.")
    column: int = Field(description="In bytes, from 1.")
    expected: str = Field(description="What should stand there, shortened.")
    actual: str = Field(description="What stands there, shortened.")
    text: str = Field(description="The difference in one sentence; may be empty.")


class EvidencePart(BaseModel):
    """What a verdict rests on. Of a hidden test nothing that depends on its data."""

    reason: str = Field(description="One sentence for the author; empty for AC and a plain WA.")
    exit_code: int | None
    signal: str | None = Field(description="By name.")
    limit: float | None = Field(description="The limit that was met.")
    measured: float | None = Field(description="What was measured.")
    unit: str = Field(description="Of both: seconds, bytes or processes.")
    idle: bool = Field(description="A TLE that did not compute: it slept or waited.")
    difference: DifferencePart | None
    message: str = Field(description="What a checker or interactor said for the author.")
    judge_message: str = Field(description="What it said for the judges.")
    reruns: int = Field(description="How often the run was repeated alone near its limit.")


class MadeFile(BaseModel):
    """A file that a run made and that `collect` asked for."""

    name: str
    size: int = Field(description="Bytes.")
    content: str | None = Field(description="In base64; null where this response has no room.")


class SaidPart(BaseModel):
    """Something that one side of an interactive run said."""

    seconds: float = Field(description="Since the beginning.")
    side: Literal["submission", "interactor"]
    text: str


class GroupPoints(BaseModel):
    """What a group of tests came to."""

    name: str = Field(description="Empty for the tests without a group.")
    verdict: Verdict | None = Field(description="Null if none of its tests was run.")
    score: float
    points: float = Field(description="At most.")


class CompilePart(BaseModel):
    """The one compilation of the submission."""

    ok: bool
    output: str = Field(description="What the compiler wrote, warnings included.")
    execution_time_ms: float
    cpu_time_ms: float
    memory_usage_bytes: int


class JudgementPart(BaseModel):
    """What the submission as a whole came to."""

    verdict: Verdict = Field(description="AC, or that of the first test that did not pass.")
    reason: str = Field(description="One sentence; empty for AC and a plain WA.")
    score: float = Field(description="Points reached; without `scoring` 1 for AC, else 0.")
    points: float = Field(description="Points that there are.")
    groups: list[GroupPoints]
    reruns: int = Field(description="Runs that were repeated alone near their time limit.")
    compile: CompilePart | None = Field(description="Null for a language without.")

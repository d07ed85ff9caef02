"""The wire: what clients send and get. The names of these fields are a contract."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from berm.judge.verdict import Verdict
from berm.model import Guarantee
from berm.service.evidence import EvidencePart, JudgementPart, MadeFile, SaidPart
from berm.service.parts import (
    CheckerPart,
    FactorPart,
    GivenFile,
    GroupPart,
    LimitsPart,
    Name,
    ProgramPart,
    SourceFile,
    Word,
)
from berm.service.verdict import Status

MAX_TIMEOUT: Final = 10.0
DEFAULT_TIMEOUT: Final = 5.0

Identifier = Annotated[str, Field(max_length=200)] | int


class TestCase(BaseModel):
    """One run of the program: what it reads, and what it should print."""

    __test__ = False
    model_config = ConfigDict(strict=True, frozen=True)

    id: Identifier | None = Field(
        None, description="Your name for this test; absent: its number.", examples=["sum-1"]
    )
    input: str | None = Field(None, description="Standard input. Absent: none.", examples=["2 3\n"])
    expected_output: str | None = Field(
        None,
        description="What the program should print. White space at the end of lines and of the"
        " whole does not count.",
        examples=["5\n"],
    )
    input_file: str | None = Field(
        None,
        description="Instead of `input`: a file, by its path in the service's folder of test files.",
        examples=["sums/1.in"],
    )
    expected_output_file: str | None = Field(
        None,
        description="Instead of `expected_output`: a file, likewise.",
        examples=["sums/1.out"],
    )
    hidden: bool = Field(
        False,
        description="The answer tells how the program ended and what it used, and nothing that depends"
        " on the test's data.",
    )
    group: str = Field("", max_length=200, description="The group that it belongs to.")
    points: float = Field(
        1.0, ge=0, allow_inf_nan=False, description="What it is worth where points are added up."
    )
    args: list[Word] = Field(
        default_factory=list, max_length=256, description="Arguments, after the submission's own."
    )
    files: list[GivenFile] = Field(
        default_factory=list, max_length=64, description="Files in the working directory."
    )
    limits: LimitsPart | None = Field(None, description="Limits of this test, over the request's.")
    checker: CheckerPart | None = Field(None, description="The checker of this test.")
    checker_args: list[Word] = Field(
        default_factory=list,
        max_length=64,
        description="Arguments of this test for a checker or an interactor that is a program.",
    )


class ExecuteRequest(BaseModel):
    """A program, and the tests to judge it by."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "language": "python",
                    "code": "a, b = map(int, input().split())\nprint(a + b)\n",
                    "test_cases": [{"id": "sum-1", "input": "2 3\n", "expected_output": "5\n"}],
                    "timeout": 2,
                }
            ]
        },
    )

    language: str = Field(
        description="The language, by name or alias. /health lists the installed ones.",
        examples=["python", "javascript", "java", "cpp", "c"],
    )
    code: str | None = Field(
        None,
        min_length=1,
        description="The program's source text, its main file, at most 50 KB of UTF-8. It or `archive`"
        " must be there.",
    )
    archive: str | None = Field(
        None,
        min_length=1,
        description="In the place of `code` and `files`: a zip archive of the program's files, in base64.",
    )
    entry: Name | None = Field(
        None,
        description="Name of the main file. Absent: the language's usual one; in an archive the only"
        " source file, or the one that is called main.",
    )
    files: list[SourceFile] = Field(
        default_factory=list, max_length=512, description="The program's other files."
    )
    args: list[Word] = Field(
        default_factory=list, max_length=256, description="Arguments of every run."
    )
    env: dict[str, str] = Field(
        default_factory=dict,
        description="More environment variables, of those that change nothing of what is loaded.",
        examples=[{"APP_MODE": "test"}],
    )
    flags: list[Word] = Field(
        default_factory=list,
        max_length=64,
        description="More flags for the compiler, of those that the language allows.",
        examples=[["-std=c++17"]],
    )
    collect: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list,
        max_length=16,
        description="Patterns of the files that a run makes and that the answer shall hold, at most 64"
        " files with 16 MiB together.",
        examples=[["*.png"]],
    )
    test_cases: list[TestCase] = Field(min_length=1, description="At least one test.")
    timeout: float = Field(
        DEFAULT_TIMEOUT,
        gt=0,
        le=MAX_TIMEOUT,
        allow_inf_nan=False,
        description="Seconds of real time for each test. Its processes together may use twice as"
        " many seconds of CPU time.",
    )
    limits: LimitsPart | None = Field(None, description="Limits of every test, over `timeout`.")
    time_factors: dict[str, FactorPart] = Field(
        default_factory=dict,
        max_length=100,
        description="By language: what its time limits are multiplied by.",
        examples=[{"python": {"factor": 2}}],
    )
    checker: CheckerPart | None = Field(
        None, description="How outputs are judged; absent: trimmed.", examples=["tokens"]
    )
    interactor: ProgramPart | None = Field(
        None,
        description="A program that talks to the submission, in the place of input and checker.",
    )
    groups: list[GroupPart] = Field(
        default_factory=list, max_length=1000, description="What is said of groups of tests."
    )
    scoring: bool = Field(False, description="Points instead of pass or fail.")
    stop_on_failure: bool = Field(
        False, description="Run no more tests after the first that fails. Not with `scoring`."
    )
    min_isolation: (
        Literal["standard", "strict"] | list[Annotated[Guarantee, Field(strict=False)]] | None
    ) = Field(
        None,
        description="Refuse to run with less: `standard` (every guarantee), `strict` (those that"
        " keep runs apart by two layers each as well), or the guarantees that must hold. It can"
        " only ask for more than the service requires anyway.",
        examples=["strict", ["filesystem", "network"]],
    )
    user_id: Identifier | None = Field(None, description="Echoed.")
    question_id: Identifier | None = Field(None, description="Echoed.")
    submission_id: Identifier | None = Field(None, description="Echoed; absent: a new one.")

    @property
    def text(self) -> str:
        """What was handed in, for its name in the audit log."""
        return self.code if self.code is not None else self.archive or ""


class Summary(BaseModel):
    """The tests, counted."""

    total_tests: int
    passed: int
    failed: int = Field(description="All that did not pass, whatever the reason.")
    all_passed: bool
    pass_percentage: float = Field(description="0 to 100, two decimals.")


class TestResult(BaseModel):
    """What one test came to."""

    __test__ = False

    test_case_id: str | int
    test_case_number: int = Field(description="1 for the first test of the request.")
    input: str
    expected_output: str
    actual_output: str = Field(
        description="Standard output as UTF-8, wrong bytes replaced by U+FFFD."
    )
    error: str | None = Field(
        description="What the program or its compiler wrote to standard error, and how it ended."
    )
    status: Status
    verdict: Verdict | None = Field(
        description="Null for a test that was not run, because an earlier failure decided."
    )
    passed: bool
    execution_time_ms: float = Field(description="Real time from start to end.")
    cpu_time_ms: float = Field(description="User and system time of the whole process tree.")
    cpu_usage_percent: float = Field(description="CPU time in percent of real time.")
    memory_usage_bytes: int = Field(description="Peak memory of the whole process tree.")
    hidden: bool = Field(description="Its data are withheld.")
    group: str
    points: float = Field(
        description="Points reached; what they count for is the group's business."
    )
    evidence: EvidencePart
    files: list[MadeFile] = Field(description="What `collect` asked for.")
    transcript: list[SaidPart] = Field(description="Of an interactive run.")


class Security(BaseModel):
    """Which guarantees hold, and by which of the kernel's mechanisms."""

    enabled: bool
    level: Literal["strict", "standard", "reduced", "none"] = Field(
        description="strict: all guarantees hold, those that keep runs apart by two layers each;"
        " standard: all hold; reduced: the operator gave some up."
    )
    guarantees: dict[str, list[str]] = Field(
        description="Each guarantee that holds, with the layers that give it, strongest first."
    )
    layers: list[str] = Field(description="Every layer in force, in the order of application.")


class Metadata(BaseModel):
    """Where and how the submission ran."""

    replica: str
    container_id: str | None
    timeout: float = Field(description="Seconds of real time that each test had.")
    execution_time_ms: float = Field(description="From the request's arrival to its answer.")
    cpu_usage_percent: float = Field(description="Over all tests.")
    memory_usage_bytes: int = Field(description="The largest of all tests.")
    memory_usage_mb: float
    security: Security


class FindingInfo(BaseModel):
    """One thing that was seen."""

    rule: str = Field(description="The rule; docs/reference/rules lists them.")
    severity: str
    category: str
    line: int
    column: int
    subject: str = Field(description="The thing itself, by its full name.", examples=["os.system"])
    message: str
    text: str
    blocked: bool = Field(description="True if the program is refused for it.")


class AnalysisInfo(BaseModel):
    """What static analysis says about a program under a policy."""

    pack: str
    language: str
    refused: bool = Field(description="True if the policy refuses the program: it is not run.")
    complete: bool = Field(description="False where a part of the program could not be read.")
    findings: list[FindingInfo]


class ExecuteResponse(BaseModel):
    """The judged submission."""

    execution_id: str
    submission_id: str | int
    timestamp: str
    user_id: str | int | None
    question_id: str | int | None
    language: str
    summary: Summary
    judgement: JudgementPart
    test_results: list[TestResult]
    metadata: Metadata
    analysis: AnalysisInfo | None = Field(
        None,
        description="What static analysis said before the run; null where the service has no policy.",
    )


class LanguageInfo(BaseModel):
    """One installed language."""

    name: str
    title: str
    version: str
    aliases: list[str]


class HealthResponse(BaseModel):
    """Whether this replica serves, and what it promises."""

    status: Literal["healthy", "starting", "draining", "unhealthy"]
    service: str
    replica: str
    version: str
    languages: list[LanguageInfo]
    security: Security


class ProbeResponse(BaseModel):
    """The answer to a probe."""

    status: str


class ProblemDetails(BaseModel):
    """Every error under ``/v1`` has this shape (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:berm:problem:limit-reached",
                    "title": "Too Many Requests",
                    "status": 429,
                    "detail": "This user has sent 30 requests in 60 s. Send the next one in 2 s.",
                    "instance": "urn:uuid:0b2f7f0e-6a58-4f5e-9d5f-2d6b5c7f5f0a",
                }
            ]
        }
    )

    type: str = Field(description="What kind of problem it is: a word that does not change.")
    title: str
    status: int
    detail: str = Field(description="What is wrong, and what to do about it.")
    instance: str = Field(description="Names this request in the service's log.")


class ErrorResponse(BaseModel):
    """Every error has this shape, on every route that is not under ``/v1``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": "code is missing. Give the program's source text in `code`.",
                    "execution_id": "0b2f7f0e-6a58-4f5e-9d5f-2d6b5c7f5f0a",
                    "timestamp": "2026-11-23T08:15:00.123Z",
                }
            ]
        }
    )

    error: str = Field(description="What is wrong, and what to do about it.")
    execution_id: str = Field(description="Names this request in the service's log.")
    timestamp: str


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema with references into an OpenAPI document's components."""
    return model.model_json_schema(ref_template="#/components/schemas/{model}")

"""The wire: what clients send and get. The names of these fields are a contract."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from berm.judge.verdict import Verdict
from berm.model import Guarantee
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
    code: str = Field(
        min_length=1, description="The program's source text, one file, at most 50 KB of UTF-8."
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
    verdict: Verdict
    passed: bool
    execution_time_ms: float = Field(description="Real time from start to end.")
    cpu_time_ms: float = Field(description="User and system time of the whole process tree.")
    cpu_usage_percent: float = Field(description="CPU time in percent of real time.")
    memory_usage_bytes: int = Field(description="Peak memory of the whole process tree.")


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

"""The parts of a request that a plain one leaves out: files, limits, checkers, groups.

Unknown names are refused in them: a limit with a misspelt name would be no limit.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_STRICT: Final = ConfigDict(strict=True, frozen=True, extra="forbid")

Name = Annotated[str, Field(min_length=1, max_length=1024)]
Word = Annotated[str, Field(max_length=32 * 1024)]


class SourceFile(BaseModel):
    """A file, with its content in the request."""

    model_config = _STRICT

    name: Name = Field(
        description="Relative name, as the program sees it.", examples=["include/sums.h"]
    )
    content: str = Field(description="The text, or the bytes in base64.")
    encoding: Literal["utf-8", "base64"] = Field("utf-8", description="What `content` is.")


class GivenFile(BaseModel):
    """A file in a test's working directory: content in the request, or a file of the service's."""

    model_config = _STRICT

    name: Name = Field(
        description="Relative name, as the program sees it.", examples=["data/words.txt"]
    )
    content: str | None = Field(None, description="The text, or the bytes in base64.")
    encoding: Literal["utf-8", "base64"] = Field("utf-8", description="What `content` is.")
    file: str | None = Field(
        None,
        description="Instead of `content`: a file, by its path in the service's folder of test files.",
    )


class LimitsPart(BaseModel):
    """Limits of a run; what is absent is as without this part."""

    model_config = _STRICT

    cpu_time: float | None = Field(
        None,
        allow_inf_nan=False,
        description="Seconds of CPU time of all processes together. Without `wall_time`, three times"
        " as much and 5 s more of real time, within what the service allows.",
    )
    wall_time: float | None = Field(
        None, allow_inf_nan=False, description="Seconds of real time; in the place of `timeout`."
    )
    memory: int | None = Field(None, description="Bytes of memory of all processes together.")
    processes: int | None = Field(None, description="Processes and threads at a time.")
    open_files: int | None = Field(None, description="Open files of each process.")
    file_size: int | None = Field(None, description="Bytes of one file that the program writes.")
    disk: int | None = Field(None, description="Bytes of all files that it writes.")
    output: int | None = Field(None, description="Bytes of standard output, and of standard error.")


class ComparisonPart(BaseModel):
    """A comparison of outputs, by one of the usual rules."""

    model_config = _STRICT

    kind: Literal["exact", "trimmed", "tokens", "case-insensitive", "floats", "unordered"] = Field(
        description="exact: byte for byte; trimmed: but for white space at the ends of lines and of the"
        " whole; tokens: but for any white space; case-insensitive: as trimmed; floats: tokens, numbers"
        " within 1e-6; unordered: lines in any order."
    )
    ignore_case: bool | None = Field(None, description="ASCII letters of either case are equal.")
    absolute: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="For tokens and floats: numbers may be so far off.",
    )
    relative: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="The same, as a part of the expected number."
    )
    spacing: bool = Field(
        False, description="For tokens and floats: white space must be equal too."
    )
    presentation: bool = Field(
        False, description="If white space alone differs, the verdict is PE."
    )


class ValidatorPart(BaseModel):
    """The default output validator of ICPC and Kattis packages."""

    model_config = _STRICT

    kind: Literal["icpc"]
    flags: list[Annotated[str, Field(max_length=100)]] = Field(
        default_factory=list,
        max_length=16,
        description="As packages have them.",
        examples=[["float_tolerance", "1e-6"], ["case_sensitive", "space_change_sensitive"]],
    )


class ProgramPart(BaseModel):
    """A checker or an interactor of your own. It runs in a cell of its own."""

    model_config = _STRICT

    kind: Literal["program"]
    language: str = Field(max_length=64, examples=["python", "cpp"])
    code: str = Field(min_length=1, description="Its main file.")
    convention: Literal["icpc", "testlib", "function"] = Field(
        "icpc",
        description="icpc: `program input answer feedback/ < output`, exit code 42 accepts, 43 rejects;"
        " testlib: `program input output answer`, exit codes of testlib.h; function: a Python file with"
        " `check(process_output, judge_output, **more)`.",
    )
    entry: Name | None = Field(None, description="Name of the main file; absent: the usual one.")
    files: list[SourceFile] = Field(
        default_factory=list, max_length=64, description="Its other files, such as testlib.h."
    )
    args: list[Word] = Field(
        default_factory=list, max_length=64, description="Arguments after those of the convention."
    )


def _named(given: Any) -> Any:
    """Let a name alone stand for a checker without options."""
    return {"kind": given} if isinstance(given, str) else given


CheckerPart = Annotated[
    Annotated[ComparisonPart | ValidatorPart | ProgramPart, Field(discriminator="kind")],
    BeforeValidator(
        _named,
        json_schema_input_type=Annotated[
            ComparisonPart | ValidatorPart | ProgramPart, Field(discriminator="kind")
        ]
        | Literal["exact", "trimmed", "tokens", "case-insensitive", "floats", "unordered", "icpc"],
    ),
]
"""A checker by its kind, or the name of a kind alone."""


class GroupPart(BaseModel):
    """Some tests with points together: a subtask."""

    model_config = _STRICT

    name: str = Field(max_length=200, description="As the tests have it in `group`.")
    points: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="At most; absent: what its tests are worth."
    )
    aggregate: Literal["all", "sum", "min", "max", "average"] = Field(
        "all",
        description="all: its points if every test passes; sum: the tests' points added up; min, max,"
        " average: its points by the smallest, largest, mean part that a test got.",
    )
    requires: list[str] = Field(
        default_factory=list,
        max_length=1000,
        description="Earlier groups whose tests must all pass; else it scores 0 and is not run.",
    )
    stop: bool = Field(True, description="Run no more of its tests after the first that fails.")


class FactorPart(BaseModel):
    """What a language's time limits are multiplied by, and what they get on top."""

    model_config = _STRICT

    factor: float = Field(1.0, gt=0, le=100, allow_inf_nan=False)
    extra: float = Field(0.0, ge=0, le=60, allow_inf_nan=False, description="Seconds.")

"""A problem package that was read: the problem, and its labelled submissions."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from berm.errors import ConfigError, InputError
from berm.judge.problem import Problem
from berm.judge.programs import Convention, JudgeProgram
from berm.judge.submission import Submission
from berm.judge.verdict import Verdict
from berm.languages import Registry
from berm.model import MIB, Limits

MAX_DESCRIPTION: Final = 4 * MIB
MEMORY: Final = 1024 * MIB
OUTPUT: Final = 8 * MIB
FAILURES: Final = frozenset({Verdict.RE, Verdict.MLE, Verdict.OLE})
"""What packages call a run-time error, where they know four verdicts only."""

ANY: Final = frozenset(Verdict) - {Verdict.IE}


@dataclasses.dataclass(frozen=True, slots=True)
class Expectation:
    """What a labelled submission must come to, on all tests or on some.

    Attributes:
        permitted: every test has one of these.
        required: at least one test has one of these.
        tests: a pattern of the tests' names, None for all. A test in a folder that matches does too.
        score: the submission's score is from the one to the other; None for any.
        partial: the score is less than all there is.
        message: must be in what the checker said of some test.
    """

    permitted: frozenset[Verdict] = ANY
    required: frozenset[Verdict] = ANY
    tests: str | None = None
    score: tuple[float, float] | None = None
    partial: bool = False
    message: str = ""

    def concerns(self, test: str) -> bool:
        """Tell whether a test counts for this."""
        if self.tests is None:
            return True
        parts = test.split("/")
        pattern = self.tests.split("/")
        if len(pattern) > len(parts):
            return False
        return all(fnmatchcase(part, one) for part, one in zip(parts, pattern, strict=False))


@dataclasses.dataclass(frozen=True, slots=True)
class Labelled:
    """One of a package's own submissions.

    Attributes:
        path: its file or folder.
        name: for people, ``accepted/sum.py``.
        label: what it is labelled as, for people.
        expected: everything that it must come to.
        language, entry: where the package says so.
        times: ``lower`` if its slowest run bounds the time limit from below, ``upper`` from above.
    """

    path: Path
    name: str
    label: str
    expected: tuple[Expectation, ...]
    language: str | None = None
    entry: str | None = None
    times: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Package:
    """A problem with everything that its package says about it.

    Attributes:
        problem: to judge by. Where ``time_limit`` is None its limits are a placeholder.
        format: ``icpc legacy``, ``icpc 2025-09``, ``dmoj``, ``polygon``.
        submissions: the package's own, in the order of their names.
        time_limit: seconds of CPU time, None where the package leaves it to its submissions.
        factor, resolution: how a time limit follows from the slowest accepted run.
        include: language → files that are added to every submission in it; ``default`` for all.
    """

    root: Path
    problem: Problem
    format: str
    submissions: tuple[Labelled, ...]
    time_limit: float | None
    factor: float = 2.0
    resolution: float = 1.0
    include: Mapping[str, Mapping[str, bytes]] = dataclasses.field(default_factory=dict)

    def submission(
        self,
        path: Path,
        registry: Registry,
        *,
        language: str | None = None,
        entry: str | None = None,
    ) -> Submission:
        """Return a submission of this package's, or of anybody's, with what the package includes."""
        plain = Submission.of_path(path, registry, language=language, entry=entry)
        known = registry.find(plain.language)
        for name in (known.name, *known.aliases, "default"):
            if name in self.include:
                return Submission.of_path(
                    path, registry, language=language, entry=entry, include=self.include[name]
                )
        return plain

    def with_time_limit(self, seconds: float) -> Package:
        """Return the package with a time limit."""
        limits = limits_for(seconds, self.problem.limits.memory, self.problem.limits.output)
        problem = dataclasses.replace(self.problem, limits=limits)
        return dataclasses.replace(self, problem=problem, time_limit=seconds)


def limits_for(cpu_time: float, memory: int = MEMORY, output: int = OUTPUT) -> Limits:
    """Return the limits of a contest problem."""
    from berm.judge.problem import wall_guard  # noqa: PLC0415 - one name, beside the class

    return Limits(
        cpu_time=cpu_time,
        wall_time=wall_guard(cpu_time),
        memory=memory,
        processes=16,
        open_files=256,
        disk=256 * MIB,
        file_size=64 * MIB,
        output=output,
    )


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, empty if it is missing or empty.

    Raises:
        InputError: it is no YAML, or no mapping.
    """
    try:
        import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - only packages need it
    except ModuleNotFoundError as error:
        raise ConfigError(
            "Problem packages are described in YAML, and PyYAML is not installed.",
            remedy="Install it with: pip install 'berm[judge]'",
        ) from error
    if not path.is_file():
        return {}
    try:
        found = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{path} is not valid YAML: {error}.") from error
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(key, (str, int)) for key in found):
        raise InputError(f"{path} holds no mapping.")
    return {str(key): value for key, value in found.items()}


def read_text(path: Path) -> str:
    """Return a description's text, of a bounded size."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_DESCRIPTION + 1)
        if len(data) > MAX_DESCRIPTION:
            raise InputError(f"{path} is over {MAX_DESCRIPTION} bytes.")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8.") from error


def inside(root: Path, path: Path) -> Path:
    """Return ``path`` if it is in the package; raises :class:`InputError` if a link leads out of it."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{path} leads out of the package.")
    return path


def program_of(
    root: Path,
    path: Path,
    registry: Registry,
    convention: Convention,
    *,
    args: Sequence[str] = (),
    more: Mapping[str, bytes] | None = None,
    limits: Limits | None = None,
) -> JudgeProgram:
    """Return a checker or an interactor of the package's: a file or a folder.

    Raises:
        InputError: it needs a build script, or its language is not known.
    """
    inside(root, path)
    if path.is_dir() and any((path / name).exists() for name in ("build", "run")):
        raise InputError(
            f"{path} has a build or run script, which is not supported.",
            remedy="Give the program's sources.",
        )
    made = Submission.of_path(path, registry, include=more)
    built = JudgeProgram(
        made.source, made.language, convention, made.entry, made.files, tuple(args)
    )
    return built if limits is None else dataclasses.replace(built, limits=limits)


def words(value: object, where: str) -> tuple[str, ...]:
    """Return flags as words: a string as a shell splits it, or a list."""
    if value is None:
        return ()
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise InputError(f"{where}: {error}.") from error
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    raise InputError(f"{where} is neither a string nor a list.")


def real(value: object, where: str, default: float) -> float:
    """Return a number, ``default`` where there is none."""
    if value is None:
        return default
    try:
        return float(str(value))
    except ValueError as error:
        raise InputError(f"{where} is {value!r}, not a number.") from error

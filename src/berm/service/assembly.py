"""From a request to what the judge judges: a submission, and a problem. Says what is wrong in the client's words.

Everything that can be wrong about a request is found here, before it is queued or run: what comes up
later would be taken for the service's own failure.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from berm.errors import InputError, LimitError
from berm.judge import (
    NAMED,
    Aggregate,
    Comparison,
    Convention,
    Data,
    Group,
    JudgeProgram,
    Problem,
    Submission,
    TimeFactor,
    wall_guard,
)
from berm.judge import TestCase as Case
from berm.judge.checkers import ANSWER, FEEDBACK, INPUT, OUTPUT, Checker
from berm.languages import Language, Registry
from berm.model import MIB, Limits
from berm.program import arguments
from berm.service.echo import Echo
from berm.service.parts import (
    CheckerPart,
    ComparisonPart,
    GivenFile,
    LimitsPart,
    ProgramPart,
    SourceFile,
    ValidatorPart,
)
from berm.service.schemas import ExecuteRequest, TestCase
from berm.service.settings import ServiceSettings
from berm.service.testfiles import TestFiles
from berm_cell import protocol

_CPU_PER_WALL: Final = 2.0
_LEAST_SECONDS: Final = 0.01  # what Limits takes; a timeout below it is as hopeless

MOST: Final = Limits(
    processes=256, open_files=1024, file_size=256 * MIB, disk=256 * MIB, output=16 * MIB
)
"""What a request may ask for of what no setting bounds."""


class GivenData:
    """One test's data: the request's text, or a file that is read when its test runs.

    Of a file no more is kept than the answer shows.
    """

    def __init__(self, files: TestFiles, name: str | None, text: str | None) -> None:
        self._files = files
        self.name = name
        self._text = text or ""
        self._beginning = b""
        self._size = 0

    @property
    def blocks(self) -> bool:
        """True for a file."""
        return self.name is not None

    def read(self) -> bytes:
        """Return the bytes; raises :class:`TestFileError` if the file cannot be used any more."""
        if self.name is None:
            return self._text.encode()
        data = self._files.read(self.name)
        self._beginning, self._size = data[: Echo.FILE], len(data)
        return data

    def shown(self, echo: Echo) -> str:
        """Return what the answer shows: the text, or the beginning of the file that was read."""
        if self.name is None:
            return self._text
        return echo.file(self._beginning, self._size)


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """What a request asks for, in the judge's words.

    Attributes:
        inputs, expected: each test's data, as the problem's tests have them.
        steady: a CPU time limit was named, so runs near it may be repeated.
    """

    submission: Submission
    problem: Problem
    inputs: Sequence[GivenData]
    expected: Sequence[GivenData]
    steady: bool


def limits_for(timeout: float) -> Limits:
    """Return a test's limits: ``timeout`` seconds of real time, twice as much CPU time.

    The factor is that of the defaults (5 s and 10 s). Without it a runtime with helper threads of
    its own would end before its time; with it, many threads cannot take more than two processors.
    """
    seconds = max(timeout, _LEAST_SECONDS)
    return Limits(wall_time=seconds, cpu_time=seconds * _CPU_PER_WALL)


class Assembly:
    """Makes tasks of requests. Reads no test data; opens no file but to see that it is there."""

    def __init__(
        self,
        registry: Registry,
        canonical: Callable[[str], str],
        files: TestFiles,
        settings: ServiceSettings,
    ) -> None:
        """Prepare.

        Args:
            registry: the languages, installed here or not.
            canonical: returns the name of a language that is offered, and refuses any other.
            files: the folder of test files.
            settings: what a request may ask for.
        """
        self._registry = registry
        self._canonical = canonical
        self._files = files
        self._settings = settings

    def task(self, request: ExecuteRequest) -> Task:
        """Return what a request asks for.

        Raises:
            InputError, LimitError, LanguageError: it cannot be judged as it is.
        """
        language = self._registry.find(self._canonical(request.language))
        submission = self._submission(request, language)
        taken = {*submission.files, submission.entry or language.entry_name(_bytes(submission))}
        limits = self._limits(limits_for(request.timeout), request.limits)
        inputs = [GivenData(self._files, one.input_file, one.input) for one in request.test_cases]
        expected = [
            GivenData(self._files, one.expected_output_file, one.expected_output)
            for one in request.test_cases
        ]
        problem = Problem(
            tuple(
                self._case(test, given, wanted, limits, (request.args, taken))
                for test, given, wanted in zip(request.test_cases, inputs, expected, strict=True)
            ),
            limits,
            groups=[
                Group(one.name, one.points, Aggregate(one.aggregate), tuple(one.requires), one.stop)
                for one in request.groups
            ],
            scoring=request.scoring,
            checker=self._checker(request.checker) or Comparison(),
            interactor=self._program(request.interactor) if request.interactor else None,
            stop=request.stop_on_failure,
            time_factors={
                self._registry.find(name).name: TimeFactor(one.factor, one.extra)
                for name, one in request.time_factors.items()
            },
        )
        named = [request.limits, *(test.limits for test in request.test_cases)]
        steady = any(one is not None and one.cpu_time is not None for one in named)
        return Task(submission, problem, inputs, expected, steady)

    def check_files(self, task: Task) -> None:
        """Raise :class:`TestFileError` if a test names a file that cannot be read now."""
        for given in (*task.inputs, *task.expected, *_files_of(task.problem)):
            if given.name is not None:
                self._files.check(given.name)

    def _submission(self, request: ExecuteRequest, language: Language) -> Submission:
        language.check_flags(request.flags)
        arguments(request.args)
        if request.archive is not None:
            made = Submission.of_zip(
                _decoded("archive", request.archive),
                self._registry,
                language=language.name,
                entry=request.entry,
                most=self._settings.max_archive,
            )
        else:
            code = request.code or ""
            entry = request.entry or language.entry_name(code.encode())
            files = _contents(request.files, "files", {entry})
            made = Submission(code, language.name, request.entry, files)
        if made.entry is not None:
            _checked_name(made.entry, "entry")
        return dataclasses.replace(
            made,
            args=tuple(request.args),
            env=request.env,
            flags=tuple(request.flags),
            collect=tuple(request.collect),
        )

    def _case(
        self,
        test: TestCase,
        given: GivenData,
        expected: GivenData,
        limits: Limits,
        besides: tuple[Sequence[str], set[str]],
    ) -> Case:
        args, taken = besides
        arguments([*args, *test.args])
        arguments(test.checker_args)
        return Case(
            given,
            expected,
            group=test.group,
            hidden=test.hidden,
            limits=self._limits(limits, test.limits) if test.limits else None,
            checker=self._checker(test.checker),
            args=tuple(test.args),
            files=self._test_files(test.files, taken),
            points=test.points,
            checker_args=tuple(test.checker_args),
        )

    def _test_files(self, files: Sequence[GivenFile], taken: set[str]) -> dict[str, Data]:
        made: dict[str, Data] = {}
        for one in files:
            where = f"the test's file {one.name[:100]!r}"
            _checked_name(one.name, where)
            _check_place(one.name, {*made, *taken}, where)
            if (one.content is None) == (one.file is None):
                raise InputError(
                    f"{_sentence(where)} has no content, or two.", remedy="Give content or file."
                )
            text = one.content
            if text is not None and one.encoding == "base64":
                made[one.name] = _Bytes(_decoded(where, text))
            else:
                made[one.name] = GivenData(self._files, one.file, text)
        return made

    def _limits(self, limits: Limits, part: LimitsPart | None) -> Limits:
        """Return ``limits`` with what a request says in their place, within what it may ask for."""
        if part is None:
            return limits
        given = part.model_dump(exclude_none=True)
        most = dataclasses.replace(
            MOST,
            cpu_time=self._settings.max_cpu_time,
            wall_time=self._settings.max_wall_time,
            memory=self._settings.max_memory,
        )
        for name, value in given.items():
            if value > (bound := getattr(most, name)):
                raise LimitError(f"limits.{name} is {value:g}.", remedy=f"At most {bound:g} here.")
        if "cpu_time" in given and "wall_time" not in given:
            given["wall_time"] = min(most.wall_time, wall_guard(max(0.0, given["cpu_time"])))
        return dataclasses.replace(limits, **given)

    def _checker(self, part: CheckerPart | None) -> Checker | None:
        match part:
            case ProgramPart():
                return self._program(part)
            case ValidatorPart():
                return Comparison.icpc(part.flags)
            case ComparisonPart():
                options = part.model_dump(exclude={"kind"}, exclude_none=True)
                return dataclasses.replace(NAMED[part.kind], **options)
            case _:
                return None

    def _program(self, part: ProgramPart) -> JudgeProgram:
        """Return a checker or an interactor. It comes from a client, and has no more than one may ask for."""
        language = self._registry.find(self._canonical(part.language))
        arguments(part.args)
        if part.entry is not None:
            _checked_name(part.entry, "the checker's entry")
        entry = part.entry or language.entry_name(part.code.encode())
        taken = {entry, INPUT, ANSWER, OUTPUT, f"{FEEDBACK}.keep"}
        limits = Limits(
            cpu_time=self._settings.max_cpu_time,
            wall_time=self._settings.max_wall_time,
            memory=self._settings.max_memory,
            processes=16,
            open_files=256,
            file_size=64 * MIB,
            disk=256 * MIB,
            output=1 * MIB,
        )
        return JudgeProgram(
            part.code,
            language.name,
            Convention(part.convention),
            part.entry,
            _contents(part.files, "the checker's files", taken),
            tuple(part.args),
            limits,
        )


class _Bytes:
    """Test data that was in the request."""

    name = None
    blocks = False

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes:
        return self._data


def _files_of(problem: Problem) -> Iterable[GivenData]:
    for test in problem.tests:
        yield from (data for data in test.files.values() if isinstance(data, GivenData))


def _contents(files: Sequence[SourceFile], where: str, taken: set[str]) -> Mapping[str, bytes]:
    made: dict[str, bytes] = {}
    for one in files:
        place = f"{where}: {one.name[:100]!r}"
        _checked_name(one.name, place)
        _check_place(one.name, {*made, *taken}, place)
        encoded = one.encoding == "base64"
        made[one.name] = _decoded(place, one.content) if encoded else one.content.encode()
    return made


def _checked_name(name: str, where: str) -> None:
    try:
        protocol.checked_name(name)
    except (protocol.FrameError, UnicodeEncodeError) as error:
        raise InputError(
            f"{_sentence(where)}: the name cannot be used: {error}.",
            remedy="Give a relative name without `..`.",
        ) from None


def _check_place(name: str, others: set[str], where: str) -> None:
    if name in others:
        raise InputError(f"{_sentence(where)} is there already.", remedy="Give it another name.")
    if any(name.startswith(f"{one}/") or one.startswith(f"{name}/") for one in others):
        raise InputError(
            f"{_sentence(where)} is a file and a folder at once.", remedy="Give it another name."
        )


def _decoded(where: str, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"{_sentence(where)} is not base64.", remedy="Encode its bytes.") from None


def _bytes(submission: Submission) -> bytes:
    source = submission.source
    return source.encode() if isinstance(source, str) else source


def _sentence(where: str) -> str:
    return where[:1].upper() + where[1:] if where.startswith("the ") else where

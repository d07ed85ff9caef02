"""What a submission is judged by: test cases, their groups, limits, a checker or an interactor."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final, Protocol, runtime_checkable

from berm.errors import InputError
from berm.judge.checkers import Checker
from berm.judge.comparison import Comparison
from berm.judge.programs import JudgeProgram
from berm.model import MIB, Limits

MAX_DATA: Final = 256 * MIB
MAX_TESTS: Final = 10_000


@runtime_checkable
class Data(Protocol):
    """Bytes that are read when a test runs, and not kept: large inputs stay in their files.

    Attributes:
        blocks: False if they are in memory.
    """

    @property
    def blocks(self) -> bool: ...  # noqa: D102 - an attribute

    def read(self) -> bytes:
        """Return the bytes. May raise :class:`berm.BermError`; the test is then IE."""


@dataclasses.dataclass(frozen=True, slots=True)
class DataFile:
    """Test data in a file of the problem's. The path is the operator's, never a submission's."""

    path: Path
    max_size: int = MAX_DATA
    blocks: ClassVar[bool] = True

    def read(self) -> bytes:
        """Return the file's bytes; raises :class:`berm.InputError` if it cannot be read."""
        try:
            with self.path.open("rb") as stream:
                data = stream.read(self.max_size + 1)
        except OSError as error:
            raise InputError(
                f"The test file {self.path} cannot be read: {error.strerror}."
            ) from error
        if len(data) > self.max_size:
            raise InputError(f"The test file {self.path} is over {self.max_size} bytes.")
        return data


Given = bytes | str | Data


def blocks(given: Given) -> bool:
    """Tell whether :func:`load` may have to wait for a disk."""
    return not isinstance(given, str | bytes) and given.blocks


def load(given: Given) -> bytes:
    """Return the bytes of test data; blocks where they lie in a file."""
    if isinstance(given, str):
        return given.encode("utf-8", "surrogateescape")
    return given if isinstance(given, bytes) else given.read()


@dataclasses.dataclass(frozen=True, slots=True)
class TestCase:
    """One test.

    Attributes:
        input: what the program reads; for an interactive problem, what the interactor does.
        expected: the expected output, or whatever the checker makes of it.
        name: unique in its problem; empty for a number.
        group: the name of its group, empty for none.
        hidden: the result says how the program ended and nothing that depends on the data.
        sample: shown to everybody.
        limits: those of this test, None for the problem's.
        checker: that of this test, None for the problem's.
        args: arguments of the program, after the submission's own.
        files: files in its working directory.
        points: what it is worth where its group adds up points.
        checker_args: more arguments for a checker or an interactor that is a program.
    """

    __test__ = False

    input: Given = b""
    expected: Given = b""
    name: str = ""
    group: str = ""
    hidden: bool = False
    sample: bool = False
    limits: Limits | None = None
    checker: Checker | None = None
    args: tuple[str, ...] = ()
    files: Mapping[str, Given] = dataclasses.field(default_factory=dict)
    points: float = 1.0
    checker_args: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """True if some of its data lie in files."""
        return any(map(blocks, (self.input, self.expected, *self.files.values())))


class Aggregate(enum.StrEnum):
    """How the tests of a group make its score."""

    ALL = "all"
    """A subtask, with the group's points if every test passes and none otherwise."""
    SUM = "sum"
    """The sum of the tests' points, each by the part that the checker gave."""
    MIN = "min"
    """The group's points by the smallest part of any test."""
    MAX = "max"
    """The group's points by the largest part of any test."""
    AVERAGE = "average"
    """The group's points by the mean of the parts."""


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Some tests with points together.

    Attributes:
        name: as the tests have it.
        points: what it is worth at most; None for a group that adds up: what its tests are worth.
        aggregate: how its tests make its score.
        requires: groups whose tests must all pass before it is judged; otherwise it scores 0.
        stop: no more of its tests are run after the first that fails.
    """

    name: str
    points: float | None = None
    aggregate: Aggregate = Aggregate.ALL
    requires: tuple[str, ...] = ()
    stop: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class TimeFactor:
    """What a language's time limits are multiplied by, and what they get on top, in seconds."""

    factor: float = 1.0
    extra: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Everything that a submission is judged by. Checked when it is made.

    Attributes:
        tests: in the order of judging.
        limits: of every test that has none of its own.
        groups: the groups that the tests name; a group that is missing is a plain one.
        scoring: True for points, False for pass or fail.
        checker: how outputs are judged.
        interactor: a program that talks to the submission in the place of input and checker.
        stop: pass or fail only: no more tests after the first that fails.
        time_factors: by language.
        name, title: for people.
    """

    tests: Sequence[TestCase]
    limits: Limits = dataclasses.field(default_factory=Limits)
    groups: Sequence[Group] = ()
    scoring: bool = False
    checker: Checker = dataclasses.field(default_factory=Comparison)
    interactor: JudgeProgram | None = None
    stop: bool = False
    time_factors: Mapping[str, TimeFactor] = dataclasses.field(default_factory=dict)
    name: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        if not self.tests:
            raise InputError("The problem has no tests.", remedy="Give it at least one.")
        if len(self.tests) > MAX_TESTS:
            raise InputError(f"The problem has {len(self.tests)} tests.", remedy="At most 10,000.")
        known = [group.name for group in self.groups]
        if len(set(known)) < len(known):
            raise InputError("Two groups of the problem have the same name.")
        before: set[str] = set()
        named = {*known, *(test.group for test in self.tests)}
        for group in self.groups:
            missing = [name for name in group.requires if name not in named]
            if missing:
                raise InputError(
                    f"The group {group.name!r} requires {missing[0]!r}, which is no group.",
                )
            late = [name for name in group.requires if name in known and name not in before]
            if late:
                raise InputError(
                    f"The group {group.name!r} requires {late[0]!r}, which is not before it.",
                    remedy="Let groups require earlier ones only.",
                )
            before.add(group.name)
        self._check_order()

    def _check_order(self) -> None:
        """Insist that what a group requires is judged before it; whatever fails then decides for good."""
        requires = {group.name: group.requires for group in self.groups}
        begun: set[str] = set()
        for test in self.tests:
            for name in begun:
                if test.group in requires.get(name, ()):
                    raise InputError(
                        f"The group {name!r} requires {test.group!r}, which has later tests.",
                        remedy="Put the tests of a required group before those that require it.",
                    )
            begun.add(test.group)

    def name_of(self, index: int) -> str:
        """Return a test's name, its number (from 1) where it has none."""
        return self.tests[index].name or str(index + 1)

    def group_of(self, name: str) -> Group:
        """Return a group by its name; a plain one if the problem says nothing of it."""
        for group in self.groups:
            if group.name == name:
                return group
        return Group(name, None, Aggregate.SUM, stop=False)

    def limits_of(self, test: TestCase, language: str) -> Limits:
        """Return the limits of a test for a language, its time factor applied."""
        limits = test.limits or self.limits
        factor = self.time_factors.get(language)
        if factor is None:
            return limits
        cpu = min(600.0, limits.cpu_time * factor.factor + factor.extra)
        wall = min(600.0, limits.wall_time * factor.factor + factor.extra)
        return dataclasses.replace(limits, cpu_time=cpu, wall_time=wall)


def wall_guard(cpu_time: float) -> float:
    """Return the real time that a run with ``cpu_time`` seconds of CPU time may take.

    Only sleepers and waiters are meant to meet it: a program that computes gets its CPU time even
    where it has a third of a core.
    """
    return min(600.0, 3.0 * cpu_time + 5.0)

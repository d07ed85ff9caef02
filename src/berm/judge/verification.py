"""Does a problem package keep its own word? Its labelled submissions, judged and compared with the labels."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable

from berm.errors import InputError, LanguageError
from berm.judge.judge import Judge
from berm.judge.judgement import Judgement, Progress, TestResult
from berm.judge.packages.package import Expectation, Labelled, Package
from berm.judge.timing import calibrated
from berm.judge.verdict import Verdict
from berm.languages import Registry

OnProgress = Callable[[Labelled, Progress], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """One labelled submission: what it came to, and where that is not what the label says.

    ``skipped`` says why it could not be judged here (a language that is missing); it neither agrees nor
    disagrees then.
    """

    labelled: Labelled
    judgement: Judgement | None
    disagreements: tuple[str, ...]
    skipped: str = ""

    @property
    def agrees(self) -> bool:
        """True if it was judged and is as labelled."""
        return self.judgement is not None and not self.disagreements


async def verify(
    package: Package,
    judge: Judge,
    registry: Registry,
    *,
    on_progress: OnProgress | None = None,
) -> AsyncIterator[Checked]:
    """Judge every labelled submission of a package, one after the other."""
    for labelled in package.submissions:
        yield await _checked(package, labelled, judge, registry, on_progress)


async def _checked(
    package: Package,
    labelled: Labelled,
    judge: Judge,
    registry: Registry,
    on_progress: OnProgress | None,
) -> Checked:
    def tell(progress: Progress) -> None:
        if on_progress is not None:
            on_progress(labelled, progress)

    try:
        submission = package.submission(
            labelled.path, registry, language=labelled.language, entry=labelled.entry
        )
        judgement = await judge.judge(submission, package.problem, on_event=tell)
    except LanguageError as error:
        return Checked(labelled, None, (), error.summary)
    except InputError as error:
        return Checked(labelled, None, (f"It cannot be judged: {error.summary}",))
    return Checked(labelled, judgement, disagreements(labelled, judgement))


def disagreements(labelled: Labelled, judgement: Judgement) -> tuple[str, ...]:
    """Return where a judgement is not what the label says, in words."""
    if judgement.verdict is Verdict.CE and not any(
        Verdict.CE in one.required and Verdict.AC not in one.required for one in labelled.expected
    ):
        return ("It does not compile.",)
    if judgement.verdict is Verdict.IE:
        return (f"The judge failed: {judgement.evidence.judge_message or 'IE'}",)
    found: list[str] = []
    for expected in labelled.expected:
        found += _against(expected, judgement)
    return tuple(dict.fromkeys(found))


def _against(expected: Expectation, judgement: Judgement) -> list[str]:
    tests = [
        test
        for test in judgement.tests
        if test.verdict is not None and expected.concerns(test.name)
    ]
    where = f" of {expected.tests}" if expected.tests else ""
    found: list[str] = []
    verdicts = {test.verdict for test in tests} or {judgement.verdict}
    for test in tests:
        if test.verdict not in expected.permitted:
            found.append(f"Test {test.name} is {test.verdict}: not permitted here.")
            break
    if not verdicts & expected.required:
        names = ", ".join(sorted(expected.required)) if len(expected.required) < 8 else "a failure"
        found.append(f"No test{where} is {names}.")
    if expected.partial and not judgement.score < judgement.points:
        found.append("It has every point.")
    if expected.score is not None:
        low, high = expected.score
        score = judgement.score
        if expected.tests is not None:
            score = next((g.score for g in judgement.groups if g.name == expected.tests), score)
        if not low - 1e-9 <= score <= high + 1e-9:
            found.append(f"The score{where} is {score:g}, not from {low:g} to {high:g}.")
    if expected.message and not any(_says(test, expected.message) for test in tests):
        found.append(f"No test's message has {expected.message!r}.")
    return found


def _says(test: TestResult, message: str) -> bool:
    return message in test.evidence.judge_message or message in test.evidence.team_message


async def calibrate(
    package: Package,
    judge: Judge,
    registry: Registry,
    *,
    on_progress: OnProgress | None = None,
) -> tuple[Package, float]:
    """Return the package with a time limit from its accepted submissions, and the slowest run's time.

    Raises:
        InputError: no accepted submission could be judged, or one is not accepted even without a
            time limit.
    """
    slowest: float | None = None
    for labelled in package.submissions:
        if labelled.times != "lower":
            continue
        checked = await _checked(package, labelled, judge, registry, on_progress)
        judgement = checked.judgement
        if judgement is None:
            continue
        if not judgement.tests or checked.disagreements:
            raise InputError(
                f"The time limit cannot be calibrated: {labelled.name} is {judgement.verdict}.",
                meaning="; ".join(checked.disagreements),
            )
        slowest = max(slowest or 0.0, judgement.usage.cpu_time)
    if slowest is None:
        raise InputError(
            "The package has no time limit, and no accepted submission that could be judged here.",
            remedy="Give a time limit.",
        )
    limit = calibrated(slowest, factor=package.factor, resolution=package.resolution)
    return package.with_time_limit(limit), slowest

"""Polygon packages: a folder with ``problem.xml``, tests generated, sources of checker and interactor.

Standard checkers (``std::wcmp.cpp`` and its like) run as they are where the package brings ``testlib.h``,
and as the comparison that they are otherwise.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

from berm.errors import InputError
from berm.judge.checkers import Checker
from berm.judge.comparison import Comparison, Rule
from berm.judge.packages.package import (
    ANY,
    FAILURES,
    MEMORY,
    Expectation,
    Labelled,
    Package,
    inside,
    limits_for,
    program_of,
    read_text,
    real,
)
from berm.judge.problem import Aggregate, DataFile, Group, Problem, TestCase
from berm.judge.programs import Convention, JudgeProgram
from berm.judge.verdict import Verdict
from berm.languages import Registry

_STANDARD: Final = {
    "fcmp": Comparison(),
    "lcmp": Comparison(),
    "wcmp": Comparison(Rule.TOKENS),
    "hcmp": Comparison(Rule.TOKENS),
    "icmp": Comparison(Rule.TOKENS),
    "ncmp": Comparison(Rule.TOKENS),
    "yesno": Comparison(Rule.TOKENS, ignore_case=True),
    "nyesno": Comparison(Rule.TOKENS, ignore_case=True),
    "rcmp": Comparison(Rule.TOKENS, absolute=1.5e-6),
    "rcmp4": Comparison(Rule.TOKENS, absolute=1e-4, relative=1e-4),
    "rcmp6": Comparison(Rule.TOKENS, absolute=1e-6, relative=1e-6),
    "rcmp9": Comparison(Rule.TOKENS, absolute=1e-9, relative=1e-9),
}
_AC: Final = frozenset({Verdict.AC})
_WRONG: Final = frozenset({Verdict.WA, Verdict.PE})
_TLE: Final = frozenset({Verdict.TLE})
_TAGS: Final = {
    "main": Expectation(_AC, _AC),
    "accepted": Expectation(_AC, _AC),
    "wrong-answer": Expectation(required=_WRONG),
    "presentation-error": Expectation(required=_WRONG),
    "time-limit-exceeded": Expectation(required=_TLE),
    "time-limit-exceeded-or-accepted": Expectation(_AC | _TLE),
    "time-limit-exceeded-or-memory-limit-exceeded": Expectation(required=_TLE | {Verdict.MLE}),
    "memory-limit-exceeded": Expectation(required=frozenset({Verdict.MLE})),
    "rejected": Expectation(required=ANY - _AC),
    "failed": Expectation(required=FAILURES),
}
_TIMES: Final = {"main": "lower", "accepted": "lower", "time-limit-exceeded": "upper"}


def read(root: Path, registry: Registry, time_limit: float | None = None) -> Package:
    """Read a package; see :func:`berm.judge.packages.read`."""
    text = read_text(root / "problem.xml")
    if "<!" in text.replace("<!--", ""):
        raise InputError("problem.xml declares a document type, which no package needs.")
    try:
        problem = ET.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ET.ParseError as error:
        raise InputError(f"problem.xml is no valid XML: {error}.") from error
    testset = problem.find("judging/testset[@name='tests']")
    if testset is None:
        testset = problem.find("judging/testset")
    if testset is None:
        raise InputError("problem.xml has no judging/testset.")
    seconds = time_limit or real(testset.findtext("time-limit"), "time-limit", 1000.0) / 1000
    memory = real(testset.findtext("memory-limit"), "memory-limit", MEMORY)
    more = _resources(root)
    checker = _checker(root, problem.find("assets/checker"), registry, more)
    interactor = problem.find("assets/interactor/source")
    name = problem.get("short-name") or root.resolve().name
    tests, groups = _tests(root, testset)
    title = problem.find("names/name[@language='english']")
    return Package(
        root=root,
        problem=Problem(
            tests=tests,
            limits=limits_for(seconds, int(memory)),
            groups=groups,
            scoring=any(test.points for test in tests)
            and bool(testset.findall("tests/test[@points]")),
            checker=checker,
            interactor=None if interactor is None else _program(root, interactor, registry, more),
            name=name,
            title=(title.get("value") if title is not None else "") or name,
        ),
        format="polygon",
        submissions=_solutions(root, problem),
        time_limit=seconds,
    )


def _tests(root: Path, testset: ET.Element) -> tuple[tuple[TestCase, ...], tuple[Group, ...]]:
    inputs = testset.findtext("input-path-pattern") or "tests/%02d"
    answers = testset.findtext("answer-path-pattern") or "tests/%02d.a"
    rows = testset.findall("tests/test")
    scored = any(row.get("points") for row in rows)
    tests = [
        TestCase(
            input=_data(root, inputs, number),
            expected=_data(root, answers, number),
            name=f"{number:02d}",
            group=row.get("group", ""),
            sample=row.get("sample") == "true",
            points=real(row.get("points"), "points", 0.0) if scored else 1.0,
        )
        for number, row in enumerate(rows, start=1)
    ]
    groups = []
    for group in testset.findall("groups/group"):
        complete = group.get("points-policy") == "complete-group"
        name = group.get("name", "")
        own = sum(test.points for test in tests if test.group == name)
        points = real(group.get("points"), "points", own)
        how = Aggregate.ALL if complete else Aggregate.SUM
        required = [one.get("group", "") for one in group.findall("dependencies/dependency")]
        groups.append(Group(name, points, how, tuple(required), stop=complete))
    return tuple(tests), tuple(groups)


def _data(root: Path, pattern: str, number: int) -> DataFile:
    try:
        path = inside(root, root / (pattern % number))
    except (TypeError, ValueError) as error:
        raise InputError(f"problem.xml: the path pattern {pattern!r} is wrong.") from error
    if not path.is_file():
        raise InputError(
            f"The test file {path} is missing.",
            remedy="Export a package with generated tests, or run its doall script first.",
        )
    return DataFile(path)


def _resources(root: Path) -> dict[str, bytes]:
    header = root / "files" / "testlib.h"
    return {"testlib.h": inside(root, header).read_bytes()} if header.is_file() else {}


def _checker(
    root: Path, given: ET.Element | None, registry: Registry, more: dict[str, bytes]
) -> Checker:
    if given is None:
        return _STANDARD["wcmp"]
    standard = given.get("name", "").removeprefix("std::").removesuffix(".cpp")
    source = given.find("source")
    if standard in _STANDARD and (source is None or not more):
        return _STANDARD[standard]
    if source is None:
        raise InputError("problem.xml: the checker has no source.")
    return _program(root, source, registry, more)


def _program(
    root: Path, source: ET.Element, registry: Registry, more: dict[str, bytes]
) -> JudgeProgram:
    path = root / source.get("path", "")
    if not path.is_file():
        raise InputError(f"The program {path} is missing.")
    return program_of(root, path, registry, Convention.TESTLIB, more=more)


def _solutions(root: Path, problem: ET.Element) -> tuple[Labelled, ...]:
    found = []
    for solution in problem.findall("solutions/solution"):
        tag = solution.get("tag", "")
        source = solution.find("source")
        if source is None or tag not in _TAGS:
            raise InputError(f"problem.xml: a solution with the tag {tag!r} is not understood.")
        path = inside(root, root / source.get("path", ""))
        name = f"{tag}/{path.name}"
        found.append(Labelled(path, name, tag, (_TAGS[tag],), times=_TIMES.get(tag, "")))
    return tuple(found)

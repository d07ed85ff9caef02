"""DMOJ problems: a folder with ``init.yml``, and their data in an archive or beside it.

Time and memory limits are not in the file (DMOJ keeps them in its site), so that a time limit has to
be given. Not supported, and said so: generators, signature graders, custom graders in Python.
"""

from __future__ import annotations

import dataclasses
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from berm.errors import InputError
from berm.judge.checkers import Checker
from berm.judge.comparison import Comparison, Rule
from berm.judge.packages.package import (
    Package,
    inside,
    limits_for,
    program_of,
    read_yaml,
    real,
)
from berm.judge.problem import Aggregate, Data, DataFile, Group, Problem, TestCase
from berm.judge.programs import Convention, JudgeProgram
from berm.languages import Registry
from berm.model import MIB

_DEFAULT_TIME: Final = 2.0
_MAX_MEMBER: Final = 256 * MIB
_UNSUPPORTED: Final = ("generator", "signature_grader", "custom_judge", "grader", "hints")
_COMPARISONS: Final = {
    "standard": Comparison(Rule.TOKENS),
    "easy": Comparison(Rule.TOKENS, ignore_case=True),
    "identical": Comparison(Rule.EXACT, presentation=True),
    "rstripped": Comparison(),
    "sorted": Comparison(Rule.UNORDERED),
    "linematches": Comparison(),
}
_PAIRS: Final = (
    re.compile(r"^(?=.*?\.in|in).*?(?:(?:^|\W)(?P<batch>\d+)[^\d\s]+)?(?P<case>\d+)[^\d\s]*$"),
    re.compile(r"^(?=.*?\.out|out).*?(?:(?:^|\W)(?P<batch>\d+)[^\d\s]+)?(?P<case>\d+)[^\d\s]*$"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """A file of a problem's archive, unpacked when its test runs."""

    archive: Path
    name: str

    blocks: ClassVar[bool] = True

    def read(self) -> bytes:
        """Return its bytes; raises :class:`berm.InputError` if it cannot be read."""
        try:
            with zipfile.ZipFile(self.archive) as archive, archive.open(self.name) as stream:
                data = stream.read(_MAX_MEMBER + 1)
        except (OSError, KeyError, zipfile.BadZipFile, NotImplementedError) as error:
            raise InputError(f"{self.archive}: {self.name} cannot be read: {error}.") from error
        if len(data) > _MAX_MEMBER:
            raise InputError(f"{self.archive}: {self.name} is over {_MAX_MEMBER} bytes.")
        return data


class _Files:
    """The problem's data by name, wherever they lie."""

    def __init__(self, root: Path, archive: str | None) -> None:
        self._root = root
        self._archive = inside(root, root / archive) if archive else None
        self.names: tuple[str, ...] = ()
        if self._archive is not None:
            try:
                with zipfile.ZipFile(self._archive) as opened:
                    self.names = tuple(opened.namelist())
            except (OSError, zipfile.BadZipFile) as error:
                raise InputError(f"The archive {self._archive} cannot be read: {error}.") from error
        else:
            self.names = tuple(
                path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()
            )

    def get(self, name: object) -> Data | bytes:
        if name is None:
            return b""
        if self._archive is not None and str(name) in self.names:
            return Member(self._archive, str(name))
        path = inside(self._root, self._root / str(name))
        if not path.is_file():
            raise InputError(f"The test file {name!r} is neither in the archive nor beside it.")
        return DataFile(path)


def read(root: Path, registry: Registry, time_limit: float | None = None) -> Package:
    """Read a problem; see :func:`berm.judge.packages.read`."""
    described = read_yaml(root / "init.yml")
    for key in _UNSUPPORTED:
        if described.get(key):
            raise InputError(f"{root / 'init.yml'}: {key} is not supported.")
    files = _Files(root, described.get("archive"))
    interactor = _interactor(root, described.get("interactive"), registry)
    cases = described.get("test_cases")
    given = _found(files, cases) if not isinstance(cases, list) else cases
    tests, groups = _tests(root, files, given, described, registry)
    problem = Problem(
        tests=tests,
        limits=limits_for(time_limit or _DEFAULT_TIME),
        groups=groups,
        scoring=True,
        checker=_checker(root, described.get("checker"), registry),
        interactor=interactor,
        name=root.resolve().name,
        title=root.resolve().name,
    )
    return Package(root, problem, "dmoj", (), time_limit or _DEFAULT_TIME)


def _tests(
    root: Path,
    files: _Files,
    cases: list[Any],
    described: Mapping[str, Any],
    registry: Registry,
) -> tuple[tuple[TestCase, ...], tuple[Group, ...]]:
    tests: list[TestCase] = []
    groups: list[Group] = []
    default = real(described.get("points"), "points", 1.0)
    for number, case in enumerate(cases, start=1):
        if not isinstance(case, dict):
            raise InputError(f"init.yml: test case {number} is no mapping.")
        points = real(case.get("points"), "points", default)
        name = f"batch{number}" if "batched" in case else ""
        rows = case.get("batched", [case])
        if name:
            required = tuple(f"batch{other}" for other in case.get("dependencies") or ())
            groups.append(Group(name, points, Aggregate.MIN, required))
        for index, row in enumerate(rows, start=1):
            merged = {**case, **row}
            own = merged.get("checker")
            tests.append(
                TestCase(
                    input=files.get(merged.get("in")),
                    expected=files.get(merged.get("out")),
                    name=f"{number}.{index}" if name else str(number),
                    group=name,
                    checker=_checker(root, own, registry) if own else None,
                    points=points,
                )
            )
    return tuple(tests), tuple(groups)


def _found(files: _Files, patterns: object) -> list[Any]:
    """Find the tests by their files' names, as DMOJ does where ``init.yml`` does not list them."""
    given = patterns if isinstance(patterns, dict) else {}
    try:
        sides = [
            re.compile(str(given.get(f"{side}_format"))) if given.get(f"{side}_format") else default
            for side, default in zip(("input", "output"), _PAIRS, strict=True)
        ]
    except re.error as error:
        raise InputError(f"init.yml: {error}.") from error
    named: dict[tuple[int, int], dict[str, str]] = {}
    for side, pattern in zip(("in", "out"), sides, strict=True):
        for name in sorted(files.names):
            match = pattern.match(name)
            if match and "case" in pattern.groupindex:
                batch = int(match["batch"]) if match.groupdict().get("batch") else 0
                named.setdefault((batch, int(match["case"])), {})[side] = name
    whole = {key: row for key, row in named.items() if len(row) == 2}
    if not whole:
        raise InputError("init.yml lists no tests, and none is found by the files' names.")
    cases: list[Any] = []
    for batch in sorted({key[0] for key in whole}):
        rows = [whole[key] for key in sorted(whole) if key[0] == batch]
        cases += [{"batched": rows}] if batch else rows
    return cases


def _checker(root: Path, given: object, registry: Registry) -> Checker:
    if given is None:
        return _COMPARISONS["standard"]
    name, args = (given, {}) if isinstance(given, str) else _named(given)
    if name in _COMPARISONS:
        return _COMPARISONS[name]
    if name in ("floats", "floatsabs", "floatsrel"):
        within = 10.0 ** -real(args.get("precision"), "precision", 6)
        return Comparison(
            Rule.TOKENS,
            absolute=within if name != "floatsrel" else None,
            relative=within if name != "floatsabs" else None,
        )
    if name == "bridged":
        return _bridged(root, args, registry, Convention.TESTLIB)
    if name.endswith(".py"):
        return program_of(root, root / name, registry, Convention.FUNCTION)
    raise InputError(
        f"init.yml: the checker {name!r} is not supported.",
        remedy=f"Supported: {', '.join(_COMPARISONS)}, floats, bridged (testlib), a Python file.",
    )


def _named(given: object) -> tuple[str, dict[str, Any]]:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise InputError("init.yml: a checker is a name, or a mapping with name and args.")
    args = given.get("args") or {}
    return given["name"], args if isinstance(args, dict) else {}


def _bridged(
    root: Path, args: Mapping[str, Any], registry: Registry, convention: Convention
) -> JudgeProgram:
    if args.get("type", "testlib") != "testlib":
        raise InputError(f"init.yml: programs of type {args['type']!r} are not supported.")
    files = args.get("files")
    names = [files] if isinstance(files, str) else list(files or ())
    if not names:
        raise InputError("init.yml: a bridged checker or interactor names its files.")
    more = {str(name): inside(root, root / str(name)).read_bytes() for name in names[1:]}
    header = root / "testlib.h"
    if header.is_file():
        more.setdefault("testlib.h", inside(root, header).read_bytes())
    return program_of(root, root / str(names[0]), registry, convention, more=more)


def _interactor(root: Path, given: object, registry: Registry) -> JudgeProgram | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise InputError("init.yml: interactive is no mapping.")
    return _bridged(root, given, registry, Convention.TESTLIB)

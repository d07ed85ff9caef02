"""The test data of ICPC packages: which tests there are, in which groups, worth what."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from berm.errors import InputError
from berm.judge.packages.package import read_yaml, real, words
from berm.judge.problem import Aggregate, Group

_AGGREGATES: Final = {
    "pass-fail": Aggregate.ALL,
    "sum": Aggregate.SUM,
    "min": Aggregate.MIN,
    "max": Aggregate.MAX,
    "avg": Aggregate.AVERAGE,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Placed:
    """One test of a package: its input file, and what its folders say about it."""

    input: Path
    name: str
    group: str
    sample: bool
    args: tuple[str, ...] = ()
    validator_args: tuple[str, ...] = ()
    points: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """All tests in the order of judging, samples first, and the groups that have points."""

    tests: tuple[Placed, ...]
    groups: tuple[Group, ...]


def new_layout(root: Path, *, scoring: bool) -> Layout:
    """Read ``data/`` by the rules of 2025-09: groups are the folders of ``secret`` with a file
    ``test_group.yaml``.
    """
    data = root / "data"
    secret = data / "secret"
    settings = read_yaml(secret / "test_group.yaml")
    folders = sorted(path.parent for path in secret.glob("*/test_group.yaml"))
    tests = _samples(data, read_yaml(data / "sample" / "test_group.yaml"))
    groups = [Group("sample", 0.0, stop=False)] if tests and scoring else []
    if not scoring:
        for path in _inputs(secret):
            folder = next((one for one in folders if path.is_relative_to(one)), secret)
            tests.append(_placed(data, path, "secret", _merged(settings, folder, secret)))
        return Layout(tuple(tests), ())
    aggregate = _aggregate(settings.get("score_aggregation", "sum"), secret)
    whole = _maximum(settings.get("max_score", 100), secret)
    if not folders or aggregate is Aggregate.ALL:
        inputs = _inputs(secret)
        each = _each(whole, aggregate, len(inputs))
        groups.append(_group("secret", whole, aggregate, settings))
        tests += [
            dataclasses.replace(_placed(data, path, "secret", settings), points=each)
            for path in inputs
        ]
        return Layout(tuple(tests), tuple(groups))
    if aggregate is not Aggregate.SUM:
        raise InputError(f"{secret}: score_aggregation {aggregate} over groups is not supported.")
    for folder in folders:
        name = folder.relative_to(data).as_posix()
        merged = _merged(settings, folder, secret)
        own = read_yaml(folder / "test_group.yaml")
        how = _aggregate(own.get("score_aggregation", "pass-fail"), folder)
        most = _maximum(own.get("max_score", "unbounded"), folder)
        inputs = _inputs(folder)
        each = _each(most, how, len(inputs))
        groups.append(_group(name, most, how, own))
        tests += [
            dataclasses.replace(_placed(data, path, name, merged), points=each) for path in inputs
        ]
    return Layout(tuple(tests), tuple(groups))


def _group(name: str, most: float | None, how: Aggregate, settings: Mapping[str, Any]) -> Group:
    required = settings.get("require_pass") or ()
    names = (required,) if isinstance(required, str) else tuple(map(str, required))
    return Group(name, most, how, names, stop=how in (Aggregate.ALL, Aggregate.MIN))


def _each(most: float | None, how: Aggregate, tests: int) -> float:
    if most is None:
        return 0.0
    return most / tests if how is Aggregate.SUM and tests else most


def _merged(settings: Mapping[str, Any], folder: Path, secret: Path) -> dict[str, Any]:
    own = {} if folder == secret else read_yaml(folder / "test_group.yaml")
    return {**settings, **own}


def _placed(data: Path, path: Path, group: str, settings: Mapping[str, Any]) -> Placed:
    own = {**settings, **read_yaml(path.with_suffix(".yaml"))}
    return Placed(
        input=path,
        name=path.relative_to(data).as_posix().removesuffix(".in"),
        group=group,
        sample=group == "sample",
        args=words(own.get("args"), f"{path}: args"),
        validator_args=words(own.get("output_validator_args"), f"{path}: output_validator_args"),
    )


def legacy_layout(root: Path, *, scoring: bool) -> Layout:
    """Read ``data/`` by the rules of legacy: settings are inherited, the folders of ``secret`` are
    groups, and a group's score is what the default grader makes of its tests.
    """
    data = root / "data"
    top = read_yaml(data / "testdata.yaml")
    ignore_sample = "ignore_sample" in str(top.get("grader_flags", "")).split()
    tests: list[Placed] = []
    groups: list[Group] = []
    for folder in (data / "sample", data / "secret"):
        own = read_yaml(folder / "testdata.yaml")
        below = [path for path in sorted(folder.glob("*")) if path.is_dir() and _inputs(path)]
        below = [path for path in below if path.suffix != ".files"]
        settings = {**top, **own}
        without = ignore_sample and folder.name == "sample"
        direct = sorted(folder.glob("*.in"))
        for part, inputs in [(folder, direct), *((path, _inputs(path)) for path in below)]:
            if not inputs:
                continue
            mine = settings if part == folder else _legacy_settings(settings, part)
            name = part.relative_to(data).as_posix()
            points = 0.0 if without else real(mine.get("accept_score"), "accept_score", 1.0)
            if scoring:
                groups.append(_legacy_group(name, mine, points, without=without))
            tests += [_legacy_placed(data, path, name, mine, points) for path in inputs]
    return Layout(tuple(tests), tuple(groups))


def _legacy_settings(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    if any(path.parent != folder for path in folder.rglob("testdata.yaml")):
        raise InputError(f"{folder}: groups within groups are not supported.")
    return {**settings, **read_yaml(folder / "testdata.yaml")}


def _legacy_group(name: str, settings: Mapping[str, Any], accept: float, *, without: bool) -> Group:
    if settings.get("grading", "default") != "default":
        raise InputError("Custom graders are not supported.", remedy="Use the default grader.")
    flags = str(settings.get("grader_flags", "")).split()
    how = [_AGGREGATES[flag] for flag in flags if flag in _AGGREGATES]
    aggregate = how[-1] if how else Aggregate.SUM
    bounds = str(settings.get("range", "-inf +inf")).split()
    most = real(bounds[-1], "range", math.inf)
    points = None if math.isinf(most) else most
    if aggregate is not Aggregate.SUM:
        points = accept if points is None else min(points, accept)
    stop = str(settings.get("on_reject", "break")) == "break"
    return Group(name, 0.0 if without else points, aggregate, stop=stop)


def _legacy_placed(
    data: Path, path: Path, group: str, settings: Mapping[str, Any], points: float
) -> Placed:
    flags = settings.get("output_validator_flags")
    if isinstance(flags, dict):
        flags = flags.get("flags")
    return Placed(
        input=path,
        name=path.relative_to(data).as_posix().removesuffix(".in"),
        group=group,
        sample=group.split("/", maxsplit=1)[0] == "sample",
        validator_args=words(flags, "output_validator_flags"),
        points=points,
    )


def _samples(data: Path, settings: Mapping[str, Any]) -> list[Placed]:
    return [_placed(data, path, "sample", settings) for path in _inputs(data / "sample")]


def _inputs(folder: Path) -> list[Path]:
    found = folder.rglob("*.in") if folder.is_dir() else ()
    return sorted(
        path
        for path in found
        if path.is_file() and not any(part.endswith(".files") for part in path.parts)
    )


def _aggregate(value: object, where: Path) -> Aggregate:
    known = _AGGREGATES.get(str(value))
    if known is None:
        raise InputError(f"{where}: score_aggregation is {value!r}.")
    return known


def _maximum(value: object, where: Path) -> float | None:
    return None if value == "unbounded" else real(value, f"{where}: max_score", 100.0)

"""ICPC and Kattis problem packages: ``legacy``, and the line of ``2023-07`` that became ``2025-09``.

After the specification at https://www.kattis.com/problem-package-format. Not supported, and said so:
multi-pass and submit-answer problems, custom graders, programs with build scripts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from berm.errors import InputError
from berm.judge.checkers import Checker
from berm.judge.comparison import Comparison
from berm.judge.packages import labels
from berm.judge.packages.groups import Layout, legacy_layout, new_layout
from berm.judge.packages.package import (
    MEMORY,
    OUTPUT,
    Package,
    inside,
    limits_for,
    program_of,
    read_text,
    read_yaml,
    real,
    words,
)
from berm.judge.problem import DataFile, Given, Problem, TestCase
from berm.judge.programs import JUDGE_LIMITS, Convention, JudgeProgram
from berm.languages import Registry
from berm.model import MIB, Limits

_LEGACY: Final = frozenset({"legacy", "legacy-icpc"})
_NEW: Final = frozenset({"2023-07", "2023-07-draft", "2025-09", "2025-09-draft", "draft"})
_SUPPORTED_TYPES: Final = frozenset({"pass-fail", "scoring", "interactive"})
_UNTIMED: Final = 10.0
"""Seconds that a run may take while no time limit is known."""


def read(root: Path, registry: Registry, time_limit: float | None = None) -> Package:
    """Read a package; see :func:`berm.judge.packages.read`."""
    described = read_yaml(root / "problem.yaml")
    version = str(described.get("problem_format_version", "legacy"))
    if version not in _LEGACY | _NEW:
        raise InputError(
            f"The problem's format version is {version!r}.",
            remedy=f"Known: {', '.join(sorted(_LEGACY | _NEW))}.",
        )
    legacy = version in _LEGACY
    types = _types(described, legacy=legacy)
    limits = described.get("limits") or {}
    if not isinstance(limits, dict):
        raise InputError(f"{root / 'problem.yaml'}: limits is no mapping.")
    seconds = time_limit or _time_limit(root, limits)
    layout = (legacy_layout if legacy else new_layout)(root, scoring="scoring" in types)
    custom = _custom(root, described, registry, limits, legacy=legacy)
    interactive = "interactive" in types
    if interactive and custom is None:
        raise InputError("An interactive problem needs an output validator.")
    tests = tuple(_tests(root, layout, custom, described, legacy=legacy))
    multipliers = limits.get("time_multipliers") or {}
    problem = Problem(
        tests=tests,
        limits=limits_for(
            seconds or _UNTIMED,
            int(real(limits.get("memory"), "limits.memory", MEMORY / MIB) * MIB),
            int(real(limits.get("output"), "limits.output", OUTPUT / MIB) * MIB),
        ),
        groups=layout.groups,
        scoring="scoring" in types,
        checker=_checker(custom, described, legacy=legacy),
        interactor=custom if interactive else None,
        name=root.resolve().name,
        title=_title(described.get("name"), root.resolve().name),
    )
    return Package(
        root=root,
        problem=problem,
        format=f"icpc {version}",
        submissions=labels.of_folder(root / "submissions", legacy=legacy),
        time_limit=seconds,
        factor=real(
            limits.get("time_multiplier") if legacy else multipliers.get("ac_to_time_limit"),
            "time multiplier",
            5.0 if legacy else 2.0,
        ),
        resolution=real(limits.get("time_resolution"), "limits.time_resolution", 1.0),
        include=_include(root),
    )


def _types(described: Mapping[str, Any], *, legacy: bool) -> frozenset[str]:
    given = described.get("type", "pass-fail")
    types = set(given if isinstance(given, list) else str(given).split())
    if legacy and "interactive" in str(described.get("validation", "")).split():
        types.add("interactive")
    unknown = types - _SUPPORTED_TYPES
    if unknown:
        raise InputError(
            f"Problems of type {', '.join(sorted(map(str, unknown)))} are not supported.",
            remedy=f"Supported: {', '.join(sorted(_SUPPORTED_TYPES))}.",
        )
    return frozenset(map(str, types))


def _time_limit(root: Path, limits: Mapping[str, Any]) -> float | None:
    given = limits.get("time_limit")
    if given is None and (root / ".timelimit").is_file():
        given = read_text(root / ".timelimit").strip()
    if given is None and (root / "domjudge-problem.ini").is_file():
        for line in read_text(root / "domjudge-problem.ini").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "timelimit":
                given = value.strip().strip("'\"")
    return None if given is None else real(given, "the time limit", 0.0)


def _custom(
    root: Path,
    described: Mapping[str, Any],
    registry: Registry,
    limits: Mapping[str, Any],
    *,
    legacy: bool,
) -> JudgeProgram | None:
    """Return the package's own output validator, None for the default one."""
    wanted = str(described.get("validation", "default")).split()
    if legacy and "custom" not in wanted:
        return None
    for folder in (root / "output_validator", root / "output_validators"):
        if not folder.is_dir():
            continue
        programs = [
            path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "_"))
        ]
        folders = [path for path in programs if path.is_dir()]
        if folder.name == "output_validators" and len(programs) != 1:
            raise InputError(f"{folder} holds {len(programs)} programs; one is supported.")
        found = programs[0] if len(programs) == 1 else folder
        if len(folders) == 1 and len(programs) == 1:
            found = folders[0]
        return program_of(
            root,
            found,
            registry,
            Convention.ICPC,
            limits=_validation_limits(limits),
        )
    if legacy:
        raise InputError("The problem wants a custom output validator, and has none.")
    return None


def _validation_limits(limits: Mapping[str, Any]) -> Limits:
    cpu = real(limits.get("validation_time"), "limits.validation_time", JUDGE_LIMITS.cpu_time)
    memory = real(limits.get("validation_memory"), "limits.validation_memory", 2048)
    return dataclasses.replace(
        JUDGE_LIMITS, cpu_time=cpu, wall_time=min(600.0, 2 * cpu), memory=int(memory * MIB)
    )


def _checker(custom: JudgeProgram | None, described: Mapping[str, Any], *, legacy: bool) -> Checker:
    if custom is not None:
        return custom
    flags = words(described.get("validator_flags"), "validator_flags") if legacy else ()
    return Comparison.icpc(flags)


def _tests(
    root: Path,
    layout: Layout,
    custom: JudgeProgram | None,
    described: Mapping[str, Any],
    *,
    legacy: bool,
) -> list[TestCase]:
    common = words(described.get("validator_flags"), "validator_flags") if legacy else ()
    tests: list[TestCase] = []
    for placed in layout.tests:
        stem = placed.input.with_suffix("")
        answer = Path(f"{stem}.ans")
        if not answer.is_file():
            raise InputError(f"The answer file {answer} is missing.")
        flags = (*common, *placed.validator_args)
        tests.append(
            TestCase(
                input=DataFile(inside(root, placed.input)),
                expected=DataFile(inside(root, answer)),
                name=placed.name,
                group=placed.group,
                sample=placed.sample,
                checker=Comparison.icpc(flags) if custom is None and flags else None,
                args=placed.args,
                files=_files(root, Path(f"{stem}.files")),
                points=placed.points,
                checker_args=flags if custom is not None else (),
            )
        )
    return tests


def _files(root: Path, folder: Path) -> dict[str, Given]:
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): DataFile(inside(root, path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _include(root: Path) -> dict[str, dict[str, bytes]]:
    folder = root / "include"
    if not folder.is_dir():
        return {}
    return {
        language.name: {
            path.relative_to(language).as_posix(): inside(root, path).read_bytes()
            for path in sorted(language.rglob("*"))
            if path.is_file()
        }
        for language in sorted(folder.iterdir())
        if language.is_dir()
    }


def _title(name: object, default: str) -> str:
    if isinstance(name, dict):
        return str(name.get("en") or next(iter(name.values()), default))
    return str(name) if name else default

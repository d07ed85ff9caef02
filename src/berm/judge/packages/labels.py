"""What the folders of ``submissions/`` say about the programs in them, and ``submissions.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from berm.errors import InputError
from berm.judge.packages.package import FAILURES, Expectation, Labelled, read_yaml
from berm.judge.verdict import Verdict

_AC, _WA, _TLE = (
    frozenset({Verdict.AC}),
    frozenset({Verdict.WA, Verdict.PE}),
    frozenset({Verdict.TLE}),
)
_CODES: Final = {"AC": _AC, "WA": _WA, "TLE": _TLE, "RTE": FAILURES}
_REJECTED: Final = _WA | _TLE | FAILURES
_OWN: Final = {
    # Not in the format, which knows no such verdicts; Berm does.
    "memory_limit_exceeded": Expectation(_AC | {Verdict.MLE}, frozenset({Verdict.MLE})),
    "output_limit_exceeded": Expectation(_AC | {Verdict.OLE}, frozenset({Verdict.OLE})),
    "compile_error": Expectation(frozenset({Verdict.CE}), frozenset({Verdict.CE})),
}
_NEW: Final = {
    **_OWN,
    "accepted": Expectation(_AC, _AC),
    "rejected": Expectation(required=_REJECTED),
    "wrong_answer": Expectation(_AC | _WA, _WA),
    "time_limit_exceeded": Expectation(_AC | _TLE, _TLE),
    "run_time_error": Expectation(_AC | FAILURES, FAILURES),
    "brute_force": Expectation(_AC | FAILURES | _TLE, FAILURES | _TLE),
}
_LEGACY: Final = {
    **_OWN,
    "accepted": Expectation(_AC, _AC),
    "rejected": Expectation(required=_REJECTED),
    "partially_accepted": Expectation(partial=True),
    "wrong_answer": Expectation(_AC | _WA, _WA),
    "time_limit_exceeded": Expectation(_AC | _WA | _TLE, _TLE),
    "run_time_error": Expectation(required=FAILURES),
}
_TIMES: Final = {"accepted": "lower", "time_limit_exceeded": "upper"}
_KEYS: Final = frozenset({"permitted", "required", "score", "message", "use_for_time_limit"})
_OTHER_KEYS: Final = frozenset({"language", "entrypoint", "authors", "model_solution"})


def of_folder(folder: Path, *, legacy: bool) -> tuple[Labelled, ...]:
    """Return a package's own submissions, in the order of their names.

    Raises:
        InputError: a folder's name is no label, or ``submissions.yaml`` is wrong.
    """
    known = _LEGACY if legacy else _NEW
    rules = {} if legacy else read_yaml(folder / "submissions.yaml")
    found: list[Labelled] = []
    for label in sorted(path for path in folder.glob("*") if path.is_dir()):
        if label.name not in {*known, *(pattern.split("/")[0] for pattern in rules)}:
            raise InputError(
                f"{label} is no known label.",
                remedy=f"Known: {', '.join(known)}; others need an entry in submissions.yaml.",
            )
        for path in sorted(label.iterdir()):
            if path.name.startswith((".", "_")):
                continue
            found.append(_labelled(path, label.name, known, rules))
    return tuple(found)


def _labelled(
    path: Path, label: str, known: Mapping[str, Expectation], rules: Mapping[str, Any]
) -> Labelled:
    name = f"{label}/{path.name}"
    expected = [known[label]] if label in known and label not in rules else []
    language: str | None = None
    entry: str | None = None
    times = _TIMES.get(label, "")
    for pattern, given in rules.items():
        if not _matches(pattern, name):
            continue
        if not isinstance(given, dict):
            raise InputError(f"submissions.yaml: {pattern} is no mapping.")
        language = str(given["language"]) if "language" in given else language
        entry = str(given["entrypoint"]) if "entrypoint" in given else entry
        if given.get("use_for_time_limit") is False:
            times = ""
        elif given.get("use_for_time_limit") in ("lower", "upper"):
            times = str(given["use_for_time_limit"])
        expected += _expectations(pattern, given, known.get(pattern))
    return Labelled(path, name, label, tuple(expected), language, entry, times)


def _matches(pattern: str, name: str) -> bool:
    wanted, parts = pattern.strip("/").split("/"), name.split("/")
    if len(wanted) > len(parts):
        return False
    return all(fnmatchcase(part, one) for part, one in zip(parts, wanted, strict=False))


def _expectations(
    where: str, given: Mapping[str, Any], default: Expectation | None
) -> list[Expectation]:
    made = [_expectation(where, given, None, default)] if _KEYS.intersection(given) else []
    for key, value in given.items():
        if key in _KEYS or key in _OTHER_KEYS:
            continue
        if not isinstance(value, dict):
            raise InputError(f"submissions.yaml: {where}: {key} is not known.")
        made.append(_expectation(where, value, key, None))
    return made or ([default] if default else [])


def _expectation(
    where: str, given: Mapping[str, Any], tests: str | None, default: Expectation | None
) -> Expectation:
    fallback = default or Expectation()
    score = given.get("score")
    bounds: tuple[float, float] | None = None
    if isinstance(score, list) and len(score) == 2:
        bounds = (float(score[0]), float(score[1]))
    elif isinstance(score, (int, float)):
        bounds = (float(score), float(score))
    return Expectation(
        permitted=_verdicts(where, given["permitted"])
        if "permitted" in given
        else fallback.permitted,
        required=_verdicts(where, given["required"]) if "required" in given else fallback.required,
        tests=tests,
        score=bounds,
        message=str(given.get("message", "")),
    )


def _verdicts(where: str, codes: object) -> frozenset[Verdict]:
    names = codes if isinstance(codes, list) else [codes]
    found: frozenset[Verdict] = frozenset()
    for name in names:
        if name not in _CODES:
            raise InputError(
                f"submissions.yaml: {where}: {name!r} is no verdict.",
                remedy=f"Known: {', '.join(_CODES)}.",
            )
        found |= _CODES[str(name)]
    return found

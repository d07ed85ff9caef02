"""Reading problem packages: ICPC and Kattis, DMOJ, Polygon; and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from berm.errors import InputError
from berm.judge import Aggregate, Comparison, Convention, JudgeProgram, Rule, Verdict
from berm.judge.packages import Expectation, Labelled, Package, read
from berm.judge.verification import disagreements
from berm.languages import Registry
from berm.model import MIB

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.discover(None)


class Folder:
    """Writes a package."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **files: str) -> Folder:
        for name, text in files.items():
            path = self.root / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return self

    def put(self, name: str, text: str) -> Folder:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return self


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def icpc(folder: Folder, yaml: str) -> Folder:
    folder.put("problem.yaml", yaml)
    for name in ("sample/1", "secret/a", "secret/b"):
        folder.put(f"data/{name}.in", "in").put(f"data/{name}.ans", "ans")
    return folder


def test_a_plain_package(folder: Folder, registry: Registry) -> None:
    icpc(folder, "name: Plain\nvalidator_flags: case_sensitive float_tolerance 1e-3\n")
    folder.put(".timelimit", "3\n")
    found = read(folder.root, registry)
    assert (found.format, found.time_limit, found.problem.title) == ("icpc legacy", 3.0, "Plain")
    assert [test.name for test in found.problem.tests] == ["sample/1", "secret/a", "secret/b"]
    assert [test.sample for test in found.problem.tests] == [True, False, False]
    wanted = Comparison.icpc(["case_sensitive", "float_tolerance", "1e-3"])
    assert found.problem.checker == wanted
    assert all(test.checker in (None, wanted) for test in found.problem.tests)
    assert found.problem.limits.cpu_time == 3.0
    assert found.problem.limits.wall_time > 9.0


def test_limits_of_the_new_format(folder: Folder, registry: Registry) -> None:
    icpc(
        folder,
        "problem_format_version: 2023-07\nname: {en: New}\n"
        "limits: {time_limit: 1.5, memory: 128, output: 2, time_multipliers: {ac_to_time_limit: 4}}\n",
    )
    found = read(folder.root / "problem.yaml", registry)
    assert found.problem.limits.memory == 128 * MIB
    assert found.problem.limits.output == 2 * MIB
    assert (found.time_limit, found.factor, found.format) == (1.5, 4.0, "icpc 2023-07")
    assert read(folder.root, registry, time_limit=9).time_limit == 9


def test_scoring_groups(folder: Folder, registry: Registry) -> None:
    icpc(folder, "problem_format_version: 2025-09\ntype: scoring\nname: S\n")
    for name in ("secret/a", "secret/b"):
        (folder.root / f"data/{name}.in").unlink()
    folder.put("data/secret/1/test_group.yaml", "max_score: 40")
    folder.put(
        "data/secret/2/test_group.yaml",
        "max_score: 60\nscore_aggregation: sum\nrequire_pass: [sample, secret/1]",
    )
    for name in ("1/x", "2/x", "2/y", "2/z"):
        folder.put(f"data/secret/{name}.in", "").put(f"data/secret/{name}.ans", "")
    found = read(folder.root, registry).problem
    assert [(g.name, g.points, g.aggregate, g.requires) for g in found.groups] == [
        ("sample", 0.0, Aggregate.ALL, ()),
        ("secret/1", 40.0, Aggregate.ALL, ()),
        ("secret/2", 60.0, Aggregate.SUM, ("sample", "secret/1")),
    ]
    assert [test.points for test in found.tests if test.group == "secret/2"] == [20.0] * 3


def test_legacy_scoring(folder: Folder, registry: Registry) -> None:
    icpc(folder, "type: scoring\nname: S\n")
    folder.put("data/testdata.yaml", "grader_flags: ignore_sample\non_reject: continue\n")
    folder.put(
        "data/secret/g/testdata.yaml",
        "grader_flags: min\naccept_score: 25\nrange: 0 25\non_reject: break\n",
    )
    folder.put("data/secret/g/1.in", "").put("data/secret/g/1.ans", "")
    groups = {g.name: g for g in read(folder.root, registry).problem.groups}
    assert (groups["secret/g"].points, groups["secret/g"].aggregate, groups["secret/g"].stop) == (
        25,
        "min",
        True,
    )
    assert (groups["sample"].points, groups["secret"].aggregate, groups["secret"].stop) == (
        0,
        "sum",
        False,
    )


def test_validators(folder: Folder, registry: Registry) -> None:
    icpc(folder, "name: V\nvalidation: custom interactive\nvalidator_flags: a b\n")
    folder.put("output_validators/v/main.cpp", "int main() {}").put("output_validators/v/v.h", "")
    problem = read(folder.root, registry).problem
    assert isinstance(problem.interactor, JudgeProgram)
    assert (problem.interactor.language, set(problem.interactor.files)) == ("cpp", {"v.h"})
    assert problem.tests[0].checker_args == ("a", "b")


def test_settings_of_one_test(folder: Folder, registry: Registry) -> None:
    icpc(folder, "problem_format_version: 2025-09\nname: T\n")
    folder.put(
        "data/secret/test_group.yaml", "args: [x]\noutput_validator_args: [case_sensitive]\n"
    )
    folder.put("data/secret/b.yaml", "args: [y, z]\n").put("data/secret/b.files/d/f.txt", "content")
    _, first, second = read(folder.root, registry).problem.tests
    assert (first.args, second.args) == (("x",), ("y", "z"))
    assert first.checker == Comparison.icpc(["case_sensitive"])
    assert second.files["d/f.txt"].read() == b"content"


@pytest.mark.parametrize(
    ("yaml", "says"),
    [
        ("problem_format_version: 1999-01\n", "version"),
        ("problem_format_version: 2025-09\ntype: multi-pass\n", "multi-pass"),
        ("problem_format_version: 2025-09\ntype: [submit-answer]\n", "submit-answer"),
        ("validation: custom\n", "output validator"),
        ("problem_format_version: 2025-09\ntype: interactive\n", "output validator"),
        ("validator_flags: nosuch\n", "nosuch"),
        ("limits: {memory: much}\n", "much"),
        ("limits: 5\n", "limits"),
        ("- a list\n", "mapping"),
        ("a: [", "YAML"),
        ("type: scoring\ngrading: custom\nname: &a [*a]\n", ""),
    ],
)  # fmt: skip
def test_what_is_refused(folder: Folder, registry: Registry, yaml: str, says: str) -> None:
    icpc(folder, yaml)
    if not says:
        read(folder.root, registry)  # odd, and harmless
        return
    with pytest.raises(InputError, match=says):
        read(folder.root, registry)


def test_links_out_of_the_package(folder: Folder, registry: Registry, tmp_path_factory) -> None:
    icpc(folder, "name: L\n")
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_text("x")
    (folder.root / "data/secret/c.in").symlink_to(outside)
    folder.put("data/secret/c.ans", "")
    with pytest.raises(InputError, match="out of the package"):
        read(folder.root, registry)


def test_a_missing_answer_and_no_tests(folder: Folder, registry: Registry) -> None:
    icpc(folder, "name: M\n")
    (folder.root / "data/secret/a.ans").unlink()
    with pytest.raises(InputError, match="answer file"):
        read(folder.root, registry)
    with pytest.raises(InputError, match="no problem package"):
        read(folder.root / "data", registry)


def test_labels(folder: Folder, registry: Registry) -> None:
    icpc(folder, "problem_format_version: 2025-09\nname: L\n")
    folder.put("submissions/accepted/a.py", "").put("submissions/mixed/b.py", "").put(
        "submissions/accepted/.hidden", ""
    )
    folder.put(
        "submissions/submissions.yaml",
        "mixed/b.py:\n  language: python\n  score: [1, 2]\n  sample: {permitted: [AC]}\n"
        "  secret/*-hard: {permitted: [AC, TLE], required: [TLE]}\n",
    )
    accepted, mixed = read(folder.root, registry).submissions
    assert (accepted.name, accepted.times) == ("accepted/a.py", "lower")
    assert mixed.language == "python"
    assert [one.tests for one in mixed.expected] == [None, "sample", "secret/*-hard"]
    assert mixed.expected[2].required == {Verdict.TLE}
    folder.put("submissions/nonsense/c.py", "")
    with pytest.raises(InputError, match="no known label"):
        read(folder.root, registry)


@pytest.mark.parametrize(
    ("pattern", "test", "concerns"),
    [
        (None, "secret/1", True),
        ("secret", "secret/1", True),
        ("secret/*-hard", "secret/1-hard", True),
        ("secret/*-hard", "secret/1-easy", False),
        ("secret/*", "secret/a/b", True),
        ("*", "secret/a", True),
        ("secret/a/b", "secret/a", False),
        ("sample", "secret/1", False),
    ],
)  # fmt: skip
def test_patterns_of_tests(pattern, test, concerns) -> None:
    assert Expectation(tests=pattern).concerns(test) == concerns


def judged(*verdicts: str, score: float = 0.0, points: float = 1.0):
    from berm.judge import Evidence, Judgement, TestResult

    tests = tuple(
        TestResult(index, f"secret/{index}", "", Verdict(verdict), Evidence(judge_message="said"))
        for index, verdict in enumerate(verdicts)
    )
    first = next((one for one in verdicts if one != "AC"), "AC")
    return Judgement(Verdict(first), Evidence(), "python", tests, score=score, points=points)


AC, WA, TLE = (frozenset({Verdict(one)}) for one in ("AC", "WA", "TLE"))


@pytest.mark.parametrize(
    ("expected", "judgement", "agrees"),
    [
        (Expectation(AC, AC), judged("AC", "AC"), True),
        (Expectation(AC, AC), judged("AC", "WA"), False),
        (Expectation(AC | WA, WA), judged("AC", "WA"), True),
        (Expectation(AC | WA, WA), judged("AC", "AC"), False),
        (Expectation(AC | WA, WA), judged("TLE", "WA"), False),
        (Expectation(AC | TLE, TLE, tests="secret/1"), judged("WA", "TLE"), True),
        (Expectation(score=(1, 2)), judged("AC", score=1.5), True),
        (Expectation(score=(1, 2)), judged("AC", score=2.5), False),
        (Expectation(partial=True), judged("AC", score=1.0), False),
        (Expectation(partial=True), judged("AC", score=0.5), True),
        (Expectation(message="said"), judged("WA"), True),
        (Expectation(message="never"), judged("WA"), False),
        (Expectation(), judged("IE"), False),
        (Expectation(required=WA), judged("CE"), False),
    ],
)  # fmt: skip
def test_disagreements(expected, judgement, agrees) -> None:
    labelled = Labelled(Path("x"), "x", "x", (expected,))
    assert (disagreements(labelled, judgement) == ()) == agrees


def test_dmoj(folder: Folder, registry: Registry) -> None:
    with zipfile.ZipFile(folder.root / "data.zip", "w") as archive:
        for name in ("1.in", "1.out", "2a.in", "2a.out", "2b.in", "2b.out"):
            archive.writestr(name, name)
    folder.put(
        "init.yml",
        "archive: data.zip\nchecker: {name: floats, args: {precision: 4}}\ntest_cases:\n"
        "- {in: 1.in, out: 1.out, points: 10}\n"
        "- points: 90\n  batched:\n  - {in: 2a.in, out: 2a.out}\n  - {in: 2b.in, out: 2b.out}\n",
    )
    found = read(folder.root, registry, time_limit=1)
    assert found.format == "dmoj"
    assert [test.name for test in found.problem.tests] == ["1", "2.1", "2.2"]
    assert found.problem.tests[1].input.read() == b"2a.in"
    assert [(g.name, g.points, g.aggregate) for g in found.problem.groups] == [
        ("batch2", 90, "min")
    ]
    assert found.problem.checker == Comparison(Rule.TOKENS, absolute=1e-4, relative=1e-4)


def test_dmoj_finds_tests_by_their_names(folder: Folder, registry: Registry) -> None:
    for name in ("p.1.in", "p.1.out", "p.2.in", "p.2.out", "p.10.in", "p.10.out", "notes.txt"):
        folder.put(name, name)
    folder.put("init.yml", "points: 5\n")
    found = read(folder.root, registry).problem
    assert [test.input.read() for test in found.tests] == [b"p.1.in", b"p.2.in", b"p.10.in"]
    assert {test.points for test in found.tests} == {5.0}


def test_dmoj_programs(folder: Folder, registry: Registry) -> None:
    folder.put("1.in", "").put("1.out", "").put("check.py", "").put("i.cpp", "").put("lib.h", "")
    folder.put(
        "init.yml",
        "checker: check.py\ntest_cases: [{in: 1.in, out: 1.out}]\ninteractive: {files: [i.cpp, lib.h], type: testlib}\n",
    )
    problem = read(folder.root, registry).problem
    assert problem.checker.convention is Convention.FUNCTION
    assert (problem.interactor.convention, set(problem.interactor.files)) == (
        Convention.TESTLIB,
        {"lib.h"},
    )
    for wrong in ("checker: nosuch", "generator: x", "test_cases: [{in: ../../x}]", "checker: [1]"):
        folder.put(
            "init.yml",
            wrong if "test_cases" in wrong else wrong + "\ntest_cases: [{in: 1.in, out: 1.out}]\n",
        )
        with pytest.raises(InputError):
            read(folder.root, registry)


POLYGON = """<?xml version="1.0" encoding="utf-8"?>
<problem short-name="p"><names><name language="english" value="Title"/></names>
<judging><testset name="tests"><time-limit>1500</time-limit><memory-limit>67108864</memory-limit>
<test-count>3</test-count><input-path-pattern>tests/%02d</input-path-pattern>
<answer-path-pattern>tests/%02d.a</answer-path-pattern>
<tests><test method="manual" sample="true" points="0.0" group="0"/>
<test method="manual" points="40.0" group="1"/><test method="manual" points="60.0" group="2"/></tests>
<groups><group name="0" points-policy="each-test"/><group name="1" points-policy="complete-group" points="40.0"/>
<group name="2" points-policy="complete-group" points="60.0"><dependencies><dependency group="1"/></dependencies></group></groups>
</testset></judging>
<assets><checker name="std::wcmp.cpp" type="testlib"><source path="files/check.cpp" type="cpp.g++17"/></checker></assets>
<solutions><solution tag="main"><source path="solutions/a.cpp" type="cpp.g++17"/></solution>
<solution tag="time-limit-exceeded"><source path="solutions/b.py" type="python.3"/></solution></solutions></problem>
"""


def polygon(folder: Folder, xml: str = POLYGON) -> Folder:
    folder.put("problem.xml", xml).put("solutions/a.cpp", "").put("solutions/b.py", "")
    folder.put("files/check.cpp", "int main() {}")
    for number in ("01", "02", "03"):
        folder.put(f"tests/{number}", number).put(f"tests/{number}.a", number)
    return folder


def test_polygon(folder: Folder, registry: Registry) -> None:
    found = read(polygon(folder).root, registry)
    assert (found.format, found.time_limit, found.problem.title) == ("polygon", 1.5, "Title")
    assert found.problem.limits.memory == 64 * MIB
    assert found.problem.scoring
    assert found.problem.checker == Comparison(Rule.TOKENS)  # no testlib.h: the comparison itself
    assert [(g.name, g.points, g.requires) for g in found.problem.groups][2] == ("2", 60.0, ("1",))
    assert [(one.name, one.times) for one in found.submissions] == [
        ("main/a.cpp", "lower"),
        ("time-limit-exceeded/b.py", "upper"),
    ]
    folder.put("files/testlib.h", "")
    checker = read(folder.root, registry).problem.checker
    assert (checker.convention, set(checker.files)) == (Convention.TESTLIB, {"testlib.h"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<problem ", '<!DOCTYPE p [<!ENTITY a "b">]><problem '),
        ("<judging>", "<judge>"),
        ('path="solutions/b.py"', 'path="../../../etc/passwd"'),
        ("tests/%02d<", "tests/%s/%s<"),
        ("tests/%02d<", "missing/%02d<"),
        ('tag="main"', 'tag="strange"'),
    ],
)  # fmt: skip
def test_polygon_packages_that_are_wrong(folder: Folder, registry: Registry, old, new) -> None:
    with pytest.raises(InputError):
        read(polygon(folder, POLYGON.replace(old, new)).root, registry)


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "examples" / "problems").glob("*/problem.yaml")),
    ids=lambda p: p.parent.name,
)
def test_the_examples_can_be_read(path: Path, registry: Registry) -> None:
    found: Package = read(path, registry)
    assert len(found.problem.tests) >= 3
    assert len(found.submissions) >= 3
    assert any(one.label == "accepted" for one in found.submissions)
    assert any(one.label != "accepted" for one in found.submissions)

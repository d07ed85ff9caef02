"""What the judge can do, asked for over HTTP: checkers, interactors, groups, hidden tests, files, limits."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import pytest

import berm
from berm.client import Test
from berm.service.schemas import ExecuteResponse

pytestmark = pytest.mark.requires_isolation

PASS = [{"input": "1", "expected_output": "1"}]
EXACT = "import sys\nsys.exit(42 if sys.stdin.read() == open(sys.argv[2]).read() else 43)"
TESTLIB = """
import sys
output, answer = open(sys.argv[2]).read().split(), open(sys.argv[3]).read().split()
print("checked", sys.argv[4:], file=sys.stderr)
sys.exit(0 if output == answer else 1)
"""
FUNCTION = """
def check(process_output, judge_output, judge_input, **more):
    return process_output.strip() == judge_output.strip() and judge_input == b"1"
"""
INTERACTOR = """
import sys
secret = int(open(sys.argv[1]).read())
for line in sys.stdin:
    guess = int(line)
    print("=" if guess == secret else "<" if guess < secret else ">", flush=True)
    if guess == secret:
        sys.exit(42)
sys.exit(43)
"""
GUESSER = """
low, high = 1, 100
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    answer = input()
    if answer == "=":
        break
    low, high = (middle + 1, high) if answer == "<" else (low, middle - 1)
"""
HEADER = {"name": "include/sum.h", "content": "int sum(int, int);\n"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tests")
    (folder / "1.in").write_text("20 22\n")
    return folder


@pytest.fixture(scope="module")
def service(serve, data):
    return serve("--test-files", str(data), BERM_SERVE_WARM="python").ready()


@pytest.fixture
def client(service):
    with service.client() as client:
        yield client


def judge(client, code, tests, *, path="/v1/execute", language="python", **fields):
    body = {"language": language, "test_cases": tests, **fields}
    response = client.post(path, json=body if code is None else body | {"code": code})
    assert response.status_code == 200, response.text
    ExecuteResponse.model_validate(response.json(), extra="forbid")
    return response.json()


def verdicts(answer):
    return [test["verdict"] for test in answer["test_results"]]


def refusal(client, **fields):
    body = {"language": "python", "code": "print(input())", "test_cases": PASS, **fields}
    texts = []
    for path in ("/execute", "/v1/execute", "/v1/submissions"):
        response = client.post(path, json=body)
        assert response.status_code == 400, response.text
        texts.append(response.json()["error" if path == "/execute" else "detail"])
    assert len(set(texts)) == 1
    return texts[0]


def archive(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name.replace("__", "/") + ".py", text)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize("path", ["/execute", "/v1/execute"])
@pytest.mark.parametrize(
    ("checker", "output", "expected", "verdict"),
    [
        ("exact", "a \n", "a\n", "WA"),
        ("trimmed", "a \n", "a\n", "AC"),
        ("tokens", "1\n2", "1 2", "AC"),
        ("case-insensitive", "Yes", "YES", "AC"),
        ("floats", "0.33333333", "0.3333334", "AC"),
        ("unordered", "b\na", "a\nb", "AC"),
        ({"kind": "tokens", "absolute": 0.1}, "1.09", "1", "AC"),
        ({"kind": "tokens", "absolute": 0.1}, "1.11", "1", "WA"),
        ({"kind": "trimmed", "presentation": True}, "a  b", "a b", "PE"),
        ({"kind": "icpc", "flags": ["case_sensitive"]}, "A", "a", "WA"),
        ({"kind": "icpc", "flags": ["float_tolerance", "0.01"]}, "1.005", "1", "AC"),
    ],
)
def test_comparisons(client, path, checker, output, expected, verdict):
    tests = [{"expected_output": expected}]
    answer = judge(client, f"print({output!r}, end='')", tests, checker=checker, path=path)
    assert (answer["judgement"]["verdict"], *verdicts(answer)) == (verdict, verdict)
    if verdict == "WA":
        assert answer["test_results"][0]["evidence"]["difference"]["line"] == 1


@pytest.mark.parametrize(
    ("convention", "code"), [("icpc", EXACT), ("testlib", TESTLIB), ("function", FUNCTION)]
)
def test_checkers_that_are_programs(client, convention, code):
    checker = {"kind": "program", "language": "python", "code": code, "convention": convention}
    tests = [{**PASS[0], "expected_output": "1\n"}, {"input": "1", "expected_output": "2\n"}]
    answer = judge(client, "print(input())", tests, checker=checker)
    assert verdicts(answer) == ["AC", "WA"]
    tests[1] = {"input": "1", "checker": checker | {"args": ["x"]}, "checker_args": ["y"]}
    answer = judge(client, "print(input())", tests)  # each test may have its own
    assert verdicts(answer) == ["AC", "WA"]
    if convention == "testlib":
        assert answer["test_results"][1]["evidence"]["judge_message"] == "checked ['x', 'y']"


def test_a_checker_in_cpp_with_a_file_of_its_own(client):
    code = '#include "want.h"\nint main() { std::string s; std::cin >> s; return s == WANT ? 42 : 43; }'
    text = '#include <iostream>\n#include <string>\n#define WANT "7"\n'
    checker = {"kind": "program", "language": "cpp", "code": code}
    checker["files"] = [{"name": "want.h", "content": text}]
    assert verdicts(judge(client, "print(7)", [{"input": ""}], checker=checker)) == ["AC"]


def test_a_checker_that_fails_is_never_the_programs_fault(client):
    for code in ("import sys; sys.exit(1)", "x ==", "while True: print('x' * 1000)"):
        checker = {"kind": "program", "language": "python", "code": code}
        [test] = judge(client, "print(1)", PASS, checker=checker)["test_results"]
        assert (test["verdict"], test["status"]) == ("IE", "error")
        assert "checker" in test["error"]
        assert test["evidence"]["judge_message"]


def test_an_interactor(client):
    interactor = {"kind": "program", "language": "python", "code": INTERACTOR}
    tests = [{"input": "37"}, {"input": "90", "hidden": True}]
    answer = judge(client, GUESSER, tests, interactor=interactor)
    assert verdicts(answer) == ["AC", "AC"]
    shown, hidden = answer["test_results"]
    assert [said["text"] for said in shown["transcript"][:2]] == ["50\n", ">\n"]
    assert [said["side"] for said in shown["transcript"][:2]] == ["submission", "interactor"]
    assert hidden["transcript"] == []
    assert verdicts(judge(client, "print(1)", tests[:1], interactor=interactor)) == ["WA"]


def test_groups_points_and_what_is_not_run(client):
    code = "n = int(input())\nprint(0 if n == 3 else n)"
    tests = [
        {"input": str(n), "expected_output": str(n), "group": g} for n, g in enumerate("aabbcc")
    ]
    groups = [
        {"name": "a", "points": 20},
        {"name": "b", "points": 30, "requires": ["a"], "aggregate": "min", "stop": False},
        {"name": "c", "points": 50, "requires": ["b"]},
    ]
    answer = judge(client, code, tests, scoring=True, groups=groups)
    assert verdicts(answer) == ["AC", "AC", "AC", "WA", None, None]
    assert answer["test_results"][5]["status"] == "skipped"
    whole = answer["judgement"]
    assert (whole["score"], whole["points"]) == (20, 100)
    assert [(g["name"], g["verdict"], g["score"]) for g in whole["groups"]] == [
        ("a", "AC", 20), ("b", "WA", 0), ("c", None, 0),
    ]  # fmt: skip
    assert answer["summary"]["passed"] == 3
    stopped = judge(client, code, tests, stop_on_failure=True)
    assert verdicts(stopped) == ["AC", "AC", "AC", "WA", None, None]


def test_hidden_data_stay_hidden(client):
    test = {
        "input": "KOLIBRI-IN", "expected_output": "KOLIBRI-OUT", "hidden": True,
        "files": [{"name": "words.txt", "content": "KOLIBRI-FILE"}],
    }  # fmt: skip
    say = "import sys\nwords = open('words.txt').read() + input()\n"
    for code in (
        say + "print(words); print(words, file=sys.stderr)",
        say + "open('copy.txt', 'w').write(words)",
        say + "raise ValueError(words)",
        say + "sys.exit(3)",
        "#" * 30_000 + "\nwhile True: pass",
    ):
        for fields in ({}, {"checker": {"kind": "trimmed", "presentation": True}}):
            fields |= {"timeout": 0.5, "collect": ["*.txt"]}
            answer = judge(client, code, [test], **fields)
            assert "KOLIBRI" not in json.dumps(answer)
            assert verdicts(answer)[0] in ("WA", "RE", "TLE")
    broken = judge(client, "int main() {", [test], language="cpp")
    assert verdicts(broken) == ["CE"]
    assert "KOLIBRI" not in json.dumps(broken)


def test_limits_of_the_request_and_of_a_test(client):
    spin = "while True: pass"
    tests = [
        {"expected_output": "", "limits": {"cpu_time": 0.2}},
        {"expected_output": "", "limits": {"wall_time": 0.3}},
    ]
    cpu, wall = judge(client, spin, tests)["test_results"]
    assert (cpu["evidence"]["limit"], cpu["evidence"]["unit"]) == (0.2, "seconds")
    assert wall["evidence"]["limit"] == 0.3
    big = judge(
        client, "x = bytearray(1 << 26)", [{"expected_output": ""}], limits={"memory": 1 << 25}
    )
    assert verdicts(big) == ["MLE"]
    work = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    slow = {"limits": {"cpu_time": 0.2}, "tests": [{"expected_output": ""}]}
    assert verdicts(judge(client, work, **slow)) == ["TLE"]
    factor = {"time_factors": {"python": {"factor": 5}}}
    assert verdicts(judge(client, work, **slow, **factor)) == ["AC"]


def test_files_arguments_environment_and_what_comes_back(client):
    code = (
        "import os, sys\nopen('plot.png', 'wb').write(b'\\x89PNG\\xff')\n"
        "print(sys.argv[1:], os.environ['APP_MODE'], open('d/x.bin', 'rb').read())"
    )
    test = {
        "args": ["two words"], "expected_output": "['-v', 'two words'] fast b'\\x00\\xff'",
        "files": [{"name": "d/x.bin", "content": "AP8=", "encoding": "base64"}],
    }  # fmt: skip
    answer = judge(
        client, code, [test], args=["-v"], env={"APP_MODE": "fast"}, collect=["*.png", "d/*"]
    )
    assert verdicts(answer) == ["AC"]
    [plot] = answer["test_results"][0]["files"]  # what it was given is none of what it made
    assert (plot["name"], plot["size"]) == ("plot.png", 5)
    assert base64.b64decode(plot["content"]) == b"\x89PNG\xff"
    code = "print(open('deep/numbers').read())"
    test = {"expected_output": "20 22", "files": [{"name": "deep/numbers", "file": "1.in"}]}
    assert verdicts(judge(client, code, [test])) == ["AC"]


def test_many_files_flags_and_the_compilers_words(client):
    main = '#include "include/sum.h"\nint main() { int unused; return sum(2, -2) + __cplusplus - 201703L; }'
    body = {"name": "sum.cpp", "content": "int sum(int a, int b) { return a + b; }\n"}
    answer = judge(
        client, main, [{"expected_output": ""}] * 3, language="cpp", entry="prog.cpp",
        files=[HEADER, body], flags=["-std=c++17", "-Wall"],
    )  # fmt: skip
    assert verdicts(answer) == ["AC"] * 3
    compiled = answer["judgement"]["compile"]
    assert compiled["ok"]
    assert "unused variable" in compiled["output"]


def test_zip_archives(client):
    files = {
        "prog__main": "import helper\nprint(helper.answer())",
        "prog__helper": "answer = lambda: 1",
    }
    assert verdicts(judge(client, None, PASS, archive=archive(**files))) == ["AC"]
    other = {"one": "print(2)", "two": "print(1)"}
    assert verdicts(judge(client, None, PASS, archive=archive(**other), entry="two.py")) == ["AC"]
    for packed, words in (
        (archive(**{"..__main": "print(1)"}), "'..'"),
        (archive(main="#" * 100_000_000), "unpacks to too much"),
        (archive(**other), "which is the main one cannot be told"),
        (base64.b64encode(b"PK").decode(), "no zip file"),
        ("\u00e9", "not base64"),
    ):
        assert words in refusal(client, code=None, archive=packed)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"archive": "UEs="}, "archive, and code"),
        ({"checker": "exactly"}, "checker"),
        ({"checker": {"kind": "icpc", "flags": ["float_tolerance"]}}, "needs a number"),
        ({"checker": {"kind": "program", "language": "nolang", "code": "x"}}, "nolang"),
        ({"limits": {"memory": 1 << 50}}, "limits.memory"),
        ({"limits": {"memry": 1}}, "limits.memry is unknown"),
        ({"limits": {"cpu_time": -1}}, "cpu_time"),
        ({"groups": [{"name": "a", "requires": ["b"]}]}, "is no group"),
        ({"env": {"LD_PRELOAD": "x"}}, "LD_PRELOAD"),
        ({"flags": ["-O2"]}, "-O2"),
        ({"args": ["\0"]}, "NUL"),
        ({"entry": "../main.py"}, "name cannot be used"),
        ({"files": [{"name": "main.py", "content": ""}]}, "there already"),
        ({"files": [{"name": "a", "content": ""}, {"name": "a/b", "content": ""}]}, "at once"),
        ({"test_cases": [{"input": "1"}]}, "no expected_output"),
        ({"test_cases": [{"expected_output": "", "files": [{"name": "x"}]}]}, "content or file"),
        ({"test_cases": [{"expected_output": "", "files": [{"name": "x", "file": "2.in"}]}]}, "2.in"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_before_it_is_kept(client, fields, words):
    assert words in refusal(client, **fields)


def test_the_queue_and_the_client_carry_it_all(service):
    interactor = {"kind": "program", "language": "python", "code": INTERACTOR}
    tests = [Test(more={"group": "g", "hidden": True}, input="37"), Test(input="38")]
    fields = {"interactor": interactor, "scoring": True, "groups": [{"name": "g", "points": 5}]}
    with berm.Client(service.url) as client:
        job = client.submit("python", GUESSER, tests, **fields)
        done = client.submission(job, wait=60).result
        assert (done.verdict, done.score, done.points) == ("AC", 6, 6)
        assert done.tests[0].raw["hidden"]
        assert (done.tests[0].raw["input"], done.tests[0].raw["transcript"]) == ("", [])
        same = client.execute("python", None, [Test("", "1")], archive=archive(main="print(1)"))
        assert same.all_passed


def test_everything_is_documented(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert {"checker", "interactor", "groups", "archive", "collect"} <= set(
        schemas["SubmissionRequest"]["properties"]
    )
    for name in ("LimitsPart", "ProgramPart", "GroupPart", "EvidencePart", "JudgementPart"):
        assert name in schemas

"""``POST /execute`` and its neighbours, over sockets, with real cells."""

from __future__ import annotations

import concurrent.futures
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berm.model import Guarantee
from berm.service.schemas import ExecuteResponse

pytestmark = pytest.mark.requires_isolation

SECRET = "kolibri-4711"
ECHO = "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())"
GOOD = {"language": "python", "code": "print(1)", "test_cases": [{"expected_output": "1"}]}
JSON = {"content-type": "application/json"}
SUM = {
    "python": "a, b = map(int, input().split())\nprint(a + b)\n",
    "javascript": "const t = require('fs').readFileSync(0, 'utf8').split(/\\s+/).map(Number);\n"
    "console.log(t[0] + t[1]);\n",
    "java": "import java.util.*;\npublic class Sum {\n  public static void main(String[] args) {\n"
    "    Scanner in = new Scanner(System.in);\n"
    "    System.out.println(in.nextInt() + in.nextInt());\n  }\n}\n",
    "cpp": "#include <iostream>\nint main() { long a, b; std::cin >> a >> b;"
    ' std::cout << a + b << "\\n"; }\n',
    "c": "#include <stdio.h>\nint main(void) { long a, b;"
    ' if (scanf("%ld %ld", &a, &b) != 2) return 1; printf("%ld\\n", a + b); return 0; }\n',
}
BROKEN = {
    "java": "public class Sum { int x = }",
    "cpp": "int main() { return undeclared_name; }",
    "c": "int main(void) { return undeclared_name; }",
}
TESTS = [
    {"id": "small", "input": "2 3\n", "expected_output": "5"},
    {"id": 7, "input": "-4 4", "expected_output": "0  \n\n"},
    {"input": "1 1", "expected_output": "3"},
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    base = tmp_path_factory.mktemp("data")
    (base / "secret").write_text("SECRET")
    folder = base / "tests"
    (folder / "sums").mkdir(parents=True)
    (folder / "sums" / "1.in").write_text("20 22\n")
    (folder / "sums" / "1.out").write_text("42\n")
    (folder / "link").symlink_to(base / "secret")
    (folder / "big.in").write_bytes(b"x" * 300_000)
    (folder / "big.out").write_bytes(b"y" * 2_000_000)
    return folder


@pytest.fixture(scope="module")
def service(serve, data):
    return serve(
        "--test-files", str(data), "--log-level", "debug",
        BERM_SERVE_REPLICA="replica-1", BERM_SERVE_MAX_BODY="256KiB", BERM_SERVE_MAX_TEST_CASES="30",
    ).ready()  # fmt: skip


@pytest.fixture
def client(service):
    with service.client() as client:
        yield client


def judge(client, code, *tests, language="python", **fields):
    body = {"language": language, "code": code, "test_cases": list(tests), **fields}
    response = client.post("/execute", json=body)
    assert response.status_code == 200, response.text
    ExecuteResponse.model_validate(response.json(), extra="forbid")
    return response.json()


def one(client, code, expected="", given="", **fields):
    """Judge by one test; return its result."""
    test = {"input": given, "expected_output": expected}
    [result] = judge(client, code, test, **fields)["test_results"]
    return result


# --- judging --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "language",
    [pytest.param(name, marks=pytest.mark.requires_toolchain(name)) for name in SUM],
)
def test_every_language(client, language):
    answer = judge(client, SUM[language], *TESTS, language=language, user_id="u", question_id=9)
    assert answer["summary"] == {
        "total_tests": 3,
        "passed": 2,
        "failed": 1,
        "all_passed": False,
        "pass_percentage": 66.67,
    }
    assert (answer["user_id"], answer["question_id"], answer["language"]) == ("u", 9, language)
    small, zero, wrong = answer["test_results"]
    assert [r["test_case_id"] for r in (small, zero, wrong)] == ["small", 7, 3]
    assert [r["test_case_number"] for r in (small, zero, wrong)] == [1, 2, 3]
    assert [r["verdict"] for r in (small, zero, wrong)] == ["AC", "AC", "WA"]
    assert [r["status"] for r in (small, zero, wrong)] == ["passed", "passed", "failed"]
    assert (small["input"], small["expected_output"], small["error"]) == ("2 3\n", "5", None)
    assert wrong["actual_output"].strip() == "2"
    for result in (small, zero, wrong):
        assert result["execution_time_ms"] > 0
        assert result["cpu_time_ms"] >= 0
        assert result["memory_usage_bytes"] > 0
        assert result["cpu_usage_percent"] == pytest.approx(
            100 * result["cpu_time_ms"] / result["execution_time_ms"], abs=1
        )


def test_the_metadata_say_what_held(client):
    metadata = judge(client, SUM["python"], TESTS[0], timeout=3)["metadata"]
    assert metadata["replica"] == "replica-1"
    assert metadata["timeout"] == 3
    assert metadata["memory_usage_mb"] == round(metadata["memory_usage_bytes"] / 2**20, 2)
    security = metadata["security"]
    assert security["enabled"] is True
    assert set(security["guarantees"]) == {guarantee.value for guarantee in Guarantee}
    assert all(security["guarantees"].values())
    assert "seccomp" in security["layers"]


def test_ids_are_echoed_or_made(client):
    made = judge(client, "print()", {"expected_output": ""})
    again = judge(client, "print()", {"expected_output": ""}, submission_id="s-1")
    assert again["submission_id"] == "s-1"
    assert made["submission_id"]
    assert made["execution_id"] != again["execution_id"]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        pytest.param(name, code, marks=pytest.mark.requires_toolchain(name))
        for name, code in BROKEN.items()
    ],
)
def test_compile_errors(client, language, code):
    answer = judge(client, code, *TESTS, language=language)
    assert answer["summary"]["passed"] == 0
    for result in answer["test_results"]:
        assert (result["status"], result["verdict"], result["passed"]) == ("error", "CE", False)
        assert "error" in result["error"]
        assert result["actual_output"] == ""


@pytest.mark.parametrize(
    ("code", "verdict", "words"),
    [
        ("print(1); raise SystemExit(3)", "RE", "exit code 3"),
        ("print(1); 1/0", "RE", "ZeroDivisionError: division by zero"),
        ("x ==", "RE", "SyntaxError"),
        ("import os; os.abort()", "RE", "SIGABRT"),
        ("while True: pass", "TLE", "Time limit"),
        ("import time; time.sleep(60)", "TLE", "still ran after 0.7 s"),
        ("x = bytearray(1 << 30)", "MLE", "256 MiB"),
        ("while True: print('x' * 1000)", "OLE", "Output limit"),
        ("print('x' * 2_000_000)", "OLE", "Output limit"),
        ("open('f', 'wb').write(b'x' * 20_000_000)", "RE", ""),
    ],
)
def test_programs_that_do_not_end_well(client, code, verdict, words):
    result = one(client, code, expected="1", timeout=0.7)
    assert (result["verdict"], result["status"]) == (verdict, "error")
    assert words in result["error"]
    assert len(result["actual_output"]) <= 1 << 20


def test_output_of_any_bytes(client):
    code = (
        "import sys; sys.stdout.buffer.write(b'a\\0b\\xff\\xfe\\n' + '\\u00e9\\U0001f600'.encode())"
    )
    result = one(client, code, expected="a")
    assert result["actual_output"] == "a\0b\ufffd\ufffd\n\u00e9\U0001f600"
    assert one(client, "print('a\\0b')", expected="a\0b")["verdict"] == "AC"
    assert one(client, "print(input())", expected="\0é😀", given="\0é😀")["verdict"] == "AC"


def test_wrong_bytes_never_equal_their_replacement(client):
    code = "import sys; sys.stdout.buffer.write(b'\\xff')"
    assert one(client, code, expected="\ufffd")["verdict"] == "WA"


def test_a_megabyte_is_kept(client):
    result = one(client, "print('x' * 1_000_000)", expected="no")
    assert result["verdict"] == "WA"
    assert len(result["actual_output"]) == 1_000_001


def test_many_outputs_stay_within_the_response(client):
    tests = [{"expected_output": "no"}] * 30
    answer = client.post(
        "/execute",
        json={"language": "python", "code": "print('x' * 1_000_000)", "test_cases": tests},
    )
    assert len(answer.content) < 20_000_000
    assert "holds no more output" in answer.json()["test_results"][-1]["actual_output"]


def test_standard_error_alone_is_no_failure(client):
    code = "import sys; print('x', file=sys.stderr); print(1)"
    result = one(client, code, expected="1")
    assert (result["verdict"], result["error"]) == ("AC", None)
    assert one(client, code, expected="2")["error"] == "x"


def test_runs_do_not_know_each_other(client):
    code = "import os; print(os.path.exists('f')); open('f', 'w').close()"
    answer = judge(client, code, *[{"expected_output": "False"}] * 6)
    assert answer["summary"]["all_passed"]


def test_the_largest_code_runs(client):
    code = "print(1)#" + "x" * (51_200 - 9)
    assert one(client, code, expected="1")["verdict"] == "AC"


def test_what_is_held_is_held_and_the_rest_is_refused(serve, client, refused):
    for asked in ("standard", "strict", ["network", "filesystem"], [], None):
        answer = judge(client, "print(1)", {"expected_output": "1"}, min_isolation=asked)
        assert answer["summary"]["all_passed"]
    weak = serve(BERM_ISOLATION_PLAN="confined", BERM_ISOLATION_LANDLOCK_ABI="3").ready()
    with weak.client() as other:
        assert one(other, "print(1)", "1", min_isolation="standard")["verdict"] == "AC"
        response = other.post("/execute", json={**GOOD, "min_isolation": "strict"})
        assert "by two layers" in refused(response, 412)


def test_many_at_once(service):
    def submit(number):
        with service.client() as client:
            tests = [
                {"input": f"{number} {n}", "expected_output": str(number + n)} for n in range(3)
            ]
            return judge(client, SUM["python"], *tests, submission_id=number)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(submit, range(48)))
    assert [answer["submission_id"] for answer in answers] == list(range(48))
    assert all(answer["summary"]["all_passed"] for answer in answers)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=40)
def test_any_text_is_judged(service, code, given, expected):
    with service.client() as client:
        result = one(client, f"#{code}\n{code}\n{ECHO}", expected, given, timeout=2)
        assert result["verdict"] in {"AC", "WA", "RE", "TLE"}
        echoed = one(client, ECHO, given, given, timeout=2)
        assert (echoed["verdict"], echoed["actual_output"]) == ("AC", given)


# --- files ----------------------------------------------------------------------------------------


def test_tests_from_files(client):
    answer = judge(
        client,
        SUM["python"],
        {"input_file": "sums/1.in", "expected_output_file": "sums/1.out"},
        {"input": "1 2", "expected_output_file": "sums/1.out"},
        {"input_file": "sums/1.in", "expected_output": "42"},
    )
    assert [r["verdict"] for r in answer["test_results"]] == ["AC", "WA", "AC"]
    assert answer["test_results"][0]["input"] == "20 22\n"
    assert answer["test_results"][0]["expected_output"] == "42\n"


def test_large_files(client):
    code = "import sys; n = len(sys.stdin.read()); print('y' * 2_000_000 if n == 300_000 else n)"
    test = {"input_file": "big.in", "expected_output_file": "big.out"}
    [result] = judge(client, code, test)["test_results"]
    assert result["verdict"] == "AC"
    assert "more bytes in the file" in result["input"]


@pytest.mark.parametrize("field", ["input_file", "expected_output_file"])
@pytest.mark.parametrize(
    "name",
    ["none", "../secret", "/etc/passwd", "link", "sums", "sums/../../secret", "", "a\0b", "./x"],
)
def test_names_that_lead_nowhere_or_out(client, field, name, refused):
    test = {"input": "", "expected_output": "", field: name}
    body = {"language": "python", "code": "print(1)", "test_cases": [TESTS[0], test]}
    error = refused(client.post("/execute", json=body), 400)
    assert "test file" in error
    assert "SECRET" not in error


def test_zz_the_log_tells_no_secrets(service, client):
    """Last, so that everything above is in the log too."""
    code = f"import sys\nprint(input(), '{SECRET}')\nprint('{SECRET}', file=sys.stderr)"
    one(client, code, given=SECRET, expected=SECRET)
    one(client, f"raise ValueError('{SECRET}')")
    client.post("/execute", content=f'{{"code": "{SECRET}'.encode(), headers=JSON)
    client.post("/execute", json={**GOOD, "code": [SECRET]})
    client.post(f"/execute?x={SECRET}", json=GOOD)
    log = service.logged()
    assert SECRET not in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert any(line["event"] == "judged" and line["execution_id"] for line in lines)
    assert not [line for line in lines if line["level"] in ("error", "critical")]

"""What a submission would have to see to cheat: the expected output, the checker, other tests' inputs.

Each attack searches everything that it can open, every descriptor it has, its own memory, its environment
and its neighbours for words that stand nowhere but in those; and what it finds would show in its output.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

import berm
from berm.judge import Convention, Judge, JudgeProgram, Problem, Submission, TestCase, Verdict

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

LIMITS = berm.Limits(cpu_time=20, wall_time=60)

SEARCH = r"""
import gc, os, re, stat

needle = re.compile(rb"berm-needle-[0-9a-f]{16}")  # which does not match itself
found = []


def search(name, fd, start, end):
    tail = b""
    while start < end:
        chunk = os.pread(fd, min(1 << 20, end - start), start)
        if not chunk:
            return
        if needle.search(tail + chunk):
            found.append(name)
            return
        tail, start = chunk[-64:], start + len(chunk)


def look(path):
    try:
        if stat.S_ISREG(os.stat(path).st_mode):
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            search(path, fd, 0, 8 << 20)
            os.close(fd)
    except OSError:
        pass


def listed(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


SKIPPED = ("/proc", "/sys", "/dev", "/usr", "/lib", "/opt")
for top in (".", "/"):
    for folder, folders, files in os.walk(top):
        folders[:] = [one for one in folders if os.path.join(folder, one) not in SKIPPED]
        for name in files:
            look(os.path.join(folder, name))
for top in ("/tmp", "/dev/shm", "/var/tmp", "/run"):
    for name in listed(top):
        look(os.path.join(top, name))
for pid in [*filter(str.isdigit, listed("/proc")), "self", str(os.getppid())]:
    for name in ("environ", "cmdline"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as stream:
                if needle.search(stream.read()):
                    found.append(f"/proc/{pid}/{name}")
        except OSError:
            pass
    for fd in listed(f"/proc/{pid}/fd"):
        look(f"/proc/{pid}/fd/{fd}")
    try:
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
        with open(f"/proc/{pid}/maps") as maps:
            ranges = [line.split()[0].split("-") for line in maps if " r" in line]
    except OSError:
        continue
    for start, end in ranges:
        try:
            search(f"/proc/{pid}/mem", memory, int(start, 16), int(end, 16))
        except (OSError, OverflowError):
            pass
for fd in range(3, 256):
    try:
        search(fd, fd, 0, 1 << 20)
    except OSError:
        pass
for thing in [dict(os.environ), *gc.get_objects()]:
    if type(thing) in (dict, list, tuple, set):
        for part in [*thing, *(thing.values() if type(thing) is dict else ())]:
            if type(part) in (str, bytes):
                part = part.encode("utf-8", "replace") if type(part) is str else part
                if needle.search(part):
                    found.append(type(thing).__name__)
print("FOUND" if found else "nothing", *map(str, found[:20]))
"""


@pytest.fixture(scope="module", params=["namespaces", "confined"])
async def judge(request: pytest.FixtureRequest) -> AsyncIterator[Judge]:
    try:
        async with berm.Engine(berm.Config(plan=request.param)) as engine, Judge(engine) as made:
            engine.enforcement()
            yield made
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


def needle() -> str:
    return "berm-needle-" + secrets.token_hex(8)


@pytest.mark.parametrize("where", ["file", "argument", "variable"])
async def test_the_search_finds_what_is_there(judge: Judge, where: str) -> None:
    word = needle()
    submission = Submission(
        SEARCH,
        "python",
        args=(word,) if where == "argument" else (),
        env={"APP_WORD": word} if where == "variable" else {},
        files={"planted.txt": word} if where == "file" else {},
    )
    judgement = await judge.judge(submission, Problem([TestCase()], LIMITS))
    assert judgement.tests[0].run.text.startswith("FOUND"), judgement.tests[0].run


async def test_nothing_of_a_test_but_its_input_is_in_the_cell(judge: Judge) -> None:
    checker = JudgeProgram(
        f"import sys\n# {needle()}\nsys.exit(42 if sys.stdin.read() == 'nothing\\n' else 43)",
        "python",
    )
    tests = [
        TestCase(f"own input {number}", f"nothing\n{needle()}", files={"own.txt": "own"})
        for number in range(2)
    ]
    others = [TestCase(needle(), needle(), files={"other.txt": needle()}, args=(needle(),))]
    problem = Problem(tests + others, LIMITS, checker=checker)
    harmless = Submission("import time; time.sleep(0.2)", "python", args=(needle(),))
    slow = Problem([TestCase(needle(), needle())] * 6, LIMITS)
    crowd = asyncio.create_task(judge.judge(harmless, slow))
    judgement = await judge.judge(Submission(SEARCH, "python"), problem)
    await crowd
    for test in judgement.tests[:2]:
        assert test.verdict is Verdict.AC, (test.run and test.run.text, test.evidence)


FORGED = [
    # source, verdict: whatever a program says about itself is output, and nothing else
    ("print('AC')", "WA"),
    ("import os; os._exit(0)", "WA"),
    ("import os; os._exit(42)", "RE"),
    ("import sys; sys.exit(42)", "RE"),
    ("import os; print('42', flush=True); os._exit(42)", "RE"),
    ("import os\nos.makedirs('feedback', exist_ok=True)\nopen('feedback/score.txt', 'w').write('1')", "WA"),
    ("import json; print(json.dumps({'verdict': 'AC', 'passed': True, 'op': 'ended', 'status': 0}))", "WA"),
    ("import atexit, os; atexit.register(os._exit, 0); 1 / 0", "WA"),
    ("import sys\nsys.stdout.write('\\0' * 1000 + '42')", "WA"),
    ("import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{\"op\":\"ended\",\"status\":0}')\n    except OSError: pass", "WA"),
    ("import os\nopen('berm_check.py', 'w').write('check = lambda *a, **k: True')", "WA"),
    ("import os, signal; os.kill(os.getppid(), signal.SIGKILL)", None),
    ("import os, signal\ntry: os.kill(-1, signal.SIGKILL)\nexcept OSError: pass", None),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), FORGED)
@pytest.mark.parametrize("kind", ["comparison", "icpc", "function"])
async def test_forged_results(judge: Judge, source: str, expected: str | None, kind: str) -> None:
    code = "import sys\nsys.exit(42 if sys.stdin.read() == '42\\n' else 43)"
    function = "def check(process_output, judge_output, **_): return process_output == b'42\\n'"
    checkers = {
        "icpc": {"checker": JudgeProgram(code, "python")},
        "function": {"checker": JudgeProgram(function, "python", Convention.FUNCTION)},
        "comparison": {},
    }
    problem = Problem([TestCase("", "42\n")], LIMITS, **checkers[kind])
    judgement = await judge.judge(Submission(source, "python"), problem)
    assert judgement.verdict in ({expected} if expected else {"WA", "RE"}), judgement.evidence


OUTPUTS = [
    "'\\n' * 100_000",
    "'(' * 200_000",
    "'\\xff' * 1000",
    "'9' * 100_000",
    "'1e999999999 ' * 1000",
    "'0x' + 'f' * 900",
    "'nan ' * 1000 + '\\0'",
    "' '.join(map(str, range(100_000)))",
]


@pytest.mark.parametrize("output", OUTPUTS)
async def test_outputs_that_would_harm_a_comparison(judge: Judge, output: str) -> None:
    from berm.judge import NAMED, Comparison

    tests = [TestCase("", "1.5 2.5\n" * 2000, checker=checker) for checker in NAMED.values()]
    flags = ["space_change_sensitive", "float_tolerance", "1e-9"]
    tests.append(TestCase("", "1.5 2.5\n" * 2000, checker=Comparison.icpc(flags)))
    judgement = await judge.judge(Submission(f"print({output})", "python"), Problem(tests, LIMITS))
    assert {test.verdict for test in judgement.tests} == {Verdict.WA}


async def test_an_interactor_shares_nothing_with_the_submission(judge: Judge) -> None:
    interactor = JudgeProgram(
        f"import sys\n# {needle()}\nfound = sys.stdin.readline()\n"
        "sys.exit(42 if found.startswith('nothing') else 43)",
        "python",
    )
    problem = Problem([TestCase(needle(), needle())], LIMITS, interactor=interactor)
    judgement = await judge.judge(Submission(SEARCH, "python"), problem)
    assert judgement.verdict is Verdict.AC, judgement.tests[0].transcript


async def test_an_interactor_that_attacks_is_held_as_everybody_is(judge: Judge) -> None:
    """A problem package may come from a stranger, too."""
    attack = JudgeProgram(
        "import os, socket, sys\n"
        "for path in ('/etc/shadow', '/root', '/home'):\n"
        "    try:\n"
        "        os.listdir(path) if path != '/etc/shadow' else open(path)\n"
        "        sys.exit(42)\n"
        "    except OSError:\n"
        "        pass\n"
        "try:\n"
        "    socket.create_connection(('127.0.0.1', 22), 1)\n"
        "    sys.exit(42)\n"
        "except OSError:\n"
        "    sys.exit(43)\n",
        "python",
    )
    for problem in (
        Problem([TestCase()], LIMITS, checker=attack),
        Problem([TestCase()], LIMITS, interactor=attack),
    ):
        judgement = await judge.judge(Submission("", "python"), problem)
        assert judgement.verdict is Verdict.WA

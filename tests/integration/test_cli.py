"""The command line as a user runs it: output, exit codes, errors."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time

import pytest

from berm.model import Guarantee

from .command_line import berm


@pytest.fixture
def program(tmp_path):
    def write(text, name="main.py"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return write


# --- languages ------------------------------------------------------------------------------------


def test_languages_and_how_to_get_them(tmp_path):
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    listed = json.loads(berm("languages", "--json", env=env).stdout)
    assert {one["name"] for one in listed} >= {"python", "javascript", "java", "cpp", "c"}
    python = next(one for one in listed if one["name"] == "python")
    assert python["available"]
    assert python["version"].encode() in berm("languages", env=env).stdout
    assert (tmp_path / "berm" / "toolchains.json").exists()
    helped = berm("languages", "--install-help", "py", env=env)
    assert b"apt-get install python3" in helped.stdout
    unknown = berm("languages", "--install-help", "pyhton", env=env)
    assert (unknown.returncode, unknown.stdout) == (2, b"")
    assert b"Did you mean 'python'?" in unknown.stderr


def test_a_reader_that_has_enough_is_no_defect():
    with subprocess.Popen(
        [sys.executable, "-m", "berm", "languages", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.wait(60) == 128 + signal.SIGPIPE
        assert process.stderr.read() == b""


@pytest.mark.requires_isolation
def test_a_strict_umask_keeps_no_program_out_of_its_directories(program):
    # The systemd unit's, and a hardened root's: made with it, the cell's directories are its maker's alone.
    command = [sys.executable, "-m", "berm", "run", program("open('made', 'w').close(); print(1)")]
    done = subprocess.run(command, capture_output=True, timeout=60, umask=0o077)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"1\n", b"")


@pytest.mark.requires_isolation
def test_a_program_without_an_extension_is_known_by_its_first_line(program):
    done = berm("run", program("#!/usr/bin/env python3\nprint(6 * 7)\n", "answer"))
    assert (done.returncode, done.stdout) == (0, b"42\n")


# --- run ------------------------------------------------------------------------------------------

isolated = pytest.mark.requires_isolation


@isolated
def test_a_program_looks_as_if_it_ran_here(program):
    path = program(
        "import sys\nprint(sys.argv[1:], input())\nsys.stderr.write('oops\\n')\nsys.exit(3)"
    )
    done = berm("run", path, "--stdin", "-", "--", "a", "-b", "--json", stdin=b"42\n")
    assert done.returncode == 3
    assert done.stdout == b"['a', '-b', '--json'] 42\n"
    assert done.stderr == b"oops\n"


@isolated
def test_bytes_stay_bytes(program, tmp_path):
    given = bytes(range(256)) * 400
    (tmp_path / "input").write_bytes(given)
    path = program("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())")
    done = berm("run", path, "--stdin", str(tmp_path / "input"))
    assert (done.returncode, done.stdout, done.stderr) == (0, given, b"")


@isolated
def test_without_stdin_there_is_nothing_to_read(program):
    path = program("import sys; print(repr(sys.stdin.read()))")
    told = berm("run", path, stdin=b"ignored")
    assert told.stdout == b"''\n"
    assert told.stderr == b"berm: What came on stdin was not passed on; --stdin - does that.\n"
    assert berm("run", path).stderr == b""
    assert berm("run", path, "--stdin", "-", stdin=b"read").stderr == b""


@isolated
@pytest.mark.parametrize(
    ("code", "options", "expected", "words"),
    [
        ("raise SystemExit(77)", [], 77, b""),
        ("1/0", [], 1, b"ZeroDivisionError"),
        ("while True: pass", ["--cpu-time", "0.5"], 124, b"CPU time"),
        ("import time; time.sleep(60)", ["--wall-time", "0.5"], 124, b"still ran after 0.5 s"),
        ("x = bytearray(1 << 29)", ["--memory", "64M"], 137, b"64 MiB"),
        ("import os; os.kill(os.getpid(), 11)", [], 139, b"SIGSEGV"),
        ("while True: print('x' * 999)", ["--output", "10K"], 125, b"Output limit"),
    ],
)
def test_exit_codes_tell_how_it_ended(program, code, options, expected, words):
    done = berm("run", program(code), *options)
    assert done.returncode == expected
    assert words in done.stderr
    assert b'File "<frozen' not in done.stderr


@isolated
def test_output_that_was_cut_is_said(program):
    done = berm("run", program("print('x' * 5000)"), "--output", "1K")
    assert done.stdout == b"x" * 1024
    assert b"5001 bytes on stdout" in done.stderr


@isolated
@pytest.mark.requires_toolchain("c")
def test_compile_errors(program):
    done = berm("run", program("int main(void) { return undeclared_name; }", "main.c"))
    assert done.returncode == 65
    assert b"undeclared_name" in done.stderr
    assert done.stdout == b""


@isolated
@pytest.mark.requires_toolchain("cpp")
def test_the_extension_tells_the_language(program):
    done = berm("run", program("#include <iostream>\nint main() { std::cout << 7; }", "a.cpp"))
    assert (done.returncode, done.stdout) == (0, b"7")


@isolated
def test_a_program_from_stdin():
    assert berm("run", "-", "-l", "py", stdin=b"print(6 * 7)").stdout == b"42\n"


@isolated
def test_everything_as_json(program):
    done = berm("run", "--json", program("import os; os.write(1, b'\\xff'); os.write(2, b'e')"))
    told = json.loads(done.stdout)
    assert told["outcome"] == {"kind": "exited", "exit_code": 0, "signal": None}
    assert told["stdout"] == "\ufffd"
    assert base64.b64decode(told["stdout_base64"]) == b"\xff"
    assert told["stderr"] == "e"
    assert "stderr_base64" not in told
    assert told["usage"]["memory"] > 0
    assert set(told["enforcement"]["guarantees"]) == {g.value for g in Guarantee}


@isolated
def test_output_comes_while_it_runs(program):
    path = program("import time\nprint('first', flush=True)\ntime.sleep(3)\nprint('last')")
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "berm", "run", path], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"first\n"
        first = time.monotonic() - started
        assert process.stdout.read() == b"last\n"
        assert time.monotonic() - started - first > 2
    assert process.returncode == 0


@isolated
def test_a_reader_that_goes_ends_the_program(program):
    path = program("import time\nwhile True: print('x' * 1000, flush=True); time.sleep(0.01)")
    with subprocess.Popen(
        [sys.executable, "-m", "berm", "run", path, "--wall-time", "30"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(10) == 141
        assert process.stderr.read() == b""


@isolated
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it(program, number, code):
    path = program("import time\nprint('up', flush=True)\ntime.sleep(20)")
    with subprocess.Popen(
        [sys.executable, "-m", "berm", "run", path, "--wall-time", "30"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(10) == code
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "/nowhere/main.py"], 66, b"/nowhere/main.py: No such file"),
        (["run", "{file}", "--stdin", "/nowhere/in"], 66, b"/nowhere/in"),
        (["run", "/"], 66, b"Is a directory"),
        (["run", "-"], 2, b"--language"),
        (["run", "-", "--stdin", "-", "-l", "py"], 2, b"both come from stdin"),
        (["run", "{file}", "--memory", "much"], 2, b"not a size"),
        (["run", "{file}", "--memory", "1K"], 2, b"between"),
        (["run", "{file}", "--wall-time", "0"], 2, b"between"),
        (["run", "{file}", "--wall-time", "x"], 2, b"--wall-time"),
        (["run", "{file}", "-l", "klingon"], 2, b"Supported: "),
        (["run", "{odd}"], 2, b"Supported: "),
        (["run"], 2, b"file"),
        (["nonsense"], 2, b"nonsense"),
        (["run", "{file}", "--config", "/nowhere"], 78, b"/nowhere"),
        (["doctor", "--config", "/nowhere"], 78, b"/nowhere"),
    ],
)
def test_wrong_use_is_explained(program, arguments, code, words):
    places = {"file": program("print(1)"), "odd": program("x", "main.odd")}
    done = berm(*[argument.format(**places) for argument in arguments])
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert b"Traceback" not in done.stderr


@isolated
def test_what_cannot_be_held_is_refused(program):
    done = berm(
        "run",
        program("print(1)"),
        env={
            "BERM_ISOLATION_PLAN": "confined",
            "BERM_ISOLATION_LANDLOCK_ABI": "0",
            "BERM_ISOLATION_REQUIRE": "strict",
        },
    )
    assert (done.returncode, done.stdout) == (78, b"")
    assert b"berm doctor" in done.stderr


def test_run_does_not_import_the_service(program):
    code = (
        "import sys, runpy\nsys.argv[1:] = ['run', '/nowhere']\n"
        "try: runpy.run_module('berm', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print([m for m in ('fastapi', 'pydantic', 'uvicorn', 'structlog', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"

"""Policy before a run: what is refused never runs, what is not says what was found."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import berm
from berm.analysis import Policy, refusal
from berm.config import Config
from berm.engine import Engine
from berm.judge import Judge, Problem, Submission, TestCase, Verdict
from berm.model import Analysis, Finding, OutcomeKind

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

SPAWNS = "import os as o\nprint('ran')\ngetattr(o, 'sys' + 'tem')('id')\n"


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def engine():
    async with Engine(Config()) as made:
        yield made


async def test_without_a_policy_nothing_is_said(engine):
    result = await engine.run("print(1)")
    assert result.analysis is None
    assert result.text == "1\n"


async def test_a_refused_program_does_not_run(engine):
    result = await engine.run(SPAWNS, analysis="contest")
    assert result.outcome.kind is OutcomeKind.REFUSED
    assert result.stdout == result.stderr == b""
    assert result.analysis is not None and result.analysis.refused is not None
    refused = result.analysis.refused
    assert (refused.rule, refused.line, refused.column) == ("python.process", 3, 1)
    assert "line 3, column 1 (python.process)" in refusal(result.analysis)
    assert result.enforcement.guarantees


async def test_a_program_that_is_only_reported_runs(engine):
    result = await engine.run("import socket\nprint('ran')", analysis="education")
    assert result.text == "ran\n"
    assert result.analysis is not None and not result.analysis.refused
    assert [finding.rule for finding in result.analysis.findings] == ["python.network"]


async def test_what_a_problem_allows_runs(engine):
    policy = Policy("contest", allow=("socket", "socket.*"))
    result = await engine.run("import socket\nprint('ran')", analysis=policy)
    assert result.text == "ran\n"


async def test_other_files_are_read_too(engine):
    files = {"helper.py": "import subprocess\n", "data.txt": "import subprocess\n"}
    result = await engine.run("import helper", files=files, analysis="contest")
    assert result.outcome.kind is OutcomeKind.REFUSED
    assert result.analysis is not None and result.analysis.refused is not None
    assert result.analysis.refused.message.startswith("helper.py: ")


async def test_the_settings_decide_where_a_call_does_not():
    async with Engine(Config(analysis_pack="contest")) as made:
        assert (await made.run("import socket")).outcome.kind is OutcomeKind.REFUSED
        assert (await made.run("import socket", analysis="off")).outcome.ok


async def test_the_judge_rejects():
    async with Engine(Config(analysis_pack="contest")) as made:
        judge = Judge(made)
        problem = Problem(tests=(TestCase(b"", b"1\n"),))
        rejected = await judge.judge(Submission(SPAWNS, "python"), problem)
        assert rejected.verdict is Verdict.RJ
        assert "line 3, column 1 (python.process)" in str(rejected.as_dict())
        accepted = await judge.judge(Submission("print(1)", "python"), problem)
        assert accepted.verdict is Verdict.AC


def test_the_result_as_json(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(SPAWNS)
    settings = tmp_path / "berm.toml"
    settings.write_text("[analysis]\npack = 'contest'\n")
    command = [sys.executable, "-m", "berm", "run", "--config", str(settings), str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 126
    assert "line 3, column 1 (python.process)" in done.stderr
    assert done.stdout == ""
    done = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert json.loads(done.stdout)["analysis"]["refused"] is True


def test_berm_analyse(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(SPAWNS)
    command = [sys.executable, "-m", "berm", "analyse", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{file}:3:1: high: The program starts" in done.stdout
    done = subprocess.run([*command, "--pack", "contest", "--json"], capture_output=True, text=True)
    assert done.returncode == 126
    assert json.loads(done.stdout)[str(file)]["findings"][-1]["blocked"] is True
    done = subprocess.run([*command, "--sarif"], capture_output=True, text=True)
    assert json.loads(done.stdout)["version"] == "2.1.0"
    done = subprocess.run([*command, "--rule", "python.*=off"], capture_output=True, text=True)
    assert done.stdout == f"{file}: nothing found\n"
    done = subprocess.run([*command, "--pack", "exam"], capture_output=True, text=True)
    assert done.returncode == 78
    assert "Give one of: off, education, contest, strict" in done.stderr


def test_the_library_names_what_it_returns():
    assert berm.Analysis is Analysis
    assert berm.Finding is Finding

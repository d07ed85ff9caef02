"""./dev: what it does when everything is there, when something changed, and when something is missing.

The trees are real copies of the project's door, requirement files and a virtual environment made for the
test; only the network is left out.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(path: Path):
    loader = SourceFileLoader("door", str(path))
    spec = importlib.util.spec_from_loader("door", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """A clone as it is after a set-up, with a service that only tells its arguments."""
    for name in ("dev", "pyproject.toml"):
        shutil.copy2(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "src").symlink_to(ROOT / "src")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"],
        check=True,
        cwd=tmp_path,
    )
    berm = tmp_path / ".venv" / "bin" / "berm"
    berm.write_text('#!/bin/sh\necho "pid $$: $*"\n', "utf-8")
    berm.chmod(0o755)
    door = load(tmp_path / "dev")
    state = {name: door.wanted_digest(name) for name in ("runtime", "dev", "project")}
    state |= {"root": str(tmp_path), "python": os.path.realpath(door.PYTHON)}
    state["missing"] = [tool.title for tool in door.needs("minimal")]
    door.write_state(state | {"tried_as_root": True})
    return tmp_path


def dev(tree: Path, *args: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, tree / "dev", *args],
        capture_output=True,
        text=True,
        env=os.environ | {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1"} | env,
        cwd="/",
    )


def test_a_ready_tree_becomes_the_service_at_once(tree):
    process = subprocess.Popen(
        [sys.executable, tree / "dev", "serve", "--port", "1"], stdout=subprocess.PIPE, text=True
    )
    output, _ = process.communicate(timeout=60)
    assert output == f"pid {process.pid}: serve --port 1\n"  # the same process: signals reach it


@pytest.mark.parametrize("name", ["requirements/runtime.txt", "pyproject.toml"])
def test_a_changed_file_is_seen(tree, name):
    door = load(tree / "dev")
    assert door.is_ready(door.read_state(), ["runtime"])
    with (tree / name).open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    assert not door.is_ready(door.read_state(), ["runtime"])


def test_a_moved_tree_is_seen(tree, tmp_path):
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    tree.rename(moved)
    door = load(moved / "dev")
    assert door.read_state() == {}
    assert not door.venv_works()


def test_a_link_to_another_tree_s_environment_is_replaced_and_not_emptied(tree, tmp_path):
    other = tmp_path.with_name(tmp_path.name + "-other")
    other.mkdir()
    shutil.copy2(tree / "dev", other / "dev")
    (other / ".venv").symlink_to(tree / ".venv")
    door = load(other / "dev")
    door.make_venv()
    assert not (other / ".venv").is_symlink()
    assert door.has_module(door.PYTHON, "json")
    assert (tree / ".venv" / "bin" / "berm").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"root": 1}'])
def test_an_unreadable_state_is_no_state(tree, text):
    door = load(tree / "dev")
    door.STATE.write_text(text, "utf-8")
    assert door.read_state() == {}


def test_what_cannot_be_installed_is_named(tree):
    (tree / "requirements" / "build.txt").write_text("uv==0.0.1 --hash=sha256:" + "0" * 64, "utf-8")
    shutil.rmtree(tree / ".venv")
    done = dev(tree, "test", "--version", PYTHONPATH="")
    assert "installing requirements/build.txt by pip" in done.stderr
    assert "going on with what is there" in done.stderr
    # What is there is the interpreter that runs this test, and it has pytest.
    assert done.returncode == 0, done.stderr
    assert "pytest" in done.stdout + done.stderr


def test_two_set_ups_in_one_tree_wait_for_each_other(tree):
    door = load(tree / "dev")
    order = []

    def second():
        with load(tree / "dev").alone():
            order.append("second")

    with door.alone():
        other = threading.Thread(target=second)
        other.start()
        other.join(0.5)
        order.append("first")
    other.join(60)
    assert order == ["first", "second"]


def test_a_missing_tool_is_named_with_its_package(tree, capsys, monkeypatch):
    door = load(tree / "dev")
    monkeypatch.setattr(door, "is_debian_root", lambda: False)
    tool = door.Tool("Programs of the moon", (("no-such-compiler",),), ("moon-compiler",), (), ())
    monkeypatch.setattr(door, "needs", lambda tier: [tool])
    assert door.install_tools("minimal") == ["Programs of the moon"]
    assert "apt-get install moon-compiler" in capsys.readouterr().err


def test_root_tries_again_what_a_user_could_not_install(tree, monkeypatch):
    door = load(tree / "dev")
    tool = door.Tool("Programs of the moon", (("no-such-compiler",),), ("moon-compiler",), (), ())
    monkeypatch.setattr(door, "needs", lambda tier: [tool])
    state = door.read_state() | {"missing": [tool.title], "tried_as_root": False}
    monkeypatch.setattr(door, "is_debian_root", lambda: False)
    assert door.is_ready(state, ["runtime"])
    monkeypatch.setattr(door, "is_debian_root", lambda: True)
    assert not door.is_ready(state, ["runtime"])
    assert door.is_ready(state | {"tried_as_root": True}, ["runtime"])


def test_a_failing_step_shows_the_end_of_its_output(tree):
    door = load(tree / "dev")
    with pytest.raises(door.SetupError, match="exit code 3.*\n.*the reason"):
        door.run("a step", ["sh", "-c", "echo the reason; exit 3"])
    with pytest.raises(door.SetupError, match="the network or its package index does not answer"):
        door.run("a step", ["sh", "-c", "echo 'Temporary failure in name resolution'; exit 1"])
    with pytest.raises(door.SetupError, match="cannot be started"):
        door.run("a step", ["/nonexistent/command"])


def test_the_state_is_written_in_one_step(tree):
    door = load(tree / "dev")
    door.write_state({"root": str(tree)})
    assert json.loads(door.STATE.read_text("utf-8")) == {"root": str(tree)}
    assert not door.STATE.with_suffix(".new").exists()

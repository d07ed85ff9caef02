"""Finding and verifying programs, with real little programs on a PATH of our own."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest

from berm.languages import read_paths, toolchain
from berm.languages.definition import Definition, MemoryRule, RunRule, ToolRule
from berm.languages.install import Install
from berm.languages.registry import Registry
from berm.languages.sightings import Sightings
from berm.languages.toolchain import ToolchainError


@pytest.fixture
def bin_path(tmp_path, monkeypatch):
    directory = tmp_path / "tree" / "bin"
    directory.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # whoever runs the tests
    return directory


def program(directory, name, version="1.2.3", *, code=0, text=None, body=""):
    """A program that reports a version, and counts its runs in a file beside it."""
    path = directory / name
    said = text if text is not None else f"tool {version}"
    path.write_text(f"#!/bin/sh\n{body}\necho run >> '{path}.runs'\necho '{said}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def runs(path):
    log = Path(f"{path}.runs")
    return log.read_text().count("run") if log.exists() else 0


def rule(**changes):
    given = {
        "name": "tool", "candidates": (), "search": ("tool",), "by": "", "beside": "", "choose": "first",
        "host_interpreter": False, "minimum": (1, 0), "probe": ("--version",),
        "pattern": re.compile(r"^tool (?P<version>\d+\.\d+\.\d+)(?: at (?P<path>\S+))?"), "checks": (),
        "follow_links": (),
    }  # fmt: skip
    return ToolRule(**{**given, **changes})


def found(*rules, overrides=None, extra=(), sightings=None):
    memory = MemoryRule(data_limit=True, headroom=0, thread_stack=0, allowance=0, markers=())
    run = RunRule(
        command=("{tool}",),
        target="{entry}",
        env={},
        runtime_threads=0,
        runtime_files=0,
        memory=memory,
    )
    definition = Definition(
        name="x", title="X", aliases=(), extensions=("x",), shebangs=(), entry="main.x", entry_rule="fixed",
        tier="all", install=Install((), (), ()), limitations=(), read_paths=extra, profile="native", warm="none", interpreter="", tools=rules, run=run, compile=None,
    )  # fmt: skip
    return toolchain.find(definition, overrides or {}, sightings or Sightings())


def test_found_on_path_with_its_tree(bin_path):
    path = program(bin_path, "tool")
    chain = found(rule())
    assert chain.version == "1.2.3"
    assert chain.tools["tool"].path == str(path)
    assert chain.read_paths[-1] == str(bin_path.parent)
    assert set(read_paths.system_paths()) < set(chain.read_paths)


def test_a_verified_file_is_not_run_again_until_it_changes(bin_path):
    path = program(bin_path, "tool")
    seen = Sightings()
    found(rule(), sightings=seen)
    found(rule(), sightings=seen)
    assert runs(path) == 1
    program(bin_path, "tool", "1.3.0")
    os.utime(path, ns=(1, 1))
    assert found(rule(), sightings=seen).version == "1.3.0"
    assert runs(path) == 2


def test_a_file_that_another_tool_runs(bin_path):
    runner = program(bin_path, "tool", body='[ $# = 0 ] || { cat "$2"; exit; }')
    jar = bin_path / "compiler-10.2.jar"
    jar.write_text("tool 10.2.0\n")
    (bin_path / "compiler-9.1.jar").write_text("tool 9.1.0\n")
    wanted = rule(
        name="jar",
        candidates=(f"{bin_path}/compiler-*.jar",),
        search=(),
        by="tool",
        probe=("-jar", "{path}"),
    )
    chain = found(rule(probe=()), wanted)
    assert chain.tools["jar"].path == str(jar)
    assert chain.tools["jar"].version == "10.2.0"
    assert runs(runner) == 1


def test_read_paths_are_added_where_they_exist(bin_path, tmp_path):
    program(bin_path, "tool")
    chain = found(rule(), extra=(str(tmp_path), str(tmp_path / "absent")))
    assert chain.read_paths[-1] == str(tmp_path)


def test_nothing_installed(bin_path):
    with pytest.raises(ToolchainError, match=r"^tool is not installed$"):
        found(rule())


def test_too_old(bin_path):
    program(bin_path, "tool", "1.2.3")
    with pytest.raises(ToolchainError, match=r"is version 1\.2\.3, and 1\.10 is the oldest usable"):
        found(rule(minimum=(1, 10)))


@pytest.mark.parametrize(("code", "text"), [(3, "tool 1.2.3"), (0, "something else entirely")])
def test_broken_program_is_reported_with_what_it_said(bin_path, code, text):
    program(bin_path, "tool", code=code, text=text)
    with pytest.raises(
        ToolchainError, match=rf"(does not run|is not the one) \(exit code {code}\): {text}"
    ):
        found(rule())


def test_not_an_executable_format(bin_path):
    path = bin_path / "tool"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    with pytest.raises(ToolchainError, match="cannot be run: Exec format error"):
        found(rule())


def test_hanging_program_is_bounded(bin_path, monkeypatch):
    monkeypatch.setattr(toolchain, "PROBE_SECONDS", 0.3)
    program(bin_path, "tool", body="exec sleep 30")
    start = time.monotonic()
    with pytest.raises(ToolchainError, match=r"no answer within 0\.3 s"):
        found(rule())
    assert time.monotonic() - start < 10


def test_check_that_fails_makes_it_incomplete(bin_path):
    program(bin_path, "tool", body='case "$1" in --headers) echo no headers; exit 1;; esac')
    with pytest.raises(ToolchainError, match="is incomplete: no headers"):
        found(rule(checks=(("--headers",),)))


def test_a_working_candidate_wins_over_a_newer_one_on_path(bin_path, tmp_path):
    old = program(tmp_path, "debian", "1.0.0")
    program(bin_path, "tool", "9.0.0")
    candidates = (str(tmp_path / "absent"), str(old))
    assert found(rule(candidates=candidates, choose="newest")).tools["tool"].path == str(old)


def test_newest_on_path_by_number(bin_path):
    for name, version in (("tool", "1.9.0"), ("tool9", "1.9.1"), ("tool10", "1.10.0")):
        program(bin_path, name, version)
    search = ("tool", "tool9", "tool10")
    assert found(rule(search=search, choose="newest")).version == "1.10.0"
    assert found(rule(search=search)).version == "1.9.0"


def test_broken_candidate_falls_back_on_path(bin_path, tmp_path):
    broken = program(tmp_path, "debian", code=1)
    program(bin_path, "tool")
    assert found(rule(candidates=(str(broken),))).tools["tool"].path == str(bin_path / "tool")


def test_override_is_the_only_thing_tried(bin_path, tmp_path):
    program(bin_path, "tool")
    own = program(tmp_path, "own", "5.0.0")
    assert found(rule(), overrides={"tool": str(own)}).version == "5.0.0"
    with pytest.raises(ToolchainError, match="cannot be run: No such file"):
        found(rule(), overrides={"tool": str(tmp_path / "absent")})


def test_a_launcher_script_names_the_real_program(bin_path, tmp_path):
    real = program(tmp_path, "real")
    program(bin_path, "tool", text=f"tool 2.0.0 at {real}")
    assert found(rule()).tools["tool"].path == str(real)


def test_second_tool_is_looked_for_beside_the_first(bin_path, tmp_path):
    jdk = tmp_path / "jdk" / "bin"
    jdk.mkdir(parents=True)
    program(jdk, "run")
    program(jdk, "build", "3.0.0")
    program(bin_path, "build", "4.0.0")
    first = rule(candidates=(str(jdk / "run"),))
    second = rule(name="build", search=("build",), beside="tool")
    assert found(first, second).tools["build"].version == "3.0.0"


def test_host_interpreter_is_the_last_resort(bin_path):
    chain = found(
        rule(
            probe=("-c", "print('tool 3.9.9')"),
            search=(),
            host_interpreter=True,
        )
    )
    assert os.path.samefile(
        chain.tools["tool"].path, getattr(sys, "_base_executable", sys.executable)
    )


def test_programs_are_verified_without_our_environment(bin_path, monkeypatch):
    monkeypatch.setenv("BERM_SECRET", "s3cret")
    program(bin_path, "tool", body='[ -z "$BERM_SECRET" ] || exit 9')
    assert found(rule()).version == "1.2.3"


# --- read paths -----------------------------------------------------------------------------------


def test_links_that_leave_the_tree_are_followed_where_allowed(tmp_path):
    tree, settings, secret = (
        tmp_path / "jdk",
        tmp_path / "etc" / "java-17" / "security",
        tmp_path / "etc" / "ssl",
    )
    for directory in (tree / "conf", tree / "legal", settings, secret):
        directory.mkdir(parents=True)
    (settings / "policy").touch()
    (secret / "key").touch()
    (tree / "conf" / "policy").symlink_to(settings / "policy")
    (tree / "conf" / "key").symlink_to(secret / "key")
    (tree / "conf" / "all").symlink_to(settings, target_is_directory=True)
    paths = read_paths.tree_paths(str(tree), (f"{tmp_path}/etc/java*",))
    assert paths == [str(tree), str(tmp_path / "etc" / "java-17")]
    assert read_paths.tree_paths(str(tree), (f"{tmp_path}/etc/*curity",)) == [str(tree)]


@pytest.mark.parametrize("path", ["/", "/home", "/opt", "/root", "/home/student", str(Path.home())])
def test_trees_that_hold_more_than_a_runtime_are_left_out(path):
    assert read_paths.tree_paths(path, ()) == []


def test_own_directory_instead_of_a_home(tmp_path):
    assert toolchain._tree("/home/student/bin/node") == "/home/student/bin"
    assert toolchain._tree("/home/student/.local/node/bin/node") == "/home/student/.local/node"


def test_a_tree_that_only_root_may_enter_is_no_use_to_root(bin_path, monkeypatch):
    program(bin_path, "tool")
    bin_path.parent.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ToolchainError, match="which only root may enter, and cells are not root"):
        found(rule())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert found(rule()).version == "1.2.3"


def test_closed_directory_names_the_outermost(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for directory in (tmp_path.parent, tmp_path):
        directory.chmod(0o755)
    outside = read_paths.closed_directory(str(tmp_path / "a" / "b"))
    (tmp_path / "a").chmod(0o750)
    closed = read_paths.closed_directory(str(tmp_path / "a" / "b"))
    assert closed == (outside or str(tmp_path / "a"))
    assert read_paths.closed_directory("/usr/bin") is None
    assert read_paths.closed_directory("/absent/tree") == "/absent"


def test_tree_in_the_system_adds_nothing():
    assert read_paths.tree_paths("/usr", ()) == []
    assert read_paths.tree_paths("/usr/local", ()) == []


def test_linked_tree_is_shown_under_both_names(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    link = str(tmp_path / "link")
    assert read_paths.tree_paths(link, ()) == [link, os.path.realpath(link)]


def test_a_link_through_a_hidden_directory_is_resolved(tmp_path, monkeypatch):
    for name in ("usr", "etc"):
        (tmp_path / name).mkdir()
    (tmp_path / "usr" / "real").touch()
    (tmp_path / "usr" / "near").symlink_to("real")
    (tmp_path / "etc" / "chosen").symlink_to(tmp_path / "usr" / "real")
    (tmp_path / "usr" / "far").symlink_to(tmp_path / "etc" / "chosen")
    (tmp_path / "usr" / "loop").symlink_to("loop")
    monkeypatch.setattr(read_paths, "_SYSTEM", (str(tmp_path / "usr"),))
    usr = tmp_path / "usr"
    assert read_paths.reachable(str(usr / "near")) == str(usr / "near")
    assert read_paths.reachable(str(usr / "far")) == str(usr / "real")
    assert read_paths.reachable(str(usr / "loop"))


# --- this machine ---------------------------------------------------------------------------------


@pytest.mark.requires_toolchain("python")
def test_the_real_registry_finds_a_usable_python():
    python = Registry.discover().get("python")
    assert python.toolchain is not None
    assert tuple(map(int, python.version.split("."))) >= (3, 8)
    assert os.access(python.tool_paths["python"], os.X_OK)


def test_a_second_discovery_runs_nothing(monkeypatch):
    Registry.discover()

    def refuse(*args):
        raise AssertionError(args)

    monkeypatch.setattr(toolchain, "_run", refuse)
    Registry.discover()

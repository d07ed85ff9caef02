"""What verifying runs said is believed for as long as nothing changed, and by nobody but its owner."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from berm.languages import sightings
from berm.languages.sightings import Ran, Sightings, usual_path


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "berm" / "toolchains.json"


@pytest.fixture
def binary(tmp_path):
    """A file that is no script."""
    path = tmp_path / "tool"
    path.write_bytes(b"\x7fELF")
    return path


class Counted:
    def __init__(self, code=0):
        self.count = 0
        self.code = code

    def __call__(self, command):
        self.count += 1
        return Ran(self.code, f"{command} {self.count}")


def ask(path, file, run, *args):
    memory = Sightings(path)
    ran = memory.of((str(file), *args), [str(file)], run)
    memory.save()
    return ran


def test_another_process_believes_the_file(cache, binary):
    run = Counted()
    first = ask(cache, binary, run, "--version")
    assert ask(cache, binary, run, "--version") == first
    assert run.count == 1
    assert cache.stat().st_mode & 0o077 == 0
    ask(cache, binary, run, "--help")
    assert run.count == 2


def test_a_changed_program_runs_again(cache, binary):
    run = Counted()
    ask(cache, binary, run)
    binary.write_bytes(b"\x7fELF.")
    ask(cache, binary, run)
    assert run.count == 2


def test_a_link_that_leads_elsewhere_runs_again(cache, binary, tmp_path):
    other = tmp_path / "other"
    shutil.copy2(binary, other)
    link = tmp_path / "link"
    link.symlink_to(binary)
    run = Counted()
    ask(cache, link, run)
    link.unlink()
    link.symlink_to(other)
    ask(cache, link, run)
    assert run.count == 2


def test_scripts_and_failures_are_not_kept(cache, binary, tmp_path):
    script = tmp_path / "shim"
    script.write_text("#!/bin/sh\n")
    run = Counted()
    ask(cache, script, run)
    ask(cache, script, run)
    assert run.count == 2
    failing = Counted(1)
    ask(cache, binary, failing)
    ask(cache, binary, failing)
    assert failing.count == 2


def test_a_package_manager_that_did_something_ends_it(cache, binary, tmp_path, monkeypatch):
    packages = tmp_path / "status"
    packages.write_text("a")
    monkeypatch.setattr(sightings, "_PACKAGES", (str(packages),))
    run = Counted()
    ask(cache, binary, run)
    packages.write_text("ab")
    ask(cache, binary, run)
    assert run.count == 2


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_can_write_is_not_believed(cache, binary, mode):
    run = Counted()
    ask(cache, binary, run)
    cache.chmod(mode)
    ask(cache, binary, run)
    assert run.count == 2


def test_what_another_user_owns_is_not_believed(cache, binary, monkeypatch):
    run = Counted()
    ask(cache, binary, run)
    monkeypatch.setattr(os, "geteuid", lambda: cache.stat().st_uid + 1)
    ask(cache, binary, run)
    assert run.count == 2


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "\x00", '{"state": 1, "seen": {}}', '{"seen": {"a": 1}}']
)
def test_a_broken_file_is_as_none(cache, binary, text):
    cache.parent.mkdir(parents=True)
    cache.write_text(text)
    run = Counted()
    ask(cache, binary, run)
    ask(cache, binary, run)
    assert run.count == 1


def test_wrong_entries_are_as_none(cache, binary):
    run = Counted()
    ask(cache, binary, run)
    table = json.loads(cache.read_text())
    table["seen"] = {key: ["x"] for key in table["seen"]}
    cache.write_text(json.dumps(table))
    ask(cache, binary, run)
    assert run.count == 2


def test_a_directory_that_cannot_be_made_is_no_error(binary, tmp_path):
    (tmp_path / "file").write_text("")
    assert ask(tmp_path / "file" / "berm" / "toolchains.json", binary, Counted()).exit_code == 0


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"HOME": "/home/a"}, "/home/a/.cache/berm/toolchains.json"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "/c"}, "/c/berm/toolchains.json"),
        ({"HOME": "/home/a", "XDG_CACHE_HOME": "c"}, "/home/a/.cache/berm/toolchains.json"),
        ({"HOME": "/"}, "None"),
        ({}, "None"),
    ],
)
def test_where_it_is_kept(environ, path):
    assert str(usual_path(environ)) == path

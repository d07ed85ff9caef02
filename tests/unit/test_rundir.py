"""Run directories of the confined plan: what is counted, and that all of it goes away."""

import os
import stat

import pytest

from berm_cell import rundir

ENOUGH = 1 << 40


@pytest.fixture
def run(tmp_path):
    path, directories = rundir.make(str(tmp_path), (os.getuid(), os.getgid()))
    yield path, directories
    rundir.remove(path)
    assert os.listdir(tmp_path) == []


def write(path, size=1 << 20):
    with open(path, "wb") as file:
        file.write(b"x" * size)


def test_its_parent_can_only_be_gone_through(run):
    path, directories = run
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o111
    assert sorted(directories) == ["tmp", "work"]


def test_files_in_both_directories_are_counted(run):
    path, directories = run
    write(directories["work"] + "/a")
    write(directories["tmp"] + "/b")
    used, entries = rundir.measure(path, 100, ENOUGH)
    assert used >= 2 << 20
    assert entries == 2


def test_what_its_owner_may_not_list_is_counted(run):
    path, directories = run
    os.mkdir(directories["work"] + "/hidden")
    write(directories["work"] + "/hidden/a")
    os.chmod(directories["work"] + "/hidden", 0o300)
    assert rundir.measure(path, 100, ENOUGH)[0] >= 1 << 20


def test_what_lies_deeper_than_paths_are_long_is_counted(run):
    path, directories = run
    here = os.getcwd()
    os.chdir(directories["work"])
    try:
        for _ in range(24):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        write("a")
    finally:
        os.chdir(here)
    used, entries = rundir.measure(path, 100, ENOUGH)
    assert used >= 1 << 20
    assert entries == 25


def test_deeper_than_is_counted_is_over_any_limit(run):
    path, directories = run
    here = os.getcwd()
    os.chdir(directories["work"])
    try:
        for _ in range(rundir.MAX_DEPTH + 1):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    assert rundir.measure(path, 10_000, ENOUGH)[0] >= rundir.UNKNOWN


def test_links_count_as_what_they_hold_and_are_never_followed(run, tmp_path):
    path, directories = run
    write(tmp_path / "big", 4 << 20)
    os.symlink(tmp_path / "big", directories["work"] + "/file")
    os.symlink(tmp_path, directories["work"] + "/folder")
    used, entries = rundir.measure(path, 100, ENOUGH)
    assert used < 1 << 20
    assert entries == 2
    for number in range(64):
        os.symlink("x" * 4000, f"{directories['work']}/l{number}")
    assert rundir.measure(path, 100, ENOUGH)[0] >= 64 * 4000
    os.unlink(tmp_path / "big")


@pytest.mark.parametrize(("most", "enough"), [(5, ENOUGH), (10_000, 1 << 20)])
def test_counting_stops_past_a_bound(run, most, enough):
    path, directories = run
    for number in range(50):
        write(f"{directories['work']}/{number}", 1 << 18)
    used, entries = rundir.measure(path, most, enough)
    assert used > enough or entries > most
    assert entries < 50

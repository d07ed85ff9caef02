"""The root of copies: what is in it, and that nobody may write to it. Made without changing any root."""

import os
import stat
import subprocess
import sys

import pytest

from berm_cell import copied_root, rundir


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Made by a process of its own, with one interpreter's paths."""
    path = tmp_path_factory.mktemp("copied") / "root"
    path.mkdir()
    package = os.path.dirname(os.path.dirname(copied_root.__file__))
    code = "import sys; sys.path.insert(0, sys.argv[1]); from berm_cell import copied_root as c\n"
    code += "sys.path.pop(0); c.build(sys.argv[2], {'/etc/passwd': 'cell:x:1000:1000::/:\\n'})"
    python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    subprocess.run(
        [python, "-I", "-S", "-B", "-c", code, package, str(path)], check=True, timeout=120
    )
    yield path
    rundir.remove(str(path))


def everything(root):
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            yield os.path.join(folder, name)


def test_it_has_the_library_and_what_extensions_load(root):
    names = {os.path.basename(path) for path in everything(root)}
    assert {"os.py", "json", "passwd", "runs"} <= names
    assert any(name.startswith("ld-linux") for name in names)
    assert any(name.startswith("libc.so") for name in names)
    assert not any(name.startswith("config-") for name in names)


def test_nothing_in_it_may_be_written(root):
    for path in [str(root), *everything(root)]:
        mode = os.lstat(path).st_mode
        assert stat.S_ISLNK(mode) or not mode & 0o222, path


def test_run_directories_cannot_be_listed_nor_added_to(root):
    assert stat.S_IMODE(os.stat(str(root) + copied_root.RUNS).st_mode) == 0o111


def test_links_lead_nowhere_else(root):
    """Every link that leads to something leads to something inside, with this root as the root."""
    for path in everything(root):
        if os.path.islink(path) and not os.readlink(path).startswith("/"):
            target = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
            assert target.startswith(str(root)), path


def test_too_much_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(copied_root, "MOST_BYTES", 1000)
    copier = copied_root._Copier(str(tmp_path))
    with pytest.raises(OSError, match="over 1000 bytes"):
        copier.copy(os.__file__)

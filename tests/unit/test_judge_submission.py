"""Submissions: which file is the main one, what may be set, what is refused."""

from __future__ import annotations

import io
import zipfile

import pytest

from berm.errors import InputError, LanguageError
from berm.judge import Submission
from berm.languages import Registry
from berm.model import Limits


@pytest.fixture(scope="module")
def registry():
    return Registry.discover(None)


@pytest.mark.parametrize(
    ("files", "language", "entry", "found"),
    [
        ({"solve.py": b"1"}, None, None, ("python", None)),
        ({"main.py": b"1", "lib.py": b"2"}, None, None, ("python", "main.py")),
        ({"a.py": b"1", "data.txt": b"2"}, None, None, ("python", "a.py")),
        ({"a.py": b"1", "b.py": b"2"}, None, "b.py", ("python", "b.py")),
        ({"main.c": b"1", "x.c": b"2", "x.h": b""}, None, None, ("c", "main.c")),
        ({"A.java": b"class A {}", "B.java": b"public static void main(String[] a) {}"}, None, None, ("java", "B.java")),
        ({"pkg/main.py": b"1", "pkg/a.py": b"2"}, None, None, ("python", "pkg/main.py")),
        ({"main.cc": b"1"}, "c++", None, ("cpp", None)),
        ({"main.js": b"1", "deep/main.js": b"2"}, None, None, ("javascript", "main.js")),
    ],
)  # fmt: skip
def test_the_main_file(registry, files, language, entry, found):
    made = Submission.of_files(files, registry, language=language, entry=entry)
    assert (made.language, made.entry) == found
    assert made.size == sum(map(len, files.values()))


@pytest.mark.parametrize(
    ("files", "entry"),
    [
        ({"a.py": b"1", "b.py": b"2"}, None),
        ({"main.py": b"1", "main.js": b"2"}, None),
        ({"main.py": b"1"}, "other.py"),
        ({"a.txt": b"1", "b.txt": b"2"}, None),
    ],
)
def test_no_main_file(registry, files, entry):
    with pytest.raises(InputError):
        Submission.of_files(files, registry, entry=entry)


def test_an_unknown_language(registry):
    with pytest.raises(LanguageError):
        Submission.of_files({"a.nosuch": b""}, registry)


def test_zip(registry):
    def zipped(files):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            for name, data in files.items():
                made.writestr(name, data)
        return buffer.getvalue()

    made = Submission.of_zip(zipped({"top/main.py": b"1", "top/lib/a.py": b"2"}), registry)
    assert (made.entry, set(made.files)) == ("main.py", {"lib/a.py"})
    made = Submission.of_zip(zipped({"main.py": b"1", "lib/a.py": b"2"}), registry)
    assert (made.entry, set(made.files)) == ("main.py", {"lib/a.py"})
    with pytest.raises(InputError):
        Submission.of_zip(zipped({"../main.py": b"1"}), registry)


def test_path(registry, tmp_path):
    (tmp_path / "sub" / "__pycache__").mkdir(parents=True)
    (tmp_path / "sub" / "main.py").write_bytes(b"1")
    (tmp_path / "sub" / "a.py").write_bytes(b"2")
    (tmp_path / "sub" / "__pycache__" / "a.pyc").write_bytes(b"3")
    made = Submission.of_path(tmp_path / "sub", registry)
    assert (made.entry, set(made.files), made.name) == ("main.py", {"a.py"}, "sub")
    one = Submission.of_path(tmp_path / "sub" / "a.py", registry, include={"lib.py": b"x"})
    assert (one.entry, set(one.files)) == ("a.py", {"lib.py"})
    with pytest.raises(InputError):
        Submission.of_path(tmp_path / "missing.py", registry)


@pytest.mark.parametrize("name", ["TZ", "ONLINE_JUDGE", "LC_ALL", "APP_MODE", "X_1", "NO_COLOR"])
def test_variables_that_may_be_set(name):
    assert Submission("", "python", env={name: "1"}).env == {name: "1"}


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "NODE_OPTIONS",
     "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "BASH_ENV", "ENV", "IFS", "GCONV_PATH", "MALLOC_PERTURB_",
     "TMPDIR", "PERL5LIB", "RUBYOPT", "a b", "", "TZ\n", "X_=1", "APP_a"],
)  # fmt: skip
def test_variables_that_may_not(name):
    with pytest.raises(InputError):
        Submission("", "python", env={name: "1"})


def test_values_that_may_not():
    for value in ("a\0b", "x" * 5000):
        with pytest.raises(InputError):
            Submission("", "python", env={"TZ": value})


@pytest.mark.parametrize(
    "flag", ["-O0", "-O3", "-std=c++17", "-std=gnu++20", "-Wall", "-DONLINE_JUDGE", "-DN=5"]
)
def test_flags_that_may_be_given(registry, flag):
    step = registry.find("cpp").compile_step({"main.cpp": b""}, "main.cpp", Limits(), [flag])
    assert flag in step.argv
    assert step.argv.index(flag) < step.argv.index("main.cpp")


@pytest.mark.parametrize(
    "flag",
    ["-B/tmp", "-wrapper", "-fplugin=x.so", "-Wl,-rpath,/", "-Wa,-x", "@file", "-x", "-I/etc", "-include", "-o",
     "/etc/passwd", "-specs=x", "-std=c++17 -B/tmp", "-dumpspecs", "-O2\n-B", "-D", "-Dx", "--sysroot=/", "-Wp,-M",
     "-save-temps", "-fdump-tree-all", "-print-file-name=x", "-march=x,y"],
)  # fmt: skip
def test_flags_that_may_not(registry, flag):
    with pytest.raises(InputError, match="not allowed"):
        registry.find("cpp").compile_step({"main.cpp": b""}, "main.cpp", Limits(), [flag])
    with pytest.raises(InputError, match="not allowed"):
        registry.find("python").compile_step({"main.py": b""}, "main.py", Limits(), [flag])

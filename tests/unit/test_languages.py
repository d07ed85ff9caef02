"""The language files, the steps they make, and the registry's errors."""

from __future__ import annotations

import tomllib

import pytest
from imagined import FILES, language

from berm.errors import InputError, PolicyError
from berm.languages import definition, variants
from berm.languages.fields import Fields
from berm.languages.registry import DATA, Registry
from berm.languages.template import expand
from berm.model import MIB, Limits

# --- the data -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_loads_and_says_how_to_install(path):
    loaded = definition.load(path)
    assert loaded.install.commands()
    assert all(command == command.strip() for command in loaded.install.commands())
    if loaded.extensions:
        assert loaded.entry.endswith(f".{loaded.extensions[0]}")


def test_the_five_languages_are_there():
    assert {path.stem for path in FILES} >= {"python", "javascript", "java", "cpp", "c"}


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("py", "python"), ("python3", "python"), ("Python", "python"), (" PY ", "python"),
        ("js", "javascript"), ("node", "javascript"), ("JavaScript", "javascript"),
        ("c++", "cpp"), ("C++", "cpp"), ("g++", "cpp"), ("cpp", "cpp"), ("C", "c"), ("gcc", "c"), ("java", "java"),
    ],
)  # fmt: skip
def test_aliases(alias, name):
    registry = Registry([language(path.stem) for path in FILES])
    assert registry.get(alias).name == name


# --- steps ----------------------------------------------------------------------------------------


def test_python_runs_warm_and_its_arguments_are_never_interpreted():
    step = language("python").run_step("main.py", ["{work}", "{tmp}/x", "-c"], Limits())
    assert step.argv == ("/opt/tools/bin/python", "main.py", "{work}", "{tmp}/x", "-c")
    assert step.command("/w", "/t") == (
        "/opt/tools/bin/python",
        "main.py",
        "{work}",
        "{tmp}/x",
        "-c",
    )
    assert (step.warm, step.interpreter, step.profile) == (
        "fork",
        "/opt/tools/bin/python",
        "python",
    )


def test_environment_is_complete_and_placed():
    env = language("python").run_step("main.py", [], Limits()).environment("/w", "/t")
    assert env["HOME"] == "/w"
    assert env["TMPDIR"] == "/t"
    assert env["LANG"] == "C.UTF-8"
    assert env["PATH"] == "/usr/local/bin:/usr/bin:/bin"
    assert env["OPENBLAS_NUM_THREADS"] == "1"
    assert "PYTHONHASHSEED" not in env


def test_data_limit_is_memory_and_what_the_runtime_costs():
    limits = Limits(memory=100 * MIB, processes=3)
    assert language("python").run_step("main.py", [], limits).data_limit == (100 + 64 + 3 * 8) * MIB
    assert (
        language("java").run_step("Main.java", [], limits, java_step()).data_limit
        == (100 + 256 + 3) * MIB
    )


def java_step(files=None, entry="Main.java"):
    files = files or {"Main.java": b"public class Main { public static void main(String[] a) { } }"}
    step = language("java").compile_step(files, entry, Limits())
    assert step is not None
    return step


@pytest.mark.parametrize(
    ("mib", "heap", "stack"),
    [
        (256, "-Xmx256m", "-Xss64m"),
        (4, "-Xmx4m", "-Xss1m"),
        (64, "-Xmx64m", "-Xss16m"),
        (2048, "-Xmx2048m", "-Xss64m"),
    ],
)
def test_jvm_flags_follow_the_limits(mib, heap, stack):
    argv = language("java").run_step("Main.java", ["a"], Limits(memory=mib * MIB), java_step()).argv
    assert heap in argv
    assert stack in argv
    assert argv.index(stack) < argv.index("-XX:ThreadStackSize=1024")
    assert {
        "-XX:+UseSerialGC",
        "-Xshare:auto",
        "-XX:ActiveProcessorCount=1",
        "-XX:TieredStopAtLevel=1",
    } < set(argv)
    assert argv[-4:] == ("-cp", "{work}", "Main", "a")


def test_node_heap_follows_the_limit():
    step = language("javascript").run_step("main.js", ["x"], Limits(memory=96 * MIB))
    assert step.argv == ("/opt/tools/bin/node", "--max-old-space-size=96", "main.js", "x")
    assert b"JavaScript heap out of memory" in step.memory_markers


def test_java_compiles_every_source_and_starts_the_entry_files_main_class():
    files = {
        "a/b/App.java": b"package a.b; public class App { public static void main(String[] x) { } }",
        "a/Util.java": b"package a; public class Util { }",
        "notes.txt": b"",
    }
    step = java_step(files, "a/b/App.java")
    assert step.argv[-2:] == ("a/b/App.java", "a/Util.java")
    assert step.target == "a.b.App"
    assert step.collect == ("*.class",)
    run = language("java").run_step("a/b/App.java", [], Limits(), step)
    assert run.argv[-1] == "a.b.App"


def test_cpp_compiles_every_source_and_runs_the_binary():
    cpp = language("cpp")
    step = cpp.compile_step(
        {"z.cpp": b"", "main.cpp": b"", "a.cc": b"", "a.h": b""}, "main.cpp", Limits()
    )
    assert step is not None
    assert step.argv == (
        "/opt/tools/bin/gxx",
        "-O2",
        "-std=c++20",
        "-o",
        "main",
        "main.cpp",
        "a.cc",
        "z.cpp",
        "-lm",
    )
    assert step.profile == "compile"
    assert cpp.run_step("main.cpp", ["1"], Limits(), step).argv == ("./main", "1")


def test_compile_limits_are_the_languages_own_but_for_output():
    step = language("c").compile_step(
        {"main.c": b""}, "main.c", Limits(memory=4 * MIB, cpu_time=0.1, output=77)
    )
    assert step is not None
    assert step.limits.memory == 1024 * MIB
    assert step.limits.output == 77
    assert step.data_limit == (1024 + 64 + 16 * 8) * MIB


def test_a_file_name_is_never_taken_for_an_option():
    step = language("c").compile_step({"-x.c": b"", "@y.c": b""}, "-x.c", Limits())
    assert step is not None
    assert step.argv[-3:] == ("./-x.c", "./@y.c", "-lm")


def test_interpreted_languages_have_no_compile_step():
    assert language("python").compile_step({"main.py": b""}, "main.py", Limits()) is None
    assert language("javascript").compile_step({}, "main.js", Limits()) is None


def test_entry_must_be_among_the_files():
    with pytest.raises(InputError, match=r"main\.c.*Give one of: other\.c"):
        language("c").compile_step({"other.c": b""}, "main.c", Limits())


def test_an_argument_with_nul_is_refused():
    with pytest.raises(InputError, match="NUL"):
        language("python").run_step("main.py", ["a\0b"], Limits())


@pytest.mark.parametrize("name", ["python", "javascript", "cpp", "c"])
def test_one_file_submissions_have_fixed_names(name):
    found = language(name)
    assert found.entry_name(b"public class Foo { }") == f"main.{found.extension}"


def test_java_names_its_own_file():
    assert language("java").entry_name(b"public class Foo { }") == "Foo.java"


# --- definitions ----------------------------------------------------------------------------------

COMPILE = {"command": ["x"], "sources": ["c"], "target": "x", "collect": ["x"], "memory": {}}


def table(**changes):
    with (DATA / "c.toml").open("rb") as stream:
        loaded = tomllib.load(stream)
    return {**variants.table(loaded, "", "c.toml"), **changes}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"title": 3}, r"c\.toml\.title must be a string"),
        ({"surprise": 1}, "unknown entries: surprise"),
        ({"extensions": [1]}, "extensions must be"),
        ({"install": {"brew": ["c"]}}, r"install has unknown entries: brew"),
        ({"install": "apt-get install c"}, r"install must be a table"),
        ({"tier": "some"}, "one of minimal, contest, all"),
        ({"warm": "hot"}, "one of none, fork"),
        ({"warm": "fork"}, "belong together"),
        ({"run": {"command": ["x"], "memory": {"markers": [1]}}}, r"run\.memory\.markers"),
        ({"run": {"command": ["x"], "memory": {"headroom_mib": -1}}}, "at least 0"),
        ({"run": {"command": ["x"], "memory": {"data_limit": 1}}}, "true or false"),
        ({"run": {"command": ["x"], "memory": {}, "env": {"A": 1}}}, "table of strings"),
        ({"compile": {**COMPILE, "limits": {"cpu_time": "a"}}}, "a number"),
        ({"run": []}, "must be a table"),
        ({"tools": {"gcc": {"probe": ["-v"], "pattern": "("}}}, "pattern"),
        ({"tools": {"gcc": {"probe": ["-v"], "pattern": "x"}}}, "group named version"),
        ({"tools": {"gcc": {"probe": ["-v"], "pattern": "(?P<version>x)", "checks": [1]}}}, "checks"),
        ({"tools": {"gcc": {"probe": ["-v"], "pattern": "(?P<version>x)", "checks": 1}}}, "checks"),
    ],
)  # fmt: skip
def test_wrong_definitions_name_the_entry(changes, text):
    with pytest.raises(PolicyError, match=text):
        definition.parse(table(**changes), where="c.toml")


@pytest.mark.parametrize(
    "path",
    ["/", "/etc", "/home/a", "/root/x", "/var/lib", "/etc/../root", "etc/mono", "/tmp/x",
     "/proc", "/proc/self", "/proc/self/mem", "/proc/1/maps", "/proc/self/maps/../mem"],
)  # fmt: skip
def test_read_paths_that_show_too_much(path):
    with pytest.raises(PolicyError, match="too wide"):
        definition.parse(table(read_paths=[path]), where="c.toml")
    for fine in ("/etc/mono", "/proc/self/maps"):
        assert definition.parse(table(read_paths=[fine]), where="c.toml").read_paths


def test_compile_limits_outside_their_range_name_the_file():
    loaded = table()
    loaded["compile"] = {**loaded["compile"], "limits": {"cpu_time": 1e9}}
    with pytest.raises(PolicyError, match=r"c\.toml\.compile\.limits.*cpu_time"):
        definition.parse(loaded, where="c.toml")


def test_file_and_name_must_agree(tmp_path):
    path = tmp_path / "see.toml"
    path.write_bytes((DATA / "c.toml").read_bytes())
    with pytest.raises(PolicyError, match=r"Name the file c\.toml"):
        definition.load(path)


def test_a_file_that_is_not_toml(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("= nonsense")
    with pytest.raises(PolicyError, match="cannot be read"):
        definition.load(path)


def test_misspelt_placeholder_fails_at_discovery(tmp_path):
    text = (DATA / "c.toml").read_text().replace('command = ["{target}"]', 'command = ["{tarjet}"]')
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(PolicyError, match=r"\{tarjet\}.*Known here"):
        Registry.discover(data=tmp_path)


def test_fields_report_their_place():
    with pytest.raises(PolicyError, match=r"x\.y\.z must be a string"):
        Fields({"y": {}}, "x").table("y").text("z")


@pytest.mark.parametrize(
    ("version", "key"), [("3.10", (3, 10)), ("17.0.15+6", (17, 0, 15, 6)), ("", ())]
)
def test_version_key(version, key):
    assert definition.version_key(version) == key


# --- templates ------------------------------------------------------------------------------------


def test_templates_expand_once_and_leave_the_cells_words():
    made = expand(
        ["{a}{a}-{work}", "{many}", "{{a}}", "{ }"], {"a": "{b}", "b": "no"}, {"many": ["1", "{a}"]}
    )
    assert made == ("{b}{b}-{work}", "1", "{a}", "{{b}}", "{ }")

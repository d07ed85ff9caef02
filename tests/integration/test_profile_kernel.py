"""The profiles' filters in force: real runtimes and compilers under them, and which calls those make at all."""

from __future__ import annotations

import functools
import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from berm.kernel.bpf import assemble
from berm.kernel.syscalls import name_of
from berm.policy.profile import (
    ALL_FLAGS,
    NO_FLAGS,
    WORLDS,
    load_profile,
    make_filter,
    reachable,
    untraced,
)

pytestmark = [pytest.mark.requires_isolation("seccomp_filter"), pytest.mark.timeout(300)]

HERE = Path(__file__).parent
RUNNER = HERE / "syscall_runner.py"
SOURCES = HERE / "traced"
ABORTED = (-6, 134)
EVERY = pytest.mark.parametrize("world", WORLDS)


def under(
    profile: str, world: str, folder: Path, *command: object, flags: frozenset[str] = ALL_FLAGS
) -> subprocess.CompletedProcess[str]:
    """Run a command in ``folder`` under a profile's filter."""
    program = folder / "filter"
    program.write_bytes(assemble(make_filter(load_profile(profile), world, flags)))
    return run([sys.executable, "-I", str(RUNNER), "filter", str(program), "--"], folder, command)


def run(
    start: list[str], folder: Path, command: tuple[object, ...]
) -> subprocess.CompletedProcess[str]:
    (folder / "work").mkdir(exist_ok=True)
    return subprocess.run(
        [*start, *map(str, command)],
        input="5\n",
        capture_output=True,
        text=True,
        cwd=folder / "work",
    )


def lines(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What each use said, by its name."""
    return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())


def refused(found: dict[str, str]) -> dict[str, str]:
    assert len(found) > 5
    return {name: answer for name, answer in found.items() if answer != "ok"}


NETWORK = {"a network connection": "1"}


@EVERY
@pytest.mark.parametrize("flags", [ALL_FLAGS, NO_FLAGS])
def test_python(world, flags, tmp_path):
    script = SOURCES / "everything.py"
    done = under("python", world, tmp_path, "in-process", script, tmp_path / "work", flags=flags)
    never = ("a_network_connection", "memory_without_a_file", "a_namespace", "tracing")
    wanted = dict.fromkeys(never, "1")
    if flags == NO_FLAGS:
        wanted["waiting"] = "1"  # socket.sendmsg
    if world == "confined":
        one_process = ("a_child_process", "a_shell", "worker_processes")
        wanted |= dict.fromkeys(("modes_and_times", "shared_anonymous_memory", *one_process), "1")
        if flags == NO_FLAGS:
            wanted["files"] = "1"  # os.truncate by name
    assert refused(lines(done)) == wanted, done.stderr
    assert done.returncode == 0


@functools.cache
def native(folder: Path, *options: str) -> Path:
    out = folder / "everything"
    subprocess.run(
        ["g++", "-O1", "-std=c++20", *options, "-o", out, SOURCES / "everything.cpp", "-pthread"],
        check=True,
        capture_output=True,
    )
    return out


@EVERY
@pytest.mark.parametrize("options", [(), ("-static",)], ids=["dynamic", "static"])
@pytest.mark.requires_toolchain("g++")
def test_native(world, options, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "-".join(("native", *options))
    folder.mkdir(exist_ok=True)
    done = under("native", world, folder, native(folder, *options), folder / "work")
    wanted = {"a pair of datagram sockets": "1", "stack that grows down": "1", **NETWORK}
    if world == "confined":
        wanted |= {"a child process": "1", "a shell": "1"}
    assert refused(lines(done)) == wanted, done.stderr
    assert done.returncode in ABORTED  # abort() signals itself


@EVERY
@pytest.mark.requires_toolchain("javac", "java")
def test_jvm_and_its_compiler(world, tmp_path):
    (tmp_path / "Everything.java").write_bytes((SOURCES / "Everything.java").read_bytes())
    compiled = under("compile", world, tmp_path, "javac", "-d", "..", "../Everything.java")
    assert compiled.returncode == 0, compiled.stderr
    options = ("-XX:+UseSerialGC", "-Xmx64m", "-XX:-UsePerfData", "-cp", tmp_path)
    done = under("jvm", world, tmp_path, "java", *options, "Everything", tmp_path / "work")
    wanted = {"a network connection": "refused"}
    if world == "confined":
        wanted["a child process"] = "refused"
    assert refused(lines(done)) == wanted, done.stderr
    assert done.returncode == 3


@EVERY
@pytest.mark.requires_toolchain("node")
def test_node(world, tmp_path):
    done = under("node", world, tmp_path, "node", SOURCES / "everything.js", tmp_path / "work")
    wanted = {"a network connection": "EPERM"}
    if world == "confined":
        wanted |= {
            "a child process": "EPERM",
            "a copy of a file": "EPERM",
        }  # it copies the mode too
    assert refused(lines(done)) == wanted, done.stderr
    assert done.returncode == 3


@EVERY
@pytest.mark.requires_toolchain("g++", "gcc")
def test_compilers_and_linkers(world, tmp_path):
    (tmp_path / "a.c").write_text("int main(void) { return 7; }\n")
    for command in (
        ("gcc", "-O2", "-o", "../c", "../a.c"),
        ("g++", "-O0", "-std=c++20", "-pthread", "-o", "../cpp", SOURCES / "everything.cpp"),
    ):
        done = under("compile", world, tmp_path, *command)
        assert done.returncode == 0, done.stderr
    (tmp_path / "c").chmod(0o755)
    assert subprocess.run([tmp_path / "c"]).returncode == 7


# --- which calls are needed -----------------------------------------------------------------------


def trace(folder: Path, *command: object) -> set[str]:
    """Return the names of the syscalls that a command and its children make."""
    out = folder / "calls"
    done = run([sys.executable, "-I", str(RUNNER), "trace", str(out), "--"], folder, command)
    assert done.returncode in (0, 3, 134), done.stdout + done.stderr
    return {name_of(int(line.split()[0])) for line in out.read_text().splitlines()}


def seen_calls(folder: Path) -> dict[str, set[str]]:
    """Return profile → the calls that its programs make on this machine."""
    work = folder / "work"
    seen = {"python": trace(folder, sys.executable, SOURCES / "everything.py", work)}
    native_dynamic = native(folder)
    seen["native"] = trace(folder, native_dynamic, work)
    source = SOURCES / "everything.cpp"
    seen["compile"] = trace(folder, "g++", "-std=c++20", "-pthread", "-o", folder / "x", source)
    seen["compile"] |= trace(folder, "javac", "-d", folder, SOURCES / "Everything.java")
    options = ("-XX:+UseSerialGC", "-Xmx64m", "-XX:-UsePerfData", "-cp", folder)
    seen["jvm"] = trace(folder, "java", *options, "Everything", work)
    seen["node"] = trace(folder, "node", SOURCES / "everything.js", work)
    return seen


@pytest.mark.requires_isolation("seccomp_notify")
@pytest.mark.requires_toolchain("g++", "javac", "java", "node")
def test_every_allowed_call_is_made_by_some_program_or_has_a_reason(tmp_path):
    seen = seen_calls(tmp_path)
    everything = set().union(*seen.values())
    kept = untraced()
    for profile in seen:
        for world in WORLDS:
            unneeded = set(reachable(profile, world)) - everything - set(kept)
            assert not unneeded, f"{profile} allows what no program of the corpus makes: {unneeded}"
    # A reason for what nobody may do any more is out of date.
    allowed = {call for profile in seen for world in WORLDS for call in reachable(profile, world)}
    assert set(kept) <= allowed


@pytest.mark.requires_isolation("seccomp_notify")
@pytest.mark.requires_toolchain("ghc")
def test_what_haskell_is_allowed_on_top_it_needs(tmp_path):
    """The other profiles allow nothing on top of what the traced ones do, or do not execute it."""
    (tmp_path / "Main.hs").write_text(
        "import Control.Concurrent\n"
        "main :: IO ()\n"
        "main = newEmptyMVar >>= \\box -> forkIO (threadDelay 1000 >> putMVar box (42 :: Int))"
        " >> takeMVar box >>= print\n"
    )
    seen: set[str] = set()
    for option in ("-threaded", "-debug"):  # -debug: the runtime without threads, too
        out = tmp_path / f"main{option}"
        build = ("ghc", "-v0", "-O0", option, "-outputdir", tmp_path / option[1:], "-o", out)
        seen |= trace(tmp_path, *build, tmp_path / "Main.hs") | trace(tmp_path, out)
    base = {"haskell": "native", "compile-haskell": "compile", "polls": "native"}
    for profile, world in itertools.product(base, WORLDS):
        extra = set(reachable(profile, world)) - set(reachable(base[profile], world))
        assert extra
        assert extra <= seen, f"{profile} allows what GHC does not do: {extra - seen}"


def main() -> None:
    """Print which calls each runtime makes here, and what is allowed without being made."""
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    seen = seen_calls(folder)
    for profile, calls in seen.items():
        allowed = set(reachable(profile, "namespaces"))
        print(f"{profile}: {len(calls)} calls made, {len(allowed)} allowed")
        print("  made and refused:", *sorted(calls - allowed))
        print("  allowed and not made:", *sorted(allowed - calls))
    union = set().union(*seen.values())
    allowed = {call for profile in seen for call in reachable(profile, "namespaces")}
    print("made by none:", *sorted(allowed - union))


if __name__ == "__main__":
    main()

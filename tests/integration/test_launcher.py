"""Programs that are executed begin as a launcher: what they find, what they cost, how a bad start is told."""

from __future__ import annotations

import dataclasses
import os
import random
import resource
import signal
from collections.abc import AsyncIterator, Mapping

import pytest

import berm
from berm.cell.cell import Ran
from berm.cell.files import Bundle, File
from berm.model import KIB, MIB
from berm_cell import protocol, script

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("bash"),
]

LIMITS = berm.Limits(wall_time=20)


@pytest.fixture(scope="module", params=["namespaces", "confined"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    try:
        async with berm.Engine(berm.Config(plan=request.param)) as opened:
            opened.enforcement()
            yield opened
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


async def started(
    engine: berm.Engine,
    *argv: str,
    files: Mapping[str, bytes | File] | None = None,
    limits: berm.Limits = LIMITS,
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Start a command as Bash's programs are; without one, ``bash main.sh``."""
    step = engine.registry.get("bash").run_step("main.sh", (), limits, None)
    if argv:
        step = dataclasses.replace(step, argv=argv)
    contents = {
        name: data if isinstance(data, File) else File(data) for name, data in (files or {}).items()
    }
    bundle = Bundle(contents)
    try:
        return await engine._perform(step, bundle, b"", limits, env=env)
    finally:
        bundle.close()


def ended(ran: Ran) -> tuple[int, str]:
    return os.waitstatus_to_exitcode(ran.ending.status or 0), ran.stderr.decode()


async def test_a_parked_cell_is_a_launcher(engine, descendants) -> None:
    if not script.IS_X86_64:
        pytest.skip("the launcher is of x86-64")
    await engine.warm(["bash"])
    (pool,) = [pool for pool in engine.pools if pool.parked]
    images = [
        os.path.basename(os.readlink(f"/proc/{pid}/exe")) for pid in descendants(pool.server_pid)
    ]
    launchers = [image for image in images if image.removeprefix("memfd:").split()[0] == "launch"]
    assert len(launchers) == pool.parked


# --- a bad start -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("./none", b"", "No such file or directory"),
        ("nothing-of-this-name", b"", "No such file or directory"),
        ("./main.sh", b"echo no\n", "Permission denied"),
        ("./main.sh/further", b"echo no\n", "Not a directory"),
        ("./program", File(b"\x7fELFx", executable=True), "Exec format error"),
        ("./" + "n" * 300, b"", "File name too long"),
    ],
)
async def test_a_program_that_cannot_be_started_is_told(engine, name, content, reason) -> None:
    files = {name.split("/")[1]: content} if content else {}
    ran = await started(engine, name, files=files)
    assert ended(ran) == (127, f"berm: cannot start {name}: {reason}\n")
    assert ran.stdout == b""


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a", "a/b/c", "d")])
async def test_files_that_are_in_the_way_of_others_are_told(engine, names) -> None:
    ran = await started(engine, files=dict.fromkeys(names, b"x"))
    assert ended(ran) == (127, "berm: the program cannot be started: File exists\n")


async def test_no_program_is_given_what_no_process_can_have(engine) -> None:
    for env in ({"A": "1\0"}, {"A\0": "1"}, {"A=B": "1"}, {"": "1"}, {"A": "x" * 5 * MIB}):
        with pytest.raises(berm.InputError, match="cannot be given"):
            await started(engine, files={"main.sh": b"echo no"}, env=env)
    with pytest.raises(berm.InputError, match="NUL"):
        await started(engine, "./main.sh", "a\0b", files={"main.sh": b"echo no"})
    ran = await started(engine, files={"main.sh": b"echo yes"})
    assert ran.stdout == b"yes\n"


async def test_an_environment_that_the_kernel_refuses_is_told(engine) -> None:
    ran = await started(engine, "bash", files={"main.sh": b"echo no"}, env={"A": "x" * MIB})
    assert ended(ran) == (127, "berm: cannot start bash: Argument list too long\n")


async def test_an_environment_larger_than_a_packet_arrives(engine) -> None:
    env = {f"V{number}": "x" * 1000 for number in range(200)}
    assert sum(map(len, env.values())) > protocol.MAX_FRAME
    ran = await started(engine, files={"main.sh": b"echo ${#V0} ${#V199} ${!V*}"}, env=env)
    assert ended(ran) == (0, "")
    assert ran.stdout.decode().split() == ["1000", "1000", *sorted(env)]


# --- files -----------------------------------------------------------------------------------


async def test_as_many_files_as_there_may_be_arrive_as_they_are(engine) -> None:
    chance = random.Random(1)
    files: dict[str, bytes | File] = {}
    for number in range(500):
        name = f"d{number % 7}/{number}-" + "n" * 200
        data = chance.randbytes(number % 5 * 40).hex().encode()
        files[name] = File(data, executable=number % 3 == 0)
    # Modes and contents as the program sees them: bash alone, without other commands.
    files["main.sh"] = (
        b"shopt -s globstar\n"
        b"for f in d*/*; do IFS= read -r line < $f; [ -x $f ] && x=1 || x=0\n"
        b'[ -w $f ] && [ -O $f ] || echo "bad $f"; echo "$f $x $line"; done\n'
    )
    ran = await started(engine, files=files)
    assert ended(ran) == (0, "")
    expected = [
        f"{name} {int(file.executable)} {file.data.decode()}"
        for name, file in files.items()
        if isinstance(file, File)
    ]
    assert sorted(ran.stdout.decode().splitlines()) == sorted(expected)


@pytest.mark.parametrize("size", [MIB + 1, 4 * MIB, 9 * MIB])
async def test_files_larger_than_the_disk_end_clearly(engine, size) -> None:
    limits = dataclasses.replace(LIMITS, disk=MIB)
    files = {"large": bytes(size)}
    result = await engine.run("while :; do :; done", "bash", files=files, limits=limits)
    assert result.outcome.kind == "file_limit", result


async def test_a_file_larger_than_a_program_may_write_arrives(engine) -> None:
    limits = dataclasses.replace(LIMITS, file_size=64 * KIB)
    result = await engine.run("echo yes", "bash", files={"large": bytes(MIB)}, limits=limits)
    assert result.text == "yes\n", "it is the program's own files that are bounded"


# --- what a program finds --------------------------------------------------------------------

LOOKS = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sigaction action;
    struct rlimit limit;
    sigset_t mask;
    char name[17] = "";
    for (int fd = 0; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0) printf("fd=%d ", fd);
    for (int number = 1; number < 32; number++)
        if (!sigaction(number, 0, &action) && action.sa_handler != SIG_DFL)
            printf("handled=%d ", number);
    sigprocmask(SIG_BLOCK, 0, &mask);
    for (int number = 1; number < 65; number++)
        if (sigismember(&mask, number) == 1) printf("blocked=%d ", number);
    printf("umask=%o ", umask(0));
    printf("dumpable=%d ", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
    printf("parent=%d ", (int)getppid());
    prctl(PR_GET_NAME, name, 0, 0, 0);
    printf("comm=%s ", name);
    printf("arguments=%d argv0=%s ", argc, argv[0]);
    int known[] = {RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_CPU};
    for (int n = 0; n < 4; n++)
        if (!getrlimit(known[n], &limit))
            printf("limit%d=%ld:%ld ", known[n], (long)limit.rlim_cur, (long)limit.rlim_max);
    puts("");
    return 0;
}
"""


@pytest.mark.requires_toolchain("c")
async def test_a_program_finds_nothing_of_what_was_before(engine) -> None:
    limits = dataclasses.replace(LIMITS, open_files=33, file_size=3 * MIB, cpu_time=4.0)
    result = await engine.run(LOOKS, "c", args=["a"], limits=limits)
    words = [word.partition("=")[::2] for word in result.text.split()]
    assert [value for name, value in words if name == "fd"] == ["0", "1", "2"]
    assert [value for name, value in words if name in ("handled", "blocked")] == []
    found = dict(words)
    assert (found["umask"], found["dumpable"]) == ("22", "1")
    assert (found["comm"], found["argv0"], found["arguments"]) == ("main", "./main", "2")
    if engine.enforcement().plan == "namespaces":
        assert found["parent"] == "0"
    else:
        assert int(found["parent"]) in {pool.server_pid for pool in engine.pools}
    assert found[f"limit{resource.RLIMIT_NOFILE}"] == "33:33"
    assert found[f"limit{resource.RLIMIT_CORE}"] == "0:0"
    assert found[f"limit{resource.RLIMIT_FSIZE}"] == f"{3 * MIB}:{3 * MIB}"
    soft, hard = found[f"limit{resource.RLIMIT_CPU}"].split(":")
    assert 4 <= int(soft) <= int(hard) <= 6


async def test_the_kernel_says_the_same_of_it(engine) -> None:
    if engine.enforcement().plan != "namespaces":
        pytest.skip("a program of the confined plan has no /proc")
    source = (
        "while IFS= read -r line; do echo $line; done < /proc/self/status\n"
        "for f in /proc/self/fd/*; do [ -e $f ] && echo fd ${f##*/}; done; [ /proc/self/exe -ef $BASH ] && echo own\n"
        "IFS= read -r -d '' word < /proc/self/cmdline; echo word $word\n"
    )
    result = await engine.run(source, "bash")
    assert result.outcome.ok, result
    rows = result.text.splitlines()
    status = dict(row.split(": ", 1) for row in rows if ": " in row)
    assert (status["Name"], status["Umask"], status["PPid"]) == ("bash", "0022", "0")
    masks = {name: int(status[name], 16) for name in ("SigBlk", "SigIgn", "SigPnd", "ShdPnd")}
    quit_by_bash = 1 << (signal.SIGQUIT - 1)
    assert masks == {**dict.fromkeys(masks, 0), "SigIgn": quit_by_bash}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    descriptors = [row.split()[1] for row in rows if row.startswith("fd ")]
    its_script = {"63", "255"}
    assert {"0", "1", "2"} <= set(descriptors) <= {"0", "1", "2", "3", *its_script}
    assert "own" in rows
    assert rows[-1].startswith("word ") and rows[-1].endswith("bash")


# --- what it costs ---------------------------------------------------------------------------

TAKES = """
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) {
    long size = atol(argv[1]) << 20;
    char *taken = malloc(size + 1);
    memset(taken, argc, size);
    return taken[size / 2] != argc && size;
}
"""


@pytest.mark.requires_toolchain("c")
async def test_memory_is_the_programs_own(engine) -> None:
    program = await engine.prepare(TAKES, "c")
    small = [(await engine.execute(program, args=["0"])).usage.memory for _ in range(5)]
    large = [(await engine.execute(program, args=["50"])).usage.memory for _ in range(3)]
    assert 64 * KIB < min(small) <= max(small) < 2 * MIB, small
    assert 50 * MIB <= min(large) <= max(large) < 53 * MIB, large


# --- others ----------------------------------------------------------------------------------


async def test_a_canary_is_python_where_programs_have_a_launcher(engine) -> None:
    await engine.warm(["bash"])
    await engine.prove()
    assert (await engine.run("echo yes", "bash")).text == "yes\n"


async def test_a_program_is_ended_by_a_signal_of_its_own(engine) -> None:
    result = await engine.run("kill -s KILL $$", "bash")
    assert result.outcome == berm.Outcome(berm.OutcomeKind.SIGNALLED, None, signal.SIGKILL)


async def test_more_files_than_a_cell_is_parked_for_have_room_before_they_come(engine) -> None:
    if engine.enforcement().plan != "namespaces":
        pytest.skip("only a file system of the cell's own has a size beforehand")
    files = {f"{number}.bin": bytes([number]) * (14 * MIB) for number in range(5)}
    limits = berm.Limits(disk=256 * MIB, wall_time=20)
    for language, source in (
        ("bash", "echo *.bin"),
        ("python", "import os; print(len(os.listdir()))"),
    ):
        for _ in range(4):
            result = await engine.run(source, language, files=files, limits=limits)
            assert result.outcome.kind is berm.OutcomeKind.EXITED, result
            assert (result.outcome.exit_code, result.stderr) == (0, b"")

"""Every outcome, limit and input of a run, through ``berm.Engine``, in real cells."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import berm
from berm.model import KIB, MIB

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]


@pytest.fixture(
    scope="module", params=["namespaces", "confined", "confined-5", "confined-3", "confined-1"]
)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    """An engine of each family of plan, the confined one also as older kernels would have it."""
    plan, _, abi = request.param.partition("-")
    try:
        async with berm.Engine(berm.Config(plan=plan, landlock_abi=int(abi or 99))) as opened:
            opened.enforcement()
            yield opened
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


async def _run(engine: berm.Engine, source: str, **arguments: Any) -> berm.RunResult:
    limits = arguments.pop("limits", berm.Limits(wall_time=5))
    return await engine.run(source, limits=limits, **arguments)


async def test_a_program_reads_and_writes(engine: berm.Engine) -> None:
    result = await _run(engine, "print(int(input()) + 1)", stdin="41\n")
    assert result.outcome == berm.Outcome(berm.OutcomeKind.EXITED, 0, None)
    assert (result.stdout, result.stderr, result.text) == (b"42\n", b"", "42\n")
    assert 0 < result.usage.wall_time < 5
    assert 0 < result.usage.cpu_time < 5
    assert 100 * KIB < result.usage.memory < 64 * MIB
    assert result.usage.processes == 1
    assert set(result.enforcement.guarantees) == set(berm.Guarantee)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("raise SystemExit(7)", 7),
        ("import sys; sys.exit(-1)", 255),
        ("import sys; sys.exit('words')", 1),
        ("exit(3)", 3),
        ("1/0", 1),
        ("def f(:", 1),
        ("import os; os._exit(9)", 9),
    ],
)
async def test_exit_codes(engine: berm.Engine, source: str, code: int) -> None:
    result = await _run(engine, source)
    assert result.outcome == berm.Outcome(berm.OutcomeKind.EXITED, code, None)


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("import os; os.abort()", signal.SIGABRT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", signal.SIGTERM),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", signal.SIGKILL),
        ("import ctypes; ctypes.string_at(0)", signal.SIGSEGV),
        ("raise KeyboardInterrupt", signal.SIGINT),
    ],
)
async def test_signals(engine: berm.Engine, source: str, number: int) -> None:
    result = await _run(engine, source)
    assert result.outcome == berm.Outcome(berm.OutcomeKind.SIGNALLED, None, number)


@pytest.mark.parametrize(
    ("source", "limits", "kind"),
    [
        ("while True: pass", {"cpu_time": 0.3}, "cpu_limit"),
        ("import time; time.sleep(60)", {"wall_time": 0.3}, "wall_limit"),
        ("input(); input()", {"wall_time": 0.3}, "exited"),
        ("x = bytearray(400_000_000)", {"memory": 64 * MIB}, "memory_limit"),
        (
            "x = []\nwhile True: x.append(bytearray(1_000_000))",
            {"memory": 64 * MIB},
            "memory_limit",
        ),
        ("while True: print('x' * 1000)", {"output": 64 * KIB}, "output_limit"),
        (
            "import sys\nwhile True: sys.stderr.write('x' * 1000)",
            {"output": 64 * KIB},
            "output_limit",
        ),
        (
            (
                "import threading, time\n"
                "for i in range(20): threading.Thread(target=time.sleep, args=(3,)).start()"
            ),
            {"processes": 4},
            "process_limit",
        ),
    ],
)
async def test_limits(engine: berm.Engine, source: str, limits: Any, kind: str) -> None:
    result = await _run(engine, source, limits=berm.Limits(**{"wall_time": 4, **limits}))
    assert result.outcome.kind == kind, result


async def test_a_file_over_its_limit(engine: berm.Engine) -> None:
    source = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
    source += "open('big', 'wb').write(bytes(2_000_000))"
    result = await _run(engine, source, limits=berm.Limits(file_size=MIB))
    assert result.outcome.kind == "file_limit"
    assert result.outcome.signal == signal.SIGXFSZ


@pytest.mark.requires_toolchain("c")
async def test_a_compiled_program_has_the_signals_of_a_shell(engine: berm.Engine) -> None:
    source = (
        "#include <signal.h>\n#include <stdio.h>\nint main(){struct sigaction a; for(int i=1;i<32;i++)"
        '{sigaction(i,0,&a); if(a.sa_handler!=SIG_DFL) printf("%d ",i);} puts("");}'
    )
    result = await _run(engine, source, language="c")
    assert result.text == "\n"


async def test_the_disk_is_bounded(engine: berm.Engine) -> None:
    source = (
        "import time\n"
        "try:\n"
        "    for i in range(100):\n"
        "        f = open(f'f{i}', 'wb'); f.write(bytes(1_000_000)); f.close(); time.sleep(0.01)\n"
        "    print('all')\n"
        "except OSError as error:\n"
        "    print(error.errno)\n"
    )
    result = await _run(engine, source, limits=berm.Limits(disk=8 * MIB))
    assert "all" not in result.text
    assert result.text == "28\n" or result.outcome.kind == "file_limit"


async def test_output_is_kept_to_the_cap_and_counted(engine: berm.Engine) -> None:
    result = await _run(
        engine, "import sys; sys.stdout.write('a' * 200_000)", limits=berm.Limits(output=64 * KIB)
    )
    assert result.outcome.ok
    assert len(result.stdout) == 64 * KIB
    assert (result.stdout_size, result.truncated) == (200_000, True)


async def test_files_can_be_moved_between_directories(engine: berm.Engine) -> None:
    if engine.features.landlock_abi < 2 and engine.enforcement().plan == "confined":
        pytest.skip("Landlock below ABI 2 refuses every move between directories")
    source = (
        "import os, tempfile\n"
        "os.mkdir('d'); open('a', 'w').write('x'); os.rename('a', 'd/b'); os.link('d/b', 'c')\n"
        "print(os.listdir('d'), open(os.path.join(tempfile.mkdtemp(), 'f'), 'w').write('yz'))\n"
    )
    result = await _run(engine, source)
    assert result.text == "['b'] 2\n", result.stderr


async def test_large_input_arrives_whole(engine: berm.Engine) -> None:
    data = bytes(range(256)) * 40_000
    source = "import sys, zlib; d = sys.stdin.buffer.read(); print(len(d), zlib.crc32(d))"
    import zlib

    result = await _run(engine, source, stdin=data)
    assert result.text == f"{len(data)} {zlib.crc32(data)}\n"


async def test_a_program_may_leave_its_input(engine: berm.Engine) -> None:
    result = await _run(engine, "print('done')", stdin=b"x" * 3_000_000)
    assert result.outcome.ok


async def test_files_arguments_and_names(engine: berm.Engine) -> None:
    source = "import sys, helper, pkg.part as p\nprint(sys.argv, helper.x, p.y, open('d/t').read())"
    result = await _run(
        engine,
        source,
        args=["a b", "ü", ""],
        files={"helper.py": "x = 1", "pkg/__init__.py": "", "pkg/part.py": "y = 2", "d/t": "z"},
    )
    assert result.text == "['main.py', 'a b', 'ü', ''] 1 2 z\n", result.stderr


async def test_a_file_wins_over_a_preloaded_module(engine: berm.Engine) -> None:
    result = await _run(
        engine, "import random; print(random.mine)", files={"random.py": "mine = 'mine'"}
    )
    assert result.text == "mine\n"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../b", "", "a//b", "a\0b", "main.py"])
async def test_bad_file_names_are_refused(engine: berm.Engine, name: str) -> None:
    with pytest.raises(berm.InputError):
        await _run(engine, "", files={name: ""})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": 5}, "not int"),  # of which bytes() makes zeros
        ({"stdin": None}, "not NoneType"),
        ({"files": {"a": 1.5}}, "not float"),
        ({"args": [1]}, "An argument is text, not int"),
        ({"limits": {"cpu_time": 1}}, "berm.Limits, not dict"),
        ({"language": None}, "unknown"),
    ],
)
async def test_what_is_of_the_wrong_kind_is_said(engine: berm.Engine, options, words) -> None:
    with pytest.raises(berm.BermError, match=words):
        await engine.run(**{"source": "print()", **options})


async def test_nothing_of_the_launcher_is_visible(engine: berm.Engine) -> None:
    source = (
        "import sys, gc, os\n"
        "print([m for m in sys.modules if 'berm' in m])\n"
        "print([o for o in gc.get_objects() if 'berm' in str(getattr(o, '__module__', ''))])\n"
        "print([p for p in sys.path if 'berm' in p and p != os.getcwd()])\n"
        "print([f for f in range(64) if os.path.exists(f'/proc/self/fd/{f}')] in ([0, 1, 2], []))\n"
        "print(sys.argv, __name__, __spec__, 'BERM' in str(os.environ))\n"
    )
    result = await _run(engine, source)
    assert result.text == "[]\n[]\n[]\nTrue\n['main.py'] __main__ None False\n", result.stderr


async def test_random_is_seeded_for_each_run(engine: berm.Engine) -> None:
    results = [await _run(engine, "import random; print(random.random())") for _ in range(4)]
    assert len({result.text for result in results}) == 4


async def test_usage_counts_the_whole_tree(engine: berm.Engine) -> None:
    if engine.enforcement().plan == "confined":
        pytest.skip("programs have no children in the confined plan")
    source = (
        "import os, time\n"
        "for i in range(3):\n"
        "    if os.fork() == 0:\n"
        "        t = time.process_time()\n"
        "        while time.process_time() - t < 0.1: pass\n"
        "        os._exit(0)\n"
        "for i in range(3): os.wait()\n"
    )
    result = await _run(engine, source)
    assert result.outcome.ok, result
    assert 0.3 <= result.usage.cpu_time < 0.6
    assert result.usage.processes == 4


@pytest.mark.requires_toolchain("c")
async def test_compile_errors_are_results(engine: berm.Engine) -> None:
    result = await _run(engine, "int main( {", language="c")
    assert result.outcome.kind == "compile_error"
    assert result.compile is not None
    assert b"main.c" in result.compile.stderr


@pytest.mark.requires_toolchain("c", "cpp", "java", "javascript")
@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("c", '#include <stdio.h>\nint main(){int x;scanf("%d",&x);printf("%d\\n",x+1);}'),
        ("c++", "#include <iostream>\nint main(){int x;std::cin>>x;std::cout<<x+1<<'\\n';}"),
        (
            "java",
            (
                "import java.util.*; public class Any { public static void main(String[] a) {"
                " System.out.println(new Scanner(System.in).nextInt() + 1); } }"
            ),
        ),
        ("js", "console.log(+require('fs').readFileSync(0, 'utf8') + 1)"),
    ],
)
async def test_the_other_languages(engine: berm.Engine, language: str, source: str) -> None:
    result = await _run(engine, source, language=language, stdin="41\n")
    assert result.text == "42\n", result
    assert result.outcome.ok


@pytest.mark.requires_toolchain("c", "cpp", "java", "javascript")
@pytest.mark.parametrize(
    ("language", "source"),
    [
        (
            "c++",
            "#include <vector>\nint main(){std::vector<char> v; for(;;) v.resize(v.size()+1000000,1);}",
        ),
        (
            "c",
            (
                "#include <stdlib.h>\n#include <string.h>\n"
                "int main(){for(;;){char*p=malloc(1000000); memset(p,1,1000000);}}"
            ),
        ),
        (
            "java",
            (
                "import java.util.*; class A { public static void main(String[] a) {"
                " List<byte[]> l = new ArrayList<>(); while (true) l.add(new byte[1000000]); } }"
            ),
        ),
        ("js", "const l = []; while (true) l.push(new Array(100000).fill(l.length))"),
    ],
)
async def test_memory_limit_in_every_language(
    engine: berm.Engine, language: str, source: str
) -> None:
    limits = berm.Limits(memory=64 * MIB, wall_time=10)
    result = await _run(engine, source, language=language, limits=limits)
    assert result.outcome.kind == "memory_limit", result


async def test_cancelling_a_run_leaves_nothing(engine: berm.Engine) -> None:
    started = asyncio.Event()
    task = asyncio.create_task(
        engine.run(
            "import time\nprint('on', flush=True)\ntime.sleep(60)",
            limits=berm.Limits(wall_time=60),
            on_stdout=lambda _: started.set(),
        )
    )
    await asyncio.wait_for(started.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    result = await _run(engine, "print(1)")
    assert result.outcome.ok


async def test_one_program_runs_many_times_at_once(engine: berm.Engine) -> None:
    program = await engine.prepare("print(int(input()) ** 2)")
    results = await asyncio.gather(*(engine.execute(program, stdin=str(i)) for i in range(20)))
    program.close()
    assert [result.text for result in results] == [f"{i * i}\n" for i in range(20)]


async def test_a_dead_fork_server_is_replaced(engine: berm.Engine) -> None:
    await _run(engine, "pass")
    for pool in engine.pools:
        if pool.server_pid:
            os.kill(pool.server_pid, signal.SIGKILL)
    await asyncio.sleep(0.2)
    result = await _run(engine, "print(2)")
    assert result.text == "2\n"


async def test_no_descriptor_is_leaked(engine: berm.Engine) -> None:
    await asyncio.gather(*(_run(engine, "print(1)") for _ in range(20)))
    await asyncio.sleep(0.3)
    before = len(os.listdir("/proc/self/fd"))
    await asyncio.gather(*(_run(engine, "print(1)") for _ in range(60)))
    await asyncio.sleep(0.3)
    assert len(os.listdir("/proc/self/fd")) <= before + 2


@pytest.mark.parametrize("plan", ["namespaces", "confined"])
async def test_no_directory_is_left_of_runs_whose_files_were_wanted(
    plan: str, tmp_path: Path
) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o1777)  # as /tmp, the default: fork servers may have a uid of their own
    config = berm.Config(plan=plan, run_dir=str(tmp_path), pool_floor=1, pool_ceiling=1)
    async with berm.Engine(config) as engine:
        try:
            program = await engine.prepare("open('out.txt', 'w').write('x')")
            for _ in range(4):
                result = await engine.execute(program, collect=["*.txt"])
                assert result.files == {"out.txt": b"x"}
        except berm.IsolationError as error:
            pytest.skip(f"the {plan} plan does not work here: {error}")
        program.close()
        async with asyncio.timeout(30):
            while len(list(tmp_path.glob("*/*"))) > sum(pool.parked for pool in engine.pools):
                await asyncio.sleep(0.05)
    assert list(tmp_path.iterdir()) == []


def test_the_blocking_call() -> None:
    result = berm.run("print(input()[::-1])", stdin="abc")
    assert result.text == "cba\n"
    with pytest.raises(berm.LanguageError, match="Supported: "):
        berm.run("", language="klingon")


@pytest.mark.parametrize(
    "values",
    [
        {"memory": 1},
        {"cpu_time": 0},
        {"wall_time": float("nan")},
        {"processes": 2.5},
        {"output": -1},
    ],
)
def test_bad_limits_say_the_range(values: dict[str, Any]) -> None:
    with pytest.raises(berm.LimitError, match="between|integer"):
        berm.Limits(**values)


async def test_what_debian_chooses_by_links_is_there(engine):
    chosen = sorted(Path("/etc/alternatives").glob("*"))
    there = [link for link in chosen if link.exists() and str(link.resolve()).startswith("/usr/")]
    if not there:
        pytest.skip("this system has no alternatives")
    name = json.dumps(str(there[0]))
    result = await engine.run(f"import os; print(os.path.exists({name}))")
    assert result.text == "True\n", result

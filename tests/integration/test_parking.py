"""Runtimes that wait for their programs: taken, replaced, bounded, and nothing of them seen."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import berm
from berm.cell.waiting import MESSAGE
from berm.model import MIB

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("javascript"),
]

LIMITS = berm.Limits(wall_time=30)


@pytest.fixture(scope="module", params=["namespaces", "confined"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[berm.Engine]:
    try:
        async with berm.Engine(berm.Config(plan=request.param)) as opened:
            opened.enforcement("javascript")
            await opened.furnish(["javascript"])
            yield opened
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


async def parked(engine: berm.Engine, source: str, **arguments: object) -> berm.RunResult:
    """Run in a runtime that waited."""
    await engine.parking.settled()
    hits = engine.parking.hits
    arguments.setdefault("limits", LIMITS)
    result = await engine.run(source, "javascript", **arguments)  # type: ignore[arg-type]
    assert engine.parking.hits == hits + 1, engine.parking.last_failure
    return result


async def cold(engine: berm.Engine, source: str, **arguments: object) -> berm.RunResult:
    program = await engine.prepare(source, "javascript")
    try:
        args = arguments.pop("args", ())
        stdin = arguments.pop("stdin", "")
        # Another environment is one that no runtime waits with.
        return await engine.execute(program, stdin, args, LIMITS, env={"COLD": "1"})  # type: ignore[arg-type]
    finally:
        program.close()


WORLD = """
const fs = require('fs');
const {Worker} = require('worker_threads');
console.log(process.argv, process.argv0, process.execArgv, process.title, process.cwd());
console.log(__filename, __dirname, require.main === module, module.id, module.parent);
console.log(module.children, module.paths, Object.keys(require.cache), process._preload_modules);
console.log(Object.keys(process.env).filter(name => name !== 'COLD').sort(), process.listenerCount('exit'));
console.log(Object.getOwnPropertyNames(globalThis).sort().join());
console.log(require('v8').getHeapStatistics().heap_size_limit);
console.log(fs.fstatSync(0).isFIFO(), fs.fstatSync(1).isFIFO(), process.stdin.isTTY);
console.log(fs.readdirSync('.').sort(), fs.readFileSync(0, 'utf8'));
for (let fd = 3; fd < 300; fd++) {
  try { if (fs.fstatSync(fd).isSocket()) { console.log('a socket', fd); } } catch (error) { }
}
console.log(new Error('here').stack);
new Worker('console.log(process.execArgv, require.main, Object.keys(require.cache))', {eval: true})
  .on('exit', code => { console.log('worker', code); null.missing; });
"""


async def test_a_program_sees_what_it_would_see_if_it_had_been_started_now(
    engine: berm.Engine,
) -> None:
    files = {"data/x.txt": "x", "lib.js": "module.exports = 1"}
    arguments = {"stdin": "in\n", "args": ["a", "", "{work}", "é"]}
    waited = await parked(engine, WORLD, **arguments)
    started = await cold(engine, WORLD, **arguments)
    assert started.outcome.exit_code == 1
    assert "TypeError" in started.stderr.decode()
    assert waited.outcome == started.outcome
    for one, other in ((waited.stdout, started.stdout), (waited.stderr, started.stderr)):
        assert _placeless(one) == _placeless(other)
    result = await parked(
        engine,
        "console.log(require('./lib'), require('fs').readFileSync('data/x.txt', 'utf8'))",
        files=files,
    )
    assert result.text == "1 x\n"


def _placeless(text: bytes) -> str:
    """Without the run's own directory, whose name the confined plan makes up, and where code was loaded."""
    return re.sub(
        r"/tmp/berm-[0-9a-f]+/[0-9a-f]+/", "/", re.sub(r"0x[0-9a-f]+", "0x", text.decode())
    )


@pytest.mark.parametrize(
    ("source", "ending"),
    [
        ("process.exit(7)", (7, None)),
        ("process.exitCode = 3", (3, None)),
        ("process.abort()", (None, signal.SIGABRT)),
        ("process.kill(process.pid, 'SIGTERM')", (None, signal.SIGTERM)),
        ("Promise.reject(new Error('x'))", (1, None)),
        ("syntax error here", (1, None)),
        ("setTimeout(() => process.exit(9), 20)", (9, None)),
    ],
)
async def test_endings(
    engine: berm.Engine, source: str, ending: tuple[int | None, int | None]
) -> None:
    waited, started = await parked(engine, source), await cold(engine, source)
    assert (waited.outcome.exit_code, waited.outcome.signal) == ending
    assert waited.outcome == started.outcome
    assert _placeless(waited.stderr) == _placeless(started.stderr)


async def test_limits_hold(engine: berm.Engine) -> None:
    small = berm.Limits(wall_time=30, memory=64 * MIB)
    hoard = "const a = []; for (;;) a.push(new Array(1000).fill(a.length))"
    await engine.run("1", "javascript", limits=small)
    result = await parked(engine, hoard, limits=small)
    assert result.outcome.kind is berm.OutcomeKind.MEMORY_LIMIT
    short = berm.Limits(wall_time=0.5)
    await engine.run("1", "javascript", limits=short)
    result = await parked(engine, "for (;;) ;", limits=short)
    assert result.outcome.kind in (berm.OutcomeKind.WALL_LIMIT, berm.OutcomeKind.CPU_LIMIT)
    assert result.usage.wall_time < 5


async def test_its_own_start_is_not_the_programs_time(engine: berm.Engine) -> None:
    await engine.parking.settled()
    await asyncio.sleep(1.0)
    waited = await parked(engine, "1")
    started = await cold(engine, "1")
    assert waited.usage.cpu_time < started.usage.cpu_time
    assert waited.usage.wall_time < 1.0
    assert waited.usage.memory > 20 * MIB


async def test_large_input_reaches_it_and_large_output_leaves_it(engine: berm.Engine) -> None:
    source = "process.stdin.pipe(process.stdout)"
    data = os.urandom(300_000).hex()
    result = await parked(engine, source, stdin=data)
    assert result.text == data


async def test_a_program_too_large_to_be_told_runs_all_the_same(engine: berm.Engine) -> None:
    hits = engine.parking.hits
    result = await engine.run(f"console.log(1) // {'x' * MESSAGE}", "javascript", limits=LIMITS)
    assert result.text == "1\n"
    assert engine.parking.hits == hits


async def test_no_program_can_change_what_others_start_with(engine: berm.Engine) -> None:
    """Attack: rewrite, replace or remove the prepared files. Outcome: every way is refused."""
    folder = Path(engine.shelf.path(engine.registry.get("javascript")))
    before = {path: (path.read_bytes(), path.stat().st_mode) for path in folder.iterdir()}
    source = f"""
const fs = require('fs'), own = '{folder}/parked.js';
const ways = [
  () => fs.appendFileSync(own, 'poison'), () => fs.writeFileSync('{folder}/new', ''),
  () => fs.unlinkSync(own), () => fs.renameSync(own, own + '.old'), () => fs.chmodSync(own, 0o777),
  () => fs.truncateSync(own), () => fs.symlinkSync('/work', '{folder}/link'), () => fs.rmdirSync('{folder}'),
  () => fs.closeSync(fs.openSync(own, 'r+')), () => fs.renameSync('main.js', own),
];
for (const way of ways) {{
  try {{ way(); console.log('done', way.toString()); }} catch (error) {{ }}
}}
console.log('tried');
"""
    assert (await parked(engine, source)).text == "tried\n"
    assert before == {path: (path.read_bytes(), path.stat().st_mode) for path in folder.iterdir()}


async def test_one_that_died_waiting_is_not_used(engine: berm.Engine) -> None:
    await engine.parking.settled()
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = status.read_bytes().split(b"\0")
        except OSError:
            continue
        prepared = engine.shelf.path(engine.registry.get("javascript")).encode()
        if any(item.startswith(prepared + b"/") for item in line if prepared):
            parent = status.parent.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1]
            if _ours(int(parent)):
                os.kill(int(status.parent.name), signal.SIGKILL)
    await asyncio.sleep(0.2)
    result = await engine.run("console.log(2)", "javascript", limits=LIMITS)
    assert result.text == "2\n"
    await engine.parking.settled()
    assert (await parked(engine, "console.log(3)")).text == "3\n"


def _ours(pid: int) -> bool:
    """True for a process that this one has among its ancestors."""
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return False


async def test_what_waits_is_bounded_by_memory_and_the_longest_unused_makes_room() -> None:
    config = berm.Config(parked_mib=100, runs_at_a_time=2)
    async with berm.Engine(config) as engine:
        await engine.furnish(["javascript"])
        assert engine.parking.waiting == 2
        assert engine.parking.bytes <= 100 * MIB
        for memory in (64, 65, 66):
            await engine.run(
                "1", "javascript", limits=berm.Limits(memory=memory * MIB, wall_time=30)
            )
            await engine.parking.settled()
            assert engine.parking.bytes <= 100 * MIB
    async with berm.Engine(berm.Config(parked_mib=0)) as engine:
        await engine.furnish(["javascript"])
        assert (await engine.run("console.log(1)", "javascript", limits=LIMITS)).text == "1\n"
        assert (engine.parking.waiting, engine.parking.hits) == (0, 0)

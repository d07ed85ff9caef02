"""Runs that somebody talks to: by pipes and on a terminal, with signals, sizes, and an end of input."""

from __future__ import annotations

import asyncio
import contextlib
import signal

import pytest

import berm

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

LIMITS = berm.Limits(wall_time=60)


@pytest.fixture(scope="module")
async def engine():
    async with berm.Engine() as engine:
        yield engine


class Run:
    """One run; :meth:`until` waits for a text in what it has printed so far."""

    def __init__(self, engine, source, language="python", terminal=None, limits=LIMITS):
        self.said = b""
        self.news = asyncio.Event()
        self.dialogue = berm.Dialogue(terminal)
        self.task = asyncio.ensure_future(self._run(engine, source, language, limits))

    async def _run(self, engine, source, language, limits):
        program = await engine.prepare(source, language)
        try:
            return await engine.execute(
                program, limits=limits, on_stdout=self._hear, dialogue=self.dialogue
            )
        finally:
            program.close()
            self.news.set()

    def _hear(self, data):
        self.said += data
        self.news.set()

    async def until(self, text, times=1):
        async with asyncio.timeout(60):
            while self.said.count(text) < times:
                assert not self.task.done(), (self.said, self.task.result())
                self.news.clear()
                await self.news.wait()

    async def insist(self, text, say, *args):
        """Say it until the answer comes: CPython hears of a signal that came just before it began to
        read only when something is read."""
        while text not in self.said:
            say(*args)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3):
                    await self.until(text)

    async def result(self):
        async with asyncio.timeout(60):
            return await self.task


async def test_an_answer_depends_on_what_was_said_before(engine):
    run = Run(engine, "while (line := input()) != 'bye': print(line[::-1], flush=True)")
    run.dialogue.write(b"abc\n")
    await run.until(b"cba\n")
    run.dialogue.write(b"def\nbye\n")
    result = await run.result()
    assert (result.stdout, result.outcome.exit_code) == (b"cba\nfed\n", 0)


async def test_the_end_of_input_is_seen(engine):
    run = Run(engine, "import sys; print('ready', flush=True); print(len(sys.stdin.read()))")
    await run.until(b"ready")
    run.dialogue.write(b"x" * 1000)
    run.dialogue.end_input()
    run.dialogue.write(b"dropped")
    assert (await run.result()).stdout == b"ready\n1000\n"


async def test_input_that_nobody_reads_is_bounded(engine):
    run = Run(engine, "import time; print('up', flush=True); time.sleep(60)")
    await run.until(b"up")
    with pytest.raises(berm.BusyError):
        for _ in range(100):
            run.dialogue.write(b"x" * 8192)
    waiting = asyncio.ensure_future(run.dialogue.room())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    run.dialogue.signal(signal.SIGKILL)
    assert (await run.result()).outcome.signal == signal.SIGKILL
    async with asyncio.timeout(10):
        await waiting
    run.dialogue.write(b"to nobody")


async def test_all_that_is_written_arrives(engine):
    run = Run(
        engine, "import sys, hashlib; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    )
    whole = b""
    for number in range(200):
        piece = bytes([number]) * 9_999
        await run.dialogue.room()
        run.dialogue.write(piece)
        whole += piece
    run.dialogue.end_input()
    import hashlib

    assert (await run.result()).text.strip() == hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize("terminal", [None, (80, 24)])
async def test_signals_reach_the_program(engine, terminal):
    code = """
import os, signal, time
def told(number, frame):  # not by print, which the next signal would enter again
    os.write(1, signal.Signals(number).name.encode() + bytes([10]))
for number in (signal.SIGUSR1, signal.SIGTERM):
    signal.signal(number, told)
try:
    print("ready", flush=True)
    while True:
        time.sleep(60)
except KeyboardInterrupt:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it may be sent more than once
    print("interrupted", flush=True)
while True:
    time.sleep(60)
"""
    run = Run(engine, code, terminal=terminal)
    await run.until(b"ready")
    for number, answer in (
        (signal.SIGUSR1, b"SIGUSR1"),
        (signal.SIGTERM, b"SIGTERM"),
        (signal.SIGINT, b"interrupted"),
    ):
        await run.insist(answer, run.dialogue.signal, number)
    run.dialogue.signal(signal.SIGQUIT)
    assert (await run.result()).outcome.signal == signal.SIGQUIT


async def test_signals_reach_the_whole_process_group(engine):
    code = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: None)
child = os.fork()
if not child:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
    print("child", flush=True)
    while True:
        time.sleep(0.01)  # pause() would miss a signal that comes just before it
print("parent", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
    run = Run(engine, code)
    await run.until(b"child")
    run.dialogue.signal(signal.SIGTERM)
    assert (await run.result()).stdout == b"child\nparent 7\n"


async def test_other_signals_are_refused(engine):
    run = Run(engine, "input()")
    for number in (0, -1, signal.SIGSTOP, signal.SIGTSTP, signal.SIGSEGV, 9999):
        with pytest.raises(berm.InputError, match="SIGINT"):
            run.dialogue.signal(number)
    run.dialogue.end_input()
    assert (await run.result()).outcome.exit_code == 1


async def test_a_terminal_is_one(engine):
    code = """
import os, signal, sys, termios
print([os.isatty(n) for n in (0, 1, 2)], os.get_terminal_size(), os.environ["TERM"])
def resized(*_): print("now", tuple(os.get_terminal_size()))
signal.signal(signal.SIGWINCH, resized)
name = input("name? ")
print("hello", name)
sys.stderr.write("an error\\n")
try:
    sys.stdin.readline()
    while True:
        input()
except EOFError:
    print("end")
"""
    run = Run(engine, code, terminal=(100, 30))
    await run.until(b"name? ")
    assert b"[True, True, True] os.terminal_size(columns=100, lines=30) xterm-256color" in run.said
    run.dialogue.write(b"Ada\n")
    await run.until(b"an error")
    assert b"name? Ada\r\nhello Ada\r\n" in run.said  # echoed by the terminal, as a person sees it
    await run.insist(b"now (120, 40)", run.dialogue.resize, 120, 40)
    run.dialogue.write(b"\n")
    run.dialogue.end_input()
    result = await run.result()
    assert result.outcome.exit_code == 0
    assert result.stdout.endswith(b"end\r\n")
    assert result.stderr == b""


async def test_keys_are_signals_unless_the_program_reads_them_raw(engine):
    code = """
import sys, termios, time
modes = termios.tcgetattr(0)
modes[3] |= termios.NOFLSH
termios.tcsetattr(0, termios.TCSANOW, modes)
try:
    print("ready")
    time.sleep(60)
except KeyboardInterrupt:
    print("Ctrl-C")
modes[3] &= ~(termios.ISIG | termios.ICANON | termios.ECHO)
termios.tcsetattr(0, termios.TCSANOW, modes)
print("raw")
said = ""
while not said.endswith(chr(28)):
    said += sys.stdin.read(1)
print(ascii(said))
"""
    run = Run(engine, code, terminal=(80, 24))
    await run.until(b"ready")
    run.dialogue.write(b"\x03")
    await run.until(b"raw")
    run.dialogue.write(b"\x03\x1c")
    result = await run.result()
    assert b"Ctrl-C" in result.stdout
    # The first key may be there too: the kernel looks at keys a moment after they were typed, and at what
    # the terminal is then. Without NOFLSH it may drop, as it then does, what was printed in that moment.
    assert b"\\x03\\x1c'" in result.stdout


async def test_a_signal_before_there_is_a_program_ends_it(engine):
    for _ in range(10):
        run = Run(engine, "import time; time.sleep(60)")
        run.dialogue.signal(signal.SIGINT)
        outcome = (await run.result()).outcome
        assert outcome.signal == signal.SIGINT, outcome


SHORT = berm.Limits(wall_time=5)


@pytest.mark.parametrize("plan", ["namespaces", "confined"])
async def test_no_signal_is_lost_while_a_program_begins(plan):
    """In one cell of fifty it was, at some moment of the first millisecond or two."""
    async with berm.Engine(berm.Config(plan=plan, pool_mib=0)) as engine:
        for number in range(200):
            # In short sleeps: CPython notices a signal just before one only when that is over.
            run = Run(engine, "import time\nwhile True: time.sleep(0.01)", limits=SHORT)
            while not run.dialogue._open:
                await asyncio.sleep(0)
            later = asyncio.get_running_loop().time() + number * 0.00001
            while asyncio.get_running_loop().time() < later:
                await asyncio.sleep(0)
            run.dialogue.signal(signal.SIGINT)
            outcome = (await run.result()).outcome
            assert outcome.signal == signal.SIGINT, (number, outcome)


async def test_limits_hold_and_cancelling_leaves_nothing(engine):
    run = Run(engine, "while True: pass", limits=berm.Limits(cpu_time=0.3, wall_time=60))
    assert (await run.result()).outcome.kind == "cpu_limit"
    run = Run(engine, "print('up', flush=True); input()", limits=berm.Limits(wall_time=0.5))
    assert (await run.result()).outcome.kind == "wall_limit"
    run = Run(engine, "print('up', flush=True); input()", terminal=(80, 24))
    await run.until(b"up")
    run.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run.task
    assert (await engine.run("print(1)")).text == "1\n"


async def test_waiting_people_do_not_keep_runs_from_their_turn(engine):
    waiting = [
        Run(engine, "print('up', flush=True); input()")
        for _ in range(engine.config.concurrency + 2)
    ]
    for run in waiting:
        await run.until(b"up")
    async with asyncio.timeout(30):
        assert (await engine.run("print(1)")).text == "1\n"
    for run in waiting:
        run.dialogue.end_input()
        await run.result()


@pytest.mark.requires_toolchain("javascript", "c", "java")
@pytest.mark.parametrize("language", ["javascript", "c", "java"])
async def test_other_languages_talk_too(engine, language):
    code = {
        "javascript": "const r = require('readline').createInterface({input: process.stdin,"
        " output: process.stdout}); r.question('name? ', n => { console.log('hello ' + n);"
        " r.close(); });",
        "c": '#include <stdio.h>\nint main(void) { char n[64]; printf("name? "); fflush(stdout);'
        ' fgets(n, 64, stdin); printf("hello %s", n); }',
        "java": 'class Main { public static void main(String[] a) { System.out.print("name? ");'
        ' System.out.println("hello " + new java.util.Scanner(System.in).nextLine()); } }',
    }[language]
    for terminal in (None, (80, 24)):
        limits = berm.Limits(wall_time=60, memory=512 << 20)
        run = Run(engine, code, language, terminal=terminal, limits=limits)
        await run.until(b"name? ")
        run.dialogue.write(b"Ada\n")
        await run.until(b"hello Ada")
        run.dialogue.end_input()  # Node waits for it where it reads a pipe, outside of a cell too
        result = await run.result()
        assert result.outcome.exit_code == 0, result


async def test_sizes_are_checked():
    for size in ((0, 24), (80, 100_000), (-1, -1)):
        with pytest.raises(berm.InputError, match="1 to 1000"):
            berm.Dialogue(size)

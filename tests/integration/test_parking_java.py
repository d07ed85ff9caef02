"""A JVM that waits: what its programs see, and javac's classes and messages, are those of `javac` and `java`."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
from collections.abc import AsyncIterator, Mapping

import pytest

import berm
from berm.model import MIB

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.requires_isolation,
    pytest.mark.requires_toolchain("java"),
    pytest.mark.timeout(600),  # the archives are made here, on a machine that has none yet
]

LIMITS = berm.Limits(wall_time=60, cpu_time=30)


@dataclasses.dataclass(frozen=True)
class Pair:
    """An engine whose JVMs wait, and one that starts each for its run."""

    waiting: berm.Engine
    cold: berm.Engine

    async def run(
        self,
        source: str,
        *,
        limits: berm.Limits = LIMITS,
        files: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> tuple[berm.RunResult, berm.RunResult]:
        """Return the results of a JVM that waited and of one that did not."""
        parking = self.waiting.parking
        program = await self.waiting.prepare(source, "java", files=files)
        if program.ok:
            # The first run makes the limits known, the next one finds a JVM that waits with them.
            # Another kind that was just used keeps its place for some seconds.
            for attempt in range(5):
                await asyncio.sleep(2.0 * (attempt > 1))
                await parking.settled()
                hits = parking.hits
                waited = await self.waiting.execute(program, stdin, ["a", "b c"], limits)
                if parking.hits > hits:
                    break
            else:
                pytest.fail(f"no JVM waited: {parking.last_failure}")
        else:
            waited = await self.waiting.execute(program, stdin, (), limits)
        program.close()
        args = ["a", "b c"]
        return waited, await self.cold.run(source, "java", stdin, args, files, limits)


@pytest.fixture(scope="module", params=["namespaces", "confined"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    try:
        async with (
            berm.Engine(berm.Config(plan=request.param)) as waiting,
            berm.Engine(berm.Config(plan=request.param, parked_mib=0)) as cold,
        ):
            waiting.enforcement("java")
            await waiting.furnish(["java"])
            assert waiting.shelf.path(waiting.registry.get("java"))
            yield Pair(waiting, cold)
    except berm.IsolationError as error:
        pytest.skip(f"the {request.param} plan does not work here: {error}")


def _placeless(text: bytes) -> str:
    return re.sub(r"/tmp/berm-[0-9a-f]+/[0-9a-f]+/", "/", text.decode())


PROGRAMS = {
    "stack": """
class Broken { static int x = 1 / 0; }
class Main {
    static { new Throwable("in the initializer").printStackTrace(); }
    static int deep(int n) { return n == 0 ? 0 : 1 + deep(n - 1); }
    public static void main(String... args) throws Exception {
        System.out.println(String.join("|", args) + System.getProperty("sun.java.command"));
        for (var frame : Thread.currentThread().getStackTrace()) System.out.println(frame);
        StackWalker.getInstance().forEach(System.out::println);
        System.out.println(Thread.currentThread() + " " + Thread.activeCount() + deep(9000));
        System.out.println(System.getProperty("java.class.path") + new java.io.File(".").getCanonicalPath());
        System.out.println(Main.class.getModule().isNamed() + " " + Main.class.getClassLoader().getName());
        System.out.println(java.util.Arrays.toString(new java.io.File(".").list().clone().length > 0
            ? new int[] {1} : new int[0]));
        try { System.out.println(Broken.x); }
        catch (Throwable error) { error.printStackTrace(); throw new RuntimeException("outer", error); }
    }
}""",
    "package": """package a.b.c;
public class Odd$Name { public static void main(String[] args) { System.out.println(Odd$Name.class + "" + args.length); } }
class Other { }""",
    "interface": """interface Main { static void main(String[] args) { System.out.println("interface"); } }""",
    "inherited": """class Base { public static void main(String[] a) { System.out.println("base"); } }
public class Main extends Base { }""",
    "no main": "public class Main { void main() { } }",
    "not static": "public class Main { public void main(String[] args) { } }",
    "exit": """public class Main { public static void main(String[] a) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
        System.exit(7); } }""",
    "threads": """public class Main { public static void main(String[] a) throws Exception {
        Thread late = new Thread(() -> { try { Thread.sleep(50); } catch (Exception e) { } System.out.println("late"); });
        late.start();
        Thread quiet = new Thread(() -> { while (true) { } }); quiet.setDaemon(true); quiet.start();
        throw new IllegalStateException("main ends first"); } }""",
    "handler": """public class Main { public static void main(String[] a) {
        Thread.setDefaultUncaughtExceptionHandler((t, e) -> System.out.println(t.getName() + e));
        throw new Error("caught"); } }""",
    "overflow": """public class Main { static int f(int n) { return f(n + 1) + 1; }
        public static void main(String[] a) {
            try { f(0); } catch (StackOverflowError e) { System.out.println("over"); }
            f(0); } }""",
    "stdin": """import java.util.*; public class Main { public static void main(String[] a) throws Exception {
        System.out.println(System.in.available());
        Scanner in = new Scanner(System.in); while (in.hasNextLine()) System.out.println(in.nextLine()); } }""",
    "initializer": "public class Main { static int x = 1 / 0; public static void main(String[] a) { } }",
    "halt": "public class Main { public static void main(String[] a) { Runtime.getRuntime().halt(9); } }",
}


@pytest.mark.parametrize(
    ("pair", "name"),
    # What the JVM alone decides is looked at in one plan.
    [*(("namespaces", name) for name in PROGRAMS), ("confined", "stack")],
    indirect=["pair"],
)
async def test_programs_cannot_tell(pair: Pair, name: str) -> None:
    waited, started = await pair.run(PROGRAMS[name], stdin="one\ntwo\n")
    assert _placeless(waited.stdout) == _placeless(started.stdout)
    if name == "overflow":  # how deep it is when it prints the trace is the JVM's secret
        assert waited.stderr[:200] == started.stderr[:200]
    else:
        assert _placeless(waited.stderr) == _placeless(started.stderr)
    assert waited.outcome == started.outcome


async def test_no_descriptor_and_no_thread_of_the_launcher_is_left(pair: Pair) -> None:
    source = """import java.util.*; public class Main { public static void main(String[] a) throws Exception {
        for (Thread one : new TreeMap<>(Map.of()).isEmpty() ? Thread.getAllStackTraces().keySet() : Set.<Thread>of())
            if (!one.isDaemon()) System.out.println(one.getName());
        String[] open = new java.io.File("/proc/self/fd").list();
        if (open != null) for (String fd : open) {
            try { String to = java.nio.file.Files.readSymbolicLink(java.nio.file.Path.of("/proc/self/fd", fd)).toString();
                  if (to.startsWith("socket:")) System.out.println("a socket"); } catch (Exception e) { } } } }"""
    waited, started = await pair.run(source)
    assert waited.text == started.text == "main\n"


async def test_limits_hold(pair: Pair) -> None:
    small = dataclasses.replace(LIMITS, memory=64 * MIB)
    hoard = """import java.util.*; public class Main { public static void main(String[] a) {
        List<int[]> all = new ArrayList<>(); while (true) all.add(new int[100_000]); } }"""
    waited, started = await pair.run(hoard, limits=small)
    assert waited.outcome.kind is started.outcome.kind is berm.OutcomeKind.MEMORY_LIMIT
    burn = "public class Main { public static void main(String[] a) { while (true) { } } }"
    waited, _ = await pair.run(burn, limits=dataclasses.replace(LIMITS, cpu_time=1.0))
    assert waited.outcome.kind is berm.OutcomeKind.CPU_LIMIT
    assert waited.usage.cpu_time < 5


async def test_the_waiting_compiler_is_javac(pair: Pair) -> None:
    files = {"Helper.java": "class Helper { static int two() { return 2; } record R(int x) { } }"}
    source = """import java.util.*; public class Main { enum E { A } public static void main(String[] a) {
        Runnable r = () -> System.out.println(Helper.two() + E.A.name()); r.run(); } }"""
    await pair.waiting.parking.settled()
    hits = pair.waiting.parking.hits
    one = await pair.waiting.prepare(source, "java", files=files)
    assert pair.waiting.parking.hits == hits + 1
    other = await pair.cold.prepare(source, "java", files=files)
    assert one.ok
    assert one.bundle.rows == other.bundle.rows
    assert os.pread(one.bundle.fd, one.bundle.size, 0) == os.pread(
        other.bundle.fd, other.bundle.size, 0
    )
    for program in (one, other):
        program.close()


WRONG = [
    "public class Main { int x = ; }",
    'public class Main { public static void main(String[] a) { int é = "text"; undefined(); } }',
    "public class Main { java.util.List l = new java.util.ArrayList(); { l.add(1); Thread.class.newInstance(); } }",
    "import no.such.Thing;\nclass Main extends Absent { }",
]


@pytest.mark.parametrize(
    ("pair", "source"), [("namespaces", source) for source in WRONG], indirect=["pair"]
)
async def test_messages_are_javacs(pair: Pair, source: str) -> None:
    await pair.waiting.parking.settled()
    hits = pair.waiting.parking.hits
    waited, started = await pair.run(source)
    assert pair.waiting.parking.hits > hits
    assert waited.compile is not None
    assert started.compile is not None
    assert waited.compile.stderr == started.compile.stderr
    assert waited.compile.stdout == started.compile.stdout == b""
    assert waited.compile.outcome == started.compile.outcome

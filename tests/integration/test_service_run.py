"""WS /v1/run against a real service: live input, a terminal, signals, bounds, and what is left."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json

import pytest
import websockets
from websockets.asyncio.client import connect

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def service(serve):
    return serve(BERM_SERVE_INTERACTIVE_RUNS="4", BERM_SERVE_WARM="python").ready()


class Talk:
    def __init__(self, socket):
        self.socket = socket
        self.output = {"stdout": "", "stderr": ""}
        self.messages = []

    async def say(self, **message):
        await self.socket.send(json.dumps(message))

    async def hear(self):
        message = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
        if message["type"] == "output":
            self.output[message["stream"]] += message.get("data", "")
        self.messages.append(message)
        return message

    async def until(self, kind):
        while (message := await self.hear())["type"] != kind:
            assert message["type"] not in ("ended", "error"), message
        return message

    async def until_output(self, text, stream="stdout"):
        while text not in self.output[stream]:
            message = await self.hear()
            assert message["type"] not in ("ended", "error"), (self.output, message)

    async def insist(self, text, **message):
        """Say it until the answer comes: CPython hears of a signal that came just before it began to
        read only when something is read."""
        while text not in self.output["stdout"]:
            await self.say(**message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3):
                    await self.until_output(text)


@contextlib.asynccontextmanager
async def talk(service, **options):
    url = service.url.replace("http", "ws") + "/v1/run"
    async with connect(url, open_timeout=30, **options) as socket:
        yield Talk(socket)


async def test_a_program_is_talked_to(service):
    code = "import sys\nprint('name?', flush=True)\nname = input()\nprint('hello', name)\nprint('!', file=sys.stderr)"
    async with talk(service, subprotocols=["berm.v1"]) as one:
        assert one.socket.subprotocol == "berm.v1"
        await one.say(type="start", language="py", code=code)
        started = await one.until("started")
        assert started["language"] == "python"
        await one.until_output("name?")
        await one.say(type="input", data="Ädä\n")
        ended = await one.until("ended")
        assert one.output == {"stdout": "name?\nhello Ädä\n", "stderr": "!\n"}
        assert (ended["outcome"], ended["exit_code"]) == ("exited", 0)
        assert ended["usage"]["wall_time"] > 0
        assert ended["security"]["enabled"] is True
        with pytest.raises(websockets.ConnectionClosedOK):
            await one.socket.recv()
    assert started["execution_id"] in service.logged()
    assert "Ädä" not in service.logged()
    assert "hello" not in service.logged()


async def test_a_terminal_with_resize_and_signals(service):
    code = """
import os, signal
print(os.isatty(0), *os.get_terminal_size())
signal.signal(signal.SIGWINCH, lambda *_: print("now", *os.get_terminal_size()))
signal.signal(signal.SIGTERM, lambda *_: print("told"))
try:
    while True: input("> ")
except KeyboardInterrupt:
    print("bye")
"""
    async with talk(service) as one:
        terminal = {"columns": 90, "rows": 25}
        await one.say(type="start", language="python", code=code, terminal=terminal)
        await one.until_output("True 90 25")
        await one.until_output("> ")
        await one.insist("now 100 30", type="resize", columns=100, rows=30)
        await one.insist("told", type="signal", signal="TERM")
        await one.insist("bye", type="input", data="\x03")
        ended = await one.until("ended")
        assert "bye" in one.output["stdout"]
        assert ended["exit_code"] == 0


async def test_bytes_go_both_ways(service):
    code = "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])"
    async with talk(service) as one:
        await one.say(type="start", language="python", code=code, encoding="base64")
        await one.until("started")
        await one.socket.send(bytes(range(128)))
        await one.say(type="input", base64=base64.b64encode(bytes(range(128, 256))).decode())
        await one.say(type="end")
        await one.until("ended")
        heard = b"".join(
            base64.b64decode(m["base64"]) for m in one.messages if m["type"] == "output"
        )
        assert heard == bytes(range(256))[::-1]


async def test_a_character_split_between_two_writes_is_whole(service):
    code = "import os, time\nfor b in 'ä€😀'.encode(): os.write(1, bytes([b])); time.sleep(0.05)"
    async with talk(service) as one:
        await one.say(type="start", language="python", code=code)
        await one.until("ended")
        assert one.output["stdout"] == "ä€😀"


@pytest.mark.requires_toolchain("c")
async def test_compile_errors_are_told(service):
    async with talk(service) as one:
        await one.say(type="start", language="c", code="int main(void) { retrn 0; }")
        compiled = await one.until("compiled")
        assert compiled["ok"] is False
        assert "retrn" in compiled["output"]
        ended = await one.until("ended")
        assert ended["outcome"] == "compile_error"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("", 400),
        ("nonsense", 400),
        ("[" * 100_000, 400),
        ('{"type": "input", "data": "x"}', 400),
        ('{"type": "start", "language": "python"}', 400),
        ('{"type": "start", "language": "python", "code": ""}', 400),
        ('{"type": "start", "language": "klingon", "code": "x"}', 400),
        ('{"type": "start", "language": "python", "code": "1", "timeout": 1e9}', 400),
        ('{"type": "start", "language": "python", "code": "1", "surprise": 1}', 400),
        ('{"type": "start", "language": "python", "code": "1", "args": ["\\u0000"]}', 400),
        ('{"type": "start", "language": "python", "code": "1", "terminal": {"rows": 0}}', 400),
        (json.dumps({"type": "start", "language": "python", "code": "#" * 60_000}), 413),
    ],
)
async def test_what_cannot_be_run_is_told(service, message, status):
    async with talk(service) as one:
        await one.socket.send(message)
        error = await one.until("error")
        assert (error["type"], error["status"]) == ("error", status), error
        assert error["problem"].startswith("urn:berm:problem:")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await one.socket.recv()
        assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize(
    "message",
    ["x", '{"type": "signal", "signal": "STOP"}', '{"type": "input"}', '{"type": "input", "base64": "%"}',
     '{"type": "resize", "columns": 0, "rows": 1}', '{"type": "start", "language": "c", "code": "x"}'],
)  # fmt: skip
async def test_a_wrong_message_ends_the_run(service, message, eventually):
    before = len(service.below())
    async with talk(service) as one:
        await one.say(type="start", language="python", code="print(1, flush=True)\ninput()")
        await one.until_output("1")
        await one.socket.send(message)
        error = await one.until("error")
        assert error["status"] == 400
    await asyncio.to_thread(eventually, lambda: len(service.below()) <= before + 2)


async def test_a_message_that_is_too_large_closes(service):
    async with talk(service) as one:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await one.say(type="start", language="python", code="x" * 300_000)
            await one.hear()
        assert closed.value.rcvd.code == 1009


async def test_a_client_that_goes_ends_its_program(service, eventually):
    async with talk(service) as one:
        await one.say(
            type="start",
            language="python",
            code="import time\nprint(1, flush=True)\ntime.sleep(50)",
        )
        await one.until_output("1")
        one.socket.transport.abort()
    with service.client() as client:

        def free():
            told = client.get("/metrics")
            return "berm_interactive_runs 0.0" in told.text if told.status_code == 200 else True

        await asyncio.to_thread(eventually, free)


async def test_no_more_conversations_than_are_set(service):
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(talk(service))
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with talk(service):
                pass
        response = refused.value.response
        assert response.status_code == 503
        assert response.headers["retry-after"]
        assert json.loads(response.body)["type"] == "urn:berm:problem:unavailable"


async def test_a_client_that_takes_no_output_is_bounded(service):
    code = "while True: print('x' * 1000)"
    async with talk(service, max_queue=1) as one:
        await one.say(type="start", language="python", code=code)
        await asyncio.sleep(2)
        ended = await one.until("ended")
        assert ended["outcome"] == "output_limit"
        assert len(one.output["stdout"]) <= 1 << 20
        assert ended["truncated"] is True


async def test_a_foreign_page_cannot_open_one(service):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with talk(service, origin="https://elsewhere.example"):
            pass
    assert refused.value.response.status_code == 403
    async with talk(service, origin=service.url) as one:
        await one.say(type="start", language="python", code="print(1)")
        await one.until("ended")


async def test_timeouts_hold(service):
    async with talk(service) as one:
        await one.say(type="start", language="python", code="input()", timeout=0.5)
        ended = await one.until("ended")
        assert ended["outcome"] == "wall_limit"
        assert "0.5" in ended["reason"]

"""One interactive run over one WebSocket: what both sides say, and how it ends."""

from __future__ import annotations

import asyncio
import base64
import binascii
import codecs
import signal
import time
from typing import Annotated, Any, Final, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from berm.cell.dialogue import Dialogue
from berm.errors import BermError, EscapeError, IsolationError
from berm.judge.verdict import why
from berm.model import KIB, Limits, RunResult
from berm.service.audit_log import note
from berm.service.principal import principal
from berm.service.problems import ApiError, as_api_error, execution_id
from berm.service.proof import condemn
from berm.service.security import describe
from berm.service.state import ServiceState

_log: Final = structlog.get_logger("berm.service.run")

MAX_MESSAGE: Final = 256 * KIB
"""Bytes of one message; the server ends conversations with larger ones."""

DEFAULT_SECONDS: Final = 60.0
_START_SECONDS: Final = 10.0
_COMPILER_SAYS: Final = 16 * KIB
_POLICY: Final = 1008
_INTERNAL: Final = 1011

_CLOSED = ConfigDict(strict=True, frozen=True, extra="forbid")


class Size(BaseModel):
    """A terminal's size in characters."""

    model_config = _CLOSED

    columns: int = Field(80, ge=1, le=1000)
    rows: int = Field(24, ge=1, le=1000)


class Start(BaseModel):
    """The first message: what to run, and how to talk to it."""

    model_config = _CLOSED

    type: Literal["start"]
    language: str = Field(max_length=100)
    code: str = Field(min_length=1)
    args: list[Annotated[str, Field(max_length=4096)]] = Field(default=[], max_length=100)
    terminal: Size | None = Field(
        None, description="A terminal of this size; absent: pipes, with stdout and stderr apart."
    )
    timeout: float = Field(
        DEFAULT_SECONDS, gt=0, allow_inf_nan=False, description="Seconds until the run is ended."
    )
    encoding: Literal["utf-8", "base64"] = Field(
        "utf-8", description="How output is written: as text, wrong bytes replaced, or exactly."
    )


class Input(BaseModel):
    """What the user types. A binary message is the same, without a shell around the bytes."""

    model_config = _CLOSED

    type: Literal["input"]
    data: str | None = None
    base64: str | None = None


class End(BaseModel):
    """The end of the input."""

    model_config = _CLOSED

    type: Literal["end"]


class Resize(Size):
    """Another size for the terminal."""

    type: Literal["resize"]


class Signal(BaseModel):
    """A signal for the program."""

    model_config = _CLOSED

    type: Literal["signal"]
    signal: Literal["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "KILL"]


_START: Final = TypeAdapter(Start)
_SAID: Final[TypeAdapter[Input | End | Resize | Signal]] = TypeAdapter(
    Annotated[Input | End | Resize | Signal, Field(discriminator="type")]
)


class Conversation:
    """Serves one accepted WebSocket."""

    def __init__(self, socket: WebSocket, state: ServiceState) -> None:
        self._socket = socket
        self._state = state
        self._news = asyncio.Event()
        self._waiting = {"stdout": bytearray(), "stderr": bytearray()}
        self._encoding = "utf-8"
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")("replace") for name in self._waiting
        }

    async def serve(self) -> None:
        """Hear the start, run, tell the end. Ends the run when the client goes."""
        try:
            start = await self._start()
            await self._run(start)
        except WebSocketDisconnect:
            return
        except BermError as error:
            if isinstance(error, EscapeError):
                condemn(self._state.readiness, error)
            await self._fail(error)

    async def _start(self) -> Start:
        try:
            async with asyncio.timeout(_START_SECONDS):
                message = await self._socket.receive()
        except TimeoutError:
            raise ApiError(408, f"No start came within {_START_SECONDS:g} s.") from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        try:
            start = _START.validate_json(message.get("text") or "")
        except ValidationError as error:
            raise _malformed(error, "Send {type: start, language, code} first.") from None
        settings = self._state.settings
        if len(start.code.encode("utf-8", "surrogatepass")) > settings.max_code:
            raise ApiError(413, f"code has more than {settings.max_code} bytes.")
        if start.timeout > settings.interactive_timeout:
            raise ApiError(
                400,
                f"timeout is {start.timeout:g}.",
                remedy=f"Give at most {settings.interactive_timeout:g} s.",
            )
        return start

    async def _run(self, start: Start) -> None:
        state = self._state
        if state.readiness.broken:
            raise IsolationError(state.readiness.broken)
        language = state.engine.registry.get(start.language)
        self._encoding = start.encoding
        size = start.terminal
        dialogue = Dialogue((size.columns, size.rows) if size is not None else None)
        limits = Limits(wall_time=max(start.timeout, 0.01))
        with state.engine.turns.share(principal(self._socket).subject):
            program = await state.engine.prepare(start.code, language.name, limits=limits)
        try:
            if program.compile is not None:
                await self._tell_compilation(program.compile, ok=program.ok)
            await self._send(
                {
                    "type": "started",
                    "execution_id": execution_id(self._socket.scope),
                    "language": language.name,
                    "timeout": start.timeout,
                }
            )
            began = time.perf_counter()
            running = asyncio.ensure_future(
                state.engine.execute(
                    program,
                    args=start.args,
                    limits=limits,
                    on_stdout=lambda data: self._heard("stdout", data),
                    on_stderr=lambda data: self._heard("stderr", data),
                    dialogue=dialogue,
                )
            )
            result = await self._talk(running, dialogue)
        finally:
            dialogue.close()
            program.close()
        _log.info(
            "talked",
            language=language.name,
            outcome=result.outcome.kind.value,
            seconds=round(time.perf_counter() - began, 3),
        )
        note(
            "interactive run",
            user=principal(self._socket).subject,
            language=language.name,
            code=start.code,
            outcome=result.outcome.kind.value,
            denials=sorted({denial.syscall for denial in result.denials or ()}),
        )
        await self._tell_end(result, limits)

    async def _talk(self, running: asyncio.Future[RunResult], dialogue: Dialogue) -> RunResult:
        """Carry both ways until the run is over; whatever ends this ends the run."""
        hearing = asyncio.ensure_future(self._hear(dialogue))
        telling = asyncio.ensure_future(self._tell(running))
        tasks = (running, hearing, telling)
        try:
            await asyncio.wait({hearing, telling}, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                hearing.result()  # it only ends by an error
            telling.result()
            return running.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, dialogue: Dialogue) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1006))
            await dialogue.room()
            if message.get("bytes") is not None:
                dialogue.write(message["bytes"])
                continue
            try:
                said = _SAID.validate_json(message.get("text") or "")
            except ValidationError as error:
                raise _malformed(error, "Send input, end, resize or signal.") from None
            match said:
                case Input():
                    dialogue.write(_typed(said))
                case End():
                    dialogue.end_input()
                case Resize():
                    dialogue.resize(said.columns, said.rows)
                case Signal():
                    dialogue.signal(signal.Signals[f"SIG{said.signal}"])

    def _heard(self, stream: str, data: bytes) -> None:
        # At most Limits.output of each stream ever comes here, so this is bounded.
        self._waiting[stream] += data
        self._news.set()

    async def _tell(self, running: asyncio.Future[RunResult]) -> None:
        """Send output as it comes, until the run is over and all of it is sent."""
        running.add_done_callback(lambda _: self._news.set())
        while True:
            await self._news.wait()
            self._news.clear()
            over = running.done()
            for stream, waiting in self._waiting.items():
                data = bytes(waiting)
                waiting.clear()
                if data:
                    await self._send(
                        {"type": "output", "stream": stream} | self._written(stream, data)
                    )
            if over:
                return

    def _written(self, stream: str, data: bytes) -> dict[str, str]:
        if self._encoding == "base64":
            return {"base64": base64.b64encode(data).decode("ascii")}
        return {"data": self._decoders[stream].decode(data)}

    async def _tell_compilation(self, result: RunResult, *, ok: bool) -> None:
        said = result.stderr[:_COMPILER_SAYS] or result.stdout[:_COMPILER_SAYS]
        await self._send({"type": "compiled", "ok": ok, "output": said.decode("utf-8", "replace")})

    async def _tell_end(self, result: RunResult, limits: Limits) -> None:
        outcome, usage = result.outcome, result.usage
        await self._send(
            {
                "type": "ended",
                "outcome": outcome.kind.value,
                "exit_code": outcome.exit_code,
                "signal": outcome.signal,
                "reason": why(result, limits),
                "usage": {
                    "wall_time": round(usage.wall_time, 6),
                    "cpu_time": round(usage.cpu_time, 6),
                    "memory": usage.memory,
                    "processes": usage.processes,
                },
                "truncated": result.truncated,
                "denials": [denial.text for denial in result.denials or ()],
                "security": describe([result.enforcement]).model_dump(mode="json"),
                "analysis": None if result.analysis is None else result.analysis.as_dict(),
            }
        )
        await self._socket.close(1000)

    async def _fail(self, error: BermError) -> None:
        answer = as_api_error(error)
        if self._socket.application_state is not WebSocketState.CONNECTED:
            return
        if answer.status == 500:
            _log.exception("conversation failed", exc_info=error)
        try:
            await self._send(
                {
                    "type": "error",
                    "problem": f"urn:berm:problem:{answer.kind}",
                    "status": answer.status,
                    "detail": str(answer),
                }
            )
            await self._socket.close(_POLICY if answer.status < 500 else _INTERNAL)
        except (WebSocketDisconnect, RuntimeError):
            return

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send_json(message)


def _typed(said: Input) -> bytes:
    if (said.data is None) == (said.base64 is None):
        raise ApiError(400, "input needs either data or base64.")
    if said.data is not None:
        return said.data.encode("utf-8", "replace")
    try:
        return base64.b64decode(said.base64 or "", validate=True)
    except (ValueError, binascii.Error):
        raise ApiError(400, "The input is not valid base64.") from None


def _malformed(error: ValidationError, remedy: str) -> ApiError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "The message"
    return ApiError(
        400, f"{place}: {first['msg']}.", remedy=f"{remedy} See docs/guides/interactive."
    )

"""``berm run``: one program, once, in a cell; it looks from outside as if it ran here."""

# ruff: noqa: PLC0415 - see berm.cli: what a command needs is imported when it runs
from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from berm.cli.exits import Exit, of_result
from berm.cli.sizes import parse_size
from berm.errors import InputError
from berm.model import Limits, OutcomeKind, RunResult

if TYPE_CHECKING:
    from berm.config import Config

_DEFAULTS: Final = Limits()
_BROKEN_PIPE: Final = 128 + signal.SIGPIPE


def run(
    file: Annotated[str, typer.Argument(help="The program's source file; - reads it from stdin.")],
    args: Annotated[
        list[str] | None, typer.Argument(help="Arguments of the program, after --.")
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language", "-l", help="Default: from the file's extension, or its #! line."
        ),
    ] = None,
    stdin: Annotated[
        str | None,
        typer.Option(help="File that the program reads; - passes ours on. Default: nothing."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything that is known about the run as JSON.")
    ] = False,
    cpu_time: Annotated[
        float, typer.Option(help="Seconds of CPU time of all its processes.")
    ] = _DEFAULTS.cpu_time,
    wall_time: Annotated[float, typer.Option(help="Seconds of real time.")] = _DEFAULTS.wall_time,
    memory: Annotated[str, typer.Option(help="Memory of all its processes.")] = "256M",
    processes: Annotated[
        int, typer.Option(help="Processes and threads at a time.")
    ] = _DEFAULTS.processes,
    open_files: Annotated[
        int, typer.Option(help="Open files of each process.")
    ] = _DEFAULTS.open_files,
    file_size: Annotated[str, typer.Option(help="Size of one file that it writes.")] = "10M",
    disk: Annotated[str, typer.Option(help="Size of all files that it writes.")] = "64M",
    output: Annotated[str, typer.Option(help="Bytes kept of each of stdout and stderr.")] = "1M",
    config: Annotated[
        Path | None, typer.Option(help="Configuration file. Default: $BERM_CONFIG, if set.")
    ] = None,
) -> int:
    """Run one program in a cell.

    The exit code is the program's own; 128 + n if signal n ended it; 124 out of time; 137 out of memory;
    153 too large files; 125 too much output; 126 refused; 65 if it does not compile. Berm's own:
    2 wrong use, 66 unreadable file, 70 failure, 75 busy, 78 wrong setting or no isolation.
    """
    from berm.config import Config

    limits = Limits(
        cpu_time=cpu_time,
        wall_time=wall_time,
        memory=parse_size(memory),
        processes=processes,
        open_files=open_files,
        file_size=parse_size(file_size),
        disk=parse_size(disk),
        output=parse_size(output),
    )
    if file == "-" and stdin == "-":
        raise InputError(
            "The program and its input cannot both come from stdin.",
            remedy="Put one of them into a file.",
        )
    if file == "-" and language is None:
        raise InputError(
            "A program from stdin has no file name to tell its language.",
            remedy="Name it with --language.",
        )
    try:
        source = _read(file)
        given = _read(stdin) if stdin is not None else b""
    except OSError as error:
        sys.stderr.write(f"berm: {error.filename or file}: {error.strerror}\n")
        return Exit.NO_INPUT

    job = _Job(source, file, language, given, tuple(args or ()), limits)
    streams = _Streams(enabled=not as_json)
    result = asyncio.run(_run(job, Config.load(config, os.environ), streams))
    if isinstance(result, int):
        return result
    if stdin is None and file != "-" and _is_waiting(0):
        sys.stderr.write("berm: What came on stdin was not passed on; --stdin - does that.\n")
    if as_json:
        sys.stdout.write(json.dumps(as_dict(result), indent=2) + "\n")
    else:
        streams.finish(result)
        _tell(result, limits)
    return of_result(result)


@dataclasses.dataclass(frozen=True, slots=True)
class _Job:
    source: bytes
    file: str
    language: str | None
    stdin: bytes
    args: tuple[str, ...]
    limits: Limits


async def _run(job: _Job, config: Config, streams: _Streams) -> RunResult | int:
    """Return the result, or the exit code if something outside ended the run."""
    from berm.engine import Engine

    async with Engine(config) as engine:
        language = job.language or engine.registry.of_file(job.file, job.source).name
        work = asyncio.ensure_future(
            engine.run(
                job.source,
                language,
                stdin=job.stdin,
                args=job.args,
                limits=job.limits,
                on_stdout=streams.stdout,
                on_stderr=streams.stderr,
            )
        )
        streams.on_broken = work.cancel
        with _ended_by(signal.SIGTERM, work.cancel):
            try:
                return await work
            except asyncio.CancelledError:
                if streams.broken:
                    return _BROKEN_PIPE
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise  # Ctrl-C: asyncio.run turns it into KeyboardInterrupt
                return 128 + signal.SIGTERM


class _Streams:
    """Our stdout and stderr, as the program's: bytes go out as they come in."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._written = {1: 0, 2: 0}
        self.broken = False
        self.on_broken: object = None

    def stdout(self, data: bytes) -> None:
        """Take some of the program's standard output."""
        self._write(1, data)

    def stderr(self, data: bytes) -> None:
        """Take some of the program's standard error."""
        self._write(2, data)

    def finish(self, result: RunResult) -> None:
        """Write what did not come as a stream: all of a compiler's messages, for example."""
        if result.outcome.kind is OutcomeKind.COMPILE_ERROR and result.compile is not None:
            self._write(2, result.compile.stdout + result.compile.stderr)
            return
        self._write(1, result.stdout[self._written[1] :])
        self._write(2, result.stderr[self._written[2] :])

    def _write(self, fd: int, data: bytes) -> None:
        if not self._enabled or self.broken:
            return
        self._written[fd] += len(data)
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(fd, view) :]
            except BlockingIOError:  # somebody we share the terminal with made it non-blocking
                select.select([], [fd], [])
            except BrokenPipeError:
                self.broken = True
                if callable(self.on_broken):
                    self.on_broken()
                return


@contextlib.contextmanager
def _ended_by(number: signal.Signals, action: object) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    assert callable(action)  # noqa: S101
    loop.add_signal_handler(number, action)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


def _read(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def _is_waiting(fd: int) -> bool:
    """Tell whether somebody wrote what nobody has read: a pipe or a file, not a keyboard."""
    if os.isatty(fd):
        return False
    try:
        (unread,) = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))
    except OSError:  # closed, or nothing that has such a number
        return False
    return bool(unread)


def _tell(result: RunResult, limits: Limits) -> None:
    """Say on stderr what the exit code alone does not."""
    from berm.judge.verdict import compile_reason, why

    if result.outcome.kind is OutcomeKind.COMPILE_ERROR:
        if result.compile is not None and not result.compile.stderr:
            sys.stderr.write(f"berm: {compile_reason(result.compile)}\n")
    elif result.outcome.kind is not OutcomeKind.EXITED:
        sys.stderr.write(f"berm: {why(result, limits)}\n")
    if result.truncated:
        sys.stderr.write(
            f"berm: Output was cut: {result.stdout_size} bytes on stdout and {result.stderr_size}"
            f" on stderr; --output keeps {limits.output} of each.\n"
        )


def as_dict(result: RunResult) -> dict[str, object]:
    """Return a result as plain JSON-ready data.

    ``stdout`` and ``stderr`` are text with wrong bytes replaced; where bytes were wrong,
    ``stdout_base64`` or ``stderr_base64`` has them as they were.
    """
    outcome = result.outcome
    data: dict[str, object] = {
        "outcome": {
            "kind": outcome.kind.value,
            "exit_code": outcome.exit_code,
            "signal": outcome.signal,
        },
        "usage": dataclasses.asdict(result.usage),
        "truncated": result.truncated,
        "stdout_size": result.stdout_size,
        "stderr_size": result.stderr_size,
        **_text("stdout", result.stdout),
        **_text("stderr", result.stderr),
        "enforcement": result.enforcement.as_dict(),
        "compile": as_dict(result.compile) if result.compile is not None else None,
        "analysis": result.analysis.as_dict() if result.analysis is not None else None,
    }
    return data


def _text(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {
            name: data.decode("utf-8", "replace"),
            f"{name}_base64": base64.b64encode(data).decode("ascii"),
        }

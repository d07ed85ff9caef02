"""``berm.run``: the engine for programs that are not asynchronous themselves.

One engine serves all calls of the process, on an event loop in a thread of its own; it starts
with the first call and ends with the process.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine, Mapping, Sequence
from typing import TypeVar

from berm.engine import Engine
from berm.model import Limits, RunResult
from berm.program import Content

_T = TypeVar("_T")
_lock = threading.Lock()
_background: _Background | None = None


class _Background:
    """An event loop in a daemon thread, with an entered engine."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="berm", daemon=True)
        self._thread.start()
        try:
            self.engine = self._call(self._open())
        except BaseException:
            self._loop.call_soon_threadsafe(self._loop.stop)
            raise

    async def _open(self) -> Engine:
        return await Engine().__aenter__()

    def _call(self, coroutine: Coroutine[object, object, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def run(self, coroutine: Coroutine[object, object, _T]) -> _T:
        """Run a coroutine on the engine's loop; an interrupt cancels it."""
        return self._call(coroutine)

    def close(self) -> None:
        """End every cell, then the loop."""
        if os.getpid() != self.pid:
            return
        self._call(self.engine.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)


def run(
    source: Content,
    language: str = "python",
    stdin: Content = "",
    args: Sequence[str] = (),
    files: Mapping[str, Content] | None = None,
    limits: Limits | None = None,
) -> RunResult:
    """Run one program once and wait for it; see :meth:`berm.Engine.run` for the arguments.

    Raises:
        LimitError, InputError, LanguageError: the call is wrong; the message says how.
        IsolationError: this machine cannot hold a required guarantee.
    """
    running = background()
    return running.run(running.engine.run(source, language, stdin, args, files, limits))


def background() -> _Background:
    """Return the process's own engine, starting it where needed."""
    global _background  # noqa: PLW0603 - one engine a process, by design
    with _lock:
        if _background is None or _background.pid != os.getpid():
            _background = _Background()
            atexit.register(_background.close)
        return _background

"""How one thing is tried: in a forked child, with a time bound, its answer in one JSON object."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from berm.kernel import _libc as libc
else:  # the probe knows no package: it runs without site-packages
    _spec = importlib.util.spec_from_file_location(
        "_libc", Path(__file__).resolve().parent.parent / "_libc.py"
    )
    libc = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(libc)

__all__ = ["Trial", "expect", "in_child", "libc", "run"]

TRIAL_SECONDS: Final = 10.0  # a loaded or emulated machine is slow; a hanging trial is not expected
_ETIME: Final = 62


class Trial:
    """The steps of one trial; the step that was begun last is the one that failed."""

    def __init__(self, name: str) -> None:
        self.step = name
        self.found: dict[str, Any] = {}

    def begin(self, step: str) -> None:
        self.step = step

    @contextlib.contextmanager
    def part(self, name: str, step: str) -> Iterator[None]:
        """Record one thing of several that one child tries; the next ones go on."""
        self.step = step
        try:
            yield
        except OSError as err:
            self.found[name] = {"errno": err.errno, "step": step}
        else:
            self.found.setdefault(name, {"ok": True})


def run(name: str, function: Callable[[Trial], Any]) -> dict[str, Any]:
    """Run a trial in a child; return what it found."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        trial = Trial(name)
        try:
            libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
            value = function(trial)
            trial.found.setdefault(name, {"ok": True if value is None else value})
        except OSError as err:
            trial.found[name] = {"errno": err.errno, "step": trial.step}
        except BaseException as err:
            trial.found[name] = {"errno": 0, "step": f"{trial.step}: {err!r}"}
        os.write(writer, json.dumps(trial.found).encode())
        os._exit(0)
    os.close(writer)
    text, deadline = b"", time.monotonic() + TRIAL_SECONDS
    while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = os.read(reader, 65536)
        if not piece:
            break
        text += piece
    os.close(reader)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        how = f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "no answer"
        return {name: {"errno": _ETIME, "step": how}}
    return found


def expect(condition: object, step: str) -> None:
    """Fail a trial whose step was accepted by the kernel but has no effect."""
    if not condition:
        raise RuntimeError(f"{step} had no effect")


def in_child(function: Callable[[], int]) -> int:
    """Run a function in a child of the trial; return its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 255
        with contextlib.suppress(BaseException):
            libc.prctl(libc.PR_SET_PDEATHSIG, signal.SIGKILL)
            code = function()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

"""The analyser: what the engine, the command line and the service ask. Parses in a limited child."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import importlib.util
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from berm.analysis.frames import BrokenFrameError, receive, send
from berm.analysis.grammar import GRAMMARS
from berm.analysis.policy import Policy
from berm.errors import BermError, InputError
from berm.model import KIB, Analysis, Finding

MAX_SOURCE: Final = 50 * KIB
_MOST_SOURCE: Final = 2 * 1024 * KIB
_START_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 20.0
_CACHED: Final = 2048
_ALIASES: Final[Mapping[str, str]] = {
    "c#": "csharp",
    "c++": "cpp",
    "cs": "csharp",
    "js": "javascript",
    "kt": "kotlin",
    "node": "javascript",
    "py": "python",
    "python3": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "ts": "typescript",
}
SUFFIXES: Final[Mapping[str, str]] = {
    ".bash": "bash",
    ".c": "c",
    ".cc": "cpp",
    ".cjs": "javascript",
    ".cpp": "cpp",
    ".cs": "csharp",
    ".cxx": "cpp",
    ".go": "go",
    ".h": "cpp",
    ".hpp": "cpp",
    ".java": "java",
    ".js": "javascript",
    ".kt": "kotlin",
    ".mjs": "javascript",
    ".php": "php",
    ".py": "python",
    ".rb": "ruby",
    ".rs": "rust",
    ".sh": "bash",
    ".ts": "typescript",
}


class AnalyserError(BermError):
    """The analyser's child cannot be started, or broke: our fault, never the program's."""


class UnavailableError(BermError):
    """The parsers for a language are not installed."""


def language_name(name: str) -> str | None:
    """Return the analyser's name for a language, None for one that it cannot read."""
    plain = name.lower()
    plain = _ALIASES.get(plain, plain)
    return plain if plain in GRAMMARS else None


class Analyser:
    """Analyses programs; safe to use from many threads. Children start with the first program.

    Args:
        children: how many programs are analysed at a time.
        max_source: bytes that a program may have; a larger one is ``too-complex``.
    """

    def __init__(self, children: int = 2, *, max_source: int = MAX_SOURCE) -> None:
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()
        for _ in range(max(1, children)):
            self._idle.put(_Child())
        self._size = max(1, children)
        self._max_source = min(max_source, _MOST_SOURCE)
        self._known: collections.OrderedDict[bytes, tuple[Finding, ...]] = collections.OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def analyse(self, source: bytes, language: str, policy: Policy | None = None) -> Analysis:
        """Return what a policy says about a program.

        A language that the analyser cannot read gives an analysis without findings that is not
        ``complete``.

        Raises:
            UnavailableError: the parser for this language is not installed.
            AnalyserError: the child broke.
        """
        policy = policy or Policy()
        name = language_name(language)
        if policy.off:
            return Analysis(policy.pack, language=language)
        if name is None:
            return Analysis(policy.pack, language=language, complete=False)
        if len(source) > self._max_source:
            text = f"it has {len(source)} bytes, and {self._max_source} are read"
            return policy.decide([_too_complex(text)], name)
        key = hashlib.blake2b(source, digest_size=24, person=name.encode()[:16]).digest()
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
        if known is not None:
            return policy.decide(known, name)
        require(name)
        child = self._idle.get()
        try:
            if self._closed:
                raise AnalyserError("The analyser is closed.")
            found, seconds = child.examine(source, name)
        finally:
            self._idle.put(child)
        with self._lock:
            self._known[key] = found
            while len(self._known) > _CACHED:
                self._known.popitem(last=False)
        return policy.decide(found, name, seconds)

    def start(self) -> None:
        """Start the children now, so that the first program does not wait for them."""
        taken = [self._idle.get() for _ in range(self._size)]
        try:
            for child in taken:
                child.start()
        finally:
            for child in taken:
                self._idle.put(child)

    def close(self) -> None:
        """End the children, once they are done; safe to call twice."""
        self._closed = True
        taken = [self._idle.get() for _ in range(self._size)]
        for child in taken:
            child.end()
            self._idle.put(child)


def reads(name: str, language: str) -> bool:
    """Tell whether a file is code in a language, by its name."""
    return SUFFIXES.get(Path(name).suffix.lower()) == language_name(language)


def together(seen: Mapping[str, Analysis]) -> Analysis:
    """Return the analysis of a program of several files; each finding says which one it is in."""
    first = next(iter(seen.values()))
    if len(seen) == 1:
        return first
    return dataclasses.replace(
        first,
        findings=tuple(
            dataclasses.replace(finding, message=f"{name}: {finding.message}")
            for name, analysis in seen.items()
            for finding in analysis.findings
        ),
        complete=all(analysis.complete for analysis in seen.values()),
        seconds=sum(analysis.seconds for analysis in seen.values()),
    )


def require(language: str) -> None:
    """Raise :class:`UnavailableError` where a language's parser is not installed."""
    if language == "python":
        return
    for module in ("tree_sitter", GRAMMARS[language][0]):
        if importlib.util.find_spec(module) is None:
            raise UnavailableError(
                f"Programs in {language} cannot be analysed: the package"
                f" {module.replace('_', '-')} is not installed.",
                remedy="Install berm[analysis], or set the policy pack to off.",
            )


def _too_complex(why: str) -> Finding:
    return Finding(
        rule="any.too-complex",
        severity="high",
        category="analysis",
        line=1,
        column=1,
        subject="too-complex",
        message=f"The program is too complex to be analysed within the limits: {why}.",
    )


class _Child:
    """One child process, started when it is needed and again when it is gone."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._number = 0
        self._owner = 0

    def start(self) -> None:
        """Start the process and wait until it is warm."""
        if self._process is not None and self._owner == os.getpid():
            return
        ours, theirs = socket.socketpair()
        fd = theirs.fileno()
        places = [path for path in sys.path if path and Path(path).is_absolute()]
        code = f"import sys; sys.path[:] = {places!r}; from berm.analysis.child import main; main({fd})"
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(fd,),
                env={},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise AnalyserError(
                f"The analyser's child cannot be started: {error.strerror}."
            ) from error
        finally:
            theirs.close()
        self._socket = ours
        self._owner = os.getpid()
        try:
            self._receive(_START_SECONDS)
        except (BrokenFrameError, TimeoutError, OSError) as error:
            said = self.end()
            raise AnalyserError(
                "The analyser's child did not start.",
                meaning=said.decode("utf-8", "replace").strip().rpartition("\n")[2],
                remedy="`berm doctor` tells what this machine lacks.",
            ) from error

    def end(self) -> bytes:
        """End the process; return what it said on its standard error."""
        said = b""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return said
        try:
            said = process.communicate(timeout=2.0)[1] or b""
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            said = process.communicate()[1] or b""
        return said[-4096:]

    def examine(self, source: bytes, language: str) -> tuple[tuple[Finding, ...], float]:
        """Return what is found in a program, and the CPU seconds that it took."""
        for last in (False, True):
            self.start()
            assert self._socket is not None  # noqa: S101 - start gave it
            self._number += 1
            try:
                send(self._socket.fileno(), {"number": self._number, "language": language}, source)
                answer = self._receive(_ANSWER_SECONDS)
                while answer.get("number", self._number) < self._number:
                    # Of a leaf that took over from one that had died before it read.
                    answer = self._receive(_ANSWER_SECONDS)
            except TimeoutError:
                self.end()
                return (_too_complex("the analyser had no answer in time"),), 0.0
            except (BrokenFrameError, OSError) as error:
                self.end()
                if last:
                    raise AnalyserError(
                        "The analyser's child broke.", meaning=str(error)
                    ) from error
                continue
            if "died" in answer:
                # Once more: it may have been an earlier program that the leaf died of.
                if last or answer["died"] == -signal.SIGPROF:
                    why = _DEATHS.get(answer["died"], "its parser broke")
                    return (_too_complex(why),), 0.0
                continue
            if answer.get("number") == self._number:
                return _checked(answer)
            self.end()
        raise AnalyserError("The analyser's child answered something else than it was asked.")

    def _receive(self, seconds: float) -> dict[str, Any]:
        assert self._socket is not None  # noqa: S101 - start gave it
        deadline = time.monotonic() + seconds
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
        answer, _ = receive(self._socket.fileno())
        if not isinstance(answer, dict):
            raise BrokenFrameError("no object")
        return answer


_DEATHS: Final = {
    -signal.SIGPROF: "it takes more than 100 ms",
    -signal.SIGSEGV: "it is nested too deeply for its parser",
    -signal.SIGABRT: "it takes more than 64 MiB",
}


def _checked(answer: Mapping[str, Any]) -> tuple[tuple[Finding, ...], float]:
    """Return an answer's findings. The child read a stranger's text, so its words are checked."""
    texts, numbers = (0, 1, 2, 5, 6, 7), (3, 4)
    made: list[Finding] = []
    try:
        for row in answer["findings"][:1000]:
            if not all(isinstance(row[i], str) for i in texts):
                raise TypeError
            if not all(type(row[i]) is int for i in numbers):
                raise TypeError
            made.append(Finding(*(row[i][:2000] if i in texts else row[i] for i in range(8))))
        return tuple(made), float(answer["seconds"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise AnalyserError("The analyser's child answered nonsense.") from error


def read_limited(path: Path) -> bytes:
    """Return a file's content, refused where no program can be that large."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_SOURCE + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > _MOST_SOURCE:
        raise InputError(f"{path} is larger than {_MOST_SOURCE} bytes.")
    return data

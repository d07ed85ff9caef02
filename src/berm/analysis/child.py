"""The limited child that parses: no files, no network, no processes; 100 ms and 64 MiB a program.

A program is hostile text, and parsers are large. So they run in a process that can do nothing but read
from and write to one socket. The process that was started (the stem) loads the parsers and forks; what it forks
(a leaf) is limited and analyses. A leaf that goes over a limit dies by the kernel's hand; the stem, which reads
nothing that a stranger wrote, says so and forks another one, in about a millisecond.
"""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
import functools
import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from berm.analysis import grammar
from berm.analysis.examine import examine
from berm.analysis.frames import BrokenFrameError, receive, send
from berm.analysis.rules import rules_for
from berm.kernel import _libc, syscalls
from berm.kernel.bpf import ALLOW, Action, Compare, Filter, Op, Rule, assemble

CPU_SECONDS: Final = 0.1
MEMORY: Final = 64 * 1024 * 1024
MANY: Final = 64
"""Programs that one leaf analyses before the next one takes over."""
_CALLS: Final = (
    "read",
    "write",
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "futex",
    "rt_sigreturn",
    "rt_sigprocmask",
    "sigaltstack",
    "setitimer",
    "timer_settime",
    "clock_gettime",
    "getpid",
    "gettid",
    "restart_syscall",
    "exit",
    "exit_group",
)
_PROT_EXEC: Final = 4
_WARM: Final = {
    "python": b"import os as o\ngetattr(o, 'sys' + 'tem')(f'{1}'.encode().decode('utf-7'))\nx = [i for i in 'ab']\n",
}
_OFTEN: Final = ("cpp", "java", "javascript", "python")
_ENCODINGS: Final = [
    "ascii",
    "latin-1",
    "cp1252",
    "cp437",
    "cp500",
    "cp037",
    "utf-7",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
    "utf-8-sig",
    "rot13",
    "hex",
    "base64",
    "bz2",
    "zlib",
    "quopri",
    "uu",
    "idna",
    "punycode",
    "unicode_escape",
    "raw_unicode_escape",
    "shift_jis",
    "euc-jp",
    "gbk",
    "gb2312",
    "big5",
    "koi8-r",
    "iso8859-15",
    "mac-roman",
    "cp1251",
    "cp932",
    "euc-kr",
]


def main(fd: int) -> None:
    """Be the stem until the other end of ``fd`` closes."""
    _warm_up()
    send(fd, {"ready": True})
    while True:
        leaf = os.fork()
        if leaf == 0:
            code = 1
            with contextlib.suppress(BaseException):
                limit = _limit()
                _confine()
                code = _serve(fd, limit)
            os._exit(code)
        _, status = os.waitpid(leaf, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return
        if not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == MANY):
            send(fd, {"died": os.waitstatus_to_exitcode(status)})


def _warm_up() -> None:
    """Load all that a leaf, which can open no file, will need."""
    for name in _ENCODINGS:
        codecs.lookup(name)
    for name in grammar.GRAMMARS:
        if grammar.grammar(name) is not None:
            examine(_WARM.get(name, b"x"), name)
        for rule in rules_for(name).rules:
            # What has run a few times runs quicker, in every leaf that is forked from here.
            if name in _OFTEN and "*" not in rule.languages:
                examine(rule.hit_for(name).encode(), name)
    sys.setrecursionlimit(12_000)
    gc.set_threshold(20_000, 20, 20)  # a program makes many nodes that all live until its end
    gc.collect()
    gc.freeze()


def _limit() -> Callable[[float], object]:
    """Return what limits the CPU time from now on; 0 lifts it."""
    try:
        timer = _libc.cpu_timer(signal.SIGPROF)
    except OSError:  # a kernel of its own kind, such as gVisor's
        return functools.partial(signal.setitimer, signal.ITIMER_PROF)
    return functools.partial(_libc.set_timer, timer)


def _confine() -> None:
    """Give up everything; in this order, because each step needs what the next ones take away."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    ceiling = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _libc.prctl(_libc.PR_SET_PDEATHSIG, signal.SIGKILL)
    _libc.prctl(_libc.PR_SET_DUMPABLE, 0)
    _libc.prctl(_libc.PR_SET_NO_NEW_PRIVS, 1)
    _libc.seccomp_filter(filter_program())


def filter_program() -> bytes:
    """Return the filter: what a parser needs; memory is never executable; all else is refused."""
    rules = [Rule(syscalls.number_of(name), ALLOW) for name in _CALLS]
    no_code = Compare(2, Op.MASKED_EQ, 0, mask=_PROT_EXEC)
    rules += [Rule(syscalls.number_of(name), ALLOW, (no_code,)) for name in ("mmap", "mprotect")]
    return assemble(Filter(Action.errno(1), tuple(rules)))


def _serve(fd: int, limit: Callable[[float], object]) -> int:
    """Analyse until the other end closes (0) or it is the next leaf's turn (MANY)."""
    for _ in range(MANY):
        try:
            request, source = receive(fd)
        except BrokenFrameError:
            return 0
        limit(CPU_SECONDS)
        started = time.thread_time()
        found = examine(source, request["language"])
        seconds = time.thread_time() - started
        limit(0)
        send(
            fd,
            {
                "number": request["number"],
                "seconds": seconds,
                "findings": [dataclasses.astuple(each) for each in found],
            },
        )
    return MANY


if __name__ == "__main__":
    main(int(sys.argv[1]))

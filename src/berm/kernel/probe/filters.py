"""Trials of syscall filters and of Landlock."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from berm.kernel.probe.trial import Trial, expect, libc
else:
    from trial import Trial, expect, libc

_GETPPID: Final = 110
_ANSWER_ERRNO: Final = 77  # EBADFD: nothing answers so by itself


def _getppid_filter(verdict: int) -> bytes:
    return b"".join(
        struct.pack("<HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, 0),  # LD nr
            (0x15, 0, 1, _GETPPID),
            (0x06, 0, 0, verdict),
            (0x06, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
        )
    )


def seccomp_filter(trial: Trial) -> None:
    """A filter can be installed and decides."""
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    trial.begin("seccomp(SET_MODE_FILTER)")
    libc.seccomp_filter(_getppid_filter(0x00050000 | _ANSWER_ERRNO))
    try:
        libc.syscall(_GETPPID)
    except OSError as err:
        expect(err.errno == _ANSWER_ERRNO, "the filter")
    else:
        expect(condition=False, step="the filter")


def seccomp_notify(trial: Trial) -> None:
    """A listener is told of a call and answers it."""
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    trial.begin("seccomp(NEW_LISTENER)")
    listener = libc.seccomp_filter(_getppid_filter(0x7FC00000), 8)

    def ask() -> int:
        try:
            libc.syscall(_GETPPID)
        except OSError as err:
            return err.errno or 0
        return 0

    trial.begin("waiting for a notification")
    pid = os.fork()
    if pid == 0:
        os._exit(ask())
    try:
        ready = select.select([listener], [], [], 1.0)[0]
        expect(ready, "the listener")
        request = bytearray(80)  # struct seccomp_notif
        fcntl.ioctl(listener, 0xC0502100, request)  # SECCOMP_IOCTL_NOTIF_RECV
        answer = bytearray(request[:8]) + struct.pack("<qiI", 0, -_ANSWER_ERRNO, 0)
        trial.begin("answering a notification")
        fcntl.ioctl(listener, 0xC0182101, answer)  # SECCOMP_IOCTL_NOTIF_SEND
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        expect(code == _ANSWER_ERRNO, "the answer to a notification")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise


def landlock_abi(trial: Trial) -> int:
    """The ABI, after each of its parts was seen to refuse something."""
    trial.begin("landlock_create_ruleset(VERSION)")
    abi = libc.landlock_abi()
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    trial.begin("landlock_restrict_self")
    net, scope = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    parent = os.getppid()
    everything_of_abi_1 = (1 << 13) - 1
    libc.landlock_restrict_self(struct.pack("<QQQ", everything_of_abi_1, net, scope)[:size])
    trial.begin("opening a directory under Landlock")
    expect(_refused(lambda: os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))), "Landlock fs")
    if abi >= 6:
        trial.begin("signalling out of Landlock's scope")
        expect(_refused(lambda: os.kill(parent, 0)), "Landlock's signal scope")
    return abi


def _refused(function: Callable[[], object]) -> bool:
    try:
        function()
    except PermissionError:
        return True
    return False

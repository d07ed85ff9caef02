"""The host's only ctypes file: the syscalls that Python's standard library does not offer.

It imports nothing of Berm, because the probe (``probe/__main__.py``) loads it in a fresh interpreter
without site-packages. Every function raises OSError with the kernel's errno. Numbers are those of x86-64
(asm/unistd_64.h).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SYSCALL: Final = _LIBC.syscall
_SYSCALL.restype = ctypes.c_long

SYS_PIVOT_ROOT: Final = 155
SYS_CAPGET: Final = 125
SYS_CAPSET: Final = 126
SYS_MOUNT: Final = 165
SYS_UMOUNT2: Final = 166
SYS_TIMER_CREATE: Final = 222  # Linux 2.6
SYS_TIMER_SETTIME: Final = 223
SYS_UNSHARE: Final = 272
SYS_SETNS: Final = 308  # Linux 3.0
SYS_SECCOMP: Final = 317  # Linux 3.17
SYS_CLOSE_RANGE: Final = 436  # Linux 5.9
SYS_OPENAT2: Final = 437  # Linux 5.6
SYS_LANDLOCK_CREATE_RULESET: Final = 444  # Linux 5.13
SYS_LANDLOCK_RESTRICT_SELF: Final = 446
_SYS_PRCTL: Final = 157

# linux/prctl.h
PR_SET_PDEATHSIG: Final = 1
PR_GET_DUMPABLE: Final = 3
PR_SET_DUMPABLE: Final = 4
PR_CAPBSET_DROP: Final = 24
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38

CLOCK_PROCESS_CPUTIME_ID: Final = 2  # linux/time.h

# linux/openat2.h (Linux 5.6)
RESOLVE_NO_XDEV: Final = 0x01
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08

AT_FDCWD: Final = -100
_LANDLOCK_CREATE_RULESET_VERSION: Final = 1  # linux/landlock.h
_LINUX_CAPABILITY_VERSION_3: Final = 0x20080522  # linux/capability.h


def syscall(number: int, *args: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a syscall; integers are passed as longs, bytes and buffers by address.

    Raises:
        OSError: the kernel's answer.
    """
    passed = [
        ctypes.c_long(arg)
        if isinstance(arg, int)
        else ctypes.c_char_p(arg)
        if arg is None or isinstance(arg, bytes)
        else ctypes.byref(arg)
        for arg in args
    ]
    result = int(_SYSCALL(ctypes.c_long(number), *passed))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def prctl(option: int, arg2: int = 0, arg3: int = 0, arg4: int = 0, arg5: int = 0) -> int:
    """prctl(2)."""
    return syscall(_SYS_PRCTL, option, arg2, arg3, arg4, arg5)


def openat2(name: str | bytes, flags: int, *, dir_fd: int, resolve: int, mode: int = 0) -> int:
    """Open a file below ``dir_fd`` with the path resolution that ``RESOLVE_*`` flags bound.

    Returns a file descriptor that is closed on exec.

    Raises:
        OSError: EXDEV or ELOOP where the path leaves the directory or meets a link; EAGAIN where a rename
            raced with it (try again); ENOSYS before Linux 5.6.
    """
    how = ctypes.create_string_buffer(
        (flags | os.O_CLOEXEC).to_bytes(8, "little")
        + mode.to_bytes(8, "little")
        + resolve.to_bytes(8, "little"),
        24,
    )
    return syscall(SYS_OPENAT2, dir_fd, os.fsencode(name), how, 24)


def landlock_abi() -> int:
    """Return the kernel's Landlock ABI (1 or more).

    Raises:
        OSError: ENOSYS where the kernel has none, EOPNOTSUPP where it is switched off at boot.
    """
    return syscall(SYS_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_CREATE_RULESET_VERSION)


def effective_capabilities() -> int:
    """Return the calling thread's effective capability set as a bit mask (linux/capability.h)."""
    header = ctypes.create_string_buffer(
        _LINUX_CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4), 8
    )
    data = ctypes.create_string_buffer(24)  # two struct __user_cap_data_struct
    syscall(SYS_CAPGET, header, data)
    low, high = data.raw[0:4], data.raw[12:16]
    return int.from_bytes(low + high, "little")


def set_capabilities(mask: int) -> None:
    """Make ``mask`` the effective, permitted and inheritable set of the calling thread."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _LINUX_CAPABILITY_VERSION_3, 0))
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = ctypes.create_string_buffer(struct.pack("=6I", low, low, low, high, high, high))
    syscall(SYS_CAPSET, header, data)


def drop_from_bounding_set(number: int) -> bool:
    """Drop one capability from the bounding set; False if the kernel has none of that number."""
    try:
        prctl(PR_CAPBSET_DROP, number)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    return True


def unshare(flags: int) -> None:
    """unshare(2); ``os.unshare`` exists from Python 3.12 on only."""
    syscall(SYS_UNSHARE, flags)


def setns(fd: int, kind: int) -> None:
    """Enter the namespace that ``fd`` stands for, or have children enter it."""
    syscall(SYS_SETNS, fd, kind)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    syscall(
        SYS_MOUNT,
        source.encode(),
        os.fsencode(target),
        None if kind is None else kind.encode(),
        flags,
        None if data is None else data.encode(),
    )


def umount(target: str, flags: int) -> None:
    """umount2(2)."""
    syscall(SYS_UMOUNT2, os.fsencode(target), flags)


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2)."""
    syscall(SYS_PIVOT_ROOT, os.fsencode(new_root), os.fsencode(put_old))


def landlock_restrict_self(attributes: bytes) -> None:
    """Restrict the calling thread by a Landlock ruleset without any rule: nothing handled is allowed.

    Args:
        attributes: ``struct landlock_ruleset_attr`` in the size that the ABI has.
    """
    ruleset = syscall(SYS_LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def seccomp_filter(program: bytes, flags: int = 0) -> int:
    """Install a seccomp filter (array of ``struct sock_filter``) on the calling thread.

    Returns the listener's file descriptor with SECCOMP_FILTER_FLAG_NEW_LISTENER, else 0.
    """
    code = ctypes.create_string_buffer(program, len(program))
    prog = ctypes.create_string_buffer(
        (len(program) // 8).to_bytes(
            8, "little"
        )  # unsigned short, padded to the pointer's alignment
        + ctypes.addressof(code).to_bytes(8, "little"),
        16,
    )
    return syscall(SYS_SECCOMP, 1, flags, prog)  # SECCOMP_SET_MODE_FILTER


def cpu_timer(number: int) -> int:
    """Return a timer that sends this process a signal; it runs by the CPU time that was truly used.

    setitimer's counts ticks instead: on a busy machine it is wrong by a fifth at 100 ms.
    """
    event = struct.pack("@qii48x", 0, number, 0)  # struct sigevent: SIGEV_SIGNAL
    made = ctypes.create_string_buffer(4)
    syscall(SYS_TIMER_CREATE, CLOCK_PROCESS_CPUTIME_ID, event, made)
    return int(struct.unpack("@i", made.raw)[0])


def set_timer(timer: int, seconds: float) -> None:
    """Start a timer of :func:`cpu_timer`, once; 0 stops it."""
    whole = int(seconds)
    value = struct.pack("@4q", 0, 0, whole, int((seconds - whole) * 1e9))  # struct itimerspec
    syscall(SYS_TIMER_SETTIME, timer, 0, value, None)

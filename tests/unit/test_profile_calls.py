"""What each profile allows and refuses in each world, call by call, asked of the assembled filters."""

from __future__ import annotations

import errno
import fcntl
import functools
import itertools
import mmap
import os
import random
import signal
import socket
import termios

import pytest

from berm.kernel.bpf import ALLOW, SELF_PID, Action, assemble, with_pid
from berm.kernel.bpf_simulator import check, decide, run
from berm.kernel.syscalls import number_of, table
from berm.policy.profile import (
    ALL_FLAGS,
    NAMES,
    NO_FLAGS,
    WORLDS,
    load_profile,
    make_filter,
)

BOTH = list(itertools.product(NAMES, WORLDS))
EACH = list(itertools.product(NAMES, WORLDS, (NO_FLAGS, ALL_FLAGS)))
ME = 4242


@functools.cache
def compiled(profile: str, world: str, flags=ALL_FLAGS, *, with_notify: bool = False):
    """The filter of process ME, decoded."""
    wanted = make_filter(load_profile(profile), world, flags, with_notify=with_notify)
    return check(with_pid(assemble(wanted), ME))


def answer(profile: str, world: str, call: str, *args: int, flags=ALL_FLAGS) -> Action:
    """What happens to a call of process ME; from the assembled bytes, as the kernel would."""
    code = compiled(profile, world, flags)
    return Action(run(code, number_of(call), args=[*args, 0, 0, 0, 0, 0, 0][:6]))


def refused(*args, **kwargs) -> str:
    """The name of the error number, or fail."""
    number = answer(*args, **kwargs).errno_number
    assert number is not None, args
    return errno.errorcode[number]


# --- what nobody may do ---------------------------------------------------------------------------

NEVER = {
    "EPERM": [
        "socket",
        "connect",
        "bind",
        "listen",
        "accept",
        "accept4",
        "setsockopt",
        "recvmmsg",
        "sendmmsg",
        "userfaultfd",
        "perf_event_open",
        "bpf",
        "keyctl",
        "add_key",
        "request_key",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "process_madvise",
        "pidfd_getfd",
        "pidfd_send_signal",
        "kcmp",
        "mount",
        "umount2",
        "pivot_root",
        "chroot",
        "fsopen",
        "fsconfig",
        "fsmount",
        "fspick",
        "open_tree",
        "move_mount",
        "mount_setattr",
        "unshare",
        "setns",
        "open_by_handle_at",
        "name_to_handle_at",
        "personality",
        "modify_ldt",
        "swapon",
        "swapoff",
        "quotactl",
        "quotactl_fd",
        "fanotify_init",
        "fanotify_mark",
        "inotify_init1",
        "inotify_add_watch",
        "kexec_load",
        "kexec_file_load",
        "init_module",
        "finit_module",
        "delete_module",
        "settimeofday",
        "clock_settime",
        "clock_adjtime",
        "adjtimex",
        "sethostname",
        "setdomainname",
        "seccomp",
        "landlock_create_ruleset",
        "landlock_add_rule",
        "landlock_restrict_self",
        "setuid",
        "setgid",
        "setreuid",
        "setregid",
        "setresuid",
        "setresgid",
        "setgroups",
        "setfsuid",
        "setfsgid",
        "capset",
        "sched_setaffinity",
        "sched_setscheduler",
        "sched_setparam",
        "sched_setattr",
        "ioprio_set",
        "migrate_pages",
        "move_pages",
        "mbind",
        "set_mempolicy",
        "shmget",
        "shmat",
        "shmctl",
        "semget",
        "semop",
        "msgget",
        "msgsnd",
        "mq_open",
        "mq_unlink",
        "memfd_create",
        "splice",
        "tee",
        "vmsplice",
        "sync",
        "syncfs",
        "acct",
        "reboot",
        "syslog",
        "ioperm",
        "iopl",
        "mknod",
        "mknodat",
        "chown",
        "fchown",
        "lchown",
        "fchownat",
        "flock",
        "rt_sigqueueinfo",
        "rt_tgsigqueueinfo",
        "timer_create",
        "timerfd_create",
        "mlock",
        "mlockall",
    ],
    "ENOSYS": [
        "clone3",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "openat2",
        "futex_waitv",
        "memfd_secret",
        "pidfd_open",
        "epoll_pwait2",
        "fchmodat2",
        "copy_file_range",
        "map_shadow_stack",
        "mseal",
        "setxattrat",
        "file_setattr",
    ],
    "EOPNOTSUPP": ["setxattr", "fsetxattr", "getxattr", "listxattr", "removexattr", "fallocate"],
}


# What a profile answers with 0 although the call is not executed either.
TOLD = {
    "mono": {"sched_setscheduler", "sched_getscheduler", "sched_getparam"},
    "compile-locks": {"flock"},
}


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_what_is_told_and_not_done(name, world):
    for calls in TOLD.values():
        for call in calls:
            told = call in TOLD.get(name, ())
            assert (answer(name, world, call, 0, 0) == Action.zero()) is told
            assert not answer(name, world, call, 0, 0).allows
    for clock in (2**32 - 6, 2**32 - 2):  # of the own process, of the own thread
        assert answer(name, world, "clock_getres", clock, 0) == Action.zero()
        assert refused(name, world, "clock_getres", clock, 1) == "EINVAL"
    assert refused(name, world, "clock_getres", 2**32 - 6 - 8 * ME, 0) == "EINVAL"  # another's


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_only_haskell_ticks(name, world):
    ticks = name in ("haskell", "compile-haskell")
    for call in ("timer_create", "timerfd_create"):
        assert answer(name, world, call, 1).allows is ticks
        for clock in (0, 2, 3, 7, 8, 9, 2**32 - 6):  # wall, CPU, boot time, alarms
            assert refused(name, world, call, clock) == "EPERM"


@pytest.mark.parametrize(("name", "world", "flags"), EACH)
@pytest.mark.parametrize("error", NEVER)
def test_no_profile_allows_what_no_program_needs(name, world, flags, error):
    code = compiled(name, world, flags)
    chance = random.Random(7)
    for call in NEVER[error]:
        wanted = Action.errno(getattr(errno, error))
        if call in TOLD.get(name, ()):
            wanted = Action.zero()
        for args in ([0] * 6, [2**64 - 1] * 6, [chance.getrandbits(64) for _ in range(6)]):
            assert run(code, number_of(call), args=args) == wanted.word, call


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_numbers_without_a_name_are_refused(name, world):
    wanted = make_filter(load_profile(name), world, ALL_FLAGS)
    newest = max(table().values())
    unnamed = [number for number in range(newest) if number not in set(table().values())]
    assert {decide(wanted, number).errno_number for number in unnamed} == {errno.EPERM}
    beyond = [newest + 1, 500, 1000, 2**20, 2**30 - 1]
    assert {decide(wanted, number).errno_number for number in beyond} == {errno.ENOSYS}


NAMESPACE_FLAGS = {
    "NEWNS": 0x20000, "NEWCGROUP": 0x2000000, "NEWUTS": 0x4000000, "NEWIPC": 0x8000000,
    "NEWUSER": 0x10000000, "NEWPID": 0x20000000, "NEWNET": 0x40000000,
}  # fmt: skip
THREAD = 0x3D0F00  # what glibc's pthread_create passes
FORK = 0x1200011
VFORK = 0x4111


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_clone_makes_threads_and_no_namespace(name, world):
    assert answer(name, world, "clone", THREAD) == ALLOW
    for flag in NAMESPACE_FLAGS.values():
        for base in (0, THREAD, FORK, VFORK, signal.SIGCHLD):
            assert refused(name, world, "clone", base | flag) == "EPERM"
            assert refused(name, world, "clone", base | flag | 1 << 40) == "EPERM"
    for flag in (0x2000, 0x8000):  # CLONE_PTRACE, CLONE_PARENT
        assert refused(name, world, "clone", FORK | flag) == "EPERM"


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_processes_are_made_where_something_counts_them(name, world):
    allowed = world == "namespaces" or name.startswith("compile")
    assert load_profile(name).forks(world) is allowed
    for call, flags in (("fork", 0), ("vfork", 0), ("clone", FORK), ("clone", VFORK)):
        assert answer(name, world, call, flags).allows is allowed


@pytest.mark.parametrize("name", NAMES)
def test_program_files_are_started_where_the_runtime_needs_it(name):
    assert answer(name, "namespaces", "execve") == ALLOW
    assert answer(name, "confined", "execve").allows is (name != "python")


# --- arguments ------------------------------------------------------------------------------------

SIGNALS = ("kill", "tkill", "tgkill")


@pytest.mark.parametrize("name", ["python", "native", "jvm", "node"])
@pytest.mark.parametrize("flags", [NO_FLAGS, ALL_FLAGS])
def test_confined_programs_signal_themselves_only(name, flags):
    for call in SIGNALS:
        assert answer(name, "confined", call, ME, ME, flags=flags) == ALLOW
        assert answer(name, "confined", call, ME | 1 << 32, ME, flags=flags) == ALLOW  # an int
        for victim in (1, 0, ME + 1, 2**32 - 1, 2**64 - 1, 2**32 - ME, 2**64 - ME, SELF_PID):
            assert refused(name, "confined", call, victim, ME, flags=flags) == "EPERM"


def test_compilers_signal_their_children_where_a_scope_ends_that():
    assert answer("compile", "confined", "kill", 77, flags=ALL_FLAGS) == ALLOW
    assert refused("compile", "confined", "kill", 77, flags=NO_FLAGS) == "EPERM"


@pytest.mark.parametrize("name", NAMES)
def test_pid_namespaces_bound_signals_by_themselves(name):
    assert answer(name, "namespaces", "kill", 2**32 - 1, 9) == ALLOW


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_fcntl(name, world):
    for command in (
        fcntl.F_GETFD,
        fcntl.F_SETFD,
        fcntl.F_SETFL,
        fcntl.F_DUPFD_CLOEXEC,
        fcntl.F_SETLK,
    ):
        assert answer(name, world, "fcntl", 3, command) == ALLOW
    # SETOWN, SETSIG, SETOWN_EX, SETLEASE, NOTIFY, SETPIPE_SZ, ADD_SEALS, GETLK, OFD_GETLK
    for command in (8, 10, 15, 1024, 1026, 1031, 1033, 5, 36, 9999):
        assert refused(name, world, "fcntl", 3, command) == "EPERM"
        assert refused(name, world, "fcntl", 3, command | 1 << 32) == "EPERM"


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_ioctl(name, world):
    for command in (termios.TCGETS, termios.TIOCGWINSZ, termios.FIONREAD, termios.FIONBIO):
        assert answer(name, world, "ioctl", 1, command) == ALLOW
    # TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP, FIOASYNC, TIOCSCTTY, TIOCNOTTY, FS_IOC_SETFLAGS
    for command in (0x5412, 0x541C, 0x8901, 0x8902, 0x5452, 0x540E, 0x5422, 0x40086602):
        assert refused(name, world, "ioctl", 1, command) == "ENOTTY"
        assert refused(name, world, "ioctl", 1, command | 1 << 32) == "ENOTTY"  # CVE-2019-10063


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_socketpair_only_of_kinds_that_cannot_be_aimed_elsewhere(name, world):
    cloexec = socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        assert answer(name, world, "socketpair", socket.AF_UNIX, kind | cloexec) == ALLOW
    assert refused(name, world, "socketpair", socket.AF_UNIX, socket.SOCK_DGRAM) == "EPERM"
    assert (
        refused(name, world, "socketpair", socket.AF_UNIX, socket.SOCK_DGRAM | cloexec) == "EPERM"
    )
    for family in (2, 10, 16, 30, 38, 40):  # INET, INET6, NETLINK, TIPC, ALG, VSOCK
        assert refused(name, world, "socketpair", family, socket.SOCK_STREAM) == "EPERM"
    assert answer(name, world, "sendto", 3, 0x7000, 5, 0, 0, 0) == ALLOW
    assert refused(name, world, "sendto", 3, 0x7000, 5, 0, 0x7000, 16) == "EPERM"
    assert refused(name, world, "sendto", 3, 0x7000, 5, 0, 1 << 32, 16) == "EPERM"


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_others_are_not_to_be_slowed_or_limited(name, world):
    assert answer(name, world, "prlimit64", 0, 7) == ALLOW
    for pid in (1, ME, 2**32 - 1):
        assert refused(name, world, "prlimit64", pid, 7) == "EPERM"
    assert answer(name, world, "setpriority", 0, 0, 19) == ALLOW
    for which, who in ((0, 1), (1, 0), (2, 0), (0, ME)):  # PRIO_PGRP, PRIO_USER
        assert refused(name, world, "setpriority", which, who, 19) == "EPERM"


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_prctl_and_clocks(name, world):
    assert answer(name, world, "prctl", 15) == ALLOW
    # PDEATHSIG, SET_DUMPABLE, SECCOMP, SUBREAPER, NO_NEW_PRIVS, SET_MM, PTRACER, SCHED_CORE
    for option in (1, 4, 22, 36, 38, 35, 0x59616D61, 62):
        assert refused(name, world, "prctl", option) == "EINVAL"
    assert answer(name, world, "clock_gettime", 2) == ALLOW
    for clock in (2**32 - 6, 2**32 - 30, 12, 99):  # CPU clocks of processes by id, devices
        assert refused(name, world, "clock_gettime", clock) == "EINVAL"


SHARED, PRIVATE, ANONYMOUS, GROWSDOWN, HUGETLB, STACK = 1, 2, 0x20, 0x100, 0x40000, 0x20000


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_mmap(name, world):
    def mapped(flags: int) -> bool:
        return answer(name, world, "mmap", 0, 4096, 7, flags).allows

    assert mapped(PRIVATE | ANONYMOUS)
    assert mapped(PRIVATE | ANONYMOUS | STACK)
    assert mapped(PRIVATE)
    assert mapped(SHARED)  # a file
    assert mapped(SHARED | ANONYMOUS) is (world == "namespaces")
    for kind in (PRIVATE, SHARED):
        assert not mapped(kind | ANONYMOUS | GROWSDOWN)  # counts as stack: outside of RLIMIT_DATA
        assert not mapped(kind | ANONYMOUS | HUGETLB)
        assert not mapped(kind | GROWSDOWN)


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_metadata_and_truncation(name, world):
    for call in ("chmod", "fchmod", "fchmodat", "utimensat"):
        assert answer(name, world, call).allows is (world == "namespaces")
    for flags in (NO_FLAGS, ALL_FLAGS):
        covered = world == "namespaces" or flags == ALL_FLAGS
        assert answer(name, world, "truncate", flags=flags).allows is covered
        assert answer(name, world, "open", 0, os.O_TRUNC, flags=flags).allows is covered
        assert answer(name, world, "openat", 0, 0, os.O_TRUNC, flags=flags).allows is covered
        assert answer(name, world, "openat", 0, 0, os.O_TRUNC | os.O_WRONLY, flags=flags) == ALLOW
        assert answer(name, world, "openat", 0, 0, os.O_RDONLY, flags=flags) == ALLOW


@pytest.mark.parametrize(("name", "world"), BOTH)
def test_madvise(name, world):
    for advice in (mmap.MADV_DONTNEED, mmap.MADV_FREE, mmap.MADV_HUGEPAGE):
        assert answer(name, world, "madvise", 0, 0, advice) == ALLOW
    for advice in (12, 21, 100, 101):  # MERGEABLE, PAGEOUT, HWPOISON, SOFT_OFFLINE
        assert refused(name, world, "madvise", 0, 0, advice) == "EINVAL"

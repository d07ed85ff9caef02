"""The kernel calls that Python's standard library does not have. The only ctypes file here.

Every function raises ``OSError`` with the kernel's errno. Numbers are those of
``asm-generic/unistd.h`` and ``asm/unistd_64.h``; the calls newer than Linux 3.17 have the same
number on every architecture.
"""

import ctypes
import errno
import os
import struct
import sys

from berm_cell.script import IS_X86_64, NUMBERS

_libc = ctypes.CDLL(None, use_errno=True)
_int, _long, _ulong = ctypes.c_int, ctypes.c_long, ctypes.c_ulong
_text, _pointer = ctypes.c_char_p, ctypes.c_void_p


def _bind(name, result, *arguments):
    """A function object of its own with fixed types: each call then converts, and copies, little."""
    function = _libc[name]
    function.restype, function.argtypes = result, arguments
    return function


_syscall_of_6 = _bind("syscall", *[_long] * 8)  # its result, the number, six arguments
_unshare = _bind("unshare", _int, _int)
_setns = _bind("setns", _int, _int, _int)
_mount = _bind("mount", _int, _text, _text, _text, _ulong, _text)
_umount2 = _bind("umount2", _int, _text, _int)
_prctl = _bind("prctl", _int, _int, _ulong, _ulong, _ulong, _ulong)
_mmap = _bind("mmap", _long, _pointer, _ulong, _int, _int, _int, _long)
_mprotect = _bind("mprotect", _int, _ulong, _ulong, _int)

_PROT_READ, _PROT_WRITE, _PROT_EXEC = 1, 2, 4
_MAP_PRIVATE_ANONYMOUS, _MAP_FIXED_NOREPLACE = 0x22, 0x100000

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECUREBITS = 28
PR_CAPBSET_DROP = 24
_PR_GET_TID_ADDRESS = 40
_PR_CAPBSET_READ, _MOST_CAPABILITIES = 23, 63
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
PR_SET_NAME = 15

SECCOMP_SET_MODE_FILTER = 1
SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3

LANDLOCK_ACCESS_FS_REFER = 1 << 13

RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08

_IORING_REGISTER_BUFFERS = 0
AT_FDCWD = -100
_AT_RECURSIVE = 0x8000


def _check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))
    return result


def _syscall(name, a=0, b=0, c=0, d=0, e=0):
    """Make a system call whose arguments are numbers and addresses."""
    return _check(_syscall_of_6(NUMBERS[name], a, b, c, d, e, 0), name)


def raw(number, a, b, c, d, e, f):
    """Make a system call; returns what the kernel does: an error is its negative number."""
    result = _syscall_of_6(number, a, b, c, d, e, f)
    return result if result >= 0 else -ctypes.get_errno()


def unshare(flags):
    _check(_unshare(flags), "unshare")


def setns(fd, kind):
    _check(_setns(fd, kind), "setns")


def mount(source, target, kind, flags, data=None):
    encode = _encode
    result = _mount(encode(source), encode(target), encode(kind), flags, encode(data))
    if result < 0:
        _check(result, "mount %s" % (target,))


def _encode(text):
    return None if text is None else os.fsencode(text)


def umount_detach(target):
    _check(_umount2(os.fsencode(target), MNT_DETACH), "umount2 %s" % (target,))


def pivot_root(new, old):
    new, old = ctypes.create_string_buffer(new.encode()), ctypes.create_string_buffer(old.encode())
    _syscall("pivot_root", ctypes.addressof(new), ctypes.addressof(old))


class _MountAttr(ctypes.Structure):
    _fields_ = [
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    ]


def mount_readonly_tree(path):
    """Make a mount and all below it read-only, no set-uid, no devices (Linux 5.12)."""
    attr = _MountAttr(MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
    name = ctypes.create_string_buffer(os.fsencode(path))
    _syscall(
        "mount_setattr",
        AT_FDCWD,
        ctypes.addressof(name),
        _AT_RECURSIVE,
        ctypes.addressof(attr),
        ctypes.sizeof(attr),
    )


def prctl(option, second=0, third=0, fourth=0, fifth=0):
    result = _prctl(option, second, third, fourth, fifth)
    if result < 0:
        _check(result, "prctl %d" % option)
    return result


def set_file_ids(uid, gid):
    """Set the ids by which this thread reaches files, those of other processes in /proc included.

    Nobody can signal or trace the process by them (``setfsuid(2)``).
    """
    _libc.setfsgid(gid)
    _libc.setfsuid(uid)
    if _libc.setfsuid(-1) != uid:
        raise OSError(errno.EPERM, "setfsuid %d: refused" % uid)


def set_name(name):
    """Name the process as ``ps`` shows it, at most 15 bytes."""
    buffer = ctypes.create_string_buffer(name.encode("ascii")[:15])
    prctl(PR_SET_NAME, ctypes.addressof(buffer))


CAPABILITY_HEADER = struct.pack("=Ii", 0x20080522, 0)
"""struct __user_cap_header_struct: version 3, this process."""

_CAPABILITIES = ctypes.create_string_buffer(CAPABILITY_HEADER)
_CapData = ctypes.c_uint32 * 6


def last_capability():
    """The number of the last capability that this kernel knows."""
    number = 0
    while number < _MOST_CAPABILITIES and _prctl(_PR_CAPBSET_READ, number + 1, 0, 0, 0) >= 0:
        number += 1
    return number


def has_capabilities():
    """True if any capability is effective, permitted or inheritable."""
    data = _CapData()
    _syscall("capget", ctypes.addressof(_CAPABILITIES), ctypes.addressof(data))
    return any(data)


_CAP_IPC_LOCK = 14


def may_lock():
    """True if CAP_IPC_LOCK is effective."""
    data = _CapData()
    _syscall("capget", ctypes.addressof(_CAPABILITIES), ctypes.addressof(data))
    return bool(data[0] & 1 << _CAP_IPC_LOCK)


def has_no_new_privs():
    """True if no exec can add privileges any more."""
    return prctl(PR_GET_NO_NEW_PRIVS) == 1


def ptrace_attach(pid):
    """PTRACE_SEIZE, which neither stops nor signals the process; it ends with this one."""
    return _syscall("ptrace", 0x4206, pid, 0, 0)


def landlock_scope(scope, kept):
    """Enter a Landlock domain of this process's own that keeps the accesses ``kept`` everywhere."""
    attributes = (ctypes.c_uint64 * 3)(kept, 0, scope)
    ruleset = _syscall("landlock_create_ruleset", ctypes.addressof(attributes), 24, 0)
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        rule = ctypes.create_string_buffer(struct.pack("=Qi", kept, root))
        _syscall("landlock_add_rule", ruleset, 1, ctypes.addressof(rule), 0)
        _syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(root)
        os.close(ruleset)


class _OpenHow(ctypes.Structure):
    _fields_ = [
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    ]


def openat_beneath(dir_fd, name, flags):
    """Open a name below a directory, following no symbolic link at all (openat2, Linux 5.6)."""
    how = _OpenHow(
        flags | os.O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
    )
    path = ctypes.create_string_buffer(os.fsencode(name))
    return _syscall(
        "openat2",
        dir_fd,
        ctypes.addressof(path),
        ctypes.addressof(how),
        ctypes.sizeof(how),
    )


def has_close_range():
    """True if the kernel closes ranges of descriptors (close_range, Linux 5.9)."""
    return raw(NUMBERS["close_range"], 0xFFFFFFFE, 0xFFFFFFFF, 0, 0, 0, 0) >= 0


def close_range(low, high):
    """Close every descriptor from ``low`` to ``high`` (close_range, Linux 5.9, else one by one)."""
    if _syscall_of_6(NUMBERS["close_range"], low, high, 0, 0, 0, 0) < 0:
        os.closerange(low, min(high + 1, os.sysconf("SC_OPEN_MAX")))


def close_all_but(keep):
    """Close every descriptor that is not in ``keep``."""
    ranges, start = [], 0
    for fd in sorted(set(keep)):
        if fd > start:
            ranges.append((start, fd - 1))
        start = fd + 1
    ranges.append((start, 0xFFFFFFFF))
    for low, high in ranges:
        close_range(low, high)


_RING = ctypes.c_ubyte * 120  # struct io_uring_params (linux/io_uring.h)
PAGE = os.sysconf("SC_PAGE_SIZE")


def new_ring():
    """Make an ``io_uring`` instance, close-on-exec; returns its descriptor, or -1 without any here."""
    parameters = _RING()
    return max(-1, raw(NUMBERS["io_uring_setup"], 1, ctypes.addressof(parameters), 0, 0, 0, 0))


def pin(ring, ranges):
    """Pin ``(address, bytes)`` ranges of this process for as long as the ring is open.

    False where the kernel refuses.
    """
    words = [word for pair in ranges for word in pair]
    vectors = (_ulong * len(words))(*words)  # struct iovec[]
    address = ctypes.addressof(vectors)
    operation = _IORING_REGISTER_BUFFERS
    return raw(NUMBERS["io_uring_register"], ring, operation, address, len(ranges), 0, 0) >= 0


def map_at(address, size):
    """Map zeroed memory of this process's own at an address, for good."""
    flags = _MAP_PRIVATE_ANONYMOUS | _MAP_FIXED_NOREPLACE
    if _check(_mmap(address, size, _PROT_READ | _PROT_WRITE, flags, -1, 0), "mmap") != address:
        raise OSError(errno.EEXIST, "mmap: something is at %#x" % address)


def memory_at(address, size):
    """A view of the bytes at an address that reads and writes memory."""
    return memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B")


def machine_code(address, image, start):
    """Put x86-64 instructions into memory; returns those from ``start`` on as a function.

    It takes three words and returns one. None on another processor, and where memory that was written
    to may not be executed.
    """
    ctypes.memmove(address, image, len(image))
    if not IS_X86_64 or _mprotect(address, len(image), _PROT_READ | _PROT_EXEC) < 0:
        return None
    return ctypes.PYFUNCTYPE(_ulong, _ulong, _ulong, _ulong)(start)


def thread_id_address():
    """Where the C library keeps this thread's id, and the kernel writes that of a new process; 0 if unknown."""
    address = ctypes.c_ulong(0)
    pointer = ctypes.addressof(address)
    return address.value if _prctl(_PR_GET_TID_ADDRESS, pointer, 0, 0, 0) >= 0 else 0


CAN_FORK_ITSELF = IS_X86_64 and sys.implementation.name == "cpython"
"""Whether a process of this interpreter may be made without it, and go on in it."""


def before_fork():
    """What CPython does before it forks, for a process that is not made by it."""
    ctypes.pythonapi.PyOS_BeforeFork()


def after_fork():
    """What CPython does in a process that it forked, for one that it did not make."""
    ctypes.pythonapi.PyOS_AfterFork_Child()


def new_signal_fd(number):
    """A descriptor that is readable while a signal that this process has blocked waits for it."""
    mask = ctypes.c_uint64(1 << (number - 1))
    return _syscall("signalfd4", -1, ctypes.addressof(mask), 8, os.O_NONBLOCK | os.O_CLOEXEC)


def load_library(path):
    """Load a shared library as the dynamic linker does, with all that it needs."""
    ctypes.CDLL(path)


def thread_state():
    """The address of the calling thread's PyThreadState."""
    get = ctypes.pythonapi.PyThreadState_Get
    get.restype = ctypes.c_void_p
    return get()


def keep_for_ever(thing):
    """Add a reference to an object that nobody ever takes back."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def word_at(address):
    """A live view of the word at an address: its ``value`` reads and writes memory."""
    return ctypes.c_size_t.from_address(address)


def int_at(address):
    """A live view of the int at an address."""
    return ctypes.c_int.from_address(address)

"""A program, as the script by which its process becomes it; written by the host.

In the order in which it happens: its streams, its files, its limits, the exec if it is executed; and what
it says on standard error where one of these is refused. The process is confined by then, the kernel checks each
call as it would one of the program's own, and the descriptors that came with the script have the lowest
numbers that are free.
"""

import os
import struct

from berm_cell import limits, protocol, script

CONTROL = 100
"""The number of the descriptor on which a runtime that waits hears of its program: not closed by exec,
and far from the numbers that the program will see."""

REFUSED = 127
"""The exit code of a program that could not be started."""

_STREAMS = 3
_FIRST = 3
_FOURTH = _FIRST + _STREAMS
_CALLS, _CALLS_OF_A_FILE, _CALLS_TO_GO_ON = 24, 3, 2
_TO_THE_LAST = 0xFFFFFFFF
_AT_FDCWD = -100
_BUNDLE_AT = 0x1100000000
_PROT_READ = 1
_MAPPED = 0x108002  # MAP_PRIVATE, MAP_FIXED_NOREPLACE, MAP_POPULATE: all of it is read at once
_POINTER = struct.Struct("=Q")
_LENGTH = struct.Struct("=Q")
_LIMIT = struct.Struct("=QQ")
_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def execute(argv, env, files, rlimits, waits=False):
    """Return the script of a program that is executed, as bytes.

    Args:
        argv: the command; a name without a slash is looked for in the ``PATH`` of ``env``.
        env: the complete environment.
        files: rows ``[name, size, mode]`` of the bundle that is the fourth descriptor.
        rlimits: by the names of :data:`berm_cell.limits.RLIMITS`.
        waits: the fourth descriptor is for a runtime that waits, which is told its number as the last
            argument.

    The descriptors that go with it: standard input, output and error, and the fourth if there is one.
    Raises ``FrameError`` for a file name that is not allowed, ``ValueError`` for what no process can be given.
    """
    paths = _paths(argv[0], env)
    it, failed = _begin(files, rlimits, len(paths))
    if waits:
        it.call("dup3", _FOURTH, CONTROL, 0, otherwise=failed)
        argv = [*argv, str(CONTROL)]
    _furnish(it, files, rlimits, failed)
    arguments = _pointers(it, argv)
    environment = _pointers(it, [_variable(*pair) for pair in env.items()])
    for path in paths:
        it.call("execve", it.text(path), arguments, environment, skips=0)
    _refuse(it, "berm: cannot start %s: " % argv[0])
    it.place(failed)
    _refuse(it, "berm: the program cannot be started: ")
    it.end()
    return it.image()


def interpret(files, rlimits, told):
    """Return the script of a program that is run by the interpreter that the process is already.

    Args:
        files, rlimits: as in :func:`execute`.
        told: what the interpreter is to be told, which goes on where the script ends.
    """
    it, failed = _begin(files, rlimits, _CALLS_TO_GO_ON)
    _furnish(it, files, rlimits, failed)
    size = sum(row[1] for row in files)
    if size:
        it.call("munmap", _BUNDLE_AT, size, otherwise=failed)
    # Where there is no such call, who goes on closes them.
    it.call("close_range", _FIRST, _TO_THE_LAST, skips=0)
    end = it.here
    it.place(failed)
    _refuse(it, "berm: the program cannot be started: ")
    it.end()
    return it.image(end=end, extra=it.data(_LENGTH.pack(len(told)) + told))


def told(memory):
    """What a script of :func:`interpret` tells.

    Args:
        memory: a function of an address and a size that returns the bytes there.
    """
    address = script.HEADER.unpack(memory(script.REQUEST_AT, script.HEADER.size))[7]
    size = _LENGTH.unpack(memory(address, _LENGTH.size))[0]
    return memory(address + _LENGTH.size, size)


def _begin(files, rlimits, more):
    """A script that begins with the streams, and the label of what tells that something was refused."""
    calls = _CALLS + _CALLS_OF_A_FILE * len(files) + len(_folders(files)) + len(rlimits) + more
    it, failed = script.Script(script.REQUEST_AT, calls), script.Label()
    it.begin("become")
    it.call("umask", 0o022)  # what :func:`loader` has done by now
    for stream in range(_STREAMS):
        it.call("dup3", _FIRST + stream, stream, 0, otherwise=failed)
    return it, failed


def _furnish(it, files, rlimits, failed):
    """The files of the program, and its limits."""
    it.call("close", _FOURTH + 1, skips=0)  # the file of a script that was too large for a packet
    for folder in _folders(files):
        it.call("mkdirat", _AT_FDCWD, it.text(folder), 0o755, otherwise=failed)
    size = sum(row[1] for row in files)
    if size:  # mapped, because a cell may not send one file to another (sendfile)
        it.call(
            *("mmap", _BUNDLE_AT, size, _PROT_READ, _MAPPED, _FOURTH, 0),
            returns=_BUNDLE_AT,
            otherwise=failed,
        )
    at, number = _BUNDLE_AT, _FOURTH + 1
    for name, size, mode in files:
        # The mode is the file's whatever the umask, which takes away from it what this does.
        it.call(
            *("openat", _AT_FDCWD, it.text(name), _FILE_FLAGS, mode & 0o755),
            returns=number,
            otherwise=failed,
        )
        if size:
            it.call("write", number, at, size, returns=size, otherwise=failed)
        it.call("close", number)
        at += size
    for name, value in rlimits.items():
        value = limits.at_most_hard(name, value)
        both = it.data(_LIMIT.pack(value, value))
        it.call("prlimit64", 0, limits.RLIMITS[name], both, otherwise=failed)


def loader(image, descriptors):
    """Return a script that reads another one, which is too large for a packet, and goes on in that.

    Args:
        image: the other one, which is in a file of its own.
        descriptors: how many come before that file's.
    """
    it = script.Script(script.REQUEST_AT, 1)
    it.begin("load")
    it.call("pread64", _FIRST + descriptors, script.REQUEST_AT, len(image), 0, returns=len(image))
    it.end()
    end = script.HEADER.unpack_from(image)[6]
    return it.image(end=end)


def _refuse(it, reason):
    """Say why not, and end; the text of the error follows the reason."""
    said = os.fsencode(reason)
    it.call("write", 2, it.data(said), len(said), skips=0)
    it.call("writev", 2, script.REQUEST_AT + script.ERROR_TEXT, 1, skips=0)
    it.call("write", 2, it.data(b"\n"), 1, skips=0)
    it.call("exit_group", REFUSED)


def _pointers(it, texts):
    """The address of an array of pointers to texts, ended by none."""
    return it.data(b"".join(_POINTER.pack(it.text(text)) for text in texts) + _POINTER.pack(0))


def _variable(name, value):
    if not name or "=" in name:
        raise ValueError("%r is no name of a variable" % (name[:40],))
    return "%s=%s" % (name, value)


def _folders(files):
    """The directories that files need, each after the one that it is in."""
    folders = {}
    for name, _size, _mode in files:
        parts = protocol.checked_name(name)
        for count in range(1, len(parts)):
            folders["/".join(parts[:count])] = None
    return list(folders)


def _paths(name, env):
    """Where a command may be."""
    if "/" in name:
        return [name]
    folders = env.get("PATH", os.defpath).split(":")
    return [os.path.join(folder or ".", name) for folder in folders]

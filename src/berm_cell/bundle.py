"""Files in one anonymous file: how artifacts leave a cell.

A bundle is the contents one after the other; the rows ``[name, size, mode]`` that travel in the
frame say where each begins. (How sources enter a cell: :mod:`berm_cell.launch`.) The agent opens each file beneath the working directory without following any link,
takes regular files only, and stops at the caps that the host named.
"""

import errno
import fnmatch
import os
import stat

from berm_cell import _syscalls as sys_
from berm_cell import protocol

_CHUNK = 1 << 16
_BUSY = (errno.ENOENT, errno.ELOOP, errno.EXDEV, errno.ENXIO, errno.EACCES, errno.ENOTDIR)


def _copy(source, offset, size, target):
    done = 0
    while done < size:
        data = os.pread(source, min(_CHUNK, size - done), offset + done)
        if not data:
            raise protocol.FrameError("the bundle is shorter than its rows say")
        done += len(data)
        while data:
            data = data[os.write(target, data) :]


def collect(work, wanted):
    """Take files out of a finished run's working directory.

    Args:
        work: the directory; no process of the run is alive any more.
        wanted: ``{"patterns": [...], "files": n, "bytes": n, "entries": n}``, the caps included.

    Returns ``(memfd, rows, refused)``: ``refused`` names what matched but was not taken, and why.
    """
    memfd = os.memfd_create("bundle", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    rows, refused, total = [], [], 0
    root = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for name in _walk(root, wanted["entries"]):
            if not any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted["patterns"]):
                continue
            reason, fd, size, mode = _open_regular(root, name)
            if reason is None and len(rows) >= wanted["files"]:
                reason = "too many files, at most %d" % wanted["files"]
            if reason is None and total + size > wanted["bytes"]:
                reason = "too large, at most %d bytes together" % wanted["bytes"]
            if reason is None:
                try:
                    _copy(fd, 0, size, memfd)
                    rows.append([name, size, mode])
                    total += size
                except (OSError, protocol.FrameError):
                    os.ftruncate(memfd, total)
                    os.lseek(memfd, total, os.SEEK_SET)
                    reason = "cannot be read"
            if fd >= 0:
                os.close(fd)
            if reason is not None and len(refused) < 16:
                refused.append([name[:200], reason])
    finally:
        os.close(root)
    return memfd, rows, refused


def _open_regular(root, name):
    """Open one file no-follow; ``(reason, fd, size, mode)``, reason None if it may be taken."""
    try:
        fd = sys_.openat_beneath(root, name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        if error.errno == errno.ENOSYS:
            return _open_step_by_step(root, name)
        text = "is a link or no plain file" if error.errno in _BUSY else str(error.strerror)
        return text, -1, 0, 0
    return _checked(fd)


def _open_step_by_step(root, name):
    """The same where openat2 is missing (gVisor): one component at a time, none a link."""
    here = os.dup(root)
    try:
        parts = protocol.checked_name(name)
        for part in parts[:-1]:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            below = os.open(part, flags, dir_fd=here)
            os.close(here)
            here = below
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
        return _checked(os.open(parts[-1], flags, dir_fd=here))
    except OSError:
        return "is a link or no plain file", -1, 0, 0
    finally:
        os.close(here)


def _checked(fd):
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        return "is no regular file", -1, 0, 0
    return None, fd, status.st_size, 0o755 if status.st_mode & 0o100 else 0o644


def _walk(root, most):
    """Relative names of everything below ``root`` that is no directory, bounded, links not followed."""
    front, left = [""], most
    while front:
        prefix = front.pop()
        try:
            here = _open_directory(root, prefix)
        except (OSError, protocol.FrameError):
            continue
        try:
            for name in sorted(os.listdir(here)):
                left -= 1
                if left < 0:
                    return
                try:
                    directory = stat.S_ISDIR(os.lstat(name, dir_fd=here).st_mode)
                    name.encode("utf-8")
                    full = prefix + name
                    protocol.checked_name(full)
                except (OSError, UnicodeError, protocol.FrameError):
                    continue
                if directory:
                    front.append(full + "/")
                else:
                    yield full
        finally:
            os.close(here)


def _open_directory(root, prefix):
    here = os.dup(root)
    for part in [p for p in prefix.split("/") if p]:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        below = os.open(part, flags, dir_fd=here)
        os.close(here)
        here = below
    return here

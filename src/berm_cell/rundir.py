"""Run directories of the confined plan: made, measured, and removed whatever is in them.

Where no mount is allowed, a run's files lie in a directory of the host, below the fork server's
own. Its name cannot be guessed, Landlock keeps every other run out of it, and no path inside it
is ever followed by name from outside: everything here works with directory descriptors and
follows no link. Programs may have left unreadable directories and any depth of nesting.
"""

import errno
import fcntl
import os
import stat

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PREFIX = "berm-"
_ENTER_ONLY = 0o111

DIRECTORIES = ("work", "tmp")
"""What a run may write to, in its directory."""

UNKNOWN = 1 << 62
"""Bytes of what cannot be counted: more than any limit."""

MAX_DEPTH = 128
"""Nested directories that are counted, and descriptors that this takes."""

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)

SMALL = 32
"""Entries of a run's directory that the fork server removes itself."""

MAX_SWEPT = 4096
"""Bound of one look for what a killed service left behind."""


class Berth:
    """The directory of one fork server, locked as long as the server lives."""

    def __init__(self, base):
        """Make it below ``base``, after removing those of servers that are gone."""
        _sweep(base)
        self.path = os.path.join(base, _PREFIX + os.urandom(16).hex())
        os.mkdir(self.path, 0o711)
        self._lock = os.open(self.path, _OPEN)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self):
        """Remove it with everything that is left in it."""
        remove(self.path)


def make(berth, owner):
    """Make one run's directories below ``berth``; returns ``(path, {"work": ..., "tmp": ...})``."""
    path = os.path.join(berth, os.urandom(16).hex())
    os.mkdir(path, 0o700)
    directories = {name: os.path.join(path, name) for name in DIRECTORIES}
    for name in directories.values():
        os.mkdir(name, 0o700)
        if (os.getuid(), os.getgid()) != tuple(owner):
            os.chown(name, owner[0], owner[1])
    os.chmod(path, _ENTER_ONLY)  # to be gone through, also by a program that owns it; nothing else
    return path, directories


def measure(path, most, enough):
    """Bytes on disk and entries of a run made by :func:`make`.

    Stops counting past ``most`` entries or ``enough`` bytes.

    The program is alive and changes what is measured: nothing is followed by name but from one open
    directory to the next. A directory that its owner may not list is made so that he may, and what
    still cannot be counted counts as more than any limit.
    """
    total = entries = 0
    run = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for name in DIRECTORIES:
            used, found = _measure(name, run, most - entries, enough - total, MAX_DEPTH)
            total, entries = total + used, entries + found
    finally:
        os.close(run)
    return total, entries


def _measure(name, parent, most, enough, depth):
    here = _open_unlisted(name, parent)
    if here is None:
        return 0, 0
    if here < 0 or depth == 0:
        return UNKNOWN, 0
    total = entries = 0
    try:
        for inner in os.listdir(here):
            entries += 1
            try:
                status = os.stat(inner, dir_fd=here, follow_symlinks=False)
            except OSError:
                continue
            size = status.st_blocks * 512
            if stat.S_ISLNK(status.st_mode):  # what it points to is data that takes no block
                size = max(size, status.st_size)
            total += size
            if entries > most or total > enough:
                break
            if stat.S_ISDIR(status.st_mode):
                used, found = _measure(inner, here, most - entries, enough - total, depth - 1)
                total, entries = total + used, entries + found
    finally:
        os.close(here)
    return total, entries


def _open_unlisted(name, parent):
    """Open a directory whatever its mode: None if it is gone or none, -1 if it cannot be listed."""
    for _ in range(2):
        try:
            return os.open(name, _OPEN, dir_fd=parent)
        except PermissionError:
            try:
                _make_accessible(name, parent)
            except OSError as error:
                if error.errno in _GONE:
                    return None
        except OSError as error:
            if error.errno in _GONE:
                return None
            return -1
    return -1


def remove_small(path):
    """Remove a run's directory if it holds next to nothing; False if it must be left to a clerk."""
    if measure(path, SMALL, UNKNOWN)[1] > SMALL:
        return False
    remove(path)
    return True


def remove(path):
    """Remove a directory and all below it, however deep, however unreadable, following nothing.

    Nested directories are first moved up to the top, so that the depth is never more than two.
    """
    try:
        _make_accessible(path, None)
        top = os.open(path, _OPEN)
    except FileNotFoundError:
        return
    try:
        moved = 0
        names = os.listdir(top)
        while names:
            for name in names:
                if _unlink(name, top):
                    continue
                _make_accessible(name, top)
                here = os.open(name, _OPEN, dir_fd=top)
                try:
                    for inner in os.listdir(here):
                        if not _unlink(inner, here):
                            _make_accessible(inner, here)
                            moved += 1
                            os.rename(inner, "%%%d" % moved, src_dir_fd=here, dst_dir_fd=top)
                finally:
                    os.close(here)
                os.rmdir(name, dir_fd=top)
            names = os.listdir(top)
    finally:
        os.close(top)
    os.rmdir(path)


def _unlink(name, here):
    """Remove what is no directory; False for a directory."""
    try:
        os.unlink(name, dir_fd=here)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.EPERM, errno.EACCES):
            return False
        raise
    return True


def _make_accessible(name, here):
    """Give a directory mode 0700 without following a link."""
    fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    try:
        if stat.S_IMODE(os.fstat(fd).st_mode) & 0o700 != 0o700:
            try:
                os.chmod("/proc/self/fd/%d" % fd, 0o700)
            except FileNotFoundError:
                pass  # a copied root has no /proc, and this process needs no mode there
    finally:
        os.close(fd)


def _sweep(base):
    """Remove the directories of fork servers that were killed: nobody holds their lock."""
    for name in os.listdir(base)[:MAX_SWEPT]:
        if not name.startswith(_PREFIX) or len(name) != len(_PREFIX) + 32:
            continue
        path = os.path.join(base, name)
        try:
            fd = os.open(path, _OPEN)
        except OSError:
            continue
        try:
            if os.fstat(fd).st_uid != os.getuid():
                continue
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(path)
        except OSError:
            continue
        finally:
            os.close(fd)

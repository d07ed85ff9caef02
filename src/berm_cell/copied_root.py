"""A root directory made of copies, for machines without mounts and without Landlock (gVisor).

The interpreter of the fork server and the files that it can load are copied below a directory of
the fork server's own, and that becomes its root. A program cannot change them: their modes allow
nobody to write, the program has no capability, and its filter refuses every change of modes. Run
directories lie in the same root, below a directory that can be entered, but neither listed nor
added to.
"""

import os
import sys

from berm_cell import _syscalls as sys_

MOST_BYTES = 512 << 20
"""Bytes of all copies together; a site directory that is larger is an error, not a full disk."""

RUNS = "/runs"

_FOLDER_LINKS = tuple(path for path in ("/bin", "/lib", "/lib64") if os.path.islink(path))

_LEFT_OUT = ("config-",)
"""What is for building the interpreter, not for running it: 25 MiB of it in Debian's."""

_ENTER_ONLY = 0o111
_FILE_MODE = 0o444
_DIRECTORY_MODE = 0o555


def build(root, files):
    """Copy what this interpreter reads below ``root``, and write the synthetic ``files``."""
    copier = _Copier(root)
    for path in [*_FOLDER_LINKS, *_loaded_files(), *_directories()]:
        copier.copy(path)
    for path, text in sorted(files.items()):
        copier.write(path, text.encode("utf-8"))
    os.mkdir(root + RUNS)
    copier.close_directories()
    os.chmod(root + RUNS, _ENTER_ONLY)


def enter(root):
    """Make ``root`` the root directory; returns where run directories are made from now on."""
    os.chroot(root)
    os.chdir("/")
    return RUNS


def _directories():
    """The standard library and the site directories."""
    return [path for path in sys.path if os.path.isabs(path) and os.path.isdir(path)]


def _extensions():
    for folder in sys.path:
        if folder.endswith("lib-dynload") and os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.endswith(".so"):
                    yield os.path.join(folder, name)


def _loaded_files():
    """The interpreter, and the libraries that it and the standard library's extensions need.

    The dynamic linker says so itself: a child loads every extension and reads its own maps.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        for path in _extensions():
            try:
                sys_.load_library(path)
            except OSError:
                pass  # an extension whose library is not installed cannot be imported either
        found = set()
        with open("/proc/self/maps", "rb") as maps:
            for line in maps:
                path = line.split(None, 5)[5:]
                if path and path[0].startswith(b"/"):
                    found.add(path[0].rstrip(b"\n"))
        data = b"\0".join(sorted(found))
        while data:
            data = data[os.write(writer, data) :]
        os._exit(0)
    os.close(writer)
    data = b""
    while True:
        more = os.read(reader, 65536)
        if not more:
            break
        data += more
    os.close(reader)
    os.waitpid(pid, 0)
    found = [os.fsdecode(path) for path in data.split(b"\0")]
    found = [path for path in found if os.path.isfile(path)]
    return found + _names_of(found)


def _names_of(libraries):
    """The links by which the dynamic linker finds libraries (``libz.so.1`` → ``libz.so.1.2.13``)."""
    wanted, links = set(libraries), []
    for folder in sorted({os.path.dirname(path) for path in libraries}):
        found = [entry.path for entry in os.scandir(folder) if entry.is_symlink()]
        links.extend(path for path in found if os.path.realpath(path) in wanted)
    return links


class _Copier:
    """Copies below a root, bounded; directories are closed at the end, when all is in them."""

    def __init__(self, root):
        self._root = root
        self._made = [root]
        self._total = 0

    def copy(self, path):
        """Copy a file, or a directory with all below it; links stay links inside the copy."""
        real = self._follow_links(path)
        if path in _FOLDER_LINKS:
            return
        if os.path.isdir(real):
            for folder, folders, names in os.walk(real):
                folders[:] = [one for one in folders if not one.startswith(_LEFT_OUT)]
                self._make(folder)
                for name in names + [one for one in folders if os.path.islink(folder + "/" + one)]:
                    self._copy_one(os.path.join(folder, name))
        else:
            self._make(os.path.dirname(real))
            self._copy_one(real)

    def write(self, path, data):
        """Write a file of its own."""
        self._make(os.path.dirname(path))
        self._write(path, [data])

    def close_directories(self):
        """Take every right to write away."""
        for path in self._made:
            os.chmod(path, _DIRECTORY_MODE)

    def _follow_links(self, path):
        """Copy the links that a path goes through (``/lib`` → ``usr/lib``); returns its real name."""
        walked = ""
        for part in path.strip("/").split("/"):
            walked += "/" + part
            if os.path.islink(walked):
                real = os.path.dirname(walked)
                self._make(os.path.realpath(real))
                self._copy_one(os.path.join(os.path.realpath(real), part))
        return os.path.realpath(path)

    def _make(self, path):
        missing = []
        while path != "/" and not os.path.isdir(self._root + path):
            missing.append(path)
            path = os.path.dirname(path)
        for one in reversed(missing):
            os.mkdir(self._root + one, 0o700)
            self._made.append(self._root + one)

    def _copy_one(self, path):
        target = self._root + path
        if os.path.lexists(target):
            return
        try:
            if os.path.islink(path):
                os.symlink(os.readlink(path), target)
            elif os.path.isfile(path):
                with open(path, "rb") as source:
                    self._write(path, iter(lambda: source.read(1 << 20), b""))
        except PermissionError:
            pass  # what the fork server may not read, no program could have

    def _write(self, path, blocks):
        fd = os.open(
            self._root + path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE
        )
        try:
            for block in blocks:
                self._total += len(block)
                if self._total > MOST_BYTES:
                    raise OSError(0, "the interpreter's files are over %d bytes" % MOST_BYTES)
                while block:
                    block = block[os.write(fd, block) :]
            os.fchmod(fd, _FILE_MODE)
        finally:
            os.close(fd)

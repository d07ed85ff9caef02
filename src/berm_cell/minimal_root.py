"""The root directory of the namespaces plan: read-only binds on a small tmpfs, nothing else.

Built once per fork server, in its own mount namespace; its cells copy the mount table and put
their own tmpfs over the two directories that they may write.
"""

import errno
import os

from berm_cell import _syscalls as sys_
from berm_cell import carried, init, machine


def build(root):
    """Make a small read-only root of binds on a tmpfs, and make it the root directory.

    The sources are reached below the old root, as bubblewrap does it, so that no mount made
    here can hide one of them.
    """
    base = root["base"]
    sys_.mount(None, "/", None, sys_.MS_REC | sys_.MS_PRIVATE)
    sys_.mount("tmpfs", base, "tmpfs", sys_.MS_NOSUID | sys_.MS_NODEV, "size=4m,mode=0755")
    os.mkdir(base + "/new", 0o755)
    os.mkdir(base + "/old", 0o755)
    sys_.mount(base + "/new", base + "/new", None, sys_.MS_BIND)
    sys_.pivot_root(base, base + "/old")
    os.chdir("/")
    for path in root["binds"]:
        _bind_readonly("/old", "/new", path)
    for name in root["devices"]:
        _make_parents("/new/dev/" + name)
        _touch("/new/dev/" + name)
        sys_.mount("/old/dev/" + name, "/new/dev/" + name, None, sys_.MS_BIND)
    for path in root["directories"]:
        os.makedirs("/new" + path, 0o755, exist_ok=True)
    for path, text in sorted(root["files"].items()):
        _make_parents("/new" + path)
        _write("/new" + path, text.encode("utf-8"))
    for path, target in sorted(root["links"].items()):
        _make_parents("/new" + path)
        if not os.path.lexists("/new" + path):
            os.symlink(target, "/new" + path)
    if root["proc"]:
        os.makedirs("/new/proc", 0o755, exist_ok=True)
        sys_.mount("proc", "/new/proc", "proc", sys_.MS_NOSUID | sys_.MS_NODEV | sys_.MS_NOEXEC)
    for program in (init, machine):
        carried.place("/new" + program.PATH, program.IMAGE)
    os.chdir("/new")
    sys_.pivot_root(".", ".")
    sys_.umount_detach(".")
    os.chdir("/")
    sys_.mount(
        None,
        "/",
        None,
        sys_.MS_REMOUNT | sys_.MS_BIND | sys_.MS_RDONLY | sys_.MS_NOSUID | sys_.MS_NODEV,
    )


def _bind_readonly(old, new, path):
    """Show ``path`` of the old root read-only at the same place, following links inside it."""
    _replicate_links(old, new, path)
    source = _resolve(old, path)
    if source is None:
        raise FileNotFoundError(errno.ENOENT, "cannot be reached by the fork server", path)
    target = new + source
    if os.path.isdir(old + source):
        os.makedirs(target, 0o755, exist_ok=True)
    else:
        _make_parents(target)
        _touch(target)
    if os.path.ismount(target):
        return
    sys_.mount(old + source, target, None, sys_.MS_BIND | sys_.MS_REC)
    sys_.mount_readonly_tree(target)


def _resolve(root, path):
    """Follow symbolic links below ``root`` as if it were the root directory; None if broken."""
    parts, done, hops = path.split("/"), [], 0
    while parts:
        part = parts.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            if done:
                done.pop()
            continue
        here = root + "/" + "/".join(done + [part])
        try:
            target = os.readlink(here)
        except OSError:
            if not os.path.lexists(here):
                return None
            done.append(part)
            continue
        hops += 1
        if hops > 40:
            return None
        if target.startswith("/"):
            done = []
        parts = target.split("/") + parts
    return "/" + "/".join(done)


def _replicate_links(old, new, path):
    """Copy the symbolic links that ``path`` itself goes through (``/bin`` → ``usr/bin``)."""
    walked = ""
    for part in path.strip("/").split("/"):
        walked += "/" + part
        if os.path.islink(old + walked):
            if not os.path.lexists(new + walked):
                _make_parents(new + walked)
                os.symlink(os.readlink(old + walked), new + walked)
            return


def _make_parents(path):
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)


def _touch(path):
    if not os.path.lexists(path):
        _write(path, b"")


def _write(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)

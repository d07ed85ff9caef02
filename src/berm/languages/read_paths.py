"""Which host paths a runtime reads: the system's directories, its own tree, where its links lead."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# /lib and the like are links into /usr on a merged system, and directories on others.
# The dynamic linker's cache makes libraries in /usr/local/lib and multiarch directories found.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")

_LINK_DEPTH = 40  # as the kernel's own MAXSYMLINKS
_LINKS_LOOKED_AT = 20_000
_NO_RUNTIME_FILES = frozenset({"legal", "man", "demo", "include", "jmods", "src"})


def system_paths() -> tuple[str, ...]:
    """Return the system's directories of programs and libraries that exist here."""
    return tuple(path for path in _SYSTEM if os.path.lexists(path))


def covered(path: str) -> bool:
    """True if a path lies in one of the system's directories."""
    pure = PurePosixPath(path)
    return any(pure.is_relative_to(system) for system in _SYSTEM)


def reachable(path: str) -> str:
    """Return ``path`` if every link on its way stays in the system's directories, else the file.

    A cell shows those directories as they are, so ``/usr/bin/gcc`` works there; a command that
    Debian's alternatives decide goes through ``/etc``, which a cell does not show.
    """
    hop = path
    for _ in range(_LINK_DEPTH):
        if not covered(hop):
            break
        link = Path(hop)
        if not link.is_symlink():
            return path
        hop = os.path.normpath(link.parent / link.readlink())
    return os.path.realpath(path)


def too_wide(path: str) -> bool:
    """True for a tree that holds more than a runtime: ``/``, ``/opt``, somebody's home."""
    parts = PurePosixPath(path).parts
    home = len(parts) == 3 and parts[1] in {"home", "Users"}
    return len(parts) <= 2 or home or path == str(Path.home())


def closed_directory(path: str) -> str | None:
    """Return the first directory on the way to ``path``, itself included, that is not for all.

    Started by root, Berm gives each cell an unprivileged uid of its own, for which a tree below
    ``/root`` (mode 0700) does not exist.
    """
    real = PurePosixPath(os.path.realpath(path))
    for directory in (*reversed(real.parents), real):
        try:
            mode = Path(directory).stat().st_mode
        except OSError:
            return str(directory)
        if not mode & stat.S_IXOTH:
            return str(directory)
    return None


def tree_paths(prefix: str, follow_links: tuple[str, ...]) -> list[str]:
    """Return what a tool's tree adds to the system's directories.

    Args:
        prefix: the tool's tree. Added itself if it lies elsewhere, unless it is too wide: it
            would show a submission what is none of its business.
        follow_links: patterns of directories that links in the tree may lead to.
    """
    own = (prefix, os.path.realpath(prefix))
    paths = [path for path in dict.fromkeys(own) if not covered(path) and not too_wide(path)]
    if follow_links:
        targets = {found for found in _link_targets(prefix) if not covered(found)}
        allowed = {root for target in targets if (root := _root_of(target, follow_links))}
        paths += sorted(allowed)
    return paths


def _root_of(target: str, patterns: tuple[str, ...]) -> str | None:
    """Return the outermost directory above ``target`` that a pattern allows."""
    for directory in reversed(PurePosixPath(target).parents):
        text = str(directory)
        if any(
            fnmatch.fnmatchcase(text, pattern) and text.count("/") == pattern.count("/")
            for pattern in patterns
        ):
            return text
    return None


def _link_targets(prefix: str) -> Iterator[str]:
    looked_at = 0
    for directory, folders, files in os.walk(prefix):
        folders[:] = [name for name in folders if name not in _NO_RUNTIME_FILES]
        for name in (*files, *folders):
            looked_at += 1
            path = Path(directory, name)
            if path.is_symlink():
                yield os.path.realpath(path)
        if looked_at > _LINKS_LOOKED_AT:
            return

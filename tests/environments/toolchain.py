"""Debian's C compiler as a folder to carry into a virtual machine, which has busybox and Python only."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_PACKAGES = (
    *("gcc", "gcc-12", "cpp-12", "libgcc-12-dev", "libc6-dev", "linux-libc-dev", "binutils"),
    *("binutils-x86-64-linux-gnu", "libbinutils", "libctf0", "libctf-nobfd0", "libisl23"),
    *("libmpc3", "libmpfr6", "libgmp10", "libzstd1", "libjansson4", "zlib1g", "libcrypt-dev"),
    *("libc6", "libgcc-s1"),
)
#: Parts of file names that compiling a C program does not need: a third of the size.
_UNUSED = ("lto1", "lto-dump", "san.", "gprof", "plugin/", "ld.gold", "dwp", "libc.a", "libmvec.a")


def copy_toolchain(folder: Path) -> bool:
    """Copy the files of the compiler below ``folder``, as they lie below /; False if it is not installed."""
    found = False
    for package in _PACKAGES:
        listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True)
        if listed.returncode:
            continue
        for name in listed.stdout.split("\n"):
            if name.startswith("/usr/share") or any(part in name for part in _UNUSED):
                continue
            found |= _copy(name, folder)
    return found


def _copy(name: str, folder: Path) -> bool:
    """Copy one file or link; directories come with what is in them. /lib is /usr/lib."""
    if name.count("/") < 2 or not os.path.lexists(name):
        return False
    if os.path.isdir(name) and not os.path.islink(name):
        return False
    place = os.path.realpath(os.path.dirname(name)) + "/" + os.path.basename(name)
    target = folder / place.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.islink(name):
        pointed = os.readlink(name)
        if not target.is_symlink():
            target.symlink_to(pointed)
        return False
    shutil.copy2(name, target)
    return True

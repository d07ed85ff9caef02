"""What a compilation's result depends on, as one hash: the key of the compile cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Final

from berm.cell.files import File
from berm.languages import CompileStep

_FORMAT: Final = b"berm compile 1"


def of_compilation(
    step: CompileStep, files: Mapping[str, File], tools: Iterable[str], plan: str
) -> str:
    """Return the key of one compilation; equal keys mean the same artifacts.

    Args:
        step: the whole command with everything that is built into it (flags, names of the
            sources, limits), its environment, its profile and what it may read.
        files: the complete submission, by relative name.
        tools: paths of the toolchain's programs. Their files' identities count, so that an
            upgrade in place is another toolchain.
        plan: key of the cell plan, so that what one world refused a compiler is not
            answered in another.

    Blocks for one ``stat`` a tool.
    """
    fields: list[bytes] = [_FORMAT, plan.encode()]
    fields += [_list(step.argv), _list(f"{k}={v}" for k, v in sorted(step.env.items()))]
    fields += [_list(step.read_paths), _list(step.collect), repr(step.limits).encode()]
    fields += [step.profile.encode(), step.target.encode(), _list(of_tool(path) for path in tools)]
    for name, file in sorted(files.items()):
        fields += [_bytes(name), b"x" if file.executable else b"-", file.data]
    digest = hashlib.sha256()
    for field in fields:
        digest.update(len(field).to_bytes(8, "big"))  # no two lists of fields look the same
        digest.update(field)
    return digest.hexdigest()


def of_files(files: Mapping[str, File]) -> str:
    """Return the hash of files with their names and modes."""
    digest = hashlib.sha256()
    for name, file in files.items():
        for field in (_bytes(name), b"x" if file.executable else b"-", file.data):
            digest.update(len(field).to_bytes(8, "big"))
            digest.update(field)
    return digest.hexdigest()


def of_tool(path: str) -> str:
    """Return which file a program is: an upgrade in place gives another one."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - a str, and follows links as exec does
    except OSError:
        return f"{path}: gone"
    return f"{path}: {stat.st_dev} {stat.st_ino} {stat.st_size} {stat.st_mtime_ns}"


def of_contents(path: str) -> str:
    """Return what a program is, the same on every machine that has it. Reads all of it."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - a str
            return f"{path}: {hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except OSError:
        return f"{path}: gone"


def _list(items: Iterable[str]) -> bytes:
    return b"".join(len(raw := _bytes(item)).to_bytes(8, "big") + raw for item in items)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

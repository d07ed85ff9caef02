"""Files that a program opens by a name that is known: outside of its folder, of others, for writing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from berm.analysis.paths import place_of
from berm.analysis.python.values import UNKNOWN, Ref, Value, options

if TYPE_CHECKING:
    from berm.analysis.python.calls import Calls

_OPENERS: Final = frozenset(
    (
        "io.open",
        "os.open",
        "pathlib.Path",
        "pathlib.PosixPath",
        "os.listdir",
        "os.scandir",
        "os.walk",
        "fileinput.input",
        "linecache.getlines",
        "linecache.getline",
        "tokenize.open",
        "shutil.copy",
        "shutil.copyfile",
        "glob.glob",
        "numpy.loadtxt",
        "numpy.fromfile",
        "builtins.execfile",
        "os.readlink",
    )
)


def look(
    calls: Calls, path: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> None:
    """Note what a call that opens files says about them."""
    if path not in _OPENERS:
        return
    name = args[0] if args else kwargs.get("file", UNKNOWN)
    for one in options(name):
        if isinstance(one, bytes):
            one = one.decode("utf-8", "replace")  # noqa: PLW2901
        if isinstance(one, str) and (place := place_of(one)):
            calls.pattern(f"file-{place}", node, f"the file is `{one[:80]}`")
    if path == "io.open":
        mode = args[1] if len(args) > 1 else kwargs.get("mode", "r")
        for one in options(mode):
            if isinstance(one, str) and set(one) & set("wax+"):
                calls.pattern("file-write", node)


def opened(path: str, args: list[Value]) -> Value:
    """Return what is known of what such a call gives."""
    if path in ("pathlib.Path", "pathlib.PosixPath") and args:
        return Ref("pathlib.Path")
    return UNKNOWN

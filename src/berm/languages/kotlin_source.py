"""Which class a Kotlin source file's ``main`` becomes on the JVM."""

from __future__ import annotations

import posixpath
import re

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_JVM_NAME = re.compile(r"@file\s*:\s*JvmName\(\s*\"([\w$]+)\"\s*\)")
_PACKAGE = re.compile(r"^\s*package\s+([\w.`]+)", re.MULTILINE)
_NOT_IN_NAMES = re.compile(r"\W")


def main_class(source: bytes, entry: str) -> str:
    """Return the class that holds the top-level functions of a file; never fails.

    ``main.kt`` becomes ``MainKt``, in the package that the file declares; ``@file:JvmName`` gives it
    another name (Kotlin documentation, "Calling Kotlin from Java", Package-level functions).
    """
    text = _COMMENT.sub(" ", source.decode("utf-8", "replace"))
    stem = _NOT_IN_NAMES.sub("_", posixpath.splitext(posixpath.basename(entry))[0])
    named = _JVM_NAME.search(text)
    name = named[1] if named else f"{stem[:1].upper()}{stem[1:]}Kt"
    package = _PACKAGE.search(text)
    return f"{package[1].replace('`', '')}.{name}" if package else name

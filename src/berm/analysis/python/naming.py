"""Full names of what Python brings along: one name for each thing, however it was reached."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping
from typing import Final

from berm.analysis.fact import words
from berm.analysis.python.values import UNKNOWN, Either, Namespace, Ref, Value

STDLIB: Final = frozenset(sys.stdlib_module_names) | {
    "__builtin__",
    "asyncore",
    "commands",
    "httplib",
    "imp",
    "popen2",
    "urllib2",
    "StringIO",
}
_TWO: Final = "apply basestring buffer cmp coerce execfile file intern long raw_input reduce reload unichr unicode xrange"
BUILTINS: Final = frozenset(dir(builtins)) | frozenset(
    [*_TWO.split(), "exit", "quit", "help", "license", "copyright", "credits"]
)

_SAME: Final[Mapping[str, str]] = {
    "__builtin__": "builtins",
    "__builtins__": "builtins",
    "_collections": "collections",
    "_ctypes": "ctypes",
    "_io": "io",
    "_frozen_importlib": "importlib",
    "_frozen_importlib_external": "importlib",
    "_imp": "imp",
    "_pickle": "pickle",
    "_pyio": "io",
    "_socket": "socket",
    "_sqlite3": "sqlite3",
    "_ssl": "ssl",
    "cPickle": "pickle",
    "nt": "os",
    "ntpath": "os.path",
    "posix": "os",
    "posixpath": "os.path",
    "importlib._bootstrap": "importlib",
    "importlib._bootstrap_external": "importlib",
    "io.open_code": "io.open",
    "io.FileIO": "io.open",
    "codecs.open": "io.open",
    "_io.open": "io.open",
    "builtins.open": "io.open",
    "builtins.file": "io.open",
    "importlib._gcd_import": "importlib.import_module",
    "importlib.__import__": "builtins.__import__",
    "importlib._import": "importlib.import_module",
    "builtins.reduce": "functools.reduce",
    "_functools.reduce": "functools.reduce",
    "_functools.partial": "functools.partial",
    "_operator": "operator",
    "_codecs": "codecs",
    "sys.__builtins__": "builtins",
}
_OWN_NAMES: Final = words(
    "ast.keyword ast.operator cgitb.html copyreg.pickle datetime.time inspect.trace io.StringIO locale.gettext "
    "optparse.gettext os.stat pickletools.dis pydoc.html shutil.copy site.venv sys.platform unicodedata.decimal"
)
"""What modules hold under the name of another module, and is not that module."""
SUBMODULES: Final = frozenset(
    (
        "os.path",
        "importlib.util",
        "importlib.machinery",
        "concurrent.futures",
        "urllib.request",
        "urllib.parse",
        "http.client",
        "http.server",
        "xml.etree",
        "logging.config",
        "multiprocessing.pool",
        "unittest.mock",
        "collections.abc",
    )
)
POWERFUL: Final = frozenset(
    [
        "os",
        "sys",
        "builtins",
        "importlib",
        "subprocess",
        "ctypes",
        "socket",
        "shutil",
        "pty",
        "imp",
        "runpy",
        "pdb",
        "code",
        "codeop",
        "gc",
        "inspect",
        "types",
        "multiprocessing",
        "pickle",
        "marshal",
        "asyncio",
        "signal",
        "mmap",
        "resource",
        "fcntl",
        "_posixsubprocess",
        "cffi",
        "sys.modules",
    ]
)
"""Modules whose names, looked up by what is not known, are taken for the worst of them."""

REACHED_FOR: Final = frozenset(
    ["os", "sys", "builtins", "subprocess", "importlib", "ctypes", "socket", "posix"]
)
"""Modules that jails are left by through some other module that happens to have loaded them."""

SINKS: Final = frozenset(
    [
        "builtins.getattr",
        "builtins.__import__",
        "builtins.eval",
        "builtins.exec",
        "builtins.vars",
        "builtins.globals",
        "builtins.locals",
        "builtins.compile",
        "importlib.import_module",
        "builtins.setattr",
        "builtins.type",
    ]
)


def canonical(path: str) -> str:
    """Return the one name of an object that has several."""
    known = _SAME.get(path)
    if known is not None:
        return known
    head, dot, rest = path.partition(".")
    if dot and (known := _SAME.get(head)) is not None:
        path = f"{known}.{rest}"
        return _SAME.get(path, path)
    return path


def is_module(path: str) -> bool:
    """Tell whether a full name is that of a module of the standard library."""
    return path in STDLIB or path in SUBMODULES


def module(name: str) -> Ref:
    """Return the module that importing ``name`` gives."""
    return Ref(canonical(name))


def member(path: str, name: str) -> Value:
    """Return the attribute ``name`` of an object of Python's own."""
    if name.startswith("__") and name.endswith("__"):
        special = _dunder(path, name)
        if special is not None:
            return special
    full = f"{path}.{name}"
    if full == "sys.modules":
        return Namespace(Ref(full))
    if full in _SAME:
        return Ref(_SAME[full])
    if path in STDLIB and full not in _OWN_NAMES:
        bare = name.lstrip("_")
        if bare in STDLIB and bare not in {path, "ast"}:
            return Ref(canonical(bare))
        if name in STDLIB and name != path:
            return Ref(canonical(name))
    if path not in STDLIB and name in REACHED_FOR:
        return Ref(name)
    if path == "builtins" and name not in BUILTINS:
        return UNKNOWN
    return Ref(full)


def _dunder(path: str, name: str) -> Value:
    owner, _, last = path.rpartition(".")
    match name:
        case "__builtins__":
            return Ref("builtins")
        case "__dict__":
            return Namespace(Ref(path))
        case "__call__" | "__func__" | "__wrapped__" | "__get__" | "__new__" if owner:
            return Ref(path)
        case "__self__" | "__globals__" if owner == "builtins":
            return Ref("builtins")
        case "__self__" if "." not in owner and owner:
            return Ref(owner)
        case "__globals__" if owner:
            return Namespace(Ref(owner.partition(".")[0]))
        case "__name__" | "__qualname__":
            return last or path
        case "__module__":
            return owner or UNKNOWN
        case "__doc__":
            return _document(path)
        case "__class__" if is_module(path):
            return Ref("types.ModuleType")
        case "__class__":
            kind = getattr(builtins, last, None) if owner == "builtins" else None
            return Ref("builtins.type") if isinstance(kind, type) else UNKNOWN
        case "__base__" | "__mro__" | "__bases__":
            return _ancestors(path, name)
        case "__import__" if path == "builtins":
            return Ref("builtins.__import__")
        case "__loader__" | "__spec__":
            return Ref("importlib.loader")
    return None


def _document(path: str) -> Value:
    owner, _, last = path.partition(".")
    found = getattr(builtins, last, UNKNOWN) if owner == "builtins" else UNKNOWN
    return UNKNOWN if found is UNKNOWN or found.__doc__ is None else found.__doc__


def _ancestors(path: str, name: str) -> Value:
    owner, _, last = path.partition(".")
    kind = getattr(builtins, last, None) if owner == "builtins" else None
    if not isinstance(kind, type):
        return UNKNOWN
    if name == "__base__":
        return Ref(f"builtins.{kind.__base__.__name__}") if kind.__base__ else UNKNOWN
    chain = kind.__mro__ if name == "__mro__" else kind.__bases__
    return tuple(Ref(f"builtins.{each.__name__}") for each in chain)


def class_of(value: Value) -> Value:
    """Return the class of plain data; UNKNOWN for the rest."""
    if isinstance(value, Either | Ref | Namespace) or value is UNKNOWN:
        return UNKNOWN
    kind = type(value)
    return Ref(f"builtins.{kind.__name__}") if kind.__module__ == "builtins" else UNKNOWN


def names_of(path: str) -> list[str] | None:
    """Return the names that a module has, for modules that are loaded here anyway."""
    found = sys.modules.get(path)
    return sorted(dir(found)) if found is not None and path in STDLIB else None

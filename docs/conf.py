"""Sphinx's configuration. Build with ``./dev docs``: every warning is an error, every reference resolves."""

import builtins
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "docs" / "_ext")]

with (ROOT / "pyproject.toml").open("rb") as _file:
    _project = tomllib.load(_file)["project"]

project = "Berm"
author = "The Berm authors"
copyright = author  # noqa: A001 - Sphinx's name
version = release = _project["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "berm_tables",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext"]
html_theme = "furo"
html_title = f"Berm {release}"
html_static_path: list[str] = []

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False  # the signature has the types

# Python's own names are not documented here, and the build needs no network to know that.
_stdlib = "|".join(map(re.escape, sorted(sys.stdlib_module_names)))
_builtin = "|".join(sorted(name for name in dir(builtins) if name.isidentifier()))
_bare = "Mapping|Sequence|Iterable|Iterator|Callable|Awaitable|AsyncIterator|Path|Any|NoReturn|Self"
nitpick_ignore_regex = [
    (r"py:.*", rf"({_stdlib})(\..+)?"),
    (r"py:.*", rf"({_builtin})"),
    (r"py:.*", rf"({_bare})"),
    (r"py:class", r"httpx\..+"),
    # Types that signatures of public classes name, but that nobody outside makes.
    (r"py:class", r"berm\.(cell|policy|analysis)\..+"),
    (r"py:class", r"httpx\..+"),
    (r"py:class", r"berm\.languages\.(definition|preparation|step|toolchain)\..+"),
]

"""Problem packages as the field has them: ICPC/Kattis, DMOJ, Polygon. Needs PyYAML (``berm[judge]``)."""

from __future__ import annotations

from pathlib import Path

from berm.errors import InputError
from berm.judge.packages import dmoj, icpc, polygon
from berm.judge.packages.package import Expectation, Labelled, Package
from berm.languages import Registry

__all__ = ["Expectation", "Labelled", "Package", "read"]

_READERS = {"problem.yaml": icpc.read, "init.yml": dmoj.read, "problem.xml": polygon.read}


def read(path: Path, registry: Registry, *, time_limit: float | None = None) -> Package:
    """Read a problem package.

    Args:
        path: its folder, or the file in it that describes it (``problem.yaml``, ``init.yml``,
            ``problem.xml``).
        registry: the languages, for the package's own programs.
        time_limit: seconds of CPU time, in place of the package's own.

    Raises:
        InputError: it is no package, or uses what is not supported; the message says what.
    """
    if path.name in _READERS and path.is_file():
        path = path.parent
    for name, reader in _READERS.items():
        if (path / name).is_file():
            return reader(path, registry, time_limit)
    raise InputError(
        f"{path} is no problem package.",
        remedy="Give a folder with a problem.yaml (ICPC, Kattis), init.yml (DMOJ) or problem.xml"
        " (Polygon). Unpack zip files first.",
    )

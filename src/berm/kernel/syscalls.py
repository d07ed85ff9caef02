"""Names and numbers of the syscalls of x86-64."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from berm.errors import PolicyError


@functools.cache
def table() -> Mapping[str, int]:
    """Return name → number for every syscall that Berm knows by name (see the file's header)."""
    text = resources.files("berm.kernel").joinpath("data/syscalls_x86_64.txt").read_text("ascii")
    found: dict[str, int] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            number, name = line.split()
            found[name] = int(number)
    return MappingProxyType(found)


@functools.cache
def _names() -> Mapping[int, str]:
    return {number: name for name, number in table().items()}


def number_of(name: str) -> int:
    """Return a syscall's number.

    Raises:
        PolicyError: there is no syscall of that name.
    """
    try:
        return table()[name]
    except KeyError:
        raise PolicyError(
            f"There is no syscall {name!r} on x86-64.",
            remedy="Write it as in the kernel's arch/x86/entry/syscalls/syscall_64.tbl.",
        ) from None


def name_of(number: int) -> str:
    """Return a syscall's name, or ``syscall_N`` for a number without one."""
    return _names().get(number, f"syscall_{number}")

"""Other sandboxes: the command in front of a program, for those that are installed here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Final

from berm.errors import InputError

_SHOWN: Final = ("/usr", "/lib", "/lib64", "/bin", "/etc")

_COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "bwrap": (
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session"),
        *(part for path in _SHOWN for part in ("--ro-bind-try", path, path)),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind", "{folder}", "/work"),  # noqa: S108
        *("--chdir", "/work", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--"),
    ),
    "firejail": (
        *("firejail", "--quiet", "--noprofile", "--net=none", "--private-tmp", "--private-dev"),
        *("--caps.drop=all", "--nonewprivs", "--seccomp", "--"),
    ),
    "nsjail": (
        *("nsjail", "-Mo", "-Q", "--disable_rlimits", "--iface_no_lo", "-T", "/tmp"),  # noqa: S108
        *(part for path in _SHOWN for part in ("-R", path)),
        *("-R", "{folder}", "--cwd", "{folder}", "--"),
    ),
    "unshare": (
        *("unshare", "--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--uts"),
        *("--fork", "--kill-child", "--mount-proc", "--"),
    ),
}
"""Each as its users start it for one program; none has Berm's limits or its answers."""


def known() -> Sequence[str]:
    """Return the sandboxes that can be compared with."""
    return tuple(_COMMANDS)


def installed() -> Sequence[str]:
    """Return those that are on PATH."""
    return tuple(name for name in _COMMANDS if shutil.which(name))


def chosen(text: str) -> Sequence[str]:
    """Return the sandboxes that a list with commas names; ``installed`` stands for all there are.

    Raises :class:`InputError` for one that is unknown, or not here.
    """
    if text in ("", "none"):
        return ()
    if text == "installed":
        return installed()
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in _COMMANDS:
            raise InputError(
                f"No command is known for the sandbox {name!r}.",
                remedy=f"Known: {', '.join(_COMMANDS)}.",
            )
        if name not in installed():
            raise InputError(
                f"{name} is not on PATH.",
                remedy=f"Install it, or compare with: {', '.join(installed()) or 'none'}.",
            )
    return names


def command(name: str, folder: str) -> list[str]:
    """Return the words in front of a program that lies in ``folder``; bwrap shows it as /work."""
    return [word.replace("{folder}", folder) for word in _COMMANDS[name]]

"""What brings a toolchain: packages of Debian, PyPI and npm, and the commands that install them."""

from __future__ import annotations

import dataclasses

from berm.languages.fields import Fields

PLACE = "/usr/local/lib/berm"
"""Where packages of PyPI and npm are installed for programs: below /usr, which every cell shows
read-only, and apart from what the machine uses itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class Install:
    """What brings a toolchain. Where one of ``apt``, ``pip``, ``npm`` is given, they suffice.

    Attributes:
        apt: packages of Debian and its relatives.
        pip: a package of PyPI with its version, installed into ``PLACE/pip``.
        npm: a package of npm with its version, installed into ``PLACE/npm``.
        other: what to do where no registry has it.
        files: what shows, besides the tools, that the packages are there (headers, for example).
    """

    apt: tuple[str, ...]
    pip: tuple[str, ...]
    npm: tuple[str, ...]
    other: str = ""
    files: tuple[str, ...] = ()

    def commands(self) -> tuple[str, ...]:
        """Return what an operator types, as root."""
        found = []
        if self.apt:
            found.append(" ".join(("apt-get install", *self.apt)))
        if self.pip:
            found.append(" ".join(("pip install --target", f"{PLACE}/pip", *self.pip)))
        if self.npm:
            found.append(" ".join(("npm install --prefix", f"{PLACE}/npm", *self.npm)))
        if self.other:
            found.append(self.other)
        return tuple(found)

    def sentence(self) -> str:
        """Return how to get the toolchain, in one sentence."""
        return f"On Debian and Ubuntu install it with: {' && '.join(self.commands())}"


def parse(fields: Fields) -> Install:
    """Check the table ``install``."""
    found = Install(
        apt=fields.texts("apt"),
        pip=fields.texts("pip"),
        npm=fields.texts("npm"),
        other=fields.text("other", default=""),
        files=fields.texts("files"),
    )
    fields.finish()
    return found

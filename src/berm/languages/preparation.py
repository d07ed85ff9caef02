"""What a toolchain can be prepared with, once a machine, and how a runtime waits for its program.

``[prepare]`` in a language file names files that come with Berm and stages: commands that are run
in cells, whose results are kept in a directory that cells can read (``{prepared}`` in commands) and
never write. ``[run.park]`` and ``[compile.park]`` say how the runtime is started before there is a
program, and what it is told once there is one.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from berm.errors import PolicyError
from berm.languages.fields import Fields
from berm.languages.step import CompileStep
from berm.model import MIB

FOLDER: Final = Path(__file__).with_name("parked")
"""Where the files that come with Berm lie."""


@dataclasses.dataclass(frozen=True, slots=True)
class ParkRule:
    """A runtime that is started in its cell and waits.

    Attributes:
        command: the template that starts it; the launcher adds the number of the descriptor on
            which it says that it is ready, and then hears what to do.
        hand: templates of what it is told; the submission's arguments follow.
        memory: bytes that one that waits takes, about; what the operator allows is shared out by it.
    """

    command: tuple[str, ...]
    hand: tuple[str, ...]
    memory: int


@dataclasses.dataclass(frozen=True, slots=True)
class StageRule:
    """One command of a preparation.

    Attributes:
        command: the template; it is run where the rule's files lie.
        collect: patterns of what it makes.
        place: directory below the prepared one for what it made.
        pack: name of the archive (zip) that holds it instead, or an empty string.
    """

    command: tuple[str, ...]
    collect: tuple[str, ...]
    place: str
    pack: str


@dataclasses.dataclass(frozen=True, slots=True)
class PrepareRule:
    """How a toolchain is prepared.

    Attributes:
        files: name in the stages' working directory → contents.
        keep: those of the files that are themselves part of the result.
        stages: in order; later ones find in ``{prepared}`` what earlier ones made.
    """

    files: Mapping[str, bytes]
    keep: tuple[str, ...]
    stages: tuple[StageRule, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """One stage with its command as a step for a cell."""

    rule: StageRule
    step: CompileStep


_BLANK: Final = rb"(?>\s++|//[^\n\\]*+\n|/\*(?>[^*]|\*(?!/))*+\*/)*+"
"""White space and comments; one whose line goes on (a backslash at its end) is left to the compiler."""


def begins_with(source: bytes, header: str) -> bool:
    """True if a C or C++ source has nothing but comments before it includes ``header``.

    Then nothing can change what the header means: no macro, no pragma, no other header.
    """
    name = re.escape(header.encode())
    return re.match(_BLANK + rb'#[ \t]*include[ \t]*[<"]' + name + rb'[>"]', source) is not None


def parse(fields: Fields) -> PrepareRule | None:
    """Read a ``[prepare]`` table."""
    if not fields:
        return None
    rule = PrepareRule(
        files={name: _contents(fields, file) for name, file in fields.words("files").items()},
        keep=fields.texts("keep"),
        stages=tuple(_stage(stage) for _, stage in fields.tables("stages", required=False)),
    )
    fields.finish()
    if missing := set(rule.keep) - set(rule.files):
        raise PolicyError(f"{fields.where}.keep names what is no file: {', '.join(missing)}.")
    return rule


def parse_park(fields: Fields) -> ParkRule | None:
    """Read a ``[*.park]`` table."""
    if not fields:
        return None
    rule = ParkRule(
        command=fields.texts("command", required=True),
        hand=fields.texts("hand"),
        memory=fields.whole("memory_mib", 64) * MIB,
    )
    fields.finish()
    return rule


def _stage(fields: Fields) -> StageRule:
    rule = StageRule(
        command=fields.texts("command", required=True),
        collect=fields.texts("collect", required=True),
        place=fields.text("place", default=""),
        pack=fields.text("pack", default=""),
    )
    fields.finish()
    return rule


def _contents(fields: Fields, file: str) -> bytes:
    try:
        return FOLDER.joinpath(file).read_bytes()
    except OSError as error:
        raise PolicyError(f"{fields.where}.files: {file}: {error.strerror}.") from error

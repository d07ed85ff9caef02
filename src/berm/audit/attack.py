"""An attack: one source file whose leading comment is TOML.

The header says what the attack goes for, which layers must each stop it alone, and which
end counts as held. The runner never executes the file outside a cell.

How an attack answers (see ``attacks/parts/attack.py``): a line ``HELD <by what>``,
``ESCAPED <evidence>`` or ``MOOT <why it proves nothing here>``. Evidence that the host finds by
itself (a canary in the output, a bystander hurt, a host file changed, something left behind)
counts whatever the attack says.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from berm.errors import PolicyError
from berm.model import Guarantee, Limits, OutcomeKind

#: File name extension → language of the registry, and what begins a comment line there.
_LANGUAGES: Mapping[str, tuple[str, str]] = {
    ".py": ("python", "#"),
    ".c": ("c", "//"),
    ".cpp": ("cpp", "//"),
    ".js": ("javascript", "//"),
    ".java": ("java", "//"),
}

#: What every attack of a language finds beside it.
_SUPPORT: Mapping[str, tuple[str, ...]] = {
    "python": ("attack.py",),
    "c": ("attack.h",),
    "cpp": ("attack.h",),
}

#: Limits of an attack whose header gives none: small, so that a bomb is over soon.
_LIMITS: Mapping[str, float | int] = {"cpu_time": 4.0, "wall_time": 6.0}

WORLDS = ("namespaces", "confined")


@dataclasses.dataclass(frozen=True, slots=True)
class Attack:
    """One attack as its file describes it.

    Attributes:
        id: the file's name without extension.
        title: what it tries, as a short clause.
        guarantee: the promise that it would break.
        layers: layers that each stop it alone, where they are in force.
        confined: the same for the confined plan, where its layers have other rules; empty if
            there is no difference.
        source: the published escapes or measured traps that bought this attack.
        language: name in the language registry.
        text: the source, header included. In a compile-stage attack ``@@name@@`` stands for
            the staged value of that name.
        expect: ends that count as held without a line from the attack: an outcome kind, or
            ``signalled:SIGABRT``, ``exited:7``.
        needs: what must be staged on the host (``berm.audit.props``).
        stage: ``run``: the program attacks; ``compile``: its source attacks the compiler.
        limits: limits for the run that differ from the attack default.
        files: further files in ``attacks/parts`` put beside it, by name.
        neighbour: a file in ``attacks/parts`` that runs as another run beforehand or beside.
        when: ``before`` or ``during``: when the neighbour runs.
        stdin: bytes of zeros fed to standard input.
        worlds: families of plan in which the promise is made; elsewhere ``notes`` says why.
        machines: machine types (``platform.machine()``) for which it is written; empty = all.
        bare: who gets through without Berm, so that a test can prove that the attack is
            real: ``user``, ``root`` (only root does), or empty, with the reason in ``why``.
        why: reason that there is no proof outside a cell.
        notes: what a reader should know.
    """

    id: str
    title: str
    guarantee: Guarantee
    layers: tuple[str, ...]
    source: tuple[str, ...]
    language: str
    text: str
    expect: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    stage: str = "run"
    limits: Limits = dataclasses.field(default_factory=Limits)
    files: tuple[str, ...] = ()
    neighbour: str = ""
    when: str = "before"
    stdin: int = 0
    confined: tuple[str, ...] = ()
    worlds: tuple[str, ...] = WORLDS
    machines: tuple[str, ...] = ()
    bare: str = ""
    why: str = ""
    notes: str = ""

    def layers_in(self, plan: str) -> tuple[str, ...]:
        """Return the layers that each stop it alone in that family of plan."""
        return self.confined if plan == "confined" and self.confined else self.layers

    @property
    def support(self) -> tuple[str, ...]:
        """Names in ``attacks/parts`` of all files that stand beside the attack."""
        return (*_SUPPORT.get(self.language, ()), *self.files)


def parse_attack(name: str, text: str) -> Attack:
    """Read one attack file. Raises :class:`PolicyError` naming the file and the fault."""
    stem, dot, extension = name.rpartition(".")
    if dot + extension not in _LANGUAGES:
        raise PolicyError(f"Attack {name}: no language has the extension .{extension}.")
    language, mark = _LANGUAGES[dot + extension]
    header = itertools.takewhile(lambda line: line.startswith(mark), text.splitlines())
    try:
        data: dict[str, Any] = tomllib.loads("\n".join(line[len(mark) :] for line in header))
        return _attack(stem, language, text, data)
    except (tomllib.TOMLDecodeError, ValueError, KeyError, TypeError) as error:
        raise PolicyError(
            f"Attack {name}: its header is wrong ({error!r}).",
            remedy="See the attributes of berm.audit.attack.Attack for what a header may hold.",
        ) from error


def _attack(stem: str, language: str, text: str, data: dict[str, Any]) -> Attack:
    if data.pop("id") != stem:
        raise ValueError("id is not the file's name")
    for field in ("layers", "confined", "source", "expect", "needs", "files", "worlds", "machines"):
        if field in data:
            data[field] = tuple(data[field])
    data["guarantee"] = Guarantee(data["guarantee"])
    data["limits"] = Limits(**{**_LIMITS, **data.get("limits", {})})
    attack = Attack(id=stem, language=language, text=text, **data)
    for end in attack.expect:
        OutcomeKind(end.partition(":")[0])
    if not attack.layers:
        raise ValueError("layers is empty")
    if not attack.bare and not attack.why:
        raise ValueError("neither bare nor why")
    allowed = {
        "stage": ("run", "compile"),
        "when": ("before", "during"),
        "bare": ("user", "root", ""),
    }
    for field, values in allowed.items():
        if getattr(attack, field) not in values:
            raise ValueError(f"{field} is not one of {values}")
    return attack


def _folder() -> Traversable:
    return resources.files("berm.audit") / "attacks"


@functools.cache
def all_attacks() -> Mapping[str, Attack]:
    """Return every attack that is shipped, by id, in alphabetical order."""
    found = (
        parse_attack(item.name, item.read_text(encoding="utf-8"))
        for item in _folder().iterdir()
        if item.is_file() and item.name[item.name.rfind(".") :] in _LANGUAGES
    )
    return {attack.id: attack for attack in sorted(found, key=lambda attack: attack.id)}


@functools.cache
def part(name: str) -> bytes:
    """Return a file of ``attacks/parts``."""
    return (_folder() / "parts" / name).read_bytes()

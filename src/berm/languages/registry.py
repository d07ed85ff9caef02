"""All languages: read from data, looked up by any name, each toolchain found when it is asked for.

What finding costs is paid once, for the languages that are used: a program that runs one Python file
never looks for a Java compiler. A service that wants all of them asks for :meth:`Registry.all`
once, in a thread; they are then found side by side.
"""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
import os
import re
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from berm.errors import ConfigError, LanguageError, PolicyError
from berm.languages import toolchain as toolchains
from berm.languages import variants
from berm.languages.definition import load, read
from berm.languages.language import Language, check, missing
from berm.languages.sightings import Sightings, shared, usual_path

DATA = Path(__file__).with_name("data")

Overrides = Mapping[str, Mapping[str, str]]
"""Language → tool → path: the operator's choice of programs."""

_PROBES_AT_A_TIME = 8
_SHEBANG = re.compile(rb"#![ \t]*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?")
_SHEBANG_LONGEST = 256


class Registry:
    """The languages of this machine, available or not."""

    def __init__(self, languages: Iterable[Language]) -> None:
        """Take languages as they are; :meth:`open` is the usual way.

        Raises:
            PolicyError: two languages claim the same name.
        """
        self._sightings = Sightings()
        self._names: dict[str, _Slot] = {}
        self._slots: tuple[_Slot, ...] = ()
        self._take(_Slot.of(language) for language in languages)

    @classmethod
    def open(
        cls, overrides: Overrides | None = None, data: Path = DATA, *, remember: bool = True
    ) -> Registry:
        """Read the names of all languages; a toolchain is looked for when its language is asked for.

        Args:
            overrides: language → tool → path, tried instead of everything else.
            data: the directory of language files.
            remember: believe what an earlier process saw of the very same programs, and keep
                what this one sees (``berm.languages.sightings``); else look in this process.

        Raises:
            PolicyError: a language file is wrong.
            ConfigError: an override names an unknown language or tool.
        """
        registry = cls(())
        registry._sightings = shared(usual_path(os.environ) if remember else None)
        registry._take(
            slot
            for path in sorted(data.glob("*.toml"))
            for slot in _slots_of(path, registry._sightings)
        )
        registry._override(overrides or {})
        return registry

    @classmethod
    def discover(
        cls, overrides: Overrides | None = None, data: Path = DATA, *, remember: bool = True
    ) -> Registry:
        """Do as :meth:`open`, and find and verify all toolchains now, side by side."""
        registry = cls.open(overrides, data, remember=remember)
        registry.all()
        return registry

    def all(self) -> tuple[Language, ...]:
        """Return every language known, by name. The first call finds all toolchains."""
        waiting = [slot for slot in self._slots if not slot.looked]
        if waiting:
            with ThreadPoolExecutor(_PROBES_AT_A_TIME, "berm-toolchain") as pool:
                list(pool.map(_Slot.language, waiting))
            self._sightings.save()
        return tuple(slot.language() for slot in self._slots)

    def available(self) -> tuple[Language, ...]:
        """Return the languages whose toolchain works here, by name. As costly as :meth:`all`."""
        return tuple(language for language in self.all() if language.available)

    def find(self, name: str) -> Language:
        """Return a language by its name or an alias, whether its toolchain is there or not.

        Raises:
            LanguageError: no language has that name; the message lists those there are.
        """
        slot = self._names.get(_key(name))
        if slot is None:
            raise self._unknown(name)
        if slot.looked:
            return slot.language()
        found = slot.language()
        self._sightings.save()
        return found

    def get(self, name: str) -> Language:
        """Return a language that can be used, by its name or an alias.

        Raises:
            LanguageError: no language has that name, or its toolchain is missing; the message
                lists the languages there are, or says how to install this one.
        """
        language = self.find(name)
        if not language.available:
            raise missing(language)
        return language

    async def usable(self, name: str) -> Language:
        """Do as :meth:`get`, without blocking the event loop while a toolchain is looked for."""
        slot = self._names.get(_key(name))
        if slot is not None and not slot.looked:
            await asyncio.to_thread(self.find, name)
        return self.get(name)

    def of_file(self, name: str, source: bytes = b"") -> Language:
        """Return the language of a file by its extension, else by its ``#!`` line.

        Raises:
            LanguageError: neither tells a language.
        """
        extension = PurePosixPath(name).suffix.removeprefix(".")
        for wanted in (extension, extension.lower()):  # .R before .r, where they differ
            for slot in self._slots:
                if wanted and wanted in slot.extensions:
                    return self.find(slot.name)
        interpreter = _interpreter(source)
        for slot in self._slots:
            if interpreter in slot.shebangs:
                return self.find(slot.name)
        raise LanguageError(
            f"The file name {name!r} does not tell a language.",
            remedy=f"Name the language. Supported: {self._supported()}.",
        )

    def _take(self, slots: Iterable[_Slot]) -> None:
        self._slots = tuple(sorted(slots, key=lambda slot: slot.name))
        self._names = {}
        for slot in self._slots:
            for name in (slot.name, *slot.aliases):
                other = self._names.setdefault(_key(name), slot)
                if other is not slot:
                    raise PolicyError(
                        f"The languages {other.name} and {slot.name} both claim {name!r}.",
                        remedy="Remove the alias from one of their files.",
                    )

    def _override(self, overrides: Overrides) -> None:
        """Tell the languages which programs the operator chose."""
        by_name = {slot.name: slot for slot in self._slots}
        for language, tools in overrides.items():
            slot = by_name.get(language)
            if slot is None:
                raise ConfigError(
                    f"The configuration names the unknown language {language!r}.",
                    remedy=f"Known: {', '.join(by_name)}.",
                )
            slot.override(tools)

    def _unknown(self, name: str) -> LanguageError:
        near = difflib.get_close_matches(_key(name), self._names, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        text = str(name)
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        return LanguageError(
            f"The language {shown!r} is unknown.{guess}",
            remedy=f"Supported: {self._supported()}.",
        )

    def _supported(self) -> str:
        return ", ".join(slot.name for slot in self._slots if not slot.variant)


@dataclasses.dataclass(slots=True)
class _Slot:
    """A language's names, and the language itself once it was asked for."""

    name: str
    aliases: tuple[str, ...]
    extensions: tuple[str, ...]
    shebangs: tuple[str, ...] = ()
    path: Path | None = None
    variant: str = ""
    sightings: Sightings | None = None
    chosen: Mapping[str, str] = dataclasses.field(default_factory=dict)
    found: Language | None = None
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    @classmethod
    def of(cls, language: Language) -> _Slot:
        definition = language.definition
        return cls(
            definition.name,
            definition.aliases,
            definition.extensions,
            definition.shebangs,
            found=language,
        )

    @property
    def looked(self) -> bool:
        """True once the toolchain was looked for."""
        return self.found is not None

    def language(self) -> Language:
        """Return the language; the first call finds its toolchain."""
        with self.lock:
            if self.found is None:
                self.found = self._find()
            return self.found

    def override(self, tools: Mapping[str, str]) -> None:
        """Take the operator's choice of programs for this language."""
        if self.path is None:
            return
        known = [tool.name for tool in load(self.path, self.variant).tools]
        for tool, path in tools.items():
            if tool not in known or not path.startswith("/"):
                raise ConfigError(
                    f"languages.{self.name}.{tool} = {path!r} cannot be used.",
                    remedy=f"Give an absolute path to one of: {', '.join(known)}.",
                )
        self.chosen = tools

    def _find(self) -> Language:
        assert self.path is not None  # noqa: S101 - only a slot made from a language has none
        definition = load(self.path, self.variant)
        check(definition)
        try:
            found = toolchains.find(definition, self.chosen, self.sightings or Sightings())
            return Language(definition, found)
        except toolchains.ToolchainError as error:
            return Language(definition, None, str(error))


def _slots_of(path: Path, sightings: Sightings) -> Iterable[_Slot]:
    """Yield the names in one file: cheaply, since all files are read for it at every start."""
    head = read(path, head=True)
    yield _Slot(
        path.stem,
        _texts(head, "aliases", path),
        _texts(head, "extensions", path),
        _texts(head, "shebangs", path),
        path=path,
        sightings=sightings,
    )
    if head.get("variants_below"):
        for name, aliases in variants.names(read(path)).items():
            yield _Slot(name, aliases, (), path=path, variant=name, sightings=sightings)


def _texts(head: Mapping[str, object], key: str, path: Path) -> tuple[str, ...]:
    value = head.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise PolicyError(f"{path.name}.{key} must be a list of strings.")
    return tuple(value)


def _interpreter(source: bytes) -> str:
    """Return the interpreter's name in a ``#!`` line (``env`` is looked through), or nothing."""
    match = _SHEBANG.match(source[:_SHEBANG_LONGEST])
    if match is None:
        return ""
    name = match[1].rsplit(b"/", 1)[-1]
    if name == b"env" and match[2]:
        name = match[2].rsplit(b"/", 1)[-1]
    return name.decode("utf-8", "replace")


def _key(name: str) -> str:
    return str(name).strip().lower()

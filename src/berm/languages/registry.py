"""All languages: read from data, their toolchains found at once, looked up by any name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from berm.errors import ConfigError, LanguageError, PolicyError
from berm.languages import toolchain as toolchains
from berm.languages.definition import Definition, load
from berm.languages.language import Language, check, missing

DATA = Path(__file__).with_name("data")

Overrides = Mapping[str, Mapping[str, str]]
"""Language → tool → path: the operator's choice of programs."""

_PROBES_AT_A_TIME = 8


class Registry:
    """The languages of this machine, available or not."""

    def __init__(self, languages: Iterable[Language]) -> None:
        """Take languages as they are; :meth:`discover` is the usual way.

        Raises:
            PolicyError: two languages claim the same name.
        """
        self._languages = tuple(sorted(languages, key=lambda language: language.name))
        self._names: dict[str, Language] = {}
        for language in self._languages:
            for name in (language.name, *language.aliases):
                other = self._names.setdefault(_key(name), language)
                if other is not language:
                    raise PolicyError(
                        f"The languages {other.name} and {language.name} both claim {name!r}.",
                        remedy="Remove the alias from one of their files.",
                    )

    @classmethod
    def discover(cls, overrides: Overrides | None = None, data: Path = DATA) -> Registry:
        """Read every language file and find and verify the toolchains, side by side.

        Args:
            overrides: language → tool → path, tried instead of everything else.
            data: the directory of language files.

        Raises:
            PolicyError: a language file is wrong.
            ConfigError: an override names an unknown language or tool.
        """
        definitions = [load(path) for path in sorted(data.glob("*.toml"))]
        chosen = _checked_overrides(definitions, overrides or {})
        for definition in definitions:
            check(definition)
        with ThreadPoolExecutor(_PROBES_AT_A_TIME, "berm-toolchain") as pool:
            languages = pool.map(lambda d: _language(d, chosen.get(d.name, {})), definitions)
        return cls(languages)

    def all(self) -> tuple[Language, ...]:
        """Return every language known, by name."""
        return self._languages

    def available(self) -> tuple[Language, ...]:
        """Return the languages whose toolchain works here, by name."""
        return tuple(language for language in self._languages if language.available)

    def find(self, name: str) -> Language:
        """Return a language by its name or an alias, whether its toolchain is there or not.

        Raises:
            LanguageError: no language has that name; the message lists those there are.
        """
        language = self._names.get(_key(name))
        if language is None:
            raise self._unknown(name)
        return language

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

    def of_file(self, name: str) -> Language:
        """Return the language of a file by its extension.

        Raises:
            LanguageError: no language has that extension.
        """
        extension = PurePosixPath(name).suffix.removeprefix(".").lower()
        for language in self._languages:
            if extension in language.definition.extensions:
                return language
        raise LanguageError(
            f"The file name {name!r} does not tell a language.",
            remedy=f"Name the language. Supported: {self._supported()}.",
        )

    def _unknown(self, name: str) -> LanguageError:
        near = difflib.get_close_matches(_key(name), self._names, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        shown = name if len(name) <= 40 else f"{name[:40]}..."
        return LanguageError(
            f"The language {shown!r} is unknown.{guess}",
            remedy=f"Supported: {self._supported()}.",
        )

    def _supported(self) -> str:
        return ", ".join(language.name for language in self._languages)


def _key(name: str) -> str:
    return name.strip().lower()


def _language(definition: Definition, overrides: Mapping[str, str]) -> Language:
    try:
        return Language(definition, toolchains.find(definition, overrides))
    except toolchains.ToolchainError as error:
        return Language(definition, None, str(error))


def _checked_overrides(definitions: Iterable[Definition], overrides: Overrides) -> Overrides:
    by_name = {definition.name: definition for definition in definitions}
    for language, tools in overrides.items():
        definition = by_name.get(language)
        if definition is None:
            raise ConfigError(
                f"The configuration names the unknown language {language!r}.",
                remedy=f"Known: {', '.join(by_name)}.",
            )
        known = [tool.name for tool in definition.tools]
        for tool, path in tools.items():
            if tool not in known or not path.startswith("/"):
                raise ConfigError(
                    f"languages.{language}.{tool} = {path!r} cannot be used.",
                    remedy=f"Give an absolute path to one of: {', '.join(known)}.",
                )
    return overrides

"""One table of the configuration file and its environment variables, as a frozen, checked value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from berm.errors import ConfigError

# What Kubernetes sets in every pod beside a Service called "berm-store", for one.
_OF_KUBERNETES = re.compile(r"service_host|service_port(_.*)?|port(_\d+_.*)?")


class Section(BaseModel):
    """Settings of one table. Every bad value is a :class:`berm.ConfigError` at start.

    A subclass names its table in ``TABLE`` and the beginning of its variables in ``PREFIX``;
    settings in ``LISTS`` are written with commas in the environment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    TABLE: ClassVar[str]
    PREFIX: ClassVar[str]
    LISTS: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def load(
        cls,
        table: Mapping[str, object],
        environ: Mapping[str, str],
        overrides: Mapping[str, object] | None = None,
    ) -> Self:
        """Put the settings together: command line over environment over configuration file.

        Args:
            table: the file's table.
            environ: only names that start with ``PREFIX`` are looked at.
            overrides: what the command line gave; None values do not count.

        Raises:
            ConfigError: an unknown name or a bad value, with the place it came from. The value
                itself is never in the text: it may be a secret.
        """
        if not isinstance(table, Mapping):
            raise ConfigError(
                f"{cls.TABLE} in the configuration file is not a table.",
                remedy=f"Write its settings below a line [{cls.TABLE}].",
            )
        sources: dict[str, tuple[str, object]] = {}
        for name, value in table.items():
            sources[name] = (f"{cls.TABLE}.{name} in the configuration file", value)
        for variable, text in environ.items():
            if not variable.startswith(cls.PREFIX):
                continue
            name = variable.removeprefix(cls.PREFIX).lower()
            if name in cls.model_fields or not _OF_KUBERNETES.fullmatch(name):
                given = _items(text) if name in cls.LISTS else text
                sources[name] = (f"the environment variable {variable}", given)
        for name, value in (overrides or {}).items():
            if value is not None:
                sources[name] = (f"--{name.replace('_', '-')}", value)
        for name, (place, _) in sources.items():
            if name not in cls.model_fields:
                raise cls._unknown(name, place)
        try:
            return cls.model_validate({name: value for name, (_, value) in sources.items()})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = str(first["loc"][0]) if first["loc"] else ""
            place = sources[name][0] if name in sources else f"{cls.TABLE}.{name}".rstrip(".")
            description = cls.model_fields[name].description if name else None
            raise ConfigError(
                f"The setting {place} is wrong: {first['msg']}.",
                remedy=f"{name}: {description or first['msg']}" if name else "",
            ) from None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready data, secrets hidden."""
        return self.model_dump(mode="json")

    @classmethod
    def _unknown(cls, name: str, place: str) -> ConfigError:
        known = list(cls.model_fields)
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        return ConfigError(
            f"The setting {place} does not exist.",
            remedy=f"{hint}The settings of [{cls.TABLE}] are: {', '.join(known)}.",
        )


def _items(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())

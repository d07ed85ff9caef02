"""What the operator may set about the store: the table ``[store]`` and ``BERM_STORE_*``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from berm.errors import StoreError
from berm.service.section import Section

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")
_FILE: Final = "berm.db"


class StoreSettings(Section):
    """Settings of the store. Times are seconds."""

    TABLE: ClassVar[str] = "store"
    PREFIX: ClassVar[str] = "BERM_STORE_"

    url: SecretStr = Field(
        SecretStr(""),
        description="sqlite:////absolute/path.db, or postgresql://user:password@host/database."
        " Empty: SQLite in the service's state directory.",
    )
    connections: int = Field(
        8, ge=2, le=200, description="Connections to PostgreSQL that this process may hold."
    )
    patience: float = Field(
        8.0,
        gt=0,
        le=300,
        description="Seconds that a request waits for a store that does not answer.",
    )

    @field_validator("url")
    @classmethod
    def _known(cls, url: SecretStr) -> SecretStr:
        text = url.get_secret_value()
        if text and not text.startswith((_SQLITE, *_POSTGRESQL)):
            raise ValueError("it must start with sqlite:/// or postgresql://")
        if text.startswith(_SQLITE) and not text.removeprefix(_SQLITE).strip("/"):
            raise ValueError("it names no file")
        return url

    @property
    def chosen(self) -> bool:
        """True if the operator said where the store is."""
        return bool(self.url.get_secret_value())

    @property
    def postgresql(self) -> str:
        """The address of a PostgreSQL database, an empty string for SQLite."""
        text = self.url.get_secret_value()
        return text if text.startswith(_POSTGRESQL) else ""

    def sqlite_file(self, environ: Mapping[str, str] | None = None) -> Path:
        """Return the SQLite file; by default in the state directory, as systemd or XDG name it."""
        if text := self.url.get_secret_value():
            return Path(text.removeprefix(_SQLITE)).absolute()
        environ = os.environ if environ is None else environ
        if systemd := environ.get("STATE_DIRECTORY", "").partition(":")[0]:
            return Path(systemd, _FILE)
        if xdg := environ.get("XDG_STATE_HOME"):
            return Path(xdg, "berm", _FILE)
        home = environ.get("HOME")
        if not home:
            raise StoreError(
                "There is no state directory for the store: HOME is not set.",
                remedy="Set [store] url (BERM_STORE_URL), such as sqlite:////var/lib/berm/berm.db.",
            )
        return Path(home, ".local/state/berm", _FILE)

    def place(self) -> str:
        """Name the store for people, without its password."""
        if not self.postgresql:
            return str(self.sqlite_file())
        parts = urlsplit(self.postgresql)
        return f"PostgreSQL at {parts.hostname or 'a local socket'}{parts.path}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready data; of the address only what is no secret."""
        shown = self.model_dump(mode="json")
        shown["url"] = self.place() if self.url.get_secret_value() else ""
        return shown

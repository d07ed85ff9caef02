"""What the operator may set about webhooks: the table ``[webhooks]`` and ``BERM_WEBHOOKS_*``."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import ClassVar, Final

from pydantic import Field, SecretStr, field_validator

from berm.service.section import Section
from berm.service.webhooks.target import Network

_LEAST_KEY: Final = 32
_GROWTH: Final = 4.0
_LONGEST_PAUSE: Final = 6 * 3600.0


class WebhookSettings(Section):
    """Settings of webhooks. Times are seconds."""

    TABLE: ClassVar[str] = "webhooks"
    PREFIX: ClassVar[str] = "BERM_WEBHOOKS_"
    LISTS: ClassVar[frozenset[str]] = frozenset({"allow"})

    key: SecretStr = Field(
        SecretStr(""),
        description="The secret from which every user's signing secret is made, 32 characters or"
        " more, the same for all replicas; empty: no webhooks.",
    )
    previous_key: SecretStr = Field(
        SecretStr(""),
        description="The key before it: deliveries are signed with both while receivers change.",
    )
    allow: tuple[str, ...] = Field(
        (),
        description="Networks that webhooks may reach besides the public internet, such as"
        " 10.20.0.0/16.",
    )
    plain: bool = Field(False, description="Whether http:// is allowed besides https://.")
    attempts: int = Field(8, ge=1, le=30, description="Deliveries tried before one is given up.")
    first_pause: float = Field(
        5.0,
        gt=0,
        le=3600,
        description="Before the second attempt; each next one is four times it, at most 6 hours.",
    )
    timeout: float = Field(
        10.0, gt=0, le=120, description="For one delivery, from the name's address to the answer."
    )
    at_a_time: int = Field(8, ge=1, le=256, description="Deliveries under way in one replica.")
    at_a_time_per_user: int = Field(
        2, ge=1, le=256, description="Of one user's, so that slow receivers of theirs delay nobody."
    )

    @field_validator("key", "previous_key")
    @classmethod
    def _long(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < _LEAST_KEY:
            raise ValueError(f"it has fewer than {_LEAST_KEY} characters")
        return key

    @field_validator("allow")
    @classmethod
    def _networks(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            ipaddress.ip_network(text)
        return texts

    @property
    def enabled(self) -> bool:
        """True if there is a key to sign with."""
        return bool(self.key.get_secret_value())

    def networks(self) -> tuple[Network, ...]:
        """Return ``allow`` parsed."""
        return tuple(ipaddress.ip_network(text) for text in self.allow)

    def pause(self, tries: int) -> float:
        """Return the seconds before the next attempt after so many."""
        return min(self.first_pause * _GROWTH ** (tries - 1), _LONGEST_PAUSE)

    def signing_keys(self, owner: str) -> list[bytes]:
        """Return the keys that an owner's deliveries are signed with, the one in force first.

        They are made from the setting and the name, so that no secret of a user's is stored.
        """
        return [
            hmac.new(key.encode(), b"berm webhook\0" + owner.encode(), hashlib.sha256).digest()
            for key in (self.key.get_secret_value(), self.previous_key.get_secret_value())
            if key
        ]

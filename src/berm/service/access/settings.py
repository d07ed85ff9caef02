"""What the operator may set about who may ask: the table ``[auth]`` and ``BERM_AUTH_*``."""

from __future__ import annotations

import ipaddress
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from berm.service.access.jwks import safe
from berm.service.access.tokens import ALGORITHMS
from berm.service.principal import Role
from berm.service.section import Section


class AuthSettings(Section):
    """Settings of authentication: API keys from the store, and tokens of one OpenID Connect issuer."""

    TABLE: ClassVar[str] = "auth"
    PREFIX: ClassVar[str] = "BERM_AUTH_"
    LISTS: ClassVar[frozenset[str]] = frozenset({"algorithms", "origins", "proxies"})

    mode: Literal["auto", "on", "off"] = Field(
        "auto",
        description="on: every request but health, docs and openapi.json needs a key or a token."
        " off: nobody needs one, and everybody is the same user. auto: off on a loopback address,"
        " for requests that come straight from this machine, and on everywhere else.",
    )
    issuer: str = Field(
        "",
        max_length=500,
        description="The OpenID Connect issuer whose tokens are accepted, exactly as its tokens"
        " name it; empty: none.",
    )
    audience: str = Field(
        "", max_length=500, description="What a token's `aud` must name. Needed with an issuer."
    )
    jwks_url: str = Field(
        "", max_length=2000, description="Where the issuer's keys are; empty: found by discovery."
    )
    algorithms: tuple[str, ...] = Field(
        ("RS256", "ES256"),
        min_length=1,
        description="Signature algorithms that are accepted; none with a shared secret can be.",
    )
    user_claim: str = Field("sub", min_length=1, description="The claim that names the user.")
    role_claim: str = Field(
        "",
        description="The claim with the user's role or roles (student, teacher, admin, service);"
        " empty: every token has default_role.",
    )
    default_role: Role | None = Field(
        Role.STUDENT,
        description="The role where the claim says nothing; an empty text refuses the token.",
    )
    proxies: tuple[str, ...] = Field(
        (),
        description="Networks of the proxies in front, whose X-Forwarded-For is believed.",
    )
    origins: tuple[str, ...] = Field(
        (),
        description="Web pages that may open WS /v1/run besides the service's own, such as"
        " https://course.example.",
    )

    @field_validator("algorithms")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(names) - set(ALGORITHMS)):
            raise ValueError(f"{', '.join(unknown)} cannot be used; {', '.join(ALGORITHMS)} can")
        return names

    @field_validator("default_role", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("proxies")
    @classmethod
    def _networks(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            ipaddress.ip_network(text)
        return texts

    @field_validator("jwks_url")
    @classmethod
    def _safe_url(cls, url: str) -> str:
        if url and not safe(url):
            raise ValueError("it must begin with https:// (or http:// for this machine)")
        return url

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer and not self.audience:
            raise ValueError("an issuer needs an audience, else tokens for others would be taken")
        if self.issuer and not self.jwks_url and not safe(self.issuer):
            raise ValueError("the issuer must begin with https://, or jwks_url say where keys are")
        return self

    def required_on(self, *, loopback: bool) -> bool:
        """Tell whether requests need a key or a token on such an address."""
        return self.mode == "on" or (self.mode == "auto" and not loopback)

    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Return ``proxies`` parsed."""
        return tuple(ipaddress.ip_network(text) for text in self.proxies)

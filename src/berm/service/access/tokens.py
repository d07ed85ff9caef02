"""Identity tokens: JWTs of one OpenID Connect issuer, checked by its public keys.

What is trusted is pinned by the operator: issuer, audience, algorithms. The token's own header only
chooses among the issuer's keys. Symmetric algorithms and ``none`` cannot be configured, so that a
public key can never be taken for a secret.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Final

from joserfc import jws, jwt
from joserfc.errors import JoseError

from berm.errors import BermError
from berm.service.access.jwks import KeyCache
from berm.service.access.roles import scopes_of
from berm.service.principal import Principal, Role

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "EdDSA",
)
"""What may be configured: signatures by a private key alone."""

MAX_TOKEN: Final = 8 * 1024
_LEEWAY: Final = 60
_LONGEST: Final = 24 * 3600
_MAX_SUBJECT: Final = 200
_HEADER: Final = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256", "cty"})
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})


class TokenError(BermError):
    """The token is not one that this service accepts. The text is safe to tell."""


class TokenVerifier:
    """Checks the tokens of one issuer.

    Args:
        keys: the issuer's.
        issuer, audience: what the token must say.
        algorithms: a part of :data:`ALGORITHMS`.
        user_claim: the claim that names the user.
        role_claim: the claim with a role, or with a list of them; empty: everybody has ``default``.
        roles: what the claim's values mean here; a value that is not in it means nothing.
        default: the role of a token whose claim means nothing; None refuses it.
    """

    def __init__(
        self,
        keys: KeyCache,
        *,
        issuer: str,
        audience: str,
        algorithms: tuple[str, ...] = ("RS256", "ES256"),
        user_claim: str = "sub",
        role_claim: str = "",
        roles: Mapping[str, Role] | None = None,
        default: Role | None = Role.STUDENT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._algorithms = list(algorithms)
        self._registry = jws.JWSRegistry(algorithms=self._algorithms)
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        self._clock = clock
        self._user_claim = user_claim
        self._role_claim = role_claim
        self._roles = {role.value: role for role in Role} if roles is None else dict(roles)
        self._default = default

    async def verify(self, token: str) -> Principal:
        """Return whom the token is about.

        Raises:
            TokenError: it is not accepted.
            ProviderError: the issuer's keys cannot be had.
        """
        kid = _key_id(token, self._algorithms)
        keys = await self._keys.get(kid)
        try:
            # The registry checks the header again, `crit` included, and that the key fits it.
            claims = jwt.decode(
                token, keys, algorithms=self._algorithms, registry=self._registry
            ).claims
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise TokenError(
                f"The token is not accepted: {_reason(error)}.", remedy="Get a new one."
            ) from None
        if claims["exp"] - self._clock() > _LONGEST + _LEEWAY:
            raise TokenError(
                "The token is not accepted: it is valid for more than a day.",
                remedy="Have tokens issued for a shorter time; for machines there are API keys.",
            )
        return self._principal(claims)

    def _principal(self, claims: Mapping[str, object]) -> Principal:
        subject = claims.get(self._user_claim)
        if (
            not isinstance(subject, str)
            or not 0 < len(subject) <= _MAX_SUBJECT
            or not subject.isprintable()
        ):
            raise TokenError(f"The token's claim {self._user_claim} names no user.")
        role = self._role(claims)
        return Principal(subject, role, scopes_of(role))

    def _role(self, claims: Mapping[str, object]) -> Role:
        given = claims.get(self._role_claim) if self._role_claim else None
        values = given if isinstance(given, list) else [given]
        found = {self._roles[v] for v in values[:100] if isinstance(v, str) and v in self._roles}
        for role in (Role.ADMIN, Role.TEACHER, Role.SERVICE, Role.STUDENT):
            if role in found:
                return role
        if self._default is None:
            raise TokenError(
                f"The token's claim {self._role_claim} has no role that is known here.",
                remedy="Ask for a role with the identity provider.",
            )
        return self._default


def looks_like_one(text: str) -> bool:
    """Tell whether a bearer credential has the shape of a token: three parts, a JSON header."""
    return text.count(".") == 2 and text.startswith("eyJ")


def _key_id(token: str, algorithms: list[str]) -> str | None:
    """Read the header before anything else is: bounded, one algorithm, nothing that fetches keys."""
    wrong = TokenError("The token cannot be read.", remedy="Send a JWT as the issuer gave it.")
    if len(token) > MAX_TOKEN or not token.isascii():
        raise wrong
    try:
        part = token.split(".", 1)[0]
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(header, dict):
        raise wrong
    if header.get("alg") not in algorithms:
        raise TokenError(
            "The token is not accepted: its algorithm is not one of this service's.",
            remedy=f"Accepted: {', '.join(algorithms)}.",
        )
    # jku, jwk, x5u and x5c bring or name keys; crit asks for what nobody here knows.
    if set(header) - _HEADER or str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise TokenError("The token is not accepted: its header asks for what is not given here.")
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > 256):
        raise wrong
    return kid


def _reason(error: Exception) -> str:
    name = getattr(error, "error", "")
    claim = getattr(error, "claim", "")
    match name:
        case "expired_token":
            return "it has expired"
        case "bad_signature":
            return "its signature is wrong"
        case "invalid_key_id":
            return "it names a key that the issuer does not have"
        case "missing_claim" | "invalid_claim" if claim:
            return f"its claim {claim} is missing or wrong"
        case _:
            return "it is malformed"

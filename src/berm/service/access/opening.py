"""Open the door as the settings say, or say why the service must not start like that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from berm.errors import ConfigError
from berm.service.access import keyring
from berm.service.access.address import is_loopback
from berm.service.access.door import Access
from berm.service.access.jwks import KeyCache
from berm.service.access.keyring import Keyring
from berm.service.access.settings import AuthSettings
from berm.service.access.tokens import TokenVerifier
from berm.service.limits.allowances import Allowances, LocalAllowances, SharedAllowances
from berm.service.limits.settings import LimitsSettings
from berm.service.store.database import Database

_log: Final = structlog.get_logger("berm.service.access")


async def open_access(
    auth: AuthSettings,
    limits: LimitsSettings,
    host: str,
    database: Database | None,
    on_limit: Callable[[str], None],
) -> Access:
    """Return what the door goes by.

    Raises:
        ConfigError: keys or tokens are needed here, there is neither one key nor an issuer, and the store is this
            process's alone.
        StoreError: whether there are keys cannot be found out.
    """
    loopback = is_loopback(host)
    required = auth.required_on(loopback=loopback)
    if (
        required
        and not auth.issuer
        and (database is None or not await database.look(keyring.any_live))
    ):
        if database is None or database.dialect != "postgresql":
            raise _nobody(host)
        _log.warning(  # what shares the store can make one: where this runs, often nothing else can
            "nobody has a key, and every request is refused until somebody does",
            host=host,
            make_one="berm keys create --user NAME --role admin",
        )
    if not required and not loopback:
        _log.warning("everybody who reaches this address may run programs", host=host)
    return Access(
        required=required,
        keyring=Keyring(database) if database is not None else None,
        verifier=_verifier(auth) if auth.issuer else None,
        limits=limits,
        limits_set=frozenset(limits.model_fields_set),
        allowances=_allowances(database),
        proxies=auth.networks(),
        local_only=auth.mode == "auto" and loopback,
        origins=frozenset(auth.origins),
        on_limit=on_limit,
    )


def _allowances(database: Database | None) -> Allowances:
    if database is not None and database.dialect == "postgresql":
        return SharedAllowances(database)
    return LocalAllowances()


def _verifier(auth: AuthSettings) -> TokenVerifier:
    return TokenVerifier(
        KeyCache(auth.issuer, auth.jwks_url),
        issuer=auth.issuer,
        audience=auth.audience,
        algorithms=auth.algorithms,
        user_claim=auth.user_claim,
        role_claim=auth.role_claim,
        default=auth.default_role,
    )


def _nobody(host: str) -> ConfigError:
    return ConfigError(
        f"On {host} every request needs a key or a token, and nobody could have one: the store has no"
        " API key, and [auth] names no issuer.",
        meaning="Without that, everybody who reaches this address could run programs here.",
        remedy="Make a key with `berm keys create --user NAME`, or set [auth] issuer and audience,"
        " or listen on 127.0.0.1, or set [auth] mode = off (BERM_AUTH_MODE=off) to serve everybody.",
    )

"""Identity tokens: every way in which one can be wrong, and the keys behind them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwk, jwt

from berm.errors import ConfigError
from berm.service.access import jwks
from berm.service.access.jwks import KeyCache, ProviderError
from berm.service.access.settings import AuthSettings
from berm.service.access.tokens import TokenError, TokenVerifier, looks_like_one
from berm.service.principal import Role, Scope

pytestmark = pytest.mark.anyio

ISSUER, AUDIENCE = "https://id.example", "berm"
RSA = jwk.RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = jwk.ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
OTHER = jwk.RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})


class Provider:
    """An issuer's documents; ``asked`` are the URLs that were fetched."""

    def __init__(self, *keys):
        self.keys = keys or (RSA, EC)
        self.asked = []
        self.down = False
        self.now = 1000.0
        self.issuer = ISSUER

    async def fetch(self, url):
        self.asked.append(url)
        if self.down:
            raise ProviderError("down")
        if url.endswith("/.well-known/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": "https://id.example/keys"}
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def cache(self, url=""):
        return KeyCache(ISSUER, url, fetch=self.fetch, clock=lambda: self.now)


def verifier(provider=None, **options):
    options = {"issuer": ISSUER, "audience": AUDIENCE, "role_claim": "roles", **options}
    return TokenVerifier((provider or Provider()).cache(), **options)


def claims(**changes):
    now = int(time.time())
    given = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 600} | changes
    return {name: value for name, value in given.items() if value is not None}


def token(key=RSA, alg="RS256", header=None, **changes):
    head = {"alg": alg, "kid": key.kid} | (header or {})
    return jwt.encode(head, claims(**changes), key, algorithms=[alg])


def raw(header, payload, signature=b""):
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed(header):
    """Sign what no library would write."""
    text = raw(header, claims()).rpartition(".")[0]
    key = RSA.get_op_key("sign")
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_the_signature_by_hand_is_good():
    assert (await verifier().verify(signed({"alg": "RS256", "kid": "rsa"}))).subject == "ada"


@pytest.mark.parametrize(
    ("given", "role"),
    [(None, Role.STUDENT), ("teacher", Role.TEACHER), (["x", "admin", "student"], Role.ADMIN),
     (["nobody"], Role.STUDENT), ({"admin": 1}, Role.STUDENT), (7, Role.STUDENT)],
)  # fmt: skip
async def test_a_good_token(given, role):
    found = await verifier().verify(token(roles=given))
    assert (found.subject, found.role) == ("ada", role)
    assert found.may(Scope.ERASE) is (role is Role.ADMIN)


async def test_other_algorithms_of_the_settings_and_an_audience_in_a_list():
    assert (await verifier().verify(token(EC, "ES256", aud=["else", AUDIENCE]))).subject == "ada"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"iss": ISSUER + "/"},
        {"aud": "else"}, {"aud": None}, {"aud": []}, {"aud": {"berm": 1}},
        {"exp": 1}, {"exp": None}, {"exp": "tomorrow"}, {"exp": int(time.time()) - 61},
        {"nbf": int(time.time()) + 600}, {"iat": int(time.time()) + 600},
        {"exp": int(time.time()) + 10 * 86400},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 201}, {"sub": "a\nb"},
    ],
)  # fmt: skip
async def test_wrong_claims(changes):
    with pytest.raises(TokenError) as caught:
        await verifier().verify(token(**changes))
    assert str(changes) not in str(caught.value)


async def test_wrong_signatures_and_algorithms():
    good = token()
    head, body, signature = good.split(".")
    public = RSA.as_pem(private=False)
    with_secret = raw({"alg": "HS256", "kid": "rsa"}, claims())
    mac = hmac.new(public, with_secret.rpartition(".")[0].encode(), hashlib.sha256).digest()
    wrong = [
        token(OTHER),
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{raw({}, claims(sub='eve')).split('.')[1]}.{signature}",
        raw({"alg": "none"}, claims()),
        raw({"alg": "None", "kid": "rsa"}, claims()),
        raw({"alg": "HS256", "kid": "rsa"}, claims(), mac),
        token(EC, "ES256", header={"kid": "rsa"}),
        token(header={"kid": "unknown"}),
        token(alg="PS256"),
        token(header={"jku": "https://evil.example/keys"}),
        token(header={"jwk": OTHER.as_dict(private=False)}),
        signed({"alg": "RS256", "kid": "rsa", "crit": ["x"], "x": 1}),
        token(header={"typ": "secevent+jwt"}),
        raw({"alg": "RS256", "kid": ["rsa"]}, claims()),
        raw(["RS256"], claims()),
        "eyJ.e.e", "a.b.c", "", "eyJhbGciOiJSUzI1NiJ9", good + "." + body, good + "x" * 9000, "é.é.é",
    ]  # fmt: skip
    for one in wrong:
        with pytest.raises(TokenError):
            await verifier().verify(one)


async def test_a_role_can_be_demanded():
    strict = verifier(default=None)
    assert (await strict.verify(token(roles="teacher"))).role is Role.TEACHER
    with pytest.raises(TokenError, match="roles"):
        await strict.verify(token(roles="cook"))


async def test_keys_are_found_by_discovery_kept_and_renewed():
    provider = Provider(EC)
    one = verifier(provider)
    for _ in range(3):
        await one.verify(token(EC, "ES256"))
    assert provider.asked == [
        f"{ISSUER}/.well-known/openid-configuration",
        "https://id.example/keys",
    ]
    with pytest.raises(TokenError):
        await one.verify(token())  # an unknown key, and the keys were fetched just now
    assert len(provider.asked) == 2
    provider.keys = (RSA, EC)
    provider.now += jwks.AGAIN
    assert (await one.verify(token())).subject == "ada"
    assert len(provider.asked) == 4
    for _ in range(100):  # a flood of unknown keys asks the provider no more often
        with pytest.raises(TokenError):
            await one.verify(token(header={"kid": "unknown"}))
    assert len(provider.asked) == 4


async def test_a_provider_that_is_down_is_bridged_for_a_while_then_nobody_is_let_in():
    provider = Provider()
    one = verifier(provider)
    await one.verify(token())
    provider.down = True
    provider.now += jwks.STALE - 1
    assert (await one.verify(token())).subject == "ada"
    provider.now += 2 + jwks.AGAIN
    with pytest.raises(ProviderError):
        await one.verify(token())
    provider.down = False
    provider.now += jwks.AGAIN
    assert (await one.verify(token())).subject == "ada"


async def test_an_issuer_that_is_somebody_else_is_not_believed():
    provider = Provider()
    provider.issuer = "https://evil.example"
    with pytest.raises(ProviderError):
        await verifier(provider).verify(token())


@pytest.mark.parametrize(
    "keys",
    [[], "x", [{}] * 100, [{"kty": "oct", "k": "c2VjcmV0", "kid": "rsa"}], [RSA.as_dict(private=True)],
     [{"kty": "RSA"}], [RSA.as_dict(private=False) | {"use": "enc"}]],
)  # fmt: skip
async def test_key_sets_that_hold_no_usable_public_key(keys):
    async def fetch(url):
        return {"keys": keys}

    with pytest.raises(ProviderError):
        await KeyCache(ISSUER, "https://id.example/keys", fetch=fetch).get("rsa")


@pytest.mark.parametrize(
    "table",
    [
        {"issuer": ISSUER}, {"issuer": "http://id.example", "audience": "x"},
        {"algorithms": ["HS256"]}, {"algorithms": ["none"]}, {"algorithms": []},
        {"issuer": ISSUER, "audience": "x", "jwks_url": "http://id.example/keys"},
        {"proxies": ["10.0.0.1/8"]}, {"mode": "maybe"}, {"default_role": "root"}, {"unknown": 1},
    ],
)  # fmt: skip
def test_settings_that_would_trust_too_much_are_refused(table):
    with pytest.raises(ConfigError):
        AuthSettings.load(table, {})


def test_settings():
    one = AuthSettings.load({"issuer": ISSUER, "audience": "x"}, {"BERM_AUTH_DEFAULT_ROLE": "",
                            "BERM_AUTH_ALGORITHMS": "EdDSA, ES256"})  # fmt: skip
    assert one.default_role is None
    assert one.algorithms == ("EdDSA", "ES256")
    assert [one.required_on(loopback=here) for here in (True, False)] == [False, True]
    assert looks_like_one(token())
    assert not looks_like_one("berm_abc")

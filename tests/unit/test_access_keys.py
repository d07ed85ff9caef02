"""API keys: their shape, their digest, their end; and which address a request counts for."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.errors import InputError
from berm.service.access import keyring, keys
from berm.service.access.address import client_address, host_of, is_loopback
from berm.service.access.keys import ApiKey
from berm.service.access.roles import ROLE_SCOPES
from berm.service.principal import Role, Scope


def made(**changes):
    text, name, digest = keys.new_key()
    key = ApiKey(name, digest, "label", "ada", Role.STUDENT, ROLE_SCOPES[Role.STUDENT], 0.0)
    return text, dataclasses.replace(key, **changes)


def test_a_key_names_itself_and_nothing_else_is_kept_of_it():
    text, key = made()
    assert keys.name_of(text) == key.name
    assert key.digest == hashlib.sha256(text.encode()).digest()
    assert text not in repr(key)
    assert len({keys.new_key()[0] for _ in range(100)}) == 100
    assert len(text) >= len("berm_") + 12 + 1 + 43


@given(st.text(max_size=80))
def test_other_texts_are_no_keys(text):
    assert keys.name_of(text) is None


@pytest.mark.parametrize("position", range(5, 67))
def test_one_wrong_character_is_noticed_without_the_store(position):
    text, _ = made()
    wrong = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
    assert keys.name_of(wrong) is None


def test_keys_end():
    text, key = made(expires=100.0)
    assert keys.check(text, key, 99.0)
    assert not keys.check(text, key, 100.0)
    text, key = made(revoked=50.0)
    assert keys.check(text, key, 49.0)
    assert not keys.check(text, key, 50.0)
    assert not keys.check(text, None, 0.0)
    assert not keys.check(keys.new_key()[0], key, 0.0)


def test_scopes_are_never_more_than_the_role_has():
    assert keyring.checked_scopes(Role.STUDENT, []) == {Scope.RUN, Scope.SUBMIT}
    assert keyring.checked_scopes(Role.ADMIN, ["metrics"]) == {Scope.METRICS}
    for role, scope in ((Role.STUDENT, "erase"), (Role.TEACHER, "metrics"), (Role.ADMIN, "fly")):
        with pytest.raises(InputError, match=scope):
            keyring.checked_scopes(role, [scope])
    for label, user in (("", "u"), ("l", ""), ("l", "x" * 201), ("a\nb", "u"), ("l", "u\0")):
        with pytest.raises(InputError):
            keyring.check_texts(label, user)
    assert ROLE_SCOPES[Role.ADMIN] == frozenset(Scope)
    assert not ROLE_SCOPES[Role.SERVICE] & {Scope.READ_ALL, Scope.CANCEL_ALL, Scope.ERASE}


PROXY = [ipaddress.ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    ("client", "forwarded", "expected"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),  # not a proxy of ours: not believed
        ("10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["1.1.1.1, 198.51.100.1, 10.2.2.2"], "198.51.100.1"),
        ("10.1.1.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        ("10.1.1.1", ["1.1.1.1, nonsense"], "10.1.1.1"),
        ("10.1.1.1", [""], "10.1.1.1"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", [], "192.0.2.7"),
        ("::ffff:10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
        (None, [], "unknown"),
    ],
)
def test_the_address_that_counts(client, forwarded, expected):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "client": client and (client, 1), "headers": headers}
    assert client_address(scope, PROXY) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True),
        ("localhost", True), ("LOCALHOST.", True), ("0.0.0.0", False), ("::", False),
        ("10.0.0.1", False), ("localhost.evil.example", False), ("127.0.0.1.example", False),
    ],
)  # fmt: skip
def test_loopback(host, expected):
    assert is_loopback(host) is expected
    assert (
        is_loopback(
            host_of(f"[{host}]:80" if host.count(":") > 1 and host[0] != "[" else f"{host}:80")
        )
        is expected
    )

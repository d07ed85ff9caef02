"""Webhooks without a service: what is signed, where they may go, and what one attempt does."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import ssl

import pytest

from berm.client import webhook
from berm.client.webhook import SignatureError
from berm.errors import ConfigError, InputError
from berm.service.webhooks.post import Postman
from berm.service.webhooks.settings import WebhookSettings
from berm.service.webhooks.target import allowed, check

KEY = "k" * 40
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


# --- signatures -----------------------------------------------------------------------------------


def test_the_signature_is_that_of_standard_webhooks():
    # The example that the scheme's own libraries are tested with.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = webhook.sign(
        [webhook.decoded(secret)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )  # fmt: skip
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    told = webhook.verify(secret, signed, b'{"test": 2432232314}', now=1614265331)
    assert told == {"test": 2432232314}


def test_what_was_changed_or_is_old_is_not_believed():
    settings = WebhookSettings(key=KEY)
    keys = settings.signing_keys("ann")
    secret = webhook.written(keys[0])
    signed = webhook.sign(keys, "msg_1", 1000, b"{}")
    assert webhook.verify(secret, signed, b"{}", now=1000.0) == {}
    other = webhook.written(settings.signing_keys("bob")[0])
    for wrong in (
        {"secret": other}, {"body": b"{} "}, {"now": 1400.0}, {"now": 600.0},
        {"headers": signed | {"webhook-id": "msg_2"}},
        {"headers": signed | {"webhook-timestamp": "1001"}},
        {"headers": signed | {"webhook-timestamp": "x"}},
        {"headers": signed | {"webhook-signature": "v1,"}},
        {"headers": {}},
    ):  # fmt: skip
        asked = {"secret": secret, "headers": signed, "body": b"{}", "now": 1000.0} | wrong
        with pytest.raises(SignatureError):
            webhook.verify(**asked)
    with pytest.raises(InputError, match="secret cannot be used") as refused:
        webhook.verify("whsec_c2hvcnQ=", signed, b"{}", now=1000.0)
    assert "c2hvcnQ" not in str(refused.value)


def test_both_keys_sign_while_receivers_change():
    old, new = WebhookSettings(key=KEY), WebhookSettings(key="n" * 40, previous_key=KEY)
    signed = webhook.sign(new.signing_keys("ann"), "msg_1", 1000, b"{}")
    for settings in (old, new):
        secret = webhook.written(settings.signing_keys("ann")[0])
        assert webhook.verify(secret, signed, b"{}", now=1000.0) == {}


def test_settings():
    assert not WebhookSettings().enabled
    with pytest.raises(ConfigError, match="fewer than 32") as refused:
        WebhookSettings.load({"key": "short-secret"}, {})
    assert "short-secret" not in str(refused.value)
    with pytest.raises(ConfigError, match="allow"):
        WebhookSettings.load({}, {"BERM_WEBHOOKS_ALLOW": "10.0.0.1/8"})
    settings = WebhookSettings(key=KEY, first_pause=5)
    assert [settings.pause(n) for n in (1, 2, 3, 20)] == [5, 20, 80, 21600]
    assert KEY not in json.dumps(settings.as_dict())


# --- targets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1",
        "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "192.88.99.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_addresses_that_no_webhook_may_reach(text):
    assert not allowed(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450::1"])  # fmt: skip
def test_public_addresses(text):
    assert allowed(ipaddress.ip_address(text))


def test_the_operator_may_allow_a_network():
    also = (ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd00::/8"))
    for text in ("10.20.3.4", "fd00::1", "::ffff:10.20.0.1"):
        assert allowed(ipaddress.ip_address(text), also)
    assert not allowed(ipaddress.ip_address("10.21.0.1"), also)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.org/", "https"), ("ftp://example.org/", "https"), ("//example.org", "https"),
        ("example.org", "https"), ("", "https"), ("https://", "host name"), ("https:///x", "host name"),
        ("https://user@example.org/", "password"), ("https://a:b@example.org/", "password"),
        ("https://example.org\\@127.0.0.1/", "a user or a password|backslash"),
        ("https://example.org/#x", "fragment"), ("https://example.org/a b", "characters"),
        ("https://example.org/\r\nx: y", "characters"), ("https://exämple.org/", "characters"),
        ("https://example.org/" + "a" * 2000, "longer"), ("https://example.org:0/", "port 0"),
        ("https://example.org:99999/", "is none"), ("https://[::1/", "is none"),
        ("https://2130706433/", "host name"), ("https://0x7f.1/", "host name"),
        ("https://0x7f000001/", "host name"), ("https://127.1/", "host name"), ("https://0177.0.0.1/", "host name"),
        ("https://127.0.0.1./", "network"), ("https://127.0.0.1:8000/", "network"), ("https://[::1]/", "network"),
        ("https://[::ffff:10.0.0.1]/", "network"), ("https://169.254.169.254/latest/meta-data/", "network"),
        ("https://[fe80::1%25eth0]/", "network|host name|is none"), ("https://exa_mple.org/", "host name"),
    ],
)  # fmt: skip
def test_urls_that_no_webhook_may_have(url, words):
    with pytest.raises(InputError, match=words):
        check(url)


def test_urls():
    found = check("https://Example.ORG:8443/a?b=c")
    assert (found.host, found.port, found.origin) == (
        "example.org", 8443, "https://example.org:8443",
    )  # fmt: skip
    assert check("https://[2606:4700::1111]/x").origin == "https://[2606:4700::1111]"
    assert check("http://example.org", plain=True).port == 80


# --- one attempt ----------------------------------------------------------------------------------


class Receiver:
    """A server that answers what it is told to, and keeps what it was sent."""

    def __init__(self, answer=b"HTTP/1.1 204 No Content\r\n\r\n", context=None):
        self.answer = answer
        self.context = context
        self.got = []
        self.tasks = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            self.got.append(head + await reader.readexactly(length))
            if self.answer is None:
                await asyncio.sleep(30)
            writer.write(self.answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def resolving(*answers):
    """A resolver that gives one answer after the other, and remembers whom it was asked for."""
    left = [[ipaddress.ip_address(text) for text in one] for one in answers]

    async def resolve(host, port):
        asked.append((host, port))
        return left.pop(0) if len(left) > 1 else left[0]

    asked = []
    resolve.asked = asked
    return resolve


def postman(**given):
    return Postman(LOOPBACK, **{"plain": True, "seconds": 5.0, **given})


@pytest.mark.anyio
async def test_an_attempt_goes_to_the_address_that_was_looked_at():
    resolve = resolving(["127.0.0.1"], ["169.254.169.254"])
    async with Receiver() as receiver:
        attempt = await postman(resolve=resolve).deliver(
            f"http://hook.example:{receiver.port}/a?b=c", {"webhook-id": "msg_1"}, b"{}"
        )
    assert (attempt.status, attempt.error) == (204, None)
    assert resolve.asked == [("hook.example", receiver.port)]  # once: nobody asks a second time
    head = receiver.got[0].decode()
    assert head.startswith("POST /a?b=c HTTP/1.1\r\n")
    assert f"\r\nhost: hook.example:{receiver.port}\r\n" in head.lower()
    assert "\r\nwebhook-id: msg_1\r\n" in head
    assert head.endswith("\r\n\r\n{}")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "found", [["169.254.169.254"], ["127.0.0.1", "10.0.0.1"], ["::ffff:10.0.0.1"], ["fe80::1"]]
)
async def test_a_name_that_leads_inside_is_refused_for_good(found):
    async with Receiver() as receiver:
        attempt = await postman(resolve=resolving(found)).deliver(
            f"http://hook.example:{receiver.port}/", {}, b"{}"
        )
    assert attempt.hopeless
    assert "may not reach" in attempt.error
    assert receiver.got == []
    for text in found:
        assert text not in attempt.error


@pytest.mark.anyio
async def test_redirects_are_not_followed():
    async with Receiver() as inside:
        answer = f"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:{inside.port}/\r\n\r\n".encode()
        async with Receiver(answer) as receiver:
            attempt = await postman().deliver(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
    assert (attempt.status, attempt.hopeless) == (307, False)
    assert "not followed" in attempt.error
    assert inside.got == []


@pytest.mark.anyio
async def test_proxies_of_the_environment_are_not_used(monkeypatch):
    async with Receiver() as proxy, Receiver() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (
            await postman().deliver(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        ).status == 204
    assert (len(proxy.got), len(receiver.got)) == (0, 1)


@pytest.mark.anyio
async def test_who_does_not_answer_is_left():
    async with Receiver(None) as receiver:
        attempt = await postman(seconds=0.3).deliver(
            f"http://127.0.0.1:{receiver.port}/", {}, b"{}"
        )
    assert "within 0.3 s" in attempt.error
    assert not attempt.hopeless
    attempt = await postman().deliver(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
    assert "cannot be reached" in attempt.error

    async def silent(host, port):
        await asyncio.sleep(30)

    attempt = await postman(seconds=0.3, resolve=silent).deliver("http://a.example/", {}, b"{}")
    assert "within 0.3 s" in attempt.error


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 500 x\r\n\r\n", "answered 500"),
        (b"no http at all\r\n\r\n", "broke off"),
        (b"", "broke off"),
        (b"HTTP/1.1 200 x\r\n" + b"a: b\r\n" * 100_000 + b"\r\n", "broke off"),
        # Of a body nothing is read, whatever it says of itself.
        (b"HTTP/1.1 200 x\r\nContent-Encoding: gzip\r\nContent-Length: 9999999999\r\n\r\n", None),
    ],
)
async def test_answers(answer, words):
    async with Receiver(answer) as receiver:
        attempt = await postman().deliver(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
    assert attempt.error is None if words is None else words in attempt.error
    assert not attempt.hopeless


def certificate(folder, name):
    """A certificate for ``name`` that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context, ssl.create_default_context(cafile=str(folder / "cert"))


@pytest.mark.anyio
async def test_the_certificate_must_be_the_names(tmp_path):
    serving, trusting = certificate(tmp_path, "hook.example")
    asked = []
    serving.sni_callback = lambda sock, name, context: asked.append(name)
    resolve = resolving(["127.0.0.1"])
    async with Receiver(context=serving) as receiver:
        for host, trust, words in (
            ("hook.example", trusting, None),
            ("other.example", trusting, "certificate"),
            ("hook.example", None, "certificate"),  # of somebody whom nobody knows
        ):
            attempt = await postman(resolve=resolve, trust=trust).deliver(
                f"https://{host}:{receiver.port}/", {}, b"{}"
            )
            assert (attempt.error is None) if words is None else (words in attempt.error), host
    assert asked == ["hook.example", "other.example", "hook.example"]
    assert len(receiver.got) == 1

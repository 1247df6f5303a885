"""Somebody between us and a server strikes TLS out, refuses it, or speaks before it: no credential leaves, and it is told why."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator

import pytest

from daemon.demo.servers import EmbeddedImap
from daemon.errors import Temporary
from daemon.mail.imap import Account, Watch
from daemon.mail.smtp import Outgoing, Relay, Result, Server
from daemon.mail.transport import UnsafeLine
from daemon.service import Service
from tests.chaos.proxy import Fault, Inject, Proxy, Rewrite
from tests.conversations.world import PymapInbox, World, until
from tests.doubles import Sink
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.dovecot import Dovecot

USER, PASSWORD = "support", "correct horse battery"
OFFERED = Rewrite(pattern=rb"(?m)(CAPABILITY [^\]\r\n]*)", by=rb"\1 STARTTLS AUTH=PLAIN")
"""Makes a server that can't TLS say that it can."""


def assert_nothing_secret(proxy: Proxy) -> None:
    """Of what the program wrote on every connection nothing names the password, in any spelling SASL knows, or a login."""
    assert proxy.lines
    for line in proxy.lines:
        said = bytes(line.client)
        for secret in (PASSWORD, f"\0{USER}\0{PASSWORD}", USER):
            assert secret.encode() not in said
            assert base64.b64encode(secret.encode()).rstrip(b"=")[:-1] not in said
        for command in (b"LOGIN", b"AUTH", b"MAIL FROM"):
            assert command not in said.upper()


# --- the mailbox -----------------------------------------------------------------------------------------------------


def _account(proxy: Proxy, ca_file: str | None = None) -> Account:
    return Account(
        name="support", host=proxy.host, port=proxy.port, tls="starttls", username=USER, password=lambda: PASSWORD, read_seconds=5.0,
        ca_file=ca_file,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ((), "offers no STARTTLS"),
        ((OFFERED,), "refused STARTTLS"),
        ((Rewrite(pattern=rb"\A\* OK", by=b"* PREAUTH"),), "offers no STARTTLS"),
        ((OFFERED, Rewrite(pattern=rb"\A\* OK", by=b"* PREAUTH")), "refused STARTTLS"),
    ],
    ids=["stripped", "refused", "already let in", "already let in, and offered"],
)
def test_a_mailbox_without_starttls_gets_no_password(faults: tuple[Fault, ...], why: str, imap_server: EmbeddedImap) -> None:
    with Proxy(imap_server.port, faults) as proxy:
        with pytest.raises(UnsafeLine, match=why):
            Watch(_account(proxy)).connect()
        assert_nothing_secret(proxy)


PRE_SENT = (
    b"* CAPABILITY IMAP4rev1 AUTH=PLAIN MOVE XINJECTED\r\n",
    b"* PREAUTH [CAPABILITY IMAP4rev1] welcome\r\n",
    b"AAAA2 OK done\r\n* 5 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n",
)


@pytest.mark.dovecot
@pytest.mark.parametrize("pre_sent", PRE_SENT)
def test_answers_put_in_before_tls_begins_are_not_believed(pre_sent: bytes, dovecot: Dovecot) -> None:
    fault = Inject(behind=rb"Begin TLS[^\r]*\r\n", octets=pre_sent)
    with Proxy(dovecot.port, [fault]) as proxy:
        with pytest.raises(UnsafeLine, match="before TLS began"):
            Watch(_account(proxy, str(dovecot.certificates.ca))).connect()
        assert bytes(proxy.lines[0].client).count(b"STARTTLS") == 1
        assert_nothing_secret(proxy)
        # without it the same way is a good one
        proxy.always = ()
        account = _account(proxy, str(dovecot.certificates.ca))
        good = Account(**{name: getattr(account, name) for name in Account.__dataclass_fields__} | {"password": lambda: dovecot.password})
        with Watch(good) as watch:
            assert "MOVE" in watch.capabilities()


@pytest.mark.dovecot
def test_capabilities_told_in_clear_text_are_forgotten_under_tls(dovecot: Dovecot) -> None:
    fault = Rewrite(pattern=rb"(\S+ OK Begin TLS)", by=rb"* CAPABILITY IMAP4rev1 XINJECTED\r\n* OK [UIDVALIDITY 1] x\r\n\1")
    with Proxy(dovecot.port, [fault]) as proxy:
        account = _account(proxy, str(dovecot.certificates.ca))
        good = Account(**{name: getattr(account, name) for name in Account.__dataclass_fields__} | {"password": lambda: dovecot.password})
        with Watch(good) as watch:
            assert "XINJECTED" not in watch.capabilities()
            assert watch.uidvalidity > 1
        assert_nothing_secret(proxy)


@pytest.mark.dovecot
def test_a_mailbox_with_another_certificate_gets_no_password(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_certificates(tmp_path_factory.mktemp("other"))
    with Proxy(dovecot.port) as proxy:
        with pytest.raises(UnsafeLine, match="certificate"):
            Watch(_account(proxy, str(other.ca))).connect()
        assert_nothing_secret(proxy)


class _TlsInbox(PymapInbox):
    """A mailbox that is told to need STARTTLS, and has none."""

    def settings(self) -> str:
        return super().settings().replace('tls = "none"', 'tls = "starttls"')


def test_the_daemon_tells_that_a_mailbox_is_not_safe(
    make_world: Callable[..., World], sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    inbox = _TlsInbox()
    said: list[str] = []

    def told() -> bool:
        said.append(capfd.readouterr().err)
        return "error mailbox-not-safe" in "".join(said)

    try:
        world = make_world(sqlite_url, inbox)
        with pytest.raises(UnsafeLine, match="offers no STARTTLS"):
            world.run()
        stop = threading.Event()
        daemon = Service(world.config, world.house, ("fetch",), stop)
        daemon.start()
        try:
            until(told, "it says nothing")
        finally:
            stop.set()
            assert daemon.join(60)
    finally:
        inbox.close()


# --- the relay -------------------------------------------------------------------------------------------------------


@pytest.fixture
def tls_sink(certificates: Certificates) -> Iterator[Sink]:
    """A relay with STARTTLS and a login behind it."""
    with Sink(context=certificates.server_context(), login=(USER, PASSWORD)) as server:
        yield server


def _send(proxy: Proxy, ca_file: str | None) -> Result:
    """What becomes of one mail."""
    waiting = [Outgoing(id=1, reverse_path="", forward_path="a@b.example", octets=b"Subject: x\r\n\r\nhello\r\n")]
    ended: list[Result] = []

    def claim(free: int, finished: object) -> list[Outgoing]:
        ended.extend(finished)  # type: ignore[call-overload]
        return [waiting.pop()] if waiting and free else []

    server = Server(
        host=proxy.host, port=proxy.port, tls="starttls", username=USER, password=lambda: PASSWORD, ca_file=ca_file, reply_seconds=5.0
    )
    with Relay(server) as relay:
        try:
            relay.send(claim)
        except Temporary:
            pass
    return ended[0]


PRE_SENT_REPLIES = (b"250-sink.example\r\n250 AUTH PLAIN LOGIN\r\n", b"235 2.7.0 welcome\r\n", b"x")


@pytest.mark.parametrize(
    ("fault", "outcome", "why"),
    [
        (Rewrite(pattern=rb"STARTTLS", by=b"XNOTHING"), "channel", "STARTTLS"),
        (Rewrite(pattern=rb"STARTTLS", by=b"AUTH PLAIN LOGIN"), "channel", "STARTTLS"),
        (Rewrite(pattern=rb"220 2\.0\.0 go ahead", by=b"454 4.7.0 not now"), "channel", "not now"),
        (Rewrite(pattern=rb"220 2\.0\.0 go ahead", by=b"502 5.5.1 what"), "channel", "what"),
    ],
)
def test_a_relay_without_starttls_gets_no_password(
    fault: Fault, outcome: str, why: str, tls_sink: Sink, certificates: Certificates
) -> None:
    with Proxy(tls_sink.port, [fault]) as proxy:
        result = _send(proxy, str(certificates.ca))
        assert_nothing_secret(proxy)
        assert result.outcome == outcome
        assert why in result.text
        assert not any(command.startswith(("AUTH", "MAIL")) for command in tls_sink.commands)
        assert tls_sink.sent == []
        # without it the same way is a good one
        proxy.always = ()
        assert _send(proxy, str(certificates.ca)).outcome == "sent"
        assert_nothing_secret(proxy)


@pytest.mark.parametrize("pre_sent", PRE_SENT_REPLIES)
def test_replies_put_in_before_tls_begins_are_thrown_away(pre_sent: bytes, tls_sink: Sink, certificates: Certificates) -> None:
    with Proxy(tls_sink.port, [Inject(behind=rb"go ahead\r\n", octets=pre_sent)]) as proxy:
        # under TLS the real answers are waited for, so everything is said to the one that the certificate names
        assert _send(proxy, str(certificates.ca)).outcome == "sent"
        assert_nothing_secret(proxy)
        spoken = [command.split()[0] for command in tls_sink.commands]
        assert spoken[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_a_relay_with_another_certificate_gets_no_password(tls_sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_certificates(tmp_path_factory.mktemp("other"))
    with Proxy(tls_sink.port) as proxy:
        result = _send(proxy, str(other.ca))
        assert_nothing_secret(proxy)
    assert result.outcome == "channel"
    assert "certificate" in result.text.lower()
    assert not any(command.startswith(("AUTH", "MAIL")) for command in tls_sink.commands)

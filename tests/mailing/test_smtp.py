"""The relay: what each reply, break and refusal means for a mail, and that nothing is sent twice without need."""

from __future__ import annotations

import gc
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.demo.servers import EmbeddedSmtp
from daemon.errors import Permanent, Temporary
from daemon.mail.smtp import Outgoing, Relay, Result, Server
from tests.doubles import DROP, RESET, STALL, Script, Sink
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.ports import free_ports

OCTETS = b"Message-ID: <1@support.example>\r\nSubject: hello\r\n\r\nhello\r\n"


def server_of(sink: Sink | EmbeddedSmtp, **settings: object) -> Server:
    return Server(**({"host": sink.host, "port": sink.port, "tls": "none", "reply_seconds": 5.0, "final_reply_seconds": 0.5} | settings))  # type: ignore[arg-type]


def mail(number: int = 1, **changes: object) -> Outgoing:
    facts = {"id": number, "reverse_path": "", "forward_path": f"user{number}@customer.example", "octets": OCTETS}
    return Outgoing(**(facts | changes))  # type: ignore[arg-type]


class Queue:
    """What the send stage is to the relay: rows to hand out, results taken down."""

    def __init__(self, *mails: Outgoing) -> None:
        self.rows = list(mails)
        self.results: dict[int, Result] = {}
        self.claims: list[int] = []

    def turn(self, free: int, finished: Sequence[Result]) -> Sequence[Outgoing]:
        for result in finished:
            assert result.id not in self.results, "one result a mail"
            self.results[result.id] = result
        self.claims.append(free)
        handed, self.rows = self.rows[:free], self.rows[free:]
        return handed

    def outcomes(self) -> dict[int, str]:
        return {number: result.outcome for number, result in self.results.items()}


def send(server: Server, *mails: Outgoing) -> Queue:
    queue = Queue(*mails)
    with Relay(server) as relay:
        relay.send(queue.turn)
    return queue


def test_a_mail_is_sent_with_its_envelope_and_octets(sink: Sink) -> None:
    queue = send(server_of(sink), mail(reverse_path="bounces@support.example"))
    assert queue.results[1] == Result(id=1, outcome="sent", reply_code=250, enhanced_status="2.0.0", text="2.0.0 taken")
    assert [(one.reverse_path, one.forward_paths, one.octets) for one in sink.sent] == [
        ("bounces@support.example", ("user1@customer.example",), OCTETS)
    ]


def test_an_empty_reverse_path_is_the_null_reverse_path(sink: Sink) -> None:
    send(server_of(sink), mail())
    assert any(command.startswith("MAIL FROM:<>") for command in sink.commands)


@pytest.mark.parametrize(
    ("script", "outcome", "code"),
    [
        (Script(mail="451 4.3.0 later"), "deferred", 451),
        (Script(mail="552 5.3.4 too big"), "refused", 552),
        (Script(mail="550 5.7.1 not from you"), "refused", 550),
        (Script(mail="530 5.7.0 log in first"), "channel", 530),
        (Script(rcpt="450 4.2.1 mailbox busy"), "deferred", 450),
        (Script(rcpt="550 5.1.1 nobody here"), "refused", 550),
        (Script(rcpt="452 4.5.3 too many"), "deferred", 452),
        (Script(data="451 4.3.0 no"), "deferred", 451),
        (Script(data="554 5.6.0 no"), "refused", 554),
        (Script(dot="451 4.7.1 greylisted"), "deferred", 451),
        (Script(dot="554 5.7.1 spam"), "refused", 554),
        (Script(dot="552 5.2.2 full"), "refused", 552),
        (Script(mail="421 4.3.2 shutting down"), "deferred", 421),
        (Script(dot="421 4.3.2 shutting down"), "deferred", 421),
        (Script(rcpt=DROP), "deferred", None),
        (Script(rcpt=RESET), "deferred", None),
        (Script(data=DROP), "deferred", None),
        (Script(dot=DROP), "unknown", None),
        (Script(dot=RESET), "unknown", None),
        (Script(dot=STALL), "unknown", None),
    ],
)
def test_each_reply_means_one_outcome(sink: Sink, script: Script, outcome: str, code: int | None) -> None:
    sink.script.append(script)
    queue = send(server_of(sink, connections=1), mail())
    assert (queue.results[1].outcome, queue.results[1].reply_code) == (outcome, code)


def test_a_silent_server_defers_before_the_dot(sink: Sink) -> None:
    sink.script.append(Script(rcpt=STALL))
    assert send(server_of(sink, reply_seconds=0.3), mail()).outcomes() == {1: "deferred"}


def test_an_enhanced_status_is_told_apart_from_the_text(sink: Sink) -> None:
    sink.script.append(Script(rcpt="550 5.1.1 nobody here"))
    result = send(server_of(sink), mail()).results[1]
    assert (result.enhanced_status, result.text) == ("5.1.1", "5.1.1 nobody here")


def test_a_reply_of_any_octets_becomes_storable_text(sink: Sink) -> None:
    sink.script.append(Script(rcpt="550 5.1.1 unbekannt: Gr\xfc\xdfe\x00"))
    text = send(server_of(sink), mail()).results[1].text
    assert "\x00" not in text
    assert text.encode("utf-8")


def test_one_bad_recipient_never_blocks_the_others(sink: Sink) -> None:
    sink.script.extend([Script(), Script(rcpt="550 5.1.1 no"), Script(dot=DROP), Script(), Script(rcpt=DROP)])
    queue = send(server_of(sink, connections=1), *[mail(number) for number in range(1, 21)])
    assert queue.outcomes() == {1: "sent", 2: "refused", 3: "unknown"} | dict.fromkeys(range(4, 21), "sent")


@pytest.mark.parametrize(
    "path",
    [
        "a@b.example\r\nRCPT TO:<c@d.example>", "a b@c.example", "-oQ@b.example", "a@b@c.example", '"a b"@c.example', "a>@b.example", "",
        "müller@b.example", "a@b..example", "a@", "@b.example", "a@b.example ", "\ta@b.example", "a@b.example\0", "a,b@c.example",
    ],
)  # fmt: skip
def test_an_address_that_could_smuggle_is_refused_before_the_wire(sink: Sink, path: str) -> None:
    assert send(server_of(sink), mail(forward_path=path)).outcomes() == {1: "refused"}
    assert not any(command.startswith(("RCPT", "MAIL")) for command in sink.commands)


@settings(max_examples=200, deadline=None)
@given(body=st.lists(st.sampled_from([b".", b"..", b"\r", b"\n", b"\r\n", b"a", b"\r\n.\r\n", b"\n.\n", b"\r.\r"]), max_size=12))
def test_what_arrives_is_what_was_sent_with_every_line_end_whole(stuffing_sink: Sink, body: list[bytes]) -> None:
    octets = b"Subject: x\r\n\r\n" + b"".join(body)
    stuffing_sink.sent.clear()
    assert send(server_of(stuffing_sink), mail(octets=octets)).outcomes() == {1: "sent"}
    whole = re.sub(rb"\r\n|\r|\n", b"\r\n", octets)
    assert [one.octets for one in stuffing_sink.sent] == [whole if whole.endswith(b"\r\n") else whole + b"\r\n"]


@pytest.fixture(scope="module")
def stuffing_sink() -> object:
    with Sink() as sink:
        yield sink


def test_a_large_mail_arrives_whole(sink: Sink) -> None:
    octets = b"Subject: x\r\n\r\n" + (b"." * 60 + b"\r\n") * 50_000
    assert send(server_of(sink, final_reply_seconds=20.0), mail(octets=octets)).outcomes() == {1: "sent"}
    assert sink.sent[0].octets == octets


def test_connections_are_kept_and_shared(sink: Sink) -> None:
    with Relay(server_of(sink, connections=3)) as relay:
        for start in (0, 50):
            queue = Queue(*[mail(number) for number in range(start, start + 50)])
            relay.send(queue.turn)
            assert set(queue.outcomes().values()) == {"sent"}
            assert max(queue.claims) == 3
    assert sink.connections <= 3
    assert sorted(one.forward_paths[0] for one in sink.sent) == sorted(f"user{number}@customer.example" for number in range(100))


def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing(sink: Sink) -> None:
    with Relay(server_of(sink, connections=1)) as relay:
        for number in (1, 2):
            queue = Queue(mail(number))
            relay.send(queue.turn)
            assert queue.outcomes() == {number: "sent"}
            sink.hang_up()
    assert len(sink.sent) == 2


def test_a_connection_is_not_used_for_ever(sink: Sink) -> None:
    queue = send(server_of(sink, connections=1), *[mail(number) for number in range(250)])
    assert set(queue.outcomes().values()) == {"sent"}
    assert sink.connections == 3


def test_a_relay_that_wants_fewer_connections_gets_fewer() -> None:
    with Sink(most=2) as sink:
        queue = send(server_of(sink, connections=6), *[mail(number) for number in range(40)])
    assert set(queue.outcomes().values()) == {"sent"}


def test_an_outage_costs_one_mail_an_attempt_and_not_the_queue() -> None:
    queue = Queue(*[mail(number) for number in range(10)])
    with Relay(Server(host="127.0.0.1", port=free_ports(1)[0], tls="none", connections=4)) as relay, pytest.raises(Temporary):
        relay.send(queue.turn)
    assert queue.outcomes() == {0: "deferred"}
    assert len(queue.rows) == 9


@pytest.mark.parametrize(("greeting", "outcome"), [("554 5.3.2 not you", "channel"), ("421 4.3.2 busy", "deferred")])
def test_a_greeting_that_is_no_welcome(greeting: str, outcome: str) -> None:
    queue = Queue(mail(1), mail(2))
    with Sink(greeting=greeting) as sink, Relay(server_of(sink)) as relay:
        if outcome == "deferred":
            with pytest.raises(Temporary):
                relay.send(queue.turn)
        else:
            relay.send(queue.turn)
    assert queue.outcomes() == {1: outcome}


def test_results_are_owed_when_the_database_is_away(sink: Sink) -> None:
    queue = Queue(mail(1), mail(2))
    away = True

    def turn(free: int, finished: Sequence[Result]) -> Sequence[Outgoing]:
        if finished and away:
            raise Temporary("the database is away")
        return queue.turn(free, finished)

    with Relay(server_of(sink, connections=1)) as relay:
        with pytest.raises(Temporary, match="database"):
            relay.send(turn)
        assert relay.owes
        away = False
        relay.send(turn)
        assert not relay.owes
    assert queue.outcomes() == {1: "sent", 2: "sent"}
    assert len(sink.sent) == 2


# --- TLS and login -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_tls_and_login(certificates: Certificates, tls: str) -> None:
    with Sink(context=certificates.server_context(), implicit=tls == "implicit", login=("us", "secret")) as sink:
        server = server_of(sink, tls=tls, ca_file=str(certificates.ca), username="us", password=lambda: "secret")
        assert send(server, mail(1), mail(2)).outcomes() == {1: "sent", 2: "sent"}
        with Relay(server) as relay:
            abilities = relay.probe()
    assert abilities.encrypted
    assert abilities.largest == 1_000_000


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_an_unknown_authority_stops_the_channel(certificates: Certificates, tls: str) -> None:
    with Sink(context=certificates.server_context(), implicit=tls == "implicit", login=("us", "secret")) as sink:
        queue = send(server_of(sink, tls=tls, username="us", password=lambda: "secret"), mail(1), mail(2))
        assert queue.outcomes() == {1: "channel"}
        assert not any(command.startswith("AUTH") for command in sink.commands)


def test_a_certificate_of_another_host_stops_the_channel(tmp_path_factory: pytest.TempPathFactory) -> None:
    other = make_certificates(tmp_path_factory.mktemp("other"), "DNS:other.example")
    with Sink(context=other.server_context(), implicit=True) as sink:
        assert send(server_of(sink, tls="implicit", ca_file=str(other.ca)), mail()).outcomes() == {1: "channel"}


def test_a_missing_starttls_is_never_answered_by_clear_text(certificates: Certificates) -> None:
    with Sink(login=("us", "secret")) as sink:
        server = server_of(sink, tls="starttls", ca_file=str(certificates.ca), username="us", password=lambda: "secret")
        assert send(server, mail()).outcomes() == {1: "channel"}
        assert not any(command.startswith(("AUTH", "MAIL")) for command in sink.commands)


def test_a_connection_to_a_server_that_stands_still_is_closed_when_the_relay_is(certificates: Certificates) -> None:
    """Under TLS the end of a connection waits for the other side's consent; nobody here gives it."""
    with Sink(context=certificates.server_context(), implicit=True) as sink:
        sink.greeting = STALL
        server = server_of(sink, tls="implicit", ca_file=str(certificates.ca), reply_seconds=0.2)
        with warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always", ResourceWarning)
            with pytest.raises(Temporary):
                send(server, mail())
            gc.collect()
        assert [str(warning.message) for warning in left] == []


def test_a_refused_login_stops_the_channel_and_tells_no_secret(certificates: Certificates) -> None:
    with Sink(context=certificates.server_context(), implicit=True, login=("us", "secret")) as sink:
        server = server_of(sink, tls="implicit", ca_file=str(certificates.ca), username="us", password=lambda: "wrong-one")
        queue = send(server, mail(1), mail(2))
        with Relay(server) as relay, pytest.raises(Temporary, match="login refused"):
            relay.probe()
    assert queue.outcomes() == {1: "channel"}
    assert queue.results[1].reply_code == 535
    assert "wrong-one" not in repr((queue.results, server))


def test_clear_text_is_for_loopback_only() -> None:
    with pytest.raises(Permanent, match="loopback"):
        Relay(Server(host="smtp.support.example", port=25, tls="none"))


# --- real server, real death ---------------------------------------------------------------------------------------


def test_another_implementation_understands_us(smtp_server: EmbeddedSmtp) -> None:
    assert send(server_of(smtp_server, final_reply_seconds=5.0), *[mail(number) for number in range(20)]).outcomes() == dict.fromkeys(
        range(20), "sent"
    )
    assert {one.octets for one in smtp_server.wait_for(20)} == {OCTETS}


DYING = """
import sys
from daemon.mail.smtp import Outgoing, Relay, Server
rows = [Outgoing(id=1, reverse_path="", forward_path="a@b.example", octets=b"Subject: x\\r\\n\\r\\nhello\\r\\n")]
def turn(free, finished):
    return [rows.pop()] if rows and free else []
with Relay(Server(host="127.0.0.1", port=int(sys.argv[1]), tls="none")) as relay:
    relay.send(turn)
"""


@pytest.mark.crash
@pytest.mark.parametrize(
    ("point", "copies"), [("after_mail", 0), ("after_rcpt", 0), ("before_t5", 0), ("after_t5", 0), ("half_data", 0), ("after_dot", 1)]
)
def test_only_the_moment_after_the_dot_may_leave_a_copy(
    sink: Sink, point: str, copies: int, environment: Callable[..., dict[str, str]]
) -> None:
    done = subprocess.run([sys.executable, "-c", DYING, str(sink.port)], env=environment(SUPPORTD_FAILPOINT=point), timeout=30)
    assert done.returncode == -signal.SIGKILL
    subprocess.run([sys.executable, "-c", DYING, str(sink.port)], env=environment(), timeout=30, check=True)
    assert len(sink.sent) == copies + 1
    assert len({one.octets for one in sink.sent}) == 1

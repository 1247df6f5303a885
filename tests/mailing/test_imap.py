"""The mailbox: nothing is overlooked, nothing is changed by looking, and a broken line is a Temporary and nothing else."""

from __future__ import annotations

import imaplib
import os
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.demo.servers import EmbeddedImap
from daemon.errors import Permanent, Temporary
from daemon.mail.imap import Account, LoginRefused, Watch
from tests.chaos.proxy import Break, End, Proxy
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_ports

LIMIT = 25 * 1024 * 1024
THREATS = Path(__file__).parent.parent / "hostile" / "threats"
Wake = tuple[int, int]


def account_of(server: EmbeddedImap | Dovecot, **changes: object) -> Account:
    facts = {
        "name": "support", "host": server.host, "port": server.port, "tls": "none", "username": server.user,
        "password": lambda: server.password, "read_seconds": 5.0,
    }  # fmt: skip
    return Account(**(facts | changes))  # type: ignore[arg-type]


def tls_account_of(server: Dovecot, **changes: object) -> Account:
    return account_of(server, **({"tls": "implicit", "port": server.tls_port, "ca_file": str(server.certificates.ca)} | changes))


def mail(number: int, body: str = "hello") -> bytes:
    return f"Message-ID: <{number}@customer.example>\r\nSubject: {number}\r\n\r\n{body}\r\n".encode()


def everything(watch: Watch, limit: int = LIMIT) -> list[bytes | None]:
    """The octets of all mails, the way the fetch stage reads them."""
    watch.uidnext()
    return [one.octets for batch in watch.batches(watch.uids(), 100, 1 << 25) for one in watch.fetch(batch, limit)]


def later(seconds: float, work: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, work)
    timer.start()
    return timer


# --- on a server inside the process --------------------------------------------------------------------------------


def test_every_mail_comes_whole_and_in_order(imap_server: EmbeddedImap) -> None:
    mails = [mail(number) for number in range(120)]
    for octets in mails:
        imap_server.deliver(octets)
    with Watch(account_of(imap_server)) as watch:
        assert everything(watch) == mails


def test_arrival_is_told_in_utc(imap_server: EmbeddedImap) -> None:
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    imap_server.deliver(mail(1), internal_date=moment)
    with Watch(account_of(imap_server)) as watch:
        watch.uidnext()
        [found] = watch.fetch(watch.uids(), LIMIT)
    assert found.internal_date == moment
    assert found.internal_date.tzinfo is UTC


def test_no_word_of_a_mail_goes_into_a_command(imap_server: EmbeddedImap, wake: Wake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever mails hold, the commands are made of numbers, of configured names and of our own words (CVE-2025-15366 and its kin)."""
    said: list[bytes] = []
    send = imaplib.IMAP4.send

    def heard(self: imaplib.IMAP4, octets: bytes) -> None:
        said.append(octets)
        send(self, octets)

    for path in sorted(THREATS.glob("*.eml")):
        imap_server.deliver(path.read_bytes())
    monkeypatch.setattr(imaplib.IMAP4, "send", heard)
    with Watch(account_of(imap_server)) as watch:
        everything(watch)
        assert watch.put_away(watch.uids(), "Processed")
        watch.wait(0.1, wake[0])
    user, password = imap_server.user, imap_server.password
    ours = re.compile(
        rf'[A-Z]+\d+ (CAPABILITY|NOOP|LOGOUT|IDLE|(LOGIN|login) "?{user}"? "?{password}"?|(SELECT|LIST "" |CREATE) ?"?(INBOX|Processed)"?'
        r"|UID SEARCH UID [\d:*]+|UID FETCH [\d:,]+ \([A-Z0-9. \[\]]+\)|UID MOVE [\d:,]+ \"?Processed\"?)|DONE"
    )
    lines = b"".join(said).decode("ascii").split("\r\n")
    assert [line for line in lines if line and ours.fullmatch(line) is None] == []
    assert len(lines) > 8


def test_an_empty_folder_has_no_uids(imap_server: EmbeddedImap) -> None:
    with Watch(account_of(imap_server)) as watch:
        assert watch.uidnext() > 0
        assert watch.uids() == []


def test_the_last_mail_is_not_found_again_beyond_the_end(imap_server: EmbeddedImap) -> None:
    imap_server.deliver(mail(1))
    with Watch(account_of(imap_server)) as watch:
        following = watch.uidnext()
        assert watch.uids(following) == []
        assert watch.uids(following - 1) == [following - 1]


def test_a_mail_over_the_limit_comes_as_its_beginning(imap_server: EmbeddedImap) -> None:
    large = mail(1, "x" * 200_000)
    imap_server.deliver(large)
    imap_server.deliver(mail(2))
    with Watch(account_of(imap_server)) as watch:
        watch.uidnext()
        first, second = watch.fetch(watch.uids(), 100_000)
    assert (first.too_large, first.size, first.octets) == (True, len(large), large[: 64 * 1024])
    assert (second.too_large, second.octets) == (False, mail(2))


def test_batches_are_bounded_by_count_and_octets(imap_server: EmbeddedImap) -> None:
    for number in range(10):
        imap_server.deliver(mail(number, "x" * 1000))
    with Watch(account_of(imap_server)) as watch:
        watch.uidnext()
        uids = watch.uids()
        assert [len(batch) for batch in watch.batches(uids, 4, 1 << 20)] == [4, 4, 2]
        assert [len(batch) for batch in watch.batches(uids, 100, 2500)] == [2, 2, 2, 2, 2]
        assert [len(batch) for batch in watch.batches(uids, 100, 1)] == [1] * 10


def test_a_uid_that_is_gone_comes_without_octets(imap_server: EmbeddedImap) -> None:
    imap_server.deliver(mail(1))
    with Watch(account_of(imap_server)) as watch:
        [uid] = watch.uids() if watch.uidnext() else []
        found = list(watch.fetch([uid, uid + 7], LIMIT))
    assert [(one.uid, one.octets) for one in found] == [(uid, mail(1)), (uid + 7, None)]


def test_finished_mails_move_to_a_folder_that_is_made(imap_server: EmbeddedImap) -> None:
    for number in range(5):
        imap_server.deliver(mail(number))
    with Watch(account_of(imap_server)) as watch:
        watch.uidnext()
        uids = watch.uids()
        assert watch.put_away(uids[:3], "Processed")
        assert watch.put_away(uids[:3], "Processed"), "once more is no error"
        assert watch.put_away([], "Ignored")
        watch.uidnext()
        assert watch.uids() == uids[3:]
    assert imap_server.mails("Processed") == [mail(0), mail(1), mail(2)]


@pytest.mark.parametrize("name", ["a\r\nX1 DELETE INBOX", "a\nb", "a\0b", ""])
def test_a_folder_name_that_could_end_the_line_is_refused(imap_server: EmbeddedImap, name: str) -> None:
    with pytest.raises(Permanent):
        Watch(account_of(imap_server, folder=name))
    with Watch(account_of(imap_server)) as watch, pytest.raises(Permanent):
        watch.put_away([1], name)


def test_new_mail_ends_the_wait(imap_server: EmbeddedImap, wake: Wake) -> None:
    with Watch(account_of(imap_server)) as watch:
        watch.uidnext()
        later(0.2, lambda: imap_server.deliver(mail(1)))
        assert watch.wait(20, wake[0]) == "mail"
        assert everything(watch) == [mail(1)]


def test_mail_that_came_between_look_and_wait_is_not_slept_over(imap_server: EmbeddedImap, wake: Wake) -> None:
    with Watch(account_of(imap_server)) as watch:
        watch.uidnext()
        imap_server.deliver(mail(1))
        watch.uids()
        assert watch.wait(20, wake[0]) == "mail"


@pytest.mark.parametrize("idle", [True, False])
def test_a_word_on_the_pipe_ends_the_wait_and_is_used_up(imap_server: EmbeddedImap, wake: Wake, idle: bool) -> None:
    with Watch(account_of(imap_server, idle=idle)) as watch:
        watch.uidnext()
        later(0.1, lambda: os.write(wake[1], b"x" * 5000))
        assert watch.wait(20, wake[0]) == "woken"
        assert watch.wait(0.05, wake[0]) == "time"


def test_without_idle_the_folder_is_looked_at_when_the_time_is_over(imap_server: EmbeddedImap, wake: Wake) -> None:
    with Watch(account_of(imap_server, idle=False)) as watch:
        watch.uidnext()
        later(0.1, lambda: imap_server.deliver(mail(1)))
        assert watch.wait(0.4, wake[0]) == "mail"


def test_a_line_that_dies_while_waiting_is_noticed(imap_server: EmbeddedImap, wake: Wake) -> None:
    with Watch(account_of(imap_server)) as watch:
        watch.uidnext()
        later(0.1, imap_server.drop_connections)
        with pytest.raises(Temporary):
            watch.wait(20, wake[0])


def test_a_wrong_password_is_told_without_the_password(imap_server: EmbeddedImap) -> None:
    watch = Watch(account_of(imap_server, password=lambda: "not-the-secret"))
    with pytest.raises(LoginRefused) as caught:
        watch.connect()
    assert "not-the-secret" not in str(caught.value)
    assert "secret" not in repr(watch.account)


def test_a_server_that_is_away_is_temporary() -> None:
    away = Account(name="support", host="127.0.0.1", port=free_ports(1)[0], tls="none", username="u", password=lambda: "p")
    with pytest.raises(Temporary):
        Watch(away).connect()


def test_clear_text_is_for_loopback_only(imap_server: EmbeddedImap) -> None:
    with pytest.raises(Permanent, match="loopback"):
        Watch(account_of(imap_server, host="imap.support.example"))


def test_a_missing_starttls_is_never_answered_by_clear_text(imap_server: EmbeddedImap) -> None:
    with pytest.raises(Temporary, match=r"(?i)starttls"):
        Watch(account_of(imap_server, tls="starttls")).connect()


def test_a_closed_watch_says_so(imap_server: EmbeddedImap) -> None:
    watch = Watch(account_of(imap_server))
    watch.connect()
    watch.close()
    watch.close()
    with pytest.raises(Temporary, match="not connected"):
        watch.uidnext()


def _session(server: EmbeddedImap, port: int, wake: Wake) -> list[bytes | None]:
    with Watch(account_of(server, port=port, read_seconds=0.2)) as watch:
        found = everything(watch)
        watch.wait(0.01, wake[0])
    return found


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_line_that_breaks_anywhere_is_temporary_and_the_next_one_finds_everything(
    imap_server: EmbeddedImap, wake: Wake, how: End
) -> None:
    mails = [mail(number) for number in range(3)]
    for octets in mails:
        imap_server.deliver(octets)
    broken = 0
    for offset in range(0, 2600, 19):
        with Proxy(imap_server.port, [Break(after=offset, how=how)]) as line:
            try:
                assert _session(imap_server, line.port, wake) == mails
            except Temporary:
                broken += 1
    assert broken > 50
    assert _session(imap_server, imap_server.port, wake) == mails


def test_a_line_that_falls_silent_is_given_up(imap_server: EmbeddedImap, wake: Wake) -> None:
    imap_server.deliver(mail(1))
    for offset in range(0, 1200, 150):
        with Proxy(imap_server.port, [Break(after=offset, how="silence")]) as line, pytest.raises(Temporary):
            _session(imap_server, line.port, wake)


# --- on a real Dovecot ---------------------------------------------------------------------------------------------


@pytest.mark.dovecot
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_dovecot_gives_every_mail_over_verified_tls(dovecot: Dovecot, tls: str) -> None:
    mails = [mail(number) for number in range(5)]
    for octets in mails:
        dovecot.deliver(octets)
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    with Watch(tls_account_of(dovecot, tls=tls, port=port)) as watch:
        assert everything(watch) == mails
        assert {"IDLE", "MOVE", "UIDPLUS"} <= set(watch.capabilities())


@pytest.mark.dovecot
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_dovecot_with_an_unknown_authority_is_not_believed(dovecot: Dovecot, tls: str) -> None:
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    with pytest.raises(Temporary, match="certificate"):
        Watch(tls_account_of(dovecot, tls=tls, port=port, ca_file=None)).connect()


@pytest.mark.dovecot
def test_looking_sets_no_flag(dovecot: Dovecot) -> None:
    dovecot.deliver(mail(1))
    with Watch(tls_account_of(dovecot)) as watch:
        everything(watch)
    assert "\\Seen" not in dovecot.doveadm("fetch", "-u", dovecot.user, "flags", "mailbox", "INBOX")


@pytest.mark.dovecot
def test_a_mail_expunged_by_another_session_vanished_and_is_not_empty(dovecot: Dovecot) -> None:
    for number in range(3):
        dovecot.deliver(mail(number))
    with Watch(tls_account_of(dovecot)) as watch:
        watch.uidnext()
        uids = watch.uids()
        [batch] = watch.batches(uids, 100, 1 << 25)
        dovecot.doveadm("expunge", "-u", dovecot.user, "mailbox", "INBOX", "uid", str(uids[1]))
        assert [one.octets for one in watch.fetch(batch, LIMIT)] == [mail(0), None, mail(2)]


@pytest.mark.dovecot
def test_dovecot_tells_of_new_mail_and_of_the_end(dovecot: Dovecot, wake: Wake) -> None:
    with Watch(tls_account_of(dovecot)) as watch:
        watch.uidnext()
        timer = later(0.3, lambda: dovecot.deliver(mail(1)))
        assert watch.wait(20, wake[0]) == "mail"
        timer.join()
        watch.uidnext()
        timer = later(0.3, lambda: dovecot.doveadm("kick", dovecot.user))
        with pytest.raises(Temporary):
            watch.wait(20, wake[0])
        timer.join()


@pytest.mark.dovecot
def test_a_new_uidvalidity_ends_the_session_and_the_next_one_finds_everything(make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot()
    for number in range(3):
        server.deliver(mail(number))
    with Watch(tls_account_of(server)) as watch:
        before = watch.uidvalidity
        server.stop()
        for path in [*server.maildir.glob("dovecot*")]:
            path.unlink()
        server.start()
        with pytest.raises(Temporary):
            watch.uidnext()
    with Watch(tls_account_of(server)) as watch:
        assert watch.uidvalidity != before
        assert sorted(filter(None, everything(watch))) == [mail(number) for number in range(3)]


@pytest.mark.dovecot
@pytest.mark.parametrize(("capability", "moved"), [("IMAP4rev1 UIDPLUS IDLE", True), ("IMAP4rev1 IDLE", False), ("IMAP4rev1 MOVE", True)])
def test_mail_is_put_away_with_what_the_server_can_do(make_dovecot: Callable[..., Dovecot], capability: str, moved: bool) -> None:
    server = make_dovecot(capability=capability)
    for number in range(4):
        server.deliver(mail(number))
    server.doveadm("flags", "add", "-u", server.user, "\\Deleted", "mailbox", "INBOX", "uid", "4")
    with Watch(tls_account_of(server)) as watch:
        watch.uidnext()
        assert watch.put_away(watch.uids()[:2], 'Grüße "A" & B') is moved
        watch.uidnext()
        assert len(watch.uids()) == (2 if moved else 4), "what others marked as deleted is left alone"
    flags = server.doveadm("fetch", "-u", server.user, "flags", "mailbox", "INBOX", "uid", "1,2")
    assert ("$Supportd" in flags) is not moved


@pytest.mark.dovecot
def test_a_password_of_other_letters_is_let_in(make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot()
    (server.folder / "users").write_text(f"{server.user}:{{PLAIN}}Pässwörd ✓::::::\n")
    with Watch(tls_account_of(server, password=lambda: "Pässwörd ✓")) as watch:
        assert watch.uidvalidity


@pytest.mark.dovecot
def test_a_refused_login_on_dovecot(make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot()
    with pytest.raises(LoginRefused):
        Watch(tls_account_of(server, password=lambda: "wrong")).connect()

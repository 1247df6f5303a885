"""The mailbox changes behind the program: another UIDVALIDITY, files in another order, a copy put back, another client at work."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from daemon import worker
from daemon.demo.servers import EmbeddedImap
from daemon.errors import Temporary
from daemon.service import run_once
from tests.chaos.counts import run_until_quiet, strangers, tally
from tests.chaos.mailboxes import ClearDovecot, failing_mailbox
from tests.chaos.proxy import Proxy, Rewrite, Swallow
from tests.chaos.record import saw
from tests.chaos.test_alarms import Pager
from tests.conversations.fixtures import inbox
from tests.conversations.world import DovecotInbox, Inbox, PymapInbox, World, end, until
from tests.crash import rig
from tests.doubles import Sink
from tests.servers.dovecot import Dovecot

__all__ = ["inbox"]

pytestmark = pytest.mark.chaos


@pytest.fixture
def world(make_world: Callable[..., World], sqlite_url: str, inbox: Inbox) -> World:
    """On pymap, and (marker `dovecot`) on Dovecot."""
    return make_world(sqlite_url, inbox)


def _put(world: World, *mails: bytes) -> None:
    for octets in mails:
        world.deliver(octets)


def _stages(world: World, *stages: str) -> None:
    run_once(world.config, world.house, stages)


def _server(inbox: Inbox) -> str:
    return "Dovecot" if isinstance(inbox, DovecotInbox) else "pymap"


@pytest.mark.parametrize("moment", ["written down", "acted on"])
def test_another_uidvalidity_before_mails_are_put_away_acts_on_none_twice(
    moment: str, world: World, inbox: Inbox, capfd: pytest.CaptureFixture[str]
) -> None:
    mails = strangers(4)
    _put(world, *mails[:3])
    _stages(world, "fetch")
    if moment == "acted on":
        _stages(world, "apply")
    inbox.renew()
    world.configure()
    _put(world, mails[3])
    run_until_quiet(world)
    got = tally(world, mails, copies=True)
    assert (got.lost, got.doubled) == (0, 0)
    assert [row["reason"] for row in world.mails() if row["outcome"] == "ignored"] == ["copy-of-mail"] * 3
    # what is put away is what the new numbers name: the three as copies, the fourth as acted on
    assert inbox.mails() == []
    assert inbox.mails("Processed") == [mails[3]]
    assert sorted(inbox.mails("Ignored")) == sorted(mails[:3])
    said = capfd.readouterr().err
    assert "warning mailbox-renewed" in said
    assert "mails-missing" not in said
    saw("G8", f"another UIDVALIDITY when mails were {moment}", times=1, lost=got.lost, doubled=got.doubled, note=_server(inbox))


@pytest.mark.dovecot
def test_files_in_another_order_put_no_wrong_mail_away(
    make_dovecot: Callable[..., object], dovecot_inbox: DovecotInbox, make_world: Callable[..., World], sqlite_url: str
) -> None:
    world = make_world(sqlite_url, dovecot_inbox)
    mails = [one + b"more\r\n" * number for number, one in enumerate(strangers(5))]
    _put(world, *mails[:3])
    _stages(world, "fetch")
    _stages(world, "apply")
    _put(world, *mails[3:])
    # the files change places, so that what was number 1 is now number 5
    server = dovecot_inbox.server
    server.stop()
    files = sorted(path for kind in ("cur", "new") for path in (server.maildir / kind).iterdir())
    assert len(files) == 5
    for path in files:
        path.rename(path.with_name("x" + path.name))
    for path, place in zip(files, reversed(files), strict=True):
        # a size noted in the name stays with its mail
        own = path.name.partition(",")
        path.with_name("x" + path.name).rename(place.parent / "".join((place.name.partition(",")[0], *own[1:])))
    for path in server.maildir.glob("dovecot*"):
        path.unlink()
    server.start()
    run_until_quiet(world)
    got = tally(world, mails, copies=True)
    assert (got.lost, got.doubled) == (0, 0)
    assert dovecot_inbox.mails() == []
    assert sorted(dovecot_inbox.mails("Processed")) == sorted(mails[3:])
    assert sorted(dovecot_inbox.mails("Ignored")) == sorted(mails[:3])
    saw("G8", "another UIDVALIDITY and files in another order", times=1, lost=got.lost, doubled=got.doubled, note="Dovecot")


@pytest.mark.dovecot
def test_a_mail_at_which_the_server_ends_the_session_keeps_no_other_waiting(
    make_dovecot: Callable[..., object], dovecot_inbox: DovecotInbox, make_world: Callable[..., World], sqlite_url: str,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    world = make_world(sqlite_url, dovecot_inbox)
    mails = strangers(3)
    _put(world, *mails)
    server = dovecot_inbox.server
    server.stop()
    files = [path for kind in ("cur", "new") for path in (server.maildir / kind).iterdir()]
    whole = next(path for path in files if path.read_bytes().splitlines() == mails[1].splitlines())
    size = f"S={whole.stat().st_size},"
    assert size in whole.name
    damaged = whole.rename(whole.with_name(whole.name.replace(size, "S=9,")))
    server.start()
    run_until_quiet(world)
    assert [row["outcome"] for row in world.mails()] == ["acted", "acted"]
    assert len(world.inbox.mails("Processed")) == 2
    assert 'mail-unreadable mailbox="support" uids="4"' in capfd.readouterr().err  # to Dovecot another name is another mail
    server.stop()
    here = damaged if damaged.exists() else next(path for path in (server.maildir / "cur").iterdir() if ",S=9," in path.name)
    here.rename(here.parent / here.name.replace("S=9,", size))
    for path in server.maildir.glob("dovecot.index*"):
        path.unlink()
    server.start()
    run_until_quiet(world)
    got = tally(world, mails)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G14", "a mail at which the server ends the session, each time", times=1, lost=got.lost, doubled=got.doubled, note="Dovecot")


@pytest.fixture
def dovecot_inbox(make_dovecot: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> DovecotInbox:
    """A Dovecot of the test's own."""
    from tests.conversations.world import trust_authority
    from tests.servers.dovecot import Dovecot

    server = make_dovecot()
    assert isinstance(server, Dovecot)
    trust_authority(server, monkeypatch.setenv)
    return DovecotInbox(server)


class _SameValidity(PymapInbox):
    """A mailbox whose server can be put back: its UIDs begin again, and its UIDVALIDITY is what it was."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy = Proxy(self.server.port, [Rewrite(pattern=rb"UIDVALIDITY \d+", by=b"UIDVALIDITY 7")])
        self.seen_port = self.proxy.port

    def put_back(self, mails: list[bytes], world: World) -> None:
        self.server.close()
        self.server = EmbeddedImap()
        self.proxy.target = self.server.port
        _put(world, *mails)

    def close(self) -> None:
        self.proxy.close()
        super().close()


@pytest.fixture
def same_validity() -> Iterator[_SameValidity]:
    with ExitStack() as stack:
        made = _SameValidity()
        stack.callback(made.close)
        yield made


@pytest.mark.parametrize("kept", ["all", "nothing"])
def test_a_mailbox_put_back_under_the_same_uidvalidity_hides_no_new_mail(
    kept: str, same_validity: _SameValidity, make_world: Callable[..., World], sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    world = make_world(sqlite_url, same_validity, after='"keep"')
    mails = strangers(8)
    _put(world, *mails[:5])
    world.run()
    # the copy is of the time when two had come; what came since has the numbers of mails that we know
    same_validity.put_back(mails[:2] if kept == "all" else [], world)
    world.run()
    assert "error mailbox-went-back" in capfd.readouterr().err
    _put(world, *mails[5:])
    run_until_quiet(world)
    got = tally(world, mails, copies=True)
    assert (got.lost, got.doubled) == (0, 0)
    world.run()
    assert "mailbox-went-back" not in capfd.readouterr().err
    # and when as many have come meanwhile as there were, only the mails themselves tell
    more = [octets for number in range(6) for octets in strangers(1, "word " * number)]
    same_validity.put_back(mails[:2] + more, world)
    run_until_quiet(world)
    assert "mailbox-went-back" in capfd.readouterr().err
    got = tally(world, mails + more, copies=True)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G9", "a mailbox put back under the same UIDVALIDITY, UIDs given out again", times=2, lost=got.lost, doubled=got.doubled)


@pytest.mark.dovecot
def test_a_maildir_that_was_wiped_and_put_back_from_a_copy_loses_and_doubles_nothing(
    dovecot_inbox: DovecotInbox, make_world: Callable[..., World], sqlite_url: str, tmp_path: Path
) -> None:
    server = dovecot_inbox.server
    world = make_world(sqlite_url, dovecot_inbox, after='"keep"')
    mails = [octets for number in range(9) for octets in strangers(1, "word " * number)]
    _put(world, *mails[:3])
    world.run()
    copy = tmp_path / "copy"
    shutil.copytree(server.maildir, copy)
    owner = server.maildir.stat()
    _put(world, *mails[3:5])
    world.run()
    # wiped under an open session, then put back with its UIDs of then
    _put(world, mails[5])
    _stages(world, "fetch")
    server.stop()
    shutil.rmtree(server.maildir)
    shutil.copytree(copy, server.maildir)
    for path in [server.maildir, *server.maildir.rglob("*")]:
        shutil.chown(path, owner.st_uid, owner.st_gid)
    server.start()
    _put(world, *mails[6:])
    run_until_quiet(world)
    run_until_quiet(world)
    got = tally(world, mails, copies=True)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G9", "a maildir wiped, and put back from a copy", times=1, lost=got.lost, doubled=got.doubled, note="Dovecot")


@pytest.mark.dovecot
def test_a_maildir_wiped_and_put_back_under_a_session_in_idle_is_paged_and_loses_nothing(
    make_dovecot: Callable[..., object], make_world: Callable[..., World], sqlite_url: str, tmp_path: Path
) -> None:
    server = make_dovecot()
    assert isinstance(server, Dovecot)
    mailbox = ClearDovecot(server)
    world = make_world(sqlite_url, mailbox)
    mails = [octets for number in range(5) for octets in strangers(1, "word " * number)]

    def put_back(copy: Path) -> None:
        owner = server.maildir.stat()
        shutil.copytree(copy, tmp_path / "owned")
        for path in [tmp_path / "owned", *(tmp_path / "owned").rglob("*")]:
            shutil.chown(path, owner.st_uid, owner.st_gid)
        shutil.rmtree(server.maildir)
        (tmp_path / "owned").rename(server.maildir)

    def fetched(count: int) -> bool:
        return sum(map(int, re.findall(r"mail-fetched .*count=(\d+)", world.log()))) == count and mailbox.idles

    with ExitStack() as stack:
        stack.callback(mailbox.close)
        pager = Pager(world, tmp_path, stack.enter_context(Sink()))
        _put(world, *mails[:3])
        # nothing is acted on, so nothing is put away
        daemon = rig.begin(world, "run", "--stage", "fetch")
        stack.callback(rig.kill, daemon)
        until(lambda: fetched(3), "the mails are not fetched")
        shutil.copytree(server.maildir, tmp_path / "copy")
        shutil.rmtree(server.maildir)
        pager.wait("mails of support")
        assert 'mails-missing mailbox="support" folder="INBOX" count=3 of=3' in world.log()
        _put(world, mails[3])
        until(lambda: fetched(4), "the mail that came after it is not fetched")
        # the mails that were lost come again; the one that came meanwhile is gone
        put_back(tmp_path / "copy")
        until(lambda: fetched(7), "the mails that were put back are not fetched")
        assert 'mails-missing mailbox="support" folder="INBOX" count=1 of=1' in world.log()
        _put(world, mails[4])
        until(lambda: fetched(8), "the mail that came after them is not fetched")
        assert end(daemon) == 0
        assert world.log_lines("mails-missing") == 2
        run_until_quiet(world)
        got = tally(world, mails, copies=True)
        assert mailbox.mails() == []
    assert (got.lost, got.doubled) == (0, 0)
    saw("G9", "a maildir wiped, and put back, under a session in IDLE", times=2, lost=got.lost, doubled=got.doubled, note="Dovecot")


class _OtherClient:
    """Somebody else at the same mailbox: flags one mail, moves one elsewhere, expunges one; the rest stays."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.done = False

    def work(self) -> None:
        import imaplib

        server = self.inbox.server  # type: ignore[attr-defined]
        with imaplib.IMAP4(server.host, server.port, timeout=30) as client:
            client.login(server.user, server.password)
            client.create("Elsewhere")
            client.select("INBOX")
            _, found = client.uid("SEARCH", "UID", "1:*")
            uids = [uid.decode() for uid in found[0].split()]
            client.uid("STORE", uids[0], "+FLAGS", "(\\Seen \\Flagged)")
            kind, said = client.uid("MOVE", uids[1], "Elsewhere")
            assert kind == "OK", said
            client.uid("STORE", uids[2], "+FLAGS", "(\\Deleted)")
            client.expunge()
        self.done = True


@pytest.mark.parametrize(("point", "vanished"), [("after_search", 2), ("after_fetch", 0), ("before_move", 0)])
def test_another_client_at_work_during_a_batch_doubles_nothing_and_what_it_took_is_counted(
    point: str, vanished: int, world: World, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    mails = strangers(4)
    _put(world, *mails)
    other = _OtherClient(inbox)

    def meanwhile(name: str) -> None:
        if name == point and not other.done:
            other.work()

    monkeypatch.setattr(worker, "failpoint", meanwhile)
    run_until_quiet(world)
    run_until_quiet(world)
    assert other.done
    books = world.assert_good_books()
    assert (books.received, books.acted, books.vanished) == (4, 4 - vanished, vanished)
    left = [octets for number, octets in enumerate(mails) if not (vanished and number in (1, 2))]
    got = tally(world, left, copies=True)
    assert (got.lost, got.doubled) == (0, 0)
    assert inbox.mails() == []
    assert inbox.mails("Elsewhere") == [mails[1]]
    saw("G9", f"another client flags, moves and expunges at {point}", times=3, lost=got.lost, doubled=got.doubled, note=_server(inbox))


def test_many_mails_that_are_missing_at_once_are_told(world: World, inbox: Inbox, capfd: pytest.CaptureFixture[str]) -> None:
    mails = strangers(6)
    _put(world, *mails[:5])
    _stages(world, "fetch")
    inbox.lose()
    _put(world, mails[5])
    run_until_quiet(world)
    assert 'error mails-missing mailbox="support" folder="INBOX" count=5 of=5' in capfd.readouterr().err
    got = tally(world, mails)
    assert (got.lost, got.doubled) == (0, 0)
    assert inbox.mails() == []
    saw("G9", "a mailbox wiped after its mails were written down", times=5, lost=got.lost, doubled=got.doubled, note=_server(inbox))


@pytest.mark.parametrize(("lost", "told"), [(0, False), (1, False), (2, True), (5, True)])
def test_mails_that_do_not_come_again_under_another_uidvalidity_are_told_once(
    lost: int, told: bool, make_world: Callable[..., World], sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        inbox = PymapInbox()
        stack.callback(inbox.close)
        world = make_world(sqlite_url, inbox)
        mails = strangers(6)
        _put(world, *mails[:5])
        _stages(world, "fetch")
        inbox.lose()
        inbox.renew()
        world.configure()
        # one that came meanwhile makes up for none
        _put(world, *mails[lost:])
        _stages(world, "fetch")
        said = capfd.readouterr().err
        assert (f'error mails-missing mailbox="support" folder="INBOX" count={lost} of=5 ' in said) == told
        assert ("mails-missing" in said) == told
        _stages(world, "fetch")
        run_until_quiet(world)
        assert "mails-missing" not in capfd.readouterr().err
        got = tally(world, mails, copies=True)
        assert (got.lost, got.doubled) == (0, 0)
        assert inbox.mails() == []
    saw("G9", "a mailbox recreated before its mails were put away", times=lost, lost=got.lost, doubled=got.doubled, note="pymap")


def test_mails_that_are_gone_when_the_uids_go_back_are_told_once(
    same_validity: _SameValidity, make_world: Callable[..., World], sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    world = make_world(sqlite_url, same_validity)
    mails = strangers(6)
    _put(world, *mails[:5])
    _stages(world, "fetch")
    same_validity.put_back(mails[:2], world)
    _stages(world, "fetch")
    said = capfd.readouterr().err
    assert "error mailbox-went-back" in said
    assert 'error mails-missing mailbox="support" folder="INBOX" count=3 of=3 ' in said
    _put(world, mails[5])
    run_until_quiet(world)
    assert "mails-missing" not in capfd.readouterr().err
    got = tally(world, mails, copies=True)
    assert (got.lost, got.doubled) == (0, 0)
    assert same_validity.mails() == []
    saw("G9", "UIDs go back before mails were put away", times=3, lost=got.lost, doubled=got.doubled, note="pymap")


@pytest.mark.parametrize("same", [True, False])
def test_an_empty_mailbox_that_counts_from_the_beginning_is_told_though_nothing_lay_there(
    same: bool, same_validity: _SameValidity, make_world: Callable[..., World], sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    world = make_world(sqlite_url, same_validity)
    mails = strangers(2)
    world.run()
    _put(world, mails[0])
    run_until_quiet(world)
    assert same_validity.mails() == []
    world.run()
    assert "mails-missing" not in capfd.readouterr().err
    same_validity.put_back([], world)
    if not same:
        same_validity.proxy.always = (Rewrite(pattern=rb"UIDVALIDITY \d+", by=b"UIDVALIDITY 8"),)
    world.run()
    assert 'count=0 of=0 detail="INBOX was made anew and is empty; ' in capfd.readouterr().err
    _put(world, mails[1])
    run_until_quiet(world)
    assert "mails-missing" not in capfd.readouterr().err
    got = tally(world, mails)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G9", "an empty mailbox made anew", times=1, lost=got.lost, doubled=got.doubled, note="pymap")


def test_mails_that_we_put_away_while_the_line_broke_are_not_missing(
    make_world: Callable[..., World], sqlite_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with failing_mailbox() as inbox:
        world = make_world(sqlite_url, inbox, limits=rig.NO_RATES)
        mails = strangers(5)
        _put(world, *mails)
        inbox.proxy.script.append((Swallow(pattern=rb"COPYUID"),))
        with pytest.raises(Temporary):
            _stages(world, "fetch", "apply")
        assert (inbox.mails(), len(inbox.mails("Processed"))) == ([], 5)
        run_until_quiet(world)
        assert "mails-missing" not in capfd.readouterr().err
        got = tally(world, mails)
    assert (got.lost, got.doubled) == (0, 0)
    saw("G9", "the line breaks when mails were put away", times=5, lost=got.lost, doubled=got.doubled, note="pymap")

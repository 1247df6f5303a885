"""A daemon at work tells by mail and by command what is wrong with what it depends on, and is known to live while it does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from daemon.errors import Temporary
from daemon.health import disks
from daemon.healthfile import HealthWord, health_file_of, read, write
from daemon.watchman import HEADS
from tests.chaos.record import saw
from tests.chaos.test_disks import MIB, filled, small_disk
from tests.conversations.world import PymapInbox, World, mail, until
from tests.doubles import Sink
from tests.servers.ports import free_ports
from tests.test_serving import ended, running
from tests.test_watchman import PAGER

__all__ = ["small_disk"]

pytestmark = [pytest.mark.chaos, pytest.mark.crash]

IMPATIENT = (
    "import datetime, daemon.health, daemon.watchman; daemon.watchman.LOOK_SECONDS = 0.2; "
    "daemon.health.UNREAD_PATIENCE = datetime.timedelta(0); "
)


class Pager:
    """Two ways to tell people, beside the mail of the installation: another SMTP server, and a command."""

    def __init__(self, world: World, folder: Path, server: Sink, *, alarm: str = "", more: str = "") -> None:
        self.pages, self.server = folder / "pages", server
        world.close()
        command = json.dumps([sys.executable, "-c", PAGER, str(self.pages)])
        world.path.write_text(
            f'{world.path.read_text()}[alarm]\nto = ["ops@else.example"]\ncommand = {command}\n{alarm}'
            f'[alarm.smtp]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "none"\n{more}'
        )

    def paged(self) -> set[tuple[str, str]]:
        """What the command was given so far."""
        text = self.pages.read_text() if self.pages.exists() else ""
        return {(page["alarm"], page["phase"]) for page in map(json.loads, text.splitlines())}

    def mailed(self) -> set[tuple[str, str]]:
        """What came to the other server."""
        told = set()
        for sent in self.server.sent:
            subject = str(message_from_bytes(sent.octets, policy=policy.default)["Subject"]).strip().removeprefix("[supportd] ")
            phase = next((phase for phase, head in HEADS.items() if head and subject.startswith(head)), "begins")
            told.add((subject.removeprefix(HEADS[phase]).partition(": ")[0], phase))
        return told

    def wait(self, *names: str) -> None:
        """Until both ways have told that these began."""
        wanted = {(name, "begins") for name in names}
        until(lambda: wanted <= self.paged() and wanted <= self.mailed(), "not told by both ways")


def test_a_dying_token_a_dead_mailbox_and_a_stuck_outbox_are_told_by_both_ways(
    make_world: Callable[..., World], sqlite_url: str, tmp_path: Path
) -> None:
    inbox = PymapInbox()
    world = make_world(sqlite_url, inbox)
    now = datetime.now(UTC)
    world.clock = now - timedelta(hours=2)
    world.sink.greeting = "421 4.3.2 down"
    world.deliver(mail("ann", "Roof-7 shows no data."))
    with pytest.raises(Temporary, match="down"):
        world.run()
    inbox.close()
    token = tmp_path / "token"
    token.write_text("a-refresh-token\n")
    token.chmod(0o600)
    [nobody] = free_ports(1)
    oauth = (
        f'[[mailbox]]\nname = "other"\nhost = "127.0.0.1"\nport = {nobody}\ntls = "none"\nusername = "other"\n'
        f'[mailbox.oauth]\nclient_id = "c"\ntoken_url = "http://127.0.0.1:{nobody}/token"\nscope = "mail"\n'
        f'refresh_token_file = "{token}"\nrefresh_token_days = 5\n'
    )
    with Sink() as server:
        pager = Pager(world, tmp_path, server, alarm="mailbox_minutes = 1\noutbox_minutes = 1\n", more=oauth)
        # what the daemon said before it was started again: when each was read last
        last = HealthWord(pid=1, started_at=world.clock, at=now, stopped=True, mailboxes={"support": world.clock, "other": world.clock})
        write(health_file_of(world.config), last, durably=False)
        with running(world, IMPATIENT) as daemon:
            pager.wait("mailbox support", "mailbox other", "token of mailbox other", "outbox")
            assert ended(daemon) < 30
        assert {phase for _, phase in pager.paged() | pager.mailed()} == {"begins"}
        assert len(server.sent) == len(pager.mailed())
    saw("G5", "the relay, a mailbox, a token: each is told by a second way", times=4, lost=0, doubled=0, note="SQLite")


@pytest.mark.strace
def test_a_disk_without_an_octet_left_is_told_and_the_daemon_on_it_is_known_to_live(
    make_world: Callable[..., World], small_disk: Path, tmp_path: Path
) -> None:
    world = make_world(f"sqlite:///{small_disk / 'supportd.db'}")
    world.configure(limits={"free_disk": MIB})
    file = health_file_of(world.config)

    def word() -> HealthWord:
        said = read(file)
        assert said is not None
        return said

    def health() -> dict[str, tuple[str, str]]:
        command = [*world.command("health", "--json")]
        done = subprocess.run(command, capture_output=True, env=world.environment(), text=True)
        return {vital["what"]: (vital["status"], vital["detail"]) for vital in json.loads(done.stdout)["vitals"]}

    with Sink() as server:
        pager = Pager(world, tmp_path, server, alarm='disk_free = "2MiB"\n')
        with running(world, IMPATIENT) as daemon:
            until(file.exists, "it does not say how it does")
            with filled(small_disk):
                pager.wait("disk")
                last = word().at
                for _ in range(10):
                    until(lambda last=last: word().at > last, "it says no more how it does", 5)
                    last = word().at
                found = health()
                assert (found["daemon"][0], found["disk"]) == ("ok", ("critical", f"0 MiB free at {small_disk}: no mail is fetched"))
            until(lambda: health()["disk"][0] == "ok", "the room is not seen")
            assert ended(daemon) < 30
            assert "health-not-written" not in world.log()
            assert word().stopped
    # its disk is looked at wherever the other files lie
    world.path.write_text(world.path.read_text().replace("durable =", f'epoch_file = "{tmp_path}/desk.epoch"\ndurable ='))
    world.close()
    (vital,) = disks(world.config)
    assert (vital.weight, f"free at {small_disk}; " in vital.detail, str(tmp_path) in vital.detail) == (0, True, True)
    with filled(small_disk):
        (vital,) = disks(world.config)
        assert (vital.weight, vital.alarm) == (2, True)
        assert vital.detail.startswith(f"0 MiB free at {small_disk}: no mail is fetched; ")
    saw("G12", "no octet left: it is told, and the daemon is known to live", times=1, lost=0, doubled=0, note="SQLite on a tiny tmpfs")

"""Alarms arrive by the second way when the first is down, each once, and a restart repeats none."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from daemon import health
from daemon.checkup_daemon import told_by_test
from daemon.config import load_config
from daemon.pulse import Pulse
from daemon.service import STAGES
from daemon.store.epoch import EpochFile, Epochs
from daemon.verdict import GOOD
from daemon.watchman import Watchman
from tests.conversations.fixtures import inbox, make_world, world
from tests.conversations.world import World, mail, until
from tests.doubles import Sink
from tests.servers.ports import free_ports

__all__ = ["inbox", "make_world", "world"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PAGER = "import pathlib, sys; pathlib.Path(sys.argv[1]).open('a').write(sys.stdin.read())"


class Desk:
    """An installation with two ways to tell: a second SMTP server, and a command that writes down what it is given."""

    def __init__(self, world: World, second: Sink) -> None:
        self.world, self.second = world, second
        self.pages = world.folder / "pages"
        self.configure()

    def configure(self, **changes: Any) -> None:
        """Write the configuration of the world with these changes, and the ways to tell below it."""
        world, second = self.world, self.second
        world.configure(**changes)
        text = world.path.read_text()
        command = json.dumps([sys.executable, "-c", PAGER, str(self.pages)])
        self.rules = f'[alarm]\nto = ["ops@else.example"]\ncommand = {command}\n'
        world.path.write_text(
            f'{text}{self.rules}[alarm.smtp]\nhost = "127.0.0.1"\nport = {second.port}\ntls = "none"\nusername = "alarm"\n'
            'password = { env = "ALARM_PASSWORD" }\n'
        )
        self.start()

    def start(self) -> None:
        """The daemon starts, as far as its watchman knows."""
        self.watchman = Watchman(load_config(self.world.path), STAGES, lambda: self.world.clock, Pulse())
        self.world.house.epochs.begin(self.world.clock)
        self.watchman.turn(load_config(self.world.path), self.world.house.epochs)

    def look(self, **later: float) -> None:
        """Some time passes in which the mailbox is read, and everything is looked at."""
        self.world.later(**later)
        self.watchman.mailbox_was_read("support")
        self.watchman.ask_once(self.world.house.database)
        self.watchman.look()

    def paged(self) -> list[tuple[str, str]]:
        """What the command was given so far."""
        lines = self.pages.read_text().splitlines() if self.pages.exists() else []
        return [(page["alarm"], page["phase"]) for page in map(json.loads, lines)]

    def subjects(self) -> list[str]:
        """The subjects that came to the second server."""
        return [message_from_bytes(sent.octets, policy=default)["Subject"].removeprefix("[supportd] ") for sent in self.second.sent]

    def mailed(self) -> list[str]:
        """What they tell of, and the phase."""
        found = []
        for subject in self.subjects():
            head = next((head for head in ("over: ", "still: ") if subject.startswith(head)), "")
            name = subject.removeprefix(head).partition(":")[0]
            found.append(f"{name}: { {'over: ': 'ended', 'still: ': 'lasts', '': 'begins'}[head] }")
        return found


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("ALARM_PASSWORD", "another secret")
    with Sink(login=("alarm", "another secret")) as second:
        yield Desk(world, second)


def test_a_relay_that_is_down_is_told_by_the_second_account_and_the_command(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    world = desk.world
    world.sink.greeting = "421 4.3.2 down"
    world.deliver(mail("ann", "Roof-7 shows no data."))
    with pytest.raises(Exception, match="down"):
        world.run()
    desk.look(minutes=59)
    assert (desk.mailed(), desk.paged()) == ([], [])
    desk.look(minutes=2)
    desk.look(minutes=10)
    # a restart in between
    desk.start()
    desk.look(minutes=10)
    assert desk.mailed() == ["outbox: begins"]
    assert desk.paged() == [("outbox", "begins")]
    assert b"Roof-7" not in desk.second.sent[0].octets + desk.pages.read_bytes()
    assert "<" not in desk.second.sent[0].reverse_path
    desk.look(hours=25)
    assert desk.paged()[1:] == [("outbox", "lasts")]
    world.sink.greeting = "220 ready"
    world.run()
    for _ in range(8):
        desk.look(minutes=1)
    assert desk.mailed() == ["outbox: begins", "outbox: lasts", "outbox: ended"]
    assert desk.paged() == [("outbox", "begins"), ("outbox", "lasts"), ("outbox", "ended")]
    lines = [line for line in capsys.readouterr().err.splitlines() if " alarm" in line]
    assert [line.split(" ")[1:3] for line in lines] == [["critical", "alarm"], ["critical", "alarm"], ["warning", "alarm-ended"]]


def test_with_both_servers_down_the_command_and_the_log_are_left(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.second.greeting = "421 4.3.2 down, too"
    desk.watchman.mailbox_was_read("support")
    for _ in range(3):
        desk.world.later(minutes=10)
        desk.watchman.ask_once(desk.world.house.database)
        desk.watchman.look()
    assert desk.paged() == [("mailbox support", "begins")]
    said = capsys.readouterr().err
    assert said.count(' critical alarm what="mailbox support" phase="begins"') == 1
    # it is not asked again at each look
    assert said.count(" error alarm-not-told ") == 1
    assert "down, too" in said
    # and when it is back, it still hears of it
    desk.second.greeting = "220 ready"
    desk.start()
    desk.world.later(minutes=10)
    desk.watchman.ask_once(desk.world.house.database)
    desk.watchman.mailbox_is_away("support", "mailbox support: 127.0.0.1:21025: can't connect: Connection refused")
    desk.watchman.look()
    (subject,) = desk.subjects()
    assert subject.startswith("mailbox support: not read for 40 minutes; the last session ended so: 127.0.0.1:21025: can't connect: Conn")
    assert desk.paged() == [("mailbox support", "begins")]


def test_a_long_stop_is_no_alarm_unless_the_mailbox_is_not_read_after_the_start_either(desk: Desk) -> None:
    desk.look()
    desk.world.later(hours=3)
    desk.start()
    desk.watchman.look()
    desk.look(seconds=20)
    assert desk.paged() == []
    # a daemon that dies before it has read anything, again and again
    desk.world.later(hours=3)
    for _ in range(6):
        desk.start()
        desk.watchman.look()
        desk.world.later(seconds=20)
    assert desk.paged() == []
    desk.start()
    desk.watchman.look()
    assert desk.paged() == [("mailbox support", "begins")]


def test_a_command_that_fails_or_hangs_keeps_nobody(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    world = desk.world
    text = world.path.read_text()
    for command, told in (
        (["/nowhere/page"], "No such file"),
        (["sh", "-c", "echo sorry >&2; exit 3"], "status 3: sorry"),
        (["sleep", "60"], "1 s"),
    ):
        world.path.write_text(
            text.replace(desk.rules, f'[alarm]\nto = ["ops@else.example"]\ncommand = {json.dumps(command)}\ncommand_seconds = 1\n')
        )
        desk.start()
        desk.watchman.refused("supportd.toml:3: a mistake")
        desk.look(minutes=1)
        assert told in capsys.readouterr().err
    # the other way is none the worse for it
    assert desk.mailed() == ["reload: begins"]


def test_an_epoch_file_that_can_not_be_written_is_an_alarm_and_not_the_end(desk: Desk, tmp_path: Path) -> None:
    epochs = Epochs(desk.world.house.database, EpochFile(tmp_path / "gone" / "epoch"))
    desk.watchman.turn(load_config(desk.world.path), epochs)
    with desk.world.house.database.transaction():
        pass
    desk.world.deliver(mail("ann", "Roof-7 shows no data."))
    desk.world.run()
    epochs.keep_time()
    desk.look(minutes=1)
    assert desk.paged() == [("epoch file", "begins")]
    (tmp_path / "gone").mkdir()
    epochs.keep_time()
    for _ in range(8):
        desk.look(minutes=1)
    assert desk.paged()[1:] == [("epoch file", "ended")]


def test_the_breaker_is_told_by_the_second_way_while_it_holds_back_all_automatic_mail(desk: Desk) -> None:
    world = desk.world
    desk.configure(limits={"breaker": 3, "breaker_per_mail": 0})
    world.deliver(mail("ann", "Roof-7 shows no data."))
    world.run()
    desk.look(minutes=1)
    assert desk.paged() == []
    world.deliver(mail("sam", "The inverter hums.", subject="Inverter"))
    world.run()
    desk.look(minutes=1)
    assert (desk.paged(), desk.mailed()) == ([("breaker", "begins")], ["breaker: begins"])
    page = json.loads(desk.pages.read_text())
    held = len([row for row in world.outbox() if row["state"] == "held"])
    assert page["weight"] == "critical"
    assert f"breaker: more than 3 automatic mails in an hour; {held} mails of ours are held" in page["detail"]
    assert 'supportd lift "*"' in page["mend"]
    world.cli("lift", "*")
    for _ in range(8):
        desk.look(minutes=1)
    assert desk.paged()[1:] == [("breaker", "ended")]


def test_many_mails_that_are_gone_at_once_are_told_by_the_second_way_and_a_restart_tells_them_no_second_time(desk: Desk) -> None:
    world = desk.world
    for number in range(5):
        world.deliver(mail(f"p{number}@else.example", "A question.", subject=f"Number {number}"))
    world.cli("run", "--once", "--stage", "fetch", ALARM_PASSWORD="another secret")
    world.inbox.lose()
    file = world.folder.parent / "supportd.db.health"
    for _ in range(2):
        process = world.start("run", ALARM_PASSWORD="another secret", SUPPORTD_NOW=world.clock.isoformat())
        try:
            said = f'"pid": {process.pid},'
            until(lambda said=said: file.exists() and said in file.read_text() and bool(desk.paged()), "nobody was told", 60)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    assert desk.paged() == [("mails of support", "begins")]
    assert json.loads(desk.pages.read_text())["detail"].startswith("5 of 5 mails that should lie in INBOX were gone at once; what was")
    # what was written down of them is worked on all the same
    world.run()
    assert world.assert_good_books().acted == 5
    # it is no state that passes: a day later it has been told
    desk.start()
    desk.look(hours=23)
    assert len(desk.paged()) == 1
    desk.look(hours=2)
    desk.look(minutes=6)
    assert desk.paged()[1:] == [("mails of support", "ended")]


def test_every_way_can_be_tried(desk: Desk) -> None:
    config = load_config(desk.world.path)
    assert [(found.what, found.verdict) for found in told_by_test(config, desk.world.clock)] == [
        ("alarm by mail", GOOD), ("alarm by command", GOOD),
    ]  # fmt: skip
    assert desk.mailed() == ["test: begins"]
    desk.second.greeting = "421 4.3.2 down"
    found = next(told_by_test(config, desk.world.clock))
    assert (found.verdict, "down" in found.detail, found.mend) == ("BAD", True, "see [alarm.smtp]")


def test_a_database_that_is_away_at_the_start_is_told_once_however_often_the_daemon_is_started(desk: Desk) -> None:
    world = desk.world
    (port,) = free_ports(1)
    world.close()
    text = world.path.read_text()
    world.path.write_text(text.replace(world.database_url, f"postgresql://nobody@127.0.0.1:{port}/supportd"))
    for minutes in (0, 2, 1):
        world.later(minutes=minutes)
        world.cli("run", status=75, ALARM_PASSWORD="another secret")
    assert desk.paged() == [("database", "begins")]
    assert desk.mailed() == ["database: begins"]
    (daemon,) = health.of_daemon(load_config(world.path), world.clock)
    assert daemon.detail.startswith("it does not run: it could not start (the database is away: ")


def test_a_second_daemon_that_is_refused_says_nothing_in_the_file_of_the_first(world: World) -> None:
    process = world.start("run")
    try:
        file = world.folder.parent / "supportd.db.health"
        until(lambda: file.exists() and json.loads(file.read_text())["stages"], "it says nothing of itself", 60)
        world.cli("run", status=75)
        told = json.loads(file.read_text())
        assert (told["pid"], told["stopped"]) == (process.pid, False)
    finally:
        process.kill()
        process.wait()


def test_health_is_told_while_the_daemon_runs_and_when_it_is_dead(world: World) -> None:
    def health() -> tuple[int, dict[str, tuple[str, str]]]:
        done = subprocess.run(
            world.command("health", "--json"), capture_output=True, env=world.environment(), cwd=world.folder, check=False
        )
        told = json.loads(done.stdout)
        return done.returncode, {vital["what"]: (vital["status"], vital["detail"]) for vital in told["vitals"]}

    process = world.start("run")
    try:
        file = world.folder.parent / "supportd.db.health"
        until(lambda: file.exists() and "support" in json.loads(file.read_text())["mailboxes"], "it says nothing of itself", 60)
        status, told = health()
        # nobody has made a backup
        assert (status, told["backup"][0]) == (1, "warning")
        assert {what for what, (found, _) in told.items() if found != "ok"} == {"backup"}
        assert told["stage fetch-support"][0] == told["mailbox support"][0] == told["outbox"][0] == "ok"
    finally:
        process.kill()
        process.wait()
    status, told = health()
    assert (status, told["daemon"][0]) == (2, "critical")
    assert "died or hangs" in told["daemon"][1]

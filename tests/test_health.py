"""How each thing does is judged by the configured times, with what to do about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon import health
from daemon.config import Config, load_config
from daemon.healthfile import HealthWord, StageWord, health_file_of, write
from daemon.store.vitals import Backlog

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOTHING = Backlog(mails=0, oldest_mail=None, outgoing=0, oldest_outgoing=None, last_sent=None, held=0, quarantined=0)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "supportd.toml"
    path.write_text(
        '[house]\naddress = "support@support.example"\n[smtp]\nhost = "h"\n[[mailbox]]\nname = "main"\nhost = "h"\nusername = "u"\n'
        '[mailbox.oauth]\nprovider = "microsoft"\ntenant = "t"\nclient_id = "c"\nrefresh_token_file = "token"\n'
    )
    return load_config(path)


def weights(config: Config, facts: Backlog) -> dict[str, int]:
    return {vital.name: vital.weight for vital in health.queues(config, facts, NOON)}


def waiting(**changes: object) -> Backlog:
    return Backlog(**{**{name: getattr(NOTHING, name) for name in NOTHING.__dataclass_fields__}, **changes})  # type: ignore[arg-type]


def test_queues_that_move_are_well_and_queues_that_stand_are_not(config: Config) -> None:
    assert weights(config, NOTHING) == {"database": 0, "mails": 0, "outbox": 0, "breaker": 0}
    assert weights(config, waiting(mails=9, oldest_mail=NOON - 30 * MINUTE))["mails"] == 0
    assert weights(config, waiting(mails=9, oldest_mail=NOON - 31 * MINUTE))["mails"] == 2
    assert weights(config, waiting(mails=10_000, oldest_mail=NOON))["mails"] == 2
    stuck = waiting(outgoing=2, oldest_outgoing=NOON - 61 * MINUTE)
    assert weights(config, waiting(outgoing=2, oldest_outgoing=NOON - 60 * MINUTE))["outbox"] == 0
    assert weights(config, stuck)["outbox"] == 2
    # one slow recipient is no outage
    assert weights(config, waiting(outgoing=1, oldest_outgoing=NOON - 600 * MINUTE, last_sent=NOON - MINUTE))["outbox"] == 0


def test_a_mailbox_is_stalled_when_it_was_missed_for_long_enough(config: Config) -> None:
    def weight(last: datetime | None, started: datetime = NOON - timedelta(hours=1)) -> int:
        (vital,) = health.mailboxes(config, {} if last is None else {"main": last}, started, NOON)
        assert vital.patience == (health.UNREAD_PATIENCE if vital.alarm else timedelta())
        return vital.weight

    assert weight(NOON - 15 * MINUTE) == 0
    assert weight(NOON - 16 * MINUTE) == 2
    assert weight(None) == 2
    assert weight(None, started=NOON - MINUTE) == 0


def test_a_token_is_told_before_it_ends_and_a_missing_one_at_once(config: Config, tmp_path: Path) -> None:
    def weight(now: datetime) -> int:
        (vital,) = health.tokens(config, now)
        return vital.weight

    assert weight(NOON) == 2
    (tmp_path / "token").write_text('{"refresh_token": "hunter2-hunter2", "expires_in": 2592000}')
    os.utime(tmp_path / "token", (NOON.timestamp(), NOON.timestamp()))
    assert weight(NOON) == 0
    assert weight(NOON + timedelta(days=17)) == 1
    assert weight(NOON + timedelta(days=31)) == 2


def test_a_disk_is_judged_where_the_daemon_writes(config: Config, tmp_path: Path) -> None:
    text = config.path.read_text()
    for alarm, limit, weight in (("1B", "1B", 0), ("1000GiB", "1B", 1), ("1B", "1000GiB", 2)):
        config.path.write_text(f'{text}[alarm]\ndisk_free = "{alarm}"\n[limits]\nfree_disk = "{limit}"\n')
        (vital,) = health.disks(load_config(config.path))
        assert (vital.weight, str(tmp_path) in vital.detail) == (weight, True)


def test_a_daemon_that_never_ran_runs_or_died_is_told_apart(config: Config) -> None:
    def told() -> dict[str, tuple[int, str]]:
        return {vital.name: (vital.weight, vital.detail) for vital in health.of_daemon(config, NOON)}

    assert told()["daemon"] == (2, "it does not run, and never did")
    stages = {name: StageWord(doing="waits", silent=400, hung=name == "send") for name in ("fetch-main", "send")}
    word = HealthWord(pid=os.getpid(), started_at=NOON, at=NOON, stages=stages, mailboxes={}, refused="supportd.toml:3: mistake")
    write(health_file_of(config), word, durably=False)
    found = told()
    assert {name: weight for name, (weight, _) in found.items()} == {
        "daemon": 0, "stage fetch-main": 0, "stage send": 2, "mailbox main": 0, "mails of main": 0, "reload": 1,
    }  # fmt: skip
    assert "supportd.toml:3" in found["reload"][1]
    write(health_file_of(config), HealthWord(pid=os.getpid(), started_at=NOON, at=NOON - 1.5 * MINUTE), durably=False)
    assert (told()["daemon"][0], told()["daemon"][1][:39]) == (1, "it runs, and says nothing for 90 second")
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        write(health_file_of(config), HealthWord(pid=sleeper.pid, started_at=NOON, at=NOON), durably=False)
        assert told()["daemon"][0] == 0
        sleeper.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOWAIT)
        assert told()["daemon"][0] == 2
        assert "it stands still, stopped by a signal" in told()["daemon"][1]
    finally:
        sleeper.kill()
        sleeper.communicate()
    write(health_file_of(config), HealthWord(pid=2**22 + 1, started_at=NOON, at=NOON - MINUTE), durably=False)
    assert told() == {"daemon": (2, "it does not run: it died or hangs: its last word was at 2026-11-24 11:59 UTC, 60 seconds ago")}

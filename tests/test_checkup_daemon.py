"""The check-up says whether alarms have a way of their own, and how a daemon that runs does."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.checkup import check_installation
from daemon.checkup_daemon import alarm_verdicts
from daemon.config import load_config
from daemon.errors import ConfigError
from daemon.healthfile import HealthWord, StageWord, health_file_of, write
from daemon.verdict import BAD, GOOD, UNWISE

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SMTP = '[smtp]\nhost = "smtp.a.example"\n'
SECOND = '[alarm]\nto = ["ops@b.example"]\n[alarm.smtp]\nhost = "smtp.%s.example"\n'


def configured(folder: Path, text: str) -> Path:
    path = folder / "supportd.toml"
    path.write_text(f'[house]\naddress = "support@support.example"\n{text}')
    return path


@pytest.mark.parametrize(
    ("text", "verdict", "told"),
    [
        ("", GOOD, "the log"),
        (SMTP, UNWISE, "by the log alone"),
        (SMTP + SECOND % "a", UNWISE, "by the very server"),
        (SMTP + SECOND % "b", GOOD, "mail to ops@b.example"),
        (SMTP + '[alarm]\ncommand = ["cat"]\n', GOOD, "cat"),
        (SMTP + '[alarm]\ncommand = ["/bin/cat"]\n', GOOD, "cat"),
        (SMTP + '[alarm]\ncommand = ["./page", "now"]\n', BAD, "the command ./page is not there"),
    ],
)
def test_an_alarm_has_a_way_that_mail_does_not_depend_on(tmp_path: Path, text: str, verdict: str, told: str) -> None:
    (found,) = alarm_verdicts(load_config(configured(tmp_path, text)))
    assert (found.verdict, told in found.detail) == (verdict, True)


def test_an_account_without_readers_and_readers_without_an_account_are_mistakes(tmp_path: Path) -> None:
    for text, key in (('[alarm.smtp]\nhost = "h"\n', "alarm.to"), ('[alarm]\nto = ["ops@b.example"]\n', "alarm.smtp")):
        with pytest.raises(ConfigError, match=key):
            load_config(configured(tmp_path, text))
    with pytest.raises(ConfigError, match=r"alarm\.smtp\.tls"):
        load_config(configured(tmp_path, '[alarm]\nto = ["o@b.example"]\n[alarm.smtp]\nhost = "smtp.b.example"\ntls = "none"\n'))


def test_a_stage_that_hangs_is_bad_and_a_daemon_that_does_not_run_is_no_mistake_yet(tmp_path: Path) -> None:
    config = load_config(configured(tmp_path, ""))

    def verdict(what: str) -> str:
        return next(found.verdict for found in check_installation(config, online=False, now=NOON) if found.what == what)

    assert verdict("daemon") == UNWISE
    stages = {"send": StageWord(doing="at work", silent=900, hung=True)}
    write(health_file_of(config), HealthWord(pid=os.getpid(), started_at=NOON, at=NOON, stages=stages), durably=False)
    assert (verdict("daemon"), verdict("stage send")) == (GOOD, BAD)

"""The file in which a daemon says how it does: read as it was written, and not believed when it is old or its process is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from daemon.alarms import Alarm, Told
from daemon.config import load_config
from daemon.healthfile import SILENT, HealthWord, StageWord, health_file_of, read, words_of, write

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ALARM = Alarm(
    name="outbox", since=NOON, weight=2, detail="3 wait", mend="look", good_since=NOON, told={"mail": Told(phase="begins", at=NOON)}
)
WORD = HealthWord(
    pid=os.getpid(), started_at=NOON, at=NOON, stages={"send": StageWord(doing="waits for work", silent=3, hung=False)},
    mailboxes={"support": NOON}, refused="supportd.toml:3", alarms={"outbox": ALARM},
)  # fmt: skip


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(tmp_path / "supportd.health", WORD, durably=True)
    assert read(tmp_path / "supportd.health") == WORD
    assert (tmp_path / "supportd.health").stat().st_mode & 0o777 == 0o600


def test_no_secret_gets_into_the_file(tmp_path: Path) -> None:
    said = "it does not answer: AUTH PLAIN c2VjcmV0 was refused"
    stage = StageWord(doing="waits: password=hunter2", silent=0, hung=False)
    word = replace(WORD, refused=said, stages={"send": stage}, alarms={"outbox": replace(ALARM, detail=said)})
    write(tmp_path / "supportd.health", word, durably=False)
    there = (tmp_path / "supportd.health").read_text()
    assert "c2VjcmV0" not in there
    assert "hunter2" not in there
    assert there.count("[hidden]") == 3


def test_a_file_that_is_not_there_or_broken_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "supportd.health"
    assert read(path) is None
    for text in ("", "[]", "{}", '{"pid": 1}', "\0\xff"):
        path.write_text(text)
        assert read(path) is None


def test_of_a_file_that_is_written_over_only_a_whole_word_is_read(tmp_path: Path) -> None:
    path = tmp_path / "supportd.health"
    words = [WORD, replace(WORD, refused=None, alarms={}, mailboxes={})]
    written = []
    for word in words:
        write(path, word, durably=False)
        written.append(path.read_bytes())
    length = max(map(len, written))
    over = threading.Event()

    def write_over() -> None:
        with path.open("r+b", buffering=0) as file:
            while not over.is_set():
                for octets in written:
                    os.pwrite(file.fileno(), octets.ljust(length), 0)

    writer = threading.Thread(target=write_over)
    writer.start()
    try:
        assert all(read(path) in words for _ in range(300))
    finally:
        over.set()
        writer.join()
    # and of a write that a power cut ended in the middle nothing is believed
    path.write_bytes(written[0].replace(b'"stopped": false', b'"stopped": true '))
    assert read(path) is None


def test_who_has_gone_or_is_silent_or_was_stopped_does_not_live() -> None:
    assert WORD.lives(NOON + SILENT)
    assert not WORD.lives(NOON + SILENT + timedelta(seconds=1))
    assert not replace(WORD, stopped=True).lives(NOON)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not replace(WORD, pid=gone.pid).lives(NOON)


def test_stages_of_their_own_have_files_of_their_own_beside_the_epoch_file(tmp_path: Path) -> None:
    path = tmp_path / "supportd.toml"
    path.write_text('[house]\naddress = "support@support.example"\n[database]\nepoch_file = "state/desk.epoch"\n')
    (tmp_path / "state").mkdir()
    config = load_config(path)
    assert health_file_of(config) == tmp_path / "state" / "desk.health"
    write(health_file_of(config, ("fetch", "tick")), WORD, durably=False)
    write(health_file_of(config, ("send",)), replace(WORD, stopped=True), durably=False)
    assert sorted(word.stopped for word in words_of(config)) == [False, True]

"""ingest and run: every source of mails, and the round that needs no server."""

from __future__ import annotations

import mailbox
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.config import load_config
from daemon.errors import ConfigError
from daemon.serving import require_secrets
from daemon.store import journal
from daemon.store.database import open_database
from daemon.store.schema import Journal
from tests.cli.desk import Installation, letter

Environment = Callable[..., dict[str, str]]


def test_files_and_standard_input_become_mails_in_order(installation: Installation) -> None:
    first, second = installation.write("b.eml", letter(number="b")), installation.write("a.eml", letter(number="a"))
    assert "2 mail(s)" in installation.run("ingest", first, second).stdout
    assert "1 mail(s)" in installation.run("ingest", "-", octets=letter(number="c")).stdout
    installation.run("run", "--once", "--stage", "apply")
    assert [row["message_id"] for row in installation.json("mail")] == [f"<demo-{name}@acme.example>" for name in "cab"]


def test_a_folder_is_walked_and_what_is_no_mail_is_passed_over(installation: Installation) -> None:
    for name in ("in/1.eml", "in/2.EML", "in/.hidden.eml", "in/notes.txt", "in/bare"):
        installation.write(name, letter(number=name.replace("/", "-")))
    (installation.folder / "in" / "deeper").mkdir()
    (installation.folder / "in" / "deeper" / "3.eml").write_bytes(letter(number="deep"))
    assert "4 mail(s)" in installation.run("ingest", str(installation.folder / "in")).stdout


def test_an_mbox_is_taken_apart(installation: Installation) -> None:
    box = mailbox.mbox(installation.folder / "old.mbox")
    for number in "12":
        message = mailbox.mboxMessage(letter(number=number, body="one\nFrom here on\n"))
        message.set_from("ann@acme.example Mon Nov 23 15:05:00 2026")
        box.add(message)
    box.close()
    installation.run("ingest", str(installation.folder / "old.mbox"))
    assert [row["received_at"] for row in installation.json("mail")] == ["2026-11-23T15:05:00Z"] * 2


def kept(installation: Installation) -> list[bytes]:
    """The octets of each mail as the journal has them."""
    database = open_database(installation.url)
    try:
        with database.reading():
            return [journal.octets(row.sha256) for row in Journal.select(Journal.sha256).order_by(Journal.id)]
    finally:
        database.close()


def test_the_lines_that_an_mbox_quotes_are_as_they_were_in_the_mail(installation: Installation, tmp_path: Path) -> None:
    first = letter(number="1", body="one\nFrom here on\n>From there\n>>From afar\n> From a quotation\n")
    second = letter(number="2", body="two\n")
    quoted = re.sub(rb"^(>*From )", rb">\1", first, flags=re.MULTILINE)
    mark = b"From ann@acme.example Mon Nov 23 15:05:00 2026\n"
    source = tmp_path / "old.mbox"
    source.write_bytes(mark + quoted + b"\n" + mark + second + b"\n")
    installation.run("ingest", str(source))
    assert kept(installation) == [first, second]


def test_a_mail_with_a_line_of_an_mbox_above_it_is_one_mail_without_that_line(installation: Installation) -> None:
    mail = letter(number="1", body="one\n\nFrom ann@acme.example Mon Nov 23 15:05:00 2026\nSubject: not a mail\n\n>From here\n")
    marked = b"From ann@acme.example Mon Nov 23 15:05:00 2026\n" + mail
    assert "1 mail(s)" in installation.run("ingest", installation.write("marked.eml", marked)).stdout
    assert "1 mail(s)" in installation.run("ingest", "-", octets=marked).stdout
    assert kept(installation) == [mail, mail]


def test_a_maildir_is_taken_with_its_times(installation: Installation) -> None:
    folder = mailbox.Maildir(installation.folder / "maildir", create=True)
    folder.add(letter(number="1"))
    folder.add(letter(number="2"))
    assert "2 mail(s)" in installation.run("ingest", str(installation.folder / "maildir")).stdout


def test_a_mail_is_never_later_than_now(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTD_NOW", "2020-01-01T00:00:00Z")
    installation.run("ingest", installation.write("a.eml", letter()))
    assert installation.json("mail")[0]["received_at"] == "2020-01-01T00:00:00Z"


def test_archived_mail_is_filed_at_its_date_and_answers_nobody(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORTD_NOW", "2027-01-01T00:00:00Z")
    for number, octets in enumerate(
        (letter(number="1"), letter(number="2").replace(b"Date: Mon, 23 Nov 2026", b"Date: some day"), b"no mail at all")
    ):
        installation.run("ingest", "--archive", installation.write(f"{number}.eml", octets))
    installation.run("run", "--once", "--stage", "apply")
    rows = installation.json("mail")
    assert [row["received_at"] for row in reversed(rows)] == ["2026-11-23T15:05:00Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]
    assert {row["outcome"] for row in rows} == {"acted"}
    assert installation.json("outbox") == []


def test_a_mail_over_the_limit_is_quarantined_with_its_head(installation: Installation) -> None:
    config = installation.folder / "supportd.toml"
    config.write_text(config.read_text() + '[limits]\nmessage_size = "100KiB"\n')
    installation.run("ingest", installation.write("big.eml", letter(body="x" * 70 + "\n") + b"y" * 200_000))
    (row,) = installation.json("quarantine")
    assert row["reason"] == "limit-crossed"
    assert "message_size" in installation.run("quarantine", "show", "1").stdout
    assert "only its head is kept" in installation.run("quarantine", "retry", "1", status=1).stderr


def test_a_source_that_is_not_there_stops_before_anything_is_taken(installation: Installation) -> None:
    done = installation.run("ingest", installation.write("a.eml", letter()), "nowhere.eml", status=1)
    assert "nowhere.eml" in done.stderr
    assert installation.json("mail") == []


def test_a_database_is_not_taken_for_a_mail(installation: Installation) -> None:
    database = str(installation.folder / "supportd.db")
    done = installation.run("ingest", installation.write("a.eml", letter()), database, status=1)
    assert done.stderr == f"{database}: this is an SQLite database, and no mail\n"
    assert installation.json("mail") == []


def test_one_round_applies_what_waits_and_the_next_does_nothing(installation: Installation) -> None:
    installation.run("ingest", installation.write("a.eml", letter()))
    for _ in range(2):
        installation.run("run", "--once", "--stage", "apply", "--stage", "tick")
        assert len(installation.json("cases")) == 1
        assert len(installation.json("outbox")) == 2


def test_a_whole_round_needs_no_server_that_is_not_configured(installation: Installation) -> None:
    installation.run("ingest", installation.write("a.eml", letter()))
    installation.run("run", "--once")
    assert {row["state"] for row in installation.json("outbox")} == {"queued"}


def test_a_stage_that_is_none_is_a_mistake_of_usage(installation: Installation) -> None:
    assert "fetch, apply, send, tick" in installation.run("run", "--once", "--stage", "receive", status=2).output.replace("\n", " ")


def test_the_daemon_runs_until_it_is_told_to_stop(installation: Installation, environment: Environment) -> None:
    command = [sys.executable, "-m", "daemon", "--config", str(installation.folder / "supportd.toml")]
    installation.run("ingest", installation.write("a.eml", letter()))
    running = subprocess.Popen(
        [*command, "run", "--stage", "apply"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert running.stderr is not None
    lines = []
    for line in running.stderr:
        lines.append(line)
        if " mail-decided " in line:
            running.terminate()
    out, _ = running.communicate(timeout=60)
    assert (running.returncode, out) == (0, "")
    assert lines[0].split()[2] == "ready"
    assert lines[-1].split()[2] == "stopped"
    assert installation.json("mail")[0]["outcome"] == "acted"


def test_a_second_worker_on_the_same_file_is_told_to_wait(installation: Installation, environment: Environment) -> None:
    busy = open_database(installation.url)
    try:
        assert busy.hold()
        command = [
            sys.executable,
            "-m",
            "daemon",
            "--config",
            str(installation.folder / "supportd.toml"),
            "run",
            "--once",
            "--stage",
            "apply",
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=Path(installation.folder))
    finally:
        busy.let_go()
        busy.close()
    assert done.returncode == 75
    assert "another supportd is at work" in done.stderr


SERVERS = """
[[mailbox]]
host = "imap.support.example"
username = "support"
password = { file = "imap.password" }
[smtp]
host = "smtp.support.example"
username = "support"
password = { env = "NO_SUCH_VARIABLE" }
"""


def test_the_daemon_does_not_start_without_the_secrets_that_its_stages_need(installation: Installation) -> None:
    path = installation.folder / "supportd.toml"
    path.write_text(path.read_text() + SERVERS)
    with pytest.raises(ConfigError) as raised:
        installation.run("run")
    fetching, sending = raised.value.problems
    assert "mailbox[0].password: found " in str(fetching)
    assert "imap.password: No such file or directory" in str(fetching)
    assert "smtp.password: found no environment variable NO_SUCH_VARIABLE" in str(sending)
    require_secrets(load_config(path), ["apply", "tick"])
    (installation.folder / "imap.password").write_text("correct horse")
    require_secrets(load_config(path), ["fetch"])
    # nobody writes to it, and it is not waited for
    (installation.folder / "imap.password").unlink()
    os.mkfifo(installation.folder / "imap.password")
    require_secrets(load_config(path), ["fetch"])

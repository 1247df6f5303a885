"""From the configuration to what the rooms take."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.config import Config, load_config
from daemon.errors import Temporary
from daemon.parsers import ReadLimits
from daemon.parsers.phrases import match
from daemon.wiring import (
    accounts_of,
    epoch_file_of,
    limits_of,
    phrasebook_of,
    places_of,
    policy_of,
    read_limits_of,
    relay_server_of,
    rulebook_of,
    timezone_of,
    vocabulary_of,
)

FULL = """
[house]
name = "Example Support"
address = "Support@support.example"
aliases = ["help@support.example"]
[[mailbox]]
name = "main"
host = "imap.support.example"
username = "support@support.example"
password = {{ file = "imap.password" }}
poll_seconds = 30
[[mailbox]]
host = "localhost"
tls = "none"
username = "other"
token_command = [{token}]
folder = "Desk"
idle = false
after = "keep"
[smtp]
host = "smtp.support.example"
tls = "starttls"
username = "support"
password = {{ file = "smtp.password" }}
connections = 2
[trust]
authserv_id = "mx.support.example"
authserv_position = "border"
[keywords]
synonyms = {{ acknowledge = ["Mine", "#roger"], close = ["solved"] }}
phrases = {{ close = ["All good now!"] }}
languages = ["de"]
customer_may_close = false
[limits]
message_size = "1MiB"
mime_depth = 7
attempts = 4
batch = 9
batch_bytes = "2MiB"
max_backlog = 77
outbox_age_days = 6
answer_max_age_days = 8
answers_per_stranger_day = 1
answers_per_contact_day = 2
[calendars.house]
timezone = "America/New_York"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configured(tmp_path, "print('t0k3n')")


def configured(folder: Path, script: str) -> Config:
    (folder / "imap.password").write_text("imap-secret\n")
    (folder / "smtp.password").write_text("smtp-secret\n")
    (folder / "supportd.toml").write_text(FULL.format(token=f'"{sys.executable}", "-c", "{script}"'))
    return load_config(folder / "supportd.toml")


@pytest.fixture
def lone(tmp_path: Path) -> Config:
    (tmp_path / "supportd.toml").write_text('[house]\naddress = "support@support.example"\n')
    return load_config(tmp_path / "supportd.toml")


def test_mailboxes_become_accounts(config: Config) -> None:
    main, other = accounts_of(config)
    assert (main.name, main.host, main.port, main.tls, main.username, main.folder, main.idle, main.poll_seconds, main.token) == (
        "main", "imap.support.example", 993, "implicit", "support@support.example", "INBOX", True, 30, False
    )  # fmt: skip
    assert (other.name, other.port, other.tls, other.folder, other.idle, other.token) == ("other", 143, "none", "Desk", False, True)
    assert main.password() == "imap-secret"


def test_a_token_is_made_by_its_command_when_it_is_needed(config: Config) -> None:
    assert accounts_of(config)[1].password() == "t0k3n"


@pytest.mark.parametrize("script", ["print('s3cret'); exit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_a_token_command_that_fails_is_temporary_and_tells_no_secret(tmp_path: Path, script: str) -> None:
    with pytest.raises(Temporary) as caught:
        accounts_of(configured(tmp_path, script))[1].password()
    assert "mailbox other: the token command failed" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_token_command_that_is_not_there_is_temporary(tmp_path: Path) -> None:
    config = configured(tmp_path, "pass")
    command = FULL.format(token='"/nowhere/at/all"')
    (tmp_path / "supportd.toml").write_text(command)
    config = load_config(tmp_path / "supportd.toml")
    with pytest.raises(Temporary, match="FileNotFoundError"):
        accounts_of(config)[1].password()


def test_the_relay_takes_a_token_command_as_well(tmp_path: Path) -> None:
    config = configured(tmp_path, "print('t0k3n')")
    text = (tmp_path / "supportd.toml").read_text()
    command = text[text.index("token_command") : text.index("\nfolder")]
    (tmp_path / "supportd.toml").write_text(text.replace('password = { file = "smtp.password" }', command))
    assert config.smtp is not None
    server = relay_server_of(load_config(tmp_path / "supportd.toml"))
    assert server is not None
    assert (server.token, server.password()) == (True, "t0k3n")


def test_the_relay_is_the_smtp_section_or_nobody(config: Config, lone: Config) -> None:
    server = relay_server_of(config)
    assert server is not None
    assert (server.host, server.port, server.tls, server.username, server.connections) == (
        "smtp.support.example", 587, "starttls", "support", 2
    )  # fmt: skip
    assert server.password() == "smtp-secret"


def test_without_smtp_there_is_no_relay_and_without_a_mailbox_no_account(lone: Config) -> None:
    assert relay_server_of(lone) is None
    assert accounts_of(lone) == ()


def test_finished_mails_are_put_away_or_kept(config: Config) -> None:
    main, other = config.mailbox
    assert places_of(main) == {"acted": "Processed", "ignored": "Ignored", "quarantined": "Quarantine"}
    assert places_of(other) is None


def test_the_rules_get_their_policy(config: Config, lone: Config) -> None:
    policy = policy_of(config)
    assert (policy.house_address, policy.house_name) == ("support@support.example", "Example Support")
    assert policy.own_addresses == {"support@support.example", "help@support.example"}
    assert (policy.authserv_id, policy.authserv_position) == ("mx.support.example", "border")
    assert (policy.auto_answer_max_age_days, policy.max_attempts) == (8, 4)
    assert (policy.answers_per_stranger_day, policy.answers_per_contact_day) == (1, 2)


def test_a_lone_address_is_policy_enough(lone: Config) -> None:
    policy = policy_of(lone)
    assert (policy.authserv_id, policy.authserv_position) == (None, "top")
    assert (policy.answers_per_stranger_day, policy.answers_per_contact_day) == (3, 10)


def test_the_stages_and_the_parsers_get_their_limits(config: Config) -> None:
    limits = limits_of(config)
    assert (limits.message_size, limits.batch, limits.batch_bytes, limits.max_backlog, limits.attempts) == (1 << 20, 9, 2 << 20, 77, 4)
    assert (limits.outbox_age, limits.backlog_age) == (timedelta(days=6), timedelta(days=8))
    assert read_limits_of(config).mime_depth == 7


def test_the_defaults_of_the_configuration_are_those_of_the_parsers(lone: Config) -> None:
    assert read_limits_of(lone) == ReadLimits()


def test_the_zone_is_that_of_the_houses_calendar(config: Config, lone: Config) -> None:
    assert timezone_of(config) == ZoneInfo("America/New_York")


def test_without_a_calendar_the_zone_is_utc(lone: Config) -> None:
    assert timezone_of(lone) == ZoneInfo("UTC")


def test_an_installations_words_stand_beside_the_built_in_ones(config: Config, lone: Config) -> None:
    words = vocabulary_of(config)
    said = {word: words.verb(word) for word in ("mine", "ROGER", "solved", "ack", "fixed")}
    assert said == {"mine": "acknowledge", "ROGER": "acknowledge", "solved": "close", "ack": "acknowledge", "fixed": "close"}
    assert [vocabulary_of(lone).verb(word) for word in ("mine", "solved", "ack")] == [None, None, "acknowledge"]


def test_phrases_are_english_the_houses_own_language_and_those_configured(config: Config, lone: Config) -> None:
    phrases = phrasebook_of(config)
    assert match("All good now, thanks!", phrases) == match("closed", phrases) == match("Geschlossen, danke", phrases) == {"close"}
    assert match("résolu", phrases) == frozenset()
    assert match("all good now", phrasebook_of(lone)) == match("geschlossen", phrasebook_of(lone)) == frozenset()
    french = replace(lone, house=lone.house.model_copy(update={"language": "fr"}))
    assert match("Résolu, merci", phrasebook_of(french)) == {"close"}


def test_the_rules_get_the_words_and_whether_a_customer_may_close(config: Config, lone: Config) -> None:
    book = rulebook_of(config)
    assert (book.vocabulary.verb("mine"), book.customer_may_close) == ("acknowledge", False)
    assert match("all good now", book.phrasebook) == {"close"}
    assert rulebook_of(lone).customer_may_close


def test_an_epoch_file_beside_the_configuration_goes_on_being_used_when_there_is_a_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "supportd.toml"
    path.write_text('[house]\naddress = "support@support.example"\n[database]\nurl = "postgresql://desk@db.example/desk"\n')
    assert epoch_file_of(load_config(path)) == tmp_path / "supportd.epoch"
    monkeypatch.setenv("STATE_DIRECTORY", "/state")
    assert epoch_file_of(load_config(path)) == Path("/state/supportd.epoch")
    assert epoch_file_of(load_config(path), "sqlite:////state/new.db") == Path("/state/new.db.epoch")
    (tmp_path / "supportd.epoch").touch()
    assert epoch_file_of(load_config(path)) == tmp_path / "supportd.epoch"
    path.write_text(path.read_text() + 'epoch_file = "own/desk.epoch"\n')
    assert epoch_file_of(load_config(path)) == tmp_path / "own/desk.epoch"

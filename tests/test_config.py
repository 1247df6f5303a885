"""The configuration: every mistake at once, every default, and no secret anywhere."""

from __future__ import annotations

import json
import os
import re
import tomllib
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from daemon import config as configuration
from daemon.config import Config, data_dir, find_config, load_config, state_directory
from daemon.configuration.keys import CalendarKeys, ConfigKeys, HoursKeys, LimitsKeys, MailboxKeys, SmtpKeys
from daemon.errors import ConfigError, Problem
from daemon.parsers.keywords import BY_VERB
from daemon.parsers.phrases import STEPS

HUNTED = "hunter2"
MINIMAL = '[house]\naddress = "support@support.example"\n'
MAILBOX = '[[mailbox]]\nhost = "imap.example"\nusername = "u"\npassword = { file = "p" }\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "supportd.toml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as caught:
        load_config(written(folder, text))
    return {problem.key: problem for problem in caught.value.problems if isinstance(problem, Problem)}


def good(folder: Path, text: str) -> Config:
    return load_config(written(folder, text))


# --- defaults ------------------------------------------------------------------------------------------------------


def test_an_address_is_all_that_is_needed(tmp_path: Path) -> None:
    config = good(tmp_path, MINIMAL)
    assert config.house.address == "support@support.example"
    assert config.mailbox == ()
    assert config.smtp is None
    assert config.trust.authserv_id is None
    assert config.trust.reply_address == "support+{token}@support.example"
    assert config.keys.reply.name == str(tmp_path / "reply.key")
    assert config.database.url == f"sqlite:///{tmp_path}/supportd.db"
    assert config.calendars["house"].timezone == "UTC"
    assert config.own_addresses() == {"support@support.example"}
    assert config.templates_dirs() == (data_dir("templates"),)
    assert config.directory == tmp_path


def test_the_shipped_file_shows_every_key() -> None:
    text = (data_dir("config") / "supportd.toml").read_text("utf-8")

    def names(section: type[BaseModel]) -> set[str]:
        return set(section.model_fields)

    shown = set(re.findall(r"^#? ?([a-z_0-9]+) = ", text, re.MULTILINE))
    for section in (*ConfigKeys.model_fields.values(),):
        inner = section.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            assert names(inner) <= shown
    assert names(MailboxKeys) | names(SmtpKeys) | names(CalendarKeys) <= shown


def test_the_shipped_file_shows_the_default_of_every_limit() -> None:
    config = load_config(data_dir("config") / "supportd.toml")
    assert config.limits == LimitsKeys()
    assert set(tomllib.loads(config.path.read_text("utf-8"))["limits"]) == set(LimitsKeys.model_fields)


def test_the_shipped_file_shows_the_defaults_of_a_mailbox() -> None:
    mailbox = load_config(data_dir("config") / "supportd.toml").mailbox[0]
    bare = MailboxKeys(host="h", username="u")
    for key in ("tls", "folder", "idle", "poll_seconds", "after"):
        assert getattr(mailbox, key) == getattr(bare, key), key


@pytest.mark.parametrize(("tls", "imap", "smtp"), [("implicit", 993, 465), ("starttls", 143, 587), ("none", 143, 25)])
def test_the_port_follows_from_the_kind_of_tls(tmp_path: Path, tls: str, imap: int, smtp: int) -> None:
    config = good(
        tmp_path,
        f'{MINIMAL}[[mailbox]]\nhost = "localhost"\nusername = "u"\npassword = {{ env = "P" }}\ntls = "{tls}"\n'
        f'[smtp]\nhost = "localhost"\ntls = "{tls}"\n',
    )
    assert (config.mailbox[0].port, config.smtp.port if config.smtp else None) == (imap, smtp)


def test_a_mailbox_without_a_name_is_named_by_its_user(tmp_path: Path) -> None:
    assert good(tmp_path, MINIMAL + MAILBOX).mailbox[0].name == "u"


def test_addresses_are_canonical(tmp_path: Path) -> None:
    config = good(tmp_path, '[house]\naddress = "Support@Bücher.EXAMPLE"\naliases = ["Help@support.example"]\n')
    assert config.own_addresses() == {"support@xn--bcher-kva.example", "help@support.example"}


@pytest.mark.parametrize(("text", "octets"), [('"64KiB"', 65536), ('"25 MiB"', 26214400), ("1000", 1000), ('"1GiB"', 1 << 30)])
def test_sizes_are_numbers_or_words(tmp_path: Path, text: str, octets: int) -> None:
    assert good(tmp_path, f"{MINIMAL}[limits]\nmessage_size = {text}\n").limits.message_size == octets


def test_a_rate_of_zero_is_allowed_and_a_count_of_zero_is_not(tmp_path: Path) -> None:
    assert good(tmp_path, f"{MINIMAL}[limits]\nanswers_per_stranger_day = 0\n").limits.answers_per_stranger_day == 0
    assert set(problems(tmp_path, f"{MINIMAL}[limits]\nbatch = 0\n")) == {"limits.batch"}


def test_an_empty_reply_address_is_the_plain_one(tmp_path: Path) -> None:
    assert good(tmp_path, f'{MINIMAL}[trust]\nreply_address = ""\n').trust.reply_address is None


def test_a_relative_database_lies_beside_the_file_and_an_absolute_one_where_it_says(tmp_path: Path) -> None:
    assert good(tmp_path, f'{MINIMAL}[database]\nurl = "sqlite:///a/b c.db"\n').database.url == f"sqlite:///{tmp_path}/a/b%20c.db"
    assert good(tmp_path, f'{MINIMAL}[database]\nurl = "sqlite:////var/x.db"\n').database.url == "sqlite:////var/x.db"
    url = "postgresql://desk@db.example:5432/desk"
    assert good(tmp_path, f'{MINIMAL}[database]\nurl = "{url}"\n').database.url == url


def test_without_a_section_the_keywords_are_the_built_in_ones(tmp_path: Path) -> None:
    keywords = good(tmp_path, MINIMAL).keywords
    assert set(keywords.synonyms.model_dump()) == set(BY_VERB)
    assert set(keywords.phrases.model_dump()) == set(STEPS)
    assert not any([*keywords.synonyms.model_dump().values(), *keywords.phrases.model_dump().values(), keywords.languages])
    assert keywords.customer_may_close


def test_a_mistake_in_the_keywords_has_its_line_and_a_guess(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL + '[keywords]\nsynonyms = { acknowlege = ["mine"] }\n[keywords.phrases]\nclose = ["what?"]\n')
    verb, phrase = found["keywords.synonyms.acknowlege"], found["keywords.phrases.close[0]"]
    assert (verb.hint, verb.file.rpartition(":")[2]) == ("acknowledge", "4")
    assert verb.allowed.startswith("acknowledge, plan, comment")
    assert (phrase.found, phrase.file.rpartition(":")[2]) == ("'what?', which is no reply", "6")


def test_finished_mails_can_be_kept_where_they_lie(tmp_path: Path) -> None:
    assert good(tmp_path, MINIMAL + MAILBOX + 'after = "keep"\n').mailbox[0].after == "keep"


def test_a_calendar_takes_days_as_dates_and_as_text(tmp_path: Path) -> None:
    calendar = good(tmp_path, f'{MINIMAL}[calendars.house]\nextra_holidays = ["2026-11-27", 2026-12-24]\n').calendars["house"]
    assert [str(day) for day in calendar.extra_holidays] == ["2026-11-27", "2026-12-24"]
    assert calendar.hours.mon == "09:00-17:00"
    assert calendar.hours.sat is None


def test_own_templates_come_after_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    assert good(tmp_path, MINIMAL).templates_dirs() == (data_dir("templates"), tmp_path / "templates")


def test_a_configuration_can_not_be_changed(tmp_path: Path) -> None:
    config = good(tmp_path, MINIMAL)
    with pytest.raises(Exception, match=r"frozen|instance"):
        config.house.address = "other@support.example"  # type: ignore[misc]


# --- mistakes ------------------------------------------------------------------------------------------------------


def test_every_mistake_is_told_at_once_with_line_and_guess(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        '[house]\nadress = "x@y.example"\naddress = "support@support.example"\n'
        '[smtp]\nhost = "smtp.example"\ntls = "implict"\n'
        '[trust]\nauthserv_position = "topp"\n'
        '[limits]\nmessage_size = "25 MB"\n'
        "[digest]\nenabled = true\n"
        '[calendars.house]\ntimezone = "Europe/Berlim"\nhours = { mon = "9-17", tues = "09:00-17:00" }\n',
    )
    assert {key: (int(p.file.rpartition(":")[2]), p.found, p.hint) for key, p in found.items()} == {
        "house.adress": (2, "an unknown key", "address"),
        "smtp.tls": (6, '"implict"', "implicit"),
        "trust.authserv_position": (8, '"topp"', "top"),
        "limits.message_size": (10, '"25 MB"', None),
        "digest": (11, "an unknown key", "digests"),
        "calendars.house.timezone": (14, '"Europe/Berlim"', None),
        "calendars.house.hours.mon": (15, '"9-17"', None),
        "calendars.house.hours.tues": (15, "an unknown key", "tue"),
    }
    assert found["house.adress"].allowed.startswith("name, address, aliases")
    assert "IANA" in found["calendars.house.timezone"].allowed
    assert [*found] == sorted(found, key=lambda key: int(found[key].file.rpartition(":")[2]))


MISTAKES = {
    "no house": ("", "house"),
    "no address": ("[house]\n", "house.address"),
    "a display name": ('[house]\naddress = "Us <support@support.example>"\n', "house.address"),
    "two lines in the name": ('[house]\nname = "a\\nb"\naddress = "a@b.example"\n', "house.name"),
    "a calendar that is not there": (MINIMAL + 'calendar = "haus"\n', "house.calendar"),
    "the house calendar left out": (MINIMAL + '[calendars.berlin]\ntimezone = "Europe/Berlin"\n', "house.calendar"),
    "one bracket": (MINIMAL + '[mailbox]\nhost = "h"\n', "mailbox"),
    "no host": (MINIMAL + '[[mailbox]]\nusername = "u"\npassword = { env = "P" }\n', "mailbox[0].host"),
    "clear text to elsewhere": (MINIMAL + MAILBOX + 'tls = "none"\n', "mailbox[0].tls"),
    "clear text smtp": (MINIMAL + '[smtp]\nhost = "h.example"\ntls = "none"\n', "smtp.tls"),
    "no way to log in": (MINIMAL + '[[mailbox]]\nhost = "h"\nusername = "u"\n', "mailbox[0].password"),
    "two ways to log in": (MINIMAL + MAILBOX + 'token_command = ["x"]\n', "mailbox[0].password"),
    "the same name twice": (MINIMAL + MAILBOX + MAILBOX, "mailbox[1].name"),
    "polling too seldom": (MINIMAL + MAILBOX + "poll_seconds = 86400\n", "mailbox[0].poll_seconds"),
    "a number as text": (MINIMAL + MAILBOX + 'poll_seconds = "60"\n', "mailbox[0].poll_seconds"),
    "a port out of range": (MINIMAL + MAILBOX + "port = 70000\n", "mailbox[0].port"),
    "an unknown after": (MINIMAL + MAILBOX + 'after = "move"\n', "mailbox[0].after"),
    "an unknown outcome": (MINIMAL + MAILBOX + 'after = { actd = "x" }\n', "mailbox[0].after.actd"),
    "a user without a password": (MINIMAL + '[smtp]\nhost = "h"\nusername = "u"\n', "smtp.password"),
    "a password without a user": (MINIMAL + '[smtp]\nhost = "h"\npassword = { env = "P" }\n', "smtp.username"),
    "no token": (MINIMAL + '[trust]\nreply_address = "support@support.example"\n', "trust.reply_address"),
    "two tokens": (MINIMAL + '[trust]\nreply_address = "{token}{token}@support.example"\n', "trust.reply_address"),
    "the token in the domain": (MINIMAL + '[trust]\nreply_address = "a@{token}.example"\n', "trust.reply_address"),
    "no room for the token": (MINIMAL + f'[trust]\nreply_address = "{"a" * 34}{{token}}@b.example"\n', "trust.reply_address"),
    "an unknown database": (MINIMAL + '[database]\nurl = "mysql://x"\n', "database.url"),
    "a database in memory": (MINIMAL + '[database]\nurl = "sqlite:///:memory:"\n', "database.url"),
    "two slashes": (MINIMAL + '[database]\nurl = "sqlite://x.db"\n', "database.url"),
    "hours that end before they begin": (MINIMAL + '[calendars.house]\nhours = { mon = "17:00-09:00" }\n', "calendars.house.hours.mon"),
    "a subdivision of nowhere": (MINIMAL + '[calendars.house]\nsubdivision = "NY"\n', "calendars.house.country"),
    "a day that is none": (MINIMAL + '[calendars.house]\nextra_holidays = ["2026-02-30"]\n', "calendars.house.extra_holidays[0]"),
    "a negative limit": (MINIMAL + "[limits]\nanswers_per_contact_day = -1\n", "limits.answers_per_contact_day"),
    "a synonym of no verb": (MINIMAL + '[keywords]\nsynonyms = { acknowlege = ["mine"] }\n', "keywords.synonyms.acknowlege"),
    "a synonym without brackets": (MINIMAL + '[keywords]\nsynonyms = { close = "solved" }\n', "keywords.synonyms.close"),
    "a synonym of two words": (MINIMAL + '[keywords]\nsynonyms = { close = ["well", "all done"] }\n', "keywords.synonyms.close[1]"),
    "a synonym that is another verb": (MINIMAL + '[keywords]\nsynonyms = { close = ["done"] }\n', "keywords.synonyms.close[0]"),
    "a synonym of two verbs": (MINIMAL + '[keywords.synonyms]\nclose = ["solved"]\nplan = ["#Solved"]\n', "keywords.synonyms.plan[0]"),
    "an empty synonym": (MINIMAL + '[keywords]\nsynonyms = { close = [""] }\n', "keywords.synonyms.close[0]"),
    "a phrase of no step": (MINIMAL + '[keywords]\nphrases = { plan = ["soon"] }\n', "keywords.phrases.plan"),
    "a phrase without words": (MINIMAL + '[keywords]\nphrases = { close = ["..."] }\n', "keywords.phrases.close[0]"),
    "a phrase that asks": (MINIMAL + '[keywords]\nphrases = { close = ["all good?"] }\n', "keywords.phrases.close[0]"),
    "a phrase of two steps": (
        MINIMAL + '[keywords.phrases]\nconfirm = ["so be it"]\ndecline = ["So be it!"]\n',
        "keywords.phrases.decline[0]",
    ),
    "a phrase that means another step": (MINIMAL + '[keywords]\nphrases = { close = ["On it"] }\n', "keywords.phrases.close[0]"),
    "a phrase of another step in a language": (
        MINIMAL + '[keywords]\nlanguages = ["it"]\nphrases = { acknowledge = ["risolto"] }\n',
        "keywords.phrases.acknowledge[0]",
    ),
    "a phrase that is only a greeting": (MINIMAL + '[keywords]\nphrases = { close = ["hello team"] }\n', "keywords.phrases.close[0]"),
    "an unknown language": (MINIMAL + '[keywords]\nlanguages = ["de", "xx"]\n', "keywords.languages[1]"),
    "yes instead of true": (MINIMAL + '[digests]\nenabled = "yes"\n', "digests.enabled"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_names_its_key_and_what_is_allowed(tmp_path: Path, case: str) -> None:
    text, key = MISTAKES[case]
    found = problems(tmp_path, text)
    assert set(found) == {key}
    assert found[key].found
    assert found[key].allowed not in {"", "another value"}


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"supportd\.toml:2: "):
        load_config(written(tmp_path, "[house]\naddress = \n"))


def test_a_missing_file_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="supportd init"):
        load_config(tmp_path / "none.toml")


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "supportd.toml"
    path.write_bytes(b'[house]\nname = "\xff"\n')
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(path)


TOML_VALUES = st.recursive(
    st.booleans() | st.integers(-(1 << 40), 1 << 40) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["file", "env", "mon", "acted", "x"]), inner, max_size=2),
    max_leaves=4,
)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["house", "database", "keys", "mailbox", "smtp", "trust", "digests", "limits", "calendars", "keywords"]),
    st.sampled_from(["address", "url", "reply", "host", "password", "after", "hours", "reply_address", "batch", "synonyms", "x"]),
    TOML_VALUES,
    st.sampled_from(["[{}]", "[[{}]]", "[{}.house]"]),
)
def test_whatever_stands_in_the_file_is_read_or_told(tmp_path: Path, section: str, key: str, value: object, header: str) -> None:
    """A file of any shape ends in a configuration or in a ConfigError, never in anything else."""
    text = f"{header.format(section)}\n{key} = {toml(value)}\n"
    if section != "house":
        text = MINIMAL + text
    try:
        good(tmp_path, text)
    except ConfigError as error:
        assert error.problems


# --- secrets -------------------------------------------------------------------------------------------------------


def test_a_secret_is_read_from_file_environment_and_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p").write_text("from-the-file\n")
    (tmp_path / "p").chmod(0o600)
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "imap-password").write_text("from-systemd\r\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    monkeypatch.setenv("SMTP_PASSWORD", "from-the-environment")
    config = good(
        tmp_path,
        MINIMAL + MAILBOX + MAILBOX.replace('file = "p"', 'credential = "imap-password"').replace('"u"', '"v"')
        + '[smtp]\nhost = "h"\nusername = "u"\npassword = { env = "SMTP_PASSWORD" }\n',
    )  # fmt: skip
    revealed = [secret.reveal() for secret in config.secrets() if secret.key != "keys.reply"]
    assert revealed == ["from-the-file", "from-systemd", "from-the-environment"]


def test_only_one_line_end_is_taken_off(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("two\n\n")
    password = good(tmp_path, MINIMAL + MAILBOX).mailbox[0].password
    assert password is not None
    assert password.reveal() == "two\n"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ('{ file = "nowhere" }', "No such file"),
        ('{ env = "SUPPORTD_NO_SUCH_THING" }', "no environment variable"),
        ('{ credential = "imap" }', "no $CREDENTIALS_DIRECTORY"),
        ('{ file = "empty" }', "empty"),
        ('{ file = "." }', "directory"),
    ],
)
def test_a_secret_that_is_not_there_is_told_only_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, found: str
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "empty").write_text("\n")
    password = good(tmp_path, MINIMAL + MAILBOX.replace('{ file = "p" }', reference)).mailbox[0].password
    assert password is not None
    with pytest.raises(ConfigError) as caught:
        password.reveal()
    assert "mailbox[0].password" in str(caught.value)
    assert found in str(caught.value)


@pytest.mark.parametrize("value", ['"hunter2"', '{ file = "a", env = "b" }', '{ pass = "hunter2" }', "5", '{ credential = "../hunter2" }'])
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        good(tmp_path, MINIMAL + MAILBOX.replace('{ file = "p" }', value))
    assert "mailbox[0].password" in str(caught.value)
    assert "credential" in str(caught.value)
    assert HUNTED not in "".join(traceback.format_exception(caught.value))


def test_a_misspelt_secret_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        good(tmp_path, f'{MINIMAL}{MAILBOX}pasword = "{HUNTED}"\n[smtp]\nhost = "h"\nsecret = "{HUNTED}"\n')
    assert "did you mean 'password'" in str(caught.value)
    assert HUNTED not in "".join(traceback.format_exception(caught.value))


def test_a_password_in_the_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        good(tmp_path, f'{MINIMAL}[database]\nurl = "postgresql://desk:{HUNTED}@db.example/desk"\n')
    assert "database.url" in str(caught.value)
    assert HUNTED not in "".join(traceback.format_exception(caught.value))


def test_no_secret_stands_in_the_repr_of_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("hunter2-hunter2")
    config = good(tmp_path, MINIMAL + MAILBOX)
    for secret in config.secrets():
        if secret.name.endswith("/p"):
            assert secret.reveal() == "hunter2-hunter2"
    assert "hunter2" not in repr(config) + str(config)


def test_a_secret_file_that_others_can_read_is_a_concern(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("x")
    (tmp_path / "p").chmod(0o644)
    password = good(tmp_path, MINIMAL + MAILBOX).mailbox[0].password
    assert password is not None
    assert "chmod 0600" in (password.concern() or "")
    (tmp_path / "p").chmod(0o600)
    assert password.concern() is None


# --- finding -------------------------------------------------------------------------------------------------------


def test_the_file_is_looked_for_in_four_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUPPORTD_CONFIG", raising=False)
    monkeypatch.setattr(configuration, "SYSTEM_CONFIG", tmp_path / "etc" / "supportd.toml")
    with pytest.raises(ConfigError, match="no configuration found"):
        find_config()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "supportd.toml").touch()
    assert find_config() == tmp_path / "etc" / "supportd.toml"
    (tmp_path / "supportd.toml").touch()
    assert find_config() == Path("supportd.toml")
    monkeypatch.setenv("SUPPORTD_CONFIG", "/by/environment.toml")
    assert find_config() == Path("/by/environment.toml")
    assert find_config(Path("/by/option.toml")) == Path("/by/option.toml")


def test_shipped_data_is_found() -> None:
    assert (data_dir("config") / "supportd.toml").is_file()
    assert data_dir("templates").is_dir()


def test_reading_a_configuration_needs_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    assert good(tmp_path, MINIMAL + MAILBOX).mailbox[0].host == "imap.example"


def test_a_weekday_left_out_is_no_business_day() -> None:
    assert HoursKeys(mon="09:00-12:00").tue is None


def test_the_state_of_a_service_lies_in_the_folder_of_its_name_whoever_runs_the_command(tmp_path: Path) -> None:
    etc, var_lib = tmp_path / "etc", tmp_path / "var/lib"
    (var_lib / "supportd").mkdir(parents=True)
    for told in ("", "/var/lib/nightly-backup"):
        assert state_directory(etc / "supportd", told, etc=etc, var_lib=var_lib) == var_lib / "supportd"
    assert state_directory(etc / "other", "/state:/more", etc=etc, var_lib=var_lib) == Path("/state")
    assert state_directory(tmp_path / "supportd", "", etc=etc, var_lib=var_lib) == tmp_path / "supportd"

"""The check-up makes no database and migrates none: it says what the next run will do."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from daemon.checkup import check_installation
from daemon.config import load_config
from daemon.store import database as store
from daemon.store import postgres
from daemon.store.database import open_database
from daemon.verdict import BAD, GOOD, UNWISE, Verdict
from tests.chaos.proxy import Proxy, Swallow
from tests.servers.postgres import by_way_of, place_of
from tests.store.test_upgrades import WORKERS, at_step

MINIMAL = '[house]\naddress = "support@support.example"\n'


def verdicts(folder: Path, url: str, more: str = "") -> dict[str, Verdict]:
    path = folder / "supportd.toml"
    # the server of the tests syncs nothing
    path.write_text(f'{MINIMAL}[database]\nurl = "{url}"\ndurable = false\n{more}')
    found = [verdict for verdict in check_installation(load_config(path), online=False) if "a power cut" not in verdict.detail]
    return {verdict.what: verdict for verdict in found}


def test_where_there_is_no_database_it_says_so_and_makes_none(empty_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "checked"
    folder.mkdir()
    found = verdicts(folder, empty_url)
    assert (found["database"].verdict, "the first run makes it" in found["database"].detail) == (GOOD, True)
    # what is in it is told as of an empty one
    assert found["default queue"].verdict == UNWISE
    assert found["keys.reply"].verdict == GOOD
    assert [path.name for path in folder.iterdir()] == ["supportd.toml"]
    if empty_url.startswith("sqlite"):
        assert not (tmp_path / "supportd.db").exists()
        return
    with psycopg.connect(empty_url) as other:
        assert other.execute("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").fetchone() == (0,)


def test_a_database_of_an_older_version_is_told_and_left_to_the_next_run(empty_url: str, tmp_path: Path) -> None:
    at_step(empty_url, WORKERS)
    found = verdicts(tmp_path, empty_url)["database"]
    assert (found.verdict, found.detail) == (UNWISE, f"an older schema ({WORKERS}): the next run migrates it")
    assert "supportd backup" in found.mend
    open_database(empty_url).close()
    assert verdicts(tmp_path, empty_url)["database"].verdict == GOOD


@pytest.mark.postgres
@pytest.mark.parametrize("empty_url", [pytest.param("postgres")], indirect=True)
def test_a_database_in_which_this_user_may_make_no_table_is_bad(empty_url: str, tmp_path: Path) -> None:
    with psycopg.connect(empty_url, autocommit=True) as other:
        other.execute("CREATE ROLE reader LOGIN")
        try:
            found = verdicts(tmp_path, empty_url.replace("//postgres", "//reader"))["database"]
        finally:
            other.execute("DROP ROLE reader")
    assert (found.verdict, "may make no table there" in found.detail) == (BAD, True)


@pytest.mark.postgres
@pytest.mark.parametrize("empty_url", [pytest.param("postgres")], indirect=True)
@pytest.mark.parametrize(
    ("last_words", "is_made"),
    [(b"pg_tables", True), (b"pg_tables", False), (b"has_schema_privilege", False), (b"SELECT name FROM schema_migration", True)],
)
def test_a_server_that_falls_silent_after_the_login_is_away(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_words: bytes, is_made: bool
) -> None:
    if is_made:
        open_database(empty_url).close()
    monkeypatch.setattr(store, "GUARD_SECONDS", 0.3)
    monkeypatch.setattr(postgres, "GRACE_SECONDS", -0.7)
    with Proxy(place_of(empty_url), (Swallow(pattern=last_words, then="silence", of="client"),)) as proxy:
        found = verdicts(tmp_path, by_way_of(empty_url, proxy.port), "[limits]\nstatement_seconds = 1\n")["database"]
    assert (found.verdict, "said nothing" in found.detail) == (BAD, True)


def test_a_lost_database_whose_epoch_file_is_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "supportd.db.epoch").write_text('{"installation": "another", "epoch": 7, "numbers": {}}')
    found = verdicts(tmp_path, "sqlite:///supportd.db")["database"]
    assert (found.verdict, "one was at work" in found.detail, "supportd restore" in found.mend) == (BAD, True, True)
    assert not (tmp_path / "supportd.db").exists()

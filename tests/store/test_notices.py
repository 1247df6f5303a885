"""Workers on PostgreSQL hear each other."""

from __future__ import annotations

import os

import psycopg
import pytest

from daemon.errors import Temporary
from daemon.store.database import open_database
from daemon.store.notices import listen

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgres"], indirect=True)]


def test_a_word_of_another_is_heard_after_its_transaction_and_ones_own_is_not(database_url: str, wake: tuple[int, int]) -> None:
    ours, other = open_database(database_url), open_database(database_url)
    with listen(ours) as hear:
        ours.tell("apply")
        with other.transaction():
            other.tell("send")
            other.tell("tidy")
            other.tell("send")
            assert hear(wake[0], 0.05) == []
        assert hear(wake[0], 30) == ["send", "tidy"]
        # somebody here wants the listener's attention
        os.write(wake[1], b"x")
        assert hear(wake[0], 30) == []
    other.close()
    ours.close()


def test_a_line_that_broke_is_told(database_url: str, wake: tuple[int, int]) -> None:
    ours = open_database(database_url)

    def listens() -> None:
        with listen(ours) as hear:
            with psycopg.connect(database_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
            hear(wake[0], 30)

    with pytest.raises(Temporary, match="does not speak"):
        listens()
    ours.close()

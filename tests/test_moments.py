"""Times as a terminal shows them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from daemon.moments import local_minute


@pytest.mark.parametrize(("zone", "shown"), [("UTC", "2026-11-23 15:05"), ("America/New_York", "2026-11-23 10:05")])
def test_a_time_is_shown_to_the_minute_where_the_reader_is(monkeypatch: pytest.MonkeyPatch, zone: str, shown: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert local_minute(datetime(2026, 11, 23, 15, 5, 59, 598280, tzinfo=UTC)) == shown
    finally:
        monkeypatch.undo()
        time.tzset()

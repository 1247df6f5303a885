"""A database that is away is told by each stage once, then once a minute, and that it is back once."""

from __future__ import annotations

import pytest

from daemon.errors import DatabaseAway
from daemon.outage import Outage


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The events since the last look, with their stage."""
    return [" ".join(line.split()[2:4]).replace('"', "") for line in capsys.readouterr().err.splitlines()]


def test_an_outage_is_a_few_lines_and_its_end_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = [0.0]
    outage = Outage(lambda: seconds[0])
    outage.answers("apply")
    for _ in range(100):
        for stage in ("apply", "send", "listen"):
            outage.away(DatabaseAway("connection refused"), stage)
        seconds[0] += 1
    assert told(capsys) == [*(f"database-away stage={stage}" for stage in ("apply", "send", "listen", "apply"))]
    outage.answers("apply")
    outage.answers("send")
    assert told(capsys) == []
    outage.answers("listen")
    outage.answers("listen")
    assert told(capsys) == ["database-back seconds=100"]


def test_a_stage_that_reads_does_not_end_the_outage_of_one_that_can_not_write(capsys: pytest.CaptureFixture[str]) -> None:
    outage = Outage()
    for _ in range(10):
        outage.away(DatabaseAway("database or disk is full"), "apply")
        outage.answers("send")
    assert told(capsys) == ["database-away stage=apply"]
    # nor does one that has ended
    outage.away(DatabaseAway("database or disk is full"), "send")
    outage.end("apply")
    outage.answers("send")
    assert told(capsys) == ["database-away stage=send", "database-back seconds=0"]

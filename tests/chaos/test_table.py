"""The table: what is summed up, what is judged, and that a guarantee without a proof is not one that holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.record import saw
from tests.chaos.table import BROKEN, GUARANTEES, HOLDS, NONE, UNPROVEN, is_good, markdown, plain, read_records, summed


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "record.jsonl"
    monkeypatch.setenv("SUPPORTD_CHAOS_RECORD", str(path))
    return path


def verdicts(record: Path, **failed: int) -> dict[str, str]:
    return {row.guarantee: row.verdict for row in summed(read_records(record), failed)}


def test_faults_of_one_kind_are_added_up_and_what_has_no_record_is_not_proven(record: Path) -> None:
    assert verdicts(record) == dict.fromkeys(GUARANTEES, UNPROVEN) | {"G20": NONE}
    for _ in range(2):
        saw("G1", "kill -9", times=20, lost=0, doubled=0)
    saw("G1", "a | line", times=1, lost=0, doubled=0)
    assert verdicts(record)["G1"] == HOLDS
    rows = summed(read_records(record), {})
    assert rows[0].faults == {"kill -9": 40, "a | line": 1}
    assert "kill -9 (40); a \\| line (1)" in markdown(rows)
    assert "40 × kill -9" in plain(rows)
    assert not is_good(rows)


def test_what_was_lost_or_doubled_or_failed_breaks_it_and_the_one_moment_does_not(record: Path) -> None:
    saw("G2", "kill -9", times=1, lost=0, doubled=1)
    saw("G4", "cut", times=1, lost=1, doubled=0)
    saw("G5", "cut", times=1, lost=0, doubled=1, note="same octets, RFC 1047")
    saw("G6", "kill -9", times=1, lost=0, doubled=0)
    saw("G7", "kill -9", times=1, lost=0, doubled=2)
    found = verdicts(record, G6=1)
    assert [found[name] for name in ("G2", "G4", "G5", "G6", "G7")] == [BROKEN, BROKEN, HOLDS, BROKEN, HOLDS]


def test_all_held_is_good(record: Path) -> None:
    for name in GUARANTEES:
        if name != "G20":
            saw(name, "kill -9", times=1, lost=0, doubled=0)
    assert is_good(summed(read_records(record), {}))
    assert len(record.read_text().splitlines()) == len(list(map(json.loads, record.read_text().splitlines()))) == 19

"""The benchmarks run and their answers arrive. What they measure is not judged here: that needs a quiet machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.bench import Bench
from tests.benchmarks.rig import rig
from tests.benchmarks.throughput import pipeline
from tests.benchmarks.workload import SHARES, mails


def test_the_same_seed_gives_the_same_octets() -> None:
    assert list(mails(100, 3)) == list(mails(100, 3))
    assert list(mails(100, 3)) != list(mails(100, 4))


def test_every_hundred_mails_hold_the_promised_shares() -> None:
    kinds = [mail.kind for mail in mails(200, 3)][100:]
    assert {kind: kinds.count(kind) for kind, _ in SHARES} == dict(SHARES)


@pytest.mark.dovecot
def test_the_program_and_its_floor_answer_the_workload(short_folder: Path) -> None:
    said: list[str] = []
    with rig(short_folder) as servers:
        lines = pipeline(Bench(servers, count=30, rounds=1, seed=3, say=said.append))
    assert [line.got > 0 for line in lines] == [True, True, True]
    assert len(said) == 1

"""A stage is hung when it is silent for longer than it said, and only then."""

from __future__ import annotations

import threading

import pytest

from daemon import pulse
from daemon.pulse import Beat, Pulse


def test_a_stage_may_be_silent_for_as_long_as_it_said_and_its_work_takes() -> None:
    beat = Beat(at=100.0, within=pulse.WORK_SECONDS + 60.0, doing="talks to the server")
    assert not beat.is_hung(100.0 + pulse.WORK_SECONDS + 60.0)
    assert beat.is_hung(100.1 + pulse.WORK_SECONDS + 60.0)
    assert beat.silent(130.0) == 30.0


def test_a_stage_is_known_by_its_thread_and_is_gone_when_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "WORK_SECONDS", -1.0)
    stages = Pulse()
    thread = threading.Thread(target=stages.beat, name="send")
    thread.start()
    thread.join()
    stages.beat("fetch-support", "waits", waits=60.0)
    assert set(stages.beats()) == {"send", "fetch-support"}
    assert set(stages.hung()) == {"send"}
    stages.end("send")
    stages.end("send")
    assert stages.hung() == {}


def test_a_stage_that_fails_again_and_again_is_told_and_one_that_failed_once_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(pulse.time, "monotonic", lambda: clock[0])
    stages = Pulse()
    for _ in range(pulse.FAILURES):
        assert stages.failing() == {}
        clock[0] += 5.0
        stages.failed("tick", "ValueError")
    assert stages.failing() == {"tick": "ValueError"}
    assert stages.beats()["tick"].doing == "failed with ValueError, is started again"
    clock[0] += pulse.NEAR_SECONDS + 1
    assert stages.failing() == {}
    stages.failed("tick", "ValueError")
    assert stages.failing() == {}, "that was long ago"


def test_after_the_whole_process_stood_still_no_stage_hangs_that_did_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(pulse.time, "monotonic", lambda: clock[0])
    stages = Pulse()
    stages.beat("apply")
    stages.beat("idle", waits=3600)
    for _ in range(5):
        assert stages.hung() == {}
        clock[0] += 20
    clock[0] += 900
    assert stages.hung() == {}
    # one that hangs is found all the same
    for _ in range(4):
        clock[0] += 20
        stages.hung()
    assert set(stages.hung()) == {"apply"}

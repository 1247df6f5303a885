"""The child that reads mails may die; the reader and the next mail live."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.model import Reading
from daemon.parsers import read
from daemon.parsers.limits import ReadLimits
from daemon.reader import Reader, ReadFailure
from tests.chaos.record import saw

LIMITS = ReadLimits()
OWN = frozenset({"support@desk.example"})
GOOD = b"From: pat@partner.example\nSubject: good\n\nwords\n"
# Nothing in it is wrong, there is only very much of it: it keeps the child busy for a second or more.
WIDE = ReadLimits(mime_parts=10**9, attachments=10**9)
SLOW = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: text/plain; charset=utf-7\n\n+AOQ-\n" * 150_000


@pytest.fixture
def reader() -> Iterator[Reader]:
    with Reader(WIDE, OWN) as running:
        yield running


def test_a_mail_is_read_as_it_would_be_here(reader: Reader) -> None:
    mail = GOOD + b"\xff\x00"
    assert reader.submit(mail).result(60) == read(mail, WIDE, OWN)


def test_many_mails_keep_their_order(reader: Reader) -> None:
    futures = [reader.submit(b"Subject: %d\n\n" % number + b"x" * (number % 7) * 40_000) for number in range(60)]
    outcomes = [future.result(60) for future in futures]
    assert [outcome.message.subject for outcome in outcomes if isinstance(outcome, Reading)] == [str(n) for n in range(60)]


def test_a_large_attachment_comes_through(reader: Reader) -> None:
    content = os.urandom(3_000_000)
    mail = b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment\n\n" + content + b"\n--b--\n"
    outcomes = [reader.submit(mail).result(60), *[future.result(60) for future in [reader.submit(mail) for _ in range(3)]]]
    assert all(isinstance(outcome, Reading) and outcome.message.attachments[0].content == content for outcome in outcomes)


def test_a_killed_child_fails_its_own_mail_only(reader: Reader) -> None:
    assert isinstance(reader.submit(GOOD).result(60), Reading)
    pid = reader.child_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # so that it can't be done before it is killed
    futures = [reader.submit(GOOD) for _ in range(5)]
    os.kill(pid, signal.SIGKILL)
    outcomes = [future.result(60) for future in futures]
    assert sum(isinstance(outcome, ReadFailure) for outcome in outcomes) <= 1
    assert isinstance(outcomes[-1], Reading)
    assert reader.child_pid != pid


def test_a_child_killed_while_idle_costs_no_later_mail_its_successor(reader: Reader) -> None:
    reader.submit(GOOD).result(60)
    pid = reader.child_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert isinstance(reader.submit(GOOD).result(60), Reading)


def test_a_mail_that_takes_too_long_is_given_up_and_the_next_one_is_read() -> None:
    with Reader(WIDE, OWN, wall_seconds=0.05) as reader:
        reader.submit(GOOD).result(60)
        slow, good = reader.submit(SLOW), reader.submit(GOOD)
        failure = slow.result(60)
        assert isinstance(failure, ReadFailure)
        assert failure.cause == "wall"
        assert isinstance(good.result(60), Reading)


def test_a_mail_that_burns_too_much_cpu_time_is_given_up_and_the_next_one_is_read() -> None:
    with Reader(WIDE, OWN, cpu_seconds=0.1) as reader:
        slow, good = reader.submit(SLOW), reader.submit(GOOD)
        failure = slow.result(60)
        assert isinstance(failure, ReadFailure)
        assert failure.cause == "cpu"
        assert isinstance(good.result(60), Reading)


@pytest.mark.chaos
def test_a_mail_that_needs_too_much_memory_is_given_up_and_the_next_one_is_read() -> None:
    with Reader(LIMITS, OWN, memory_bytes=256 * 1024 * 1024) as reader:
        failure = reader.submit(b"\n" + b"x\n" * 80_000_000).result(60)
        assert isinstance(failure, ReadFailure)
        assert failure.cause == "memory"
        lost = int(not isinstance(reader.submit(GOOD).result(60), Reading))
    saw("G19", "a mail that needs more memory than its reader may have", times=1, lost=lost, doubled=0)
    assert lost == 0


def test_the_child_gets_no_secret_of_the_environment(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "open sesame")
    reader.submit(GOOD).result(60)
    environment = Path(f"/proc/{reader.child_pid}/environ").read_bytes()
    names = {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry}
    assert names <= {b"PATH", b"LANG", b"PYTHONPATH"}


def test_the_child_is_limited(reader: Reader) -> None:
    reader.submit(GOOD).result(60)
    table = Path(f"/proc/{reader.child_pid}/limits").read_text()
    assert f"Max address space         {512 * 1024 * 1024}" in table
    assert "Max open files            64" in table
    assert "Max core file size        0" in table


def test_closing_cancels_what_was_not_read() -> None:
    reader = Reader(WIDE, OWN)
    reader.submit(GOOD).result(60)
    futures = [reader.submit(SLOW) for _ in range(3)]
    reader.close()
    assert all(future.cancelled() for future in futures)
    assert reader.child_pid is None
    with pytest.raises(RuntimeError):
        reader.submit(GOOD)


def test_a_reader_that_never_read_can_be_closed() -> None:
    with Reader(LIMITS, OWN) as reader:
        assert reader.child_pid is None

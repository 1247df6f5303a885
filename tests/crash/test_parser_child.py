"""The parser child dies of a mail: the mail is to blame, it alone, and after the third time it is kept for a person (K6)."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from tests.conversations.world import World, mail

HUGE = ("film.bin", "application/octet-stream", os.urandom(16 * 1024 * 1024))


def _assert_quarantined(world: World, number: int, cause: str) -> None:
    row = world.mails()[number - 1]
    assert (row["outcome"], row["reason"], row["case"]) == ("quarantined", "parser-failed", None)
    assert row["detail"].startswith(cause)
    assert world.inbox.mails() == []
    assert len(world.inbox.mails("Quarantine")) == 1
    world.assert_good_books()


@pytest.mark.crash
def test_a_mail_that_takes_too_much_memory_is_kept_for_a_person_and_the_others_go_on(world: World) -> None:
    world.configure(limits={"child_memory": 96 * 1024 * 1024})
    world.deliver(mail("ann", "First.", subject="First"))
    world.deliver(mail("dana", "See the film.", files=[HUGE]))
    world.deliver(mail("sam", "Last.", subject="Last"))
    world.run()
    world.expect(("ann", "case-received"), ("bob", "case-assigned"), ("sam", "case-received"), ("lou", "case-assigned"))
    assert [m["outcome"] for m in world.mails()] == ["acted", "quarantined", "acted"]
    _assert_quarantined(world, 2, "memory")
    # with more memory it can be tried again
    world.configure(limits={})
    world.cli("quarantine", "retry", "2")
    world.run()
    world.expect(("dana", "case-received"), ("lou", "case-assigned"))
    assert world.mails()[1]["outcome"] == "acted"
    world.assert_good_books()


@pytest.mark.crash
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_child_that_answers_nothing_costs_one_try_and_the_mail_is_read_by_the_next(world: World) -> None:
    world.configure(limits={"child_wall_seconds": 1})
    world.talk(mail("ann", "First.", subject="First"), ("ann", "case-received"), ("bob", "case-assigned"))
    child = world.house.reader.child_pid
    assert child is not None
    os.kill(child, signal.SIGSTOP)
    world.talk(mail("sam", "Second.", subject="Second"), ("sam", "case-received"), ("lou", "case-assigned"))
    assert world.house.reader.child_pid != child
    assert world.last_mail()["attempts"] == 2


@pytest.mark.crash
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mail_whose_child_dies_each_time_is_kept_for_a_person_after_the_third(world: World) -> None:
    world.talk(mail("ann", "First.", subject="First"), ("ann", "case-received"), ("bob", "case-assigned"))
    world.deliver(mail("dana", "See the film.", files=[HUGE]))
    world.deliver(mail("sam", "Last.", subject="Last"))
    reader = world.house.reader
    killed: set[int] = set()
    ended = threading.Event()

    def kill_three() -> None:
        """Stands for whatever kills a child: the first three that read the film are stopped, then killed."""
        while len(killed) < 3 and not ended.is_set():
            child = reader.child_pid
            if child is not None and child not in killed and _has_read(child, len(HUGE[2])):
                os.kill(child, signal.SIGKILL)
                killed.add(child)

    killer = threading.Thread(target=kill_three)
    killer.start()
    world.run()
    ended.set()
    killer.join()
    assert len(killed) == 3
    world.expect(("sam", "case-received"), ("lou", "case-assigned"))
    _assert_quarantined(world, 2, "died")


def _has_read(child: int, octets: int) -> bool:
    """Whether the child got that much of a mail: it is on it now."""
    try:
        with open(f"/proc/{child}/io") as file:
            return int(file.readline().split()[1]) > octets // 2
    except (OSError, ValueError, IndexError):
        return False

"""A mailbox that fails is left alone for longer each time, and found soon after it is back. Time is a number here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.backoff import DOUBTS, MOST_REFUSED_SECONDS, MOST_SECONDS, BackOff
from daemon.errors import Temporary
from daemon.mail.imap import CONNECT_SECONDS, BrokenLine, HandsOutNothing, LoginRefused
from daemon.mail.oauth import TokenRefused

FOUND_SECONDS = 90.0
"""What is promised: a new mail is found that soon after the line is back."""

CHANCES = pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])


def _pauses(back_off: BackOff, error: Exception, count: int, logins: int = 1) -> list[float]:
    pauses = []
    for _ in range(count):
        back_off.failed(error, logins)
        pauses.append(back_off.seconds)
    return pauses


def _refused() -> Temporary:
    return LoginRefused("no")


def _token_refused() -> Temporary:
    return TokenRefused("no", "invalid_grant")


def test_the_pauses_double_up_to_a_minute_and_chance_only_shortens_them() -> None:
    assert _pauses(BackOff(lambda: 0.0), BrokenLine("cut"), 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert _pauses(BackOff(lambda: 1.0), BrokenLine("cut"), 9) == [0.75, 1.5, 3, 6, 12, 24, 45, 45, 45]


def test_before_the_first_session_nobody_waits_and_one_that_was_of_use_begins_anew() -> None:
    back_off = BackOff(lambda: 0.0)
    assert back_off.seconds == 0
    _pauses(back_off, Temporary(), 9)
    back_off.worked()
    assert back_off.seconds == 0
    assert _pauses(back_off, Temporary(), 2) == [1, 2]


@CHANCES
def test_after_an_outage_of_any_length_a_mail_is_found_within_a_minute_and_a_half(chance: float) -> None:
    for silent, connect in ((True, CONNECT_SECONDS), (False, 0.0)):
        for outage in [*range(1, 900), 3600, 86400]:
            back_off, now = BackOff(lambda: chance), 0.0
            while now < outage:
                # a connect that began in the dark is taken to stay there
                now += connect
                back_off.failed(BrokenLine("can't connect"), logins=0)
                now += back_off.seconds
            assert now - outage <= FOUND_SECONDS, (silent, outage)


@pytest.mark.parametrize("refusal", [_refused, _token_refused])
def test_a_login_that_is_refused_again_and_again_is_tried_every_five_minutes(refusal: Callable[[], Temporary]) -> None:
    assert _pauses(BackOff(lambda: 0.0), refusal(), 11) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert MOST_REFUSED_SECONDS == 300


def test_a_server_that_refuses_the_first_login_after_an_outage_is_tried_again_within_a_minute() -> None:
    back_off = BackOff(lambda: 0.0)
    assert _pauses(back_off, BrokenLine("can't connect"), 9, logins=0)[-1] == MOST_SECONDS
    assert _pauses(back_off, LoginRefused("no"), 2) == [60, 120]
    assert _pauses(back_off, BrokenLine("can't connect"), 1) == [60]


def test_a_session_that_logged_in_again_and_again_counts_as_so_many() -> None:
    assert _pauses(BackOff(lambda: 0.0), BrokenLine("the server ends each session"), 2, logins=4) == [8, 60]
    assert _pauses(BackOff(lambda: 0.0), BrokenLine("the server ends each session"), 1, logins=10**6) == [60]


def test_a_server_that_handed_out_nothing_is_asked_whose_fault_it_is_in_every_tenth_session() -> None:
    back_off = BackOff()
    back_off.failed(BrokenLine("cut"))
    assert not back_off.wary
    back_off.failed(HandsOutNothing("whichever"), logins=9)
    for _ in range(2):
        for _ in range(DOUBTS - 1):
            assert back_off.wary
            back_off.failed(BrokenLine("cut"))
        assert not back_off.wary
        back_off.failed(HandsOutNothing("whichever"), logins=9)
    for other in (back_off.worked, lambda: back_off.failed(Temporary("the database is away"))):
        back_off.failed(HandsOutNothing("whichever"))
        assert back_off.wary
        other()
        assert not back_off.wary

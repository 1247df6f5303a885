"""Many mails that are gone at once are told; one that a person took away is not."""

from __future__ import annotations

import pytest

from daemon.losses import Loss


@pytest.mark.parametrize(
    ("count", "of", "told"),
    [(0, 0, False), (2, 2, False), (3, 3, True), (3, 15, False), (4, 15, True), (200, 1000, False), (201, 1000, True)],
)
def test_three_and_more_than_a_fifth_are_many(count: int, of: int, told: bool) -> None:
    assert (Loss.if_many("INBOX", count, of, written_down=True) is not None) == told


@pytest.mark.parametrize(("count", "of", "told"), [(0, 0, False), (0, 3, False), (1, 1, True), (1, 5, False), (2, 5, True)])
def test_where_the_folder_was_made_anew_nobody_tidied_up_and_one_is_enough(count: int, of: int, told: bool) -> None:
    assert (Loss.if_many("INBOX", count, of, written_down=True, anew=True) is not None) == told


def test_it_is_told_whether_anything_of_them_is_left() -> None:
    assert str(Loss("INBOX", 5, 6, written_down=True)).endswith("in INBOX were gone at once; what was written down of them stays")
    unseen = str(Loss("INBOX", 5, 6, written_down=False))
    assert unseen == "5 of 6 mails that the server had announced in INBOX were gone at once; they were never read here"
    anew = str(Loss("INBOX", 1, 1, written_down=True, anew=True))
    assert "INBOX were gone at once, which was made anew or put back from a copy; what was written down of them stays" in anew
    assert str(Loss.of_emptied("INBOX")).startswith("INBOX was made anew and is empty; what came there since the last look")

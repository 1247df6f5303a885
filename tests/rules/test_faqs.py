"""Which FAQ goes once for a case, and how its title is written in a command."""

from __future__ import annotations

from pathlib import Path

from daemon.mail.rendering import Templates
from daemon.model import PRIORITY_OPTIONS
from daemon.parsers.names import title_key
from daemon.rules.faqs import once_for, short

TITLES = tuple(str(faq.title) for faq in Templates.load((Path(__file__).parents[2] / "templates",)).faqs)


def test_only_the_priority_options_go_once_for_a_case() -> None:
    assert [title for title in TITLES if once_for(title, 1001) is not None] == [PRIORITY_OPTIONS]
    assert once_for(PRIORITY_OPTIONS, 1001) != once_for(PRIORITY_OPTIONS, 1002)


def test_what_is_written_in_a_command_is_found_again() -> None:
    assert len({title_key(title) for title in TITLES}) == len(TITLES) == 8
    assert all(title_key(short(title)) == title_key(title) for title in TITLES)

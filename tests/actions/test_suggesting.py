"""What the mail to one of our own suggests: commands that do what they say, and nothing that an old case said as a command."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from daemon.actions.suggesting import MOST_WORDS, fitting
from daemon.actions.vocabulary import CloseCase
from daemon.mail.rendering import Templates
from daemon.parsers.commands import read_commands
from daemon.store.database import Database
from tests.actions.desk import made_desk
from tests.rules import facts
from tests.store.life import NOON, Life, opening

TEMPLATES = Templates.load((Path(__file__).parents[2] / "templates",))


@pytest.fixture
def life(database: Database) -> Life:
    return Life(database, made_desk())


def commands(life: Life, case: int) -> list[str]:
    with life.database.transaction():
        return [str(one["command"]) for one in fitting(case, TEMPLATES)]


def test_a_faq_is_sent_by_its_title(life: Life) -> None:
    case = life.do(opening(None, subject="License key", description="Where do I request a license key?"))
    assert commands(life, case)[0] == "#faq How to request a key"


def test_a_resolution_is_put_into_an_answer_without_any_command_of_its_own(life: Life) -> None:
    old = life.do(opening(subject="Printer blinks", description="The printer blinks."))
    text = "Turned the printer off and on.\n#close\n /reopen it if it blinks again" + " and again" * 200
    life.do(CloseCase(text=text, by_id=facts.PAT.id, on_planned_date=None), case=old, at=NOON + timedelta(hours=1))
    case = life.do(opening(None, subject="printer blinks red", description="Our printer blinks."))
    (command,) = [one for one in commands(life, case) if one.startswith("#update")]
    read = read_commands(command)
    assert [one.verb for one in read.commands] == ["comment"]
    assert len(command) <= MOST_WORDS + 10


def test_a_case_that_says_nothing_is_given_nothing(life: Life) -> None:
    case = life.do(opening(None, subject="Hello", description="Please help us"))
    assert commands(life, case) == []


def test_the_old_words_of_an_account_name_it_only_to_its_contacts(life: Life) -> None:
    old = life.do(opening(subject="Printer blinks", description="The printer blinks."))
    told = "Ann turned it off: ann@acme.example has the manual of Acme Homes."
    life.do(CloseCase(text=told, by_id=facts.PAT.id, on_planned_date=None), case=old, at=NOON + timedelta(hours=1))
    theirs = life.do(opening(subject="printer blinks red", description="Our printer blinks."))
    stranger = opening(subject="printer blinks red", description="Our printer blinks.", contact_id=None, contact_address="x@else.example")
    by_words = life.do(stranger)
    assert any("ann@acme.example" in one for one in commands(life, theirs))
    (shown,) = [one for one in commands(life, by_words) if one.startswith("#update")]
    assert "ann@acme.example" not in shown

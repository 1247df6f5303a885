"""Suggestions: the right FAQ is among the three, what was solved before is found, nobody's words are a query, and nobody is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.actions.vocabulary import CloseCase, ReopenCase
from daemon.mail.rendering import Templates
from daemon.store.database import Database
from daemon.store.suggestions import Faq, is_telling, keep_faqs, rebuild, suggest
from tests.rules import facts
from tests.store.life import NOON, Life, opening

TEMPLATES = Templates.load((Path(__file__).parents[2] / "templates",))
FAQS = tuple(Faq.of(template) for template in TEMPLATES.faqs)

CASE_1 = 1001
KEY, CASE = "FAQ-How to request a key", "FAQ-How to open a support case"
CODE, HOSTING = "FAQ-Development resources", "FAQ-How to open a hosting ticket"
BUG, FREE = "FAQ-How to report a bug", "FAQ-available support resources"
PAID, OLD = "FAQ-what are my priority support options", "FAQ-Support for versions 5x and older."

QUESTIONS = (
    (KEY, "License key", "I bought the software last week and never got my key. How do I get one?"),
    (KEY, "Moving to a new domain", "We move our shop to www.new.example. Our license does not match any more, what now?"),
    (KEY, "Invalid key", "The program says the license key is invalid. I typed it twice."),
    (KEY, "Activation", "Could you please send the activation code for order 9001?"),
    (KEY, "lost serial", "Our old administrator left, and nobody knows where the licence key is."),
    (CASE, "Installing", "I get an error at step 3 of the installation. Who can have a look?"),
    (CASE, "How do I contact tech support", "We bought the product two weeks ago and need technical support with shipping settings."),
    (CASE, "Payment settings", "Where do I set up a second payment gateway? The setting page shows an error."),
    (CASE, "open a ticket", "How can I open a support ticket with you?"),
    (CODE, "Custom checkout", "We want to customize the checkout page. Which template do we have to change?"),
    (CODE, "API", "Is there an API for exporting orders to our ERP? Our programmer would build an integration."),
    (CODE, "Developer wanted", "Can you recommend a developer who writes a plugin for us?"),
    (CODE, "Feature", "Could you develop a feature so that customers can upload a picture?"),
    (HOSTING, "Site down!!", "Our website is down since 8 am, the browser says 503."),
    (HOSTING, "SSL", "The certificate of our domain expired yesterday."),
    (HOSTING, "DNS change", "Please point the name server of shop.example to the new IP."),
    (HOSTING, "backup", "Can you restore the database backup of last night? Somebody deleted products on the server."),
    (HOSTING, "FTP password", "I can't log in by FTP, I think the password was changed."),
    (BUG, "Bug in tax", "Tax is calculated twice at checkout when a coupon is used. This is a bug."),
    (BUG, "Crash", "The admin page crashes with a NullReferenceException, stack trace attached."),
    (BUG, "Defect", "Since the last update the total is wrong. It worked before."),
    (BUG, "Security hole", "I want to report a security problem in the login form."),
    (FREE, "Documentation", "Is there a manual or a tutorial that tells how to set up shipping zones?"),
    (FREE, "Forum?", "Do you have a user forum or a knowledge base where I can search myself?"),
    (FREE, "Help without a plan", "My support has ended. Is there any free help?"),
    (PAID, "Support contract", "What does a support plan cost, and how do we buy one?"),
    (PAID, "URGENT", "We need priority support today and are willing to pay for a technician per hour."),
    (PAID, "Renewal", "Our maintenance contract ran out. How can we renew it?"),
    (OLD, "Version 5.5", "We still run version 5.5. Do you support it?"),
    (OLD, "Upgrade", "How do we upgrade our legacy 4.0 shop to the current version?"),
)
"""What customers write, and the FAQ a good agent would send."""


@pytest.fixture
def index(database: Database) -> Database:
    with database.transaction():
        assert keep_faqs(FAQS)
    return database


def close(life: Life, text: str, *, by: int = facts.PAT.id, **changes: Any) -> int:
    number = life.do(opening(**changes))
    life.do(CloseCase(text=text, by_id=by, on_planned_date=None), case=number, at=NOON + timedelta(hours=1))
    return number


def titles(subject: str, text: str) -> list[str]:
    return [one.title for one in suggest(subject, text)]


def test_the_right_faq_is_among_the_three_for_nine_questions_in_ten(index: Database) -> None:
    with index.reading():
        missed = [(wanted, subject, titles(subject, text)) for wanted, subject, text in QUESTIONS if wanted not in titles(subject, text)]
    assert len(missed) <= len(QUESTIONS) // 10, missed


def test_the_right_faq_is_mostly_the_first(index: Database) -> None:
    with index.reading():
        first = sum(titles(subject, text)[:1] == [wanted] for wanted, subject, text in QUESTIONS)
    assert first >= len(QUESTIONS) * 0.7, first


# --- past resolutions ----------------------------------------------------------------------------------------------

CACHE = "Cleared the page cache and restarted the service, then the catalog came back."


@pytest.fixture
def solved(life: Life) -> Life:
    """A case of Acme Homes that Pat solved, among the FAQs."""
    with life.database.transaction():
        keep_faqs(FAQS)
    close(life, CACHE, subject="Catalog is blank", description="The catalog shows a blank page since Monday.")
    return life


def test_how_a_case_like_it_was_solved_is_found_beside_the_faqs(solved: Life) -> None:
    with solved.database.reading():
        found = suggest("blank catalog", "Our catalog is a blank page, what can we do?")
    assert (found[0].kind, found[0].case_number, found[0].excerpt) == ("resolution", f"CASE-{CASE_1}", CACHE)
    assert found[0].title == "Catalog is blank"
    assert len(found) <= 3


def test_the_best_faq_is_never_crowded_out(solved: Life) -> None:
    for number in range(4):
        close(solved, f"{CACHE} And again, for the time {number}.", subject="Catalog error", description="The catalog shows an error.")
    with solved.database.reading():
        found = suggest("Catalog shows an error", "The catalog shows an error, please help with support.")
    assert [one.kind for one in found].count("resolution") == 2
    assert [one.kind for one in found].count("faq") == 1


def test_the_same_words_are_suggested_once(solved: Life) -> None:
    close(solved, CACHE.upper(), subject="Catalog is blank again", description="The catalog is a blank page again.")
    with solved.database.reading():
        found = suggest("blank catalog", "blank page in the catalog")
    assert sum(one.kind == "resolution" for one in found) == 1


def test_a_case_that_was_reopened_is_no_resolution_until_it_is_closed_again(solved: Life) -> None:
    solved.do(ReopenCase(by_id=facts.ANN.id, acknowledged_by_id=None), case=CASE_1, at=NOON + timedelta(hours=2))
    with solved.database.reading():
        assert all(one.kind == "faq" for one in suggest("blank catalog", "blank page in the catalog"))
    better = CloseCase(text="Replaced the image that the catalog waited for.", by_id=facts.PAT.id, on_planned_date=None)
    solved.do(better, case=CASE_1, at=NOON + timedelta(hours=3))
    with solved.database.reading():
        (found,) = [one for one in suggest("blank catalog", "blank page in the catalog") if one.kind == "resolution"]
    assert found.excerpt == better.text


@pytest.mark.parametrize(
    ("text", "by"),
    [("(closed by e-mail without text)", facts.PAT), ("done", facts.PAT), ("Thank you, it works again since today", facts.ANN)],
)
def test_words_that_tell_others_nothing_are_not_suggested(life: Life, text: str, by: Any) -> None:
    close(life, text, by=by.id, subject="Catalog is blank", description="blank")
    with life.database.reading():
        assert suggest("Catalog is blank", "blank") == ()


def test_a_resolution_is_shown_to_others_without_the_names_of_its_customer(life: Life) -> None:
    words = "Told Ann at ann@acme.example that Acme Homes must renew the certificate."
    close(life, words, subject="Certificate", description="certificate expired")
    with life.database.reading():
        (other,) = suggest("certificate", "expired", organization_id=99)
        (own,) = suggest("certificate", "expired", organization_id=facts.ANN.organization_id)
    assert own.words == words
    assert other.words == "Told […] at […] that […] must renew the certificate."


def test_the_index_made_anew_is_the_same_as_the_one_that_was_kept(solved: Life) -> None:
    close(solved, "(closed by e-mail without text)", subject="Catalog", description="catalog")

    def rows() -> Any:
        return solved.database.peewee.execute_sql("SELECT rowid, title, asked, words, digest FROM precedent ORDER BY rowid").fetchall()

    with solved.database.transaction():
        kept = rows()
        assert rebuild() == 1
        assert rebuild() == 1
        assert rows() == kept


# --- FAQs ----------------------------------------------------------------------------------------------------------


def test_faqs_are_indexed_again_only_when_they_changed(index: Database) -> None:
    changed = (*FAQS[:-1], Faq(title="FAQ-Returns", asked="send goods back", words="How to send something back."))
    with index.transaction():
        assert not keep_faqs(FAQS)
        assert keep_faqs(changed)
        assert titles("I want to send goods back", "")[0] == "FAQ-Returns"
        assert OLD not in titles("version 5", "legacy upgrade")


# --- words are no query --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        'AND OR NOT NEAR("key" "license", 5) title:key ^key key* - + { } ( " \'\' ; -- DROP TABLE precedent',
        "& | ! <-> :* 'key' \\ $$ %s %(x)s ? :1",
        "\x00\x1f\ud800 ÄÖÜ ключ 鍵 🔑 key",
        "key " * 100_000,
        "",
        "the and of please help",
    ],
    ids=["fts", "tsquery", "signs", "long", "nothing", "says nothing"],
)
def test_any_words_can_be_searched_for(index: Database, words: str) -> None:
    with index.reading():
        assert len(suggest(words, words)) <= 3


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=st.text(max_size=60), text=st.text(max_size=200), limit=st.integers(0, 5))
def test_there_are_never_more_than_asked_for_and_the_best_is_first(index: Database, subject: str, text: str, limit: int) -> None:
    with index.reading():
        found = suggest(subject, text, limit)
    assert len(found) <= limit
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_whose_words_count() -> None:
    assert is_telling("Replaced the gateway.", "partner")
    assert not is_telling("Replaced the gateway.", "customer")

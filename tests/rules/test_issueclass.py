"""What a mail is about: customers' sentences, the phrases of the configuration, and that no text breaks or slows it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config import data_dir
from daemon.configuration.support import load_support
from daemon.rules.issueclass import (
    MOST_SIGNS,
    SHOWN,
    IssueClass,
    IssueName,
    IssueRule,
    IssueRules,
    classify,
    issue_line,
    issue_rules,
    phrase,
)

SENTENCES = json.loads((Path(__file__).parent.parent / "examples" / "issue_classes.json").read_text("utf-8"))


@cache
def shipped() -> IssueRules:
    return load_support(data_dir("config") / "support.toml", data_dir("config") / "entitlement.csv").issues


def said(text: str, subject: str = "", line: str | None = None) -> IssueClass:
    return classify(subject, text, line, shipped())


def rules(*words: str, alone: tuple[str, ...] = (), unless: tuple[str, ...] = ()) -> IssueRules:
    rule = IssueRule(
        name=IssueName.BUG, words=tuple(map(phrase, words)), alone=tuple(map(phrase, alone)), unless=tuple(map(phrase, unless))
    )
    return issue_rules([rule])


# --- the shipped words ---------------------------------------------------------------------------------------------


def test_customers_sentences_get_their_class() -> None:
    assert len(SENTENCES) >= 250
    wrong = []
    for sentence in SENTENCES:
        found = classify(sentence.get("subject", ""), sentence.get("text", ""), sentence.get("line"), shipped())
        if found.name != sentence["class"]:
            wrong.append((sentence, found))
    assert not wrong


def test_every_class_has_sentences_of_its_own() -> None:
    assert {sentence["class"] for sentence in SENTENCES} == set(IssueName)


@pytest.mark.parametrize(
    ("subject", "text", "name"),
    [
        ("Help with installing on a new server", "Order 9001, shop.example. How do I install it?", IssueName.INSTALLATION_HELP),
        ("", "I want to report a bug: checkout crashes", IssueName.BUG),
        ("Complaint", "I am very unhappy with how I was treated.", IssueName.COMPLIMENT_OR_COMPLAINT),
        ("My site is broken", "", IssueName.HOSTING_OR_WEBSITE),
    ],
)
def test_the_first_mails_of_the_scenes(subject: str, text: str, name: IssueName) -> None:
    assert said(text, subject).name is name


@pytest.mark.parametrize(
    "text",
    [
        "The key point is that orders arrive twice.", "Sorry to bug you again.", "We have a host of problems.",
        "I reinstalled it yesterday, works.", "The installments are due.", "I press the enter key and nothing happens.",
        "Our customers complain about the basket button.", "We are based at Bugatti Street.", "A keyboard question",
    ],
)  # fmt: skip
def test_a_word_that_means_something_else_makes_no_class_of_its_own(text: str) -> None:
    assert said(text).name in (IssueName.SUPPORT_ISSUE, IssueName.OTHER)


def test_the_words_that_say_it_are_shown_as_they_were_written() -> None:
    assert said("Our Licence seems to be INVALID.").words == ("Licence … INVALID",)
    assert said("I want to report a bug", "Bug report").words == ("Bug", "bug")
    assert said("The delivery came.") == IssueClass(name=IssueName.OTHER)


def test_the_first_class_in_order_that_has_a_word_is_it() -> None:
    assert said("I lost my license key, and there is a bug in the checkout.").name is IssueName.LICENSE_KEY
    assert said("There is a bug in the checkout of our custom theme.").name is IssueName.BUG


def test_thanks_in_passing_is_no_compliment() -> None:
    assert said("Thanks for your great support last time. How do I change the logo?").name is IssueName.SUPPORT_ISSUE
    assert said("Thanks for your great support.").name is IssueName.COMPLIMENT_OR_COMPLAINT


# --- the line ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("install", IssueName.INSTALLATION_HELP), ("license key", IssueName.LICENSE_KEY), ("key", IssueName.LICENSE_KEY),
        (" License  Key. ", IssueName.LICENSE_KEY), ("license_key", IssueName.LICENSE_KEY), ("Other", IssueName.OTHER),
        ("hosting_or_website", IssueName.HOSTING_OR_WEBSITE), ("compliment or complaint", IssueName.COMPLIMENT_OR_COMPLAINT),
    ],
)  # fmt: skip
def test_an_issue_line_comes_before_the_words(line: str, name: IssueName) -> None:
    found = said("I want to report a bug", line=line)
    assert (found.name, found.by_line) == (name, True)


def test_a_line_that_names_no_class_is_searched_for_words_and_then_the_text() -> None:
    assert said("How do I install it?", line="checkout crashes") == IssueClass(name=IssueName.BUG, words=("crashes",), by_line=True)
    assert said("How do I install it?", line="see below").name is IssueName.INSTALLATION_HELP
    assert said("How do I install it?", line="  ").name is IssueName.INSTALLATION_HELP


def test_the_issue_line_of_a_text_is_found() -> None:
    assert issue_line("Email: evan@trial.example\nIssue: install\nWants help") == "install"
    assert issue_line("  ISSUE CLASS :  license key \r\nx") == "license key"
    assert issue_line("The issue: none. Tissue: x\nIssue:\n") is None


# --- phrases -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "text", "shown"),
    [
        ("license key", "my License  key", "License key"),
        ("license key", "my license-key", "license key"),
        ("license key", "the key of the license", None),
        ("license key", "the license. Key too", None),
        ("license key", "the license\nkey wraps", "license key"),
        ("license key", "the license\n\nkey is another paragraph", None),
        ("licence|license key", "licence key", "licence key"),
        ("instal*", "Installing", "Installing"),
        ("instal*", "reinstalled", None),
        ("key .. lost", "the key has somehow been lost", "key … lost"),
        ("key .. lost", "key lost", "key lost"),
        ("key .. lost", "the key a b c d lost", "key … lost"),
        ("key .. lost", "the key a b c d e lost", None),
        ("key .. was .. lost", "the key that was perhaps lost", "key … was … lost"),
        ("can't", "I can’t", "can’t"),
        ("cle", "la clé", "clé"),
        ("schlüssel", "SCHLÜSSEL", "SCHLÜSSEL"),
        ("straße", "STRASSE", "STRASSE"),
        ("key", "keyboard monkey", None),
        ("7.0".replace(".", " "), "version 7.0.8", "7 0"),
    ],
)
def test_a_phrase_is_words_side_by_side_in_one_sentence(wanted: str, text: str, shown: str | None) -> None:
    found = classify("", text, None, rules(wanted))
    assert found.words == ((shown,) if shown is not None else ())


@pytest.mark.parametrize(
    "text", ["", "  ", "..", "a .. ", ".. a", "a .. .. b", "a||b", "ab*", "*", "a b c d e f g h i", "x(y", "a .. b .. c .. d", "-"]
)
def test_what_is_no_phrase_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        phrase(text)


def test_what_unless_finds_takes_the_words_away_but_not_the_same_word_elsewhere() -> None:
    words = rules("bug|bugs", unless=("bug you|me",))
    assert classify("", "Sorry to bug you.", None, words).name is IssueName.OTHER
    assert classify("", "Sorry to bug you. It is a bug.", None, words).words == ("bug",)


def test_words_alone_count_only_where_no_class_has_another() -> None:
    both = issue_rules([
        IssueRule(name=IssueName.COMPLIMENT_OR_COMPLAINT, alone=(phrase("great"),)), IssueRule(name=IssueName.BUG, words=(phrase("bug"),)),
    ])  # fmt: skip
    assert classify("", "a great bug", None, both).name is IssueName.BUG
    assert classify("", "a great day", None, both).name is IssueName.COMPLIMENT_OR_COMPLAINT


def test_rules_of_one_class_are_one_at_the_place_of_the_first() -> None:
    one, two = IssueRule(name=IssueName.BUG, words=(phrase("bug"),)), IssueRule(name=IssueName.BUG, words=(phrase("fehler"),))
    other = IssueRule(name=IssueName.CUSTOMIZATION, words=(phrase("custom"),))
    assert classify("", "custom fehler", None, issue_rules([one, other, two])).name is IssueName.BUG


# --- laws ----------------------------------------------------------------------------------------------------------

SIGNS = st.text(st.sampled_from("ab kK.'’\n;é\u0301ß\u0130\ud800\x00ﬁ-_*|:") | st.characters(), max_size=200)
WORD_LIST = (
    "license",
    "key",
    "lost",
    "not",
    "is",
    "site",
    "down",
    "..",
    "bug",
    "you",
    "me",
    "install",
    "the",
    "can't",
    "custom",
    "theme;",
    "great",
)
WORDS = st.lists(st.sampled_from(WORD_LIST), max_size=60)


@settings(deadline=None)
@given(SIGNS | WORDS.map(" ".join), SIGNS, st.none() | SIGNS)
def test_every_text_has_one_class_and_shows_its_words(text: str, subject: str, line: str | None) -> None:
    found = classify(subject, text, line, shipped())
    assert found.name in tuple(IssueName)
    assert len(found.words) <= SHOWN
    assert bool(found.words) or found.name is IssueName.OTHER
    folded = " ".join(f"{subject}\n{text}\n{line or ''}".split())
    if not found.by_line:
        assert all(piece in folded for words in found.words for piece in words[:70].split(" … ") if "-" not in folded and "_" not in folded)


@pytest.mark.parametrize("text", ["license ", "not ", "site is not ", "a", "é", "e\u0301", "\u0301", "\n \n", "key .. ", "’", "; "])
def test_only_the_beginning_of_an_endless_text_is_looked_at(text: str) -> None:
    endless = text * (2_000_000 // len(text))
    assert classify(endless, endless, endless, shipped()) == classify(endless[:2000], endless[: MOST_SIGNS + 1], endless[:200], shipped())


@given(st.text(max_size=40))
def test_a_phrase_is_made_or_refused(text: str) -> None:
    try:
        made = phrase(text)
    except ValueError:
        return
    assert 1 <= len(made) <= 8
    assert not made[0].after_gap

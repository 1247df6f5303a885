"""The header that a mail program copies above what it forwards."""

from __future__ import annotations

import pytest

from daemon.parsers.forms.forwarded import read_inline

GMAIL = """\
Please take it.

---------- Forwarded message ---------
From: Form <noreply@forms.example>
Date: Tue, Nov 24, 2026 at 9:12 AM
Subject: A request
To: <priya@support.example>


Name: Mia
"""
OUTLOOK = """\
Bitte.

________________________________
Von: Form <noreply@forms.example>
Gesendet: Dienstag, 24. November 2026 10:12
An: Priya <priya@support.example>
Betreff: A request
Wichtigkeit: Hoch

Name: Mia
"""
APPLE = """\
Please.

Begin forwarded message:

> From: Form <noreply@forms.example>
> Subject: A request
> Date: 24 November 2026 at 09:12:00 GMT
> To: priya@support.example
> Reply-To: mia@dunes.example
>
> Name: Mia
"""


@pytest.mark.parametrize(
    ("body", "comment", "marked"), [(GMAIL, "Please take it.", True), (OUTLOOK, "Bitte.", True), (APPLE, "Please.", True)]
)
def test_the_copied_header_is_read(body: str, comment: str, marked: bool) -> None:
    found = read_inline(body)
    assert found is not None
    assert (found.author, found.subject, found.text.strip()) == ("noreply@forms.example", "A request", "Name: Mia")
    assert (found.comment, found.marked) == (comment, marked)


def test_reply_to_is_read_where_it_stands() -> None:
    found = read_inline(APPLE)
    assert found is not None
    assert found.reply_to == ("mia@dunes.example",)


def test_a_header_right_below_another_is_the_inner_one() -> None:
    inner = GMAIL.replace("Please take it.", "fyi").replace("A request", "The inner one")
    found = read_inline(GMAIL.replace("\n\nName: Mia\n", "\n" + inner))
    assert found is not None
    assert found.subject == "The inner one"
    assert found.comment == "Please take it."


def test_a_header_further_down_belongs_to_the_text() -> None:
    pasted = GMAIL.replace("A request", "Pasted")
    found = read_inline(GMAIL + "Email: a\nCompany: b\nNotes: c\nmore\n" + pasted)
    assert found is not None
    assert found.subject == "A request"
    assert "Pasted" in found.text


@pytest.mark.parametrize("body", ["", "Hello\n\nbye", "From: me\n", "Subject: x\nNotes: y\n"])
def test_where_no_header_was_copied_there_is_none(body: str) -> None:
    assert read_inline(body) is None

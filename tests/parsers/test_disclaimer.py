"""Legal notices below the words of a reply."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers import ANSWER_MARKER, quoting
from daemon.parsers.disclaimer import begins_at

NOTICES = {
    "en": "CONFIDENTIALITY NOTICE: The contents of this mail are meant for nobody else.",
    "en, untitled": "This email is intended only for the person it names and may hold privileged words. Sent to you in error? Delete it.",
    "en, paper": "Please consider the environment before printing this e-mail.",
    "de": "Diese E-Mail enthält vertrauliche Angaben. Sind Sie nicht der Adressat, dann vernichten Sie sie bitte.",
    "fr": "Ce message est confidentiel. Si vous n’en êtes pas le destinataire, merci de le détruire.",
    "es": "Este mensaje es confidencial y se dirige solo a su destinatario. Si le llega por error, elimínelo.",
    "pt": "Esta mensagem é confidencial e destina-se apenas ao destinatário. Se a recebeu por engano, apague-a.",
    "it": "Questo messaggio è riservato al destinatario. Chi lo riceve per errore è pregato di cancellarlo.",
    "nl": "Dit bericht is vertrouwelijk en alleen bestemd voor de geadresseerde.",
}


def words(text: str) -> str:
    return quoting.split(text, None, ANSWER_MARKER, "Bob Miller")[0]


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES)
@pytest.mark.parametrize("written", ["#close", "Done", "#plan 2026-12-01 Replace it.\n\nThen test."])
def test_a_notice_is_not_read(notice: str, written: str) -> None:
    assert words(f"{written}\n\n{notice}\n") == written
    assert words(f"{written}\n\n" + textwrap.fill(notice, 40)) == written
    assert words(f"{written}\n\nBest regards,\nBob Miller\nMiller Solar\n\n{notice}\n\n{notice}\n") == written
    assert words(f"{written}\n\n> #reopen\n\n{notice}\n") == written


@pytest.mark.parametrize(
    "text",
    ["This message came from the inverter: E 31.", "The information you asked for is below the lid.", "Ce message s'affiche chaque matin.",
     "Diese Nachricht zeigt der Wechselrichter an.", "Please print the report.", "This email is confidential."],
)  # fmt: skip
def test_words_that_only_begin_like_one_are_read(text: str) -> None:
    assert words(f"#update Look:\n\n{text}") == f"#update Look:\n\n{text}"


def test_a_notice_alone_or_with_a_command_in_it_is_read() -> None:
    notice = NOTICES["en"]
    assert words(notice) == notice
    assert words(f"Hello\n\n{notice}\n#close") == f"Hello\n\n{notice}\n#close"


@given(st.lists(st.sampled_from(["a", " ", "", "#close", *NOTICES.values()]), min_size=1))
def test_any_lines_can_be_asked(lines: list[str]) -> None:
    start = begins_at([*lines, "end"])
    assert start is None or 0 < start <= len(lines)

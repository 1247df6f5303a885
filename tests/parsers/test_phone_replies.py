"""Replies as mail programs send them, in seven languages: the words that were typed are read, all of them and nothing else."""

from __future__ import annotations

import re

import pytest

from daemon.parsers import ANSWER_MARKER, ReadLimits, read
from daemon.parsers.commands import read_commands
from tests.parsers.clients import LANGUAGES, OTHERS, Reply, other, replies, signed

WRITTEN = {
    "a command": "#close",
    "a block of two paragraphs": "#plan 2026-12-01 Replace the gateway.\n\nThen pair the sensors.",
    "words that begin like an attribution": "On it",
}
_BLANK_LINES = re.compile(r"\n\s*\n")


def unlike(mails: list[Reply]) -> dict[str, str]:
    """The mails whose new words are not the written ones. Blank lines don't count: each line of some programs is a paragraph."""
    wrong = {}
    for mail in mails:
        words = read(mail.octets(), ReadLimits(), frozenset(), ANSWER_MARKER).new_text
        if _BLANK_LINES.sub("\n", words.strip()) != _BLANK_LINES.sub("\n", mail.written):
            wrong[mail.name] = words
        else:
            assert [command.verb for command in read_commands(words).commands] == [c.verb for c in read_commands(mail.written).commands]
    return wrong


@pytest.mark.parametrize("words", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reply_of_each_program_is_read_as_it_was_typed(language: str, words: str) -> None:
    assert unlike(list(replies(language, words))) == {}


@pytest.mark.parametrize("words", ["Done - thanks"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_phone_writes_below_the_words_is_not_read(language: str, words: str) -> None:
    assert unlike(list(signed(language, words))) == {}


@pytest.mark.parametrize("line", OTHERS)
def test_what_stands_above_a_quotation_ends_the_words(line: str) -> None:
    for words in WRITTEN.values():
        assert unlike(list(other(line, words))) == {}


@pytest.mark.parametrize("above", ["#close", "Done", "Acknowledged, thanks", "On it"])
def test_a_word_right_above_an_attribution_is_not_part_of_it(above: str) -> None:
    for line in (
        "Ann Lee <ann@acme.example> schrieb am Montag, 23. November 2026 um 09:00:",
        "lunedì 23 novembre 2026 09:00, Ann Lee <ann@acme.example> ha scritto:",
        "Ann Lee <ann@acme.example>\nescreveu (segunda, 23/11/2026 à(s) 09:00):",
    ):
        assert unlike([Reply(name=line, written=above, text=f"{above}\n{line}\n> #reopen\n", html=None)]) == {}


@pytest.mark.parametrize(
    "line",
    ["Von unserem Lager aus geht es morgen weiter.", "Mit dem Handy geht es nicht.", "Von der mobilen Anlage: Fehler 12",
     "Mit Outlook klappt es", "Über die App sehe ich nichts"],
)  # fmt: skip
def test_a_sentence_about_a_phone_is_read(line: str) -> None:
    assert unlike([Reply(name=line, written=f"{line}\n#close", text=f"{line}\n#close\n", html=None)]) == {}


@pytest.mark.parametrize(
    "end",
    [
        "Thanks!", "Thanks, Bob", "Cheers\nBob", "VG Bob", "LG\nBob", "Best, Bob", "BR\nBob", "Thx,\nBob", "Danke und Gruß\nBob",
        "Viele Grüße, Bob", "Gruß Bob", "Merci d'avance\nBob", "Merci et cordialement,\nBob Miller", "Saludos, Bob", "Un saludo,\nBob",
        "Obrigado,\nBob Miller", "Abraços\nBob", "Grazie,\nBob", "Cordiali saluti\nBob", "Groetjes Bob",
        "Met vriendelijke groet,\n\nBob Miller",
        "Mit freundlichen Grüßen\n\nBob Miller\nMiller Solar GmbH\nHauptstr. 1\n10115 Berlin\nTel. 030 1234",
        "Thank you,\n\nBob Miller\nMobile +1 775 555 0100",
        "Best regards,\nBob Miller\nMiller Solar | 12 Main St | Reno\nwww.miller.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", ["#close", "#ack", "#update Called.\n\n1. Reset it\n2. Waited"])
def test_a_closing_and_a_name_are_not_read(words: str, end: str) -> None:
    assert unlike([Reply(name=end, written=words, text=f"{words}\n{blank}{end}\n", html=None) for blank in ("", "\n")]) == {}


@pytest.mark.parametrize(
    "words",
    [
        "#close It works best",
        "Done\nThanks!",
        "#update Talked to Bob",
        "Thanks",
        "#update\n1. Reset it\n2. Waited\n3. Left",
        "Regards\n#close",
    ],
)
def test_words_like_a_closing_are_read(words: str) -> None:
    assert unlike([Reply(name=words, written=words, text=f"{words}\n", html=None)]) == {}


@pytest.mark.parametrize(
    "words",
    [
        "Sent by mail to the customer.\n#close", "Gesendet mit der Post an den Kunden\n#close", "Enviado por correo al cliente\n#close",
        "Envoyé par la poste au client\n#close", "Inviato con corriere al cliente\n#close", "Verzonden met de post\n#close",
        "Get Outlook working again, please\n#ack", "Outlook for next week: sunny\n#ack", "I wrote: it is dead\n#close",
        "The customer wrote on Nov 23, 2026:\n#update works", "Der Kunde schrieb am Montag:\n#update läuft", "From: the roof\n#update x",
        "Le client a écrit que tout va bien :\n#close", "Thanks,\nBob\n\n#close", "-- see below --\n#close", "___\n#close",
        "Bob fixed it\n#close",
        "On 23.11. at 10:00 the fuse blew:\n#update fuse blown", "Original Message was lost\n#ack", "A: yes\nDe: no\n#ack",
    ],
)  # fmt: skip
def test_what_people_tell_is_read(words: str) -> None:
    assert unlike([Reply(name=words, written=words, text=f"{words}\n", html=None)]) == {}

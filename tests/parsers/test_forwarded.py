"""Whose a forwarded mail is, by the header each common client copies in each of seven languages, or by the attached message."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import Forward
from daemon.parsers import ANSWER_MARKER, ReadLimits
from daemon.parsers.reading import read
from daemon.parsers.wire import decode, encode

OWN = frozenset({"support@support.example"})
LABELS = {
    "en": ("From", "Sent", "Date", "To", "Subject"),
    "de": ("Von", "Gesendet", "Datum", "An", "Betreff"),
    "fr": ("De", "Envoyé", "Date", "À", "Objet"),
    "es": ("De", "Enviado el", "Fecha", "Para", "Asunto"),
    "it": ("Da", "Inviato", "Data", "A", "Oggetto"),
    "pt": ("De", "Enviada em", "Data", "Para", "Assunto"),
    "nl": ("Van", "Verzonden", "Datum", "Aan", "Onderwerp"),
}
"""How each language calls the fields: from, sent (Outlook, Yahoo), date, to, subject."""
MARKS = {"en": "FW", "de": "WG", "fr": "TR", "es": "RV", "it": "I", "pt": "ENC", "nl": "Doorst"}
BEGINS = {
    "en": "Begin forwarded message:", "de": "Anfang der weitergeleiteten Nachricht:", "fr": "Début du message transféré :",
    "es": "Inicio del mensaje reenviado:", "it": "Inizio messaggio inoltrato:", "pt": "Início da mensagem encaminhada:",
    "nl": "Begin doorgestuurd bericht:",
}  # fmt: skip
FORWARDED = {
    "en": "Forwarded Message", "de": "Weitergeleitete Nachricht", "fr": "Message transféré", "es": "Mensaje reenviado",
    "it": "Messaggio inoltrato", "pt": "Mensagem encaminhada", "nl": "Doorgestuurd bericht",
}  # fmt: skip
ADA = "Ada Ink <ada@ink.example>"
TO = "Cara <cara@support.example>"
WHEN = "24.11.2026 09:12"
COLON = {"fr": " :"}
"""Some French clients put a blank before the colon."""


def fields(language: str, order: str, author: str = ADA) -> list[str]:
    """The lines of a copied header; `order` has a letter a field: f(rom), s(ent), d(ate), t(o), b for the subject."""
    labels = dict(zip("fsdtb", LABELS[language], strict=True))
    values = {"f": author, "s": WHEN, "d": WHEN, "t": TO, "b": "Lamp 7"}
    return [f"{labels[letter]}{COLON.get(language, ':')} {values[letter]}" for letter in order]


def outlook(language: str, author: str = ADA) -> list[str]:
    return ["_" * 32, *fields(language, "fstb", author), "", "It is dark."]


def outlook_classic(language: str, author: str = ADA) -> list[str]:
    return [*fields(language, "fstb", author.replace("<", "[mailto:").replace(">", "]")), "", "It is dark."]


def gmail(language: str, author: str = ADA) -> list[str]:
    return ["---------- Forwarded message ---------", *fields(language, "fdbt", author), "", "", "It is dark."]


def apple_mail(language: str, author: str = ADA) -> list[str]:
    return [BEGINS[language], "", *[f"> {line}" for line in (*fields(language, "fbdt", author), "", "It is dark.")]]


def thunderbird(language: str, author: str = ADA) -> list[str]:
    return [f"-------- {FORWARDED[language]} --------", *fields(language, "bdft", author), "", "It is dark."]


def yahoo(language: str, author: str = ADA) -> list[str]:
    return [f"----- {FORWARDED[language]} -----", *fields(language, "ftsb", author), "", "It is dark."]


CLIENTS = (outlook, outlook_classic, gmail, apple_mail, thunderbird, yahoo)


def passed_on(body: str, subject: str = "Fwd: Lamp 7", attached: tuple[EmailMessage, ...] = (), html: bool = False) -> Forward | None:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = TO, "support@support.example", subject
    message["Message-ID"] = "<outer@support.example>"
    message.set_content(body, subtype="html" if html else "plain")
    for one in attached:
        message.add_attachment(one)
    reading = read(message.as_bytes(), ReadLimits(), OWN, ANSWER_MARKER)
    assert not reading.message.defects
    assert decode([bytes(frame) for frame in encode(reading)]) == reading
    return reading.forward


def inner(author: str = ADA, **headers: str) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"], message["Message-ID"] = author, TO, "Lamp 7", "<inner@ink.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("It is dark.")
    return message


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("language", LABELS)
def test_the_inner_sender_is_read_whatever_the_client_and_its_language(client, language):
    text = "\n".join(["Please look.", "", *client(language)])
    found = passed_on(text, f"{MARKS[language]}: Lamp 7")
    assert found is not None
    assert (found.author, found.author_name, found.doubts) == ("ada@ink.example", "Ada Ink", ())
    assert (found.subject, found.date, found.text) == ("Lamp 7", WHEN, "It is dark.")
    assert "cara@support.example" in found.to_text


@pytest.mark.parametrize("client", CLIENTS)
def test_a_copied_header_that_the_agent_gave_a_subject_of_their_own_is_a_forward(client):
    found = passed_on("\n".join(client("de")), "Dark at Ink")
    assert found is not None
    assert found.author == "ada@ink.example"


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_above_a_quotation_is_no_forward(client):
    assert passed_on("\n".join(["Done.", "", *client("en")]), "Re: Lamp 7") is None


def test_a_mail_that_shows_no_other_is_none():
    assert passed_on("Please look.\n\n-- \nCara\n", "Lamp 7") is None


@pytest.mark.parametrize("client", [outlook, outlook_classic])
def test_a_name_without_an_address_is_a_doubt(client):
    found = passed_on("\n".join(client("fr", "Ada Ink")))
    assert found is not None
    assert (found.author, found.author_name, found.doubts) == (None, "Ada Ink", ("no-address",))


def test_two_addresses_of_one_author_are_a_doubt():
    found = passed_on("\n".join(outlook("en", "desk@ink.example On Behalf Of ada@ink.example")))
    assert found is not None
    assert (found.author, found.others, found.doubts) == (None, ("desk@ink.example", "ada@ink.example"), ("several-addresses",))


def test_an_address_written_twice_is_one():
    found = passed_on("\n".join(outlook("en", "Ada <ada@ink.example<mailto:ada@ink.example>>")))
    assert found is not None
    assert (found.author, found.author_name, found.doubts) == ("ada@ink.example", "Ada", ())


def test_a_forward_of_a_forward_is_a_doubt():
    found = passed_on("\n".join([*gmail("en", "Bob <bob@mid.example>")[:-1], *gmail("en")]))
    assert found is not None
    assert (found.author, found.others, found.doubts) == ("bob@mid.example", ("ada@ink.example",), ("several-mails",))


def test_what_the_forwarded_mail_quotes_is_no_doubt():
    found = passed_on("\n".join([*outlook("en"), "", *outlook("en", "Cara <cara@support.example>")]))
    assert found is not None
    assert (found.author, found.doubts) == ("ada@ink.example", ())


def test_a_subject_that_says_forward_above_nothing_readable_is_a_doubt():
    found = passed_on("Please look.")
    assert found is not None
    assert (found.evidence, found.author, found.doubts) == ("subject", None, ("no-header",))


def test_the_header_in_a_mail_of_html_alone_is_read():
    lines = "<br>".join(
        f"<b>{line.partition(':')[0]}:</b>{line.partition(':')[2]}" for line in fields("en", "fstb", "Ada Ink &lt;ada@ink.example&gt;")
    )
    found = passed_on(f"<p>Please look.</p><hr><div>{lines}</div><p>It is dark.</p>", html=True)
    assert found is not None
    assert (found.author, found.text) == ("ada@ink.example", "It is dark.")


def test_an_attached_message_goes_first():
    found = passed_on("Please look.", "Dark at Ink", (inner(),))
    assert found is not None
    assert (found.evidence, found.author, found.author_name, found.text) == (
        "attached message",
        "ada@ink.example",
        "Ada Ink",
        "It is dark.",
    )
    assert found.doubts == ()


def test_several_attached_messages_are_a_doubt():
    found = passed_on("Please look.", attached=(inner(), inner("Bob <bob@mid.example>")))
    assert found is not None
    assert (found.others, found.doubts) == (("bob@mid.example",), ("several-mails",))


def test_an_attached_message_that_the_forwarded_mail_carried_itself_is_a_doubt():
    found = passed_on("\n".join(outlook("en", "Bob <bob@mid.example>")), attached=(inner(),))
    assert found is not None
    assert found.doubts == ("several-mails",)


def test_an_attached_mail_of_a_program_is_a_doubt():
    found = passed_on("Please look.", attached=(inner(Auto_Submitted="auto-generated"),))
    assert found is not None
    assert found.doubts == ("by-a-program",)


PIECES = st.lists(st.sampled_from([*outlook("de"), *gmail("fr"), *apple_mail("it"), *thunderbird("nl"), "> x", "", "a@b@c", "From:"]))


@settings(max_examples=60, deadline=None)
@given(PIECES, st.sampled_from(["Fwd: x", "WG:", "x", "[Fwd: x]", "Re: x"]))
def test_every_text_is_read_and_what_is_sure_has_an_address(pieces, subject):
    found = passed_on("\n".join(pieces), subject)
    assert found is None or found.doubts or found.author is not None

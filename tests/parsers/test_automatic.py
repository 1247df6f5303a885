"""Every mail of tests/mail/automatic is judged as stands beside it; and the laws of `recognise` on any header."""

from __future__ import annotations

import tomllib
from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import Automatic
from daemon.parsers import ReadLimits, automatic, message
from daemon.parsers.parts import open_octets

MAILS = Path(__file__).parent.parent / "mail" / "automatic"
OURS = frozenset({"support@support.example"})
PERSON = "From: Ann Lee <ann@acme.example>\nTo: support@support.example\nSubject: Roof\n"


def judged(octets: bytes) -> Automatic:
    opened = open_octets(octets, ReadLimits())
    return automatic.recognise(opened, message.build(opened, ReadLimits()), OURS)


@pytest.mark.parametrize("name", sorted(path.stem for path in MAILS.glob("*.eml")))
def test_a_mail_is_judged(name: str) -> None:
    expected = tomllib.loads((MAILS / f"{name}.toml").read_text("utf-8"))
    assert asdict(judged((MAILS / f"{name}.eml").read_bytes())) == expected


@pytest.mark.parametrize("value", ["no", "No", " NO ", "no (really)", "(comment) no", "no; x=y"])
def test_auto_submitted_no_is_a_person(value: str) -> None:
    assert judged(f"{PERSON}Auto-Submitted: {value}\n\nx".encode()).may_answer


@pytest.mark.parametrize(
    "name",
    [
        "no-reply",
        "noreply",
        "do-not-reply",
        "donotreply",
        "mailer-daemon",
        "postmaster",
        "bounces",
        "owner-x",
        "x-request",
        "x-owner",
        "x-bounces",
        "root",
        "daemon",
        "listserv",
        "majordomo",
        "NoReply",
        "no_reply+1",
    ],
)
def test_nobody_reads_at_these_local_parts(name: str) -> None:
    assert judged(PERSON.replace("ann@", f"{name}@").encode() + b"\nx").is_automatic


@pytest.mark.parametrize(
    "name", ["ann", "rootes", "nora.reply", "daemonic", "request", "owner", "bouncey", "robotics", "postmaster-x.y"[:4]]
)
def test_people_have_these_local_parts(name: str) -> None:
    assert judged(PERSON.replace("ann@", f"{name}@").encode() + b"\nx").may_answer


@pytest.mark.parametrize(
    "subject", ["Auto: charging station", "Abwesend: Techniker war nicht da", "Problem with automatic reply", "休暇中の連絡先"]
)
def test_a_subject_that_people_write_too_is_no_robot(subject: str) -> None:
    assert judged(PERSON.replace("Roof", subject).encode() + b"\nPlease call.\n").may_answer


@pytest.mark.parametrize("name", ["X-Acme-Auto-Reply", "X-MyAutoresponder", "X-Is-Auto-Response", "X-Vacation-Of"])
def test_a_field_that_a_responder_names_after_itself_is_a_robot(name: str) -> None:
    assert judged(f"{PERSON}{name}: yes\n\nx".encode()).is_automatic
    assert judged(f"{PERSON}{name}: no\n\nx".encode()).may_answer


def test_an_accepted_meeting_is_answered_by_a_calendar() -> None:
    assert judged(f"{PERSON}Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\n".encode()).is_automatic


def test_all_instances_of_a_field_are_looked_at() -> None:
    assert judged(f"{PERSON}Auto-Submitted: no\nAuto-Submitted: auto-generated\n\nx".encode()).is_automatic


def test_a_list_that_also_stamps_itself_automatic_is_automatic() -> None:
    told = judged(f"{PERSON}List-Id: <a.example>\nAuto-Submitted: auto-generated\n\nx".encode())
    assert told.is_automatic
    assert told.is_list
    assert told.why == "auto-submitted: auto-generated"


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_octets_are_too_strange(octets: bytes) -> None:
    told = judged(octets)
    assert told.may_answer == (told.why == "")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                (
                    "Auto-Submitted",
                    "Precedence",
                    "X-Loop",
                    "Return-Path",
                    "List-Id",
                    "Sender",
                    "X-Auto-Response-Suppress",
                    "From",
                    "Subject",
                )
            ),
            st.text(max_size=60).filter(lambda text: "\n" not in text and "\r" not in text),
        ),
        max_size=6,
    )
)
def test_no_answer_whenever_something_speaks(fields: list[tuple[str, str]]) -> None:
    told = judged((PERSON + "".join(f"{name}: {value}\n" for name, value in fields) + "\nx").encode("utf-8", "replace"))
    assert told.may_answer == (told.why == "")
    assert not (told.is_automatic and told.may_answer)
    assert not (told.is_list and told.may_answer)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Roof", "Sjálfvirkt svar: Roof", "Balasan automatik: Roof", "स्वचालित उत्तर: Roof", "پاسخ خودکار: Roof",
        "Ymateb awtomatig: Roof", "Автоматты жауап: Roof", "Réponse automatique\xa0: Roof", "Roof [Automatic Reply]",
        "外出时的自动答复: Roof", "Automatic reply e-mail: Roof", "Auto-Antwort: Roof", "الرد التلقائي: Roof",
        "Automatic reply from Ann Lee", "Automatic response to your message", "Out of Office 12/24/2026", "Out of office auto-reply: Roof",
        "Cron <ann@web1> /usr/local/bin/backup", "** PROBLEM Service Alert: web1/Disk is CRITICAL **", "[FIRING:1] DiskFull (web1)",
    ],
)  # fmt: skip
def test_programs_write_such_subjects(subject: str) -> None:
    octets = PERSON.replace("Roof", subject).encode() + b"Content-Type: text/plain; charset=utf-8\n\nx"
    assert judged(octets).is_automatic


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Auto: my car", "The garage door does not open for my car."),
        ("Automatic reply button", "It is grey."),
        ("Automatic response time", "The contract says 4 hours, doesn't it?"),
        ("Re: Automatic reply: Roof", "Enjoy your holiday! When you are back, please look at it."),
        ("Out of office", "I cannot switch off my out of office. My return was yesterday, it still says that I'm away. What now?"),
        ("Re: Out of office", "OK, thanks.\n\n> This is an automatic reply.\n> I am out of office until Monday. In urgent cases call Bob."),
        ("AW: Abwesenheit", "Alles klar.\n\nVon: Joe <joe@x.example>\nIch bin bis Montag nicht im Büro. Es vertritt mich Bob."),
        ("Out of office chairs", "We are out of office chairs on the third floor. Please send five."),
        ("Change of contact: maternity leave", "From May on I am on maternity leave. Please enter Bob as the contact for our contract."),
        ("Urlaub", "Ich bin vom 1. bis 5. Dezember im Urlaub. Bitte den Termin am 2. verschieben."),
        ("Отпуск", "Я в отпуске с 1 декабря, пришлите, пожалуйста, ключ до этого."),
        ("明日不在です", "明日は不在ですので、本日中に修理をお願いできますか。"),
        ("Delivery failed", "The parcel could not be delivered because nobody was here. When do you send it again?"),
        ("Undeliverable mail", "Dear support,\n\nall mails to joe@acme.example come back: 550 5.1.1 user unknown. Please help.\n\nAnn"),
        ("** Problem with login **", "I cannot log in."),
        ("[resolved] roof", "It works again, thank you."),
        ("Absence of data since noon", "No data until now. Contact me. The customer is away, back on Monday."),
        ("Inverter absent in portal", "Since the update until now the inverter is absent. Contact Tom on site, he is away on Friday."),
        ("Assenza di dati", "Il cliente è assente fino a lunedì."),
        ("Инвертор: отсутствуют данные", "Клиент отсутствует до понедельника."),
        ("Inversor fuera de servicio", "El cliente está ausente hasta el lunes."),
        ("Out of office hours: alarm at roof 7", "The alarm comes until 6 o'clock. Our office is closed then."),
        ("Alarm out of office hours", "The alarm rings until 8. On Friday our office is closed, call 0170 123."),
        ("Urlaubsvertretung: Anlage 7", "Hallo, Frau Lee ist im Urlaub, ich vertrete sie bis 5. Mai."),
        ("Urlaub nächste Woche, Anlage steht", "Ich bin im Urlaub bis 5. Mai, Kontakt: Tom. Die Anlage zeigt seit heute keine Daten."),
        ("Ferienhaus Müller", "Wir sind bis Sonntag im Urlaub dort. Unser Nachbar Herr Tom, Tel. 123, ist der Kontakt."),
        ("Ferienwohnung ohne Zähler", "Der Mieter ist abwesend bis Montag."),
        ("Semesterhus: new meter", "We are away until Sunday."),
        ("Vacation house: new meter", "I'm back in the house on Friday."),
        ("Automatic shutdown response: inverter 4", "The inverter shut down at noon."),
        ("Automatic restart responds late: inverter 7", "Inverter 7 restarts late."),
        ("Auto-restart does not respond: inverter 7", "It stays off."),
        ("Inverter auto-answer: E17 again", "E17 again since noon."),
        ("Automatic replacement: inverter 7", "When will it come?"),
        ("Automatic response to fault 17 is late", "It takes 4 hours."),
        ("Automatic reply message is wrong", "It names the wrong roof."),
    ],
)
def test_people_write_such_subjects(subject: str, words: str) -> None:
    head = PERSON.replace("Roof", subject) + "Content-Type: text/plain; charset=utf-8\n\n"
    told = judged((head + words).encode())
    assert told.may_answer, told.why


@pytest.mark.parametrize(
    ("subject", "words", "is_automatic"),
    [
        ("Out of office", "I am out of the office until Monday.", True),
        ("Re: Out of Office: back on 5 December", "I am out of the office until 5 December.", True),
        ("Urlaub bis 5.12.2026", "Ich bin bis 5.12. im Urlaub.", True),
        ("Absent", "Je suis absent jusqu'au 5 décembre.", True),
        ("AUTO: Ann Lee is out of the office (returning 5/12/2026)", "I am out of the office until 5/12/2026.", True),
        ("Keys of the roof, on vacation next week", "I am on vacation until Friday, contact Bob.", False),
        ("Termin am Montag: bin im Urlaub", "Ich bin bis Montag im Urlaub. Kontakt: Bob.", False),
        ("Autoresponder broken", "Our autoresponder answers every mail, I am away until Monday.", False),
    ],
)
def test_words_of_absence_alone_lose_no_mail(subject: str, words: str, is_automatic: bool) -> None:
    head = PERSON.replace("Roof", subject) + "Content-Type: text/plain; charset=utf-8\n\n"
    told = judged((head + words).encode())
    assert not told.may_answer
    assert told.is_automatic is is_automatic, "a person may have written it: a case is opened, nobody is answered"


@pytest.mark.parametrize(
    ("message_class", "is_automatic"),
    [
        ("IPM.Note", False),
        ("IPM.Schedule.Meeting.Request", False),
        ("IPM.Schedule.Meeting.Resp.Pos", True),
        ("IPM.Note.Rules.OofTemplate.Microsoft", True),
        ("REPORT.IPM.Note.IPNRN", True),
    ],
)
def test_outlook_says_in_winmail_what_a_message_is(message_class: str, is_automatic: bool) -> None:
    words = message_class.encode() + b"\0"
    stream = b"\x78\x9f\x3e\x22\1\0" + pack("<BII", 1, 0x00078008, len(words)) + words + b"\0\0"
    head = "Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n"
    assert judged((PERSON + head).encode() + b64encode(stream)).is_automatic is is_automatic

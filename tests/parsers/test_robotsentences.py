"""Robots that stamp nothing are known by what they say; people who speak of the same things are answered."""

from __future__ import annotations

import pytest

from daemon.parsers import ANSWER_MARKER, ReadLimits, read, robotsentences

OURS = frozenset({"support@support.example"})
PERSON = "From: Ann Lee <ann@acme.example>\nTo: support@support.example\nSubject: Roof\n"
ABSENT = [
    "Thank you for your email. I am currently out of the office and will return on 5 December.",
    "Vielen Dank für Ihre Nachricht. Ich bin derzeit nicht im Büro und ab dem 5.12. wieder erreichbar.",
    "Je suis actuellement en congés. En cas d'urgence, contactez Bob.",
    "Estaré fuera de la oficina hasta el 5. Para asuntos urgentes contacte con Bob.",
    "Estou de férias. Em caso de urgência contate Bob.",
    "Przebywam na urlopie. W pilnych sprawach proszę o kontakt z Bob.",
    "Я нахожусь в отпуске. По срочным вопросам обращайтесь к Bob.",
    "休暇をいただいております。お急ぎの場合は田中まで。",
    "Your request (12345) has been received and is being reviewed by our support staff.",
    "Dies ist eine automatische Antwort.",
    "このメールは自動返信です。",
    "This mailbox is not monitored.",
    "Thanks for your email. I'm on holiday until Monday. For anything urgent please call the office on 555 0199.",
    "Ich bin derzeit im Urlaub und ab dem 07.12. wieder persönlich für Sie da.",
    "Ik ben afwezig tot en met 5 december. Voor dringende zaken kunt u terecht bij Bob.",
    "Jeg holder ferie til og med 5. december. Haster det, så kontakt Bob.",
    "Sunt în concediu până pe 5 decembrie. Pentru urgențe, contactați-l pe Bob.",
    "We've received your message and will get back to you as soon as we can.",
    "A request for support has been created and assigned #123456.",
    "Thank you for contacting Customer Support. Your case number is 00012345.",
    "Vielen Dank. Wir haben Ihre E-Mail erhalten. Ihre Vorgangsnummer lautet 556677.",
    "Nous accusons réception de votre message et vous répondrons sous 48 heures.",
    "Su solicitud (4455) ha sido recibida y está siendo revisada.",
    "Uw melding is bij ons geregistreerd onder nummer M2611 0123.",
    "Ihre Nachricht\n\n   An: Ann Lee\n   Betreff: Roof\n\n wurde am Freitag, 27. November 2026 10:15 gelesen.",
    "Ihr Ticket #88123 wurde erfolgreich erstellt. Unser Team meldet sich schnellstmöglich bei Ihnen.",
    "Reply above this line.\n\nJust confirming that we got your request.",
    "You are receiving this in response to your email to Ann Lee, who lets nobody write to her unasked.",
    "Problem started at 10:12:00 on 2026.11.27\nHost: web1",
    "Problem has been resolved in 5m 2s at 10:17:02 on 2026.11.27\nHost: web1",
    "Wir haben Ihre Anfrage erhalten und melden uns so schnell wie möglich bei Ihnen.",
    "Nous avons bien reçu votre demande et vous répondrons dans les plus brefs délais.",
    "We have received your request.\nTicket number: 4711\nSubject: Roof-7 shows no data since Monday",
    "We have received your request about roof 7, which shows error 17. Your ticket number is 4711.",
    "This address is no longer in use. Your message was not forwarded. Please write to info@acme.example.",
    "The message you sent to ann@acme.example was blocked by our filter.",
]
PRESENT = [
    "I'm away next week, can you call Bob instead?",
    "Wir sind im Dezember im Urlaub, bitte keinen Techniker schicken.",
    "Our automatic reply stopped working after the update.",
    "The automatically generated invoice is wrong.",
    "Thank you for your email. I tried it and it works now.",
    "When will my request be received by the manufacturer?",
    "Bob no longer works with us, please put me in as contact.",
    "Quando siete in ferie?",
    "This is urgent for us: I am on vacation from Monday, so please fix it before. After that Bob is there.",
    "Wir sind am Montag nicht im Büro, kommen Sie bitte am Dienstag. Vertretung von Herrn Lee ist Frau Groß.",
    "Thank you for contacting me so quickly. I will get back to you when I have tried it.",
    "Thanks for contacting us again. Our team will try your proposal on Monday.",
    "A ticket has been created for my colleague but I cannot see it.",
    'The login mail says "please do not reply to this email", so I write here.',
    "The parcel has been received, thank you. It will be installed on Monday.",
    "We have received a new machine and need a key for it as soon as possible.",
    "J'ai bien reçu votre message, merci. L'imprimante ne marche toujours pas.",
    "This report is generated every night, but it is empty since Monday.",
    "We got your message, but the attachment was missing. Can you send it again?",
    "Problem started at 10:30 today. All strings at zero. Please check.",
    "The problem has been resolved at 14:00 by our electrician, thanks.",
    "Your ticket 4711 was created last week but nothing happened. The plant is still down, please look at it as soon as possible.",
    "Your request was received by my colleague, ticket number 12345, but nobody has called me since.",
    "A ticket has been created for you, said the phone line. Nothing happened since.",
    "We received your request for the roof plan; we need the signature as soon as possible.",
    "Our mail address changed. This address is no longer used: please write to new@acme.example from now on.",
    "The message that you sent yesterday was rejected by my server. Please send it again to eve@acme.example.",
    "It was quarantined by your firewall; please release the mail from Bob.",
    "Ich bin ab morgen im Urlaub bis 5. Mai. Mein Kollege Tom übernimmt. Die Anlage zeigt seit gestern Fehler 17.",
    "I'm currently away from my desk, will be back on Monday. The inverter shows error E17. Urgent!",
    "I am on leave from Monday until 5 May. My colleague Tom will be on site, contact him. The roof shows no data since noon.",
    "Je suis en congés jusqu'au 5 mai, contactez Bob sur place. L'onduleur ne fonctionne plus.",
    "This is an automatic transfer switch. It shows error 4.",
    "I got a message from you:\n> This is an automated message, do not reply to this email.",
]


@pytest.mark.parametrize("words", ABSENT)
def test_a_robot_that_stamps_nothing_is_known_by_its_words(words: str) -> None:
    told = read(f"{PERSON}Content-Type: text/plain; charset=utf-8\n\n{words}\n".encode(), ReadLimits(), OURS, ANSWER_MARKER).automatic
    assert not told.may_answer
    assert not told.is_automatic, "a person may write so, too: nothing but the answer is kept back"


@pytest.mark.parametrize("words", PRESENT)
def test_a_person_who_speaks_of_absence_or_robots_is_answered(words: str) -> None:
    octets = f"{PERSON}Content-Type: text/plain; charset=utf-8\n\n{words}\n".encode()
    assert read(octets, ReadLimits(), OURS, ANSWER_MARKER).automatic.may_answer


@pytest.mark.parametrize("unit", ["your request ", "this is ", "thank you for contacting ", "est ", "ticket: x "])
def test_any_length_is_read(unit: str) -> None:
    assert robotsentences.speaks_as_robot(unit * 100_000) is None

"""What responders say of an absence, and what people say of theirs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.parsers.robotsentences import speaks_as_robot, tells_absence

RESPONDERS = [
    "I will have intermittent access to my emails, as I am out of the office from 27 Nov to 5 Dec. Please contact Bob on +49 30 1234.",
    "I'm currently on sick leave. My emails are not being read. Please contact office@acme.example.",
    "I only work Tuesday to Thursday and will respond to your email on my next working day.",
    "Our office is closed from December 24 through January 2. We will respond to your message when we return.",
    "I am currently travelling and will get back to you next week. In my absence please reach out to sales@acme.example.",
    "Ich bin bis zum 5. Dezember nur eingeschränkt erreichbar. Bei dringenden Anliegen kontaktieren Sie bitte mein Sekretariat.",
    "Herzlichen Dank für Ihre E-Mail. Ich bin am 7. Dezember wieder im Büro. Ihre Nachricht wird bis dahin nicht gelesen.",
    "Actuellement absente, je prendrai connaissance de votre message dès mon retour le 7 décembre.",
    "Actualmente me encuentro fuera de la oficina. Volveré el 7 de diciembre. Si es urgente, escriba a bob@acme.example.",
    "Sarò assente dall'ufficio fino al 5 dicembre compreso. Per comunicazioni urgenti scrivere a bob@acme.example.",
    "Momenteel ben ik met verlof tot 7 december. Bij dringende vragen kan u contact opnemen met Bob.",
    "Od 27 listopada do 5 grudnia jestem nieobecna w biurze. W razie potrzeby proszę o kontakt z Bobem.",
    "Меня не будет в офисе до 5 декабря. По всем вопросам обращайтесь к Ивану Петрову.",
    "您好，感谢您的来信。我正在休假，将于12月5日恢复工作，届时尽快回复。",
    "本日より12月5日まで夏季休暇中です。お返事は休暇明けになりますのでご了承ください。",
    "Mitarbeiter ist nicht mehr im Unternehmen. Bitte wenden Sie sich an info@acme.example. Ihre E-Mail wird nicht weitergeleitet.",
]
PEOPLE = [
    "Thanks, I got it. I am on holiday from tomorrow, my colleague Bob will test it and let you know.",
    "Sorry for the late answer, I was out of the office until yesterday. The error is still there.",
    "Ich war letzte Woche im Urlaub und habe Ihre Nachricht erst heute gelesen. Der Drucker geht wieder.",
    "Der Kollege, der das Gerät bedient, ist krank. Wir brauchen eine Anleitung, wie man es wieder einschaltet.",
    "From 1 December Bob takes over for me while I am on parental leave. He needs an account: bob@acme.example.",
    "Our office is closed on Friday. Monday at 10 would be good.",
    "Unsere Praxis ist am Freitag geschlossen. Passt Ihnen Montag um 10 Uhr?",
    "Bonjour, notre service est fermé du 24 décembre au 2 janvier, merci de livrer avant.",
    "Bonjour, suite à l'absence de Mme Durand, je reprends le dossier. Merci de m'envoyer les documents.",
    "Hola, el lunes estoy de vacaciones, ¿puede venir el martes?",
    "Ich vertrete Frau Müller während ihres Urlaubs und brauche Zugriff auf ihre Fälle.",
    "I will answer when I return from the customer this afternoon. In any urgent case call me: 555 0100.",
    "Я в отпуске с понедельника, поэтому прошу починить принтер до пятницы. Пожалуйста, позвоните.",
    "我下周出差，请这周五之前发给我密钥。",
    "Vielen Dank für Ihre Antwort! Damit läuft es wieder.",
    "Vi lukket saken i går, men feilen er tilbake. Kontakt meg på 555 0100.",
]


@pytest.mark.parametrize("words", RESPONDERS)
def test_a_responder_adds_when_it_ends_or_who_helps(words: str) -> None:
    assert speaks_as_robot(words) is not None
    assert tells_absence(words)


@pytest.mark.parametrize("words", PEOPLE)
def test_people_are_away_too_and_want_something(words: str) -> None:
    assert speaks_as_robot(words) is None


def test_a_subject_of_absence_needs_fewer_words() -> None:
    assert tells_absence("Ich bin vom 27.11. bis 5.12. abwesend.")
    assert tells_absence("I'm on vacation and will be back December 7th.")
    assert not tells_absence("I cannot switch it off. What now?")
    assert not tells_absence("We need five more of them.")


@settings(deadline=None)
@given(st.text(max_size=2000))
def test_any_words_are_read(words: str) -> None:
    speaks_as_robot(words)
    tells_absence(words)

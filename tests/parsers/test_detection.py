"""The charset nobody declared: text in a script that is not Latin is told from its octets, Western text is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.charsets import decode
from daemon.parsers.detection import detected

JAPANESE = "インバーターが動きません。昨日から赤いランプが点滅しています。"
SIMPLIFIED = "逆变器从昨天开始不工作，红灯一直在闪。请尽快回复。"
TRADITIONAL = "逆變器從昨天開始不能運作，紅燈一直在閃爍，請盡快回覆。"
KOREAN = "인버터가 어제부터 작동하지 않습니다. 빨간 불이 깜박입니다."
RUSSIAN = "Инвертор не работает со вчерашнего дня, мигает красная лампа."
UKRAINIAN = "Інвертор не працює з учорашнього дня, блимає червона лампа."


@pytest.mark.parametrize("length", [8, 14, 100])
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (SIMPLIFIED, "gb18030"),
        (TRADITIONAL, "cp950"),
        (KOREAN, "cp949"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (UKRAINIAN, "cp1251"),
        (UKRAINIAN, "koi8-u"),
    ],
)
def test_a_text_comes_back_without_a_declaration(text: str, codec: str, length: int) -> None:
    assert decode(text[:length].encode(codec)) == text[:length]
    assert decode(b"Model 42: " + text[:length].encode(codec), "x-unknown") == "Model 42: " + text[:length]


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (RUSSIAN, "iso8859-5"),
        (RUSSIAN, "cp866"),
        ("Ο μετατροπέας δεν λειτουργεί από χθες, αναβοσβήνει η κόκκινη λυχνία.", "cp1253"),
        ("הממיר לא עובד מאתמול, הנורית האדומה מהבהבת. אנא שלחו טכנאי.", "cp1255"),
        ("العاكس لا يعمل منذ أمس، والضوء الأحمر يومض. يرجى إرسال فني.", "cp1256"),
        ("العاكس لا يعمل منذ أمس، والضوء الأحمر يومض. يرجى إرسال فني.", "iso8859-6"),
        ("อินเวอร์เตอร์ไม่ทำงานตั้งแต่เมื่อวาน ไฟสีแดงกะพริบ กรุณาส่งช่าง", "cp874"),
    ],
)
def test_a_sentence_of_another_alphabet_comes_back(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == text
    assert decode(b"Model 42: " + text.encode(codec), "us-ascii") == "Model 42: " + text


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus Köln",
        "Größe ÄÖÜ",
        "crédit à régler déjà où ça été élevé",
        "“quoted” – € …",
        "Füße – größer – übergrößen",
        "Ééé élevée créée",
        "« très » — “ là ”",
        "señor ¿qué? ¡Olé!",
        "MÜLLER GRÖSSE ÄÖÜ",
        "Œuvre d’été — l’œil",
        "Smörgåsbord på ön, åäö",
    ],
)
def test_western_text_is_left_alone(text: str) -> None:
    assert detected(text.encode("cp1252")) is None
    assert decode(text.encode("cp1252")) == text


@given(st.binary(max_size=200))
def test_any_octets_end_in_an_answer(octets: bytes) -> None:
    codec = detected(octets)
    assert codec is None or octets.decode(codec, "replace") is not None

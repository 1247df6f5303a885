"""Which charset octets are in when nobody says so, or wrongly: the common ones of scripts that aren't Latin. Pure, total, linear.

Western text is never guessed: there a lone octet above 127 stands among ASCII, here they stand in rows. What isn't plain
stays undecided, and the ladder of `charsets` goes on.
"""

from __future__ import annotations

import re

_RUN = re.compile(rb"[\x80-\xff]+")
_LOOKED_AT = 8192
_FEWEST = 6
"""Octets above 127, below which nothing is decided."""

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fc]")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
_COMMONEST = {"оеаи": 35, "αειο": 37, "יוהלא": 44, "اليمنو": 50, "านรอกเงมั่้": 55}
"""Letters and how many of a hundred they are in Russian (Ukrainian, Bulgarian), Greek, Hebrew, Arabic and Thai."""
_ALPHABETS = {
    codec: (letters.encode(codec), share)
    for (letters, share), codecs in zip(
        _COMMONEST.items(),
        (("cp1251", "koi8-u", "iso8859-5", "cp866"), ("cp1253",), ("cp1255",), ("cp1256", "iso8859-6"), ("cp874",)),
        strict=True,
    )
    for codec in codecs
}
"""Their octets by charset. KOI8-U is KOI8-R with the Ukrainian letters."""
_ALMOST = 0.6
_FEWEST_OF_OTHERS = 15
"""Octets above 127, below which only the two charsets of Cyrillic that are common are told."""
_COMMON_CHARSETS = ("cp1251", "koi8-u")


def detected(octets: bytes) -> str | None:
    """The codec of Python, or None when it can't be told. Octets that are UTF-8 are not asked about here."""
    sample = octets[:_LOOKED_AT]
    runs = _RUN.findall(sample)
    high = sum(map(len, runs))
    if high < _FEWEST:
        return None
    if (shift_jis := _shift_jis(sample, high)) is not None:
        return shift_jis
    if high < 2 * len(runs):
        return None
    pairs = _pairs(runs) if all(len(run) % 2 == 0 for run in runs[:-1]) else None
    if pairs == "euc_jp":
        return pairs
    return _alphabet(b"".join(runs)) or pairs or _big5(sample)


def _shift_jis(sample: bytes, high: int) -> str | None:
    """Japanese whose kana begin with 0x82 or 0x83, which is no letter in any other charset here."""
    if 4 * (sample.count(b"\x82") + sample.count(b"\x83")) < high // 2:
        return None
    text = sample.decode("cp932", "replace")
    kana = len(_KANA.findall(text))
    wide = sum(1 for sign in text if sign > "\u2fff")
    return "cp932" if 5 * kana >= wide and 5 * len(_HALF_KANA.findall(text)) <= wide and text.count("\ufffd") <= 1 else None


def _pairs(runs: list[bytes]) -> str | None:
    """EUC: two octets a sign, told by where their rows lie (kana in 4 and 5, Hangul in 16 to 40, common hanzi in 16 to 55)."""
    together = b"".join(run[: len(run) & ~1] for run in runs)
    leads, trails = together[::2], together[1::2]
    if min(leads) < 0xA1 or min(trails) < 0xA1:
        return None
    count = len(leads)
    if 5 * sum(1 for lead in leads if lead in (0xA4, 0xA5)) >= count:
        return "euc_jp"
    signs = [lead for lead in leads if lead >= 0xB0]
    if 2 * len(signs) < count:
        return None
    if all(lead <= 0xC8 for lead in signs):
        return "cp949"
    common = sum(1 for lead in signs if lead <= 0xD7)
    return "gb18030" if 10 * common >= 7 * len(signs) else None


def _alphabet(letters: bytes) -> str | None:
    """The charset in which the commonest letters of its script are about as many as they are in words."""
    asked = _COMMON_CHARSETS if len(letters) < _FEWEST_OF_OTHERS else tuple(_ALPHABETS)
    found = {codec: 100 * sum(map(letters.count, _ALPHABETS[codec][0])) / len(letters) / _ALPHABETS[codec][1] for codec in asked}
    best = max(found, key=lambda codec: found[codec])
    return best if found[best] >= _ALMOST else None


def _big5(sample: bytes) -> str | None:
    """Traditional Chinese: the common signs lie in 0xA4 to 0xC6, the second octet may be ASCII."""
    text = sample.decode("cp950", "replace")
    wide = [sign for sign in text if sign > "\u2fff"]
    if not wide or text.count("\ufffd") > 1:
        return None
    common = sum(1 for sign in wide if "\u4e00" <= sign <= "\u9fff" and 0xA4 <= sign.encode("cp950")[0] <= 0xC6)
    return "cp950" if 10 * common >= 7 * len(wide) else None

"""Attribution lines: the line a mail program writes above a quotation, "On <date>, <somebody> wrote:".

No pattern per language: a line is an attribution by its evidence. It ends in a colon, names a moment and a person, has a
verb of writing in some language, and begins a paragraph or with a word that begins such lines. The evidence is looked for
in at most 400 characters of at most four lines, so the cost per line is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from daemon.parsers.signature import COMMAND_SIGNS

MAX_LINES = 4
MAX_LENGTH = 400
TRAILING = " \t\r*_\xa0\u200b\u200e\u200f\u202a\u202c\u2069\u3000"
"""What may stand behind the colon: blanks, emphasis marks, direction marks."""

_VERB = re.compile(
    r"\b(?:wrote|writes|has written|said|sent|schrieb|schrieben|geschrieben|verfasste|écrit|ecrit|écrivait|escribió|escribio|escribía|"
    r"ha scritto|scrisse|scriveva|escreveu|schreef|geschreven|skrev|skreiv|kirjoitti|napisał\(a\)|napisana przez|missatge de|написао/ла|"
    r"napisał|napisała|napisal|pisze|napsal|"
    r"napsala|napsal\(a\)|napísal|napísala|написал|написала|написал\(а\)|пишет|писал|писала|написав|пише|писав|написа|napisao|napisala|"
    r"yazdı|tarihinde|írta|a scris|έγραψε|va escriure|rašė|rakstīja|kirjutas|đã viết|menulis|"
    r"skrifaði|shkroi|idatzi|scribis|quoting|zitat von|citando|citat|cytat|citáció|цитата)\b"
    r"|[写寫][道到]|撰写|撰寫|書きました|のメール|のメッセージ|작성|썼습니다|보낸 글|כתב|כתבה|كتب|نوشت|เขียน|ने लिखा",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"(?:on|at|am|no dia|le|el|il|em|op|den|på|w dniu|dnia|dne|dňa|em|in data|il giorno|vào|pada|la|στις|date|tarih|den|ons|în|a |"
    r"mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|maanantai|tiistai|keskiviikko|torstai|perjantai|lauantai|sunnuntai|"
    r"ma|ti|ke|to|pe|la|su|пн|вт|ср|чт|пт|сб|вс|нд|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|в |"
    r"dom|seg|ter|qua|qui|sex|sáb|sab|gio|mié|jue|vie|śr|czw|pt|sob|ndz|wt|pon|paz|pzt|sal|çar|per|cum|cmt)\b|\d|在|于|於",
    re.IGNORECASE,
)
_TIME = re.compile(r"(?<!\d)\d{1,2}\s?(?:[:.h時时]|시 )\s?\d{2}(?!\d)")
_DAY = re.compile(
    r"(?<!\d)(?:\d{4}[-./年]\s?\d{1,2}|\d{1,2}[-./]\s?\d{1,2}[-./]\s?\d{2,4}|(?:19|20)\d{2}(?!\d)|\d{1,2}[.\s-]{1,2}(?:de )?[^\W\d]{3,10}"
    r"|[^\W\d]{3,10}\s\d{1,2}(?!\d))|[٠-٩]{4}|\d년"
)
_BARE_ISO = re.compile(r"\d{4}-\d{2}-\d{2} \d{1,2}:\d{2} (?:GMT|UTC)[+-]\d{1,2}:\d{2} \S")
_QUOTING = ("quoting ", "zitat von ", "citando ", "citat ", "cytat ")
"""How lines begin that tell a person alone."""
_ADDRESS = re.compile(r"\w[^\s<>]{0,100}@\w[^\s<>]{0,100}\.\w")
_NARROWEST = 55
"""The least signs to which programs fold lines."""
_LAST_WORDS = (
    "wrote",
    "schrieb",
    "écrit",
    "escribió",
    "escreveu",
    "scritto",
    "geschreven",
    "skrev",
    "написал",
    "пишет",
    "写道",
    "寫道",
    "yazdı",
)
"""Verbs that end the line where a program writes no colon."""
_INSIDE = re.compile(r"(?<=[\w.!?\s-])On (?=(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? |\d{1,2} |\d{1,2}/|[A-Z][a-z]{2,8}\.? \d)")


def ends_like_one(line: str) -> bool:
    """Whether the line, stripped, could be the last line of an attribution: the cheap question asked of every line."""
    bare = line.rstrip(TRAILING)
    return bare[-1:] in (":", "：") or bare.rstrip("-– ").endswith(_LAST_WORDS) or (line[:2] == "20" and _BARE_ISO.match(line) is not None)


def begins_at(lines: Sequence[str], last: int, first: int, quote_follows: bool) -> int | None:
    """The index of the first line of the attribution that ends with `lines[last]`, or None when it is no attribution.

    `first` is the earliest line that may belong to it. `quote_follows` says that the next words are marked as quoted.
    """
    text = lines[last].strip()
    if _BARE_ISO.match(text):
        return last
    for start in range(last, max(first, last - MAX_LINES + 1) - 1, -1):
        line = lines[start].strip()
        if start < last:
            if not line or line[0] == ">" or line[0] in COMMAND_SIGNS or not _goes_on(line, lines[start + 1].strip()):
                return None
            text = f"{line} {text}"
        if len(text) > MAX_LENGTH:
            return None
        above = lines[start - 1].strip() if start > first else ""
        if above[:1] == ">":
            above = ""
        wrapped = _is_wrapped(above, line)
        if not wrapped and _is_complete(text, quote_follows):
            return start
        if _is_attribution(text, not above, quote_follows, text.rstrip(TRAILING)[-1:] in (":", "：")):
            if wrapped and "@" in above and line[0].isdigit():  # "Ada <ada@a.example> hat am" / "23.11.2026 09:00 geschrieben:"
                continue
            return start
    return None


def is_vague(lines: Sequence[str]) -> bool:
    """Whether an attribution tells neither a time of day nor an address, as people do who tell what somebody wrote."""
    text = " ".join(lines)[:MAX_LENGTH]
    return "@" not in text and _TIME.search(text) is None


def _is_complete(text: str, quote_follows: bool) -> bool:
    """Whether words have all that an attribution needs, so that none of it can stand in a line above.

    That is a verb of writing, a person with an address, a day and a time of day; above marked lines one of these three is enough,
    and between dashes ("---- On Mon, ... wrote ----") the day.
    """
    core = text.strip("-–— *_")
    framed = text[:2] == "--" and text[-2:] == "--"
    if len(text) > MAX_LENGTH or not core[:1].isalpha() or not (framed or core.rstrip(TRAILING)[-1:] in (":", "：")):
        return False
    if _VERB.search(text) is None:
        return False
    if core.lower().startswith(_QUOTING) and _ADDRESS.search(text) is not None:
        return True
    found = (_ADDRESS.search(text) is not None, _TIME.search(text) is not None, _DAY.search(text) is not None)
    return any(found) if quote_follows else all(found) or (framed and found[2])


def _is_wrapped(above: str, text: str) -> bool:
    """Whether a line can go on in the next: it ends in an address, or the next one's first word had no room."""
    ends_in_address = above[-1:] in (">", ")") and "@" in above
    return ends_in_address or (bool(above) and len(above) + len(text.partition(" ")[0]) >= _NARROWEST)


def _goes_on(line: str, below: str) -> bool:
    """Whether an attribution can begin in this line and end below: it goes on there, or begins as one and tells a day or a time."""
    return _is_wrapped(line, below) or (_OPENER.match(line.lstrip("*_-— ")) is not None and any(map(str.isdigit, line)))


def _is_attribution(text: str, begins_paragraph: bool, quote_follows: bool, colon: bool) -> bool:
    opener = _OPENER.match(text.lstrip("*_-— ")) is not None
    if not opener and not begins_paragraph:
        return False
    verb = _VERB.search(text) is not None
    moment = _TIME.search(text) is not None
    day = _DAY.search(text) is not None
    address = "@" in text
    if not colon:
        return opener and begins_paragraph and verb and moment and day and (address or quote_follows)
    if verb:
        if opener and begins_paragraph:
            return (moment and day) or (day and address) or (address and moment) or quote_follows or (day and text.count(",") > 0)
        if opener:
            return ((moment or address) and day) or (quote_follows and (day or address))
        return address or (moment and day) or (day and text.count(",") > 0 and text[:1].isalpha()) or quote_follows
    return begins_paragraph and address and moment and day and text.rstrip(TRAILING + ":： ")[-1:] in (">", ")", "]")


def inside(line: str) -> int | None:
    """Where an attribution begins that shares its line with the words before it, or None."""
    if len(line) > MAX_LENGTH:
        return None
    found = _INSIDE.search(line)
    if found is None or _VERB.search(line, found.start()) is None or _DAY.search(line, found.start()) is None:
        return None
    return found.start()

"""Names of months and days as people write them in dates: English, German, French, Spanish, Portuguese, Italian, Dutch.

Short forms that are also ordinary words in one of these languages ("out", "set", "mon" before a noun) are left out or marked.
"""

from __future__ import annotations

import unicodedata

_MONTHS = (
    "january jan januar janner janvier janv enero ene janeiro gennaio gen januari",
    "february feb februar fevrier fevr febrero fevereiro fev febbraio februari",
    "march mar marz mrz mars marzo marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maio maggio mei",
    "june jun juni juin junio junho giugno",
    "july jul juli juillet juil julio julho luglio",
    "august aug aout agosto ago augustus",
    "september sept sep septembre septiembre setembro settembre",
    "october oct oktober okt octobre octubre outubro ottobre",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dezembro dicembre",
)
_DAYS = (
    "monday montag lundi lunes segunda-feira lunedi maandag",
    "tuesday tues tue dienstag mardi martes terca-feira martedi dinsdag",
    "wednesday mittwoch mercredi miercoles quarta-feira mercoledi woensdag",
    "thursday thurs thur thu donnerstag jeudi jueves quinta-feira giovedi donderdag",
    "friday fri freitag vendredi viernes sexta-feira venerdi vrijdag",
    "saturday samstag sonnabend samedi sabado sabato zaterdag",
    "sunday sonntag dimanche domingo domenica zondag",
)
MONTHS: dict[str, int] = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
"""Folded name to month, 1 to 12."""
DAYS: dict[str, int] = {name: number for number, names in enumerate(_DAYS) for name in names.split()}
"""Folded name to weekday, Monday 0."""
SHORT_DAYS: dict[str, int] = {"mon": 0, "wed": 2, "sat": 5, "sun": 6}
"""Short forms that are words as well ("mon technicien", "sun sensor"): days only behind "on", "by", "next" or before punctuation."""


def fold(name: str) -> str:
    """A name as the tables spell it: no case, no accents. `name` is a word.

    >>> fold("Février"), MONTHS[fold("März")]
    ('fevrier', 3)
    """
    letters = unicodedata.normalize("NFKD", name[:60]).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace("‑", "-")

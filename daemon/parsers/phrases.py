"""Natural replies: a whole mail that is one listed phrase ("Acknowledged", "Done - thanks") means one step.

The rest of a mail is never interpreted: what doesn't equal a phrase is text. To add a phrase or a language, add to the table.
Pure, total, linear.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

ACKNOWLEDGE = "acknowledge"
CLOSE = "close"
DONE = "done"
REOPEN = "reopen"
CONFIRM = "confirm"
DECLINE = "decline"
STEPS = (ACKNOWLEDGE, CLOSE, DONE, REOPEN, CONFIRM, DECLINE)
CONTRADICTING = ((ACKNOWLEDGE, CLOSE), (CONFIRM, DECLINE))
"""Steps that are open to a person at the same moment: no phrase may mean both. Of any other two, role and state choose one."""

_LONGEST = 200
_ENGLISH = {
    ACKNOWLEDGE: "acknowledged|acknowledge|ack|acked|accepted|on it|i'm on it|we're on it|we are on it|taking it",
    CLOSE: "closed|close|close it|please close|close this|resolved|fixed|issue resolved|case closed",
    DONE: "done|all done|completed|complete|finished|configuration complete",
    REOPEN: "reopen|please reopen|re-open|reopened|reopen this",
    CONFIRM: "yes|yes please|confirm|confirmed",
    DECLINE: "no|no thanks|cancel",
}
PHRASES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": _ENGLISH,
        "de": {
            ACKNOWLEDGE: "bestätigt|übernommen|ich kümmere mich|ich kümmere mich darum|wir kümmern uns|wir kümmern uns darum",
            CLOSE: "geschlossen|schließen|bitte schließen|gelöst|behoben",
            DONE: "erledigt|alles erledigt|fertig",
            REOPEN: "wieder öffnen|bitte wieder öffnen|wieder geöffnet",
            CONFIRM: "ja|ja bitte|bestätigt",
            DECLINE: "nein|nein danke|abbrechen",
        },
        "fr": {
            ACKNOWLEDGE: "pris en charge|prise en charge|je m'en occupe|on s'en occupe",
            CLOSE: "fermé|clos|clôturé|résolu|problème résolu",
            DONE: "terminé|fait|c'est fait",
            REOPEN: "rouvrir|rouvert|à rouvrir",
            CONFIRM: "oui|confirmé",
            DECLINE: "non|non merci|annuler",
        },
        "es": {
            ACKNOWLEDGE: "confirmado|me encargo|nos encargamos",
            CLOSE: "cerrado|cerrar|resuelto|solucionado",
            DONE: "hecho|listo|terminado|completado",
            REOPEN: "reabrir|reabierto",
            CONFIRM: "sí|si|confirmado",
            DECLINE: "no|no gracias|cancelar",
        },
        "pt": {
            ACKNOWLEDGE: "confirmado|eu cuido disso|nós cuidamos disso",
            CLOSE: "fechado|fechar|resolvido",
            DONE: "feito|concluído|terminado",
            REOPEN: "reabrir|reaberto",
            CONFIRM: "sim|confirmado",
            DECLINE: "não|não obrigado|não obrigada|cancelar",
        },
        "it": {
            ACKNOWLEDGE: "preso in carico|presa in carico|me ne occupo|ce ne occupiamo",
            CLOSE: "chiuso|chiudere|risolto",
            DONE: "fatto|completato|terminato",
            REOPEN: "riaprire|riaperto",
            CONFIRM: "sì|si|confermo|confermato",
            DECLINE: "no|no grazie|annulla",
        },
        "nl": {
            ACKNOWLEDGE: "bevestigd|in behandeling genomen|ik pak het op|wij pakken het op",
            CLOSE: "gesloten|sluiten|opgelost",
            DONE: "klaar|gereed|afgerond",
            REOPEN: "heropenen|heropend",
            CONFIRM: "ja|ja graag|bevestigd",
            DECLINE: "nee|nee bedankt|annuleren",
        },
    }
)
"""Language, step, phrases. English always counts; the others where an installation or a person speaks them."""

_ENDINGS = {
    "en": "thanks|thank you|many thanks|thx|ty|cheers|regards|all|team|everyone|again|so much|very much|please",
    "de": "danke|vielen dank|besten dank|danke schön|gruß|grüße|viele grüße|bitte",
    "fr": "merci|merci beaucoup|cordialement|s'il vous plaît",
    "es": "gracias|muchas gracias|saludos|por favor",
    "pt": "obrigado|obrigada|muito obrigado|muito obrigada|por favor",
    "it": "grazie|grazie mille|saluti|per favore",
    "nl": "bedankt|dank je|dank u|groeten|alsjeblieft|graag",
}
_HELLOS = {
    "en": "hi|hello|hey", "de": "hallo|moin", "fr": "bonjour|salut", "es": "hola", "pt": "olá|oi", "it": "ciao|salve", "nl": "hallo|hoi",
}  # fmt: skip
_HELLO_WHOM = frozenset(("team", "all", "there"))

_STRAIGHT = str.maketrans(dict.fromkeys("’‘ʼ´`", "'") | dict.fromkeys("“”„", '"') | dict.fromkeys("–—‐‑", "-"))
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DOUBT = frozenset("?¿؟❓❔👎❌🚫⛔🛑❗🤔🤷")
"""Signs that doubt or deny: with one of them nothing is a step."""
_OUTER = " \t.,;:!-_*~\"'()[]<>·…¡"
_WORDS = re.compile(r"\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasebook:
    """What counts as a natural reply. `steps` maps each whole phrase, normalised, to the steps it can mean."""

    steps: Mapping[str, frozenset[str]]
    hellos: frozenset[str]
    endings: frozenset[tuple[str, ...]]


def phrasebook(languages: Sequence[str] = (), extra: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Phrasebook:
    """The phrases of English, of these languages (RFC 5646 tags; unknown ones add nothing), and `extra`, step to more phrases.

    Raises ValueError for a step of `extra` that doesn't exist, or a phrase without a word.
    """
    chosen = dict.fromkeys(("en", *(language.partition("-")[0].casefold() for language in languages)))
    steps: dict[str, frozenset[str]] = {}
    hellos: set[str] = set()
    endings: set[tuple[str, ...]] = set()
    for language in chosen:
        for step, phrases in PHRASES.get(language, {}).items():
            for spelling in (spelling for phrase in phrases.split("|") for spelling in _spellings(phrase)):
                steps[spelling] = steps.get(spelling, frozenset()) | {step}
        hellos |= {_normal(hello) for hello in _HELLOS.get(language, "").split("|")} - {""}
        endings |= {tuple(spelling.split()) for ending in _ENDINGS.get(language, "").split("|") for spelling in _spellings(ending)} - {()}
    for step, more in extra.items():
        if step not in STEPS:
            raise ValueError(f"{step}: there is no such step; the steps are {', '.join(STEPS)}")
        for phrase in more:
            if not _normal(phrase):
                raise ValueError(f"{step}: {phrase!r} has no words")
            for spelling in _spellings(phrase):
                steps[spelling] = steps.get(spelling, frozenset()) | {step}
    return Phrasebook(steps=MappingProxyType(steps), hellos=frozenset(hellos), endings=frozenset(endings))


def contradicted(step: str, phrase: str, phrases: Phrasebook) -> str | None:
    """The step that this phrase means already and that contradicts `step`, or None."""
    meant = phrases.steps.get(_normal(phrase), frozenset())
    others = [one if other == step else other for one, other in CONTRADICTING if step in (one, other)]
    return next((other for other in others if other in meant), None)


def match(new_text: str, phrases: Phrasebook) -> frozenset[str]:
    """The steps the whole text can mean; mostly one, empty when it is no listed phrase. Never raises.

    >>> sorted(match("On it, thanks 👍", PHRASEBOOK)), sorted(match("Acknowledged?", PHRASEBOOK))
    (['acknowledge'], [])
    """
    if len(new_text) > 10 * _LONGEST or len(stripped := new_text.strip()) > _LONGEST or not _DOUBT.isdisjoint(stripped):
        return frozenset()
    text = _normal(stripped)
    if "?" in text:
        return frozenset()
    words = text.split()
    if words and words[0].strip(_OUTER) in phrases.hellos:
        del words[0]
        if words and words[0].strip(_OUTER) in _HELLO_WHOM:
            del words[0]
    while words:
        text = " ".join(words).strip(_OUTER)
        if text in phrases.steps:
            return phrases.steps[text]
        words = text.split()
        for size in (3, 2, 1):
            if len(words) > size and tuple(word.strip(_OUTER) for word in words[-size:]) in phrases.endings:
                del words[-size:]
                break
        else:
            break
    return frozenset()


def _normal(text: str) -> str:
    """NFKC, case-folded, straight signs, no emoji and invisible signs, single blanks, no outer punctuation."""
    folded = unicodedata.normalize("NFKC", text.translate(_STRAIGHT)).casefold()
    visible = "".join(sign for sign in folded if not _is_ornament(sign))
    return " ".join(_WORDS.findall(visible)).strip(_OUTER)


def _spellings(phrase: str) -> set[str]:
    """A phrase, normalised, and as keyboards without its letters write it: without accents, German "ö" as "oe"."""
    whole = unicodedata.normalize("NFC", _normal(phrase))
    bare = "".join(sign for sign in unicodedata.normalize("NFD", whole) if not unicodedata.combining(sign))
    return {_normal(phrase), whole.translate(_UMLAUTS), bare}


def _is_ornament(sign: str) -> bool:
    """An emoji or a sign that isn't seen. Skin colours are Sk, the keycap Me, variation selectors Mn."""
    if sign.isascii():
        return False
    return unicodedata.category(sign) in ("So", "Sk", "Cf", "Me") or sign in "\ufe0e\ufe0f"


PHRASEBOOK = phrasebook()
"""English alone."""

"""Legal notices that firms put below every mail: "This e-mail is confidential and intended solely for ...". Pure, linear.

A paragraph is one by its beginning and its words, in English, German, French, Spanish, Portuguese, Italian and Dutch.
"""

from __future__ import annotations

from collections.abc import Sequence

from daemon.parsers.signature import COMMAND_SIGNS

_MAX_LINES = 30
_MAX_LENGTH = 4000
_WANTED = 2
"""So many different words of notices a paragraph has that only begins like one."""

_TITLES = (
    "confidentiality notice", "confidentiality:", "disclaimer", "legal notice", "legal disclaimer", "privileged and confidential",
    "please consider the environment", "please think about the environment", "consider the environment", "think before you print",
    "haftungsausschluss", "vertraulichkeitshinweis", "rechtlicher hinweis", "bitte denken sie an die umwelt", "denken sie an die umwelt",
    "bitte prüfen sie, ob diese", "avis de confidentialité", "avertissement :", "pensez à l'environnement", "avant d'imprimer",
    "aviso de confidencialidad", "aviso legal", "antes de imprimir", "por favor, piense en el medio ambiente", "pense no meio ambiente",
    "aviso de confidencialidade", "avviso di riservatezza", "informativa privacy", "prima di stampare", "rispetta l'ambiente",
    "vertrouwelijkheidsverklaring", "denk aan het milieu",
)  # fmt: skip
_STARTS = (
    "this e-mail", "this email", "this mail", "this message", "this communication", "this transmission", "this electronic",
    "the information",
    "the content", "information in this", "if you are not the", "if you have received", "if you received", "any unauthori",
    "any disclosure",
    "diese e-mail", "diese email", "diese mail", "diese nachricht", "der inhalt dieser", "die information", "die in dieser",
    "wenn sie nicht der", "sollten sie nicht", "falls sie nicht", "ce message", "ce courriel", "cet e-mail", "cet email", "ce mail",
    "les informations", "le contenu de ce", "si vous n'êtes pas", "si vous avez reçu", "este mensaje", "este correo", "este e-mail",
    "la información", "el contenido de este", "si usted no es", "si no es usted", "si ha recibido", "esta mensagem", "este email",
    "a informação", "as informações", "o conteúdo desta", "se você não", "se não for", "se recebeu", "questo messaggio", "questa e-mail",
    "questa email", "il presente messaggio", "la presente", "le informazioni", "il contenuto", "se non siete", "se ha ricevuto",
    "se avete ricevuto", "ai sensi del", "dit bericht", "deze e-mail", "deze email", "de informatie", "de inhoud van", "indien u niet",
    "als u niet", "als u dit bericht", "indien u dit",
)  # fmt: skip
_WORDS = (
    "confidential", "privileged", "intended", "recipient", "addressee", "addressed", "in error", "unauthori", "disclos", "delete",
    "liabilit", "virus", "vertraulich", "adressat", "empfänger", "irrtümlich", "unbefugt", "vernichten", "confidentiel", "destinataire",
    "par erreur", "détrui", "divulgation", "confidencial", "destinatari", "por error", "elimin", "divulga", "destinatári", "por engano",
    "por erro", "apag", "confidenzial", "riservat", "per errore", "cancell", "vertrouwelijk", "geadresseerde", "bestemd", "abuis",
    "verwijder", "openbaarmaking",
)  # fmt: skip


def begins_at(lines: Sequence[str]) -> int | None:
    """Where the notice begins that `lines` end with, or None. Something is always left above it, and no command is in it.

    `lines` ends with a line that isn't blank.
    """
    last = len(lines) - 1
    start = last
    while start > 0 and lines[start - 1].strip() and last - start < _MAX_LINES:
        start -= 1
    paragraph = lines[start:]
    if not any(line.strip() for line in lines[max(0, start - 20) : start]) or any(line.strip()[0] in COMMAND_SIGNS for line in paragraph):
        return None
    text = " ".join(" ".join(paragraph)[:_MAX_LENGTH].split()).replace("’", "'").strip("*_ -=").lower()
    if text.startswith(_TITLES):
        return start
    return start if text.startswith(_STARTS) and sum(word in text for word in _WORDS) >= _WANTED else None

"""Words of somebody who tells of a fault, in the main languages of mail: people have faults, responders have none. Pure, total.

Only statements count ("shows error 17", "keine Daten"); a responder names faults, too, when it tells whom to call in case of one.
"""

from __future__ import annotations

import re

_TOLD = re.compile(
    r"(?<!\w)(?:(?:error|fault|alarm|warning|failure|code|fehler(?:code)?|störung|warnung|erreur|défaut|alarme|panne|fallo|alarma|código|errore|"
    r"allarme|guasto|codice|erro|fout(?:code|melding)?|storing|błąd|awari\w|fel(?:kod)?|fejl(?:kode)?|chyb\w|ошибк\w{1,3})"
    r" (?:code |number |no\. ?|nr\. ?|nummer )?[a-z]{0,3}[-. ]?\d|"
    r"\b(?:shows?|showing|displays?|reports?|gives?|sees?|produces?|sends?|has) (?:\S{1,15} ){0,4}?"
    r"(?:no\b|nothing|zero|an? (?:error|fault|alarm)|errors|faults|alarms)|"
    r"\bno (?:data|yield|power|output|connection|production)\b|"
    r"\b(?:is|are|went|stays|been|be) (?:still |again |completely |all )?(?:down|offline|dark|dead|broken|faulty|defective|out of order|"
    r"not working|missing)\b|"
    r"\b(?:doesn't|don't|didn't|does not|do not|did not) (?:work|start|respond|charge|run|produce|print|show)\b|"
    r"\bstopped (?:working|reporting|producing)\b|\b(?:inverter|plant|roof|logger|meter|string)\S{0,4} (?:\S{1,12} )?(?:fails|failed|"
    r"tripped|(?:is|has been) absent)\b|"
    r"\b(?:zeigt|meldet|liefert|sendet|hat|bringt|erzeugt|produziert) (?:\S{1,15} ){0,4}?(?:fehler|störung(?:en)?|keine?n?|nichts|alarme?)"
    r"\b|\bkeine (?:daten|leistung|verbindung|erträge|anzeige|produktion)\b|\b(?:ohne daten|ausgefallen|defekt|kaputt)\b|"
    r"\b(?:anlage|wechselrichter|zähler|logger|speicher) (?:\S{1,12} ){0,3}?(?:steht|fehlt|streikt)\b|"
    r"\b(?:geht|läuft|funktioniert|startet|lädt|reagiert|druckt) (?:\S{1,12} ){0,3}?nicht\b|"
    r"\b(?:pas de|aucune) (?:données?|production|connexion)\b|\ben panne\b|\bne (?:marche|fonctionne|démarre|répond|produit) (?:plus|pas)\b"
    r"|\bsin (?:datos|producción|conexión)\b|\bno (?:funciona|arranca|muestra|produce|hay datos)\b|\baveriad[oa]\b|"
    r"\b(?:nessun dato|senza dati|guast[oa])\b|\bnon (?:funziona|parte|produce|comunica)\b|"
    r"\bsem (?:dados|produção)\b|\bnão (?:funciona|liga|mostra|produz)\b|\bavariad[oa]\b|"
    r"\bgeen (?:data|gegevens|opbrengst|verbinding)\b|\b(?:werkt|doet het) niet\b|"
    r"\bbrak danych\b|\bnie (?:działa|pokazuje|produkuje)\b|\bnefunguje\b|\b(?:inga|ingen) data\b|\b(?:fungerar inte|virker ikke)\b|"
    r"\bнет (?:данных|связи)\b|\bне (?:работает|показывает|включается)\b)|データが(?:ない|来|届)|動かな|没有数据|无法工作",
    re.IGNORECASE,
)
_REPEATED = re.compile(
    r"\b(?:subject|title|summary|betreff|titel|thema|objet|asunto|oggetto|assunto|onderwerp|temat|ämne|emne|předmět|тема) ?: ?[^.!?]{0,150}"
    r"|\b(?:description|your message|your request|beschreibung|ihre (?:nachricht|anfrage)|votre (?:message|demande)|"
    r"su (?:mensaje|solicitud)) ?: .*",
    re.IGNORECASE | re.DOTALL,
)
"""What a program repeats of the mail that it answers."""


def tells_of_a_fault(text: str) -> bool:
    """Whether words on one line say that something is broken, other than those repeated from another mail.

    >>> tells_of_a_fault("The inverter shows error 17."), tells_of_a_fault("In case of a fault call 555 0100.")
    (True, False)
    """
    return _TOLD.search(text) is not None and _TOLD.search(_REPEATED.sub(" ", text)) is not None

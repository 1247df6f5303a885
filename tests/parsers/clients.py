"""How mail programs write a reply, by program and language: what stands around the writer's words, in text and in HTML.

Only the shapes are the programs' own; persons, addresses and words are ours. `{who}` is the name, `{address}` the address of the
mail that is answered.
"""

# ruff: noqa: E501 - a mail program's line is kept in one piece

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

WHO, ADDRESS = "Example Support", "support+c1001.k7abcdefghijklmnop@support.example"
LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")

GMAIL = {
    "en": "On Mon, Nov 23, 2026 at 9:00\u202fAM {who} <{address}> wrote:",
    "de": "Am Mo., 23. Nov. 2026 um 09:00\u00a0Uhr schrieb {who} <{address}>:",
    "fr": "Le lun. 23 nov. 2026 à 09:00, {who} <{address}> a écrit\u00a0:",
    "es": "El lun, 23 nov 2026 a las 9:00, {who} (<{address}>) escribió:",
    "pt": "Em seg., 23 de nov. de 2026 às 09:00, {who} <{address}> escreveu:",
    "it": "Il giorno lun 23 nov 2026 alle ore 09:00 {who} <{address}> ha scritto:",
    "nl": "Op ma 23 nov 2026 om 09:00 schreef {who} <{address}>:",
}
GMAIL_PORTUGAL = "{who} <{address}> escreveu (segunda, 23/11/2026 à(s) 09:00):"
APPLE = {
    "en": "On Nov 23, 2026, at 9:00\u202fAM, {who} <{address}> wrote:",
    "de": "Am 23.11.2026 um 09:00 schrieb {who} <{address}>:",
    "fr": "Le 23 nov. 2026 à 09:00, {who} <{address}> a écrit :",
    "es": "El 23 nov 2026, a las 9:00, {who} <{address}> escribió:",
    "pt": "Em 23 de nov. de 2026, à(s) 09:00, {who} <{address}> escreveu:",
    "it": "Il giorno 23 nov 2026, alle ore 09:00, {who} <{address}> ha scritto:",
    "nl": "Op 23 nov 2026 om 09:00 heeft {who} <{address}> het volgende geschreven:",
}
THUNDERBIRD = {
    "en": "On 11/23/26 9:00 AM, {who} wrote:",
    "de": "Am 23.11.26 um 09:00 schrieb {who}:",
    "fr": "Le 23/11/2026 à 09:00, {who} a écrit :",
    "es": "El 23/11/26 a las 9:00, {who} escribió:",
    "pt": "Em 23/11/2026 09:00, {who} escreveu:",
    "it": "Il 23/11/26 09:00, {who} ha scritto:",
    "nl": "Op 23-11-2026 om 09:00 schreef {who}:",
}
YAHOO = {
    "en": "On Monday, November 23, 2026 at 09:00:00 AM EST, {who} <{address}> wrote:",
    "de": "Am Montag, 23. November 2026 um 09:00:00 MEZ hat {who} <{address}> Folgendes geschrieben:",
    "fr": "Le lundi 23 novembre 2026 à 09:00:00 UTC+1, {who} <{address}> a écrit :",
    "es": "El lunes, 23 de noviembre de 2026, 09:00:00 CET, {who} <{address}> escribió:",
    "pt": "Em segunda-feira, 23 de novembro de 2026 às 09:00:00 BRT, {who} <{address}> escreveu:",
    "it": "Il lunedì 23 novembre 2026 alle ore 09:00:00 CET, {who} <{address}> ha scritto:",
    "nl": "Op maandag 23 november 2026 om 09:00:00 CET schreef {who} <{address}>:",
}
PROTON = {
    "en": "On Monday, November 23rd, 2026 at 9:00 AM, {who} <{address}> wrote:",
    "de": "{who} <{address}> schrieb am Montag, 23. November 2026 um 09:00:",
    "fr": "Le lundi 23 novembre 2026 à 09:00, {who} <{address}> a écrit :",
    "es": "El lunes, 23 de noviembre de 2026 a las 9:00, {who} <{address}> escribió:",
    "pt": "Segunda-feira, 23 de novembro de 2026 às 09:00, {who} <{address}> escreveu:",
    "it": "lunedì 23 novembre 2026 09:00, {who} <{address}> ha scritto:",
    "nl": "Op maandag 23 november 2026 om 09:00 schreef {who} <{address}>:",
}
LABELS = {
    "en": ("From", "Sent", "To", "Subject", "Monday, November 23, 2026 9:00 AM"),
    "de": ("Von", "Gesendet", "An", "Betreff", "Montag, 23. November 2026 09:00"),
    "fr": ("De\u00a0", "Envoyé\u00a0", "À\u00a0", "Objet\u00a0", "lundi 23 novembre 2026 09:00"),
    "es": ("De", "Enviado el", "Para", "Asunto", "lunes, 23 de noviembre de 2026 9:00"),
    "pt": ("De", "Enviada em", "Para", "Assunto", "segunda-feira, 23 de novembro de 2026 09:00"),
    "it": ("Da", "Inviato", "A", "Oggetto", "lunedì 23 novembre 2026 09:00"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp", "maandag 23 november 2026 09:00"),
}
DATE_LABELS = {"en": "Date", "de": "Datum", "fr": "Date", "es": "Fecha", "pt": "Data", "it": "Data", "nl": "Datum"}
ORIGINAL = {
    "en": "Original Message", "de": "Ursprüngliche Nachricht", "fr": "Message d'origine", "es": "Mensaje original",
    "pt": "Mensagem original", "it": "Messaggio originale", "nl": "Oorspronkelijk bericht",
}  # fmt: skip
PHONES = {
    "en": (
        "Sent from my iPhone", "Sent from my iPad", "Sent from my Galaxy", "Sent from my Samsung Galaxy smartphone.", "Sent from Gmail Mobile",
        "Sent from Yahoo Mail on Android", "Sent from Yahoo Mail for iPhone", "Get Outlook for iOS", "Get Outlook for Android<https://aka.ms/AAb9ysg>",
        "Sent from Outlook for iOS", "Sent from Mail for Windows", "Sent from Proton Mail for iOS", "Sent from my mobile device", "Sent via the Samsung Galaxy",
        "Sent from my Android phone with K-9 Mail. Please excuse my brevity.", "Sent with Proton Mail secure email.", "Sent from my Pixel",
        "Yahoo Mail: Search, Organize, Conquer", "Sent from Mailspring", "Sent from my Huawei phone", "Sent from my Xiaomi 13",
    ),
    "de": (
        "Von meinem iPhone gesendet", "Von meinem iPad gesendet", "Von meinem/meiner Galaxy gesendet", "Von meinem Samsung Galaxy Smartphone gesendet.",
        "Gesendet mit der mobilen Mail App", "Gesendet von Outlook für Android", "Holen Sie sich Outlook für iOS", "Outlook für iOS beziehen",
        "Von meinem Android-Telefon gesendet", "Gesendet von Mail für Windows", "Gesendet von Yahoo Mail auf Android", "Von Yahoo Mail auf Android gesendet",
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.", "Gesendet mit Proton Mail", "Gesendet von meinem Handy",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.", "Gesendet mit der Telekom Mail App", "Mit freundlichem Gruß vom Handy gesendet",
        "Gesendet mit der WEB.DE Mail App", "Gesendet von Proton Mail für Android",
    ),
    "fr": (
        "Envoyé de mon iPhone", "Envoyé de mon iPad", "Envoyé depuis mon appareil Galaxy", "Envoyé depuis mon smartphone Samsung Galaxy.",
        "Télécharger Outlook pour iOS", "Obtenez Outlook pour Android", "Obtenir Outlook pour iOS", "Envoyé à partir de Outlook pour Android",
        "Envoyé depuis l'application Mail Orange", "Envoyé à partir de Yahoo Mail pour iPhone", "Envoyé à partir de Courrier pour Windows",
        "Envoyé avec la messagerie sécurisée Proton Mail.", "Envoyé depuis Yahoo Mail pour Android", "Envoyé depuis mon mobile Orange", "Yahoo Mail : Recherchez, Organisez, Maîtrisez",
        "Envoyé depuis mon téléphone Android avec K-9 Mail. Veuillez excuser ma brièveté.", "Envoyé de mon téléphone", "Envoyé depuis Proton Mail pour iOS",
    ),
    "es": (
        "Enviado desde mi iPhone", "Enviado desde mi iPad", "Enviado desde mi Galaxy", "Enviado desde mi smartphone Samsung Galaxy.",
        "Obtener Outlook para iOS", "Descargar Outlook para Android", "Obtén Outlook para iOS", "Enviado desde Outlook para Android", "Enviado desde Yahoo Mail con Android",
        "Enviado desde Yahoo Mail para iPhone", "Enviado desde Correo para Windows", "Enviado con el correo electrónico seguro de Proton Mail.",
        "Enviado desde mi dispositivo móvil", "Enviado desde mi teléfono Android", "Enviado desde mi Huawei", "Enviado desde Proton Mail para Android",
    ),
    "pt": (
        "Enviado do meu iPhone", "Enviado do meu iPad", "Enviado do meu Galaxy", "Enviado do meu smartphone Samsung Galaxy.",
        "Obter o Outlook para iOS", "Obtenha o Outlook para Android", "Baixar o Outlook para Android", "Enviado do Yahoo Mail no Android", "Enviado do Outlook para Android",
        "Enviado do Yahoo Mail para iPhone", "Enviado do Email para Windows", "Enviado com o e-mail seguro do Proton Mail.", "Enviado a partir do meu telemóvel",
        "Enviado via iPhone", "Enviado do meu celular", "Enviado do Proton Mail para iOS", "Enviada do meu iPhone", "Enviado a partir do Outlook para Android",
    ),
    "it": (
        "Inviato da iPhone", "Inviato dal mio iPad", "Inviato dal mio iPhone", "Inviato dal mio Galaxy", "Inviato dal mio smartphone Samsung Galaxy.",
        "Ottieni Outlook per iOS", "Scarica Outlook per Android", "Inviato da Yahoo Mail su Android", "Inviato da Libero Mail per Android", "Inviato da Outlook per Android",
        "Inviato da Posta per Windows", "Inviato con l'email sicura Proton Mail.", "Inviato dal mio dispositivo mobile", "Inviato dal cellulare", "Inviato da smartphone",
        "Inviato da Proton Mail per iOS", "Inviato da Libero Mobile", "Inviato dall'app Libero Mail",
    ),
    "nl": (
        "Verstuurd vanaf mijn iPhone", "Verstuurd vanaf mijn iPad", "Verzonden vanaf mijn Galaxy", "Verzonden vanaf mijn Samsung Galaxy-smartphone.",
        "Download Outlook voor iOS", "Outlook voor Android downloaden", "Outlook voor iOS ophalen", "Verzonden vanuit Outlook voor Android", "Verzonden vanaf Outlook voor iOS", "Verzonden vanuit Yahoo Mail op Android",
        "Verzonden vanuit Mail voor Windows", "Verzonden met Proton Mail-beveiligde e-mail.", "Verstuurd vanaf mijn mobiel", "Verstuurd met Proton Mail",
        "Verstuurd vanuit Proton Mail voor Android", "Verzonden vanaf mijn Android-telefoon", "Verstuurd vanaf mijn telefoon",
    ),
}  # fmt: skip
"""What phones and programs write below the words of their own accord."""

OTHERS = (
    "Support <{address}> wrote on Mon, Nov 23 2026 9:00:",
    "Am Montag, den 23. November 2026, 09:00:00 schrieb Support:",
    "Am Montag, 23. November 2026, 09:00:00 MEZ schrieb Support <{address}>:",
    "Quoting Support <{address}>:",
    "Zitat von Support <{address}>:",
    "2026-11-23 9:00 GMT+01:00 Support <{address}>:",
    "El lun., 23 nov. 2026 9:00 a. m., Support <{address}> escribió:",
    "Em seg, 23 de nov de 2026 09:00, Support <{address}> escreveu:",
    "Il lun 23 nov 2026, 09:00 Support <{address}> ha scritto:",
    "Op ma 23 nov. 2026 09:00 schreef Support <{address}>:",
    "Le lun. 23 nov. 2026, 09 h 00, Support <{address}> a écrit :",
    "Le lun. 23 nov. 2026 à 9 h, Support <{address}> a écrit :",
    "On Mon, 23 Nov 2026, 09:00 Support, <{address}> wrote:",
    'On 11/23/26, 9:00 AM, "Support" <{address}> wrote:',
    'Am 23.11.26, 09:00 schrieb "Support" <{address}>:',
    "Support <{address}> schrieb am Mo. 23. Nov. 2026 um 09:00:",
    "Support <{address}> schrieb am Mo., 23. Nov. 2026, 09:00:",
    "Support <{address}> hat am 23.11.2026 09:00 CET geschrieben:",
    "On 11/23/2026 9:00 AM CET Support <{address}> wrote:",
    "Le 23/11/2026 09:00 CET, Support <{address}> a écrit :",
    "Il 23/11/2026 09:00 CET Support <{address}> ha scritto:",
    "El 23/11/2026 9:00 CET Support <{address}> escribió:",
    "Op 23-11-2026 09:00 CET schreef Support <{address}>:",
    "On 2026-11-23 09:00, Support wrote:",
    "Am 2026-11-23 09:00, schrieb Support:",
    "Le 2026-11-23 09:00, Support a écrit :",
    "Il 2026-11-23 09:00 Support ha scritto:",
    "El 2026-11-23 09:00, Support escribió:",
    "Em 2026-11-23 09:00, Support escreveu:",
    "Support schreef op 2026-11-23 09:00:",
    "On Nov 23, 2026, 9:00 AM, at 9:00 AM, Support <{address}> wrote:",
    "On 23 Nov 2026, 9:00 AM +0100, Support <{address}>, wrote:",
    "Am 23. Nov. 2026, 9:00 AM +0100 schrieb Support <{address}>:",
    "Support, Example <{address}> wrote on Monday, 23 November 2026 09:00:",
    "On Monday, November 23, 2026, Support <{address}> wrote:",
    "On Mon, Nov 23, 2026 at 9:00 AM 'Support' via Team <{address}> wrote:",
    "Il giorno lunedì 23 novembre 2026, Support <{address}> ha scritto:",
    "No dia 23/11/2026, às 09:00, Support <{address}> escreveu:",
    "No dia segunda-feira, 23 de novembro de 2026, Support <{address}> escreveu:",
    "Em seg., 23 de nov. de 2026, 09:00, Support <{address}> escreveu:",
    "A lunes, 23 de noviembre de 2026, 9:00, Support <{address}> escribió:",
    "El lunes, 23 de noviembre de 2026, Support <{address}> escribió:",
    "Op 23 nov. 2026, om 09:00 heeft Support <{address}> het volgende geschreven:",
    "Op maandag 23 november 2026 heeft Support <{address}> het volgende geschreven:",
    "Le lundi 23 novembre 2026, Support <{address}> a écrit :",
    "Am Montag, 23. November 2026 schrieb Support <{address}>:",
    "Am Mo., 23. Nov. 2026, 09:00 hat Support <{address}> geschrieben:",
    "---- On Mon, 23 Nov 2026 09:00:00 +0100 Support <{address}> wrote ----",
    "---- Am Mo, 23 Nov 2026 09:00:00 +0100 Support <{address}> schrieb ----",
    "---- En lun., 23 nov 2026 09:00:00 +0100 Support <{address}> escribió ----",
    "---- Le lun., 23 nov 2026 09:00:00 +0100 Support <{address}> écrit ----",
    "Em segunda-feira, 23 de novembro de 2026 às 09:00, Support <{address}> escreveu:",
    "Segunda-feira, 23 de Novembro de 2026 09:00, Support <{address}> escreveu:",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
    "------- Original Message -------",
    "----- Mail original -----",
    "----- Messaggio originale -----",
    "----- Mensagem original -----",
    "----- Oorspronkelijk bericht -----",
    "--- Original-Nachricht ---",
    "---- Ursprüngliche Nachricht ----",
    "-------- Ursprüngliche Nachricht --------",
    "-------- Message transféré --------",
    "-------- Weitergeleitete Nachricht --------",
    "-------- Mensaje reenviado --------",
    "-------- Messaggio Inoltrato --------",
    "-------- Doorgestuurd bericht --------",
    "-------- Mensagem encaminhada --------",
    "---------- Forwarded message ---------",
    "Begin forwarded message:",
    "Anfang der weitergeleiteten Nachricht:",
    "Début du message réexpédié :",
    "Début du message transféré :",
    "Inicio del mensaje reenviado:",
    "Inizio messaggio inoltrato:",
    "Início da mensagem reencaminhada:",
    "Begin doorgestuurd bericht:",
    'De: "Support" <{address}>|À: "bob" <bob@x.example>|Envoyé: Lundi 23 Novembre 2026 09:00:00|Objet: x',
    'Von: "Support" <{address}>|An: "bob" <bob@x.example>|Gesendet: Montag, 23. November 2026 09:00:00|Betreff: x',
    "Von:        Support <{address}>|An:        bob@x.example|Datum:        23.11.2026 09:00|Betreff:        x",
    "From:        Support <{address}>|To:        bob@x.example|Date:        23.11.2026 09:00|Subject:        x",
    "Von: Support <{address}>|Datum: Montag, 23. November 2026 um 09:00|An: Bob|Betreff: x",
    "De : Support <{address}>|Date : lundi 23 novembre 2026 à 09:00|À : Bob|Objet : x",
    "De: Support <{address}>|Fecha: lunes, 23 de noviembre de 2026, 9:00|Para: Bob|Asunto: x",
    "De: Support <{address}>|Data: segunda-feira, 23 de novembro de 2026 às 09:00|Para: Bob|Assunto: x",
    "Da: Support <{address}>|Data: lunedì, 23 novembre 2026 alle ore 09:00|A: Bob|Oggetto: x",
    "Van: Support <{address}>|Datum: maandag, 23 november 2026 om 09:00|Aan: Bob|Onderwerp: x",
    "Von: Support <{address}> Gesendet: Montag, 23. November 2026 09:00 An: Bob Betreff: x",
    "From: Support <{address}> Sent: Monday, November 23, 2026 9:00 AM To: Bob Subject: x",
    "From: Support [mailto:{address}]|Sent: Monday|To: Bob|Subject: x",
    'Gesendet: Montag, 23. November 2026 um 09:00 Uhr|Von: "Support" <{address}>|An: bob@x.example|Betreff: x',
    'Inviato: lunedì 23 novembre 2026 alle ore 09:00|Da: "Support" <{address}>|A: bob@x.example|Oggetto: x',
    'Enviado: lunes 23 de noviembre de 2026 a las 9:00|De: "Support" <{address}>|Para: bob@x.example|Asunto: x',
    'Envoyé: lundi 23 novembre 2026 à 09:00|De: "Support" <{address}>|À: bob@x.example|Objet: x',
    'Verzonden: maandag 23 november 2026 om 09:00|Van: "Support" <{address}>|Aan: bob@x.example|Onderwerp: x',
    "Enviado: segunda-feira, 23 de novembro de 2026 09:00|De: Support|Para: Bob|Assunto: x",
    "De: Support [mailto:{address}]|Enviado el: lunes, 23 de noviembre de 2026 9:00|Para: Bob|CC: x|Asunto: x",
)
"""What other programs and older ones write above a quotation; "|" begins a new line."""

QUOTED = (
    "#close", "", "Hello Bob,", "", "a case was assigned to you. Reply with one word in the first line:", "", "#acknowledge   I take it",
    "#close         it is solved", "", "> #reopen", "> On Fri, Nov 20, 2026 at 8:00 AM Ann Lee <ann@acme.example> wrote:", "> > #close", "Closed",
)  # fmt: skip
"""What is answered: a mail full of keywords, and a chain below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A mail as a program sends it, and the words its writer typed."""

    name: str
    written: str
    text: str | None
    html: str | None

    def octets(self) -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"] = "Bob Miller <bob@miller.example>"
        message["To"] = ADDRESS
        message["Subject"] = "Re: Inverter offline [CASE-1001]"
        message["Message-ID"] = "<reply@miller.example>"
        if self.text is not None:
            message.set_content(self.text)
        if self.html is not None and self.text is not None:
            message.add_alternative(self.html, subtype="html")
        elif self.html is not None:
            message.set_content(self.html, subtype="html")
        return message.as_bytes()


def _filled(line: str) -> str:
    return line.format(who=WHO, address=ADDRESS)


def _wrapped(line: str, width: int = 76) -> str:
    """As programs fold a long line: at blanks, never inside an address."""
    lines, current = [], ""
    for word in line.split(" "):
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return "\n".join([*lines, current])


def _marked(lines: tuple[str, ...] = QUOTED, sign: str = "> ") -> str:
    return "\n".join(f"{sign}{line}".rstrip() for line in lines)


def _paragraphs(words: str, tag: str = "div") -> str:
    """The words as an editor keeps them: an element a line, a blank line an element with a break."""
    return "".join(f"<{tag}>{html.escape(line) or '<br>'}</{tag}>" for line in words.split("\n"))


def _block(language: str, fields: tuple[int, ...] = (0, 1, 2, 3), date_label: bool = False, sign: str = "") -> str:
    """The header block above an unmarked quotation."""
    labels = LABELS[language]
    values = (f"{WHO} <{ADDRESS}>", labels[4], "Bob Miller <bob@miller.example>", "[CASE-1001] Inverter offline")
    names = (labels[0], DATE_LABELS[language] if date_label else labels[1], labels[2], labels[3])
    return "\n".join(f"{sign}{names[index]}{sign}: {values[index]}" for index in fields)


def _bold_block(language: str) -> str:
    labels = LABELS[language]
    values = (f"{WHO} &lt;{ADDRESS}&gt;", labels[4], "Bob Miller &lt;bob@miller.example&gt;", "[CASE-1001] Inverter offline")
    return "".join(f"<b>{label}:</b> {value}<br>" for label, value in zip(labels[:4], values, strict=True))


_QUOTED_HTML = "".join(f"<p>{html.escape(line)}</p>" for line in QUOTED)


def _text_replies(language: str, words: str) -> Iterator[tuple[str, str]]:
    """Text bodies with the words above what is answered."""
    phone = PHONES[language][0]
    unmarked = "\n".join(QUOTED)
    for program, table in (("gmail", GMAIL), ("apple", APPLE), ("yahoo", YAHOO), ("proton", PROTON), ("thunderbird", THUNDERBIRD)):
        line = _filled(table[language])
        yield program, f"{words}\n\n{line}\n{_marked()}\n"
        yield f"{program} wrapped", f"{words}\n\n{_wrapped(line)}\n\n{_marked()}\n"
        yield f"{program} signed", f"{words}\n\n{phone}\n\n{line}\n\n{_marked()}\n"
        yield f"{program} unmarked", f"{words}\n\n{line}\n\n{unmarked}\n"
        yield f"{program} indented", f"{words}\n\n{_wrapped(line)}\n\n" + "\n".join(f"   {line}" for line in QUOTED)
        yield f"{program} marked attribution", f"{words}\n\n{phone}\n\n> {line}\n>\n{_marked()}\n"
        yield f"{program} close", f"{words}\n{line}\n{_marked()}\n"
    yield "outlook", f"{words}\n\n{_block(language)}\n\n{unmarked}\n"
    yield "outlook close", f"{words}\n{_block(language)}\n{unmarked}\n"
    yield "outlook bold", f"{words}\n\n{_block(language, sign='*')}\n\n{unmarked}\n"
    yield "outlook without subject", f"{words}\n\n{_block(language, (0, 1, 2))}\n\n{unmarked}\n"
    yield "outlook original", f"{words}\n\n-----{ORIGINAL[language]}-----\n{_block(language)}\n\n{unmarked}\n"
    yield "outlook web", f"{words}\n\n________________________________\n{_block(language)}\n\n{unmarked}\n"
    yield "outlook phone", f"{words}\n\n{PHONES[language][7]}\n________________________________\n{_block(language)}\n\n{unmarked}\n"
    yield "outlook marked", f"{words}\n\n{_block(language)}\n\n{_marked()}\n"
    yield (
        "samsung",
        f"{words}\n\n\n{PHONES[language][2]}\n\n\n-------- {ORIGINAL[language]} --------\n{_block(language, (0, 1, 2, 3), True)}\n\n{unmarked}\n",
    )
    yield "samsung unsigned", f"{words}\n\n-------- {ORIGINAL[language]} --------\n{_block(language, (0, 1, 2, 3), True)}\n{unmarked}\n"
    yield "gmx", f"{words}\n\n{_block(language, (1, 0, 2, 3))}\n\n{unmarked}\n"
    yield (
        "disclaimer",
        f"{words}\n\n-- \nBob Miller\nMiller Solar\n#close deals\n\nThis e-mail is confidential.\n\n{_filled(GMAIL[language])}\n{_marked()}\n",
    )
    yield "dashes", f"{words}\n--\nBob Miller\n#close deals\n\n{_block(language)}\n\n{unmarked}\n"
    yield "long dash", f"{words}\n\n—\nBob Miller | Miller Solar\n#close deals\n"
    if language == "pt":
        yield "gmail portugal", f"{words}\n\n{_filled(GMAIL_PORTUGAL)}\n\n{_marked()}\n"
    if language == "fr":
        yield (
            "orange",
            (
                f'{words}\n\n> Message du 23/11/26 09:00\n> De : "{WHO}" <{ADDRESS}>\n> A : bob@miller.example\n> Copie à :\n> Objet : Inverter\n>\n{_marked()}\n'
            ),
        )
        yield (
            "orange new",
            f"{words}\n\n\n\nenvoyé : 23 novembre 2026 à 09:00\nde : {WHO} <{ADDRESS}>\nà : bob@miller.example\nobjet : Inverter offline\n\n{unmarked}\n",
        )
    if language == "de":
        yield (
            "telekom",
            f"{words}\n\nGesendet mit der Telekom Mail App\n\n--- Original-Nachricht ---\nVon: {WHO} <{ADDRESS}>\nBetreff: Inverter\nDatum: 23.11.2026, 09:00 Uhr\nAn: Bob\n\n{unmarked}\n",
        )
        yield "web.de app", f"{words}\n-- \n{PHONES['de'][12]}\nAm 23.11.26, 09:00, {WHO} <{ADDRESS}> schrieb:\n\n{unmarked}\n"
    if language == "it":
        yield "libero", f"{words}\n\n> Il 23/11/2026 09:00 {WHO} <{ADDRESS}> ha scritto:\n>\n{_marked()}\n"
        yield (
            "libero old",
            f"{words}\n\n----Messaggio originale----\nDa: {ADDRESS}\nData: 23/11/2026 9.00\nA: <bob@miller.example>\nOgg: Inverter offline\n\n{unmarked}\n",
        )


def _text_below(language: str, words: str) -> Iterator[tuple[str, str]]:
    """Text bodies with the words below or between marked lines."""
    for program, table in (("gmail", GMAIL), ("apple", APPLE), ("yahoo", YAHOO), ("thunderbird", THUNDERBIRD)):
        line = _filled(table[language])
        yield f"{program} below", f"{line}\n{_marked()}\n\n{words}\n"
        yield f"{program} wrapped below", f"{_wrapped(line)}\n{_marked()}\n\n{words}\n\n-- \nBob Miller\n#close deals\n"
        yield f"{program} between", f"{line}\n{_marked(QUOTED[:6])}\n\n{words}\n\n{_marked(QUOTED[6:])}\n"


def _html_replies(language: str, words: str) -> Iterator[tuple[str, str]]:
    """HTML bodies with the words above what is answered."""
    phones = PHONES[language]
    quoted = f"<blockquote{{}}>{_QUOTED_HTML}</blockquote>"
    gmail = html.escape(_filled(GMAIL[language]))
    gmail_quote = f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{gmail}<br></div>{quoted.format(" class=gmail_quote")}</div>'
    yield "gmail", f'<div dir="ltr">{_paragraphs(words)}</div><br>{gmail_quote}'
    yield (
        "gmail app",
        f'<div dir="auto">{_paragraphs(words)}</div><br>{gmail_quote.replace("gmail_quote", "gmail_quote gmail_quote_container")}',
    )
    yield (
        "gmail app signed",
        (f'<div dir="auto">{_paragraphs(words)}<br><br><div data-smartmail="gmail_signature">{phones[0]}</div></div><br>{gmail_quote}'),
    )
    apple = html.escape(_filled(APPLE[language]))
    yield (
        "ios",
        (
            f'<html><head><meta http-equiv="content-type"></head><body dir="auto">{_paragraphs(words)}<br><div dir="ltr">{phones[0]}</div>'
            f'<div dir="ltr"><br><blockquote type="cite">{apple}<br><br></blockquote></div>'
            f'<blockquote type="cite"><div dir="ltr">\ufeff{_QUOTED_HTML}</div></blockquote></body></html>'
        ),
    )
    yield (
        "apple mail",
        (
            f'<body style="overflow-wrap: break-word;">{_paragraphs(words)}<div><br id="lineBreakAtBeginningOfMessage"><div><br>'
            f'<blockquote type="cite"><div>{apple}</div><br class="Apple-interchange-newline"><div>{_QUOTED_HTML}</div></blockquote></div></div></body>'
        ),
    )
    for name, signature in (("ios", phones[7]), ("android", phones[8])):
        for rule in ("divRplyFwdMsg", "x_divRplyFwdMsg", ""):
            start = f'<hr style="display:inline-block;width:98%" tabindex="-1"><div id="{rule}" dir="ltr">' if rule else '<div dir="ltr">'
            yield (
                f"outlook {name} {rule}",
                (
                    f'<body><div dir="auto" style="font-family: Aptos;">{_paragraphs(words)}</div><div id="ms-outlook-mobile-signature" dir="auto">'
                    f"<div><br></div><div>{html.escape(signature)}</div></div>{start}"
                    f'<font face="Calibri" color="#000000">{_bold_block(language)}</font><div>&nbsp;</div></div>{_QUOTED_HTML}</body>'
                ),
            )
    yield (
        "outlook mobile bare",
        (
            f"<body><div>{_paragraphs(words)}</div><div>{html.escape(phones[7])}</div><hr><div>{_bold_block(language)}</div>{_QUOTED_HTML}</body>"
        ),
    )
    mso = "".join(f'<p class="MsoNormal">{html.escape(line) or "<o:p>&nbsp;</o:p>"}</p>' for line in words.split("\n"))
    yield (
        "outlook desktop",
        (
            f'<body lang="EN-US"><div class="WordSection1">{mso}<p class="MsoNormal"><o:p>&nbsp;</o:p></p><div>'
            f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal">{_bold_block(language)}</p></div></div>'
            f"{_QUOTED_HTML}</div></body>"
        ),
    )
    yield (
        "outlook desktop original",
        (
            f'<body><div class="WordSection1">{mso}<p class="MsoPlainText">-----{ORIGINAL[language]}-----<br>{_bold_block(language)}</p>{_QUOTED_HTML}</div></body>'
        ),
    )
    yield (
        "outlook web",
        (
            f'<body><div style="font-family: Aptos">{_paragraphs(words)}</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" '
            f'tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font>{_bold_block(language)}</font><div>&nbsp;</div></div>{_QUOTED_HTML}</body>'
        ),
    )
    yield (
        "new outlook",
        (
            f'<div><div>{_paragraphs(words)}</div><div id="mail-editor-reference-message-container"><div><hr><div>{_bold_block(language)}</div>'
            f"{_QUOTED_HTML}</div></div></div>"
        ),
    )
    samsung = html.escape(_block(language, (0, 1, 2, 3), True)).replace("\n", " </div><div>")
    yield (
        "samsung",
        (
            f'<html><body><div dir="auto">{_paragraphs(words)}</div><div><br></div><div><br></div><div id="composer_signature" dir="auto">'
            f'<div style="font-size:85%;color:#575757" dir="auto">{phones[2]}</div></div><div><br></div><div align="left" dir="auto" style="font-size:100%;color:#000000">'
            f"<div>-------- {ORIGINAL[language]} --------</div><div>{samsung}</div><div><br></div></div>{_QUOTED_HTML}</body></html>"
        ),
    )
    yahoo = html.escape(_filled(YAHOO[language]))
    yield (
        "yahoo",
        (
            f'<html><body><div class="ydp123yahoo-style-wrap"><div></div>{_paragraphs(words)}<div><br></div></div><div id="yahoo_quoted_1234567890" class="yahoo_quoted">'
            f"<div><div>{yahoo}</div><div><br></div>{_QUOTED_HTML}</div></div></body></html>"
        ),
    )
    yield (
        "yahoo app",
        (
            f'{_paragraphs(words)}<br><br><div id="ymail_android_signature"><a id="ymail_android_signature_link" href="https://mail.example/">{phones[5]}</a></div> <br>'
            f' <blockquote style="margin: 0 0 20px 0;"> <div style="font-family:Roboto; color:#6D00F6;"> <div>{yahoo}</div> </div> <div>{_QUOTED_HTML}</div> </blockquote>'
        ),
    )
    thunderbird = html.escape(_filled(THUNDERBIRD[language]))
    yield (
        "thunderbird",
        f'<p>{"<br>".join(map(html.escape, words.split(chr(10))))}</p><div class="moz-cite-prefix">{thunderbird}<br></div><blockquote type="cite">{_QUOTED_HTML}</blockquote>',
    )
    proton = html.escape(_filled(PROTON[language]))
    yield (
        "proton",
        (
            f'<div style="font-family: Arial;">{_paragraphs(words)}</div><div class="protonmail_signature_block"><div class="protonmail_signature_block-proton">'
            f'{phones[11]}</div></div><div class="protonmail_quote">{proton}<br><blockquote class="protonmail_quote" type="cite">{_QUOTED_HTML}</blockquote></div>'
        ),
    )
    gmx = "".join(
        f"<div><b>{line.partition(':')[0]}:</b>{html.escape(line.partition(':')[2])}</div>"
        for line in _block(language, (1, 0, 2, 3)).split("\n")
    )
    yield (
        "gmx",
        (
            f'<html><body><div style="font-family: Verdana;font-size: 12.0px;">{_paragraphs(words)}<div>&nbsp;<div name="quote" style="margin:10px 5px 5px 10px;">'
            f'<div style="margin:0 0 10px 0;">{gmx}</div><div name="quoted-content">{_QUOTED_HTML}</div></div></div></div></body></html>'
        ),
    )
    yield (
        "web.de app",
        (
            f'{_paragraphs(words)}<br>-- <br><div>{html.escape(phones[0])}</div><div class="gmx_quote">{html.escape(_filled(YAHOO[language]))}'
            f"<blockquote>{_QUOTED_HTML}</blockquote></div>"
        ),
    )
    yield "plain blockquote", f"{_paragraphs(words, 'p')}<p>{gmail}</p><blockquote>{_QUOTED_HTML}</blockquote>"
    yield "attribution alone", f"{_paragraphs(words)}<div><br></div><div>{apple}</div><div>{_QUOTED_HTML}</div>"
    if language == "fr":
        yield (
            "orange",
            (
                f'{_paragraphs(words)}<blockquote style="padding-left:5px;border-left:2px solid orange"><div>envoyé : 23 novembre 2026 à 09:00</div><div>de : {WHO}</div>'
                f"<div>à : bob@miller.example</div><div>objet : x</div>{_QUOTED_HTML}</blockquote>"
            ),
        )
    if language == "it":
        yield (
            "libero",
            (
                f'{_paragraphs(words)}<blockquote type="cite">Il 23/11/2026 09:00 {WHO} &lt;{ADDRESS}&gt; ha scritto:<br>{_QUOTED_HTML}</blockquote>'
            ),
        )


def _html_below(language: str, words: str) -> Iterator[tuple[str, str]]:
    """HTML bodies with the words below a quotation."""
    thunderbird = html.escape(_filled(THUNDERBIRD[language]))
    yield (
        "thunderbird below",
        f'<div class="moz-cite-prefix">{thunderbird}<br></div><blockquote type="cite">{_QUOTED_HTML}</blockquote>{_paragraphs(words)}',
    )
    yield (
        "gmail below",
        (
            f'<div class="gmail_quote"><div class="gmail_attr">{html.escape(_filled(GMAIL[language]))}</div><blockquote class="gmail_quote">{_QUOTED_HTML}'
            f'</blockquote></div><div dir="ltr">{_paragraphs(words)}</div>'
        ),
    )
    yield (
        "apple below",
        f'<blockquote type="cite"><div>{html.escape(_filled(APPLE[language]))}</div>{_QUOTED_HTML}</blockquote>{_paragraphs(words)}',
    )


def replies(language: str, words: str) -> Iterator[Reply]:
    """Every program's mail with these words, in this language; each HTML alone and beside an empty text."""
    for name, text in (*_text_replies(language, words), *_text_below(language, words)):
        yield Reply(name=f"{name}, text", written=words, text=text, html=None)
    for name, document in (*_html_replies(language, words), *_html_below(language, words)):
        yield Reply(name=f"{name}, html", written=words, text=None, html=document)
        yield Reply(name=f"{name}, empty text", written=words, text="\n", html=document)


def signed(language: str, words: str) -> Iterator[Reply]:
    """The words above each line that a phone writes of its own accord, with and without a quotation below."""
    for phone in PHONES[language]:
        yield Reply(name=f"{phone}, alone", written=words, text=f"{words}\n\n{phone}\n", html=None)
        yield Reply(name=f"{phone}, close", written=words, text=f"{words}\n{phone}\n", html=None)
        yield Reply(
            name=f"{phone}, quote", written=words, text=f"{words}\n\n{phone}\n\n{_filled(GMAIL[language])}\n{_marked()}\n", html=None
        )
        yield Reply(
            name=f"{phone}, html", written=words, text=None, html=f"{_paragraphs(words)}<div><br></div><div>{html.escape(phone)}</div>"
        )


def other(line: str, words: str) -> Iterator[Reply]:
    """The words above a line of `OTHERS`: near a marked quotation, and far from one that is marked or isn't."""
    line = line.replace("|", "\n").replace("{address}", ADDRESS)
    for gap, below in (("\n", "\n" + _marked()), ("\n\n", "\n\n" + _marked()), ("\n\n", "\n\n" + "\n".join(QUOTED))):
        for above in {line, _wrapped(line) if "\n" not in line else line}:
            yield Reply(name=f"{above}{below[:4]!r}", written=words, text=f"{words}{gap}{above}{below}\n", html=None)

"""How mails end: the signature separator, "Sent from my phone", closings and the writer's name.

Only lines that are nothing but an ending are taken; a line that begins with a command sign never is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SEPARATORS = frozenset(("--", "—", "–", "__", "-- -", "--·"))
COMMAND_SIGNS = frozenset("#!/＃！／")
_MAX_PHONE = 120
_MAX_LINE = 70
_MAX_BELOW = 7
_COMMANDS_WITHIN = 200

_ENDING_IN_SENT = ("von ", "mit ", "vom ", "über ", "aus ")
"""German puts the verb last: "Von Yahoo Mail auf Android gesendet". Such a line must end in it."""
_MAY_BE_PROSE = ("get outlook", "outlook for")
_PLATFORMS = ("ios", "android", "iphone", "ipad", "mac", "windows", "mobile", "web")
"""What such a line names in the end; else it speaks of the program, or of the weather."""
_TAGLINES = ("yahoo mail:", "yahoo mail :")
"""What a program says of itself below the words ("Yahoo Mail: Search, Organize, Conquer")."""
_PHONE_STARTS = (
    *_ENDING_IN_SENT,
    "sent from", "sent via", "sent with", "sent on my", "sent using", "get outlook", "get bluemail", "von meinem", "von meiner",
    "gesendet von",
    "gesendet mit", "gesendet aus", "gesendet über", "gesendet vom", "diese nachricht wurde von meinem", "diese e-mail wurde von meinem",
    "holen sie sich outlook", "outlook für", "outlook for", "outlook pour", "outlook para", "outlook per ", "outlook voor", "envoyé de",
    "envoyé depuis",
    "envoyé à partir", "envoyé avec", "envoyé par", "envoyé via", "obtenez outlook", "obtenir outlook", "télécharger outlook",
    "téléchargez outlook",
    "enviado desde", "enviado de", "enviado do", "enviado a partir", "enviado por", "enviado via", "enviado con", "enviado com",
    "enviada do",
    "obtener outlook", "obtenga outlook", "descargar outlook", "obter o outlook", "obtenha o outlook", "baixar o outlook",
    "baixe o outlook",
    "inviato da", "inviato dal", "inviato con", "inviata da", "ottieni outlook", "scarica outlook", "verstuurd vanaf", "verstuurd met",
    "verstuurd van",
    "verzonden vanaf", "verzonden met", "verzonden via", "verzonden van", "download outlook", "outlook downloaden", "skickat från",
    "skickat via",
    "skickad från", "skickades från", "hämta outlook", "sendt fra", "sendt via", "sendt med", "hent outlook", "få outlook", "lähetetty",
    "hanki outlook",
    "wysłane z", "wysłano z", "wysłane za", "pobierz outlook", "pobierz program outlook", "отправлено с", "отправлено из", "отправлено со",
    "скачать outlook", "скачайте outlook", "получить outlook", "надіслано з", "надіслано із", "відправлено з", "odesláno z", "odesláno ze",
    "odoslané z", "poslano z", "poslano sa", "получите outlook", "iphone'umdan", "iphone’umdan", "ipad'imden", "ipad’imden", "gönderen:",
    "outlook'u",
    "obtén outlook",
    "iphone-ról küldve", "iphone-omról", "az iphone", "az ipad", "trimis de pe", "trimis din", "obțineți outlook", "στάλθηκε από",
    "enviat des",
    "iphoneから送信", "ipadから送信", "androidから送信", "outlook for", "发自我的", "發自我的", "从我的", "從我的", "发自", "發送自",
    "傳送自", "获取", "取得 outlook",
    "나의 iphone", "나의 ipad", "내 iphone", "내 ipad", "iphone에서", "android용 outlook", "ios용 outlook", "נשלח מ", "أُرسلت من",
    "أرسلت من",
    "مُرسل من",
    "đã gửi từ", "gửi từ", "dikirim dari", "ส่งจาก", "išsiųsta iš", "saadetud", "nosūtīts", "sent by my", "send from my",
)  # fmt: skip
PHONE_SIGNS = frozenset(sign for start in (*_PHONE_STARTS, *_TAGLINES) for sign in (start[0], start[0].upper()))
"""The signs a phone's line can begin with: the cheap question before `is_phone`."""
_PRODUCTS = (
    "phone", "iphon", "pad",
    "ipod", "android", "outlook", "samsung", "galaxy", "blackberry", "mobil", "handy", "smartphone", "tablet", "nexus",
    "pixel",
    "huawei", "xiaomi", "redmi", "nokia", "htc", "sony", "lumia", "windows", "mail", "gmx", "web.de", "yahoo", "proton", "tutanota",
    "spark",
    "k-9", "aquamail", "bluemail", "verizon", "t-mobile", "at&t", "wireless", "oneplus", "motorola", "lenovo", "lg", "asus", "mac",
    "device",
    "app", "telefon", "teléfono", "téléphone", "cell", "sparrow", "airmail", "boxer", "mailbird", "thunderbird", "orange", "vodafone",
    "4g", "5g",
    "móvil", "movil", "telemóvel", "celular", "mobiel", "telefoon", "dispositivo", "appareil", "toestel", "gerät",
    "телефон", "смартфон", "手机", "手機", "thư", "nine", "superhuman", "front", "polymail", "newton", "inky", "acompli", "desktop", "ipad",
)  # fmt: skip
_EXCUSES = ("excuse", "brevity", "typo", "forgive", "kürze", "tippfehler", "brièveté", "brevedad", "brevità")
_PROSE = (" is ", " are ", " was ", " were ", " because ", " so ", " but ", " and i ", " ist ", " und ich ", " weil ")

_CLOSINGS_STRONG = frozenset(
    """regards|best regards|kind regards|warm regards|warmest regards|with regards|with kind regards|with best regards|kindest regards|rgds|
    best wishes|all the best|yours|yours sincerely|yours truly|yours faithfully|sincerely|sincerely yours|respectfully|br|kr|brgds|bests|
    mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|mit freundlichem gruss|freundliche grüße|freundliche grüsse|
    viele grüße|viele grüsse|beste grüße|beste grüsse|liebe grüße|liebe grüsse|schöne grüße|herzliche grüße|herzliche grüsse|mfg|lg|vg|
    gruß|gruss|
    grüße|grüsse|mit besten grüßen|mit lieben grüßen|hochachtungsvoll|cordialement|bien cordialement|très cordialement|bien à vous|
    salutations|sincères salutations|meilleures salutations|cdlt|amicalement|sincèrement|saludos|un saludo|saludos cordiales|
    un cordial saludo|
    atentamente|cordialmente|saluti|cordiali saluti|distinti saluti|un saluto|a presto|tanti saluti|atenciosamente|att|cumprimentos|
    com os melhores cumprimentos|melhores cumprimentos|um abraço|abraços|abraço|abs|met vriendelijke groet|met vriendelijke groeten|
    vriendelijke groet|vriendelijke groeten|groeten|groet|groetjes|gr|mvg|med vänliga hälsningar|
    med vänlig hälsning|vänliga hälsningar|vänlig hälsning|
    hälsningar|mvh|med venlig hilsen|venlig hilsen|hilsen|med vennlig hilsen|vennlig hilsen|vh|bedste hilsner|ystävällisin terveisin|
    terveisin|
    parhain terveisin|pozdrawiam|z poważaniem|pozdrowienia|s pozdravem|s pozdravom|pozdrav|lep pozdrav|с уважением|с наилучшими пожеланиями|
    з повагою|saygılarımla|saygılar|iyi çalışmalar|üdvözlettel|tisztelettel|cu stimă|cu respect|με εκτίμηση|よろしくお願いします|
    よろしくお願いいたします|よろしくお願い致します|以上|此致|敬礼|顺颂商祺|감사합니다|בברכה|مع تحياتي|trân trọng|salam|hormat kami|
    lugupidamisega|pagarbiai|
    ar cieņu""".replace("\n    ", "").split("|")
)
_CLOSINGS_WEAK = frozenset(
    """thanks|thank you|many thanks|thanks a lot|thank you very much|thanks very much|thanks so much|thx|ty|cheers|
    thanks again|thanks in advance|thank you in advance|thanks and regards|thanks & regards|best|danke|vielen dank|
    besten dank|danke schön|danke im voraus|merci|merci beaucoup|merci d'avance|gracias|muchas gracias|gracias de antemano|
    grazie|grazie mille|obrigado|obrigada|bedankt|alvast bedankt|dank|tack|tack så mycket|tak|takk|mange tak|kiitos|dziękuję|
    dzięki|děkuji|ďakujem|спасибо|дякую|teşekkürler|köszönöm|mulțumesc|谢谢|謝謝|ありがとうございます|
    take care|talk soon|ciao|bye""".replace("\n    ", "").split("|")
)
_AND = re.compile(r" (?:/|&|and|und|et|y|e|en) ")
_PUNCTUATION = " \t\r,.!;:-–—~*_\xa0，。！、"


def is_separator(line: str) -> bool:
    """The line between words and signature ("-- ", "--", "—"); `line` stripped."""
    return line in _SEPARATORS


def is_phone(line: str) -> bool:
    """The line "Sent from my iPhone", "Get Outlook for iOS" and the same in other languages; `line` stripped."""
    text = line.strip("*_[<(-— ")[: _MAX_PHONE + 1].lower()
    if text.startswith(_TAGLINES) and len(text.split()) <= 8:
        return True
    if not text.startswith(_PHONE_STARTS):
        return False
    words = line.partition("<")[0].partition("[http")[0].partition("(http")[0].strip().lower() or text
    if "@" in line and line.rstrip(" :")[-5:].lower() == "wrote":
        return True
    if len(words) > _MAX_PHONE:
        return False
    if any(excuse in words for excuse in _EXCUSES):
        return True
    if any(prose in words for prose in _PROSE) or words[-1] in "?:" or ", " in words:
        return False
    if words.startswith(_ENDING_IN_SENT):
        return words.rstrip(" .!").endswith("gesendet") and any(product in words for product in _PRODUCTS) and len(words.split()) <= 9
    if words.startswith(_MAY_BE_PROSE) and not any(platform in words for platform in _PLATFORMS):
        return False
    if any(product in words for product in _PRODUCTS):
        return len(words.split()) <= 14
    return words.startswith(("sent from my ", "sent from a ")) and len(words.split()) <= 8


def ending(lines: Sequence[str], sender_name: str, signed: bool = False) -> tuple[int, str] | None:
    """The index from which `lines` are an ending, and the rule that says so; None when there is none.

    `lines` ends with a line that isn't blank; `signed` says that a name stood below it. Something is always left: a mail that
    is only a closing keeps it.
    """
    names = _names(sender_name)
    last = len(lines) - 1
    below = 0
    only_names = True
    for index in range(last, max(-1, last - 2 * _MAX_BELOW), -1):
        text = lines[index].strip()
        if not text:
            continue
        if text[0] in COMMAND_SIGNS or len(text) > _MAX_LINE or below > _MAX_BELOW:
            return None
        if index == 0 or not any(line.strip() for line in lines[max(0, index - 20) : index]):
            return None
        bare = text.strip(_PUNCTUATION).lower()
        closing = bare if below else _without_name(bare, names)
        if _is_strong(closing) and (below or signed or closing != bare or text[-1:] == "," or len(bare) > 3):
            return index, "closing"
        thanks = closing in _CLOSINGS_WEAK and only_names
        if thanks and (below or signed or closing != bare or text[-1] in ",，" or _has_command(lines)):
            return index, "closing"
        if bare in names and (below == 0 or " " in bare):
            return index, "name"
        if below == 0 and _is_dashed_name(text) and not lines[index - 1].strip():
            return index, "name"
        if _is_prose(text):
            return None
        below += 1
        only_names = only_names and _looks_like_name(text)
    return None


def _has_command(lines: Sequence[str]) -> bool:
    """Whether thanks below can only end the mail: in a plain answer they may be what is said."""
    return any(line.lstrip()[:1] in COMMAND_SIGNS for line in lines[:_COMMANDS_WITHIN] if line.strip())


def _is_strong(bare: str) -> bool:
    """A closing, perhaps two in one: "Viele Grüße / Best regards", "Danke und Gruß"."""
    halves = [half.strip(_PUNCTUATION) for half in _AND.split(bare, 2)]
    return all(half in _CLOSINGS_STRONG or (half in _CLOSINGS_WEAK and len(halves) > 1) for half in halves)


def _without_name(bare: str, names: frozenset[str]) -> str:
    """What is left of a closing that the sender's name shares a line with: "thanks, bob"."""
    for name in names:
        if bare.endswith(name) and (rest := bare.removesuffix(name))[-1:] in _PUNCTUATION and rest.strip(_PUNCTUATION):
            return rest.strip(_PUNCTUATION)
    return bare


def _names(sender_name: str) -> frozenset[str]:
    """The sender's name as people sign: whole, first name, and both ways round when it is written "Last, First"."""
    name = " ".join(sender_name[:200].split()).lower().strip(_PUNCTUATION + "\"'")
    if not name or "@" in name:
        return frozenset()
    last, comma, first = name.partition(",")
    if comma and first.strip():
        name = f"{first.strip()} {last.strip()}"
    words = name.split()
    return frozenset((name, words[0].strip(_PUNCTUATION))) - {""}


def _is_prose(text: str) -> bool:
    """A line that reads as a sentence can't stand in a signature block."""
    return (text[-1] in ".?:;…" and len(text.split()) > 2) or len(text.split()) > 9 or _is_item(text)


def _is_item(text: str) -> bool:
    """An item of a list, or a line of figures that is no address: "2. Reset it"."""
    if text[0] in "-*•>":
        return True
    number, _, rest = text.partition(" ")
    return number[0].isdigit() and not (number.isdigit() and len(number) >= 4 and rest[:1].isupper() and len(rest.split()) <= 3)


def _looks_like_name(text: str) -> bool:
    """A person, a firm or a telephone number rather than a sentence: few words, none in lower case."""
    words = text.split()
    return len(words) <= 5 and not any(word[0].islower() for word in words if word not in ("de", "von", "van", "der", "da", "of", "und"))


def _is_dashed_name(text: str) -> bool:
    """`-Ada Lovelace`: a dash and two or three capitalised words."""
    if text[0] not in "-–—~" or text[1:2].isspace():
        return False
    words = text[1:].split()
    return 2 <= len(words) <= 3 and all(word[:1].isupper() and word.strip(".").isalpha() for word in words)

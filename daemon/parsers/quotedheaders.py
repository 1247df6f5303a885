"""What stands above a quotation that is not marked with ">": header blocks, "Original Message" and "Forwarded message".

Outlook and the phones copy the fields of the quoted mail (From, Sent, To, Subject) in the writer's language.
"""

from __future__ import annotations

from collections.abc import Sequence

_MAX_BLOCK = 14
_MAX_LABEL = 32
_MAX_CONTINUATION = 2
_MAX_FLAT = 3
_MAX_FLAT_SIGNS = 400

_FIELDS = {
    "from": (
        "from|von|de|da|van|fra|från|lähettäjä|od|от|от кого|від|kimden|gönderen|feladó|de la|από|发件人|寄件者|寄件人|發件人|差出人|"
        "送信者|"
        "보낸사람|보낸 사람|발신|מאת|من|từ|dari|expéditeur|mittente|remitente|afzender|avsändare|odesílatel|odosielateľ|absender|nuo|no|"
        "saatja|จาก|frá|از|प्रेषक"
    ),
    "sent": (
        "sent|gesendet|envoyé|envoyé le|enviado|enviado el|enviado em|enviada em|enviada|inviato|inviata|verzonden|sendt|skickat|lähetetty|"
        "wysłano|wysłane|data wysłania|odesláno|odoslané|отправлено|надіслано|gönderildi|gönderme tarihi|gönderim|elküldve|küldve|trimis|"
        "στάλθηκε|发送时间|發送時間|寄件日期|傳送時間|送信日時|送信|보낸 날짜|보낸날짜|발송|sendt den|נשלח|תאריך|gesendet am|dikirim|"
        "đã gửi|enviat|"
        "изпратено|poslano|poslato|saadetud|nosūtīts|išsiųsta|تاریخ ارسال|भेजा गया"
    ),
    "date": (
        "date|datum|fecha|data|dato|päivämäärä|päiväys|дата|tarih|dátum|日期|日付|日時|날짜|التاريخ|message du|le|ngày|tanggal|"
        "ημερομηνία|când"
    ),
    "to": (
        "to|an|à|a|para|aan|naar|til|till|vastaanottaja|do|komu|кому|kime|alıcı|címzett|către|προς|收件人|收件者|宛先|받는사람|받는 사람|"
        "수신|"
        "אל|إلى|pour|đến|kepada|destinataire|destinatario|destinatário|pro|per a|kam|ถึง|до|za|adressaat|به|प्रति"
    ),
    "cc": "cc|bcc|kopie|copie|copie à|copia|cópia|kopia|kopi|kopio|dw|копия|копія|bilgi|másolatot kap|抄送|副本|参照|참조|kopija|kópia",
    "subject": (
        "subject|betreff|objet|sujet|asunto|oggetto|assunto|onderwerp|emne|ämne|aihe|temat|předmět|predmet|тема|konu|tárgy|subiect|θέμα|"
        "主题|主題|主旨|标题|件名|제목|נושא|الموضوع|chủ đề|perihal|subjek|assumpte|tema|เรื่อง|"
        "относно|zadeva|naslov|teema|tēma|efni|موضوع|विषय"
    ),
    "reply-to": "reply-to|reply to|antwort an|risposta|répondre à|responder a|rispondi a|antwoord aan|svar till|svar til|ответить",
}
_KIND = {label: kind for kind, labels in _FIELDS.items() for label in labels.split("|")}

_ORIGINAL = frozenset(
    [
        "original",
        "originale",
        "originalnachricht",
        "ursprüngliche",
        "ursprunglig",
        "ursprungligt",
        "originalmeddelande",
        "oprindelig",
        "opprinnelig",
        "oorspronkelijk",
        "oorspronkelijke",
        "origineel",
        "originele",
        "oryginalna",
        "pierwotna",
        "původní",
        "pôvodná",
        "alkuperäinen",
        "исходное",
        "оригинальное",
        "orijinal",
        "özgün",
        "eredeti",
        "mesajul",
        "αρχικό",
        "原始邮件",
        "原始郵件",
        "原邮件",
        "邮件原件",
        "元のメッセージ",
        "원본",
        "원본메시지",
        "הודעה",
        "d'origine",
        "d’origine",
        "inicial",
        "початкове",
        "оригінальне",
        "оригинално",
        "izvorna",
        "الأصلية",
        "gốc",
    ]
)
_FORWARDED = frozenset(
    [
        "forwarded",
        "weitergeleitete",
        "weitergeleitet",
        "transféré",
        "transférés",
        "transmis",
        "réexpédié",
        "reenviado",
        "reenviada",
        "inoltrato",
        "inoltrata",
        "encaminhada",
        "encaminhado",
        "reencaminhada",
        "reencaminhado",
        "doorgestuurd",
        "doorgestuurde",
        "videresendt",
        "vidarebefordrat",
        "välitetty",
        "przekazana",
        "przekazywana",
        "iletilen",
        "továbbított",
        "转发的邮件",
        "转发邮件",
        "轉寄的郵件",
        "転送メッセージ",
        "전달된",
        "переслане",
        "пересылаемое",
        "пересланное",
    ]
)
_MARKED = _ORIGINAL | _FORWARDED
_RULE = "-_=*—–~‐ "
_FRAMES = ("--", "__", "==", "——", "~~", "‐‐")
_FORWARDS = (
    "begin forwarded message", "anfang der weitergeleiteten", "anfang der weitergeleitete", "début du message", "début du courriel",
    "inicio del mensaje reenviado", "comienzo del mensaje reenviado", "inizio messaggio inoltrato", "inizio del messaggio inoltrato",
    "início da mensagem encaminhada", "início da mensagem reenviada", "início da mensagem reencaminhada",
    "begin doorgestuurd bericht", "vidarebefordrat brev",
    "start på videresendt besked", "videresendt melding", "välitetty viesti alkaa", "początek przekazywanej", "начало переадресованного",
    "начало пересылаемого", "iletilen ileti başlangıcı", "iletilen e-postanın başlangıcı", "转发的信件", "开始转发的邮件", "開始轉寄訊息",
    "転送されたメッセージ", "전달된 메시지", "---------- forwarded message",
)  # fmt: skip
FORWARD_SIGNS = frozenset(sign for start in _FORWARDS for sign in (start[0], start[0].upper()))
"""The signs a forward can begin with: the cheap question before `is_forward_start`."""


def field_kind(line: str) -> str | None:
    """Which field of a header block the stripped line is ("from", "subject", ...), in any of the languages; else None."""
    colon = line.find(":", 0, _MAX_LABEL)
    if colon < 0:
        colon = line.find("：", 0, _MAX_LABEL)
    if colon < 1:
        return None
    return _KIND.get(line[:colon].strip(" *_\t\xa0|[]\u200f\u200e").lower())


def is_block(lines: Sequence[str], start: int, wanted: int = 3) -> bool:
    """Whether a header block begins at `start`: at least `wanted` different fields, nothing but their folded values between."""
    kinds: set[str] = set()
    strange = 0
    blank = 0
    for line in lines[start : start + _MAX_BLOCK]:
        text = line.strip()
        if not text:
            blank += 1
            if blank > 1:
                return False
            continue
        kind = field_kind(text)
        if kind is None:
            strange += 1
            if strange > _MAX_CONTINUATION or blank:
                return False
            continue
        strange = blank = 0
        if kind in kinds and kind not in ("to", "cc"):
            return False
        kinds.add(kind)
        if len(kinds) >= wanted and not kinds.isdisjoint(("from", "subject")):
            return True
    return False


def is_flat_block(lines: Sequence[str], start: int) -> bool:
    """Whether a header block begins at `start` whose lines were run together: "From: Ada Sent: Monday To: Bob Subject: x"."""
    words: list[str] = []
    for line in lines[start : start + _MAX_FLAT]:
        if not line.strip():
            break
        words += line[:_MAX_FLAT_SIGNS].split()
    kinds: set[str] = set()
    for index, word in enumerate(words):
        if word[-1] == ":":
            found = field_kind(word) or (field_kind(f"{words[index - 1]} {word}") if index else None)
            kinds |= {found} if found is not None else set()
    return {"from", "to"} <= kinds and not kinds.isdisjoint(("sent", "date")) and words[0][-1] == ":"


def is_original_rule(line: str) -> bool:
    """`-----Original Message-----`, `---------- Forwarded message ----------` and the same in other languages, `line` stripped."""
    return _says(line, _MARKED)


def is_forward_rule(line: str) -> bool:
    """Of those the ones that stand above a forwarded mail alone; `line` stripped."""
    return _says(line, _FORWARDED)


def _says(line: str, wanted: frozenset[str]) -> bool:
    """Whether it is a drawn line with one of these words in it."""
    if len(line) > 100 or line.strip("*_ ")[:2] not in _FRAMES:
        return False
    words = line.strip(_RULE)
    if not words or line.strip("*_ :")[-1:] not in _RULE:
        return False
    return not wanted.isdisjoint(words.lower().replace(":", " ").replace("-", " ").split())


def is_forward_start(line: str) -> bool:
    """The line "Begin forwarded message:" and the same in other languages, `line` stripped."""
    text = line.lstrip("*_- ")[:60].lower()
    return text.startswith(_FORWARDS) and len(line) <= 60


def is_rule(line: str) -> bool:
    """A line drawn between the new words and what follows, of signs only or with a few words in it; `line` stripped."""
    if len(line) < 3 or (len(line) > 100 and line.strip(_RULE)):
        return False
    return not line.strip(_RULE) or (line[:2] in _FRAMES and line[-2:] in _FRAMES)

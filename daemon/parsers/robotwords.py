"""The words of robots: their local parts, names and mailers, and the subjects of automatic answers in the main languages.

Words alone prove little, people write "out of office" too. A subject counts when it is in the form that programs write, or when
the body says the same.
"""

from __future__ import annotations

import re

from daemon.parsers import robotsentences

_LOCAL_PARTS = frozenset(
    [
        "mailer-daemon",
        "mailerdaemon",
        "mail-daemon",
        "maildaemon",
        "postmaster",
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "no_reply",
        "do_not_reply",
        "no.reply",
        "do.not.reply",
        "dontreply",
        "dont-reply",
        "not-reply",
        "noreplies",
        "no-response",
        "noresponse",
        "bounce",
        "bounces",
        "root",
        "daemon",
        "listserv",
        "listproc",
        "majordomo",
        "mailman",
        "autoreply",
        "auto-reply",
        "autoresponder",
        "auto-responder",
        "autoresponse",
        "autoanswer",
        "automailer",
        "mailer",
        "robot",
        "mailrobot",
        "mail-robot",
        "vacation",
        "nobody",
        "noresponder",
        "no-responder",
        "naoresponder",
        "nao-responda",
        "naoresponda",
        "noreponse",
        "ne-pas-repondre",
        "nepasrepondre",
        "nichtantworten",
        "nicht-antworten",
        "keine-antwort",
        "keineantwort",
        "antwort-nicht",
        "noreply-bounces",
        "wwwrun",
        "www-data",
        "apache",
        "cron",
        "cron-daemon",
        "cronjob",
        "anacron",
        "alertmanager",
        "fail2ban",
        "logwatch",
        "nagios",
        "zabbix",
        "mdaemon",
        "mail-delivery-subsystem",
        "maildeliverysystem",
        "symantec-bounce",
        "undeliverable",
        "notification",
        "notifications",
        "notify",
        "alert",
        "alerts",
        "newsletter",
        "newsletters",
        "automated",
        "auto-confirm",
        "auto-notification",
        "autorespond",
        "nicht_antworten",
        "monitoring",
        "jenkins",
        "delivery-notification",
        "delivery-status",
    ]
)
_LOCAL_PATTERN = re.compile(
    r"(?:.{0,60}[-_.+])?(?:no|do[-_.]?not|dont)[-_.]?reply(?:[-_.+0-9].{0,60})?|owner-.{1,60}|.{1,60}-(?:request|owner|bounces?|return)|"
    r"microsoftexchange[0-9a-f]{32}|(?:bounces?|return|prvs|srs0|msprvs1)[-+=].{1,200}|.{1,60}[-_.]noreply|"
    r"(?:mailer-daemon|postmaster)[-+].{1,60}"
)
_LIST_ROLE = re.compile(r"owner-.{1,60}|.{1,60}-(?:request|owner|bounces?|admin)(?:[+=].{0,200})?|bounces?[-+=].{1,200}")
_DAEMON_NAMES = (
    "mailer-daemon", "mailer daemon", "mail delivery sub", "mail delivery sys", "mail delivery service", "mail delivery daemon",
    "delivery status notif",
    "mail transport", "system administrator", "internet mail delivery", "mdaemon", "mail system", "mailsystem", "mail deliver",
    "delivery subsystem",
    "systemadministrator", "mailer_daemon", "postmaster", "automatic email delivery", "maildelivery", "(cron daemon", "cron daemon",
)  # fmt: skip
_ROBOT_MAILERS = re.compile(r"(?:vacation|autorespond|autoreply|auto-reply|mdaemon autoresponder|ezmlm|cron\b|vbulletin notif)")

_ANSWER_STARTS = (
    "automatic reply:", "automatic response:", "auto reply:", "auto-reply:", "autoreply:", "auto response:", "auto-response:",
    "autoresponse:", "auto: re:", "out of office:", "out of the office:", "out of office autoreply:", "out of office reply:",
    "[auto-reply]",
    "[autoreply]",
    "[automatic reply]", "[auto reply]", "[auto response]", "[auto-response]", "automated reply:",
    "automated response:",
    "vacation reply:", "vacation message:", "away message:", "auto respond", "autoresponder:", "auto responder:",
    "automatische antwort:", "abwesenheitsnotiz:", "abwesenheitsnotiz",
    "abwesenheitsassistent", "abwesenheitsnachricht", "automatische abwesenheit", "autom. antwort:", "auto-antwort:", "réponse automatique",
    "reponse automatique",
    "absence du bureau", "message d'absence", "absent du bureau", "notification d'absence", "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina", "fuera de oficina", "ausente de la oficina", "autorespuesta", "risposta automatica", "fuori sede",
    "fuori ufficio",
    "assenza dall'ufficio", "resposta automática", "resposta automatica", "fora do escritório", "ausência temporária",
    "ausente do escritório",
    "automatisch antwoord", "automatische reactie", "afwezigheid:", "afwezig:", "niet aanwezig:", "automatisch beantwoord", "autosvar",
    "automatiskt svar",
    "frånvaromeddelande", "frånvaro:", "frånvarande:", "automatisk svar", "fraværsmelding", "fraværsbesked", "ikke til stede",
    "ikke på kontoret",
    "ude af kontoret", "automaattinen vastaus", "poissaoloviesti", "poissa toimistosta", "poissa:", "automatyczna odpowiedź",
    "odpowiedź automatyczna",
    "autoodpowiedź", "poza biurem", "nieobecność", "automatická odpověď", "automatická odpoveď", "mimo kancelář", "автоматический ответ",
    "автоответ", "автоматична відповідь", "відсутній", "нет на работе", "вне офиса", "отсутствую", "otomatik yanıt", "otomatik cevap",
    "ofis dışında",
    "automatikus válasz", "automatikus valasz", "irodán kívül", "răspuns automat", "absent de la birou", "αυτόματη απάντηση",
    "εκτός γραφείου", "自动回复",
    "自動回覆", "自动答复", "自動回信", "自動返信", "自動応答", "不在通知", "不在のお知らせ", "自動応答", "자동응답",
    "аутоматски одговор", "automātiskā atbilde", "자동 회신", "자동회신",
    "자동 응답", "부재중", "מענה אוטומטי", "תשובה אוטומטית",
    "رد تلقائي", "الرد التلقائي", "trả lời tự động", "balasan otomatis", "automaatvastus", "automatinis atsakymas", "automātiska atbilde",
    "samodejni odgovor", "absent(e) du bureau", "niet op kantoor", "afwezigheidsassistent", "ausência do escritório",
    "外出时的自动答复", "外出時的自動回覆",
    "automatski odgovor", "автоматичен отговор", "resposta automàtica", "erantzun automatikoa", "การตอบกลับอัตโนมัติ", "ตอบกลับอัตโนมัติ",
)  # fmt: skip
_ANSWER_WORDS = re.compile(
    r"out of (?:the )?office\b(?! (?:hours?|chairs?|space|supplies|times?)\b)|\booo\b|auto[- ]?(?:reply|respon[ds])|"
    r"automatic(?:ally)? (?:generated|reply|response)|automated (?:reply|response)|automatische (?:antwort|abwesenheit|reactie|nachricht)|"
    r"\bon (?:vacation|leave|holidays?)\b|\b(?:annual|parental|maternity|sick) leave\b|\baway from\b(?! (?:grid|home|the grid)\b)|"
    r"\bvacation\b(?! (?:houses?|homes?|rentals?|flats?|apartments?|property|mode|settings?)\b)|"
    r"\babwesend\b|\babwesenheit(?:s(?!vertret)\w*)?\b|\b(?:jahres|sommer|weihnachts)?urlaub\b|"
    r"\burlaubs(?:notiz|meldung|nachricht|mitteilung|abwesenheit)\b|nicht im büro|\bau(?:ß|ss)er haus\b|"
    r"\ben congés?\b|\bcongés\b|(?<!de )\bvacances\b|(?<!casa de )(?<!piso de )\bvacaciones\b|"
    r"\bfuera de (?:la )?oficina\b|\bfuori ufficio\b|\bferien?\b|\bferier\b|\bférias\b|"
    r"\bvakantie\b|\bsemester\b|\blomalla\b|\burlop(?:u|ie)?\b|\bdovolen(?:á|é|ou|k\w)|\bfraværende\b|"
    r"\bв? ?отпуске?\b|\bотсутствую\b|\bвідпуст\w{1,3}\b|\bizinde(?:yim)?\b|\bszabadság(?:on)?\b|\bconcediu\b|休假|休暇|휴가|부재|"
    r"不在(?:通知|の|に|で|中|連絡|\Z|[\s:：(（])|不在(?:办公|辦公)",
    re.IGNORECASE,
)
_ABSENT = (
    r"(?:absen(?:t|ce)e?s?|ausentes?|ausência|assent[ei]|assenza|afwezig(?:heid)?|frånvar(?:o|ande)|nieobecn(?:y|a|i|ość)|отсутстви[ея])"
)
_ABSENT_AT_AN_END = re.compile(
    rf"\A(?:(?:re|aw|sv|tr) ?: ?)?{_ABSENT}\s?(?:\Z|[:(,.!–—-]|\d|(?:from|until|till|today|du|jusqu\S{{0,3}}|dal|"
    rf"fino|até|tot|t\.?o\.?m|do|до)\b)|"
    rf"\b{_ABSENT}[.!]?\Z"
)
"""Things are absent, too ("absence of data", "meter absent in the portal"): whoever is, is so at the start or end of a subject."""
_AUTOMATIC = re.compile(
    r"\bauto(?:\b|ma|mā|(?=re[ps]|ré|answ|antw|svar|odp|risp|vas|v[áa]l))|"
    r"αυτόματ|автомат|аўтамат|自动|自動|자동|אוטומט|تلقائ|خودکار|स्वचालित|อัตโนมัติ|tự động|otomat|sjálfvirk|"
    r"awtomat|uathoibr|samodejn|avtomat|ავტომატ|ինքնա|স্বয়ংক্রিয়"
)
_ANSWER = re.compile(
    r"repl[yi]|respon(?!sib)|answer|antwort(?!lich)|r[ée]pon|respue|rispost|respost|antwoord|svar|vasta?u|odpow(?!iedzialn)|odpov(?!ědn)|"
    r"v[áa]lasz|r[ăa]spun|отговор(?!н)|ответ(?!ств|в)|відпов(?!ідальн)|адказ|yan[ıi]t|cevap|cavab|απάντη|תשובה|מענה|رد|应答|応答|返信|答复|答覆|回复|回覆|"
    r"回信|회신|응답|답장|ตอบ|trả lời|balasan|"
    r"jawapan|odgovor|одговор|atsakym|atbild|उत्तर|जवाब|پاسخ|ymateb|freagra|жауап|përgjigj|პასუხ|պատասխան|উত্তর"
)
_PREFIX = re.compile(r"[\[【(]?([^:：\]】]{3,40}?)\s?[:：\]】]")
_IN_BRACKETS_AT_THE_END = re.compile(r"[\[(【]([^\[\]()【】]{3,40})[\])】]\s*\Z")
_FORM_ENDS = re.compile(
    r"\s*(?:[:：\]】)(\-–—]|re\b|from\b(?! (?:the|our|my)\b)|(?:to|auf) (?:(?:your|ihre|deine)\b|[\"'“„«])|\d{1,4}[./-]\d{1,2}[./-]|"
    r"(?:(?:er|ing|e-?mail|message)\b\s*)(?:[:：\]】)(\-–—]|\Z))"
)
"""What stands behind the words where a program wrote them; a sentence of a person goes on."""
_BETWEEN = re.compile(r"\w*[\s_-]?(?:e-?mail[\s-])?\w{0,3}")
"""What may stand between the word for automatic and that for an answer."""
_BEFORE = re.compile(r"(?:(?:re|aw|out of (?:the )?office|ooo|vacation|abwesenheit|an?|your|e-?mail)\b[\s:–-]*)?\w{0,3}")
_BEHIND = re.compile(r"\w*[\s-]?(?:e-?mail|message|mail|nachricht)?")
_REST = re.compile(
    r"(?:[\s\d.,:/()\[\]–—-]|\b(?:re|aw|sv|tr|auto|until|till|from|to|through|bis|vom|von|zum|ab|am|du|au|jusqu'au|dal|al|de|do|od|the|and|und|"
    r"back|on|return(?:ing|s)?|in|rückkehr|currently|i am|i'm|im|notification|notice|message|reply|notiz|"
    r"jan\w{0,6}|feb\w{0,6}|m[aä]r\w{0,2}|apr\w{0,2}|ma[iy]|june?|juni|july?|juli|aug\w{0,3}|sep\w{0,6}|o[ck]t\w{0,4}|nov\w{0,5}|de[cz]\w{0,5}|"
    r"mon\w{0,4}|tue\w{0,4}|wed\w{0,6}|thu\w{0,5}|fri\w{0,3}|sat\w{0,5}|sun\w{0,3})\b)*"
)
"""Words that leave a subject of absence one of nothing else."""
_NOTES = re.compile(r"auto ?: .{1,60} (?:is|ist|est|è|está) ")
"""How Notes begins the subject of an absence, in front of its words."""
_MONITOR = re.compile(
    r"cron <\S{1,80}@\S{1,80}>|\*\*\*? ?(?:problem|recovery|acknowledgement|flapping\w{0,7}|downtime\w{0,7}) (?:service|host)\b|"
    r"\[(?:firing|resolved):\d+\]|"
    r"\[fail2ban\]|logwatch for |anacron job |(?:degradedarray|fail|failspare|rebuildfinished) event on /dev/|smart error \("
)
"""Subjects that the watchmen of computers write (cron, Nagios, Alertmanager, mdadm, smartd, ...)."""
_FORWARD_PREFIX = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc|vb|doorst|i|转发|轉寄|転送)\s*[:：]", re.IGNORECASE)
_QUOTED = re.compile(r"^(?:>|-{3,} ?\w|_{10,}|(?:from|von|de|da|van|от|差出人|发件人)\s?[:：])", re.IGNORECASE | re.MULTILINE)
"""Where a mail that is answered begins: who answers an automatic mail says nothing of what it says."""
_TAGS = re.compile(r"\s*\[[^\[\]]{0,80}\]\s*")
_LOOKED_AT = 1500

_REPORTS = (
    "undeliver", "undelivered", "delivery status", "delivery fail", "delivery notif", "delivery report", "delivery problem",
    "delivery delay", "delivery error",
    "delivery has failed", "delivery unsuc", "mail delivery", "message delivery", "mail failure", "failure notice", "failure delivery",
    "failed mail",
    "failed deliver", "returned mail", "returned to sender", "returning message", "return to sender", "returned message", "non remis",
    "non-deliver", "nondeliver", "non deliver",
    "not delivered", "could not be delivered", "unable to deliver", "not deliverable", "cannot deliver", "can't deliver",
    "warning: could not send", "warning: message", "could not send message",
    "unzustellbar", "nicht zugestellt", "zustellung", "unzustell", "échec de la remise", "échec de remise", "non-remise",
    "no se puede entregar", "no entregado",
    "imposible entregar", "mancato recapito", "impossibile recapitare", "não entregue", "falha na entrega", "onbestelbaar",
    "niet bezorgd", "kan inte levereras", "olevererbar",
    "niedostarcz", "nie dostarczono", "недостав", "не доставлено", "не удалось доставить", "配信",
    "quarantin", "退信", "退回", "発送", "발송", "zwrot", "nedoruč", "iletilem", "kézbesít", "αποτυχία", "không gửi", "consegna", "délivr",
    "échec", "echec",
    "kunne ikke", "obeställbar", "无法投递", "無法傳遞",
    "配達", "送信エラー",
    "전송 실패", "반송",
    "bounce", "rejected", "user unknown", "unknown user", "mail system error", "undelivr", "unable to process", "email address",
    "mailbox", "delayed", "postmaster", "problem deliver", "errors",
    "error", "failure", "failed", "nondeliv", "notification", "returned", "relay", "blocked", "expired", "message status", "dsn", "spam",
    "virus",
)  # fmt: skip


def is_robot_local_part(local: str) -> bool:
    """Whether mail from this local part is written by programs (mailer-daemon, no-reply, owner-list, ...)."""
    local = local[:300].lower()
    return local in _LOCAL_PARTS or _LOCAL_PATTERN.fullmatch(local) is not None


def is_list_role(local: str) -> bool:
    """Whether the local part is the role of a mailing list: owner-x, x-request, x-bounces."""
    return _LIST_ROLE.fullmatch(local[:300]) is not None


def is_daemon_name(name: str) -> bool:
    """Whether the (lower-case) display name is that of a mail system."""
    return name.lstrip(' "<').startswith(_DAEMON_NAMES)


def is_robot_mailer(value: str) -> bool:
    """Whether the (lower-case) X-Mailer names a responder."""
    return _ROBOT_MAILERS.match(value) is not None


def is_report_subject(subject: str) -> bool:
    """Whether the subject could be that of a delivery report: the cheap question before reading one."""
    lower = subject[:200].lower()
    return not lower.strip() or any(word in lower for word in _REPORTS)


def is_passed_on(subject: str) -> bool:
    """Whether the subject has the mark of a mail that was forwarded."""
    return _FORWARD_PREFIX.match(subject[:100]) is not None


def automatic_answer(subject: str, body: str) -> str | None:
    """The words that show an automatic answer, or None.

    The subject is in the form that programs write, without a reply mark in front (that would be a person answering such a
    mail); or it speaks of absence and so do the first words of the body, which ask nothing and tell of no fault.
    """
    lower = _lower(subject)
    if _is_form(lower):
        return lower[:40]
    found = _absence_in(lower)
    if found is None or _FORWARD_PREFIX.match(subject[:300]):
        return None
    own = body[:_LOOKED_AT]
    quoted = _QUOTED.search(own)
    return found[0][:40] if robotsentences.tells_absence(own[: quoted.start()] if quoted else own) else None


def is_subject_of_a_program(subject: str) -> bool:
    """Whether the subject of an automatic answer is a program's: in its form, or of the absence and nothing else.

    Where it isn't, a person may have written it, who is away and wants something.
    """
    lower = _lower(subject)
    if _is_form(lower) or _NOTES.match(lower):
        return True
    found = _absence_in(lower)
    return found is not None and _REST.fullmatch(_TAGS.sub(" ", f"{lower[: found.start()]} {lower[found.end() :]}")) is not None


def _lower(subject: str) -> str:
    """The subject in lower case, without a tag in front that isn't a program's own."""
    text = subject[:300]
    lower = text.lower().lstrip()
    if lower[:1] == "[" and not lower.startswith(("[auto", "[out", "[自", "[자동", "[firing:", "[resolved:", "[fail2")):
        text = _TAGS.sub("", text, count=1)
    return " ".join(text.lower().split())


def _is_form(lower: str) -> bool:
    return _MONITOR.match(lower) is not None or _is_answer_form(lower)


def _absence_in(lower: str) -> re.Match[str] | None:
    return _ANSWER_WORDS.search(lower) or _ABSENT_AT_AN_END.search(lower) or _starts(lower)


_STARTS = re.compile(
    f"(?:{'|'.join(re.escape(start.rstrip(': ')) for start in sorted(_ANSWER_STARTS, key=len, reverse=True))})(?! hours?\\b)"
)


def _starts(lower: str) -> re.Match[str] | None:
    return _STARTS.match(lower.lstrip("[【 "))


def _is_answer_form(lower: str) -> bool:
    """Whether programs write a subject so: "Automatic reply: Roof", "Roof [Auto-Reply]", in whatever language."""
    start = _starts(lower)
    if start is not None and _FORM_ENDS.match(lower.lstrip("[【 "), start.end()):
        return True
    named = (_PREFIX.match(lower if lower.count(" ") > 1 else lower + ":"), _IN_BRACKETS_AT_THE_END.search(lower))
    return any(_names_an_automatic_answer(found[1]) for found in named if found is not None)


def _names_an_automatic_answer(text: str) -> bool:
    return any(_are_neighbours(text, one, other) for one in _AUTOMATIC.finditer(text) for other in _ANSWER.finditer(text))


def _are_neighbours(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    """Whether text is a word for automatic and one for an answer side by side, and nothing else of weight."""
    first, second = (one, other) if one.start() <= other.start() else (other, one)
    return (
        _BEFORE.fullmatch(text, 0, first.start()) is not None
        and _BETWEEN.fullmatch(text, first.end(), max(first.end(), second.start())) is not None
        and _BEHIND.fullmatch(text, max(first.end(), second.end())) is not None
    )


_BOUNCED = re.compile(
    r"(?:returned mail|undeliverable|delivery (?:failed|failure|status)|failure notice|non remis|unzustellbar|"
    r"returning message|returned to sender|could not be delivered)",
    re.IGNORECASE,
)
_BOUNCED_BODY = re.compile(
    r"(?:message|mail|e-?mail|letter|nachricht|recipients?|address(?:es)?|empfänger)\b.{0,120}?"
    r"(?:(?:was|has) not (?:been )?delivered|could not be delivered|unable to deliver|konnte nicht zugestellt)|"
    r"(?:could not be delivered|unable to deliver|was not delivered)\b.{0,120}?\S@\S|"
    r"mailer-daemon|\b5\d\d 5\.\d\.\d|rcpt to:|permanent fatal errors|reporting-mta|"
    r"user unknown|pas pu [eê]tre d[eé]livr",
    re.IGNORECASE | re.DOTALL,
)
_GREETED = re.compile(
    r"\s*(?:hi|hello|hallo|hey|dear|good (?:morning|afternoon|day)|guten (?:tag|morgen)|sehr geehrte|liebe[rs]?|bonjour|madame|"
    r"hola|buenos d|buongiorno|salve|gentile|olá|bom dia|prezad|beste|geachte|hej|dzień dobry|dobrý den|здравствуйте|добрый|merhaba)"
    r"\b(?!. this is the)[^\n]{0,60}\n",
    re.IGNORECASE,
)


_SERVER_OPENING = re.compile(
    r"[\s*=#_-]{0,80}(?:message from .{0,80}[*=]{3}|(?:your|the following|a) (?:e-?mail )?(?:message|mail|e-?mail)\b.{0,160}?"
    r"(?:could ?n[o']t|cannot|was ?n[o']t|has not been|unable|undeliverable|did not reach|failed|not delivered)|"
    r"this (?:message|mail|e-?mail|report|is an) (?:was |is |has been )?(?:created |generated |sent )?(?:an )?automatic|"
    r"(?:delivery|sending|transmission) (?:to|of) .{0,120} (?:failed|has been delayed)|error: no valid|"
    r"(?:sorry|hello|hi)\b.{0,20} ?(?:this is the |we were unable to deliver|your message could not))",
    re.IGNORECASE | re.DOTALL,
)


def opens_as_server(body: str) -> bool:
    """Whether a body begins as the reports of mail servers do. People who tell of one have words of their own above."""
    return _SERVER_OPENING.match(body[:400]) is not None


def tells_of_bounce(subject: str, body: str) -> bool:
    """Whether a mail that is no report itself quotes one: subject and body both say so.

    Who greets us and then tells of one in words of their own wants an answer; who only passes it on may be a program, too.
    """
    if _BOUNCED.search(subject[:300]) is None or (_GREETED.match(body[:200]) and not _FORWARD_PREFIX.match(subject)):
        return False
    return _BOUNCED_BODY.search(body[: 2 * _LOOKED_AT]) is not None

"""The words of robots: their local parts, names and mailers, and the subjects of automatic answers in the main languages.

Words alone prove little, people write "out of office" too. A subject counts when it is in the form that programs write, or when
the body says the same.
"""

from __future__ import annotations

import re

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
    "systemadministrator", "mailer_daemon", "postmaster", "automatic email delivery", "maildelivery",
)  # fmt: skip
_ROBOT_MAILERS = ("vacation", "autorespond", "autoreply", "auto-reply", "mdaemon autoresponder", "ezmlm", "cron", "vbulletin notif")

_ANSWER_STARTS = (
    "automatic reply:", "automatic response:", "auto reply:", "auto-reply:", "autoreply:", "auto response:", "auto-response:",
    "autoresponse:",
    "auto: re:", "out of office:", "out of the office:", "out of office autoreply:", "out of office reply:", "[auto-reply]",
    "[autoreply]",
    "[automatic reply]", "[auto reply]", "[auto response]", "[auto-response]", "automatic reply from", "automated reply:",
    "automated response:",
    "vacation reply:", "vacation message:", "away message:", "auto respond", "autoresponder:", "auto responder:",
    "automatische antwort:", "automatische antwort auf", "abwesenheitsnotiz:", "abwesenheitsnotiz",
    "abwesenheitsassistent",
    "abwesenheitsnachricht", "automatische abwesenheit", "autom. antwort:", "auto-antwort:", "réponse automatique",
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
    "رد تلقائي",
    "الرد التلقائي", "trả lời tự động", "balasan otomatis", "automaatvastus", "automatinis atsakymas", "automātiska atbilde",
    "samodejni odgovor",
    "automatski odgovor", "автоматичен отговор", "resposta automàtica", "erantzun automatikoa", "การตอบกลับอัตโนมัติ", "ตอบกลับอัตโนมัติ",
)  # fmt: skip
_ANSWER_WORDS = re.compile(
    r"out of (?:the )?office|auto[- ]?(?:reply|respon[ds])|automatic(?:ally)? (?:generated|reply|response)|automated (?:reply|response)|"
    r"on vacation|on leave|lomalla|fraværende|assenza|ausência|izindeyim|"
    r"vacation|away from|on holiday|annual leave|parental leave|maternity leave|sick leave|"
    r"abwesen|im urlaub|nicht im büro|automatische|absent|en congé|congés|vacances|vacaciones|ausente|fuera de|ferie|assente|férias|"
    r"afwezig|vakantie|semester|frånvar|ferie|lomalla|urlop|nieobecn|dovolen|отпуск|отсутств|відпуст|izinde|szabadság|concediu|休假|休暇|不在|휴가|부재",
    re.IGNORECASE,
)
_BODY_WORDS = re.compile(
    r"(?:i am|i'm|i will be|i'll be|we are|will be|currently|am currently) (?:out of (?:the )?(?:office|town)|away|"
    r"on (?:vacation|holiday|leave|annual|parental|"
    r"maternity|sick)|back in|"
    r"unavailable|travel)|out of (?:the )?office|(?:will|i'll) (?:be back|return)|i am back|limited access to (?:my )?e?-?mail|"
    r"no longer (?:with|work|employed)|"
    r"this is an auto(?:matic|mated|mated reply|-?reply)|do not reply to this|"
    r"auto-?respon[ds]|"
    r"has (?:been )?received your|thank you for (?:your (?:e?-?mail|message)|contacting)|nicht im büro|im urlaub|abwesend|außer haus|"
    r"nicht erreichbar|"
    r"automatisch (?:generiert|erstellt|versendet)|wieder (?:im büro|erreichbar|für sie da)|absente? (?:du|de|jusqu)|en congés?|"
    r"de retour le|"
    r"serai de retour|estaré fuera|fuera de la oficina|de vacaciones|(?:sono|sarò) assente|(?:sono|sarò|siamo|saremo) in ferie|"
    r"fuori ufficio|sarò di ritorno|"
    r"estou (?:ausente|de férias|fora)|"
    r"estarei (?:ausente|de férias|fora)|ik ben (?:afwezig|niet aanwezig|op vakantie)|jag är (?:på semester|inte på kontoret|ledig)|"
    r"jeg er på ferie|"
    r"jeg er (?:ikke på kontoret|ude af)|olen lomalla|poissa toimistosta|jestem na urlopie|poza biurem|nie ma mnie w biurze|"
    r"jsem na dovolené|"
    r"в отпуске|отсутствую|не в офисе|у відпустці|izindeyim|szabadságon|în concediu|"
    r"休假中|正在休假|休暇を|休暇中(?:です|のため)|不在(?:に|です|のため)|外出(?:して|中)|휴가 ?중|부재중",
    re.IGNORECASE,
)
_REPLY_PREFIX = re.compile(r"\s*(?:re|aw|antw|sv|vs|odp|r|ref|rif)\s*(?:\[\d{1,4}\])?\s*[:：]", re.IGNORECASE)
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
    "niedostarcz", "nie dostarczono", "недостав", "не доставлено", "не удалось доставить", "配信", "退信", "无法投递", "無法傳遞",
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
    return value.startswith(_ROBOT_MAILERS)


def is_report_subject(subject: str) -> bool:
    """Whether the subject could be that of a delivery report: the cheap question before reading one."""
    lower = subject[:200].lower()
    return not lower.strip() or any(word in lower for word in _REPORTS)


def automatic_answer(subject: str, body: str) -> str | None:
    """The words that show an automatic answer, or None.

    The subject begins as programs write it, without a reply mark in front (that would be a person answering such a mail); or the
    subject speaks of absence and so do the first words of the body.
    """
    text = (
        _TAGS.sub("", subject[:300], count=1)
        if subject.lstrip()[:1] == "[" and not subject.lower().lstrip().startswith(("[auto", "[out", "[自", "[자동"))
        else subject[:300]
    )
    lower = text.strip().lower()
    if lower.lstrip("[【 ").startswith(_ANSWER_STARTS):
        return lower[:40]
    found = _ANSWER_WORDS.search(lower)
    if found is None:
        return None
    told = _BODY_WORDS.search(body[:_LOOKED_AT])
    if told is None or (body.find("\n>", 0, _LOOKED_AT) >= 0 and _REPLY_PREFIX.match(text)):
        return None
    return found[0]


_BOUNCED = re.compile(
    r"(?:returned mail|undeliverable|delivery (?:failed|failure|status)|failure notice|non remis|unzustellbar|"
    r"returning message|returned to sender|could not be delivered)",
    re.IGNORECASE,
)
_BOUNCED_BODY = re.compile(
    r"(?:was|has) not (?:been )?delivered|"
    r"mailer-daemon|could not be delivered|unable to deliver|\b5\d\d 5\.\d\.\d|rcpt to:|permanent fatal errors|reporting-mta|"
    r"user unknown|"
    r"konnte nicht zugestellt|pas pu [eê]tre d[eé]livr",
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
    """Whether a mail that is no report itself quotes one: subject and body both say so."""
    return _BOUNCED.search(subject[:300]) is not None and _BOUNCED_BODY.search(body[: 2 * _LOOKED_AT]) is not None

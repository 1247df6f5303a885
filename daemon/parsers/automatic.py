"""Is a program speaking, and may a program answer it (RFC 3834, RFC 2919, RFC 2369, RFC 3464 section 2)?

One pass over the header names with a table; then the sender's name, the parts and, for robots that stamp nothing, the subject
together with other evidence. A robot is never answered; list and bulk mail isn't either, but a person may have written it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum

from daemon.model import Automatic, Message
from daemon.parsers import bounce, robotsentences, robotwords, tnef
from daemon.parsers.containers import TNEF_TYPES
from daemon.parsers.parts import Opened, Part

MAX_HOPS = 50
"""More Received fields than this are a loop."""


class _Class(IntEnum):
    """What a sign says; the stronger one wins."""

    SILENT = 1
    """Asks us not to answer; says nothing of the writer."""
    BULK = 2
    ROBOT = 3


_Sign = tuple[_Class, str]


def recognise(opened: Opened, message: Message, own_addresses: frozenset[str]) -> Automatic:
    """Total. `why` is a short code: the field and what it says ("auto-submitted: auto-replied"), or "" when nothing speaks."""
    signs = _header_signs(opened, own_addresses)
    own_mark = any(why == _OWN_MARK for _, why in signs)
    signs += _part_signs(opened, message)
    signs += _sender_signs(message, own_addresses)
    if not any(kind is _Class.ROBOT for kind, _ in signs):
        signs += _subject_signs(opened, message)
    if not signs:
        return Automatic(is_automatic=False, is_list=False, may_answer=True, why="", own_mark=False)
    strongest = max(kind for kind, _ in signs)
    return Automatic(
        is_automatic=strongest is _Class.ROBOT,
        is_list=any(kind is _Class.BULK for kind, _ in signs),
        may_answer=False,
        why=next(why for kind, why in signs if kind is strongest),
        own_mark=own_mark,
    )


def with_words(told: Automatic, words: str) -> Automatic:
    """The same, with what the new words of the mail say: robots that nothing else gives away aren't answered.

    A person may write what robots write, so such a mail is no automatic one: it only gets no answer.
    """
    sentence = robotsentences.speaks_as_robot(words) if told.may_answer else None
    return told if sentence is None else replace(told, may_answer=False, why=f"says: {sentence}")


# --- header fields -------------------------------------------------------------------------------------------------

_OWN_MARK = "x-supportd-instance"


def bare(value: str) -> str:
    """A field value in lower case without comments and parameters (RFC 5322 section 3.2.2).

    >>> bare("Auto-Replied (vacation); owner=ada")
    'auto-replied'
    """
    text = value[:1000]
    if "(" in text:
        out: list[str] = []
        depth = 0
        for sign in text:
            if sign == "(":
                depth += 1
            elif sign == ")" and depth:
                depth -= 1
            elif not depth:
                out.append(sign)
        text = "".join(out)
    return text.partition(";")[0].strip(" \t\"'").lower()


def _header_signs(opened: Opened, own_addresses: frozenset[str]) -> list[_Sign]:
    signs: list[_Sign] = []
    hops = 0
    delivered: list[str] = []
    for name, value in opened.headers:
        if name == "received":
            hops += 1
            continue
        ask = _FIELDS.get(name)
        if ask is not None:
            sign = ask(name, bare(value))
            if sign is not None:
                signs.append(sign)
        elif name == "delivered-to":
            delivered.append(bare(value).strip("<>"))
        elif name.endswith("-loop") or _OTHER_TRACKER.match(name):
            signs.append((_Class.SILENT, name))
        elif _RESPONDER.search(name):
            sign = _robot(name, bare(value))
            if sign is not None:
                signs.append(sign)
    if hops > MAX_HOPS:
        signs.append((_Class.ROBOT, f"received: {hops} times"))
    if "autoresponder" in delivered:
        signs.append((_Class.ROBOT, "delivered-to: autoresponder"))
    if len(delivered) > 1 and any(delivered.count(one) > 1 and _untagged(one) in own_addresses for one in delivered[:MAX_HOPS]):
        signs.append((_Class.ROBOT, "delivered-to: ours twice"))
    return signs


def _untagged(address: str) -> str:
    """The address without what stands behind a plus sign: signed addresses of ours are of that kind."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


_RESPONDER = re.compile(r"auto-?(?:reply|repl|respon|answer|generat)|vacation|out-?of-?office|machine-?generated")
"""Fields that responders name after themselves, whatever stands around it."""
_OTHER_TRACKER = re.compile(r"x-rt-loop|rt-ticket|x-zendesk-|x-otrs-|x-freshdesk-|x-helpscout-|x-servicenow-|x-request-tracker|x-roundup-")
"""Mail of another ticket system: perhaps a person's words, but a program reads the answer."""


def _auto_submitted(name: str, value: str) -> _Sign | None:
    return None if value in ("no", "") else (_Class.ROBOT, f"{name}: {value[:40]}")


def _return_path(name: str, value: str) -> _Sign | None:
    return (_Class.ROBOT, f"{name}: <>") if value.replace(" ", "") in ("<>", "<mailer-daemon>") else None


def _precedence(name: str, value: str) -> _Sign | None:
    if value in ("bulk", "junk", "list"):
        return _Class.BULK, f"{name}: {value}"
    return (_Class.ROBOT, f"{name}: {value}") if value.replace("-", "_") in ("auto_reply", "autoreply") else None


def _suppress(name: str, value: str) -> _Sign | None:
    asked = {word.strip() for word in value.split(",")}
    return None if asked.isdisjoint(("all", "autoreply", "oof")) else (_Class.SILENT, f"{name}: {value[:40]}")


def _robot(name: str, value: str) -> _Sign | None:
    return None if value in ("no", "false", "0") else (_Class.ROBOT, name)


def _robot_if_true(name: str, value: str) -> _Sign | None:
    return (_Class.ROBOT, f"{name}: {value}") if value in ("true", "yes", "1") else None


def _loop(name: str, value: str) -> _Sign | None:
    return _Class.ROBOT if value.rsplit(" ", maxsplit=1)[-1] in ("true", "yes") else _Class.SILENT, name


def _notification(name: str, value: str) -> _Sign | None:
    return (_Class.ROBOT, f"{name}: {value}") if value == "notification" else None


def _bulk(name: str, value: str) -> _Sign | None:
    return (_Class.BULK, name) if value != "no" else None


def _feedback(name: str, value: str) -> _Sign | None:
    """Senders of bulk count complaints by this field; hosts of mailboxes stamp it on the mails of people, too."""
    return None if ":user:" in value or value.endswith((":fastmail", ":proton")) else _bulk(name, value)


def _mailer(name: str, value: str) -> _Sign | None:
    return (_Class.ROBOT, f"{name}: {value[:40]}") if robotwords.is_robot_mailer(value) else None


def _spam(name: str, value: str) -> _Sign | None:
    """What the receiving server's filter says: spam is not answered, its sender is seldom who it says."""
    return (_Class.SILENT, f"{name}: yes") if value.partition(",")[0].strip() in ("yes", "true") else None


def _spam_level(name: str, value: str) -> _Sign | None:
    """Exchange's spam confidence level, 0 to 9: from 5 on it is spam."""
    return (_Class.SILENT, f"{name}: {value}") if value in ("5", "6", "7", "8", "9") else None


def _list_role(name: str, value: str) -> _Sign | None:
    local = value.rpartition("<")[2].partition("@")[0]
    return (_Class.BULK, f"{name}: {local[:40]}") if robotwords.is_list_role(local) else None


_FIELDS: dict[str, Callable[[str, str], _Sign | None]] = {
    "auto-submitted": _auto_submitted,
    "return-path": _return_path,
    "precedence": _precedence,
    "x-precedence": _precedence,
    "x-auto-response-suppress": _suppress,
    _OWN_MARK: lambda name, _: (_Class.ROBOT, name),
    "x-loop": _loop,
    "x-fc-machinegenerated": _robot_if_true,
    "x-amazon-mail-relay-type": _notification,
    "x-mailer": _mailer,
    "preference": _precedence,
    "feedback-id": _feedback,
    "x-ms-exchange-inbox-rules-loop": lambda name, _: (_Class.SILENT, name),  # an answer by a rule, or what a rule sent on to us
    "content-class": lambda name, value: (_Class.ROBOT, f"{name}: {value[:40]}") if value.endswith((":dsn", ":mdn")) else None,
    "sender": _list_role,
    "x-spam-flag": _spam,
    "x-spam-status": _spam,
    "x-spam": _spam,
    "x-ms-exchange-organization-scl": _spam_level,
    **dict.fromkeys(
        (
            "x-failed-recipients", "x-autoreply", "x-autorespond", "x-autoresponder", "x-autoresponse", "x-autoreply-from", "x-auto-reply",
            "x-auto-reply-from", "x-mail-autoreply", "x-mailautoreply", "x-autogenerated", "x-auto-generated",
            "x-ms-exchange-generated-message-source", "x-autoreply-domain", "x-autoanswer", "x-auto-responder", "x-vacation", "x-cron-env",
            "x-amavis-alert", "x-postmaster-msgtype", "x-post-messageclass", "x-jira-fingerprint", "x-github-reason",
            "x-gitlab-pipeline-id", "x-bugzilla-reason", "x-redmine-issue-id", "x-trac-ticket-id", "x-jenkins-job",
            "x-facebook-notify", "x-bounceio-id", "x-pagerduty", "x-icinga", "x-pmx-vacation", "x-vacation-message",
            "x-ooo", "x-outofoffice", "x-away",
        ),
        _robot,
    ),
    **dict.fromkeys(
        (
            "list-id", "list-post", "list-unsubscribe", "list-unsubscribe-post", "list-help", "list-owner", "list-archive",
            "list-subscribe",
            "mailing-list", "x-mailing-list", "x-mailinglist", "x-mailing-list-id", "x-list", "x-listname", "x-list-name", "x-ml-name",
            "x-mlserver",
            "x-beenthere", "x-mailman-version", "x-google-group-id", "x-listserv", "x-listmember", "x-csa-complaints",
            "x-campaign", "x-campaign-id", "x-campaignid", "x-campaign-name", "x-mc-user", "x-newsletter", "x-newsletter-id", "x-bulkmail",
            "x-mailing-id", "x-mandrill-user",
        ),
        _bulk,
    ),
}  # fmt: skip

# --- parts and sender ----------------------------------------------------------------------------------------------

_REPORT_TYPES = frozenset(
    (
        "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report", "message/tracking-status",
    )
)  # fmt: skip


_ROBOT_CLASSES = ("ipm.schedule.meeting.resp", "ipm.microsoft schedule.mtgresp", "ipm.note.rules.ooftemplate", "report.")
"""What Outlook calls answers to invitations, absences and reports (MS-OXOCAL, MS-OXCMAIL)."""


def _part_signs(opened: Opened, message: Message) -> list[_Sign]:
    if opened.content_type == "multipart/report":
        return [(_Class.ROBOT, f"multipart/report: {(opened.parameter('report-type') or 'any')[:40].lower()}")]
    for part in opened.parts:
        if part.depth <= 1 and part.content_type in _REPORT_TYPES:
            passed_on = robotwords.is_passed_on(message.subject)  # by a person, whose program keeps the parts
            return [(_Class.SILENT if passed_on else _Class.ROBOT, part.content_type)]
        if part.content_type in TNEF_TYPES and (told := tnef.message_class(part.content)).startswith(_ROBOT_CLASSES):
            return [(_Class.ROBOT, f"winmail.dat: {told[:40]}")]
        if part.content_type == "text/calendar" and (method := _calendar_method(part)) in ("reply", "counter"):
            return [(_Class.ROBOT, f"text/calendar: {method}")]
    return []


def _calendar_method(part: Part) -> str:
    """What a calendar object asks (RFC 5546): its parameter says so, else the object itself."""
    method = part.parameter("method") or ""
    if not method and (told := _METHOD.search(part.content[:_CALENDAR_LOOKED_AT])):
        method = told[1].decode("ascii")
    return method.strip().lower()


_METHOD = re.compile(rb"^METHOD[ \t]*:[ \t]*([A-Za-z-]{1,40})", re.MULTILINE | re.IGNORECASE)
_CALENDAR_LOOKED_AT = 8192


def _sender_signs(message: Message, own_addresses: frozenset[str]) -> list[_Sign]:
    if message.author is None:
        return [_unread_sender(message)]
    local = message.author.partition("@")[0]
    if robotwords.is_robot_local_part(local):
        return [(_Class.ROBOT, f"from: {local}")]
    if robotwords.is_daemon_name(message.author_name[:200].lower()):
        return [(_Class.ROBOT, f"from: {message.author_name[:40]}")]
    if message.author in own_addresses:
        return [(_Class.SILENT, "from: ours")]
    for address in message.reply_to:
        if address in own_addresses:
            return [(_Class.SILENT, "reply-to: ours")]
        local = address.partition("@")[0]
        if robotwords.is_robot_local_part(local):
            return [(_Class.SILENT, f"reply-to: {local}")]
    return []


def _unread_sender(message: Message) -> _Sign:
    """No single sender: perhaps a daemon that writes no address, in any case nobody to answer."""
    name = message.from_text[:200].lower()
    if name.strip() == "<>" or robotwords.is_daemon_name(name):
        return _Class.ROBOT, f"from: {name.strip()[:40]}"
    local = name.rpartition("<")[2].partition("@")[0].strip(' "')
    if robotwords.is_robot_local_part(local):
        return _Class.ROBOT, f"from: {local[:40]}"
    return _Class.SILENT, f"from: {message.author_problem}"


def _subject_signs(opened: Opened, message: Message) -> list[_Sign]:
    """Robots that stamp nothing: the subject of an automatic answer with other evidence; a bounce by what it says."""
    answer = robotwords.automatic_answer(message.subject, message.body)
    if answer is not None:
        return [(_Class.ROBOT if robotwords.is_subject_of_a_program(message.subject) else _Class.SILENT, f"subject: {answer}")]
    if robotwords.is_report_subject(message.subject):
        if bounce.recognise(opened, message) is not None:
            return [(_Class.ROBOT, "bounce")]
        if robotwords.tells_of_bounce(message.subject, message.body):
            return [(_Class.SILENT, "tells of a bounce")]
    return []

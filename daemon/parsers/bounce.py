"""Delivery status notifications (RFC 3464), bounces of the other kinds, and whose mail they return. Pure, total.

Structured reports first, also when they are typed wrongly; then the reports written for people; then flufl.bounce, imported
here alone and only when it is asked. A mail of a person is never a bounce: somebody who forwards one is a person.
"""

from __future__ import annotations

import re
import sys
from email.message import Message as LibraryMessage

from daemon.model import Bounce, BouncedRecipient, Message, MessageId
from daemon.parsers import bouncereason, bouncetext, headers, robotwords
from daemon.parsers.htmltext import html_to_text
from daemon.parsers.limits import ReadLimits
from daemon.parsers.parts import Opened, Part, open_octets

_STATUS_TYPES = frozenset(("message/delivery-status", "message/global-delivery-status"))
_RETURNED_TYPES = frozenset(("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/rfc822-headers"))
_RECIPIENT_FIELDS = ("final-recipient", "x-actual-recipient", "original-recipient")
_DONE = frozenset(("delivered", "relayed", "expanded"))
_MAX_STATUS = 64 * 1024
_MAX_BLOCKS = 200
_MAX_RETURNED = 256 * 1024
_MAX_IDS = 20
_LOOKED_AT = 64 * 1024
_LIBRARY_READS = 32 * 1024
"""Octets of a part: flufl.bounce takes seconds for a megabyte."""
_FINAL = re.compile(r"final-recipient[ \t]*:", re.IGNORECASE)
_FIELD = re.compile(r"([!-9;-~]{1,60})[ \t]*:[ \t]*(.*)")
_ID_FIELD = re.compile(r"^[ \t>|*]{0,8}message-id[*]{0,2}\s{0,3}:\s{0,4}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)
_COMMENT = re.compile(r"\([^()]{0,200}\)")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
"""A sign of an address that stands in ASCII (RFC 6533 section 3)."""
_ADDRESS = re.compile(r"<([^<>\s]{1,300})>\s*\Z|(\"[^\"]{1,64}\"@[^<>\s;]{1,255})\s*>?\Z|([^<>\s;]{1,300})\s*\Z")
_REPLY_OR_FORWARD = re.compile(r"\s*(?:\[[^\]]{0,60}\]\s*)?(?:re|fw|fwd|aw|wg|tr|rv|sv|vs|vb|enc|i)\s*[:：]", re.IGNORECASE)
_SURE_SUBJECTS = (
    "undeliver", "undelivered mail", "delivery status notification", "mail delivery fail", "failure notice", "returned mail",
    "delivery failure", "delivery notification",
    "mail delivery", "unzustellbar", "delivery has failed", "message undeliverable", "non remis", "mail system error",
    "warning: could not send", "warning: message", "delayed mail",
    "delivery report", "undeliverable", "failed mail", "mail failure", "message delivery", "delivery delay", "returned to sender",
    "nondeliverable", "user unknown", "delivery error",
    "non-deliverable", "mail could not be delivered", "unable to deliver", "不達", "配信不能", "エラー", "delivery",
)  # fmt: skip
_INNER = ReadLimits(mime_depth=5, mime_parts=50)


def recognise(opened: Opened, message: Message) -> Bounce | None:
    """The bounce this mail is, or None. `permanent` is False where the server goes on trying (4.x, action delayed)."""
    if opened.limit is not None:
        return None
    suspicion = _suspicion(opened, message)
    if not suspicion:
        return None
    structured = _structured(opened, message)
    if structured is not None:
        return Bounce(recipients=structured, original_message_ids=_original_ids(opened, message)) if structured else None
    if suspicion < _SURE:
        return None
    if (passed_on := _passed_on(opened, message)) is not None:
        return passed_on
    told = _told(opened, message)
    return Bounce(recipients=told, original_message_ids=_original_ids(opened, message)) if told else None


_POSSIBLE = 1
_SURE = 2


def _suspicion(opened: Opened, message: Message) -> int:
    """0: a person; 1: a bounce if it carries a structured report; 2: a report is to be found in the text, too."""
    names = {name for name, _ in opened.headers}
    if "x-failed-recipients" in names:
        return _SURE
    if opened.content_type == "multipart/report" and (opened.parameter("report-type") or "").lower() in ("delivery-status", ""):
        return _SURE
    local = (message.author or message.from_text.rpartition("<")[2]).partition("@")[0].strip(" \"'<>\\").lower()
    shown = message.from_text[:200].lower()
    daemon = robotwords.is_daemon_name(shown) or local in (
        "mailer-daemon",
        "postmaster",
        "mailerdaemon",
        "mail-daemon",
        "maildaemon",
        "mdaemon",
        "",
    )
    null_path = any(value.strip() in ("<>", "<MAILER-DAEMON>") for value in opened.values("return-path"))
    answers = _REPLY_OR_FORWARD.match(message.subject) is not None
    if answers and not daemon and not null_path:
        return 0
    status_part = any(part.content_type in _STATUS_TYPES for part in opened.parts)
    sure_subject = message.subject.lstrip(" *[(<").lower().startswith(_SURE_SUBJECTS)
    report_subject = robotwords.is_report_subject(message.subject)
    if any(value.strip().lower().startswith("auto-replied") for value in opened.values("auto-submitted")) and not (daemon or status_part):
        return 0
    returned_part = any(part.content_type in _RETURNED_TYPES for part in opened.parts)
    if answers and not (
        null_path or status_part or returned_part or robotwords.is_daemon_name(shown) or robotwords.opens_as_server(message.body)
    ):
        return 0  # a person who is the postmaster
    opens = sure_subject and not answers and robotwords.opens_as_server(message.body)
    machine = 2 * daemon + opens + null_path + robotwords.is_robot_local_part(local) + 2 * (status_part and sure_subject)
    if not machine:
        return 0
    if null_path and not answers and robotwords.automatic_answer(message.subject, message.body) is None:
        machine += bouncereason.status_of(message.body) is not None or "rcpt to:" in message.body[:_LOOKED_AT].lower()
    return _SURE if machine + report_subject + sure_subject + returned_part >= 2 else _POSSIBLE


# --- structured reports --------------------------------------------------------------------------------------------


def _structured(opened: Opened, message: Message) -> tuple[BouncedRecipient, ...] | None:
    """The recipients of the delivery-status blocks; () when all of them were delivered; None when there is no such report."""
    texts = [text for part in opened.parts if (text := _status_text(part)) is not None]
    if not texts:
        return None
    report = bouncetext.cut(_report_text(opened))[0]
    found: dict[str, BouncedRecipient] = {}
    seen = False
    for text in texts:
        blocks = _blocks(text)
        named = [fields for fields in blocks if "final-recipient" in fields]
        for fields in blocks:
            address = _recipient(fields)
            if address is None and len(named) == 1 and fields is named[0] and fields["final-recipient"]:
                address = _named_in_words(report, message)  # an X.400 or Exchange address: the words tell the one that people know
            elif address is None and not named and "action" in fields:
                address = _named_in_words(fields.get("diagnostic-code", ""), message) or _named_in_words(report, message)
            if address is None:
                continue
            seen = True
            if address.lower() in found:
                continue
            recipient = _from_fields(address, fields, report, len(named) == 1)
            if recipient is not None:
                found[address.lower()] = recipient
    return tuple(found.values()) if seen else None


def _passed_on(opened: Opened, message: Message) -> Bounce | None:
    """The report that a mail system has attached to a mail of its own."""
    for part in opened.parts:
        if part.content_type == "message/rfc822":
            inner = open_octets(part.content[:_MAX_RETURNED], _INNER)
            structured = _structured(inner, message) if inner.content_type == "multipart/report" else None
            if structured:
                return Bounce(recipients=structured, original_message_ids=_original_ids(inner, message))
    return None


def _status_text(part: Part) -> str | None:
    if part.content_type in _STATUS_TYPES:
        return part.content[:_MAX_STATUS].decode("utf-8", "replace")
    if (
        part.content_type.startswith(("text/", "message/delivery", "application/octet-stream"))
        and b"ecipient:" in part.content[:_MAX_STATUS]
    ):
        text = part.content[:_MAX_STATUS].decode("utf-8", "replace")
        if re.search(r"^(?:reporting-mta|final-recipient|original-recipient)\s?:", text, re.IGNORECASE | re.MULTILINE):
            return text
    return None


def _named_in_words(report: str, message: Message) -> str | None:
    ours = frozenset(address.lower() for address in message.recipients)
    told = bouncetext.recipients(report, ours)
    return told[0].address if len(told) == 1 else None


def _blocks(text: str) -> list[dict[str, str]]:
    """The fields of each recipient: a block ends at an empty line (RFC 3464 section 2.1), also where a second recipient begins.

    An empty line within a block, before its action, ends nothing.
    """
    blocks: list[dict[str, str]] = []
    for block in text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")[:_MAX_BLOCKS]:
        lines = block.split("\n")
        begins = [index for index, line in enumerate(lines) if _FINAL.match(line)][1 : _MAX_BLOCKS + 1]
        for start, end in zip([0, *begins], [*begins, len(lines)], strict=True):
            fields = _fields("\n".join(lines[start:end]))
            if blocks and "action" in fields and _recipient_less(fields) and not _recipient_less(blocks[-1]) and "action" not in blocks[-1]:
                blocks[-1] |= fields
            elif fields:
                blocks.append(fields)
    return blocks[:_MAX_BLOCKS]


def _recipient_less(fields: dict[str, str]) -> bool:
    return not any(name in fields for name in _RECIPIENT_FIELDS)


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.split("\n"):
        if line[:1] in (" ", "\t") and name:
            fields[name] += " " + line.strip()
            continue
        match = _FIELD.match(line)
        if match is None:
            continue
        name = match[1].lower()
        if name in fields:
            name += " again"
        fields[name] = match[2].strip()
    return fields


def _recipient(fields: dict[str, str]) -> str | None:
    for name in _RECIPIENT_FIELDS:
        value = fields.get(name)
        if value is None:
            continue
        kind, semicolon, rest = _COMMENT.sub("", value[:1000]).partition(";")
        value = (rest if semicolon else kind).strip().removeprefix("mailto:")
        if kind.strip().lower() == "utf-8":
            value = _ESCAPED.sub(_unescaped, value)
        match = _ADDRESS.search(value[:400])
        address = next(group for group in match.groups() if group).strip("<> ") if match else ""
        if address.startswith("@") and "original-recipient" in fields and name != "original-recipient":
            continue  # a source route (RFC 5321 appendix C): the original address is the one people know
        if "@" in address:
            return address
    return None


def _unescaped(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number <= sys.maxunicode and not 0xD800 <= number <= 0xDFFF else match[0]


def _from_fields(address: str, fields: dict[str, str], report: str, alone: bool) -> BouncedRecipient | None:
    action = fields.get("action", "").partition(" ")[0].strip().lower()
    if action in _DONE:
        return None
    said = fields.get("diagnostic-code", "")
    status = bouncereason.status_of(fields.get("status", ""))
    inner = bouncereason.status_of(said)
    if inner is not None and (status is None or status.endswith(".0.0")) and (status is None or inner[0] == status[0]):
        status = inner
    reply = bouncereason.reply_of(said)
    if action.startswith("delay"):
        permanent = False
    elif status is not None:
        permanent = status[0] == "5"
    elif reply is not None:
        permanent = reply[0] == "5"
    else:
        permanent = True
    about = bouncetext.about(address, report)
    stage = bouncereason.stage_of(about) or (bouncereason.stage_of(report) if alone else "")
    if not said and bouncereason.tells(status):
        about = ""
    why = bouncereason.reason(said or about, status, not permanent, stage)
    return BouncedRecipient(address=address, status=status, permanent=permanent, reason=why)


# --- reports for people --------------------------------------------------------------------------------------------


def _report_text(opened: Opened) -> str:
    """The text of the report, in all its parts."""
    texts = []
    for part in opened.parts:
        if part.text is None or part.content_type in _RETURNED_TYPES:
            continue
        texts.append(html_to_text(part.text) if part.content_type == "text/html" else part.text[:_LOOKED_AT])
        if part.text.strip():
            break
    return "\n".join(texts).replace("\r\n", "\n").replace("\r", "\n")


def _told(opened: Opened, message: Message) -> tuple[BouncedRecipient, ...]:
    report, returned = bouncetext.cut(_report_text(opened))
    if bouncetext.tells_success(message.subject, report):
        return ()
    ours = frozenset(address.lower() for address in message.recipients) | ({message.author.lower()} if message.author else frozenset())
    failed = [address.strip(" <>") for value in opened.values("x-failed-recipients") for address in value.split(",")]
    found = tuple(bouncetext.Told(address=address, said=bouncetext.about(address, report)) for address in failed if "@" in address)
    found = (
        found
        or bouncetext.recipients(report, ours)
        or bouncetext.recipients(report, frozenset(address for address in ours if address == message.author))
    )
    if not found and not bouncetext.shows_trouble(message.subject + "\n" + report):
        return ()
    if not found:
        library = _by_library(opened)
        if library is not None:
            return library
        found = bouncetext.every_address(report, ours) or bouncetext.every_address(message.subject, ours)
    if not found:
        found = tuple(
            bouncetext.Told(address=address, said=report[:600]) for address in _returned_to(opened, returned) if address.lower() not in ours
        )
    delayed = bouncereason.speaks_of_delay(message.subject + "\n" + report)
    return tuple(_judged(told, report, delayed, len(found) == 1) for told in found)


def _judged(told: bouncetext.Told, report: str, delayed: bool, alone: bool) -> BouncedRecipient:
    """`alone`: the report speaks of one address, so all of it is about that one."""
    status = bouncereason.status_of(told.said) or bouncereason.status_of(report)
    reply = bouncereason.reply_of(told.said) or bouncereason.reply_of(report)
    code = (status or reply or "5")[0]
    permanent = not delayed and code == "5"
    stage = bouncereason.stage_of(told.said)
    why = bouncereason.reason(told.said, status, delayed or code == "4", stage)
    if alone and why in ("undefined", "onhold", "systemerror"):
        whole = bouncereason.reason(report, status, delayed, stage)
        why = why if whole in bouncereason.VAGUE else whole
    return BouncedRecipient(address=told.address, status=status, permanent=permanent, reason=why)


def _by_library(opened: Opened) -> tuple[BouncedRecipient, ...] | None:
    from flufl.bounce import all_failures

    try:
        temporary, permanent = all_failures(_library_message(opened))
    except Exception:  # noqa: BLE001  the library promises nothing for hostile mail
        return None
    found = [(octets, False) for octets in temporary - permanent] + [(octets, True) for octets in permanent]
    found = [(octets, final) for octets, final in found if _ADDRESS.fullmatch(octets.decode("utf-8", "replace")) and b"@" in octets]
    text = _report_text(opened)
    recipients = []
    for octets, final in sorted(found):
        address = octets.decode("utf-8", "replace")
        said = bouncetext.about(address, text)
        status = bouncereason.status_of(said)
        recipients.append(
            BouncedRecipient(address=address, status=status, permanent=final, reason=bouncereason.reason(said, status, not final))
        )
    return tuple(recipients) or None


def _library_message(opened: Opened) -> LibraryMessage:
    whole = LibraryMessage()
    for name, value in opened.headers:
        if name != "content-transfer-encoding":
            whole[name] = value.replace("\n", " ").replace("\r", " ")
    if not opened.content_type.startswith("multipart/") and len(opened.parts) == 1:
        whole.set_payload(opened.parts[0].content[:_LIBRARY_READS].decode("utf-8", "replace"))
        return whole
    for part in opened.parts:
        inner = LibraryMessage()
        inner["Content-Type"] = part.content_type
        text = part.content[:_LIBRARY_READS].decode("utf-8", "replace")
        if part.content_type in _STATUS_TYPES:
            inner.set_payload([])
            for block in text.replace("\r\n", "\n").split("\n\n")[:_MAX_BLOCKS]:
                status = LibraryMessage()
                for name, value in _fields(block).items():
                    status[name] = value
                inner.attach(status)
        else:
            inner.set_payload(text)
        whole.attach(inner)
    return whole


# --- the returned mail ---------------------------------------------------------------------------------------------


def _original_ids(opened: Opened, message: Message) -> tuple[MessageId, ...]:
    """The Message-IDs of the returned mail: of attached ones and their headers, else of header lines quoted in the text."""
    values: list[str] = []
    for part in opened.parts:
        if part.content_type in _RETURNED_TYPES:
            inner = open_octets(part.content[:_MAX_RETURNED], _INNER)
            values += inner.values("message-id")[:1]
            if not inner.values("message-id"):
                values += _ID_FIELD.findall(part.content[:_LOOKED_AT].decode("utf-8", "replace"))[:_MAX_IDS]
        elif part.text is not None or part.content_type in _STATUS_TYPES:
            text = part.text if part.text is not None else part.content[:_LOOKED_AT].decode("utf-8", "replace")
            values += _ID_FIELD.findall(text[:_LOOKED_AT])[:_MAX_IDS]
    found = [name for name in headers.message_ids(values, _MAX_IDS) if name != message.message_id]
    found += [name for name in (*message.in_reply_to, *message.references) if name not in found]
    return tuple(found[:_MAX_IDS])


def _returned_to(opened: Opened, returned: str) -> list[str]:
    """To whom the returned mail was addressed, if that was one address."""
    values: list[str] = []
    for part in opened.parts:
        if part.content_type in _RETURNED_TYPES:
            values += open_octets(part.content[:_MAX_RETURNED], _INNER).values("to")
    if not values and returned:
        values += [line[3:] for line in returned.split("\n")[:200] if line[:3].lower() == "to:"]
    found = {match for value in values for match in re.findall(r"[^\s<>\"(),;:]{1,80}@[A-Za-z0-9.-]{1,120}", value[:2000])}
    return sorted(found) if len(found) == 1 else []

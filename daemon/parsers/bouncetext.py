"""Bounces that are written for people only (qmail, Exim, old sendmail, Postfix's text, Exchange, Notes and many more).

By mechanism, not by sample: the report ends where the returned mail begins; an address stands on a line of its own, before
"...", behind a label or in a server's answer; what is said about it stands on and below its line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.parsers import robotwords

_MAX_LINES = 400
_MAX_LINE = 500
_MAX_RECIPIENTS = 100
_SAID = 12
_ABOUT = 800
_INSET = 20

_WIDE = "（）［］「」【】《》〈〉“”‘’«»：；，。、"
"""Punctuation of other scripts that stands around an address, never in one."""
_ADDR = rf"[^\s<>()\[\]\",;:@{_WIDE}]{{1,80}}@[A-Za-z0-9][A-Za-z0-9.\-]{{0,120}}"
_ANY = re.compile(rf"(?<![^\s<>()\[\]\",;:='/*{_WIDE}]){_ADDR}|\"[^\s\"]{{1,64}}\"@[A-Za-z0-9.\-]{{1,120}}")
_HEAD = re.compile(
    rf"\s*(?:(?:[-*>•o]|[-=]>)\s+)?(?:[45]\d\d[ -](?:[45]\.\d\.\d\s)?\s*)?(?:[<\[](?:mailto:)?({_ADDR})[>\]]|({_ADDR}))"
    r"(?:\s*[:;,.]?\s*\Z|\s(?:\S{1,12}\s){0,2}\d{1,4}[./-]\d{1,2}[./-]|\s*(?:\.\.\.|:|-{1,2}\s|;|,\s|\(|\s(?:on |failed|was |is |does|"
    r"has |user|unknown|not |[45]\d\d[ -])))",
    re.IGNORECASE,
)
_LABEL = re.compile(
    rf"\s*(?:[-*>#|]\s*)?(?:[^:<>@]{{0,40}}\b)?(?:recipients?|to|user|address(?:es)?|mailbox|e-?mail|addressee|name|for|"
    rf"destinat\w{{1,8}}|empfänger|an|宛先|destinatario|failed|"
    rf"delivery to|unknown|invalid|rcpt)\b[^:<>@]{{0,30}}[:=]\s*(?:rfc822;\s*)?[\"'<(\[]*\s*(?:mailto:|smtp:)?({_ADDR})",
    re.IGNORECASE,
)
_MORE = re.compile(rf"[\"'>)\]]*(?:\s*[,;]\s*(?:and\s)?[<\"']?{_ADDR}[>\"']?){{1,50}}")
"""Further addresses behind the same label."""
_COMMAND = re.compile(rf"rcpt\s+to:?\s*<?({_ADDR})", re.IGNORECASE)
_FIELD = re.compile(r"(?:original|final)-recipient:\s*(?:rfc822|smtp)?\s*;?\s*(\S{1,200})", re.IGNORECASE)
_JSON = re.compile(rf"bouncedRecipients.{{1,20}}emailAddress\\*\"\s*:\s*\\*\"({_ADDR})", re.IGNORECASE)
_TROUBLE = re.compile(
    r"\b[45]\d\d[ \-:#]|\b[45]\.\d\.\d|unknown|undeliver|not (?:be )?(?:found|deliver|exist|known|accept|reach)|fail|reject|refus|"
    r"invalid|no such|unavailable|quota|full|"
    r"does(?:n't| not)|denied|error|could not|cannot|couldn't|can't|unable|disabled|returned|over ?quota|blocked|time[d ]?out|"
    r"delay|problem|bounce|virus|stopped|expired|\bnicht\b|unzustell|unbekannt|"
    r"pas (?:pu |été )|non (?:remis|délivr|distribu|è stat|consegnat|recapitat)|échec|inconnu|introuvable|impossible|"
    r"no (?:se |ha |fue |pudo)|não (?:pôde|pode|foi|entregue)|impossibile|inesistente|niet (?:worden|bezorgd|afgeleverd)|onbekend|"
    r"nie (?:został|mogł|dostarcz|można)|nieznan|nedoruč|nepodař|nemohl|kunde inte|kunne ikke|ei voitu|epäonnist|tuntematon|"
    r"nem (?:kézbesít|lehet|sikerül)|sikertelen|nu a putut|edilemedi|iletilemedi|ulaşt|không thể|tidak dapat|gagal|"
    r"не (?:доставлен|може|удалось|существует|найден|вдалося)|ошибк|помилк|δεν |αποτυχ|"
    r"無効|不明|失敗|エラー|配信|見つかり|届|失败|退信|退回|无法|無法|不存在|실패|못했|반송|오류",
    re.IGNORECASE,
)
_DELIVERED = re.compile(
    r"\s*(?:delivered|relayed|zugestellt|weitergeleitet|remis|relayé|entregado|consegnato|entregue|bezorgd|levererat)\s?:|"
    r"(?:has|have) been (?:successfully )?(?:delivered|relayed)|(?:was|were) successfully (?:delivered|relayed)|"
    r"wurden? (?:erfolgreich )?zugestellt|a (?:bien )?été (?:remis|délivré)|ha sido entregado|è stato (?:consegnato|recapitato)|"
    r"foi entregue|is (?:bezorgd|afgeleverd)",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"[-=*_> ]*(?:(?:original|returned|unsent|undelivered) (?:message|mail|text|e-?mail)\b.{0,40}|below (?:this line )?is a copy.{0,40}|"
    r"this is a copy of .{0,60}|"
    r"message (?:header|text|body|content)s?\b.{0,30}|(?:the )?(?:header|text|body|copy|headers|first \d{1,4} \w{1,8}) (?:of|"
    r"from) (?:the|your)\b.{0,80}|"
    r"your (?:message|mail) (?:reads|follows|was|text).{0,40}|.{0,40}message follows.{0,20}|included is.{0,60}|"
    r"message headers? follow.{0,20}|"
    r"here is (?:the|your) .{0,40}|forwarded message.{0,20}|begin message.{0,10}|=+ ?original.{0,40}|元のメッセージ.{0,20})[-=*_:. ]*\Z",
    re.IGNORECASE,
)
_MAIL_FIELD = re.compile(
    r"(?:received|return-path|message-id|mime-version|date|from|subject|to|x-[\w-]{1,40}|content-type|reply-to|sender|"
    r"dkim-signature)\s{0,3}:",
    re.IGNORECASE,
)
_FIRST_FIELD = re.compile(r"(?:received|return-path|message-id|x-[\w-]{1,40}|mime-version|dkim-signature)\s{0,2}:", re.IGNORECASE)
_AFTER_IDEOGRAPHS = re.compile(r"[\u2e80-\u9fff\uac00-\ud7a3\uff00-\uffef]([!-~]{1,80})\Z")
"""Scripts that put no blank between a word and an address."""
_NOT_PEOPLE = frozenset(["mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon", "abuse"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One address a report speaks of, and what it says."""

    address: str
    said: str


def cut(text: str) -> tuple[str, str]:
    """The report and the mail it returns, cut where the copy begins ("" when it returns none)."""
    lines = text.split("\n")[: 4 * _MAX_LINES]
    for index, line in enumerate(lines):
        bare = line[:_MAX_LINE].strip()
        if not bare or index < 1:
            continue
        if _RETURNED.match(bare) and any(_MAIL_FIELD.match(following.strip(" >|")) for following in lines[index + 1 : index + 6]):
            return "\n".join(lines[:index]), "\n".join(lines[index + 1 :])
        if _FIRST_FIELD.match(bare.lstrip(" >|")) and not _is_inset(lines, index):
            near = [following.strip(" >|") for following in lines[index : index + 8]]
            if (
                sum(1 for following in near if _MAIL_FIELD.match(following)) >= 3
                or sum(1 for f in near if f.lower().startswith("received:")) >= 2
            ):
                return "\n".join(lines[:index]), "\n".join(lines[index:])
    return "\n".join(lines), ""


def _is_inset(lines: Sequence[str], index: int) -> bool:
    """Whether fields stand indented within a report that goes on below them: they tell which mail it speaks of."""
    if not lines[index][:1].isspace():
        return False
    return any(line[:1] not in ("", " ", "\t") for line in lines[index + 1 : index + _INSET])


def recipients(report: str, not_these: frozenset[str]) -> tuple[Told, ...]:
    """The addresses a report says it could not reach; the surest way to find them that finds any."""
    notified = _JSON.search(report)
    if notified is not None:
        return (Told(address=_clean(notified[1]), said=report[max(0, notified.start() - 200) : notified.end() + 400]),)
    lines = [line[:_MAX_LINE] for line in report.split("\n")[:_MAX_LINES]]
    for ways in ((_FIELD,), (_HEAD, _COMMAND), (_LABEL,), ()):
        found: dict[str, int] = {}
        for index, line in enumerate(lines):
            if "@" not in line:
                continue
            for address in _addresses(line, ways):
                if address.lower() not in not_these and _is_person(address):
                    found.setdefault(address, index)
            if len(found) >= _MAX_RECIPIENTS:
                break
        if found:
            return _told(lines, found)
    return ()


def _addresses(line: str, ways: tuple[re.Pattern[str], ...]) -> list[str]:
    if not ways:
        return [_clean(match[0]) for match in _ANY.finditer(line)] if _TROUBLE.search(line) else []
    for way in ways:
        match = way.match(line) if way in (_HEAD, _LABEL) else way.search(line)
        if match is not None:
            address = _clean(next(group for group in match.groups() if group))
            following = _MORE.match(line, match.end()) if way is _LABEL else None
            more = [] if following is None else [_clean(found[0]) for found in _ANY.finditer(following[0])]
            return [address, *more] if "@" in address else []
    return []


def every_address(report: str, not_these: frozenset[str]) -> tuple[Told, ...]:
    """The last way: whatever addresses the report names, if it is one or two."""
    lines = [line[:_MAX_LINE] for line in report.split("\n")[:_MAX_LINES]]
    found: dict[str, int] = {}
    for index, line in enumerate(lines):
        for match in _ANY.finditer(line):
            address = _clean(match[0])
            if address.lower() not in not_these and _is_person(address):
                found.setdefault(address, index)
    return _told(lines, found) if 0 < len(found) <= 2 else ()


def _clean(address: str) -> str:
    address = address.strip(" <>\"'().,;:").removeprefix("mailto:")
    if address.isascii():
        return address
    local, at, domain = address.partition("@")
    tail = _AFTER_IDEOGRAPHS.search(local)
    return address if tail is None else tail[1] + at + domain


def _is_person(address: str) -> bool:
    local = address.partition("@")[0].lower()
    return local not in _NOT_PEOPLE and not robotwords.is_list_role(local)


def _told(lines: Sequence[str], found: dict[str, int]) -> tuple[Told, ...]:
    """What is said of each: from its line to the next one's."""
    starts = sorted(set(found.values()))
    told = []
    unique: dict[str, None] = {}
    for address, index in found.items():
        if address.lower() in unique:
            continue
        unique[address.lower()] = None
        following = next((start for start in starts if start > index), len(lines))
        said = " ".join(" ".join(lines[index : min(following, index + _SAID)]).split())
        told.append(Told(address=address, said=said))
    return tuple(told)


def about(address: str, report: str) -> str:
    """What a report says of an address, on one line: from where it is named to where another begins; all of it when it isn't named."""
    position = report.lower().find(address.lower())
    lines = report[max(0, position) :][:_ABOUT].split("\n")
    said = lines[:1]
    for line in lines[1:]:
        other = _HEAD.match(line) if "@" in line and position >= 0 else None
        if other is not None and _clean(other[1] or other[2]).lower() != address.lower():
            break
        said.append(line)
    return " ".join(" ".join(said).split())


def tells_success(subject: str, report: str) -> bool:
    """Whether a report says that the mail arrived, and nothing of a failure (what a sender gets who asked for a receipt)."""
    text = subject[:200] + "\n" + report[:2000]
    return _DELIVERED.search(text) is not None and _TROUBLE.search(text) is None


def shows_trouble(text: str) -> bool:
    """Whether the first words of a text speak of a failure to deliver."""
    return _TROUBLE.search(text[:4000]) is not None

"""What became of a mail, in words: read back from the journal, the cases and the outbox of a running world."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from daemon.actions.sentences import Telling, sentences
from daemon.demo.servers import Sent
from daemon.model import Trim
from daemon.reader import ReadFailure
from daemon.reasons import Outcome, Reason
from daemon.store import audit, journal, views
from daemon.store.names import Names, names_in
from daemon.worker import House

RESTING = frozenset({"sent", "failed", "held", "dropped"})
"""States of an outgoing mail that don't change by themselves."""

NEWEST = 200
"""Mails looked at for news: more than come in between two looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A mail that a mail caused."""

    to: str
    template: str
    message_id: str
    state: str
    detail: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One mail from its arrival to its end."""

    number: int
    sha256: str
    sender: str
    """The From field for people."""
    address: str
    """The sender's address, or empty."""
    subject: str
    words: str = field(repr=False)
    """The new words, as they are kept."""
    left_out: str
    """What was trimmed, or empty."""
    outcome: Outcome
    kind: str
    case: str
    """The number of the case it belongs to, or empty."""
    sentence: str
    """The decision's reason."""
    why: tuple[str, ...]
    """How it was found, and what the decision rests on."""
    grade: str
    evidence: str
    done: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def answer(self) -> Answer | None:
        """The mail to its sender."""
        return next((answer for answer in self.answers if answer.to == self.address), None)

    @property
    def resting(self) -> bool:
        """Whether its mails are sent, or won't be."""
        return all(answer.state in RESTING for answer in self.answers)


def episodes(house: House, after: int) -> list[Episode]:
    """The decided mails with a number above `after`, oldest first, as far as nothing before them is undecided."""
    with house.database.reading():
        fresh = [row for row in reversed(views.list_mails(outcome=None, limit=NEWEST)) if row["number"] > after]
        if not fresh:
            return []
        outbox = list(reversed(views.list_outbox(state=None, limit=None)))
        told = []
        for row in fresh:
            if row["outcome"] == views.IN_PROGRESS:
                break
            found = views.find_mail(str(row["number"])) or {}
            octets = journal.octets(found["sha256"]) if found.get("sha256") else b""
            record = json.loads(found["record"]) if found.get("record") else {"gates": [], "actions": [], "trust": None, "case": None}
            mails = [out for out in outbox if out["cause"] == f"mail:{row['number']}"]
            told.append((row, record, found.get("sha256") or "", octets, mails, names_in(record["actions"])))
    return [_episode(house, *parts) for parts in told]


def _episode(
    house: House, row: Mapping[str, Any], record: Mapping[str, Any], sha256: str, octets: bytes, mails: Sequence[Mapping[str, Any]],
    names: Names,
) -> Episode:  # fmt: skip
    gates = {gate["name"]: gate for gate in record["gates"]}
    match = gates.get("case", {"verdict": "new", "detail": ""})
    why = [match["detail"]] if match["verdict"] != "new" else []
    why += [row["detail"].splitlines()[-1]] if row["detail"] else []
    trust = record["trust"] or {"grade": "", "evidence": ""}
    number = row["case"] or (record["case"] or {"number": ""})["number"]
    sender, words, left_out = _said(house, octets)
    return Episode(
        number=row["number"], sha256=sha256, sender=sender or row["from"] or "", address=row["from"] or "",
        subject=row["subject"] or "", words=words, left_out=left_out, outcome=Outcome(row["outcome"]), kind=row["kind"] or "", case=number,
        sentence=Reason(row["reason"]).sentence if row["reason"] else "", why=tuple(why), grade=trust["grade"],
        evidence=trust["evidence"].removeprefix(f"From {row['from']}; "),
        done=tuple(_done(record["actions"], gates, Telling(done=True, case=number or None, names=names))),
        answers=tuple(
            Answer(
                to=mail["to"], template=mail["template"], message_id=mail["message_id"], state=mail["state"],
                detail=mail["detail"] or "", sent_at=mail["sent_at"],
            )
            for mail in mails
        ),
    )  # fmt: skip


def _said(house: House, octets: bytes) -> tuple[str, str, str]:
    """From, the new words, and what was left out of them; empty for a mail that can't be read."""
    reading = house.reader.submit(octets).result()
    if isinstance(reading, ReadFailure):
        return "", "", ""
    return reading.message.from_text, reading.new_text.strip(), _left_out(reading.trimmed)


def _left_out(trimmed: Sequence[Trim]) -> str:
    lines = sum(trim.lines for trim in trimmed)
    rules = ", ".join(dict.fromkeys(trim.rule.replace("_", " ") for trim in trimmed))
    return f"{lines} line{'s' if lines != 1 else ''} left out: {rules}" if trimmed else ""


TOLD = (
    "register-contact", "open-case", "add-comment", "keep-note", "keep-attachments", "mark-bounced", "open-cs-ticket", "close-cs-ticket",
    "move-request",
)  # fmt: skip
"""What is told of what was done: what a newcomer looks for. `explain` tells the rest."""


def _done(actions: Sequence[Mapping[str, Any]], gates: Mapping[str, Mapping[str, Any]], telling: Telling) -> Iterator[str]:
    """What was done in sentences; and why the sender is not answered, where a case was opened without an answer."""
    yield from sentences(actions, telling, TOLD)
    silent = gates.get("answer", {"verdict": "yes"})
    if actions and silent["verdict"] == "no" and any(action["verb"] == "open-case" for action in actions):
        yield f"The sender gets no answer ({silent['detail']})."


def all_cases(house: House) -> list[dict[str, Any]]:
    """Every case, newest Last Update first."""
    with house.database.reading():
        return views.list_cases(state="all", partner=None, search=None, limit=None)


def all_mails_out(house: House) -> list[dict[str, Any]]:
    """Every outgoing mail, oldest first."""
    with house.database.reading():
        return list(reversed(views.list_outbox(state=None, limit=None)))


def books(house: House) -> audit.Books:
    """The result of the audit."""
    with house.database.reading():
        return audit.audit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that went out, opened for reading."""

    sender: str
    to: str
    subject: str
    reply_to: str
    template: str
    message_id: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def letter(sent: Sent) -> Letter:
    """What a reader sees of a mail the relay took."""
    message = email.message_from_bytes(sent.octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return Letter(
        sender=str(message["From"]), to=str(message["To"]), subject=str(message["Subject"]), reply_to=str(message["Reply-To"] or ""),
        template=str(message["X-Supportd-Template"]), message_id=str(message["Message-ID"]).strip(),
        text=text.get_content().replace("\r\n", "\n") if text is not None else "",
        html=html.get_content() if html is not None else "",
    )  # fmt: skip


def keep_letters(folder: Path, sent: Sequence[Sent], known: int) -> None:
    """Write mails that went out into a folder, the mail itself (.eml) and its HTML part; the first `known` lie there already."""
    folder.mkdir(exist_ok=True)
    for number, mail in enumerate(sent[known:], known + 1):
        opened = letter(mail)
        label = f"{opened.template}-{mail.forward_paths[0]}"
        name = f"{number:02}-" + "".join(sign if sign.isascii() and (sign.isalnum() or sign in "@.-") else "_" for sign in label)[:100]
        (folder / f"{name}.eml").write_bytes(mail.octets)
        (folder / f"{name}.html").write_text(opened.html, encoding="utf-8")

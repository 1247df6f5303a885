"""Mails of the form "Channel Partner Form" for the dialogues: those of the corpus, and others with the answers a test needs."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from tests.conversations.world import SUPPORT, Out, World, address_of
from tests.rules.formmails import question_table

FORMS = Path(__file__).resolve().parents[1] / "mail" / "forms"
MONDAY = datetime(2025, 11, 24, 15, 5, tzinfo=UTC)
"""10:05 in New York, with Thanksgiving ahead."""
TITLE = "A New Channel Partner Request for HW Solar"
DANA = "dana.whitfield@greenlightsolar.example"

_serial = iter(range(1, 1_000_000))


def form(name: str) -> bytes:
    """A mail of the corpus."""
    return (FORMS / f"{name}.eml").read_bytes()


def submitted(
    name: str = "Dana Whitfield", address: str = DANA, company: str = "Green Light Solar", partner: str = "HW Solar", *,
    more: Iterable[tuple[str, str]] = (), submission: str | None = "7100000000000000001", sender: str = "noreply@jotform.com",
    results: str | None = "pass", files: Iterable[tuple[str, str, bytes]] = (), title: str = "Channel Partner Form",
    link: str = "https://www.jotform.com/220683651272354",
) -> EmailMessage:  # fmt: skip
    """What the form service mails about one submission; `submission` None: nothing in it says which, its `link` leads to the form."""
    rows = (("Your Name", name), ("Your Email", address), ("Company Name", company), ("New Channel Partner", partner), *more)
    page = question_table([row for row in rows if row[1]]).replace("Channel Partner Form", title)
    page = re.sub(r"https://www\.jotform\.com/uploads/[^<]+", r'<a href="\g<0>">\g<0></a>', page)
    edit = "https://www.jotform.com/edit/7100000000000000001"
    page = page.replace(edit, edit.replace("7100000000000000001", submission) if submission else link)
    message = EmailMessage(policy=email.policy.SMTP)
    if results is not None:
        message["Authentication-Results"] = f"mx.support.example; dmarc={results} header.from={sender.rpartition('@')[2]}"
    message["From"] = f"Jotform <{sender}>"
    message["To"] = SUPPORT
    message["Subject"] = f"A New Channel Partner Request for {partner}"
    message["Message-ID"] = f"<{next(_serial)}.form@jotform.com>"
    message["Date"] = "Mon, 24 Nov 2025 15:04:00 +0000"
    message.set_content("Please look at the HTML of this mail.\n")
    message.add_alternative(f"<html><body>{page}</body></html>", subtype="html")
    for file_name, kind, content in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=file_name)
    return message


def forwarded_as_file(who: str, inner: EmailMessage, words: str = "See attached.", results: str = "pass") -> bytes:
    """The same mail as somebody forwards it: attached whole."""
    author = address_of(who)
    message = EmailMessage(policy=email.policy.SMTP)
    message["Authentication-Results"] = f"mx.support.example; dmarc={results} header.from={author.rpartition('@')[2]}"
    message["From"] = author
    message["To"] = SUPPORT
    message["Subject"] = f"Fwd: {inner['Subject']}"
    message["Message-ID"] = f"<{next(_serial)}.forwarded@support.example>"
    message["Date"] = "Mon, 24 Nov 2025 15:04:30 +0000"
    message.set_content(f"{words}\n")
    message.add_attachment(inner)
    return message.as_bytes()


def taken_in(world: World, octets: bytes | None = None, customer: str = "dana") -> tuple[Out, Out, Out]:
    """A form is taken in: the quick reply to the customer, the mention of the account manager, the work of the assignee."""
    world.clock = MONDAY
    first, mention, work = world.talk(
        octets or form("default-2021"), (customer, "New Channel Req 1"), ("marta", "mention"), ("ivan", "cs-assigned")
    )  # fmt: skip
    return first, mention, work


def asked(world: World, octets: bytes) -> Out:
    """A form that waits for a person: what the triage queue's member is asked."""
    world.clock = MONDAY
    (question,) = world.talk(octets, ("priya", "triage"))
    return question


def settled(world: World, answer: bytes, customer: str = "dana") -> Out:
    """A person's answer that takes the form in; the work of the assignee."""
    *_, work = world.talk(
        answer, ("priya", "confirmation"), (customer, "New Channel Req 1"), ("marta", "mention"), ("ivan", "cs-assigned")
    )  # fmt: skip
    return work

"""What is stored of mails that may be a loop: holds, how often a subject came, how much was sent. Nothing is counted in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import peewee as pw

from daemon.mail.addresses import Key, Signer
from daemon.model import EVERYBODY, PERSONS_WORDS, EarlierMail, Kind, LoopFacts, LoopLimits, LoopQuestion
from daemon.reasons import Reason
from daemon.store.outbox import told_of_templates
from daemon.store.schema import Journal, MailHold, Outbox, Undeliverable, database
from daemon.store.statements import Select, rows

_PERSONAL = (Kind.TICKET.value, Kind.REPLY.value, Kind.COMMAND.value, Kind.LIST.value)
SHOWN = 3
MOST_LOOKED_AT = 100
"""Mails of one address: more can't change what comes of it."""


def loop_facts(asked: LoopQuestion, signer: Signer, *, number: int | None) -> LoopFacts:
    """What `rules.loops` must know; `number` is the journal number of the mail that is decided now, None without one."""
    holds = dict(_HOLDS(addresses=list(asked.addresses), now=asked.clock))
    earlier: tuple[EarlierMail, ...] = ()
    if asked.author is not None:
        found = _EARLIER(author=asked.author, since=asked.now - asked.limits.pattern_span, until=asked.now, number=number or 0)
        earlier = tuple(
            EarlierMail(subject=subject or "", ran=reason == Reason.COMMANDS_RUN.value, wording=words) for subject, reason, words in found
        )
    hour, day = asked.clock - timedelta(hours=1), asked.clock - timedelta(hours=24)
    about_case = [row[0] for row in _OF_CASE(case=asked.case_id, since=day)] if asked.case_id is not None else []
    automatic, received = _volume(hour, asked.limits) if asked.limits.breaker and EVERYBODY not in holds else (0, 0)
    return LoopFacts(
        holds=holds, earlier=earlier, own_references=sum(isinstance(signer.read_message_id(name), Key) for name in asked.references),
        case_hour=sum(at > hour for at in about_case), case_day=len(about_case),
        domain_day=_to_domain(asked.domain, day) if asked.domain is not None else 0, automatic_hour=automatic, received_hour=received,
    )  # fmt: skip


_HOLDS = Select(
    lambda addresses, now: MailHold.select(MailHold.address, MailHold.reason).where(
        MailHold.address.in_(addresses) & (MailHold.until > now)
    )
)
_EARLIER = Select(
    lambda author, since, until, number: (
        Journal.select(Journal.subject, Journal.reason, Journal.wording)
        .where(
            (Journal.author == author)
            & (Journal.internal_date > since)
            & (Journal.internal_date <= until)
            & (Journal.id != number)
            & Journal.kind.in_(_PERSONAL)
        )
        .order_by(Journal.internal_date.desc())
        .limit(MOST_LOOKED_AT)
    )
)
_OF_CASE = Select(
    lambda case, since: (
        Outbox.select(Outbox.created_at)
        .where((Outbox.case == case) & Outbox.counted & (Outbox.state != "held") & (Outbox.created_at > since))
        .limit(MOST_LOOKED_AT)
    )
)


def _to_domain(domain: str, since: datetime) -> int:
    ours = Outbox.counted & (Outbox.state != "held") & (Outbox.created_at > since)
    return int(Outbox.select().where(ours & Outbox.forward_path.endswith(f"@{domain}")).count())


def _volume(hour: datetime, limits: LoopLimits) -> tuple[int, int]:
    """Automatic mails queued since `hour`, at most, and mails received.

    Ids are given in the order of time, so the two ends of a span bound what is in it, whatever their number; only when that is too
    much is anything counted.
    """
    last_out, first_out, last_in, first_in = _ENDS(hour=hour)[0]
    queued, received = (last_out or 0) - (first_out or 0), (last_in or 0) - (first_in or 0)
    if queued <= limits.breaker // 2 + limits.breaker_per_mail * received:
        return queued, received
    return int(_sent_since(hour)), received


_ENDS = Select(
    lambda hour: pw.Select(
        (),
        (
            Outbox.select(Outbox.id).order_by(Outbox.id.desc()).limit(1),
            Outbox.select(Outbox.id).where(Outbox.created_at <= hour).order_by(Outbox.created_at.desc(), Outbox.id.desc()).limit(1),
            Journal.select(Journal.id).order_by(Journal.id.desc()).limit(1),
            Journal.select(Journal.id).where(Journal.recorded_at <= hour).order_by(Journal.recorded_at.desc(), Journal.id.desc()).limit(1),
        ),
    ).bind(database.obj)
)


def _sent_since(hour: datetime) -> int:
    """Mails that mails caused since then, without those that carry a person's words."""
    made = (Outbox.created_at > hour) & (Outbox.state != "held") & Outbox.template.not_in(PERSONS_WORDS)
    return int(Outbox.select().where(made & Outbox.cause.startswith("mail:")).count())


# --- for people ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmailed:
    """An address that nothing is mailed to, and why; `until` None: until somebody lifts it."""

    address: str
    since: datetime
    until: datetime | None
    reason: str


def unmailed(now: datetime, bounces: int, addresses: Sequence[str] | None = None) -> list[Unmailed]:
    """Every address that mails are held back from now, or those of `addresses`; `bounces` is after how many one is."""
    wanted = pw.SQL("1 = 1") if addresses is None else None
    at_hold = wanted or MailHold.address.in_(list(addresses or ()))
    at_bounce = wanted or Undeliverable.address.in_(list(addresses or ()))
    holds = MailHold.select(MailHold.address, MailHold.since, MailHold.until, MailHold.reason).where(at_hold & (MailHold.until > now))
    bounced = Undeliverable.select(Undeliverable.address, Undeliverable.last_at, Undeliverable.bounces).where(
        at_bounce & (Undeliverable.bounces >= bounces)
    )
    found = [Unmailed(address=row[0], since=row[1], until=row[2], reason=row[3]) for row in rows(holds)]
    found += [
        Unmailed(address=row[0], since=row[1], until=None, reason=f"undeliverable: {row[2]} mails bounced for good")
        for row in rows(bounced)
    ]
    return sorted(found, key=lambda one: (one.address, one.since))


def told_of_guards(limits: LoopLimits, now: datetime | None, bounces: int) -> Iterator[tuple[str, int, str, str]]:
    """For whoever checks an installation: (what, weight, found, how to mend); weight 0 is good, 1 unwise.

    Which guards are off, how many mails are held, and where nothing is mailed. Without `now` nothing is said of the last.
    """
    guards = {"loop_pattern": limits.pattern, "loop_depth": limits.depth, "loop_subject": limits.subject, "breaker": limits.breaker}
    off = [name for name, most in guards.items() if not most]
    if off:
        yield "loop guards", 1, f"off: {', '.join(off)}", "two programs may write to each other for ever; see [limits]"
    else:
        yield "loop guards", 0, ", ".join(f"{name} {most}" for name, most in guards.items()), ""
    yield from told_of_templates()
    held = Outbox.select().where(Outbox.state == "held").count()
    if held:
        yield "held mails", 1, f"{held} of ours", "`supportd outbox --state held`, then release N or drop N"
    closed = unmailed(now, bounces) if now is not None else []
    if closed:
        shown = "; ".join(f"{one.address} ({one.reason})" for one in closed[:SHOWN])
        more = f"; {len(closed) - SHOWN} more" if len(closed) > SHOWN else ""
        yield "not mailed", 1, shown + more, "`supportd lift` lists them, `supportd lift ADDRESS` mails one again"


def lift(address: str) -> bool:
    """Mail this address again. False when nothing was held back from it."""
    held = MailHold.delete().where(MailHold.address == address).execute()
    bounced = Undeliverable.delete().where(Undeliverable.address == address).execute()
    return bool(held or bounced)

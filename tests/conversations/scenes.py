"""Scenes that several dialogues begin with, and what they look at afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from tests.conversations.world import Out, World, mail

MONDAY = datetime(2025, 11, 17, 15, 0, tzinfo=UTC)
"""10:00 in New York."""

NEW_CASE = "#case\ntype: reseller\ncontact: ann.lee@acme.example\npartner: {}\nInverter has been offline since Saturday.\n"


def opened(world: World, partner: str = "Miller Solar", agent: str = "bob") -> Out:
    """Cara opens a case for Ann and gives it to a partner; the mail that the partner's agent gets."""
    assigned, _, _ = world.talk(
        mail("cara", NEW_CASE.format(partner), subject="Inverter offline at Acme"),
        (agent, "case-assigned"), ("cara", "case-created"), ("ann", "case-received"),
    )  # fmt: skip
    return assigned


def acknowledged(world: World) -> Out:
    """The same, and Bob has acknowledged it; his confirmation."""
    assigned = opened(world)
    done, _ = world.talk(mail("bob", "#ack", answers=assigned), ("bob", "confirmation"), ("cara", "case-acknowledged-notice"))
    return done


def planned(world: World) -> Out:
    """The same, planned for Friday; Bob's confirmation."""
    done = acknowledged(world)
    (done,) = world.talk(mail("bob", "#plan 2025-11-21 Replace the gateway", answers=done), ("bob", "confirmation"))
    assert world.case(1001)["planned_resolution_date"] == date(2025, 11, 21)
    return done


def clock(world: World, kind: str, number: int = 1001) -> dict[str, Any]:
    """The newest clock of a kind."""
    found: dict[str, Any] = [row for row in world.case(number)["clocks"] if row["kind"] == kind][-1]
    return found


STANDING = (
    "state", "acknowledged", "acknowledged_at", "acknowledged_by", "planned_resolution", "planned_resolution_date",
    "first_planned_resolution_date", "plan_count", "closed_at", "closed_by", "resolution", "closed_on_planned_date", "sla_cycle", "owner",
    "queue", "partner", "next_deadline", "comments",
)  # fmt: skip
"""What a case says of itself, and what people said on it."""


def standing(world: World, number: int = 1001) -> dict[str, Any]:
    """How a case stands, and its clocks."""
    case = world.case(number)
    return {name: case[name] for name in STANDING} | {"clocks": case["clocks"]}

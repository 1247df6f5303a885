"""The worked replies through the whole program: `explain` on real octets, with a case in the example's state.

What an example expects is what a person's words ask for; the program's own steps follow under other names.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from daemon import worker
from daemon.actions.vocabulary import VERBS
from daemon.explaining import explained
from daemon.record import record_of
from tests.conversations.databases import on_sqlite
from tests.conversations.forms import taken_in
from tests.conversations.scenes import MONDAY, opened
from tests.conversations.world import Out, World, mail

FOLDER = Path(__file__).parent.parent / "examples"


def _examples(name: str, about: str = "case") -> list[dict[str, Any]]:
    """The examples of a file on a case or a CS ticket, but those of an organization that writes dates in an order of its own."""
    found = json.loads((FOLDER / name).read_text(encoding="utf-8"))["examples"]
    return [one for one in found if one["context"].get("object", "case") == about and "date_order" not in one["context"]]


EXAMPLES = [*_examples("reply_examples.json"), *_examples("reply_cases.json")[::5]]
"""Of the second file a part: `tests/rules/test_judge.py` judges all of it."""
ON_A_TICKET = [*_examples("reply_examples.json", "cs"), *_examples("reply_cases.json", "cs")]
SENDERS = {"partner": "bob", "customer": "ann", "agent": "cara", "config_assignee": "ivan", "qa_assignee": "cherish"}
STATES = ("new", "acknowledged", "planned", "closed")
PROGRAM = frozenset(VERBS.values())


pytestmark = on_sqlite


@pytest.fixture(autouse=True)
def monday(world: World) -> None:
    world.clock = MONDAY


def in_state(world: World, state: str) -> dict[str, Out]:
    """Bring a case into a state; the mail that each person last had about it."""
    assigned = opened(world)
    theirs = {out.to: out for out in world.all_out()}
    if state != "new":
        world.deliver(mail("bob", "#ack", answers=assigned))
    if state in ("planned", "closed"):
        world.deliver(mail("bob", "#plan 2025-11-21 Replace the gateway", answers=assigned))
    if state == "closed":
        world.deliver(mail("bob", "#close Replaced.", answers=assigned))
    world.run()
    return theirs | {out.to: out for out in world.out()}


def octets_of(example: dict[str, Any], theirs: dict[str, Out]) -> bytes:
    context = example["context"]
    sender = SENDERS[context["role"]]
    reply = context.get("is_reply", True)
    return mail(
        sender, example["raw"], name=context["sender_name"], answers=theirs[sender] if reply else None,
        subject="Inverter offline at Acme [CASE-1001]",
    )  # fmt: skip


def asked_for(answer: dict[str, Any]) -> dict[str, Any]:
    """The part of an answer that an example speaks of."""
    actions = answer["actions"]
    return {
        "actions": [action for action in actions if action["verb"] not in PROGRAM],
        "comment": answer["comment"],
        "errors": [error["code"] for error in answer["errors"]],
        "warnings": [warning["code"] for warning in answer["warnings"]],
        "natural": answer["natural"],
    }


@pytest.mark.parametrize("state", STATES)
def test_explain_says_of_a_file_what_the_example_expects(world: World, state: str) -> None:
    theirs = in_state(world, state)
    by_day: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for example in EXAMPLES:
        if example["context"]["state"] == state:
            by_day[example["context"]["today"]].append(example)
    assert by_day
    for day, examples in by_day.items():
        paths = []
        for example in examples:
            path = world.folder / f"{example['id']}.eml"
            path.write_bytes(octets_of(example, theirs))
            paths.append(str(path))
        answers = [json.loads(line) for line in world.cli("explain", "--json", "--now", f"{day}T16:00:00Z", *paths).splitlines()]
        wrong = {
            example["id"]: (asked_for(answer), example["expect"])
            for example, answer in zip(examples, answers, strict=True)
            if asked_for(answer) != example["expect"]
        }
        assert wrong == {}
        for example, answer in zip(examples, answers, strict=True):
            people_first = [action["verb"] in PROGRAM for action in answer["actions"]]
            assert people_first == sorted(people_first)
            assert answer["case"]["number"] == "CASE-1001"
            asks = bool(example["expect"]["actions"] or example["expect"]["errors"])
            assert (answer["kind"] == "command") is asks or example["id"] == "K57"
    assert len(world.mails()) <= 4


@pytest.mark.parametrize("state", ["open", "done"])
def test_explain_says_of_a_mail_on_a_cs_ticket_what_the_example_expects(world: World, state: str) -> None:
    _, _, work = taken_in(world)
    world.deliver(mail("ivan", "#done" if state == "done" else "#outstanding\nLogo\nRates\nContract", answers=work))
    for who in ("cherish", "cara"):  # they have a mail about the ticket to answer, too
        world.deliver(mail(who, "#status", subject=f"Re: {work.subject}"))
    world.run()
    theirs = {out.to: out for out in world.out() if out.template == "status"} | {"ivan": work}
    before = len(world.mails())
    examples = [one for one in ON_A_TICKET if one["context"]["state"] == state]
    paths = []
    for example in examples:
        sender = SENDERS[example["context"]["role"]]
        path = world.folder / f"{example['id']}.eml"
        name = example["context"]["sender_name"]
        path.write_bytes(mail(sender, example["raw"], name=name, answers=theirs[sender]))
        paths.append(str(path))
    answers = [json.loads(line) for line in world.cli("explain", "--json", "--now", "2026-11-23T16:00:00Z", *paths).splitlines()]
    wrong = {
        example["id"]: (asked_for(answer), example["expect"])
        for example, answer in zip(examples, answers, strict=True)
        if asked_for(answer) != example["expect"]
    }
    assert wrong == {}
    assert len(world.mails()) == before


def would_be(world: World, octets: bytes) -> dict[str, Any]:
    """What `explain` says of these octets, arriving now."""
    judged = worker.explain(world.house, octets, hashlib.sha256(octets).hexdigest(), world.clock)
    assert isinstance(judged, tuple)
    reading, _, decision = judged
    return explained(reading, record_of(decision, decision.match.case_id if decision.match else None))


DIALOGUE = (
    "Received",
    "#plan 12/01/2025 ship the part",
    "#plan 2025-11-19 Replace the gateway",
    "All good here.\n#cloze",
    "Done - thanks",
    "#close",
)
"""A plain word, an error, a step that implies another, a near miss, a natural step, an error by the state."""


def test_what_was_done_is_told_as_what_would_be_done(world: World) -> None:
    assigned = opened(world)
    foretold = []
    for text in DIALOGUE:
        world.later(minutes=5)
        octets = mail("bob", text, answers=assigned)
        foretold.append(would_be(world, octets))
        world.deliver(octets)
        world.run()
    numbers = [str(entry["number"]) for entry in world.mails()[1:]]
    done = [json.loads(line) for line in world.cli("explain", "--json", *numbers).splitlines()]
    for before, after in zip(foretold, done, strict=True):
        for name in ("commands", "natural", "comment", "errors", "warnings", "kind", "reason", "new_text", "trust", "mails"):
            assert after[name] == before[name], name
        assert [action["verb"] for action in after["actions"]] == [action["verb"] for action in before["actions"]]
    seen = [(one["reason"], asked_for(one)["actions"], asked_for(one)["errors"], asked_for(one)["warnings"]) for one in done]
    assert seen == [
        ("comment-added", [], [], []),
        ("commands-refused", [], ["E-DATE-AMBIGUOUS"], []),
        ("commands-run", [{"verb": "plan", "date": "2025-11-19", "text": "Replace the gateway"}], [], ["W-IMPLIED-ACKNOWLEDGE"]),
        ("comment-added", [], [], ["W-NEAR-MISS:cloze->close"]),
        ("commands-run", [{"verb": "close"}], [], []),
        ("commands-refused", [], ["E-STATE:already-closed"], []),
    ]

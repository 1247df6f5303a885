"""Hostile mails with what must become of them, played over the real store (`tests/hostile/threats/README.md` tells the files)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from daemon.parsers.lane import lane_of
from daemon.service import run_once
from daemon.store import views
from daemon.store.journal import Delivery
from daemon.store.schema import Attachment, ContactEmail, Outbox
from daemon.store.statements import rows
from daemon.worker import ingest
from tests.conversations.world import Out, World, address_of, mail, read_out

FOLDER = Path(__file__).parent.parent / "hostile" / "threats"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
SETTINGS = {"stamped": "mx.support.example", "silent": None}
"""What our provider does: it stamps its Authentication-Results, or nobody's are believed."""

HOUSE = frozenset({"cara", "lou", "marta", "priya"})
OUR_FIELDS = frozenset(
    {
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To", "Auto-Submitted",
        "X-Auto-Response-Suppress", "X-Supportd-Instance", "X-Supportd-Template", "MIME-Version", "Content-Type",
    }
)  # fmt: skip
_REPEATED = re.compile(rb"%\{(\d+):(.*?)\}%", re.DOTALL)
_PLACEHOLDER = re.compile(rb"%([a-z-]+)%")
_COMPARED = (
    "type", "subject", "state", "entity", "system", "organization", "contact", "contact_address", "partner", "owner", "queue",
    "acknowledged", "planned_resolution_date", "resolution", "comments", "tasks", "cs_tickets", "last_review",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A case of ann that bob's company works on, just opened by a good mail, and what the two were sent of it."""

    number: int
    received: Out
    assigned: Out
    view: dict[str, Any]
    """The case as it stands."""


@dataclass(kw_only=True)
class Stage:
    """A world without servers in which one threat after the other is played, a day apart, each on a case that nothing has changed."""

    world: World
    taken: int = 0
    """How many mails came."""
    seen: int = 0
    played: int = 0
    newest: int = 0
    scene: Scene | None = None
    other: Scene | None = None
    letters: list[Out] = field(default_factory=list)

    def take(self, octets: bytes) -> tuple[dict[str, Any], list[Out]]:
        """Write a mail down and work on it: its journal row, and what it makes leave."""
        world = self.world
        self.taken += 1
        ingest(
            world.house,
            [Delivery(uid=None, octets=octets, size=len(octets), internal_date=world.clock, lane=lane_of(octets), too_large=False)],
        )
        run_once(world.config, world.house, ("apply",))
        with world.house.database.reading():
            new = list(
                rows(
                    Outbox.select(Outbox.id, Outbox.reverse_path, Outbox.forward_path, Outbox.octets)
                    .where(Outbox.id > self.seen)
                    .order_by(Outbox.id)
                )
            )
        self.seen = max((row[0] for row in new), default=self.seen)
        left = [read_out(row[1], (row[2],), bytes(row[3])) for row in new]
        self.letters += left
        with world.house.database.reading():
            (row,) = views.list_mails(outcome=None, limit=1)
        self.newest = max(self.newest, int(row["case"][5:]) if row["case"] else 0)
        return row, left

    def open_case(self) -> Scene:
        """A good mail, a customer's: it opens a case and tells the partner."""
        self.played += 1
        row, left = self.take(mail("ann", "Roof-7 shows no data.", message_id=f"<good{self.played}@acme.example>"))
        by_template = {out.template: out for out in left}
        assert (row["outcome"], row["reason"], sorted(by_template)) == ("acted", "case-opened", ["case-assigned", "case-received"])
        number = int(row["case"][5:])
        return Scene(
            number=number, received=by_template["case-received"], assigned=by_template["case-assigned"], view=self.world.case(number)
        )

    def play(self, name: str) -> dict[str, Any]:
        """Play the threat, and what comes before it; what became of it, in the words of the JSON files."""
        told = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        if self.other is None:
            self.other = self.open_case()
        self.world.later(hours=25)
        changes = "before" in told or any(told[setting]["changed"] for setting in SETTINGS)
        scene = self.scene if self.scene is not None and not changes else self.open_case()
        newest = self.newest
        for step in told.get("before", ()):
            self._first(step, scene)
        before = self.world.case(scene.number) if "before" in told else scene.view
        octets = self.filled((FOLDER / told.get("mail", f"{name}.eml")).read_bytes(), scene)
        begun = self.seen
        for number in range(1, told.get("times", 1)):
            self.take(octets.replace(b"%time%", str(number).encode()))
            self.world.later(seconds=5)
        row, left = self.take(octets.replace(b"%time%", str(told.get("times", 1)).encode()))
        after = self.world.case(scene.number)
        number = int(row["case"][5:]) if row["case"] else None
        became: dict[str, Any] = {
            "outcome": row["outcome"],
            "reason": row["reason"],
            "trust": row["trust"],
            "case": self._which(number, scene, newest),
            "changed": [key for key in _COMPARED if before[key] != after[key]],
            "notes": _notes(after) - _notes(before),
            "mails": sorted([out.to, out.template] for out in left),
        }
        if "times" in told:
            became |= self._sent_and_held(row["from"], begun, row["number"])
        if "files" in told:
            with self.world.house.database.reading():
                files = Attachment.select(Attachment.name).where(Attachment.journal == row["number"]).order_by(Attachment.id)
                assert [found[0] for found in rows(files)] == told["files"], f"{name}: its files are called otherwise"
        view = after if number == scene.number else self.world.case(number) if number is not None else None
        self._assert_words(name, told, view, left)
        if became["case"] == "new" and view is not None:
            assert view["created_at"] == self.world.clock, f"{name}: not judged at its arrival"
        # a case that was changed is of no use to the next one, and an old one of none to whoever changes it
        self.scene = replace(scene, view=after) if not (changes or became["changed"]) else None
        return became

    def _sent_and_held(self, address: str, begun: int, number: int) -> dict[str, Any]:
        """How many mails are to leave to an address of those written since `begun`, and which limits hold those of the last mail."""
        with self.world.house.database.reading():
            found = list(rows(Outbox.select(Outbox.forward_path, Outbox.state, Outbox.cause, Outbox.detail).where(Outbox.id > begun)))
        held = sorted({row[3].partition(":")[0] for row in found if row[1] == "held" and row[2] == f"mail:{number}"})
        return {"sent": sum(row[0] == address and row[1] != "held" for row in found), "held": held}

    @staticmethod
    def _assert_words(name: str, told: dict[str, Any], view: dict[str, Any] | None, left: list[Out]) -> None:
        """What must be read in the case or a mail, what must not, and what nobody outside the house may read."""
        mails = [(out.to, f"{out.subject}\n{out.text}\n{out.html}") for out in left]
        everywhere = "\n".join([json.dumps(view, default=str, ensure_ascii=False), *[words for _, words in mails]])
        for words in told.get("shown", ()):
            assert words in everywhere, f"{name}: {words!r} is neither in the case nor in a mail"
        for words in told.get("never", ()):
            assert words not in everywhere, f"{name}: {words!r} is in the case or in a mail"
        for words in told.get("told_nobody", ()):
            assert not any(words in text for to, text in mails if to not in HOUSE), f"{name}: somebody is sent {words!r}"

    def _first(self, step: str, scene: Scene) -> None:
        """What comes before the mail itself: a threat's file, or a word of the house."""
        if step.endswith(".eml"):
            self.take(self.filled((FOLDER / step).read_bytes(), scene))
            return
        address = self._signed(scene.number, "cara")
        row, _ = self.take(mail("cara", step, subject="Re: it", to=address, message_id=f"<house{self.played}@support.example>"))
        assert row["reason"] == "commands-run", row

    def _signed(self, number: int, who: str) -> str:
        with self.world.house.database.reading():
            (found,) = rows(ContactEmail.select(ContactEmail.contact).where(ContactEmail.address == address_of(who)))
        return str(self.world.house.desk.signer.reply_address(number, found[0], address_of(who)))

    def _which(self, number: int | None, scene: Scene, newest: int) -> str | None:
        """this: the case of the scene; other: the first one of this world; new: it was made for this mail."""
        if number is None:
            return None
        assert self.other is not None
        return {scene.number: "this", self.other.number: "other"}.get(number, "new" if number > newest else "known")

    def filled(self, octets: bytes, scene: Scene) -> bytes:
        """The mail with its placeholders filled in."""
        assert self.other is not None
        partners = scene.assigned.reply_to
        local, _, domain = partners.partition("@")
        counted = scene.assigned.message_id
        values = {
            "case": f"CASE-{scene.number}",
            "partner-address": partners,
            "partner-message-id": counted,
            "customer-address": scene.received.reply_to,
            "customer-message-id": scene.received.message_id,
            "other-partner-address": self.other.assigned.reply_to,
            "tampered-address": f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}",
            "guessed-message-id": counted.replace(".", ".a" if counted[1] != "a" else ".b", 1),
            "customer-bounce-address": scene.received.reverse_path,
            "many-copies": ",\r\n ".join(f"friend{number}@friends.example" for number in range(150)),
        }
        if b"%our-mail%" in octets:
            return octets.replace(b"%our-mail%", scene.received.octets)
        octets = _REPEATED.sub(lambda found: found[2] * int(found[1]), octets)
        return _PLACEHOLDER.sub(lambda found: values.get(found[1].decode(), found[0].decode()).encode(), octets)


def _notes(view: dict[str, Any]) -> int:
    return sum(item["kind"] == "note" for item in view["feed"])


def stage_of(world: World) -> Stage:
    """An empty stage a minute into the world's time."""
    world.clock += timedelta(minutes=1)
    return Stage(world=world)

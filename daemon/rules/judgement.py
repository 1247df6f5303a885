"""What a judgement is made of: what is known of the mail, and what came out. See `judge`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from daemon.parsers.commands import Command
from daemon.parsers.keywords import CUSTOMER
from daemon.rules import lifecycle
from daemon.rules.lifecycle import State

UNKNOWN_VERB = "E-UNKNOWN-VERB"
NOT_ALLOWED = "E-NOT-ALLOWED"
NO_CASE = "E-NO-CASE"
NOT_IN_STATE = "E-STATE"
CONFLICT = "E-CONFLICT"
CONDITIONAL = "E-CONDITIONAL"
TEXT_MISSING = "E-TEXT-MISSING"
ARG_MISSING = "E-ARG-MISSING"
TOO_LONG = "E-TOO-LONG"
NO_QUESTION = "E-NO-QUESTION"
NO_ACCOUNT = "E-NO-ACCOUNT"
ALREADY_ACKNOWLEDGED = "W-ALREADY-ACKNOWLEDGED"
IMPLIED_ACKNOWLEDGE = "W-IMPLIED-ACKNOWLEDGE"
NOT_BUSINESS_DAY = "W-DATE-NOT-BUSINESS-DAY"
NEAR_MISS = "W-NEAR-MISS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question of ours that waits for an answer. `asked_sender`: it was put to the sender of this mail.

    `meant`: the mail answers the very mail that asked, so a plain yes is an answer to it. `closes`: a yes closes the case.
    """

    kind: str
    asked_sender: bool
    meant: bool = True
    closes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """The last acknowledge, plan, close or reopen on this case that could be taken back."""

    verb: str
    given_by_sender: bool
    within_day: bool
    """It was given within the last 24 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known besides the text. `roles` are the sender's on what the mail is `about` ("case", "cs", None: no case was found).

    `open` is that of the case, or whether the CS ticket is not Done yet. `today` is the date where the sender is.
    """

    roles: frozenset[str]
    about: str | None
    today: date
    is_business_day: Callable[[date], bool]
    is_reply: bool
    open: bool = True
    acknowledged: bool = False
    planned: bool = False
    date_order: str | None = None
    question: Question | None = None
    undoable: Undoable | None = None
    customer_may_close: bool = True

    @property
    def state(self) -> State:
        """Where the case or the CS ticket is in its life; State.NOTHING without one."""
        if self.about is None:
            return State.NOTHING
        if self.about == "cs":
            return State.CS_OPEN if self.open else State.CS_DONE
        return lifecycle.case_state(is_open=self.open, acknowledged=self.acknowledged, planned=self.planned)

    @property
    def is_customer_only(self) -> bool:
        """The sender is nothing but the customer here."""
        return self.roles == {CUSTOMER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One step that is granted, as far as it can be told without looking anybody up.

    `text` is the words of the verb, `arg` its argument; None where there are none. `items` are the lines of `outstanding`, or
    the numbers of `cleared` (empty: all). `fields` and `extra` are the labels of `case`, `contact` and `call` (see `blocks`).
    """

    verb: str
    line: int
    date: date | None = None
    text: str | None = None
    arg: str | None = None
    items: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    extra: tuple[tuple[str, str], ...] = ()

    def facts(self) -> dict[str, str]:
        """The request as `explain` prints it: verb and, where given, date, text and arg."""
        parts = {"verb": self.verb, "date": self.date.isoformat() if self.date else None, "text": self.text, "arg": self.arg}
        return {name: value for name, value in parts.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An error or a warning. `name` and `detail` make its code; the rest is what a receipt says about it.

    `line` counts from 1 in the new text and `quoted` is that line, at most 80 characters. `readings` are the days a date could
    be. `forms` are right forms to send instead, filled in.
    """

    name: str
    detail: str = ""
    verb: str = ""
    line: int = 0
    quoted: str = ""
    readings: tuple[date, ...] = ()
    forms: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The code as it is printed: `E-STATE:already-closed`."""
        return f"{self.name}:{self.detail}" if self.detail else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What comes of a mail's words. With any error `requests` is empty.

    `comment` are the words outside all commands, stored last; `kept` are a customer's whole words when there are errors: they
    become a comment all the same, so that nothing gets lost.
    """

    requests: tuple[Request, ...]
    comment: str
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    natural: bool
    commands: tuple[Command, ...]
    is_command: bool
    """A command or a natural step was read, granted or not, or a misspelled one."""
    mentions: tuple[str, ...]
    """Whom the comment names by `@`."""
    is_internal_post: bool
    """The comment is of the staff and begins with an `@handle`: the customer doesn't see it."""
    is_greeting: bool
    """The comment is only a salutation."""
    kept: str

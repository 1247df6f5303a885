"""The answer of `explain`: exactly the keys of the contract, whatever the mail."""

from __future__ import annotations

from typing import Any

from daemon.explaining import KEYS, explained, mail_facts, unread
from daemon.model import Attachment, Decision, Reading, Trim
from daemon.reader import ReadFailure
from daemon.record import record_of
from tests.rules import facts

CONTRACT = (
    "mail", "failed", "kind", "automatic", "bounce", "reason", "from", "trust", "case", "new_text", "trimmed", "commands", "natural",
    "comment", "errors", "warnings", "form", "actions", "mails",
)  # fmt: skip
MAIL = {"message_id", "subject", "from", "to", "reply_to", "date", "body", "html", "attachments", "defects"}


def told(reading: Reading, **known: Any) -> dict[str, Any]:
    decision: Decision = facts.judged(reading, facts.situation(**known))
    return explained(reading, record_of(decision, None))


def test_the_keys_are_those_of_the_contract_in_its_order() -> None:
    assert KEYS == CONTRACT
    assert tuple(told(facts.reading()))[: len(CONTRACT)] == CONTRACT


def test_the_mail_itself_is_told() -> None:
    file = Attachment(name="a.jpg", content_type="image/jpeg", size=3, sha256="ab", inline=True, content=b"jpg")
    answer = told(facts.reading(attachments=(file,), defects=("no-date",), html="<p>Hi</p>", reply_to_text="Ann <a@b.example>"))
    mail = answer["mail"]
    assert set(mail) == MAIL
    assert mail["attachments"] == [{"name": "a.jpg", "content_type": "image/jpeg", "size": 3, "sha256": "ab", "inline": True}]
    assert (mail["defects"], mail["html"], mail["reply_to"], mail["to"]) == (["no-date"], "<p>Hi</p>", "Ann <a@b.example>", facts.SUPPORT)
    assert mail_facts(facts.message())["reply_to"] is None
    assert answer["from"] == "ann@acme.example"


def test_a_plain_mail_is_a_comment_in_its_new_words() -> None:
    reading = facts.reading(text="Please look.\n", trimmed=(Trim(rule="signature", lines=2),))
    answer = told(reading)
    assert (answer["new_text"], answer["comment"]) == ("Please look.\n", "Please look.")
    assert answer["trimmed"] == [{"rule": "signature", "lines": 2}]
    assert answer["automatic"] == {"is": False, "may_answer": True, "why": "a person wrote it"}
    assert (answer["commands"], answer["natural"], answer["errors"], answer["warnings"], answer["form"]) == ([], False, [], [], None)
    assert (answer["failed"], answer["bounce"], answer["case"]) == (None, None, None)


def test_what_no_person_wrote_is_no_comment() -> None:
    for mail in (facts.reading(automatic=facts.ROBOT), facts.reading(automatic=facts.OURS)):
        assert told(mail)["comment"] == ""
    assert told(facts.reading(automatic=facts.LIST))["comment"] == "Please look."


def test_a_bounce_tells_its_recipients() -> None:
    answer = told(facts.reading(bounce=facts.bounce(("a@b.example", "5.1.1", True, "gone")), automatic=facts.ROBOT))
    assert answer["bounce"] == {"recipients": [{"address": "a@b.example", "status": "5.1.1", "permanent": True, "reason": "gone"}]}


def test_a_mail_that_can_not_be_read_says_why_and_nothing_else() -> None:
    answer = unread(ReadFailure(cause="wall", detail="no answer within 20 s"))
    assert tuple(answer) == CONTRACT
    assert answer.pop("failed") == "wall: no answer within 20 s"
    assert set(answer.values()) == {None}

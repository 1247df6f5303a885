"""The record of a decision: plain data in the words of `explain --json`."""

from __future__ import annotations

import json

from daemon.record import record_of
from tests.rules import facts


def test_a_record_is_plain_data_that_json_gives_back() -> None:
    record = record_of(facts.judged(facts.reading(), facts.situation()), 1001)
    assert json.loads(json.dumps(record)) == record


def test_a_record_says_what_was_decided_and_on_what_evidence() -> None:
    record = record_of(facts.judged(facts.reading(), facts.situation()), 1001)
    assert (record["kind"], record["outcome"], record["reason"]) == ("ticket", "acted", "case-opened")
    assert record["trust"]["grade"] == "verified"
    assert record["trust"]["proofs"] == {"K": False, "F": True, "D": "pass"}
    assert "dmarc=pass" in record["trust"]["evidence"]
    assert [gate["name"] for gate in record["gates"]] == [
        "case",
        "trust",
        "answer",
        "limits",
        "own",
        "copy",
        "bounce",
        "form",
        "automatic",
        "forged",
    ]
    assert all(set(gate) == {"name", "verdict", "detail"} for gate in record["gates"])
    assert record["case"] == {"number": "CASE-1001", "matched_by": "new"}


def test_a_matched_case_says_how_it_was_found() -> None:
    record = record_of(facts.judged(facts.reading(), facts.on_case()), 1001)
    assert record["case"] == {"number": "CASE-1001", "matched_by": "references"}


def test_without_a_case_there_is_none() -> None:
    assert record_of(facts.judged(facts.reading(automatic=facts.ROBOT), facts.situation()), None)["case"] is None


def test_actions_have_their_verbs_and_mails_are_listed_by_themselves() -> None:
    record = record_of(facts.judged(facts.reading(facts.STRANGER), facts.situation(None, answers_today=3)), 1001)
    assert [action["verb"] for action in record["actions"]] == ["open-case", "queue-mail", "queue-mail", "queue-mail"]
    assert record["mails"] == [
        {"template": "case-received", "to": facts.STRANGER, "held": "answers_per_stranger_day: 3 in 24 hours"},
        {"template": "case-assigned", "to": "nora@support.example"},
        {"template": "case-assigned", "to": "owen@support.example"},
    ]


def test_words_of_a_mail_are_named_by_their_digest_alone() -> None:
    record = record_of(facts.judged(facts.reading(body="my secret words\n"), facts.situation()), 1001)
    assert "my secret words" not in json.dumps(record)
    assert record["actions"][0]["description"]["length"] == len("my secret words")

"""The commands that look: exactly the keys of the contract, the exit statuses, and that books which were tampered with don't balance."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.config import load_config
from daemon.healthfile import HealthWord, StageWord, health_file_of, write
from daemon.store.outbox import PERHAPS_TWICE
from daemon.store.schema import Outbox
from tests.cli.desk import FORGED, Installation, installed, letter

CASE = [
    "number", "type", "subject", "state", "entity", "system", "organization", "contact", "partner", "owner", "queue", "created_at",
    "last_update", "acknowledged", "acknowledged_at", "planned_resolution", "planned_resolution_date", "closed_at", "next_deadline",
    "contact_address",
]  # fmt: skip
WHOLE_CASE = [
    *CASE,
    "description", "origin", "contract", "acknowledged_by", "first_planned_resolution_date", "plan_count", "closed_by", "resolution",
    "closed_on_planned_date", "sla_cycle", "support", "flags", "last_review", "question", "request", "clocks", "feed", "comments",
    "tasks", "cs_tickets", "attachments", "interactions", "account",
]  # fmt: skip
CLOCK = ["cycle", "kind", "started_at", "deadline_at", "met_at", "breached_at", "cancelled_at"]
FEED = [
    "at", "kind", "author", "public", "body", "cause", "mentions",
]  # fmt: skip
COMMENT = [
    "at", "author", "public", "body",
]  # fmt: skip
ATTACHMENT = [
    "name", "content_type", "size", "sha256", "raw_deleted_at",
]  # fmt: skip
INTERACTION = [
    "direction", "at", "message_id", "from", "to", "subject", "template", "name", "relates_to", "state", "journal",
]  # fmt: skip
MAIL = [
    "number", "mailbox", "uidvalidity", "uid", "message_id", "from", "subject", "received_at", "kind", "outcome", "reason", "trust",
    "case", "attempts", "raw_deleted_at",
]  # fmt: skip
OUTGOING = [
    "number", "state", "to", "subject", "template", "message_id", "case", "attempts", "next_attempt_at", "sent_at", "reply_code",
    "detail", "cause", "raw_deleted_at",
]  # fmt: skip
EXPLAINED = [
    "mail", "failed", "kind", "automatic", "bounce", "reason", "from", "trust", "case", "new_text", "trimmed", "commands", "natural",
    "comment", "errors", "warnings", "form", "actions", "mails",
]  # fmt: skip
BOOKS = [
    "ok", "received", "acted", "ignored", "quarantined", "vanished", "in_progress", "problems",
    "perhaps_sent_twice",
]  # fmt: skip


# --- cases ----------------------------------------------------------------------------------------------------------


def test_a_row_of_cases_has_the_keys_of_the_contract(day: Installation) -> None:
    rows = day.json("cases")
    assert [list(row) for row in rows] == [CASE] * len(rows)
    ann = next(row for row in rows if row["subject"] == "No data")
    assert (ann["number"], ann["type"], ann["state"], ann["entity"], ann["system"], ann["organization"], ann["contact"]) == (
        "CASE-1002", "helpdesk", "Open", "Acme Homes", "Roof-7", "Acme Homes", "ann"
    )  # fmt: skip
    assert (ann["partner"], ann["owner"], ann["queue"], ann["acknowledged"], ann["closed_at"]) == (
        "Miller Solar",
        None,
        "level-one",
        False,
        None,
    )
    assert ann["created_at"].endswith("Z")


def test_a_case_of_somebody_unknown_has_no_contact_but_their_address(day: Installation) -> None:
    triage = [row for row in day.json("cases") if row["type"] == "triage"]
    assert {row["contact"] for row in triage} == {None}
    assert {row["contact_address"] for row in triage} == {"mallory@evil.example", "pat@miller.example"}
    assert {row["queue"] for row in triage} == {"triage"}


CONTACT = ["handle", "first_name", "last_name", "emails", "organization", "roles", "phone", "language", "extra", "cases", "unmailed"]


@pytest.mark.parametrize("who", ["ann", "@ann", "ann@acme.example", "Ann@ACME.example"])
def test_a_contact_is_found_by_handle_and_by_address(day: Installation, who: str) -> None:
    ann = day.json("contact", who)
    assert list(ann) == CONTACT
    assert (ann["handle"], ann["first_name"], ann["last_name"], ann["emails"]) == ("ann", "Ann", "Lee", ["ann@acme.example"])
    assert (ann["organization"], ann["roles"], ann["extra"], ann["phone"]) == ("Acme Homes", ["customer"], {}, None)
    assert "CASE-1002" in ann["cases"]


def test_a_contact_is_shown_with_its_mails_and_an_unknown_one_is_not_there(day: Installation) -> None:
    shown = day.run("contact", "ann").stdout
    assert all(word in shown for word in ("@ann  Ann Lee  Acme Homes", "ann@acme.example", "CASE-1002", "case-received"))
    assert "Nobody here is called eve." in day.run("contact", "eve", status=1).output


def test_cases_are_listed_newest_last_update_first(day: Installation) -> None:
    updates = [row["last_update"] for row in day.json("cases")]
    assert updates == sorted(updates, reverse=True)
    assert len(day.json("cases", "--limit", "1")) == 1


def test_cases_are_chosen_by_state_and_partner(day: Installation) -> None:
    assert day.json("cases", "--state", "closed") == []
    assert len(day.json("cases", "--state", "all")) == len(day.json("cases")) == 4
    assert {row["partner"] for row in day.json("cases", "--partner", "miller solar")} == {"Miller Solar"}
    assert day.json("cases", "--partner", "Nobody") == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("dark", ["CASE-1001"]),
        ("DARK photo", ["CASE-1001"]),
        ("data", ["CASE-1002"]),
        ("dark data", []),
        ("zürich", ["CASE-1001"]),
        ("100%", ["CASE-1001"]),
        ("%", ["CASE-1001"]),
        ("k_r", ["CASE-1001"]),
        ("o_t", []),
        ("o%t", []),
        ("\\", []),
        ("'; DROP TABLE journal; --", []),
    ],
)
def test_words_are_searched_in_subject_and_description(day: Installation, words: str, found: list[str]) -> None:
    assert [row["number"] for row in day.json("cases", "--search", words) if row["type"] != "triage"] == found


def test_the_table_of_cases_is_for_people(day: Installation) -> None:
    lines = day.run("cases").stdout.splitlines()
    assert lines[0].split("  ")[0] == "ID"
    assert [heading for heading in ("Entity", "System", "Subject", "Created at", "Last Update", "State") if heading not in lines[0]] == []
    assert any("CASE-1002" in line and "Acme Homes" in line and "Roof-7" in line and "Open" in line for line in lines)
    assert "1 of 4 cases" in day.run("cases", "--limit", "1").stdout


@pytest.mark.parametrize("options", [("--state", "shut"), ("--limit", "0"), ("--limit", "9" * 30), ("--nonsense",)])
def test_a_wrong_option_is_a_mistake_of_usage(installation: Installation, options: tuple[str, ...]) -> None:
    installation.run("cases", *options, status=2)


# --- one case -------------------------------------------------------------------------------------------------------


def test_a_case_has_the_keys_of_the_contract(day: Installation) -> None:
    case = day.json("case", "1001")
    assert list(case) == WHOLE_CASE
    assert [list(item) for item in case["feed"]] == [FEED]
    assert [list(item) for item in case["attachments"]] == [ATTACHMENT]
    assert {tuple(item) for item in case["interactions"]} == {tuple(INTERACTION)}
    assert (case["origin"], case["plan_count"], case["sla_cycle"], case["flags"]) == ("email", 0, 1, [])
    assert (case["tasks"], case["cs_tickets"], case["comments"]) == ([], [], [])
    assert [list(clock) for clock in case["clocks"]] == [CLOCK]
    assert case["next_deadline"] == case["clocks"][0]["deadline_at"]
    assert (case["support"], case["last_review"], case["question"], case["request"]) == (None, None, None, None)


def test_every_mail_of_a_case_is_related_with_name_and_state(day: Installation) -> None:
    incoming, *out = day.json("case", "CASE-1001")["interactions"]
    assert (incoming["direction"], incoming["name"], incoming["from"], incoming["state"], incoming["journal"], incoming["template"]) == (
        "in", "ann", "ann@acme.example", "acted", 1, None
    )  # fmt: skip
    assert {mail["relates_to"] for mail in (incoming, *out)} == {"CASE-1001"}
    assert [(mail["to"], mail["name"], mail["template"], mail["state"], mail["journal"]) for mail in out] == [
        ("ann@acme.example", "ann", "case-received", "queued", None),
        ("pat@miller.example", "pat", "case-assigned", "queued", None),
    ]


def test_a_comment_has_its_keys(commented: Installation) -> None:
    (comment,) = commented.json("case", "1002")["comments"]
    assert list(comment) == COMMENT
    assert (comment["author"], comment["public"], comment["body"]) == ("pat", True, "We have a look.")
    assert "We have a look." in commented.run("case", "1002").stdout


@pytest.mark.parametrize("number", ["1001", "CASE-1001", "case-1001", " 1001 "])
def test_a_case_is_named_as_people_name_it(day: Installation, number: str) -> None:
    assert day.json("case", number)["number"] == "CASE-1001"


def test_a_case_for_people_shows_words_files_and_mails(day: Installation) -> None:
    shown = day.run("case", "1001").stdout
    for said in ("CASE-1001", "100% dark_roof", "See the photo, Zürich.", "photo.jpg", "case-assigned", "Miller Solar"):
        assert said in shown


@pytest.mark.parametrize(("number", "status"), [("4711", 1), ("CASE-999999999", 1), ("x", 2), ("CS-1", 2), ("9" * 30, 2)])
def test_a_case_that_is_not_there_is_told(installation: Installation, number: str, status: int) -> None:
    assert installation.run("case", number, "--json", status=status).stdout == ""


# --- mail -----------------------------------------------------------------------------------------------------------


def test_a_row_of_mail_has_the_keys_of_the_contract(day: Installation) -> None:
    rows = day.json("mail")
    assert [list(row) for row in rows] == [MAIL] * 7
    assert [(row["number"], row["kind"], row["outcome"], row["reason"], row["trust"], row["case"]) for row in reversed(rows)] == [
        (1, "ticket", "acted", "case-opened", "verified", "CASE-1001"),
        (2, "ticket", "acted", "case-opened", "verified", "CASE-1002"),
        (3, "copy", "ignored", "copy-of-mail", "verified", None),
        (4, "automatic", "ignored", "automatic-without-case", "verified", None),
        (5, "ticket", "acted", "triage-unknown-sender", "verified", "CASE-1003"),
        (6, "ticket", "acted", "triage-forged", "forged", "CASE-1004"),
        (7, "ticket", "quarantined", "limit-crossed", "claimed", None),
    ]
    assert (rows[-1]["mailbox"], rows[-1]["uid"], rows[-1]["uidvalidity"], rows[-1]["attempts"]) == ("ingest", None, None, 1)


def test_mail_is_chosen_by_outcome(day: Installation) -> None:
    assert [row["number"] for row in day.json("mail", "--outcome", "ignored")] == [4, 3]
    assert [row["number"] for row in day.json("mail", "--outcome", "ignored", "--limit", "1")] == [4]
    assert day.json("mail", "--outcome", "in progress") == day.json("mail", "--outcome", "vanished") == []
    day.run("ingest", day.write("late.eml", letter(number="late")))
    (waiting,) = day.json("mail", "--outcome", "in progress")
    assert (waiting["outcome"], waiting["kind"], waiting["reason"], waiting["attempts"]) == ("in progress", None, None, 0)
    day.run("mail", "--outcome", "lost", status=2)
    assert "triage-forged" in day.run("mail").stdout


# --- explain --------------------------------------------------------------------------------------------------------


def test_a_file_is_judged_without_a_trace(day: Installation) -> None:
    before = (day.json("mail"), day.json("outbox"), day.json("audit"))
    (answer,) = day.lines("explain", day.write("f.eml", FORGED + b"\nagain\n"))
    assert list(answer)[: len(EXPLAINED)] == EXPLAINED
    assert (answer["failed"], answer["kind"], answer["reason"], answer["from"], answer["case"]) == (
        None, "ticket", "triage-forged", "pat@miller.example", None
    )  # fmt: skip
    assert answer["trust"]["grade"] == "forged"
    assert (day.json("mail"), day.json("outbox"), day.json("audit")) == before


def test_a_mail_that_was_done_is_told_by_number_and_by_message_id(day: Installation) -> None:
    by_number, with_brackets, bare = day.lines("explain", "1", "<demo-file@acme.example>", "demo-file@acme.example")
    assert by_number == with_brackets == bare
    assert (by_number["journal"], by_number["outcome"], by_number["case"]) == (1, "acted", {"number": "CASE-1001", "matched_by": "new"})
    assert [mail["template"] for mail in by_number["mails"]] == ["case-received", "case-assigned"]
    assert by_number["mail"]["attachments"][0]["name"] == "photo.jpg"
    verbs = sorted(action["verb"] for action in by_number["actions"])
    assert verbs == ["keep-attachments", "open-case", "queue-mail", "queue-mail", "start-clock"]


def test_what_became_of_its_mails_is_told_with_it(day: Installation) -> None:
    database = day.database()
    with database.transaction():
        detail = f"{PERHAPS_TWICE}, of the first try no answer is known; 250 taken"
        Outbox.update(state="sent", sent_at=Outbox.created_at, detail=detail).where(Outbox.template == "case-received").execute()
        count = Outbox.select().where(Outbox.state == "sent").count()
    database.close()
    (answer,) = day.lines("explain", "1")
    assert [(one["template"], one["state"]) for one in answer["left"]] == [("case-received", "sent"), ("case-assigned", "queued")]
    assert "perhaps sent twice" in day.run("explain", "1").stdout
    assert day.json("audit")["perhaps_sent_twice"] == count
    assert f"{count} mail(s) perhaps sent twice" in day.run("audit").stdout
    (said,) = [item for item in day.json("case", "1001")["feed"] if "twice" in item["body"]]
    assert (said["kind"], said["public"], said["cause"].partition(":")[0]) == ("email", False, "outbox")
    assert said["body"].startswith("case-received to ")
    assert "may have arrived twice" in day.run("case", "1001").stdout


def test_one_document_a_line_in_the_order_given(day: Installation) -> None:
    answers = day.lines("explain", "4", "-", "1", octets=letter(number="x"))
    assert [(answer["kind"], answer["outcome"]) for answer in answers] == [
        ("automatic", "ignored"),
        ("ticket", "acted"),
        ("ticket", "acted"),
    ]
    assert "journal" not in answers[1]


def test_a_mail_that_waits_says_so(day: Installation) -> None:
    day.run("ingest", day.write("late.eml", letter(number="late")))
    (answer,) = day.lines("explain", "8")
    assert (answer["outcome"], answer["kind"], answer["reason"], answer["trust"], answer["actions"]) == (
        "in progress",
        None,
        None,
        None,
        [],
    )
    assert list(answer)[: len(EXPLAINED)] == EXPLAINED
    assert "in progress" in day.run("explain", "8").stdout


@pytest.mark.parametrize("which", ["4711", "<nobody@nowhere.example>", "no such file.eml", "9" * 30, "²"])
def test_what_is_not_there_is_told_and_the_others_are_explained(day: Installation, which: str) -> None:
    done = day.run("explain", which, "1", "--json", status=1)
    assert len(done.stdout.splitlines()) == 1
    assert which in done.stderr


def test_a_mail_in_quarantine_is_explained(day: Installation) -> None:
    (answer,) = day.lines("explain", "7")
    assert (answer["outcome"], answer["reason"], answer["detail"]) == ("quarantined", "limit-crossed", "mime_depth")


def test_a_file_is_judged_at_the_time_that_is_said(day: Installation) -> None:
    path = day.write("f.eml", letter(number="z"))
    assert day.lines("explain", path, "--now", "2026-11-23T15:05:00Z") == day.lines("explain", path, "--now", "2026-11-23 10:05-05:00")
    day.run("explain", path, "--now", "yesterday", status=2)


# --- outbox ---------------------------------------------------------------------------------------------------------


def test_a_row_of_the_outbox_has_the_keys_of_the_contract(day: Installation) -> None:
    rows = day.json("outbox")
    assert [list(row) for row in rows] == [OUTGOING] * len(rows)
    first = rows[-1]
    assert (first["number"], first["state"], first["to"], first["template"], first["case"], first["attempts"], first["cause"]) == (
        1, "queued", "ann@acme.example", "case-received", "CASE-1001", 0, "mail:1"
    )  # fmt: skip
    assert (first["sent_at"], first["reply_code"]) == (None, None)
    assert first["next_attempt_at"].endswith("Z")
    assert [row["number"] for row in day.json("outbox", "--limit", "1")] == [len(rows)]
    assert day.json("outbox", "--state", "sent") == []
    assert "case-received" in day.run("outbox").stdout


def test_a_mail_that_is_dropped_keeps_why(day: Installation) -> None:
    day.run("outbox", "drop", "1", "--why", "told by phone")
    (row,) = day.json("outbox", "--state", "dropped")
    assert (row["number"], row["detail"], row["next_attempt_at"]) == (1, "dropped: told by phone", None)
    again = day.run("outbox", "drop", "1", "2", "99", "--why", "again", status=1)
    assert again.stdout == "Outgoing mail 2 is dropped.\n"
    assert again.stderr.splitlines() == [
        "Outgoing mail 1 can't be dropped: it is dropped (dropped: told by phone).",
        "Outgoing mail 99 can't be dropped: there is none of this number.",
    ]
    assert day.json("outbox", "--state", "dropped")[0]["number"] == 2
    assert day.json("audit")["ok"] is True


def test_a_state_that_is_none_is_a_mistake_of_usage(day: Installation) -> None:
    assert "'foo' is none of queued, sent" in day.run("outbox", "--state", "foo", status=2).stderr


def test_verbs_of_the_outbox_refuse_what_they_can_not_do(day: Installation) -> None:
    for arguments in (("retry", "4711"), ("release", "1"), ("release", "4711"), ("drop", "4711", "--why", "x")):
        done = day.run("outbox", *arguments, status=1)
        assert "Outgoing mail" in done.stderr
    for arguments in (("drop", "1"), ("retry", "x"), ("retry", "0"), ("retry", "9" * 30)):
        day.run("outbox", *arguments, status=2)


def test_a_held_mail_is_released(day: Installation) -> None:
    sql(day, "UPDATE outbox SET state = 'held', detail = 'a limit' WHERE id = 1")
    day.run("outbox", "release", "1")
    row = day.json("outbox")[-1]
    assert (row["state"], row["detail"]) == ("queued", "released by an operator")


def test_a_failed_mail_is_tried_again(day: Installation) -> None:
    sql(day, "UPDATE outbox SET state = 'failed', attempts = 9, told = 1 WHERE id = 1")
    day.run("outbox", "retry", "1")
    row = day.json("outbox")[-1]
    assert (row["state"], row["attempts"]) == ("queued", 0)


# --- quarantine -----------------------------------------------------------------------------------------------------


def test_the_quarantine_lists_shows_and_exports(day: Installation) -> None:
    (row,) = day.json("quarantine")
    assert list(row) == MAIL
    assert row["number"] == 7
    shown = day.run("quarantine", "show", "7").stdout
    assert "Why: The mail crosses a limit and can't be read safely. (mime_depth" in shown
    assert "From: ann@acme.example" in shown
    day.run("quarantine", "export", "7", "--to", str(day.folder / "out.eml"))
    assert (day.folder / "out.eml").read_bytes() == (day.folder / "in" / "6.eml").read_bytes()
    assert day.run("quarantine", "export", "7").stdout_bytes == (day.folder / "out.eml").read_bytes()
    nowhere = day.run("quarantine", "export", "7", "--to", str(day.folder / "nowhere" / "out.eml"), status=1)
    assert nowhere.stderr == f"{day.folder}/nowhere/out.eml: No such file or directory. Nothing was written; name another place.\n"


def test_on_a_terminal_an_exported_mail_cannot_move_the_cursor(day: Installation) -> None:
    ours, theirs = pty.openpty()
    hostile = (day.folder / "in" / "6.eml").read_bytes().replace(b"From: ", b"X-Shown: \x1b[2J\xc2\x9b31m\r\nFrom: ", 1)
    day.run("ingest", day.write("escape.eml", hostile))
    day.run("run", "--once", "--stage", "apply")
    number = max(row["number"] for row in day.json("quarantine"))
    command = [sys.executable, "-m", "daemon", "--config", str(day.folder / "supportd.toml"), "quarantine", "export", str(number)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE) as program:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # what a terminal says when nobody writes to it any more
            while piece := os.read(ours, 4096):
                shown += piece
        _, said = program.communicate()
    os.close(ours)
    assert b"\\x1b[2J\\x9b31m" in shown
    assert b"\x1b" not in shown
    assert b"--to FILE writes the octets" in said


def test_a_released_mail_is_a_plain_ticket(day: Installation) -> None:
    day.run("quarantine", "release", "7")
    day.run("run", "--once", "--stage", "apply")
    row = next(row for row in day.json("mail") if row["number"] == 7)
    assert (row["outcome"], row["kind"]) == ("acted", "ticket")
    assert day.json("quarantine") == []
    assert day.json("audit")["ok"] is True


@pytest.mark.parametrize("verb", ["show", "retry", "release", "export"])
def test_only_what_is_in_quarantine_is_handled(day: Installation, verb: str) -> None:
    for number in ("1", "4711"):
        assert "not in quarantine" in day.run("quarantine", verb, number, status=1).stderr
    day.run("quarantine", verb, "9" * 30, status=2)


# --- audit ----------------------------------------------------------------------------------------------------------


def sql(desk: Installation, statement: str) -> None:
    """Change the database behind the program's back."""
    database = desk.database()
    try:
        database.peewee.execute_sql("PRAGMA foreign_keys = OFF")
        assert database.peewee.execute_sql(statement).rowcount != 0, statement
    finally:
        database.close()


def test_good_books_balance(day: Installation) -> None:
    books = day.json("audit")
    assert list(books) == BOOKS
    assert books == {
        "ok": True, "received": 7, "acted": 4, "ignored": 2, "quarantined": 1, "vanished": 0, "in_progress": 0, "problems": [],
        "perhaps_sent_twice": 0,
    }  # fmt: skip
    assert "received 7 = acted 4 + ignored 2 + quarantined 1 + vanished 0 + in progress 0" in day.run("audit").stdout


def test_the_books_of_a_fresh_installation_balance(installation: Installation) -> None:
    assert installation.json("audit")["ok"] is True


TAMPERED: list[tuple[str, str]] = [
    ("UPDATE case_comment SET body = 'I agree to pay'", "comment 1: its words are not those that were logged"),
    ("DELETE FROM case_comment", "mail 8: what it wrote by add-comment is not there"),
    ("UPDATE support_case SET description = 'other' WHERE id = 1001", "CASE-1001: its description"),
    ("DELETE FROM journal WHERE id = 2", "mail 2"),
    ("DELETE FROM journal WHERE id = 4", "mail 4"),
    ("UPDATE journal SET state = 'acted' WHERE id = 4", "mail 4: it counts as acted but has no action"),
    ("UPDATE journal SET state = 'lost' WHERE id = 4", "mail 4: its state 'lost'"),
    ("UPDATE journal SET reason = NULL WHERE id = 4", "mail 4: it is done without a reason"),
    ("DELETE FROM interaction WHERE journal_id = 4", "mail 4: it is done but was never recorded"),
    ("DELETE FROM interaction WHERE outbox_id = 2", "outbox 2: it was never recorded"),
    ("DELETE FROM event WHERE case_id = 1001 AND sequence = 1", "CASE-1001: its log was changed at entry 2"),
    ("DELETE FROM event WHERE case_id = 1001 AND sequence = 5", "CASE-1001: its log ends before entry 5"),
    ("DELETE FROM event WHERE case_id = 1001", "CASE-1001: its log ends before entry 5"),
    ("UPDATE event SET payload = '{}' WHERE case_id = 1001 AND verb = 'queue-mail'", "CASE-1001: its log was changed at entry 3"),
    ("UPDATE event SET payload = 'no JSON'", "CASE-1001: its log was changed at entry 1"),
    ("UPDATE event SET payload = '[1]'", "CASE-1001: its log was changed at entry 1"),
    ("UPDATE event SET payload = '{\"text\": 1}'", "CASE-1001: its log was changed at entry 1"),
    ("UPDATE event SET cause = 'mail:99' WHERE case_id = 1001 AND sequence = 2", "its cause mail:99 is no acted mail"),
    ("UPDATE octets SET content = x'00' WHERE sha256 = (SELECT sha256 FROM journal WHERE id = 1)", "mail 1: the stored octets"),
    ("DELETE FROM octets WHERE sha256 = (SELECT sha256 FROM journal WHERE id = 1)", "mail 1: its octets are not kept"),
    ("DELETE FROM octets WHERE sha256 = (SELECT sha256 FROM attachment)", "attachment 'photo.jpg': its octets are not kept"),
    ("DELETE FROM outbox WHERE id = 2", "its outgoing mail 2 is not in the outbox"),
    ("DELETE FROM outbox WHERE id = 2", "mail 1: the mail to pat@miller.example that it queued is not in the outbox"),
    (
        "UPDATE outbox SET forward_path = 'mallory@evil.example' WHERE id = 2",
        "a mail to mallory@evil.example is in the outbox that it never queued",
    ),
    ("UPDATE feed_item SET body = 'nothing was said' WHERE kind = 'note'", "its words are not those that were logged"),
    ("DELETE FROM feed_item WHERE kind = 'note'", "mail 9: what it wrote by keep-note is not there"),
    ("DELETE FROM feed_item WHERE kind = 'created' AND case_id = 1001", "mail 1: what it wrote by open-case is not there"),
    ("UPDATE outbox SET cause = 'mail:4' WHERE id = 2", "outbox 2: its cause mail:4 is no acted mail"),
    ("UPDATE outbox SET state = 'gone' WHERE id = 2", "outbox 2: its state 'gone'"),
    ("UPDATE outbox SET octets = NULL WHERE id = 2", "outbox 2: it is to be sent but was never composed"),
    ("UPDATE outbox SET state = 'sent' WHERE id = 2", "outbox 2: it is sent but nobody knows when"),
    ("UPDATE support_case SET owner_id = 1 WHERE id = 1001", "CASE-1001: it has both an owner and a queue"),
    ("UPDATE support_case SET queue_id = NULL WHERE id = 1002", "CASE-1002: it has neither an owner nor a queue"),
    ("UPDATE support_case SET planned_resolution = 'soon' WHERE id = 1001", "CASE-1001: its plan"),
    ("UPDATE support_case SET closed_at = '2000-01-01 00:00:00.000000' WHERE id = 1001", "CASE-1001: it was closed before it was opened"),
    ("DELETE FROM support_case WHERE id = 1004", "CASE-1004: it is gone, but its log is there"),
]


@pytest.mark.parametrize(("statement", "named"), TAMPERED, ids=[statement for statement, _ in TAMPERED])
def test_books_that_were_tampered_with_do_not_balance(commented: Installation, statement: str, named: str) -> None:
    sql(commented, statement)
    books = commented.json("audit", status=1)
    assert books["ok"] is False
    assert [problem for problem in books["problems"] if named in problem], books["problems"]


OF_NO_KIND: list[tuple[str, str]] = [
    ("UPDATE support_case SET support = 'x9' WHERE id = 1001", "CASE-1001: it is not as the program left it"),
    ("UPDATE sla_clock SET deadline_at = 'garbage' WHERE id = 1", "sla clock 1: it is not as the program left it"),
    ("UPDATE journal SET internal_date = 'garbage' WHERE id = 1", "mail 1: it is not as the program left it"),
    ("UPDATE journal SET subject = CAST(x'80ff' AS TEXT) WHERE id = 1", "mail 1: it is not as the program left it"),
    ("UPDATE journal SET state = CAST(x'80ff' AS TEXT) WHERE id = 1", "mail 1: it is not as the program left it"),
    ("UPDATE journal SET lease_until = 'garbage' WHERE id = 1", "mail 1: its lease until is no time"),
    ("UPDATE seal SET entries = '[1]' WHERE id = 1", "seal 1: its chain was changed here"),
    ("DELETE FROM schema_migration WHERE name = '0012_workers'", "schema step 0012_workers: it was not taken yet"),
    ("DELETE FROM schema_migration WHERE name = (SELECT max(name) FROM schema_migration)", ": it was not taken yet"),
    ("UPDATE schema_migration SET name = 'x9' WHERE name = '0012_workers'", "schema step x9: this program knows none of this name"),
    ("UPDATE schema_migration SET name = CAST(x'80ff' AS TEXT) WHERE name = '0012_workers'", "schema step b'\\x80\\xff'"),
    ("ALTER TABLE sla_clock RENAME COLUMN met_at TO met", "table sla_clock: it has no met_at"),
    ("DROP TABLE undeliverable", "table undeliverable: it is not there"),
    ("DROP TABLE precedent", "table precedent: it is not there"),
    ("UPDATE precedent_config SET v = 9", "table precedent: it can't be opened"),
]


@pytest.mark.parametrize(("statement", "named"), OF_NO_KIND, ids=[statement for statement, _ in OF_NO_KIND])
def test_an_audit_names_what_no_program_wrote_and_changes_nothing(commented: Installation, statement: str, named: str) -> None:
    sql(commented, statement)
    before = everything(commented)
    problems = commented.json("audit", status=1)["problems"]
    assert [problem for problem in problems if named in problem], problems
    assert everything(commented) == before


def everything(desk: Installation) -> list[str]:
    with sqlite3.connect(desk.folder / "supportd.db") as opened:
        opened.text_factory = bytes
        return [*map(str, opened.execute("SELECT * FROM schema_migration")), *map(str, opened.execute("SELECT * FROM sqlite_schema"))]


def test_wrong_books_are_told_to_people_too(commented: Installation) -> None:
    assert commented.json("audit")["ok"] is True
    sql(commented, "DELETE FROM case_comment")
    assert "WRONG  mail 8: what it wrote by add-comment is not there" in commented.run("audit", status=1).stdout


# --- on both databases ----------------------------------------------------------------------------------------------


def test_everything_is_listed_on_both_databases(database_url: str, tmp_path: Any) -> None:
    desk = installed(tmp_path / "desk", database_url)
    desk.take(letter(), FORGED)
    assert len(desk.json("cases")) == 2
    assert [row["number"] for row in desk.json("cases", "--search", "DATA")] == ["CASE-1001"]
    assert desk.json("cases", "--search", "100%") == desk.json("cases", "--search", "\\") == []
    assert list(desk.json("case", "1001")) == WHOLE_CASE
    assert {tuple(row) for row in desk.json("mail")} == {tuple(MAIL)}
    assert {tuple(row) for row in desk.json("outbox")} == {tuple(OUTGOING)}
    assert desk.lines("explain", "1")[0]["reason"] == "case-opened"
    desk.run("explain", "9" * 30, "<x@y.example>", status=1)
    assert desk.json("audit")["ok"] is True


def test_what_a_mail_says_can_not_move_the_readers_cursor(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    installation.take(letter(subject="=?utf-8?q?=1B[2Jgone=E2=80=AE?=", body="\x1b]0;title\x07\n"))
    looks: list[Callable[[], str]] = [
        lambda name=name: installation.run(*name).stdout  # type: ignore[misc]
        for name in (("cases",), ("case", "1001"), ("mail",), ("outbox",), ("explain", "1"), ("case", "1001", "--json"))
    ]
    for look in looks:
        shown = look()
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert json.loads(installation.run("case", "1001", "--json").stdout)["number"] == "CASE-1001"


def test_audit_names_a_mail_that_stays_in_progress_while_a_worker_has_long_been_at_work(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    for number, age in enumerate((11, 9)):
        monkeypatch.setenv("SUPPORTD_NOW", (now - timedelta(minutes=age)).isoformat())
        installation.run("ingest", installation.write(f"{number}.eml", letter(number=str(number))))
    monkeypatch.delenv("SUPPORTD_NOW")
    assert installation.json("audit")["in_progress"] == 2
    file = health_file_of(load_config(installation.folder / "supportd.toml"))
    stages = {"apply": StageWord(doing="waits for work", silent=0, hung=False)}
    for minutes, problems in ((5, []), (20, ["mail 1: it has been in progress for 11 minutes, while a worker lives"])):
        write(file, HealthWord(pid=os.getpid(), started_at=now - timedelta(minutes=minutes), at=now, stages=stages), durably=False)
        assert installation.json("audit", status=1 if problems else 0)["problems"] == problems
    write(file, HealthWord(pid=os.getpid(), started_at=now - timedelta(minutes=20), at=now, stages=stages, stopped=True), durably=False)
    assert installation.json("audit")["ok"]

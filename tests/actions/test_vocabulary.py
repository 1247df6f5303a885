"""The union of actions: each has its verb, and a payload for the log that holds no words of a mail."""

from __future__ import annotations

import hashlib
import json
import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.actions.vocabulary import VERBS, Action, AddComment, KeepNote, OpenCase, payload, verb

OPEN = OpenCase(
    type="support", subject="Roof", description="Words\nof Ann", origin="email", organization_id=None, contact_id=None,
    contact_address="ann@acme.example", system_id=None, partner_id=None, owner_id=None, queue_id=1, flags=("not verified",),
)  # fmt: skip


def test_every_action_has_one_verb() -> None:
    assert set(VERBS) == set(get_args(Action))
    assert len(set(VERBS.values())) == len(VERBS)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in VERBS.values())
    assert verb(OPEN) == "open-case"


def test_long_words_are_named_by_their_digest() -> None:
    for action, field, words in (
        (OPEN, "description", "Words\nof Ann"),
        (AddComment(text="Grüße", public=True, author_id=1, author_address=None), "text", "Grüße"),
        (KeepNote(text="", why="forged", author_address=None), "text", ""),
    ):
        facts = json.loads(payload(action))
        assert facts[field] == {"sha256": hashlib.sha256(words.encode()).hexdigest(), "length": len(words)}


def test_the_rest_is_told_as_it_is() -> None:
    facts = json.loads(payload(OPEN))
    assert set(facts) == set(OpenCase.__dataclass_fields__)
    assert (facts["subject"], facts["queue_id"], facts["partner_id"], facts["flags"]) == ("Roof", 1, None, ["not verified"])


@given(st.text(), st.booleans(), st.integers(1, 9) | st.none())
def test_a_payload_is_one_line_of_json_and_always_the_same(text: str, public: bool, author: int | None) -> None:
    def made() -> AddComment:
        return AddComment(text=text, public=public, author_id=author, author_address=None)

    try:
        written = payload(made())
    except UnicodeEncodeError:
        pytest.fail("text of a message holds no lone surrogates") if text.isascii() else None
        return
    assert "\n" not in written
    assert written == payload(made())
    assert json.loads(written)["public"] is public

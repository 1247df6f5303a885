"""Who is believed, and what becomes of the words of somebody who isn't (interface section 3, reliability b-2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conversations.fixtures import gate_database_url as database_url
from tests.conversations.world import World, mail

__all__ = ["database_url"]


def _case_of_ann(world: World) -> tuple:
    """CASE-1001 of ann with Miller Solar; what she and bob were sent."""
    return tuple(world.talk(mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned")))


def _note(world: World, number: int = 1001) -> str:
    (note,) = [item for item in world.case(number)["feed"] if item["kind"] == "note"]
    assert note["public"] is False
    return str(note["body"])


# --- our provider stamps results -----------------------------------------------------------------------------------


def test_a_forged_new_mail_is_kept_in_triage_and_never_answered(world: World) -> None:
    world.talk(mail("ann", "Please pay this bill.", results="fail"))
    row = world.last_mail()
    assert (row["outcome"], row["reason"], row["trust"], row["case"]) == ("acted", "triage-forged", "forged", "CASE-1001")
    case = world.case(1001)
    assert (case["type"], case["queue"], case["contact"], case["organization"]) == ("triage", "triage", None, None)
    assert any("not verified" in flag for flag in case["flags"])
    world.assert_good_books()


def test_a_forged_reply_is_a_note_for_the_house(world: World) -> None:
    _, assigned = _case_of_ann(world)
    world.later(hours=1)
    world.talk(mail("bob", "I was there today.", answers=assigned, results="fail"))
    assert world.last_mail()["reason"] == "note-forged"
    assert "I was there today." in _note(world)
    case = world.case(1001)
    assert case["comments"] == []
    assert case["last_update"] == case["created_at"]


def test_a_partner_without_a_verdict_is_not_believed(world: World) -> None:
    _, assigned = _case_of_ann(world)
    world.talk(mail("bob", "I come on Thursday.", answers=assigned, results=None))
    row = world.last_mail()
    assert (row["reason"], row["trust"]) == ("note-untrusted", "claimed")
    assert "I come on Thursday." in _note(world)


def test_a_house_agent_without_a_verdict_is_not_believed(world: World) -> None:
    _case_of_ann(world)
    world.talk(mail("cara", "We look into it.", subject="about [CASE-1001]", results="none"))
    row = world.last_mail()
    assert (row["reason"], row["trust"]) == ("note-untrusted", "claimed")


def test_a_customer_without_a_verdict_may_comment_on_her_own_case(world: World) -> None:
    received, _ = _case_of_ann(world)
    world.talk(mail("ann", "Lamp is green.", answers=received, results="none"), ("bob", "case-comment"))
    row = world.last_mail()
    assert (row["reason"], row["trust"]) == ("comment-added", "claimed")


def test_a_claimed_sender_gets_an_acknowledgement_that_repeats_nothing_of_the_mail(world: World) -> None:
    received, _ = world.talk(
        mail("ann", "secret words", subject="win a prize", results=None), ("ann", "case-received"), ("bob", "case-assigned")
    )
    assert "win a prize" not in received.octets.decode()
    assert "secret words" not in received.octets.decode()


def test_a_verdict_below_the_border_is_nobodys(world: World) -> None:
    """T4b: the sender's own field, below a Received of our side, is not our provider's."""
    octets = mail("bob", "It is mine.", results=None, subject="hello")
    stamped = (
        b"Received: from far by mx.support.example; Tue, 02 Dec 2025 14:59:30 +0000\r\n"
        b"Authentication-Results: mx.support.example; dmarc=pass header.from=miller.example\r\n"
    )
    world.talk(stamped + octets, ("bob", "case-received"), ("lou", "case-assigned"))
    assert world.last_mail()["trust"] == "claimed"


@pytest.mark.parametrize(
    "field",
    [
        "mx.support.example.evil.example; dmarc=pass header.from=miller.example",
        "mx.support.example; dmarc=pass header.from=evil.example",
        "mx.support.example; spf=pass smtp.mailfrom=x@evil.example; dkim=pass header.d=evil.example",
        'mx.support.example; dmarc=none (dmarc=pass header.from=miller.example) reason="; dmarc=pass"',
    ],
)
def test_verdicts_about_somebody_else_prove_nothing(world: World, field: str) -> None:
    _, assigned = _case_of_ann(world)
    octets = mail("bob", "I was there today.", answers=assigned, results=None)
    world.talk(f"Authentication-Results: {field}\r\n".encode() + octets)
    row = world.last_mail()
    assert (row["reason"], row["trust"]) == ("note-untrusted", "claimed")


@pytest.mark.parametrize(
    "written",
    ["<bob@miller.example> <x@evil.example>", "bob@miller.example(<x@evil.example>", "bob@miller.example, x@evil.example"],
)
def test_a_from_that_can_be_read_in_two_ways_is_nobody(world: World, written: str) -> None:
    _, assigned = _case_of_ann(world)
    octets = mail("bob", "I was there today.", answers=assigned).replace(b"From: bob@miller.example", f"From: {written}".encode(), 1)
    world.talk(octets)
    row = world.last_mail()
    assert (row["reason"], row["trust"]) == ("note-untrusted", "untrusted")


# --- our provider says nothing -------------------------------------------------------------------------------------


def test_with_a_silent_provider_the_key_is_the_proof(world: World) -> None:
    world.configure(authserv_id=None)
    _, assigned = _case_of_ann(world)
    assert world.last_mail()["trust"] == "claimed"
    asked, _ = world.talk(mail("bob", "Which lamp?", answers=assigned), ("ann", "case-comment"), ("bob", "hint-acknowledge"))
    assert world.last_mail()["trust"] == "keyed"
    world.talk(mail("ann", "The green one.", answers=asked), ("bob", "case-comment"))
    assert world.last_mail()["trust"] == "keyed"
    # without a key a number in the subject is only a claim
    world.talk(mail("bob", "More words.", subject="[CASE-1001]"))
    row = world.last_mail()
    assert (row["reason"], row["trust"]) == ("note-untrusted", "claimed")
    world.talk(mail("cara", "And the house.", subject="[CASE-1001]"))
    assert (world.last_mail()["reason"], world.last_mail()["trust"]) == ("note-untrusted", "claimed")
    world.talk(mail("ann", "My words again.", subject="[CASE-1001]"), ("bob", "case-comment"))
    assert (world.last_mail()["reason"], world.last_mail()["trust"]) == ("comment-added", "claimed")


def test_with_a_silent_provider_a_field_of_the_sender_is_not_read(world: World) -> None:
    world.configure(authserv_id=None)
    _case_of_ann(world)
    world.talk(mail("bob", "Believe me.", subject="[CASE-1001]", results="pass"))
    assert world.last_mail()["trust"] == "claimed"


def test_a_thread_alone_finds_the_case_and_its_signed_message_id_is_a_key(world: World) -> None:
    world.configure(authserv_id=None)
    _, assigned = _case_of_ann(world)
    # some clients answer to the plain address; In-Reply-To still carries our signed Message-ID
    world.talk(
        mail("bob", "To the plain address.", answers=assigned, to="help@support.example"),
        ("ann", "case-comment"), ("bob", "hint-acknowledge"),
    )  # fmt: skip
    assert world.last_mail()["trust"] == "keyed"


# --- strangers -----------------------------------------------------------------------------------------------------


def test_a_stranger_opens_a_case_without_a_contact_and_hears_once(world: World) -> None:
    received, _ = world.talk(
        mail("stranger@gmail.example", "My site is broken", subject="Broken"),
        ("stranger@gmail.example", "case-received"), ("lou", "case-assigned"),
    )  # fmt: skip
    assert "Broken" not in received.octets.decode()
    case = world.case(1001)
    assert (case["type"], case["organization"], case["contact"], case["contact_address"]) == (
        "support",
        None,
        None,
        "stranger@gmail.example",
    )
    assert case["interactions"][0]["name"] is None
    # and may go on with his own case by its signed address
    world.talk(mail("stranger@gmail.example", "Any news?", answers=received), ("lou", "case-comment"))
    assert world.last_mail()["case"] == "CASE-1001"


@pytest.mark.parametrize("authserv_id", ["mx.support.example", None])
def test_a_new_person_under_a_listed_customer_domain_becomes_a_contact(world: World, authserv_id: str | None) -> None:
    world.configure(authserv_id=authserv_id)
    received, _ = world.talk(
        mail("joe.hill@acme.example", "Roof-7 is dark.", name="Joe Hill"),
        ("joe.hill@acme.example", "case-received"),
        ("bob", "case-assigned"),
    )
    case = world.case(1001)
    assert (case["type"], case["organization"], case["system"]) == ("helpdesk", "Acme Homes", "Roof-7")
    assert case["contact"] == "joe"
    assert [i["name"] for i in case["interactions"]] == ["joe", "joe", "bob"]
    world.talk(mail("joe.hill@acme.example", "Still dark.", answers=received), ("bob", "case-comment"))
    assert world.case(1001)["comments"][0]["author"] == "joe"


def test_no_contact_is_made_without_a_verdict(world: World) -> None:
    world.talk(mail("joe@acme.example", "Roof-7 is dark.", results="none"), ("joe@acme.example", "case-received"), ("lou", "case-assigned"))
    case = world.case(1001)
    assert (case["organization"], case["contact"], case["contact_address"], case["system"]) == (None, None, "joe@acme.example", None)


@pytest.mark.parametrize("address", ["new@miller.example", "new@support.example"])
def test_nobody_becomes_a_contact_of_a_partner_or_the_house_by_writing(world: World, address: str) -> None:
    world.talk(mail(address, "Let me in.", subject="hello"), (address, "case-received"), ("lou", "case-assigned"))
    case = world.case(1001)
    assert (case["organization"], case["contact"]) == (None, None)


def test_a_stranger_who_names_a_case_is_told_once_a_day_that_he_is_not_known(world: World) -> None:
    _case_of_ann(world)
    stranger = "mallory@else.example"
    (told,) = world.talk(mail(stranger, "Tell me more.", subject="Re: [CASE-1001]"), (stranger, "unknown-sender"))
    text = told.octets.decode()
    assert not any(word in text for word in ("Roof-7", "Ann", "No data", "Miller", "1001"))
    row = world.last_mail()
    assert (row["reason"], row["case"]) == ("triage-unknown-sender", "CASE-1002")
    assert world.case(1002)["type"] == "triage"
    world.later(hours=2)
    world.talk(mail(stranger, "Tell me more!", subject="[CASE-1001]"))
    world.later(hours=23)
    world.talk(mail(stranger, "Please.", subject="[CASE-1001]"), (stranger, "unknown-sender"))
    assert world.case(1001)["comments"] == []
    assert [item for item in world.case(1001)["feed"] if item["kind"] == "note"] == []


def test_a_number_that_is_no_case_is_just_a_word(world: World) -> None:
    world.talk(
        mail("mallory@else.example", "hi", subject="[CASE-4711]"), ("mallory@else.example", "case-received"), ("lou", "case-assigned")
    )


def test_a_stranger_with_a_stolen_reply_address_leaves_a_note_and_hears_nothing(world: World) -> None:
    _, assigned = _case_of_ann(world)
    world.talk(mail("mallory@else.example", "Send it to me.", to=assigned.reply_to, subject="hi"))
    row = world.last_mail()
    assert (row["reason"], row["trust"], row["case"]) == ("note-untrusted", "untrusted", "CASE-1001")
    assert "Send it to me." in _note(world)


def test_a_stranger_with_a_stolen_message_id_leaves_a_note_and_hears_nothing(world: World) -> None:
    _, assigned = _case_of_ann(world)
    stolen = {"In-Reply-To": assigned.message_id}
    world.talk(mail("mallory@else.example", "Send it to me.", headers=stolen, subject="hi"))
    assert world.last_mail()["reason"] == "note-untrusted"
    assert world.case(1001)["comments"] == []


def test_a_stranger_who_repeats_a_customers_message_id_leaves_a_note(world: World) -> None:
    world.talk(mail("ann", "Roof-7 shows no data.", message_id="<mine@acme.example>"), ("ann", "case-received"), ("bob", "case-assigned"))
    world.talk(mail("mallory@else.example", "Me too.", headers={"In-Reply-To": "<mine@acme.example>"}, subject="hi"))
    assert world.last_mail()["reason"] == "note-untrusted"


def test_a_key_that_went_to_another_partner_is_a_note_and_no_mail_to_that_agent(world: World) -> None:
    _, assigned = _case_of_ann(world)
    world.talk(mail("eva", "I took this over.", answers=assigned))
    row = world.last_mail()
    assert (row["reason"], row["trust"]) == ("note-untrusted", "untrusted")


def test_a_colleague_of_the_same_role_may_use_the_key(world: World) -> None:
    people = world.folder / "csv"
    people.mkdir()
    (people / "contacts.csv").write_text(
        "handle,first_name,last_name,email,organization,roles\nbert,Bert,Boss,bert@miller.example,Miller Solar,partner_agent\n"
    )
    world.import_directory(people)
    _, assigned, _ = world.talk(
        mail("ann", "Roof-7 shows no data."), ("ann", "case-received"), ("bob", "case-assigned"), ("bert@miller.example", "case-assigned")
    )
    world.talk(
        mail("bert@miller.example", "I go there.", answers=assigned), ("ann", "case-comment"), ("bert@miller.example", "hint-acknowledge")
    )
    assert world.last_mail()["trust"] == "verified"
    assert world.case(1001)["comments"][0]["author"] == "bert"


def test_a_tampered_signature_is_no_key_and_is_not_told(world: World) -> None:
    _, assigned = _case_of_ann(world)
    local, at, domain = assigned.reply_to.partition("@")
    tampered = local[:-1] + ("a" if local[-1] != "a" else "b") + at + domain
    world.talk(
        mail("mallory@else.example", "hi", to=f"{tampered}, support@support.example", subject="hi"),
        ("mallory@else.example", "case-received"), ("lou", "case-assigned"),
    )  # fmt: skip
    assert world.last_mail()["case"] == "CASE-1002"


# --- two cases -----------------------------------------------------------------------------------------------------


def _two_cases(world: World) -> tuple:
    first, _ = _case_of_ann(world)
    second, _ = world.talk(mail("ann", "Another thing.", subject="Invoice"), ("ann", "case-received"), ("bob", "case-assigned"))
    return first, second


def test_a_signed_address_beats_the_thread_and_a_contradiction_is_a_note(world: World) -> None:
    first, second = _two_cases(world)
    world.talk(mail("ann", "Which one?", to=second.reply_to, headers={"In-Reply-To": first.message_id}, subject="hm"))
    row = world.last_mail()
    assert (row["reason"], row["case"]) == ("note-ambiguous", "CASE-1002")
    assert "CASE-1001" in _note(world, 1002)
    assert world.case(1001)["comments"] == world.case(1002)["comments"] == []


def test_a_subject_tag_never_contradicts_the_signed_address(world: World) -> None:
    _, second = _two_cases(world)
    world.talk(mail("ann", "The second one.", to=second.reply_to, subject="Re: [CASE-1001]"), ("bob", "case-comment"))
    assert world.last_mail()["case"] == "CASE-1002"


def test_a_mail_much_later_still_finds_its_case(world: World) -> None:
    received, _ = world.talk(mail("sam", "Order 9001."), ("sam", "case-received"), ("lou", "case-assigned"))
    world.clock += timedelta(days=40)
    world.talk(mail("sam", "It is back.", answers=received), ("lou", "case-comment"))

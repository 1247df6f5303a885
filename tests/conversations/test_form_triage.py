"""A form's request that waits for a person: why, what each answer does, who may answer, and that it is answered once."""

from __future__ import annotations

import pytest

from tests.conversations.databases import on_sqlite
from tests.conversations.forms import DANA, MONDAY, asked, form, forwarded_as_file, settled, submitted, taken_in
from tests.conversations.world import SUPPORT, World, mail

pytestmark = on_sqlite


ANA = "#contact\nFirst Name: Ana\nLast Name: Lima\nCompany: Green Light Solar\nEmail: ana.lima@sunpath.example"


def test_a_new_submitter_of_a_known_organization_becomes_its_contact(world: World) -> None:
    taken_in(world, submitted("Nora Maria Sun", "nora@greenlightsolar.example").as_bytes(), "nora@greenlightsolar.example")
    case = world.case(1001)
    assert case["contact"] == case["request"]["submitter"]
    related = {(one["direction"], one["name"]) for one in case["interactions"] if one["template"] in (None, "New Channel Req 1")}
    assert related == {("in", case["contact"]), ("out", case["contact"])}
    world.assert_good_books()


def test_a_submitter_of_another_organization_is_flagged(world: World) -> None:
    taken_in(world, submitted("Ann Lee", "ann.lee@acme.example").as_bytes(), "ann")
    case = world.case(1001)
    assert (case["organization"], case["contact"]) == ("Green Light Solar", "ann")
    assert any("company_mismatch" in flag for flag in case["flags"])
    assert "company_mismatch" in case["feed"][0]["body"]


def test_nobody_becomes_one_of_our_own_people_by_a_form(world: World) -> None:
    question = asked(world, submitted("Mallory", "mallory@evil.example", "House").as_bytes())
    assert "our own house" in question.text


@pytest.mark.parametrize("results", [None, "none"])
def test_a_form_that_nothing_proves_waits_and_confirm_takes_it_in(world: World, results: str | None) -> None:
    question = asked(world, submitted(results=results).as_bytes())
    assert "proves nothing of its sender" in question.text
    assert "#confirm" in question.text
    work = settled(world, mail("priya", "yes", answers=question))
    assert "HW Solar" in work.text
    assert world.case(1001)["request"]["state"] == "in_configuration"
    world.assert_good_books()


def test_a_provider_that_is_not_asked_proves_nothing(world: World) -> None:
    world.configure(authserv_id=None)
    question = asked(world, submitted().as_bytes())
    settled(world, mail("priya", "#confirm", answers=question))


def test_somebody_the_form_does_not_mail_from(world: World) -> None:
    question = asked(world, submitted(sender="forms@elsewhere.example").as_bytes())
    assert "nobody this form's mails come from" in " ".join(question.text.split())


def test_a_customer_who_forwards_the_form_never_owns_the_case(world: World) -> None:
    question = asked(world, forwarded_as_file("dana", submitted(), "Did you get this?"))
    assert "no agent of the house" in " ".join(question.text.split())
    settled(world, mail("priya", "#confirm", answers=question))
    case = world.case(1001)
    assert (case["owner"], case["queue"], case["request"]["forwarded_by"]) == (None, "level-one", "dana")
    assert [one["body"] for one in case["comments"]] == ["Did you get this?"]


def test_two_addresses_and_a_name_that_is_too_long_are_a_persons_to_decide(world: World) -> None:
    question = asked(world, form("two-addresses-and-too-long"))
    for said in ("submitter email", "too long: company"):
        assert said in question.text
    (error,) = world.talk(mail("priya", "#confirm", answers=question), ("priya", "error"))
    assert "Nothing was changed" in error.text
    settled(world, mail("priya", ANA, answers=question), "ana.lima@sunpath.example")


def test_confirm_of_a_known_contact_takes_that_contacts_organization(world: World) -> None:
    question = asked(world, submitted(company="Sun & Sons").as_bytes())
    assert "#confirm" in question.text
    settled(world, mail("priya", "#confirm", answers=question))
    assert world.case(1001)["organization"] == "Green Light Solar"


def test_confirm_of_nobody_known_is_refused_with_what_to_send(world: World) -> None:
    question = asked(world, form("labels-changed"))
    assert "#confirm" not in question.text
    (error,) = world.talk(mail("priya", "yes", answers=question), ("priya", "error"))
    assert "ana.lima@sunpath.example" in error.text
    assert world.case(1001)["request"]["state"] == "triage"


def test_contact_of_somebody_known_takes_their_organization(world: World) -> None:
    question = asked(world, form("labels-changed"))
    world.talk(
        mail("priya", ANA.replace("ana.lima@sunpath", "ann.lee@acme"), answers=question),
        ("priya", "confirmation"), ("ann", "New Channel Req 1"), ("ivan", "cs-assigned"),
    )  # fmt: skip
    case = world.case(1001)
    assert (case["organization"], case["contact"], case["request"]["submitter"]) == ("Acme Homes", "ann", "ann")


def test_the_second_who_answers_is_told_that_nothing_waits(world: World) -> None:
    question = asked(world, submitted(results=None).as_bytes())
    settled(world, mail("priya", "#confirm", answers=question))
    for words in ("#confirm", "#decline"):
        (error,) = world.talk(mail("cara", words, subject="Re: the form [CASE-1001]"), ("cara", "error"))
        assert "no question" in error.text.lower()
    case = world.case(1001)
    assert len(case["cs_tickets"]) == 1
    assert case["request"]["state"] == "in_configuration"
    world.assert_good_books()


def test_any_agent_of_the_house_may_answer_and_nobody_else(world: World) -> None:
    question = asked(world, submitted(results=None).as_bytes())
    world.talk(mail("ivan", "#confirm", answers=question))
    world.talk(mail("dana", "#confirm", answers=question))
    assert world.case(1001)["request"]["state"] == "triage"
    world.talk(
        mail("lou", "#confirm", subject="Re: the form [CASE-1001]"), ("lou", "confirmation"), ("dana", "New Channel Req 1"),
        ("marta", "mention"), ("ivan", "cs-assigned"),
    )  # fmt: skip


@pytest.mark.parametrize("words", ["no", "#decline", "No, thanks"])
def test_no_drops_it_and_reopen_asks_again(world: World, words: str) -> None:
    question = asked(world, submitted(results=None).as_bytes())
    (receipt,) = world.talk(mail("priya", words, answers=question), ("priya", "confirmation"))
    case = world.case(1001)
    assert (case["state"], case["request"]["state"], case["question"]) == ("Closed", "rejected", None)
    (receipt,) = world.talk(mail("priya", "#reopen", answers=receipt), ("priya", "confirmation"))
    assert world.case(1001)["request"]["state"] == "triage"
    settled(world, mail("priya", "#confirm", answers=receipt))
    world.assert_good_books()


def test_plain_words_in_the_thread_answer_nothing(world: World) -> None:
    question = asked(world, submitted(results=None).as_bytes())
    world.talk(mail("priya", "I will ask Dana first.", answers=question))
    assert world.case(1001)["request"]["state"] == "triage"


def test_an_organization_without_an_account_manager_is_taken_in_all_the_same(world: World) -> None:
    world.clock = MONDAY
    world.talk(submitted("Sam Shop", "sam@shop.example", "Shop Co").as_bytes(), ("sam", "New Channel Req 1"), ("ivan", "cs-assigned"))
    assert [item["kind"] for item in world.case(1001)["feed"] if item["kind"] == "mention"] == []


def test_the_files_of_a_form_that_waited_are_on_the_work_and_named_in_its_mail(world: World) -> None:
    upload = "https://www.jotform.com/uploads/dunes/220683651272354/7100000000000000001/prices.pdf"
    octets = submitted(results=None, files=[("list.csv", "text/csv", b"a,b\r\n")], more=[("Price list", upload)]).as_bytes()
    world.clock = MONDAY
    question, _ = world.talk(octets, ("priya", "triage"), ("priya", "form-changed"))
    for said in ("list.csv", upload):
        assert said in question.text
    work = settled(world, mail("priya", "#confirm", answers=question))
    for said in ("list.csv", upload):
        assert said in work.text
    assert world.case(1001)["cs_tickets"][0]["attachments"] == ["list.csv"]


def test_files_inside_a_form_that_was_forwarded_as_a_file_are_on_the_work(world: World) -> None:
    inner = submitted(files=[("list.csv", "text/csv", b"a,b\r\n")])
    _, _, work = taken_in(world, forwarded_as_file("priya", inner))
    assert "list.csv" in work.text
    case = world.case(1001)
    assert "list.csv" in case["cs_tickets"][0]["attachments"]
    assert "list.csv" in [one["name"] for one in case["attachments"]]
    assert [(one["public"], one["body"]) for one in case["comments"]] == [(False, "See attached.")]
    world.assert_good_books()


def test_a_form_mail_quoted_in_answers_is_never_a_second_request(world: World) -> None:
    first, _, work = taken_in(world)
    quoted = form("default-2021").partition(b"\n\n")[2].decode()
    for who, thread in (("dana", first), ("ivan", work)):
        answer = mail(who, "Just a word.", answers=thread, to=thread.reply_to)
        bare = mail(who, "Just a word.\n\n" + quoted[:3000], subject=f"Re: {thread.subject}", to=thread.reply_to)
        for octets in (answer, bare):
            world.deliver(octets)
            world.run()
            world.out()
            assert world.last_mail()["kind"] == "reply"
    page = submitted().get_body(("html",))
    assert page is not None
    for who, thread in (("dana", first), ("ivan", work)):
        reply = submitted()
        del reply["From"], reply["Subject"], reply["Message-ID"], reply["Authentication-Results"], reply["To"]
        reply["From"], reply["Subject"], reply["To"] = (DANA if who == "dana" else "ivan@support.example"), f"Re: {thread.subject}", SUPPORT
        reply["Message-ID"] = f"<bare-{who}@client.example>"
        reply["Authentication-Results"] = f"mx.support.example; dmarc=pass header.from={str(reply['From']).rpartition('@')[2]}"
        world.deliver(reply.as_bytes())
        world.run()
        world.out()
        assert world.last_mail()["kind"] == "reply", who
    assert len(world.cases()) == 1
    world.assert_good_books()

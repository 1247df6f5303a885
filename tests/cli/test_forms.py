"""form try: what each form reads from a mail, by which marks, what is missing; and README's form of one's own."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.config import data_dir
from tests.cli.desk import Installation
from tests.rules.facts import AUTHSERV

README = Path(__file__).parents[2] / "README.md"
ROWS = {
    "Your Name": "Dana Whitfield", "Your Email": "dana@green.example", "Company Name": "Acme Homes", "New Channel Partner": "HW Solar",
}  # fmt: skip
CLAIM = {
    "Your name": "Ann Lee", "Your email": "ann@acme.example", "Company": "Acme Homes", "Serial number": "SN-4711",
    "Photo of the damage": '<a href="https://www.jotform.com/uploads/x/9001/5012088400321322831/photo.jpg">photo.jpg</a>',
}  # fmt: skip


def form_mail(rows: dict[str, str], *, title: str = "", subject: str = "A form", sender: str = "noreply@jotform.com") -> bytes:
    """A notification as form services write it: a heading and a table of questions and answers."""
    mail = EmailMessage()
    mail["From"] = f"Forms <{sender}>"
    mail["To"] = "support@support.example"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{abs(hash((title, *rows.items())))}@forms.example>"
    table = "".join(f"<tr><td>{label}</td><td>{value}</td></tr>" for label, value in rows.items())
    mail.set_content(f"<h3>{title}</h3><table>{table}</table>", subtype="html")
    verdict = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from={sender.partition('@')[2]}\r\n"
    return verdict.encode() + mail.as_bytes()


@pytest.fixture
def own_form(installation: Installation) -> Installation:
    """An installation with README's form of one's own, word for word."""
    section = re.search(r"^## Point it at another form\n(.*?)^## ", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert section is not None
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL))
    places = re.findall(r"`((?:forms|templates)/[\w.-]+\.\w+)`", section[1])
    for name, text in zip(places, (blocks["toml"], blocks["markdown"]), strict=True):
        (installation.folder / name).parent.mkdir()
        (installation.folder / name).write_text(text, "utf-8")
    return installation


# --- form try --------------------------------------------------------------------------------------------------------


def test_each_answer_is_shown_with_its_question_and_its_field(installation: Installation) -> None:
    path = installation.write("in.eml", form_mail(ROWS, title="Channel Partner Form"))
    (answer,) = installation.lines("form", "try", path)
    (form,) = answer["forms"]
    assert (form["form"], form["recognised"], form["chosen"]) == ("new-channel-partner", True, True)
    assert form["marks"] == ['title "Channel Partner Form"', "sender noreply@jotform.com"]
    assert [(row["label"], row["field"], row["value"]) for row in form["reading"]["fields"]] == [
        ("Your Name", "submitter_name", "Dana Whitfield"), ("Your Email", "submitter_email", "dana@green.example"),
        ("Company Name", "company", "Acme Homes"), ("New Channel Partner", "partner_company", "HW Solar"),
    ]  # fmt: skip
    assert form["reading"]["action"] == "new_channel_partner"
    assert (form["missing"], form["unknown"]) == ([], [])
    assert "phone" in form["unanswered"]
    said = installation.run("form", "try", path).output
    assert re.search(r"Your Email +submitter_email +dana@green\.example", said)
    assert "new-channel-partner: recognised by title" in said
    assert "What would be done" in said


def test_what_is_missing_and_what_is_new_is_said(installation: Installation) -> None:
    rows = {"Your Name": "Dana", "Your Email": "dana@green.example", "New Channel Partner": "HW Solar", "Roof type": "flat"}
    path = installation.write("in.eml", form_mail(rows, title="Channel Partner Form"))
    (form,) = installation.lines("form", "try", path)[0]["forms"]
    assert (form["missing"], form["unknown"]) == (["company"], ["Roof type"])
    assert "missing:company" in form["reading"]["problems"]
    said = installation.run("form", "try", path).output
    assert re.search(r"missing +company", said)
    assert re.search(r"unknown +Roof type", said)


def test_a_mail_that_is_none_of_the_forms_says_why_and_ends_with_1(installation: Installation) -> None:
    news = installation.write("news.eml", form_mail({}, title="Our news"))
    said = installation.run("form", "try", news, status=1).output
    assert "not recognised, it has sender noreply@jotform.com, but no table of questions and not two known labels" in said
    plain = installation.write("plain.eml", form_mail({}, sender="ann@acme.example"))
    assert "not recognised, it has no mark of it" in installation.run("form", "try", plain, status=1).output
    assert "no such file" in installation.run("form", "try", str(installation.folder / "nowhere.eml"), status=1).stderr


def test_a_mail_may_come_on_standard_input_and_several_in_files(installation: Installation) -> None:
    octets = form_mail(ROWS, title="Channel Partner Form")
    path = installation.write("in.eml", octets)
    answers = installation.lines("form", "try", path, "-", octets=octets)
    assert [answer["file"] for answer in answers] == [path, "-"]
    assert answers[0]["forms"] == answers[1]["forms"]


def test_trying_changes_nothing(installation: Installation) -> None:
    installation.run("form", "try", installation.write("in.eml", form_mail(ROWS, title="Channel Partner Form")))
    assert installation.json("mail") == []
    assert installation.json("cases", "--state", "all") == []


def test_a_form_s_file_is_shown_as_it_holds(installation: Installation) -> None:
    shipped = installation.run("form", "show", "new-channel-partner").stdout
    assert shipped == (data_dir("config") / "forms" / "new-channel-partner.toml").read_text("utf-8")
    (installation.folder / "forms").mkdir()
    (installation.folder / "forms" / "new-channel-partner.toml").write_text("enabled = false\n")
    assert installation.run("form", "show", "new-channel-partner").stdout == "enabled = false\n"
    assert "Did you mean 'new-channel-partner'?" in installation.run("form", "show", "new-chanel-partner", status=1).stderr


# --- a form of one's own ---------------------------------------------------------------------------------------------


def test_the_form_of_readme_passes_the_check(own_form: Installation) -> None:
    rows = own_form.json("check")
    assert not [row for row in rows if row["verdict"] == "BAD"]
    assert [row["verdict"] for row in rows if row["what"] == "form warranty-claim" and "5 fields, a task in Warranty" in row["detail"]] == [
        "good"
    ]
    assert "Warranty claim for SN-4711" in own_form.run("templates", "show", "warranty-received").output


def test_the_form_of_readme_reads_a_mail_of_the_form(own_form: Installation) -> None:
    path = own_form.write("claim.eml", form_mail(CLAIM, title="Warranty Claim", subject="Re: Warranty Claim - Ann Lee"))
    (answer,) = own_form.lines("form", "try", path)
    forms = {form["form"]: form for form in answer["forms"]}
    claim = forms["warranty-claim"]
    assert claim["chosen"]
    assert not forms["new-channel-partner"]["chosen"]
    assert claim["reading"]["action"] == "warranty_claim"
    assert {name: value for name, value in claim["reading"]["canonical"].items() if name != "photo"} == {
        "email": "ann@acme.example", "name": "Ann Lee", "company": "Acme Homes", "serial_number": "SN-4711",
    }  # fmt: skip
    assert claim["reading"]["files"] == ["https://www.jotform.com/uploads/x/9001/5012088400321322831/photo.jpg"]
    assert (claim["missing"], claim["unknown"], claim["unanswered"]) == ([], [], [])


def test_a_mail_of_the_shipped_form_stays_the_shipped_form_s(own_form: Installation) -> None:
    path = own_form.write("in.eml", form_mail(ROWS, title="Channel Partner Form"))
    (answer,) = own_form.lines("form", "try", path)
    assert [form["form"] for form in answer["forms"] if form["chosen"]] == ["new-channel-partner"]


def test_a_claim_becomes_a_case_a_task_and_the_mail_of_the_form(own_form: Installation) -> None:
    own_form.take(form_mail(CLAIM, title="Warranty Claim", subject="Re: Warranty Claim - Ann Lee"))
    (mail,) = own_form.json("mail")
    assert (mail["kind"], mail["outcome"], mail["reason"]) == ("form", "acted", "form-accepted")
    (case,) = own_form.json("cases")
    assert (case["type"], case["subject"], case["organization"], case["contact"]) == (
        "support", "Warranty claim for SN-4711", "Acme Homes", "ann",
    )  # fmt: skip
    (answer,) = (mail for mail in own_form.json("outbox") if mail["to"] == "ann@acme.example")
    assert answer["template"] == "warranty-received"
    assert answer["subject"] == f"Warranty claim for SN-4711 [{case['number']}]"
    (ticket,) = own_form.json("case", case["number"])["cs_tickets"]
    assert (ticket["project"], ticket["summary"], ticket["status"]) == ("Warranty", "Warranty claim for SN-4711", "Open")


def test_a_new_question_opens_the_case_and_is_told_once(own_form: Installation) -> None:
    rows = CLAIM | {"Shoe size": "44"}
    own_form.take(form_mail(rows, title="Warranty Claim"), form_mail(rows | {"Serial number": "SN-2"}, title="Warranty Claim"))
    assert len(own_form.json("cases")) == 2
    told = [mail for mail in own_form.json("outbox") if mail["template"] == "form-changed"]
    assert [mail["to"] for mail in told] == ["nora@support.example"]

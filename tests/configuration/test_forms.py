"""The files of forms: what is shipped, what is read, and every mistake of all of them at once."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from daemon.config import data_dir, load_config
from daemon.configuration.forms import CaseKeys, CustomerKeys, FieldKeys, FormKeys, TaskKeys, TypeWord, load_forms
from daemon.errors import ConfigError, Problem
from daemon.rules.forms import FieldType, FormRules, TaskRules
from daemon.wiring import forms_of, rulebook_of

SHIPPED = data_dir("config") / "forms"
MINIMAL = """\
titles = ["Warranty Claim"]
[customer]
email = "email"
[case]
subject = "Claim"
[fields.email]
type = "email"
labels = ["Your email"]
"""


def read(folder: Path, text: str = MINIMAL, name: str = "warranty-claim", **known: tuple[str, ...]) -> tuple[FormRules, ...]:
    (folder / f"{name}.toml").write_text(text, "utf-8")
    return load_forms([folder], **known)


def problems(folder: Path, text: str, name: str = "warranty-claim", **known: tuple[str, ...]) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, name, **known)
    return {problem.key: problem for problem in caught.value.problems if isinstance(problem, Problem)}


# --- what is shipped -------------------------------------------------------------------------------------------------


def shipped() -> FormRules:
    (rules,) = load_forms([SHIPPED])
    return rules


def test_the_shipped_form_makes_the_task_that_the_procedure_asks_for() -> None:
    rules = shipped()
    assert (rules.name, rules.action) == ("new-channel-partner", "new_channel_partner")
    assert rules.task == TaskRules(
        project="Customer Success", issue_type="Task", parent="Configuration Partner/Product Onboarding", priority="High",
        qa_assignee="cherish", due_days=3, configuration_days=2, qa_due_days=3,
    )  # fmt: skip
    assert rules.case is not None
    assert (rules.case.type, rules.case.subject) == ("channel_partner", "A New Channel Partner Request for {partner_company}")
    assert (rules.first_mail, rules.completion_mail, rules.mention) == ("New Channel Req 1", "New Channel Req 2", "account_manager")
    assert (rules.customer.email, rules.customer.name, rules.customer.company) == ("submitter_email", "submitter_name", "company")
    assert (rules.new_organization, rules.require_dmarc, rules.close_case_on_completion) == ("partner_company", True, False)


@pytest.mark.parametrize(
    "address",
    [
        "noreply@jotform.com", "noreply@formresponse.com", "noreply@mail.jotform.com", "no-reply@wufoo.com",
        "notifications@followups.typeform.io", "noreply@formstack.com", "noreply+a1b2@formstack.com", "forms-receipts-noreply@google.com",
    ],
)  # fmt: skip
def test_the_shipped_form_believes_the_senders_of_form_services(address: str) -> None:
    assert shipped().is_sender(address)


@pytest.mark.parametrize("address", ["noreply@jotform.example", "noreply+x@formstack.com.evil.example", "x@jotform.com", None])
def test_the_shipped_form_believes_nobody_else(address: str | None) -> None:
    assert not shipped().is_sender(address)


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("Your Name *", "submitter_name"), ("Requester's full name", "submitter_name"), ("E-Mail-Adresse:", "submitter_email"),
        ("メールアドレス", "submitter_email"), ("Your Organisation Name (as registered)", "company"), ("Firma", "company"),
        ("Who would you like to add as a channel partner?", "partner_company"), ("New partner name", "partner_company"),
        ("Partner Email", "partner_email"), ("Telephone", "phone"), ("Additional comments for us", "notes"),
        ("Favourite colour", None), ("Submission ID", None),
    ],
)  # fmt: skip
def test_the_shipped_form_knows_its_questions_in_many_words(label: str, field: str | None) -> None:
    found = shipped().field_of(label)
    assert (found.name if found is not None else None) == field


def test_the_subject_tells_the_new_partner() -> None:
    (pattern,) = shipped().subjects
    found = pattern.search("A New Channel Partner Request for HW Solar")
    assert found is not None
    assert found[1] == "HW Solar"


def test_the_shipped_file_says_every_key_there_is() -> None:
    text = (SHIPPED / "new-channel-partner.toml").read_text("utf-8")
    said = set(re.findall(r"^(?:# )?([a-z_]+) = ", text, re.MULTILINE)) | set(re.findall(r"^\[([a-z]+)", text, re.MULTILINE))
    explained = set(re.findall(r"^#   ([a-z_]+) ", text, re.MULTILINE)) | set(re.findall(r"^# ([a-z_]+)  +", text, re.MULTILINE))
    for keys in (FormKeys, CustomerKeys, CaseKeys, TaskKeys, FieldKeys):
        assert set(keys.model_fields) <= said | explained, keys.__name__
    assert set(get_args(TypeWord)) <= set(re.findall(r"\w+", text))


def test_a_file_knows_the_types_and_the_task_that_the_rules_know() -> None:
    assert set(get_args(TypeWord)) == {word.value for word in FieldType}
    assert set(TaskKeys.model_fields) == {field.name for field in fields(TaskRules)}


# --- an installation's own -------------------------------------------------------------------------------------------


def test_a_lone_configuration_has_the_shipped_form(tmp_path: Path) -> None:
    (tmp_path / "supportd.toml").write_text('[house]\naddress = "support@support.example"\n')
    config = load_config(tmp_path / "supportd.toml")
    assert [rules.name for rules in rulebook_of(config).forms] == ["new-channel-partner"]
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "warranty-claim.toml").write_text(MINIMAL)
    assert [rules.name for rules in forms_of(config)] == ["new-channel-partner", "warranty-claim"]
    (tmp_path / "forms" / "new-channel-partner.toml").write_text(MINIMAL.replace("Warranty Claim", "Partners"))
    assert [rules.titles for rules in forms_of(config)] == [("Partners",), ("Warranty Claim",)]


def test_a_form_is_switched_off_by_one_line(tmp_path: Path) -> None:
    (tmp_path / "new-channel-partner.toml").write_text("enabled = false\n")
    assert load_forms([SHIPPED, tmp_path]) == ()


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    (rules,) = read(tmp_path, MINIMAL + '[task]\nproject = "Warranty"\n')
    assert rules.task == TaskRules(project="Warranty", issue_type="Task", due_days=3, configuration_days=2, qa_due_days=3)
    assert (rules.require_dmarc, rules.submission_labels) == (True, ("submission id",))
    assert (rules.first_mail, rules.completion_mail, rules.mention, rules.owner) == (None, None, None, None)
    assert rules.case is not None
    assert rules.case.type == "support"


def test_fields_may_stand_in_one_line_each_and_keep_their_order(tmp_path: Path) -> None:
    text = MINIMAL.partition("[fields.email]")[0]
    text += '[fields]\nserial = { qid = "7", patterns = ["^serial"] }\nemail = { type = "email", labels = ["Your email"] }\n'
    (rules,) = read(tmp_path, text)
    assert [field.name for field in rules.fields] == ["serial", "email"]
    assert rules.field_of("Something new", "7") is rules.fields[0]
    assert rules.field_of("SERIAL no.") is rules.fields[0]


# --- mistakes --------------------------------------------------------------------------------------------------------


def test_every_mistake_is_told_at_once_with_its_line_and_a_guess(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        'titels = ["X"]\ntitles = ["Warranty Claim"]\nnew_organization = "partner"\n[customer]\nemail = "emial"\n[case]\ntype = "suport"\n'
        'subject = "Claim for {serial_numer} {a!r}"\n[task]\nproject = "W"\ndue_days = 400\n[fields.email]\ntype = "mail"\nlabels = ["E"]\n'
        '[fields.serial_number]\nlabels = ["E", " * "]\npatterns = ["(a+)+$", "("]\n[fields.Bad-Name]\n',
    )
    assert set(found) == {
        "titels", "new_organization", "customer.email", "case.type", "case.subject", "task.due_days", "fields.email.type",
        "fields.serial_number.labels", "fields.serial_number.labels[1]", "fields.serial_number.patterns[0]",
        "fields.serial_number.patterns[1]", "fields.Bad-Name",
    }  # fmt: skip
    path = tmp_path / "warranty-claim.toml"
    assert found["titels"].hint == "titles"
    assert (found["customer.email"].file, found["customer.email"].hint) == (f"{path}:5", "email")
    assert (found["case.type"].file, found["case.type"].hint) == (f"{path}:7", "support")
    assert found["task.due_days"].allowed == "a whole number of business days from 0 to 366"
    assert (found["fields.email.type"].file, found["fields.email.type"].hint) == (f"{path}:13", "email")
    assert "repeat within a repeat" in found["fields.serial_number.patterns[0]"].found
    assert "already" in found["fields.serial_number.labels"].found


@pytest.mark.parametrize(
    ("change", "key", "word"),
    [
        (("titles", "# titles"), "titles", "at least one of"),
        (("titles", 'completion_mail = "x"\ntitles'), "completion_mail", "[task]"),
        (("titles", 'senders = ["nobody"]\ntitles'), "senders[0]", "noreply@forms.example"),
        (("titles", 'senders = ["a@*.example"]\ntitles'), "senders[0]", "before the @"),
        (("titles", 'subjects = [".*a.*b"]\ntitles'), "subjects[0]", "open repeats"),
        (("titles", 'mention = "manager"\ntitles'), "mention", "account_manager"),
        (("titles", "form_ids = [220683651272354]\ntitles"), "form_ids[0]", "in quotes"),
        (('type = "email"\n', ""), "fields.email.type", "email"),
        (('labels = ["Your email"]', 'labels = ["Submission ID"]'), "fields.email.labels", "each question once"),
        (('labels = ["Your email"]', ""), "fields.email", "at least one of qid, labels, patterns"),
        (('subject = "Claim"', 'subject = "Claim {"'), "case.subject", "pairs"),
        (('subject = "Claim"', 'subject = "Claim {files}"'), "case.subject", "a list"),
        (('subject = "Claim"', 'subject = "Claim\\nBcc: x"'), "case.subject", "one line"),
        (("[case]", "[cse]"), "cse", "case"),
        (("[fields.email]", "[field.email]"), "field", "fields"),
    ],
)
def test_a_form_that_can_not_work_is_refused_and_says_why(tmp_path: Path, change: tuple[str, str], key: str, word: str) -> None:
    text = MINIMAL.replace(*change) + '[fields.files]\ntype = "list"\nlabels = ["Files"]\n'
    found = problems(tmp_path, text)
    assert key in found
    assert word in f"{found[key].found} {found[key].allowed} {found[key].hint}"


def test_two_forms_with_the_same_mark_are_refused(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text(MINIMAL.replace("Warranty Claim", "warranty  claim:"))
    found = problems(tmp_path, MINIMAL)
    assert "which is the form first's" in found["titles[0]"].found


def test_mistakes_of_several_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text("not toml")
    (tmp_path / "Second Form.toml").write_text(MINIMAL.replace("Warranty Claim", "Second"))
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, MINIMAL + "x = 1\n")
    told = str(caught.value)
    assert all(name in told for name in ("first.toml", "Second Form.toml", "warranty-claim.toml"))


def test_a_mail_text_that_nobody_wrote_is_refused_with_a_guess(tmp_path: Path) -> None:
    text = 'first_mail = "New Chanel Req 1"\n' + MINIMAL
    found = problems(tmp_path, text, templates=("New Channel Req 1", "triage"))
    assert found["first_mail"].hint == "New Channel Req 1"
    assert len(read(tmp_path, text)) == 1


def test_a_folder_that_is_not_there_holds_no_forms(tmp_path: Path) -> None:
    assert load_forms([tmp_path / "nowhere"]) == ()

"""The check-up: what is wrong is found, named and given its cure; what is right is called good."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from daemon.checkup import check_installation
from daemon.config import data_dir, load_config
from daemon.demo.servers import EmbeddedImap, EmbeddedSmtp
from daemon.store.database import open_database
from daemon.store.schema import MailHold, Organization, Outbox, Queue
from daemon.store.statements import insert
from daemon.verdict import BAD, GOOD, UNWISE, Verdict
from tests.servers.ports import free_ports

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
MINIMAL = '[house]\naddress = "support@support.example"\n'


def verdicts(folder: Path, text: str = "", *, online: bool = False) -> dict[str, Verdict]:
    path = folder / "supportd.toml"
    path.write_text(MINIMAL + text)
    return {verdict.what: verdict for verdict in check_installation(load_config(path), online=online)}


def test_a_lone_configuration_works_and_says_what_is_open(tmp_path: Path) -> None:
    found = verdicts(tmp_path)
    good = {what for what, verdict in found.items() if verdict.verdict == GOOD}
    assert good >= {"configuration", "templates", "database", "calendars.house"}
    assert {what for what, verdict in found.items() if verdict.verdict == UNWISE} == {
        "trust.authserv_id", "mailbox", "smtp", "default queue", "triage queue", "form new-channel-partner",
    }  # fmt: skip
    assert not [verdict for verdict in found.values() if verdict.verdict == BAD]
    # and it changes nothing
    assert found["database"].detail.endswith("/supportd.db: the first run makes it")
    assert [path.name for path in tmp_path.iterdir()] == ["supportd.toml"]


def test_whatever_is_not_good_has_a_cure(tmp_path: Path) -> None:
    found = verdicts(tmp_path, '[smtp]\nhost = "h"\nusername = "u"\npassword = { file = "nowhere" }\n')
    assert all(verdict.mend for verdict in found.values() if verdict.verdict != GOOD)


def test_guards_that_are_off_mails_that_are_held_and_addresses_that_are_not_mailed_are_told(tmp_path: Path) -> None:
    assert verdicts(tmp_path)["loop guards"].verdict == GOOD
    database = open_database(f"sqlite:///{tmp_path}/supportd.db")
    with database.transaction():
        row = {"reverse_path": "s@support.example", "forward_path": "a@a.example", "template": "case-received", "subject": "s"}
        insert(Outbox, [row | {"state": "held", "cause": "mail:1", "effect_key": "k", "message_id": "<1@s>", "created_at": NOW}])
        hold = {"address": "a@a.example", "since": NOW, "until": NOW + timedelta(hours=1), "reason": "loop_pattern: so many"}
        insert(MailHold, [hold], ids=False)
    database.close()
    path = tmp_path / "supportd.toml"
    path.write_text(MINIMAL + "[limits]\nbreaker = 0\n")
    found = {verdict.what: verdict for verdict in check_installation(load_config(path), online=False, now=NOW)}
    assert (found["loop guards"].verdict, found["loop guards"].detail) == (UNWISE, "off: breaker")
    assert (found["held mails"].verdict, found["held mails"].detail) == (UNWISE, "1 of ours")
    assert (found["not mailed"].verdict, found["not mailed"].detail) == (UNWISE, "a@a.example (loop_pattern: so many)")


def test_a_password_that_is_not_there_is_bad(tmp_path: Path) -> None:
    found = verdicts(tmp_path, '[smtp]\nhost = "h"\nusername = "u"\npassword = { file = "nowhere" }\n')["smtp.password"]
    assert (found.verdict, "nowhere" in found.detail) == (BAD, True)


def test_a_key_that_others_can_read_is_unwise_and_a_short_one_is_bad(tmp_path: Path) -> None:
    key = tmp_path / "reply.key"
    key.write_text("k" * 64)
    key.chmod(0o644)
    assert verdicts(tmp_path)["keys.reply"].verdict == UNWISE
    key.chmod(0o600)
    assert verdicts(tmp_path)["keys.reply"].verdict == GOOD
    key.write_text("short")
    found = verdicts(tmp_path)["keys.reply"]
    assert (found.verdict, "short" in found.detail) == (BAD, False)


def test_a_key_that_is_lost_after_mails_were_sent_is_bad(tmp_path: Path) -> None:
    assert verdicts(tmp_path)["keys.reply"].verdict == GOOD
    database = open_database(f"sqlite:///{tmp_path}/supportd.db")
    with database.transaction():
        Outbox.create(
            state="sent", cause="c", effect_key="e", forward_path="a@b.example", reverse_path="", template="t", message_id="<m@x>",
            subject="s", created_at=datetime(2026, 7, 27, 12, 0, tzinfo=UTC),
        )  # fmt: skip
    database.close()
    assert verdicts(tmp_path)["keys.reply"].verdict == BAD


def test_a_template_that_can_not_be_rendered_is_bad(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "case-received.md").write_text("no front matter\n")
    found = verdicts(tmp_path)["templates"]
    assert (found.verdict, "case-received.md" in found.detail) == (BAD, True)


def test_a_database_that_is_not_there_is_bad(tmp_path: Path) -> None:
    found = verdicts(tmp_path, '[database]\nurl = "sqlite:///no/such/folder/x.db"\n')
    assert found["database"].verdict == BAD
    found = verdicts(tmp_path, f'[database]\nurl = "postgresql://nobody@127.0.0.1:{free_ports(1)[0]}/x"\n')
    assert found["database"].verdict == BAD


def test_a_calendar_that_only_organizations_know_is_unwise(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/supportd.db")
    with database.transaction():
        Organization.create(name="Berlin Sonne", name_key="berlin sonne", kind="partner", calendar="berlin")
        Queue.create(name="q", is_default=True, is_triage=True)
    database.close()
    found = verdicts(tmp_path)
    assert found["calendar berlin"].verdict == UNWISE
    assert "default queue" not in found


def servers(imap: int, smtp: int, folder: Path) -> str:
    (folder / "password").write_text("demo\n")
    (folder / "password").chmod(0o600)
    return (
        f'[[mailbox]]\nname = "desk"\nhost = "127.0.0.1"\nport = {imap}\ntls = "none"\nusername = "support"\n'
        'password = { file = "password" }\n'
        f'[smtp]\nhost = "127.0.0.1"\nport = {smtp}\ntls = "none"\n'
    )


def test_online_it_says_what_the_servers_can_do(tmp_path: Path, imap_server: EmbeddedImap, smtp_server: EmbeddedSmtp) -> None:
    found = verdicts(tmp_path, servers(imap_server.port, smtp_server.port, tmp_path), online=True)
    assert found["mailbox desk"].verdict == GOOD
    assert "IDLE" in found["mailbox desk"].detail
    assert found["smtp"].verdict == GOOD
    assert smtp_server.sent == []


def test_online_a_refused_login_and_a_server_that_is_away_are_bad(tmp_path: Path, imap_server: EmbeddedImap) -> None:
    text = servers(imap_server.port, free_ports(1)[0], tmp_path)
    (tmp_path / "password").write_text("wrong-password")
    found = verdicts(tmp_path, text, online=True)
    assert found["mailbox desk"].verdict == BAD
    assert "wrong-password" not in found["mailbox desk"].detail
    assert found["smtp"].verdict == BAD


# --- forms -----------------------------------------------------------------------------------------------------------

FORM = (
    'titles = ["Warranty Claim"]\nfirst_mail = "claim-received"\nowner = "cara"\n[customer]\nemail = "email"\n[case]\nsubject = "Claim"\n'
    '[task]\nproject = "Warranty"\nassignees = ["ivan"]\n[fields.email]\ntype = "email"\nlabels = ["Your email"]\n'
)
TEXT = '+++\nsubject = "S"\ndescription = "D"\nvariables = ["{0}"]\nsample = {{ {0} = "x" }}\n+++\nHello {{{{ {0} }}}}\n'


def form_verdicts(folder: Path, form: str, variable: str = "recipient_name") -> list[Verdict]:
    (folder / "forms").mkdir()
    (folder / "templates").mkdir()
    (folder / "forms" / "warranty-claim.toml").write_text(form)
    (folder / "templates" / "claim-received.md").write_text(TEXT.format(variable))
    (folder / "supportd.toml").write_text(MINIMAL)
    found = check_installation(load_config(folder / "supportd.toml"), online=False)
    return [verdict for verdict in found if verdict.what in ("forms", "form warranty-claim")]


def test_a_form_is_called_good_and_its_unknown_people_are_pointed_out(tmp_path: Path) -> None:
    good, *others = form_verdicts(tmp_path, FORM)
    assert (good.verdict, "1 fields, a task in Warranty" in good.detail) == (GOOD, True)
    assert [verdict.verdict for verdict in others] == [UNWISE, UNWISE]
    assert [verdict.detail for verdict in others] == [
        "owner: 'cara' is not in the directory", "task.assignees: 'ivan' is not in the directory"
    ]  # fmt: skip


def test_nobody_to_give_a_form_s_task_to_is_unwise(tmp_path: Path) -> None:
    _, verdict = form_verdicts(tmp_path, FORM.replace('assignees = ["ivan"]\n', "").replace('owner = "cara"\n', ""))
    assert (verdict.verdict, verdict.detail) == (UNWISE, "nobody can be given its tasks")


def test_a_mistake_in_a_form_s_file_is_bad_and_names_the_place(tmp_path: Path) -> None:
    (verdict,) = form_verdicts(tmp_path, FORM.replace("claim-received", "claim-recieved"))
    assert (verdict.verdict, "did you mean 'claim-received'?" in verdict.detail) == (BAD, True)
    assert f"{tmp_path}/forms/warranty-claim.toml:2: first_mail" in verdict.detail


def test_a_mail_of_a_form_with_a_variable_that_nobody_fills_is_bad(tmp_path: Path) -> None:
    verdict = form_verdicts(tmp_path, FORM, variable="case_numer")[0]
    assert (verdict.verdict, verdict.mend) == (BAD, "did you mean 'case_number'?")


def test_a_form_that_is_switched_off_is_said_to_be(tmp_path: Path) -> None:
    (verdict,) = form_verdicts(tmp_path, "enabled = false\n")
    assert (verdict.verdict, "switched off" in verdict.detail) == (GOOD, True)


def test_a_decision_table_with_a_gap_is_bad_and_names_the_gap(tmp_path: Path) -> None:
    shipped = (data_dir("config") / "entitlement.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "entitlement.csv").write_text("".join(line for line in shipped if not line.startswith("38,")))
    found = verdicts(tmp_path)["level one"]
    assert (found.verdict, "no row decides caller known, plan_state unknown, version 6.x+" in found.detail) == (BAD, True)


def test_a_row_that_mails_what_nobody_wrote_is_bad_with_a_guess(tmp_path: Path) -> None:
    shipped = (data_dir("config") / "entitlement.csv").read_text("utf-8")
    (tmp_path / "entitlement.csv").write_text(shipped.replace("FAQ-How to report a bug", "FAQ-How to report bugs"))
    (found,) = [verdict for verdict in every_verdict(tmp_path) if verdict.what == "level one"]
    assert (found.verdict, "row 25 mails 'FAQ-How to report bugs'" in found.detail) == (BAD, True)
    assert "'FAQ-How to report a bug'" in found.mend


def test_a_row_that_never_decides_and_a_queue_that_is_not_there_are_unwise(tmp_path: Path) -> None:
    shipped = (data_dir("config") / "entitlement.csv").read_text("utf-8")
    idle = "39,99,any,any,any,any,any,any,any,triage,queue: level-one,1,,\n"
    (tmp_path / "entitlement.csv").write_text(shipped.replace("queue: sales", "queue: sale") + idle)
    database = open_database(f"sqlite:///{tmp_path}/supportd.db")
    with database.transaction():
        for name in ("level-one", "level-two", "sales"):
            Queue.create(name=name)
    database.close()
    found = {verdict.detail: verdict for verdict in every_verdict(tmp_path) if verdict.what == "level one" and verdict.verdict == UNWISE}
    assert len(found) == 2
    assert any(detail.endswith("always come before: 39") for detail in found)
    assert next(verdict.mend for detail, verdict in found.items() if "'sale'" in detail).startswith("did you mean 'sales'?")


def every_verdict(folder: Path) -> list[Verdict]:
    (folder / "supportd.toml").write_text(MINIMAL)
    return list(check_installation(load_config(folder / "supportd.toml"), online=False))


OAUTH = """
[smtp]
host = "h"
username = "u"
[smtp.oauth]
provider = "google"
client_id = "c"
refresh_token_file = "token"
refresh_token_days = 7
warn_days = 2
client_secret_expires = "2026-07-20"
"""


def test_a_refresh_token_is_there_kept_from_others_and_told_before_it_ends(tmp_path: Path) -> None:
    came = datetime(2026, 7, 1, tzinfo=UTC)
    (tmp_path / "supportd.toml").write_text(MINIMAL + OAUTH)
    config = load_config(tmp_path / "supportd.toml")
    file = tmp_path / "token"

    def found(days: float | None) -> list[tuple[str, str]]:
        now = came + timedelta(days=days) if days is not None else None
        return [(v.verdict, v.detail) for v in check_installation(config, online=False, now=now) if v.what == "smtp oauth"]

    assert found(0) == [(BAD, f"refresh token file {file}: No such file or directory")]
    file.write_text("refresh-0\n")
    file.chmod(0o600)
    os.utime(file, (came.timestamp(), came.timestamp()))
    good = (GOOD, f"refresh token from {file}; refresh token ends 2026-07-08; client secret ends 2026-07-20")
    assert found(None) == found(4.9) == [good]
    assert found(5) == [good, (UNWISE, "the refresh token ends on 2026-07-08")]
    assert found(18) == [good, (BAD, "the refresh token ended on 2026-07-08"), (UNWISE, "the client secret ends on 2026-07-20")]
    file.chmod(0o640)
    assert found(1) == [(UNWISE, f"others can read {file}")]

"""support.toml and entitlement.csv: what is shipped, whose file holds, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config import data_dir, load_config
from daemon.configuration.support import COLUMNS, load_support, load_table
from daemon.errors import ConfigError, Problem
from daemon.rules.entitlement import Caller, Channel, LevelAction, SupportRules, decide_level
from daemon.rules.issueclass import IssueClass, IssueName, classify
from daemon.rules.planstate import PlanRules
from daemon.wiring import rulebook_of, support_files_of, support_rules_of

MINIMAL = '[house]\naddress = "support@support.example"\n'
SETTINGS, TABLE = data_dir("config") / "support.toml", data_dir("config") / "entitlement.csv"
HEAD = ",".join(COLUMNS) + "\n"
WHOLE = "1,1,any,any,any,any,any,any,any,triage,queue: level-one,1,,\n"


def read(folder: Path, *, settings: str = "", table: str = HEAD + WHOLE) -> SupportRules:
    (folder / "support.toml").write_text(settings, "utf-8")
    (folder / "entitlement.csv").write_text(table, "utf-8")
    return load_support(folder / "support.toml", folder / "entitlement.csv")


def problems(folder: Path, *, settings: str = "", table: str = HEAD + WHOLE) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        read(folder, settings=settings, table=table)
    return [problem for problem in caught.value.problems if isinstance(problem, Problem)]


def row_of(rules: SupportRules, name: IssueName = IssueName.OTHER) -> int:
    return decide_level(Channel.CASE, Caller.KNOWN, None, IssueClass(name=name), False, rules.table).row


# --- what is shipped -----------------------------------------------------------------------------------------------


def test_the_shipped_numbers_are_the_defaults() -> None:
    assert load_support(SETTINGS, TABLE).plan == PlanRules(new_customer_days=30, evaluation_max_days=90, oldest_supported_version=6)


def test_the_shipped_classes_stand_in_the_order_in_which_they_are_looked_for() -> None:
    assert [rule.name for rule in load_support(SETTINGS, TABLE).issues.rules] == [name for name in IssueName if name is not IssueName.OTHER]


def test_the_shipped_table_has_38_rows_with_their_targets() -> None:
    table = load_support(SETTINGS, TABLE).table
    rows = {row.number: row for row in table.rows}
    assert list(rows) == list(range(1, 39))
    assert {row.queue for row in table.rows} == {None, "sales", "level-one", "level-two"}
    assert sorted({row.template for row in table.rows if row.template is not None}) == [
        "FAQ-Development resources", "FAQ-How to open a hosting ticket", "FAQ-How to open a support case", "FAQ-How to report a bug",
        "FAQ-How to request a key", "FAQ-Support for versions 5x and older.", "FAQ-available support resources",
        "FAQ-what are my priority support options", "identify-account", "purchaser-must-contact",
    ]  # fmt: skip
    assert rows[37].action is LevelAction.SEND_TEMPLATE_ONCE


def test_a_file_of_the_installation_holds_instead_of_the_shipped_one_each_for_itself(tmp_path: Path) -> None:
    (tmp_path / "supportd.toml").write_text(MINIMAL)
    config = load_config(tmp_path / "supportd.toml")
    assert support_files_of(config) == (SETTINGS, TABLE)
    assert rulebook_of(config).support == support_rules_of(config) == load_support(SETTINGS, TABLE)
    (tmp_path / "entitlement.csv").write_text(HEAD + WHOLE)
    assert (row_of(support_rules_of(config), IssueName.BUG), len(support_rules_of(config).issues.rules)) == (1, 7)
    (tmp_path / "entitlement.csv").unlink()
    (tmp_path / "support.toml").write_text("evaluation_max_days = 14\n")
    assert support_rules_of(config).plan.evaluation_max_days == 14
    assert (len(support_rules_of(config).table.rows), len(support_rules_of(config).issues.rules)) == (39, 0)


# --- support.toml --------------------------------------------------------------------------------------------------


def test_words_of_another_language_are_one_section_more(tmp_path: Path) -> None:
    text = SETTINGS.read_text("utf-8") + '\n[[issue]]\nname = "bug"\nlines = ["panne"]\nwords = ["bogue", "plante|plantage"]\n'
    rules = read(tmp_path, settings=text)
    assert classify("", "Le panier plante quand je paie", None, rules.issues).name is IssueName.BUG
    assert classify("", "", "Panne", rules.issues).name is IssueName.BUG


def test_hosting_over_version_switches_its_row(tmp_path: Path) -> None:
    table = HEAD + WHOLE.replace("1,1,", "2,2,", 1) + WHOLE.replace(",,\n", ",hosting_over_version,\n")
    assert row_of(read(tmp_path, table=table)) == 1
    assert row_of(read(tmp_path, table=table, settings="hosting_over_version = false\n")) == 2


def test_every_mistake_of_both_files_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    settings = (
        'evaluation_max_days = "90"\nevaluation_days = 3\n[[issue]]\nname = "bugs"\nwords = ["bug", "a .. "]\n'
        '[[issue]]\nname = "bug"\nlines = ["key"]\n[[issue]]\nname = "license_key"\nlines = ["Key"]\nunless = ["x(y)"]\n'
    )
    table = HEAD + WHOLE.replace("triage", "triaj") + WHOLE.replace("any", "fax", 1).replace(",1,,", ",3,x,")
    found = {(Path(problem.file).name, problem.key): problem for problem in problems(tmp_path, settings=settings, table=table)}
    assert set(found) == {
        ("support.toml:1", "evaluation_max_days"), ("support.toml:2", "evaluation_days"), ("support.toml:4", "issue[0].name"),
        ("support.toml:5", "issue[0].words[1]"), ("support.toml:11", "issue[2].lines[0]"), ("support.toml:12", "issue[2].unless[0]"),
        ("entitlement.csv:2", "action"), ("entitlement.csv:3", "channel"), ("entitlement.csv:3", "level"), ("entitlement.csv:3", "setting"),
    }  # fmt: skip
    assert found["support.toml:2", "evaluation_days"].hint == "evaluation_max_days"
    assert found["support.toml:4", "issue[0].name"].hint == "bug"
    assert found["entitlement.csv:2", "action"].hint == "triage"


# --- entitlement.csv -----------------------------------------------------------------------------------------------


def test_columns_may_stand_in_any_order_with_blanks_and_empty_lines(tmp_path: Path) -> None:
    cells = dict(zip(COLUMNS, WHOLE.strip().split(","), strict=True))
    columns = COLUMNS[::-1]
    text = "\ufeff" + " , ".join(columns) + "\r\n\r\n" + " , ".join(cells[column] for column in columns) + "\r\n,,,,\r\n"
    assert row_of(read(tmp_path, table=text.replace(",,,,", "," * (len(COLUMNS) - 1)))) == 1


def test_a_cell_allows_one_value_several_or_all_but_some(tmp_path: Path) -> None:
    table = HEAD + (
        "1,1,any,any,any,any,any,bug | other,any,triage,queue: x,1,,\n"
        "2,1,any,any,any,any,any,!bug | other | license_key,any,triage,queue: x,1,,\n"
        "3,1,any,any,any,any,any,license_key,any,triage,queue: x,1,,\n"
    )
    rules = read(tmp_path, table=table)
    assert [row_of(rules, name) for name in (IssueName.BUG, IssueName.CUSTOMIZATION, IssueName.LICENSE_KEY)] == [1, 2, 3]


@pytest.mark.parametrize("cell", ["", "bugs", "bug,other", "bug|", "!any", "! !bug", "bug other", "!" + "|".join(IssueName)])
def test_a_cell_that_allows_nothing_or_what_is_not_there_is_a_mistake(tmp_path: Path, cell: str) -> None:
    (problem,) = problems(tmp_path, table=HEAD + f'1,1,any,any,any,any,any,"{cell}",any,triage,queue: x,1,,\n')
    assert problem.key == "issue_class"


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ("triage", "level-one"), ("triage", "queue:"), ("ask_identify", "identify-account"), ("send_template", ""),
        ("send_template", "queue: x"), ("forward_mailbox", "own: x"), ("transfer_level_two", ""),
    ],
)  # fmt: skip
def test_an_action_has_a_target_of_its_kind(tmp_path: Path, action: str, target: str) -> None:
    (problem,) = problems(tmp_path, table=HEAD + f"1,1,any,any,any,any,any,any,any,{action},{target},1,,\n")
    assert problem.key == "target"


@pytest.mark.parametrize("column", ["row", "precedence"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.5", "10000", "²"])
def test_numbers_are_whole_and_above_zero(tmp_path: Path, column: str, value: str) -> None:
    cells = dict(zip(COLUMNS, WHOLE.rstrip("\n").split(","), strict=True)) | {column: value}
    (problem,) = problems(tmp_path, table=HEAD + ",".join(cells.values()) + "\n")
    assert problem.key == column


def test_two_lines_of_one_row_say_the_same(tmp_path: Path) -> None:
    table = HEAD + WHOLE.replace("any", "case", 1) + WHOLE.replace("any", "phone", 1).replace("level-one", "sales")
    (problem,) = problems(tmp_path, table=table)
    assert (problem.key, "line 2" in problem.allowed) == ("row", True)


def test_what_is_not_decided_or_twice_is_told_with_the_combination_and_the_rows(tmp_path: Path) -> None:
    table = HEAD + WHOLE.replace("any", "case", 1) + WHOLE.replace("1,1,any,any", "2,1,case,ambiguous", 1)
    assert [problem.found for problem in problems(tmp_path, table=table)] == [
        "rows 1 and 2 both decide channel case, caller ambiguous (384 combinations)",
        "no row decides channel phone (1536 combinations)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD.replace("caller", "who"),
        HEAD.replace(",note", ""),
        HEAD.replace("note", "note,note"),
        HEAD + "1,1\n",
        HEAD + '"',
        "\x00",
        HEAD + WHOLE * 600,
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path, table=text)


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "entitlement.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("entitlement.csv", "nowhere.csv"):
        with pytest.raises(ConfigError):
            load_table(tmp_path / name)

"""What README and the READMEs at the doors say in tables, commands and links is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from math import prod
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import BaseModel

from daemon.cli import app
from daemon.config import data_dir, load_config
from daemon.configuration.keys import ConfigKeys, KeywordsKeys, LimitsKeys
from daemon.configuration.sla import EndWord, RecipientWord, RuleKeys, StartWord, load_sla
from daemon.configuration.support import COLUMNS, IssueKeys, SupportKeys, load_support
from daemon.failpoints import POINTS
from daemon.log import EVENTS
from daemon.mail.rendering import Templates
from daemon.model import Grade
from daemon.parsers.keywords import AGENT, ANYONE, ASKED, CONFIG_ASSIGNEE, CUSTOMER, GIVER, KEYWORDS, PARTNER, QA_ASSIGNEE, vocabulary
from daemon.parsers.phrases import match, phrasebook
from daemon.reasons import Outcome, Reason
from daemon.rules.entitlement import FACTS, LevelAction
from daemon.rules.issueclass import IssueName, classify
from daemon.rules.lifecycle import CASE, as_markdown
from daemon.rules.receipts import VERBS
from daemon.rules.sla import SlaRule
from daemon.rules.verbs import ON_TICKET as DONE_VERBS
from daemon.store.audit import FINAL, OUTBOX_STATES
from daemon.store.sheets import KINDS, ROLES, SHEETS, STATUSES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SUPPORT_FILES = (data_dir("config") / "support.toml", data_dir("config") / "entitlement.csv")
PAGES = tuple(ROOT / name for name in ("README.md", "config/README.md", "templates/README.md", "systemd/README.md", "tests/mail/README.md"))

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def section(heading: str, page: Path = README) -> str:
    """The text under a heading, up to the next heading of the same or a higher level."""
    text = page.read_text("utf-8")
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found is not None, f"{named(page)} has no heading {heading!r}"
    rest = text[found.end() :]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def tables(text: str) -> list[list[list[str]]]:
    """Every Markdown table: its rows without the head, each row its cells."""
    found: list[list[list[str]]] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.fullmatch(r"(\|-+)+\|", line):
            rows = []
            for row in lines[number + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append([cell.strip() for cell in row.strip("|").split("|")])
            found.append(rows)
    return found


def bare(cell: str) -> str:
    return cell.strip("`")


# --- the tables of README ------------------------------------------------------------------------------------------


def test_every_state_of_the_journal_has_its_row_and_no_other() -> None:
    (rows,) = tables(section("Journal"))
    assert [bare(row[0]) for row in rows] == ["received", *FINAL]


def test_the_states_of_the_journal_are_the_outcomes_but_for_the_one_in_progress() -> None:
    assert {*FINAL, "in progress"} == {outcome.value for outcome in Outcome}


def test_every_state_of_the_outbox_has_its_row_and_no_other() -> None:
    (rows,) = tables(section("Outbox"))
    assert [bare(row[0]) for row in rows] == list(OUTBOX_STATES)


def test_every_crash_point_has_its_row_and_what_proves_it() -> None:
    crashes, proofs = tables(section("Crashes"))
    assert [row[0] for row in crashes] == [f"K{number}" for number in range(1, 11)]
    assert [row[0] for row in proofs] == [row[0] for row in crashes]
    for row in proofs:
        assert re.search(r"\]\((tests/[\w/]+/test_\w+\.py|tests/test_\w+\.py)\)", row[1]), f"{row[0]} names no test"


def test_every_place_where_a_test_kills_the_program_proves_a_row_of_the_crashes() -> None:
    _, proofs = tables(section("Crashes"))
    killed = [name for row in proofs for name in CODE.findall(row[1])]
    assert sorted(killed) == sorted(set(POINTS) - {"migration_step", "token_written", "before_raw_deleted", "after_raw_deleted"})


def test_the_life_of_a_case_is_the_table_that_decides() -> None:
    assert as_markdown(CASE) in section("Case")


def test_every_verb_has_its_row_with_its_words_and_who_may_use_it() -> None:
    (rows,) = tables(section("What a reply can do"))
    who = {
        CUSTOMER: "customer", PARTNER: "partner", AGENT: "house", CONFIG_ASSIGNEE: "assignee", QA_ASSIGNEE: "QA",
        ASKED: "whoever was asked", GIVER: "whoever gave the command",
        ANYONE: "everybody known",
    }  # fmt: skip
    wanted = [
        [
            f"`#{keyword.verb}`", ", ".join(f"`{alias}`" for alias in keyword.aliases),
            ", ".join(word for name, word in who.items() if name in keyword.who), VERBS[keyword.verb].meaning,
        ]
        for keyword in KEYWORDS
        if keyword.verb in DONE_VERBS or keyword.verb == "end"
    ]  # fmt: skip
    unsaid = [f"| {' | '.join(row)} |" for row in wanted if row not in rows]
    assert not unsaid
    assert rows == wanted


def test_every_verb_that_does_nothing_yet_is_among_what_is_not_there() -> None:
    (paragraph,) = re.findall(r"\*\*What is not there yet:\*\*.*?\n\n", section("Commands"), re.DOTALL)
    idle = [f"#{keyword.verb}" for keyword in KEYWORDS if keyword.verb not in DONE_VERBS and keyword.verb != "end"]
    assert [verb for verb in CODE.findall(paragraph) if verb.startswith("#")] == idle


def test_every_reason_has_its_row_with_its_sentence() -> None:
    (rows,) = tables(section("Reasons"))
    said = {(bare(row[0]), row[2]) for row in rows}
    assert not [f"| `{reason.value}` | … | {reason.sentence} |" for reason in Reason if (reason.value, reason.sentence) not in said]
    assert [(bare(row[0]), row[2]) for row in rows] == [(reason.value, reason.sentence) for reason in Reason]
    assert {row[1] for row in rows} <= set(FINAL)


def test_every_log_event_has_its_row_with_level_and_meaning() -> None:
    (rows,) = tables(section("Log"))
    unsaid = [
        f"| `{name}` | {level} | {meaning} |" for name, (level, meaning) in EVENTS.items() if [f"`{name}`", level, meaning] not in rows
    ]
    assert not unsaid
    assert [(bare(row[0]), row[1], row[2]) for row in rows] == [(name, level, meaning) for name, (level, meaning) in EVENTS.items()]


def test_every_grade_of_trust_has_its_row() -> None:
    (rows,) = tables(section("Who is believed"))
    assert {bare(row[0]) for row in rows} == {grade.value for grade in Grade}


def test_every_exit_status_has_its_row() -> None:
    _, rows = tables(section("Commands"))
    assert [int(row[0]) for row in rows] == [app.GOOD, app.NOT_GOOD, app.MISUSED, app.TRY_AGAIN, app.CUT_OFF]


def test_every_template_is_named_where_it_is_said_who_hears_what() -> None:
    rows = [row for row in tables(section("Who hears what"))[0] if row[2]]
    assert {bare(row[2]) for row in rows} == set(Templates.load((data_dir("templates"),)).names)


# --- commands ------------------------------------------------------------------------------------------------------


@cache
def program() -> object:
    return typer.main.get_command(app.application())


def children(command: object) -> dict[str, object]:
    return dict(getattr(command, "commands", {}))


def options(command: object) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}  # type: ignore[attr-defined]


def test_every_command_has_its_row_with_all_its_verbs_and_options() -> None:
    rows = {bare(row[0]): row[1] for row in tables(section("Commands"))[0]}
    commands = {name: command for name, command in children(program()).items() if name not in app.HIDDEN}
    assert set(rows) == set(commands)
    for name, command in commands.items():
        everything = [command, *children(command).values()]
        said = " ".join(CODE.findall(rows[name]))
        wanted = {option for one in everything for option in options(one)} - {"--json", "--help"}
        assert set(re.findall(r"--[a-z-]+", said)) == wanted, name
        for verb in children(command):
            assert re.search(rf"\b{verb}\b", said), f"{name} {verb}"


def test_every_command_of_the_program_is_there() -> None:
    assert set(children(program())) == {name for name, _, _ in app.COMMANDS}


def snippets(page: Path) -> Iterator[str]:
    """Every `supportd …` of a page: in code blocks and in running text."""
    text = page.read_text("utf-8")
    for fence in FENCE.finditer(text):
        for line in fence[3].splitlines():
            for command in re.split(r"&&|\|", line):
                found = re.match(r"\s*(?:\S*/)?supportd (?=[a-z-])(.*)", command)
                if found and " info " not in line:
                    yield found[1]
    for code in CODE.finditer(FENCE.sub("", text)):
        if code[1].startswith("supportd "):
            yield code[1].removeprefix("supportd ")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_line_that_is_shown_exists(page: Path) -> None:
    for snippet in snippets(page):
        words = snippet.replace("[", " ").replace("]", " ").split()
        command = program()
        known = options(command)
        for position, word in enumerate(words):
            if word in children(command) and position <= 2:
                command = children(command)[word]
                known |= options(command)
            elif word.startswith("--"):
                assert word.partition("=")[0] in known, f"supportd {snippet}: {word}"
        assert command is not program() or "COMMAND" in words or "--version" in words, f"supportd {snippet}: no such command"


def two_commands() -> list[str]:
    return [fence[3].strip() for fence in FENCE.finditer(section("Two commands")) if fence[2] == "sh"]


def test_the_two_commands_of_readme_end_in_the_demo_and_in_the_tests() -> None:
    see, prove = two_commands()
    assert see.endswith("/supportd demo")
    assert prove.endswith("/pytest")


def test_the_command_that_runs_the_tests_is_the_one_that_is_run_for_every_change() -> None:
    _, prove = two_commands()
    assert prove in (ROOT / ".ci" / "run").read_text("utf-8")


def test_what_readme_shows_of_the_demo_is_what_it_prints() -> None:
    shown = FENCE.search(section("What the demo shows"))
    assert shown is not None
    done = subprocess.run([sys.executable, "-m", "daemon", "demo", "--once"], cwd=ROOT, capture_output=True, text=True, check=True)
    # how many lines a quoted mail has is a question of the date: its deadlines are named in words, and wrapped
    printed, wanted = (re.sub(r"\d+ lines left out", "… lines left out", text) for text in (done.stdout, shown[3]))
    for paragraph in wanted.split("\n\n"):
        assert " ".join(paragraph.split()) in " ".join(printed.split())


def test_the_extras_that_are_installed_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for page in PAGES:
        for named_extras in re.findall(r"'\.\[([a-z,]+)\]'", page.read_text("utf-8")):
            assert set(named_extras.split(",")) <= set(extras)


# --- configuration and directory -----------------------------------------------------------------------------------


def keys_of(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str]]:
    """(section, key) of every key of the configuration."""
    for name, field in model.model_fields.items():
        inner = [part for part in (field.annotation, *_parts(field.annotation)) if isinstance(part, type) and issubclass(part, BaseModel)]
        if not inner or path:
            yield path, name
        else:
            yield from keys_of(inner[0], name)


def _parts(annotation: object) -> Iterator[object]:
    for part in getattr(annotation, "__args__", ()):
        yield part
        yield from _parts(part)


def shipped_sections() -> dict[str, str]:
    """The text of each section of the annotated configuration, by its name without brackets and place name."""
    text = (data_dir("config") / "supportd.toml").read_text("utf-8")
    pieces = re.split(r"^\[+([a-z]+)[a-z.]*\]+$", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def test_every_key_of_the_configuration_stands_in_the_annotated_file_in_its_section() -> None:
    shipped = shipped_sections()
    assert set(shipped) == set(ConfigKeys.model_fields)
    keys = list(keys_of(ConfigKeys))
    assert len(keys) > 50
    for name, key in keys:
        assert re.search(rf"^(?:# )?{key} = ", shipped[name], re.MULTILINE), f"[{name}] {key}"


def test_every_key_of_the_annotated_file_says_what_it_is_for() -> None:
    for name, text in shipped_sections().items():
        for line in text.splitlines():
            found = re.match(r"(?:# )?([a-z_0-9]+) = (.*)", line)
            if found and name not in ("limits", "digests"):
                silent = ("idle_", "folder", "language", "hours", "extra_holidays", "removed_holidays", "password", "ca_file", "timezone")
                assert "# " in found[2] or found[1] in silent, f"[{name}] {found[1]}"


def test_every_limit_has_its_row() -> None:
    keys = [key for row in tables(section("Limits"))[0] for key in re.findall(r"`(\w+)`", row[0])]
    assert sorted(keys) == sorted(LimitsKeys.model_fields)


def test_every_file_and_column_of_the_directory_has_its_row() -> None:
    rows = tables(section("The directory", ROOT / "config/README.md"))[0]
    said = {bare(row[0]): CODE.findall(row[1]) for row in rows}
    assert set(said) == {sheet.file for sheet in SHEETS}
    for sheet in SHEETS:
        assert set(sheet.columns) <= set(said[sheet.file]), sheet.file
        allowed = {*sheet.columns, *KINDS, *ROLES, *STATUSES, "yes", "no", "MDY", "DMY"}
        assert set(said[sheet.file]) <= allowed, sheet.file


def test_every_key_of_a_promise_has_its_row_with_the_words_it_takes() -> None:
    (rows,) = tables(section("Promises", ROOT / "config/README.md"))
    assert [key for row in rows for key in CODE.findall(row[0]) if key != "[[rule]]"] == list(RuleKeys.model_fields)
    said = {key: CODE.findall(row[1]) for row in rows for key in CODE.findall(row[0])}
    assert set(get_args(StartWord)) == set(said["starts"])
    assert set(get_args(EndWord)) == set(said["met_by"])
    assert set(get_args(RecipientWord)) <= set(said["warning"])


def test_the_promise_that_is_shown_as_an_example_can_be_read(tmp_path: Path) -> None:
    text = "".join(fence[3] for fence in FENCE.finditer(section("Promises", ROOT / "config/README.md")))
    (tmp_path / "sla.toml").write_text(text, "utf-8")
    (rule,) = load_sla(tmp_path / "sla.toml")
    assert rule == load_example(tmp_path)
    assert rule.label
    assert f"Not in time, {rule.label}: " in (ROOT / "config/README.md").read_text("utf-8")
    names = Templates.load((data_dir("templates"),)).names
    assert all(told.template in names for told in (rule.warning, rule.breach) if told is not None)


def test_every_fact_of_the_decision_table_has_its_row_with_its_values() -> None:
    (rows,) = tables(section("Level one"))
    assert {bare(row[0]): tuple(CODE.findall(row[1])) for row in rows} == {name: tuple(every) for name, every in FACTS.items()}
    text = " ".join(section("Level one").split())
    numbers = {row.number for row in load_support(*SUPPORT_FILES).table.rows}
    assert f"{len(numbers)} rows" in text
    assert f"{prod(map(len, FACTS.values())):,} combinations" in text


def test_every_column_and_key_of_level_one_has_its_row() -> None:
    columns, keys = tables(section("Level one", ROOT / "config/README.md"))
    assert [name for row in columns for name in CODE.findall(row[0])] == list(COLUMNS)
    (actions,) = [CODE.findall(row[1]) for row in columns if row[0] == "`action`"]
    assert actions == list(LevelAction)
    named = [name for row in keys for name in CODE.findall(row[0]) if name != "[[issue]]"]
    assert named == [*(name for name in SupportKeys.model_fields if name != "issue"), *IssueKeys.model_fields]


def test_the_words_that_are_shown_as_an_example_can_be_read(tmp_path: Path) -> None:
    (shown,) = FENCE.finditer(section("Level one"))
    (tmp_path / "support.toml").write_text(SUPPORT_FILES[0].read_text("utf-8") + shown[3], "utf-8")
    rules = load_support(tmp_path / "support.toml", SUPPORT_FILES[1]).issues
    assert classify("", "Le panier plante", None, rules).name is IssueName.BUG


def load_example(folder: Path) -> SlaRule:
    """The promise that the shipped sla.toml shows behind comment marks."""
    _, example = (data_dir("config") / "sla.toml").read_text("utf-8").split("# [[rule]]")
    (folder / "example.toml").write_text("[[rule]]" + example.replace("\n# ", "\n"), "utf-8")
    (rule,) = load_sla(folder / "example.toml")
    return rule


def test_every_clock_has_its_row_as_it_is_shipped() -> None:
    (rows,) = tables(section("Promises"))
    assert [bare(row[0]) for row in rows] == [rule.kind for rule in load_sla(data_dir("config") / "sla.toml")]


def test_the_words_that_are_shown_as_an_example_can_be_configured() -> None:
    (shown,) = FENCE.finditer(section("Keywords", ROOT / "config/README.md"))
    keys = KeywordsKeys.model_validate(tomllib.loads(shown[3])["keywords"])
    assert vocabulary(keys.synonyms.model_dump()).verb("mine") == "acknowledge"
    phrases = keys.phrases.model_dump()
    assert "close" in match(phrases["close"][0], phrasebook(keys.languages, phrases))


def test_the_directory_of_readme_can_be_read() -> None:
    columns = {sheet.file: list(sheet.columns) for sheet in SHEETS}
    shown = re.findall(r"^ +(\w+\.csv) +(\S+)$", section("Ten minutes to the first answered mail"), re.MULTILINE)
    assert len(shown) == 3
    for file, header in shown:
        assert header.split(",") == columns[file]


def test_every_variable_of_a_shipped_template_is_explained() -> None:
    page = (ROOT / "templates/README.md").read_text("utf-8")
    templates = Templates.load((data_dir("templates"),))
    for name in templates.names:
        template = templates.find(name)
        assert template is not None
        for variable in template.variables:
            assert f"`{variable}`" in page, f"{name}: {variable}"


def test_the_shipped_configuration_is_what_init_writes_and_loads() -> None:
    assert load_config(data_dir("config") / "supportd.toml").house.name == "Example Support"


# --- RFCs, links, manners ------------------------------------------------------------------------------------------


def obeyed() -> dict[int, str]:
    """Every RFC that the code names, and one place of it."""
    found: dict[int, str] = {}
    for path in sorted((ROOT / "daemon").rglob("*.py")):
        for mention in re.finditer(r"\bRFC (\d{4}(?:(?:, | and )\d{4}\b)*)", path.read_text("utf-8")):
            for number in re.findall(r"\d{4}", mention[1]):
                found.setdefault(int(number), named(path))
    return found


def test_every_rfc_that_the_code_names_has_its_row() -> None:
    (rows,) = tables(section("RFCs"))
    listed = [int(row[0]) for row in rows]
    assert listed == sorted(set(listed))
    missing = {number: place for number, place in obeyed().items() if number not in listed}
    assert not missing


def test_every_rfc_row_has_a_verdict_a_room_and_says_what_is_partial() -> None:
    (rows,) = tables(section("RFCs"))
    for number, title, verdict, room, extent in rows:
        assert title
        assert verdict in ("Yes", "Partial", "No")
        assert re.fullmatch(r"\[([\w/.]+)\]\(daemon/\1\)", room), number
        assert extent or verdict == "Yes", number


def test_an_rfc_that_is_obeyed_is_named_by_the_code() -> None:
    (rows,) = tables(section("RFCs"))
    assert {int(row[0]) for row in rows if row[2] == "Yes"} <= set(obeyed())


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    slugs = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }  # fmt: skip
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        if path:
            assert (page.parent / path).exists(), target
        else:
            assert anchor in slugs, target


def test_every_heading_of_the_second_level_is_among_the_contents() -> None:
    text = FENCE.sub("", README.read_text("utf-8"))
    contents = text[: text.index("\n## ")]
    for heading in re.findall(r"^## (.+)$", text, re.MULTILINE):
        assert f"(#{heading.lower().replace(' ', '-')})" in contents, heading


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_lines_of_text_are_not_too_wide(page: Path) -> None:
    for line in page.read_text("utf-8").splitlines():
        assert line.lstrip().startswith("|") or len(line) <= 150, line


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_nothing_is_left_to_be_filled_in(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|TBD)\b", text)
    assert not re.search(r"(?<![\w.])/(work|tmp|root|home)/", text)

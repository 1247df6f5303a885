"""The rules that hold the house together, each asked of every file. A table here is a decision: it says who may, and why."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from daemon.actions.vocabulary import VERBS
from daemon.failpoints import POINTS
from daemon.mail.rendering import Templates
from daemon.reasons import Reason

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "daemon"
ROOMS = tuple(path for path in sorted(HOUSE.rglob("*.py")) if "_data" not in path.parts)
TESTS = tuple(sorted((ROOT / "tests").rglob("*.py")))


def room(path: Path) -> str:
    """`store/journal.py` of daemon/store/journal.py."""
    return path.relative_to(HOUSE).as_posix()


def dotted(path: Path) -> str:
    """`daemon.store.journal`; a package by its own name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module a file imports, wherever in it the import stands; of the house as whole module names."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            inner = {f"{module}.{name.name}" for name in node.names}
            found |= inner & MODULES or {module}
    return frozenset(found)


MODULES = frozenset(map(dotted, ROOMS))


def uses(path: Path, *calls: str) -> bool:
    """Whether a file speaks of one of these attributes, e.g. "datetime.now"."""
    return any(isinstance(node, ast.Attribute) and ast.unparse(node) in calls for node in ast.walk(tree(path)))


def of_house(wanted: Callable[[Path], bool]) -> set[str]:
    return {room(path) for path in ROOMS if wanted(path)}


# --- imports go one way ---------------------------------------------------------------------------------------------

FLOORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("the words", ("daemon", "daemon.errors", "daemon.reasons", "daemon.actions", "daemon.actions.vocabulary", "daemon.model")),
    (
        "what touches nothing of ours",
        ("daemon.failpoints", "daemon.leaps", "daemon.log", "daemon.moments", "daemon.outage", "daemon.pulse", "daemon.systemd"),
    ),
    ("what a mail says", ("daemon.parsers", "daemon.parsers.*", "daemon.parsers.forms.*")),
    ("what is granted", ("daemon.rules", "daemon.rules.*")),
    ("the configuration", ("daemon.configuration", "daemon.configuration.*", "daemon.config")),
    ("the wire", ("daemon.mail", "daemon.mail.*")),
    ("what is kept, what is read", ("daemon.store", "daemon.store.*", "daemon.reader", "daemon.record")),
    ("what is done", ("daemon.actions.*",)),
    ("the stages", ("daemon.losses", "daemon.missing", "daemon.worker", "daemon.lookback", "daemon.explaining", "daemon.retention")),
    (
        "the shell",
        (
            "daemon.wiring",
            "daemon.backoff",
            "daemon.service",
            "daemon.alarms",
            "daemon.healthfile",
            "daemon.health",
            "daemon.watchman",
            "daemon.verdict",
            "daemon.checkup_daemon",
            "daemon.checkup_database",
            "daemon.checkup",
            "daemon.serving",
        ),
    ),
    ("a world to try it in", ("daemon.demo", "daemon.demo.*")),
    ("the commands", ("daemon.cli", "daemon.cli.*", "daemon.__main__")),
)
"""From the ground up. A room imports from its own floor and from those below, never from above."""

STAIRS = {
    ("daemon.store.audit", "daemon.actions.cases"): "the log is proved with the very function that chained it",
}
"""Imports that go up, each with its reason."""


def floor(module: str) -> int:
    """The floor of a module: that of its own name before that of its folder."""
    for name in (module, module.rpartition(".")[0] + ".*"):
        for number, (_, names) in enumerate(FLOORS):
            if name in names:
                return number
    raise AssertionError(f"{module} stands on no floor: give it a place in FLOORS")


def test_imports_go_one_way() -> None:
    up = {
        (dotted(path), target)
        for path in ROOMS
        if "migrations" not in path.parts
        for target in imports(path) & MODULES
        if floor(target) > floor(dotted(path))
    }
    assert up == set(STAIRS)


@pytest.mark.parametrize(
    ("who", "never"),
    [
        ("daemon.parsers", ("daemon.rules", "daemon.store", "daemon.mail", "daemon.config", "daemon.log", "daemon.failpoints")),
        ("daemon.rules", ("daemon.parsers.child", "daemon.store", "daemon.mail", "daemon.config", "daemon.log", "daemon.failpoints")),
        ("daemon.store", ("daemon.rules", "daemon.mail.imap", "daemon.mail.smtp", "daemon.config", "daemon.worker")),
        ("daemon.mail", ("daemon.store", "daemon.rules", "daemon.config", "daemon.actions")),
        ("daemon.actions", ("daemon.parsers", "daemon.rules", "daemon.mail.imap", "daemon.mail.smtp", "daemon.worker", "daemon.config")),
        ("daemon.worker", ("daemon.config", "daemon.cli", "daemon.service")),
    ],
)
def test_these_rooms_do_not_know_each_other(who: str, never: tuple[str, ...]) -> None:
    for path in ROOMS:
        if (dotted(path) + ".").startswith(who + "."):
            known = {target for target in imports(path) for name in never if (target + ".").startswith(name + ".")}
            assert known <= {target for source, target in STAIRS if source == dotted(path)}, room(path)


def test_the_vocabulary_and_the_reasons_know_nobody() -> None:
    for name in ("actions/vocabulary.py", "reasons.py", "errors.py", "actions/__init__.py", "store/__init__.py"):
        assert imports(HOUSE / name) & MODULES == set(), name


# --- parsers and rules are pure -------------------------------------------------------------------------------------

EFFECTS = frozenset({
    "os", "socket", "sqlite3", "time", "random", "secrets", "subprocess", "threading", "asyncio", "signal", "logging", "tempfile", "shutil",
    "pathlib", "http", "ssl", "select", "fcntl", "resource", "multiprocessing", "urllib.request", "urllib", "imaplib", "smtplib", "locale",
    "getpass", "uuid",
})  # fmt: skip
"""Modules that look at the world outside, or change it."""

LIBRARIES_OF_THE_CORE = {"selectolax", "flufl", "holidays"}
"""Libraries that parsers and rules may import, each behind its own door below."""

PROCESS = "parsers/child.py"
"""The main program of the parser process: it limits and feeds itself, so it alone touches the system."""


def core() -> Iterator[Path]:
    return (path for path in ROOMS if room(path).startswith(("parsers/", "rules/")) and room(path) != PROCESS)


def test_parsers_and_rules_are_pure() -> None:
    for path in core():
        tops = {name.partition(".")[0] for name in imports(path)}
        assert not (imports(path) | tops) & EFFECTS, room(path)
        assert tops <= sys.stdlib_module_names | {"daemon"} | LIBRARIES_OF_THE_CORE, room(path)
        called = {node.func.id for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert not called & {"open", "print", "input", "exec", "eval", "__import__"}, room(path)


# --- one door per library -------------------------------------------------------------------------------------------

DOORS: dict[str, dict[str, str]] = {
    "imapclient": {"mail/imap.py": "watches mailboxes"},
    "imaplib": {"mail/imap.py": "the errors that imapclient lets through", "demo/servers.py": "puts mails into the demo's mailbox"},
    "aiosmtplib": {"mail/smtp.py": "delivers mails"},
    "asyncio": {"mail/smtp.py": "many connections in one thread", "demo/servers.py": "the servers of the demo run in a loop"},
    "jinja2": {"mail/rendering.py": "templates"},
    "markdown_it": {"mail/rendering.py": "templates"},
    "css_inline": {"mail/rendering.py": "templates"},
    "peewee": {"worker.py": "knows the error that says another worker was first"},
    "playhouse": {"store/database.py": "runs migrations"},
    "psycopg": {"store/postgres.py": "a line that is not waited for without end"},
    "sqlite3": {},
    "pydantic": {
        "config.py": "reads the configuration", "configuration/keys.py": "its keys", "configuration/mistakes.py": "words its errors",
        "configuration/sla.py": "the rules of deadlines", "configuration/forms.py": "a form, a file each",
        "configuration/support.py": "what level one goes by",
    },
    "tomllib": {
        "configuration/mistakes.py": "reads a file and says where it is wrong", "mail/templates.py": "reads the front matter of templates"
    },
    "selectolax": {
        "parsers/htmltext.py": "HTML", "parsers/visibility.py": "what of it is shown", "parsers/forms/tables.py": "the tables of forms",
        "parsers/forms/cells.py": "their cells",
    },
    "flufl": {"parsers/bounce.py": "bounces that are no delivery status notification"},
    "typer": {},
    "rich": {"cli/output.py": "tables and bars on a terminal", "cli/telling.py": "the story of the demo"},
    "holidays": {"rules/calendars.py": "the holidays of a country"},
    "pymap": {"demo/servers.py": "the IMAP server of the demo"},
    "pysasl": {"demo/servers.py": "the IMAP server of the demo"},
    "proxyprotocol": {"demo/servers.py": "the IMAP server of the demo"},
    "aiosmtpd": {"demo/servers.py": "the SMTP server of the demo"},
    # of the standard library, what must stay in its place
    "subprocess": {
        "reader.py": "the parser child", "wiring.py": "the command that prints a token", "watchman.py": "the command that is told",
    },
    "socket": {
        "mail/imap.py": "waits on a socket", "mail/smtp.py": "reads its errors", "systemd.py": "talks to systemd",
        "watchman.py": "the name of this host", "demo/servers.py": "binds",
    },
    "logging": {"log.py": "what libraries say"},
    "http": {"mail/oauth.py": "asks for tokens"},
    "hmac": {"mail/addresses.py": "signs"},
    "threading": {
        "service.py": "the stages", "serving.py": "what signals say", "watchman.py": "looks beside the stages",
        "pulse.py": "a stage is called by its thread", "outage.py": "likewise",
        "mail/oauth.py": "one token for many connections", "reader.py": "feeds the child",
        "store/database.py": "queues the writers of one process", "store/workers.py": "one word of life at a time",
        "demo/servers.py": "the loop of the servers", "demo/world.py": "the daemon inside the demo", "cli/demo.py": "ends on Ctrl-C",
        "cli/running.py": "a round that is told to stop",
    },
    "signal": {
        "serving.py": "obeys", "reader.py": "names what killed the child", "parsers/child.py": "its own timer", "failpoints.py": "kills",
        "cli/demo.py": "ends on Ctrl-C and SIGTERM", "cli/running.py": "a round that is told to stop",
    },
    "random": {"backoff.py": "spreads reconnections"},
}  # fmt: skip
"""Who imports a library, and what for. Nobody else does."""

FOLDER_DOORS = {"peewee": ("store/", "actions/"), "typer": ("cli/",)}
"""Libraries that a whole folder is the door for."""


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library: str) -> None:
    folders = FOLDER_DOORS.get(library, ())
    found = of_house(lambda path: any(name.partition(".")[0] == library for name in imports(path)))
    outside = {name for name in found if not name.startswith(folders)} if folders else found
    assert outside <= set(DOORS[library]), f"{library} has another door"
    missing = {name for name in set(DOORS[library]) - outside if (HOUSE / name).exists()}
    assert missing == set(), f"a door of {library} that nobody uses"


def test_every_library_has_its_door_named() -> None:
    found = {name.partition(".")[0] for path in ROOMS for name in imports(path)}
    assert found - set(sys.stdlib_module_names) - {"daemon"} <= set(DOORS)


def test_the_vocabulary_touches_no_database() -> None:
    assert {name.partition(".")[0] for name in imports(HOUSE / "actions/vocabulary.py")} <= sys.stdlib_module_names - EFFECTS


ENVIRONMENT = {
    "config.py": "SUPPORTD_CONFIG, where the configuration is",
    "configuration/secret.py": "secrets that the configuration names by a variable, and systemd's credentials",
    "systemd.py": "how systemd wants to be told",
    "failpoints.py": "where a test wants the process to die",
    "cli/session.py": "SUPPORTD_NOW, a clock that stands still",
    "reader.py": "the few variables that the parser child may see",
}


def test_the_environment_is_read_in_few_places() -> None:
    assert of_house(lambda path: uses(path, "os.environ", "os.getenv", "os.environb")) == set(ENVIRONMENT)


def test_only_where_words_reach_a_terminal_something_is_printed() -> None:
    def prints(path: Path) -> bool:
        return any(isinstance(node, ast.Call) and ast.unparse(node.func) == "print" for node in ast.walk(tree(path)))

    assert of_house(prints) == {"cli/output.py", "cli/telling.py"}


def test_only_the_wire_and_the_demo_are_asynchronous() -> None:
    def waits(path: Path) -> bool:
        return any(isinstance(node, (ast.AsyncFunctionDef, ast.Await)) for node in ast.walk(tree(path)))

    assert of_house(waits) == {"mail/smtp.py", "demo/servers.py"}


# --- transactions and the clock -------------------------------------------------------------------------------------

TRANSACTIONS = {
    "worker.py": "the stages",
    "store/database.py": "the steps of a migration, all or none",
    "service.py": "frees what the dead had leased, before the stages start",
    "retention.py": "a few raw mails are marked and deleted at once",
    "store/workers.py": "who lives and who reads a mailbox is known to the others at once",
    "store/epoch.py": "an epoch is on disk in the database before the file outside says so",
    "store/backup.py": "a copy is there whole or not at all",
    "cli/looking.py": "the verbs of operators: retry, release, drop",
    "cli/lifting.py": "an operator mails an address again",
    "cli/directory.py": "the directory is loaded whole or not at all",
    "demo/world.py": "its sample directory, likewise",
}


def test_a_transaction_is_opened_in_few_places() -> None:
    def opens(path: Path) -> bool:
        calls = {"transaction", "atomic", "commit", "rollback", "manual_commit", "savepoint"}
        return any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in calls for node in ast.walk(tree(path))
        )

    found = of_house(opens)
    assert found <= set(TRANSACTIONS)
    assert {name for name in set(TRANSACTIONS) - found if (HOUSE / name).exists()} == set()


def test_nobody_but_the_database_commits() -> None:
    for path in ROOMS:
        if room(path) != "store/database.py":
            assert not uses(path, "peewee.commit", "peewee.rollback", "database.peewee.atomic"), room(path)


CLOCKS = {
    "service.py": "the one clock, which everything is judged by",
    "log.py": "stamps the lines of the log",
    "cli/telling.py": "leaves the date out where it is today's; nothing is judged by it",
}

STOPWATCHES = {
    "service.py": "pauses and stops",
    "pulse.py": "how long a stage is silent",
    "outage.py": "how long the database is away",
    "serving.py": "how long one was",
    "leaps.py": "whether the wall clock was set",
    "watchman.py": "when it may tell again",
    "healthfile.py": "until a word is whole",
    "reader.py": "the wall clock of the child",
    "mail/imap.py": "how long to wait in IDLE",
    "mail/smtp.py": "how long a connection was idle or stuck",
    "mail/oauth.py": "how long a token holds, how long its provider takes",
    "mail/signin.py": "how long a person may take to sign in",
    "store/workers.py": "how long ago the others heard that it lives",
    "store/postgres.py": "how long a server is silent",
    "store/epoch.py": "until another has written its file",
}
"""Monotonic time, which only measures waiting."""


def test_the_clock_is_read_in_one_place() -> None:
    clocks = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "datetime.datetime.now")
    assert of_house(lambda path: uses(path, *clocks)) == set(CLOCKS)


def test_waiting_is_measured_where_something_waits() -> None:
    found = of_house(lambda path: uses(path, "time.monotonic", "time.perf_counter", "time.clock_gettime", "time.sleep"))
    assert found <= set(STOPWATCHES) | {"demo/servers.py", "cli/demo.py", "demo/world.py"}


def test_no_statement_asks_the_database_for_the_time() -> None:
    asks = re.compile(r"\bNOW\(\)|CURRENT_(?:TIMESTAMP|DATE|TIME)|clock_timestamp\(\)|datetime\('now'", re.IGNORECASE)
    for path in ROOMS:
        # who lives is judged by the one clock that several hosts share, that of the database; nothing else is
        if room(path).startswith(("store/", "actions/")) and room(path) != "store/workers.py":
            strings = [node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            assert not any(asks.search(text) for text in strings), room(path)


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*ROOMS, *TESTS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nobody_uses_a_private_name_of_another(path: Path) -> None:
    modules: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ("daemon", "tests"):
            private = [name.name for name in node.names if name.name.startswith("_") and not name.name.startswith("__")]
            assert not private, f"{node.module} keeps {private} to itself"
            modules |= {name.asname or name.name for name in node.names if f"{node.module}.{name.name}" in MODULES}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            assert not node.attr.startswith("_") or node.attr.startswith("__"), f"{ast.unparse(node)} is private"


def test_no_room_is_a_drawer_for_everything() -> None:
    words = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "handler", "handlers", "misc", "process", "processor"}
    for path in (*ROOMS, *TESTS):
        assert not set(re.split(r"[_.]", path.name)) & words, path


LARGE = {
    "store/journal.py": "one queue: each step of a row on its way, with the two ways of claiming",
    "mail/imap.py": "one conversation: what a server may do in the middle of any of its steps is one story",
    "mail/smtp.py": "one conversation, likewise: from the connection to the answer to the final dot",
    "configuration/keys.py": "every key of the configuration; sections are read side by side",
    "model.py": "every noun; carriers are read side by side",
    "actions/vocabulary.py": "every action; a closed union is read as one list",
    "store/database.py": "the one place that knows the two back ends apart",
    "store/schema.py": "every table; one list is easier to read than three",
    "cli/looking.py": "every command that looks; each is short",
    "worker.py": "the four stages and what they share; whoever reads it first wants all of it in one place",
    "store/situation.py": "every question a decision asks of the store; each is one statement",
    "service.py": "the threads and the signals of the daemon; they are only understood together",
}
"""Files of more than LINES lines, each with its reason."""

LINES = 400


def test_a_file_can_be_read_at_one_sitting() -> None:
    long = of_house(lambda path: len(path.read_text("utf-8").splitlines()) > LINES)
    assert long <= set(LARGE)


def test_every_room_has_its_sign_on_the_door() -> None:
    for path in ROOMS:
        assert ast.get_docstring(tree(path)), f"{room(path)} has no docstring"


# --- nothing happens on import --------------------------------------------------------------------------------------

WATCHED = """
import importlib, os, sys
FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod",
    "os.putenv", "os.unsetenv", "os.kill", "os.chdir", "shutil.", "tempfile.", "sqlite3.connect", "urllib.", "signal.", "http.", "imaplib.",
    "smtplib.", "fcntl.")
watching = False
def hook(event, arguments):
    if not watching:
        return
    if event == "open":
        path, mode, flags = arguments
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (mode is None and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
            raise RuntimeError(f"opens {path!r} for writing")
    elif event.startswith(FORBIDDEN) or event == "os.posix_spawn":
        raise RuntimeError(f"does {event} {arguments!r}")
sys.addaudithook(hook)
for library in sys.argv[2].split(","):
    importlib.import_module(library)  # what a library does when it is imported is its own affair
import threading
threads = threading.active_count()
watching = True
for name in sys.argv[1].split(","):
    try:
        importlib.import_module(name)
    except RuntimeError as error:
        print(f"{name} {error}")
if threading.active_count() != threads:
    print("a thread was started")
watching = False
"""


def test_importing_any_room_has_no_effect(tmp_path: Path) -> None:
    names = [dotted(path) for path in ROOMS]
    outside = sorted(
        {name for path in ROOMS for name in imports(path) if name.partition(".")[0] not in ("daemon", "__future__", "__main__")}
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, ",".join(names), ",".join(outside)],
        capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
    assert list(tmp_path.iterdir()) == []


# --- tests mirror the rooms -----------------------------------------------------------------------------------------

MIRRORS = {"mail": "mailing"}
"""Folders of tests with another name: tests/mail holds mails."""

UNMIRRORED = {
    "actions/levelone.py": "what level one decided is kept; conversations/test_level_one.py",
    "actions/threads.py": "a part of replies.py; actions/test_replies.py",
    "mail/metering.py": "a part of rendering.py; mailing/test_rendering.py",
    "cli/casework.py": "conversations/test_level_one.py and conversations/test_channel_partner.py",
    "cli/answer.py": "what to say to a caller; conversations/test_level_one.py",
    "lookback.py": "what a restore finds in a mailbox; conversations/test_restore.py",
    "__main__.py": "one line; cli/test_app.py runs it",
    "errors.py": "three names; every room raises them",
    "verdict.py": "four names; test_checkup.py",
    "parsers/marker.py": "one constant",
    "parsers/child.py": "the process behind reader.py; test_reader.py kills it in every way",
    "parsers/reading.py": "the order of the readers; every mail of tests/mail and tests/hostile goes through it",
    "parsers/parts.py": "opens octets for message.py; parsers/test_message.py",
    "parsers/parameters.py": "parameters of MIME fields; parsers/test_message.py",
    "parsers/accountwords.py": "tables of words; parsers/test_accountkeys.py",
    "parsers/containers.py": "parts that hold parts; parsers/test_attachments.py",
    "parsers/boundaries.py": "where parts begin; parsers/test_message.py",
    "parsers/transfer.py": "base64 and quoted-printable; parsers/test_message.py",
    "parsers/words.py": "encoded words; parsers/test_headers.py",
    "parsers/robotwords.py": "a table of words; parsers/test_automatic.py and parsers/test_bounce.py",
    "parsers/bouncereason.py": "a part of bounce.py; parsers/test_bounce.py",
    "parsers/bouncetext.py": "a part of bounce.py; parsers/test_bounce.py",
    "parsers/quotedheaders.py": "a part of quoting.py; parsers/test_quoting.py",
    "parsers/quoting_html.py": "a part of quoting.py; parsers/test_quoting.py",
    "parsers/signature.py": "a part of quoting.py; parsers/test_quoting.py",
    "rules/formviews.py": "a part of formreading.py; rules/test_formreading.py",
    "rules/formmarks.py": "a part of formreading.py; rules/test_formreading.py",
    "configuration/keys.py": "a part of config.py; test_config.py",
    "configuration/mistakes.py": "a part of config.py; test_config.py",
    "configuration/secret.py": "a part of config.py; test_config.py",
    "retention.py": "the rounds that delete raw mail; conversations/test_retention.py",
    "store/audit_raw.py": "what audit.py says of octets; store/test_retention.py and conversations/test_retention.py",
    "store/backupfile.py": "the files of backup.py; store/test_backup.py",
    "store/accountfacts.py": "the orders and trials of accounts.py; store/test_accounts.py",
    "parsers/limits.py": "numbers; those who keep them test them",
    "store/accountindex.py": "the index of accounts.py; store/test_accounts.py",
    "store/audit_seals.py": "names what was changed behind the program; store/test_tampering.py",
    "store/seals.py": "what audit_seals.py goes by; store/test_tampering.py",
    "store/touched.py": "what seals.py seals; store/test_tampering.py",
    "store/travelling.py": "the form of a cell; store/test_copying.py and store/test_tampering.py",
    "store/sheets.py": "the cells of directory.py; store/test_directory.py",
    "demo/mails.py": "the sample mails; test_demo.py shows what becomes of each",
    "demo/servers.py": "the servers of the fixtures; nearly every test of the wire uses them",
    "demo/story.py": "what the demo tells; test_demo.py",
    "demo/world.py": "the demo's world; test_demo.py",
    "cli/telling.py": "how the demo tells; test_demo.py",
    "cli/demo.py": "its command; test_demo.py",
}
"""Rooms without a test of that name, each with the reason and the test that looks at it instead."""


def mirror(path: Path) -> Path:
    folder = path.relative_to(HOUSE).parent.as_posix()
    return ROOT / "tests" / MIRRORS.get(folder, folder) / f"test_{path.stem}.py"


def test_every_room_has_its_test() -> None:
    lacking = {
        room(path) for path in ROOMS if path.stem != "__init__" and "migrations" not in path.parts and not mirror(path).exists()
    }  # fmt: skip
    assert lacking - set(UNMIRRORED) == set(), "write its test, or say here why it needs none"
    assert {name for name in UNMIRRORED if mirror(HOUSE / name).exists()} == set(), "it has its test by now"
    assert {name for name in UNMIRRORED if not (HOUSE / name).exists()} == set(), "a room that is gone"


def test_every_test_named_as_a_reason_is_there() -> None:
    named = {found for reason in UNMIRRORED.values() for found in re.findall(r"[a-z/]*test_\w+\.py", reason)}
    assert {name for name in named if not (ROOT / "tests" / name).exists()} == set()


# --- words that two places must agree on ----------------------------------------------------------------------------


def passed_points(path: Path) -> list[str]:
    """The fail points of a file: arguments of `failpoint`, and where that is a variable, the names in the function around it."""
    found: list[str] = []
    for outer in ast.walk(tree(path)):
        if not isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for call in ast.walk(outer):
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "failpoint"):
                continue
            said = outer if isinstance(call.args[0], ast.Name) else call.args[0]
            found += [node.value for node in ast.walk(said) if isinstance(node, ast.Constant) and node.value in POINTS]
            assert isinstance(call.args[0], ast.Name) or any(isinstance(node, ast.Constant) for node in ast.walk(said))
    return sorted(set(found))


def test_every_fail_point_is_passed_in_exactly_one_place() -> None:
    where: dict[str, list[str]] = {name: [] for name in POINTS}
    for path in ROOMS:
        if room(path) != "failpoints.py":
            for name in passed_points(path):
                where[name].append(room(path))
    assert {name: places for name, places in where.items() if len(places) != 1} == {}


def test_no_fail_point_has_a_name_that_is_not_listed() -> None:
    for path in ROOMS:
        for call in ast.walk(tree(path)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "failpoint" and room(path) != "failpoints.py":
                said = [node for argument in call.args for node in ast.walk(argument) if isinstance(node, ast.Constant)]
                assert {node.value for node in said if isinstance(node.value, str)} <= set(POINTS), room(path)


def test_every_reason_is_given_somewhere() -> None:
    given = {
        node.attr
        for path in ROOMS
        if room(path) != "reasons.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason"
    }
    assert set(Reason.__members__) - given == set()


def named_templates() -> set[str]:
    """Every template the rules mail: the word given to what makes a mail of it, or the constant that holds it."""
    found: set[str] = set()
    for path in (HOUSE / "rules").glob("*.py"):
        constants = {
            target.id: node.value.value
            for node in tree(path).body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(tree(path)):
            if isinstance(call, ast.Call) and ast.unparse(call.func).lstrip("_") in ("mails", "answer", "QueueMail"):
                for argument in [*call.args[:2], *(keyword.value for keyword in call.keywords if keyword.arg == "template")]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        found.add(argument.value)
                    elif isinstance(argument, ast.Name) and argument.id in constants:
                        found.add(constants[argument.id])
    return found


def test_every_template_that_is_mailed_exists() -> None:
    assert named_templates() - set(Templates.load((ROOT / "templates",)).names) == set()


def test_every_template_that_exists_is_named_where_it_is_decided() -> None:
    words = {
        node.value
        for path in ROOMS
        if room(path).startswith(("rules/", "actions/", "parsers/", "configuration/", "worker.py"))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    tables = "".join(path.read_text("utf-8") for path in sorted((ROOT / "config").rglob("*.toml")))
    templates = Templates.load((ROOT / "templates",))
    # a FAQ is named by whoever sends it: the decision table, or an agent behind `#faq`
    by_title = {faq.name for faq in templates.faqs}
    called = {name: {name, getattr(templates.find(name), "title", None) or name} for name in templates.names if name not in by_title}
    unnamed = {name for name, names in called.items() if not any(one in words or f'"{one}"' in tables for one in names)}
    assert unnamed == set()


def test_every_action_has_its_verb_and_is_carried_out() -> None:
    source = ast.unparse(tree(HOUSE / "actions/apply.py"))
    for action in VERBS:
        assert f"case {action.__name__}():" in source, action
    assert len(set(VERBS.values())) == len(VERBS)


OLDEST = {"aiosmtplib": (5, 1, 2), "jinja2": (3, 1, 6)}
"""Below these are answers to STARTTLS that anybody may write (GHSA-vxj7-4xrp-5vr4) and a way out of the sandbox (CVE-2025-27516)."""


def test_no_library_is_allowed_below_its_last_advisory() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    for name, oldest in OLDEST.items():
        (declared,) = [re.search(r">=([\d.]+)", line) for line in wanted if re.match(rf"{name}\b", line)]
        assert declared is not None
        assert tuple(int(part) for part in declared[1].split(".")) >= oldest
        assert tuple(int(part) for part in version(name).split(".")[:3]) >= oldest


# --- the house speaks of itself alone -------------------------------------------------------------------------------

ELSEWHERE = re.compile("/" + r"(?:work|tmp|root|Users|mnt|home/[a-z])/")
"""A path of the machine somebody works on."""

SPOKEN = (".py", ".toml", ".md", ".csv", ".html", ".service", ".conf", ".yml", ".yaml", ".txt", ".cfg")


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    kept = [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore")]
    for folder in ("daemon", "templates", "config", "systemd", "tests", ".ci"):
        kept += [path for path in (ROOT / folder).rglob("*") if path.suffix in SPOKEN and "__pycache__" not in path.parts]
    found = [f"{path.relative_to(ROOT)}: {line.strip()[:100]}" for path in kept if path.is_file()
             for line in path.read_text("utf-8").splitlines() if ELSEWHERE.search(line)]  # fmt: skip
    assert found == []

"""The frame: exit statuses, help, guesses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.cli import app
from daemon.errors import ConfigError, Denied, OthersAtWork, Permanent, Problem, Temporary

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program in this process; its exit status."""

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["supportd", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        return int(ended.value.code or 0)

    return run


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Let the command `templates` fail with this."""

    def fail(error: BaseException) -> None:
        def raises() -> None:
            raise error

        monkeypatch.setattr(app, "COMMANDS", (("one", "setup", "init"), ("templates", "setup", "check")))
        monkeypatch.setattr("daemon.cli.setup.check", raises)

    return fail


def test_help_lists_every_command(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    for name, _, _ in app.COMMANDS:
        assert (f" {name} " in shown) is (name not in app.HIDDEN)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['supportd', '--help']\n"
        "from daemon.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'pydantic', 'peewee', 'imapclient', 'aiosmtplib', 'jinja2', 'asyncio', 'selectolax'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(app.__file__).parents[2])
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_module_is_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "--version"], capture_output=True, text=True, check=True, cwd=Path(app.__file__).parents[2]
    )
    assert done.stdout.startswith("supportd")


def test_an_unknown_command_is_guessed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("csaes") == 2
    assert "cases" in capsys.readouterr().err


def test_an_unknown_option_is_refused(run: Run) -> None:
    assert run("cases", "--stat") == 2


def test_no_configuration_is_a_mistake_of_usage(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--config", str(tmp_path / "none.toml"), "cases") == 2
    assert "supportd init" in capsys.readouterr().err


def test_every_mistake_of_the_configuration_is_told(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "supportd.toml").write_text('[house]\nadress = "a@b.example"\n[smtp]\nhost = "h"\ntls = "ssl"\n')
    assert run("--config", str(tmp_path / "supportd.toml"), "cases", "--json") == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert [line.split(": ")[1] for line in caught.err.splitlines()] == ["house.address", "house.adress", "smtp.tls"]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ConfigError((Problem(file="f", key="k", found="x", allowed="y", hint="z"),)), 2, "f: k: found x; allowed: y; did you mean 'z'?"),
        (ConfigError(("this", "and this")), 2, "this\nand this"),
        (ConfigError(), 2, "configuration"),
        (Temporary("the database is away"), 75, "the database is away"),
        (Temporary(), 75, "later"),
        (Denied("user ann may not write supportd.db", "work as another"), 2, "supportd.db\nTo mend it: work as another."),
        (Permanent("never"), 1, "Permanent: never"),
        (RuntimeError("a bug"), 1, "RuntimeError: a bug"),
    ],
)
def test_an_error_has_its_exit_status(
    run: Run, failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], error: Exception, status: int, said: str
) -> None:
    failing(error)
    assert run("templates") == status
    assert said in capsys.readouterr().err


def test_who_must_stop_another_first_is_not_told_to_wait(
    run: Run, failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(OthersAtWork("another supportd is at work; stop it first"))
    assert run("templates") == 75
    assert capsys.readouterr().err == "another supportd is at work; stop it first\n"


def test_a_bug_shows_no_secret(run: Run, failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]) -> None:
    failing(RuntimeError("A1 LOGIN user " + "hunter" + "2"))
    assert run("templates") == 1
    assert "hunter" + "2" not in capsys.readouterr().err


def test_a_room_that_is_not_there_leaves_the_others(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(app, "COMMANDS", (("unbuilt", "nowhere", "unbuilt"), *app.COMMANDS))
    assert run("--help") == 0
    assert "unbuilt" not in capsys.readouterr().out


@pytest.mark.parametrize("read", [0, 40], ids=["before the first line", "after a few signs"])
def test_a_reader_who_has_seen_enough_ends_it_without_a_word(read: int) -> None:
    code = (
        "from daemon.cli import app, setup\n"
        "from daemon.cli.output import say\n"
        "app.COMMANDS = (('one', 'setup', 'init'), ('templates', 'setup', 'check'))\n"
        "setup.check = lambda: [say('a line of a long list ' * 40) for _ in range(5000)] and None\n"
        "app.main()\n"
    )
    command = [sys.executable, "-c", code, "templates"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(app.__file__).parents[2])
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.read(read)
    running.stdout.close()
    said = running.stderr.read()
    running.stderr.close()
    assert (running.wait(60), said) == (app.CUT_OFF, b"")

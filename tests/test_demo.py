"""The demo: its story from the first mail to the audit, serving, the sample mails, the world it leaves behind."""

from __future__ import annotations

import re
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.cli import app
from daemon.demo import story
from daemon.demo.mails import SUPPORT, afternoon, morning
from daemon.demo.story import Episode
from daemon.demo.world import World, is_ours, open_world
from daemon.model import Kind
from daemon.reasons import Reason

SECONDS = 180.0
"""How long anything is waited for; it takes about one, on a busy machine many."""

SERVING = "Serving. Ctrl-C ends it."

Environment = Callable[..., dict[str, str]]


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def processes_of(session: int) -> list[int]:
    """The processes of a session that are alive."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def demo_run(folder: Path, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end in a process of its own; its temporary files are made in `folder`."""
    command = [sys.executable, "-m", "daemon", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=variables | {"TMPDIR": str(folder)}, cwd=folder, timeout=SECONDS)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, environment: Environment) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The story, run once to its end, and the folder of its temporary files."""
    folder = tmp_path_factory.mktemp("story")
    return demo_run(folder, environment(), "--once"), folder


class Serving:
    """A demo at work in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, complaints: Path) -> None:
        self.process = process
        self.output = output
        self.complaints = complaints

    def text(self) -> str:
        return self.output.read_text("utf-8")

    def waits_for(self, words: str) -> str:
        """What was written, once these words are in it."""
        wait_for(lambda: words in self.text() or self.process.poll() is not None)
        assert words in self.text(), self.complaints.read_text("utf-8")
        return self.text()

    def news(self, words: str) -> str:
        """What was written since it serves, once these words are in it."""
        self.waits_for(SERVING)
        wait_for(lambda: words in self.text().partition(SERVING)[2] or self.process.poll() is not None)
        found = self.text().partition(SERVING)[2]
        assert words in found, self.complaints.read_text("utf-8")
        return found

    def ends(self, number: int) -> None:
        """Send the signal; the program ends well and says nothing of it on standard error."""
        self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        assert (status, self.complaints.read_text("utf-8")) == (0, "")

    def send(self, mail: str, to: str = SUPPORT) -> None:
        found = re.search(r"SMTP server \(port (\d+)\)", self.text().replace("\n ", " "))
        assert found is not None
        with smtplib.SMTP("127.0.0.1", int(found[1])) as client:
            client.sendmail("you@example.org", to, mail.encode())


@pytest.fixture
def serving_demo(environment: Environment, tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Start a demo that serves; at the end it is gone whatever happened."""
    started: list[Serving] = []

    def start(*arguments: str) -> Serving:
        output, complaints = tmp_path / "output", tmp_path / "complaints"
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        with output.open("wb") as out, complaints.open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-u", "-m", "daemon", "demo", *arguments], stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                env=environment(TMPDIR=str(scratch)), cwd=tmp_path, start_new_session=True,
            )  # fmt: skip
        started.append(Serving(process, output, complaints))
        return started[-1]

    yield start
    for demo in started:
        if demo.process.poll() is None:
            demo.process.kill()
        demo.process.wait()


# --- the story -----------------------------------------------------------------------------------------------------


def test_the_story_shows_every_kind_of_mail_and_ends_with_the_books(told: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = told
    assert (done.returncode, done.stderr) == (0, "")
    shown = done.stdout
    for kind in (Kind.TICKET, Kind.REPLY, Kind.COPY, Kind.LIST, Kind.AUTOMATIC, Kind.BOUNCE):
        assert f"    decided  {kind.value} · " in shown
    flat = re.sub(r"\s+", " ", shown)
    for reason in (
        Reason.CASE_OPENED, Reason.CASE_OPENED_UNANSWERED, Reason.COPY_OF_MAIL, Reason.TRIAGE_FORGED, Reason.COMMENT_ADDED,
        Reason.AUTOMATIC_ON_CASE, Reason.TRIAGE_UNKNOWN_SENDER, Reason.BOUNCE_RECORDED,
    ):  # fmt: skip
        assert reason.sentence in flat
    assert "trust verified: mx.support.example says dmarc=pass for acme.example" in flat
    assert "trust forged: mx.support.example says dmarc=fail for oldshop.example" in flat
    assert "→ case-received to ann.lee@acme.example → case-assigned to bob@miller.example" in flat
    assert re.search(r"^ CASE-1001 +Acme Homes +Roof-7 +No data since noon +[\d:]+ +[\d:]+ +Open$", shown, re.MULTILINE)
    assert re.search(r"^ +\d+  case-comment +ann.lee@acme.example +Re: No data.*sent$", shown, re.MULTILINE)
    assert "Bob Miller of Miller Solar wrote about CASE-1001" in flat
    assert "→ New Channel Req 1 to dana.whitfield@greenlightsolar.example → mention to marta.silva@support.example → cs-assigned" in flat
    assert "CS-1 was set to Done by Ivan Petrov. The request of CASE-1008 was set to completed." in flat
    assert "sent → cs-done-confirmation to ivan@support.example" in flat
    assert "received 15 = acted 13 + ignored 2 + quarantined 0 + vanished 0 + in progress 0" in shown
    assert "The books balance." in shown
    assert "supportd demo --keep DIR" in shown


def test_output_that_is_no_terminal_is_plain_text_of_100_columns(told: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    lines = told[0].stdout.splitlines()
    assert not any("\x1b" in line for line in lines)
    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)


def test_a_story_leaves_nothing_behind(told: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    assert list(told[1].iterdir()) == []


def test_a_terminal_without_unicode_is_no_trouble(environment: Environment, tmp_path: Path) -> None:
    done = demo_run(tmp_path, environment(PYTHONIOENCODING="ascii"), "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert "The books balance." in done.stdout


# --- serving -------------------------------------------------------------------------------------------------------


def test_a_mail_sent_with_the_line_that_is_shown_is_answered(serving_demo: Callable[..., Serving]) -> None:
    demo = serving_demo()
    shown = demo.waits_for(SERVING)
    line = next(line for line in shown.splitlines() if line.strip().startswith("python3 -c"))
    subprocess.run(line.replace("python3", sys.executable, 1), shell=True, check=True, timeout=SECONDS)
    news = re.sub(r"\s+", " ", demo.news("─ The answer ─"))
    assert "from You <you@example.org> subject Is anybody there?" in news
    assert "decided ticket · CASE-1010 · A new case was opened for this mail." in news
    assert "trust claimed: no Authentication-Results of mx.support.example at its place" in news
    assert "→ identify-account to you@example.org" in news
    assert re.search(r"answered \d+(\.\d+)? m?s after it arrived", news)
    demo.ends(signal.SIGINT)
    assert processes_of(demo.process.pid) == []
    assert list((demo.output.parent / "scratch").iterdir()) == []


def test_a_reply_goes_to_its_case_the_same_line_twice_is_two_mails_and_own_results_are_not_believed(
    serving_demo: Callable[..., Serving],
) -> None:
    demo = serving_demo()
    demo.waits_for(SERVING)
    demo.send("From: you@example.org\nTo: support@support.example\nSubject: Hello\n\nOne.\n")
    address = re.search(r"Reply-To: (\S+)", demo.news("─ The answer ─"))
    assert address is not None
    demo.send(f"From: you@example.org\nTo: {address[1]}\nSubject: Re: Hello\n\nTwo.\n", to=address[1])
    assert "reply · CASE-1010" in demo.news("signed reply address of CASE-1010")
    for _ in range(2):
        demo.send("From: you@example.org\nTo: support@support.example\nSubject: Hello\n\nThere.\n")
    demo.news("CASE-1012 was opened")
    demo.send(
        "Authentication-Results: mx.support.example; dmarc=pass header.from=miller.example\nFrom: bob@miller.example\n"
        "To: support@support.example\nSubject: \x1b[2Jtrust me\n\nI am Bob.\n"
    )
    news = demo.news("CASE-1013 was opened")
    assert "trust    claimed" in news.partition("trust me")[2]
    assert "\x1b" not in news


def test_the_kept_world_can_be_looked_at_while_it_serves_and_afterwards(
    serving_demo: Callable[..., Serving], environment: Environment, tmp_path: Path
) -> None:
    folder = tmp_path / "world"
    demo = serving_demo("--keep", str(folder))
    demo.waits_for(SERVING)

    def look(*arguments: str, check: bool = True) -> str:
        command = [sys.executable, "-m", "daemon", "--config", str(folder / "supportd.toml"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment(), check=check, timeout=SECONDS).stdout

    assert "Acme Homes" in look("cases")
    assert "dmarc=fail" in look("explain", "8")
    wait_for((folder / "supportd.db.health").exists)
    # nobody ever made a backup of it
    assert "it runs: process " in look("health", check=False)
    demo.ends(signal.SIGTERM)
    assert f"The world is kept in {folder}" in demo.text().replace("\n ", " ")
    assert "Please restart the logger" in look("case", "1001")
    assert "The books balance." in look("audit")
    assert "<html" in (folder / "sent" / "01-case-received-ann.lee@acme.example.html").read_text("utf-8")
    assert "mail-decided" in (folder / "supportd.log").read_text("utf-8")
    assert (folder / "reply.key").stat().st_mode & 0o077 == 0


def test_a_world_is_not_written_over(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "supportd.toml").write_text("mine")
    done = demo_run(tmp_path, environment(), "--once", "--keep", str(tmp_path))
    assert done.returncode == 1
    assert "supportd.toml is there already" in done.stderr
    assert (tmp_path / "supportd.toml").read_text() == "mine"
    assert not (tmp_path / "supportd.db").exists()


def test_without_its_servers_the_demo_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "pymap", None)
    monkeypatch.setattr(sys, "argv", ["supportd", "demo", "--once"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    caught = capsys.readouterr()
    assert ended.value.code == 2
    assert "pymap" in caught.err
    assert "pip install 'supportd[demo]'" in caught.err
    assert caught.out == ""


# --- the sample mails ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, dict[str, Episode]]]:
    """The whole day, and what became of each sample, by its title."""
    with open_world(tmp_path_factory.mktemp("day"), lambda: datetime.now(UTC), lambda: False) as world:
        first = morning(world.house.now())
        world.deliver(first)
        world.round()
        second = afternoon(world.house.now(), [sent.octets for sent in world.smtp.sent])
        world.deliver(second)
        world.round()
        episodes = story.episodes(world.house, 0)
        yield world, {sample.title: episode for sample, episode in zip([*first, *second], episodes, strict=True)}


def titled(episodes: dict[str, Episode], words: str) -> Episode:
    (found,) = [episode for title, episode in episodes.items() if words in title]
    return found


def mails_of(episode: Episode) -> list[tuple[str, str]]:
    return [(answer.template, answer.to) for answer in episode.answers]


def test_each_sample_shows_what_its_title_says(day: tuple[World, dict[str, Episode]]) -> None:
    world, episodes = day
    partner = titled(episodes, "a partner looks after")
    assert mails_of(partner) == [("case-received", "ann.lee@acme.example"), ("case-assigned", "bob@miller.example")]
    assert partner.done == (
        "CASE-1001 was opened: type helpdesk, for Ann Lee of Acme Homes, system Roof-7, looked after by Miller Solar, "
        "in the queue level-one.",
    )
    attachment = titled(episodes, "an attachment")
    assert "1 attachment was kept with CASE-1002." in attachment.done
    assert "signature" in attachment.left_out
    assert "Example Road" not in attachment.words
    assert mails_of(titled(episodes, "nobody knows"))[0] == ("identify-account", "robin@elsewhere.example")
    assert "Noor Haddad <noor@hwsolar.example> was made a contact of HW Solar, role customer." in titled(episodes, "new colleague").done
    html = titled(episodes, "HTML only")
    assert "the checkout page shows a blank screen since noon." in html.words
    assert "#close" not in html.words
    assert "iPhone" not in html.words
    copy = titled(episodes, "once more")
    assert (copy.kind, copy.why, copy.answers) == ("copy", (f"the same mail as mail {html.number}",), ())
    assert [to for _, to in mails_of(titled(episodes, "newsletter"))] == ["lou@support.example"]
    forged = titled(episodes, "forged")
    assert (forged.grade, forged.answers) == ("forged", ())
    reply = titled(episodes, "from a phone, above")
    assert reply.words == "Please restart the logger and tell me the colour of the lamp."
    assert mails_of(reply) == [("case-comment", "ann.lee@acme.example"), ("hint-acknowledge", "bob@miller.example")]
    customer = titled(episodes, "answers our acknowledgement")
    assert customer.words == "Done, and the lamp is green now."
    assert mails_of(customer) == [("case-comment", "bob@miller.example")]
    away = titled(episodes, "out-of-office")
    assert (away.kind, away.case, away.answers) == ("automatic", "CASE-1001", ())
    stranger = titled(episodes, "case number")
    assert mails_of(stranger) == [("unknown-sender", "mallory@else.example")]
    assert stranger.case == "CASE-1009"
    bounce = titled(episodes, "bounce")
    assert (bounce.kind, bounce.case, mails_of(bounce)) == ("bounce", "CASE-1003", [("bounce-notice", "lou@support.example")])
    form = titled(episodes, "A form")
    assert (form.kind, form.case) == ("form", "CASE-1008")
    assert mails_of(form) == [
        ("New Channel Req 1", "dana.whitfield@greenlightsolar.example"), ("mention", "marta.silva@support.example"),
        ("cs-assigned", "ivan@support.example"),
    ]  # fmt: skip
    done = titled(episodes, "is configured")
    assert "CS-1 was set to Done by Ivan Petrov." in done.done
    assert ("New Channel Req 2", "dana.whitfield@greenlightsolar.example") in mails_of(done)
    assert story.books(world.house).problems == ()


def test_what_is_said_to_a_stranger_repeats_nothing(day: tuple[World, dict[str, Episode]]) -> None:
    world, _ = day
    letters = {(letter.template, letter.to): letter for letter in map(story.letter, world.smtp.sent)}
    assert "Norway" not in letters["identify-account", "robin@elsewhere.example"].text
    told = letters["unknown-sender", "mallory@else.example"]
    assert "1001" not in told.text + told.subject + told.html


def test_the_samples_arrive_before_now_and_in_order() -> None:
    now = datetime.now(UTC)
    times = [sample.arrived for sample in morning(now)]
    assert times == sorted(times)
    assert times[-1] < now


def test_the_world_serves_until_its_block_ends(tmp_path: Path) -> None:
    stop = threading.Event()
    with open_world(tmp_path, lambda: datetime.now(UTC), stop.is_set) as world:
        with world.serving(stop):
            world.deliver(morning(world.house.now())[:1])
            wait_for(lambda: len(world.smtp.sent) == 2)
        assert not [thread for thread in threading.enumerate() if thread.name in ("fetch-support", "apply", "send", "tick")]


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("support@support.example", True),
        ("Help@Support.example", True),
        ("support+abc@support.example", True),
        ("lou@support.example", False),
        ("support@elsewhere.example", False),
        ("supporter@support.example", False),
    ],
)
def test_only_mail_for_the_support_mailbox_goes_to_its_inbox(address: str, ours: bool) -> None:
    assert is_ours(address) is ours

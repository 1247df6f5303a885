"""The command that shows what the program does, with nothing to set up: demo."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daemon.cli.output import say
from daemon.cli.session import NOT_GOOD, clock, writing

if TYPE_CHECKING:
    from daemon.cli.telling import Teller
    from daemon.demo.story import Episode
    from daemon.demo.world import World

LOOK_SECONDS = 0.1
"""How often the serving demo looks for news to tell."""

SHOWN_TEMPLATE, SHOWN_TO = "case-comment", "ann.lee@acme.example"
"""The outgoing mail that is shown in full: the partner's words, as the customer reads them."""

ENVELOPE = "you@example.org"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the story instead of going on serving.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep the world there: configuration, database, mails, log.", file_okay=False),
    ] = None,
) -> None:
    """See it work: embedded servers, sample mails, a fresh database; then serve until Ctrl-C. Needs no setup."""
    from daemon.demo.world import own_files, require_servers

    require_servers()
    with contextlib.ExitStack() as stack:
        if keep is not None:
            there = own_files(keep)
            if there:
                say("\n".join(f"{path} is there already" for path in there), error=True)
                say("Nothing was written. Name another folder, or move these away.", error=True)
                raise typer.Exit(NOT_GOOD)
            folder = keep.absolute()
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="supportd-demo-", ignore_cleanup_errors=True)))
        ending = stack.enter_context(_until_interrupted())
        with writing(folder):
            log_file = stack.enter_context((folder / "supportd.log").open("w", encoding="utf-8"))
        stack.enter_context(contextlib.redirect_stderr(log_file))
        _show(folder, kept=keep is not None, once=once, ending=ending)


@contextlib.contextmanager
def _until_interrupted() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the second Ctrl-C interrupts at once."""
    ending = threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        ending.set()
        signal.signal(number, before[number])

    before: dict[int, Any] = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(folder: Path, *, kept: bool, once: bool, ending: threading.Event) -> None:
    from daemon import log
    from daemon.cli.telling import Teller
    from daemon.demo.world import open_world

    log.setup()
    teller = Teller()
    with open_world(folder, clock(), ending.is_set) as world:
        told = _tell_story(world, teller, ending)
        if not ending.is_set():
            _tell_where_to_look(world, teller, kept=kept, once=once)
        if not once and not ending.is_set():
            with world.serving(ending):
                _tell_news(world, teller, told, ending)
            teller.gap()
            teller.say("Stopped." + ("" if kept else " The world of this demo is gone; --keep DIR keeps it."), "dim")
    if kept:
        teller.say(f"The world is kept in {folder}", "dim")


def _tell_story(world: World, teller: Teller, ending: threading.Event) -> int:
    """Two rounds of the program; the number of the last mail told."""
    from daemon.demo import mails, story

    now = world.house.now
    teller.title("supportd demo", "Everything below is made up and stays on this machine.")
    teller.say(
        "The program takes the mails of a support inbox, decides what each one is and who may do what, keeps the cases, and answers."
        f" Here with an IMAP server (port {world.imap.port}), an SMTP server (port {world.smtp.port}), a fresh SQLite file, and a"
        f" directory of {world.directory['organizations']} organizations and {world.directory['contacts']} people."
    )
    last = 0
    letters = 0
    for chapter, of in (("The inbox", "new"), ("What came back", "back")):
        samples = mails.morning(now()) if of == "new" else mails.afternoon(now(), [sent.octets for sent in world.smtp.sent])
        world.deliver(samples)
        world.round()
        if ending.is_set():
            return last
        story.keep_letters(world.folder / "sent", world.smtp.sent, letters)
        letters = len(world.smtp.sent)
        teller.chapter(f"{chapter}: {len(samples)} mails")
        for episode, sample in zip(story.episodes(world.house, last), samples, strict=True):
            teller.episode(episode, sample.title, sample.note)
            last = episode.number
    cases, out = story.all_cases(world.house), story.all_mails_out(world.house)
    teller.chapter(f"The cases now: {len(cases)}")
    teller.cases(cases)
    teller.chapter(f"The mails that went out: {len(out)}")
    teller.mails_out(out)
    shown = next(m for m in map(story.letter, world.smtp.sent) if m.template == SHOWN_TEMPLATE and SHOWN_TO in m.to)
    teller.letter(shown, "One of them, as the customer reads it")
    teller.books(story.books(world.house))
    return last


def _tell_where_to_look(world: World, teller: Teller, *, kept: bool, once: bool) -> None:
    teller.chapter("Where to look next")
    if once and not kept:
        teller.command("supportd demo", "goes on serving: send it mails of your own", 28)
        teller.command("supportd demo --keep DIR", "keeps this world to look around in", 28)
        return
    if not once:
        teller.say("In another terminal:")
    teller.command(f"export SUPPORTD_CONFIG={shlex.quote(str(world.folder / 'supportd.toml'))}{_path_of_program()}")
    for words, why in (
        ("supportd cases", "the list above"),
        ("supportd case 1001", "one case whole: its words, its mails, who is on it"),
        ("supportd explain 8", "why the forged mail was decided as it was; any number above"),
        ("supportd outbox", "the mails that went out"),
        ("supportd audit", "proves that no mail was lost and nothing was changed"),
    ):
        teller.command(words, why, 20)
    teller.gap()
    teller.say(f"The mails that went out lie in {world.folder / 'sent'}: .eml for a mail program, .html for a browser.")
    if once:
        return
    teller.gap()
    teller.say("Write to it yourself. The answer shows up here within a second or two:")
    teller.command(sample_command(world.smtp.port))
    teller.say(
        "Nobody vouches for this mail (no provider put its results on it), so its sender is only “claimed”: enough to open a"
        " case and be answered, not enough for a command."
    )
    teller.chapter("Serving. Ctrl-C ends it.")


def sample_command(port: int) -> str:
    """A line for any shell that sends a mail to the demo; it needs Python alone."""
    from daemon.demo.mails import SUPPORT

    message = rf"From: You <{ENVELOPE}>\nTo: {SUPPORT}\nSubject: Is anybody there?\n\nThe lamp is red.\n"
    return f"""python3 -c "import smtplib; smtplib.SMTP('127.0.0.1', {port}).sendmail('{ENVELOPE}', '{SUPPORT}', '{message}')\""""


def _path_of_program() -> str:
    """What a shell needs to find the program, where it is installed in a virtual environment that isn't active."""
    programs = Path(sys.executable).parent
    if shutil.which("supportd") is not None or not (programs / "supportd").exists():
        return ""
    return f" PATH={shlex.quote(str(programs))}:$PATH"


def _tell_news(world: World, teller: Teller, told: int, ending: threading.Event) -> None:
    """Until the end: each mail once it is decided and its own mails have left."""
    from daemon.demo import story

    kept = len(world.smtp.sent)
    while not ending.wait(LOOK_SECONDS):
        for episode in story.episodes(world.house, told):
            if not episode.resting:
                break
            told = episode.number
            sent = world.smtp.sent[:]
            story.keep_letters(world.folder / "sent", sent, kept)
            kept = len(sent)
            teller.episode(episode, "A mail of yours", _speed(world, episode))
            answer = episode.answer
            if answer is not None:
                letters = (story.letter(mail) for mail in reversed(sent) if mail.forward_paths == (answer.to,))
                letter = next((letter for letter in letters if letter.message_id == answer.message_id), None)
                if letter is not None:
                    teller.letter(letter, "The answer")


def _speed(world: World, episode: Episode) -> str:
    """How long the sender waited for the answer, where the mail came through our door."""
    arrived, answer = world.arrivals.get(episode.sha256), episode.answer
    if arrived is None or answer is None or answer.sent_at is None:
        return ""
    seconds = max(0.0, (answer.sent_at - arrived).total_seconds())
    return f"answered {seconds:.1f} s after it arrived" if seconds >= 1 else f"answered {seconds * 1000:.0f} ms after it arrived"

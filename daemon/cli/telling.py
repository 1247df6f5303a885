"""Draws the story of a demo: colours and boxes on a terminal, plain text elsewhere, never wider than 100 columns."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from daemon.cli.output import escape
from daemon.demo.story import Answer, Episode, Letter
from daemon.reasons import Outcome
from daemon.store.audit import Books

WIDEST = 100
LETTER_WIDTH = 84
"""Of the box around a mail in full: its lines have at most 76 signs."""
WORDS_SHOWN = 3
"""Lines shown of a mail that came in."""

_COLOURS = {Outcome.ACTED: "green", Outcome.IGNORED: "blue"}
_GRADES = {"verified": "green", "keyed": "green", "claimed": "yellow", "untrusted": "red", "forged": "red"}


class Teller:
    """Writes to standard output. Everything that came by mail is escaped and never taken as markup."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows a question mark and goes on
        width = Console().width if sys.stdout.isatty() else WIDEST
        self._console = Console(width=min(WIDEST, width), highlight=False, markup=False, emoji=False)

    def _write(self, *drawn: RenderableType) -> None:
        if self._console.is_terminal:
            self._console.print(*drawn)
            return
        with self._console.capture() as written:
            self._console.print(*drawn)
        print("\n".join(line.rstrip() for line in written.get().split("\n")), end="", flush=True)  # noqa: T201 - no blanks at ends of lines

    def title(self, name: str, words: str) -> None:
        """The first lines."""
        self._write()
        self._write(Text.assemble((f" {name} ", "bold reverse cyan"), f"  {words}"))

    def chapter(self, title: str) -> None:
        """A heading across the page."""
        self._write()
        self._write(Rule(Text(title, "bold cyan"), align="left", style="cyan"))

    def say(self, text: str, style: str = "") -> None:
        """A paragraph."""
        self._write(Padding(Text(escape(text), style), (0, 1)))

    def gap(self) -> None:
        """An empty line."""
        self._write()

    def command(self, words: str, why: str = "", column: int = 0) -> None:
        """A command to copy: never broken into lines here."""
        text = Text.assemble("   ", (escape(words).ljust(column), "bold"))
        if why:
            text.append(f"  {why}", "dim")
        self._console.print(text, soft_wrap=True)

    def episode(self, episode: Episode, title: str, note: str = "") -> None:
        """A mail that came in, what was decided and why, what was done, which mails went out."""
        self._write()
        self._write(Text.assemble((f"{episode.number:>3}  ", "bold cyan"), (escape(title), "bold")))
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=3)
        grid.add_column(width=8, style="dim", no_wrap=True)
        grid.add_column(overflow="fold", ratio=1)
        grid.expand = True

        def row(label: str, *cells: Text) -> None:
            for number, cell in enumerate(cells):
                grid.add_row("", "" if number else label, cell)

        row("from", Text(escape(episode.sender)))
        row("subject", Text(escape(episode.subject)), *_words(episode))
        row("decided", _decided(episode))
        row("because", *(Text(escape(why)) for why in episode.why))
        if episode.grade:
            row("trust", Text.assemble((episode.grade, _GRADES.get(episode.grade, "")), (f": {escape(episode.evidence)}", "")))
        row("done", *(Text(escape(done)) for done in episode.done or ("nothing; it is kept, and changes nothing",)))
        row("sent", *(_answered(answer) for answer in episode.answers))
        if note:
            row("note", Text(escape(note), "italic"))
        self._write(grid)

    def cases(self, cases: Sequence[dict[str, Any]]) -> None:
        """The list of cases, as `supportd cases` has it; the time of opening is left out where there is no room."""
        wide = self._console.width >= WIDEST
        headings = ["ID", "Entity", "System", "Subject", "Created at", "Last Update", "State"]
        table = _table(heading for heading in headings if wide or heading != "Created at")
        for case in cases:
            entity = case["entity"] or case["organization"]
            who = Text(escape(entity)) if entity else Text(escape(case["contact"] or case["contact_address"] or ""), "dim")
            created = [_moment(case["created_at"])] if wide else []
            table.add_row(
                Text(case["number"], "bold cyan"), who, Text(escape(case["system"] or "")), Text(escape(case["subject"])),
                *created, _moment(case["last_update"]), case["state"],
            )  # fmt: skip
        self._write(table)

    def mails_out(self, mails: Sequence[dict[str, Any]]) -> None:
        """The outbox, oldest first."""
        table = _table(["No", "Template", "To", "Subject", "State"])
        for mail in mails:
            state = Text(mail["state"], "green" if mail["state"] == "sent" else "yellow")
            template = Text(escape(mail["template"]), "cyan")
            table.add_row(str(mail["number"]), template, Text(escape(mail["to"])), Text(escape(mail["subject"])), state)
        self._write(table)

    def letter(self, letter: Letter, title: str) -> None:
        """One mail that went out, as its reader sees it in plain text."""
        head = Text()
        for label, value in (("From", letter.sender), ("To", letter.to), ("Subject", letter.subject), ("Reply-To", letter.reply_to)):
            if value:
                head.append(f"{label + ':':<10}", "dim").append(f"{escape(value)}\n")
        body = Text("\n".join(escape(line) for line in letter.text.strip("\n").split("\n")))
        panel = Panel(
            Text.assemble(head, "\n", body), title=Text(escape(title), "bold"), title_align="left", box=box.ROUNDED,
            border_style="cyan", padding=(0, 2), width=min(LETTER_WIDTH, self._console.width - 2),
        )  # fmt: skip
        self._write(Padding(panel, (1, 1, 0, 1)))

    def books(self, books: Books) -> None:
        """The audit line."""
        parts = f"received {books.received} = acted {books.acted} + ignored {books.ignored} + quarantined {books.quarantined}"
        parts += f" + vanished {books.vanished} + in progress {books.in_progress}"
        verdict = ("The books balance.", "bold green") if not books.problems else (f"{len(books.problems)} wrong thing(s).", "bold red")
        self._write()
        self._write(Text.assemble(" ", ("audit", "bold cyan"), f"  {parts}"))
        self._write(Text.assemble("        ", verdict))
        for problem in books.problems:
            self.say(f"WRONG  {problem}", "red")


def _table(headings: Iterable[str]) -> Table:
    """A table whose last resort is to cut a cell, which then ends in three dots."""
    table = Table(box=None, padding=(0, 1), header_style="bold underline")
    for heading in headings:
        fits = heading not in ("Entity", "Subject")
        table.add_column(heading, no_wrap=fits or heading == "Entity", overflow="ellipsis", justify="right" if heading == "No" else "left")
    return table


def _moment(at: datetime) -> str:
    local = at.astimezone()
    return local.strftime("%H:%M" if local.date() == datetime.now().astimezone().date() else "%b %d %H:%M")


def _words(episode: Episode) -> list[Text]:
    """The first lines of what was written, with the sign of a quotation, and what was left out of it."""
    if episode.kind == "copy":
        return []
    lines = [line for line in episode.words.splitlines() if line.strip()]
    shown = [Text.assemble(("│ ", "cyan"), (escape(line), "")) for line in lines[:WORDS_SHOWN]]
    rest = ["…"] if len(lines) > WORDS_SHOWN else []
    rest += [f"({episode.left_out})"] if episode.left_out else []
    return [*shown, *([Text(escape(" ".join(rest)), "dim")] if rest else [])]


def _decided(episode: Episode) -> Text:
    text = Text.assemble((episode.kind or "mail", f"bold {_COLOURS.get(episode.outcome, 'yellow')}"))
    if episode.case:
        text.append(" · ").append(episode.case, "bold cyan")
    return text.append(f" · {episode.sentence}")


def _answered(answer: Answer) -> Text:
    text = Text.assemble(("→ ", "cyan"), (escape(answer.template), "cyan"), f" to {escape(answer.to)}")
    if answer.state != "sent":
        text.append(f"  {answer.state}" + (f": {escape(answer.detail)}" if answer.detail else ""), "yellow")
    return text

"""What is sent where a template fails: a few words of the program's own, so that nobody is left without an answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.mail.encodedwords import one_line
from daemon.mail.rendering import Rendered
from daemon.mail.values import escaped, lines
from daemon.parsers.marker import ANSWER_MARKER

PLAIN = "plain"
"""The template that such a mail names, though there is none."""

WORDS = 4000
"""Signs of one value at most: what made a template too long must not make this too long."""

TOLD = {
    "comment": "", "description": "", "planned_date": "Planned for: ", "planned_resolution": "", "resolution": "Resolution: ",
    "deadline": "Due: ", "ticket_number": "Ticket: ",
}  # fmt: skip
"""The values that are told where the failed template would have shown them, with the words before each."""


def without_template(values: Mapping[str, object], wanted: Sequence[str], *, answer: bool) -> Rendered:
    """The words of a mail whose template failed: that it is about a case, and of the `wanted` values those that are words.

    `answer`: it answers a mail of the reader's.
    """

    def said(name: str) -> str:
        value = values.get(name)
        return lines(value)[:WORDS].strip() if isinstance(value, str) else ""

    number, name = said("case_number"), one_line(said("recipient_name"))
    about = f" {number}" if number else ""
    if answer:
        first = f"We have received your mail{f', and it is with us as {number}' if number else ''}."
    else:
        first = f"There is news about{about or ' a case of yours'}."
    subject = one_line(said("case_subject")) if values.get("quote_subject") and "case_subject" in wanted else ""
    told = [f"{before}{said(value)}" for value, before in TOLD.items() if value in wanted and said(value)]
    last = "This mail is shorter than usual: its full text could not be written. To add something, or to ask, just reply."
    paragraphs = [f"Hello {name}," if name else "Hello,", first, *told, last]
    foot = [one_line(said("house_name")), one_line(said("house_address"))]
    text = "\n\n".join([ANSWER_MARKER, *paragraphs]) + "\n\n-- \n" + "\n".join(foot) + "\n"
    page = "\n".join(f"<p>{escaped(one).replace(chr(10), '<br>')}</p>" for one in (ANSWER_MARKER, *paragraphs, "\n".join(foot)))
    return Rendered(
        subject=" ".join((subject or first.rstrip(".")).split()), text=text, html=f"<!DOCTYPE html>\n<html><body>\n{page}\n</body></html>\n"
    )

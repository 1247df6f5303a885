"""Mails of the form "Channel Partner Form", written as a form service would, with all the noise that mail programs add."""

from __future__ import annotations

import base64
import html
import quopri
from collections.abc import Sequence
from pathlib import Path

from daemon.configuration.forms import load_forms
from daemon.model import AddrSpec, DomainVerdict, Reading
from daemon.parsers import ReadLimits, read
from daemon.rules.formreading import FormReading, FormSender, recognise
from daemon.rules.forms import FormRules

ROOT = Path(__file__).parents[2]
OWN = frozenset({AddrSpec("support@support.example")})
MARKER = "--- reply above this line ---"

Rows = Sequence[tuple[str, str]]
ROWS: Rows = (
    ("Your Name", "Mia Sand"),
    ("Your Email", "mia@dunes.example"),
    ("Company Name", "Dune Energy"),
    ("New Channel Partner", "Oasis Roofs"),
    ("Notes", "One line.\nAnother one."),
)
CANONICAL = {
    "submitter_name": "Mia Sand",
    "submitter_email": "mia@dunes.example",
    "company": "Dune Energy",
    "partner_company": "Oasis Roofs",
    "notes": "One line.\nAnother one.",
}


def shipped() -> FormRules:
    """The form that every installation has."""
    (rules,) = load_forms([ROOT / "config" / "forms"])
    return rules


def question_table(rows: Rows, *, prefix: str = "", before: str = "", after: str = "") -> str:
    """The question table of a notification: ids with a prefix, mark-up around every label and answer."""
    lines = [
        f'<tr id="{prefix}row_{n}"><td id="{prefix}question_{n}">{before}{label}{after}</td>'
        f'<td id="{prefix}value_{n}">{before}{html.escape(value).replace(chr(10), "<br>")}{after}</td></tr>'
        for n, (label, value) in enumerate(rows, 3)
    ]
    return (
        f'<h3>Channel Partner Form</h3><table id="{prefix}emailFieldsTable"><tbody>{"".join(lines)}</tbody></table>'
        '<p><a href="https://www.jotform.com/edit/7100000000000000001">edit</a></p>'
    )


def plain_table(rows: Rows) -> str:
    """Rows of two cells, without any id."""
    return "<table>" + "".join(f"<tr><th>{label}</th><td>{html.escape(value)}</td></tr>" for label, value in rows) + "</table>"


def mail(
    body: str, *, kind: str = "html", charset: str = "utf-8", encoding: str = "8bit", sender: str = "noreply@jotform.com",
    subject: str = "A New Channel Partner Request for Oasis Roofs", fields: str = "",
) -> bytes:  # fmt: skip
    """A mail of one part."""
    octets = body.encode(charset, "xmlcharrefreplace" if kind == "html" else "replace")
    if encoding == "quoted-printable":
        octets = quopri.encodestring(octets)
    elif encoding == "base64":
        octets = base64.encodebytes(octets)
    head = (
        f"From: Form <{sender}>\nTo: support@support.example\nSubject: {subject}\nMessage-ID: <f1@mail.example>\n{fields}"
        f"MIME-Version: 1.0\nContent-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
    )
    return head.encode() + octets


def reading_of(octets: bytes) -> Reading:
    """The mail, read."""
    return read(octets, ReadLimits(), OWN, MARKER)


def form_of(
    octets: bytes, rules: FormRules, *, domain: DomainVerdict = DomainVerdict.PASS, house_agent: bool = False
) -> FormReading | None:
    """The form in the mail."""
    return recognise(reading_of(octets), [rules], FormSender(domain=domain, house_agent=house_agent, own_addresses=OWN))

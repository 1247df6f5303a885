"""What a mail shows of a form before anybody knows which forms there are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.model import FormMail
from daemon.parsers import ReadLimits, read
from daemon.parsers.forms.candidates import MAX_ATTACHED

TABLE = "<table><tr><td>A</td><td>1</td></tr><tr><td>B</td><td>2</td></tr></table>"


def form(octets: bytes) -> FormMail | None:
    reading = read(octets, ReadLimits(), frozenset())
    assert not any("reader-failed" in defect for defect in reading.message.defects)
    return reading.form


def html(body: str, fields: str = "") -> bytes:
    return f"From: f@forms.example\nSubject: s\n{fields}Content-Type: text/html\n\n{body}".encode()


def attached(inner: bytes, kind: str = "message/rfc822", name: str = "a.eml") -> bytes:
    b = f"b{len(inner)}".encode()
    head = b"From: p@support.example\nSubject: outer\nContent-Type: multipart/mixed; boundary=%b\n\n--%b\n\nlook\n--%b\n" % (b, b, b)
    part = f'Content-Type: {kind}\nContent-Disposition: attachment; filename="{name}"\n\n'.encode()
    return head + part + inner + b"\n--%b--\n" % b


def test_a_plain_mail_has_none() -> None:
    assert form(b"From: a@b.example\nSubject: s\n\nHello\n") is None
    assert form(html("<p>Hello, these are four<br>lines<br>of a<br>person</p>")) is None


def test_tables_of_two_cells_are_candidates() -> None:
    found = form(html(TABLE))
    assert found is not None
    assert [table.template for table in found.messages[0].tables] == ["generic-table"]


def test_marks_of_robots_and_lists_are_kept() -> None:
    found = form(html("<p>x</p>", "Auto-Submitted: auto-generated\nPrecedence: bulk\n"))
    assert found is not None
    assert (found.messages[0].auto_submitted, found.messages[0].bulk) == (True, True)
    calm = form(html(TABLE, "Auto-Submitted: no\nPrecedence: first-class\n"))
    assert calm is not None
    assert (calm.messages[0].auto_submitted, calm.messages[0].bulk) == (False, False)


def test_attached_messages_are_opened_also_one_inside_another() -> None:
    for kind in ("message/rfc822", "application/octet-stream"):
        found = form(attached(attached(html(TABLE)), kind))
        assert found is not None
        assert [(message.depth, message.subject) for message in found.messages] == [(0, "outer"), (1, "outer"), (2, "s")]
        assert found.messages[2].tables
        assert found.messages[1].attachments[0].name == "a.eml"


def test_only_a_few_attached_messages_are_opened() -> None:
    octets = html(TABLE)
    for _ in range(MAX_ATTACHED + 4):
        octets = attached(octets)
    found = form(octets)
    assert found is not None
    assert len(found.messages) == MAX_ATTACHED + 1


def test_a_text_part_that_says_nothing_gives_way_to_the_html() -> None:
    octets = (
        b"From: f@forms.example\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the HTML.\n"
        b"--b\nContent-Type: text/html\n\n<p>Name: Mia</p><p>Email: x</p><p>a</p><p>b</p>\n--b--\n"
    )
    found = form(octets)
    assert found is not None
    assert "Name: Mia" in found.messages[0].text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"<table>", b"<tr>", b"<td>", b"</td>", b"A", b"\n", b"--b\n", b"Content-Type: message/rfc822\n\n", b"From: x\n", b"\xff"]
        ),
        max_size=30,
    )
)
def test_no_mail_breaks_the_reader(pieces: list[bytes]) -> None:
    form(b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n" + b"".join(pieces))

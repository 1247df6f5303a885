"""Every mail of tests/mail/quoting becomes what stands beside it; and the laws of `split` on any text."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.parsers import ANSWER_MARKER, ReadLimits, quoting, read

MAILS = Path(__file__).parent.parent / "mail" / "quoting"

LINES = st.sampled_from(
    (
        "#ack",
        "Hello Bob,",
        "",
        "  ",
        "> quoted",
        ">",
        "> --- reply above this line ---",
        ANSWER_MARKER,
        "On 23/11/2026 09:00, Ada wrote:",
        "On Mon, Nov 23, 2026 at 9:00 AM Ada <ada@a.example",
        "wrote:",
        ">:",
        "From: Ada <ada@a.example>",
        "Sent: Monday",
        "To: Bob",
        "Subject: x",
        "-- ",
        "--",
        "___________",
        "__",
        "Thanks,",
        "Regards",
        "Bob",
        "Bob Miller",
        "Sent from my iPhone",
        "-----Original Message-----",
        "Begin forwarded message:",
        "reply On Wed, Apr 4, 2012 at 3:59 PM, ada@a.example wrote:",
        "2016-03-03 17:21 GMT+01:00 Ada",
        "Am 1.2.2026 schrieb Ada:",
        "- item",
        "****",
        "ᐧ",
        "It works: yes (",
        "tail)",
        '> he said "no',
        'never"',
        "a@b.example, 10:00 2020-01-01:",
        "\u202a>:\u202c",
        "Von: a",
        "Datum: b",
    )
)
TEXTS = st.lists(LINES, max_size=14).map("\n".join) | st.text(max_size=300)
HTMLS = (
    st.none()
    | st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            (
                "<div>",
                "</div>",
                "<blockquote>",
                "</blockquote>",
                "<br>",
                "x",
                "#close",
                '<div class="gmail_quote">',
                "<!--",
                "<p>",
                "&lt;",
                "<hr id=stopSpelling>",
            )
        ),
        max_size=20,
    ).map("".join)
)


@pytest.mark.parametrize("name", sorted(path.stem for path in MAILS.glob("*.eml")))
def test_a_mail_becomes_its_new_words(name: str) -> None:
    expected = tomllib.loads((MAILS / f"{name}.toml").read_text("utf-8"))
    reading = read((MAILS / f"{name}.eml").read_bytes(), ReadLimits(), frozenset())
    assert reading.new_text == expected["new_text"]
    assert [trim.rule for trim in reading.trimmed] == expected["rules"]
    assert reading.message.defects == ()


@settings(deadline=None)
@given(TEXTS, HTMLS, st.sampled_from(("Bob Miller", "Miller, Bob", "", "@", "ᐧ")))
def test_no_text_is_too_strange(text: str, html: str | None, name: str) -> None:
    words, trims = quoting.split(text, html, ANSWER_MARKER, name)
    assert isinstance(words, str)
    assert all(trim.lines > 0 for trim in trims)


@settings(deadline=None)
@given(TEXTS)
def test_new_words_are_lines_of_the_mail_in_their_order(text: str) -> None:
    words, _ = quoting.split(text, None, ANSWER_MARKER, "Bob Miller")
    lines = iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for line in words.split("\n"):
        assert not line.strip() or any(given.strip().startswith(line.strip()) for given in lines)


@settings(deadline=None)
@given(TEXTS)
def test_splitting_twice_changes_nothing(text: str) -> None:
    words, _ = quoting.split(text, None, ANSWER_MARKER, "Bob Miller")
    assert quoting.split(words, None, ANSWER_MARKER, "Bob Miller") == (words, ())


@settings(deadline=None)
@given(st.lists(st.sampled_from(("Hello", "we wait for the part", "it works", "")), max_size=8).map("\n".join))
def test_plain_words_are_kept_whole(text: str) -> None:
    assert quoting.split(text, None, ANSWER_MARKER, "Bob Miller") == (text.strip("\n"), ())


def test_the_marker_may_be_any_line() -> None:
    words, trims = quoting.split("yes\n\n> == please write above ==\n> old", None, "== please write above ==", "")
    assert words == "yes"
    assert [trim.rule for trim in trims] == ["marker"]


def test_each_rule_tells_how_many_lines_it_took() -> None:
    _, trims = quoting.split("yes\n\nOn 23/11/2026 09:00, Ada wrote:\n> a\n> b", None, ANSWER_MARKER, "")
    assert {trim.rule: trim.lines for trim in trims} == {"attribution": 1, "quote": 2}


@pytest.mark.parametrize(
    "unit",
    [
        "On x at y\n",
        "On 1 May 2020 at 10:00, x y wrote:\n",
        "On ",
        "> ",
        "> a\n",
        "-\n- \n",
        "* a\n",
        "From: a\nTo: b\nx\n",
        "_",
        "___\n",
        "thanks,\nBob\n",
        "\n> a\nx\n",
        "> (a\nb\n",
        "a <b\n>:\n",
        f"{ANSWER_MARKER}x\n",
        "x On Mon, 1 May 2020 y wrote:\n> a\n",
        "Sent from my iPhone, is\n",
    ],
)
def test_a_megabyte_of_anything_is_read(unit: str) -> None:
    words, _ = quoting.split(unit * (1_400_000 // len(unit)), None, ANSWER_MARKER, "Bob Miller")
    assert len(words) <= 1_400_000

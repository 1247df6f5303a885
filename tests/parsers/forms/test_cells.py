"""A cell as text: lines where a person sees lines, links of files, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.parsers import htmltext
from daemon.parsers.forms.cells import MAX_VALUE, Budget, clean_label, clean_value, read_cell, read_label


def cell(inner: str) -> tuple[str, tuple[str, ...]]:
    tree = htmltext.parsed(f"<table><tr><td id=x>{inner}</td></tr></table>")
    assert tree is not None
    node = tree.css_first("#x")
    assert node is not None
    return read_cell(node, Budget())


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("one\n   two&nbsp;&nbsp;three", "one two three"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<div>two</div>three", "one\ntwo\nthree"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("one<br><br><br><br>two", "one\n\ntwo"),
        ("<p>one</p><p>&nbsp;</p><p>two</p>", "one\n\ntwo"),
        ("<div><br></div>", ""),
        ("a<table><tr><td>x</td><td>y</td></tr><tr><td>1</td><td>2<br>3</td></tr></table>b", "a\nx | y\n1 | 2 3\nb"),
        ("<table><tr><td>one</td></tr><tr><td>two</td></tr></table>", "one\ntwo"),
        ("a<script>b</script><style>c</style><!-- d -->e", "ae"),
        ("<span style='display:none'>hidden</span>seen", "seen"),
        ("&lt;b&gt; &amp; &eacute;", "<b> & é"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<img src="https://x.example/a.png" alt="words">', ""),
    ],
)
def test_a_cell_is_the_text_a_person_sees(inner: str, text: str) -> None:
    assert cell(inner)[0] == text


def test_uploads_and_pictures_are_files_other_links_are_not() -> None:
    found = cell(
        '<a href="https://f.example/uploads/u/1/2/a.pdf">a.pdf</a> <a href="https://f.example/about">about</a>'
        '<img src="https://f.example/s.png"><img src="data:image/png;base64,AAAA"><img src="cid:logo">'
    )
    assert found == ("a.pdf about", ("https://f.example/uploads/u/1/2/a.pdf", "https://f.example/s.png"))


def test_an_answer_has_a_limit() -> None:
    assert len(cell("word " * MAX_VALUE)[0]) <= MAX_VALUE
    assert len(cell("<b>w</b>" * 90_000)[0]) <= MAX_VALUE


def test_no_more_nodes_are_looked_at_than_allowed() -> None:
    tree = htmltext.parsed("<table><tr><td id=x>" + "<b>w</b>" * 50 + "</td></tr></table>")
    assert tree is not None
    node = tree.css_first("#x")
    assert node is not None
    budget = Budget(30)
    read_cell(node, budget)
    assert budget.spent


def test_a_label_has_no_colon_and_no_star() -> None:
    tree = htmltext.parsed("<table><tr><td id=x>Your&nbsp;Name <span>*</span> :</td></tr></table>")
    assert tree is not None
    node = tree.css_first("#x")
    assert node is not None
    assert read_label(node, Budget()) == "Your Name"
    assert clean_label("Anything else?") == "Anything else?"
    assert clean_label("会社名：") == "会社名"


@settings(deadline=None)
@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_value(clean_value(text)) == clean_value(text)
    assert clean_label(clean_label(text)) == clean_label(text)

"""HTML as the text a person would read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.parsers.htmltext import html_to_text, stripped, without


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<br>b", "a\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<div>a<br></div><div>b</div>", "a\nb"),
        ("<div><div><p>a</p></div></div><div>b</div>", "a\n\nb"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<table><tr><td>Name</td><td>Ann</td></tr><tr><td>Roof</td><td>7</td></tr></table>", "Name Ann\nRoof 7"),
        ("one\n   two\t three", "one two three"),
        ("<b>bo</b><i>ld</i>", "bold"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("&lt;tag&gt; &amp; &nbsp;x", "<tag> & \xa0x"),
        ("<head><title>t</title><style>s</style></head><body>a</body>", "a"),
        ("a<script>#close</script>b", "ab"),
        ('a<div style="color:red;display:none">hidden</div>b', "ab"),
        ('a<span style="DISPLAY: NONE">hidden</span>', "a"),
        ("<p hidden>hidden<span hidden>more</span></p>a", "a"),
        ("a<!-- comment -->b", "ab"),
        ("a\x1eb\0c", "a bc"),
        ("", ""),
        ("no tags at all", "no tags at all"),
    ],
)
def test_html_is_read_as_a_browser_shows_it(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_html_over_the_size_is_stripped() -> None:
    assert html_to_text("<p>a</p><p>b</p>", html_size=5) == "a\n\nb"


def test_deep_html_keeps_its_words() -> None:
    assert html_to_text("<div>" * 100_000 + "words") == "words"


def test_the_stripper_drops_what_is_no_text() -> None:
    assert stripped("<style>p{}</style>a<br>b<script>x</script><!-- c -->&amp;<a title='>'>d</a>") == "a\nb&d"


@pytest.mark.parametrize(
    "html",
    [
        "<!--" * 100_000,
        "<div>" * 100_000,
        "<b><i>" * 80_000,
        "<" * 500_000,
        "<p>x</p>" * 50_000,
        '<a b="' * 50_000,
        "<script>" * 50_000,
        "&" * 500_000,
        "<a " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x",
        '<a ="=\'>" c' * 50_000,
        "<table><tr><td>x" * 20_000,
        "<select>" + "<option>x</option>" * 50_000,
    ],
)
def test_hostile_html_is_read(html: str) -> None:
    assert len(html_to_text(html)) <= len(html)


def test_elements_are_left_out_and_counted() -> None:
    text, taken = without("<div>new</div><blockquote>old<br>older</blockquote><hr id=x><p>rest</p>", {"quote": "blockquote"}, {"cut": "#x"})
    assert text == "new"
    assert set(taken) == {"quote", "cut"}


def test_elements_inside_left_out_elements_are_no_trouble() -> None:
    text, _ = without("a<div class='q r'>b<div class='q'>c<p class=q>d</p></div></div>e", {"q": ".q,.r"}, {})
    assert text == "ae"


@settings(deadline=None)
@given(
    st.text(max_size=300)
    | st.lists(
        st.sampled_from(("<div>", "</p>", "<br>", "x", "<!--", "-->", "<td>", "&#0;", "<pre>\n", '<a b="', "\x1e", "\ud800")), max_size=30
    ).map("".join)
)
def test_no_html_is_too_strange(html: str) -> None:
    assert "\0" not in html_to_text(html)
    assert isinstance(stripped(html), str)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<div style="color:white">It is still broken.</div>', "It is still broken."),
        ('<div style="color:white">It is still broken.<br>#close</div>', ""),
        ('<div style="color:white">\uff03close</div>', ""),
        ('<p>seen</p><p style="color:white">not</p>', "seen"),
        ('<div style="display:none">not</div>', ""),
    ],
)
def test_words_that_are_all_of_the_colour_behind_them_were_seen_on_another_screen(html: str, text: str) -> None:
    assert without(html, {}, {})[0] == text

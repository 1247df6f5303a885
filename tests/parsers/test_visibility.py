"""Words that nobody who reads the mail is shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.parsers.htmltext import html_to_text, shown_text, stripped
from daemon.parsers.visibility import declarations

HIDING = (
    "display:none", "display: none", "display :none", "display:\tnone", "display:\nnone", "DISPLAY:NONE", "display:none!important",
    "display:/**/none", r"display:\6e one", r"d\69splay:none", r"dis\play:none", "color:red;display:none", "visibility:hidden",
    "visibility: collapse", "opacity:0", "opacity: 0.0", "opacity:0%", "opacity:.01", "filter:opacity(0)", "filter: opacity(0%)",
    "font-size:0", "font-size: 0px", "font-size:1px", "font-size:0.1em", "font-size:1%", "font-size:calc(0px)",
    "opacity:calc(0)", "--d:none;display:var(--d)", "font:0/0 a", "font: 1px Arial",
    "color:#fff", "color: #FFFFFF", "color:white", "color:#fefefe", "color:snow", "color:rgb(255,255,255)", "color:rgb(255 255 255)",
    "color:rgb(100%,100%,100%)", "color:hsl(0,0%,100%)", "color:transparent", "color:rgba(0,0,0,0)", "color:#0000", "color:#00000000",
    "color:#fff;background:#fff", "color:#222;background:#202020", "background:black", "color:red;background-color:#f00",
    "-webkit-text-fill-color:transparent", "height:0;overflow:hidden", "max-height:0px;overflow:hidden", "width:1px;overflow:hidden",
    "position:absolute;left:-9999px", "position:fixed; top:-1000px", "position:absolute;margin:-500px", "text-indent:-9999px",
    "margin-left:-5000px", "transform:scale(0)", "transform: translateX(-9999px)", "position:absolute;clip:rect(0,0,0,0)",
    "position:absolute;clip: rect(1px, 1px, 1px, 1px)", "clip-path:inset(50%)", "clip-path: circle(0)", "mso-hide:all",
    "content-visibility:hidden", "width:0;min-width:0;overflow:hidden", "width:0;min-width:auto;overflow:hidden",
    "height:0;min-width:100%;overflow:hidden",
)  # fmt: skip
SHOWING = (
    "", "color:black", "display:block", "font-size:12pt", "font-size:small", "font-size:80%", "color:#1f497d", "color:windowtext",
    "color:var(--x)", "color:#fff;background:#202020", "color:#fff;background:url(x.png)", "color:white;background-color:navy",
    "background:#ffffff", "background:transparent", "height:0", "overflow:hidden", "height:40px;overflow:hidden", "opacity:.9",
    "margin-left:-9pt", "text-indent:-18pt", "position:relative;left:-2px", "transform:scale(1)", "visibility:visible", "mso-hide:none",
    "line-height:0", "font-family:'display:none'",
    "width:0;min-width:100%;overflow:hidden", "width:1px;min-width:100%!important;overflow:hidden",
    "max-width:0;min-width:max-content;overflow:hidden", "height:0;min-height:2em;overflow:hidden",
)  # fmt: skip
SELECTORS = (".x", "p.x", "#i", "p#i.x", "div .x", "div > p", "[class=x]", '[class~="x"]', "p:first-child", ".a, .x", "*")


@pytest.mark.parametrize("style", HIDING)
def test_a_style_that_hides_words_hides_them_with_and_without_a_tree(style: str) -> None:
    html = f'<p>seen</p><p style="{style}">hidden</p>'
    assert html_to_text(html) == "seen"
    assert stripped(html) == "seen"


@pytest.mark.parametrize("style", HIDING)
def test_what_is_left_out_is_counted_with_and_without_a_tree(style: str) -> None:
    html = f'<p>seen</p><p style="{style}">hidden</p>'
    assert shown_text(html) == ("seen", 1)
    assert shown_text(html, html_size=1) == ("seen", 1)


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<title>x</title><style>p {}</style><script>x</script><p>seen</p>", 0),
        ('<div style="display:none">&zwnj;&nbsp;&#8199;</div><p>seen</p>', 0),
        ('<div hidden>#close<br>CASE-7</div><p>seen</p><span style="color:white">Bob</span>', 3),
        ("<details><summary>seen</summary>#close<p>now</p></details>", 2),
    ],
)
def test_only_words_count_as_left_out(html: str, lines: int) -> None:
    assert shown_text(html) == ("seen", lines)


@pytest.mark.parametrize("style", SHOWING)
def test_a_style_that_shows_words_keeps_them(style: str) -> None:
    html = f'<p>seen</p><p style="{style}">also</p>'
    assert html_to_text(html) == "seen\n\nalso"
    assert stripped(html) == "seen\n\nalso"


@pytest.mark.parametrize("style", HIDING)
def test_a_sheet_hides_as_well(style: str) -> None:
    if "/*" not in style:
        assert html_to_text(f"<style>.y{{color:red}} .x {{ {style} }}</style><b>seen</b> <p class=x>hidden</p>") == "seen"


@pytest.mark.parametrize("selector", SELECTORS)
def test_whatever_selects_the_words(selector: str) -> None:
    html = f"<style>@import url(y); {selector} {{display:none}}</style><div><p class=x id=i>hidden</p></div>"
    assert html_to_text(html) == ""


@pytest.mark.parametrize(
    ("media", "text"),
    [
        ("screen", ""), ("all", ""), ("only screen and (min-width:1px)", ""), ("(max-width:99999px)", ""),
        ("(prefers-color-scheme: light)", ""), ("not (prefers-color-scheme: dark)", ""),
        ("(prefers-color-scheme: dark)", "words"), ("screen and (PREFERS-COLOR-SCHEME:dark)", "words"),
        ("print", "words"), ("(max-width:480px)", "words"), ("screen and (max-device-width: 600px)", "words"),
    ],
)  # fmt: skip
def test_rules_of_a_group_count_where_they_hold_on_a_wide_screen(media: str, text: str) -> None:
    html = f"<style>@media {media} {{ .x {{display:none}} .y {{}} }} .z {{display:none}}</style><p class=x>words</p><p class=z>no</p>"
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("sheet", "style"),
    [
        ("@media (prefers-color-scheme: dark){body{background:#1e1e1e;color:#fff}}", "color:#000"),
        ("@media (prefers-color-scheme: dark){p{color:#fff !important}}", ""),
        ("body{background:#fff;color:#000} @media (prefers-color-scheme:dark){p{color:#f5f5f5}}", ""),
    ],
)
def test_the_colours_for_a_dark_screen_hide_nothing_on_a_bright_one(sheet: str, style: str) -> None:
    assert html_to_text(f'<style>{sheet}</style><p style="{style}">Roof-7 shows no data.</p>') == "Roof-7 shows no data."


@pytest.mark.parametrize(
    ("html", "text"),
    [
        # what is nearer counts: newsletters take the size from a cell and give it to what is in it
        ('<div style="font-size:0"><p style="font-size:13px">seen</p>not</div>', "seen"),
        ('<div style="visibility:hidden">not<b style="visibility:visible">seen</b></div>', "seen"),
        ('<div style="display:none">not<b style="display:inline">neither</b></div>', ""),
        ('<div style="background:#222"><p style="color:#fff">seen in the dark</p></div>', "seen in the dark"),
        ('<body bgcolor="#222222" text=white>seen in the dark</body>', "seen in the dark"),
        ('<div style="background:#222"><div style="background:#fff"><p style="color:#fff">not</p></div></div>', ""),
        ('<font color="#FFFFFF">not</font><font color=red>seen</font>', "seen"),
        ("<details><summary>seen</summary><p>not</p>nor this</details><details open><p>this is</p></details>", "seen\n\nthis is"),
        ('<table background="cid:roof"><tr><td><font color=white>seen on the picture</font></td></tr></table>', "seen on the picture"),
        ('<table background=""><tr><td><font color=white>not</font></td></tr></table>', ""),
        ('<table background="cid:roof" style="background:#fff"><tr><td><font color=white>not</font></td></tr></table>', ""),
        ("<dialog>not</dialog><dialog open>seen</dialog>", "seen"),
        ("a<textarea>not</textarea><iframe>not</iframe><select><option>not</select><video>not</video><noembed>not</noembed>b", "ab"),
        ('<div style="font-size:2em"><p style="font-size:10%">seen</p><p style="font-size:1%">not</p></div>', "seen"),
    ],
)
def test_elements_and_their_ancestors_say_together_what_is_seen(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_a_hidden_element_ends_for_the_stripper_where_it_ends() -> None:
    assert stripped('a<div hidden></div>b<div style="display:none">x<div>x</div>x<br>x</div>c<p style="opacity:0">x<p>d') == "a\nb\nc\n\nd"
    assert stripped('a<div style="display:none">never closed') == "a"


@settings(max_examples=60)
@given(st.text(alphabet="display:none;color#f0()/*\\6e {}\"'-", max_size=60))
def test_any_style_is_read(style: str) -> None:
    declarations(style)
    html_to_text(f"<style>{style} .x{{{style}}}</style><p class=x style='{style}'>a</p>")


@pytest.mark.parametrize(
    "html",
    [
        "<style>" + "/*" * 50_000 + "</style>x",
        "<style>" + "a{" * 20_000 + "</style>x",
        "<style>" + ".a,.b .c{display:none}" * 5_000 + "</style>" + "<p class=a>" * 1_000,
        '<p style="' + "color:#fff;" * 20_000 + '">x',
        '<i style="color:#fff">x</i>' * 5_000,
        '<p style="font:' + "0 " * 50_000 + '">x',
    ],
)
def test_hostile_styles_are_read(html: str) -> None:
    assert len(html_to_text(html)) <= len(html)

"""Templates with values: the same words in plain text and HTML, and nobody's words are ever markup."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from daemon.errors import ConfigError
from daemon.mail.metering import DEFAULT_LIMITS, RenderLimits, TemplateFailure
from daemon.mail.rendering import Templates
from daemon.mail.values import Link
from daemon.parsers import ANSWER_MARKER

SHIPPED = Path(__file__).parents[2] / "templates"
TEMPLATES = Templates.load((SHIPPED,))
VOID = {"meta", "br", "hr"}
KNOWN = VOID | {"html", "head", "title", "style", "body", "table", "tbody", "tr", "td", "p", "a", "strong", "em", "ul", "ol", "li"}
KNOWN |= {"blockquote", "code", "h2", "pre", "thead", "th"}
ATTRIBUTES = {"lang", "charset", "name", "content", "class", "role", "style", "dir", "href", "data-label"}

HOSTILE = [
    "{{ 7*7 }}", "{% for x in y %}", "{{ ''.__class__ }}", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "**bold**",
    "# head", "- item", "> quote", "[link](http://evil.example)", "![p](http://evil.example/p.png)", "`code`", "&lt;", "<!-- ", "--- ",
    "</td></tr></table>", '" onmouseover="x', "\\", "\t", "http://evil.example/", "\U000f0000", "\U00100000", "\ue000", "+++",
    "--- reply above this line ---",
]  # fmt: skip
words = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), max_size=8).map("".join)


class Nesting(HTMLParser):
    """Fails on any element that is unknown, not closed, closed twice, or has an attribute twice."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag in KNOWN, tag
        assert len(dict(attrs)) == len(attrs)
        assert not {name for name, _ in attrs} - ATTRIBUTES
        self.seen.append(tag)
        if tag not in VOID:
            assert not (tag in ("p", "ul", "table", "blockquote") and "p" in self.open), self.open
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check_page(page: str) -> None:
    reader = Nesting()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert page.startswith("<!DOCTYPE html>")
    assert page.index('<meta charset="utf-8">') < 1024
    assert not re.search(r"https?://|url\(|@import|<img|<link|<script", re.sub(r"&[a-z]+;", "", page_markup(page)), re.IGNORECASE)


def page_markup(page: str) -> str:
    """The tags and the style sheet alone."""
    return "".join(re.findall(r"<style>.*?</style>|<[^>]*>", page, re.DOTALL))


def visible(page: str) -> str:
    body = LexborHTMLParser(page).body
    assert body is not None
    return body.text(separator="")


def bag(text: str) -> list[str]:
    """The words of a text, without list marks, lines that only divide, and the colons behind what is a button in HTML."""
    return [word.rstrip(":") for word in text.replace("\xa0", " ").split() if not re.fullmatch(r"--?|\d\.", word)]


def template(directory: Path, name: str, body: str, front: str = "", subject: str = "Words") -> None:
    (directory / f"{name}.md").write_text(f'+++\nsubject = "{subject}"\ndescription = "A test."\n{front}\n+++\n{body}\n', encoding="utf-8")


def tap(command: str) -> Link:
    return Link(label=command, address="support@support.example", body=command)


def loaded(directory: Path) -> Templates:
    return Templates.load((SHIPPED, directory))


# --- what is shipped -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEMPLATES.names)
def test_every_shipped_mail_says_the_same_in_text_and_html(name):
    rendered = TEMPLATES.render(name, TEMPLATES.sample_values(name))
    check_page(rendered.html)
    assert bag(rendered.text) == bag(visible(rendered.html))
    assert all(len(line) <= 120 for line in rendered.text.split("\n"))
    assert not re.search(r"\{|\}|\*\*|`|None|True|False", rendered.text)
    assert rendered.subject == " ".join(rendered.subject.split())
    assert rendered.text.endswith("\n-- \nExample Support\nsupport@support.example\n")


@pytest.mark.parametrize("name", TEMPLATES.names)
def test_every_shipped_mail_reads_well_with_nothing_to_say(name):
    found = TEMPLATES.find(name)
    assert found is not None
    asked = set(re.findall(r"\w+", " ".join(re.findall(r"\{% (.*?) %\}", found.subject + found.body))))
    values = {variable: type(value)() if variable in asked else value for variable, value in TEMPLATES.sample_values(name).items()}
    rendered = TEMPLATES.render(name, values)
    check_page(rendered.html)
    assert not re.search(r" [,.:]|\n\n\n|None|False", rendered.text)
    assert bag(rendered.text) == bag(visible(rendered.html))


@given(st.data())
def test_whatever_the_values_are_they_are_words_and_nothing_else(data):
    name = data.draw(st.sampled_from(TEMPLATES.names))
    sample = TEMPLATES.sample_values(name)
    values = {variable: data.draw(words) if isinstance(value, str) else value for variable, value in sample.items()}
    rendered = TEMPLATES.render(name, values)
    check_page(rendered.html)
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject
    filled = {variable: f"x{value}x" if isinstance(value, str) else value for variable, value in values.items()}
    plain = {variable: "xx" if isinstance(value, str) else value for variable, value in values.items()}
    assert page_markup(TEMPLATES.render(name, filled).html).replace("<br>", "") == page_markup(TEMPLATES.render(name, plain).html).replace(
        "<br>", ""
    )


@given(words.filter(str.strip))
def test_the_customer_s_words_arrive_in_full(description):
    values = TEMPLATES.sample_values("case-assigned") | {"description": description}
    rendered = TEMPLATES.render("case-assigned", values)
    lines = description.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    lines = re.sub("[\ud800-\udfff]", "\ufffd", re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", " ", lines))
    assert lines in rendered.text
    shown = rendered.html[rendered.html.index("<blockquote") : rendered.html.index("</blockquote>")]
    assert bag(html.unescape(re.sub(r"<[^>]*>", "", shown))) == bag(lines)


def test_a_mail_to_answer_begins_with_the_line_to_reply_above():
    for name in TEMPLATES.names:
        found = TEMPLATES.find(name)
        assert found is not None
        rendered = TEMPLATES.render(name, TEMPLATES.sample_values(name))
        assert rendered.text.startswith(f"{ANSWER_MARKER}\n\n") == found.expects_reply
        assert (ANSWER_MARKER in rendered.html) == found.expects_reply
    unanswered = {name for name in TEMPLATES.names if not TEMPLATES.find(name).expects_reply}
    assert unanswered == {"bounce-notice", "command-not-run", "compliment-forward", "form-changed", "mail-held", "unknown-sender"}


def test_an_acknowledgement_to_a_stranger_holds_nothing_the_stranger_wrote():
    values = TEMPLATES.sample_values("case-received") | {
        "quote_subject": False,
        "case_subject": "BUY NOW",
        "recipient_name": "http://evil.example",
    }
    rendered = TEMPLATES.render("case-received", values)
    for part in (rendered.subject, rendered.text, rendered.html):
        assert "BUY NOW" not in part
        assert "evil.example" not in part
    assert rendered.subject == "We have received your message"


def test_an_acknowledgement_to_somebody_we_know_repeats_the_subject():
    assert TEMPLATES.render("case-received", TEMPLATES.sample_values("case-received")).subject == "Re: Inverter offline at Acme"


def test_an_unknown_sender_learns_nothing():
    assert set(TEMPLATES.sample_values("unknown-sender")) == {"house_name", "house_address"}
    rendered = TEMPLATES.render("unknown-sender", TEMPLATES.sample_values("unknown-sender"))
    assert "CASE-" not in rendered.text + rendered.subject


def test_a_line_break_never_reaches_the_subject():
    values = TEMPLATES.sample_values("case-assigned") | {"case_subject": "a\r\nBcc: b\u2028c\x85d\0e"}
    assert TEMPLATES.render("case-assigned", values).subject == "a Bcc: b c d e"


def test_blank_lines_and_indentation_survive_in_html():
    values = TEMPLATES.sample_values("case-comment") | {"comment": "one\n\n    two  three\n\tfour"}
    assert (
        "one<br>\n<br>\n&nbsp;&nbsp;&nbsp;&nbsp;two &nbsp;three<br>\n&nbsp;&nbsp;&nbsp;&nbsp;four"
        in TEMPLATES.render("case-comment", values).html
    )


# --- one's own -----------------------------------------------------------------------------------------------------


def test_a_link_is_one_tap_in_html_and_words_in_the_text(tmp_path):
    front = 'variables = ["close"]\n[sample]\nclose = { label = "Close it", mailto = "support+abc@support.example", body = "#close" }'
    template(tmp_path, "offer", "You may choose: {{ close }}.", front)
    templates = loaded(tmp_path)
    rendered = templates.render("offer", templates.sample_values("offer"))
    assert 'You may choose: Close it (send "#close" to support+abc@support.example).' in " ".join(rendered.text.split())
    found = LexborHTMLParser(rendered.html).css_first("a")
    assert found.text() == "Close it"
    assert found.attributes["href"] == "mailto:support+abc@support.example?body=%23close"
    hostile = Link(label="<b>", address='x"><script>@x.example', body='"&\r\nBcc: x')
    page = templates.render("offer", {"close": hostile, "house_name": "x", "house_address": "x"}).html
    check_page(page)


def test_what_a_link_sends_has_the_subject_of_an_answer():
    mail = TEMPLATES.render("confirmation", TEMPLATES.sample_values("confirmation"), answered=lambda subject: f"{subject} [CASE-7]")
    found = LexborHTMLParser(mail.html).css("a.tap")
    assert len(found) == 5
    assert all("?subject=Re%3A%20Inverter%20offline%20at%20Acme%20%5BCASE-7%5D&body=%23" in link.attributes["href"] for link in found)


def test_a_link_is_a_button_in_html_and_the_colon_behind_it_is_for_the_text():
    mail = TEMPLATES.render("closed-hint", TEMPLATES.sample_values("closed-hint") | {"steps": [{"link": tap("#reopen"), "form": "",
        "meaning": "it came back"}]})  # fmt: skip
    assert "- #reopen: it came back\n" in mail.text
    (item,) = LexborHTMLParser(mail.html).css("ul.steps li")
    assert item.text() == "#reopen it came back"
    mail = TEMPLATES.render("confirmation", TEMPLATES.sample_values("confirmation"))
    assert 'What you can do now: <br>\n<a class="tap"' in mail.html
    assert "What you can do now: #plan  #update" in mail.text


def test_a_link_in_the_middle_of_a_sentence_stays_there(tmp_path):
    front = 'variables = ["close"]\n[sample]\nclose = { label = "#close", mailto = "s@x.example", body = "#close" }'
    template(tmp_path, "offer", "Send {{ close }} when it is done.", front)
    templates = loaded(tmp_path)
    mail = templates.render("offer", templates.sample_values("offer"))
    assert mail.text.startswith("Send #close when it is done.\n")
    assert "Send <a" in mail.html


def test_lists_of_tables_and_numbers_can_be_shown(tmp_path):
    rows = '[{ number = "CASE-1", items = "one" }, { number = "CASE-2", items = "" }]'
    front = f'variables = ["rows", "count"]\n[sample]\ncount = 2\nrows = {rows}'
    template(
        tmp_path,
        "rows",
        "{{ count }} cases:\n\n{% for row in rows %}\n- {{ row.number }}{% if row.items %}: {{ row.items }}{% endif %}\n{% endfor %}",
        front,
    )
    templates = loaded(tmp_path)
    assert templates.render("rows", templates.sample_values("rows")).text.startswith("2 cases:\n\n- CASE-1: one\n- CASE-2\n\n-- \n")


def test_a_faq_is_found_by_its_title(tmp_path):
    template(tmp_path, "faq-key", "Here is how.", 'variables = []\ntitle = "FAQ-How to send it back"')
    templates = loaded(tmp_path)
    assert templates.find("FAQ-How to send it back") == templates.find("faq-key")
    assert templates.render("FAQ-How to send it back", {"house_name": "H", "house_address": "h@x.example"}).subject == "Words"


def test_a_value_is_never_rendered_again(tmp_path):
    template(tmp_path, "echo", "{{ words }}", 'variables = ["words"]\n[sample]\nwords = "x"')
    templates = loaded(tmp_path)
    text = templates.render("echo", {"words": "{{ house_name }} {% raw %}", "house_name": "H", "house_address": "h"}).text
    assert text == "{{ house_name }} {% raw %}\n\n-- \nH\nh\n"


@pytest.mark.parametrize("value", [object(), 1.5, b"octets", {"a": object()}, [object()], str])
def test_only_plain_values_are_rendered(value):
    with pytest.raises(TemplateFailure, match="no plain value"):
        TEMPLATES.render("case-comment", TEMPLATES.sample_values("case-comment") | {"comment": value})


def test_a_missing_value_is_a_named_failure():
    with pytest.raises(TemplateFailure, match="case_number") as caught:
        TEMPLATES.render("case-received", {"house_name": "H", "house_address": "h", "author_name": "A", "author_organization": "O"})
    assert caught.value.name == "case-received"
    with pytest.raises(TemplateFailure, match="no such template"):
        TEMPLATES.render("nothing", {})
    with pytest.raises(TemplateFailure):
        TEMPLATES.render("_signature", {})


def test_a_text_that_grows_too_long_is_a_named_failure():
    values = TEMPLATES.sample_values("case-comment")
    TEMPLATES.render("case-comment", values | {"comment": "x" * (DEFAULT_LIMITS.output - 2000)})
    with pytest.raises(TemplateFailure, match="template_output: more than 1048576 octets"):
        TEMPLATES.render("case-comment", values | {"comment": "ü" * (DEFAULT_LIMITS.output // 2)})


EACH_WITH_EACH = "{% for a in names %}{% for b in names %}{% for c in names %}WORDS{% endfor %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("words", "limits", "told"),
    [
        ("", {}, "template_steps: more than 50000 rounds"),
        ("{{ a }}", {}, "template_steps: more than 50000 rounds"),
        ("some words", {"steps": 1 << 30}, "template_output: more than 1048576 octets"),
        ("", {"steps": 1 << 30, "cpu_seconds": 0.2}, "template_cpu_seconds: more than 0.2 s"),
    ],
)
def test_a_text_that_costs_too_much_to_make_is_a_named_failure(tmp_path, words, limits, told):
    body = EACH_WITH_EACH.replace("WORDS", words)
    template(tmp_path, "mine", body, 'variables = ["names"]\n[sample]\nnames = ["x"]')
    mine = Templates.load((SHIPPED, tmp_path), RenderLimits(**limits))
    with pytest.raises(TemplateFailure, match=told):
        mine.render("mine", {**TEMPLATES.sample_values("help"), "names": [f"name {number}" for number in range(400)]})


@pytest.mark.parametrize(
    "body",
    [
        "{{ nme }}", "{{ name|upper }}", "{{ name() }}", "{{ name[0] }}", "{{ 7 * 7 }}", "{{ 'x' }}", "{% set x = 1 %}",
        "{% include 'x' %}", "{{ name ~ name }}", "{% if name == 'x' %}{% endif %}", "{% for x in range(9) %}{% endfor %}",
        "{% macro m() %}{% endmacro %}", "{{ name", "{% if name %}", "{{ self }}", "{{ name.__class__.__mro__ }}",
        "{% for x in name %}{{ loop.index }}{% endfor %}", "{% for x in name %}{% endfor %}{{ x }}",
    ],
)  # fmt: skip
def test_a_template_can_only_show_ask_and_repeat(tmp_path, body):
    template(tmp_path, "mine", body, 'variables = ["name"]\n[sample]\nname = "x"')
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path)
    assert all("mine.md" in str(problem) for problem in caught.value.problems)


def test_pictures_and_html_in_a_template_are_only_words(tmp_path):
    template(tmp_path, "mine", "![x](https://x.example/p.png) <b>bold</b>", "variables = []")
    page = loaded(tmp_path).render("mine", {"house_name": "H", "house_address": "h"}).html
    assert "<img" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


FAQ_TITLES = {
    "faq-request-key": "FAQ-How to request a key", "faq-open-support-case": "FAQ-How to open a support case",
    "faq-development-resources": "FAQ-Development resources", "faq-open-hosting-ticket": "FAQ-How to open a hosting ticket",
    "faq-report-bug": "FAQ-How to report a bug", "faq-available-support-resources": "FAQ-available support resources",
    "faq-priority-support-options": "FAQ-what are my priority support options",
    "faq-versions-5x-and-older": "FAQ-Support for versions 5x and older.",
}  # fmt: skip


def test_the_eight_faqs_have_their_exact_titles_and_are_found_however_these_are_written():
    shipped = Templates.load((SHIPPED,))
    assert {faq.name: faq.title for faq in shipped.faqs} == FAQ_TITLES
    for name, title in FAQ_TITLES.items():
        for written in (name, title, title.upper(), title.removeprefix("FAQ-"), title.removesuffix("."), title.replace("5x", "5.x")):
            found = shipped.find(written)
            assert found is shipped.find(name) is not None, written
    assert shipped.find("FAQ") is None


def test_every_faq_says_so_where_there_is_no_plan_but_the_one_for_versions_that_no_plan_helps():
    shipped = Templates.load((SHIPPED,))
    for faq in shipped.faqs:
        values = shipped.sample_values(faq.name)
        said = "no active support plan" in " ".join(shipped.render(faq.name, values | {"no_plan": True}).text.split())
        assert said == (faq.name != "faq-versions-5x-and-older"), faq.name
        assert "no active support plan" not in " ".join(shipped.render(faq.name, values | {"no_plan": False}).text.split())

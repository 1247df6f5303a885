"""Markdown as plain text, seen through a template."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.mail.rendering import Templates

SHIPPED = Path(__file__).parents[2] / "templates"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Some **bold** and *slanted* words, `code` too.", "Some bold and slanted words, code too.\n"),
        ("One\ntwo.\\\nThree.", "One two.\nThree.\n"),
        ("## A heading\n\nWords", "A heading\n\nWords\n"),
        ("- one\n- two\n  - inner\n\nafter", "- one\n- two\n  - inner\n\nafter\n"),
        ("1. one\n\n   more\n\n2. two", "1. one\n\n   more\n\n2. two\n"),
        ("> quoted", "quoted\n"),
        ("Up\n\n---\n\ndown", f"Up\n\n{'-' * 20}\n\ndown\n"),
        ("    code  here\n    more", "code  here\nmore\n"),
        ("See [the page](https://x.example/) or <https://y.example/>.", "See the page (https://x.example/) or https://y.example/.\n"),
        ("Mail [us](mailto:a@x.example).", "Mail us (a@x.example).\n"),
        ("- " + "word " * 20, "- " + "word " * 13 + "word\n  " + "word " * 5 + "word\n"),
        ("x" * 100, "x" * 100 + "\n"),
        ("a " + "x" * 100, "a\n" + "x" * 100 + "\n"),
    ],
)
def test_the_marks_go_and_the_words_stay(tmp_path, markdown, text):
    (tmp_path / "mine.md").write_text(f'+++\nsubject = "S"\ndescription = "D"\nvariables = []\n+++\n{markdown}\n', encoding="utf-8")
    rendered = Templates.load((SHIPPED, tmp_path)).render("mine", {"house_name": "H", "house_address": "h"})
    assert rendered.text == f"{text}\n-- \nH\nh\n"

"""Which links lead to files, and which numbers they name."""

from __future__ import annotations

import pytest

from daemon.parsers.forms import links


@pytest.mark.parametrize(
    "link",
    [
        "https://www.jotform.com/uploads/u/220683651272354/7100000000000000001/a.pdf",
        "https://www.jotform.com/uploads/u/1/2/with blank.pdf",
        "https://site.example/wp-content/uploads/gravity_forms/1-abc/a.pdf",
        "https://drive.google.com/open?id=abc",
    ],
)
def test_an_upload_is_known_by_its_path(link: str) -> None:
    assert links.is_upload(link) == link


@pytest.mark.parametrize(
    "link", [None, "", "javascript:alert(1)", "data:text/html,x", "mailto:a@b.example", "https://x.example/about", "//x/uploads/1"]
)
def test_what_is_no_upload_is_none(link: str | None) -> None:
    assert links.is_upload(link) is None


def test_a_link_to_edit_comes_before_an_upload() -> None:
    found = links.submission_ids(
        ["https://f.example/uploads/u/220683651272354/7100000000000000001/a.pdf", "https://eel.jotform.com/edit/7100000000000000002?x=1"]
    )
    assert found == ("7100000000000000002", "7100000000000000001")


@pytest.mark.parametrize(
    "link",
    [
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Feu.jotform.com%2Fedit%2F7100000000000000002&data=05",
        "https://urldefense.com/v3/__https://www.jotform.com/edit/7100000000000000002__;!!abc",
        "https://www.jotform.com/inbox/220683651272354/7100000000000000002",
    ],
)
def test_a_number_is_found_in_a_link_that_a_gateway_wrapped(link: str) -> None:
    assert links.submission_ids([link]) == ("7100000000000000002",)


@pytest.mark.parametrize(
    "link",
    [
        "https://eu.jotform.com/build/220683651272354", "https://form.jotform.com/220683651272354", "https://x.example/submissions/220683651272354",
        "https://www.jotform.com/uploads/u/220683651272354/7100000000000000001/a.pdf",
    ],
)  # fmt: skip
def test_the_number_of_a_form_is_found(link: str) -> None:
    assert links.form_ids([link]) == ("220683651272354",)
    assert links.names(link, "220683651272354")
    assert not links.names(link, "22068365127235")


def test_links_in_a_text_are_bounded_and_end_where_a_sentence_does() -> None:
    assert links.links_in("See https://x.example/a, and (https://x.example/b).") == ("https://x.example/a", "https://x.example/b")
    assert len(links.links_in(" ".join(f"https://x.example/{n}" for n in range(1000)))) == links.MAX_LINKS
    assert links.links_in("no link") == ()

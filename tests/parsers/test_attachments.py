"""Text and files of a mail: each mail of tests/mail/content becomes what stands beside it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from daemon.parsers import ReadLimits, read

CONTENT = sorted((Path(__file__).parent.parent / "mail" / "content").glob("*.eml"))


@pytest.mark.parametrize("path", CONTENT, ids=lambda path: path.stem)
def test_a_mail_becomes_what_stands_beside_it(path: Path) -> None:
    expected = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
    mail = read(path.read_bytes(), ReadLimits(), frozenset()).message
    assert mail.subject == expected["subject"]
    assert [line.rstrip() for line in mail.body.strip().split("\n") if line.strip()] == [
        line for line in expected["body"].strip().split("\n") if line
    ]
    assert mail.from_text == expected.get("from", "Pat Smith <pat@partner.example>")
    found = [(a.name, a.content_type, a.inline) for a in mail.attachments]
    assert found == [(a["name"], a["content_type"], a["inline"]) for a in expected["attachments"]]
    for attachment, wanted in zip(mail.attachments, expected["attachments"], strict=True):
        if "content" in wanted:
            assert attachment.content == wanted["content"].encode()
        assert attachment.sha256 == wanted.get("sha256", attachment.sha256)
    assert mail.limit is None

"""Whoever only looks, before the first run: an answer comes, and the folder is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Installation

MAIL = b"From: ann@acme.example\r\nTo: support@support.example\r\nSubject: a trial\r\nMessage-ID: <a@acme.example>\r\n\r\nHello.\r\n"


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (("explain", "a.eml"), 0, "case-opened"),
        (("form", "try", "a.eml"), 1, ""),
        (("check-auth", "a.eml", "b.eml"), 1, "does not tell them apart"),
        (("answer", "--email", "ann@acme.example", "--issue", "lost my key"), 1, "ask identify"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_what_only_looks_makes_no_database(command: tuple[str, ...], status: int, said: str, tmp_path: Path) -> None:
    desk = Installation(folder=tmp_path / "desk", url="")
    desk.run("init", str(desk.folder))
    desk.write("a.eml", MAIL)
    desk.write("b.eml", MAIL.replace(b"<a@", b"<b@"))
    before = sorted(path.relative_to(desk.folder) for path in desk.folder.rglob("*"))
    names = [str(desk.folder / word) if word.endswith(".eml") else word for word in command]
    assert said in desk.run(*names, status=status).output
    assert sorted(path.relative_to(desk.folder) for path in desk.folder.rglob("*")) == before

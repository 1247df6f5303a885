"""Files written into a text: what was written comes out, and any octets end in a reading."""

from __future__ import annotations

import binascii

from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.embedded import split


def uuencoded(content: bytes, *, backtick: bool) -> bytes:
    lines = [binascii.b2a_uu(content[at : at + 45], backtick=backtick) for at in range(0, len(content), 45)]
    return b"begin 644 a file.bin\n" + b"".join(lines) + b"`\nend\n"


@given(st.binary(max_size=300), st.booleans())
def test_what_was_uuencoded_comes_out_and_the_text_around_stays(content: bytes, backtick: bool) -> None:
    text, files = split(b"before\n" + uuencoded(content, backtick=backtick) + b"behind\n")
    assert text == b"before\nbehind\n"
    assert [(file.name, file.content) for file in files] == [(b"a file.bin", content)]


def test_spaces_at_the_end_of_a_line_may_have_been_eaten() -> None:
    block = uuencoded(b"abc\0\0\0", backtick=False).replace(b"`\n", b"\n")
    eaten = b"".join(line.rstrip(b" \n") + b"\n" for line in block.splitlines(keepends=True))
    assert split(eaten)[1][0].content == b"abc\0\0\0"


def test_what_fills_a_line_up_need_not_be_zeros() -> None:
    octets = b"begin 644 a.txt\n" + b"+" + binascii.b2a_uu(b"hello worldX")[1:] + b"`\nend\n"
    assert split(octets)[1][0].content == b"hello world"


def test_a_block_that_was_cut_gives_what_is_there() -> None:
    cut = uuencoded(b"x" * 90, backtick=True).partition(b"`")[0]
    assert split(cut)[1][0].content == b"x" * 90


def test_the_base64_form_is_read() -> None:
    text, files = split(b"begin-base64 644 a.txt\r\nR3LD\r\nvMOfZQ==\r\n====\r\nbehind\r\n")
    assert (text, files[0].content.decode()) == (b"behind\r\n", "Grüße")


def test_what_only_looks_like_a_block_stays_text() -> None:
    for text in (
        b"begin 644 x\nno lines of it\nend\n",
        b"begin 644 x\n",
        b"=ybegin line=1 name=x\nabc\n",
        b"begin-base64 644 x\nR3LD\n",
        b"begin 644 x\nM",
    ):
        assert split(text) == (text, ())


BLOCK_LINES = [b"begin 644 x", b"begin-base64 600 y", b"=ybegin name=z", b"=ypart", b"=yend", b"====", b"end", b"`", b"#0V%T", b"M", b"= ="]


@given(st.lists(st.sampled_from(BLOCK_LINES) | st.binary(max_size=20), max_size=20))
def test_any_lines_end_in_a_text_and_files(lines: list[bytes]) -> None:
    octets = b"\n".join(lines)
    text, files = split(octets)
    assert len(text) + sum(len(file.content) for file in files) <= len(octets)


def test_many_openings_are_counted() -> None:
    text, files = split(b"begin 644 x\n#0V%T\nend\n" * 150)
    assert len(files) == 100
    assert text.count(b"begin") == 50

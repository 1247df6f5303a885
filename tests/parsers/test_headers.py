"""Header fields: unfolding, encoded words, ids, subjects, dates, file names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers import parameters
from daemon.parsers.headers import base_subject, case_tags, date, message_ids, read_block
from daemon.parsers.words import decode_words


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?= aus =?iso-8859-1?q?K=F6ln?=", "Grüße aus Köln"),
        ("=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),  # a character cut in two
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= =?iso-8859-1?q?b?=", "ab"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("x=?utf-8?q?a?=y", "xay"),
        ("=?utf-8*de?q?a_b?=", "a b"),
        ("=?utf-8?q?what is this?=", "what is this"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),  # padding is missing
        ("=?x-none?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?q?never closed", "=?utf-8?q?never closed"),
        ("=?utf-8?q?open =?utf-8?q?b?=", "=?utf-8?q?open b"),
        ("=?iso-8859-1?q?Grü=DFe?=", "Grüße"),  # raw octets inside a word
        ("=?utf-8?q?Hello=0D=0ABcc=3A_victim?=", "Hello  Bcc: victim"),
        ("=?utf-8?q?a=00b?=", "ab"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_encoded_words_are_decoded_for_people(raw: str, text: str) -> None:
    assert decode_words(raw) == text


@given(st.text(alphabet="=?qbutf-8Q_ ABC\r\n\x00é", max_size=60))
def test_encoded_words_never_raise_and_stay_on_one_line(raw: str) -> None:
    assert not set(decode_words(raw)) & set("\r\n\x00")


def block(octets: bytes) -> list[tuple[str, str]]:
    return list(read_block(octets, 0, max_block=4096, max_count=20, max_size=100).fields)


def test_fields_are_unfolded_and_their_raw_octets_read() -> None:
    assert block(b"A: one\r\n two\r\nB : x\nC:\xc3\xb6\nD:\xf6\n\nE: body") == [("a", "one two"), ("b", "x"), ("c", "ö"), ("d", "ö")]


def test_a_stray_line_between_fields_is_passed_over() -> None:
    assert block(b"From x Thu Jan  1\nA: 1\njunk\nB: 2\n\n") == [("a", "1"), ("b", "2")]


def test_a_header_ends_at_a_line_that_is_no_field() -> None:
    octets = b"A: 1\nHello,\nthis is text\n"
    found = read_block(octets, 0, max_block=4096, max_count=20, max_size=100)
    assert octets[found.body :].startswith(b"Hello")


@pytest.mark.parametrize(
    ("octets", "limit"),
    [
        (b"A: 1\n" * 21 + b"\n", "header_count"),
        (b"A: " + b"x" * 5000 + b"\n\n", "header_block"),
        (b"A: x" + b"\n y" * 5000 + b"\n\n", "header_block"),
        (b"A: 1\n" * 20 + b"\n", None),
        (b"A: " + b"x" * 200 + b"\n\n", None),
    ],
)
def test_a_crossed_limit_is_named(octets: bytes, limit: str | None) -> None:
    assert read_block(octets, 0, max_block=4096, max_count=20, max_size=100).limit == limit


def test_a_long_field_is_cut_and_says_so() -> None:
    found = read_block(b"A: " + b"x" * 200 + b"\n\n", 0, max_block=4096, max_count=20, max_size=100)
    assert len(found.fields[0][1]) <= 100
    assert found.defects == ("header-cut",)


def test_message_ids_are_canonical() -> None:
    assert message_ids(["<a@b.example> junk <c@d.example>\t<a@b.example>"], 50) == ("<c@d.example>", "<a@b.example>")
    assert message_ids(["<a\t b@c.example>"], 50) == ("<ab@c.example>",)
    assert message_ids(["a@b.example"], 50) == ("<a@b.example>",)
    assert message_ids(["Your message of Monday"], 50) == ()
    assert message_ids(["<" + "a" * 997 + ">"], 50) == ()


def test_only_the_last_references_are_kept() -> None:
    assert message_ids([" ".join(f"<{n}@x>" for n in range(60))], 50) == tuple(f"<{n}@x>" for n in range(10, 60))


@pytest.mark.parametrize(
    "subject",
    ["Printer broken", "Re: Printer broken", "RE[2]: Fwd:  Printer   broken (fwd)", "AW: WG: Printer broken", "[CASE-1001] Printer broken",
     "Antw: [x] SV: Printer broken", "TR : Printer broken", "[Fwd: Printer broken]", "Re：Printer broken", "回复: Printer broken"],
)  # fmt: skip
def test_the_base_subject_is_without_marks(subject: str) -> None:
    assert base_subject(subject) == "Printer broken"


def test_a_subject_of_marks_only_does_not_vanish_in_the_tags() -> None:
    assert base_subject("[urgent]") == "[urgent]"
    assert base_subject("Re:") == ""
    assert base_subject("Region: north") == "Region: north"


@given(st.text(alphabet="Re:fwd[] ()x", max_size=60))
def test_the_base_subject_is_stable(subject: str) -> None:
    assert base_subject(base_subject(subject)) == base_subject(subject)


def test_case_tags_are_numbers_in_order() -> None:
    assert case_tags("Re: [CASE-12] x [case-7][CASE-12] CASE-9 [CASE-x]") == (12, 7)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("Fri, 6 Nov 2026 09:15:00 +0100", datetime(2026, 11, 6, 8, 15, tzinfo=UTC)),
        ("6 Nov 26 09:15 -0330", datetime(2026, 11, 6, 12, 45, tzinfo=UTC)),
        ("Fri, 06 Nov 2026 09:15:00 EST (winter)", datetime(2026, 11, 6, 14, 15, tzinfo=UTC)),
        ("Fri, 6 November 2026 09:15:60 GMT", datetime(2026, 11, 6, 9, 15, 59, tzinfo=UTC)),
        ("Fri Nov  6 09:15:00 2026", datetime(2026, 11, 6, 9, 15, tzinfo=UTC)),
        ("Fri, 6 Nov 99999999999 09:15:00 +0100", None),
        ("Fri, 31 Feb 2026 09:15:00 +0100", None),
        ("Fri, 6 Nov 2026 25:15:00 +0100", None),
        ("Fri, 1 Jan 0001 00:15:00 +0100", None),
        ("Fri, 6 Nov 2026 09:15:00 +9999", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_date_is_an_instant_or_nothing(value: str, moment: datetime | None) -> None:
    assert date(value) == moment


@given(st.text(alphabet="Fri, 6Nov2:0+-9()", max_size=50))
def test_a_date_never_raises(value: str) -> None:
    date(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=a b.pdf", "a b.pdf"),
        ("attachment; filename*=utf-8''%E2%82%AC.txt", "€.txt"),
        ("attachment; filename*0*=utf-8'de'%E2%82; filename*1*=%AC; filename*2=.txt", "€.txt"),
        ("attachment; filename*1=b.txt; filename*0=a", "ab.txt"),
        ('attachment; filename="=?utf-8?q?=E2=82=AC.txt?="', "€.txt"),
        ('attachment; filename="x\\"y.txt"', 'x"y.txt'),
        ('attachment; filename="never closed.txt', "never closed.txt"),
        ("attachment; filename*=utf-8''%2E%2E%2F%2E%2E%2Fetc%2Fpasswd", "passwd"),
        ("attachment; filename*=utf-8''%E2%80%8B.htaccess", "htaccess"),
        ("attachment; filename*=utf-8''a%00%0D%0Ab.txt", "ab.txt"),
        ('attachment; filename="C:\\\\temp\\\\x.doc"', "x.doc"),
        ('attachment; filename=".."', ""),
        ('attachment; filename="  "', ""),
        ("attachment;" + "".join(f" filename*{n}=a;" for n in range(101)), ""),
    ],
)
def test_a_file_name_is_a_clean_label(value: str, expected: str) -> None:
    given_name = dict(parameters.read(value, 100)[1]).get("filename")
    assert parameters.file_name((given_name,)) == expected


def test_a_long_file_name_keeps_its_extension() -> None:
    name = parameters.clean_file_name("ä" * 400 + ".pdf")
    assert name.endswith("ä.pdf")
    assert len(name.encode()) <= 150


@given(st.text(max_size=200))
def test_a_cleaned_name_is_never_a_path_nor_hidden(raw: str) -> None:
    name = parameters.clean_file_name(raw)
    assert not set(name) & {"/", "\\"}
    assert not name.startswith(".")
    assert len(name.encode()) <= 150
    assert parameters.clean_file_name(name) == name


@given(st.text(alphabet="a/b; =\"*'%0\\\n", max_size=80))
def test_parameters_never_raise(value: str) -> None:
    parameters.read(value, 5)

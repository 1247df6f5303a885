"""TNEF: any octets end in a reading. What becomes of whole mails stands in tests/mail/content."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.tnef import read

START = b"\x78\x9f\x3e\x22\x01\x00"


def attribute(identifier: int, content: bytes) -> bytes:
    return pack("<BII", 2, identifier, len(content)) + content + b"\0\0"


def named(name: bytes) -> bytes:
    return attribute(0x69002, b"\1\0" + b"\0" * 12) + attribute(0x18010, name + b"\0") + attribute(0x6800F, b"content")


def test_other_octets_are_no_stream() -> None:
    assert read(b"") is None
    assert read(b"PK\3\4") is None


def test_a_stream_that_ends_early_gives_what_came_before() -> None:
    found = read(START + named(b"a.txt") + named(b"b.txt")[:-10])
    assert found is not None
    assert [(file.name, file.content) for file in found.files] == [("a.txt", b"content"), ("b.txt", b"")]


def test_names_are_in_the_code_page_of_the_stream() -> None:
    found = read(START + attribute(0x69007, pack("<I", 1251)) + named("отчёт.txt".encode("cp1251")))
    assert found is not None
    assert found.files[0].name == "отчёт.txt"


def test_the_files_are_counted() -> None:
    found = read(START + named(b"a") * 150)
    assert found is not None
    assert len(found.files) == 100


def test_a_length_that_lies_ends_the_properties() -> None:
    lying = pack("<IHHII", 1, 0x1E, 0x3707, 1, 2**31)
    many = pack("<IHHI", 1, 0x101E, 0x3707, 2**32 - 1)
    for properties in (lying, many, b"\xff\xff\xff\xff", b"\1"):
        found = read(START + named(b"a.txt") + attribute(0x69005, properties))
        assert found is not None
        assert found.files[0].name == "a.txt"


IDENTIFIERS = st.sampled_from([0x2800C, 0x69003, 0x69007, 0x69002, 0x18010, 0x6800F, 0x69005])
PROPERTIES = st.sampled_from([b"\1\0\0\0", b"\x1e\0\x07\x37", b"\x1f\x10\x01\x80", b"\x0d\0\x01\x37", b"\1\0\0\0\4\0\0\0abcd"])


@given(st.lists(st.tuples(IDENTIFIERS, st.lists(PROPERTIES, max_size=6).map(b"".join) | st.binary(max_size=40)), max_size=6))
def test_any_attributes_end_in_a_reading(attributes: list[tuple[int, bytes]]) -> None:
    octets = START + b"".join(attribute(*one) for one in attributes)
    found = read(octets)
    assert found is not None
    assert sum(len(file.content) for file in found.files) <= len(octets)

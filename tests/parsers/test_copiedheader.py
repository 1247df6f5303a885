"""The header that a mail program copies above a mail it forwards or quotes in place: where it begins, what it says, where it ends."""

from __future__ import annotations

from daemon.parsers.copiedheader import next_header, unquoted

MARKED = ["Please.", "", "-----Original Message-----", "From: Ada <ada@ink.example>", "Subject: Lamp 7", " and 8", "", "It is dark."]
BARE = ["________", "", "Von: Ada", "Gesendet: heute", "An: Cara", "Wichtigkeit: Hoch", "Betreff: Lampe", "", "Dunkel."]


def test_a_header_below_a_line_that_names_it_begins_with_that_line():
    found = next_header(MARKED, 0, len(MARKED))
    assert found is not None
    assert (found.above, found.begin, found.end, found.mark, found.marked) == (2, 3, 6, "-----Original Message-----", True)
    assert found.fields == {"from": "Ada <ada@ink.example>", "subject": "Lamp 7 and 8"}


def test_a_bare_header_takes_the_drawn_line_above_it_along_and_leaves_other_fields_out():
    found = next_header(BARE, 0, len(BARE))
    assert found is not None
    assert (found.above, found.begin, found.end, found.mark, found.marked) == (0, 2, 7, "", True)
    assert found.fields == {"from": "Ada", "sent": "heute", "to": "Cara", "subject": "Lampe"}


def test_where_nothing_stands_above_it_is_not_marked():
    found = next_header(BARE[2:], 0, 3)
    assert found is not None
    assert not found.marked


def test_lines_that_are_no_header_are_none():
    assert next_header(["From: here to there", "it is far.", "Really."], 0, 3) is None


def test_the_marks_of_quoting_are_taken_off():
    assert unquoted("Begin forwarded message:\n\n> From: Ada\n> > x") == ["Begin forwarded message:", "", "From: Ada", "x"]
    assert unquoted("a\nb") == ["a", "b"]

"""Identity is read strictly; recipients are read tolerantly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.addresses import canonical_domain, strict_author, tolerant_addresses

ACCEPTED = [
    ("pat@partner.example", "pat@partner.example", ""),
    ("<pat@partner.example>", "pat@partner.example", ""),
    ("Pat <pat@partner.example>", "pat@partner.example", "Pat"),
    ("Pat O'Neil-Smith Jr. <Pat@Partner.EXAMPLE>", "pat@partner.example", "Pat O'Neil-Smith Jr."),
    ('"Smith, Pat" <pat@partner.example>', "pat@partner.example", "Smith, Pat"),
    ('"Pat \\"P\\" Smith" <pat@partner.example>', "pat@partner.example", 'Pat "P" Smith'),
    ("=?utf-8?q?J=C3=B6rg?= <joerg@partner.example>", "joerg@partner.example", "Jörg"),
    ("=?utf-8?q?J=C3=B6rg?=  =?utf-8?b?TcO8bGxlcg==?= <joerg@partner.example>", "joerg@partner.example", "JörgMüller"),
    ("=?utf-8?Q?M=C3=BCller,_J=C3=B6rg?= <joerg@partner.example>", "joerg@partner.example", "Müller, Jörg"),
    ('"=?utf-8?q?J=C3=B6rg?=" <joerg@partner.example>', "joerg@partner.example", "Jörg"),
    ("Jörg Müller <joerg@partner.example>", "joerg@partner.example", "Jörg Müller"),
    ("a.b+c=d#e@sub.partner.example", "a.b+c=d#e@sub.partner.example", ""),
    ("pat@bücher.example", "pat@xn--bcher-kva.example", ""),
    ("pat@XN--bcher-kva.example", "pat@xn--bcher-kva.example", ""),
    ("  Pat <pat@partner.example>\t", "pat@partner.example", "Pat"),
    # T8: a name that looks like somebody else's address is a name
    ('"pat@partner.example" <mallory@evil.example>', "mallory@evil.example", "pat@partner.example"),
    ("=?utf-8?q?pat=40partner=2Eexample?= <mallory@evil.example>", "mallory@evil.example", "pat@partner.example"),
    # T10: what looks like a neighbour is somebody else
    ("pat@partner.example.evil.example", "pat@partner.example.evil.example", ""),
    ("pat@xpartner.example", "pat@xpartner.example", ""),
    ("pat@p\u0430rtner.example", "pat@xn--prtner-3nf.example", ""),
]

REFUSED = [
    # T7: two mailboxes, a group
    ("pat@partner.example, mallory@evil.example", "several-mailboxes"),
    ("Pat <pat@partner.example>, mallory@evil.example", "several-mailboxes"),
    ("Pat <pat@partner.example>; Mal <mallory@evil.example>", "several-mailboxes"),
    ("Pat <pat@partner.example> Mal <mallory@evil.example>", "several-mailboxes"),
    ("Team: pat@partner.example, mallory@evil.example;", "group"),
    ("Team: pat@partner.example;", "group"),
    ("undisclosed-recipients:;", "no-address"),
    # T8: two addresses in brackets
    ("<pat@partner.example> <mallory@evil.example>", "several-mailboxes"),
    ("pat@partner.example <mallory@evil.example>", "left-over"),
    ("=?utf-8?q?pat@partner.example?= <mallory@evil.example>", "left-over"),
    # T9: forms that parsers read in two ways
    ("<=?utf-8?q?pat=40partner.example=3e=20?=@evil.example>", "encoded-word-in-address"),
    ("=?utf-8?q?pat?=@evil.example", "encoded-word-in-address"),
    ('"pat@partner.example"@evil.example', "quoted-local-part"),
    ('<"pat@partner.example"@evil.example>', "quoted-local-part"),
    ('Pat <"pat"@partner.example>', "quoted-local-part"),
    ("pat@partner.example(<mallory@evil.example>", "left-over"),
    ("pat@partner.example (mallory@evil.example)", "comment"),
    ("Pat (the real one) <pat@partner.example>", "comment"),
    ("(pat@partner.example) mallory@evil.example", "comment"),
    ("pat@partner.example(", "comment"),
    ("pat(x)@partner.example", "comment"),
    ("Pat <pat(x)@partner.example>", "comment"),
    ("<pat@partner.example>(x)", "comment"),
    ("<@evil.example:pat@partner.example>", "group"),
    ("<@evil.example,@b.example:pat@partner.example>", "group"),
    ("<<pat@partner.example>>", "left-over"),
    ("<pat@partner.example", "no-address"),
    ("pat@partner.example>", "left-over"),
    ("<pat@partner.example>x", "left-over"),
    ("pat@evil.example@partner.example", "several-mailboxes"),
    ("pat@[192.0.2.1]", "bad-domain"),
    ("pat@192.0.2.1", "bad-domain"),
    ("pat@partner..example", "bad-domain"),
    ("pat@.partner.example", "bad-domain"),
    ("pat@partner.example.", "bad-domain"),
    ("pat@-partner.example", "bad-domain"),
    ("pat@part ner.example", "bad-domain"),
    ("pat @partner.example", "bad-local-part"),
    (".pat@partner.example", "bad-local-part"),
    ("pat.@partner.example", "bad-local-part"),
    ("pa..t@partner.example", "bad-local-part"),
    ("pät@partner.example", "bad-local-part"),
    ("p" * 65 + "@partner.example", "bad-local-part"),
    ("pat@" + "a" * 64 + ".example", "bad-domain"),
    ("pat@" + "a." * 130 + "example", "bad-domain"),
    ("Pat <>", "no-address"),
    ("<>", "no-address"),
    ("", "no-address"),
    ("Pat", "no-address"),
    ('"pat@partner.example"', "quoted-local-part"),
    ("x\x00 <pat@partner.example>", "control-character"),
    ("x\r\nBcc: v <pat@partner.example>", "control-character"),
    ("\u200bpat@partner.example", "control-character"),
    ("\u202epat <pat@partner.example>", "control-character"),
    ("pat@partner\u3002example", "bad-domain"),  # an ideographic full stop is no dot to everybody
    ("pat@\uff50artner.example", "bad-domain"),  # full width
    ("pat@partner\u2024example", "bad-domain"),
    ('"unclosed <pat@partner.example>', "left-over"),
    ("Pat\\ <pat@partner.example>", "left-over"),
    ("a" * 2000 + " " * 40 + "<pat@partner.example>", "too-long"),
    ("(" * 5000, "too-long"),
]


@pytest.mark.parametrize(("field", "address", "name"), ACCEPTED)
def test_one_plain_mailbox_is_an_author(field: str, address: str, name: str) -> None:
    assert strict_author((field,)) == (address, name, None)


@pytest.mark.parametrize(("field", "problem"), REFUSED)
def test_whatever_can_be_read_in_two_ways_is_nobody(field: str, problem: str) -> None:
    address, _, found = strict_author((field,))
    assert (address, found) == (None, problem)


def test_no_from_and_two_from_fields_are_nobody() -> None:
    assert strict_author(()) == (None, "", "no-from")
    assert strict_author(("Pat <pat@partner.example>",) * 2) == (None, "Pat", "several-from-fields")


def test_sharp_s_is_not_folded_into_ss() -> None:
    assert canonical_domain("straße.example") == "xn--strae-oqa.example"


@given(st.text(max_size=80))
def test_any_field_gives_an_address_or_a_problem(field: str) -> None:
    address, _, problem = strict_author((field,))
    assert (address is None) == (problem is not None)


@given(st.text(alphabet='pat@partner.example<>()",:;\\=?q ', max_size=60))
def test_an_author_is_always_a_plain_address_that_stands_in_the_field(field: str) -> None:
    address, _, _ = strict_author((field,))
    if address is not None:
        assert address in field.lower()
        assert strict_author((address,))[0] == address


def test_recipients_are_found_in_the_usual_forms() -> None:
    values = ['"Doe, J" <J@A.example>, (c@c.example) b@b.example', "Team: d@d.example, <e@e.example>;", "j@a.example"]
    assert tolerant_addresses(values, 10) == ("j@a.example", "b@b.example", "d@d.example", "e@e.example")


def test_an_address_in_a_display_name_is_no_recipient() -> None:
    assert tolerant_addresses(['"x@y.example" <a@a.example>'], 10) == ("a@a.example",)


def test_only_so_many_recipients_are_looked_at() -> None:
    assert len(tolerant_addresses([f"a{n}@a.example, " for n in range(1000)], 200)) == 200


@given(st.lists(st.text(max_size=60), max_size=3))
def test_recipients_never_raise(values: list[str]) -> None:
    assert len(tolerant_addresses(values, 5)) <= 5

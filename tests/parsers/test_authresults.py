"""Authentication-Results fields (RFC 8601) are read token by token."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.model import AuthenticationResults
from daemon.parsers.authresults import read, read_fields


def verdicts(field: AuthenticationResults | None) -> list[tuple[str, str]]:
    assert field is not None
    return [(result.method, result.result) for result in field.results]


def test_id_results_and_properties_are_read() -> None:
    field = read('MX.desk.example 1; spf=pass smtp.mailfrom="a b"@x.example; DKIM/1=Pass header.d=x.example header.b=a=b==;\tdmarc = fail')
    assert field is not None
    assert field.authserv_id == "mx.desk.example"
    assert verdicts(field) == [("spf", "pass"), ("dkim", "pass"), ("dmarc", "fail")]
    assert field.results[1].properties == (("header.d", "x.example"), ("header.b", "a=b=="))
    assert field.results[0].properties == (("smtp.mailfrom", "a b@x.example"),)


def test_a_verdict_in_a_comment_or_a_reason_is_none() -> None:
    field = read('mx.desk.example; dmarc=fail (dmarc=pass; dmarc=pass (x)) reason="; dmarc=pass \\" ; dmarc=pass" header.from=x.example')
    assert verdicts(field) == [("dmarc", "fail")]
    assert field is not None
    assert field.results[0].properties[-1] == ("header.from", "x.example")


def test_a_value_is_never_cut_so_that_its_domain_changes() -> None:
    field = read('x.example; spf=pass smtp.mailfrom="pat@partner.example"@evil.example header.b=ab= header.d=d.example')
    assert field is not None
    assert field.results[0].properties == (
        ("smtp.mailfrom", "pat@partner.example@evil.example"),
        ("header.b", "ab="),
        ("header.d", "d.example"),
    )


def test_what_was_never_closed_says_nothing() -> None:
    assert verdicts(read("mx.desk.example; dmarc=fail (; dmarc=pass")) == [("dmarc", "fail")]
    assert verdicts(read('mx.desk.example; dmarc=fail "; dmarc=pass')) == [("dmarc", "fail")]


def test_a_field_without_id_as_microsoft_365_writes_it() -> None:
    field = read(
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x.example; dkim=pass (signature was verified) header.d=x.example;"
        "dmarc=pass action=none header.from=x.example;compauth=pass reason=100"
    )
    assert field is not None
    assert field.authserv_id is None
    assert verdicts(field) == [("spf", "pass"), ("dkim", "pass"), ("dmarc", "pass"), ("compauth", "pass")]


def test_none_has_no_results_and_what_cannot_be_read_whole_keeps_its_place_and_says_nothing() -> None:
    silent = AuthenticationResults(authserv_id="mx.desk.example", received_above=0, results=())
    assert read("mx.desk.example; none") == silent
    assert read("mx.desk.example 2; dmarc=pass") == silent
    assert read("mx.desk.example 1 of many; dmarc=pass") == silent
    assert read("mx.desk.example; dmarc=pass" + "; x=y" * 300) == silent
    assert read("mx.desk.example; dmarc=pass" + " " * 16 * 1024) == silent
    assert verdicts(read("mx.desk.example; dmarc/2=pass; spf=pass")) == [("spf", "pass")]


def test_the_received_fields_above_are_counted() -> None:
    headers = [("received", "a"), ("authentication-results", "x; dmarc=pass"), ("received", "b"), ("authentication-results", "y; none")]
    assert [(field.authserv_id, field.received_above) for field in read_fields(headers)] == [("x", 1), ("y", 2)]


@given(st.text(alphabet='a.;=()"\\ \t1/', max_size=80))
def test_reading_never_raises(value: str) -> None:
    read(value)


@given(st.text(alphabet='dmarc=pass;() \\"x', max_size=80))
def test_nothing_inside_a_comment_becomes_a_result(hidden: str) -> None:
    escaped = hidden.replace("\\", "").replace("(", "").replace(")", "")
    assert verdicts(read(f"x.example; spf=fail ({escaped}) smtp.mailfrom=a")) == [("spf", "fail")]

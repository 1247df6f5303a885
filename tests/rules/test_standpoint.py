"""Where our provider's results stand, learned from a true mail and a forged one."""

from __future__ import annotations

from dataclasses import replace

from daemon.model import AuthenticationResults, Message
from daemon.rules.standpoint import standpoint, that_tell_apart
from tests.rules.facts import POLICY, dmarc, message


def mail(*fields: AuthenticationResults) -> Message:
    return message("ann@acme.example", authentication_results=fields)


TOP, BORDER = dmarc("pass", "acme.example"), dmarc("pass", "acme.example", received_above=1)


def test_a_setting_tells_apart_when_only_the_true_mail_passes() -> None:
    assert standpoint(mail(TOP), mail(dmarc("fail", "acme.example"), TOP), POLICY).tells_apart
    assert standpoint(mail(TOP), mail(BORDER), POLICY).tells_apart
    assert not standpoint(mail(TOP), mail(TOP), POLICY).tells_apart
    assert not standpoint(mail(BORDER), mail(), POLICY).tells_apart
    assert not standpoint(mail(TOP), mail(), replace(POLICY, authserv_id=None)).tells_apart


def test_every_setting_that_would_is_found_and_no_other() -> None:
    def found(genuine: Message, forged: Message) -> list[tuple[str | None, str]]:
        return [(one.authserv_id, one.authserv_position) for one in that_tell_apart(genuine, forged, replace(POLICY, authserv_id="x"))]

    assert found(mail(TOP), mail(BORDER)) == [("mx.support.example", "top")]
    assert found(mail(BORDER), mail(dmarc("none", "acme.example", received_above=1))) == [("mx.support.example", "border")]
    other = dmarc("pass", "acme.example", authserv_id="other.example")
    assert found(mail(other, TOP), mail(other, dmarc("fail", "acme.example"))) == [("mx.support.example", "top")]
    assert found(mail(TOP), mail(TOP)) == []
    assert found(mail(dmarc("pass", "acme.example", authserv_id=None)), mail()) == []

"""The mail of an alarm is read by people and answered by nobody."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

from daemon.mail.alarm import alarm_mail


def test_it_is_one_automatic_mail_of_ours_to_one_person() -> None:
    octets = alarm_mail(
        sender="alarm@else.example", recipient="ops@else.example", subject="[supportd] outbox:\r\nBcc: x@y.example", text="3 wait – look\n",
        instance="abc", at=datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
    )  # fmt: skip
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert (message["From"], message["To"]) == ("alarm@else.example", "ops@else.example")
    assert message["Subject"] == "[supportd] outbox: Bcc: x@y.example"
    assert message["Bcc"] is None
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert (message["X-Supportd-Instance"], message["X-Supportd-Template"]) == ("abc", "alarm")
    assert str(message["Message-ID"]).endswith("@else.example>")
    assert message.get_content().split() == ["3", "wait", "–", "look"]
    assert octets.replace(b"\r\n", b"").count(b"\n") == 0

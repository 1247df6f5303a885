"""The mail of an alarm: plain words to one person, so that nothing it needs can be what is broken."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid


def alarm_mail(*, sender: str, recipient: str, subject: str, text: str, instance: str | None, at: datetime) -> bytes:
    """The octets: marked as automatic, so that no robot answers (RFC 3834), and as ours, so that it is no ticket."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, recipient, " ".join(subject.split())[:200]
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if instance is not None:
        message["X-Supportd-Instance"] = instance
    message["X-Supportd-Template"] = "alarm"
    message.set_content(text)
    return message.as_bytes()

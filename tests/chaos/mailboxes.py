"""Mailboxes behind a line that fails, and how patiently the program waits for a word of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from daemon import service
from daemon.config import Config
from daemon.mail.imap import Account
from tests.chaos.proxy import Proxy
from tests.conversations.world import DovecotInbox, PymapInbox
from tests.servers.dovecot import Dovecot

PATIENCE = 60.0
"""Seconds: as long as a busy machine may need, and as the program waits by itself."""


class FailingMailbox(PymapInbox):
    """The server of `demo` behind a line that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy = Proxy(self.server.port)
        self.seen_port = self.proxy.port

    def close(self) -> None:
        self.proxy.close()
        super().close()


class FailingDovecot(DovecotInbox):
    """A real server, over TLS, behind a line that fails."""

    def __init__(self, server: Dovecot) -> None:
        super().__init__(server)
        self.proxy = Proxy(server.tls_port)

    def settings(self) -> str:
        return super().settings().replace(f"port = {self.server.tls_port}\n", f"port = {self.proxy.port}\n")

    def close(self) -> None:
        self.proxy.close()


class ClearDovecot(FailingDovecot):
    """The same without TLS: what is said can be read."""

    def __init__(self, server: Dovecot) -> None:
        super().__init__(server)
        self.proxy.target = server.port

    def settings(self) -> str:
        return super().settings().replace('tls = "implicit"', 'tls = "none"')

    @property
    def idles(self) -> bool:
        """Whether the program waits in IDLE on its newest line."""
        return bool(self.proxy.lines) and self.proxy.lines[-1].client.rstrip().endswith(b"IDLE") and not self.proxy.lines[-1].ended


@contextmanager
def failing_mailbox() -> Iterator[FailingMailbox]:
    """One, and its end."""
    made = FailingMailbox()
    try:
        yield made
    finally:
        made.close()


class Patience:
    """How long the program waits for a word of a mailbox; a test that makes one silent shortens it for the while."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = PATIENCE
        usual = service.accounts_of

        def patient(config: Config) -> tuple[Account, ...]:
            return tuple(replace(account, read_seconds=self.seconds) for account in usual(config))

        monkeypatch.setattr(service, "accounts_of", patient)

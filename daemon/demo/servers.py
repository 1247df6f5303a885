"""An IMAP server (pymap, in memory) and an SMTP server (aiosmtpd) on free ports of loopback, for `demo` and for tests.

Each runs an event loop in a thread of its own. Both libraries come with the extra `demo` and are imported only when a server
is made.
"""

from __future__ import annotations

import asyncio
import imaplib
import socket
import threading
from argparse import Namespace
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, TypeVar

LOOPBACK = "127.0.0.1"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail that was handed to the SMTP server: its envelope and its octets, lines ending in CRLF."""

    reverse_path: str
    forward_paths: tuple[str, ...]
    octets: bytes = field(repr=False)


class _LoopThread:
    """An event loop in a thread, and servers that live in it."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do this in the loop and wait for what comes out."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def stop(self, server: asyncio.Server) -> None:
        """Close the server, end every conversation and the thread."""

        async def end() -> None:
            server.close()  # in its own loop: it is not safe from another thread
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


class EmbeddedImap:
    """An IMAP server with one user, whose mailboxes are in memory. It has IDLE, MOVE and UIDPLUS, no TLS and no keywords."""

    def __init__(self, user: str = "support", password: str = "demo") -> None:  # noqa: S107 - a server of this process alone
        self.host, self.user, self.password = LOOPBACK, user, password
        self._thread = _LoopThread("imap")
        self._server, self.port = self._thread.run(_start_imap(user, password))
        self._lock = threading.Lock()
        self._appender: imaplib.IMAP4 | None = None

    def deliver(self, octets: bytes, *, folder: str = "INBOX", internal_date: datetime | None = None) -> None:
        """Append a mail to a folder, arriving at `internal_date` (aware) or now. May be called from any thread."""
        when = imaplib.Time2Internaldate(internal_date) if internal_date is not None else ""
        with self._lock:
            client = self._client()
            kind, data = client.append(folder, "", when, octets)
            if kind != "OK":
                raise ValueError(f"not appended to {folder}: {data!r}")

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        """The octets of every mail in a folder, in order of their UIDs; empty for a folder that isn't there."""
        with self._lock:
            client = self._client()
            kind, _ = client.select(f'"{folder}"', readonly=True)
            if kind != "OK":
                return []
            _, found = client.uid("SEARCH", "UID", "1:*")
            mails: list[bytes] = []
            for uid in (found[0] or b"").split():
                _, data = client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
                mails.extend(bytes(item[1]) for item in data if isinstance(item, tuple))
            client.close()  # opened read-only, so nothing is expunged
            return mails

    def drop_connections(self) -> None:
        """Break every line to a client, as an outage does."""

        async def drop() -> None:
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task() and "serve_forever" not in repr(task.get_coro()):
                    task.cancel()

        with self._lock:
            self._hang_up()
        self._thread.run(drop())

    def close(self) -> None:
        """Stop serving; the mails are gone."""
        with self._lock:
            self._hang_up()
        self._thread.stop(self._server)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _hang_up(self) -> None:
        client, self._appender = self._appender, None
        if client is not None:
            client.shutdown()

    def _client(self) -> imaplib.IMAP4:
        if self._appender is None:
            client = imaplib.IMAP4(self.host, self.port, timeout=30)
            # without it a literal waits for the acknowledgement of the line before (40 ms a mail)
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.login(self.user, self.password)
            self._appender = client
        return self._appender


async def _start_imap(user: str, password: str) -> tuple[asyncio.Server, int]:
    from proxyprotocol.reader import ProxyProtocolReader
    from pymap.backend.dict import Config, Login
    from pymap.imap import IMAPServer
    from pymap.user import UserMetadata
    from pysasl.hashing import Cleartext

    class LocalConfig(Config):
        greeting = b"Server ready"  # the inherited one asks DNS for the host's name

    config = LocalConfig(
        Namespace(passlib_cfg=None, proxy_protocol=None, inherited_sockets=None), host=LOOPBACK, port=0, tls_enabled=False,
        reject_dnsbl=False, hash_context=Cleartext(), demo_data=False, demo_user=user, demo_password=password, invalid_user_sleep=0.0,
    )  # fmt: skip
    config.apply_context()
    login = Login(config)
    await login.demo_user_identity.set(UserMetadata(config, user, password=password))
    callback = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(login, config))
    server = await asyncio.start_server(callback, host=LOOPBACK, port=0)
    return server, server.sockets[0].getsockname()[1]


class EmbeddedSmtp:
    """An SMTP server that takes everything: mail for `inbox` addresses is delivered, the rest collected in `sent`.

    `deliver` is called in the server's thread with the octets of a mail that has arrived; when it raises, the client is told
    to try again.
    """

    def __init__(self, deliver: Callable[[bytes], None] | None = None, inbox: Callable[[str], bool] = lambda _: False) -> None:
        self.host = LOOPBACK
        self.sent: list[Sent] = []
        self.arrived = threading.Condition()
        """Notified at each mail in `sent`."""
        self._deliver, self._inbox = deliver, inbox
        self._thread = _LoopThread("smtp")
        self._server, self.port = self._thread.run(_start_smtp(self))

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Sent]:
        """The mails collected, as soon as there are `count` of them. Raises TimeoutError."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: len(self.sent) >= count, seconds):
                raise TimeoutError(f"{len(self.sent)} of {count} mails came")
            return list(self.sent)

    async def take(self, reverse_path: str, forward_paths: list[str], octets: bytes) -> str:
        """What the server does with a mail; the reply to its final dot."""
        ours = [path for path in forward_paths if self._inbox(path)]
        others = tuple(path for path in forward_paths if path not in ours)
        if ours and self._deliver is not None:
            try:
                await asyncio.get_running_loop().run_in_executor(None, self._deliver, octets)
            except (OSError, ValueError, imaplib.IMAP4.error) as error:
                return f"451 4.3.0 {type(error).__name__}"
        if others:
            with self.arrived:
                self.sent.append(Sent(reverse_path=reverse_path, forward_paths=others, octets=octets))
                self.arrived.notify_all()
        return "250 2.0.0 taken"

    def close(self) -> None:
        """Stop serving."""
        self._thread.stop(self._server)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Hook:
    """What aiosmtpd calls."""

    def __init__(self, take: Callable[[str, list[str], bytes], Awaitable[str]]) -> None:
        self._take = take

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: ARG002, N802 - aiosmtpd's names
        return await self._take(envelope.mail_from or "", list(envelope.rcpt_tos), bytes(envelope.original_content))


async def _start_smtp(owner: EmbeddedSmtp) -> tuple[asyncio.Server, int]:
    from aiosmtpd.smtp import SMTP

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(_Hook(owner.take), hostname="localhost", enable_SMTPUTF8=True, loop=loop), host=LOOPBACK, port=0
    )
    return server, server.sockets[0].getsockname()[1]

"""Hand mails to the relay over a few kept connections; turn its replies into outcomes (RFC 5321).

The only room with an event loop, and nobody outside sees it. The caller owns the database: in `send` it is asked for work and
told results in one call, so that both fit in one transaction.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self, TypeVar

import aiosmtplib

from daemon.errors import Failure, Temporary
from daemon.failpoints import failpoint
from daemon.mail.sasl import CLOSING, bearer_mechanism, bearer_response, refusal_text
from daemon.mail.transport import Tls, refuse_clear_text, told, verified_context
from daemon.parsers.addresses import addr_spec

Outcome = Literal["sent", "refused", "deferred", "unknown", "channel", "untried"]

TURNS = 8
"""Of the event loop, in which a connection that was left has closed its socket as a rule; after them it is looked at now and then."""
LAST_WORDS_SECONDS = 0.2
"""How long a connection that was left may take to close: a TLS alert leaves before its socket closes. Then its socket is shut."""

CONNECT_SECONDS = 30.0
REPLY_SECONDS = 60.0
FINAL_REPLY_SECONDS = 300.0
"""How long the reply to the final dot may take. Giving up sooner means more mails sent twice (RFC 1047, RFC 5321 4.5.3.2.6)."""

ALIVE_SECONDS = 5.0
"""How often it is told, at least, that conversations go on."""

IDLE_SECONDS = 30.0
MAILS_PER_CONNECTION = 100
"""After that a kept connection is not used again: relays end longer ones by themselves."""

TOGETHER_SECONDS = 0.003
"""How long a mail that has ended waits for its neighbours, so that a quick relay's answers share a transaction."""

LARGE_OCTETS = 64 * 1024
"""Above that the last octets leave only when the others have: a line that breaks before is then no unknown outcome."""

LOGIN_CODES = frozenset({530, 534, 535, 538})
"""Replies that mean us, not the mail (RFC 4954 section 6, RFC 3207 section 4)."""

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|\Z)")
_BARE_LINE_END = re.compile(rb"\r\n|\r|\n")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The relay, and how to get in. `password` is asked at each login; without `username` there is none.

    With `token` the password is an OAuth access token (RFC 6750); `refused` is told one that the server did not take, and the
    next is tried once.
    """

    host: str
    port: int
    tls: Tls
    username: str | None = None
    password: Callable[[], str] = field(default=lambda: "", repr=False)
    token: bool = False
    refused: Callable[[str], None] | None = None
    connections: int = 4
    ca_file: str | None = None
    reply_seconds: float = REPLY_SECONDS
    final_reply_seconds: float = FINAL_REPLY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail to one recipient. `reverse_path` is empty for the null reverse-path; the octets go out as they are.

    `ours` is asked before the final dot: when it says no, another has taken the mail over, and it is not sent here. `before_dot`
    is called as the last thing before it leaves.
    """

    id: int
    reverse_path: str
    forward_path: str
    octets: bytes = field(repr=False)
    ours: Callable[[], bool] = field(default=lambda: True, repr=False, compare=False)
    before_dot: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a mail.

    sent: the relay took it (2yz after the final dot). refused: never as it is (5yz, an address that can't be). deferred: not
    now, and surely not taken. unknown: the final dot may have arrived and no reply came (RFC 1047). channel: the relay refuses
    us, no mail is to blame. untried: we stopped before the final dot for a reason of our own.
    """

    id: int
    outcome: Outcome
    reply_code: int | None = None
    enhanced_status: str | None = None
    text: str = ""


Claim = Callable[[int, Sequence[Result]], Sequence[Outgoing]]
"""(how many mails may be claimed, what has finished since the last call) -> the mails claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What the relay says it can do, for people: its extensions (RFC 1869), the largest mail in octets, whether TLS is on."""

    extensions: tuple[str, ...]
    largest: int | None
    encrypted: bool


class _NoLineError(Exception):
    """No connection could be made; `outcome` says who is to blame."""

    def __init__(self, outcome: Outcome, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.outcome, self.text, self.code = outcome, text, code


class Relay:
    """A few connections to the relay, kept from call to call. It belongs to one thread.

    Raises Permanent at once for a server that can't be used safely.
    """

    def __init__(self, server: Server, alive: Callable[[], None] = lambda: None) -> None:
        """`alive` is called again and again while conversations go on; each step of theirs has a time-out of its own."""
        refuse_clear_text(server.tls, server.host)
        self.server = server
        self._alive = alive
        self._context = verified_context(server.ca_file) if server.tls != "none" else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._kept: list[_Line] = []
        self._owed: list[Result] = []

    @property
    def owes(self) -> bool:
        """Whether results could not be handed over, because `claim` raised; the next `send` begins with them."""
        return bool(self._owed)

    @property
    def owed_ids(self) -> frozenset[int]:
        """The mails of those results."""
        return frozenset(result.id for result in self._owed)

    def send(self, claim: Claim) -> None:
        """Send what `claim` hands out until it hands out nothing and nothing is in flight.

        Every claimed mail comes back as exactly one result. While no connection is open only one mail is claimed, so that an
        outage costs one mail an attempt, not the whole queue. Raises Temporary, after the last result was handed over, when
        the relay can't be reached. What `claim` raises comes out too, after what is in flight has ended; its results are
        owed to the next call.
        """
        self._run(self._send(claim))

    def probe(self) -> Abilities:
        """Connect, log in, and say what the relay can do. Raises Temporary with the reason when that fails."""

        async def look() -> Abilities:
            line = _Line(self.server, self._context)
            try:
                await line.open()
                return line.abilities()
            except _NoLineError as error:
                raise Temporary(f"relay {self.server.host}:{self.server.port}: {error.text}") from None
            finally:
                await line.close()

        return self._run(look())

    def close(self) -> None:
        """Say goodbye on every connection. Never raises; may be called again."""
        if self._loop is None:
            return
        kept, self._kept = self._kept, []

        async def leave() -> None:
            await asyncio.gather(*(line.close() for line in kept), return_exceptions=True)

        self._run(leave())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._loop = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run(self, work: Coroutine[object, object, _T]) -> _T:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(work)

    async def _send(self, claim: Claim) -> None:
        await self._drop_old()
        most = self.server.connections
        waiting: deque[Outgoing] = deque()
        flying: dict[asyncio.Task[Result], tuple[_Line, Outgoing]] = {}
        finished: list[Result] = []
        away: _NoLineError | None = None
        while True:
            room = most if self._kept or any(line.is_open for line, _ in flying.values()) else 1
            free = 0 if away else max(0, room - len(flying) - len(waiting))
            self._owed.extend(finished)
            finished = []
            try:
                waiting.extend(claim(free, tuple(self._owed)))
            except BaseException:
                await self._settle(flying, waiting)
                raise
            self._owed.clear()
            while waiting and len(flying) < most:
                line = self._kept.pop() if self._kept else _Line(self.server, self._context)
                mail = waiting.popleft()
                flying[asyncio.ensure_future(line.deliver(mail))] = (line, mail)
            if not flying:
                break
            done, others = await self._first_ended(flying)
            if others:
                done, _ = await asyncio.wait(flying, timeout=TOGETHER_SECONDS)
            for task in done:
                line, mail = flying.pop(task)
                try:
                    finished.append(task.result())
                except _NoLineError as error:
                    await line.close()
                    if error.outcome == "deferred" and (flying or self._kept):
                        # the relay wants fewer connections than we do: the mail goes over another one
                        most = max(1, len(flying) + len(self._kept))
                        waiting.appendleft(mail)
                        continue
                    away = error
                    finished.append(_result(mail, error.outcome, error.code, error.text))
                    finished.extend(_result(other, error.outcome, error.code, error.text) for other in waiting)
                    waiting.clear()
                    continue
                if line.is_open:
                    self._kept.append(line)
                else:
                    await line.close()
        if away is not None and away.outcome == "deferred":
            raise Temporary(f"relay {self.server.host}:{self.server.port}: {away.text}")

    async def _first_ended(self, flying: Iterable[asyncio.Task[Result]]) -> tuple[set[asyncio.Task[Result]], set[asyncio.Task[Result]]]:
        while True:
            self._alive()
            done, others = await asyncio.wait(flying, timeout=ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return done, others

    async def _settle(self, flying: dict[asyncio.Task[Result], tuple[_Line, Outgoing]], waiting: Sequence[Outgoing]) -> None:
        """The caller can't go on (its database is away): end what is in flight, and owe it the results."""
        for answer, (line, mail) in zip(await asyncio.gather(*flying, return_exceptions=True), flying.values(), strict=True):
            self._owed.append(answer if isinstance(answer, Result) else _result(mail, "deferred", None, f"not sent: {answer}"))
            await line.close()
        self._owed.extend(_result(mail, "untried", None, "not sent: the program could not go on") for mail in waiting)

    async def _drop_old(self) -> None:
        fresh = [line for line in self._kept if line.is_open and time.monotonic() - line.used_at < IDLE_SECONDS]
        old = [line for line in self._kept if line not in fresh]
        self._kept = fresh
        await asyncio.gather(*(line.close() for line in old))


class _Line:
    """One connection; a mail is given to it only when the one before has ended."""

    def __init__(self, server: Server, context: ssl.SSLContext | None) -> None:
        self.server = server
        self.used_at = time.monotonic()
        self._context = context
        self._smtp: aiosmtplib.SMTP | None = None
        self._sockets: list[socket.socket] = []
        """Every one it ever had that may still be open."""
        self._mails = 0

    @property
    def is_open(self) -> bool:
        """Whether another mail may be given to it."""
        return self._smtp is not None and self._smtp.is_connected and self._mails < MAILS_PER_CONNECTION

    def abilities(self) -> Abilities:
        """What the server said to EHLO."""
        smtp = self._connected()
        size = smtp.esmtp_extensions.get("size", "")
        names = tuple(sorted(f"{name.upper()} {value}".strip() for name, value in smtp.esmtp_extensions.items()))
        return Abilities(
            extensions=names, largest=int(size) if size.isdigit() and int(size) else None,
            encrypted=smtp.get_transport_info("sslcontext") is not None,
        )  # fmt: skip

    def _connected(self) -> aiosmtplib.SMTP:
        if self._smtp is None:
            raise aiosmtplib.SMTPServerDisconnected("not connected")
        return self._smtp

    async def open(self) -> None:
        """Connect, TLS, EHLO, log in. Raises _NoLineError."""
        server = self.server
        password = await self._password()
        try:
            await self._open(password)
        except _NoLineError as error:
            if server.refused is None or password is None or error.code not in LOGIN_CODES:
                raise
            # a token may be taken back before its end
            server.refused(password)
            await self._open(await self._password())

    async def _password(self) -> str | None:
        server = self.server
        if not server.username:
            return None
        try:
            # a token may take a while to come: the other connections go on meanwhile
            return await asyncio.to_thread(server.password) if server.token else server.password()
        except Failure as error:
            raise _NoLineError("channel", str(error)) from None

    async def _open(self, password: str | None) -> None:
        server = self.server
        self._mails = 0
        seconds = min(CONNECT_SECONDS, server.reply_seconds)
        try:
            self._smtp = aiosmtplib.SMTP(
                hostname=server.host, sock=await self._connect(seconds), timeout=seconds, local_hostname=_our_name(),
                use_tls=server.tls == "implicit", start_tls=server.tls == "starttls", tls_context=self._context,
                username=None if server.token else server.username, password=None if server.token else password,
            )  # fmt: skip
            await self._smtp.connect()
            if self._smtp.is_ehlo_or_helo_needed:
                await self._smtp.ehlo()
            if server.token and server.username and password is not None:
                await self._show_token(self._smtp, server.username, password)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self._drop()
            raise _blame(error) from None

    async def _connect(self, seconds: float) -> socket.socket:
        """A socket of our own: aiosmtplib forgets the one of a connection that failed, and nobody could tell when it is closed."""
        host, port = self.server.host, self.server.port
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                for number, (family, kind, protocol, _, address) in enumerate(found, 1):
                    sock = socket.socket(family, kind, protocol)
                    self._sockets.append(sock)
                    sock.setblocking(False)
                    try:
                        await loop.sock_connect(sock, address)
                    except OSError:
                        sock.close()
                        if number == len(found):
                            raise
                        continue
                    return sock
        except TimeoutError:
            raise aiosmtplib.SMTPConnectTimeoutError(f"Timed out connecting to {host} on port {port}") from None
        except OSError as error:
            raise aiosmtplib.SMTPConnectError(f"Error connecting to {host} on port {port}: {error}") from error
        raise aiosmtplib.SMTPConnectError(f"Error connecting to {host} on port {port}: it has no address")

    async def _show_token(self, smtp: aiosmtplib.SMTP, username: str, token: str) -> None:
        """AUTH with an access token (RFC 7628, RFC 4954). The server's reason for refusing it comes in a challenge of its own."""
        mechanism = bearer_mechanism(smtp.server_auth_methods)
        if mechanism is None:
            raise aiosmtplib.SMTPNotSupported("the server offers neither XOAUTH2 nor OAUTHBEARER")
        first = bearer_response(mechanism, username=username, token=token, host=self.server.host, port=self.server.port)
        code, text = await smtp.execute_command(b"AUTH", mechanism.encode(), base64.b64encode(first))
        reason = ""
        if code == 334:
            try:
                reason = refusal_text(base64.b64decode(text))
            except ValueError:
                pass
            code, text = await smtp.execute_command(base64.b64encode(CLOSING[mechanism]))
        if code != 235:
            raise aiosmtplib.SMTPAuthenticationError(code, text.replace(token, "…") + (f" (status {reason})" if reason else ""))

    async def close(self) -> None:
        """QUIT if that is quick. Never raises."""
        if self._smtp is not None and self._smtp.is_connected:
            transport = self._smtp.transport
            try:
                await self._smtp.quit(timeout=2.0)
            except (aiosmtplib.SMTPException, OSError):
                pass
            if isinstance(transport, asyncio.WriteTransport):
                # under TLS closing waits for the relay's last word, and the loop ends before it comes
                transport.abort()
        self._drop()
        await self._until_closed()

    async def _until_closed(self) -> None:
        """Turn the loop until it has closed every socket. One that takes too long is shut: the loop sees its end, and closes it."""
        began, turns = time.monotonic(), 0
        while sockets := [sock for sock in self._sockets if sock.fileno() != -1]:
            spent, turns = time.monotonic() - began, turns + 1
            for sock in sockets if spent > LAST_WORDS_SECONDS else ():
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:  # it is not connected any more
                    pass
                if spent > 2 * LAST_WORDS_SECONDS:  # no transport ever had it
                    sock.close()
            await asyncio.sleep(0 if turns < TURNS else LAST_WORDS_SECONDS / 40)
        self._sockets.clear()

    def _drop(self) -> None:
        if self._smtp is not None:
            transport = self._smtp.transport
            self._smtp.close()
            if isinstance(transport, asyncio.WriteTransport):
                # closing waits until a server that reads no more has read everything
                transport.abort()
            self._smtp = None

    async def deliver(self, mail: Outgoing) -> Result:
        """The whole conversation about one mail. Raises _NoLineError when there is no connection to have it on."""
        problem = _impossible(mail)
        if problem is not None:
            return _result(mail, "refused", None, problem)
        kept = self.is_open
        if not kept:
            await self.open()
        try:
            result = await self._talk(mail)
        except _StaleError as error:
            # a server may end a kept connection at any time; nothing of this mail was taken, so a fresh one is tried
            self._drop()
            if not kept:
                return _result(mail, "deferred", error.code, error.text)
            await self.open()
            try:
                result = await self._talk(mail)
            except _StaleError as again:
                self._drop()
                return _result(mail, "deferred", again.code, again.text)
        self._mails += 1
        self.used_at = time.monotonic()
        return result

    async def _talk(self, mail: Outgoing) -> Result:
        """MAIL, RCPT, DATA. Raises _StaleError when the line broke before anything of the mail was taken."""
        smtp = self._connected()
        options = [f"SIZE={len(mail.octets)}".encode()] if smtp.supports_extension("size") else []
        if not mail.octets.isascii() and smtp.supports_extension("8bitmime"):
            options.append(b"BODY=8BITMIME")
        wait = self.server.reply_seconds
        commands: tuple[tuple[tuple[bytes, ...], set[int], tuple[str, ...]], ...] = (
            ((b"MAIL", b"FROM:<" + mail.reverse_path.encode("ascii") + b">", *options), {250}, ("after_mail",)),
            ((b"RCPT", b"TO:<" + mail.forward_path.encode("ascii") + b">"), {250, 251}, ("after_rcpt", "before_t5")),
            ((b"DATA",), {354}, ("after_t5",)),
        )
        for command, wanted, passed in commands:
            try:
                code, text = await smtp.execute_command(*command, timeout=wait)
            except aiosmtplib.SMTPResponseException as error:
                self._drop()
                return _result(mail, "deferred", None, f"the server's answer can't be read: {error.message}")
            except (aiosmtplib.SMTPException, OSError) as error:
                raise _StaleError(str(error)) from None
            if code not in wanted:
                return await self._refusal(mail, code, text)
            for place in passed:
                failpoint(place)
        return await self._data(mail, smtp)

    async def _refusal(self, mail: Outgoing, code: int, text: str) -> Result:
        if code == 421:
            raise _StaleError(text, code)
        if not await self._reset():
            self._drop()
        if code in LOGIN_CODES:
            return _result(mail, "channel", code, text)
        return _result(mail, "refused" if 500 <= code < 600 else "deferred", code, text)

    async def _reset(self) -> bool:
        """Forget the mail that was refused, so that the connection can be used for another."""
        try:
            code, _ = await self._connected().execute_command(b"RSET", timeout=self.server.reply_seconds)
        except (aiosmtplib.SMTPException, OSError):
            return False
        return code == 250

    async def _data(self, mail: Outgoing, smtp: aiosmtplib.SMTP) -> Result:
        protocol = smtp.protocol
        try:
            if protocol is None:
                return _result(mail, "deferred", None, "the connection was lost before the mail was sent")
            if mail.ours():
                protocol.write(_dot_stuffed(mail.octets))
                failpoint("half_data")
                if len(mail.octets) > LARGE_OCTETS and not await self._drained(smtp):
                    self._drop()
                    return _result(mail, "deferred", None, "the connection broke while the mail was sent")
            if not mail.ours():
                self._drop()
                return _result(mail, "untried", None, "not sent: this worker had stood still, the mail may be another's by now")
            mail.before_dot()
            protocol.write(b".\r\n")
        except aiosmtplib.SMTPServerDisconnected as error:
            # the dot was never written
            self._drop()
            return _result(mail, "deferred", None, str(error))
        failpoint("after_dot")
        try:
            code, text = await protocol.read_response(timeout=self.server.final_reply_seconds)
        except (aiosmtplib.SMTPException, OSError) as error:
            self._drop()
            return _result(mail, "unknown", None, f"no answer to the final dot: {error}")
        if code == 421:
            self._drop()
        if 200 <= code < 300:
            return _result(mail, "sent", code, text)
        if 400 <= code < 500:
            return _result(mail, "deferred", code, text)
        if code in LOGIN_CODES:
            return _result(mail, "channel", code, text)
        if 500 <= code < 600:
            return _result(mail, "refused", code, text)
        self._drop()
        return _result(mail, "unknown", code, f"an answer that means nothing: {text}")

    async def _drained(self, smtp: aiosmtplib.SMTP) -> bool:
        """Wait until a large mail has left this process; False when the line breaks or stands still meanwhile."""
        before, moved_at = -1, time.monotonic()
        while smtp.is_connected and isinstance(smtp.transport, asyncio.WriteTransport):
            left = smtp.transport.get_write_buffer_size()
            if left == 0:
                return True
            if left != before:
                before, moved_at = left, time.monotonic()
            elif time.monotonic() - moved_at > self.server.reply_seconds:
                return False
            await asyncio.sleep(0.005)
        return False


class _StaleError(Exception):
    """The line broke, or the server ended it, before anything of the mail was taken."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.text, self.code = text, code


def _impossible(mail: Outgoing) -> str | None:
    """Why the envelope can't be put on the wire: paths are strict addr-specs, so nothing can be smuggled in (CWE-93)."""
    for path, name in ((mail.forward_path, "forward-path"), (mail.reverse_path, "reverse-path")):
        if not path and name == "reverse-path":
            continue
        address, problem = addr_spec(path)
        if address is None or address.lower() != path.lower() or path.startswith("-"):
            return f"not an address for the {name} ({problem or 'not canonical'}): {path!r}"
    return None


def _dot_stuffed(octets: bytes) -> bytes:
    """The mail as DATA wants it, without the final dot: every line ends in CRLF, no bare CR or LF, leading dots doubled."""
    lines = octets.count(b"\r\n")
    if octets.count(b"\n") != lines or octets.count(b"\r") != lines:
        octets = _BARE_LINE_END.sub(b"\r\n", octets)
    if not octets.endswith(b"\r\n"):
        octets += b"\r\n"
    octets = octets.replace(b"\r\n.", b"\r\n..")
    return b"." + octets if octets.startswith(b".") else octets


def _blame(error: Exception) -> _NoLineError:
    """Who is to blame for a connection that could not be made: the moment (deferred) or the installation (channel)."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return _NoLineError("channel", f"TLS: {told(cause)}")
        cause = cause.__cause__
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return _NoLineError("channel", f"login refused: {error.message}", error.code)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        channel = 500 <= error.code < 600 or error.code == 454
        return _NoLineError("channel" if channel else "deferred", error.message, error.code)
    if isinstance(error, OSError):
        return _NoLineError("deferred", f"can't connect: {told(error)}")
    # no STARTTLS, no AUTH, no login method in common, a host name that is none
    return _NoLineError("channel", str(error) or type(error).__name__)


def _result(mail: Outgoing, outcome: Outcome, code: int | None, text: str) -> Result:
    # a reply is any octets; what can't be stored as text must not come near the database
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "")
    found = _ENHANCED.match(text)
    return Result(id=mail.id, outcome=outcome, reply_code=code, enhanced_status=found[0] if found else None, text=text[:1000])


def _our_name() -> str:
    """The name for EHLO: the host's if it is a full one, else an address literal (RFC 5321 section 4.1.3). Asks no DNS."""
    name = socket.gethostname()
    return name if "." in name and addr_spec(f"x@{name}")[0] is not None else "[127.0.0.1]"

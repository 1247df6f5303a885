"""Watch a mailbox: what is there, its octets, put it away, wait for more (RFC 3501, 2177, 4315, 6851).

Only UIDs and configured folder names ever go into a command; nothing of a mail does. A mail is read with BODY.PEEK[], so
looking changes nothing on the server.
"""

from __future__ import annotations

import imaplib
import os
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from daemon.errors import Permanent, Temporary
from daemon.failpoints import failpoint
from daemon.mail.sasl import CLOSING, bearer_mechanism, bearer_response, refusal_text
from daemon.mail.transport import Tls, UnsafeLine, refuse_clear_text, told, verified_context

CONNECT_SECONDS = 30.0
READ_SECONDS = 60.0
"""The longest silence in the middle of an answer; then the line counts as dead."""

IDLE_SECONDS = 9 * 60.0
"""IDLE is renewed at least that often. RFC 2177 allows 29 minutes, address translators forget a silent line sooner."""

FIRST_IDLE_SECONDS = 2.0
"""The first round of IDLE. A word that came in one packet with the server's "+ idling" is read only when a round ends, so the
rounds begin short and grow."""

KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}

SEARCH_WINDOW = 50_000
"""UIDs asked for in one SEARCH: the answer stays below the 1 MB that imaplib takes in a line."""

COMMAND_UIDS = 500
"""UIDs named in one command, about 5 kB: servers bound the length of a line."""

FETCH_COUNT = 50
FETCH_OCTETS = 8 * 1024 * 1024
"""Bounds of one FETCH: everything it answers is in memory at once."""

ALONE_TRIES = 2
"""How often a mail is asked for by itself after the line broke while several were, until it is left where it lies."""

MOST_AGAIN = 5
"""At how many mails that broke the line at an earlier look it may break again in one look, each at the price of a login."""

HEAD_OCTETS = 64 * 1024
"""What is kept of a mail over the size limit."""

KEYWORD = b"$Supportd"
"""Marks a finished mail on a server that can neither MOVE nor expunge single mails."""

UNDATED = datetime.max.replace(tzinfo=UTC)
"""The arrival of a mail whose date the server doesn't tell: later than every clock, so the reader's own clock counts."""


class _Client(IMAPClient):  # type: ignore[misc]
    """Without the debug texts: imaplib writes each mail's octets out twice for a log that nobody reads."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._imap.debug = 0


class BrokenLine(Temporary):
    """The line to the server ended, or it said nothing for too long."""


class HandsOutNothing(BrokenLine):
    """The server ended each session in which a mail was asked for, whichever it was."""


class LoginRefused(Temporary):
    """The server refused the login. A password may be mended without us knowing, so it is tried again, slowly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where a mailbox is and how to get in. `password` is asked at each login and may raise the house's own errors.

    With `token` the password is an OAuth access token (RFC 6750); `refused` is told one that the server did not take, and the
    next is tried once. `ca_file` names further certificate authorities to believe.
    """

    name: str
    host: str
    port: int
    tls: Tls
    username: str
    password: Callable[[], str] = field(repr=False)
    token: bool = False
    refused: Callable[[str], None] | None = None
    folder: str = "INBOX"
    idle: bool = True
    poll_seconds: float = 60
    ca_file: str | None = None
    read_seconds: float = READ_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A mail as the server has it. `octets` is None when it vanished; with `too_large` it is only the beginning.

    `size` counts the octets of the whole mail; `internal_date` is its arrival, in UTC.
    """

    uid: int
    octets: bytes | None = field(repr=False)
    size: int
    internal_date: datetime
    too_large: bool = False


class Watch:
    """One connection to one folder. It belongs to the thread that made it.

    Every method raises Temporary when the line or the server fails; the connection is of no use then: close it and make
    another. Raises Permanent at once for an account that can't be used safely.
    """

    def __init__(self, account: Account, expects: Callable[[float], None] = lambda _seconds: None, *, wary: bool = False) -> None:
        """`expects` is told, before each wait, how many seconds of silence are in order.

        A `wary` one is of a server that handed out nothing lately: it does not ask over new lines whose fault it is that one broke.
        """
        refuse_clear_text(account.tls, account.host)
        check_folder(account.folder)
        self.account = account
        self._expects = expects
        self._wary = wary
        self.uidvalidity = 0
        self.logins = 0
        """How many were tried."""
        self.unreadable: set[int] = set()
        """UIDs that the server lists but refuses to hand out, or breaks the line at; they are asked for again at the next look."""
        self._guilty = False
        """Whether in this look the line broke at a mail whose fault it was."""
        self._broken_again = 0
        """At how many mails of earlier looks it broke in this one."""
        self._hung_up = False
        self.tells_uidnext = False
        """Whether the server names the next UID itself; otherwise it is one more than the last mail's, and may shrink."""
        self._client: Any = None
        self._capabilities: frozenset[str] = frozenset()
        self._uidnext = 0
        self._exists = 0
        self._keywords = False
        self._facts: dict[int, tuple[int, datetime]] = {}
        self._folders: set[str] = set()

    # --- the line --------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Log in and open the folder for writing. Raises LoginRefused for a bad login, Temporary, or Permanent."""
        account = self.account
        password = account.password()
        try:
            self._connect(password)
        except LoginRefused:
            if account.refused is None:
                raise
            # a token may be taken back before its end
            account.refused(password)
            self._connect(account.password())

    def _connect(self, password: str) -> None:
        account = self.account
        context = verified_context(account.ca_file) if account.tls != "none" else None
        try:
            with self._trouble("can't connect"):
                self._client = _Client(
                    account.host, account.port, ssl=account.tls == "implicit", ssl_context=context,
                    timeout=SocketTimeout(min(CONNECT_SECONDS, account.read_seconds), account.read_seconds),
                )  # fmt: skip
                self._client.normalise_times = False
                _keep_alive(self._client.socket())
                if account.tls == "starttls":
                    self._start_tls(context)
            with self._trouble("login"):
                self._login(password)
                self._capabilities = frozenset(name.decode("ascii", "replace") for name in self._client.capabilities())
            self._select()
        except BaseException:
            self.close()
            raise

    def _start_tls(self, context: ssl.SSLContext | None) -> None:
        """TLS on the open line (RFC 3501 section 6.2.1), or UnsafeLine: there is no fall-back, and the password never leaves.

        What came in clear text behind the server's go-ahead was put there to be taken for an answer under TLS: nothing of this
        line is believed then.
        """
        where = f"mailbox {self.account.name}: {self.account.host}"
        if b"STARTTLS" not in self._client.capabilities():
            raise UnsafeLine(f"{where} offers no STARTTLS")
        library = self._client._imap  # noqa: SLF001 - its buffer is shown by nothing else
        before = None if hasattr(library, "_readbuf") else library.file
        try:
            self._client.starttls(context)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise UnsafeLine(f"{where} refused STARTTLS: {told(error)}") from None
        try:
            left_over = before.peek() if before is not None else library._readbuf  # noqa: SLF001
        except (OSError, ValueError):
            # its line is the TLS one by now, so there was nothing in the buffer
            left_over = b""
        if left_over:
            raise UnsafeLine(f"{where} said more than its go-ahead before TLS began, as somebody between would")

    def _login(self, password: str) -> None:
        account, client = self.account, self._client
        self.logins += 1
        offered = client.capabilities()
        try:
            if account.token:
                self._bearer_login(password, [name.decode("ascii", "replace")[5:] for name in offered if name.startswith(b"AUTH=")])
            elif b"AUTH=PLAIN" in offered and (b"LOGINDISABLED" in offered or not (account.username + password).isascii()):
                client.plain_login(account.username, password)
            elif (account.username + password).isascii():
                client.login(account.username, password)
            else:
                raise LoginRefused(f"mailbox {account.name}: the server takes no user name or password with such letters")
        except LoginError as error:
            said = told(error).replace(password, "…") if password else told(error)
            raise LoginRefused(f"mailbox {account.name}: {account.host} refused the login: {said}") from None

    def _bearer_login(self, token: str, offered: Sequence[str]) -> None:
        """Show an access token (RFC 7628). The server's reason for refusing it comes in a challenge of its own."""
        account = self.account
        mechanism = bearer_mechanism(offered)
        if mechanism is None:
            raise LoginRefused(f"mailbox {account.name}: {account.host} offers neither XOAUTH2 nor OAUTHBEARER")
        first = [bearer_response(mechanism, username=account.username, token=token, host=account.host, port=account.port)]
        reasons: list[str] = []

        def answer(challenge: bytes) -> bytes:
            if first:
                return first.pop()
            reasons.append(refusal_text(challenge))
            return CLOSING[mechanism]

        try:
            self._client.sasl_login(mechanism, answer)
        except LoginError as error:
            raise LoginError(" ".join([str(error), *(f"(status {reason})" for reason in reasons if reason)])) from None

    def _select(self) -> None:
        with self._trouble(f"folder {self.account.folder}"):
            facts = self._client.select_folder(self.account.folder)
            uidvalidity = facts.get(b"UIDVALIDITY", 0)
            self._exists = facts.get(b"EXISTS", 0)
            permanent = facts.get(b"PERMANENTFLAGS", ())
            self._keywords = b"\\*" in permanent or KEYWORD in permanent
            self.tells_uidnext = b"UIDNEXT" in facts
            uidnext = facts.get(b"UIDNEXT") or max(self._client.search(["UID", "*"]), default=0) + 1
        if not uidvalidity:
            raise Permanent(f"mailbox {self.account.name}: the server gives no UIDVALIDITY, so its mails can't be told apart")
        if self.uidvalidity not in (0, uidvalidity):
            raise Temporary(f"mailbox {self.account.name}: UIDVALIDITY changed from {self.uidvalidity} to {uidvalidity}")
        self.uidvalidity, self._uidnext = uidvalidity, uidnext

    def capabilities(self) -> tuple[str, ...]:
        """What the server can do, as it says after the login."""
        return tuple(sorted(self._capabilities))

    def hang_up(self) -> None:
        """Break the line, from another thread: what waits for the server then raises Temporary. Never raises."""
        self._hung_up = True
        client = self._client
        if client is not None:
            with suppress(OSError):
                # not the method of an SSL socket, which would pull the encryption away from under the other thread
                socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)

    def close(self) -> None:
        """Leave. Never raises; may be called again."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.socket().settimeout(2.0)
            client.logout()
        except (OSError, imaplib.IMAP4.error, ValueError):
            try:
                client.shutdown()
            except (OSError, imaplib.IMAP4.error):
                pass

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _trouble(self, doing: str, waits: float = 0.0) -> Iterator[None]:
        """What a library says of a broken line or a refusal becomes Temporary. `waits` are seconds that nothing need be said."""
        if self._client is None and doing != "can't connect":
            raise Temporary(f"mailbox {self.account.name}: not connected")
        self._expects(waits + self.account.read_seconds)
        try:
            yield
        except Temporary:
            raise
        except (OSError, imaplib.IMAP4.error, ValueError, IndexError) as error:
            where = f"mailbox {self.account.name}: " + (f"{self.account.host}:{self.account.port}: " if doing == "can't connect" else "")
            if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
                raise UnsafeLine(f"{where}{doing}: TLS: {told(error)}") from error
            broken = isinstance(error, (OSError, imaplib.IMAP4.abort))
            raise (BrokenLine if broken else Temporary)(f"{where}{doing}: {told(error)}") from error

    # --- what is there ---------------------------------------------------------------------------------------------

    def uidnext(self) -> int:
        """The next UID the server will give out, by a fresh SELECT: one view with the search that follows.

        STATUS may run ahead of the open folder, and a mail it counts but SEARCH doesn't show would look vanished.
        """
        self._select()
        self._guilty, self._broken_again = False, 0
        return self._uidnext

    def uids(self, lowest: int = 1) -> list[int]:
        """Every UID of the folder from `lowest` on, ascending, up to what `uidnext` said last."""
        found: set[int] = set()
        if self._exists == 0 or lowest >= self._uidnext:
            return []
        step = SEARCH_WINDOW if self._exists > SEARCH_WINDOW else self._uidnext
        with self._trouble("search"):
            for first in range(lowest, self._uidnext, step):
                last = min(first + step, self._uidnext) - 1
                # "5:4" means 4:5, and a server may answer with more than was asked for
                found.update(uid for uid in self._client.search(["UID", f"{first}:{last}"]) if first <= uid <= last)
        return sorted(found)

    def sizes(self, uids: Sequence[int]) -> dict[int, tuple[int, datetime]]:
        """Size in octets as the server announces it, and arrival in UTC; a UID that is gone is left out."""
        facts: dict[int, tuple[int, datetime]] = {}
        with self._trouble("sizes"):
            for part in _parts(uids, COMMAND_UIDS):
                for uid, data in self._client.fetch(part, ["RFC822.SIZE", "INTERNALDATE"]).items():
                    if isinstance(data.get(b"RFC822.SIZE"), int):
                        facts[uid] = (data[b"RFC822.SIZE"], _utc(data.get(b"INTERNALDATE")))
        self._facts.update(facts)
        return facts

    def batches(self, uids: Sequence[int], count: int, octets: int) -> Iterator[list[int]]:
        """Cut the UIDs into batches of at most `count` mails and `octets` together; one larger mail is a batch of its own."""
        for part in _parts(uids, COMMAND_UIDS):
            facts = self.sizes(part)
            batch: list[int] = []
            total = 0
            for uid in part:
                size = facts[uid][0] if uid in facts else 0
                if batch and (len(batch) >= count or total + size > octets):
                    yield batch
                    batch, total = [], 0
                batch.append(uid)
                total += size
            if batch:
                yield batch
            self._facts.clear()

    def octets(self, uids: Sequence[int], message_size: int) -> int:
        """How many a fetch of these mails of a batch brings, as the server says: of one over `message_size` only the beginning."""
        sizes = [self._facts[uid][0] for uid in uids if uid in self._facts]
        return sum(size if size <= message_size else HEAD_OCTETS for size in sizes)

    # --- its octets ------------------------------------------------------------------------------------------------

    def fetch(self, uids: Sequence[int], message_size: int) -> Iterator[Fetched]:
        """Each mail with its octets, in the order of `uids`, without changing a flag.

        Of a mail over `message_size` octets only the beginning comes. A mail that the server does not have after a second
        look comes with octets None; one that it lists and yet refuses is left out and kept in `unreadable`. So is one at which
        the line breaks each time, while a new one can be had: it must not keep the others waiting.
        """
        missing = [uid for uid in uids if uid not in self._facts]
        facts = {uid: self._facts[uid] for uid in uids if uid in self._facts} | (self.sizes(missing) if missing else {})
        waiting: list[int] = []
        total = 0
        for uid in uids:
            size = facts[uid][0] if uid in facts else 0
            if size > message_size:
                yield from self._whole(waiting, facts, message_size)
                waiting, total = [], 0
                yield from self._beginning(uid, *facts[uid])
                continue
            if waiting and (len(waiting) >= FETCH_COUNT or total + size > FETCH_OCTETS):
                yield from self._whole(waiting, facts, message_size)
                waiting, total = [], 0
            waiting.append(uid)
            total += size
        yield from self._whole(waiting, facts, message_size)

    def fetch_head(self, uid: int, octets: int) -> bytes | None:
        """The first octets of a mail; None when it is gone."""
        item = f"BODY.PEEK[]<0.{octets}>", b"BODY[]<0>"
        head = self._bodies([uid], *item).get(uid)
        return self._again(uid, *item) if head is None and uid not in self.unreadable else head

    def _beginning(self, uid: int, size: int, internal_date: datetime) -> Iterator[Fetched]:
        head = self.fetch_head(uid, HEAD_OCTETS)
        if uid in self.unreadable:
            return
        yield Fetched(uid=uid, octets=head, size=size, internal_date=internal_date, too_large=head is not None)

    def _whole(self, uids: list[int], facts: dict[int, tuple[int, datetime]], message_size: int) -> Iterator[Fetched]:
        if not uids:
            return
        bodies = self._bodies(uids)
        for uid in uids:
            octets = bodies.get(uid)
            if octets is None and uid not in self.unreadable:
                octets = self._again(uid)
            if uid in self.unreadable:
                continue
            _, internal_date = facts.get(uid) or self.sizes([uid]).get(uid) or (0, UNDATED)
            if octets is None:
                yield Fetched(uid=uid, octets=None, size=0, internal_date=internal_date)
            elif len(octets) > message_size:
                # the announced size was too small
                yield Fetched(uid=uid, octets=octets[:HEAD_OCTETS], size=len(octets), internal_date=internal_date, too_large=True)
            else:
                yield Fetched(uid=uid, octets=octets, size=len(octets), internal_date=internal_date)

    def _bodies(self, uids: list[int], item: str = "BODY.PEEK[]", name: bytes = b"BODY[]") -> dict[int, bytes]:
        """The octets of those the server hands out; one by one, over a new line, if the line breaks."""
        if self.unreadable.isdisjoint(uids):
            try:
                return self._answer(uids, item, name)
            except BrokenLine:
                if self._wary:
                    raise
                self._renew_line()
        bodies: dict[int, bytes] = {}
        for uid in uids:
            bodies |= self._alone(uid, item, name)
        return bodies

    def _answer(self, uids: list[int], item: str, name: bytes) -> dict[int, bytes]:
        """One answer of the server.

        A refusal of several together (RFC 5530 EXPUNGEISSUED) says nothing of each of them, so it is an empty answer here.
        """
        with self._trouble("fetch"):
            try:
                answer = self._client.fetch(uids, [item])
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                return {}
        # NIL is a mail that another session expunged, not an empty one
        return {uid: data[name] for uid, data in answer.items() if isinstance(data.get(name), bytes)}

    def _alone(self, uid: int, item: str, name: bytes) -> dict[int, bytes]:
        """One mail by itself, over a line that may have to be made anew.

        Some servers end the session at a mail of theirs that is damaged (its size on the disk is not the one they noted), at every
        try. It is the mail's fault only if the server hands out another one meanwhile: else BrokenLine is raised, as the server
        is in trouble. A mail of an earlier look is tried once more, unless the line has broken at others of that kind just now.
        """
        if uid in self.unreadable and self._broken_again >= MOST_AGAIN:
            return {}
        known = uid in self.unreadable
        for _ in range(1 if known or self._guilty else ALONE_TRIES):
            try:
                body = self._answer([uid], item, name)
            except BrokenLine:
                self._renew_line()
            else:
                self.unreadable.discard(uid)
                return body
        self._broken_again += known
        if not self._guilty and not self._hands_out_another(uid):
            raise HandsOutNothing(f"mailbox {self.account.name}: fetch: the server ends each session in which a mail is asked for")
        self._guilty = True
        self.unreadable.add(uid)
        return {}

    def _hands_out_another(self, uid: int) -> bool:
        """Whether the first octets of any of a few other mails come: the newest, the oldest, and between them."""
        last = self._exists
        for number in dict.fromkeys((last, 1, (last + 1) // 2, (last + 3) // 4, last - last // 4)):
            with self._trouble("search"):
                other = next(iter(self._client.search([str(number)])), uid)
            if other == uid or other in self.unreadable:
                continue
            try:
                if self._answer([other], "BODY.PEEK[]<0.64>", b"BODY[]<0>"):
                    return True
            except BrokenLine:
                self._renew_line()
        return False

    def _renew_line(self) -> None:
        """A new line for one that broke, unless we broke it off ourselves. Raises as `connect`."""
        self.close()
        if not self._hung_up:
            self.connect()
        if self._hung_up:
            self.close()
            raise BrokenLine(f"mailbox {self.account.name}: the line was broken off")

    def _again(self, uid: int, item: str = "BODY.PEEK[]", name: bytes = b"BODY[]") -> bytes | None:
        """The second look at a mail that did not come; None when it is really gone, or remembered as unreadable."""
        self.unreadable.discard(uid)
        with self._trouble("look again"):
            self._client.noop()
        octets = self._bodies([uid], item, name).get(uid)
        if octets is None and uid not in self.unreadable:
            with self._trouble("look again"):
                if uid in self._client.search(["UID", f"{uid}"]):
                    self.unreadable.add(uid)
        return octets

    # --- put away --------------------------------------------------------------------------------------------------

    def put_away(self, uids: Sequence[int], folder: str) -> bool:
        """Move mails to a folder, made when it is missing; False when this server can only mark them where they lie.

        May be repeated: a UID that is gone is no error. Never a plain EXPUNGE, which would take mails others have deleted.
        """
        check_folder(folder)
        if not uids:
            return True
        if "MOVE" not in self._capabilities and "UIDPLUS" not in self._capabilities:
            flag = KEYWORD if self._keywords else b"\\Seen"
            with self._trouble("mark"):
                for part in _parts(uids, COMMAND_UIDS):
                    self._client.add_flags(part, [flag], silent=True)
            return False
        self._make_folder(folder)
        with self._trouble(f"move to {folder}"):
            for part in _parts(uids, COMMAND_UIDS):
                if "MOVE" in self._capabilities:
                    self._client.move(part, folder)
                    continue
                self._client.copy(part, folder)
                failpoint("after_copy_before_delete")
                self._client.add_flags(part, [b"\\Deleted"], silent=True)
                self._client.uid_expunge(part)
        return True

    def has_folder(self, folder: str) -> bool:
        """Whether there is such a folder."""
        with self._trouble(f"folder {folder}"):
            return bool(self._client.folder_exists(folder))

    def _make_folder(self, folder: str) -> None:
        if folder in self._folders:
            return
        with self._trouble(f"folder {folder}"):
            if not self._client.folder_exists(folder):
                try:
                    self._client.create_folder(folder)
                except imaplib.IMAP4.error:
                    # another one may have made it meanwhile
                    if not self._client.folder_exists(folder):
                        raise
        self._folders.add(folder)

    # --- wait ------------------------------------------------------------------------------------------------------

    def wait(self, seconds: float, wake_fd: int) -> Literal["mail", "woken", "time"]:
        """Wait for new mail, for a word on `wake_fd` (a pipe, read empty here), or until the time is over.

        With IDLE the server tells (RFC 2177); without, the folder is looked at once more at the end. What is said is only
        a hint: look at the folder after every return. Raises Temporary when the line turns out to be dead.
        """
        seen = self._uidnext
        # what came since the last look was perhaps told in an answer that nobody read
        self._select()
        if self._uidnext > seen:
            return "mail"
        if self.account.idle and "IDLE" in self._capabilities:
            return self._idle(time.monotonic() + seconds, wake_fd)
        self._expects(seconds)
        if self._ready([wake_fd], seconds):
            _read_empty(wake_fd)
            return "woken"
        self._select()
        return "mail" if self._uidnext > seen else "time"

    def _idle(self, end: float, wake_fd: int) -> Literal["mail", "woken", "time"]:
        span = FIRST_IDLE_SECONDS
        while (left := end - time.monotonic()) > 0:
            with self._trouble("idle", min(left, span)):
                self._client.idle()
                line = self._client.socket()
                pending = isinstance(line, ssl.SSLSocket) and line.pending() > 0
                ready = self._ready([line.fileno(), wake_fd], 0 if pending else min(left, span))
                # always: on a dead line only this raises, and it reads everything that was said
                _, told = self._client.idle_done()
            if any(word[0] == b"BYE" for word in told):
                raise Temporary(f"mailbox {self.account.name}: the server says goodbye")
            if any(len(word) > 1 and word[1] == b"EXISTS" for word in told):
                return "mail"
            if wake_fd in ready:
                _read_empty(wake_fd)
                return "woken"
            span = min(span * 4, IDLE_SECONDS)
        return "time"

    @staticmethod
    def _ready(descriptors: list[int], seconds: float) -> set[int]:
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        return {descriptor for descriptor, _ in poll.poll(max(0, int(seconds * 1000)))}


def check_folder(name: str) -> None:
    """Raises Permanent for a folder name that could end a command line."""
    if not name or any(sign in name for sign in "\r\n\0"):
        raise Permanent(f"not a folder name: {name!r}")


def _keep_alive(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in KEEPALIVE.items():
        if hasattr(socket, option):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _read_empty(descriptor: int) -> None:
    try:
        while len(os.read(descriptor, 4096)) == 4096:
            pass
    except BlockingIOError:
        pass


def _parts(uids: Sequence[int], count: int) -> Iterator[list[int]]:
    for start in range(0, len(uids), count):
        yield [int(uid) for uid in uids[start : start + count]]


def _utc(moment: datetime | None) -> datetime:
    if moment is None:
        return UNDATED
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return UNDATED

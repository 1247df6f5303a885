"""A server that misbehaves on purpose: an SMTP sink that answers by a script. (Lines that fail: tests.chaos.proxy.)"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Self

from daemon.demo.servers import Sent

DROP, RESET, STALL = "drop", "reset", "stall"
"""Instead of a reply: close the connection, reset it, say nothing more until the sink is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the sink answers to one mail; None is the usual answer. A reply is a line like "450 4.2.1 busy", or DROP, RESET, STALL.

    `dot` is the reply to the final dot: the mail was taken all the same when it is DROP, RESET or STALL ("the 250 is lost").
    """

    mail: str | None = None
    rcpt: str | None = None
    data: str | None = None
    dot: str | None = None


class Sink:
    """An SMTP server in threads. `script` holds the answers for the mails to come, in order; when it is empty all is well."""

    def __init__(
        self, *, context: ssl.SSLContext | None = None, implicit: bool = False, login: tuple[str, str] | None = None,
        greeting: str = "220 sink.example ready", extensions: tuple[str, ...] = ("SIZE 1000000", "8BITMIME"), most: int = 1000,
    ) -> None:  # fmt: skip
        self.script: deque[Script] = deque()
        self.sent: list[Sent] = []
        self.connections = 0
        self.commands: list[str] = []
        self.greeting, self.extensions, self.context, self.implicit, self.login, self.most = (
            greeting,
            extensions,
            context,
            implicit,
            login,
            most,
        )
        self.open = 0
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.sockets: set[socket.socket] = set()
        sink = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Conversation(sink, self.request).run()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.host, self.port = "127.0.0.1", self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """Close every connection, as a relay that is restarted does."""
        with self.lock:
            for line in list(self.sockets):
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.closed.set()
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _HungUpError(Exception):
    pass


@dataclass
class _Conversation:
    sink: Sink
    line: socket.socket
    reader: object = None
    script: Script = field(default_factory=Script)
    encrypted: bool = False
    known: bool = False

    def run(self) -> None:
        sink = self.sink
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sink.lock:
            sink.connections += 1
            sink.open += 1
            too_many = sink.open > sink.most
            sink.sockets.add(self.line)
        try:
            if sink.implicit:
                self._encrypt()
            self.reader = self.line.makefile("rb")
            self._say("421 4.7.0 too many connections" if too_many else sink.greeting)
            if not too_many and sink.greeting.startswith("220"):
                self._talk()
        except (OSError, _HungUpError):
            pass
        finally:
            with sink.lock:
                sink.open -= 1
                sink.sockets.discard(self.line)
            if self.reader is not None:
                self.reader.close()  # type: ignore[attr-defined]
            self.line.close()

    def _encrypt(self) -> None:
        assert self.sink.context is not None
        plain, self.line = self.line, self.sink.context.wrap_socket(self.line, server_side=True)
        with self.sink.lock:
            self.sink.sockets.discard(plain)
            self.sink.sockets.add(self.line)
        self.encrypted = True

    def _say(self, reply: str) -> None:
        if reply == STALL:
            self.sink.closed.wait(60)
            raise _HungUpError
        if reply == RESET:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply in (DROP, RESET):
            raise _HungUpError
        self.line.sendall(reply.encode("latin-1") + b"\r\n")

    def _read(self) -> bytes:
        octets: bytes = self.reader.readline()  # type: ignore[attr-defined]
        if not octets.endswith(b"\r\n"):
            raise _HungUpError
        return octets[:-2]

    def _talk(self) -> None:
        reverse_path, forward_paths = "", []
        while True:
            command = self._read().decode("latin-1")
            verb = command[:4].upper()
            with self.sink.lock:
                self.sink.commands.append(command)
            if verb == "EHLO":
                self._say_extensions()
            elif verb == "STAR" and self.sink.context is not None and not self.encrypted:
                self._say("220 2.0.0 go ahead")
                self.reader.close()  # type: ignore[attr-defined]
                self._encrypt()
                self.reader = self.line.makefile("rb")
            elif verb == "AUTH":
                self._authenticate(command)
            elif verb == "MAIL":
                if self.sink.login is not None and not self.known:
                    self._say("530 5.7.0 authentication required")
                    continue
                with self.sink.lock:
                    self.script = self.sink.script.popleft() if self.sink.script else Script()
                reverse_path, forward_paths = command[command.index("<") + 1 : command.index(">")], []
                self._say(self.script.mail or "250 2.1.0 ok")
            elif verb == "RCPT":
                forward_paths.append(command[command.index("<") + 1 : command.index(">")])
                self._say(self.script.rcpt or "250 2.1.5 ok")
            elif verb == "DATA":
                self._say(self.script.data or "354 go on")
                if self.script.data is None:
                    self._take(reverse_path, tuple(forward_paths))
            elif verb == "QUIT":
                self._say("221 2.0.0 bye")
                return
            else:
                self._say("250 2.0.0 ok" if verb in ("RSET", "NOOP") else "502 5.5.1 no such command")

    def _say_extensions(self) -> None:
        names = [*self.sink.extensions]
        if self.sink.context is not None and not self.encrypted:
            names.append("STARTTLS")
        if self.sink.login is not None and (self.encrypted or self.sink.context is None):
            names.append("AUTH PLAIN")
        lines = ["sink.example", *names]
        for number, text in enumerate(lines):
            self._say(f"250{' ' if number == len(lines) - 1 else '-'}{text}")

    def _authenticate(self, command: str) -> None:
        import base64

        _, user, password = base64.b64decode(command.split(" ")[2]).decode().split("\0")
        self.known = (user, password) == self.sink.login
        self._say("235 2.7.0 welcome" if self.known else "535 5.7.8 who are you")

    def _take(self, reverse_path: str, forward_paths: tuple[str, ...]) -> None:
        lines = []
        while (line := self._read()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        reply = self.script.dot or "250 2.0.0 taken"
        if reply.startswith("250") or reply in (DROP, RESET, STALL):
            octets = b"".join(line + b"\r\n" for line in lines)
            with self.sink.lock:
                self.sink.sent.append(Sent(reverse_path=reverse_path, forward_paths=forward_paths, octets=octets))
        self._say(reply)

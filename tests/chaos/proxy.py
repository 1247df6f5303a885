"""A line to a server that fails where it is told to: between the real program and its IMAP, SMTP and PostgreSQL servers.

A fault is a plain value. `Proxy.script` holds the faults of the connections to come, in order, as `Sink.script` does; when it is
empty a connection gets `Proxy.always`, which is no fault at first. What both sides wrote is kept in `Proxy.lines`.

A program that goes on has its connections already: `Proxy.strike` lets a fault befall whichever of them speaks next, and `Proxy.dark`
is a network that carries nothing any more.

Octets are counted in the direction of who wrote them, "server" or "client"; nothing is decrypted.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Side = Literal["server", "client"]
End = Literal["close", "reset", "silence"]
"""How a connection ends: FIN to both sides, RST to the client, or nothing is carried any more and nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The connection ends when `after` octets of that side were carried."""

    after: int
    how: End = "close"
    of: Side = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swallow:
    """What matches (a regular expression over one write of that side) and all that follows it is not carried, and the line ends so."""

    pattern: bytes
    then: End = "close"
    of: Side = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dribble:
    """Every octet of that side comes alone."""

    of: Side = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What that side writes comes in two pieces, the second one after the first has been taken off the line."""

    at: int
    of: Side = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """In what that side writes, what matches is replaced: capabilities are struck out, answers turned."""

    pattern: bytes
    by: bytes = b""
    of: Side = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inject:
    """Behind what matches, in the same segment, come octets that the side never wrote. Once a connection."""

    behind: bytes
    octets: bytes
    of: Side = "server"


Fault = Break | Swallow | Dribble | Split | Rewrite | Inject


@dataclass(slots=True)
class Line:
    """What was written on one connection, as the writers wrote it."""

    faults: tuple[Fault, ...] = ()
    server: bytearray = field(default_factory=bytearray)
    client: bytearray = field(default_factory=bytearray)
    ended: bool = False
    """Whether a fault has ended it."""

    def of(self, side: Side) -> bytearray:
        return self.server if side == "server" else self.client


@dataclass(slots=True, kw_only=True)
class Strike:
    """A fault that befalls one of the connections that are there already; octets, and what matches, are counted from now over all."""

    fault: Break | Swallow
    on: bytes = b""
    """Only connections on which the client has said this are counted."""
    skip: int = 0
    """So many that match are let through."""
    line: Line | None = None
    """The one that it befell."""
    carried: int = 0

    def befall(self, line: Line, side: Side, octets: bytes) -> tuple[bytes, End | None]:
        """What of these octets is carried, and how the line ends after it."""
        if self.line is not None or side != self.fault.of or self.on not in line.client:
            return octets, None
        match self.fault:
            case Break(after=after, how=how):
                before, self.carried = self.carried, self.carried + len(octets)
                if self.carried < after:
                    return octets, None
                octets, end = octets[: after - before], how
            case Swallow(pattern=pattern, then=then):
                found = list(re.finditer(pattern, octets))
                if len(found) <= self.skip:
                    self.skip -= len(found)
                    return octets, None
                octets, end = octets[: found[self.skip].start()], then
        self.line = line
        return octets, end


class Proxy:
    """Listens on `host`:`port` of loopback and carries each connection to `target`: a port of loopback, or the path of a socket."""

    def __init__(self, target: int | str, always: Sequence[Fault] = ()) -> None:
        self.target = target
        self.always = tuple(always)
        self.script: deque[tuple[Fault, ...]] = deque()
        self.lines: list[Line] = []
        self.dark = False
        """Nothing is carried, nobody is told. Who tries it meanwhile is in the dark for ever; who comes when it is light again is not."""
        self._strike: Strike | None = None
        self.host = "127.0.0.1"
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._at_work: set[asyncio.Future[Any]] = set()
        """The loop itself holds its tasks weakly."""
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, self.host, 0), self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def strike(self, fault: Break | Swallow, *, on: bytes = b"", skip: int = 0) -> Strike:
        """Let this befall one of the connections, in place of what was to befall one before."""
        self._strike = made = Strike(fault=fault, on=on, skip=skip)
        return made

    def befall(self, line: Line, side: Side, octets: bytes) -> tuple[bytes, End | None]:
        """What befalls every connection."""
        if self.dark:
            return b"", "silence"
        return (octets, None) if self._strike is None else self._strike.befall(line, side, octets)

    def close(self) -> None:
        """End every connection and listen no more."""

        async def end() -> None:
            self._server.close()
            for _ in range(3):
                # a connection that is just coming has a turn to be had, so that it can be ended
                await asyncio.sleep(0)
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        line = Line(self.script.popleft() if self.script else self.always)
        self.lines.append(line)
        to_server: asyncio.StreamWriter | None = None
        task = asyncio.current_task()
        assert task is not None
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        try:
            from_server, to_server = await self._dial()
            ways = [
                asyncio.ensure_future(_Way(self, line, "server").carry(from_server, to_client)),
                asyncio.ensure_future(_Way(self, line, "client").carry(from_client, to_server)),
            ]
            self._at_work.update(ways)
            try:
                how = await self._first_end(ways)
                if how == "silence":
                    await self._closing.wait()
                if how == "reset":
                    _reset_on_close(to_client)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)
                self._at_work.difference_update(ways)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for writer in (to_client, to_server):
                if writer is not None:
                    await _hang_up(writer)

    @staticmethod
    async def _first_end(ways: Sequence[asyncio.Future[End | None]]) -> End | None:
        """How the first fault ends the line; None: both sides have said all they had to say."""
        for way in asyncio.as_completed(ways):
            if (how := await way) is not None:
                return how
        return None

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(self.host, self.target)


class _Way:
    """One direction of one connection, and what befalls it."""

    def __init__(self, proxy: Proxy, line: Line, side: Side) -> None:
        self.proxy, self.line, self.side = proxy, line, side
        self.faults = [fault for fault in line.faults if fault.of == side]
        self.written = line.of(side)
        self.carried = 0
        self.injected: set[Inject] = set()
        self.dribbles = any(isinstance(fault, Dribble) for fault in self.faults)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> End | None:
        """Carry octets until a fault ends the line (how), or who writes has written all (None)."""
        octets, end = self._befall(b"")
        while end is None and (octets := await reader.read(65536)):
            self.written += octets
            octets, end = self._befall(octets)
            for piece in self._pieces(octets):
                writer.write(piece)
                await writer.drain()
                if len(piece) < len(octets):
                    # the other side has a turn to take it off the line
                    await asyncio.sleep(0 if self.dribbles else 0.01)
            self.carried += len(octets)
        if end is None:
            writer.write_eof()
        else:
            self.line.ended = True
        return end

    def _befall(self, octets: bytes) -> tuple[bytes, End | None]:
        """What of these octets is carried, and how the line ends after it."""
        octets, end = self.proxy.befall(self.line, self.side, octets)
        for fault in self.faults:
            match fault:
                case Rewrite(pattern=pattern, by=by):
                    octets = re.sub(pattern, by, octets)
                case Inject(behind=behind, octets=more) if fault not in self.injected:
                    if (found := re.search(behind, octets)) is not None:
                        octets = octets[: found.end()] + more + octets[found.end() :]
                        self.injected.add(fault)
                case Swallow(pattern=pattern, then=then):
                    if (found := re.search(pattern, octets)) is not None:
                        octets, end = octets[: found.start()], then
                case Break(after=after, how=how):
                    if self.carried + len(octets) >= after:
                        octets, end = octets[: after - self.carried], how
        return octets, end

    def _pieces(self, octets: bytes) -> list[bytes]:
        if self.dribbles:
            return [octets[place : place + 1] for place in range(len(octets))]
        places = sorted({fault.at - self.carried for fault in self.faults if isinstance(fault, Split)})
        ends = [0, *(place for place in places if 0 < place < len(octets)), len(octets)]
        return [octets[first:last] for first, last in itertools.pairwise(ends) if first < last]


def _reset_on_close(writer: asyncio.StreamWriter) -> None:
    line: Any = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        writer.close()
        await writer.wait_closed()

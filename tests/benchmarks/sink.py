"""A process that takes every mail and notes when it came, and stands between a client and an IMAP server to note each EXISTS.

Both clocks are one. It prints the ports of SMTP, of the IMAP line and of its control; a control line is answered with JSON:
`reset`, `mails` ([moment, In-Reply-To, octets] each) or `words` (moments of EXISTS).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time

PARENT = re.compile(rb"^In-Reply-To:\s*(<[^>]*>)", re.IGNORECASE | re.MULTILINE)
END = b"\r\n.\r\n"
HEAD = 8192
"""Where In-Reply-To is looked for."""

mails: list[tuple[float, str | None, int]] = []
words: list[float] = []


class Conversation(asyncio.Protocol):
    """SMTP as the receiver speaks it, saying yes to everything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = bytearray()
        self.in_data = False
        self.looked_at = 0
        transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.received += data
        while self._take_mail() if self.in_data else self._take_command():
            pass

    def _take_mail(self) -> bool:
        end = self.received.find(END, max(0, self.looked_at - len(END)))
        if end < 0:
            self.looked_at = len(self.received)
            return False
        moment = time.time()
        found = PARENT.search(bytes(self.received[: min(end, HEAD)]))
        mails.append((moment, found[1].decode("ascii", "replace") if found else None, end))
        del self.received[: end + len(END)]
        self.in_data = False
        self.transport.write(b"250 2.0.0 taken\r\n")
        return True

    def _take_command(self) -> bool:
        end = self.received.find(b"\n")
        if end < 0:
            return False
        verb = bytes(self.received[:4]).upper()
        del self.received[: end + 1]
        if verb == b"EHLO":
            self.transport.write(b"250-sink.example\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SIZE 50000000\r\n")
        elif verb == b"DATA":
            self.in_data, self.looked_at = True, 0
            self.transport.write(b"354 go on\r\n")
        elif verb == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
            return False
        else:
            self.transport.write(b"250 2.1.0 well\r\n")
        return True


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, listen: bool) -> None:
    """Octets from one side to the other; with `listen` every EXISTS that is not an answer to SELECT is noted."""
    with contextlib.suppress(OSError):
        while octets := await reader.read(65536):
            if listen and b" EXISTS\r\n" in octets and b" FLAGS " not in octets:
                words.append(time.time())
            writer.write(octets)
            await writer.drain()
    writer.close()


async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One question, one answer."""
    question = (await reader.readline()).strip()
    if question == b"reset":
        mails.clear()
        words.clear()
    writer.write(json.dumps({b"mails": mails, b"words": words}.get(question)).encode())
    await writer.drain()
    writer.close()


async def main(imap_port: int) -> None:
    """Serve until standard input ends."""

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", imap_port)
        await asyncio.gather(pass_on(reader, here, listen=False), pass_on(there, writer, listen=True))

    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(Conversation, "127.0.0.1", 0),
        await asyncio.start_server(line, "127.0.0.1", 0),
        await asyncio.start_server(control, "127.0.0.1", 0),
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

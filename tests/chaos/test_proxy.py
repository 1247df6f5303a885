"""The line that fails on purpose does exactly what it is told to, so that what is proven with it is proven."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import Break, Dribble, End, Fault, Inject, Proxy, Rewrite, Split, Swallow

SAID = b"* OK [CAPABILITY IMAP4rev1 STARTTLS MOVE] ready\r\n"


@pytest.fixture
def port() -> Iterator[int]:
    """A server that greets, and answers each line with the same line."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(line: socket.socket) -> None:
        with line, line.makefile("rb") as reader:
            try:
                line.sendall(SAID)
                for said in reader:
                    line.sendall(said)
            except OSError:
                pass

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(line,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def _dial(proxy: Proxy) -> socket.socket:
    return socket.create_connection((proxy.host, proxy.port), timeout=5)


def _all(line: socket.socket) -> bytes:
    got = b""
    while octets := line.recv(4096):
        got += octets
    return got


def test_without_a_fault_everything_is_carried_and_kept(port: int) -> None:
    with Proxy(port) as proxy:
        with _dial(proxy) as line:
            line.sendall(b"hello\r\n")
            line.shutdown(socket.SHUT_WR)
            assert _all(line) == SAID + b"hello\r\n"
        assert proxy.lines[0].client == b"hello\r\n"
        assert proxy.lines[0].server == SAID + b"hello\r\n"


@pytest.mark.parametrize("after", [0, 1, 20, len(SAID)])
def test_a_line_is_closed_after_exactly_so_many_octets(port: int, after: int) -> None:
    with Proxy(port, [Break(after=after)]) as proxy, _dial(proxy) as line:
        assert _all(line) == SAID[:after]
        assert proxy.lines[0].ended


@pytest.mark.parametrize("after", [1, 4])
def test_what_the_client_says_is_cut_as_well(port: int, after: int) -> None:
    with Proxy(port, [Break(after=after, of="client")]) as proxy, _dial(proxy) as line:
        assert line.recv(4096) == SAID
        line.sendall(b"x\r\ny\r\n")
        assert _all(line) in (b"", b"x\r\n")


def test_a_reset_is_an_error_and_not_an_end(port: int) -> None:
    with Proxy(port, [Break(after=10, how="reset")]) as proxy, _dial(proxy) as line, pytest.raises(ConnectionResetError):
        _all(line)


def test_silence_tells_nobody(port: int) -> None:
    with Proxy(port, [Break(after=10, how="silence")]) as proxy, _dial(proxy) as line:
        line.settimeout(0.2)
        assert line.recv(4096) == SAID[:10]
        with pytest.raises(TimeoutError):
            line.recv(4096)


@pytest.mark.parametrize("then", ["close", "silence"])
def test_an_answer_is_swallowed_that_the_server_gave(port: int, then: End) -> None:
    with Proxy(port, [Swallow(pattern=rb"250 ", then=then)]) as proxy, _dial(proxy) as line:
        assert line.recv(4096) == SAID
        line.settimeout(0.2)
        line.sendall(b"250 taken\r\n")
        if then == "close":
            assert line.recv(4096) == b""
        else:
            with pytest.raises(TimeoutError):
                line.recv(4096)
        assert bytes(proxy.lines[0].server).endswith(b"250 taken\r\n")


@pytest.mark.parametrize("fault", [Dribble(), Split(at=7), Dribble(of="client")])
def test_pieces_are_the_whole(port: int, fault: Fault) -> None:
    with Proxy(port, [fault]) as proxy, _dial(proxy) as line, line.makefile("rb") as reader:
        line.sendall(b"hello\r\n")
        assert reader.readline() == SAID
        assert reader.readline() == b"hello\r\n"


def test_capabilities_are_struck_out_and_words_put_in(port: int) -> None:
    faults = [Rewrite(pattern=rb" STARTTLS"), Inject(behind=rb"ready\r\n", octets=b"* BYE\r\n")]
    with Proxy(port, faults) as proxy, _dial(proxy) as line, line.makefile("rb") as reader:
        assert reader.readline() == SAID.replace(b" STARTTLS", b"")
        assert reader.readline() == b"* BYE\r\n"


def test_each_connection_has_its_own_faults_and_the_next_ones_none(port: int) -> None:
    with Proxy(port) as proxy:
        proxy.script.append((Break(after=3),))
        with _dial(proxy) as first:
            assert _all(first) == SAID[:3]
        with _dial(proxy) as second:
            assert second.recv(4096) == SAID
        assert [line.ended for line in proxy.lines] == [True, False]


def test_a_strike_befalls_one_of_the_connections_that_are_there(port: int) -> None:
    with Proxy(port) as proxy, _dial(proxy) as first, _dial(proxy) as second:
        for line in (first, second):
            assert line.recv(4096) == SAID
        strike = proxy.strike(Break(after=5), on=b"mark")
        first.sendall(b"hello\r\n")
        assert first.recv(4096) == b"hello\r\n"
        second.sendall(b"mark\r\n")
        assert _all(second) == b"mark\r"
        assert strike.line is not None
        assert strike.line.client == b"mark\r\n"
        first.sendall(b"mark\r\n")
        assert first.recv(4096) == b"mark\r\n"


def test_a_strike_lets_so_many_through_that_match(port: int) -> None:
    with Proxy(port) as proxy, _dial(proxy) as line, line.makefile("rb") as reader:
        assert reader.readline() == SAID
        proxy.strike(Swallow(pattern=b"taken"), skip=2)
        for _ in range(2):
            line.sendall(b"taken\r\n")
            assert reader.readline() == b"taken\r\n"
        line.sendall(b"not taken\r\n")
        assert reader.read() == b"not "


def test_in_the_dark_nothing_is_carried_and_only_who_comes_later_is_served(port: int) -> None:
    with Proxy(port) as proxy, _dial(proxy) as before:
        assert before.recv(4096) == SAID
        proxy.dark = True
        before.sendall(b"hello\r\n")
        with _dial(proxy) as meanwhile:
            for line in (before, meanwhile):
                line.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    line.recv(4096)
            proxy.dark = False
            with pytest.raises(TimeoutError):
                meanwhile.recv(4096)
        with _dial(proxy) as later:
            assert later.recv(4096) == SAID

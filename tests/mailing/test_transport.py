"""A line to a mail server that fails says why in words of the system and of the server."""

from __future__ import annotations

import socket
import ssl

import pytest

from daemon.mail.transport import told


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 21025)"), "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (ValueError("b'[AUTHENTICATIONFAILED] Authentication failed.'"), "[AUTHENTICATIONFAILED] Authentication failed."),
        (OSError("[Errno 104] Connection reset by peer"), "Connection reset by peer"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol (_ssl.c:1006)"), "the connection was broken off"),
        (TimeoutError("timed out"), "timed out"),
    ],
)
def test_what_went_wrong_with_a_line_is_told_without_a_word_of_python(error: Exception, words: str) -> None:
    assert told(error) == words

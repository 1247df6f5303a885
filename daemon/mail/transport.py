"""TLS to mail servers: always verified, never a fall-back to clear text."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from typing import Literal

from daemon.errors import Permanent, Temporary

Tls = Literal["implicit", "starttls", "none"]
"""implicit: TLS from the first octet (RFC 8314 section 3); starttls: required, not tried; none: loopback only."""


class UnsafeLine(Temporary):
    """TLS could not be had as it is required: not offered, refused, tampered with, or by a certificate that proves nothing.

    Nothing secret was said. A provider may mend it, or somebody sits between: it is tried again, and a person is to look.
    """


_OF_PYTHON = re.compile(r"\[Errno -?\d+\] | \(_ssl\.c:\d+\)|\[SSL(?:: [A-Z_0-9]+)?\] ")
_OCTETS = re.compile(r"\bb(['\"])(.*?)\1")


def told(error: BaseException) -> str:
    """What went wrong with a line, in the words of the system or of the server, and none of Python's.

    >>> told(ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 21025)")), told(ValueError("b'[AUTHENTICATIONFAILED] No.'"))
    ('Connection refused', '[AUTHENTICATIONFAILED] No.')
    """
    deepest = error
    while deepest.__cause__ is not None:
        deepest = deepest.__cause__
    if isinstance(deepest, ssl.SSLCertVerificationError):
        return f"its certificate is not believed: {deepest.verify_message}"
    if isinstance(deepest, ssl.SSLError) and getattr(deepest, "reason", None) == "WRONG_VERSION_NUMBER":
        return "what it speaks there is no TLS"
    if isinstance(deepest, ssl.SSLEOFError) or (isinstance(deepest, OSError) and not str(deepest)):
        return "the connection was broken off"
    if isinstance(deepest, OSError) and deepest.errno and not isinstance(deepest, ssl.SSLError):
        # the number of a name that can't be resolved is negative
        return os.strerror(deepest.errno) if deepest.errno > 0 else str(deepest.strerror)
    return _OCTETS.sub(r"\2", _OF_PYTHON.sub("", str(error))) or type(error).__name__


def verified_context(ca_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 or later, certificate and host name checked; `ca_file` holds further authorities to believe.

    Raises Permanent when the file can't be used.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Permanent(f"the certificate authorities in {ca_file} can't be used: {error}") from None
    return context


def refuse_clear_text(tls: Tls, host: str) -> None:
    """Raises Permanent when TLS is switched off towards a host that is not this machine."""
    if tls == "none" and not _is_loopback(host):
        raise Permanent(f'tls = "none" is for loopback only, not for {host}')


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

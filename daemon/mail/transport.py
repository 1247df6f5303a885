"""TLS to mail servers: always verified, never a fall-back to clear text."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Literal

from daemon.errors import Permanent, Temporary

Tls = Literal["implicit", "starttls", "none"]
"""implicit: TLS from the first octet (RFC 8314 section 3); starttls: required, not tried; none: loopback only."""


class UnsafeLine(Temporary):
    """TLS could not be had as it is required: not offered, refused, tampered with, or by a certificate that proves nothing.

    Nothing secret was said. A provider may mend it, or somebody sits between: it is tried again, and a person is to look.
    """


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

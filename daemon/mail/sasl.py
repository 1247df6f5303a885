"""How an access token is shown to a mail server: OAUTHBEARER (RFC 7628) and its elder XOAUTH2, over SASL (RFC 4422). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal

Mechanism = Literal["XOAUTH2", "OAUTHBEARER"]

CLOSING: dict[Mechanism, bytes] = {"XOAUTH2": b"", "OAUTHBEARER": b"\x01"}
"""What ends the exchange when the server has said why it refuses (RFC 7628 section 3.2.3)."""


def bearer_mechanism(offered: Iterable[str]) -> Mechanism | None:
    """The mechanism to use: XOAUTH2, which Google and Microsoft offer, else OAUTHBEARER, else none.

    >>> bearer_mechanism(["PLAIN", "oauthbearer"])
    'OAUTHBEARER'
    """
    names = {name.upper() for name in offered}
    return "XOAUTH2" if "XOAUTH2" in names else "OAUTHBEARER" if "OAUTHBEARER" in names else None


def bearer_response(mechanism: Mechanism, *, username: str, token: str, host: str, port: int) -> bytes:
    r"""What the client says first, before base64.

    >>> bearer_response("OAUTHBEARER", username="a=b,c", token="t", host="h", port=993)
    b'n,a=a=3Db=2Cc,\x01host=h\x01port=993\x01auth=Bearer t\x01\x01'
    """
    if mechanism == "XOAUTH2":
        return f"user={username}\x01auth=Bearer {token}\x01\x01".encode()
    name = username.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01".encode()


def refusal_text(challenge: bytes) -> str:
    """The status of the server's JSON (RFC 7628 section 3.2.2), like "invalid_token"; empty when there is none to be read.

    >>> refusal_text(b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}')
    '400'
    """
    try:
        said = json.loads(challenge.decode())
    except (ValueError, RecursionError):
        return ""
    status = said.get("status") if isinstance(said, dict) else None
    return "".join(sign for sign in str(status)[:60] if sign.isprintable()) if isinstance(status, (str, int)) else ""

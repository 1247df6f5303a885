"""A person signs in once, with a browser anywhere, and this program gets the refresh token (the device authorization grant: RFC 8628).

The provider gives an address and a code for the person, and a code for us. By ours we ask again and again whether they have signed in.
No token, and no code of ours, ever stands in what is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from daemon import log
from daemon.errors import Temporary
from daemon.mail.oauth import Client, TokenRefused, answered, ask, printable, seconds_of

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"

INTERVAL = 5
"""Seconds between two questions when the provider doesn't say, and so many more each time that it calls for patience (section 3.5)."""

LONGEST_INTERVAL = 60
"""Nobody who has signed in waits longer for us to notice, whatever the provider says."""

LONGEST = 3600
"""No code is waited for longer, whatever the provider says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What the provider gave (section 3.2): where the person goes and what they type there; times in seconds from now."""

    user_code: str
    verification_uri: str
    device_code: str = field(repr=False)
    expires_in: int
    interval: int


def begin(client: Client, device_url: str) -> DeviceCode:
    """Ask for the codes. Raises TokenRefused, or Temporary when the provider is away or gives none."""
    values = answered(client, device_url, {"scope": client.scope})
    # Google's word for it is older than the RFC
    place = values.get("verification_uri") or values.get("verification_url")
    ours, theirs = values.get("device_code"), values.get("user_code")
    shown = [printable(value) for value in (theirs, place) if isinstance(value, str)]
    if not isinstance(ours, str) or not ours or len(shown) != 2 or not all(shown) or urlsplit(shown[1]).scheme not in ("https", "http"):
        raise Temporary(f"sign-in at {urlsplit(device_url).hostname}: an answer without the codes")
    log.hide(ours)
    return DeviceCode(
        user_code=shown[0], verification_uri=shown[1], device_code=ours,
        expires_in=min(seconds_of(values.get("expires_in")) or LONGEST, LONGEST),
        interval=min(seconds_of(values.get("interval")) or INTERVAL, LONGEST_INTERVAL),
    )  # fmt: skip


def signed_in(client: Client, code: DeviceCode, wait: Callable[[float], object] = time.sleep) -> tuple[str, int | None]:
    """Ask until the person has signed in; the refresh token, and in how many seconds it dies, if the provider said so.

    Raises TokenRefused when they refused, when the code's time is over, or when there is no refresh token in what the provider gives.
    An answer that does not come is asked for again, ever more slowly.
    """
    interval, end = code.interval, time.monotonic() + code.expires_in
    while True:
        wait(min(interval, max(0.0, end - time.monotonic())))
        try:
            grant = ask(client, {"grant_type": GRANT_TYPE, "device_code": code.device_code})
            break
        except TokenRefused as refusal:
            if refusal.error not in ("authorization_pending", "slow_down"):
                raise
            interval = min(interval + INTERVAL, LONGEST_INTERVAL) if refusal.error == "slow_down" else interval
        except Temporary:
            interval = min(2 * interval, LONGEST_INTERVAL)
        if time.monotonic() >= end:
            raise TokenRefused(f"sign-in at {client.host}: nobody signed in while the code held; ask for another", "expired_token")
    log.hide(grant.access_token)
    if grant.refresh_token is None:
        raise TokenRefused(f"sign-in at {client.host}: the provider gave no refresh token; does the scope ask for one (offline_access)?")
    log.hide(grant.refresh_token)
    return grant.refresh_token, grant.refresh_token_expires_in

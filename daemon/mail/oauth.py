"""Access tokens for mail servers: asked for, kept until they end, asked for anew (OAuth 2.0: RFC 6749, bearer: RFC 6750).

Two grants: a refresh token from a file (section 6), which the provider may rotate, and client credentials (section 4.4). How a first
refresh token gets into the file is told in `signin.py`.
Neither a token nor a secret ever stands in an error, and the log cuts them too.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from daemon import log
from daemon.errors import Temporary
from daemon.mail.tokenfile import KeptToken, Rotation, is_token, read_token, rotating
from daemon.mail.transport import refuse_clear_text, verified_context

ANSWER_SECONDS = 30.0
ANSWER_OCTETS = 64 * 1024

LIFETIME = 300
"""Seconds that an access token is taken to live when the answer doesn't say (RFC 6749 section 5.1 only recommends it)."""

MARGIN = 120.0
"""Seconds before its end from which a token is not shown any more; never more than half its life."""

MEANINGS = {
    "invalid_request": "the provider does not understand the request: see token_url and scope",
    "invalid_client": "the provider does not know the client: see client_id and client_secret, which may have expired",
    "invalid_grant": "the provider does not take the grant: see client_id and scope",
    "unauthorized_client": "the provider does not allow this client the grant: see its permissions and the administrator's consent",
    "unsupported_grant_type": "the provider does not know the grant: see grant and token_url",
    "invalid_scope": "the provider does not know the scope, or does not give it to this client: see scope",
    "access_denied": "whoever was asked refused",
    "expired_token": "nobody signed in while the code held; ask for another",
}
"""The errors of RFC 6749 section 5.2 and RFC 8628 section 3.5, and where to look."""


class TokenRefused(Temporary):
    """The provider gives no token. `error` is its word for it (RFC 6749 section 5.2), empty when it said none."""

    def __init__(self, message: str, error: str = "") -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks for tokens, and where. Without `refresh_token_file` the grant is the client's own credentials.

    `client_secret` is read at each request. Two clients are the same when all but it is.
    """

    token_url: str
    scope: str
    client_id: str
    client_secret: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    refresh_token_file: Path | None = None
    ca_file: str | None = None
    seconds: float = ANSWER_SECONDS

    @property
    def host(self) -> str:
        """The provider's host, for messages."""
        return urlsplit(self.token_url).hostname or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A successful answer (RFC 6749 section 5.1); times in seconds from now."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(default=None, repr=False)
    refresh_token_expires_in: int | None = None


class TokenSource:
    """The access token of one client, for every connection of this process that needs it. Safe in threads."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0
        self._unkept: tuple[str, str, int | None] | None = None

    def token(self) -> str:
        """A token that holds for a while yet. One asks the provider, the others wait for its answer.

        Raises TokenRefused, Temporary when the provider is away, and what reading the secret raises.
        """
        with self._lock:
            if not self._token or time.monotonic() >= self._until:
                asked_at = time.monotonic()
                grant = self._granted()
                log.hide(grant.access_token)
                self._forget()
                self._token = grant.access_token
                self._until = asked_at + grant.expires_in - min(MARGIN, grant.expires_in / 2)
            return self._token

    def refused(self, token: str) -> None:
        """A server did not take this token: the next one is asked for anew."""
        with self._lock:
            if token == self._token:
                self._forget()

    def _forget(self) -> None:
        # tokens come by the hour; the log needs to know the living ones alone
        if self._token:
            log.unhide(self._token)
        self._token = ""

    def _granted(self) -> Grant:
        client = self.client
        if client.refresh_token_file is None:
            return ask(client, {"grant_type": "client_credentials", "scope": client.scope})
        with rotating(client.refresh_token_file) as rotation:
            now_used = self._catch_up(rotation)
            log.hide(now_used)
            try:
                grant = ask(client, {"grant_type": "refresh_token", "refresh_token": now_used, "scope": client.scope})
            except TokenRefused as refusal:
                if refusal.error == "invalid_grant":
                    told = f"sign in again: the refresh token in {client.refresh_token_file} has expired or was taken back ({refusal})"
                    raise TokenRefused(told, refusal.error) from None
                raise
            new = grant.refresh_token or now_used
            lasts = grant.refresh_token_expires_in
            if new != now_used or (lasts is not None and rotation.kept.expires_in is None):
                log.hide(new)
                self._keep(rotation, new, lasts)
            return grant

    def _catch_up(self, rotation: Rotation) -> str:
        """The refresh token to use: the file's, or the one that took its place and could not be written then."""
        if self._unkept is not None:
            replaced, new, _ = self._unkept
            if rotation.kept.refresh_token == replaced:
                return new
            self._unkept = None
        return rotation.kept.refresh_token

    def _keep(self, rotation: Rotation, new: str, lasts: int | None) -> None:
        try:
            rotation.keep(new, lasts)
        except OSError as error:
            # the old one may be dead: the new one is kept in memory, and written with the next that comes
            self._unkept = (rotation.kept.refresh_token, new, lasts)
            log.event("token-not-kept", file=str(self.client.refresh_token_file), detail=error.strerror or str(error))
        else:
            self._unkept = None


# --- one request ---------------------------------------------------------------------------------------------------


def ask(client: Client, form: dict[str, str]) -> Grant:
    """Send one request to the token endpoint (RFC 6749 section 3.2). Raises TokenRefused, or Temporary when it is away.

    No redirection is followed, and of the answer no more is read than a token can need.
    """
    return _grant(client, answered(client, client.token_url, form))


def answered(client: Client, url: str, form: dict[str, str]) -> dict[str, object]:
    """The values of a successful answer to one request, of whatever endpoint of the provider. Raises what `ask` raises."""
    secret = client.client_secret() if client.client_secret is not None else None
    body = urlencode({**form, "client_id": client.client_id, **({"client_secret": secret} if secret is not None else {})})
    try:
        status, octets = _posted(client, url, body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Temporary(f"token endpoint {client.host}: {printable(str(error)) or type(error).__name__}") from None
    values = _object(octets)
    if status == 200 and values is not None:
        return values
    named = values.get("error") if values is not None else None
    word = printable(named, 60) if isinstance(named, str) else ""
    if not word:
        raise Temporary(f"token endpoint {client.host}: HTTP status {status}, and no answer of OAuth 2.0")
    described = values.get("error_description") if values is not None else None
    told = printable(described, 200) if isinstance(described, str) else ""
    for hidden in (secret, form.get("refresh_token"), form.get("device_code")):
        told = told.replace(hidden, "…") if hidden else told
    meaning = MEANINGS.get(word, "the provider gives no token")
    raise TokenRefused(f"token endpoint {client.host}: {word}: {meaning}{told and '; it says: '}{told}", word)


def _posted(client: Client, endpoint: str, body: str) -> tuple[int, bytes]:
    """Status and body of the answer."""
    url = urlsplit(endpoint)
    host = url.hostname or ""
    refuse_clear_text("implicit" if url.scheme == "https" else "none", host)
    connection = (
        http.client.HTTPSConnection(host, url.port, timeout=client.seconds, context=verified_context(client.ca_file))
        if url.scheme == "https"
        else http.client.HTTPConnection(host, url.port, timeout=client.seconds)
    )
    end = time.monotonic() + client.seconds
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "Connection": "close"}
    try:
        connection.request("POST", (url.path or "/") + (f"?{url.query}" if url.query else ""), body.encode("ascii"), headers)
        response = connection.getresponse()
        octets = b""
        while part := response.read1(ANSWER_OCTETS):
            octets += part
            if len(octets) > ANSWER_OCTETS:
                raise ValueError(f"an answer of more than {ANSWER_OCTETS} octets")
            if time.monotonic() > end:
                raise TimeoutError("its answer takes too long")
        return response.status, octets
    finally:
        connection.close()


def _object(octets: bytes) -> dict[str, object] | None:
    try:
        values = json.loads(octets)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _grant(client: Client, values: dict[str, object]) -> Grant:
    token, kind, new = values.get("access_token"), values.get("token_type"), values.get("refresh_token")
    if not isinstance(token, str) or not is_token(token):
        raise Temporary(f"token endpoint {client.host}: an answer without an access token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise Temporary(f"token endpoint {client.host}: a token that is no bearer token")
    return Grant(
        access_token=token, expires_in=seconds_of(values.get("expires_in")) or LIFETIME,
        refresh_token=new if isinstance(new, str) and is_token(new) else None,
        refresh_token_expires_in=seconds_of(values.get("refresh_token_expires_in")),
    )  # fmt: skip


def seconds_of(value: object) -> int | None:
    """A length of time as providers write it, number or text; None when it is none, or zero."""
    try:
        seconds = int(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else 0
    except (ValueError, OverflowError):
        return None
    return min(seconds, 10 * 366 * 86400) if seconds > 0 else None


def printable(text: str, most: int = 200) -> str:
    """A provider's words as they may be shown."""
    return "".join(sign if " " <= sign <= "~" else " " for sign in text)[:most].strip()


# --- what ends, and when -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Something that ends by itself: what, when (UTC), from when on that is told, and what to do."""

    what: str
    at: datetime
    warn_from: datetime
    mend: str


def refresh_token_end(kept: KeptToken, days: int | None) -> datetime | None:
    """When a refresh token dies: as the provider said, else `days` after it came; None: nobody knows."""
    seconds = kept.expires_in if kept.expires_in is not None else days * 86400 if days is not None else None
    return kept.kept_at + timedelta(seconds=seconds) if seconds is not None else None


def expiries(path: Path | None, days: int | None, secret_ends: datetime | None, warn: timedelta) -> list[Expiry]:
    """What of a client ends by itself, the refresh token in `path` and the secret. Raises Temporary for a bad file."""
    found = []
    if path is not None and (end := refresh_token_end(read_token(path), days)) is not None:
        mend = f"sign in again with `supportd oauth login`, which puts the new refresh token into {path}"
        found.append(Expiry(what="refresh token", at=end, warn_from=end - warn, mend=mend))
    if secret_ends is not None:
        end = secret_ends.astimezone(UTC)
        mend = "make a new client secret at the provider, then set client_secret_expires anew"
        found.append(Expiry(what="client secret", at=end, warn_from=end - warn, mend=mend))
    return found

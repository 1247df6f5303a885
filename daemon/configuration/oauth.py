"""OAuth 2.0 in the configuration: what providers are known by name, and what does not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What a provider's name stands for; `{tenant}` is filled in. `days`: how long its refresh tokens live from their coming."""

    token_url: str
    device_url: str
    scope: str
    app_scope: str | None
    """The scope of client credentials; None: the provider has no such grant."""
    days: int | None


PROVIDERS = {
    "microsoft": Provider(
        token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106 - an address
        device_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
        scope="https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
        app_scope="https://outlook.office365.com/.default",
        days=90,
    ),
    "google": Provider(
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        device_url="https://oauth2.googleapis.com/device/code",
        scope="https://mail.google.com/", app_scope=None, days=None
    ),
}  # fmt: skip


def misfits(table: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The mistakes that take two keys to make: (key, what was found, what is allowed)."""
    provider, grant = table.get("provider"), table.get("grant", "refresh_token")
    if ("provider" in table) == ("token_url" in table):
        yield "provider", "both provider and token_url" if "provider" in table else "nothing", "exactly one of provider and token_url"
    elif "token_url" in table and "scope" not in table:
        yield "scope", "nothing", "the scope to ask the token_url for"
    if "device_url" in table and ("provider" in table or grant == "client_credentials"):
        why = 'grant "client_credentials", for which nobody signs in' if grant == "client_credentials" else "provider, whose own is known"
        yield "device_url", "an address", f"nothing with {why}"
    if ("tenant" in table) != (provider == "microsoft"):
        found = "a tenant" if "tenant" in table else "nothing"
        yield "tenant", found, 'the directory (tenant) id with provider "microsoft", and nothing without it'
    if grant == "client_credentials":
        if provider == "google":
            yield "grant", '"client_credentials" of google, which has no such grant for mail', '"refresh_token"'
        if "client_secret" not in table:
            yield "client_secret", "nothing", "the secret that is the grant"
        if "refresh_token_file" in table:
            yield "refresh_token_file", "a file", 'nothing with grant "client_credentials", which has no refresh token'
    elif grant == "refresh_token" and "refresh_token_file" not in table:
        yield "refresh_token_file", "nothing", "the file that holds the refresh token, mode 0600"

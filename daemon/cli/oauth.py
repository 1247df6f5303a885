"""oauth login: a person signs in once, and the refresh token is put where the configuration says."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from daemon.cli.output import say
from daemon.cli.session import NOT_GOOD, load_config
from daemon.errors import ConfigError, closest

oauth = typer.Typer(help="Sign in to a provider of OAuth 2.0.", no_args_is_help=True)


@oauth.callback()
def _frame() -> None:
    """There is one verb so far."""


@oauth.command("login")
def login(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The name of a mailbox, or smtp, or alarm.smtp.")],
) -> None:
    """Sign in for a mailbox or for SMTP: shows an address and a code for a browser anywhere, waits, and keeps the refresh token.

    No token is shown. Exit 1 when whoever was asked refused, or nobody signed in in time.
    """
    from daemon.mail.oauth import TokenRefused
    from daemon.mail.signin import begin, signed_in
    from daemon.mail.tokenfile import put_token, require_room
    from daemon.wiring import device_url_of, oauth_client_of, oauth_of, refresh_token_file_of

    config = load_config()
    known = oauth_of(config)
    name = account if account in known else f"mailbox {account}"
    keys = known.get(name)
    if keys is None:
        accounts = [one.removeprefix("mailbox ") for one in known]
        guess = closest(account, accounts)
        told = f"; did you mean {guess!r}?" if guess else f"; there are: {', '.join(accounts)}" if accounts else "; none has one"
        raise ConfigError((f"{config.path}: {account!r} is no account with an oauth section{told}",))
    place, device_url = refresh_token_file_of(config, keys), device_url_of(keys)
    if place is None:
        raise ConfigError((f'{config.path}: {name}: grant "client_credentials" is the program\'s own: nobody has to sign in',))
    if device_url is None:
        raise ConfigError((f"{config.path}: {name}: no device_url beside token_url, so nobody can sign in here; see README",))
    require_room(place)
    client = oauth_client_of(config, keys)
    try:
        code = begin(client, device_url)
        say(f"Open {code.verification_uri} in a browser, on any machine, and type the code: {code.user_code}")
        say(f"Sign in there as the user of {name}. The code holds for {code.expires_in // 60 or 1} minutes; this command waits.")
        sys.stdout.flush()
        refresh_token, expires_in = signed_in(client, code)
    except TokenRefused as refusal:
        say(f"{refusal}\nNothing was changed.", error=True)
        raise typer.Exit(NOT_GOOD) from None
    put_token(place, refresh_token, expires_in)
    others = [one for one, other in known.items() if one != name and refresh_token_file_of(config, other) == place]
    also = f", for {' and '.join(others)} too" if others else ""
    say(f"The refresh token is in {place}, mode 0600{also}. `supportd check --online` logs in with it.")

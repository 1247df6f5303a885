"""OAuth in the configuration: what does not fit together is told, what does becomes a source of tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daemon.config import Config, load_config
from daemon.errors import ConfigError
from daemon.wiring import accounts_of, relay_server_of, token_source_of

HOUSE = '[house]\naddress = "support@support.example"\n'
SERVER = '[[mailbox]]\nhost = "h"\nusername = "u"\n[mailbox.oauth]\n'
RELAY = '[smtp]\nhost = "h"\nusername = "u"\n[smtp.oauth]\n'
GOOGLE = 'provider = "google"\nclient_id = "c"\nclient_secret = { env = "S" }\nrefresh_token_file = "t"\n'
APP = 'provider = "microsoft"\ntenant = "t-1"\ngrant = "client_credentials"\nclient_id = "c"\nclient_secret = { env = "S" }\n'
OWN = 'token_url = "https://id.example/token"\nscope = "mail"\nclient_id = "c"\nrefresh_token_file = "t"\n'


def loaded(folder: Path, text: str) -> Config:
    (folder / "supportd.toml").write_text(HOUSE + text)
    return load_config(folder / "supportd.toml")


MISFITS = {
    "no client": (GOOGLE.replace('client_id = "c"\n', ""), "client_id"),
    "neither provider nor endpoint": (OWN.replace("token_url", "# token_url"), "provider"),
    "provider and endpoint": (OWN + 'provider = "google"\n', "provider"),
    "an unknown provider": (GOOGLE.replace("google", "gogle"), "provider"),
    "an endpoint without scope": (OWN.replace("scope", "# scope"), "scope"),
    "clear text": (OWN.replace("https", "http"), "token_url"),
    "a user in the endpoint": (OWN.replace("id.example", "u:p@id.example"), "token_url"),
    "a fragment": (OWN.replace("/token", "/token#x"), "token_url"),
    "a line end in the endpoint": (OWN.replace("/token", "/to\\nken"), "token_url"),
    "microsoft without a tenant": (APP.replace("tenant", "# tenant"), "tenant"),
    "a tenant that is a path": (APP.replace("t-1", "../x"), "tenant"),
    "google with a tenant": (GOOGLE + 'tenant = "x"\n', "tenant"),
    "google by itself": (GOOGLE.replace('refresh_token_file = "t"', 'grant = "client_credentials"'), "grant"),
    "credentials without a secret": (APP.replace("client_secret", "# client_secret"), "client_secret"),
    "credentials with a refresh token": (APP + 'refresh_token_file = "t"\n', "refresh_token_file"),
    "a refresh token from nowhere": (OWN.replace("refresh_token_file", "# refresh"), "refresh_token_file"),
    "a secret in the file": (GOOGLE.replace('{ env = "S" }', '"hunter2"'), "client_secret"),
    "a day that is none": (APP + 'client_secret_expires = "2027-02-30"\n', "client_secret_expires"),
}


@pytest.mark.parametrize("what", MISFITS)
@pytest.mark.parametrize(("server", "place"), [(SERVER, "mailbox[0].oauth"), (RELAY, "smtp.oauth")])
def test_what_does_not_fit_is_told_at_its_place(tmp_path: Path, what: str, server: str, place: str) -> None:
    text, key = MISFITS[what]
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, server + text)
    assert [problem.key for problem in caught.value.problems if not isinstance(problem, str)] == [f"{place}.{key}"]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("way", ['password = { env = "P" }\n', 'token_command = ["x"]\n'])
def test_there_is_one_way_in(tmp_path: Path, way: str) -> None:
    for server in (SERVER, RELAY):
        with pytest.raises(ConfigError, match="exactly one of password, token_command, oauth"):
            loaded(tmp_path, re.sub(r"(?=\[\w+\.oauth)", way, server) + GOOGLE)
    with pytest.raises(ConfigError, match="a username with the way to log in"):
        loaded(tmp_path, RELAY.replace('username = "u"\n', "") + GOOGLE)


@pytest.mark.parametrize(
    ("text", "url", "scope"),
    [
        (GOOGLE, "https://oauth2.googleapis.com/token", "https://mail.google.com/"),
        (APP, "https://login.microsoftonline.com/t-1/oauth2/v2.0/token", "https://outlook.office365.com/.default"),
        (OWN, "https://id.example/token", "mail"),
        (OWN.replace("https://id.example", "http://[::1]:8080"), "http://[::1]:8080/token", "mail"),
        (GOOGLE + 'scope = "a b"\n', "https://oauth2.googleapis.com/token", "a b"),
    ],
)
def test_a_provider_stands_for_its_endpoint_and_scope(tmp_path: Path, text: str, url: str, scope: str) -> None:
    config = loaded(tmp_path, SERVER + text)
    oauth = config.mailbox[0].oauth
    assert oauth is not None
    client = token_source_of(config, oauth).client
    assert (client.token_url, client.scope) == (url, scope)


def test_servers_with_the_same_client_share_a_source_and_others_do_not(tmp_path: Path) -> None:
    config = loaded(tmp_path, SERVER + GOOGLE + SERVER.replace('"u"', '"v"') + OWN + RELAY + GOOGLE)
    first, second = accounts_of(config)
    relay = relay_server_of(config)
    assert relay is not None
    assert (first.token, second.token, relay.token) == (True, True, True)
    assert first.password == relay.password == accounts_of(config)[0].password
    assert first.refused == relay.refused
    assert first.password != second.password
    assert [secret.key for secret in config.secrets()] == ["keys.reply", "mailbox[0].oauth.client_secret", "smtp.oauth.client_secret"]

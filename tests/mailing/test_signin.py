"""A person signs in by a code: what the provider says meanwhile is obeyed, and nothing secret is ever told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon.errors import Temporary
from daemon.log import redact
from daemon.mail import signin
from daemon.mail.oauth import Client, TokenRefused
from daemon.mail.signin import DeviceCode, begin, signed_in
from tests.servers.ports import free_ports
from tests.servers.tokens import CLIENT, SECRET, TokenEndpoint


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with TokenEndpoint() as made:
        yield made


@pytest.fixture
def client(endpoint: TokenEndpoint) -> Client:
    return Client(token_url=endpoint.url, scope="mail offline_access", client_id=CLIENT, client_secret=lambda: SECRET)


def begun(client: Client) -> DeviceCode:
    return begin(client, client.token_url.replace("/token", "/device"))


def test_it_is_asked_until_the_person_has_signed_in_and_more_slowly_when_told_so(client: Client, endpoint: TokenEndpoint) -> None:
    code = begun(client)
    assert (code.user_code, code.verification_uri, code.expires_in, code.interval) == ("WDJB-MJHT", "https://id.example/device", 900, 1)
    endpoint.signing_in.extend({"error": word} for word in ("authorization_pending", "slow_down", "authorization_pending"))
    endpoint.more["refresh_token_expires_in"] = 7776000
    waits: list[float] = []
    assert signed_in(client, code, waits.append) == ("refresh-0", 7776000)
    assert waits == [1, 1, 6, 6]
    assert endpoint.asked[0] == {"scope": "mail offline_access", "client_id": CLIENT, "client_secret": SECRET}
    assert endpoint.asked[1] == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "device-secret-1", "client_id": CLIENT,
        "client_secret": SECRET,
    }  # fmt: skip
    assert "device-secret-1" not in repr(code) + redact("device-secret-1 refresh-0")
    assert "refresh-0" not in redact("refresh-0")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("access_denied", "whoever was asked refused"),
        ("expired_token", "nobody signed in while the code held"),
        ("invalid_scope", "does not know the scope"),
        ("unheard_of", "the provider gives no token"),
    ],
)
def test_whatever_else_the_provider_says_ends_it_and_is_named(client: Client, endpoint: TokenEndpoint, word: str, told: str) -> None:
    code = begun(client)
    endpoint.signing_in.append({"error": word, "error_description": f"the code device-secret-1 of {SECRET} is no good"})
    with pytest.raises(TokenRefused, match=told) as raised:
        signed_in(client, code, lambda _seconds: None)
    assert word in str(raised.value)
    assert "device-secret-1" not in str(raised.value)
    assert SECRET not in str(raised.value)


def test_an_answer_that_does_not_come_is_asked_for_again_until_the_code_is_over(
    client: Client, endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = begun(client)
    endpoint.script.extend([(503, b"try later", {}), (200, b"<html>", {})])
    waits: list[float] = []
    assert signed_in(client, code, waits.append)[0] == "refresh-0"
    assert waits == [1, 2, 4]
    passed = [0.0]
    monkeypatch.setattr(signin.time, "monotonic", lambda: passed[0])
    endpoint.signing_in.extend({"error": "authorization_pending"} for _ in range(1000))

    def wait(seconds: float) -> None:
        passed[0] += seconds

    with pytest.raises(TokenRefused, match="nobody signed in while the code held"):
        signed_in(client, code, wait)
    assert passed[0] == 900


def test_however_patient_the_provider_wants_it_nothing_is_waited_for_past_the_code(
    client: Client, endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.device |= {"interval": 315_360_000, "expires_in": 150}
    code = begun(client)
    assert code.interval == 60
    passed, waits = [0.0], list[float]()
    monkeypatch.setattr(signin.time, "monotonic", lambda: passed[0])
    endpoint.signing_in.extend({"error": "slow_down"} for _ in range(10))

    def wait(seconds: float) -> None:
        waits.append(seconds)
        passed[0] += seconds

    with pytest.raises(TokenRefused, match="nobody signed in while the code held"):
        signed_in(client, code, wait)
    assert waits == [60, 60, 30]


def test_a_grant_without_a_refresh_token_is_told_with_its_cure(client: Client, endpoint: TokenEndpoint) -> None:
    endpoint.more["refresh_token"] = None
    with pytest.raises(TokenRefused, match="offline_access"):
        signed_in(client, begun(client), lambda _seconds: None)


@pytest.mark.parametrize(
    "change",
    [{"device_code": None}, {"user_code": ""}, {"verification_uri": "javascript:alert(1)"}, {"verification_uri": 7}, {"user_code": "\x1b"}],
)
def test_an_answer_without_the_codes_is_none(client: Client, endpoint: TokenEndpoint, change: dict[str, object]) -> None:
    endpoint.device |= change
    with pytest.raises(Temporary, match="without the codes"):
        begun(client)


def test_an_older_word_for_the_address_is_understood_and_what_is_missing_is_as_the_standard_says(
    client: Client, endpoint: TokenEndpoint
) -> None:
    del endpoint.device["verification_uri"], endpoint.device["interval"]
    endpoint.device["verification_url"] = "https://www.example/device"
    code = begun(client)
    assert (code.verification_uri, code.interval) == ("https://www.example/device", 5)


def test_a_provider_that_is_away_or_does_not_know_the_client_is_told(client: Client) -> None:
    with pytest.raises(Temporary, match="token endpoint"):
        begin(client, f"http://127.0.0.1:{free_ports(1)[0]}/device")
    with pytest.raises(TokenRefused, match="client_id"):
        begun(Client(token_url=client.token_url, scope="mail", client_id="another"))

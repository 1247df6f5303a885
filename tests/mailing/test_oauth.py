"""Access tokens: one that holds is kept, a refresh token is never lost, and nothing secret is ever told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from daemon.errors import Permanent, Temporary
from daemon.log import redact
from daemon.mail.imap import Account, LoginRefused, Watch
from daemon.mail.oauth import Client, TokenRefused, TokenSource, expiries
from daemon.mail.smtp import Relay, Server
from daemon.mail.tokenfile import read_token
from tests.servers.certificates import Certificates
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_ports
from tests.servers.tokens import CLIENT, SECRET, TokenEndpoint


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with TokenEndpoint() as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "support.token"
    path.write_text("refresh-0\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def client(endpoint: TokenEndpoint, file: Path) -> Client:
    return Client(token_url=endpoint.url, scope="mail", client_id=CLIENT, client_secret=lambda: SECRET, refresh_token_file=file)


def token_of(client: Client) -> str:
    return TokenSource(client).token()


# --- asking --------------------------------------------------------------------------------------------------------


def test_a_token_is_asked_for_once_and_kept_while_it_holds(client: Client, endpoint: TokenEndpoint) -> None:
    source = TokenSource(client)
    assert [source.token() for _ in range(3)] == ["access-1"] * 3
    assert endpoint.asked == [
        {"grant_type": "refresh_token", "refresh_token": "refresh-0", "scope": "mail", "client_id": CLIENT, "client_secret": SECRET}
    ]


def test_client_credentials_need_no_refresh_token(client: Client, endpoint: TokenEndpoint) -> None:
    assert token_of(replace(client, refresh_token_file=None)) == "access-1"
    assert endpoint.asked == [{"grant_type": "client_credentials", "scope": "mail", "client_id": CLIENT, "client_secret": SECRET}]


def test_many_threads_ask_once(client: Client, endpoint: TokenEndpoint) -> None:
    source = TokenSource(client)
    found: list[str] = []
    endpoint.hold.clear()
    threads = [threading.Thread(target=lambda: found.append(source.token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    endpoint.hold.set()
    for thread in threads:
        thread.join(30)
    assert (found, len(endpoint.asked)) == (["access-1"] * 8, 1)


@pytest.mark.parametrize("lives", [1, "1"])
def test_a_token_at_its_end_is_asked_for_anew(client: Client, endpoint: TokenEndpoint, lives: object) -> None:
    endpoint.expires_in = lives
    source = TokenSource(client)
    first = source.token()
    turn = threading.Event()
    while source.token() == first:
        turn.wait(0.05)
    assert source.token() != first


@pytest.mark.parametrize("strange", [None, "soon", -5, True, [], 10**400, "9" * 5000])
def test_a_length_of_life_that_is_none_is_a_short_one(client: Client, endpoint: TokenEndpoint, strange: object) -> None:
    endpoint.expires_in = strange
    assert TokenSource(client).token() == "access-1"


def test_only_the_token_that_was_refused_is_dropped(client: Client, endpoint: TokenEndpoint) -> None:
    source = TokenSource(client)
    source.token()
    source.refused("another")
    assert source.token() == "access-1"
    source.refused("access-1")
    assert [source.token(), source.token()] == ["access-2"] * 2


@pytest.mark.parametrize("error", ["invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "x\ny"])
def test_a_refusal_is_told_by_its_name_and_tells_no_secret(client: Client, endpoint: TokenEndpoint, error: str) -> None:
    told = {"error": error, "error_description": f"no \x1b[31m {SECRET} with refresh-0"}
    endpoint.script.append((400, json.dumps(told).encode(), {}))
    with pytest.raises(TokenRefused) as caught:
        token_of(client)
    text = str(caught.value)
    assert caught.value.error == error.replace("\n", " ")
    assert caught.value.error in text
    assert text.isprintable()
    assert not any(secret in text for secret in (SECRET, "refresh-0"))
    assert ("sign in again" in text) == (error == "invalid_grant")


def test_a_refresh_token_that_was_taken_back_asks_for_a_sign_in_and_stays(client: Client, endpoint: TokenEndpoint, file: Path) -> None:
    endpoint.refresh_token = "another"
    with pytest.raises(TokenRefused, match=f"sign in again: the refresh token in {file}"):
        token_of(client)
    assert file.read_text() == "refresh-0\n"


STRANGE = {
    "no JSON": (200, b"<html>", {}),
    "a list": (200, b"[]", {}),
    "deep": (200, b"[" * 60_000, {}),
    "empty": (200, b"", {}),
    "no token": (200, b'{"token_type": "Bearer"}', {}),
    "a token with a line end": (200, b'{"access_token": "a\\r\\nb", "token_type": "Bearer"}', {}),
    "a token that is none": (200, b'{"access_token": {}, "token_type": "Bearer"}', {}),
    "no bearer": (200, b'{"access_token": "t", "token_type": "mac"}', {}),
    "an error without a name": (500, b"{}", {}),
    "huge": (200, b'{"access_token": "' + b"t" * 200_000 + b'", "token_type": "Bearer"}', {}),
    "elsewhere": (302, b"", {"Location": "http://127.0.0.1:1/"}),
    "kept elsewhere": (307, b"", {"Location": "http://127.0.0.1:1/"}),
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_strange_answer_is_temporary_and_the_refresh_token_stays(client: Client, endpoint: TokenEndpoint, file: Path, what: str) -> None:
    endpoint.script.append(STRANGE[what])
    source = TokenSource(client)
    with pytest.raises(Temporary, match="token endpoint"):
        source.token()
    assert file.read_text() == "refresh-0\n"
    assert source.token() == "access-2"


def test_a_provider_that_is_silent_or_away_is_temporary(client: Client, endpoint: TokenEndpoint) -> None:
    endpoint.hold.clear()
    with pytest.raises(Temporary, match="timed out"):
        token_of(replace(client, seconds=0.2))
    with pytest.raises(Temporary, match="refused"):
        token_of(replace(client, token_url=f"http://127.0.0.1:{free_ports(1)[0]}/token"))


def test_nothing_is_sent_in_clear_text_to_another_machine(client: Client) -> None:
    with pytest.raises(Permanent, match="loopback only"):
        token_of(replace(client, token_url="http://provider.example/token"))


def test_only_a_provider_with_a_certificate_that_is_believed_is_asked(client: Client, certificates: Certificates) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with TokenEndpoint(context=context) as endpoint:
        with pytest.raises(Temporary, match="CERTIFICATE_VERIFY_FAILED"):
            token_of(replace(client, token_url=endpoint.url))
        assert endpoint.asked == []
        assert token_of(replace(client, token_url=endpoint.url, ca_file=str(certificates.ca))) == "access-1"


def test_an_answer_that_drips_is_given_up(client: Client) -> None:
    """Each octet comes in time, the whole does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            line, _ = listener.accept()
            with line, contextlib.suppress(OSError):
                line.recv(65536)
                line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while not over.wait(0.02):
                    line.sendall(b" ")

        over = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(Temporary, match="takes too long"):
            token_of(replace(client, token_url=f"http://127.0.0.1:{listener.getsockname()[1]}/", seconds=0.5))
        over.set()
        thread.join(10)


def test_neither_tokens_nor_secrets_reach_the_log(client: Client) -> None:
    source = TokenSource(client)
    source.token()
    assert redact("access-1 refresh-0 refresh-1") == "[hidden] [hidden] [hidden]"
    assert "refresh" not in repr(read_token(client.refresh_token_file or Path()))
    source.refused("access-1")
    assert redact("access-1") == "access-1"


# --- the refresh token ---------------------------------------------------------------------------------------------


def test_a_rotated_token_takes_the_place_of_the_old_one(client: Client, endpoint: TokenEndpoint, file: Path) -> None:
    file.chmod(0o644)
    assert [token_of(client), token_of(client)] == ["access-1", "access-2"]
    assert [form["refresh_token"] for form in endpoint.asked] == ["refresh-0", "refresh-1"]
    assert read_token(file).refresh_token == endpoint.refresh_token == "refresh-2"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == [".support.token.lock", "support.token"]


def test_a_token_that_is_not_rotated_keeps_its_file_and_its_age(client: Client, endpoint: TokenEndpoint, file: Path) -> None:
    endpoint.rotates = False
    before = file.stat().st_mtime_ns
    token_of(client)
    assert (file.read_text(), file.stat().st_mtime_ns) == ("refresh-0\n", before)


ROTATING = """
import sys
from pathlib import Path
from daemon.mail.oauth import Client, TokenSource
print(TokenSource(Client(token_url=sys.argv[1], scope="mail", client_id="client-1", refresh_token_file=Path(sys.argv[2]))).token())
"""


def test_a_crash_before_the_rename_loses_no_token(
    client: Client, endpoint: TokenEndpoint, file: Path, environment: Callable[..., dict[str, str]]
) -> None:
    done = subprocess.run([sys.executable, "-c", ROTATING, endpoint.url, file], env=environment(SUPPORTD_FAILPOINT="token_written"))
    assert done.returncode == -signal.SIGKILL
    assert (file.read_text(), endpoint.refresh_token) == ("refresh-0\n", "refresh-1")
    assert token_of(client) == "access-2"
    assert endpoint.asked[1]["refresh_token"] == "refresh-1"


@pytest.mark.parametrize("left", ["", '{"refresh_token": "refr', '{"refresh_token": "a b"}\n'])
def test_half_a_token_that_a_crash_left_behind_is_nothing(client: Client, file: Path, left: str) -> None:
    file.with_name(".support.token.new").write_text(left)
    assert token_of(client) == "access-1"


def test_a_new_sign_in_holds_against_what_a_crash_left_behind(client: Client, endpoint: TokenEndpoint, file: Path) -> None:
    left = file.with_name(".support.token.new")
    left.write_text('{"refresh_token": "dead", "expires_in": null}\n')
    os.utime(left, (1, 1))
    token_of(client)
    assert endpoint.asked[0]["refresh_token"] == "refresh-0"


def test_processes_that_share_a_file_rotate_it_one_after_the_other(
    endpoint: TokenEndpoint, file: Path, environment: Callable[..., dict[str, str]]
) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", ROTATING, endpoint.url, file], env=environment(), stdout=subprocess.PIPE) for _ in range(3)
    ]
    assert sorted(child.communicate(timeout=120)[0] for child in children) == [b"access-1\n", b"access-2\n", b"access-3\n"]
    assert read_token(file).refresh_token == endpoint.refresh_token


def test_a_disk_that_takes_no_token_loses_none(
    client: Client, endpoint: TokenEndpoint, file: Path, capsys: pytest.CaptureFixture[str], environment: Callable[..., dict[str, str]]
) -> None:
    """A limit on the size of files is as good as a full disk."""
    script = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        + ROTATING.replace("print(", "source = (").replace(".token())", ")")
        + "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"
        "print(source.token())\nsource.refused('access-1')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\nprint(source.token())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, endpoint.url, file], env=environment(), capture_output=True, text=True)
    assert done.stdout.split() == ["access-1", "access-2"], done.stderr
    assert "token-not-kept" in done.stderr
    assert "refresh-1" not in done.stderr
    assert read_token(file).refresh_token == endpoint.refresh_token == "refresh-2"


def test_without_room_for_the_next_token_the_provider_is_not_asked(client: Client, endpoint: TokenEndpoint, file: Path) -> None:
    file.with_name(".support.token.new").mkdir()
    with pytest.raises(Temporary, match="could not be kept"):
        token_of(client)
    assert endpoint.asked == []


# --- what ends -----------------------------------------------------------------------------------------------------


def test_the_end_is_what_the_provider_said_else_so_many_days_after_the_token_came(
    client: Client, endpoint: TokenEndpoint, file: Path
) -> None:
    came = datetime(2026, 7, 1, tzinfo=UTC)
    os.utime(file, (came.timestamp(), came.timestamp()))
    warn = timedelta(days=14)
    assert expiries(file, None, None, warn) == []
    (end,) = expiries(file, 90, None, warn)
    assert (end.what, end.at, end.warn_from) == ("refresh token", came + timedelta(days=90), came + timedelta(days=76))
    endpoint.more = {"refresh_token_expires_in": 86400 * 7}
    token_of(client)
    kept = read_token(file)
    (end,) = expiries(file, 90, None, warn)
    assert (kept.expires_in, end.at) == (86400 * 7, kept.kept_at + timedelta(days=7))
    (_, secret) = expiries(file, 90, came, warn)
    assert (secret.what, secret.at) == ("client secret", came)


# --- logging in ----------------------------------------------------------------------------------------------------


class Bearer:
    """An aiosmtpd handler that lets living tokens in."""

    def __init__(self, endpoint: TokenEndpoint) -> None:
        self.endpoint = endpoint
        self.shown: list[bytes] = []

    async def auth_XOAUTH2(self, server: object, arguments: list[str]) -> AuthResult:  # noqa: N802 - its name in the library
        import base64

        said = base64.b64decode(arguments[1])
        self.shown.append(said)
        user, token = said.decode().split("\x01")[:2]
        known = user == "user=support" and token.removeprefix("auth=Bearer ") in self.endpoint.living
        if not known:
            answer = await server.challenge_auth(b'{"status":"401","schemes":"bearer"}')  # type: ignore[attr-defined]
            assert answer == b""
        return AuthResult(success=known, handled=False)


@pytest.fixture
def bearer(endpoint: TokenEndpoint) -> Iterator[tuple[Bearer, Controller]]:
    handler = Bearer(endpoint)
    controller = Controller(handler, hostname="127.0.0.1", port=free_ports(1)[0], auth_require_tls=False)
    controller.start()
    yield handler, controller
    controller.stop()


def test_smtp_lets_a_living_token_in_and_a_dead_one_is_renewed_once(
    client: Client, endpoint: TokenEndpoint, bearer: tuple[Bearer, Controller]
) -> None:
    handler, controller = bearer
    source = TokenSource(client)
    server = Server(
        host="127.0.0.1", port=controller.port, tls="none", username="support", password=source.token, token=True, refused=source.refused
    )  # fmt: skip
    for _ in range(2):
        with Relay(server) as relay:
            assert any(name.startswith("AUTH") for name in relay.probe().extensions)
        endpoint.living.discard("access-1")
    assert [said[-10:] for said in handler.shown] == [b"access-1\x01\x01", b"access-1\x01\x01", b"access-2\x01\x01"]
    endpoint.living.clear()
    endpoint.user = "nobody"
    refusing = replace(server, username="stranger")
    with Relay(refusing) as relay, pytest.raises(Temporary, match=r"login refused.*status 401") as caught:
        relay.probe()
    assert "access" not in str(caught.value)
    assert len(endpoint.asked) == 3


def account_of(server: Dovecot, source: TokenSource) -> Account:
    return Account(
        name="support", host=server.host, port=server.tls_port, tls="implicit", username=server.user, password=source.token,
        token=True, refused=source.refused, ca_file=str(server.certificates.ca),
    )  # fmt: skip


@pytest.mark.dovecot
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_dovecot_lets_a_living_token_in_and_a_dead_one_is_renewed_once(
    client: Client, endpoint: TokenEndpoint, make_dovecot: Callable[..., Dovecot], mechanism: str
) -> None:
    server = make_dovecot(introspection=endpoint.url.replace("/token", "/introspect"), mechanism=mechanism)
    source = TokenSource(client)
    account = account_of(server, source)
    with Watch(account) as watch:
        assert watch.uids() == []
    endpoint.living.clear()
    with Watch(account):
        assert source.token() == "access-2"
    endpoint.user = "another"
    with pytest.raises(LoginRefused, match="refused the login") as caught:
        Watch(account).connect()
    assert "access" not in str(caught.value)

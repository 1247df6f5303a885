"""`oauth login`: from a code to the file that the daemon reads, and no token on any screen."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from daemon.cli.app import application
from daemon.config import load_config
from daemon.mail.tokenfile import read_token
from daemon.wiring import token_source_of
from tests.servers.tokens import CLIENT, TokenEndpoint


def run(*arguments: str) -> Result:
    return CliRunner().invoke(application(), list(arguments))


HOUSE = '[house]\naddress = "support@support.example"\n'


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with TokenEndpoint(rotates=False) as made:
        yield made


@pytest.fixture
def configured(tmp_path: Path, endpoint: TokenEndpoint) -> Path:
    """A mailbox and SMTP with one client, and another mailbox that can't sign in here."""
    device = f'token_url = "{endpoint.url}"\ndevice_url = "{endpoint.url.replace("/token", "/device")}"\nscope = "mail"\n'
    own = f'{device}client_id = "{CLIENT}"\nrefresh_token_file = "support.token"\n'
    app = 'provider = "microsoft"\ntenant = "t"\ngrant = "client_credentials"\nclient_id = "c"\nclient_secret = { env = "S" }\n'
    (tmp_path / "supportd.toml").write_text(
        f'{HOUSE}[[mailbox]]\nname = "support"\nhost = "h"\nusername = "support@support.example"\n[mailbox.oauth]\n{own}'
        f'[[mailbox]]\nname = "sales"\nhost = "h"\nusername = "sales"\n[mailbox.oauth]\n{own.replace("device_url", "# device_url")}'
        f'[[mailbox]]\nname = "robot"\nhost = "h"\nusername = "robot"\n[mailbox.oauth]\n{app}'
        f'[smtp]\nhost = "h"\nusername = "support@support.example"\n[smtp.oauth]\n{own}'
    )
    return tmp_path / "supportd.toml"


def test_the_token_is_kept_where_the_daemon_reads_it_and_shown_nowhere(configured: Path, endpoint: TokenEndpoint) -> None:
    endpoint.signing_in.append({"error": "authorization_pending"})
    file = configured.parent / "support.token"
    done = run("--config", str(configured), "oauth", "login", "support")
    assert done.exit_code == 0, done.output
    assert "Open https://id.example/device in a browser, on any machine, and type the code: WDJB-MJHT" in done.output
    assert f"The refresh token is in {file}, mode 0600, for mailbox sales and smtp too" in done.output
    assert not [secret for secret in ("refresh-0", "device-secret-1", "access-") if secret in done.output]
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_token(file).refresh_token == "refresh-0"
    assert sorted(path.name for path in configured.parent.iterdir()) == [".support.token.lock", "support.token", "supportd.toml"]
    keys = load_config(configured).mailbox[0].oauth
    assert keys is not None
    assert token_source_of(load_config(configured), keys).token().startswith("access-")
    # signing in again replaces it, whatever others may do with the old file
    file.write_text("worn out")
    file.chmod(0o644)
    endpoint.refresh_token = "refresh-again"
    assert run("--config", str(configured), "oauth", "login", "smtp").exit_code == 0
    assert (read_token(file).refresh_token, file.stat().st_mode & 0o777) == ("refresh-again", 0o600)


def test_what_root_signs_in_for_belongs_to_the_daemon_s_user(configured: Path, endpoint: TokenEndpoint) -> None:
    with tempfile.TemporaryDirectory() as name:  # the other user may not enter the folders of this test
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, 12345, 12345)
        configured.write_text(configured.read_text().replace('"support.token"', f'"{folder}/support.token"'))
        assert run("--config", str(configured), "oauth", "login", "smtp").exit_code == 0
        assert {path.name for path in folder.iterdir()} == {"support.token", ".support.token.lock"}
        assert {path.stat().st_uid for path in folder.iterdir()} == {folder.stat().st_uid}


def test_a_refusal_changes_nothing_and_says_why(configured: Path, endpoint: TokenEndpoint) -> None:
    file = configured.parent / "support.token"
    file.write_text("refresh-old")
    endpoint.signing_in.append({"error": "access_denied"})
    done = run("--config", str(configured), "oauth", "login", "support")
    assert (done.exit_code, "whoever was asked refused\nNothing was changed." in done.output) == (1, True)
    assert file.read_text() == "refresh-old"


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ("suport", "'suport' is no account with an oauth section; did you mean 'support'?"),
        ("sales", "mailbox sales: no device_url beside token_url"),
        ("robot", "nobody has to sign in"),
    ],
)
def test_what_can_not_sign_in_is_told_before_anybody_is_asked(
    configured: Path, endpoint: TokenEndpoint, account: str, told: str
) -> None:  # fmt: skip
    done = run("--config", str(configured), "oauth", "login", account)
    assert done.exit_code != 0
    assert told in str(done.exception)
    assert endpoint.asked == []


def test_without_room_for_the_token_nobody_is_asked(configured: Path, endpoint: TokenEndpoint) -> None:
    configured.write_text(configured.read_text().replace('"support.token"', '"nowhere/support.token"'))
    done = run("--config", str(configured), "oauth", "login", "support")
    assert "its folder is not there" in str(done.exception)
    assert endpoint.asked == []

"""The units are valid and closed, and the words to systemd are the ones it knows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon import systemd
from tests.servers.postgres import fresh_database

UNITS = Path(__file__).parent.parent / "systemd"

NAMES = ("supportd.service", "supportd@.service")


def installed(name: str, folder: Path) -> Path:
    """The unit as it would be installed here: with a program that exists."""
    unit = folder / name.replace("@.", "@apply.")
    unit.write_text((UNITS / name).read_text().replace("/opt/supportd/bin/supportd", sys.executable))
    return unit


@pytest.mark.systemd
@pytest.mark.parametrize("name", NAMES)
def test_a_unit_has_no_mistake(name: str, tmp_path: Path) -> None:
    unit = installed(name, tmp_path)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.systemd
@pytest.mark.parametrize("name", NAMES)
def test_a_unit_is_exposed_by_no_more_than_the_network(name: str, tmp_path: Path) -> None:
    unit = installed(name, tmp_path)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=11", unit], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_stop_gives_the_program_the_time_it_takes(name: str) -> None:
    from daemon.service import STOP_SECONDS

    [seconds] = [
        line.removeprefix("TimeoutStopSec=") for line in (UNITS / name).read_text().splitlines() if line.startswith("TimeoutStopSec=")
    ]
    assert int(seconds) > STOP_SECONDS


@pytest.fixture
def configured(tmp_path: Path, postgres_url: str) -> Iterator[Path]:
    """A configuration on PostgreSQL in a folder that nobody may write to, as under `ProtectSystem=strict`."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "reply.key").write_text("a key that was there before, long enough to sign with\n")
    (folder / "reply.key").chmod(0o600)
    with fresh_database(postgres_url) as url:
        (folder / "supportd.toml").write_text(f'[house]\naddress = "support@support.example"\n[database]\nurl = "{url}"\ndurable = false\n')
        folder.chmod(0o500)
        yield folder / "supportd.toml"
        folder.chmod(0o700)


@pytest.mark.postgres
def test_a_service_on_postgresql_that_may_only_read_its_configuration_keeps_its_files_in_the_state_folder(
    configured: Path, tmp_path: Path, environment: Callable[..., dict[str, str]]
) -> None:
    state = tmp_path / "state"
    state.mkdir()

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        # root may write everywhere, as no service may
        bounded = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
        command = [*bounded, sys.executable, "-m", "daemon", "--config", str(configured), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment(**more))

    # where nothing gives it a folder
    verdicts = {one["what"]: one["verdict"] for one in json.loads(run("check", "--json").stdout)}
    assert verdicts["epoch file"] == "BAD"
    refused = run("run", "--once")
    assert refused.returncode == 2
    assert "supportd.epoch can't be written" in refused.stderr
    assert run("run", "--once", STATE_DIRECTORY=f"{state}:{tmp_path / 'another'}").returncode == 0
    assert json.loads((state / "supportd.epoch").read_text())["epoch"] > 0


def test_limits_of_the_parser_child_go_through_a_call_that_the_units_allow() -> None:
    """`~@resources` refuses setrlimit; Python's way is prlimit64, which stays open."""
    assert "~@privileged @resources" in (UNITS / "supportd.service").read_text()
    bounded = "import resource as r; r.setrlimit(r.RLIMIT_CPU, (10, 10)); print(r.getrlimit(r.RLIMIT_CPU))"
    done = subprocess.run([sys.executable, "-c", bounded], capture_output=True, text=True, check=True)
    assert done.stdout == "(10, 10)\n"


def test_notify_says_it_to_the_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for address in (str(tmp_path / "notify"), f"@supportd-test-{os.getpid()}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
            monkeypatch.setenv("NOTIFY_SOCKET", address)
            assert systemd.notify("READY=1")
            assert listener.recv(100) == b"READY=1"


def test_notify_without_a_listener_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not systemd.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert not systemd.notify("READY=1")


@pytest.mark.parametrize(
    ("period", "process", "seconds"),
    [
        (None, None, None),
        ("120000000", None, 120.0),
        ("120000000", "own", 120.0),
        ("120000000", "1", None),
        ("x", None, None),
        ("0", None, None),
    ],
)
def test_the_watchdog_counts_for_the_process_it_names(
    monkeypatch: pytest.MonkeyPatch, period: str | None, process: str | None, seconds: float | None
) -> None:
    for name, value in (("WATCHDOG_USEC", period), ("WATCHDOG_PID", str(os.getpid()) if process == "own" else process)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert systemd.watchdog_seconds() == seconds

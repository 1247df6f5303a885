"""The fixtures every room may use. All servers are real, on loopback, on free ports, and end with the test.

database_url    a fresh database with its tables; each test runs on SQLite and on PostgreSQL
empty_url       the same without tables
imap_server     pymap inside the process (daemon.demo.servers.EmbeddedImap), empty
smtp_server     aiosmtpd inside the process (daemon.demo.servers.EmbeddedSmtp), takes everything
sink            an SMTP server that answers as the test says (tests.doubles.Sink)
certificates    an authority and a certificate for loopback
dovecot         a real Dovecot with TLS; tests that use it carry the marker `dovecot`
make_dovecot    the same with own settings, for tests that need an instance to themselves
wake            a pipe (read, write) as the fetch stage waits on
environment     the environment for a child process that imports this checkout
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from daemon.demo.servers import EmbeddedImap, EmbeddedSmtp
from daemon.store.database import open_database
from tests.doubles import Sink
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.dovecot import Dovecot, dovecot_server
from tests.servers.postgres import fresh_database, postgres_server


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder that any user may enter and whose path is short enough for sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="sd-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The PostgreSQL server of this session."""
    folder = Path(tempfile.mkdtemp(prefix="sd-pg-"))
    with postgres_server(folder) as url:
        yield url
    shutil.rmtree(folder, ignore_errors=True)


ON_BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=ON_BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables: a file that isn't there yet, or a database of its own on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'supportd.db'}"
        return
    with fresh_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "supportd.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        open_database(url).close()
        yield url


@pytest.fixture(params=ON_BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with today's tables and no rows. Migrating takes longer than most tests: it is a copy."""
    if request.param == "sqlite":
        path = tmp_path / "supportd.db"
        shutil.copy(request.getfixturevalue("_migrated_file"), path)
        yield f"sqlite:///{path}"
        return
    with fresh_database(request.getfixturevalue("postgres_url"), request.getfixturevalue("_migrated_postgres")) as url:
        yield url


@pytest.fixture
def imap_server() -> Iterator[EmbeddedImap]:
    """An IMAP server with an empty INBOX."""
    with EmbeddedImap() as server:
        yield server


@pytest.fixture
def smtp_server() -> Iterator[EmbeddedSmtp]:
    """An SMTP server that takes everything."""
    with EmbeddedSmtp() as server:
        yield server


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An SMTP server without TLS that answers as `sink.script` says."""
    with Sink() as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority of our own and a certificate for loopback."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def make_dovecot(short_folder: Path) -> Iterator[Callable[..., Dovecot]]:
    """Starts a Dovecot; called with `capability=` it claims to be able to do just that, with `introspection=` it takes tokens."""
    with ExitStack() as stack:
        count = 0

        def make(capability: str | None = None, **settings: str) -> Dovecot:
            nonlocal count
            count += 1
            folder = short_folder / str(count)
            folder.mkdir()
            return stack.enter_context(dovecot_server(folder, capability, **settings))

        yield make


@pytest.fixture(scope="session")
def _shared_dovecot() -> Iterator[Dovecot]:
    folder = Path(tempfile.mkdtemp(prefix="sd-dc-"))
    folder.chmod(0o755)
    with dovecot_server(folder) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def dovecot(_shared_dovecot: Dovecot) -> Dovecot:
    """A Dovecot with TLS, shared by the session, its user's mails thrown away before the test."""
    server = _shared_dovecot
    server.doveadm("kick", server.user) if server.doveadm("who", "-1").count(server.user) else None
    shutil.rmtree(server.maildir, ignore_errors=True)
    return server


@pytest.fixture
def wake() -> Iterator[tuple[int, int]]:
    """A pipe that never blocks."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    yield read, write
    os.close(read)
    os.close(write)


@pytest.fixture(scope="session")
def environment() -> Callable[..., dict[str, str]]:
    """The environment of a child process, with further variables, without those of a test run around this one."""
    root = str(Path(__file__).parent.parent)

    def made(**more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SUPPORTD_")}
        return kept | {"PYTHONPATH": root} | more

    return made

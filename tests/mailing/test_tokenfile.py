"""The file of a refresh token: read strictly, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import Temporary
from daemon.mail.tokenfile import is_token, put_token, read_token, require_room, rotating


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "support.token"
    path.write_text("old\n")
    return path


def test_a_token_is_kept_and_read_again_also_through_a_link(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    with rotating(link) as rotation:
        assert rotation.kept.refresh_token == "old"
        rotation.keep("new", 60)
    kept = read_token(file)
    assert (kept.refresh_token, kept.expires_in, link.is_symlink()) == ("new", 60, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nothing_changes_when_no_token_came(file: Path) -> None:
    with pytest.raises(ZeroDivisionError), rotating(file):
        raise ZeroDivisionError
    assert file.read_text() == "old\n"
    assert not file.with_name(".support.token.new").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(octets=st.binary() | st.text().map(str.encode))
def test_any_file_holds_a_token_or_is_temporary(file: Path, octets: bytes) -> None:
    file.write_bytes(octets)
    try:
        assert is_token(read_token(file).refresh_token)
    except Temporary as error:
        assert str(error).endswith("holds no refresh token")


@pytest.mark.parametrize("text", ["", "two words", '{"refresh_token": 5}', "{", '{"other": "x"}', "\xff"])
def test_a_file_without_a_token_is_temporary_and_its_text_is_not_told(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(Temporary, match=r"holds no refresh token$"), rotating(file):
        pass
    file.unlink()
    with pytest.raises(Temporary, match="No such file"), rotating(file):
        pass


# --- whoever the folder belongs to chooses nothing for root ----------------------------------------------------------

DAEMON = 12345
"""A user who is nobody here."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where the token of the daemon's user is to be: a folder of theirs, if the tests run as root, below folders that they may enter."""
    folder = Path(tempfile.mkdtemp(prefix="supportd-token-"))
    folder.chmod(0o755)
    state = folder / "state"
    state.mkdir()
    if os.geteuid() == 0:
        os.chown(state, DAEMON, DAEMON)
    yield state / "support.token"
    shutil.rmtree(folder)


@pytest.fixture
def secret(place: Path) -> Path:
    """What belongs to whoever runs the tests alone."""
    path = place.parents[1] / "secret"
    path.write_text("root only")
    path.chmod(0o600)
    return path


def unchanged(secret: Path) -> bool:
    found = secret.stat()
    return (secret.read_text(), found.st_uid, found.st_gid, found.st_mode & 0o777) == ("root only", os.getuid(), os.getgid(), 0o600)


@pytest.mark.parametrize("plant", [Path.symlink_to, Path.hardlink_to])
@pytest.mark.parametrize("name", [".support.token.lock", ".support.token.new", "support.token"])
def test_a_link_in_the_folder_gives_nobody_what_it_names(place: Path, secret: Path, name: str, plant: Callable[[Path, Path], None]) -> None:
    link = place.with_name(name)
    plant(link, secret)
    if os.geteuid() == 0 and link.is_symlink():
        os.chown(link, DAEMON, DAEMON, follow_symlinks=False)
    before = (os.geteuid(), os.getegid(), os.getgroups())
    with contextlib.suppress(Temporary):
        put_token(place, "refresh-new", None)
    if name == ".support.token.lock":
        with contextlib.suppress(Temporary), rotating(place):
            pass
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before
    if os.geteuid() == 0 or name != "support.token" or not link.is_symlink():
        assert unchanged(secret)


def test_a_link_to_a_folder_of_root_is_followed_with_the_rights_of_whoever_made_it(place: Path) -> None:
    """Both that of the file and one on the way to it. Whoever isn't root has no other rights anyhow."""
    target = place.parents[1] / "of-root"
    target.mkdir(mode=0o755)
    place.symlink_to(target / "planted")
    way = place.with_name("way")
    way.symlink_to(target)
    if os.geteuid() != 0:
        target.chmod(0o555)
    else:
        for link in (place, way):
            os.chown(link, DAEMON, DAEMON, follow_symlinks=False)
    for path in (place, way / "planted"):
        with pytest.raises(Temporary, match="Permission denied"):
            put_token(path, "refresh-new", None)
        with pytest.raises(Temporary, match="may not write into its folder"):
            require_room(path)
    assert list(target.iterdir()) == []


def test_in_a_folder_of_the_daemon_s_user_the_token_and_its_lock_are_theirs(place: Path) -> None:
    require_room(place)
    put_token(place, "refresh-new", 60)
    assert {path.name: path.stat().st_uid for path in place.parent.iterdir()} == dict.fromkeys(
        ["support.token", ".support.token.lock"], place.parent.stat().st_uid
    )
    with rotating(place) as rotation:
        assert rotation.kept.refresh_token == "refresh-new"

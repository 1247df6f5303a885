"""The file of a refresh token: read strictly, replaced whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import Temporary
from daemon.mail.tokenfile import is_token, read_token, rotating


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

"""What the errors of a database are taken for."""

from __future__ import annotations

import peewee as pw
import pytest

from daemon.store.failing import first_line, is_full, is_the_servers, origin


@pytest.mark.parametrize(
    ("error", "servers"),
    [
        (pw.OperationalError("database is locked"), True), (pw.InternalError("cannot execute UPDATE in a read-only transaction"), True),
        (pw.InterfaceError("the connection is closed"), True), (pw.DatabaseError("file is not a database"), True),
        (pw.IntegrityError("UNIQUE constraint failed"), False), (pw.DataError("out of range"), False),
        (pw.ProgrammingError("no such column"), False),
    ],
)  # fmt: skip
def test_what_was_asked_is_told_from_who_was_asked(error: pw.PeeweeException, servers: bool) -> None:
    assert is_the_servers(error) is servers


def _fails_to_roll_back() -> None:
    try:
        raise pw.OperationalError("database or disk is full\nand more")
    except pw.OperationalError:
        raise pw.OperationalError("cannot rollback - no transaction is active")  # noqa: B904


def test_a_failed_rollback_does_not_hide_a_full_disk() -> None:
    with pytest.raises(pw.OperationalError) as raised:
        _fails_to_roll_back()
    assert first_line(origin(raised.value)) == "database or disk is full"
    assert is_full("database or disk is full")
    assert is_full("disk I/O error")
    assert not is_full("database is locked")

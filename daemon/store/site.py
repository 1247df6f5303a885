"""Where a PostgreSQL database lies: whether it is still the very one in which an epoch was begun.

One that was put back from a dump, into another server, or out of the server's archive lies elsewhere: it is told by the server's
identifier and timeline and by the numbers of database and table there. One whose server was started anew may have been put back
with its disk: it is told by when the server was started. Every function runs inside a transaction of the caller.
"""

from __future__ import annotations

from typing import Any

import peewee as pw

_READABLE = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"

_SITE = """
SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8), (SELECT oid FROM pg_database WHERE datname = current_database()),
'installation'::regclass::oid, extract(epoch FROM pg_postmaster_start_time())
"""


def site_of(line: Any) -> str | None:
    """Where the database of this connection lies now, and since when its server runs; None on SQLite.

    What can't be asked without a right that this user lacks is left out.
    """
    if not isinstance(line, pw.PostgresqlDatabase):
        return None
    asked: Any = line
    server = ""
    if asked.execute_sql(_READABLE).fetchone()[0]:
        server = str(asked.execute_sql("SELECT system_identifier FROM pg_control_system()").fetchone()[0])
    timeline, database, table, started = asked.execute_sql(_SITE).fetchone()
    return f"{server}/{timeline}/{database}/{table} since {started}"


def elsewhere(before: str | None, now: str | None) -> bool:
    """Whether a database surely lies elsewhere than before; a restart of its server is no move."""
    return before is not None and now is not None and before.partition(" ")[0] != now.partition(" ")[0]

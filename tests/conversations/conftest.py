"""Fixtures of the dialogues: a world on each database, with pymap inside the process or a real Dovecot."""

from tests.conversations.fixtures import database_url, inbox, make_world, settled_postgres, without_move, world

__all__ = ["database_url", "inbox", "make_world", "settled_postgres", "without_move", "world"]

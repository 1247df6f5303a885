"""Fixtures of the dialogues: a world on each database, with pymap inside the process or a real Dovecot."""

from tests.conversations.fixtures import inbox, make_world, without_move, world

__all__ = ["inbox", "make_world", "without_move", "world"]

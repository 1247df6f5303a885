"""How long a mailbox is left alone after a session that failed: longer each time, until one was of use.

A login that goes well is none yet: a server that ends each session at a mail, or a database that takes nothing, would be met with
a storm of logins, and providers lock accounts for that.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from daemon.mail.imap import BrokenLine, HandsOutNothing, LoginRefused
from daemon.mail.oauth import TokenRefused

FIRST_SECONDS = 1.0

MOST_SECONDS = 60.0
"""A mailbox is tried for ever, at least that often: its mail is found within 90 s after it can be reached again, the half minute being
for a connect that was under way when it came back."""

MOST_REFUSED_SECONDS = 300.0
"""Where the login is refused again and again: only a person can mend that."""

JITTER = 0.25
"""So much of a pause is left to chance, that several mailboxes of one server don't come all at once."""

STEPS = 10
"""More logins in vain make no longer pause; it has come to its end by then."""

DOUBTS = 10
"""Where a server handed out nothing, one session in so many asks again whose fault that is, at the price of some logins."""


class BackOff:
    """The pauses of one mailbox. `chance` is a number from 0 to 1."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self.seconds = 0.0
        """To wait before the next session."""
        self._chance = chance
        self._grown = 0.0
        self._refused = False
        self._doubts = 0

    @property
    def wary(self) -> bool:
        """Whether the next session shall end at once where the line breaks at a mail."""
        return self._doubts % DOUBTS != 0

    def failed(self, error: Exception, logins: int = 1) -> None:
        """A session ended with this error, after so many logins: each of them was in vain, and makes the pause longer."""
        refused = isinstance(error, (LoginRefused, TokenRefused))
        # the first refusal may be of a server that is just coming back
        most = MOST_REFUSED_SECONDS if refused and self._refused else MOST_SECONDS
        self._refused = refused
        doubtful = isinstance(error, HandsOutNothing) or (self._doubts and isinstance(error, BrokenLine))
        self._doubts = self._doubts + 1 if doubtful else 0
        self._grown = min(max(self._grown * 2, FIRST_SECONDS) * 2 ** (min(max(logins, 1), STEPS) - 1), most)
        self.seconds = self._grown * (1 - JITTER * self._chance())

    def worked(self) -> None:
        """A session was of use: the next that fails is the first."""
        self.seconds, self._grown, self._refused, self._doubts = 0.0, 0.0, False, 0

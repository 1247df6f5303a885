"""Places where a test kills or stops the process, to prove that nothing is lost there. Without the variable they do nothing.

`SUPPORTD_FAILPOINT=name` ends the process by SIGKILL at the first pass of that place, `name:3` at the third. `name=stop` stops it
there by SIGSTOP, until somebody lets it go on.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "after_search", "after_fetch", "before_t1", "after_t1",
    "before_t2", "after_t2", "t3_begin", "t3_after_case", "t3_after_interaction", "t3_after_outbox", "before_t3_commit", "after_t3_commit",
    "before_move", "after_copy_before_delete", "after_move", "after_tidied",
    "before_t4", "after_t4", "after_mail", "after_rcpt", "before_t5", "after_t5", "half_data", "after_dot", "before_t6", "after_t6",
    "before_raw_deleted", "after_raw_deleted", "migration_step", "token_written",
)  # fmt: skip
"""Every place, in the order a mail passes them: fetch, claim, act, tidy, send, grow old; then the migration, a new refresh token.

t1 is the transaction that records a delivery, t2 the one that claims it, t3 the one that acts. For sending, t4 claims the
row, t5 is the moment before DATA (t4 covers it: a row is claimed only then), t6 records what the relay said.
"""

SIGNALS = {"": signal.SIGKILL, "stop": signal.SIGSTOP}

_known = frozenset(POINTS)


class _Target:
    """The place that kills or stops, and how many passes are left; read from the environment once."""

    def __init__(self, setting: str) -> None:
        place, _, how = setting.partition("=")
        self.name, _, count = place.partition(":")
        self.passes = int(count or 1)
        if (self.name and self.name not in _known) or how not in SIGNALS:
            raise ValueError(f"SUPPORTD_FAILPOINT names no fail point: {setting!r}")
        self.signal = SIGNALS[how]


_target: _Target | None = None


def failpoint(name: str) -> None:
    """Die or stand still here if a test asks for it. Raises ValueError for a name that is not in POINTS, so that no place is misspelt."""
    global _target  # noqa: PLW0603 - the environment is read at the first call, not at import
    if name not in _known:
        raise ValueError(f"no such fail point: {name!r}")
    if _target is None:
        _target = _Target(os.environ.get("SUPPORTD_FAILPOINT", ""))
    if name == _target.name:
        _target.passes -= 1
        if _target.passes == 0:
            # to this thread: one sent to the process may leave it time to go on
            signal.raise_signal(_target.signal)

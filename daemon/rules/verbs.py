"""Every verb of the grammar that somebody answers, and what it does. Pure.

To add a verb: its row in `parsers.keywords`, its words in `receipts`, and its function in the STEPS of its room.
"""

from __future__ import annotations

from collections.abc import Mapping

from daemon.rules import assigning, lookups, newcase, progress, saying
from daemon.rules.drafts import Step

VERBS: Mapping[str, Step] = {**progress.STEPS, **saying.STEPS, **assigning.STEPS, **lookups.STEPS, **newcase.STEPS}
"""What each verb does. A word of the grammar that isn't here is refused by its name."""

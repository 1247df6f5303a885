"""What each test of the chaos suite saw, one line of JSON each, for the table that `python -m tests.chaos` prints.

A test calls `saw` when its own assertions hold. It writes nothing unless SUPPORTD_CHAOS_RECORD names a file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path


def size(short: int, whole: int) -> int:
    """How much to do: `short` in the test run, `whole` when SUPPORTD_CHAOS is `whole`."""
    return whole if os.environ.get("SUPPORTD_CHAOS") == "whole" else short


def saw(guarantee: str, faults: str, *, times: int, lost: int, doubled: int, note: str = "") -> None:
    """Record what happened: the guarantee (G1 to G20), what fault in a few words, how often, mails or answers lost and doubled.

    `note` says why a doubled one is allowed ("same Message-ID, RFC 1047") or on what it ran ("Dovecot, PostgreSQL").
    """
    path = os.environ.get("SUPPORTD_CHAOS_RECORD")
    if path is None:
        return
    line = {"guarantee": guarantee, "faults": faults, "times": times, "lost": lost, "doubled": doubled, "note": note}
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")

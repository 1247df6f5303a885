"""The first text line of our mails where a reply is expected: people answer above it, and the reply reader cuts there."""

from __future__ import annotations

ANSWER_MARKER = "--- reply above this line ---"

"""How much of a mail is looked at. The configuration knows it, too, and has no need of the readers."""

from __future__ import annotations

from dataclasses import dataclass

IDENTITY_OCTETS = 2048
"""The longest From field that is read, where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """How much of a mail is looked at; sizes in octets.

    Crossing header_block, header_count, a mime_* or the boundary limit makes the mail unreadable (`Opened.limit`);
    crossing another one cuts and leaves a defect.
    """

    header_block: int = 256 * 1024
    header_count: int = 1000
    header_size: int = 16 * 1024
    identity_size: int = IDENTITY_OCTETS
    addresses: int = 200
    references: int = 50
    mime_depth: int = 20
    mime_parts: int = 500
    boundary: int = 256
    body_text: int = 256 * 1024
    body_lines: int = 5000
    line_length: int = 2000
    html_size: int = 1024 * 1024
    html_depth: int = 200
    attachments: int = 100
    attachment_size: int = 25 * 1024 * 1024
    rfc2231_pieces: int = 100

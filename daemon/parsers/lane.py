"""The lane of a mail: who it seems to be from, read cheaply at the door so that one sender's mails keep their order."""

from __future__ import annotations

import hashlib
import re

HEAD = 64 * 1024
"""Only the beginning is looked at; a header block that is longer has no lane of its own."""

FROM = re.compile(rb"^from[ \t]*:[ \t]*([^\r\n]{0,2000})", re.IGNORECASE | re.MULTILINE)
ADDRESS = re.compile(rb"[^\s<>(),;:\"]{1,64}@[^\s<>(),;:\"]{1,255}")


def lane_of(octets: bytes) -> str:
    """The last address of the first From line in lower case, else a digest of that line; "" when there is none.

    Not an identity: two senders in one lane only wait for each other.
    """
    head = octets[:HEAD]
    for separator in (b"\r\n\r\n", b"\n\n"):
        end = head.find(separator)
        if end >= 0:
            head = head[:end]
    found = FROM.search(head)
    if found is None:
        return ""
    addresses = ADDRESS.findall(found.group(1))
    if addresses:
        lane: str = addresses[-1].decode("ascii", "replace").lower().replace("\x00", "")
        return lane
    return hashlib.sha256(found.group(1)).hexdigest()[:32]

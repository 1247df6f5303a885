"""The open multiparts of a mail and where their boundary delimiters stand (RFC 2046 section 5.1.1). Total and linear."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Multipart:
    """An open multipart. `parts` counts the parts begun in it; `next_hit` caches where its boundary is found next."""

    boundary: bytes
    content_type: str
    parts: int = 0
    next_hit: int = -1


@dataclass(frozen=True, slots=True)
class Delimiter:
    """What ends a part: where the part ends, the level of the multipart it belongs to, and where the next line begins.

    `level` is -1 at the end of the mail. `closing` marks the last delimiter of its multipart.
    """

    end: int
    level: int
    closing: bool
    after: int


class Boundaries:
    """The stack of open multiparts over the octets of one mail, outermost first."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.stack: list[Multipart] = []

    def open(self, boundary: bytes, content_type: str, position: int) -> bool:
        """Open a multipart whose body begins at `position`; False, and nothing opened, when its boundary never comes."""
        self.stack.append(Multipart(boundary, content_type))
        if self._nearest(position)[1] < len(self.stack) - 1:
            self.stack.pop()
            return False
        return True

    def close(self, level: int) -> None:
        """Close the multipart of this level and all inside it."""
        del self.stack[level:]

    def next(self, position: int) -> Delimiter:
        """The next delimiter at or behind `position`. The line end before it belongs to it."""
        octets = self.octets
        nearest, level = self._nearest(position)
        if level < 0:
            return Delimiter(len(octets), -1, False, len(octets))
        line_end = octets.find(b"\n", nearest)
        end = nearest
        if end > position and octets[end - 1] == 10:
            end -= 2 if end - 2 >= position and octets[end - 2] == 13 else 1
        closing = self._tail(nearest + 2 + len(self.stack[level].boundary)) is True
        return Delimiter(end, level, closing, len(octets) if line_end < 0 else line_end + 1)

    def is_delimiter(self, position: int) -> bool:
        """Whether the line that begins at `position` with two hyphens is a delimiter of an open multipart."""
        return any(
            self.octets.startswith(multipart.boundary, position + 2) and self._tail(position + 2 + len(multipart.boundary)) is not None
            for multipart in self.stack
        )

    def _nearest(self, position: int) -> tuple[int, int]:
        """The nearest delimiter of an open multipart at or behind `position`, and its level; -1 at the end of the mail.

        The outer ones come first: an inner boundary counts only before the next delimiter around it, so it is searched
        only up to there, and a mail of many boundaries costs its depth times its size.
        """
        nearest, level = len(self.octets), -1
        for index, multipart in enumerate(self.stack):
            found = self._hit(multipart, position, nearest)
            if found < len(self.octets) and found <= nearest:
                nearest, level = found, index
        return nearest, level

    def _hit(self, multipart: Multipart, position: int, stop: int) -> int:
        """Where the next delimiter line of this multipart begins in `position:stop`; the length of the mail if nowhere."""
        if multipart.next_hit >= position:
            return multipart.next_hit
        octets, needle = self.octets, b"--" + multipart.boundary
        at_line_start = position == 0 or octets[position - 1] == 10
        if at_line_start and octets.startswith(needle, position) and self._tail(position + len(needle)) is not None:
            multipart.next_hit = position
            return position
        needle = b"\n" + needle
        while True:
            found = octets.find(needle, position - 1 if position else 0, min(stop + len(needle), len(octets)))
            if found < 0:
                multipart.next_hit = len(octets)
                return multipart.next_hit
            if found + 1 >= position and self._tail(found + len(needle)) is not None:
                multipart.next_hit = found + 1
                return found + 1
            position = found + 2

    def _tail(self, position: int) -> bool | None:
        """What follows a boundary on its line: False nothing, True the closing hyphens, None anything else."""
        octets = self.octets
        end = octets.find(b"\n", position, position + 200)
        if end < 0:
            end = min(len(octets), position + 200)
        rest = octets[position:end].strip(b" \t\r")
        return False if not rest else True if rest == b"--" else None

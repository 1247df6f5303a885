"""Authentication-Results fields read token by token (RFC 8601 section 2.2). Total, linear, never a pattern over the field.

A comment or a quoted string is one token and can't look like a result. Whom to believe is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from daemon.model import AuthenticationResults, MethodResult

_BARE = re.compile(r"[^\s\";()=]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SPACE = re.compile(r"\s+")
_ESCAPE = re.compile(r"\\(.)")
_VERSION = re.compile(r"\d{1,9}\Z")
_FIELD_SIZE = 16 * 1024
_MAX_FIELDS = 50
_MAX_RESULTS = 200


class _Token(NamedTuple):
    """A word or one of the separators ";" and "=". `glued`: nothing stands between it and the token before."""

    text: str
    quoted: bool
    glued: bool

    def is_sign(self, sign: str) -> bool:
        return self.text == sign and not self.quoted


def read_fields(headers: Iterable[tuple[str, str]]) -> tuple[AuthenticationResults, ...]:
    """All Authentication-Results fields of a header, top first, each with the number of Received fields above it."""
    found: list[AuthenticationResults] = []
    received = 0
    for name, value in headers:
        if name == "received":
            received += 1
        elif name == "authentication-results" and len(found) < _MAX_FIELDS:
            found.append(read(value, received))
    return tuple(found)


def read(value: str, received_above: int = 0) -> AuthenticationResults:
    """One field. `authserv_id` is None when the field begins with a result at once, as Microsoft 365 writes it.

    A field of another version than 1, or one that was cut or has too many results to be read whole, keeps its place and its id and says
    nothing: were it left out, one that a forger put below it would be the topmost.
    """
    segments = _segments(_tokens(value[:_FIELD_SIZE]))
    authserv_id = None
    whole = len(value) < _FIELD_SIZE and len(segments) <= _MAX_RESULTS
    if segments and not any(token.is_sign("=") for token in segments[0]):
        head = segments.pop(0)
        if head:
            authserv_id = head[0].text.lower()
        whole = whole and (len(head) < 2 or (len(head) == 2 and _VERSION.match(head[1].text) is not None and int(head[1].text) == 1))
    elif segments and len(segments[0]) > 1 and not segments[0][1].is_sign("="):
        # "id method=result": the semicolon behind the id is missing
        authserv_id = segments[0].pop(0).text.lower()
    results = [result for segment in segments if (result := _result(segment)) is not None] if whole else []
    return AuthenticationResults(authserv_id=authserv_id, received_above=received_above, results=tuple(results))


def _tokens(value: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = end = 0
    while position < len(value):
        sign = value[position]
        if sign in ";=":
            tokens.append(_Token(sign, False, position == end))
            position = end = position + 1
        elif sign == "(":
            position = _comment_end(value, position)
        elif sign == '"':
            quoted = _QUOTED.match(value, position)
            if quoted is None:  # never closed: what follows can't be trusted
                break
            tokens.append(_Token(_ESCAPE.sub(r"\1", quoted[1]), True, position == end))
            position = end = quoted.end()
        elif sign == ")":
            position += 1
        else:
            space = _SPACE.match(value, position)
            if space is not None:
                position = space.end()
                continue
            bare = _BARE.match(value, position)
            assert bare is not None
            tokens.append(_Token(bare[0], False, position == end))
            position = end = bare.end()
    return tokens


def _comment_end(value: str, position: int) -> int:
    depth = 0
    while position < len(value):
        sign = value[position]
        if sign == "\\":
            position += 1
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if not depth:
                return position + 1
        position += 1
    return len(value)


def _segments(tokens: list[_Token]) -> list[list[_Token]]:
    segments: list[list[_Token]] = [[]]
    for token in tokens:
        if token.is_sign(";"):
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _result(segment: list[_Token]) -> MethodResult | None:
    """`method=result` and its properties; None for "none", for an empty segment and for one that does not begin so."""
    if len(segment) < 3 or segment[0].quoted or not segment[1].is_sign("=") or segment[2].quoted:
        return None
    method, _, version = segment[0].text.lower().partition("/")
    if version not in ("", "1"):
        return None
    properties: list[tuple[str, str]] = []
    position = 3
    while position < len(segment):
        token = segment[position]
        if position + 2 >= len(segment) or token.quoted or not segment[position + 1].is_sign("="):
            position += 1
            continue
        value = segment[position + 2].text
        position += 3
        # `"local part"@domain` and base64 are several tokens without a space: one value, never cut in the middle.
        while position < len(segment) and segment[position].glued:
            value += segment[position].text
            position += 1
        properties.append((token.text.lower(), value))
    return MethodResult(method=method, result=segment[2].text.lower(), properties=tuple(properties))

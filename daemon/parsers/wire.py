"""A `Reading` on the pipe between the reader's child and its parent.

A bundle is a count, then that many frames (four octets of length, most significant first, and the content). A reading
travels as one frame of JSON and one frame for the content of each attachment. JSON and never pickle: a mail that took
over the child must not be able to run code in the parent. Decoding checks the shape and the type of every field.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, BinaryIO, NewType, Union, get_args, get_origin, get_type_hints

from daemon.model import Reading

EXIT_MEMORY = 71
"""The status with which the child ends when a mail needs more memory than it may have."""

MAX_BUNDLE = 256 * 1024 * 1024
MAX_FRAMES = 1001
_NUMBER = struct.Struct(">I")

_Decoder = Callable[[Any, list[bytes]], Any]


def pack(frames: Iterable[bytes]) -> list[bytes]:
    """The octets of a bundle, in pieces, so that a large content is not copied."""
    pieces: list[bytes] = []
    for frame in frames:
        pieces += (_NUMBER.pack(len(frame)), frame)
    return [_NUMBER.pack(len(pieces) // 2), *pieces]


def take(buffer: bytearray) -> list[bytes] | None:
    """Take the first bundle off the buffer; None while it is incomplete. Raises ValueError when it is too large."""
    if len(buffer) < 4:
        return None
    (count,) = _NUMBER.unpack_from(buffer, 0)
    if count > MAX_FRAMES:
        raise ValueError("too many frames")
    position = 4
    spans = []
    for _ in range(count):
        if len(buffer) < position + 4:
            return None
        (length,) = _NUMBER.unpack_from(buffer, position)
        position += 4 + length
        if position > MAX_BUNDLE:
            raise ValueError("bundle too large")
        spans.append((position - length, position))
    if len(buffer) < position:
        return None
    with memoryview(buffer) as view:
        frames = [bytes(view[start:end]) for start, end in spans]
    del buffer[:position]
    return frames


def receive(stream: BinaryIO) -> list[bytes] | None:
    """The next bundle of a blocking stream; None at its end, also in the middle of a bundle."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    frames = []
    for _ in range(_NUMBER.unpack(head)[0]):
        head = stream.read(4)
        if len(head) < 4:
            return None
        (length,) = _NUMBER.unpack(head)
        frame = stream.read(length)
        if len(frame) < length:
            return None
        frames.append(frame)
    return frames


def encode(reading: Reading) -> list[bytes]:
    """The frames of a reading: its JSON, then the contents of its attachments in order, and of those of attached forms."""
    document = json.dumps(_plain(reading), ensure_ascii=False, separators=(",", ":"))
    attachments = list(reading.message.attachments)
    if reading.form is not None:
        attachments += [attachment for inner in reading.form.messages for attachment in inner.attachments]
    return [document.encode("utf-8", "replace"), *(attachment.content for attachment in attachments)]


def decode(frames: list[bytes]) -> Reading:
    """The reading of these frames. Raises ValueError when they are not exactly what `encode` would give."""
    if not frames:
        raise ValueError("no frame")
    try:
        tree = json.loads(frames[0])
    except RecursionError as error:
        raise ValueError("JSON too deep") from error
    contents = frames[:0:-1]
    reading: Reading = _decoder(Reading)(tree, contents)
    if contents:
        raise ValueError("more contents than attachments")
    return reading


def _plain(value: Any) -> Any:
    """Dataclasses as lists of their fields in order, times as ISO text; contents stay out."""
    kind = type(value)
    if kind is str or value is None or kind is bool or kind is int:
        return value
    if kind is tuple:
        return [_plain(item) for item in value]
    if kind is bytes:
        return None
    if kind is datetime:
        return value.isoformat()
    return [_plain(getattr(value, name)) for name in _names(kind)]


def _names(kind: Any) -> tuple[str, ...]:
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(field.name for field in fields(kind))
    return names


_NAMES: dict[Any, tuple[str, ...]] = {}


@cache
def _decoder(hint: Any) -> _Decoder:
    """The decoder of a type of the model: str, int, bool, bytes, datetime, X | None, tuples and dataclasses of these."""
    if isinstance(hint, NewType):
        return _decoder(hint.__supertype__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        (inner,) = [_decoder(argument) for argument in arguments if argument is not type(None)]
        return lambda value, contents: None if value is None else inner(value, contents)
    if origin is tuple:
        return _tuple_decoder(arguments)
    if hint is datetime:
        return _moment
    if hint is bytes:
        return _content
    if hint in (str, int, bool):
        return _scalar_decoder(hint)
    return _record_decoder(hint)


def _scalar_decoder(kind: type) -> _Decoder:
    def scalar(value: Any, _: list[bytes]) -> Any:
        if type(value) is not kind:
            raise ValueError(f"no {kind.__name__}")
        return value

    return scalar


def _tuple_decoder(arguments: tuple[Any, ...]) -> _Decoder:
    if arguments[-1] is Ellipsis:
        item = _decoder(arguments[0])

        def several(value: Any, contents: list[bytes]) -> Any:
            if type(value) is not list:
                raise ValueError("no list")
            return tuple([item(element, contents) for element in value])

        return several
    items = [_decoder(argument) for argument in arguments]

    def exactly(value: Any, contents: list[bytes]) -> Any:
        if type(value) is not list or len(value) != len(items):
            raise ValueError("no list of the right length")
        return tuple([decoder(element, contents) for decoder, element in zip(items, value, strict=True)])

    return exactly


def _record_decoder(kind: Any) -> _Decoder:
    hints = get_type_hints(kind)
    decoders = [(name, _decoder(hints[name])) for name in _names(kind)]

    def record(value: Any, contents: list[bytes]) -> Any:
        if type(value) is not list or len(value) != len(decoders):
            raise ValueError(f"no {kind.__name__}")
        return kind(**{name: decoder(element, contents) for (name, decoder), element in zip(decoders, value, strict=True)})

    return record


def _moment(value: Any, _: list[bytes]) -> datetime:
    if type(value) is not str:
        raise ValueError("no time")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment


def _content(value: Any, contents: list[bytes]) -> bytes:
    if value is not None or not contents:
        raise ValueError("no content")
    return contents.pop()

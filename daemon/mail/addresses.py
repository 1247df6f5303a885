"""Signed reply addresses and Message-IDs: how an answer finds its case and proves whom it was made for. Pure.

Both carry the same nine octets (what it is, the case, who) and an HMAC-SHA256 cut to 80 bits, in lower-case base32,
so that a mail system may change the case of letters and nobody can count up to somebody else's case.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from typing import Literal

from daemon.errors import ConfigError, Problem
from daemon.model import AddrSpec, MessageId
from daemon.parsers.addresses import addr_spec

ReplyKind = Literal["reply", "bounce", "confirm"]
KeyKind = Literal[ReplyKind, "message"]

_HEAD = struct.Struct(">BI4s")
_VERSION = 0x10
_BOUNCE = 0x01
_MESSAGE = 0x02
_CONFIRM = 0x03
"""Told only by a mail that asks for a confirmation."""
_DIGEST = 0x04
_CS = 0x08
"""The number is a CS ticket's."""
_KINDS: dict[int, KeyKind] = {0: "reply", _BOUNCE: "bounce", _MESSAGE: "message", _CONFIRM: "confirm"}
_REPLIES: dict[ReplyKind, int] = {"reply": 0, "bounce": _BOUNCE, "confirm": _CONFIRM}

_HEAD_SIGNS = 15
_MAC_OCTETS = 10
_MAC_SIGNS = 16
TOKEN_SIGNS = _HEAD_SIGNS + _MAC_SIGNS
_SEPARATORS = ("+", "-", "=")
"""Behind one of these a tag begins, for most mail servers."""
LOCAL_PART_OCTETS = 64
"""RFC 5321 section 4.5.3.1.1."""

_MESSAGE_ID = re.compile(r"<([a-z2-7]{15})\.([a-z2-7]{16})\.([a-z2-7]{16})@([^@<>\s]+)>\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A signed address or Message-ID of ours whose signature is right.

    It was made for a contact, or (`address_digest`) for somebody without one; see `token_digest`.
    """

    kind: KeyKind
    case_id: int | None
    contact_id: int | None
    address_digest: str | None
    cs_id: int | None = None
    """The CS ticket it was made for; then it names no case itself."""


@dataclass(frozen=True, slots=True)
class BadKey:
    """It looks like one of ours, but the signature is wrong: tampered with, guessed, or made with another key."""


class Signer:
    """Makes and reads the signed names of one installation.

    Raises ConfigError when the house's address is none, or the reply pattern isn't one with room for the token.
    """

    __slots__ = ("_after", "_before", "_domain", "_house", "_instance", "_key")

    def __init__(self, key: bytes, reply_pattern: str | None, house_address: str) -> None:
        house = addr_spec(house_address)[0]
        if house is None:
            raise ConfigError((Problem(file="supportd.toml", key="house.address", found=repr(house_address), allowed="an address"),))
        self._key = key
        self._instance = self._mac(b"instance", b"")
        self._house = house
        self._domain = house.rpartition("@")[2]
        self._before: str | None = None
        self._after = ""
        if reply_pattern is not None:
            before, token, after = reply_pattern.partition("{token}")
            example = addr_spec(before + "a" * TOKEN_SIGNS + after)[0]
            if not token or "{" in before + after or "@" not in after or example is None:
                room = LOCAL_PART_OCTETS - TOKEN_SIGNS
                allowed = f"an address like support+{{token}}@support.example, with at most {room} signs beside the token before the @"
                raise ConfigError((Problem(file="supportd.toml", key="trust.reply_address", found=repr(reply_pattern), allowed=allowed),))
            self._before, self._after = example[: len(before)], example[len(before) + TOKEN_SIGNS :]

    def reply_address(
        self, case_id: int | None, contact_id: int | None, address: str, kind: ReplyKind = "reply",
        cs_id: int | None = None,
    ) -> AddrSpec:  # fmt: skip
        """The address that means this case, or this CS ticket, and this person: Reply-To, or (`bounce`) the reverse-path.

        `confirm`: the Reply-To of a mail that asks for a confirmation, so that whoever writes to it has read that mail.

        Without a reply pattern it is the house's plain address.
        """
        if self._before is None:
            return self._house
        head = _head(_REPLIES[kind], case_id, contact_id, address, cs_id)
        return AddrSpec(f"{self._before}{_base32(head)}{self._mac(b'address', head)}{self._after}")

    def read_address(self, address: str) -> Key | BadKey | None:
        """The key in an address; None when it isn't of our pattern at all. Upper and lower case are the same."""
        if self._before is None:
            return None
        text, before = address.lower(), len(self._before)
        if not text.startswith(self._before) or not text.endswith(self._after):
            return None
        token = text[before : len(text) - len(self._after)]
        if len(token) != TOKEN_SIGNS:  # signs were added or taken away; a short tag is somebody's own
            return BadKey() if self._before[-1:] in _SEPARATORS and len(token) >= _MAC_SIGNS and token.isalnum() else None
        head = _octets(token[:_HEAD_SIGNS])
        if head is None:
            return BadKey()
        return _key(head) if self._is_signed(b"address", head, token[_HEAD_SIGNS:]) else BadKey()

    def is_tagged(self, address: str) -> bool:
        """Whether an address comes to our mailbox because of what stands before its tag, whatever the tag says."""
        text = address.lower()
        if self.read_address(text) is not None:
            return True
        if self._before is None or self._before[-1:] not in _SEPARATORS:
            return text.partition("+")[0] + text[text.rfind("@") :] == self._house and "+" in text
        return text.startswith(self._before) and text.endswith(self._after)

    def message_id(
        self, effect_key: str, case_id: int | None, contact_id: int | None, address: str, cs_id: int | None = None
    ) -> MessageId:  # fmt: skip
        """The Message-ID of the mail that is this effect (RFC 5322 section 3.6.4): the same effect, the same id.

        At most 120 characters under a domain of at most 68.
        """
        head = _head(_MESSAGE, case_id, contact_id, address, cs_id)
        effect = hashlib.sha256(effect_key.encode("utf-8", "surrogatepass")).digest()[:_MAC_OCTETS]
        return MessageId(f"<{_base32(head)}.{_base32(effect)}.{self._mac(b'message-id', head + effect)}@{self._domain}>")

    def read_message_id(self, message_id: str) -> Key | BadKey | None:
        """The key in a Message-ID of ours; None when it isn't one.

        Ours under an earlier domain of the house still hold; another installation's are none of our business.
        """
        match = _MESSAGE_ID.match(message_id.lower())
        if match is None:
            return None
        head, effect = _octets(match[1]), _octets(match[2])
        if head is not None and effect is not None and self._is_signed(b"message-id", head + effect, match[3]):
            return _key(head)
        return BadKey() if match[4] == self._domain else None

    def instance_mark(self) -> str:
        """What X-Supportd-Instance says: which installation wrote the mail. It tells nothing of the key."""
        return self._instance

    def _mac(self, use: bytes, octets: bytes) -> str:
        return _base32(hmac.digest(self._key, use + b"\0" + octets, "sha256")[:_MAC_OCTETS])

    def _is_signed(self, use: bytes, octets: bytes, mac: str) -> bool:
        return hmac.compare_digest(self._mac(use, octets).encode("ascii"), mac.encode("utf-8", "surrogatepass"))


def token_digest(address: str) -> str:
    """How a key names somebody without a contact: the first 32 bits of the SHA-256 of the address, in hexadecimal."""
    return _digest(address).hex()


def _digest(address: str) -> bytes:
    return hashlib.sha256(address.lower().encode("utf-8", "surrogatepass")).digest()[:4]


def _head(kind: int, case_id: int | None, contact_id: int | None, address: str, cs_id: int | None) -> bytes:
    first, number = (_VERSION | kind, case_id or 0) if cs_id is None else (_VERSION | kind | _CS, cs_id)
    if contact_id is None:
        return _HEAD.pack(first | _DIGEST, number, _digest(address))
    return _HEAD.pack(first, number, contact_id.to_bytes(4, "big"))


def _key(head: bytes) -> Key | BadKey:
    first, number, who = _HEAD.unpack(head)
    kind = _KINDS.get(first & ~_DIGEST & ~_CS & ~_VERSION)
    if kind is None or not first & _VERSION:
        return BadKey()  # signed by us under another version
    known = not first & _DIGEST
    return Key(
        kind=kind, case_id=None if first & _CS else number or None, contact_id=int.from_bytes(who, "big") if known else None,
        address_digest=None if known else who.hex(), cs_id=number if first & _CS else None,
    )  # fmt: skip


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode("ascii").rstrip("=").lower()


def _octets(signs: str) -> bytes | None:
    """The octets, or None when another spelling of the same octets or no base32 at all."""
    try:
        octets = base64.b32decode(signs.upper() + "=" * (-len(signs) % 8))
    except ValueError:
        return None
    return octets if _base32(octets) == signs else None

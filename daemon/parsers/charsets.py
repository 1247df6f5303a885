"""From octets to text: the charset ladder. Never an exception, never an unknown codec.

Rungs: the declared charset or its usual superset, UTF-8, what a byte order mark or an escape sequence tells, the charset
that the rest of the mail is in, mostly-valid UTF-8, a detected charset, windows-1252 with replacement. Only charsets of
the list below are ever looked up: Python's codec registry also knows transforms such as `rot13`, `idna` or
`unicode_escape`, which are not charsets.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from daemon.parsers import detection, japanese

_ISO_2022_JP = ("iso2022_jp", "iso2022_jp_ms", "iso2022_jp_2", "iso2022_jp_ext", "iso2022_jp_2004")
_UKRAINIAN = re.compile(rb"[\xc0-\xff][\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd]|[\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd][\xc0-\xff]")


def _koi8(octets: bytes) -> str:
    """KOI8-R; beside letters its lines of boxes are the letters that KOI8-U has there."""
    return octets.decode("koi8-u" if _UKRAINIAN.search(octets) else "koi8-r")


_OURS: dict[str, Callable[[bytes], str]] = {"iso2022_jp_ms": japanese.iso_2022_jp, "euc_jp_ms": japanese.euc_jp, "koi8_ru": _koi8}
"""Charsets that Python has no codec for."""

# Label (lower case, letters and digits only) -> the Python codecs to try, in order. A superset stands before the
# charset it extends, because that is what the label means in practice (WHATWG Encoding, section 4.2).
_LADDERS: dict[str, tuple[str, ...]] = {
    "utf8": ("utf-8",),
    "unicode11utf8": ("utf-8",),
    "utf7": ("utf-7",),
    "unicode11utf7": ("utf-7",),
    "utf16": ("utf-16",),
    "ucs2": ("utf-16",),
    "iso10646ucs2": ("utf-16",),
    "csunicode": ("utf-16",),
    "unicode": ("utf-16",),
    "utf16le": ("utf-16-le",),
    "utf16be": ("utf-16-be",),
    "usascii": ("ascii",),
    "ascii": ("ascii",),
    "ansix341968": ("ascii",),
    "iso646us": ("ascii",),
    "iso88591": ("cp1252", "latin-1"),
    "latin1": ("cp1252", "latin-1"),
    "l1": ("cp1252", "latin-1"),
    "cp819": ("cp1252", "latin-1"),
    "iso88599": ("cp1254", "iso8859-9"),
    "latin5": ("cp1254", "iso8859-9"),
    "iso885911": ("cp874", "iso8859-11"),
    "tis620": ("cp874", "iso8859-11"),
    "latin2": ("iso8859-2",),
    "latin3": ("iso8859-3",),
    "latin4": ("iso8859-4",),
    "latin6": ("iso8859-10",),
    "latin9": ("iso8859-15",),
    "cyrillic": ("iso8859-5",),
    "arabic": ("iso8859-6",),
    "greek": ("iso8859-7",),
    "hebrew": ("iso8859-8",),
    "iso88598i": ("iso8859-8",),
    "iso88598e": ("iso8859-8",),
    "iso88596i": ("iso8859-6",),
    "iso88596e": ("iso8859-6",),
    "koi8r": ("koi8_ru",),
    "koi8u": ("koi8-u",),
    "koi8ru": ("koi8-u",),
    "koi8": ("koi8_ru",),
    "koi8t": ("koi8-t",),
    "macintosh": ("mac-roman",),
    "mac": ("mac-roman",),
    "macroman": ("mac-roman",),
    "xmacroman": ("mac-roman",),
    "xmaccyrillic": ("mac-cyrillic",),
    "hproman8": ("hp-roman8",),
    "ibm437": ("cp437",),
    "ibm850": ("cp850",),
    "ibm852": ("cp852",),
    "ibm855": ("cp855",),
    "ibm866": ("cp866",),
    "gb2312": ("gb18030",),
    "euccn": ("gb18030",),
    "gb231280": ("gb18030",),
    "csgb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "xgbk": ("gb18030",),
    "cp936": ("gb18030",),
    "ms936": ("gb18030",),
    "windows936": ("gb18030",),
    "gb18030": ("gb18030",),
    "hzgb2312": ("hz",),
    "big5": ("cp950", "big5hkscs"),
    "csbig5": ("cp950", "big5hkscs"),
    "xxbig5": ("cp950", "big5hkscs"),
    "cp950": ("cp950", "big5hkscs"),
    "big5hkscs": ("big5hkscs", "cp950"),
    "shiftjis": ("cp932", "shift_jis_2004"),
    "sjis": ("cp932", "shift_jis_2004"),
    "xsjis": ("cp932", "shift_jis_2004"),
    "mskanji": ("cp932", "shift_jis_2004"),
    "windows31j": ("cp932", "shift_jis_2004"),
    "cp932": ("cp932", "shift_jis_2004"),
    "eucjp": ("euc_jp", "euc_jp_ms", "euc_jis_2004"),
    "xeucjp": ("euc_jp", "euc_jp_ms", "euc_jis_2004"),
    "eucjpms": ("euc_jp", "euc_jp_ms", "euc_jis_2004"),
    "cp51932": ("euc_jp", "euc_jp_ms", "euc_jis_2004"),
    "iso2022jp": _ISO_2022_JP,
    "iso2022jp1": _ISO_2022_JP,
    "iso2022jp2": _ISO_2022_JP,
    "iso2022jp3": _ISO_2022_JP,
    "iso2022jp2004": _ISO_2022_JP,
    "iso2022jpms": _ISO_2022_JP,
    "cp50220": _ISO_2022_JP,
    "cp50221": _ISO_2022_JP,
    "cp50222": _ISO_2022_JP,
    "csiso2022jp": _ISO_2022_JP,
    "euckr": ("cp949",),
    "ksc5601": ("cp949",),
    "ksc56011987": ("cp949",),
    "ksc56011989": ("cp949",),
    "korean": ("cp949",),
    "windows949": ("cp949",),
    "uhc": ("cp949",),
    "cp949": ("cp949",),
    "iso2022kr": ("iso2022_kr",),
    "johab": ("johab",),
}
_LADDERS.update({f"iso8859{n}": (f"iso8859-{n}",) for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)})
_LADDERS.update({f"{family}{n}": (f"cp{n}",) for n in (874, *range(1250, 1259)) for family in ("windows", "cp", "xcp")})
_LADDERS.update({f"cp{n}": (f"cp{n}",) for n in (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866)})

_NOT_LABEL = re.compile(r"[^a-z0-9]+")
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_LABEL_LENGTH = 60
_META = re.compile(rb"<meta\s[^<>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_META_WITHIN = 4096


def is_known(charset: str) -> bool:
    """Whether the label names a charset that mail may be written in."""
    return _label(charset) in _LADDERS


def decode(octets: bytes, charset: str | None = None, around: str | None = None) -> str:
    """Text of `octets`, free of NUL and lone surrogates. Total: an unknown or wrong charset costs accuracy, never the text.

    `around` is what the mail declares for something else; it counts where nothing is declared and the octets are no UTF-8.
    """
    if octets.isascii() and b"\x1b" not in octets:
        codecs = _LADDERS.get(_label(charset), ()) if charset else ()
        if not codecs or codecs[0] in _ASCII_COMPATIBLE:
            return octets.decode("ascii").replace("\x00", "")
    return clean(_climb(octets, charset, around))


def of_html(octets: bytes) -> str | None:
    """The charset that HTML names in a meta element, which stands near its beginning (HTML, section 4.2.5.4)."""
    found = _META.search(octets, 0, _META_WITHIN)
    return None if found is None else found[1].decode("ascii")


def clean(text: str) -> str:
    """The text without NUL, with U+FFFD for each lone surrogate (a database and a UTF-8 encoder refuse both)."""
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    return _UNSAFE.sub(lambda match: "" if match[0] == "\x00" else "\ufffd", text)


def _climb(octets: bytes, charset: str | None, around: str | None) -> str:
    declared = _LADDERS.get(_label(charset), ()) if charset else ()
    if octets.startswith(b"\xef\xbb\xbf"):
        octets = octets[3:]
        declared = ("utf-8", *declared)
    elif octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        declared = ("utf-16", *declared)
    elif octets.isascii() and (b"\x1b$" in octets or b"\x1b(" in octets):
        declared = (*declared, *_ISO_2022_JP, "iso2022_kr")
    neighbours = tuple(codec for codec in _LADDERS.get(_label(around), ()) if codec in _ASCII_COMPATIBLE and codec != "ascii")
    for codec in (*declared, "utf-8", *neighbours):
        try:
            return _decoded(octets, codec)
        except ValueError:  # UnicodeDecodeError is one
            continue
    if declared and declared[0] not in ("ascii", "utf-8"):
        text = _replaced(octets, declared[0])
        if text.count("\ufffd") * 10 <= len(text):
            return text
    if 2 * sum(len(s) for s in _UTF8_SEQUENCE.findall(octets)) > len(_HIGH.findall(octets)):
        return octets.decode("utf-8", "replace")
    return _replaced(octets, detection.detected(octets) or "cp1252")


def _decoded(octets: bytes, codec: str) -> str:
    ours = _OURS.get(codec)
    if ours is not None:
        return ours(octets)
    if codec == "utf-16" and not octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        # without a mark the big end is first (RFC 2781 section 4.3), in truth it is where the zeros of ASCII stand
        codec = "utf-16-le" if octets[1::2].count(0) > octets[::2].count(0) else "utf-16-be"
    return octets.decode(codec)


def _replaced(octets: bytes, codec: str) -> str:
    try:
        return _OURS[codec](octets) if codec in _OURS else octets.decode(codec, "replace")
    except ValueError:  # some stateful codecs raise even so
        return octets.decode("cp1252", "replace")


def _label(charset: str | None) -> str:
    if not charset or len(charset) > _LABEL_LENGTH:
        return ""
    return _NOT_LABEL.sub("", charset.partition("*")[0].lower())


_ASCII_COMPATIBLE = frozenset(codec for codecs in _LADDERS.values() for codec in codecs) - {
    "utf-7", "utf-16", "utf-16-le", "utf-16-be", "hz",
}  # fmt: skip

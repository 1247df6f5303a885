"""Tell people what is wrong in their configuration: where, what was found, what is allowed, what was probably meant."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from daemon.configuration.keys import LOOPBACK, ConfigKeys, Section
from daemon.configuration.oauth import misfits
from daemon.errors import ConfigError, Problem, closest
from daemon.parsers.keywords import BY_VERB, VOCABULARY, vocabulary
from daemon.parsers.phrases import STEPS, contradicted, match, phrasebook

Location = tuple[str | int, ...]

WAYS_IN = ("password", "token_command", "oauth")
"""How to log in to a server."""

FORMS = frozenset({"table", "keep"})

_SECRET_KEY = re.compile("passw|secret|token|reply|credential", re.IGNORECASE)
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_TOML_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)\Z", re.DOTALL)
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*=")


class Source:
    """The file as it was written, to point into."""

    def __init__(self, path: Path, text: str, values: dict[str, Any]) -> None:
        self.path = path
        self.values = values
        self._lines = dict(_positions(text))

    def problem(self, location: Location, found: str, allowed: str, hint: str | None = None) -> Problem:
        """A mistake at a key path, with the line where it stands if the line can be told."""
        line = next((self._lines[location[:end]] for end in range(len(location), 0, -1) if location[:end] in self._lines), None)
        where = f"{self.path}:{line}" if line else str(self.path)
        return Problem(file=where, key=shown_key(location), found=found, allowed=allowed, hint=hint)

    def value(self, location: Location) -> Any:
        """What stands at a key path; None when nothing does."""
        value: Any = self.values
        for step in location:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def read_toml(path: Path, *, cure: str = "") -> Source:
    """The file's values and lines. Raises ConfigError when it can't be read, with a `cure`, or is not TOML."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return Source(path, text, tomllib.loads(text))
    except FileNotFoundError as error:
        raise ConfigError((f"{path}: {error.strerror}{cure and '; '}{cure}",)) from None
    except OSError as error:
        may = "; work as the daemon's user, or let this one read it" if isinstance(error, PermissionError) else ""
        raise ConfigError((f"{path}: {error.strerror}{may}",)) from None
    except UnicodeDecodeError:
        raise ConfigError((f"{path}: not UTF-8 text",)) from None
    except tomllib.TOMLDecodeError as error:
        found = _TOML_PLACE.match(str(error))
        what, line = (found[1], found[2]) if found is not None else (str(error), None)
        where = f"{path}:{line}" if line else str(path)
        raise ConfigError(
            (Problem(file=where, key="(the file)", found=f"a mistake ({what[:1].lower()}{what[1:]})", allowed="TOML, see https://toml.io"),)
        ) from None


def shown_key(location: Location) -> str:
    """A key path as people write it.

    >>> shown_key(("mailbox", 0, "tls"))
    'mailbox[0].tls'
    """
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(".")


def misread(source: Source, error: ValidationError, whole: type[Section] = ConfigKeys) -> Iterator[Problem]:
    """The mistakes of one key each; `whole` describes the file. No value of a secret is ever repeated."""
    for detail in error.errors(include_url=False, include_input=False, include_context=True):
        location, section, field = _walk(detail["loc"], whole)
        if detail["type"] == "extra_forbidden":
            name = str(detail["loc"][-1])
            names = list(section.model_fields)
            yield source.problem(location, "an unknown key", ", ".join(names), closest(name, names))
        elif detail["type"] == "missing":
            yield source.problem(location, "nothing", _allowed(field))
        else:
            value = source.value(location)
            literals = [word for word in _literals(field.annotation if field is not None else None) if isinstance(word, str)]
            hint = closest(value, literals) if isinstance(value, str) else None
            yield source.problem(location, _shown(location, value), _allowed(field), hint)


def contradictions(source: Source) -> Iterator[Problem]:
    """The mistakes that take two keys to make."""
    mailboxes = source.values.get("mailbox")
    servers: list[tuple[Location, Any]] = []
    if isinstance(mailboxes, list):
        servers.extend((("mailbox", index), table) for index, table in enumerate(mailboxes))
    servers.append((("smtp",), source.values.get("smtp")))
    servers.append((("alarm", "smtp"), source.value(("alarm", "smtp"))))
    names: set[str] = set()
    for location, table in servers:
        if not isinstance(table, dict):
            continue
        if table.get("tls") == "none" and str(table.get("host", "")).lower() not in LOOPBACK:
            yield source.problem(
                (*location, "tls"), f'"none" with host {json.dumps(table.get("host"), default=str)}',
                '"implicit" or "starttls"; "none" only for localhost, 127.0.0.1 or ::1',
            )  # fmt: skip
        if location[0] == "mailbox":
            yield from _mailbox(source, location, table, names)
        elif "username" in table:
            yield from _one_way_in(source, location, table)
        elif any(way in table for way in WAYS_IN):
            yield source.problem((*location, "username"), "nothing", "a username with the way to log in, or neither")
        if isinstance(table.get("oauth"), dict):
            for key, found, allowed in misfits(table["oauth"]):
                yield source.problem((*location, "oauth", key), found, allowed)
    yield from _alarm(source)
    yield from _calendar(source)
    yield from _keywords(source)


def _one_way_in(source: Source, location: Location, table: dict[str, Any]) -> Iterator[Problem]:
    ways = [way for way in WAYS_IN if way in table]
    if len(ways) != 1:
        found = " and ".join(ways) + " together" if ways else "nothing"
        yield source.problem((*location, "password"), found, "exactly one of " + ", ".join(WAYS_IN))


def _mailbox(source: Source, location: Location, table: dict[str, Any], names: set[str]) -> Iterator[Problem]:
    yield from _one_way_in(source, location, table)
    name = table.get("name") or table.get("username")
    if isinstance(name, str):
        if name in names:
            yield source.problem((*location, "name"), f"{json.dumps(name)} a second time", "a different name for each mailbox")
        names.add(name)


def _alarm(source: Source) -> Iterator[Problem]:
    table = source.values.get("alarm")
    if isinstance(table, dict) and ("smtp" in table) != bool(table.get("to")):
        key, allowed = ("to", "whom [alarm.smtp] writes to") if "smtp" in table else ("smtp", "the account that writes to them, or no `to`")
        yield source.problem(("alarm", key), "nothing", allowed)


def _calendar(source: Source) -> Iterator[Problem]:
    calendars = source.values.get("calendars")
    house = source.values.get("house")
    calendar = house.get("calendar", "house") if isinstance(house, dict) else "house"
    if isinstance(calendars, dict) and calendars and isinstance(calendar, str) and calendar not in calendars:
        names = sorted(calendars)
        yield source.problem(("house", "calendar"), json.dumps(calendar), "one of " + ", ".join(names), closest(calendar, names))
    elif not calendars and calendar != "house":
        yield source.problem(("house", "calendar"), json.dumps(calendar), f"a section [calendars.{calendar}]")
    for name, table in calendars.items() if isinstance(calendars, dict) else ():
        if isinstance(table, dict) and "subdivision" in table and "country" not in table:
            yield source.problem(("calendars", name, "country"), "nothing", "the country that the subdivision belongs to")


def _keywords(source: Source) -> Iterator[Problem]:
    """Words that can't be a verb's, or are another's already; phrases that no reply can equal."""
    taken: dict[str, str] = {}
    for verb, index, word in _words(source, "synonyms", BY_VERB):
        location = ("keywords", "synonyms", verb, index)
        allowed = "one word of letters that means no other verb"
        try:
            new = vocabulary({verb: (word,)}).words.keys() - VOCABULARY.words.keys()
        except ValueError as error:
            yield source.problem(location, str(error).removeprefix(f"{verb}: "), allowed)
            continue
        other = next((taken[folded] for folded in new if taken.setdefault(folded, verb) != verb), None)
        if other is not None:
            yield source.problem(location, f"{word!r} means {other} already", allowed)
    languages = _languages(source)
    kept: dict[str, list[str]] = {}
    for step, index, phrase in _words(source, "phrases", STEPS):
        location = ("keywords", "phrases", step, index)
        try:
            good = step in match(phrase, phrasebook((), {step: (phrase,)}))
        except ValueError:
            good = False
        other = contradicted(step, phrase, phrasebook(languages, kept))
        if other is not None:
            yield source.problem(
                location, f"{phrase!r}, which means {other} already", "a phrase that means no step that contradicts this one"
            )
        elif good:
            kept.setdefault(step, []).append(phrase)
        else:
            yield source.problem(location, f"{phrase!r}, which is no reply", "words beside greeting and thanks, without a question mark")


def _languages(source: Source) -> list[str]:
    """The languages whose phrases count, as far as they are written as texts."""
    more = source.value(("keywords", "languages"))
    found = [source.value(("house", "language")), *(more if isinstance(more, list) else ())]
    return [language for language in found if isinstance(language, str)]


def _words(source: Source, key: str, known: Container[str]) -> Iterator[tuple[str, int, str]]:
    """The words of a table of arrays; what is no word is told elsewhere."""
    table = source.value(("keywords", key))
    for name, words in table.items() if isinstance(table, dict) else ():
        for index, word in enumerate(words if isinstance(words, list) and name in known else ()):
            if isinstance(word, str) and 0 < len(word) <= 200:
                yield name, index, word


def _walk(location: Sequence[str | int], whole: type[Section]) -> tuple[Location, type[Section], FieldInfo | None]:
    """The key path without what the library adds, the innermost section on it and the field it ends in."""
    section = whole
    field: FieldInfo | None = None
    kept: list[str | int] = []
    for position, step in enumerate(location):
        within = _sections(field.annotation) if field is not None else []
        if isinstance(step, int) or not within:
            if isinstance(step, str):
                field = section.model_fields.get(step)
            kept.append(step)
        elif (named := _is_named(field)) or step in FORMS:
            # a table of sections by name, like [calendars.NAME]; or the form of a value, which the file doesn't name
            if named:
                kept.append(step)
            if position + 1 < len(location):
                section, field = within[0], None
        else:
            section = within[0]
            field = section.model_fields.get(step)
            kept.append(step)
    return tuple(kept), section, field


def _is_named(field: FieldInfo | None) -> bool:
    """Whether a field holds sections by the names that the file gives them."""
    return field is not None and get_origin(field.annotation) is dict


def _sections(annotation: Any) -> list[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for inner in get_args(annotation) for section in _sections(inner)]


def _literals(annotation: Any) -> list[Any]:
    inner = get_args(annotation)
    return [word for part in inner for word in _literals(part)] if inner else [annotation]


def _allowed(field: FieldInfo | None) -> str:
    return (field.description if field is not None else None) or "another value"


def _shown(location: Location, value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a table"
    if any(_SECRET_KEY.search(str(step)) for step in location) and location[-1] != "reply_address":
        return "a value (not shown)"
    if isinstance(value, str) and "://" in value and "@" in value:
        return '"' + re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", value) + '"'
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 80 else text[:77] + "…"


def _positions(text: str) -> Iterator[tuple[Location, int]]:
    """(key path, line) of the headers and keys that stand at the beginning of a line."""
    section: Location = ()
    counts: dict[Location, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            section = tuple(part.strip().strip('"') for part in header[2].split("."))
            if header[1] == "[[":
                counts[section] = counts.get(section, -1) + 1
                section = (*section, counts[section])
            yield section, number
        elif (key := _KEY.match(line)) is not None:
            yield (*section, key[1].strip('"')), number

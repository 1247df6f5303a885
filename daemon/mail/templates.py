"""Template files: Markdown under TOML front matter, read, checked and overridden file by file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from daemon.errors import Problem
from daemon.mail.values import RESERVED, Link, Value
from daemon.parsers.names import title_key

FENCE = "+++"
LAYOUT = "_layout"
SIGNATURE = "_signature"

_KEYS = {
    "subject": str, "description": str, "variables": list, "expects_reply": bool, "compact": bool, "title": str, "asked": list,
    "sample": dict,
}  # fmt: skip
_WORDS = {str: "a text", list: "an array of texts", bool: "true or false", dict: "a table"}
_OPTIONAL = ("title", "expects_reply", "compact", "asked", "sample")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template: what its front matter says, and its Markdown.

    `title` is the name that people and tables use for it (a FAQ, a quick reply); `asked` are words in which people ask for
    what it says, never mailed; `variables` are all it may use; `compact` leaves out what makes its text part long: see
    `daemon.mail.plaintext.blocks`.
    """

    name: str
    title: str | None
    description: str
    subject: str
    variables: tuple[str, ...]
    expects_reply: bool
    compact: bool
    asked: tuple[str, ...]
    sample: Mapping[str, Value]
    body: str
    path: str


def read_templates(dirs: tuple[Path, ...]) -> tuple[dict[str, Template], str, list[Problem]]:
    """The templates by name, the HTML layout, and every mistake found.

    A file of a later directory takes the place of the one with the same name before it, and may use only the variables
    that one declares, since those are what the program passes. Directories that don't exist hold nothing.
    """
    found: dict[str, Template] = {}
    problems: list[Problem] = []
    layout = ""
    for directory in dirs:
        here: dict[str, Path] = {}
        for path in sorted([*directory.rglob("*.md"), *directory.rglob(f"{LAYOUT}.html")]):
            if path.stem == "README":
                continue
            if path.stem in here:
                problems.append(_problem(path, "name", f"the same name as {here[path.stem]}", "one file for each name"))
                continue
            here[path.stem] = path
            try:
                source = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                problems.append(_problem(path, "file", str(error), "a readable file in UTF-8"))
                continue
            if RESERVED.search(source):
                problems.append(_problem(path, "file", "characters for private use", "characters that have a meaning"))
            elif path.stem == LAYOUT:
                layout = source
            else:
                template, mistakes = _read(path, source, found.get(path.stem))
                problems += mistakes
                if template is not None:
                    found[path.stem] = template
    titles: dict[str, str] = {}
    for template in found.values():
        if template.title is not None and (other := titles.setdefault(title_key(template.title), template.path)) != template.path:
            problems.append(_problem(Path(template.path), "title", f"the title of {other}", "a title of its own"))
    wanted = [(SIGNATURE, SIGNATURE in found), (LAYOUT, bool(layout))]
    problems += [
        Problem(file="templates", key=name, found="nothing", allowed="a file of this name") for name, is_there in wanted if not is_there
    ]
    return found, layout, problems


def _read(path: Path, source: str, shipped: Template | None) -> tuple[Template | None, list[Problem]]:
    lines = source.split("\n")
    if lines[0].rstrip() != FENCE or FENCE not in (line.rstrip() for line in lines[1:]):
        return None, [_problem(path, "front matter", "none", f"TOML between two lines {FENCE}")]
    end = next(number for number, line in enumerate(lines) if number and line.rstrip() == FENCE)
    try:
        front = _front_matter("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        return None, [_problem(path, "front matter", str(error), "TOML")]
    problems = _front_problems(path, front)
    if problems:
        return None, problems
    variables: list[str] = front["variables"]
    sample = {name: _sample(value) for name, value in front.get("sample", {}).items()}
    for name in variables:
        if shipped is not None and name not in shipped.variables:
            problems.append(
                _problem(path, f"variables.{name}", "not passed to this template", ", ".join(shipped.variables), name, shipped.variables)
            )
        if name not in sample:
            problems.append(_problem(path, f"sample.{name}", "nothing", "a sample of each variable"))
    for name in sample:
        if name not in variables:
            problems.append(_problem(path, f"sample.{name}", "a sample of no variable", ", ".join(variables), name, variables))
    template = Template(
        name=path.stem, title=front.get("title"), description=front["description"], subject=front["subject"], variables=tuple(variables),
        expects_reply=front.get("expects_reply", False), compact=front.get("compact", False),
        asked=tuple(front.get("asked", ())), sample=sample, body="\n".join(lines[end + 1 :]).strip("\n") + "\n", path=str(path),
    )  # fmt: skip
    return template, problems


@lru_cache(maxsize=256)
def _front_matter(source: str) -> dict[str, Any]:
    """Read as TOML; the same files are read again for each house a process opens. Nobody changes what is in it."""
    return tomllib.loads(source)


def _front_problems(path: Path, front: dict[str, Any]) -> list[Problem]:
    problems = [_problem(path, key, "unknown", ", ".join(_KEYS), key, _KEYS) for key in front if key not in _KEYS]
    for key, kind in _KEYS.items():
        if key not in front:
            if key not in _OPTIONAL:
                problems.append(_problem(path, key, "nothing", _WORDS[kind]))
        elif not isinstance(front[key], kind):
            problems.append(_problem(path, key, repr(front[key]), _WORDS[kind]))
    asked = front.get("asked")
    if isinstance(asked, list):
        problems += [_problem(path, "asked", repr(words), "a text") for words in asked if not isinstance(words, str)]
    variables = front.get("variables")
    if isinstance(variables, list):
        problems += [
            _problem(path, "variables", repr(name), "names of letters, digits and _")
            for name in variables
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("_")
        ]
    return problems


def _sample(value: Any) -> Value:
    """TOML as a template's value: a table with `mailto` is a link."""
    if isinstance(value, dict):
        if "mailto" in value:
            return Link(label=str(value.get("label", "")), address=str(value["mailto"]), body=str(value.get("body", "")))
        return {str(key): _sample(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sample(item) for item in value]
    return value if isinstance(value, (bool, int)) else str(value)


def nearest(wrong: str, right: Iterable[str]) -> str | None:
    """What was probably meant."""
    near = difflib.get_close_matches(wrong, list(right), 1)
    return near[0] if near else None


def _problem(path: Path, key: str, found: str, allowed: str, wrong: str | None = None, right: Iterable[str] = ()) -> Problem:
    return Problem(file=str(path), key=key, found=found, allowed=allowed, hint=nearest(wrong, right) if wrong is not None else None)

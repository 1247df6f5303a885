"""What may fit a question: FAQs and how cases like it were solved, found by full text (SQLite FTS5, PostgreSQL tsvector), without a model.

The index holds rows of two kinds, told apart by their numbers: below zero the FAQs, above it cases that somebody of a partner or the
house closed with words. It is brought up to date inside the transaction that closes a case; whether a case is still closed is
asked when it is found. Everything here runs in the caller's transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peewee import SqliteDatabase

from daemon.mail.templates import Template
from daemon.parsers.names import folded
from daemon.store.schema import Case, Contact, Organization, database
from daemon.store.statements import first, rows

MOST_CASES = 5_000
"""Of the newest cases that are kept; so a search costs no more in ten years than in one."""
MOST_TERMS = 24
"""Words of a question that are looked for, those of its subject first."""
READ = 4000
"""Characters of a text that are looked at, and indexed."""
SHOWN = 300
"""Characters of a resolution that are shown."""
TELLING = 15
"""A resolution of fewer characters tells nobody anything."""
CANDIDATES = 12
NEAR = 0.25
"""A resolution that fits less than this part of the best is left out."""

_TERM = re.compile(r"[^\W_]{2,40}")
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")
_TAGS = re.compile(r"\{[%{#].*?[%}#]\}", re.DOTALL)
_SMALL_WORDS = """a about after again all also am an and any are as at be been before but by can could did do does dear for from get got
had has have he hello help her hi him his how i if in into is it its just kind know let like me my need no not now of
on or our out please re regards same she should since so some than thank thanks that the their them then there these
they this those to too up us use want was we were what when where which while who why will with would you your yours
best fw fwd tell able am using ll ve don doesn"""
_NOT_SAYING = frozenset(_SMALL_WORDS.split())
"""Words that say nothing of what a question is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Something that fits. `kind` is "faq" or "resolution"; `score` is comparable within one answer only, the highest fits best.

    Of a resolution `excerpt` are its words on one line, and `words` all of them; both without the names and addresses of its customer,
    unless that customer asks. `case_number` is None for a FAQ.
    """

    kind: str
    title: str
    case_number: str | None
    score: float
    excerpt: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faq:
    """A FAQ as it is indexed: its title, the words in which people ask for it, and what it says."""

    title: str
    asked: str
    words: str

    @classmethod
    def of(cls, template: Template) -> Faq:
        """A template as it is indexed: without its tags and samples."""
        return cls(title=template.title or template.name, asked="\n".join(template.asked), words=_TAGS.sub(" ", template.body))

    @property
    def digest(self) -> str:
        """Changes with anything that is indexed."""
        return hashlib.sha256(f"{self.title}\0{self.asked}\0{self.words}".encode()).hexdigest()


def suggest(subject: str, text: str, limit: int = 3, *, organization_id: int | None = None) -> tuple[Suggestion, ...]:
    """What fits a question best, the best first; at most `limit`, and one of them is a FAQ where any fits.

    `organization_id` is that of whoever asks: of others' resolutions names and addresses are left out.
    """
    terms = _terms(subject, text)
    if not terms or limit < 1:
        return ()
    found = _search(terms)
    faqs = [_faq(number, score) for number, score in found if number < 0]
    past = _resolutions([(number, score) for number, score in found if number > 0], organization_id)
    best = max((one.score for one in (*faqs, *past)), default=0.0)
    past = [one for one in past if one.score >= NEAR * best][: limit - 1 if faqs else limit]
    return tuple(sorted((*faqs, *past), key=lambda one: -one.score)[:limit])


def _terms(subject: str, text: str) -> list[str]:
    """The telling words of a question, folded; letters and digits only, so they mean nothing to a query language."""
    words = _TERM.findall(folded(f"{subject[:READ]} {text[:READ]}"))
    return [word for word in dict.fromkeys(words) if word not in _NOT_SAYING][:MOST_TERMS]


_FTS5 = """SELECT rowid, -bm25(precedent, 4.0, 4.0, 1.0) AS score FROM precedent
    WHERE precedent MATCH ? AND rowid BETWEEN ? AND ? ORDER BY score DESC LIMIT ?"""
_TSVECTOR = """WITH
    term AS (SELECT DISTINCT plainto_tsquery('english', one) AS query FROM unnest(string_to_array(%s::text, ' ')) AS one),
    telling AS (
        SELECT query,
            ln(1 + (SELECT count(*) FROM precedent)::float / (1 + (SELECT count(*) FROM precedent WHERE terms @@ query))) AS weight
        FROM term WHERE numnode(query) > 0
    )
    SELECT rowid, sum(weight * ts_rank('{0.125, 0.0, 1.0, 1.0}', terms, query)) AS score
    FROM precedent JOIN telling ON terms @@ query WHERE rowid BETWEEN %s AND %s GROUP BY rowid ORDER BY score DESC LIMIT %s"""
"""bm25 knows how telling a word is; ts_rank doesn't, so each word is weighed by how few rows hold it."""
_MOST_ROWS = 2**31 - 1


def _search(terms: Sequence[str]) -> list[tuple[int, float]]:
    """Rows that hold any of the terms, with their scores: the best FAQs and the best cases."""
    sqlite = isinstance(database.obj, SqliteDatabase)
    query = " OR ".join(f'"{term}"' for term in terms) if sqlite else " ".join(terms)
    found: list[tuple[int, float]] = []
    for lowest, highest in ((-_MOST_ROWS, -1), (1, _MOST_ROWS)):
        values = (query, lowest, highest, CANDIDATES)
        found += [(row[0], float(row[1])) for row in database.obj.execute_sql(_FTS5 if sqlite else _TSVECTOR, values).fetchall()]
    return found


def _faq(number: int, score: float) -> Suggestion:
    row = database.obj.execute_sql(_marked("SELECT title FROM precedent WHERE rowid = ?"), (number,)).fetchone()
    return Suggestion(kind="faq", title=row[0], case_number=None, score=score, excerpt="")


def _resolutions(found: Sequence[tuple[int, float]], organization_id: int | None) -> list[Suggestion]:
    """Those that are still closed, each set of words once."""
    scores = dict(found)
    query = (
        Case.select(
            Case.id, Case.subject, Case.resolution, Case.organization, Case.contact_address, Organization.name, Contact.first_name,
            Contact.last_name,
        )
        .left_outer_join(Organization, on=(Case.organization == Organization.id))
        .switch(Case)
        .left_outer_join(Contact, on=(Case.contact == Contact.id))
        .where(Case.id.in_(list(scores)) & Case.closed_at.is_null(False) & Case.resolution.is_null(False))
    )  # fmt: skip
    made: dict[str, Suggestion] = {}
    for row in sorted(rows(query), key=lambda row: -scores[row[0]]) if scores else ():
        own = organization_id is not None and row[3] == organization_id
        words = row[2] if own else _unnamed(row[2], [name for name in (row[5], row[6], row[7]) if name])
        line = " ".join(words.split())
        excerpt = line if len(line) <= SHOWN else line[: SHOWN - 1].rstrip() + "…"
        made.setdefault(
            folded(words),
            Suggestion(kind="resolution", title=row[1], case_number=f"CASE-{row[0]}", score=scores[row[0]], excerpt=excerpt, words=words),
        )
    return list(made.values())


def _unnamed(words: str, names: Sequence[str]) -> str:
    """Words that may be said to another customer: addresses and the names of this one are left out, visibly."""
    words = _ADDRESS.sub("[…]", words)
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 1:
            words = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[…]", words, flags=re.IGNORECASE)
    return words


# --- the index -----------------------------------------------------------------------------------------------------


def _marked(sql: str) -> str:
    """A statement with the marks of the database for its values."""
    return sql if isinstance(database.obj, SqliteDatabase) else sql.replace("?", "%s")


_INSERT = "INSERT INTO precedent (rowid, title, asked, words, digest) VALUES (?, ?, ?, ?, ?)"


def keep_faqs(faqs: Sequence[Faq]) -> bool:
    """Make the index hold these FAQs and no others; whether anything had to be written. May be repeated at any time."""
    wanted = {-number: faq for number, faq in enumerate(faqs, 1)}
    there = dict(database.obj.execute_sql("SELECT rowid, digest FROM precedent WHERE rowid < 0").fetchall())
    if there == {number: faq.digest for number, faq in wanted.items()}:
        return False
    if not isinstance(database.obj, SqliteDatabase):
        database.obj.execute_sql("LOCK TABLE precedent IN SHARE ROW EXCLUSIVE MODE")
    database.obj.execute_sql("DELETE FROM precedent WHERE rowid < 0")
    for number, faq in wanted.items():
        database.obj.execute_sql(_marked(_INSERT), (number, faq.title, faq.asked, faq.words, faq.digest))
    return True


def keep_resolution(case_id: int) -> None:
    """A case was closed: put it into the index, in the place of what stood there, if it tells others anything."""
    found = first(
        Case.select(Case.subject, Case.description, Case.resolution, Organization.kind)
        .join(Contact, on=(Case.closed_by_id == Contact.id))
        .join(Organization, on=(Contact.organization == Organization.id))
        .where(Case.id == case_id)
    )
    database.obj.execute_sql(_marked("DELETE FROM precedent WHERE rowid = ?"), (case_id,))
    if case_id > MOST_CASES:
        database.obj.execute_sql(_marked("DELETE FROM precedent WHERE rowid > 0 AND rowid <= ?"), (case_id - MOST_CASES,))
    if found is not None and is_telling(found[2] or "", found[3]):
        words = f"{found[1][:READ]} {found[2][:READ]}"
        database.obj.execute_sql(_marked(_INSERT), (case_id, found[0][:SHOWN], "", words, ""))


def is_telling(resolution: str, by: str) -> bool:
    """Whether a resolution is worth suggesting: words of the house or a partner, not of a customer or the program."""
    words = resolution.strip()
    return by != "customer" and len(words) >= TELLING and not words.startswith("(")


def rebuild() -> int:
    """Make the index of all closed cases anew; how many are in it. Gives the same however often it is done."""
    database.obj.execute_sql("DELETE FROM precedent WHERE rowid > 0")
    numbers = [row[0] for row in rows(Case.select(Case.id).where(Case.closed_at.is_null(False)).order_by(Case.id.desc()).limit(MOST_CASES))]
    for number in reversed(numbers):
        keep_resolution(number)
    row: Any = database.obj.execute_sql("SELECT count(*) FROM precedent WHERE rowid > 0").fetchone()
    return int(row[0])

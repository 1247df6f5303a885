"""Load the directory (organizations, contacts, systems, contracts, orders, evaluations, queues) from CSV files.

Keys are matched, changed rows updated, nothing is deleted: the same files again change nothing. All rows are checked
first, against each other and against what is in the database; with one mistake anywhere nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.parsers.names import folded
from daemon.store.accountindex import index_accounts
from daemon.store.schema import (
    Contact,
    ContactEmail,
    ContactRole,
    Contract,
    Evaluation,
    Order,
    Organization,
    OrganizationDomain,
    Queue,
    QueueMember,
    Row,
    System,
)
from daemon.store.sheets import Mistake, SheetRow, SheetRows, guess, read_folder
from daemon.store.statements import every, load

IDS_AT_ONCE = 8000
"""In one statement: below the least limit of both databases, enough that statements don't count."""

GUESSES = 100
NAMES_TO_GUESS_FROM = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of the rows of one file."""

    file: str
    rows: int
    new: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an import did. With mistakes nothing was written and `files` is empty."""

    files: tuple[Loaded, ...]
    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...]
    """What is allowed but probably not meant."""


Tell = Callable[[int, int], None]


def import_folder(
    folder: Path, *, own_addresses: Collection[str] = (), calendars: Collection[str] = (), tell: Tell = lambda _done, _total: None
) -> Report:
    """Load the CSV files of a folder. The caller holds the transaction; nothing is committed here.

    `own_addresses` may belong to no contact: mail from us to us would never end. `calendars` are the known ones. `tell` hears how
    much of how much is done.
    """
    mistakes: list[Mistake] = []
    sheets = read_folder(folder, mistakes, lambda done, total: tell(READING * done // max(1, total), WHOLE))
    importing = _Import(sheets, mistakes, frozenset(own_addresses))
    importing.check()
    if mistakes:
        order = {name: index for index, name in enumerate(sheets)}
        mistakes.sort(key=lambda mistake: (order.get(mistake.file, -1), mistake.line))
        return Report(files=(), mistakes=tuple(mistakes), notes=())
    tell(CHECKED, WHOLE)
    files = tuple(importing.write(lambda done, total: tell(CHECKED + (WRITTEN - CHECKED) * done // max(1, total), WHOLE)))
    importing.index(lambda done, total: tell(min(KEYED, WRITTEN + (KEYED - WRITTEN) * done // max(1, total)), WHOLE))
    tell(WHOLE, WHOLE)
    return Report(files=files, mistakes=(), notes=tuple(importing.notes(calendars)))


READING, CHECKED, WRITTEN, KEYED, WHOLE = 12, 20, 30, 57, 100
"""Of an import, in hundredths: the share of its time that is over when the files are read, checked, written, and have their keys."""


class _Table:
    """The rows of one table as they are in the database, by folded key."""

    def __init__(self, model: type[Row], key: str) -> None:
        self.model = model
        self.columns = [field.column_name for field in _fields(model)]
        self.place = {name: place for place, name in enumerate(self.columns)}
        self.key = self.place[key]
        self.known: dict[str, tuple[Any, ...]] = {}

    def load(self) -> None:
        key = self.key
        self.known = {folded(row[key]): row for row in every(self.model, *self.columns)}

    def id_of(self, key: str) -> int:
        """The id of a row by its folded key."""
        return int(self.known[key][self.place["id"]])


class _Import:
    def __init__(self, sheets: dict[str, SheetRows], mistakes: list[Mistake], own_addresses: frozenset[str]) -> None:
        self.sheets = sheets
        self.mistakes = mistakes
        self.own_addresses = own_addresses
        self.tables = {
            "organizations.csv": _Table(Organization, "name"),
            "contacts.csv": _Table(Contact, "handle"),
            "systems.csv": _Table(System, "name"),
            "contracts.csv": _Table(Contract, "number"),
            "orders.csv": _Table(Order, "number"),
            "evaluations.csv": _Table(Evaluation, "key"),
            "queues.csv": _Table(Queue, "name"),
        }
        for file, table in self.tables.items():
            if file in sheets or file in _REFERRED_TO:
                table.load()
        self.touched: set[int] = set()
        """Organizations of which something that they are looked up by may be new."""
        self.emails = _lists(ContactEmail.select(ContactEmail.contact, ContactEmail.address).order_by(ContactEmail.position))
        self.roles = _lists(ContactRole.select(ContactRole.contact, ContactRole.role))
        self.domains = _lists(OrganizationDomain.select(OrganizationDomain.organization, OrganizationDomain.domain))
        self.members = _lists(QueueMember.select(QueueMember.queue, QueueMember.contact))

    # --- check ---

    def check(self) -> None:
        """Everything that can be wrong between rows."""
        for file, rows in self.sheets.items():
            known = self.tables[file].known
            for key, row in rows.rows.items():
                for column in rows.sheet.required:
                    given = row.get(column)
                    if given is None and row.readable and (column in row.columns or key not in known):
                        self._wrong(file, row, column, "empty", "a row needs it")
        self._references("organizations.csv", {"account_manager": "contacts.csv", "parent": "organizations.csv"})
        self._references("contacts.csv", {"organization": "organizations.csv"})
        self._references("systems.csv", {"entity": "organizations.csv", "partner": "organizations.csv"})
        for file in ("contracts.csv", "orders.csv", "evaluations.csv"):
            self._references(file, {"organization": "organizations.csv", "contact": "contacts.csv"})
        self._references("queues.csv", {"members": "contacts.csv"})
        self._parents()
        self._unique("contacts.csv", "email", self.emails)
        self._unique("organizations.csv", "domains", self.domains)
        for row in self._rows("contacts.csv").values():
            for address in row.get("email") or ():
                if address in self.own_addresses:
                    self._wrong("contacts.csv", row, "email", f"{address} is an address of ours", "give the person's own address")
        for column, field in (("default", "is_default"), ("triage", "is_triage")):
            self._one_queue(column, field)

    def _rows(self, file: str) -> dict[str, SheetRow]:
        return self.sheets[file].rows if file in self.sheets else {}

    def _wrong(self, file: str, row: SheetRow, column: str, what: str, cure: str) -> None:
        self.mistakes.append(Mistake(file=file, line=row.line, column=column, what=what, cure=cure))

    def _references(self, file: str, columns: dict[str, str]) -> None:
        for row in self._rows(file).values():
            for column, target in columns.items():
                given = row.get(column)
                for name in given if isinstance(given, tuple) else (given,) if given is not None else ():
                    known, listed = self.tables[target].known, self._rows(target)
                    if folded(name) not in known and folded(name) not in listed:
                        what = f"{name!r} is in no row of {target} and not in the database{self._guess(name, target)}"
                        self._wrong(file, row, column, what, f"add it to {target}, or mend the spelling")

    def _guess(self, name: str, target: str) -> str:
        """What was probably meant; a thousand mistakes need no thousand guesses."""
        if len(self.mistakes) >= GUESSES:
            return ""
        table = self.tables[target]
        names = [*(row.key for row in self._rows(target).values()), *(row[table.key] for row in table.known.values())]
        return guess(name, names[:NAMES_TO_GUESS_FROM])

    def _parents(self) -> None:
        """No organization is its own parent, however far up."""
        table, rows = self.tables["organizations.csv"], self._rows("organizations.csv")
        names = {row[table.place["id"]]: key for key, row in table.known.items()}
        parent = {key: names.get(row[table.place["parent_id"]]) for key, row in table.known.items()}
        for key, row in rows.items():
            if "parent" in row.columns:
                parent[key] = folded(row.get("parent")) if row.get("parent") else None
        for key, row in rows.items():
            seen: set[str] = set()
            above = parent.get(key)
            while above is not None and above not in seen and above != key:
                seen.add(above)
                above = parent.get(above)
            if above == key:
                self._wrong("organizations.csv", row, "parent", f"{row.key!r} is its own parent", "leave the parent of one of them empty")

    def _unique(self, file: str, column: str, lists: dict[int, tuple[Any, ...]]) -> None:
        """A mail address belongs to one contact, a domain to one organization."""
        rows, table = self._rows(file), self.tables[file]
        names = {row[table.place["id"]]: key for key, row in table.known.items()}
        owner: dict[str, tuple[str, str]] = {}
        for row_id, values in lists.items():
            key = names[row_id]
            if key not in rows or column not in rows[key].columns:
                owner.update(dict.fromkeys(values, (key, f"{table.known[key][table.key]!r} in the database")))
        for key, row in rows.items():
            for value in row.get(column) or ():
                if owner.get(value, (key, ""))[0] != key:
                    self._wrong(file, row, column, f"{value} belongs to {owner[value][1]}", "let it stand with one of them")
                owner[value] = (key, f"{row.key!r} in line {row.line}")

    def _one_queue(self, column: str, field: str) -> None:
        """At most one queue is the default, at most one the triage queue."""
        rows, table = self._rows("queues.csv"), self.tables["queues.csv"]
        kept = [
            row[table.key]
            for key, row in table.known.items()
            if row[table.place[field]] and column not in getattr(rows.get(key), "columns", {})
        ]
        first = f"{kept[0]!r} in the database" if kept else None
        for row in rows.values():
            if row.get(column):
                if first is not None:
                    self._wrong("queues.csv", row, column, f"{first} is that already", "say yes for one queue and no for the other")
                first = first or f"{row.key!r} in line {row.line}"

    # --- write ---

    def write(self, tell: Tell) -> Iterable[Loaded]:
        """Write what is new or changed, in the order of the references."""
        before = {file: {key for key in rows.rows if key in self.tables[file].known} for file, rows in self.sheets.items()}
        changed: dict[str, set[str]] = {file: set() for file in self.tables}
        total = sum(len(rows.rows) for rows in self.sheets.values())
        written = 0
        # organizations name contacts and contacts organizations: those two columns of organizations come last
        self._upsert("organizations.csv", changed, leave=("account_manager", "parent"))
        self._upsert("contacts.csv", changed)
        self._upsert("organizations.csv", changed)
        self._set_lists("contacts.csv", "email", changed, self.emails, ContactEmail, "contact", "address", positioned=True)
        self._set_lists("contacts.csv", "roles", changed, self.roles, ContactRole, "contact", "role")
        self._set_lists("organizations.csv", "domains", changed, self.domains, OrganizationDomain, "organization", "domain")
        for file in ("organizations.csv", "contacts.csv", "systems.csv", "contracts.csv", "orders.csv", "evaluations.csv", "queues.csv"):
            if file not in ("organizations.csv", "contacts.csv"):
                self._upsert(file, changed)
            written += len(self._rows(file))
            tell(written, total)
        self._set_lists("queues.csv", "members", changed, self.members, QueueMember, "queue", "contact")
        for file, rows in self.sheets.items():
            updated = sum(key in before[file] for key in changed[file])
            yield Loaded(file=file, rows=len(rows.rows), new=len(rows.rows) - len(before[file]), changed=updated)

    def _upsert(self, file: str, changed: dict[str, set[str]], leave: Sequence[str] = ()) -> None:
        rows = self._rows(file)
        if not rows:
            return
        table = self.tables[file]
        new: list[tuple[Any, ...]] = []
        updated: list[tuple[Any, ...]] = []
        blank = [field.default for field in _fields(table.model)]
        cells = self._cells(file, next(iter(rows.values())).columns, leave)
        owner = table.place.get("organization_id", -1) if file in _LOOKED_UP_BY else -1
        for key, row in rows.items():
            known = table.known.get(key)
            wanted = list(known) if known is not None else blank.copy()
            for place, at, never_null, other in cells:
                value = row.cells[at]
                if value is None:
                    wanted[place] = "" if never_null else None
                else:
                    wanted[place] = value if other is None else other.id_of(folded(value))
            if file == "organizations.csv":
                wanted[table.place["name_key"]] = folded(row.key)
            if known is None:
                new.append(tuple(wanted[1:]))
            elif (ready := tuple(wanted)) != known:
                updated.append(ready)
                changed[file].add(key)
                self.touched |= {known[owner], ready[owner]} if owner >= 0 else {known[0]} if file == "organizations.csv" else set()
            if known is None and owner >= 0:
                self.touched.add(wanted[owner])
        names = [field.name for field in _fields(table.model)]
        load(table.model, names[1:], new)
        if updated:
            load(table.model, names, updated, conflict="replace")
        if (new or updated) and file in _REFERRED_TO:
            fresh = [key for key in rows if key not in table.known]
            table.load()
            self.touched |= {table.id_of(key) for key in fresh} if file == "organizations.csv" else set()

    def _cells(self, file: str, columns: dict[str, int], leave: Sequence[str]) -> list[tuple[int, int, bool, _Table | None]]:
        """Of each column of a file: its place in the table, its place in a row, whether it is never NULL, the table it refers to.

        A column that the file doesn't have is left as it is.
        """
        table = self.tables[file]
        cells = []
        for column, at in columns.items():
            if column in leave or (file, column) in _LISTS:
                continue
            name, target = _REFERENCES.get((file, column), (_RENAMED.get((file, column), column), None))
            cells.append((table.place[name], at, column in _NEVER_NULL, self.tables[target] if target is not None else None))
        return cells

    def index(self, tell: Tell) -> None:
        """Make the keys anew of every organization that was touched."""
        organizations = len(self.tables["organizations.csv"].known)
        done = 0
        everybody = 2 * len(self.touched) > organizations
        expected = 3 * sum(len(rows.rows) for rows in self.sheets.values()) if everybody else 12 * len(self.touched)

        def advanced(rows: int) -> None:
            nonlocal done
            done += rows
            tell(done, expected)

        if self.touched:
            index_accounts(None if everybody else self.touched, advanced)

    def _set_lists(
        self, file: str, column: str, changed: dict[str, set[str]], present: dict[int, tuple[Any, ...]], model: type[Row], owner: str,
        field: str, *, positioned: bool = False,
    ) -> None:  # fmt: skip
        """Make what belongs to a row exactly what its cell lists."""
        table, contacts = self.tables[file], self.tables["contacts.csv"]
        gone: list[int] = []
        rows: list[tuple[Any, ...]] = []
        for key, row in self._rows(file).items():
            wanted = row.get(column)
            if column == "members":
                wanted = tuple(contacts.id_of(folded(word)) for word in wanted or ())
            if column not in row.columns:
                break
            one = table.id_of(key)
            had = present.get(one, ())
            if wanted == had if positioned else set(wanted) == set(had):
                continue
            if had:
                gone.append(one)
            changed[file].add(key)
            rows += [(one, value, position) if positioned else (one, value) for position, value in enumerate(wanted)]
            if field == "domain":
                self.touched.add(one)
        for start in range(0, len(gone), IDS_AT_ONCE):
            model.delete().where(getattr(model, owner).in_(gone[start : start + IDS_AT_ONCE])).execute()
        load(model, (owner, field, "position") if positioned else (owner, field), rows)

    def notes(self, calendars: Collection[str]) -> Iterable[str]:
        """What is allowed but probably not meant, after writing."""
        for row in self._rows("organizations.csv").values():
            calendar = row.get("calendar")
            if calendar is not None and calendars and calendar not in calendars:
                yield f"organizations.csv:{row.line}: calendar: [calendars.{calendar}] is not in the configuration"
        queues = self.tables["queues.csv"]
        for field, word in (("is_default", "default"), ("is_triage", "triage")):
            if not any(queue[queues.place[field]] for queue in queues.known.values()):
                yield f"queues.csv: no queue is the {word} queue; cases that need it have no owner"


_REFERENCES = {
    ("organizations.csv", "account_manager"): ("account_manager_id", "contacts.csv"),
    ("organizations.csv", "parent"): ("parent_id", "organizations.csv"),
    ("contacts.csv", "organization"): ("organization_id", "organizations.csv"),
    ("systems.csv", "entity"): ("entity_id", "organizations.csv"),
    ("systems.csv", "partner"): ("partner_id", "organizations.csv"),
    **{
        (file, column): (f"{column}_id", target)
        for file in ("contracts.csv", "orders.csv", "evaluations.csv")
        for column, target in (("organization", "organizations.csv"), ("contact", "contacts.csv"))
    },
}
_LISTS = frozenset({("contacts.csv", "email"), ("contacts.csv", "roles"), ("organizations.csv", "domains"), ("queues.csv", "members")})
_RENAMED = {("queues.csv", "default"): "is_default", ("queues.csv", "triage"): "is_triage"}
_REFERRED_TO = frozenset({"organizations.csv", "contacts.csv", "queues.csv"})
"""Files whose rows other rows name; and the queues, which the notes speak of."""
_LOOKED_UP_BY = frozenset({"contacts.csv", "orders.csv", "evaluations.csv"})
"""Files that hold keys of their organization."""
_NEVER_NULL = frozenset({"first_name", "last_name"})


def _fields(model: type[Row]) -> list[Any]:
    return list(model._meta.sorted_fields)  # noqa: SLF001 - the public name of a model's own description in peewee


def _lists(query: Any) -> dict[int, tuple[Any, ...]]:
    found: dict[int, list[Any]] = {}
    for owner, value in query.tuples().iterator():
        found.setdefault(owner, []).append(value)
    return {owner: tuple(values) for owner, values in found.items()}

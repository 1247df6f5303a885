"""Load the directory (organizations, contacts, systems, contracts, orders, evaluations, queues) from CSV files.

Keys are matched, changed rows updated, nothing is deleted: the same files again change nothing. All rows are checked
first, against each other and against what is in the database; with one mistake anywhere nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.parsers.names import folded
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

STATEMENT_VALUES = 8000
"""Values in one INSERT: below the least limit of both databases, enough that statements don't count."""


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


def import_folder(folder: Path, *, own_addresses: Collection[str] = (), calendars: Collection[str] = ()) -> Report:
    """Load the CSV files of a folder. The caller holds the transaction; nothing is committed here.

    `own_addresses` may belong to no contact: mail from us to us would never end. `calendars` are the known ones.
    """
    mistakes: list[Mistake] = []
    sheets = read_folder(folder, mistakes)
    importing = _Import(sheets, mistakes, frozenset(own_addresses))
    importing.check()
    if mistakes:
        order = {name: index for index, name in enumerate(sheets)}
        mistakes.sort(key=lambda mistake: (order.get(mistake.file, -1), mistake.line))
        return Report(files=(), mistakes=tuple(mistakes), notes=())
    return Report(files=tuple(importing.write()), mistakes=(), notes=tuple(importing.notes(calendars)))


class _Table:
    """The rows of one table as they are in the database, by folded key."""

    def __init__(self, model: type[Row], key: str) -> None:
        self.model = model
        self.key = key
        self.known: dict[str, dict[str, Any]] = {}

    def load(self) -> None:
        columns = [field.column_name for field in _fields(self.model)]
        for values in self.model.select().tuples().iterator():
            row = dict(zip(columns, values, strict=True))
            self.known[folded(row[self.key])] = row

    def ids(self) -> dict[str, int]:
        return {key: row["id"] for key, row in self.known.items()}


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
        for table in self.tables.values():
            table.load()
        self.emails = _lists(ContactEmail.select(ContactEmail.contact, ContactEmail.address).order_by(ContactEmail.position).tuples())
        self.roles = _lists(ContactRole.select(ContactRole.contact, ContactRole.role).tuples())
        self.domains = _lists(OrganizationDomain.select(OrganizationDomain.organization, OrganizationDomain.domain).tuples())
        self.members = _lists(QueueMember.select(QueueMember.queue, QueueMember.contact).tuples())

    # --- check ---

    def check(self) -> None:
        """Everything that can be wrong between rows."""
        for file, rows in self.sheets.items():
            known = self.tables[file].known
            for key, row in rows.rows.items():
                for column in rows.sheet.required:
                    given = row.values.get(column)
                    if given is None and row.readable and (column in row.values or key not in known):
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
            for address in row.values.get("email") or ():
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
                given = row.values.get(column)
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
        names = {row["id"]: key for key, row in table.known.items()}
        parent = {key: names.get(row["parent_id"]) for key, row in table.known.items()}
        for key, row in rows.items():
            if "parent" in row.values:
                parent[key] = folded(row.values["parent"]) if row.values["parent"] else None
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
        names = {row["id"]: key for key, row in table.known.items()}
        owner: dict[str, tuple[str, str]] = {}
        for row_id, values in lists.items():
            key = names[row_id]
            if key not in rows or column not in rows[key].values:
                owner.update(dict.fromkeys(values, (key, f"{table.known[key][table.key]!r} in the database")))
        for key, row in rows.items():
            for value in row.values.get(column) or ():
                if owner.get(value, (key, ""))[0] != key:
                    self._wrong(file, row, column, f"{value} belongs to {owner[value][1]}", "let it stand with one of them")
                owner[value] = (key, f"{row.key!r} in line {row.line}")

    def _one_queue(self, column: str, field: str) -> None:
        """At most one queue is the default, at most one the triage queue."""
        rows, known = self._rows("queues.csv"), self.tables["queues.csv"].known
        kept = [row["name"] for key, row in known.items() if row[field] and column not in getattr(rows.get(key), "values", {})]
        first = f"{kept[0]!r} in the database" if kept else None
        for row in rows.values():
            if row.values.get(column):
                if first is not None:
                    self._wrong("queues.csv", row, column, f"{first} is that already", "say yes for one queue and no for the other")
                first = first or f"{row.key!r} in line {row.line}"

    # --- write ---

    def write(self) -> Iterable[Loaded]:
        """Write what is new or changed, in the order of the references."""
        before = {file: set(table.known) for file, table in self.tables.items()}
        changed: dict[str, set[str]] = {file: set() for file in self.tables}
        # organizations name contacts and contacts organizations: those two columns of organizations come last
        self._upsert("organizations.csv", changed, leave=("account_manager", "parent"))
        self._upsert("contacts.csv", changed)
        self._upsert("organizations.csv", changed)
        for file in ("systems.csv", "contracts.csv", "orders.csv", "evaluations.csv", "queues.csv"):
            self._upsert(file, changed)
        self._set_lists("contacts.csv", "email", changed, self.emails, ContactEmail, "contact", "address", positioned=True)
        self._set_lists("contacts.csv", "roles", changed, self.roles, ContactRole, "contact", "role")
        self._set_lists("organizations.csv", "domains", changed, self.domains, OrganizationDomain, "organization", "domain")
        self._set_lists("queues.csv", "members", changed, self.members, QueueMember, "queue", "contact")
        for file, rows in self.sheets.items():
            new = sum(key not in before[file] for key in rows.rows)
            updated = sum(key in before[file] for key in changed[file])
            yield Loaded(file=file, rows=len(rows.rows), new=new, changed=updated)

    def _upsert(self, file: str, changed: dict[str, set[str]], leave: Sequence[str] = ()) -> None:
        table = self.tables[file]
        new: list[dict[str, Any]] = []
        updated: list[dict[str, Any]] = []
        ids = {target: self.tables[target].ids() for target in ("organizations.csv", "contacts.csv")}
        for key, row in self._rows(file).items():
            wanted = self._wanted(file, row, ids, leave)
            known = table.known.get(key)
            if known is None:
                new.append({**_defaults(table.model), **wanted})
            elif any(known[name] != value for name, value in wanted.items()):
                updated.append({**known, **wanted})
                changed[file].add(key)
        _insert(table.model, new)
        _insert(table.model, updated, replace=True)
        if new or updated:
            table.load()

    def _wanted(self, file: str, row: SheetRow, ids: dict[str, dict[str, int]], leave: Sequence[str]) -> dict[str, Any]:
        """The database's columns of a row. A column that the file doesn't have is left as it is."""
        wanted: dict[str, Any] = {}
        for column, value in row.values.items():
            if column in leave:
                continue
            target = _REFERENCES.get((file, column))
            if target is not None:
                name, other = target
                wanted[name] = ids[other][folded(value)] if value is not None else None
            elif (file, column) not in _LISTS:
                wanted[_RENAMED.get((file, column), column)] = "" if value is None and column in _NEVER_NULL else value
        if file == "organizations.csv":
            wanted["name_key"] = folded(row.key)
        return wanted

    def _set_lists(
        self, file: str, column: str, changed: dict[str, set[str]], present: dict[int, tuple[Any, ...]], model: type[Row], owner: str,
        field: str, *, positioned: bool = False,
    ) -> None:  # fmt: skip
        """Make what belongs to a row exactly what its cell lists."""
        ids, contacts = self.tables[file].ids(), self.tables["contacts.csv"].ids()
        gone: list[int] = []
        rows: list[dict[str, Any]] = []
        for key, row in self._rows(file).items():
            if column not in row.values:
                continue
            wanted = tuple(contacts[folded(word)] for word in row.values[column]) if column == "members" else row.values[column]
            had = present.get(ids[key], ())
            if wanted == had if positioned else set(wanted) == set(had):
                continue
            if had:
                gone.append(ids[key])
            changed[file].add(key)
            for position, value in enumerate(wanted):
                rows.append({owner: ids[key], field: value} | ({"position": position} if positioned else {}))
        for chunk in _chunks(gone, 1):
            model.delete().where(getattr(model, owner).in_(chunk)).execute()
        _insert(model, rows)

    def notes(self, calendars: Collection[str]) -> Iterable[str]:
        """What is allowed but probably not meant, after writing."""
        for row in self._rows("organizations.csv").values():
            calendar = row.values.get("calendar")
            if calendar is not None and calendars and calendar not in calendars:
                yield f"organizations.csv:{row.line}: calendar: [calendars.{calendar}] is not in the configuration"
        queues = self.tables["queues.csv"].known.values()
        for field, word in (("is_default", "default"), ("is_triage", "triage")):
            if not any(queue[field] for queue in queues):
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
_NEVER_NULL = frozenset({"first_name", "last_name"})


def _fields(model: type[Row]) -> list[Any]:
    return list(model._meta.sorted_fields)  # noqa: SLF001 - the public name of a model's own description in peewee


def _lists(pairs: Iterable[Any]) -> dict[int, tuple[Any, ...]]:
    found: dict[int, list[Any]] = {}
    for owner, value in pairs:
        found.setdefault(owner, []).append(value)
    return {owner: tuple(values) for owner, values in found.items()}


def _defaults(model: type[Row]) -> dict[str, Any]:
    """Every column of a new row but its id, so that rows of one statement have the same columns."""
    return {field.column_name: field.default for field in _fields(model) if field.name != "id"}


def _insert(model: type[Row], rows: list[dict[str, Any]], *, replace: bool = False) -> None:
    if not rows:
        return
    fields = {name: field for field in _fields(model) for name in (field.name, field.column_name)}
    columns = [fields[name] for name in rows[0]]
    for chunk in _chunks([tuple(row.values()) for row in rows], len(columns)):
        query = model.insert_many(chunk, fields=columns)
        if replace:
            query = query.on_conflict(conflict_target=[fields["id"]], preserve=[field for field in columns if field.name != "id"])
        query.execute()


def _chunks(rows: Sequence[Any], width: int) -> Iterable[Sequence[Any]]:
    size = max(1, STATEMENT_VALUES // width)
    return (rows[start : start + size] for start in range(0, len(rows), size))

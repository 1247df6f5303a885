"""The tables, as peewee models. `migrations/` makes them; a test holds the two together.

Times are UTC everywhere. Long-lived facts are columns; what only people read (the explain record, flags) is JSON text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import peewee as pw

from daemon.store.touched import is_sealed, note

database = pw.DatabaseProxy()
"""Bound by `database.open_database`; importing this opens nothing."""


class UtcDateTimeField(pw.DateTimeField):
    """An aware UTC datetime, the same on both databases.

    SQLite would keep a zone as text and PostgreSQL would drop it, so none is stored; ISO text sorts as time does.
    """

    def db_value(self, value: datetime | None) -> str | None:
        """Naive UTC in ISO form; a naive value is taken as UTC."""
        if value is None:
            return None
        if value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        return value.isoformat(" ", "microseconds")

    def python_value(self, value: Any) -> datetime | None:
        """Aware UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=UTC)


def _noted(query: Any, db: Any) -> list[tuple[Any, ...]]:
    """Run a statement that changes rows, and note whose; their keys."""
    query._returning = query.model._meta.get_primary_keys()
    keys: list[tuple[Any, ...]] = db.execute(query).fetchall()
    note(query.model, [key[0] for key in keys])
    return keys


_MODEL_UPDATE: Any = pw.ModelUpdate
_MODEL_INSERT: Any = pw.ModelInsert
_MODEL_DELETE: Any = pw.ModelDelete
"""Their stubs leave out what is needed here."""


class _Update(_MODEL_UPDATE):
    def _execute(self, db: Any) -> Any:
        if not is_sealed(self.model._meta.table_name, [field.name for field in self._update]):
            return super()._execute(db)
        return len(_noted(self, db))


class _Insert(_MODEL_INSERT):
    def _execute(self, db: Any) -> Any:
        if not is_sealed(self.model._meta.table_name):
            return super()._execute(db)
        keys = _noted(self, db)
        return keys[-1][0] if keys else None


class _Delete(_MODEL_DELETE):
    def _execute(self, db: Any) -> Any:
        return len(_noted(self, db)) if is_sealed(self.model._meta.table_name) else super()._execute(db)


class Row(pw.Model):
    """What every table shares: the database it lives in; and whoever writes a row notes that it is to be sealed."""

    class Meta:
        database = database
        legacy_table_names = False

    @classmethod
    def update(cls, values: Any = None, /, **changes: Any) -> Any:
        """As peewee's; gives the number of rows."""
        model: Any = cls
        return _Update(cls, model._normalize_data(values, changes))

    @classmethod
    def insert(cls, row: Any = None, /, **values: Any) -> Any:
        """As peewee's; gives the key, None when there was a conflict that is passed over."""
        model: Any = cls
        return _Insert(cls, model._normalize_data(row, values))

    @classmethod
    def insert_many(cls, rows: Any, fields: Any = None) -> Any:
        """As peewee's; gives the last key."""
        return _Insert(cls, insert=rows, columns=fields)

    @classmethod
    def delete(cls) -> Any:
        """As peewee's; gives the number of rows."""
        return _Delete(cls)


# --- the directory -------------------------------------------------------------------------------------------------


class Organization(Row):
    """An organization: the house itself, a partner or a customer."""

    id = pw.AutoField()
    name = pw.TextField(unique=True)
    name_key = pw.TextField(unique=True)
    kind = pw.TextField()
    account_manager_id = pw.IntegerField(null=True)
    parent_id = pw.IntegerField(null=True)
    calendar = pw.TextField(null=True)
    date_order = pw.TextField(null=True)
    active = pw.BooleanField(default=True)


class OrganizationDomain(Row):
    """A mail domain that an organization lists as its own (ASCII form, lower case)."""

    domain = pw.TextField(primary_key=True)
    organization = pw.ForeignKeyField(Organization)


class Contact(Row):
    """A person, always under an existing organization."""

    id = pw.AutoField()
    handle = pw.TextField(unique=True)
    first_name = pw.TextField(default="")
    last_name = pw.TextField(default="")
    organization = pw.ForeignKeyField(Organization)
    phone = pw.TextField(null=True)
    language = pw.TextField(null=True)
    active = pw.BooleanField(default=True)
    extra = pw.TextField(default="{}")


class ContactEmail(Row):
    """An address of a contact; the one with the lowest position is the primary."""

    address = pw.TextField(primary_key=True)
    contact = pw.ForeignKeyField(Contact)
    position = pw.IntegerField(default=0)


class ContactRole(Row):
    """A role of a contact."""

    id = pw.AutoField()
    contact = pw.ForeignKeyField(Contact)
    role = pw.TextField()

    class Meta:
        indexes = ((("contact", "role"), True),)


class System(Row):
    """A system of an entity, looked after by a partner."""

    id = pw.AutoField()
    name = pw.TextField(unique=True)
    entity = pw.ForeignKeyField(Organization)
    partner = pw.ForeignKeyField(Organization, null=True)


class Contract(Row):
    """A homeowner's contract."""

    id = pw.AutoField()
    number = pw.TextField(unique=True)
    organization = pw.ForeignKeyField(Organization)
    contact = pw.ForeignKeyField(Contact, null=True)
    status = pw.TextField()


class Order(Row):
    """A purchase that gives support rights."""

    id = pw.AutoField()
    number = pw.TextField(unique=True)
    organization = pw.ForeignKeyField(Organization)
    contact = pw.ForeignKeyField(Contact, null=True)
    website = pw.TextField(null=True)
    license_key = pw.TextField(null=True)
    version = pw.TextField(null=True)
    ordered_on = pw.DateField(null=True)
    hosting = pw.BooleanField(default=False)
    priority_support_until = pw.DateField(null=True)
    notes = pw.TextField(null=True)

    class Meta:
        table_name = "customer_order"


class Evaluation(Row):
    """A trial."""

    id = pw.AutoField()
    key = pw.TextField(unique=True)
    organization = pw.ForeignKeyField(Organization)
    contact = pw.ForeignKeyField(Contact, null=True)
    downloaded_by = pw.TextField(null=True)
    started_on = pw.DateField(null=True)
    website = pw.TextField(null=True)


class AccountKey(Row):
    """What an organization is looked up by: a key as it is compared. `accountindex` makes it of the tables above."""

    kind = pw.TextField()
    value = pw.TextField()
    organization_id = pw.IntegerField(index=True)

    class Meta:
        primary_key = pw.CompositeKey("kind", "value", "organization_id")


class WebsiteTail(Row):
    """A website from one of its characters to its end: a part of a website is looked up as the beginning of its tails."""

    tail = pw.TextField()
    organization_id = pw.IntegerField()

    class Meta:
        primary_key = pw.CompositeKey("tail", "organization_id")


class Queue(Row):
    """A queue of people who own cases together."""

    id = pw.AutoField()
    name = pw.TextField(unique=True)
    is_default = pw.BooleanField(default=False)
    is_triage = pw.BooleanField(default=False)


class QueueMember(Row):
    """A member of a queue."""

    id = pw.AutoField()
    queue = pw.ForeignKeyField(Queue)
    contact = pw.ForeignKeyField(Contact)

    class Meta:
        indexes = ((("queue", "contact"), True),)


# --- cases ---------------------------------------------------------------------------------------------------------


class Case(Row):
    """A case. Exactly one of owner and queue is set once queues exist; Closed means closed_at is set."""

    id = pw.AutoField()
    type = pw.TextField()
    subject = pw.TextField()
    description = pw.TextField()
    origin = pw.TextField()
    organization = pw.ForeignKeyField(Organization, null=True, index=False)
    contact = pw.ForeignKeyField(Contact, null=True)
    contact_address = pw.TextField(null=True)
    contract = pw.ForeignKeyField(Contract, null=True, index=False)
    system = pw.ForeignKeyField(System, null=True, index=False)
    partner = pw.ForeignKeyField(Organization, null=True)
    opening_partner = pw.ForeignKeyField(Organization, null=True)
    """The partner whose agent opened it for somebody by `#case`."""
    owner = pw.ForeignKeyField(Contact, null=True, index=False)
    queue = pw.ForeignKeyField(Queue, null=True, index=False)
    assigned_at = UtcDateTimeField(null=True)
    sla_cycle = pw.IntegerField(default=1)
    acknowledged_at = UtcDateTimeField(null=True)
    acknowledged_by_id = pw.IntegerField(null=True)
    planned_resolution = pw.TextField(null=True)
    planned_resolution_date = pw.DateField(null=True)
    first_planned_resolution_date = pw.DateField(null=True)
    plan_count = pw.IntegerField(default=0)
    closed_at = UtcDateTimeField(null=True)
    closed_by_id = pw.IntegerField(null=True)
    resolution = pw.TextField(null=True)
    closed_on_planned_date = pw.BooleanField(null=True)
    created_at = UtcDateTimeField()
    last_update = UtcDateTimeField()
    support = pw.TextField(null=True)
    """What level one decided last: JSON of plan_state, issue_class, rule, action, target."""
    flags = pw.TextField(default="[]")
    log_length = pw.IntegerField(default=0)
    log_hash = pw.TextField(default="")

    class Meta:
        table_name = "support_case"
        indexes = ((("closed_at", "last_update"), False), (("contact_address", "created_at"), False))


class CaseComment(Row):
    """Words on a case, never changed or deleted. Not public: only the house sees them."""

    id = pw.AutoField()
    case = pw.ForeignKeyField(Case)
    at = UtcDateTimeField()
    author = pw.ForeignKeyField(Contact, null=True, index=False)
    author_address = pw.TextField(null=True)
    public = pw.BooleanField()
    body = pw.TextField()
    cause = pw.TextField()


class FeedItem(Row):
    """An entry of the case feed: created, note, email, state and the like."""

    id = pw.AutoField()
    case = pw.ForeignKeyField(Case)
    at = UtcDateTimeField()
    kind = pw.TextField()
    author = pw.ForeignKeyField(Contact, null=True, index=False)
    author_address = pw.TextField(null=True)
    public = pw.BooleanField()
    body = pw.TextField()
    cause = pw.TextField()
    mentions = pw.TextField(default="[]")


class Event(Row):
    """One action that was carried out, append-only. `hash` chains the events of a case; the case keeps the head."""

    id = pw.AutoField()
    case = pw.ForeignKeyField(Case, null=True, index=False)
    sequence = pw.IntegerField()
    at = UtcDateTimeField()
    cause = pw.TextField(index=True)
    verb = pw.TextField()
    payload = pw.TextField()
    hash = pw.TextField()

    class Meta:
        indexes = ((("case", "sequence"), True),)


class SlaClock(Row):
    """A promise that runs: when it started, when it is due, and what became of it. One active clock a case and kind."""

    id = pw.AutoField()
    case = pw.ForeignKeyField(Case)
    cycle = pw.IntegerField()
    kind = pw.TextField()
    calendar = pw.TextField()
    started_at = UtcDateTimeField()
    deadline_at = UtcDateTimeField()
    met_at = UtcDateTimeField(null=True)
    breached_at = UtcDateTimeField(null=True)
    warned_at = UtcDateTimeField(null=True)
    reminded_at = UtcDateTimeField(null=True)
    cancelled_at = UtcDateTimeField(null=True)
    look_at = UtcDateTimeField(null=True)
    """When it next asks for something: a warning, a reminder, a breach. None: never."""


SlaClock.add_index(SlaClock.index(SlaClock.look_at, name="sla_clock_look", where=pw.SQL("look_at IS NOT NULL")))


class Task(Row):
    """A completed piece of work on a case: a Log Review. `name` and `due_date` of such a one stay empty."""

    id = pw.AutoField()
    case = pw.ForeignKeyField(Case)
    at = UtcDateTimeField()
    subject = pw.TextField()
    status = pw.TextField()
    comments = pw.TextField()
    name = pw.ForeignKeyField(Contact, null=True, index=False)
    due_date = pw.DateField(null=True)
    owner = pw.ForeignKeyField(Contact, null=True, index=False)
    cause = pw.TextField()


class PendingQuestion(Row):
    """A question that waits for `#confirm` or `#decline` of the one asked. `payload` is what is done when it is confirmed."""

    id = pw.AutoField()
    kind = pw.TextField()
    payload = pw.TextField()
    case = pw.ForeignKeyField(Case, null=True)
    asked = pw.ForeignKeyField(Contact)
    asked_at = UtcDateTimeField()
    expires_at = UtcDateTimeField()
    answer = pw.TextField(null=True)
    answered_at = UtcDateTimeField(null=True)
    cause = pw.TextField()


class Reversal(Row):
    """What `#undo` takes back: who gave which command when, and how the case and its clocks stood before."""

    id = pw.AutoField()
    case = pw.ForeignKeyField(Case)
    giver = pw.ForeignKeyField(Contact, index=False)
    verb = pw.TextField()
    at = UtcDateTimeField()
    before = pw.TextField()
    cause = pw.TextField()
    undone_at = UtcDateTimeField(null=True)


class Digest(Row):
    """A digest that was settled: one a day for each person (queue 0) and for each queue of theirs."""

    id = pw.AutoField()
    contact = pw.ForeignKeyField(Contact, index=False)
    queue_id = pw.IntegerField(default=0)
    day = pw.DateField()

    class Meta:
        indexes = ((("contact", "queue_id", "day"), True),)


# --- what forms ask for --------------------------------------------------------------------------------------------


class CsTicket(Row):
    """The work that a form's request needs, with the three dates by which it is configured, done and checked."""

    id = pw.AutoField()
    case = pw.ForeignKeyField(Case)
    project = pw.TextField()
    issue_type = pw.TextField()
    assignee = pw.ForeignKeyField(Contact, null=True)
    qa_assignee = pw.ForeignKeyField(Contact, null=True, index=False)
    parent = pw.TextField()
    priority = pw.TextField()
    summary = pw.TextField()
    description = pw.TextField()
    created_at = UtcDateTimeField()
    created_on = pw.DateField()
    """The house's date of that moment, from which the three dates are counted."""
    due_date = pw.DateField()
    configuration_date = pw.DateField()
    qa_due_date = pw.DateField()
    closed_at = UtcDateTimeField(null=True)
    closed_by_id = pw.IntegerField(null=True)


class OutstandingItem(Row):
    """Something that is missing on a CS ticket, numbered from 1; never deleted, only cleared."""

    id = pw.AutoField()
    cs_ticket = pw.ForeignKeyField(CsTicket)
    number = pw.IntegerField()
    text = pw.TextField()
    created_at = UtcDateTimeField()
    created_by_id = pw.IntegerField(null=True)
    cleared_at = UtcDateTimeField(null=True)
    cleared_by_id = pw.IntegerField(null=True)
    cause = pw.TextField()

    class Meta:
        indexes = ((("cs_ticket", "number"), True),)


class FormRequest(Row):
    """What a form asked for, once for each submission; without a submission id once for each content."""

    id = pw.AutoField()
    form = pw.TextField()
    form_id = pw.TextField(null=True)
    submission_id = pw.TextField(null=True)
    content_hash = pw.CharField(max_length=64)
    title = pw.TextField()
    state = pw.TextField()
    case = pw.ForeignKeyField(Case, null=True)
    submitter = pw.ForeignKeyField(Contact, null=True, index=False)
    submitter_email = pw.TextField()
    company = pw.TextField()
    partner_company = pw.TextField()
    answers = pw.TextField()
    canonical = pw.TextField()
    problems = pw.TextField(default="[]")
    forwarded_by_id = pw.IntegerField(null=True)
    received_at = UtcDateTimeField()
    accepted_at = UtcDateTimeField(null=True)
    completed_at = UtcDateTimeField(null=True)
    """When it was completed first: the last quick reply goes out once."""
    cause = pw.TextField()


FormRequest.add_index(
    FormRequest.index(FormRequest.form, FormRequest.submission_id, name="form_request_submission", unique=True,
                      where=pw.SQL("submission_id IS NOT NULL"))
)  # fmt: skip
FormRequest.add_index(
    FormRequest.index(FormRequest.form, FormRequest.content_hash, name="form_request_content", unique=True,
                      where=pw.SQL("submission_id IS NULL"))
)  # fmt: skip


# --- the two queues ------------------------------------------------------------------------------------------------


class Octets(Row):
    """A mail or an attachment, verbatim, once per SHA-256 (hex)."""

    sha256 = pw.CharField(max_length=64, primary_key=True)
    content = pw.BlobField()


class MailboxState(Row):
    """What is known of one UIDVALIDITY generation of a folder: when it was first seen and how far it has been read."""

    id = pw.AutoField()
    mailbox = pw.TextField()
    folder = pw.TextField()
    uidvalidity = pw.BigIntegerField()
    first_contact_at = UtcDateTimeField()
    uidnext = pw.BigIntegerField()

    class Meta:
        indexes = ((("mailbox", "folder", "uidvalidity"), True),)


class Journal(Row):
    """One delivery of a mail: where it lay, its octets, how far it is, and what was decided."""

    id = pw.AutoField()
    mailbox = pw.TextField()
    folder = pw.TextField()
    uidvalidity = pw.BigIntegerField(null=True)
    uid = pw.BigIntegerField(null=True)
    sha256 = pw.CharField(max_length=64, null=True)
    size = pw.BigIntegerField(default=0)
    internal_date = UtcDateTimeField()
    recorded_at = UtcDateTimeField()
    lane = pw.TextField(default="")
    archive = pw.BooleanField(default=False)
    released = pw.BooleanField(default=False)
    state = pw.TextField()
    lease_owner = pw.BigIntegerField(null=True)
    lease_until = UtcDateTimeField(null=True)
    attempts = pw.IntegerField(default=0)
    failures = pw.IntegerField(default=0)
    alone = pw.IntegerField(default=0)
    """How often it was claimed alone, after claims in a batch had ended with the process."""
    next_attempt_at = UtcDateTimeField(null=True)
    kind = pw.TextField(null=True)
    reason = pw.TextField(null=True)
    detail = pw.TextField(null=True)
    grade = pw.TextField(null=True)
    author = pw.TextField(null=True)
    message_id = pw.TextField(null=True)
    subject = pw.TextField(null=True)
    identity = pw.CharField(max_length=64, null=True)
    wording = pw.TextField(null=True)
    """Which words it says (`parsers.wording`); of mails without a sender, and of those from before this was kept, nothing."""
    decided_at = UtcDateTimeField(null=True)
    record = pw.TextField(null=True)
    tidied = pw.BooleanField(default=False)
    raw_deleted_at = UtcDateTimeField(null=True)
    """When its octets, and those of its files, were deleted because of their age; see `retention`."""
    raw_retention_days = pw.IntegerField(null=True)
    """After how many days that was the house's setting then."""

    class Meta:
        indexes = (
            (("mailbox", "folder", "uidvalidity", "uid"), True),
            (("sha256",), False),
            (("identity",), False),
            (("message_id",), False),
            (("author", "internal_date"), False),
            (("recorded_at", "id"), False),
        )


class Attachment(Row):
    """A file that came with a mail; its content is in Octets."""

    id = pw.AutoField()
    journal = pw.ForeignKeyField(Journal)
    case = pw.ForeignKeyField(Case, null=True)
    name = pw.TextField()
    content_type = pw.TextField()
    size = pw.BigIntegerField()
    sha256 = pw.CharField(max_length=64, index=True)
    inline = pw.BooleanField()


class CsTicketAttachment(Row):
    """A file of a mail that belongs to the work, too."""

    id = pw.AutoField()
    cs_ticket = pw.ForeignKeyField(CsTicket)
    attachment = pw.ForeignKeyField(Attachment, index=False)

    class Meta:
        indexes = ((("cs_ticket", "attachment"), True),)


class Outbox(Row):
    """One mail to one forward-path, composed; what became of it."""

    id = pw.AutoField()
    state = pw.TextField()
    cause = pw.TextField()
    effect_key = pw.TextField(unique=True)
    forward_path = pw.TextField()
    reverse_path = pw.TextField()
    template = pw.TextField()
    message_id = pw.TextField(unique=True)
    subject = pw.TextField()
    case = pw.ForeignKeyField(Case, null=True)
    octets = pw.BlobField(null=True)
    counted = pw.BooleanField(default=False)
    created_at = UtcDateTimeField()
    lease_owner = pw.BigIntegerField(null=True)
    lease_until = UtcDateTimeField(null=True)
    attempts = pw.IntegerField(default=0)
    next_attempt_at = UtcDateTimeField(null=True)
    sent_at = UtcDateTimeField(null=True)
    bounced_at = UtcDateTimeField(null=True)
    told = pw.BooleanField(default=False)
    """The owner of the case knows that it failed or bounced."""
    reply_code = pw.IntegerField(null=True)
    detail = pw.TextField(null=True)
    request = pw.TextField(null=True)
    """What to render again when a template failed: JSON of template and values."""
    raw_deleted_at = UtcDateTimeField(null=True)
    """When its octets were deleted because of their age; from then on `sha256` and `size` stand for them."""
    raw_retention_days = pw.IntegerField(null=True)
    sha256 = pw.CharField(max_length=64, null=True)
    size = pw.BigIntegerField(null=True)

    class Meta:
        indexes = ((("forward_path", "created_at"), False), (("created_at", "id"), False), (("cause",), False))


class Interaction(Row):
    """One email, in or out, related to a contact ("Name") and a case ("Relates to")."""

    id = pw.AutoField()
    direction = pw.TextField()
    journal = pw.ForeignKeyField(Journal, null=True, unique=True)
    outbox = pw.ForeignKeyField(Outbox, null=True, unique=True)
    at = UtcDateTimeField()
    message_id = pw.TextField(null=True, index=True)
    address = pw.TextField(null=True)
    contact = pw.ForeignKeyField(Contact, null=True)
    case = pw.ForeignKeyField(Case, null=True)
    cs_ticket = pw.ForeignKeyField(CsTicket, null=True, index=False)


Journal.add_index(Journal.index(Journal.id, name="journal_waiting", where=pw.SQL("state = 'received'")))
Journal.add_index(Journal.index(Journal.lane, name="journal_lane", where=pw.SQL("state = 'received'")))
Journal.add_index(
    Journal.index(Journal.mailbox, Journal.folder, name="journal_untidied", where=pw.SQL("NOT tidied AND state <> 'received'"))
)
Journal.add_index(
    Journal.index(Journal.recorded_at, Journal.id, name="journal_raw",
                  where=pw.SQL("raw_deleted_at IS NULL AND state IN ('acted', 'ignored')"))
)  # fmt: skip
Outbox.add_index(
    Outbox.index(Outbox.created_at, Outbox.id, name="outbox_raw",
                 where=pw.SQL("raw_deleted_at IS NULL AND octets IS NOT NULL AND state IN ('sent', 'dropped')"))
)  # fmt: skip
Outbox.add_index(Outbox.index(Outbox.id, name="outbox_waiting", where=pw.SQL("state IN ('queued', 'unknown')")))
Outbox.add_index(Outbox.index(Outbox.forward_path, Outbox.case, name="outbox_lane", where=pw.SQL("state IN ('queued', 'unknown')")))
Outbox.add_index(Outbox.index(Outbox.id, name="outbox_untold", where=pw.SQL("state = 'failed' AND NOT told")))


class HeldSender(Row):
    """A sender whose mails of a day are held, because they opened too many cases, and the case that tells so.

    `held` counts them, `told` is how many the case has told of.
    """

    id = pw.AutoField()
    sender = pw.TextField()
    day = pw.DateField()
    held = pw.IntegerField()
    told = pw.IntegerField()
    case = pw.ForeignKeyField(Case, null=True)

    class Meta:
        indexes = ((("sender", "day"), True),)


class Undeliverable(Row):
    """An address that bounced for good; after two permanent bounces nothing is mailed there until somebody lifts it."""

    address = pw.TextField(primary_key=True)
    bounces = pw.IntegerField(default=0)
    last_at = UtcDateTimeField()


class Installation(Row):
    """One row: which life of the database this is. `store.epoch` compares it with a file outside."""

    id = pw.IntegerField(primary_key=True)
    name = pw.TextField()
    epoch = pw.BigIntegerField()
    held = pw.BooleanField()
    """Nothing is sent and no promise looked at, until a person resumes."""
    restored_at = UtcDateTimeField(null=True)
    backup_at = UtcDateTimeField(null=True)
    """When the backup was made that it was restored from, if that is known."""
    copied_at = UtcDateTimeField(null=True)
    """When the last backup was made of it."""
    looked_through = pw.TextField()
    """JSON: the mailboxes that were looked through since it was restored."""
    site = pw.TextField(null=True)
    """Where it lay when this epoch was begun (see `store.site`); only on PostgreSQL."""
    moved_to = pw.TextField(null=True)
    """The database that everything was moved to, without a password; nobody works with this one any more."""


class MailHold(Row):
    """Mails to this address ("*": to everybody) are held back until then, because what came looked like a loop."""

    address = pw.TextField(primary_key=True)
    since = UtcDateTimeField()
    until = UtcDateTimeField()
    reason = pw.TextField()


class Worker(Row):
    """A process at work on PostgreSQL. See `store.workers`; its times are by the clock of the database."""

    owner = pw.BigIntegerField(primary_key=True)
    """What its leases are marked with."""
    host = pw.TextField()
    process = pw.IntegerField()
    stages = pw.TextField()
    key_mark = pw.TextField()
    """Tells the keys of two hosts apart, and nothing else about them."""
    started_at = UtcDateTimeField()
    lives_until = UtcDateTimeField()
    """It said so; silent beyond that, it has lost what it leased."""


class MailboxLease(Row):
    """Which worker reads a mailbox, on PostgreSQL."""

    mailbox = pw.TextField(primary_key=True)
    owner = pw.BigIntegerField(null=True)
    token = pw.BigIntegerField()
    """One more each time it changes hands; a write for the mailbox holds only with the newest."""
    taken_at = UtcDateTimeField()
    read_at = UtcDateTimeField(null=True)
    """When all its mail had last been written down."""


class Seal(Row):
    """What one transaction left: JSON of table, key and digest of each row it wrote. `store.seals` tells more."""

    id = pw.AutoField()
    hand = pw.BigIntegerField()
    """Whose chain it is of."""
    number = pw.IntegerField()
    """Its place in that chain, from 1."""
    entries = pw.TextField()
    hash = pw.TextField()

    class Meta:
        indexes = ((("hand", "number"), True),)


class SealHead(Row):
    """Where a chain of seals ends."""

    hand = pw.BigIntegerField(primary_key=True)
    length = pw.IntegerField()
    hash = pw.TextField()


TABLES: tuple[type[Row], ...] = (
    HeldSender,
    Organization, OrganizationDomain, Contact, ContactEmail, ContactRole, System, Contract, Order, Evaluation, AccountKey, WebsiteTail,
    Queue, QueueMember, Case, CaseComment, FeedItem, Event, SlaClock, Task, PendingQuestion, Reversal, Digest, CsTicket, OutstandingItem,
    FormRequest, Octets,
    MailboxState, Journal, Attachment, CsTicketAttachment, Outbox, Interaction, Undeliverable, MailHold,
    Installation, Worker, MailboxLease, Seal, SealHead,
)  # fmt: skip

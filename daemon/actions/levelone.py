"""Keep what level one decided on a case."""

from __future__ import annotations

import json
from datetime import datetime

from daemon.actions.cases import add_feed
from daemon.actions.vocabulary import NameAccount, RecordSupport
from daemon.store.schema import Case
from daemon.store.statements import Select, update


def record_support(case_id: int, action: RecordSupport, *, at: datetime, cause: str) -> None:
    """The decision and its row; the feed says by which facts."""
    kept = {name: getattr(action, name) for name in ("plan_state", "issue_class", "rule", "action", "target")}
    update(Case, {"support": json.dumps(kept, ensure_ascii=False)}, {"id": case_id})
    facts = "; ".join(f"{name} {value}" for name, value in action.facts)
    body = f"level one, row {action.rule}: {action.action.replace('_', ' ')} {action.target} ({facts})"
    add_feed(case_id, "state", body, author_id=None, author_address=None, public=False, at=at, cause=cause)


def name_account(case_id: int, action: NameAccount, *, at: datetime, cause: str) -> None:
    """The organization, and the flag that nobody has confirmed it yet."""
    flags = [*json.loads(_FLAGS(case=case_id)[0][0]), action.flag]
    update(Case, {"organization": action.organization_id, "flags": json.dumps(flags, ensure_ascii=False)}, {"id": case_id})
    body = f"{action.flag}: {action.name} by words alone"
    add_feed(case_id, "state", body, author_id=None, author_address=None, public=False, at=at, cause=cause)


_FLAGS = Select(lambda case: Case.select(Case.flags).where(Case.id == case))

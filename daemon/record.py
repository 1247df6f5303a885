"""The explain record: a decision as plain data, kept with the mail and printed by `explain`."""

from __future__ import annotations

import json
from typing import Any

from daemon.actions.vocabulary import Action, QueueMail, payload, verb
from daemon.model import Decision


def record_of(decision: Decision, case_id: int | None) -> dict[str, Any]:
    """What was decided and why, in the words of `explain --json`. `case_id` is the case it was matched to or opened."""
    heard = decision.heard
    how = decision.match.matched_by if decision.match else "new"
    return {
        **({"form": dict(decision.form)} if decision.form is not None else {}),
        **({"forward": dict(decision.forward)} if decision.forward is not None else {}),
        "kind": decision.kind.value,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "detail": decision.detail,
        "trust": {
            "grade": decision.trust.grade.value,
            "proofs": {"K": decision.trust.key, "F": decision.trust.sender, "D": decision.trust.domain.value},
            "evidence": decision.trust.evidence,
        },
        "case": {"number": f"CASE-{case_id}", "matched_by": how} if case_id is not None else None,
        "gates": [{"name": gate.name, "verdict": gate.verdict, "detail": gate.detail} for gate in decision.gates],
        "actions": [
            *(dict(request) for request in (heard.granted if heard is not None else ())),
            *(_step(action) for action in decision.actions),
        ],
        "commands": [
            {"verb": v, "argument": argument, "line": line} for v, argument, line in (heard.commands if heard is not None else ())
        ],
        "natural": heard is not None and heard.natural,
        "comment": heard.comment if heard is not None else None,
        "errors": [{"code": code, "line": line} for code, line in (heard.errors if heard is not None else ())],
        "warnings": [{"code": code, "line": line} for code, line in (heard.warnings if heard is not None else ())],
        "mails": [
            {"template": action.template, "to": action.to, **({"held": action.held} if action.held else {})}
            for action in decision.actions
            if isinstance(action, QueueMail)
        ],
    }


def _step(action: Action) -> dict[str, Any]:
    """A step of the program under its own name; the person's verb that it is about, where there is one, is its `of`."""
    return {"verb": verb(action)} | {"of" if name == "verb" else name: value for name, value in json.loads(payload(action)).items()}

"""Every outcome and every reason a decision can have, one sentence each.

The sentence is the docstring people read in `explain`, the log and the README; the value is what scripts read.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Outcome(StrEnum):
    """How a received mail ended (`mail --json`)."""

    ACTED = "acted"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"
    VANISHED = "vanished"
    IN_PROGRESS = "in progress"


class Reason(StrEnum):
    """Why. `sentence` explains it to a person."""

    sentence: str

    def __new__(cls, value: str, sentence: str = "") -> Self:
        """A member is its value; the sentence goes with it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    # acted
    CASE_OPENED = "case-opened", "A new case was opened for this mail."
    CASE_OPENED_UNANSWERED = "case-opened-unanswered", "A new case was opened; no automatic answer is allowed."
    FORWARD_OPENED = "forward-opened", "One of our agents forwarded it: a case of whoever wrote it was opened, and the agent was told."
    FORWARD_UNSURE = "forward-unsure", "One of our agents forwarded it, and whose it is can't be told; it waits in the triage queue."
    COMMENT_ADDED = "comment-added", "The new words were added to the case as a public comment."
    INTERNAL_COMMENT_ADDED = "internal-comment-added", "The new words were added to the case for the house only."
    NOTE_UNTRUSTED = "note-untrusted", "The sender is not who the case knows, so the words are kept as a note for the house."
    NOTE_AMBIGUOUS = "note-ambiguous", "The mail is about two of our cases; its words are a note for the house on the case it was sent to."
    NOTE_FORGED = "note-forged", "The sender's domain says the mail is forged, so the words are kept as a note for the house."
    TRIAGE_FORGED = "triage-forged", "The sender's domain says the mail is forged; kept in the triage queue, never answered."
    TRIAGE_UNKNOWN_SENDER = "triage-unknown-sender", "An unknown address names one of our cases; kept in the triage queue."
    COMMANDS_RUN = "commands-run", "The commands of the mail were carried out and confirmed."
    COMMANDS_REFUSED = "commands-refused", "Something in the commands is wrong, so nothing was carried out; the sender was told."
    COMMAND_NOT_PROVEN = "command-not-proven", "The mail carries a command but proves too little; its words are a note, nothing ran."
    CLOCK_LOOKED_AT = "clock-looked-at", "A promise was due for a warning, a reminder or a breach."
    QUESTION_EXPIRED = "question-expired", "Nobody answered a question of ours in time, so nothing was made; the one asked was told."
    DIGEST_DUE = "digest-due", "The day opens for somebody who owes something."
    WORK_DUE = "work-due", "A day that a CS ticket names opens for somebody who does its work."
    REFUSAL_TOLD = "refusal-told", "The relay refused a mail of ours, or its template failed; the owner was told."
    FORM_ACCEPTED = "form-accepted", "A form's request was taken in: case, work and answers are made of it."
    FORM_EDITED = "form-edited", "The submission was known and has other answers now; request and work were brought up to date."
    FORM_NEEDS_PERSON = "form-needs-person", "A form's request that a person must decide; it waits in the triage queue."
    FORM_NOT_VERIFIED = "form-not-verified", "Other answers to a known submission, and nothing proves them; kept as a note for the house."
    FLOOD_TOLD = "flood-told", "Mails of a sender are held because they opened too many cases; a triage case tells how many."
    BOUNCE_RECORDED = "bounce-recorded", "A mail of ours came back; it was marked and the owner told."
    # ignored
    COPY_OF_MAIL = "copy-of-mail", "The same mail was received before."
    OWN_MAIL = "own-mail", "We wrote this ourselves."
    AUTOMATIC_ON_CASE = "automatic-on-case", "An automatic mail; filed on its case, it changes nothing."
    AUTOMATIC_WITHOUT_CASE = "automatic-without-case", "An automatic mail that belongs to no case."
    FORM_REPEATED = "form-repeated", "The same submission of a form was received before."
    FORM_WITHOUT_REQUEST = "form-without-request", "A mail of a form's sender that asks for nothing: a receipt, a notice, news."
    BOUNCE_OF_UNKNOWN_MAIL = "bounce-of-unknown-mail", "A bounce of a mail we never sent."
    BOUNCE_DELAYED = "bounce-delayed", "The delivery of a mail of ours is delayed; the server goes on trying."
    BOUNCE_REPEATED = "bounce-repeated", "A bounce of a mail that is already marked as bounced."
    BEFORE_RESTORE = "before-restore", "It came before the database was put back from a backup; whatever was done then is unknown here."
    HELP_GIVEN = "help-given", "An unknown address asked for help again; it was told once today."
    # quarantined
    LIMIT_CROSSED = "limit-crossed", "The mail crosses a limit and can't be read safely."
    PARSER_FAILED = "parser-failed", "The parser died or ran out of time on this mail, each time it was tried."
    COMMAND_FORGED = "command-forged", "The mail carries a command, and the sender's domain says it is forged."
    FORM_FORGED = "form-forged", "A form's request, and the sender's domain says the mail is forged."
    SENDER_FLOOD = "sender-flood", "The sender opened too many cases lately; held until somebody releases it."
    UNEXPECTED_ERROR = "unexpected-error", "An unexpected error happened on this mail, each time it was tried."
    # vanished
    VANISHED = "vanished", "The server announced the mail but no longer had it."


OF_FORWARDS = frozenset({Reason.FORWARD_OPENED, Reason.FORWARD_UNSURE})
"""Of a mail that one of our agents forwarded: the files of an attached message are the case's, too."""

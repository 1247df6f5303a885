"""Score the readers on corpora of mail: `python -m tests.benchmarks.score_corpora DIR [-v]`, one line a corpus.

DIR holds `<corpus>.jsonl`, one record a line: `id`, `path` (the mail, relative to DIR) and `expect`:

    torture     nothing, or subject, from_email, from_name, body_text, n_attachments: no exception, no hang, and what is given is read
    reply_trim  mode "full": reply_text, exact after white space is folded (a kept signature may be missing);
                mode "partial": contains and not_contains, lists of texts
    auto        is_auto, reply_ok: whether the mail may be answered
    bounces     is_bounce, kind, recipients [{address, permanent, reason}]

Where an expectation says what another reader lost, it is met by more: U+FFFD stands for any sign, NUL is no text of ours. Texts
shown in the mail (a footer below the text) aren't counted as attachments, as in RFC 8621 section 4.1.4. Files that the
expectation left uuencoded in its text are counted as what they are.

With -v each record that is not right is told, too.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from daemon.model import Reading
from daemon.parsers import ANSWER_MARKER, ReadLimits, embedded, read

Record = dict[str, Any]
SLOW_SECONDS = 5
LONGEST_SIGNATURE = 8
"""Lines that may be missing at the end as a kept signature."""


def main(arguments: list[str]) -> int:
    """Print the scores; 2 when DIR is missing."""
    verbose = "-v" in arguments
    folders = [argument for argument in arguments if argument != "-v"]
    if len(folders) != 1 or not Path(folders[0]).is_dir():
        print("usage: score_corpora.py DIR [-v]", file=sys.stderr)
        return 2
    folder = Path(folders[0])
    for name, score in SCORERS.items():
        if (folder / f"{name}.jsonl").is_file():
            print(f"{name}: {score(list(_readings(folder, name)), verbose)}")
    return 0


def _readings(folder: Path, name: str) -> Iterator[tuple[Record, Reading, float]]:
    for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        octets = (folder / record["path"]).read_bytes()
        started = time.perf_counter()
        reading = read(octets, ReadLimits(), frozenset(), ANSWER_MARKER)
        yield record, reading, time.perf_counter() - started


Scored = list[tuple[Record, Reading, float]]


def torture(records: Scored, verbose: bool) -> str:
    """Failures of readers, hangs, and the fields that are given."""
    failed = [r["id"] for r, reading, _ in records if any(d.startswith("reader-failed") for d in reading.message.defects)]
    slow = [r["id"] for r, _, seconds in records if seconds > SLOW_SECONDS]
    asked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for record, reading, _ in records:
        for field, expected in _unpacked(record["expect"]).items():
            found = _field(reading, field)
            if found is None or expected is None:
                continue
            asked[field] += 1
            same = _same(str(found), str(expected))
            right[field] += same
            if not same:
                _tell(verbose, record, f"{field}: {str(found)[:80]!r}")
    fields = "  ".join(f"{field} {_percent(right[field], asked[field])}" for field in asked)
    return f"{len(records)} mails, {len(failed)} readers failed, {len(slow)} hangs  {fields}"


def _field(reading: Reading, field: str) -> object:
    message = reading.message
    if field == "n_attachments":
        return sum(1 for attachment in message.attachments if not (attachment.inline and attachment.content_type.startswith("text/")))
    shown = {"subject": message.subject, "from_email": message.author, "from_name": message.author_name, "body_text": message.body}
    return shown.get(field)


def _unpacked(expect: Record) -> Record:
    """The expectation with the uuencoded files in its text as attachments."""
    text, files = embedded.split(str(expect.get("body_text") or "").encode())
    if not files:
        return expect
    return expect | {"body_text": text.decode(), "n_attachments": expect.get("n_attachments", 0) + len(files)}


def _same(found: str, expected: str) -> bool:
    pieces = _folded(expected.replace("\0", "")).split("\ufffd")
    return re.fullmatch(".".join(map(re.escape, pieces)), _folded(found)) is not None


def reply_trim(records: Scored, verbose: bool) -> str:
    """The new words of a reply."""
    right = 0
    for record, reading, _ in records:
        good = _words_right(record["expect"], reading.new_text)
        right += good
        if not good:
            _tell(verbose, record, f"{[(trim.rule, trim.lines) for trim in reading.trimmed]} {reading.new_text[-80:]!r}")
    refused = [r["id"] for r, reading, _ in records if not reading.automatic.may_answer]
    false_alarms = [r["id"] for r, reading, _ in records if reading.bounce is not None]
    return f"{len(records)} mails, {_percent(right, len(records))} right  {len(refused)} refused, {len(false_alarms)} taken for bounces"


def _words_right(expect: Record, words: str) -> bool:
    folded = _folded(words)
    if expect.get("mode") == "partial":
        wanted, unwanted = expect.get("contains", ()), expect.get("not_contains", ())
        return all(_folded(text) in folded for text in wanted) and not any(_folded(text) in folded for text in unwanted)
    expected = expect["reply_text"]
    if folded == _folded(expected):
        return True
    lines = [line for line in expected.split("\n") if line.strip()]
    endings = (_folded("\n".join(lines[:-count])) for count in range(1, min(LONGEST_SIGNATURE, len(lines) - 1) + 1))
    return bool(folded) and folded in endings


def auto(records: Scored, verbose: bool) -> str:
    """Robots caught and people refused."""
    robots = people = caught = refused = 0
    for record, reading, _ in records:
        expected = record["expect"]["reply_ok"]
        answered = reading.automatic.may_answer
        if expected:
            people += 1
            refused += not answered
        else:
            robots += 1
            caught += not answered
        if answered != expected:
            _tell(verbose, record, reading.automatic.why)
    return f"{len(records)} mails, {_percent(caught, robots)} of robots caught, {_percent(refused, people)} of people refused"


def bounces(records: Scored, verbose: bool) -> str:
    """Found, for whom, permanent or not, why; and those that would have been answered."""
    told: Counter[str] = Counter()
    for record, reading, _ in records:
        expect = record["expect"]
        if expect.get("kind") != "not-a-bounce" and reading.automatic.may_answer:
            told["answered"] += 1
            _tell(verbose, record, "would be answered")
        if not expect["is_bounce"]:
            told["false alarms"] += reading.bounce is not None
            continue
        told["bounces"] += 1
        if reading.bounce is None:
            _tell(verbose, record, "not found")
        else:
            told["found"] += 1
        wanted = {r["address"].lower(): r for r in expect["recipients"]}
        found = {} if reading.bounce is None else {r.address.lower(): r for r in reading.bounce.recipients}
        told["recipients"] += wanted.keys() == found.keys()
        if found and wanted.keys() != found.keys():
            _tell(verbose, record, f"recipients {sorted(found)}")
        for address, recipient in wanted.items():
            mine = found.get(address)
            if recipient.get("permanent") is not None:
                told["permanence asked"] += 1
                told["permanence"] += mine is not None and mine.permanent == recipient["permanent"]
            if recipient.get("reason"):
                told["reasons asked"] += 1
                told["reasons"] += mine is not None and mine.reason == recipient["reason"]
                if mine is not None and mine.reason != recipient["reason"]:
                    _tell(verbose, record, f"reason {mine.reason}")
    count = told["bounces"]
    return (
        f"{len(records)} mails, {_percent(told['found'], count)} found, {_percent(told['recipients'], count)} recipients exact, "
        f"{_percent(told['permanence'], told['permanence asked'])} permanence, {_percent(told['reasons'], told['reasons asked'])} reasons, "
        f"{told['answered']} answered, {told['false alarms']} false alarms"
    )


SCORERS: dict[str, Callable[[Scored, bool], str]] = {"torture": torture, "reply_trim": reply_trim, "auto": auto, "bounces": bounces}


def _folded(text: str) -> str:
    return " ".join(text.split())


def _percent(part: int, whole: int) -> str:
    return "-" if not whole else f"{100 * part / whole:.1f} %"


def _tell(verbose: bool, record: Record, what: str) -> None:
    if verbose:
        print(f"  {record['id']}: {what} (expected {str(record['expect'])[:160]})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Octets of every shape against the door of the parsers: `python -m tests.fuzz.reading_target [options of libFuzzer] [FOLDER...]`.

Needs the extra `fuzz` (atheris). The law is that of `daemon.parsers.read`: whatever the octets, a `Reading` comes back, no
reader failed inside it, it survives the way to the parent process unchanged, it gets a decision with a reason, and all that
in bounded time. A breach is raised, and libFuzzer writes the octets to `crash-*`; give that name to see it again, and keep the
mail in `tests/hostile` once it is mended. Folders of mails given on the command line are seeds beside the mails of the tests;
nothing is written into them.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["daemon.parsers", "flufl.bounce"]):
    from daemon.parsers import ReadLimits, wire
    from daemon.parsers.reading import read
with atheris.instrument_imports(include=["daemon.rules"]):
    from daemon.rules.decide import decide

from daemon.parsers import ANSWER_MARKER
from tests.rules.facts import ANN, PAT, RULEBOOK, case, key, on_case, situation

TESTS = Path(__file__).resolve().parent.parent
SEEDS = (TESTS / "hostile", *(folder for folder in (TESTS / "mail").rglob("*") if folder.is_dir()))
LIMITS = ReadLimits()
KNOWN = (situation(None), situation(ANN), on_case(PAT, case(), keys=(key(contact=PAT),)))
"""A stranger, a customer, and a partner's agent on a case."""
CPU_SECONDS = 5.0
"""Half of what the child process is given; the octets here are small, and watching the code makes it several times slower."""


def one_mail(octets: bytes) -> None:
    """Read a mail and raise if the law is broken."""
    began = time.process_time()
    reading = read(octets, LIMITS, frozenset({"support@support.example"}), ANSWER_MARKER)
    decisions = [decide(reading, known, "a" * 8, RULEBOOK) for known in KNOWN]
    spent = time.process_time() - began
    failed = [defect for defect in reading.message.defects if defect.startswith("reader-failed")]
    if failed:
        raise AssertionError(f"a reader failed: {failed}")
    if spent > CPU_SECONDS:
        raise AssertionError(f"{spent:.1f} s of CPU for {len(octets)} octets")
    if not all(made.reason and made.outcome for made in decisions):
        raise AssertionError("a decision has no reason")
    frames = wire.take(bytearray(b"".join(wire.pack(wire.encode(reading)))))
    if frames is None or wire.decode(frames) != reading:
        raise AssertionError("the reading is another one on the other side of the pipe")


def main() -> None:
    """Hand the seeds to libFuzzer, which never comes back."""
    logging.disable()  # what detectors of bounces stumble over is caught, and theirs to tell
    named = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    # libFuzzer writes what it learns into the first folder
    folders = [] if any(Path(name).is_file() for name in named) else [tempfile.mkdtemp(prefix="fuzz-"), *map(str, SEEDS)]
    atheris.Setup([sys.argv[0], "-max_len=65536", "-timeout=30", *folders, *sys.argv[1:]], one_mail)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

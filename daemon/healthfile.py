"""A small file beside the epoch file in which a daemon says how it does: the database may be what is down.

It is written again and again while the daemon runs, and says when: one that has stopped saying so, or whose process is gone, is dead.
It also keeps the alarms, so that a restart tells none a second time. A file that can't be read says nothing.

Each word is a new file that takes the place of the last. It ends in blanks, so that on a disk that has no room for another file the next
word fits where the last one lies; whoever reads meanwhile sees by the digest that it is half written, and looks again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from daemon.alarms import Alarm, as_json, of_json
from daemon.config import Config
from daemon.log import redact
from daemon.service import STAGES
from daemon.store.reserve import FULL
from daemon.wiring import epoch_file_of

SILENT = timedelta(minutes=2)
"""How old the last word of a daemon that lives may be."""

BLANKS = 16 << 10
"""How many octets longer than this word the next may be on a full disk."""

LOOKS, LOOK_AGAIN = 5, 0.02
"""How often a file that is half written is read, and the seconds between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageWord:
    """What a stage was at when the file was written, and for how many seconds it had been silent."""

    doing: str
    silent: float
    hung: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """When many mails of a mailbox were found to be gone, and what is said of it."""

    at: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthWord:
    """What a daemon said last."""

    pid: int
    started_at: datetime
    at: datetime
    stopped: bool = False
    """It ended in good order."""
    failed: str | None = None
    """Why it could not start, if it couldn't."""
    stages: Mapping[str, StageWord] = field(default_factory=dict)
    mailboxes: Mapping[str, datetime] = field(default_factory=dict)
    """When all mail of each had last been written down."""
    away: Mapping[str, str] = field(default_factory=dict)
    """How the last session with each ended, where it was no success."""
    gone: Mapping[str, Gone] = field(default_factory=dict)
    """The last loss of each mailbox that had one."""
    refused: str | None = None
    """What is wrong with the configuration that a reload did not take."""
    alarms: Mapping[str, Alarm] = field(default_factory=dict)

    def lives(self, now: datetime) -> bool:
        """Whether its process is there and has said so lately."""
        return not self.stopped and now - self.at <= SILENT and _is_there(self.pid) and not self.stands_still()

    def stands_still(self) -> bool:
        """Whether its process was stopped by a signal and not ended, as far as this host can tell."""
        try:
            # what stands before the bracket is the name of the program, whatever that is
            return Path(f"/proc/{self.pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] in ("T", "t")
        except (OSError, IndexError):
            return False


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # another user's
    return True


def health_file_of(config: Config, stages: tuple[str, ...] = STAGES) -> Path:
    """Where a daemon of these stages writes."""
    epoch = epoch_file_of(config)
    part = "" if set(stages) == set(STAGES) else "." + "-".join(stages)
    return epoch.with_name(epoch.name.removesuffix(".epoch") + part + ".health")


def words_of(config: Config) -> list[HealthWord]:
    """What every daemon of this installation said last."""
    whole = health_file_of(config)
    stem = whole.name.removesuffix(".health")
    paths = [whole, *sorted(path for path in whole.parent.glob("*.health") if path.name.startswith(stem + ".") and path != whole)]
    return [word for path in paths if (word := read(path)) is not None]


def read(path: Path) -> HealthWord | None:
    """What it says; None when there is none or it can't be read."""
    try:
        kept = _whole(path)
        return HealthWord(
            pid=int(kept["pid"]), started_at=datetime.fromisoformat(kept["started_at"]), at=datetime.fromisoformat(kept["at"]),
            stopped=bool(kept["stopped"]), failed=kept.get("failed"),
            stages={name: StageWord(**stage) for name, stage in kept["stages"].items()},
            mailboxes={name: datetime.fromisoformat(at) for name, at in kept["mailboxes"].items()}, refused=kept["refused"],
            alarms={one["name"]: of_json(one) for one in kept["alarms"]},
            # an earlier program kept none
            away={name: str(why) for name, why in kept.get("away", {}).items()},
            gone={name: Gone(at=datetime.fromisoformat(at), detail=str(detail)) for name, (at, detail) in kept.get("gone", {}).items()},
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _whole(path: Path) -> dict[str, Any]:
    """Everything in it, as one write left it. Raises OSError, ValueError or what follows from a file that is none of ours."""
    for look in range(LOOKS):
        try:
            kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
            # an earlier program wrote none
            if kept.pop("digest", None) in (None, _digest(kept)):
                return kept
        except ValueError:
            pass
        if look + 1 < LOOKS:
            time.sleep(LOOK_AGAIN)
    raise ValueError(path)


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()


def _redacted(value: Any) -> Any:
    """The same, and no text in it with a secret."""
    if isinstance(value, dict):
        return {key: _redacted(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_redacted(one) for one in value]
    return redact(value) if isinstance(value, str) else value


def write(path: Path, word: HealthWord, *, durably: bool) -> None:
    """Let it say this. Raises OSError."""
    facts: dict[str, Any] = {
        "pid": word.pid, "started_at": word.started_at.isoformat(), "at": word.at.isoformat(), "stopped": word.stopped,
        "failed": word.failed,
        "stages": {name: {"doing": stage.doing, "silent": stage.silent, "hung": stage.hung} for name, stage in word.stages.items()},
        "mailboxes": {name: at.isoformat() for name, at in word.mailboxes.items()}, "refused": word.refused,
        "away": dict(word.away),
        "gone": {name: [gone.at.isoformat(), gone.detail] for name, gone in word.gone.items()},
        "alarms": [as_json(alarm) for alarm in word.alarms.values()],
    }  # fmt: skip
    # whoever reads it does not know the secrets of the daemon
    told = _redacted(facts)
    octets = json.dumps({**told, "digest": _digest(told)}).encode()
    new = path.with_name(path.name + ".new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        _fill(handle, octets.ljust(len(octets) + BLANKS), durably=durably)
        new.rename(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        if error.errno not in FULL or not path.exists() or path.stat().st_size < len(octets):
            raise
        _fill(os.open(path, os.O_WRONLY | os.O_CLOEXEC), octets.ljust(path.stat().st_size), durably=durably)


def _fill(handle: int, octets: bytes, *, durably: bool) -> None:
    """Write this from the beginning, and close it."""
    with os.fdopen(handle, "wb", buffering=0) as file:
        if file.write(octets) != len(octets):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if durably:
            os.fsync(file.fileno())

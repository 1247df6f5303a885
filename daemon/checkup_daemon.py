"""What the check-up says of a daemon that runs, and of the ways by which it raises alarms."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime

from daemon.config import Config
from daemon.health import of_daemon, queues
from daemon.store.vitals import backlog
from daemon.verdict import BAD, GOOD, UNWISE, Verdict
from daemon.watchman import MAIL, tell_test


def health_verdicts(config: Config, now: datetime) -> Iterator[Verdict]:
    """How the daemon does, if it runs, and what waits. Inside a reading."""
    for vital in (*of_daemon(config, now), *queues(config, backlog(now), now)):
        if vital.name == "database" and not vital.weight:
            # whoever asks has said more of it
            continue
        # whoever checks an installation has perhaps not started it yet
        weight = min(vital.weight, 1) if vital.name == "daemon" else vital.weight
        yield Verdict(what=vital.name, verdict=(GOOD, UNWISE, BAD)[weight], detail=vital.detail, mend=vital.mend)


def told_by_test(config: Config, now: datetime) -> Iterator[Verdict]:
    """Tell a test by each way that alarms take."""
    for path, trouble in tell_test(config, now):
        mend = "see [alarm.smtp]" if path == MAIL else "see [alarm] command"
        verdict = GOOD if trouble is None else BAD
        yield Verdict(what=f"alarm by {path}", verdict=verdict, detail=trouble or "a test was told", mend=mend if trouble else "")


def alarm_verdicts(config: Config) -> Iterator[Verdict]:
    """Whether there is a second way to tell people, and it is one."""
    alarm, smtp = config.alarm, config.smtp
    if alarm.command and shutil.which(str(config.directory / alarm.command[0]) if "/" in alarm.command[0] else alarm.command[0]) is None:
        detail = f"the command {alarm.command[0]} is not there, or this user may not run it"
        yield Verdict(what="alarm", verdict=BAD, detail=detail, mend="see [alarm] command; `supportd check --alarm` then tries it")
    elif smtp is not None and alarm.smtp is None and not alarm.command:
        mend = "give [alarm] a command, or an account at another provider; `supportd check --alarm` then tries it"
        yield Verdict(what="alarm", verdict=UNWISE, detail="by the log alone: when mail is down nobody may see it", mend=mend)
    elif smtp is not None and alarm.smtp is not None and not alarm.command and smtp.host == alarm.smtp.host:
        mend = "take another provider's, or add a command"
        yield Verdict(what="alarm", verdict=UNWISE, detail=f"by the very server that sends all mail: {smtp.host}", mend=mend)
    else:
        ways = [*(["mail to " + ", ".join(alarm.to)] if alarm.smtp is not None else []), *([alarm.command[0]] if alarm.command else [])]
        yield Verdict(what="alarm", verdict=GOOD, detail=", ".join(["the log", *ways]))

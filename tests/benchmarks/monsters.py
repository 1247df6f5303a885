"""How long a mail waits because of another one that was made to keep readers busy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from imapclient import IMAPClient

from tests.benchmarks.bench import Bench, Line, median
from tests.benchmarks.rig import cpu_seconds, started, until
from tests.benchmarks.waiting import LARGE, tickets
from tests.benchmarks.workload import Mail, large_mail

RUNS = 5
AROUND = 3
"""Good mails before each monster, and as many behind it."""

_HEAD = b"From: eve@monster.example\r\nTo: support@support.example\r\nSubject: monster\r\nMessage-ID: %s\r\n"


def _monsters(seed: int) -> dict[str, Mail]:
    """By what each is: a mail and its fate is its own."""

    def mail(name: str, rest: bytes) -> Mail:
        message_id = f"<{name}.{seed}@monster.example>"
        return Mail(kind="ticket", message_id=message_id, octets=_HEAD % message_id.encode() + rest)

    levels = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(400))
    return {
        f"a mail of {LARGE // 10**6} MB": large_mail(seed, LARGE, datetime.now(UTC)),
        "20,000 addresses": mail("many", b"Cc: " + b"Some Body <some@where.example>,\r\n " * 20_000 + b"a@b.example\r\n\r\nLook.\r\n"),
        "400 levels": mail("levels", levels + b"\r\nLook.\r\n"),
        "100,000 <!--": mail("remarks", b"Content-Type: text/html\r\n\r\n<p>Look\r\n" + b"<!--" * 100_000 + b"\r\n"),
    }


def monsters(bench: Bench) -> list[Line]:
    """Good mails before and behind a monster, and the same without it: the longest wait of a good one, the worst of the runs."""
    config = bench.rig.configure(bench.rig.fresh())
    bench.rig.fill([])
    box = tickets(2 * AROUND * RUNS * 5, bench.seed + 3)
    waits: dict[str, list[float]] = {"": []}
    used: dict[str, list[float]] = {"": []}
    with started(config) as (process, _):
        time.sleep(2)
        for turn in range(RUNS):
            for name, monster in {"": None, **_monsters(bench.seed + turn)}.items():
                good = [box.pop() for _ in range(2 * AROUND)]
                around = good[:AROUND], good[AROUND:]
                cpu = cpu_seconds(process.pid)
                waits.setdefault(name, []).append(_longest_wait(bench, around[0], monster, around[1]))
                used.setdefault(name, []).append(cpu_seconds(process.pid) - cpu)
    alone, alone_cpu = median(waits.pop("")), median(used.pop(""))
    return [
        Line(
            name=f"beside {name}: longest wait of another", got=max(found), unit="s", reach=5, aim=1,
            note=f"worst of {RUNS} runs, median {median(found):.2f} s, without it {alone:.2f} s; "
            f"CPU it took at most {max(used[name]) - alone_cpu:.2f} s",
        )
        for name, found in waits.items()
    ]  # fmt: skip


def _longest_wait(bench: Bench, before: Sequence[Mail], monster: Mail | None, behind: Sequence[Mail]) -> float:
    """Seconds from a good mail's arrival to its answer at the sink."""
    rig = bench.rig
    arrived = {}
    with IMAPClient("127.0.0.1", port=rig.dovecot.port, ssl=False) as client:
        client.login(rig.dovecot.user, rig.dovecot.password)
        for mail in (*before, *([monster] if monster is not None else []), *behind):
            client.append("INBOX", mail.octets)
            if mail is not monster:
                arrived[mail.message_id] = time.time()

    def answered() -> dict[str, float]:
        return {parent: moment for moment, parent, _ in rig.sink.mails() if parent in arrived}

    until(lambda: len(answered()) == len(arrived), 60)
    return max(moment - arrived[message_id] for message_id, moment in answered().items())

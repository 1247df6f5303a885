"""A process that runs the daemon's rounds at the times it is told, and dies in the middle of one when that is wanted.

`python -m tests.crash.rounds supportd.toml` reads orders, one a line, in JSON:

{"at": TIME, "failpoint": "", "kill_after": null}   a round at this time. A new life begins if none is there; then `failpoint` is where it
                                                    is to end. After `kill_after` seconds the round is over by SIGKILL
{"end": true}                                       the life ends in good order

and answers with one word: `done`, `killed`, `ended`. Each life is a process of its own, which loads the configuration, opens the
database and starts its parser as the program does; the heavy modules alone are loaded before, once.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from daemon.config import load_config
from daemon.service import open_house, run_once

LONGEST = 60.0
"""Seconds after which a round hangs."""


@dataclass(slots=True)
class Life:
    """A forked process and the lines to it."""

    pid: int
    orders: int
    answers: int

    def end(self) -> int:
        """Let it come to its end; the status of `waitpid`."""
        os.close(self.orders)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.answers)
        return status


def begin(config: Path, failpoint: str) -> Life:
    """A new life."""
    (order_from, order_to), (answer_from, answer_to) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(order_to)
            os.close(answer_from)
            os.environ["SUPPORTD_FAILPOINT"] = failpoint
            _live(config, order_from, answer_to)
            status = 0
        except BaseException:  # noqa: BLE001 - it is a process of its own and must not go on as its parent
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    os.close(order_from)
    os.close(answer_to)
    return Life(pid=pid, orders=order_to, answers=answer_from)


def _live(path: Path, orders: int, answers: int) -> None:
    now = datetime.now(UTC)
    config = load_config(path)
    with open(orders, encoding="ascii") as lines, open_house(config, lambda: now) as house:
        for line in lines:
            now = datetime.fromisoformat(line.strip())
            run_once(config, house)
            os.write(answers, b"done\n")


def play(life: Life, at: str, kill_after: float | None) -> bool:
    """One round; False when it was the last of this life. Raises RuntimeError when it went wrong in another way."""
    try:
        os.write(life.orders, f"{at}\n".encode("ascii"))
    except BrokenPipeError:
        pass
    ready, _, _ = select.select([life.answers], [], [], LONGEST if kill_after is None else kill_after)
    if ready and os.read(life.answers, 16):
        return True
    if not ready:
        os.kill(life.pid, signal.SIGKILL)
    status = life.end()
    if kill_after is None and not ready:
        raise RuntimeError(f"the round of {at} hangs")
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
        raise RuntimeError(f"the round of {at} ended with status {status}")
    return False


def main(config: Path) -> None:
    """Obey."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    life: Life | None = None
    for line in sys.stdin:
        order = json.loads(line)
        if order.get("end"):
            status = life.end() if life is not None else 0
            life = None
            if status:
                raise RuntimeError(f"it did not end in good order: status {status}")
            print("ended", flush=True)
            continue
        if life is None:
            life = begin(config, order["failpoint"])
        alive = play(life, order["at"], order["kill_after"])
        life = life if alive else None
        print("done" if alive else "killed", flush=True)
    if life is not None:
        life.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

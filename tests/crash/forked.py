"""Many lives of the program, each a process of its own that is forked from one which has loaded its modules already.

A storm of a thousand kills would else spend its time on imports. A life reads its configuration, opens its database and starts its
parser child as the program does, and ends as it does.

`python -m tests.crash.forked` reads one order a line, in JSON: {"arguments": [...], "environment": {...}, "log": PATH}; it forks, says
the number of the process, and says its status as `waitpid` has it when it ends.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.conversations.world import World


class Life:
    """One process; what is used of subprocess.Popen."""

    def __init__(self, nursery: subprocess.Popen[bytes]) -> None:
        self._nursery = nursery
        self.pid = int(self._line())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The status if it has ended."""
        return self._await(0.0)

    def wait(self, seconds: float | None = None) -> int:
        """The status, when it ends. Raises TimeoutExpired."""
        status = self._await(seconds)
        if status is None:
            raise subprocess.TimeoutExpired("supportd", seconds or 0.0)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Signal it, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _await(self, seconds: float | None) -> int | None:
        if self.returncode is None:
            assert self._nursery.stdout is not None
            ready, _, _ = select.select([self._nursery.stdout], [], [], seconds)
            if ready:
                self.returncode = os.waitstatus_to_exitcode(int(self._line()))
        return self.returncode

    def _line(self) -> bytes:
        assert self._nursery.stdout is not None
        line = self._nursery.stdout.readline()
        assert line, "no life can be begun"
        return bytes(line)


class Nursery:
    """Begins one life after the other."""

    def __init__(self, world: World) -> None:
        self.world = world
        (world.folder / "daemon.log").touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forked"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            env=world.environment(), cwd=world.folder,
        )  # fmt: skip

    def begin(self, *arguments: str, **more: str) -> Life:
        """The program at the world's clock; whoever begins it ends it."""
        world = self.world
        world.close()
        order = {
            "arguments": world.command(*arguments)[3:],
            "environment": {"SUPPORTD_NOW": world.clock.isoformat(), **more},
            "log": os.fspath(world.folder / "daemon.log"),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return Life(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def _live(arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
    """What a process of the program is."""
    from daemon.cli import app

    os.environ.update(environment)
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((nothing, 0), (handle, 1), (handle, 2)):
        os.dup2(descriptor, place)
    os.close(handle)
    os.close(nothing)
    sys.argv = ["supportd", *arguments]
    app.main()


def main() -> None:
    """Obey until there are no more orders."""
    import daemon.checkup
    import daemon.cli.app
    import daemon.cli.running
    import daemon.service  # noqa: F401 - so that a life finds them

    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                _live(order["arguments"], order["environment"], Path(order["log"]))
                status = 0
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
            except BaseException:  # noqa: BLE001 - it is a process of its own and must not go on as its parent
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(status)
        print(pid, flush=True)
        _, ended_with = os.waitpid(pid, 0)
        print(ended_with, flush=True)


if __name__ == "__main__":
    main()

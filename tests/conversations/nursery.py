"""Processes of the program, forked from one that has loaded its modules already: most of a short life would be spent on imports.

A life reads its configuration, opens its database, starts its parser child and ends as `supportd` does; signals, kills and statuses
are those of any process. That the program can be started from nothing is asked where it is: tests/cli, tests/test_demo.py.

`python -m tests.conversations.nursery` gets its orders over the socket that is its standard input: JSON {"arguments", "environment",
"folder"}, and with each four descriptors: the standard ones of the life, and a pipe that hears its number and, when it has ended, its
status as `waitpid` has it.
"""

from __future__ import annotations

import array
import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ORDER_OCTETS = 256 * 1024


class Life:
    """One process; of subprocess.Popen what tests use."""

    def __init__(self, heard: int) -> None:
        self._heard = heard
        self._said = bytearray()
        self.returncode: int | None = None
        first = self._line(60.0)
        assert first is not None, "no life can be begun"
        self.pid = int(first)

    def poll(self) -> int | None:
        """The status if it has ended: that of its exit, or the negative number of the signal that killed it."""
        return self._await(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The status, when it ends. Raises subprocess.TimeoutExpired."""
        status = self._await(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("supportd", timeout or 0.0)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Signal it, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, if it lives."""
        self.send_signal(signal.SIGKILL)

    def _await(self, seconds: float | None) -> int | None:
        if self.returncode is None and (line := self._line(seconds)) is not None:
            self.returncode = os.waitstatus_to_exitcode(int(line))
            os.close(self._heard)
        return self.returncode

    def _line(self, seconds: float | None) -> bytes | None:
        while b"\n" not in self._said:
            ready, _, _ = select.select([self._heard], [], [], seconds)
            if not ready:
                return None
            octets = os.read(self._heard, 64)
            assert octets, "the nursery has died"
            self._said += octets
        line, _, rest = bytes(self._said).partition(b"\n")
        self._said[:] = rest
        return line


def begin(
    arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, stdin: int, stdout: int, stderr: int
) -> Life:  # fmt: skip
    """`supportd ARGUMENTS` with this environment in this folder; whoever begins it ends it. The descriptors stay the caller's."""
    order = json.dumps({"arguments": list(arguments), "environment": dict(environment), "folder": os.fspath(folder)}).encode()
    heard, says = os.pipe()
    try:
        socket.send_fds(_nursery(), [order], [stdin, stdout, stderr, says])
    finally:
        os.close(says)
    return Life(heard)


@cache
def _nursery() -> socket.socket:
    """The line to this process's nursery; it ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * ORDER_OCTETS)
    root = str(Path(__file__).parent.parent.parent)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=theirs.fileno(), cwd=root, env=dict(os.environ) | {"PYTHONPATH": root}
        )  # fmt: skip

    def end() -> None:
        ours.close()
        process.wait(60)

    atexit.register(end)
    return ours


# --- the nursery itself --------------------------------------------------------------------------------------------


def _load() -> None:
    """What lives need: the modules, and the shipped templates tried out."""
    from daemon import checkup, service
    from daemon.cli.app import application
    from daemon.config import data_dir
    from daemon.mail.rendering import Templates

    assert checkup, service
    application()
    Templates.load((data_dir("templates"),))
    gc.collect()
    gc.freeze()


def _obey() -> list[str]:
    """Begin lives until there are no more orders. In a life it comes back, with the arguments."""
    orders = socket.socket(fileno=os.dup(0))
    wake, waker = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    living: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([orders, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _bury(living)
        if orders not in ready:
            continue
        octets, descriptors = _receive(orders)
        if not octets:
            sys.exit()
        *standard, says = descriptors
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            orders.detach()
            return _become(json.loads(octets), standard)
        for descriptor in standard:
            os.close(descriptor)
        living[pid] = says
        os.write(says, b"%d\n" % pid)


def _receive(orders: socket.socket) -> tuple[bytes, list[int]]:
    numbers = array.array("i")
    octets, ancillary, _, _ = orders.recvmsg(ORDER_OCTETS, socket.CMSG_SPACE(4 * numbers.itemsize))
    for _, _, content in ancillary:
        numbers.frombytes(content)
    return octets, list(numbers)


def _bury(living: dict[int, int]) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        says = living.pop(pid)
        try:
            os.write(says, b"%d\n" % status)
        except BrokenPipeError:  # nobody asks any more
            pass
        os.close(says)


def _become(order: dict[str, object], standard: list[int]) -> list[str]:
    """Be the process that was ordered: its descriptors and no others, its environment, its folder."""
    for place, descriptor in enumerate(standard):
        os.dup2(descriptor, place)
    os.closerange(3, 4096)
    environment, arguments = order["environment"], order["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(order["folder"]))
    return arguments


if __name__ == "__main__":
    _load()
    sys.argv = ["supportd", *_obey()]
    from daemon.cli.app import main

    main()

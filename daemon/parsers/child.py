"""The process that reads mails and may die of one: `python -m daemon.parsers.child`.

Bundles of `wire` on standard input and output. The first one is the settings (JSON); then each bundle is one mail and
is answered by one reading. The process limits itself: address space, open files, no core; CPU time per mail by a timer
whose signal kills it. It ends when its input ends, and so with its parent.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys

from daemon.parsers import wire
from daemon.parsers.limits import ReadLimits
from daemon.parsers.reading import read


def main() -> None:
    """Serve until the input ends."""
    source = sys.stdin.buffer
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but readings may reach the parent
    first = wire.receive(source)
    if first is None:
        return
    settings = json.loads(first[0])
    limits = ReadLimits(**settings["limits"])
    own_addresses = frozenset(settings["own_addresses"])
    cpu_seconds: float = settings["cpu_seconds"]
    marker: str = settings["marker"]
    _limit(resource.RLIMIT_AS, settings["memory_bytes"])
    _limit(resource.RLIMIT_NOFILE, settings["open_files"])
    _limit(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    gc.freeze()
    while True:
        try:
            mail = wire.receive(source)
            if mail is None:
                return
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
            pieces = wire.pack(wire.encode(read(mail[0], limits, own_addresses, marker)))
            signal.setitimer(signal.ITIMER_PROF, 0)
            sink.writelines(pieces)
            sink.flush()
            del mail, pieces
        except MemoryError:
            os._exit(wire.EXIT_MEMORY)
        except BrokenPipeError:
            os._exit(0)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (value, value))


if __name__ == "__main__":
    main()

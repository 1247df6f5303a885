"""Mails read in a child process that can be killed: octets in, `Reading` or a named failure out.

One feeder thread owns one child. Mails are sent a little ahead, so that the child need not wait for this process
between two of them. A child that dies fails the one mail it was reading; the ones sent ahead go to its successor.
"""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import daemon
from daemon.model import Reading
from daemon.parsers import ANSWER_MARKER, wire
from daemon.parsers.limits import ReadLimits

_AHEAD = 4
_AHEAD_OCTETS = 512 * 1024
_READ = 1024 * 1024
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFailure:
    """Why a mail could not be read: it ran out of CPU time, of wall time or of memory, or its process died."""

    cause: Literal["cpu", "wall", "memory", "died"]
    detail: str


Outcome = Reading | ReadFailure


@dataclass(slots=True)
class _Job:
    octets: bytes
    future: Future[Outcome]


class Reader:
    """The child and the thread that feeds it. A context manager; the child starts with the first mail."""

    def __init__(
        self,
        limits: ReadLimits,
        own_addresses: frozenset[str],
        cpu_seconds: float = 10.0,
        wall_seconds: float = 20.0,
        memory_bytes: int = 512 * 1024 * 1024,
        open_files: int = 64,
        marker: str = ANSWER_MARKER,
    ) -> None:
        self._settings = json.dumps(
            {
                "limits": asdict(limits),
                "own_addresses": sorted(own_addresses),
                "cpu_seconds": cpu_seconds,
                "memory_bytes": memory_bytes,
                "open_files": open_files,
                "marker": marker,
            }
        ).encode()
        self._wall_seconds = wall_seconds
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._child: _Child | None = None

    def submit(self, octets: bytes) -> Future[Outcome]:
        """Read a mail. The future holds a Reading or a ReadFailure; it is cancelled if the reader is closed before.

        Raises RuntimeError on a closed reader.
        """
        job = _Job(octets, Future())
        with self._lock:
            if self._closing.is_set():
                raise RuntimeError("the reader is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._feed, name="reader", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        return job.future

    @property
    def child_pid(self) -> int | None:
        """The process id of the child, None while there is none."""
        child = self._child
        return None if child is None else child.process.pid

    def close(self) -> None:
        """Stop at once: the child is killed, mails not read yet are cancelled."""
        with self._lock:
            self._closing.set()
            self._jobs.put(None)
            thread = self._thread
            child = self._child
        if child is not None:
            child.process.kill()
        if thread is not None:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _feed(self) -> None:
        waiting: deque[_Job] = deque()  # handed in, not yet sent
        sent: deque[_Job] = deque()  # sent to the child, the first one is being read
        while not self._closing.is_set():
            self._collect(waiting, block=not sent and not waiting)
            if self._closing.is_set():
                break
            if self._child is None or (not sent and self._child.process.poll() is not None):
                self._restart()
            child = self._child
            assert child is not None
            while waiting and len(sent) < _AHEAD and (not sent or child.unsent + len(waiting[0].octets) <= _AHEAD_OCTETS):
                job = waiting.popleft()
                if job.future.cancelled():
                    continue
                child.send([job.octets])
                sent.append(job)
            if not sent:
                continue
            outcome = child.answer(self._wall_seconds)
            if isinstance(outcome, ReadFailure):
                child.stop()
                self._child = None
                if self._closing.is_set():
                    break
                failed = sent.popleft()
                waiting.extendleft(reversed(sent))
                sent.clear()
                _settle(failed, outcome)
            else:
                _settle(sent.popleft(), outcome)
        if self._child is not None:
            self._child.stop()
            self._child = None
        self._collect(waiting, block=False)
        for job in (*sent, *waiting):
            job.future.cancel()

    def _collect(self, waiting: deque[_Job], *, block: bool) -> None:
        while True:
            try:
                job = self._jobs.get(block=block)
            except queue.Empty:
                return
            block = False
            if job is not None:
                waiting.append(job)

    def _restart(self) -> None:
        if self._child is not None:
            self._child.stop()
        child = _Child(self._settings)
        with self._lock:
            self._child = child
            if self._closing.is_set():
                child.process.kill()


def _settle(job: _Job, outcome: Outcome) -> None:
    if job.future.set_running_or_notify_cancel():
        job.future.set_result(outcome)


class _Child:
    """One process and its two pipes. Reads while it writes, so that neither side can block the other for good."""

    def __init__(self, settings: bytes) -> None:
        root = str(Path(daemon.__file__).resolve().parent.parent)
        environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join((root, *os.environ.get("PYTHONPATH", "").split(os.pathsep))).rstrip(os.pathsep)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "daemon.parsers.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            process_group=0,  # an interrupt of the terminal is the parent's affair
            bufsize=0,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in = self.process.stdin.fileno()
        self._out = self.process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._pieces: deque[memoryview] = deque()
        self._received = bytearray()
        self._grace = _START_SECONDS
        self.send([settings])

    @property
    def unsent(self) -> int:
        """Octets that wait for room in the pipe."""
        return sum(map(len, self._pieces))

    def send(self, frames: list[bytes]) -> None:
        """Queue a bundle and write what the pipe takes."""
        small = b"".join(wire.pack(frames)) if sum(map(len, frames)) < 65536 else None
        self._pieces.extend(map(memoryview, wire.pack(frames) if small is None else [small]))
        self._write()

    def answer(self, wall_seconds: float) -> Outcome:
        """The reading of the mail sent first. `wall_seconds` count from now; the first mail has the start on top."""
        deadline = time.monotonic() + wall_seconds + self._grace
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        writing = False
        while True:
            try:
                frames = wire.take(self._received)
                if frames is not None:
                    self._grace = 0.0
                    return wire.decode(frames)
            except ValueError as error:
                return ReadFailure(cause="died", detail=f"nonsense from the child: {error}")
            if bool(self._pieces) != writing:
                writing = not writing
                poll.register(self._in, select.POLLOUT) if writing else poll.unregister(self._in)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return ReadFailure(cause="wall", detail=f"no answer within {wall_seconds:g} s")
            for descriptor, _ in poll.poll(remaining * 1000):
                if descriptor == self._in:
                    self._write()
                elif not self._read():
                    return self._post_mortem()

    def stop(self) -> None:
        """Kill it and wait for its end."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _write(self) -> None:
        while self._pieces:
            piece = self._pieces[0]
            try:
                count = os.write(self._in, piece)
            except BlockingIOError:
                return
            except BrokenPipeError:  # its last words are on the other pipe
                self._pieces.clear()
                return
            if count < len(piece):
                self._pieces[0] = piece[count:]
            else:
                self._pieces.popleft()

    def _read(self) -> bool:
        try:
            octets = os.read(self._out, _READ)
        except BlockingIOError:
            return True
        self._received += octets
        return bool(octets)

    def _post_mortem(self) -> ReadFailure:
        self.process.wait()
        code = self.process.returncode
        if code == -signal.SIGPROF:
            return ReadFailure(cause="cpu", detail="out of CPU time")
        if code == wire.EXIT_MEMORY:
            return ReadFailure(cause="memory", detail="out of memory")
        return ReadFailure(cause="died", detail=f"killed by signal {-code}" if code < 0 else f"ended with status {code}")

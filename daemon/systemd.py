"""Tell systemd how we are: ready, alive, reloading, stopping. Without systemd nothing happens. See sd_notify(3)."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Send e.g. "READY=1" or "WATCHDOG=1" to systemd; whether somebody was there to hear it. Never raises OSError."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(state.encode())
        except OSError:
            return False
    return True


LEVELS = {"critical": 2, "error": 3, "warning": 4, "info": 6}
"""How the journal counts the levels of a line, see sd-daemon(3)."""


def journal_prefix(level: str) -> str:
    """What stands before a line of standard error when the journal reads it, so that it knows the level; else nothing."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    if not device:
        return ""
    try:
        facts = os.fstat(2)
    except OSError:
        return ""
    return f"<{LEVELS[level]}>" if (device, inode) == (str(facts.st_dev), str(facts.st_ino)) else ""


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear "WATCHDOG=1" at the latest, in seconds; None when it does not watch this process."""
    period, process = os.environ.get("WATCHDOG_USEC"), os.environ.get("WATCHDOG_PID")
    if not period or not period.isdigit() or int(period) == 0 or (process and process != str(os.getpid())):
        return None
    return int(period) / 1_000_000

"""The file of a refresh token: mode 0600, read by one at a time, replaced whole or not at all.

A provider may rotate the token at any use (RFC 6749 section 6): the new one comes once, and the old one may be dead from then
on. So the place for the new one is open before the provider is asked, and what was written and synced before a crash is
taken over after it. The file is the bare token, or JSON as it is written here; its time of change is when the token came.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from daemon.errors import Temporary
from daemon.failpoints import failpoint

LARGEST = 64 * 1024
"""Octets of a file that may hold a token."""

MOST_LINKS = 40
"""Links on the way to a file, as many as Linux follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """A refresh token, when it came (UTC), and in how many seconds from then it dies, if the provider said so."""

    refresh_token: str = field(repr=False)
    kept_at: datetime
    expires_in: int | None = None


def is_token(value: object) -> bool:
    """Whether it is a token by its letters: visible ASCII (RFC 6749 appendix A.12 and A.17), of a size that is sane."""
    return isinstance(value, str) and 0 < len(value) <= 16 * 1024 and all("!" <= sign <= "~" for sign in value)


def read_token(path: Path) -> KeptToken:
    """What the file holds. Raises Temporary, without its text, when it can't be read or holds no token."""
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST)
            changed = os.fstat(file.fileno()).st_mtime
    except OSError as error:
        raise Temporary(f"refresh token file {path}: {error.strerror}") from None
    kept = _parsed(octets, datetime.fromtimestamp(changed, UTC))
    if kept is None:
        raise Temporary(f"refresh token file {path}: holds no refresh token")
    return kept


def _parsed(octets: bytes, kept_at: datetime) -> KeptToken | None:
    text = octets.decode("utf-8", "replace").strip()
    expires_in = None
    if text.startswith("{"):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return None
        text, expires_in = values.get("refresh_token"), values.get("expires_in")
    if not is_token(text):
        return None
    known = isinstance(expires_in, int) and not isinstance(expires_in, bool)
    return KeptToken(refresh_token=text, kept_at=kept_at, expires_in=expires_in if known else None)


class Rotation:
    """The file while nobody else may use its token; see `rotating`."""

    def __init__(self, path: Path, beside: Path, descriptor: int, kept: KeptToken) -> None:
        self.kept = kept
        self._path, self._beside, self._descriptor = path, beside, descriptor

    def keep(self, refresh_token: str, expires_in: int | None) -> None:
        """Put the new token in the old one's place, durably. Raises OSError; then the old one is still there, whole."""
        _write(self._path, self._beside, self._descriptor, refresh_token, expires_in)


def _write(path: Path, beside: Path, descriptor: int, refresh_token: str, expires_in: int | None) -> None:
    octets = json.dumps({"refresh_token": refresh_token, "expires_in": expires_in}).encode() + b"\n"
    os.ftruncate(descriptor, 0)
    if os.pwrite(descriptor, octets, 0) != len(octets):
        raise OSError("the disk is full")
    os.fsync(descriptor)
    failpoint("token_written")
    beside.replace(path)
    _sync_folder(path.parent)


@contextmanager
def rotating(path: Path) -> Iterator[Rotation]:
    """Hold the file against every other thread and process, with its token as it is now and room for the next one.

    Raises Temporary when it holds no token, or when a new one could not be kept in its folder.
    """
    path = Path(os.path.realpath(path))
    beside = path.with_name(f".{path.name}.new")
    with _alone(path):
        try:
            _finish(path, beside)
            kept = read_token(path)
            descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _no_room(path, error) from None
        try:
            os.fchmod(descriptor, 0o600)
            yield Rotation(path, beside, descriptor, kept)
        finally:
            os.close(descriptor)
            beside.unlink(missing_ok=True)


def put_token(path: Path, refresh_token: str, expires_in: int | None) -> None:
    """Let the file hold this token, whatever it holds, or make it: mode 0600, durably, whole or not at all. Raises Temporary.

    It belongs to whoever its folder belongs to: root signs in for the daemon's user with the rights of that user alone. While
    it lasts the whole process has no others, so nothing else may run in it.
    """
    with _as_the_owner(path):
        path = Path(os.path.realpath(path))
        beside = path.with_name(f".{path.name}.new")
        with _alone(path):
            try:
                # what a crash left there is older than a token that a person has just signed in for
                beside.unlink(missing_ok=True)
                descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                try:
                    os.fchmod(descriptor, 0o600)
                    _write(path, beside, descriptor, refresh_token, expires_in)
                finally:
                    os.close(descriptor)
                    beside.unlink(missing_ok=True)
            except OSError as error:
                raise _no_room(path, error) from None


def require_room(path: Path) -> None:
    """Raises Temporary when no token could be kept there, before somebody signs in for one; asked with the rights of `put_token`."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise Temporary(f"refresh token file {path}: its folder is not there")
    with _as_the_owner(path):
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
            raise Temporary(f"refresh token file {path}: user {os.geteuid()} may not write into its folder")


@contextmanager
def _as_the_owner(path: Path) -> Iterator[None]:
    """What root does with a file that somebody else could put a link in the place of, root does as that user."""
    root = (os.getegid(), os.getgroups())
    try:
        user, group = _owner(path) if os.geteuid() == 0 else (0, 0)
        if user != 0:
            os.setgroups([])
            os.setegid(group)
            os.seteuid(user)
    except OSError as error:
        raise _no_room(path, error) from None
    try:
        yield
    finally:
        if user != 0:
            os.seteuid(0)
            os.setegid(root[0])
            os.setgroups(root[1])


def _owner(path: Path) -> tuple[int, int]:
    """User and group of the file's folder; if that is root's, of the first folder or link on the way there that is not."""
    folder = Path(os.path.realpath(path)).parent.stat()
    here, ahead = Path("/"), list(reversed(path.absolute().parts))
    links = 0
    while ahead and folder.st_uid == 0:
        here = here / ahead.pop()
        try:
            found = here.lstat()
        except FileNotFoundError:
            break
        if found.st_uid != 0 and (ahead or stat.S_ISLNK(found.st_mode)):
            return found.st_uid, found.st_gid
        if stat.S_ISLNK(found.st_mode):
            links += 1
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            ahead += reversed(here.readlink().parts)
            here = here.parent
    return folder.st_uid, folder.st_gid


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the file against every other thread and process."""
    name = path.with_name(f".{path.name}.lock")
    # never a link: whoever the folder belongs to would choose what is opened
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            lock = os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o600)
            _give_to_the_owner(lock, path.parent)
        except FileExistsError:
            lock = os.open(name, flags)
    except OSError as error:
        raise _no_room(path, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _give_to_the_owner(descriptor: int, folder: Path) -> None:
    """What root has just made in the folder of the daemon's user, that user must be able to open."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _no_room(path: Path, error: OSError) -> Temporary:
    return Temporary(f"refresh token file {path}: a new token could not be kept in its folder: {error.strerror}")


def _finish(path: Path, beside: Path) -> None:
    """What a crash left behind: a whole token that is no older than the file is the one that holds; anything else is nothing."""
    try:
        octets, changed = beside.read_bytes(), beside.stat().st_mtime
    except FileNotFoundError:
        return
    older = path.exists() and path.stat().st_mtime > changed
    if not older and octets.endswith(b"}\n") and _parsed(octets, datetime.fromtimestamp(changed, UTC)) is not None:
        beside.replace(path)
        _sync_folder(path.parent)
    else:
        beside.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A secret lies in a file, in the environment or in a systemd credential, never in the configuration.

It is read when it is needed and no sooner, so that a command that needs no password runs where there is none. Whatever was
read is known to the log, which never writes it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from daemon import log
from daemon.errors import ConfigError, Problem

SOURCES = ("file", "env", "credential")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a secret lies. It holds no value, so neither `repr` nor a traceback can show one."""

    source: str
    """"file", "env" or "credential"."""
    name: str
    """The file's absolute path, the variable's name or the credential's name."""
    key: str
    """The key path in the configuration, for messages."""
    config_file: str

    @classmethod
    def parse(cls, value: object, *, key: str, config_file: Path) -> Secret | None:
        """The secret a table of the configuration speaks of, or None when it is no such table."""
        if not isinstance(value, dict) or len(value) != 1:
            return None
        [(source, name)] = value.items()
        if source not in SOURCES or not isinstance(name, str) or not name or "\0" in name:
            return None
        if source == "credential" and ("/" in name or name in {".", ".."}):
            return None
        if source == "file":
            name = str(config_file.parent / name)
        return cls(source=source, name=name, key=key, config_file=str(config_file))

    def reveal(self) -> str:
        """The value, without one trailing line end. Raises ConfigError, naming the key, when it is not there or empty."""
        value = self._read().removesuffix("\n").removesuffix("\r")
        if not value:
            raise self._missing("nothing: it is empty")
        log.hide(value)
        return value

    def concern(self) -> str | None:
        """What is unwise about how it is kept: a file that others on this machine can read."""
        if self.source != "file":
            return None
        try:
            mode = stat.S_IMODE(Path(self.name).stat().st_mode)
        except OSError:
            return None
        if mode & 0o077:
            return f"{self.key}: others can read {self.name} (mode {mode:04o}); chmod 0600 {self.name}"
        return None

    def is_pipe(self) -> bool:
        """Whether it comes out of a named pipe."""
        try:
            return self.source == "file" and stat.S_ISFIFO(Path(self.name).stat().st_mode)
        except OSError:
            return False

    def _read(self) -> str:
        if self.source == "env":
            value = os.environ.get(self.name)
            if value is None:
                raise self._missing(f"no environment variable {self.name}")
            return value
        path = Path(self.name)
        if self.source == "credential":
            folder = os.environ.get("CREDENTIALS_DIRECTORY")
            if folder is None:
                raise self._missing(f"credential {self.name!r}, but no $CREDENTIALS_DIRECTORY (systemd sets it: LoadCredential=)")
            path = Path(folder) / self.name
        try:
            return path.read_text("utf-8")
        except UnicodeDecodeError:
            raise self._missing(f"{path}, which is not UTF-8 text") from None
        except OSError as error:
            raise self._missing(f"{path}: {error.strerror}") from None

    def _missing(self, found: str) -> ConfigError:
        return ConfigError((Problem(file=self.config_file, key=self.key, found=found, allowed=f"a readable, non-empty {self.source}"),))

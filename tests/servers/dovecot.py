"""A real Dovecot of the test's own: its own configuration, ports, certificates and mails. Needs the Debian package dovecot-imapd."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.certificates import Certificates, make_certificates
from tests.servers.ports import free_ports

USER, PASSWORD = "support", "correct horse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dovecot:
    """A running server. `port` speaks clear text and STARTTLS, `tls_port` TLS from the first octet."""

    host: str
    port: int
    tls_port: int
    user: str
    password: str
    certificates: Certificates
    folder: Path
    config: Path
    binary: str

    @property
    def maildir(self) -> Path:
        return self.folder / "mail" / self.user / "Maildir"

    def doveadm(self, *arguments: str, octets: bytes | None = None) -> str:
        """Run doveadm against this instance; what it printed."""
        command = [shutil.which("doveadm") or "/usr/bin/doveadm", "-c", str(self.config), *arguments]
        return subprocess.run(command, input=octets, check=True, capture_output=True).stdout.decode()

    def deliver(self, octets: bytes, folder: str = "INBOX") -> None:
        """Put a mail into a folder, as a delivery agent does."""
        self.doveadm("save", "-u", self.user, "-m", folder, octets=octets)

    def stop(self) -> None:
        """Stop and wait until the master process is gone."""
        subprocess.run([self.binary, "-c", self.config, "stop"], capture_output=True)
        _until(lambda: not (self.folder / "run" / "master.pid").exists(), "Dovecot doesn't stop")

    def start(self) -> None:
        # not captured: the daemon would keep the pipe open
        subprocess.run([self.binary, "-c", self.config], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _until((self.folder / "run" / "master.pid").exists, "Dovecot doesn't start")


@contextmanager
def dovecot_server(
    folder: Path, capability: str | None = None, introspection: str | None = None, mechanism: str = "xoauth2"
) -> Iterator[Dovecot]:
    """Start a Dovecot below `folder`, which must have a short path (sockets). `capability` is what it says it can do.

    With `introspection`, the URL that knows which access tokens live, it takes them alone, by `mechanism`.
    """
    binary = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        raise FileNotFoundError("dovecot: install the Debian package dovecot-imapd")
    version = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout
    certificates = make_certificates(folder / "tls")
    port, tls_port = free_ports(2)
    config = folder / "dovecot.conf"
    server = Dovecot(
        host="127.0.0.1", port=port, tls_port=tls_port, user=USER, password=PASSWORD, certificates=certificates, folder=folder,
        config=config, binary=binary,
    )  # fmt: skip
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
    newer = not version.startswith("2.3")
    text = _config(server, newer=newer, capability=capability)
    if introspection is not None:
        text = _with_tokens(text, folder, introspection, mechanism, newer=newer)
    config.write_text(text)
    for name in ("run", "state", "mail"):
        (folder / name).mkdir(exist_ok=True)
    owner = _owner()
    for path in [folder, *folder.rglob("*")]:
        if os.geteuid() == 0:
            shutil.chown(path, owner)
        path.chmod(0o755 if path.is_dir() else 0o644)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _owner() -> str:
    return "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _config(server: Dovecot, *, newer: bool, capability: str | None) -> str:
    """Version 2.4 renamed the settings and wants to be told which configuration it reads."""
    folder, owner = server.folder, _owner()
    group = subprocess.run(["id", "-gn", owner], check=True, capture_output=True, text=True).stdout.strip()
    tls = server.certificates
    special = [f"imap_capability = {capability}"] if capability else []
    rootless = [] if os.geteuid() == 0 else [f"default_internal_user = {owner}", f"default_login_user = {owner}"]
    common = [
        "protocols = imap", "listen = 127.0.0.1", f"base_dir = {folder}/run", f"state_dir = {folder}/state",
        f"log_path = {folder}/dovecot.log", "ssl = yes", "first_valid_uid = 1", "first_valid_gid = 1", *special, *rootless,
        "service anvil {", "  chroot =", "}",
        "service imap-login {", "  chroot =",
        "  inet_listener imap {", f"    port = {server.port}", "  }",
        "  inet_listener imaps {", f"    port = {server.tls_port}", "    ssl = yes", "  }",
        "}",
    ]  # fmt: skip
    if newer:
        head = ["dovecot_config_version = 2.4.0", "dovecot_storage_version = 2.4.0"]
        rest = [
            f"ssl_server_cert_file = {tls.certificate}", f"ssl_server_key_file = {tls.key}",
            "mail_driver = maildir", "mail_path = ~/Maildir",
            "passdb passwd-file {", f"  passwd_file_path = {folder}/users", "}",
            "userdb static {", "  fields {", f"    uid = {owner}", f"    gid = {group}", f"    home = {folder}/mail/%{{user}}", "  }", "}",
        ]  # fmt: skip
    else:
        head = []
        rest = [
            f"ssl_cert = <{tls.certificate}", f"ssl_key = <{tls.key}", "mail_location = maildir:~/Maildir",
            "passdb {", "  driver = passwd-file", f"  args = {folder}/users", "}",
            "userdb {", "  driver = static", f"  args = uid={owner} gid={group} home={folder}/mail/%u", "}",
        ]  # fmt: skip
    return "\n".join([*head, *common, *rest, ""])


def _with_tokens(text: str, folder: Path, introspection: str, mechanism: str, *, newer: bool) -> str:
    """The configuration with an oauth2 passdb alone (RFC 7662 by POST)."""
    facts = ["introspection_mode = post", f"introspection_url = {introspection}", "username_attribute = username"]
    active = ["active_attribute = active", "active_value = true"]
    (folder / "oauth2.conf").write_text("\n".join([*facts, *active, ""]))
    text = text.replace("passdb passwd-file {" if newer else "  driver = passwd-file", "passdb oauth2 {" if newer else "  driver = oauth2")
    if newer:
        text = text.replace(f"  passwd_file_path = {folder}/users\n", "")
        text += "oauth2 {\n" + "".join(f"  {line}\n" for line in (*facts, *active)) + "}\n"
        return text + f"auth_mechanisms = {mechanism}\n"
    return text.replace(f"  args = {folder}/users", f"  args = {folder}/oauth2.conf") + f"auth_mechanisms = {mechanism}\n"


def _until(holds: Callable[[], bool], problem: str, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(problem)
        time.sleep(0.05)

"""A provider of OAuth 2.0 on loopback: a token endpoint that rotates refresh tokens, and introspection for mail servers."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl

CLIENT, SECRET = "client-1", "s3cret-of-the-client"


class TokenEndpoint:
    """Knows one client and one refresh token at a time. `script` holds answers to come instead of its own: (status, body, fields).

    With `rotates` a refresh token is good once, as with providers that tell a stolen one by its second use.
    """

    def __init__(
        self, *, refresh_token: str = "refresh-0", rotates: bool = True, expires_in: object = 3600, user: str = "support",
        context: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.refresh_token, self.rotates, self.expires_in, self.user = refresh_token, rotates, expires_in, user
        self.more: dict[str, object] = {}
        self.script: deque[tuple[int, bytes, dict[str, str]]] = deque()
        self.asked: list[dict[str, str]] = []
        self.living: set[str] = set()
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.hold = threading.Event()
        self.hold.set()
        """Cleared: answers wait."""
        self.signing_in: deque[dict[str, object]] = deque()
        """What is said, one after the other, to whoever asks whether a person has signed in; then they have."""
        self.device: dict[str, object] = {
            "device_code": "device-secret-1", "user_code": "WDJB-MJHT", "verification_uri": "https://id.example/device",
            "expires_in": 900, "interval": 1,
        }  # fmt: skip
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in the library
                pass

            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                answers = {"/introspect": endpoint.introspected, "/device": endpoint.asked_to_sign_in}
                status, body, fields = answers.get(self.path, endpoint.answered)(form)
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in fields.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if context is not None else 'http'}://127.0.0.1:{self._server.server_address[1]}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def answered(self, form: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        with self.lock:
            self.asked.append(form)
            scripted = self.script.popleft() if self.script else None
        self.hold.wait(30)
        if scripted is not None:
            return scripted
        with self.lock:
            if form.get("client_id") != CLIENT or form.get("client_secret", SECRET) != SECRET:
                return self._said(401, {"error": "invalid_client"})
            values: dict[str, object] = {}
            if form.get("grant_type") == "urn:ietf:params:oauth:grant-type:device_code":
                if form.get("device_code") != self.device["device_code"]:
                    return self._said(400, {"error": "invalid_grant"})
                if self.signing_in:
                    return self._said(400, self.signing_in.popleft())
                values["refresh_token"] = self.refresh_token
            if form.get("grant_type") == "refresh_token":
                if form.get("refresh_token") != self.refresh_token:
                    return self._said(400, {"error": "invalid_grant", "error_description": f"{form.get('refresh_token')} is revoked"})
                if self.rotates:
                    self.refresh_token = f"refresh-{len(self.asked)}"
                    values["refresh_token"] = self.refresh_token
            token = f"access-{len(self.asked)}"
            self.living.add(token)
            return self._said(200, {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in, **values, **self.more})

    def asked_to_sign_in(self, form: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        with self.lock:
            self.asked.append(form)
            scripted = self.script.popleft() if self.script else None
            if scripted is not None:
                return scripted
            return self._said(200, self.device) if form.get("client_id") == CLIENT else self._said(401, {"error": "invalid_client"})

    def introspected(self, form: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        with self.lock:
            return self._said(200, {"active": form.get("token") in self.living, "username": self.user})

    def _said(self, status: int, values: dict[str, object]) -> tuple[int, bytes, dict[str, str]]:
        return status, json.dumps(values).encode(), {"Content-Type": "application/json"}

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

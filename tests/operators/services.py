"""A real HTTP service in a thread, whose paths each do something that services do."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Service:
    """The service's URL, and the requests that came, each as a dictionary."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    # Set when a request has come that will not be answered; set by a test to let it go.
    hanging: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)


@contextmanager
def running_service(tls: ssl.SSLContext | None = None, elsewhere: str = "") -> Iterator[Service]:
    """`elsewhere`: the URL that `/elsewhere` redirects to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    service = Service(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}")
    server.service, server.elsewhere = service, elsewhere  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        service: Service = self.server.service  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        came = {
            "method": self.command,
            "path": parts.path,
            "query": dict(parse_qsl(parts.query, keep_blank_values=True)),
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode(),
        }
        service.requests.append(came)
        first, _, rest = parts.path.removeprefix("/").partition("/")
        match first:
            case "status":
                headers = {"Retry-After": came["query"]["after"]} if "after" in came["query"] else {}
                self._send(int(rest), b"it says why", headers)
            case "flaky":
                # The first two are told to come back at once.
                tries = sum(1 for each in service.requests if each["path"] == parts.path)
                self._send(200 if tries > 2 else 503, b"{}", {"Retry-After": "0"})
            case "redirect":
                self._send(int(came["query"].get("status", 302)), b"", {"Location": came["query"]["to"]})
            case "elsewhere":
                self._send(307, b"", {"Location": self.server.elsewhere})  # type: ignore[attr-defined]
            case "loop":
                self._send(302, b"", {"Location": "/loop"})
            case "hang":
                service.hanging.set()
                service.let_go.wait(60)
                self._send(200, b"late")
            case "drop":
                self.close_connection = True
                self.connection.shutdown(2)
            case "bomb":
                self._send(200, gzip.compress(bytes(20_000_000)), {"Content-Encoding": "gzip"})
            case "broken-gzip":
                self._send(200, b"not gzip at all", {"Content-Encoding": "gzip"})
            case "text":
                self._send(200, "grüße".encode("latin-1"), {"Content-Type": "text/plain; charset=latin-1"})
            case "empty":
                self._send(204, b"")
            case _:
                answer = {"job": {"id": 7, "a/b": "x", "ok": True}, "items": [{"n": "first"}], "none": None, "top": 1.5}
                self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json", "X-Trace": "abc"})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer

    def do_HEAD(self) -> None:
        self._answer()

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

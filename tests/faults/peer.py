"""A vendor of text messages over a real socket that does as it is told: takes, hangs, refuses, or takes and says nothing."""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.twilio import ACCOUNT, NUMBER, TOKEN


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 201
    takes: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    hangs: bool = False  # until the vendor is released; then it does what it would have done


TAKES, HANGS, SILENT = Answer(), Answer(hangs=True, takes=False, status=500), Answer(hangs=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # all carriers come at once


class Vendor:
    """`told` is what it does with whatever comes next; `arrived` and `taken` are the forms, in their order."""

    def __init__(self, told: Answer = TAKES) -> None:
        self.told = told
        self.arrived: list[dict[str, str]] = []
        self.taken: list[dict[str, str]] = []
        self.released = threading.Event()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                vendor.handle(self)

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = Server(("127.0.0.1", 0), Handler)

    def __enter__(self) -> "Vendor":
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def settings(self) -> dict[str, str]:
        """Of a portal that texts through it."""
        return {
            "PORTAL_SMS": "twilio", "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM": NUMBER,
            "TWILIO_API_BASE": f"http://127.0.0.1:{self.server.server_port}",
        }  # fmt: skip

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        told = self.told
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.arrived.append(form)
        if told.takes:
            self.taken.append(form)
        if told.hangs:
            self._say_nothing(request, patient=told.takes)
        self._answer(request, told, {"sid": f"SM{len(self.arrived):032}", "status": "queued"} if told.takes else {"code": 20500})

    def _say_nothing(self, request: BaseHTTPRequestHandler, patient: bool) -> None:
        """`patient`: so that whoever waits does not give up (RFC 9110 15.2), however slow the machine is."""
        while not self.released.wait(0.2):
            if patient:
                with suppress(OSError):
                    request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _answer(self, request: BaseHTTPRequestHandler, told: Answer, said: dict[str, Any]) -> None:
        content = json.dumps(said).encode()
        try:
            request.send_response(told.status)
            for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(content))), *told.headers):
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(content)
        except OSError:
            """Whoever asked is dead."""


def bodies(forms: list[dict[str, str]]) -> list[str]:
    return [form["Body"] for form in forms]

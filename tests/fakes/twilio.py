"""Twilio as far as the portal uses it, over real sockets: it refuses what Twilio refuses, keeps what it took, and tells what became of it.

`python -m tests.fakes.twilio --port 9000 --fail 0.1`; what it took: GET /fake, what it does: POST /fake with a JSON of its knobs.
"""

import json
import random
import re
import threading
import time
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from tests.fakes import twilio_calls
from tests.fakes.twilio_hooks import Hooks
from tests.fakes.twilio_refusals import REFUSED, Refusal

ACCOUNT, TOKEN = "AC" + "0" * 32, "0123456789abcdef0123456789abcdef"
NUMBER, SERVICE = "+97233760000", "MG" + "1" * 32
E164 = re.compile(r"(?:whatsapp:)?\+[1-9]\d{7,14}")


@dataclass
class FakeTwilio:
    """Its knobs; each may be turned while it runs."""

    port: int = 0
    account: str = ACCOUNT
    token: str = TOKEN
    senders: set[str] = field(default_factory=lambda: {NUMBER, "Portal", "whatsapp:" + NUMBER})
    services: set[str] = field(default_factory=lambda: {SERVICE})
    refused: dict[str, int] = field(default_factory=lambda: dict(REFUSED))  # by To: the code of the refusal
    undelivered: dict[str, int] = field(default_factory=dict)  # by To: the code of the failure, told later
    answering: dict[str, str] = field(default_factory=dict)  # by To: busy, no-answer, or the keys that are pressed; a voice mail's are none
    fail: float = 0.0  # of requests: 500, and nothing was taken
    lose: float = 0.0  # of messages: taken, and the answer never comes
    hang: float = 0.0  # seconds until any answer
    limited: int = 0  # so many requests are too many: 429
    garbage: bool = False  # taken, and answered with what is no JSON
    retry_after: str = "1"
    tell: bool = True  # whether it tells what becomes of what it took

    def __post_init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.hooks = Hooks(self.token)
        self.later = ThreadPoolExecutor(16)
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Handler", (Handler,), {"fake": self}))
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "FakeTwilio":
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.later.shutdown(wait=False, cancel_futures=True)

    @property
    def settings(self) -> dict[str, str]:
        """Of a portal that uses it."""
        return {
            "PORTAL_SMS": "twilio",
            "TWILIO_ACCOUNT_SID": self.account,
            "TWILIO_AUTH_TOKEN": self.token,
            "TWILIO_FROM": NUMBER,
            "TWILIO_API_BASE": self.url,
        }

    def to(self, number: str) -> list[dict[str, Any]]:
        return [one for one in list(self.messages) if one["To"] == number]

    # --- what it is asked ---

    def message(self, form: dict[str, str]) -> dict[str, Any]:
        to, body = form.get("To", ""), form.get("Body", "")
        self._reachable(to, form, 21211)
        if form.get("MessagingServiceSid") not in self.services and form.get("From") not in self.senders:
            raise Refusal(21606 if form.get("From") else 21603)
        if not body:
            raise Refusal(21602)
        if len(body) > 1600:
            raise Refusal(21617)
        taken = self._taken("SM", self.messages, form, status="queued")
        self.later.submit(self._deliver, taken)
        return taken

    def call(self, form: dict[str, str]) -> dict[str, Any]:
        self._reachable(form.get("To", ""), form, 21214)
        if not form.get("From"):
            raise Refusal(21603)
        if form["From"] not in self.senders or not form["From"].startswith("+"):
            raise Refusal(21212)
        if not urlsplit(form.get("Url", "")).hostname:
            raise Refusal(21205)
        taken = self._taken("CA", self.calls, form, status="queued", spoken=[], problems=[])
        self.later.submit(twilio_calls.ring, self, taken)
        return taken

    def _reachable(self, to: str, form: dict[str, str], invalid: int) -> None:
        if not to:
            raise Refusal(21604)
        if not E164.fullmatch(to):
            raise Refusal(invalid)
        if to in self.refused:
            raise Refusal(self.refused[to])
        if "StatusCallback" in form and not urlsplit(form["StatusCallback"]).hostname:
            raise Refusal(21609)

    def _taken(self, prefix: str, kept: list[dict[str, Any]], form: dict[str, str], **more: Any) -> dict[str, Any]:
        taken = {**form, "sid": prefix + uuid4().hex, "at": time.time(), **more}
        with self.lock:
            kept.append(taken)
        return taken

    def _deliver(self, taken: dict[str, Any]) -> None:
        """queued, sent, then delivered or not."""
        code = self.undelivered.get(taken["To"])
        for status in ("queued", "sent", "undelivered" if code else "delivered"):
            taken["status"] = status
            if self.tell and "StatusCallback" in taken:
                self.hooks.tell(taken["StatusCallback"], self.told(taken, status, code if status == "undelivered" else None))

    def told(self, taken: dict[str, Any], status: str, code: int | None = None) -> list[tuple[str, str]]:
        """The form of a message's status callback."""
        form = {
            "SmsSid": taken["sid"], "SmsStatus": status, "MessageStatus": status, "To": taken["To"], "MessageSid": taken["sid"],
            "AccountSid": self.account, "From": taken.get("From", NUMBER), "ApiVersion": "2010-04-01",
        }  # fmt: skip
        return [*form.items(), *([("ErrorCode", str(code))] if code else [])]


class Handler(BaseHTTPRequestHandler):
    fake: FakeTwilio
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/fake":
            taken = Counter(one["To"] for one in self.fake.messages)
            self._answer(200, {"messages": self.fake.messages, "calls": self.fake.calls, "accepted": taken, "hooks": self.fake.hooks.told})
        else:
            self._twilio(lambda: self._resource({}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/fake":
            for knob, value in json.loads(body).items():
                setattr(self.fake, knob, value)
            self._answer(200, {})
        else:
            self._twilio(lambda: self._resource(dict(parse_qsl(body.decode(), keep_blank_values=True))))

    def _twilio(self, resource: Any) -> None:
        fake = self.fake
        time.sleep(fake.hang)
        try:
            if fake.limited > 0:
                fake.limited -= 1
                raise Refusal(20429)
            if random.random() < fake.fail:
                return self._answer(500, {"message": "Internal Server Error"})
            if not self._known():
                raise Refusal(20003)
            made = resource()
            if made is None:
                return self._answer(404, {"code": 20404, "message": "The requested resource was not found", "status": 404})
            if random.random() < fake.lose:
                time.sleep(8)  # it gave up waiting long ago
            self._answer(201 if self.command == "POST" else 200, made)
        except Refusal as no:
            self._answer(no.status, {"code": no.code, "message": no.words, "more_info": "", "status": no.status})

    def _known(self) -> bool:
        wanted = b64encode(f"{self.fake.account}:{self.fake.token}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {wanted}"

    def _resource(self, form: dict[str, str]) -> dict[str, Any] | None:
        fake, root = self.fake, f"/2010-04-01/Accounts/{self.fake.account}"
        match self.command, self.path.removeprefix(root):
            case "POST", "/Messages.json":
                return shown(fake.message(form))
            case "POST", "/Calls.json":
                return shown(fake.call(form))
            case "GET", ".json":
                return {"sid": fake.account, "friendly_name": "A fake account", "status": "active"}
        return None

    def _answer(self, status: int, said: Any) -> None:
        content = b"<html>not quite JSON" if self.fake.garbage and status < 300 else json.dumps(said).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status == 429:
                self.send_header("Retry-After", self.fake.retry_after)
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def shown(taken: dict[str, Any]) -> dict[str, Any]:
    return {"sid": taken["sid"], "status": taken["status"], "to": taken["To"], "account_sid": ACCOUNT, "error_code": None}


def main() -> None:
    import argparse

    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--port", type=int, default=0)
    said.add_argument("--fail", type=float, default=0.0)
    said.add_argument("--lose", type=float, default=0.0)
    given = said.parse_args()
    fake = FakeTwilio(port=given.port, fail=given.fail, lose=given.lose)
    print(f"twilio: {fake.url}", flush=True)
    fake.server.serve_forever()


if __name__ == "__main__":
    main()

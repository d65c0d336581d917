"""A Stripe to try the portal with: the part of its API that takes and gives back money by Checkout, its page, and its notices.

    python -m tests.fakes.stripe --port 9100 --webhook http://127.0.0.1:8000/hooks/payments/stripe --secret whsec_fake --fail 0.1

It refuses what Stripe refuses, and remembers until it ends. Beside the API it has, for whoever has no browser:

    GET  /_fake/taken                        {payment_id: {amount, refunded, times, currency}}
    GET  /_fake/sessions                     [{id, payment_id, status, payment_status, amount, currency}]
    POST /_fake/pay      {payment_id or session, later?}      /_fake/decline {..}      /_fake/bank {.., ok}
    POST /_fake/refund   {payment_id, amount?}    /_fake/dispute {payment_id, amount?}    /_fake/close {dispute, won}
    POST /_fake/behave   {fail, hang, lose, twice, late, holding}          /_fake/release {}
"""

import argparse
import json
import random
import re
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.fakes import stripe_checks as checks
from tests.fakes.stripe_account import Account, Object, public
from tests.fakes.stripe_checks import Wrong
from tests.fakes.stripe_delivery import Courier
from tests.fakes.stripe_page import page
from tests.fakes.stripe_routes import ROUTES

VERSION = re.compile(r"20\d\d-\d\d-\d\d(\.[a-z]+)?")
Answer = tuple[int, Object, dict[str, str]]


class FakeStripe:
    """`trouble` is what happens to the next calls, one each: before, after, saved, hang, 401, 409, 429; `fail` happens to that share of
    all. `before` does nothing and says 500; `after` did it, and the answer was lost; `saved` did it, and its 500 is kept for the key."""

    def __init__(self, webhook: str = "", secret: str = "whsec_fake", key: str = "sk_test_fake", port: int = 0, fail: float = 0.0) -> None:
        self.key, self.fail = key, fail
        self.spared = ""  # a path that meets no such trouble: beside a portal, the one that a chore asks in its own time
        self.chance = random.Random(7)
        self.lock, self.stopping = Lock(), Event()
        self.courier = Courier(webhook, secret)
        handler = type("Handler", (Handler,), {"stripe": self})
        self.server = Server(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.begins_anew()

    def begins_anew(self) -> None:
        """With an account where nothing happened, and nothing that goes wrong next."""
        self.calls, self.trouble = list[str](), deque[str]()
        self.kept: dict[str, tuple[str, Answer | None]] = {}
        self.account = Account(self.courier, self.url, live="_live_" in self.key)
        self.courier.lose, self.courier.holding = 0.0, False
        self.courier.held.clear()
        self.courier.lost.clear()

    def __enter__(self) -> "FakeStripe":
        self.courier.start()
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stopping.set()
        self.courier.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    def api(self, method: str, path: str, params: Object, key: str) -> Answer:
        """With whatever goes wrong on the way."""
        with self.lock:
            self.calls.append(f"{method} {path}")
            wrong = self.trouble.popleft() if self.trouble and path != self.spared else self._bad_luck()
        match wrong:
            case "401":
                raise Wrong("Invalid API Key provided", status=401)
            case "429":
                raise Wrong("Too many requests", status=429, code="rate_limit")
            case "409":
                raise Wrong("Key in use.", status=409, type="idempotency_error", code="idempotency_key_in_use")
            case "hang":
                self.stopping.wait(30)
                return _broken()
            case "before":
                return _broken()
        answer = self._once(method, path, params, key, save_as_broken=wrong == "saved") if key else self._do(method, path, params)
        return _broken() if wrong in ("after", "saved") else answer

    def _once(self, method: str, path: str, params: Object, key: str, save_as_broken: bool) -> Answer:
        """One effect a key. What was refused before it began is not kept."""
        asked = json.dumps([method, path, params], sort_keys=True)
        with self.lock:
            if key in self.kept:
                before, answer = self.kept[key]
                if before != asked:
                    raise Wrong("Keys for idempotent requests can only be used with the same parameters.", type="idempotency_error")
                if answer is None:
                    raise Wrong("Key in use.", status=409, type="idempotency_error", code="idempotency_key_in_use")
                return answer[0], answer[1], answer[2] | {"Idempotent-Replayed": "true"}
            self.kept[key] = (asked, None)
        try:
            answer = self._do(method, path, params)
        except BaseException:
            del self.kept[key]
            raise
        self.kept[key] = (asked, _broken() if save_as_broken else answer)
        return answer

    def _do(self, method: str, path: str, params: Object) -> Answer:
        for known, pattern, act in ROUTES:
            if known == method and (found := re.fullmatch(pattern, path)):
                return 200, act(self.account, params, *found.groups()), {}
        raise Wrong(f"Unrecognized request URL ({method}: {path}).", status=404)

    def control(self, what: str, said: Object) -> Any:
        account = self.account
        session = said.get("session") or (account.session_of(said["payment_id"])["id"] if "payment_id" in said else "")
        match what:
            case "taken":
                return account.taken()
            case "sessions":
                return [_short(one) for one in account.sessions()]
            case "pay":
                return _short(account.pay(session, said.get("later", False)))
            case "decline":
                return _short(account.decline(session))
            case "bank":
                return account.bank_decides(session, said["ok"])
            case "refund" | "dispute":
                return public(getattr(account, what)(account.intent_of(said["payment_id"]), said.get("amount")))
            case "close":
                return account.close_dispute(said["dispute"], said["won"])
            case "release":
                return self.courier.release()
            case "behave":
                self.fail = said.pop("fail", self.fail)
                self.trouble.extend(["hang"] * int(said.pop("hang", 0)))
                for name, value in said.items():
                    setattr(self.courier, name, value)
                return {}
        raise Wrong(what, status=404)

    def _bad_luck(self) -> str:
        return self.chance.choice(("before", "after", "saved")) if self.chance.random() < self.fail else ""


def _broken() -> Answer:
    return 500, {"error": {"type": "api_error", "message": "An unknown error occurred"}}, {}


def _short(session: Object) -> Object:
    short = {key: session[key] for key in ("id", "status", "payment_status", "currency")}
    return short | {"payment_id": session["client_reference_id"], "amount": session["amount_total"]}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked did not wait for the answer."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stripe: FakeStripe

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _answer(self, body: str) -> None:
        url = urlsplit(self.path)
        try:
            if url.path.startswith("/c/pay/"):
                return self._checkout(url.path.removeprefix("/c/pay/"), checks.form(body))
            if url.path.startswith("/_fake/"):
                return self._json(200, self.stripe.control(url.path.removeprefix("/_fake/"), json.loads(body or "{}")), {})
            self._json(*self.stripe.api(self.command, url.path, checks.form(self._params(url.query, body)), self._key()))
        except Wrong as wrong:
            self._json(wrong.status, wrong.body, {"Retry-After": "1"} if wrong.status == 429 else {})
        except (StopIteration, KeyError, ValueError) as error:
            self._json(400, {"error": {"type": "invalid_request_error", "message": repr(error)}}, {})

    def _params(self, query: str, body: str) -> str:
        if self.headers.get("Authorization") != f"Bearer {self.stripe.key}":
            raise Wrong("Invalid API Key provided", status=401)
        if not VERSION.fullmatch(self.headers.get("Stripe-Version", "")):
            raise Wrong("Invalid Stripe API version")
        if body and self.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise Wrong("Unsupported content type")
        return body or query

    def _key(self) -> str:
        key = self.headers.get("Idempotency-Key", "") if self.command == "POST" else ""
        if len(key) > 255:
            raise Wrong("Idempotency-Key: at most 255 characters")
        return key

    def _checkout(self, id: str, pressed: Object) -> None:
        account = self.stripe.account
        session = account.found(id, "checkout.session")
        if session["status"] == "open" and self.command == "POST":
            match pressed.get("do"):
                case "pay" | "pay later" as how:
                    account.pay(id, later=how == "pay later")
                    return self._go(session["success_url"])
                case "decline":
                    account.decline(id)
        self._send(200, page(public(session) | {"name": session["_name"]}).encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _go(self, url: str) -> None:
        time.sleep(0.05)  # as a rule, a notice is quicker than a customer
        self._send(303, b"", {"Location": url})

    def _json(self, status: int, body: Any, headers: dict[str, str]) -> None:
        self._send(status, json.dumps(body).encode(), {"Content-Type": "application/json", "Request-Id": "req_fake", **headers})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--webhook", default="")
    parser.add_argument("--secret", default="whsec_fake")
    parser.add_argument("--key", default="sk_test_fake")
    parser.add_argument("--fail", type=float, default=0.0, help="share of calls that fail, half of them after the work was done")
    given = parser.parse_args()
    with FakeStripe(given.webhook, given.secret, given.key, given.port, given.fail) as stripe:
        print(f"{stripe.url} tells {given.webhook or 'nobody'}", flush=True)
        Event().wait()


if __name__ == "__main__":
    main()

"""Load while everything dies: processes by kill -9, PostgreSQL by restarts, a tenth of the vendors' calls; then the books are compared.

    python -m tests.bench chaos --scale 1      ten minutes (`make chaos`); ends with 1 and a list where anything is wrong

Two instances behind the plain proxy (tests/processes/proxy.py), which sends on to the other one what an instance cannot have seen, and
what it may have seen only where it is idempotent, as nginx does. An answer of 5xx is counted by who made it: the portal may give one
only while PostgreSQL is down or within PATIENCE of its return, the proxy only for what a killed process had in hand.
"""

import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from portal import migrations
from tests import postgres
from tests.bench import reckoning
from tests.bench.customers import last_invoice, phone
from tests.bench.figures import Figure
from tests.bench.journeys import fill
from tests.fakes.stripe import FakeStripe
from tests.fakes.twilio import FakeTwilio
from tests.processes.instances import Instances, instances

USERS, FAIL, KILL_EVERY, RESTARTS = 6, 0.1, 20.0, 2
# How long people press again, and how long after a fault an answer of 5xx is put down to it: F4's 10 s.
PATIENCE = 10.0
WAITS_FOR_SMS = 45.0
T = TypeVar("T")


@dataclass(frozen=True)
class Failed:
    """An answer of 5xx. `by_proxy`: the portal gave none."""

    at: float
    what: str
    status: int
    by_proxy: bool


@dataclass
class Happened:
    failed: list[Failed] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # numbers for which the portal accepted to send a code
    done: int = 0  # journeys, to the receipt
    begun: int = 0
    unfinished: list[str] = field(default_factory=list)  # why people gave up
    kills: list[tuple[float, float]] = field(default_factory=list)  # from the kill until it serves again
    outages: list[tuple[float, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def measure(scale: float) -> list[Figure]:
    seconds = max(60.0, 600 * scale)
    happened = run(seconds)
    for line in happened.wrong:
        print("WRONG", line)
    notes = f"{len(happened.kills)} kills, PostgreSQL down {len(happened.outages)} times, {len(happened.failed)} answers of 5xx meanwhile"
    return [
        Figure("chaos: journeys to the receipt", happened.done, f"of {happened.begun}", note=f"{seconds:.0f} s"),
        Figure("chaos: people who gave up", len(happened.unfinished), "journeys", note="; ".join(sorted(set(happened.unfinished)))[:90]),
        Figure("chaos: codes that were accepted", len(happened.asked), "SMS"),
        Figure("chaos: what does not add up", len(happened.wrong), "lines", at_most=0, note=notes),
    ]


def run(seconds: float, kill_every: float = KILL_EVERY, users: int = USERS, fail: float = FAIL) -> Happened:
    happened = Happened()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-chaos-")))
        server = stack.enter_context(postgres.restartable(postgres.DURABLE))
        url = server.url + "postgres"
        migrations.upgrade(url)
        customers = 200 + int(seconds * users)
        fill(url, folder, customers)
        twilio = stack.enter_context(FakeTwilio(fail=fail))
        stripe = stack.enter_context(FakeStripe(fail=fail))
        vendors: dict[str, Any] = {
            **twilio.settings, "PORTAL_LIMITS": "load", "PORTAL_PAYMENTS": "stripe", "STRIPE_API_KEY": stripe.key,
            "STRIPE_WEBHOOK_SECRET": "whsec_fake", "STRIPE_API_BASE": stripe.url,
        }  # fmt: skip
        running = stack.enter_context(instances(url, folder, **vendors))
        stripe.courier.url = f"{running.url}/hooks/payments/stripe"
        _load(happened, running, server, twilio, stripe, seconds, kill_every, users)
        twilio.fail = stripe.fail = 0.0
        happened.wrong += reckoning.settle(url, running.url)
        happened.wrong += reckoning.codes(url, happened.asked, twilio.messages)
        happened.wrong += reckoning.payments(url, stripe.account.taken())
        happened.wrong += list(_unexcused(happened))
        happened.wrong += sorted({line[:300] for line in running.said().splitlines() if '"level": "error"' in line})
    return happened


def _load(
    happened: Happened, running: Instances, server: postgres.Postgres, twilio: FakeTwilio, stripe: FakeStripe, seconds: float,
    kill_every: float, users: int,
) -> None:  # fmt: skip
    until = time.monotonic() + seconds
    turns = count()

    def person() -> None:
        while time.monotonic() < until:
            happened.begun += 1
            n = next(turns)
            try:
                Person(n, happened, running.url, twilio, stripe).journey()
                happened.done += 1
            except GaveUp as gave_up:
                happened.unfinished.append(str(gave_up))
            except Exception as error:
                happened.wrong.append(f"{phone(n)}: {type(error).__name__}: {error}"[:300])

    threads = [threading.Thread(target=person) for _ in range(users)]
    threads.append(threading.Thread(target=_kill, args=(happened, running, until, kill_every)))
    threads.append(threading.Thread(target=_restart, args=(happened, server, seconds)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _kill(happened: Happened, running: Instances, until: float, every: float) -> None:
    """One instance after the other; each is started again at once."""
    for n in count():
        time.sleep(max(0.0, min(every, until - time.monotonic())))
        if time.monotonic() >= until:
            return
        victim, at = running.servers[n % len(running.servers)], time.monotonic()
        victim.kill()
        while True:  # as systemd does: one that finds no database ends, and is started again
            with suppress(AssertionError):
                victim.start()
                break
        happened.kills.append((at, time.monotonic()))


def _restart(happened: Happened, server: postgres.Postgres, seconds: float) -> None:
    for _n in range(RESTARTS):
        time.sleep(seconds / (RESTARTS + 1))
        at = time.monotonic()
        server.stop()
        time.sleep(2)
        server.start()
        happened.outages.append((at, time.monotonic()))


def _unexcused(happened: Happened) -> Iterator[str]:
    for one in happened.failed:
        excuses = happened.kills if one.by_proxy else happened.outages
        if not any(begun <= one.at <= over + PATIENCE for begun, over in excuses):
            yield f"{one.status} of {'the proxy' if one.by_proxy else 'the portal'} for {one.what}, while nothing was down"


class GaveUp(Exception):
    """What a person may do, where it is told why."""


class Person:
    """From the first page to the receipt, pressing again where something went wrong."""

    def __init__(self, n: int, happened: Happened, url: str, twilio: FakeTwilio, stripe: FakeStripe) -> None:
        self.n, self.happened, self.twilio, self.stripe = n, happened, twilio, stripe
        address = f"10.{n // 62_500 % 250}.{n // 250 % 250}.{n % 250 + 1}"
        headers = {"X-Forwarded-For": address, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        self.http = httpx2.Client(base_url=url, headers=headers, timeout=30, follow_redirects=False)

    def journey(self) -> None:
        with self.http:
            self._press("GET", "/", {200})
            self._press("GET", "/identify?lang=en&next=/actions/pay-balance", {200})
            self._identify()
            assert last_invoice(self.n) in self._press("GET", "/actions/last-invoice", {200}).text, "somebody else's page"
            self._pay()

    def _identify(self) -> None:
        """Another code is asked for where one did not come, or where nobody knows whether the last answer counted."""
        for _again in range(3):
            seen = len(self.twilio.to(phone(self.n)))
            asked = self._press("POST", "/identify/phone", {200}, phone=phone(self.n), next="/")
            if asked.status_code == 200:
                self.happened.asked.append(phone(self.n))
            if not (code := self._texted(seen)):
                continue
            if self._press("POST", "/identify/code", {303, 422}, code=code, next="/").status_code == 303:
                return
        raise GaveUp("no code that lets in")

    def _texted(self, seen: int) -> str:
        texted = _eventually(lambda: self.twilio.to(phone(self.n))[seen:], WAITS_FOR_SMS)
        return re.findall(r"#(\d{6})$", texted[-1]["Body"])[0] if texted else ""

    def _pay(self) -> None:
        session = _eventually(self._sent_to_provider, 60)
        if not session:
            raise GaveUp("no payment page")
        httpx2.post(f"{self.stripe.url}/_fake/pay", json={"session": session}, timeout=30)
        if not _eventually(lambda: 'data-testid="receipt"' in self._press("GET", self.back, {200}).text, 90, every=0.5):
            raise GaveUp("no receipt")

    def _sent_to_provider(self) -> str:
        page = self._press("GET", "/actions/pay-balance", {200})
        turn, form = re.search(r'name="turn" value="(\d+)"', page.text), 'value="pay"' in page.text
        if not turn or not form:
            raise GaveUp("nothing to pay")
        sent = self._press("POST", "/actions/pay-balance", {303, 422}, turn=turn[1], reply="pay")
        found = re.search(r"/c/pay/(cs_\w+)", sent.headers.get("location", ""))
        if found:
            self.back = _back(self.stripe, found[1])
        return found[1] if found else ""

    def _press(self, method: str, path: str, expected: set[int], **form: str) -> httpx2.Response:
        """Again for as long as a person is patient; any answer of 5xx is noted."""
        until = time.monotonic() + 2 * PATIENCE
        while True:
            answer = self._once(method, path, form)
            if answer is not None and answer.status_code in expected:
                return answer
            if answer is not None and answer.status_code < 500:
                raise AssertionError(f"{method} {path}: {answer.status_code} {re.sub('<[^>]*>', ' ', answer.text)[-300:]!r}")
            if time.monotonic() > until:
                raise GaveUp(f"{method} {path.split('?')[0]} does not answer")
            time.sleep(0.5)

    def _once(self, method: str, path: str, form: dict[str, str]) -> httpx2.Response | None:
        with suppress(httpx2.TransportError):
            answer = self.http.request(method, path, data=form or None)
            if answer.status_code >= 500:
                what = f"{method} {path.split('?')[0]}"
                self.happened.failed.append(Failed(time.monotonic(), what, answer.status_code, "x-proxy" in answer.headers))
            return answer
        return None


def _back(stripe: FakeStripe, session: str) -> str:
    """Where Stripe sends whoever has paid."""
    address = str(stripe.account.found(session, "checkout.session")["success_url"])
    return "/" + address.split("/", 3)[3]


def _eventually(what: Callable[[], T], seconds: float, every: float = 0.1) -> T:
    until = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < until:
        time.sleep(every)
    return found

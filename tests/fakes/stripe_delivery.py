"""How the fake Stripe's notices travel: signed, tried again until answered with 2xx, and late, twice, mixed up or never on demand."""

import json
import random
import time
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Event, Lock, Thread
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from stripe import WebhookSignature

Notice = dict[str, Any]
OPENER = build_opener(ProxyHandler({}))


@dataclass
class Courier:
    """`url` is told. `lose` and `twice` are shares of the notices, `late` the most seconds that one waits; while `holding`, they pile up
    until they are released in any order."""

    url: str = ""
    secret: str = "whsec_fake"
    lose: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    holding: bool = False
    waits: tuple[float, ...] = (0, 0.1, 0.3, 1, 2, 4, 8, *[10] * 30)
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    held: list[Notice] = field(default_factory=list)
    lost: list[Notice] = field(default_factory=list)
    stopping: Event = field(default_factory=Event)
    queue: Queue[Notice] = field(default_factory=Queue)
    underway: int = 0
    lock: Lock = field(default_factory=Lock)

    def start(self, threads: int = 4) -> None:
        for _ in range(threads):
            Thread(target=self._run, name="stripe notices", daemon=True).start()

    def send(self, notice: Notice) -> None:
        if self.holding:
            self.held.append(notice)
        elif self.chance.random() < self.lose:
            self.lost.append(notice)
        else:
            for _ in range(2 if self.chance.random() < self.twice else 1):
                self._put(notice)

    def release(self, notices: list[Notice] | None = None) -> None:
        """All that were held, in their order; or these."""
        for notice in self.held if notices is None else notices:
            self._put(notice)
        self.held.clear()

    def settled(self, seconds: float = 30) -> None:
        """Waits until everything that was sent has been answered."""
        deadline = time.monotonic() + seconds
        while self.underway and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not self.underway, f"{self.underway} notices were not taken in {seconds} s"

    def post(self, notice: Notice) -> int:
        """Once, now: what the hook answered; 0 for no answer."""
        body = json.dumps(notice)
        signed = WebhookSignature.generate_signature_header(body, self.secret)
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signed, "User-Agent": "Stripe/1.0"}
        try:
            with OPENER.open(Request(self.url, body.encode(), headers), timeout=20) as answer:
                return int(answer.status)
        except OSError as error:
            return int(getattr(error, "code", 0))

    def _put(self, notice: Notice) -> None:
        with self.lock:
            self.underway += 1
        self.queue.put(notice)

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                notice = self.queue.get(timeout=0.2)
            except Empty:
                continue
            Thread(target=self._deliver, args=(notice,), daemon=True).start()

    def _deliver(self, notice: Notice) -> None:
        self.stopping.wait(self.late * self.chance.random())
        for wait in self.waits:
            if self.stopping.wait(wait) or not self.url or 200 <= self.post(notice) < 300:
                break
        with self.lock:
            self.underway -= 1

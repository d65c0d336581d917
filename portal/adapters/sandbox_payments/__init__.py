"""A card payment provider to try things with. It stands for somebody else's system: its orders are in a file of its own,
its page is under /sandbox/pay, and what came of an order it tells by signed notices over HTTP, which may come late, twice
or never.
"""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from threading import Event, Thread
from urllib.request import ProxyHandler, Request, build_opener

from babel.core import get_global

from portal.adapters.sandbox_payments import notices
from portal.adapters.sandbox_payments.orders import KINDS, Orders, SandboxOrder
from portal.core.errors import NotFound, Permanent, TryAgain, Unexpected
from portal.core.keys import Keys
from portal.core.ports import Heard, Order, PaymentPage, Returned, Reversal

ANSWERS_WITHIN = 5.0
CUSTOMER_WAITS = 2.0
LONGEST_DESCRIPTION = 500
DECISIONS = {"approve": "approved", "decline": "declined", "abandon": "abandoned"}


class Delivery(StrEnum):
    """When the notice comes."""

    NOW = "now"
    LATE = "late"
    TWICE = "twice"
    NEVER = "never"


class Trouble(StrEnum):
    """How the provider behaves on a bad day. Hanging, it takes an order and nobody is told."""

    NONE = "none"
    HANGS = "hangs"
    FAILS = "fails"


class SandboxPayments:
    name = "sandbox"

    def __init__(
        self, path: Path, base_url: str, keys: Keys, *, trouble: Trouble = Trouble.NONE, clock: Callable[[], float] = time.time,
        late_by: float = 8.0, waits: tuple[float, ...] = (0, 1, 2, 4, 8, 16), answers_within: float = ANSWERS_WITHIN,
    ) -> None:  # fmt: skip
        """`waits`: seconds before each try to deliver a notice."""
        self.base_url = self.form_action = base_url
        self.orders, self.keys, self.trouble, self.clock = Orders(path, clock), keys, trouble, clock
        self.late_by, self.waits, self.answers_within = late_by, waits, answers_within

    def begin(self, order: Order) -> PaymentPage:
        _check(order)
        if self.trouble is Trouble.FAILS:
            raise TryAgain("the provider said 500")
        kept = self.orders.keep(order)
        self._hang()
        if (kept.charge, kept.description) != (order.charge, order.description):
            raise Permanent("the same key was used for another order")
        return PaymentPage(kept.reference, f"{self.base_url}/sandbox/pay/{kept.reference}")

    def ask(self, reference: str) -> Heard:
        order = self._known(reference)
        return notices.said(order, f"asked:{reference}:{order.status}")

    def expire(self, reference: str) -> None:
        self._known(reference)
        self.orders.end(reference, "expired")

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard | Reversal | None:
        notices.verify(self.keys, self.clock(), headers, body)
        return notices.parsed(body)

    def returned(self, capture: str) -> Returned | None:
        self._answer()
        order = self.orders.find(capture)
        return notices.returned(order) if order else None

    def reversals(self, since: int) -> list[Reversal]:
        self._answer()
        return [notices.reversal(number, reference) for number, reference in self.orders.reversals(since / 1000)]

    def check(self) -> str:
        return "the sandbox's own provider"

    def order(self, reference: str) -> SandboxOrder | None:
        """For its page."""
        return self.orders.find(reference)

    def decide(self, reference: str, decision: str, notice: str = "now") -> str:
        """What the customer pressed on its page: approve, decline or abandon; once, and not after the page has expired. Returns where
        the customer goes on. Raises NotFound, Unexpected."""
        if decision not in DECISIONS or notice not in set(Delivery):
            raise Unexpected("decision")
        if self.orders.find(reference) is None:
            raise NotFound("order")
        if self.orders.end(reference, DECISIONS[decision]):
            self._tell(reference, Delivery(notice))
        return self._found(reference).after

    def reverse(self, reference: str, kind: str, minor: int | None = None, notice: str = "now") -> bool:
        """What the company or the customer's bank does later, with all that is left or with so much: refund, refund_failed, dispute
        or dispute_won. False where there is not so much. Raises Unexpected."""
        if kind not in KINDS or notice not in set(Delivery):
            raise Unexpected("decision")
        number = self.orders.reverse(reference, kind, minor)
        if number is not None:
            self._send(reference, notices.written_reversal(notices.reversal(number, reference)), Delivery(notice))
        return number is not None

    def _tell(self, reference: str, delivery: Delivery) -> None:
        self._send(reference, notices.written(self._found(reference)), delivery)

    def _send(self, reference: str, body: bytes, delivery: Delivery) -> None:
        """In the background; the customer is sent back once the hook has heard, or did not within 2 s (Stripe Checkout: 10 s)."""
        tried = Event()
        Thread(target=self._deliver, args=(body, delivery, tried), name=f"notice of {reference}", daemon=True).start()
        if delivery in (Delivery.NOW, Delivery.TWICE):
            tried.wait(CUSTOMER_WAITS)

    def _known(self, reference: str) -> SandboxOrder:
        self._answer()
        return self._found(reference)

    def _answer(self) -> None:
        if self.trouble is Trouble.FAILS:
            raise TryAgain("the provider said 500")
        self._hang()

    def _found(self, reference: str) -> SandboxOrder:
        order = self.orders.find(reference)
        if order is None:
            raise Permanent("no such order")
        return order

    def _hang(self) -> None:
        if self.trouble is Trouble.HANGS:
            time.sleep(self.answers_within)
            raise TryAgain(f"the provider did not answer in {self.answers_within} s")

    def _deliver(self, body: bytes, delivery: Delivery, tried: Event) -> None:
        if delivery is Delivery.NEVER:
            return
        if delivery is Delivery.LATE:
            time.sleep(self.late_by)
        for _ in range(2 if delivery is Delivery.TWICE else 1):
            self._post(body, tried)

    def _post(self, body: bytes, tried: Event) -> None:
        """Until the hook answers 2xx, or the tries are over: then somebody has to ask."""
        opener = build_opener(ProxyHandler({}))
        for wait in self.waits:
            time.sleep(wait)
            headers = {"Content-Type": "application/json", notices.HEADER: notices.signed(self.keys, self.clock(), body)}
            hook = Request(f"{self.base_url}/hooks/payments/{self.name}", body, headers)  # noqa: S310 - of our own settings
            try:
                with opener.open(hook, timeout=10):
                    return
            except OSError:  # an HTTPError is one too
                continue
            finally:
                tried.set()


def _check(order: Order) -> None:
    if order.charge.minor <= 0:
        raise Permanent("an amount must be more than 0")
    if order.charge.currency not in get_global("all_currencies"):
        raise Permanent(f"{order.charge.currency} is no currency")
    if len(order.description) > LONGEST_DESCRIPTION:
        raise Permanent(f"a description has at most {LONGEST_DESCRIPTION} characters")

"""The sandbox's provider and Stripe, each as its customers, its company and its bad days move it: what the shared tests are given."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from portal.adapters.sandbox_payments import SandboxPayments, Trouble
from portal.adapters.stripe_payments import StripePayments
from portal.core.keys import Keys
from portal.core.ports import Payments
from tests.fakes.hook import Hook
from tests.fakes.stripe import FakeStripe

Notice = tuple[dict[str, str], bytes]


class Vendor(Protocol):
    """`clock` moves the time by which a portal believes its notices; `retired` no longer has the key that signed."""

    signature: str

    @property
    def provider(self) -> Payments: ...
    def at(self, seconds_later: float) -> Payments: ...
    def rotated(self, retired: bool) -> Payments: ...
    def hangs(self) -> Payments: ...
    def fails(self) -> Payments: ...
    def pays(self, reference: str) -> None: ...
    def goes_back(self, reference: str, kind: str, minor: int | None = None) -> None: ...
    def told(self) -> list[Notice]:
        """Every notice since the last time, in the order of their making; once all were posted."""
        ...


class SandboxVendor:
    signature = "Sandbox-Signature"

    def __init__(self, folder: Path, hook: Hook) -> None:
        self.folder, self.hook, self.now = folder, hook, 1_800_000_000.0
        self.provider = self._made()

    def _made(self, *keys: str, **more: Any) -> SandboxPayments:
        clock: Callable[[], float] = lambda: self.now  # noqa: E731
        return SandboxPayments(
            self.folder / "orders.db", self.hook.url, Keys.of(keys or ("first",)), clock=more.pop("clock", clock), waits=(0,), **more
        )

    def at(self, seconds_later: float) -> Payments:
        return self._made(clock=lambda: self.now + seconds_later)

    def rotated(self, retired: bool) -> Payments:
        return self._made("second") if retired else self._made("first", "second")

    def hangs(self) -> Payments:
        return self._made(trouble=Trouble.HANGS, answers_within=0)

    def fails(self) -> Payments:
        return self._made(trouble=Trouble.FAILS)

    def pays(self, reference: str) -> None:
        self.provider.decide(reference, "approve")

    def goes_back(self, reference: str, kind: str, minor: int | None = None) -> None:
        assert self.provider.reverse(reference, kind, minor)

    def told(self) -> list[Notice]:
        for thread in threading.enumerate():
            if thread.name.startswith("notice of"):
                thread.join(timeout=20)
        return self.hook.all()


class StripeVendor:
    signature = "Stripe-Signature"

    def __init__(self, stripe: FakeStripe, hook: Hook) -> None:
        self.stripe, self.hook = stripe, hook
        self.provider = self._made()

    def _made(self, *secrets: str, **more: Any) -> StripePayments:
        return StripePayments(self.stripe.key, secrets or (self.stripe.courier.secret,), self.stripe.url, **more)

    def at(self, seconds_later: float) -> Payments:
        return self._made(clock=lambda: time.time() + seconds_later)

    def rotated(self, retired: bool) -> Payments:
        return self._made("whsec_new") if retired else self._made(self.stripe.courier.secret, "whsec_new")

    def hangs(self) -> Payments:
        self.stripe.trouble.append("hang")
        return self._made(timeout=(0.5, 0.2))

    def fails(self) -> Payments:
        self.stripe.trouble.append("before")
        return self.provider

    def pays(self, reference: str) -> None:
        self.stripe.account.pay(reference)

    def goes_back(self, reference: str, kind: str, minor: int | None = None) -> None:
        account = self.stripe.account
        intent = account.objects[reference]["payment_intent"]
        match kind:
            case "refund":
                account.refund(intent, minor)
            case "dispute":
                account.dispute(intent, minor)
            case "refund_failed":
                account.fail_refund(account.listed("refund", intent)[-1]["id"])
            case "dispute_won":
                account.close_dispute(account.listed("dispute", intent)[-1]["id"], won=True)

    def told(self) -> list[Notice]:
        self.stripe.courier.settled()
        return self.hook.all()

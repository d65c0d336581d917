"""Cards by Stripe's Checkout: its page takes the card, its notices and its answers say what became of it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import stripe
import structlog
from stripe.params.checkout import SessionCreateParams

from portal.adapters import retry_after
from portal.adapters.stripe_payments import notices
from portal.adapters.stripe_payments.amounts import ours, theirs
from portal.core.errors import Permanent, TryAgain
from portal.core.languages import Language
from portal.core.money import Money
from portal.core.ports import Heard, Order, PaymentPage, Returned, Reversal

log = structlog.get_logger()

# To connect, and for the answer: 5 s together. We try again ourselves, with the same key.
TIMEOUT = (1.5, 3.5)
CHECKOUT = "https://checkout.stripe.com"
# Checkout speaks neither Hebrew nor Arabic: "auto" is what the browser asks for.
LOCALES = {Language.EN: "en", Language.RU: "ru"}
LONGEST_NAME = 250
# A page is given out for 45 minutes and closed after an hour; were we away then, it closes by itself. Stripe wants 30 minutes at least.
PAGE_LIVES = 90 * 60
SHORTEST, LONGEST = 31 * 60, 23 * 60 * 60

# It writes a file into the home folder, and fails each request where there is none (a container's nameless user).
stripe.enable_telemetry = False


class StripePayments:
    name = "stripe"

    def __init__(
        self, key: str, secrets: tuple[str, ...], api_base: str = "", *, clock: Callable[[], float] = time.time,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:  # fmt: skip
        """`secrets` of the webhook: any of them signs. `api_base`: a local peer that stands for Stripe."""
        self.secrets, self.clock = secrets, clock
        self.live = key.startswith(("sk_live_", "rk_live_"))
        self.form_action = _origin(api_base) if api_base else CHECKOUT
        self.client = stripe.StripeClient(
            key,
            http_client=stripe.RequestsClient(timeout=timeout),
            max_network_retries=0,
            base_addresses={"api": api_base.rstrip("/")} if api_base else {},
        )

    def begin(self, order: Order) -> PaymentPage:
        params = _params(order, self.clock())
        with _translated():
            session = self.client.v1.checkout.sessions.create(params, {"idempotency_key": order.payment_id})
        if not session.url:
            raise Permanent("the page is closed already")
        return PaymentPage(session.id, session.url)

    def ask(self, reference: str) -> Heard:
        with _translated():
            session = self.client.v1.checkout.sessions.retrieve(reference, {"expand": ["payment_intent"]}).to_dict()
        heard = notices.said(session, f"asked:{reference}")
        if heard is None:
            raise Permanent("not one of our payments")
        # Our state, not Stripe's words: what the bank works on and what it refused are both complete and unpaid there.
        return replace(heard, notice_id=f"{heard.notice_id}:{heard.state}")

    def expire(self, reference: str) -> None:
        with _translated():
            try:
                self.client.v1.checkout.sessions.expire(reference)
            except stripe.InvalidRequestError as error:
                if error.http_status == 404:
                    raise
                # Only an open one can be expired: it is over already, and whoever asks hears how.

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard | Reversal | None:
        notices.verify(self.secrets, self.clock(), headers, body)
        return notices.parsed(body, self.live)

    def returned(self, capture: str) -> Returned | None:
        with _translated():
            intent = self._intent(capture)
            payment_id = (intent.get("metadata") or {}).get("payment_id")
            if not payment_id:
                return None
            of = intent["id"]
            refunds = [one.to_dict() for one in self.client.v1.refunds.list({"payment_intent": of, "limit": 100}).auto_paging_iter()]
            disputes = [one.to_dict() for one in self.client.v1.disputes.list({"payment_intent": of, "limit": 100}).auto_paging_iter()]
        return Returned(payment_id, of, *_totals(intent["currency"], refunds, disputes))

    def reversals(self, since: int) -> list[Reversal]:
        with _translated():
            listed = self.client.v1.events.list({"types": list(notices.REVERSALS), "created": {"gte": since // 1000}, "limit": 100})
            told = [notices.heard(event.to_dict(), self.live) for event in listed.auto_paging_iter()]
        return [one for one in told if isinstance(one, Reversal)]

    def check(self) -> str:
        with _translated():
            self.client.v1.balance.retrieve()
        return f"Stripe answers, in {'live' if self.live else 'test'} mode"

    def _intent(self, capture: str) -> dict[str, Any]:
        """Empty where there is none. An old version of the API names the charge instead."""
        try:
            if capture.startswith("ch_"):
                capture = _id(self.client.v1.charges.retrieve(capture).payment_intent)
            return self.client.v1.payment_intents.retrieve(capture).to_dict() if capture else {}
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return {}
            raise


def _params(order: Order, now: float) -> SessionCreateParams:
    mark = {"payment_id": order.payment_id}
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": order.charge.currency.lower(),
                    "unit_amount": theirs(order.charge),
                    "product_data": {"name": order.description[:LONGEST_NAME]},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},  # the amount and the currency are those the customer was shown
        "locale": LOCALES.get(order.language, "auto"),
        "success_url": order.return_url,
        "cancel_url": order.cancel_url,
        "client_reference_id": order.payment_id,
        "metadata": mark,
        "payment_intent_data": {"metadata": mark},
    }
    expires = order.opened_at // 1000 + PAGE_LIVES  # of the payment's own time: the same key needs the same order
    if SHORTEST < expires - now < LONGEST:  # not so where a sandbox's clock was moved
        params["expires_at"] = expires
    return params


def _totals(currency: str, refunds: list[dict[str, Any]], disputes: list[dict[str, Any]]) -> tuple[Money, Money, Money, Money]:
    """Each refund counts once it is made, and again where it failed: so totals only grow. So does each movement of a dispute's money;
    its amount is the dispute's, for movements are in the currency of the company's account."""
    withdrawn = [(one["amount"], _movements(one)) for one in disputes]
    return (
        ours(sum(one["amount"] for one in refunds), currency),
        ours(sum(one["amount"] for one in refunds if one["status"] in ("failed", "canceled")), currency),
        ours(sum(amount * out for amount, (out, _) in withdrawn), currency),
        ours(sum(amount * back for amount, (_, back) in withdrawn), currency),
    )


def _movements(dispute: Mapping[str, Any]) -> tuple[int, int]:
    """How often the disputed amount was withdrawn, and how often it came back. An inquiry moves nothing."""
    amounts = [one["amount"] for one in dispute.get("balance_transactions") or ()]
    return sum(amount < 0 for amount in amounts), sum(amount > 0 for amount in amounts)


def _id(expandable: object) -> str:
    return str(getattr(expandable, "id", expandable) or "")


@contextmanager
def _translated() -> Iterator[None]:
    """Stripe's errors in our words: permanent, or try again. What is our own fault is not the customer's: somebody is told."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("payment_provider_refuses_our_key", provider="stripe", status=error.http_status)
        raise TryAgain("Stripe refuses STRIPE_API_KEY") from error
    except (stripe.IdempotencyError, stripe.InvalidRequestError, stripe.CardError) as error:
        raise Permanent(f"Stripe said {error.http_status}: {error.code or type(error).__name__}") from error
    except stripe.APIConnectionError as error:
        raise TryAgain("Stripe did not answer in time") from error
    except stripe.StripeError as error:
        if _header(error, "Idempotent-Replayed") == "true":  # Stripe keeps its own 500 too: this key is spent
            raise Permanent(f"Stripe says {error.http_status} again") from error
        raise TryAgain(f"Stripe said {error.http_status}", retry_after.seconds(_header(error, "Retry-After"))) from error


def _header(error: stripe.StripeError, name: str) -> str:
    return next((str(value) for known, value in (error.headers or {}).items() if known.lower() == name.lower()), "")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

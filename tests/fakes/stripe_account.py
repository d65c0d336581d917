"""A Stripe account that is not one: Checkout Sessions, the money taken by them, refunds, disputes, and the events of all that."""

import time
from copy import deepcopy
from itertools import count
from secrets import token_hex
from threading import RLock
from typing import Any

from tests.fakes import stripe_checks as checks
from tests.fakes.stripe_checks import Wrong
from tests.fakes.stripe_delivery import Courier

Object = dict[str, Any]


class Account:
    def __init__(self, courier: Courier, url: str = "", live: bool = False) -> None:
        self.courier, self.url, self.live = courier, url, live
        self.objects: dict[str, Object] = {}
        self.events: list[Object] = []
        self.lock = RLock()
        self.numbers = count(1)

    # --- what the company asks

    def open(self, params: Object) -> Object:
        amount, currency = checks.session(params)
        session = self._new(
            "checkout.session", "cs_live" if self.live else "cs_test", amount_total=amount, amount_subtotal=amount, currency=currency,
            mode="payment", status="open", payment_status="unpaid", payment_intent=None, locale=params.get("locale", "auto"),
            client_reference_id=params.get("client_reference_id"), metadata=params.get("metadata", {}),
            success_url=params["success_url"], cancel_url=params["cancel_url"],
            expires_at=int(params.get("expires_at", time.time() + 86_400)),
        )  # fmt: skip
        session["url"] = f"{self.url}/c/pay/{session['id']}"
        session["_intent_metadata"] = params.get("payment_intent_data", {}).get("metadata", {})
        session["_name"] = params["line_items"]["0"]["price_data"]["product_data"]["name"]
        return session

    def found(self, id: str, kind: str) -> Object:
        with self.lock:
            one = self.objects.get(id)
            if one is None or one["object"] != kind:
                raise Wrong(f"No such {kind}: '{id}'", status=404, code="resource_missing", param="id")
            if kind == "checkout.session" and one["status"] == "open" and one["expires_at"] <= time.time():
                self._expired(one)
            return one

    def expire(self, id: str) -> Object:
        with self.lock:
            session = self.found(id, "checkout.session")
            if session["status"] != "open":
                raise Wrong(
                    'Only Checkout Sessions with a status in ["open"] can be expired. '
                    f"This Checkout Session has a status of {session['status']}."
                )
            self._expired(session)
            return session

    def listed(self, kind: str, intent: str | None) -> list[Object]:
        return [one for one in self.objects.values() if one["object"] == kind and intent in (None, one["payment_intent"])]

    # --- what the customer does on the page

    def pay(self, id: str, later: bool = False) -> Object:
        """By card; `later`: by a way that takes days, which the bank decides on then."""
        with self.lock:
            session = self.found(id, "checkout.session")
            if session["status"] != "open":
                raise Wrong("The page is closed.")
            intent = self._intent(session)
            session["status"] = "complete"
            if later:
                intent["status"] = "processing"
                self._tell("payment_intent.processing", intent)
            else:
                self._take(session, intent)
                session["payment_status"] = "paid"
            self._tell("checkout.session.completed", session)
            return session

    def decline(self, id: str, code: str = "insufficient_funds") -> Object:
        """The page stays open: another card may do."""
        with self.lock:
            session = self.found(id, "checkout.session")
            if session["status"] != "open":
                raise Wrong("The page is closed.")
            intent = self._intent(session)
            intent["last_payment_error"] = {"type": "card_error", "code": "card_declined", "decline_code": code}
            self._tell("payment_intent.payment_failed", intent)
            return session

    def bank_decides(self, id: str, ok: bool) -> None:
        with self.lock:
            session = self.found(id, "checkout.session")
            intent = self._intent(session)
            if ok:
                self._take(session, intent)
                session["payment_status"] = "paid"
            else:
                intent |= {"status": "requires_payment_method", "last_payment_error": {"code": "payment_method_provider_decline"}}
            self._tell(f"checkout.session.async_payment_{'succeeded' if ok else 'failed'}", session)

    # --- what comes later

    def refund(self, intent_id: str, amount: int | None = None) -> Object:
        with self.lock:
            charge = self._charge(intent_id)
            left = charge["amount"] - charge["amount_refunded"]
            amount = left if amount is None else amount
            if not 0 < amount <= left:
                raise Wrong("Charge has already been refunded." if not left else "Refund amount is greater than unrefunded amount.")
            refund = self._new(
                "refund", "re", amount=amount, currency=charge["currency"], charge=charge["id"], payment_intent=intent_id,
                status="succeeded", metadata={},
            )  # fmt: skip
            charge["amount_refunded"] += amount
            charge["refunded"] = charge["amount_refunded"] == charge["amount"]
            self._tell("refund.created", refund)
            self._tell("charge.refunded", charge)
            return refund

    def fail_refund(self, id: str) -> None:
        with self.lock:
            refund = self.found(id, "refund")
            refund["status"] = "failed"
            self._charge(refund["payment_intent"])["amount_refunded"] -= refund["amount"]
            self._tell("refund.failed", refund)
            self._tell("charge.refund.updated", refund)

    def dispute(self, intent_id: str, amount: int | None = None) -> Object:
        with self.lock:
            charge = self._charge(intent_id)
            dispute = self._new(
                "dispute", "du", amount=amount or charge["amount"], currency=charge["currency"], charge=charge["id"],
                payment_intent=intent_id, status="needs_response", balance_transactions=[], metadata={},
            )  # fmt: skip
            charge["disputed"] = True
            self._tell("charge.dispute.created", dispute)
            self._move(dispute, -1)
            self._tell("charge.dispute.funds_withdrawn", dispute)
            return dispute

    def close_dispute(self, id: str, won: bool) -> None:
        with self.lock:
            dispute = self.found(id, "dispute")
            dispute["status"] = "won" if won else "lost"
            if won:
                self._move(dispute, 1)
                self._tell("charge.dispute.funds_reinstated", dispute)
            self._tell("charge.dispute.closed", dispute)

    # --- what a test asks

    def session_of(self, payment_id: str) -> Object:
        return next(one for one in reversed(self.sessions()) if one["client_reference_id"] == payment_id)

    def intent_of(self, payment_id: str) -> str:
        return str(self.session_of(payment_id)["payment_intent"])

    def sessions(self) -> list[Object]:
        return [one for one in list(self.objects.values()) if one["object"] == "checkout.session"]

    def taken(self) -> dict[str, Object]:
        """Money, by the payment that it is marked with."""
        with self.lock:
            charges = [one for one in self.objects.values() if one["object"] == "charge"]
            taken: dict[str, Object] = {}
            for charge in charges:
                sum = taken.setdefault(
                    charge["metadata"].get("payment_id", ""), {"amount": 0, "refunded": 0, "times": 0, "currency": charge["currency"]}
                )
                sum["amount"] += charge["amount"]
                sum["refunded"] += charge["amount_refunded"]
                sum["times"] += 1
            return taken

    # --- inside

    def _new(self, kind: str, prefix: str, **fields: Any) -> Object:
        with self.lock:
            id = f"{prefix}_{token_hex(12)}"
            self.objects[id] = {"id": id, "object": kind, "created": int(time.time()), "livemode": self.live, **fields}
            return self.objects[id]

    def _intent(self, session: Object) -> Object:
        """Made when the customer first tries to pay."""
        if session["payment_intent"]:
            return self.objects[session["payment_intent"]]
        intent = self._new(
            "payment_intent", "pi", amount=session["amount_total"], amount_received=0, currency=session["currency"],
            status="requires_payment_method", last_payment_error=None, latest_charge=None, metadata=session["_intent_metadata"],
        )  # fmt: skip
        session["payment_intent"] = intent["id"]
        return intent

    def _take(self, session: Object, intent: Object) -> None:
        charge = self._new(
            "charge", "ch", amount=intent["amount"], amount_captured=intent["amount"], amount_refunded=0, currency=intent["currency"],
            payment_intent=intent["id"], paid=True, refunded=False, disputed=False, status="succeeded", metadata=dict(intent["metadata"]),
        )  # fmt: skip
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"], "last_payment_error": None}
        self._tell("charge.succeeded", charge)
        self._tell("payment_intent.succeeded", intent)

    def _charge(self, intent_id: str) -> Object:
        intent = self.found(intent_id, "payment_intent")
        if not intent["latest_charge"]:
            raise Wrong("This PaymentIntent does not have a successful charge to refund.")
        return self.objects[intent["latest_charge"]]

    def _move(self, dispute: Object, way: int) -> None:
        # In the currency of the company's account, which need not be the customer's.
        dispute["balance_transactions"].append({"id": f"txn_{token_hex(8)}", "amount": way * dispute["amount"] // 4, "currency": "usd"})

    def _expired(self, session: Object) -> None:
        session["status"], session["url"] = "expired", None
        self._tell("checkout.session.expired", session)

    def _tell(self, type: str, about: Object) -> None:
        event = {
            "id": f"evt_{next(self.numbers):06}{token_hex(8)}", "object": "event", "api_version": "2026-10-28.endive",
            "created": int(time.time()), "livemode": self.live, "type": type, "data": {"object": public(about)},
            "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
        }  # fmt: skip
        self.events.append(event)
        self.courier.send(event)


def public(one: Object) -> Object:
    return {key: deepcopy(value) for key, value in one.items() if not key.startswith("_")}

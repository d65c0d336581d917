"""What Stripe's notices say, in our words: one table, by the type of event. What is not in it is new to us, and ignored."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from stripe import SignatureVerificationError, WebhookSignature

from portal.adapters.stripe_payments.amounts import ours
from portal.core.errors import BadNotice
from portal.core.money import Money
from portal.core.ports import Heard, Reversal

log = structlog.get_logger()

TOLERANCE = 5 * 60
Facts = Mapping[str, Any]


def verify(secrets: tuple[str, ...], now: float, headers: Mapping[str, str], body: bytes) -> None:
    """Raises BadNotice. Nothing of the body is read before its signature holds, by any of the secrets: one may be about to retire."""
    header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")[:2000]
    tolerance: Any = TOLERANCE + time.time() - now  # the library looks at its own clock
    refused = "no secret"
    for secret in secrets:
        try:
            WebhookSignature.verify_header(body, header, secret, tolerance)
            return
        except SignatureVerificationError as error:
            refused = str(error)
        except (TypeError, ValueError) as error:  # bytes that are no text; a signature that is not ASCII
            refused = type(error).__name__
    raise BadNotice(refused)


def parsed(body: bytes, live: bool) -> Heard | Reversal | None:
    try:
        return heard(json.loads(body), live)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadNotice(f"makes no sense: {type(error).__name__}") from error


def heard(event: Facts, live: bool) -> Heard | Reversal | None:
    """None: of a type that says nothing of our payments, or about something else that the same account sells."""
    read = READ.get(str(event["type"]))
    said = read(event, event["data"]["object"]) if read else None
    if said is None or event.get("livemode", live) is live:
        return said
    mode = "live" if event["livemode"] else "test"
    if isinstance(said, Heard):
        return Heard(said.notice_id, said.payment_id, said.reference, said.state, said.taken, doubt=f"a notice of {mode} mode")
    log.warning("payment_notice_set_aside", provider="stripe", notice_id=said.notice_id, why=f"a notice of {mode} mode")
    return None


def said(session: Facts, notice_id: str, type: str = "") -> Heard | None:
    """What a Checkout Session says. None: it is not for one of our payments."""
    payment_id = (session.get("metadata") or {}).get("payment_id")
    if session.get("mode") != "payment" or not payment_id:
        return None
    state, reason = _state(session, type)
    total = ours(session["amount_total"] or 0, session["currency"])
    taken = total if state == "success" else Money(0, total.currency)
    capture = _id(session.get("payment_intent")) if state == "success" else ""
    return Heard(notice_id, payment_id, session["id"], state, taken, reason, capture)


def _state(session: Facts, type: str) -> tuple[str, str]:
    """An older version of the API says only by the type of its event that a session is complete. Declined cards end nothing: the
    customer is still on Stripe's page, which said why, and may take another card."""
    status = session.get("status") or STATUS.get(type, "")
    match status, session["payment_status"]:
        case "expired", _:
            return "cancelled", "expired"
        case _, "paid" | "no_payment_required":
            return "success", ""
        case "complete", _ if type == ASYNC_FAILED or _intent(session).get("status") in ("requires_payment_method", "canceled"):
            return "failed", _why(session)
        case "complete", _:
            return "submitted", ""
        case _:
            return "started", ""


def _why(session: Facts) -> str:
    error = _intent(session).get("last_payment_error") or {}
    return str(error.get("decline_code") or error.get("code") or "bank_declined")


def _intent(session: Facts) -> Facts:
    intent = session.get("payment_intent")
    return intent if isinstance(intent, Mapping) else {}


def _id(expandable: object) -> str:
    return str(expandable["id"]) if isinstance(expandable, Mapping) else str(expandable or "")


def _session(event: Facts, session: Facts) -> Heard | None:
    return said(session, event["id"], event["type"])


def _charge(event: Facts, charge: Facts) -> Reversal | None:
    """A charge carries what its payment was marked with: another's is known as such here."""
    return _reversal(event, charge, charge["id"]) if (charge.get("metadata") or {}).get("payment_id") else None


def _part(event: Facts, part: Facts) -> Reversal | None:
    """A refund or a dispute: whose it is, Stripe is asked."""
    return _reversal(event, part, _id(part.get("charge")))


def _reversal(event: Facts, about: Facts, charge: str) -> Reversal | None:
    capture = _id(about.get("payment_intent")) or charge
    return Reversal(event["id"], capture) if capture else None


ASYNC_FAILED = "checkout.session.async_payment_failed"
STATUS = {
    "checkout.session.completed": "complete",
    "checkout.session.async_payment_succeeded": "complete",
    ASYNC_FAILED: "complete",
    "checkout.session.expired": "expired",
}
REVERSALS: Mapping[str, Callable[[Facts, Facts], Reversal | None]] = {
    "charge.refunded": _charge,
    "charge.refund.updated": _part,
    "refund.created": _part,
    "refund.updated": _part,
    "refund.failed": _part,
    "charge.dispute.created": _part,
    "charge.dispute.updated": _part,
    "charge.dispute.funds_withdrawn": _part,
    "charge.dispute.funds_reinstated": _part,
    "charge.dispute.closed": _part,
}
READ: Mapping[str, Callable[[Facts, Facts], Heard | Reversal | None]] = {**dict.fromkeys(STATUS, _session), **REVERSALS}

"""What the sandbox provider says of an order, and how it proves that it said so.

Sandbox-Signature: t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body">
"""

import hmac
import json
from collections.abc import Mapping

from portal.adapters.sandbox_payments.orders import KINDS, SandboxOrder
from portal.core.errors import BadNotice
from portal.core.keys import Keys
from portal.core.money import Money
from portal.core.ports import Heard, Returned, Reversal

HEADER = "Sandbox-Signature"
PURPOSE = "sandbox payments"
LIVES = 5 * 60
LONGEST = 64 * 1024

STATES = {"open": "started", "approved": "success", "declined": "failed", "abandoned": "cancelled", "expired": "cancelled"}
REASONS = {"declined": "card_declined", "abandoned": "abandoned", "expired": "expired"}


def said(order: SandboxOrder, notice_id: str) -> Heard:
    taken = order.charge if order.status == "approved" else Money(0, order.charge.currency)
    capture = order.reference if order.status == "approved" else ""
    return Heard(notice_id, order.payment_id, order.reference, STATES[order.status], taken, REASONS.get(order.status, ""), capture)


def returned(order: SandboxOrder) -> Returned:
    totals = [Money(order.went_back.get(kind, 0), order.charge.currency) for kind in KINDS]
    return Returned(order.payment_id, order.reference, *totals)


def written(order: SandboxOrder) -> bytes:
    heard = said(order, f"notice:{order.reference}:{order.status}")
    notice = {
        "type": "payment", "id": heard.notice_id, "payment_id": heard.payment_id, "reference": heard.reference, "state": heard.state,
        "amount": heard.taken.minor, "currency": heard.taken.currency, "reason": heard.reason, "capture": heard.capture,
    }  # fmt: skip
    return json.dumps(notice).encode()


def reversal(number: int, reference: str) -> Reversal:
    return Reversal(f"reversal:{reference}:{number}", reference)


def written_reversal(told: Reversal) -> bytes:
    return json.dumps({"type": "reversal", "id": told.notice_id, "capture": told.capture}).encode()


def signed(keys: Keys, at: float, body: bytes) -> str:
    return f"t={int(at)},v1={_signature(keys.derive(PURPOSE), str(int(at)), body)}"


def verify(keys: Keys, now: float, headers: Mapping[str, str], body: bytes) -> None:
    """Raises BadNotice. Nothing of the body is read before its signature holds."""
    if len(body) > LONGEST:
        raise BadNotice("too long")
    header = next((value for name, value in headers.items() if name.lower() == HEADER.lower()), "")[:1000]
    parts = [part.strip().partition("=") for part in header.split(",")]
    at = next((value for name, _, value in parts if name == "t"), "")
    if not (at.isascii() and at.isdigit() and len(at) <= 12):
        raise BadNotice("no signature")
    given = [value.encode() for name, _, value in parts if name == "v1"]
    expected = [_signature(key, at, body).encode() for key in keys.derived(PURPOSE)]
    if not any([hmac.compare_digest(one, other) for one in expected for other in given]):
        raise BadNotice("wrong signature")
    if abs(now - int(at)) > LIVES:
        raise BadNotice("not of the last 5 minutes")


def parsed(body: bytes) -> Heard | Reversal | None:
    """None: about something else than a payment."""
    try:
        match json.loads(body):
            case {
                "type": "payment", "id": str(id), "payment_id": str(payment_id), "reference": str(reference), "state": str(state),
                "amount": int(amount), "currency": str(currency), "reason": str(reason), "capture": str(capture),
            }:  # fmt: skip
                return Heard(id, payment_id, reference, state, Money(amount, currency), reason, capture)
            case {"type": "reversal", "id": str(id), "capture": str(capture)}:
                return Reversal(id, capture)
            case {"type": str(other)} if other not in ("payment", "reversal"):
                return None
    except ValueError as error:
        raise BadNotice("not JSON") from error
    raise BadNotice("not a notice of a payment")


def _signature(key: bytes, at: str, body: bytes) -> str:
    return hmac.digest(key, at.encode() + b"." + body, "sha256").hex()

"""Money that went back after it was taken: given back by the company, or taken back by the customer's bank.

A notice of it says only of which money: how much is asked, as totals since the beginning. Totals only grow, and the ledger is
brought to what they say, so notices that repeat, overtake each other or never come end alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import structlog
from sqlalchemy import ColumnElement, case, func, update
from sqlmodel import col, select

from portal.core import ledger
from portal.core.errors import Permanent, TryAgain
from portal.core.events import Origin, note
from portal.core.ledger import Entry
from portal.core.money import Money
from portal.core.payments.counts import NOTICES, RETURNED
from portal.core.payments.rows import HEARD, Known, find
from portal.core.payments.states import State
from portal.core.ports import Payments, Returned, Reversal
from portal.core.spans import DAY_MS
from portal.core.statements import Database, Statement, Writer, p
from portal.core.tables import Journey, Ledger, Notice, Payment

log = structlog.get_logger()

# Longer than a weekend of lost notices, and what Stripe itself goes on delivering for.
LOOKS_BACK_MS = 4 * DAY_MS


def _most(column: int, total: str) -> ColumnElement[int]:
    return case((col(column) < p(total), p(total)), else_=col(column))


TOTALS = Statement(
    update(Payment)
    .where(col(Payment.id) == p("payment_id"))
    .values(
        refunded=_most(Payment.refunded, "refunded_"),
        refund_failed=_most(Payment.refund_failed, "refund_failed_"),
        disputed=_most(Payment.disputed, "disputed_"),
        dispute_won=_most(Payment.dispute_won, "dispute_won_"),
        capture=p("capture_"),
    )
)
KNOWN = Statement(select(Notice.id).where(col(Notice.provider) == p("provider"), col(Notice.id) == p("id")))
BOOKED = Statement(
    select(Ledger.kind, Ledger.invoice_number, func.sum(Ledger.amount).label("amount"))
    .where(col(Ledger.customer_id) == p("customer_id"), col(Ledger.payment_id) == p("payment_id"))
    .group_by(col(Ledger.kind), col(Ledger.invoice_number))
    .order_by(func.min(Ledger.id))
)
# What undoes each kind of row, and of which kind each row is.
UNDONE = {"refund": "refund_failed", "dispute": "dispute_won"}
OF = {kind: kind for kind in UNDONE} | {undone: kind for kind, undone in UNDONE.items()}
ACTION = Statement(select(Journey.action).where(col(Journey.id) == p("id")))


def look_into(db: Database, provider: Payments, reversal: Reversal) -> None:
    """Asks what went back, outside any transaction, and books it. Raises TryAgain: then nothing was heard, and it may come again."""
    with db.read() as reader:
        if reader.one(KNOWN, provider=provider.name, id=reversal.notice_id):
            NOTICES.labels(provider.name, "repeated").inc()
            return
    try:
        returned = provider.returned(reversal.capture)
    except Permanent as error:  # asked again, it would say the same
        log.warning("payment_provider_knows_nothing", provider=provider.name, notice_id=reversal.notice_id, why=str(error))
        returned = None
    with db.write() as tx:
        give_back(tx, provider.name, reversal.notice_id, returned)


def look_back(db: Database, provider: Payments, now_ms: int) -> int:
    """For notices that never came: everything that went back lately, as the provider lists it. Returns how many were looked at; where it
    falls silent, the rest is for the next time."""
    looked_at = 0
    try:
        for reversal in provider.reversals(now_ms - LOOKS_BACK_MS):
            look_into(db, provider, reversal)
            looked_at += 1
    except TryAgain as silent:
        log.warning("payment_provider_silent", provider=provider.name, why=str(silent))
    return looked_at


def give_back(tx: Writer, provider: str, notice_id: str, returned: Returned | None) -> None:
    """The totals of a payment, and the ledger with them; of a payment that we do not know as paid yet, when we do."""
    payment = find(tx, returned.payment_id) if returned else None
    if payment:
        ledger.hold(tx, payment.customer_id)
        payment = find(tx, payment.id)
    doubt = _doubt(provider, payment, returned)
    payment_id = returned.payment_id if returned else ""
    heard = tx.run(HEARD, provider=provider, id=notice_id, payment_id=payment_id, state="returned", set_aside=doubt)
    tx.after(NOTICES.labels(provider, _outcome(bool(heard), returned, doubt)).inc)
    if doubt and heard:
        tx.after(lambda: log.warning("payment_notice_set_aside", provider=provider, payment_id=payment_id, notice_id=notice_id, why=doubt))
    if payment is None or returned is None or doubt:
        return
    tx.run(
        TOTALS, payment_id=payment.id, refunded_=returned.refunded.minor, refund_failed_=returned.refund_failed.minor,
        disputed_=returned.disputed.minor, dispute_won_=returned.dispute_won.minor, capture_=returned.capture,
    )  # fmt: skip
    now_is = find(tx, payment.id)
    assert now_is
    for kind, more in (("refund", now_is.refunded - payment.refunded), ("dispute", now_is.disputed - payment.disputed)):
        if more:
            _tell(tx, payment, kind if more.minor > 0 else UNDONE[kind], more)
    book(tx, now_is)


def book_again(tx: Writer, payment_id: str) -> None:
    """What was credited of it has changed, or is only known now: a refund's notice may overtake the payment's own."""
    payment = find(tx, payment_id)
    assert payment
    if payment.refunded or payment.disputed:
        book(tx, payment)


def book(tx: Writer, payment: Known) -> None:
    """Brings the ledger to what the payment's totals say. Money that was never credited goes back first: it makes no debt."""
    if payment.state is not State.SUCCESS:
        return
    due, paid = payment.refund_due.minor, dict[str, int]()
    booked = dict.fromkeys(UNDONE, 0)
    for row in tx.all(BOOKED, customer_id=payment.customer_id, payment_id=payment.id):
        if row.kind == "payment":
            paid[row.invoice_number] = -int(row.amount)
        elif row.kind in OF:
            booked[OF[row.kind]] += int(row.amount)
    refunded = max(0, payment.refunded.minor - due)
    disputed = max(0, payment.refunded.minor + payment.disputed.minor - due) - refunded
    rows = entries(paid, booked, {"refund": refunded, "dispute": disputed}, payment.charge.currency)
    ledger.append(tx, payment.customer_id, [replace(row, payment_id=payment.id) for row in rows])


def entries(paid: dict[str, int], booked: Mapping[str, int], wanted: Mapping[str, int], currency: str) -> Iterator[Entry]:
    """From what is booked of each kind to what is wanted: the invoice that was settled last is owed again first."""
    total = sum(booked.values())
    for kind, undone in UNDONE.items():
        before, total = total, total + wanted[kind] - booked.get(kind, 0)
        was, will = _spread(paid, before), _spread(paid, total)
        for number in will:
            if more := will[number] - was[number]:
                yield Entry(kind if more > 0 else undone, Money(more, currency), number)


def _spread(paid: dict[str, int], total: int) -> dict[str, int]:
    """Over what the payment settled, the last first; more than it settled belongs to no invoice."""
    spread = dict.fromkeys([*paid, ""], 0)
    for number in reversed(paid):
        spread[number] = min(total, paid[number])
        total -= spread[number]
    spread[""] += total
    return spread


def _doubt(provider: str, payment: Known | None, returned: Returned | None) -> str:
    if returned is None:
        return ""
    if payment is None:
        return "no such payment"
    if payment.provider != provider:
        return f"the payment is at {payment.provider}"
    if returned.refunded.currency != payment.charge.currency:
        return f"went back in {returned.refunded.currency}, for {payment.charge.currency}"
    return ""


def _outcome(first: bool, returned: Returned | None, doubt: str) -> str:
    if not first:
        return "repeated"
    if returned is None:
        return "ignored"
    return "set_aside" if doubt else "taken"


def _tell(tx: Writer, payment: Known, what: str, amount: Money) -> None:
    """Whoever looks at the customer's timeline sees it; a dispute has a deadline to answer it."""
    journey = tx.one(ACTION, id=payment.journey_id)
    note(
        tx, Origin(payment.channel), "payment", what, reason=f"{abs(amount.decimal)} {amount.currency}",
        action=journey.action if journey else "", customer_id=payment.customer_id, journey_id=payment.journey_id,
    )  # fmt: skip
    tx.after(RETURNED.labels(payment.provider, what).inc)
    tx.after(lambda: log.warning("payment_returned", provider=payment.provider, payment_id=payment.id, what=what, minor=amount.minor))

"""Billing outside is told of each payment, by the outbox, until it answers; its answer may be that this was not owed any more."""

from collections.abc import Iterator, Sequence

import structlog
from sqlalchemy import or_, update
from sqlmodel import col, select

from portal.core import incentives, ledger
from portal.core.errors import BillsUnseen, Permanent, TryAgain
from portal.core.ledger import Entry
from portal.core.money import Money
from portal.core.outbox import Job, Outbox
from portal.core.payments.counts import REFUNDS_DUE
from portal.core.payments.hearing import Outcome, paid
from portal.core.payments.owing import TOLD, WAITING, is_untold
from portal.core.payments.returning import book_again
from portal.core.payments.rows import Known, find
from portal.core.payments.states import State
from portal.core.ports import Billing, Recorded, Taken
from portal.core.spans import DAY_MS
from portal.core.statements import Database, Row, Statement, Writer, constant, p
from portal.core.tables import Customer, Ledger, Payment

log = structlog.get_logger()

CHANNEL = "billing"
# A billing system may be away for a weekend, or for a migration: money that was taken is not forgotten meanwhile.
LIFETIME_MS = 60 * DAY_MS

AWAIT = Statement(update(Payment).where(col(Payment.id) == p("payment_id")).values(told=constant(WAITING)))
ACKNOWLEDGE = Statement(
    update(Payment)
    .where(col(Payment.id) == p("payment_id"), is_untold)
    .values(told=constant(TOLD), refund_due=col(Payment.refund_due) + p("more"))
)
KNOWN = Statement(select(Customer.customer_id).where(col(Customer.customer_id) == p("customer_id")))
CREDITED = Statement(
    select(Ledger.kind, Ledger.invoice_number, Ledger.amount, Ledger.incentive_id)
    .where(
        col(Ledger.customer_id) == p("customer_id"),
        col(Ledger.payment_id) == p("payment_id"),
        or_(col(Ledger.kind) == "payment", col(Ledger.kind) == "saving"),
    )
    .order_by(col(Ledger.id).desc())
)


def promise(tx: Writer, outbox: Outbox, outcome: Outcome) -> None:
    """In the transaction that credits it: billing outside will be told. What is given back whole is nothing to it."""
    if outcome.paid.state != State.SUCCESS or outcome.refund_due == outcome.paid.charge:
        return
    payment = find(tx, outcome.payment_id)
    assert payment
    tx.run(AWAIT, payment_id=payment.id)
    outbox.put(
        tx, "payment", CHANNEL, "", key=f"{CHANNEL}:{payment.id}", language=payment.language, about={"payment": payment.id},
        customer_id=payment.customer_id, priority=4, lifetime_ms=LIFETIME_MS,
    )  # fmt: skip


class Courier:
    """Takes the outbox's jobs of this channel."""

    def __init__(self, db: Database, billing: Billing) -> None:
        self.db, self.billing = db, billing

    def __call__(self, job: Job) -> str:
        with self.db.read() as reader:
            payment = find(reader, job.about["payment"])
            if payment is None:
                raise Permanent("no such payment")
            if payment.told == TOLD:
                return payment.id  # whoever told it died before the job was done: what its answer changed is no longer what was told
            customer = reader.one(KNOWN, customer_id=payment.customer_id)
            how = paid(reader, payment)
        taken = Taken(
            payment.id, payment.customer_id if customer else "", payment.charge - payment.refund_due, how.saving, payment.terms.kept,
            payment.settlement.invoices, payment.settled_at or payment.created_at, payment.settlement.checked,
        )  # fmt: skip
        try:
            recorded = self.billing.record(taken)
        except BillsUnseen as unseen:
            raise TryAgain(str(unseen), unseen.retry_after) from unseen
        with self.db.write() as tx:
            acknowledge(tx, payment.id, recorded)
        return payment.id


def acknowledge(tx: Writer, payment_id: str, recorded: Recorded) -> None:
    """Once: of a repeated answer nothing is given back twice."""
    payment = find(tx, payment_id)
    assert payment
    ledger.hold(tx, payment.customer_id)
    if not tx.run(ACKNOWLEDGE, payment_id=payment_id, more=recorded.give_back.minor):
        return
    rows = tx.all(CREDITED, customer_id=payment.customer_id, payment_id=payment_id)
    before = sum(-row.amount for row in rows if row.kind == "saving")
    uncredited = [
        *_undone(rows, "payment", recorded.give_back.minor, payment),
        *_undone(rows, "saving", before - recorded.saving.minor, payment),
    ]
    ledger.append(tx, payment.customer_id, uncredited)
    book_again(tx, payment_id)
    if not recorded.credited:
        incentives.release(tx, payment_id)
    if recorded.give_back:
        tx.after(REFUNDS_DUE.labels(payment.provider).inc)
        tx.after(lambda: _alert(payment, recorded.give_back))


def _undone(rows: Sequence[Row], kind: str, amount: int, payment: Known) -> Iterator[Entry]:
    """What was credited last is undone first."""
    for row in rows:
        part = min(amount, -row.amount) if row.kind == kind else 0
        if part > 0:
            yield Entry(kind, Money(part, payment.charge.currency), row.invoice_number, payment.id, row.incentive_id)
            amount -= part


def _alert(payment: Known, back: Money) -> None:
    log.warning(
        "payment_refund_due", provider=payment.provider, payment_id=payment.id, why=f"{back.minor} {back.currency} not owed, says billing"
    )

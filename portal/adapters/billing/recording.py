"""A payment that somebody else took, into the embedded books: credited as far as it is owed, once a payment id."""

from dataclasses import replace
from typing import Any

from sqlalchemy import func, update
from sqlmodel import col, select

from portal.core import ledger
from portal.core.errors import Permanent
from portal.core.incentives import Redeemed
from portal.core.money import Money
from portal.core.payments.crediting import Credit, credit, entries
from portal.core.payments.rows import TERMS, Terms
from portal.core.payments.states import State
from portal.core.ports import Recorded, Taken
from portal.core.statements import Row, Statement, Writer, insert, now, p
from portal.core.steps import Settlement
from portal.core.tables import Customer, Invoice, Payment
from portal.core.typed import folded

KEEP = Statement(
    insert(Payment)
    .values(
        id=p("id"), customer_id=p("customer_id"), journey_id="", state=State.SUCCESS.value, currency=p("currency"), owed=p("owed"),
        charge=p("charge"), saving=p("saving"), settlement=p("settlement"), provider="portal", language="", channel="billing",
        created_at=p("taken_at"), settled_at=p("taken_at"), updated_at=now(),
    )
    .on_conflict_do_nothing(index_elements=["id"])
)  # fmt: skip
_kept: tuple[Any, ...] = (Payment.charge, Payment.saving, Payment.refund_due, Payment.currency, Payment.settlement)
KEPT = Statement(select(*_kept).where(col(Payment.id) == p("id")))
MADE = Statement(update(Payment).where(col(Payment.id) == p("of")).values(refund_due=p("refund"), saving=p("saved")))
CUSTOMER = Statement(select(Customer.customer_id).where(col(Customer.customer_id) == p("customer_id")))
_folded = func.replace(func.lower(Invoice.number), " ", "")  # as far as a database can
OWNERS = Statement(select(Invoice.customer_id, Invoice.number).where(_folded == p("number"), col(Invoice.kind) == "invoice").limit(2))


def record(tx: Writer, taken: Taken) -> Recorded:
    """The same answer to a repeat; Permanent where the id was another payment's, or the customer is not ours."""
    customer_id, invoices = _whose(tx, taken)
    settlement = Settlement(taken.paid + taken.saving, taken.paid, taken.saving, invoices, (), taken.checked)
    terms = Terms(settlement, taken.kept)
    ledger.hold(tx, customer_id)
    first = tx.run(
        KEEP, id=taken.payment_id, customer_id=customer_id, currency=taken.paid.currency, owed=settlement.owed.minor,
        charge=taken.paid.minor, saving=taken.saving.minor, settlement=TERMS.dump(terms), taken_at=taken.taken_at,
    )  # fmt: skip
    if not first:
        return _again(tx.one(KEPT, id=taken.payment_id), taken)
    given = _credited(tx, customer_id, taken.payment_id, terms)
    tx.run(MADE, of=taken.payment_id, refund=given.refund.minor, saved=given.saving.minor)
    return Recorded(given.money, given.saving, given.refund)


def _whose(tx: Writer, taken: Taken) -> tuple[str, tuple[str, ...]]:
    """A typed number says whose bill it is, whoever typed it; one that is nobody's settles nothing."""
    if not taken.checked:
        owners = [row for number in taken.invoices for row in tx.all(OWNERS, number=folded(number))]
        own = [row for row in owners if row.customer_id == taken.customer_id] or owners
        return (own[0].customer_id, (own[0].number,)) if len(own) == 1 else ("", taken.invoices)
    if not tx.one(CUSTOMER, customer_id=taken.customer_id):
        raise Permanent("no such customer")
    return taken.customer_id, taken.invoices


def _credited(tx: Writer, customer_id: str, payment_id: str, terms: Terms) -> Credit:
    open_amounts = ledger.open_amounts(tx, customer_id, terms.kept.currency)
    saving = terms.settlement.saving
    redeemed = (Redeemed("portal", "amount", {}, saving),) if saving else ()
    given = credit(open_amounts, terms, redeemed)
    if given.money:
        rows = entries(open_amounts, terms, given, redeemed if given.saving else ())
        ledger.append(tx, customer_id, [replace(row, payment_id=payment_id) for row in rows])
    return given


def _again(row: Row | None, taken: Taken) -> Recorded:
    assert row
    kept, currency = TERMS.load(row.settlement), row.currency
    if (kept.settlement.charge, kept.settlement.saving, kept.kept) != (taken.paid, taken.saving, taken.kept):
        raise Permanent("this payment id was used for another payment")
    return Recorded(Money(row.charge - row.refund_due, currency), Money(row.saving, currency), Money(row.refund_due, currency))

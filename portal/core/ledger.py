"""The ledger: append-only. A positive amount is owed by the customer, a negative one is to their credit; what is open is a sum."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, func
from sqlmodel import col, select

from portal.core.money import Money
from portal.core.statements import Reader, Statement, Writer, insert, now, p
from portal.core.tables import Customer, Invoice, Ledger

APPEND = Statement(
    insert(Ledger).values(
        customer_id=p("customer_id"), invoice_number=p("invoice_number"), kind=p("kind"), amount=p("amount"),
        currency=p("currency"), payment_id=p("payment_id"), incentive_id=p("incentive_id"), at=now(),
    )
)  # fmt: skip
HOLD = Statement(select(Customer.customer_id).where(col(Customer.customer_id) == p("customer_id")).with_for_update())
_settled = (
    select(func.max(Ledger.id))
    .where(
        col(Ledger.customer_id) == p("customer_id"), col(Ledger.payment_id) == p("payment_id"), col(Ledger.kind) == "payment",
        col(Ledger.amount) < 0,
    )
    .scalar_subquery()
)  # fmt: skip
AFTER = Statement(
    select(func.coalesce(func.sum(Ledger.amount), 0).label("amount")).where(
        col(Ledger.customer_id) == p("customer_id"), col(Ledger.currency) == p("currency"), col(Ledger.id) > p("upto"),
        col(Ledger.id) <= func.coalesce(_settled, col(Ledger.id)),
    )
)  # fmt: skip
OPEN = Statement(
    select(
        Ledger.invoice_number,
        func.sum(Ledger.amount).label("amount"),
        func.coalesce(func.max(Invoice.issued), "").label("issued"),
    )
    .outerjoin(Invoice, and_(col(Invoice.customer_id) == col(Ledger.customer_id), col(Invoice.number) == col(Ledger.invoice_number)))
    .where(col(Ledger.customer_id) == p("customer_id"), col(Ledger.currency) == p("currency"))
    .group_by(col(Ledger.invoice_number))
    .having(func.sum(Ledger.amount) != 0)
    .order_by(func.coalesce(func.max(Invoice.issued), ""), col(Ledger.invoice_number))
)

LAST = Statement(select(func.coalesce(func.max(Ledger.id), 0).label("id")).where(col(Ledger.customer_id) == p("customer_id")))
SINCE = Statement(
    select(Ledger.invoice_number, func.sum(Ledger.amount).label("amount"))
    .where(col(Ledger.customer_id) == p("customer_id"), col(Ledger.currency) == p("currency"), col(Ledger.id) > p("upto"))
    .group_by(col(Ledger.invoice_number))
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to append. `invoice_number` is empty for money kept as credit, and for fees."""

    kind: str
    amount: Money
    invoice_number: str = ""
    payment_id: str = ""
    incentive_id: str = ""


def hold(tx: Writer, customer_id: str) -> None:
    """Whoever else moves this customer's money waits for the end of `tx`: two payments never settle the same debt."""
    tx.one(HOLD, customer_id=customer_id)


def append(tx: Writer, customer_id: str, entries: Iterable[Entry]) -> None:
    for entry in entries:
        tx.later(
            APPEND, customer_id=customer_id, invoice_number=entry.invoice_number, kind=entry.kind, amount=entry.amount.minor,
            currency=entry.amount.currency, payment_id=entry.payment_id, incentive_id=entry.incentive_id,
        )  # fmt: skip


def after(reader: Reader, customer_id: str, currency: str, payment_id: str, upto: int = 0) -> Money:
    """What became of the balance since that row, as the payment left it: a receipt says the same whenever it is printed. Of a payment that
    settled nothing, as it is now."""
    row = reader.one(AFTER, customer_id=customer_id, currency=currency, payment_id=payment_id, upto=upto)
    return Money(int(row.amount) if row else 0, currency)


def open_amounts(reader: Reader, customer_id: str, currency: str) -> dict[str, int]:
    """What is open of each invoice, in minor units, the oldest first; what belongs to none is under ''."""
    return {row.invoice_number: int(row.amount) for row in reader.all(OPEN, customer_id=customer_id, currency=currency)}


def last(reader: Reader, customer_id: str) -> int:
    """The newest row of this customer. Whoever holds the customer knows that rows by others come after it."""
    row = reader.one(LAST, customer_id=customer_id)
    return int(row.id) if row else 0


def since(reader: Reader, customer_id: str, currency: str, upto: int) -> dict[str, int]:
    """What came after that row, by invoice."""
    return {row.invoice_number: int(row.amount) for row in reader.all(SINCE, customer_id=customer_id, currency=currency, upto=upto)}

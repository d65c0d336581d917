"""The embedded billing store: the invoices that were imported, and the ledger."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from portal.adapters.billing import recording
from portal.core.documents import Document, Kind, Totals
from portal.core.money import Money
from portal.core.papers_codec import DOCUMENTS
from portal.core.ports import Account, Bill, Recorded, Taken
from portal.core.statements import Database, Row, Statement, p
from portal.core.tables import Invoice, Ledger

# Five years of monthly bills; what is older is in the balance.
NEWEST = 60

BILL: tuple[Any, ...] = (Invoice.number, Invoice.kind, Invoice.issued, Invoice.due, Invoice.currency, Invoice.total)
BILLS = Statement(
    select(*BILL)
    .where(col(Invoice.customer_id) == p("customer_id"))
    .order_by(col(Invoice.issued).desc(), col(Invoice.number).desc())
    .limit(NEWEST)
)
# All that is open, in one reading of the ledger: with a sum for each bill by itself, an account of three costs twice as much.
OPEN = Statement(
    select(Ledger.invoice_number, Ledger.currency, func.sum(Ledger.amount).label("amount"))
    .where(col(Ledger.customer_id) == p("customer_id"))
    .group_by(col(Ledger.invoice_number), col(Ledger.currency))
    .having(func.sum(Ledger.amount) != 0)
)
ONE = Statement(select(Invoice).where(col(Invoice.customer_id) == p("customer_id"), col(Invoice.number) == p("number")))


class EmbeddedBilling:
    remote = False

    def __init__(self, db: Database) -> None:
        self.db = db

    def account(self, customer_id: str) -> Account:
        with self.db.read() as reader:
            bills, open = reader.soon(BILLS, customer_id=customer_id), reader.soon(OPEN, customer_id=customer_id)
            return _account(bills(), open())

    def document(self, customer_id: str, number: str) -> Document | None:
        with self.db.read() as reader:
            row = reader.one(ONE, customer_id=customer_id, number=number)
        return _document(row) if row else None

    def record(self, taken: Taken) -> Recorded:
        """For who keeps these books for somebody else's portal; our own payments are in the ledger before anybody could be told."""
        with self.db.write() as tx:
            return recording.record(tx, taken)

    def check(self) -> str:
        return "in this database"


def _account(bills: Sequence[Row], open: Sequence[Row]) -> Account:
    """What is open of a bill is what its ledger rows add up to; what belongs to none is in the balance alone."""
    amounts = {(row.invoice_number, row.currency): int(row.amount) for row in open}
    balances = dict.fromkeys(sorted({row.currency for row in (*bills, *open)}), 0)
    for (_number, currency), amount in amounts.items():
        balances[currency] += amount
    return Account(
        tuple(_bill(row, amounts.get((row.number, row.currency), 0)) for row in bills),
        tuple(Money(amount, currency) for currency, amount in balances.items()),
    )


def _bill(row: Row, open: int) -> Bill:
    total, still_open = Money(row.total, row.currency), Money(open, row.currency)
    return Bill(row.number, Kind(row.kind), date.fromisoformat(row.issued), _day(row.due), total, still_open)


def _document(row: Row) -> Document:
    """As it was imported; a billing extract gave only totals."""
    if row.details:
        document: Document = DOCUMENTS.load(row.details)
        return document
    return Document(Kind(row.kind), row.number, date.fromisoformat(row.issued), _day(row.due), Totals(Money(row.total, row.currency)))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None

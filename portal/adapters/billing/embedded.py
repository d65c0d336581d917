"""The embedded billing store: the invoices that were imported, and the ledger."""

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

_open = (
    select(func.coalesce(func.sum(Ledger.amount), 0))
    .where(col(Ledger.customer_id) == col(Invoice.customer_id), col(Ledger.invoice_number) == col(Invoice.number))
    .correlate(Invoice.__table__)  # type: ignore[attr-defined]
    .scalar_subquery()
)
BILL: tuple[Any, ...] = (
    Invoice.number, Invoice.kind, Invoice.issued, Invoice.due, Invoice.currency, Invoice.total, _open.label("open")
)  # fmt: skip
BILLS = Statement(
    select(*BILL)
    .where(col(Invoice.customer_id) == p("customer_id"))
    .order_by(col(Invoice.issued).desc(), col(Invoice.number).desc())
    .limit(NEWEST)
)
BALANCES = Statement(
    select(Ledger.currency, func.sum(Ledger.amount).label("amount"))
    .where(col(Ledger.customer_id) == p("customer_id"))
    .group_by(col(Ledger.currency))
    .order_by(col(Ledger.currency))
)
ONE = Statement(select(Invoice).where(col(Invoice.customer_id) == p("customer_id"), col(Invoice.number) == p("number")))


class EmbeddedBilling:
    remote = False

    def __init__(self, db: Database) -> None:
        self.db = db

    def account(self, customer_id: str) -> Account:
        with self.db.read() as reader:
            bills = reader.soon(BILLS, customer_id=customer_id)
            balances = reader.soon(BALANCES, customer_id=customer_id)
            return Account(tuple(map(_bill, bills())), tuple(Money(int(row.amount), row.currency) for row in balances()))

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


def _bill(row: Row) -> Bill:
    total, still_open = Money(row.total, row.currency), Money(int(row.open), row.currency)
    return Bill(row.number, Kind(row.kind), date.fromisoformat(row.issued), _day(row.due), total, still_open)


def _document(row: Row) -> Document:
    """As it was imported; a billing extract gave only totals."""
    if row.details:
        document: Document = DOCUMENTS.load(row.details)
        return document
    return Document(Kind(row.kind), row.number, date.fromisoformat(row.issued), _day(row.due), Totals(Money(row.total, row.currency)))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None

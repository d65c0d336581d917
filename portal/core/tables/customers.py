"""Who the customers are, and what they owe."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from portal.core.tables.columns import instant, long_text, maybe_instant, minor, serial


class Customer(SQLModel, table=True):
    """A customer of the company, by billing's own number."""

    customer_id: str = Field(primary_key=True)
    name: str
    national_id: str = Field(default="", index=True)  # nine digits, check digit right; empty where unknown
    mobile: str = Field(default="", index=True)  # E.164
    mobile_since: int = instant(0)  # when it became this number; 0: as long as we know the customer
    mobile_reassigned_at: int | None = maybe_instant()  # the carrier gave it to somebody else
    other_phone: str = ""
    email: str = ""
    address: str = ""
    language: str = "he"
    created_at: int = instant()
    updated_at: int = instant()


class Invoice(SQLModel, table=True):
    """An invoice or a credit note. What is still open is derived from the ledger."""

    __table_args__ = (Index("ix_invoice_customer_id_issued", "customer_id", "issued", "number"),)
    customer_id: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    kind: str  # documents.Kind
    issued: str
    due: str = ""
    currency: str
    total: int = minor()  # payable when issued; never negative: the kind says which way it goes
    said_open: int = minor()  # what billing's last extract said is open; an unchanged extract changes nothing
    details: str = long_text()  # documents.Document as JSON; empty where billing gave only totals
    imported_at: int = instant()


class Ledger(SQLModel, table=True):
    """Append-only. A positive amount is owed by the customer; what is open is the sum."""

    # With all that a sum reads, so that a sum reads nothing else.
    __table_args__ = (Index("ix_ledger_customer_id_invoice_number", "customer_id", "invoice_number", "currency", "amount"),)
    id: int | None = serial()
    customer_id: str
    invoice_number: str = ""  # empty: money kept as credit, or a fee
    kind: str  # opening, adjustment, payment, saving, fee, waiver, credit, refund, refund_failed, dispute, dispute_won
    amount: int = minor()
    currency: str
    payment_id: str = Field(default="", index=True)
    incentive_id: str = ""
    at: int = instant()

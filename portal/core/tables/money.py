"""Payments, what providers said of them, and what digital gives."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from portal.core.tables.columns import instant, long_text, maybe_instant, minor, serial


class Payment(SQLModel, table=True):
    """One attempt to pay. At most one of a customer is open: two tabs pay once."""

    __table_args__ = (
        Index(
            "uq_payment_open", "customer_id", unique=True,
            sqlite_where=text("state IN ('created', 'started', 'submitted')"),
            postgresql_where=text("state IN ('created', 'started', 'submitted')"),
        ),
        Index("ix_payment_untold", "customer_id", sqlite_where=text("told = 'waiting'"), postgresql_where=text("told = 'waiting'")),
    )  # fmt: skip
    id: str = Field(primary_key=True)  # also the idempotency key
    customer_id: str
    journey_id: str = Field(index=True)
    state: str
    currency: str
    owed: int = minor()  # settled by it: charge + saving
    charge: int = minor()  # taken by the provider
    saving: int = minor(0)
    settlement: str = long_text("{}")
    provider: str
    provider_reference: str = Field(default="", index=True)
    page_url: str = long_text()
    capture: str = Field(default="", index=True)  # the provider's id of the money taken: refunds and disputes name it
    language: str
    channel: str
    reason: str = ""
    refund_due: int = minor(0)  # came a second time, or for more than was owed: never credited, to be given back
    refunded: int = minor(0)  # of the charge, given back; this and the next three are totals that only grow
    refund_failed: int = minor(0)  # of that, what the customer's bank did not take
    disputed: int = minor(0)  # of the charge, taken back by the customer's bank
    dispute_won: int = minor(0)  # of that, what the company got again
    created_at: int = instant()
    updated_at: int = instant()
    settled_at: int | None = maybe_instant()
    turn: int = 0  # of its journey, when Pay was pressed: whoever is further went on without it; 0 where another replaced it
    next: str = "receipt"  # the function that goes on with how it ended; all had this one before it was kept
    shown: int = 0  # 1: a success of which its journey has nothing left to be told
    told: str = ""  # a billing system outside: waiting, then told; empty where our own ledger is the billing
    asked_at: int = instant(0)  # when the provider was last asked


class Notice(SQLModel, table=True):
    """A provider's notice, by its own id: each is acted on once. Those that contradict us are set aside."""

    provider: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    payment_id: str = Field(default="", index=True)
    state: str
    set_aside: str = ""  # why
    received_at: int = instant()


class Incentive(SQLModel, table=True):
    """What digital gives: percent or amount off a settlement, or a fee that other ways charge."""

    id: str = Field(primary_key=True)
    kind: str  # percent, amount, fee_waived
    action: str
    value: int = minor()  # hundredths of a percent, or minor units
    currency: str
    titles: str = long_text("{}")  # {language: sentence}
    starts_at: int = instant()
    ends_at: int = instant()
    budget: int = minor()
    spent: int = minor(0)
    first_use: int = 0  # 1: once a customer
    at_most: int = minor(0)  # of one redemption; 0: no cap


class Redemption(SQLModel, table=True):
    """An incentive taken by a payment: reserved with it, then applied or released."""

    __table_args__ = (UniqueConstraint("incentive_id", "once"),)
    id: int | None = serial()
    incentive_id: str
    customer_id: str = Field(index=True)
    payment_id: str = Field(index=True)
    once: str  # the customer where it is for the first use, else the payment; freed when released
    amount: int = minor()
    currency: str
    state: str  # reserved, applied, released
    at: int = instant()

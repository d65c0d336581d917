"""The rows. Instants are Unix milliseconds of the database's clock; days are ISO 8601 texts; money is in minor units.

Every row of a customer carries `customer_id`, and a key that begins with it where nothing is looked up before the
customer is known: the same schema can be distributed by it.
"""

from sqlalchemy import BigInteger, Column, DefaultClause, Index, Integer, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def instant(default: int | None = None) -> int:
    return Field(default=default, sa_type=BigInteger)  # type: ignore[no-any-return]


def maybe_instant() -> int | None:
    return Field(default=None, sa_type=BigInteger, nullable=True)  # type: ignore[no-any-return]


def minor(default: int | None = None) -> int:
    return Field(default=default, sa_type=BigInteger)  # type: ignore[no-any-return]


def long_text(default: str | None = "") -> str:
    return Field(default=default, sa_type=Text)  # type: ignore[no-any-return]


def serial() -> int | None:
    # SQLite gives rising numbers only to an INTEGER key
    return Field(default=None, sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True))  # type: ignore[no-any-return]


class Clock(SQLModel, table=True):
    """One row: what a sandbox has added to the database's clock. Always 0 in live mode."""

    id: int = Field(default=1, primary_key=True)
    offset_ms: int = minor(0)


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

    __table_args__ = (Index("ix_ledger_customer_id_invoice_number", "customer_id", "invoice_number"),)
    id: int | None = serial()
    customer_id: str
    invoice_number: str = ""  # empty: money kept as credit, or a fee
    kind: str  # opening, adjustment, payment, saving, fee, waiver, credit, refund
    amount: int = minor()
    currency: str
    payment_id: str = Field(default="", index=True)
    incentive_id: str = ""
    at: int = instant()


class Visit(SQLModel, table=True):
    """A browser that somebody identified in. Its id is the SHA-256 of the cookie, which is nowhere else."""

    id: str = Field(primary_key=True)
    customer_id: str | None = Field(default=None, index=True)  # none: an unknown ID number, or a shared mobile before the choice
    level: int
    mobile: str = ""  # shared by several customers, one of whom is still to be chosen
    asked_as: str = ""  # pseudonym of the ID number that was typed: known and unknown ones share the same limits
    language: str
    channel: str
    source: str = ""
    started_at: int = instant()
    seen_at: int = instant()
    idle_ms: int = instant()
    ends_at: int = instant()
    code_at: int | None = maybe_instant()  # when a code was last proved: fresh for 10 minutes
    ended_at: int | None = maybe_instant()
    ended_because: str = ""


class Challenge(SQLModel, table=True):
    """A one-time code that was asked for. The code itself is derived when it is sent and when it is judged."""

    id: str = Field(primary_key=True)
    browser: str = Field(unique=True)  # SHA-256 of the cookie of the browser that asked
    purpose: str
    guard: str  # the limits it shares with whatever else would reach the same telephone
    customer_id: str | None = Field(default=None, index=True)
    mobile: str = ""  # empty: nobody's, so nothing is sent and no answer is right
    language: str
    channel: str
    source: str = ""
    next: str = "/"
    sendings: int = 1  # also the HOTP counter: a new sending is a new code
    attempts: int = 0
    created_at: int = instant()
    sent_at: int = instant()
    expires_at: int = instant()
    used_at: int | None = maybe_instant()


class Guard(SQLModel, table=True):
    """How often one telephone number (by keyed hash) was sent codes today, and failed in a row."""

    key: str = Field(primary_key=True)
    day: int
    challenges: int
    failures: int


class Rate(SQLModel, table=True):
    """One limit: the theoretical arrival time of GCRA (ITU-T I.371), and how far ahead of now it may be."""

    key: str = Field(primary_key=True)
    arrival: int = instant()
    interval: int = instant()
    tolerance: int = instant()


class Link(SQLModel, table=True):
    """A texted link. The token is signed from the id and stored nowhere."""

    id: str = Field(primary_key=True)
    purpose: str
    customer_id: str | None = Field(default=None, index=True)
    action: str
    level: int
    language: str
    channel: str
    source: str = ""
    created_at: int = instant()
    expires_at: int = instant()
    used_at: int | None = maybe_instant()


class Journey(SQLModel, table=True):
    """One customer going through one action. `subject` is who may go on with it: a customer, or a visit that proved less."""

    __table_args__ = (
        Index(
            "uq_journey_open", "subject", "action", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip
    id: str = Field(primary_key=True)
    subject: str
    customer_id: str | None = Field(default=None, index=True)
    action: str
    level: int
    turn: int
    step: str = long_text()  # the pending step, as JSON
    channel: str
    source: str = ""
    language: str
    created_at: int = instant()
    updated_at: int = instant()
    ended_at: int | None = maybe_instant()


class Event(SQLModel, table=True):
    """What happened, written in the transaction that made it so."""

    id: int | None = serial()
    at: int = Field(sa_type=BigInteger, index=True)
    customer_id: str | None = Field(default=None, index=True)
    visit_id: str = ""
    journey_id: str = ""
    channel: str
    source: str = ""
    action: str = ""
    step: str
    outcome: str
    reason: str = ""


class Outbox(SQLModel, table=True):
    """What must happen after the commit. Rows hold no code and no token: the message is composed when it is sent."""

    __table_args__ = (
        Index("ix_outbox_waiting", "due_at", sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'")),
        Index("ix_outbox_recipient", "recipient", "id"),
    )
    id: int | None = serial()
    key: str = Field(unique=True)  # makes a repeat harmless
    kind: str
    channel: str  # sms, email, none (a decoy that costs what a message costs)
    recipient: str = ""
    customer_id: str | None = Field(default=None, index=True)
    language: str
    about: str = long_text("{}")
    state: str = "waiting"  # waiting, sent, expired, failed
    priority: int = 5
    attempts: int = 0
    owner: str = ""
    leased_until: int = instant(0)
    created_at: int = instant()
    due_at: int = instant()
    expires_at: int = instant()
    finished_at: int | None = maybe_instant()
    error: str = ""


class Payment(SQLModel, table=True):
    """One attempt to pay. At most one of a customer is open: two tabs pay once."""

    __table_args__ = (
        Index(
            "uq_payment_open", "customer_id", unique=True,
            sqlite_where=text("state IN ('created', 'started', 'submitted')"),
            postgresql_where=text("state IN ('created', 'started', 'submitted')"),
        ),
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
    language: str
    channel: str
    reason: str = ""
    refund_due: int = minor(0)  # came a second time, or for more than was owed: to be given back
    created_at: int = instant()
    updated_at: int = instant()
    settled_at: int | None = maybe_instant()
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


class Callback(SQLModel, table=True):
    """A customer asked to be called. The desk takes it from here."""

    id: int | None = serial()
    reference: str = Field(unique=True)
    customer_id: str | None = Field(default=None, index=True)
    journey_id: str = ""
    phone: str
    topic: str
    preferred: str  # when, as asked
    language: str
    channel: str
    proved: int = 0  # the level at which it was asked
    asked_at: int = instant()
    taken_at: int | None = maybe_instant()
    taken_by: str = ""


def _defaults_in_the_database() -> None:
    """An INSERT on the driver names only what it knows; the rest is the field's default."""
    for model in SQLModel.__subclasses__():
        if not hasattr(model, "__table__"):
            continue
        for column in model.__table__.columns:
            default = model.model_fields[column.name].default
            if isinstance(default, str | int) and not column.primary_key:
                value = str(int(default)) if isinstance(default, int) else f"'{default}'"
                column.server_default, column.default = DefaultClause(text(value)), None


_defaults_in_the_database()

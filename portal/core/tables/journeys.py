"""Customers going through actions, what happened on the way, and what it caused."""

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from portal.core.tables.columns import instant, long_text, maybe_instant, serial


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
    customer_id: str | None = None
    action: str
    level: int
    turn: int
    visit_id: str = ""  # in which it was begun, the last time
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
    at: int = instant()
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
        Index(
            "ix_outbox_waiting", "channel", "priority", "due_at",
            sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_outbox_recipient", "recipient", "id"),
        Index("ix_outbox_failed", "id", sqlite_where=text("state = 'failed'"), postgresql_where=text("state = 'failed'")),
    )  # fmt: skip
    id: int | None = serial()
    key: str = Field(unique=True)  # makes a repeat harmless
    kind: str
    channel: str  # sms, voice, email, billing, none (a decoy that costs what a message costs)
    recipient: str = ""
    customer_id: str | None = None
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
    vendor_id: str = ""  # what the vendor calls it
    delivery: str = ""  # what the vendor told us since: queued, sent, delivered, undelivered, failed
    delivery_reason: str = ""  # why not, in our words


class Chore(SQLModel, table=True):
    """Something to do every so often, by whichever process comes first."""

    name: str = Field(primary_key=True)
    due_at: int = instant(0)
    begun_at: int | None = maybe_instant()
    owner: str = ""


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

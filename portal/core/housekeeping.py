"""What nothing asks for any more is deleted, a little at a time, so that no table grows for ever.

Kept for ever: customers, bills, the ledger, payments and what was said of them, requests to be called, and events, which are the record of
what happened.
"""

from time import sleep
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_
from sqlmodel import SQLModel, col, select

from portal.core.payments import telling
from portal.core.portal import Portal
from portal.core.spans import DAY_MS
from portal.core.statements import Database, Statement, now, p
from portal.core.tables import Challenge, Guard, Journey, Link, Outbox, Payment, Rate, Visit

# One transaction: some milliseconds, for SQLite has one writer, and customers wait behind it.
BATCH = 200
# Between two: their turn.
PAUSE_SECONDS = 0.01


class Broom:
    """Rows of one table that are over. Each is looked at again when it is deleted: it may have been used meanwhile."""

    def __init__(self, table: type[SQLModel], *over: ColumnElement[bool]) -> None:
        key: Any = table.__table__.primary_key.columns[0]  # type: ignore[attr-defined]
        self.start: int | str = 0 if key.type.python_type is int else ""
        self.find = Statement(select(key.label("key")).where(key > p("after"), *over).order_by(key).limit(BATCH))
        self.delete = Statement(delete(table).where(key == p("key_"), *over))

    def sweep(self, db: Database) -> None:
        """Once through the table. Rows are found outside the transactions, however many there are."""
        after = self.start
        while found := self._found(db, after):
            with db.write() as tx:
                tx.many(self.delete, [{"key_": key} for key in found])
            after = found[-1]
            sleep(PAUSE_SECONDS)

    def _found(self, db: Database, after: int | str) -> list[Any]:
        with db.read() as reader:
            return [row.key for row in reader.all(self.find, after=after)]


BROOMS = (
    # Whoever comes a day later is told the same of one that is over as of one that never was.
    Broom(Visit, col(Visit.ends_at) < now() - DAY_MS),
    Broom(Challenge, col(Challenge.expires_at) < now() - DAY_MS),
    Broom(Link, col(Link.expires_at) < now() - DAY_MS),
    # A budget that is full again is as none; a telephone's failures in a row stay until its customer gets in (promise 5).
    Broom(Rate, col(Rate.arrival) < now() - DAY_MS),
    Broom(Guard, col(Guard.failures) == 0, col(Guard.day) < now() // DAY_MS - 1),
    # What a payment was for stays with it: its receipt can be asked for at any time.
    Broom(Journey, col(Journey.updated_at) < now() - 90 * DAY_MS, ~exists().where(col(Payment.journey_id) == col(Journey.id))),
    # After a month nobody repeats a key, no vendor tells more, and nobody sends again what failed; but money that billing was not told of
    # waits for a person as long as it takes.
    Broom(
        Outbox,
        col(Outbox.state) != "waiting",
        col(Outbox.finished_at) < now() - 30 * DAY_MS,
        or_(col(Outbox.state) != "failed", col(Outbox.channel) != telling.CHANNEL),
    ),
)


def sweep(portal: Portal) -> None:
    for broom in BROOMS:
        broom.sweep(portal.db)

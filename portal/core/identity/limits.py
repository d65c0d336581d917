"""Budgets that hold across processes: GCRA, one row each, in one conditional statement.

A refused attempt costs nothing, and the row says how long to wait. A database that fails refuses; it never lets pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, case, update
from sqlmodel import col, select

from portal.core.errors import Refused
from portal.core.languages import _
from portal.core.statements import Statement, Writer, insert, now, p
from portal.core.tables import Rate


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in `seconds`, spent at once or evenly."""

    name: str
    most: int
    seconds: int

    def key(self, subject: str) -> str:
        """Of its row."""
        return f"{self.name}:{subject}"

    @property
    def interval(self) -> int:
        return self.seconds * 1000 // self.most

    @property
    def tolerance(self) -> int:
        return self.seconds * 1000 - self.interval


def codes_by_address() -> Limit:
    """30 codes an hour from one address: a family behind one router, not a robot."""
    return Limit("codes/address", 30, 3600)


def answers_by_address() -> Limit:
    """60 answers in 10 minutes from one address, whatever the method."""
    return Limit("answers/address", 60, 600)


def codes_by_prefix() -> Limit:
    """200 codes an hour to typed numbers that differ in their last four digits: pumping buys ranges (promise 12)."""
    return Limit("codes/prefix", 200, 3600)


def codes_by_hour() -> Limit:
    """20,000 codes an hour in all: what a bad night may cost (promise 12)."""
    return Limit("codes/all", 20_000, 3600)


def calls_by_hour() -> Limit:
    """2,000 calls with a code an hour in all: one costs ten times what an SMS does (promise 12)."""
    return Limit("calls/all", 2_000, 3600)


def wrong_answers() -> Limit:
    """200 wrong answers in 10 minutes over all customers is what honest typing makes of a million (promise 6)."""
    return Limit("wrong/all", 200, 600)


def id_numbers_by_address() -> Limit:
    """60 ID numbers an hour from one address: a shop's router, not somebody who goes through the numbers."""
    return Limit("ids/address", 60, 3600)


def visits_by_id() -> Limit:
    """30 visits an hour by one ID number."""
    return Limit("visits/id", 30, 3600)


def callbacks_by_asker() -> Limit:
    """10 requests an hour to be called, of one customer who proved it, else from one address."""
    return Limit("callbacks/asker", 10, 3600)


def messages_by_id() -> Limit:
    """5 messages a day to the contact on file of one ID number that was only typed, a customer's or not."""
    return Limit("messages/id", 5, 86_400)


def guesses_by_id() -> Limit:
    """10 wrong guesses an hour of what is on a bill, with one ID number."""
    return Limit("guesses/id", 10, 3600)


Spent = tuple[Limit, str]


def spend(tx: Writer, *wanted: Spent) -> None:
    """One of each budget, or Refused; the caller's transaction then undoes what was spent of the others."""
    spending(tx, *wanted)()


def spending(tx: Writer, *wanted: Spent) -> Callable[[], None]:
    """`spend` that says Refused when it is asked, so that other questions may travel with it."""
    if not wanted:
        return lambda: None
    values: dict[str, str | int] = {}
    for n, (limit, subject) in enumerate(wanted):
        values |= {f"key{n}": limit.key(subject), f"interval{n}": limit.interval, f"tolerance{n}": limit.tolerance}
    spent = tx.soon(_spend(len(wanted)), **values)

    def check() -> None:
        if len(spent()) < len(wanted):
            raise too_many()

    return check


def give_back(tx: Writer, spent: Spent) -> None:
    limit, subject = spent
    tx.run(GIVE_BACK, key_=limit.key(subject), interval_=limit.interval)


def too_many() -> Refused:
    return Refused("too_many", _("Too many tries in a short time. Wait a few minutes, or talk to a person."), status=429)


@cache
def _spend(count: int) -> Statement:
    rows = [
        {"key": p(f"key{n}"), "arrival": now() + p(f"interval{n}"), "interval": p(f"interval{n}"), "tolerance": p(f"tolerance{n}")}
        for n in range(count)
    ]
    new = insert(Rate).values(rows)
    at = new.excluded.arrival - new.excluded.interval  # the clock is read once
    return Statement(
        new.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "arrival": case((col(Rate.arrival) > at, col(Rate.arrival)), else_=at) + new.excluded.interval,
                "interval": new.excluded.interval,
                "tolerance": new.excluded.tolerance,
            },
            where=col(Rate.arrival) <= at + new.excluded.tolerance,
        ).returning(col(Rate.key))
    )


def is_exhausted(key: str) -> ColumnElement[bool]:
    """In a statement, of the budget whose row is the parameter of that name."""
    return select(Rate.key).where(col(Rate.key) == p(key), col(Rate.arrival) > now() + col(Rate.tolerance)).exists()


GIVE_BACK = Statement(update(Rate).where(col(Rate.key) == p("key_")).values(arrival=col(Rate.arrival) - p("interval_")))

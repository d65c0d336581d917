"""The rows of payments and notices: what is kept of each, and the statements that move them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, update
from sqlmodel import col, select

from portal.core.codec import Codec
from portal.core.languages import Language
from portal.core.money import Money
from portal.core.payments.states import OPEN, State, is_one_of, may_become
from portal.core.statements import Reader, Row, Statement, Writer, insert, now, p
from portal.core.steps import Settlement
from portal.core.tables import Notice, Payment


@dataclass(frozen=True, slots=True)
class Seen:
    """What was open of each invoice in minor units, as a billing system outside said; '' is what belongs to none. `upto` is the last
    row of our ledger that these figures know of."""

    open: Mapping[str, int]
    upto: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed when the payment was opened. `kept`: what of it is more than was owed, to be kept as credit; `seen` is None where
    our own ledger is the billing."""

    settlement: Settlement
    kept: Money
    seen: Seen | None = None


TERMS = Codec(Terms, Settlement, Money, Seen)

COLUMNS: tuple[Any, ...] = (
    Payment.id, Payment.customer_id, Payment.journey_id, Payment.state, Payment.settlement, Payment.provider,
    Payment.provider_reference, Payment.page_url, Payment.language, Payment.channel, Payment.reason, Payment.refund_due,
    Payment.refunded, Payment.refund_failed, Payment.disputed, Payment.dispute_won, Payment.created_at, Payment.settled_at, Payment.turn,
    Payment.next, Payment.shown, Payment.told,
)  # fmt: skip
ONE = Statement(select(*COLUMNS).where(col(Payment.id) == p("id")))
# Not told to its journey; whether billing was told is another matter (owing.py).
unshown = and_(is_one_of(State.SUCCESS), col(Payment.shown) == 0)
LATEST = Statement(
    select(*COLUMNS)
    .where(col(Payment.journey_id) == p("journey_id"))
    .order_by(case((unshown, 0), else_=1), col(Payment.created_at).desc(), col(Payment.id))
    .limit(1)
)

HEARD = Statement(
    insert(Notice)
    .values(provider=p("provider"), id=p("id"), payment_id=p("payment_id"), state=p("state"), set_aside=p("set_aside"), received_at=now())
    .on_conflict_do_nothing(index_elements=["provider", "id"])
)


def _move(to: State) -> Statement:
    ends = {} if to in OPEN else {"settled_at": now()}
    reach = update(Payment).where(col(Payment.id) == p("payment_id"), may_become(to))
    return Statement(reach.values(state=to.value, reason=p("reason_"), updated_at=now(), **ends))


MOVE: dict[State, Statement] = {state: _move(state) for state in State if state is not State.CREATED}


SHOW = Statement(update(Payment).where(col(Payment.journey_id) == p("of_journey"), unshown).values(shown=1))


@dataclass(frozen=True, slots=True)
class Known:
    """A payment as it stands. `page_url` is empty until the provider has made a page for it."""

    id: str
    customer_id: str
    journey_id: str
    state: State
    terms: Terms
    provider: str
    reference: str
    page_url: str
    language: Language
    channel: str
    reason: str
    refund_due: Money  # was never credited
    refunded: Money  # without what failed
    disputed: Money  # without what was won
    created_at: int
    settled_at: int | None
    turn: int  # of its journey, when Pay was pressed; 0 where another replaced it
    next: str  # the function that goes on with how it ended
    shown: bool  # a success of which its journey has nothing left to be told
    told: str  # whether a billing system outside knows of it (owing.py)

    @property
    def settlement(self) -> Settlement:
        return self.terms.settlement

    @property
    def charge(self) -> Money:
        return self.terms.settlement.charge

    @property
    def still_due(self) -> Money:
        """To be given back, and not yet."""
        return max(self.refund_due - self.refunded - self.disputed, Money(0, self.charge.currency))

    @property
    def returned(self) -> Money:
        """Of what was credited, given back by the company or taken back by the customer's bank."""
        return max(self.refunded + self.disputed - self.refund_due, Money(0, self.charge.currency))


def find(reader: Reader, payment_id: str) -> Known | None:
    row = reader.one(ONE, id=payment_id)
    return known(row) if row else None


def latest(reader: Reader, journey_id: str) -> Known | None:
    """The newest attempt to pay of a journey, whose state says which page the customer comes back to; before all, a success that the
    journey does not know of."""
    row = reader.one(LATEST, journey_id=journey_id)
    return known(row) if row else None


def move(tx: Writer, payment_id: str, to: State, reason: str = "") -> bool:
    """By the table, in one conditional statement. False: it is there already, or further."""
    return tx.run(MOVE[to], payment_id=payment_id, reason_=reason[:200]) == 1


def show(tx: Writer, journey_id: str) -> bool:
    """The journey goes on with its success, in this transaction; of two, with one. False: somebody was quicker."""
    return tx.run(SHOW, of_journey=journey_id) > 0


def known(row: Row) -> Known:
    terms: Terms = TERMS.load(row.settlement)
    currency = terms.kept.currency
    return Known(
        id=row.id, customer_id=row.customer_id, journey_id=row.journey_id, state=State(row.state), terms=terms, provider=row.provider,
        reference=row.provider_reference, page_url=row.page_url, language=Language(row.language), channel=row.channel, reason=row.reason,
        refund_due=Money(row.refund_due, currency), refunded=Money(row.refunded - row.refund_failed, currency),
        disputed=Money(row.disputed - row.dispute_won, currency), created_at=row.created_at, settled_at=row.settled_at,
        turn=row.turn, next=row.next, shown=bool(row.shown), told=row.told,
    )  # fmt: skip

"""From the Pay button to the provider's page: one open payment a customer, whatever the tabs and processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import update
from sqlmodel import col, select

from portal.core import incentives, ledger
from portal.core.errors import Refused
from portal.core.languages import Language, _
from portal.core.money import Money
from portal.core.payments.counts import PAYMENTS
from portal.core.payments.crediting import due
from portal.core.payments.owing import agreed, now_open
from portal.core.payments.rows import COLUMNS, TERMS, Known, Seen, Terms, find, known, move
from portal.core.payments.states import OPEN, State, is_one_of, may_become
from portal.core.ports import PaymentPage
from portal.core.statements import Statement, Writer, insert, now, p
from portal.core.steps import Settlement
from portal.core.tables import Payment

# Shorter than the hour that a provider's page lives: nobody is sent to a page that closes under them.
USABLE_MS = 45 * 60_000

CREATE = Statement(
    insert(Payment).values(
        id=p("id"), customer_id=p("customer_id"), journey_id=p("journey_id"), state=State.CREATED.value, currency=p("currency"),
        owed=p("owed"), charge=p("charge"), saving=p("saving"), settlement=p("settlement"), provider=p("provider"),
        language=p("language"), channel=p("channel"), turn=p("turn"), next=p("next"), created_at=now(), updated_at=now(),
    ).on_conflict_do_nothing(index_elements=["customer_id"], index_where=is_one_of(*OPEN))
)  # fmt: skip
_usable = (col(Payment.created_at) > now() - USABLE_MS).label("usable")
OPEN_COLUMNS: tuple[Any, ...] = (*COLUMNS, _usable)
OPEN_ONE = Statement(select(*OPEN_COLUMNS).where(col(Payment.customer_id) == p("customer_id"), is_one_of(*OPEN)))
PRESS_AGAIN = Statement(update(Payment).where(col(Payment.id) == p("payment_id")).values(turn=p("turn_"), next=p("next_")))
START = Statement(
    update(Payment)
    .where(col(Payment.id) == p("payment_id"), may_become(State.STARTED))
    .values(state=State.STARTED.value, provider_reference=p("reference"), page_url=p("url"), updated_at=now())
)
REFER = Statement(
    update(Payment)
    .where(col(Payment.id) == p("payment_id"), col(Payment.provider_reference) == "")
    .values(provider_reference=p("reference"))
)


@dataclass(frozen=True, slots=True)
class Pressed:
    """Where Pay was pressed: at which turn of a journey, and the function that is told how it ended."""

    journey_id: str
    turn: int
    next: str


class AnotherOpen(Exception):
    """The customer has another payment open. `close` it at the provider, outside any transaction, and open again."""

    def __init__(self, payment: Known) -> None:
        super().__init__(payment.id)
        self.payment = payment


class Changed(Refused):
    """What is owed, or what is given, is no longer what the step says: it has to be made anew, and nothing was taken."""


def open_payment(
    tx: Writer, *, customer_id: str, pressed: Pressed, settlement: Settlement, provider: str, language: Language, channel: str,
    seen: Seen | None = None,
) -> Known:  # fmt: skip
    """Keep the payment and reserve what it was promised. The same amount on the same journey is the same payment: two tabs get
    one page, and its id is the provider's idempotency key however often it is tried. `seen` is what a billing system outside said
    (owing.asked). Raises AnotherOpen, Changed."""
    ledger.hold(tx, customer_id)
    while not (other := tx.one(OPEN_ONE, customer_id=customer_id)):
        open_now = now_open(tx, customer_id, settlement.owed.currency, seen)
        terms = Terms(settlement, _more_than_owed(open_now, settlement), agreed(tx, customer_id, settlement, seen, open_now))
        payment_id = uuid4().hex
        made = tx.run(
            CREATE, id=payment_id, customer_id=customer_id, journey_id=pressed.journey_id, currency=settlement.owed.currency,
            owed=settlement.owed.minor, charge=settlement.charge.minor, saving=settlement.saving.minor,
            settlement=TERMS.dump(terms), provider=provider, language=language.value, channel=channel,
            turn=pressed.turn, next=pressed.next,
        )  # fmt: skip
        if made:
            return _made(tx, payment_id, customer_id, settlement)
        # Another tab was quicker: whoever proved nothing has no row to be held by.
    same = _same(known(other), other.usable, pressed.journey_id, settlement)
    tx.later(PRESS_AGAIN, payment_id=same.id, turn_=pressed.turn, next_=pressed.next)
    return same


def started(tx: Writer, payment_id: str, page: PaymentPage) -> bool:
    """The provider has a page for it. False where the payment is no longer open: show what became of it, not the page."""
    tx.run(REFER, payment_id=payment_id, reference=page.reference)
    if tx.run(START, payment_id=payment_id, reference=page.reference, url=page.url):
        tx.after(PAYMENTS.labels(State.STARTED.value).inc)
    now_is = find(tx, payment_id)
    return now_is is not None and now_is.state in OPEN


def gave_up(tx: Writer, payment_id: str, reason: str, to: State = State.ERROR) -> bool:
    """It came to nothing, and no page of the provider's is open for it. False where it was over already."""
    payment = find(tx, payment_id)
    if payment is None:
        return False
    ledger.hold(tx, payment.customer_id)
    if not move(tx, payment_id, to, reason):
        return False
    incentives.release(tx, payment_id)
    tx.after(PAYMENTS.labels(to.value).inc)
    return True


def _made(tx: Writer, payment_id: str, customer_id: str, settlement: Settlement) -> Known:
    _reserve(tx, payment_id, customer_id, settlement)
    tx.after(PAYMENTS.labels(State.CREATED.value).inc)
    made = find(tx, payment_id)
    assert made
    return made


def _same(other: Known, usable: bool, journey_id: str, settlement: Settlement) -> Known:
    if usable and other.journey_id == journey_id and other.settlement == settlement:
        return other
    raise AnotherOpen(other)


def _more_than_owed(open_now: Mapping[str, int], settlement: Settlement) -> Money:
    """What the customer was told of, and chose to keep as credit; not what is more because less is owed meanwhile."""
    more = Money(max(0, settlement.owed.minor - due(open_now, settlement.invoices)), settlement.owed.currency)
    if more and not settlement.checked:
        raise Changed("paid_already", _("You have just paid this bill here. No money was taken now."), status=409)
    if more > (settlement.keep or Money(0, more.currency)):
        raise Changed("owed_changed", _("What you owe has changed. No money was taken: check the new amount."), status=409)
    return more


def _reserve(tx: Writer, payment_id: str, customer_id: str, settlement: Settlement) -> None:
    reserved = incentives.reserve(
        tx, payment_id=payment_id, customer_id=customer_id, incentives=settlement.incentives, saving=settlement.saving
    )
    if not reserved:
        raise Changed("offer_over", _("An offer has just ended. No money was taken: check the new amount."), status=409)

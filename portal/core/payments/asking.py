"""Notices get lost: the provider is asked about payments it has been silent on, by a chore and when a customer says that they paid, and
told to close those given up."""

from collections.abc import Callable
from time import monotonic

import structlog
from sqlalchemy import or_, update
from sqlmodel import col, select

from portal.core.errors import Permanent, TryAgain, Unavailable
from portal.core.payments.opening import gave_up
from portal.core.payments.rows import COLUMNS, Known, find, known
from portal.core.payments.states import OPEN, State, is_one_of
from portal.core.ports import Heard, Payments
from portal.core.spans import MINUTE_MS
from portal.core.statements import Database, Row, Statement, Writer, now, p
from portal.core.tables import Payment

log = structlog.get_logger()

SILENT_MS = 2 * MINUTE_MS
ASKED_EVERY_MS = 5 * MINUTE_MS
# However often a customer presses.
ASKED_AGAIN_MS = 10_000
ABANDONED_MS = 60 * MINUTE_MS
AT_ONCE = 10
# After an outage, hundreds a minute; shorter than a chore is held.
LONGEST_SECONDS = 60.0

_abandoned = col(Payment.created_at) < now() - ABANDONED_MS
_unheard = (
    is_one_of(*OPEN),
    col(Payment.provider) == p("provider_"),
    col(Payment.created_at) < now() - SILENT_MS,
    col(Payment.asked_at) < now() - ASKED_EVERY_MS,
    or_(col(Payment.provider_reference) != "", _abandoned),
)
_next = select(Payment.id).where(*_unheard).order_by(col(Payment.asked_at)).limit(AT_ONCE)
ANY = Statement(select(Payment.id).where(*_unheard).limit(1))
CLAIM = Statement(
    update(Payment)
    .where(col(Payment.id).in_(_next), col(Payment.asked_at) < now() - ASKED_EVERY_MS)
    .values(asked_at=now())
    .returning(*COLUMNS, _abandoned.label("abandoned"))
)

CLAIM_ONE = Statement(
    update(Payment)
    .where(
        col(Payment.id) == p("id_"), is_one_of(*OPEN), col(Payment.provider) == p("provider_"), col(Payment.provider_reference) != "",
        col(Payment.asked_at) < now() - ASKED_AGAIN_MS,
    )
    .values(asked_at=now())
    .returning(*COLUMNS)
)  # fmt: skip

# That it came to nothing is said to nobody who went on with another.
REPLACED = Statement(update(Payment).where(col(Payment.id) == p("payment_id")).values(turn=0))

Settle = Callable[[str, Heard], object]  # journey.settle, with the provider's name: hears it, and moves the journey


class _GotAPage(Exception):
    """It had none when we looked. Nothing of the transaction is kept."""

    def __init__(self, payment: Known) -> None:
        super().__init__(payment.id)
        self.payment = payment


class Undecided(TryAgain):
    """The provider answered; the customer's bank did not yet."""


def ask_about(db: Database, provider: Payments, settle: Settle) -> int:
    """Asks about payments the provider has been silent on for 2 minutes, each every 5, whatever the number of processes; those whose
    page is an hour old are closed. Returns how many; nobody is asked inside a transaction."""
    asked, until, answers = 0, monotonic() + LONGEST_SECONDS, True
    while answers and monotonic() < until and (claimed := _claim(db, provider.name)):
        asked += len(claimed)
        answers = all(_ask_about(db, provider, known(row), row.abandoned, settle) for row in claimed)
    return asked


def ask_now(db: Database, provider: Payments, payment_id: str, settle: Settle) -> None:
    """The customer says that they paid. Where the provider does not answer, the chore asks again."""
    with db.write() as tx:
        row = tx.one(CLAIM_ONE, id_=payment_id, provider_=provider.name)
    if row:
        _ask_about(db, provider, known(row), False, settle)


def _ask_about(db: Database, provider: Payments, payment: Known, abandoned: bool, settle: Settle) -> bool:
    """False: it does not answer. That took 5 s, and the others need not lose as much: they are asked 5 minutes later."""
    try:
        _close(db, provider, payment, settle, "abandoned") if abandoned else _ask(provider, payment, settle)
    except Undecided:
        return True
    except Permanent as error:
        log.warning("payment_provider_knows_nothing", provider=provider.name, payment_id=payment.id, why=str(error))
    except TryAgain as error:
        log.warning("payment_provider_silent", provider=provider.name, payment_id=payment.id, why=str(error))
        return False
    except Unavailable:
        raise
    except Exception:  # whatever is wrong with this one, the others are asked about
        log.exception("payment_not_settled", provider=provider.name, payment_id=payment.id)
    return True


def close(db: Database, provider: Payments, payment: Known, settle: Settle) -> None:
    """Another amount is to be paid instead: afterwards the payment is over, one way or the other. Raises TryAgain."""
    with db.write() as tx:
        tx.run(REPLACED, payment_id=payment.id)
    _close(db, provider, payment, settle, "replaced")


def _claim(db: Database, provider: str) -> list[Row]:
    with db.read() as reader:
        if not reader.one(ANY, provider_=provider):
            return []
    with db.write() as tx:
        return tx.all(CLAIM, provider_=provider)


def _ask(provider: Payments, payment: Known, settle: Settle) -> None:
    settle(provider.name, provider.ask(payment.reference))


def _close(db: Database, provider: Payments, payment: Known, settle: Settle, why: str) -> None:
    """Its page first, so that nothing is taken after we looked. One that the provider does not know takes nothing either; one that got
    its page only meanwhile, in another process, is closed anew."""
    try:
        if payment.reference:
            provider.expire(payment.reference)
            _ask(provider, payment, settle)
    except Permanent as error:
        log.warning("payment_provider_knows_nothing", provider=provider.name, payment_id=payment.id, why=str(error))
    try:
        with db.write() as tx:
            _give_up(tx, payment, why)
    except _GotAPage as meanwhile:
        _close(db, provider, meanwhile.payment, settle, why)


def _give_up(tx: Writer, payment: Known, why: str) -> None:
    left = find(tx, payment.id)
    if left and left.state is State.SUBMITTED:
        raise Undecided("the bank has not answered yet")
    if gave_up(tx, payment.id, why, State.CANCELLED):
        closed = find(tx, payment.id)  # again: now that nobody else can change it
        if closed and closed.reference != payment.reference:
            raise _GotAPage(closed)

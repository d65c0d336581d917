"""How a payment ended, told to the journey in which Pay was pressed.

Words of one payment come in any order, to any process, while the customer goes on in another tab; and whoever hears one may die of
it. So a success is told wherever its journey stands, and the journey does not move on before (rows.py); a refusal is told where
Pay was pressed, if nobody went on since, and of the newest payment only. Whoever shows the journey next tells what nobody told.
"""

from dataclasses import replace

from portal.core import party, payments
from portal.core.case import Action, Proof
from portal.core.events import Origin
from portal.core.journey import stored
from portal.core.journey.rows import BY_ID
from portal.core.journey.stored import Shown
from portal.core.languages import Language
from portal.core.party import Party
from portal.core.payments import Known, State, telling
from portal.core.portal import Portal
from portal.core.ports import Heard
from portal.core.statements import Row
from portal.core.steps import Pay


class Overtaken(Exception):
    """The payment or the journey is no longer what was read: nothing of the transaction is kept."""


def settle(portal: Portal, provider: str, heard: Heard) -> None:
    """What a verified notice, or the provider when asked, says of a payment; then the journey goes on with it."""
    with portal.db.write() as tx:
        outcome = payments.hear(tx, provider, heard)
        if outcome is not None and portal.billing.remote:
            telling.promise(tx, portal.outbox, outcome)
    with portal.db.read() as reader:
        payment = payments.find(reader, heard.payment_id)
    if payment:
        tell(portal, payment.journey_id)


def tell(portal: Portal, journey_id: str) -> None:
    """The journey goes on with how its payment ended, if that is news to it."""
    while not _told(portal, journey_id):
        pass  # another process moved the journey, or heard more, in between: there is always one that got on


def caught_up(portal: Portal, action: Action, who: Party, row: Row) -> Shown | None:
    """The pending step, or the last; what nobody told is told before. None: its first question, which is asked anew."""
    if row.ended_at:
        return stored.of(portal, action, who, row)
    if not row.step and row.turn == 1:
        return None  # where nothing was to pay yet, nothing can have been paid
    with portal.db.read() as reader:
        payment = payments.latest(reader, row.id)
    if payment and _is_news(payment, row):
        tell(portal, row.id)
        return stored.named(portal, action, who, row.id)
    if not row.step:
        return None
    shown = stored.of(portal, action, who, row)
    return replace(shown, waiting=payment is not None and payment.state in payments.OPEN and isinstance(shown.step, Pay))


def _told(portal: Portal, journey_id: str) -> bool:
    """False: the payment, or the journey, has changed meanwhile."""
    with portal.db.read() as reader:
        row = reader.one(BY_ID, id=journey_id)
        payment = payments.latest(reader, journey_id)
        if row is None or payment is None or not _is_news(payment, row):
            return True
        paid = payments.paid(reader, payment)
        origin = Origin(row.channel, row.source)
        who = party.customer(reader, row.customer_id or "", Proof(row.level), Language(row.language), origin, row.subject)
    action = portal.actions[row.action]
    step = action.steps[payment.next](stored.case(portal, action, who), paid)
    try:
        with portal.db.write() as tx:
            if payment.state is State.SUCCESS and not payments.show(tx, row.id):
                raise Overtaken
            if not stored.keep(portal, tx, who, Shown(action, row.id, row.turn, step), payment.next, step, reason=paid.reason):
                raise Overtaken
    except Overtaken:
        return False
    return True


def _is_news(payment: Known, row: Row) -> bool:
    """Whether the journey has still to be told. Of those that are over, an end is the last."""
    if row.ended_at or payment.state in payments.OPEN:
        return False
    return not payment.shown if payment.state is State.SUCCESS else payment.turn == row.turn

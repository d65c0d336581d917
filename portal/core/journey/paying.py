"""From the Pay step to the provider's page: the payment is kept first, and opened once."""

from dataclasses import replace
from functools import partial

from portal.core import payments
from portal.core.case import Proof
from portal.core.errors import BillsUnseen, NotFound, Permanent, Refused, TryAgain
from portal.core.events import note
from portal.core.journey import stored
from portal.core.journey.outcomes import Overtaken, caught_up, settle
from portal.core.journey.rows import STILL
from portal.core.journey.stored import Elsewhere, Shown
from portal.core.languages import _
from portal.core.party import Party
from portal.core.payments import AnotherOpen, Changed, Known, Pressed
from portal.core.portal import Portal
from portal.core.ports import Order, PaymentPage
from portal.core.steps import Done, Pay, Refusal

# Another tab's payment is closed at the provider before this one is opened; more often than this it is not worth it.
TRIES = 3


def pay(portal: Portal, who: Party, shown: Shown, step: Pay) -> Shown | Elsewhere:
    """Keep the payment first, then ask the provider: its answer, or our death, loses nothing. Raises Refused."""
    try:
        payment = _opened(portal, who, shown, step)
    except Overtaken:
        return _moved_on(portal, who, shown)
    except Changed as changed:
        return _anew(portal, who, shown, changed)
    except BillsUnseen:
        return _anew(portal, who, shown, _unseen())
    if payment.state is payments.State.SUBMITTED:
        raise _undecided()
    if payment.page_url:
        return Elsewhere(payment.page_url)
    page = _asked(portal, shown, payment)
    with portal.db.write() as tx:
        usable = payments.started(tx, payment.id, page)
    return Elsewhere(page.url) if usable else _now(portal, who, shown)


def arrived(shown: Shown) -> Shown | None:
    """For whoever pressed Pay while an earlier payment was under way: its receipt, if that is what is shown."""
    if not isinstance(shown.step, Done) or not shown.step.receipt:
        return None
    said = _("An earlier payment of yours has just arrived: this is its receipt. Nothing more was taken.")
    return replace(shown, refusal=Refusal("paid_already", said, status=409))


def asked(portal: Portal, who: Party, shown: Shown) -> Shown:
    """What the provider says when the customer says that they paid."""
    with portal.db.read() as reader:
        payment = payments.latest(reader, shown.journey_id)
    if payment:
        payments.ask_now(portal.db, portal.payments, payment.id, partial(settle, portal))
    return _now(portal, who, shown)


def _opened(portal: Portal, who: Party, shown: Shown, step: Pay) -> Known:
    # A number that was only typed says nothing of who typed it: it is paid alike by whoever proved no more (promise 10).
    typed = not step.settlement.checked and who.proof is not Proof.CODE
    customer_id = who.subject if typed else who.customer_id
    if customer_id is None:
        raise NotFound(shown.action.slug)
    pressed = Pressed(shown.journey_id, shown.turn, step.next)
    for _try in range(TRIES):
        seen = payments.asked(portal.db, portal.billing, customer_id, step.settlement)
        try:
            with portal.db.write() as tx:
                payment = payments.open_payment(
                    tx, customer_id=customer_id, pressed=pressed, settlement=step.settlement,
                    provider=portal.payments.name, language=who.language, channel=who.origin.channel, seen=seen,
                )  # fmt: skip
                # After it: whichever payment was over by then is seen, and a part of what is owed is not charged twice.
                if not tx.one(STILL, id_=shown.journey_id, turn_=shown.turn):
                    raise Overtaken
                note(
                    tx, who.origin, "pay", "to provider", action=shown.action.slug, customer_id=who.customer_id,
                    visit_id=who.visit_id, journey_id=shown.journey_id,
                )  # fmt: skip
                return payment
        except AnotherOpen as another:
            _close(portal, another.payment)
    raise _silent()


def _close(portal: Portal, payment: Known) -> None:
    try:
        payments.close(portal.db, portal.payments, payment, partial(settle, portal))
    except payments.Undecided as undecided:
        raise _undecided() from undecided
    except TryAgain as silent:
        raise _silent() from silent


def _asked(portal: Portal, shown: Shown, payment: Known) -> PaymentPage:
    """The same order twice is one page: where we were not told, the next try finds it."""
    back = f"{portal.base_url}/actions/{shown.action.slug}?journey={shown.journey_id}"
    named = portal.company.named(payment.language)
    order = Order(payment.id, payment.charge, named, payment.language, f"{back}&returned=1", back, payment.created_at)
    try:
        return portal.payments.begin(order)
    except TryAgain as silent:
        raise _silent() from silent
    except Permanent as refused:
        with portal.db.write() as tx:
            payments.gave_up(tx, payment.id, str(refused))
        raise Refused(
            "provider_refused", _("The payment provider did not take the order. No money was taken. Talk to a person.")
        ) from refused


def _undecided() -> Refused:
    """Some ways to pay take the bank days."""
    return Refused(
        "bank_undecided", _("Your bank has not answered yet about the payment you made. You do not need to pay again."), status=409
    )


def _silent() -> Refused:
    """Not a 5xx: a proxy would take this process for the one that fails."""
    return Refused("provider_silent", _("The payment page does not answer now. No money was taken. Try again in a minute."))


def _unseen() -> Changed:
    return Changed("bills_unseen", _("We cannot see your bills right now. No money was taken."))


def _anew(portal: Portal, who: Party, shown: Shown, changed: Changed) -> Shown:
    step = shown.action.steps["start"](stored.case(portal, shown.action, who))
    with portal.db.write() as tx:
        new = stored.keep(portal, tx, who, shown, "start", step, reason=changed.id)
    return replace(new, refusal=Refusal(changed.id, changed.text, status=changed.status)) if new else _moved_on(portal, who, shown)


def _moved_on(portal: Portal, who: Party, shown: Shown) -> Shown:
    """For whoever pressed Pay while the journey went on without them: most often with an earlier payment, and its receipt."""
    now = _now(portal, who, shown)
    return arrived(now) or stored.out_of_date(now)


def _now(portal: Portal, who: Party, shown: Shown) -> Shown:
    row = stored.find(portal, shown.action, who, shown.journey_id)
    assert row
    return caught_up(portal, shown.action, who, row) or stored.of(portal, shown.action, who, row)

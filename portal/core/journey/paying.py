"""The part of a journey that waits for money: to the provider's page, and on with what the provider says."""

from collections.abc import Callable
from dataclasses import replace

from portal.core import party, payments
from portal.core.case import Action, Proof
from portal.core.errors import BillsUnseen, NotFound, Permanent, Refused, TryAgain
from portal.core.events import Origin, note
from portal.core.journey import stored
from portal.core.journey.rows import BY_ID
from portal.core.journey.stored import Elsewhere, Shown
from portal.core.languages import Language, Text, _
from portal.core.party import Party
from portal.core.payments import AnotherOpen, Changed, Known
from portal.core.portal import Portal
from portal.core.ports import Heard, Order, PaymentPage
from portal.core.statements import Row
from portal.core.steps import STEPS, Done, Pay, Refusal

# Another tab's payment is closed at the provider before this one is opened; more often than this it is not worth it.
TRIES = 3

Settle = Callable[[str, Heard], None]


class _Overtaken(Exception):
    """The payment or the journey is no longer what was read: nothing of this is kept."""


def caught_up(portal: Portal, action: Action, who: Party, row: Row) -> Shown:
    """The stored step; one that waits for a payment that has ended goes on first: whoever heard of it died before it could."""
    shown = Shown(action, row.id, row.turn, STEPS.load(row.step))
    if not isinstance(shown.step, Pay):
        return shown
    with portal.db.read() as reader:
        payment = payments.latest(reader, row.id)
        if payment is None or payment.state in payments.OPEN:
            return replace(shown, waiting=payment is not None)
    if not _is_news(payment, row):
        return shown
    tell(portal, payment.id)
    return stored.named(portal, action, who, row.id)


def pay(portal: Portal, who: Party, shown: Shown, step: Pay, settle: Settle) -> Shown | Elsewhere:
    """Keep the payment first, then ask the provider: its answer, or our death, loses nothing. Raises Refused."""
    try:
        payment = _opened(portal, who, shown, step, settle)
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
    return Elsewhere(page.url) if usable else stored.named(portal, shown.action, who, shown.journey_id)


def asked(portal: Portal, who: Party, shown: Shown, settle: Settle) -> Shown:
    """What the provider says when the customer says that they paid."""
    with portal.db.read() as reader:
        payment = payments.latest(reader, shown.journey_id)
    if payment:
        payments.ask_now(portal.db, portal.payments, payment.id, settle)
    row = stored.find(portal, shown.action, who, shown.journey_id)
    assert row
    return caught_up(portal, shown.action, who, row)


def tell(portal: Portal, payment_id: str) -> None:
    """The journey goes on from its Pay step with how the payment ended, and again where it turns out a success after all: words of one
    payment come in any order, to any process."""
    while not _told(portal, payment_id):
        pass  # whoever was quicker got on


def _told(portal: Portal, payment_id: str) -> bool:
    """False: the payment, or the journey, has changed meanwhile."""
    with portal.db.read() as reader:
        payment = payments.find(reader, payment_id)
        row = reader.one(BY_ID, id=payment.journey_id) if payment else None
        if payment is None or row is None or not _is_news(payment, row):
            return True
        paid = payments.paid(reader, payment)
        origin = Origin(row.channel, row.source)
        who = party.customer(reader, row.customer_id or "", Proof(row.level), Language(row.language), origin, row.subject)
    step = STEPS.load(row.step) if row.step else None
    if row.ended_at or not isinstance(step, Pay):
        return True  # the customer went on without it: the ledger and the timeline have it
    action = portal.actions[row.action]
    following = action.steps[step.next](stored.case(portal, action, who), paid)
    try:
        with portal.db.write() as tx:
            if not payments.show(tx, payment):
                raise _Overtaken
            if not stored.keep(portal, tx, who, Shown(action, row.id, row.turn, step), step.next, following, reason=paid.reason):
                raise _Overtaken
    except _Overtaken:
        return False
    return True


def _is_news(payment: Known, row: Row) -> bool:
    """Whether the payment ended in a way that its journey does not know of. A success is told whatever was before; nothing else is where
    the customer went on since."""
    if payment.state is payments.State.SUCCESS:
        return payment.shown != payment.state
    return not payment.shown and payment.settled_at is not None and payment.settled_at >= row.updated_at


def _opened(portal: Portal, who: Party, shown: Shown, step: Pay, settle: Settle) -> Known:
    # A number that was only typed says nothing of who typed it: it is paid alike by whoever proved no more (promise 10).
    typed = not step.settlement.checked and who.proof is not Proof.CODE
    customer_id = who.subject if typed else who.customer_id
    if customer_id is None:
        raise NotFound(shown.action.slug)
    for _try in range(TRIES):
        seen = payments.asked(portal.db, portal.billing, customer_id, step.settlement)
        try:
            with portal.db.write() as tx:
                payment = payments.open_payment(
                    tx, customer_id=customer_id, journey_id=shown.journey_id, settlement=step.settlement,
                    provider=portal.payments.name, language=who.language, channel=who.origin.channel, seen=seen,
                )  # fmt: skip
                note(
                    tx, who.origin, "pay", "to provider", action=shown.action.slug, customer_id=who.customer_id,
                    visit_id=who.visit_id, journey_id=shown.journey_id,
                )  # fmt: skip
                return payment
        except AnotherOpen as another:
            _close(portal, another.payment, settle)
    raise _silent()


def _close(portal: Portal, payment: Known, settle: Settle) -> None:
    try:
        payments.close(portal.db, portal.payments, payment, settle)
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


def _arrived() -> Text:
    """For whoever pressed Pay while an earlier payment was under way: what is shown is its receipt."""
    return _("An earlier payment of yours has just arrived: this is its receipt. Nothing more was taken.")


def _unseen() -> Changed:
    return Changed("bills_unseen", _("We cannot see your bills right now. No money was taken."))


def _anew(portal: Portal, who: Party, shown: Shown, changed: Changed) -> Shown:
    step = shown.action.steps["start"](stored.case(portal, shown.action, who))
    new = stored.go_on(portal, who, shown, "start", step, reason=changed.id)
    text = _arrived() if isinstance(new.step, Done) and new.step.receipt else changed.text
    return replace(new, refusal=Refusal(changed.id, text, status=changed.status))

"""What a provider's verified notice does: the payment, the ledger and the incentives, in one transaction or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import update
from sqlmodel import col

from portal.core import incentives, ledger
from portal.core.case import Paid
from portal.core.incentives import Redeemed
from portal.core.money import Money
from portal.core.payments.counts import NOTICES, PAYMENTS, REFUNDS_DUE
from portal.core.payments.crediting import Credit, credit, entries
from portal.core.payments.opening import REFER
from portal.core.payments.owing import balance_after, now_open
from portal.core.payments.returning import book_again
from portal.core.payments.rows import HEARD, Known, find, move
from portal.core.payments.states import OPEN, State
from portal.core.ports import Heard
from portal.core.statements import Reader, Statement, Writer, p
from portal.core.tables import Payment

log = structlog.get_logger()

CAPTURED = Statement(update(Payment).where(col(Payment.id) == p("payment_id"), col(Payment.capture) == "").values(capture=p("capture")))
REFUND = Statement(update(Payment).where(col(Payment.id) == p("payment_id")).values(refund_due=p("due")))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a payment ended."""

    payment_id: str
    paid: Paid
    refund_due: Money


def hear(tx: Writer, provider: str, heard: Heard) -> Outcome | None:
    """None where it changes nothing for the customer: a repeat, news of a payment that goes on, or a notice that contradicts what we
    know, which is set aside for a person to look at."""
    payment = find(tx, heard.payment_id)
    if payment:
        ledger.hold(tx, payment.customer_id)
        payment = find(tx, heard.payment_id)
    contradiction = _contradiction(provider, payment, heard)
    if not _first_time(tx, provider, heard, contradiction):
        tx.after(NOTICES.labels(provider, "repeated").inc)
        return None
    if payment is None or contradiction:
        tx.after(lambda: _alert("payment_notice_set_aside", provider, heard, contradiction))
        tx.after(NOTICES.labels(provider, "set_aside").inc)
        return None
    tx.after(NOTICES.labels(provider, "taken").inc)
    return _become(tx, payment, State(heard.state), heard)


def _contradiction(provider: str, payment: Known | None, heard: Heard) -> str:
    if heard.doubt:
        return heard.doubt
    if payment is None:
        return "no such payment"
    if payment.provider != provider:
        return f"the payment is at {payment.provider}"
    if heard.state not in set(State):
        return "no such state"
    if heard.state == State.SUCCESS and heard.taken != payment.charge:
        return f"took {heard.taken.minor} {heard.taken.currency} for {payment.charge.minor} {payment.charge.currency}"
    return ""


def _first_time(tx: Writer, provider: str, heard: Heard, set_aside: str) -> bool:
    return tx.run(HEARD, provider=provider, id=heard.notice_id, payment_id=heard.payment_id, state=heard.state, set_aside=set_aside) == 1


def _become(tx: Writer, payment: Known, state: State, heard: Heard) -> Outcome | None:
    tx.run(REFER, payment_id=payment.id, reference=heard.reference)
    if heard.capture:
        tx.run(CAPTURED, payment_id=payment.id, capture=heard.capture)
    if state is State.CREATED or not move(tx, payment.id, state, heard.reason):
        return None
    tx.after(PAYMENTS.labels(state.value).inc)
    was_open = payment.state in OPEN
    if state is State.SUCCESS:
        return _credited(tx, payment, heard, late=not was_open)
    if state in OPEN or not was_open:
        return None
    incentives.release(tx, payment.id)
    return _outcome(tx, payment.id)


def _credited(tx: Writer, payment: Known, heard: Heard, late: bool) -> Outcome:
    open_amounts = now_open(tx, payment.customer_id, payment.charge.currency, payment.terms.seen)
    redeemed = incentives.take_again(tx, payment.id) if late else incentives.apply(tx, payment.id)
    given = credit(open_amounts, payment.terms, redeemed)
    if not given.money:
        incentives.release(tx, payment.id)
        redeemed = ()
    _write(tx, payment, open_amounts, given, redeemed)
    if given.refund:
        tx.run(REFUND, payment_id=payment.id, due=given.refund.minor)
        tx.after(REFUNDS_DUE.labels(payment.provider).inc)
        tx.after(lambda: _alert("payment_refund_due", payment.provider, heard, f"{given.refund.minor} {given.refund.currency} too much"))
    book_again(tx, payment.id)
    return _outcome(tx, payment.id)


def _write(tx: Writer, payment: Known, open_amounts: Mapping[str, int], given: Credit, redeemed: tuple[Redeemed, ...]) -> None:
    if given.money:
        rows = entries(open_amounts, payment.terms, given, redeemed)
        ledger.append(tx, payment.customer_id, [replace(row, payment_id=payment.id) for row in rows])


def _outcome(tx: Writer, payment_id: str) -> Outcome:
    payment = find(tx, payment_id)
    assert payment
    return Outcome(payment.id, paid(tx, payment), payment.refund_due)


def paid(reader: Reader, payment: Known) -> Paid:
    """How a payment that is over ended: of a success, what it has in fact settled and saved."""
    saving, owed, waived = payment.settlement.saving, payment.settlement.owed, 0
    if payment.state is State.SUCCESS:
        used = incentives.redeemed(reader, payment.id)
        waived = sum(one.amount.minor for one in used if one.is_fee)
        saving = Money(sum(one.amount.minor for one in used if not one.is_fee), payment.charge.currency)
        owed = payment.charge + saving - payment.refund_due
    return Paid(
        payment_id=payment.id, state=payment.state.value, owed=owed, charge=payment.charge, saving=saving,
        reason=payment.reason, balance_after=balance_after(reader, payment), checked=payment.settlement.checked,
        invoices=payment.settlement.invoices, part=payment.settlement.part,
        waived=Money(waived, payment.charge.currency) if waived else None, at=payment.settled_at or payment.created_at,
    )  # fmt: skip


def _alert(event: str, provider: str, heard: Heard, why: str) -> None:
    log.warning(event, provider=provider, payment_id=heard.payment_id, notice_id=heard.notice_id, state=heard.state, why=why)

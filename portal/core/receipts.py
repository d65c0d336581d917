"""A payment's receipt: what was settled, what digital saved, what was taken."""

from zoneinfo import ZoneInfo

from sqlmodel import col, select

from portal.core import incentives, payments, settling
from portal.core.case import Proof
from portal.core.documents import Receipt, ReceiptLine
from portal.core.errors import NotFound
from portal.core.languages import Text, Words, _, moment, verbatim
from portal.core.money import Money
from portal.core.party import Party
from portal.core.payments import Known, State
from portal.core.portal import Portal
from portal.core.statements import Reader, Statement, p
from portal.core.steps import Attachment, Paper
from portal.core.tables import Customer, Journey, Ledger, Payment

SUBJECT = Statement(select(Journey.subject).where(col(Journey.id) == p("id")))
LATELY = Statement(
    select(Payment.id, Payment.charge, Payment.currency, Payment.settled_at)
    .where(
        # By what it credited: the ledger is the table that has a customer's rows together.
        col(Payment.id).in_(select(Ledger.payment_id).where(col(Ledger.customer_id) == p("customer_id"), col(Ledger.kind) == "payment")),
        col(Payment.customer_id) == p("customer_id"),
        col(Payment.state) == State.SUCCESS.value,
    )
    .order_by(col(Payment.settled_at).desc())
    .limit(3)
)
NAME = Statement(select(Customer.name).where(col(Customer.customer_id) == p("customer_id")))


def of(portal: Portal, who: Party, payment_id: str) -> Receipt:
    """Raises NotFound: for another's payment as for none. Who only typed an ID number sees their own payment, and no name or balance."""
    with portal.db.read() as reader:
        payment = payments.find(reader, payment_id)
        if payment is None or payment.state is not State.SUCCESS or not _own(reader, who, payment):
            raise NotFound(payment_id)
        return made(portal.company.zone, reader, payment, personal=who.proof is Proof.CODE)


def lately(reader: Reader, customer_id: str, zone: ZoneInfo) -> tuple[Attachment, ...]:
    """The receipts that a customer may want again."""
    return tuple(
        Attachment(
            Paper.RECEIPT, row.id, _("Receipt of {day}", day=moment(row.settled_at, zone).date()),
            Text("{amount}", {"amount": Money(row.charge, row.currency)}),
        )
        for row in reader.all(LATELY, customer_id=customer_id)
    )  # fmt: skip


def made(zone: ZoneInfo, reader: Reader, payment: Known, *, personal: bool) -> Receipt:
    """The same whenever it is printed, but for what went back since."""
    at = moment(payment.settled_at or payment.created_at, zone)
    name = reader.one(NAME, customer_id=payment.customer_id) if personal else None
    paid = payments.paid(reader, payment)
    return Receipt(
        number=settling.receipt_number(payment.id),
        paid_on=at.date(),
        paid_at=f"{at:%H:%M}",
        customer_name=name.name if name else "",
        lines=tuple(_lines(reader, payment, paid.owed)),
        paid=payment.charge,
        saved=paid.saving,
        balance_after=paid.balance_after if personal else None,
        returned=payment.returned,
        provider_reference=payment.reference,
    )


def _own(reader: Reader, who: Party, payment: Known) -> bool:
    if who.proof is Proof.CODE:
        return payment.customer_id == who.customer_id
    row = reader.one(SUBJECT, id=payment.journey_id)
    return row is not None and bool(who.subject) and row.subject == who.subject


def _lines(reader: Reader, payment: Known, settled: Money) -> list[ReceiptLine]:
    agreed = payment.settlement
    lines = [ReceiptLine(settling.what_for(agreed.invoices, checked=agreed.checked, part=agreed.part), settled)]
    if payment.still_due:
        lines.append(ReceiptLine(_("To be given back to you"), payment.still_due))
    if given_back := payment.refund_due - payment.still_due:
        lines.append(ReceiptLine(_("Given back to you since"), given_back))
    for used in incentives.redeemed(reader, payment.id):
        if used.is_fee:
            lines.append(ReceiptLine(_("Service fee"), used.amount))
        lines.append(ReceiptLine(verbatim(Words(used.title)), -used.amount))
    return lines

"""A customer who owes, offers, and a provider's words: what tests of money are given."""

import json
from dataclasses import dataclass, field

from sqlmodel import col, select, update

from portal.core import ledger, payments
from portal.core.languages import Language
from portal.core.ledger import Entry
from portal.core.money import Money
from portal.core.payments import Known, Pressed
from portal.core.ports import Heard, Order, PaymentPage, Returned, Reversal
from portal.core.statements import Database, Statement, Writer, insert, now, p
from portal.core.steps import Settlement
from portal.core.tables import Clock, Customer, Incentive, Invoice, Ledger, Notice, Payment, Redemption

DAY = 24 * 60 * 60_000

CUSTOMER = Statement(insert(Customer).values(customer_id=p("id"), name="Dana", created_at=now(), updated_at=now()))
INVOICE = Statement(
    insert(Invoice).values(
        customer_id=p("customer_id"), number=p("number"), kind=p("kind"), issued=p("issued"), currency=p("currency"), total=p("total"),
        said_open=p("total"), imported_at=now(),
    )
)  # fmt: skip
INCENTIVE = Statement(
    insert(Incentive).values(
        id=p("id"), kind=p("kind"), action=p("action"), value=p("value"), currency=p("currency"), titles=p("titles"),
        starts_at=now() + p("starts"), ends_at=now() + p("ends"), budget=p("budget"), first_use=p("first_use"), at_most=p("at_most"),
    )
)  # fmt: skip
LEDGER = Statement(select(Ledger).where(col(Ledger.customer_id) == p("customer_id")).order_by(col(Ledger.id)))
SPENT = Statement(select(Incentive.spent).where(col(Incentive.id) == p("id")))
REDEMPTIONS = Statement(select(Redemption).where(col(Redemption.incentive_id) == p("id")).order_by(col(Redemption.id)))
NOTICES = Statement(select(Notice).order_by(col(Notice.id)))
PAYMENTS = Statement(select(Payment).where(col(Payment.customer_id) == p("customer_id")).order_by(col(Payment.created_at), col(Payment.id)))
ADVANCE = Statement(update(Clock).values(offset_ms=col(Clock.offset_ms) + p("by")))


def ils(minor: int) -> Money:
    return Money(minor, "ILS")


def owes(db: Database, customer_id: str, currency: str = "ILS", **bills: int) -> None:
    """`owes(db, "c1", A=10000, B=-2500)`: an invoice A of 100.00, the oldest, then a credit note B of 25.00."""
    with db.write() as tx:
        tx.run(CUSTOMER, id=customer_id)
        for day, (number, amount) in enumerate(bills.items(), start=1):
            kind = "invoice" if amount > 0 else "credit_note"
            tx.run(
                INVOICE, customer_id=customer_id, number=number, kind=kind, issued=f"2026-10-{day:02}", currency=currency, total=abs(amount)
            )
            ledger.append(tx, customer_id, [Entry("opening", Money(amount, currency), number)])


def offers(
    db: Database, id: str, kind: str, value: int, *, budget: int = 1_000_000, first_use: bool = False, at_most: int = 0,
    currency: str = "ILS", starts: int = -DAY, ends: int = DAY, action: str = "pay-balance",
) -> str:  # fmt: skip
    with db.write() as tx:
        tx.run(
            INCENTIVE, id=id, kind=kind, action=action, value=value, currency=currency, titles=json.dumps({"en": id}), starts=starts,
            ends=ends, budget=budget, first_use=int(first_use), at_most=at_most,
        )  # fmt: skip
    return id


def settles(
    owed: int, *invoices: str, saving: int = 0, by: tuple[str, ...] = (), currency: str = "ILS", keep: int = 0
) -> Settlement:  # fmt: skip
    charge, kept = Money(owed - saving, currency), Money(keep, currency) if keep else None
    return Settlement(Money(owed, currency), charge, Money(saving, currency), invoices, by, keep=kept)


def opens(db: Database, customer_id: str, settlement: Settlement, journey: str = "j1") -> Known:
    with db.write() as tx:
        return open_payment(tx, customer_id, settlement, journey)


def open_payment(tx: Writer, customer_id: str, settlement: Settlement, journey: str = "j1") -> Known:
    return payments.open_payment(
        tx, customer_id=customer_id, pressed=Pressed(journey, 1, "receipt"), settlement=settlement, provider="fake",
        language=Language.EN, channel="web",
    )  # fmt: skip


def begins(db: Database, customer_id: str, settlement: Settlement, journey: str = "j1") -> Known:
    """Opened, and the provider has a page for it."""
    payment = opens(db, customer_id, settlement, journey)
    with db.write() as tx:
        assert payments.started(tx, payment.id, PaymentPage(f"ref-{payment.id}", f"https://pay.example/{payment.id}"))
        found = payments.find(tx, payment.id)
    assert found
    return found


def says(payment: Known, state: str, notice: str = "", taken: Money | None = None) -> Heard:
    return Heard(notice or f"{payment.id}:{state}", payment.id, f"ref-{payment.id}", state, payment.charge if taken is None else taken)


def hears(db: Database, *words: Heard, provider: str = "fake") -> list[payments.Outcome | None]:
    outcomes = []
    for heard in words:
        with db.write() as tx:
            outcomes.append(payments.hear(tx, provider, heard))
    return outcomes


def state(db: Database, payment: Known) -> str:
    with db.read() as reader:
        found = payments.find(reader, payment.id)
    assert found
    return found.state.value


def refund_due(db: Database, payment: Known) -> int:
    with db.read() as reader:
        found = payments.find(reader, payment.id)
    assert found
    return found.refund_due.minor


def rows(db: Database, customer_id: str) -> list[tuple[str, int, str]]:
    """The ledger after its openings: kind, amount, invoice."""
    with db.read() as reader:
        found = reader.all(LEDGER, customer_id=customer_id)
    return [(row.kind, row.amount, row.invoice_number) for row in found if row.kind != "opening"]


def balance(db: Database, customer_id: str, currency: str = "ILS") -> int:
    with db.read() as reader:
        return ledger.after(reader, customer_id, currency, "").minor


def still_open(db: Database, customer_id: str) -> dict[str, int]:
    with db.read() as reader:
        return ledger.open_amounts(reader, customer_id, "ILS")


def spent(db: Database, incentive_id: str) -> int:
    with db.read() as reader:
        row = reader.one(SPENT, id=incentive_id)
    assert row
    return int(row.spent)


def redemptions(db: Database, incentive_id: str) -> list[tuple[str, int, str]]:
    with db.read() as reader:
        return [(row.customer_id, row.amount, row.state) for row in reader.all(REDEMPTIONS, id=incentive_id)]


def set_aside(db: Database) -> list[str]:
    with db.read() as reader:
        return [row.set_aside for row in reader.all(NOTICES) if row.set_aside]


def attempts(db: Database, customer_id: str) -> list[str]:
    with db.read() as reader:
        return [row.state for row in reader.all(PAYMENTS, customer_id=customer_id)]


def pass_time(db: Database, minutes: float) -> None:
    with db.write() as tx:
        tx.run(ADVANCE, by=int(minutes * 60_000))


@dataclass
class FakeProvider:
    """Says of each payment what it was told to; remembers what it was asked."""

    name: str = "fake"
    form_action: str = "https://pay.example"
    answers: dict[str, Heard] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    trouble: Exception | None = None
    went_back: dict[str, Returned] = field(default_factory=dict)
    listed: list[Reversal] = field(default_factory=list)

    def begin(self, order: Order) -> PaymentPage:
        return PaymentPage(f"ref-{order.payment_id}", f"https://pay.example/{order.payment_id}")

    def ask(self, reference: str) -> Heard:
        self.asked.append(reference)
        if self.trouble:
            raise self.trouble
        return self.answers[reference]

    def expire(self, reference: str) -> None:
        self.expired.append(reference)

    def hear(self, headers: object, body: bytes) -> Heard | Reversal | None:
        raise NotImplementedError

    def returned(self, capture: str) -> Returned | None:
        self.asked.append(capture)
        if self.trouble:
            raise self.trouble
        return self.went_back.get(capture)

    def reversals(self, since: int) -> list[Reversal]:
        return self.listed

    def check(self) -> str:
        return self.name

    def will_say(self, heard: Heard) -> None:
        self.answers[heard.reference] = heard

"""Billing outside and the ledger: what is owed while two systems are still telling each other, and what billing's answer changes."""

from dataclasses import dataclass, field
from datetime import date

import pytest
from structlog.testing import capture_logs

from portal.core import payments
from portal.core.documents import Document, Kind
from portal.core.errors import BillsUnseen, Permanent, TryAgain
from portal.core.languages import Language
from portal.core.money import Money
from portal.core.outbox import Outbox
from portal.core.payments import Changed, Known, Pressed, telling
from portal.core.payments.owing import less, untold
from portal.core.ports import Account, Bill, PaymentPage, Recorded, Taken
from portal.core.statements import Database
from portal.core.steps import Settlement
from tests.core.paying import balance, ils, offers, owes, redemptions, refund_due, rows, says, settles, spent


@dataclass
class Elsewhere:
    """A billing system that a test writes the books of: invoices by number, and what it answers to a payment."""

    db: Database
    bills: dict[str, int]
    answer: Recorded | Exception | None = None
    recorded: list[str] = field(default_factory=list)
    told: list[Taken] = field(default_factory=list)
    remote: bool = True

    def account(self, customer_id: str) -> Account:
        with self.db.read() as reader:
            upto, found = untold(reader, customer_id)
        bills = tuple(Bill(number, Kind.INVOICE, date(2026, 11, 1), None, ils(open), ils(open)) for number, open in self.bills.items())
        account = Account(bills, (ils(sum(self.bills.values())),))
        return less(account, upto, [row for row in found if row.payment_id not in self.recorded])

    def document(self, customer_id: str, number: str) -> Document | None:
        return None

    def record(self, taken: Taken) -> Recorded:
        self.told.append(taken)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or Recorded(taken.paid, taken.saving, ils(0))

    def check(self) -> str:
        return ""


@pytest.fixture
def elsewhere(database):
    owes(database, "c1")
    return Elsewhere(database, {"A": 10000, "B": 5000})


def opens(billing: Elsewhere, settlement: Settlement, customer_id: str = "c1", journey: str = "j1") -> Known:
    seen = payments.asked(billing.db, billing, customer_id, settlement)
    with billing.db.write() as tx:
        payment = payments.open_payment(
            tx, customer_id=customer_id, pressed=Pressed(journey, 1, "receipt"),
            settlement=settlement, provider="fake", language=Language.EN, channel="web",
            seen=seen,
        )  # fmt: skip
        assert payments.started(tx, payment.id, PaymentPage(f"ref-{payment.id}", "https://pay.example"))
    return payment


def succeeds(billing: Elsewhere, payment: Known) -> payments.Outcome:
    with billing.db.write() as tx:
        outcome = payments.hear(tx, "fake", says(payment, "success"))
        assert outcome
        telling.promise(tx, Outbox(separate=True), outcome)
    return outcome


def tells(billing: Elsewhere, times: int = 1) -> None:
    outbox = Outbox(separate=True)
    with billing.db.write() as tx:
        (job,) = outbox.claim(tx, telling.CHANNEL, urgent=False, most=10)
    for _time in range(times):
        telling.Courier(billing.db, billing)(job)


def typed(number: str, minor: int) -> Settlement:
    return Settlement(ils(minor), ils(minor), ils(0), (number,), (), checked=False)


def test_billing_is_told_what_was_taken_for_what(elsewhere):
    offers(elsewhere.db, "five", "percent", 500)
    payment = opens(elsewhere, settles(10000, "A", saving=500, by=("five",)))
    succeeds(elsewhere, payment)
    tells(elsewhere)
    (said,) = elsewhere.told
    assert (said.payment_id, said.customer_id, said.paid, said.saving, said.kept, said.invoices, said.checked) == (
        payment.id, "c1", ils(9500), ils(500), ils(0), ("A",), True,
    )  # fmt: skip
    assert said.taken_at > 1_700_000_000_000


def test_what_billing_has_not_acknowledged_is_taken_off_and_once(elsewhere):
    succeeds(elsewhere, opens(elsewhere, settles(4000, "A")))
    assert [bill.open for bill in elsewhere.account("c1").bills] == [ils(6000), ils(5000)]
    assert elsewhere.account("c1").balances == (ils(11000),)
    elsewhere.bills["A"] = 6000  # it has it, and its answer is on the way
    elsewhere.recorded = [row.payment_id for row in _untold(elsewhere)]
    assert elsewhere.account("c1").balances == (ils(11000),)
    tells(elsewhere)
    elsewhere.recorded = []
    assert elsewhere.account("c1").balances == (ils(11000),)


def _untold(billing: Elsewhere):
    with billing.db.read() as reader:
        return untold(reader, "c1")[1]


def test_a_payment_that_succeeds_after_billing_was_asked_is_not_owed_again(elsewhere):
    """Billing's answer is older than another tab's success."""
    old = payments.asked(elsewhere.db, elsewhere, "c1", settles(10000, "A"))
    succeeds(elsewhere, opens(elsewhere, settles(10000, "A")))
    with pytest.raises(Changed), elsewhere.db.write() as tx:
        payments.open_payment(
            tx, customer_id="c1", pressed=Pressed("j2", 1, "receipt"),
            settlement=settles(10000, "A"), provider="fake", language=Language.EN, channel="web",
            seen=old,
        )  # fmt: skip


@pytest.mark.parametrize(("first", "second", "back"), [((10000, "A"), (4000, "A"), 4000), ((15000,), (10000, "A"), 10000)])
def test_money_for_what_was_paid_meanwhile_is_due_back_without_asking_billing(elsewhere, first, second, back):
    late = opens(elsewhere, settles(*first))
    with elsewhere.db.write() as tx:
        payments.gave_up(tx, late.id, "replaced", payments.State.CANCELLED)
    succeeds(elsewhere, opens(elsewhere, settles(*second), journey="j2"))
    assert succeeds(elsewhere, late).refund_due == ils(back)


def test_what_was_not_owed_any_more_is_due_back_and_alerts(elsewhere):
    payment = opens(elsewhere, settles(10000, "A"))
    succeeds(elsewhere, payment)
    elsewhere.answer = Recorded(ils(3000), ils(0), ils(7000))
    with capture_logs() as logs:
        tells(elsewhere)
    assert refund_due(elsewhere.db, payment) == 7000
    assert rows(elsewhere.db, "c1") == [("payment", -10000, "A"), ("payment", 7000, "A")]
    assert [line["event"] for line in logs] == ["payment_refund_due"]


def test_who_takes_over_from_a_killed_process_does_not_tell_another_amount_of_the_same_payment(elsewhere):
    """The answer was taken, and the job not done: by then less of the payment is credited than billing was told."""
    succeeds(elsewhere, opens(elsewhere, settles(10000, "A")))
    elsewhere.answer = Recorded(ils(3000), ils(0), ils(7000))
    tells(elsewhere, times=2)
    assert [said.paid for said in elsewhere.told] == [ils(10000)]


def test_an_answer_that_comes_twice_gives_back_once(elsewhere):
    payment = opens(elsewhere, settles(10000, "A"))
    succeeds(elsewhere, payment)
    answer = Recorded(ils(3000), ils(0), ils(7000))
    for _time in range(3):
        with elsewhere.db.write() as tx:
            telling.acknowledge(tx, payment.id, answer)
    assert refund_due(elsewhere.db, payment) == 7000
    assert balance(elsewhere.db, "c1") == -3000


def test_an_offer_that_settled_nothing_is_free_again(elsewhere):
    offers(elsewhere.db, "five", "percent", 500, first_use=True)
    payment = opens(elsewhere, settles(10000, "A", saving=500, by=("five",)))
    succeeds(elsewhere, payment)
    elsewhere.answer = Recorded(ils(0), ils(0), ils(9500))
    tells(elsewhere)
    assert (refund_due(elsewhere.db, payment), balance(elsewhere.db, "c1"), spent(elsewhere.db, "five")) == (9500, 0, 0)
    assert redemptions(elsewhere.db, "five") == [("c1", 500, "released")]


def test_what_is_wholly_given_back_is_nothing_to_billing(elsewhere):
    first = opens(elsewhere, settles(10000, "A"))
    with elsewhere.db.write() as tx:
        payments.gave_up(tx, first.id, "replaced", payments.State.CANCELLED)
    succeeds(elsewhere, opens(elsewhere, settles(10000, "A"), journey="j2"))
    assert succeeds(elsewhere, first).refund_due == ils(10000)
    tells(elsewhere)
    assert len(elsewhere.told) == 1


def test_billing_that_does_not_answer_is_told_again_when_it_said(elsewhere):
    succeeds(elsewhere, opens(elsewhere, settles(10000, "A")))
    elsewhere.answer = BillsUnseen("429", 7.0)
    with pytest.raises(TryAgain) as later:
        tells(elsewhere)
    assert later.value.retry_after == 7.0
    assert elsewhere.account("c1").balances == (ils(5000),)


def test_billing_that_refuses_for_good_leaves_what_was_taken_off(elsewhere):
    """A person looks at it; meanwhile the customer is not asked to pay twice."""
    succeeds(elsewhere, opens(elsewhere, settles(10000, "A")))
    elsewhere.answer = Permanent("422")
    with pytest.raises(Permanent):
        tells(elsewhere)
    assert elsewhere.account("c1").balances == (ils(5000),)


def test_a_typed_number_is_taken_off_its_bill_when_billing_is_back(elsewhere):
    succeeds(elsewhere, opens(elsewhere, typed("a", 4000)))
    assert [bill.open for bill in elsewhere.account("c1").bills] == [ils(6000), ils(5000)]


def test_a_typed_number_that_is_not_theirs_takes_off_nothing(elsewhere):
    payment = opens(elsewhere, typed("SOMEBODYS-1", 4000))
    outcome = succeeds(elsewhere, payment)
    assert (outcome.paid.checked, outcome.paid.balance_after) == (False, None)
    assert elsewhere.account("c1").balances == (ils(15000),)
    elsewhere.answer = Recorded(ils(0), ils(0), ils(4000))
    tells(elsewhere)
    assert (refund_due(elsewhere.db, payment), balance(elsewhere.db, "c1")) == (4000, 0)


def test_a_typed_number_is_paid_once_until_billing_knows(elsewhere):
    succeeds(elsewhere, opens(elsewhere, typed("A-1", 4000)))
    with pytest.raises(Changed) as refused:
        opens(elsewhere, typed("a-1", 4000), journey="j2")
    assert refused.value.id == "paid_already"
    tells(elsewhere)
    assert opens(elsewhere, typed("A-1", 4000), journey="j2")


def test_two_successes_of_one_typed_number_credit_one(elsewhere):
    first = opens(elsewhere, typed("A-1", 4000))
    with elsewhere.db.write() as tx:
        payments.gave_up(tx, first.id, "replaced", payments.State.CANCELLED)
    succeeds(elsewhere, opens(elsewhere, typed("A-1", 4000), journey="j2"))
    assert succeeds(elsewhere, first).refund_due == ils(4000)


def test_who_proved_nothing_is_told_to_billing_without_a_name(elsewhere):
    succeeds(elsewhere, opens(elsewhere, typed("A-1", 4000), customer_id="visit:abc"))
    tells(elsewhere)
    assert elsewhere.told[0].customer_id == ""


def test_another_currency_is_not_touched(elsewhere):
    succeeds(elsewhere, opens(elsewhere, settles(15000, keep=5000)))
    account = elsewhere.account("c1")
    assert account.balances == (ils(0),)
    with pytest.raises(Changed):
        opens(elsewhere, settles(100, "A", currency="USD"))
    assert Money(0, "USD") not in account.balances

"""Words of one payment are told to its journey by whichever process hears them: what the customer sees is how it ended."""

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from portal.core import journey, ledger, party, payments
from portal.core.case import Proof
from portal.core.events import Origin
from portal.core.journey import paying
from portal.core.journey.rows import BY_ID, GO_ON
from portal.core.languages import Language
from portal.core.ledger import Entry
from portal.core.money import Money
from portal.core.ports import Account, Billing, Heard
from portal.core.statements import Database, Row, Statement
from portal.core.steps import Pay
from portal.core.tables import Event, Journey, Payment
from tests.channels.test_main_job import DANIEL, RECEIPTS, approve, identified, the_payment, turn_of
from tests.client import Page
from tests.core.paying import ils
from tests.databases import quick_on_sqlite
from tests.processes.instances import decide, to_provider

pytestmark = quick_on_sqlite
PATH = "/actions/pay-balance"
CHARGED = Statement(select(Payment.state, Payment.charge).order_by(col(Payment.charge).desc()))
IDS = Statement(select(Payment.id))
JOURNEYS = Statement(select(Journey.ended_at).where(col(Journey.action) == "pay-balance"))
TOLD = Statement(select(Event.outcome).where(col(Event.step) == "receipt").order_by(col(Event.id)))


class Meanwhile:
    """The billing of the demo; once, something happens while an action reads an account."""

    remote = False
    billing: Billing

    def __init__(self) -> None:
        self.happens: Callable[[], object] = lambda: None

    def account(self, customer_id: str) -> Account:
        account = self.billing.account(customer_id)
        happens, self.happens = self.happens, lambda: None
        happens()
        return account

    def document(self, customer_id: str, number: str):
        return self.billing.document(customer_id, number)


@pytest.fixture
def meanwhile():
    return Meanwhile()


@pytest.fixture
def declined(new_portal, meanwhile, demo_database):
    """A browser whose payment is about to be said to be declined; whatever `meanwhile.happens` does while that is told."""
    portal = new_portal(billing=meanwhile)
    meanwhile.billing = new_portal().app.state.portal.billing
    portal.open("/?lang=en")
    identified(portal)
    to_provider(portal)
    return portal


@pytest.fixture
def owing(portal):
    """The browser of somebody who owes two bills."""
    portal.open("/?lang=en")
    identified(portal, DANIEL)
    return portal


def success(db: Database) -> Heard:
    payment = the_payment(db)
    return Heard("taken", payment.id, payment.reference, "success", payment.charge)


def told(db: Database) -> list[str]:
    with db.read() as reader:
        return [row.outcome for row in reader.all(TOLD)]


def receipts(db: Database) -> list[Row]:
    with db.read() as reader:
        return reader.all(RECEIPTS)


def test_a_success_heard_while_the_refusal_is_told_by_a_process_that_died_of_it(declined, meanwhile, demo_database):
    def heard_and_died():
        with demo_database.write() as tx:
            payments.hear(tx, "sandbox", success(demo_database))

    meanwhile.happens = heard_and_died
    approve(declined, demo_database, "failed")
    back = f"{PATH}?journey={the_payment(demo_database).journey_id}&returned=1"
    assert declined.open(back).heading == "Paid. Thank you."
    assert declined.open(PATH).heading == "You owe nothing"
    assert told(demo_database) == ["done"], "nobody was told that it was declined"


def test_a_success_told_while_the_refusal_is_told_is_told_once(declined, meanwhile, demo_database):
    meanwhile.happens = lambda: journey.settle(declined.app.state.portal, "sandbox", success(demo_database))
    approve(declined, demo_database, "failed")
    assert declined.open(PATH).heading == "You owe nothing"
    assert told(demo_database) == ["done"]
    assert len(receipts(demo_database)) == 1


def test_a_success_that_is_heard_after_the_refusal_was_told_and_then_nobody_tells(declined, demo_database):
    approve(declined, demo_database, "failed")
    assert "No money was taken" in declined.open(PATH).said("error")
    with demo_database.write() as tx:
        payments.hear(tx, "sandbox", success(demo_database))
    assert declined.open(PATH).heading == "Paid. Thank you."
    assert told(demo_database) == ["to pay", "done"]


def test_whoever_chose_to_pay_something_else_while_a_refusal_is_told_goes_on_with_that(declined, meanwhile, demo_database):
    def another_tab_is_quicker():
        with demo_database.write() as tx:
            row = tx.one(BY_ID, id=the_payment(demo_database).journey_id)
            assert tx.run(GO_ON, id_=row.id, turn_=row.turn, on_=1, step_=row.step, ended_=None)

    meanwhile.happens = another_tab_is_quicker
    approve(declined, demo_database, "failed")
    page = declined.open(PATH)
    assert (page.has("amount-due"), page.has("error")) == (True, False)
    assert told(demo_database) == []


def test_a_second_refusal_does_not_put_the_page_out_of_date(declined, demo_database):
    approve(declined, demo_database, "cancelled")
    page = declined.open(PATH)
    payment = the_payment(demo_database)
    journey.settle(declined.app.state.portal, "sandbox", Heard("late", payment.id, payment.reference, "failed", payment.charge))
    assert the_payment(demo_database).state is payments.State.FAILED
    again = declined.post(PATH, data={"turn": turn_of(page), "reply": "pay"}, follow_redirects=False)
    assert again.status_code == 303


def who(portal) -> party.Party:
    with portal.app.state.portal.db.read() as reader:
        return party.customer(reader, "1002", Proof.CODE, Language.EN, Origin("web"), "customer:1002")


def chosen(portal, amount: str) -> Page:
    asking = portal.submit(portal.submit(portal.open(PATH), "change"), "choice-other")
    return portal.submit(asking, "submit", amount=amount)


def charged(db: Database) -> list[tuple[str, int]]:
    with db.read() as reader:
        return [(row.state, row.charge) for row in reader.all(CHARGED)]


def test_a_success_is_told_to_whoever_chooses_another_amount_meanwhile(owing, demo_database):
    to_provider(owing)
    choosing = owing.submit(owing.open(PATH), "change")
    approve(owing, demo_database)
    assert owing.submit(choosing, "choice-other").heading == "Paid. Thank you."
    assert owing.open(f"{PATH}?journey={the_payment(demo_database).journey_id}&returned=1").heading == "Paid. Thank you."
    assert len(receipts(demo_database)) == 1
    assert owing.open(PATH).heading == "You owe nothing"


@pytest.mark.parametrize(("amount", "taken"), [("30", 3000), ("", 52620)], ids=["a part", "all"])
def test_what_was_paid_while_pay_was_pressed_again_is_not_charged_twice_and_has_its_receipt(owing, demo_database, amount, taken):
    portal = owing.app.state.portal
    owing.submit(chosen(owing, amount) if amount else owing.open(PATH), "submit")
    pressed = journey.show(portal, "pay-balance", who(owing))
    assert isinstance(pressed.step, Pay)
    with demo_database.write() as tx:
        payments.hear(tx, "sandbox", success(demo_database))
    shown = paying.pay(portal, who(owing), pressed, pressed.step)
    assert isinstance(shown, journey.Shown)
    assert (shown.step.title.say(Language.EN), shown.refusal and shown.refusal.id) == ("Paid. Thank you.", "paid_already")
    assert charged(demo_database) == [("success", taken)]
    assert len(receipts(demo_database)) == 1


def test_whoever_presses_pay_in_another_tab_after_it_was_paid_sees_the_receipt(owing, demo_database):
    page = chosen(owing, "30")
    owing.submit(page, "submit")
    approve(owing, demo_database)
    shown = owing.submit(page, "submit")
    assert shown.heading == "Paid. Thank you."
    assert "earlier payment" in shown.said("error")
    assert charged(demo_database) == [("success", 3000)]


def test_another_amount_is_not_opened_once_the_first_turns_out_to_be_paid(owing, demo_database):
    till = owing.submit(chosen(owing, "30"), "submit")
    decide(owing, till.path, notice="never")
    shown = owing.submit(chosen(owing, "50"), "submit")
    assert shown.heading == "Paid. Thank you."
    assert "earlier payment" in shown.said("error")
    assert charged(demo_database) == [("success", 3000)]


def test_another_amount_that_replaced_the_first_is_what_the_page_shows(owing, demo_database):
    owing.submit(chosen(owing, "200"), "submit")
    till = owing.submit(chosen(owing, "50"), "submit")
    page = owing.open(PATH)
    assert (page.said("amount-due"), page.has("error")) == ("₪50.00", False)
    assert owing.submit(page, "submit").path == till.path
    assert charged(demo_database) == [("cancelled", 20000), ("started", 5000)]


def payment_of(db: Database, state: str) -> payments.Known:
    with db.read() as reader:
        found = [payments.find(reader, row.id) for row in reader.all(IDS)]
    (one,) = [payment for payment in found if payment and payment.state == state]
    return one


def said(payment: payments.Known, state: str) -> Heard:
    return Heard(f"{payment.id}:{state}", payment.id, payment.reference, state, payment.charge)


def twice(owing, db: Database) -> tuple[payments.Known, payments.Known]:
    """A payment that was declined, and a second one of the same journey that is open."""
    to_provider(owing)
    approve(owing, db, "failed")
    to_provider(owing)
    return payment_of(db, "failed"), payment_of(db, "started")


def test_of_two_that_both_turn_out_paid_one_is_told(owing, demo_database):
    first, second = twice(owing, demo_database)
    with demo_database.write() as tx:
        payments.hear(tx, "sandbox", said(first, "success"))
        payments.hear(tx, "sandbox", said(second, "success"))
    assert owing.open(PATH).heading == "Paid. Thank you."
    assert len(receipts(demo_database)) == 1
    assert owing.open(PATH).heading == "Pay your balance", "what is still open: the first was not given its discount a second time"


def test_a_refusal_beside_a_success_that_nobody_told_is_not_told_over_it(owing, demo_database):
    first, second = twice(owing, demo_database)
    with demo_database.write() as tx:
        payments.hear(tx, "sandbox", said(first, "success"))
    journey.settle(owing.app.state.portal, "sandbox", said(second, "failed"))
    assert owing.open(f"{PATH}?journey={first.journey_id}&returned=1").heading == "Paid. Thank you."
    assert told(demo_database) == ["to pay", "done"]


def test_what_is_said_late_of_a_page_that_was_replaced_is_not_said_of_the_new_one(owing, demo_database):
    """The same sum at the same step, but the page had grown too old."""
    to_provider(owing)
    assert owing.post("/sandbox/clock", json={"advance_seconds": 46 * 60}).status_code == 200
    identified(owing, DANIEL)
    to_provider(owing)
    first, second = payment_of(demo_database, "cancelled"), payment_of(demo_database, "started")
    portal = owing.app.state.portal
    journey.settle(portal, "sandbox", said(first, "cancelled"))
    assert not owing.open(PATH).has("error")
    journey.settle(portal, "sandbox", said(second, "failed"))
    assert "declined" in owing.open(PATH).said("error")


def test_a_first_question_that_comes_again_ends_its_journey_once_nothing_is_owed(owing, demo_database):
    with demo_database.write() as tx:
        ledger.append(tx, "1002", [Entry("opening", Money(5000, "USD"))])
    owing.submit(owing.open(PATH), "choice-all:USD")
    assert owing.post("/sandbox/clock", json={"advance_seconds": 31 * 60}).status_code == 200
    identified(owing, DANIEL)
    assert owing.open(PATH).heading == "What would you like to pay?"
    with demo_database.write() as tx:
        for number, minor in ledger.open_amounts(tx, "1002", "ILS").items():
            ledger.append(tx, "1002", [Entry("payment", ils(-minor), number)])
        ledger.append(tx, "1002", [Entry("payment", Money(-5000, "USD"))])
    assert owing.open(PATH).heading == "You owe nothing"
    with demo_database.read() as reader:
        assert [row.ended_at is None for row in reader.all(JOURNEYS)] == [False]

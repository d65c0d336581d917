"""Words of one payment are told to its journey by whichever process hears them: what the customer sees is how it ended."""

from collections.abc import Callable

import pytest
from sqlmodel import col, select

from portal.core import journey, payments
from portal.core.journey.rows import BY_ID, GO_ON
from portal.core.ports import Account, Billing, Heard
from portal.core.statements import Database, Statement
from portal.core.tables import Event
from tests.channels.test_main_job import RECEIPTS, approve, identified, the_payment, turn_of
from tests.databases import quick_on_sqlite
from tests.processes.instances import to_provider

pytestmark = quick_on_sqlite
PATH = "/actions/pay-balance"
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


def success(db: Database) -> Heard:
    payment = the_payment(db)
    return Heard("taken", payment.id, payment.reference, "success", payment.charge)


def told(db: Database) -> list[str]:
    with db.read() as reader:
        return [row.outcome for row in reader.all(TOLD)]


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
    with demo_database.read() as reader:
        assert len(reader.all(RECEIPTS)) == 1


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

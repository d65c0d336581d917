"""Bills in the company's own system: the main job as before, and what a customer can do while it does not answer."""

import threading
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from sqlmodel import col, select

from portal.adapters.billing import EmbeddedBilling
from portal.adapters.billing.breaker import FAILURES
from portal.core import journey, payments
from portal.core.ports import Heard
from portal.core.statements import Database, Statement, p
from portal.core.tables import Ledger, Outbox, Payment
from tests.bills import RUTHS
from tests.channels.test_main_job import DANIEL, RUTH, identified, turn_of
from tests.client import Client, Page
from tests.core.paying import ils
from tests.core.test_outbox import wait
from tests.databases import on_sqlite
from tests.fakes.billing import KEY, InThread, hangs, peer, says

PAYMENTS = Statement(select(Payment).order_by(col(Payment.created_at), col(Payment.id)))
CREDITED = Statement(
    select(Ledger.kind, Ledger.amount, Ledger.invoice_number).where(col(Ledger.payment_id) == p("payment_id")).order_by(col(Ledger.id))
)
TOLD = Statement(select(Outbox.state, Outbox.attempts).where(col(Outbox.channel) == "billing"))
DOWN = "We cannot see your bills right now"
INVOICE = RUTHS
# What differs by database is in the payments; the words are the same.


@pytest.fixture
def reference(sqlite_demo: str) -> Iterator[InThread]:
    """The demo company's books, in a database of their own."""
    running = InThread(sqlite_demo)
    yield running
    running.close()


@pytest.fixture
def outside(new_portal: Callable[..., Client]) -> Callable[[str], Client]:
    """`outside(url)`: the demo company's portal, whose bills are there."""

    def make(url: str, language: str = "en", **more: object) -> Client:
        portal = new_portal(billing="http", billing_url=url, billing_key=SecretStr(KEY), **more)
        portal.open(f"/?lang={language}")
        return portal

    return make


def number_of(reference: InThread, customer_id: str) -> str:
    return EmbeddedBilling(reference.db).account(customer_id).open_bills[-1].number


def owed(reference: InThread, customer_id: str) -> int:
    return sum(one.minor for one in EmbeddedBilling(reference.db).account(customer_id).balances)


def pays(portal: Client, page: Page) -> None:
    """To the provider's page; what comes back is not followed."""
    sent = portal.post("/actions/pay-balance", data={"turn": turn_of(page), "reply": "pay"}, follow_redirects=False)
    assert sent.status_code == 303, sent.text
    assert "/sandbox/pay/" in sent.headers["location"]


def half_a_minute_passes(portal: Client) -> None:
    """For the outbox, whose next try is due, and for the breaker."""
    assert portal.post("/sandbox/clock", json={"advance_seconds": 30}).status_code == 200
    portal.app.state.portal.billing.wire.breaker.answered()


def newest(db: Database) -> payments.Known:
    with db.read() as reader:
        found = payments.find(reader, reader.all(PAYMENTS)[-1].id)
    assert found
    return found


def approve(portal: Client, db: Database, state: str = "success") -> payments.Known:
    paid = newest(db)
    journey.settle(portal.app.state.portal, "sandbox", Heard(f"n-{paid.id}", paid.id, paid.reference, state, paid.charge))
    return newest(db)


def credited(db: Database, payment: payments.Known) -> list[tuple[str, int, str]]:
    with db.read() as reader:
        return [tuple(row) for row in reader.all(CREDITED, payment_id=payment.id) if row.kind in ("payment", "saving")]


def told(db: Database) -> list[str]:
    with db.read() as reader:
        return [row.state for row in reader.all(TOLD)]


def test_the_main_job_is_the_same(outside, reference, demo_database):
    portal = outside(reference.url)
    page = identified(portal, RUTH, "/actions/last-invoice")
    assert (page.heading, page.said("amount"), page.said("amount-due")) == ("Your last invoice", "₪229.75", "₪229.75")
    assert portal.get(page.at("view").get("href")).content.startswith(b"%PDF-")
    paying = portal.open("/actions/pay-balance")
    assert (paying.said("amount-due"), paying.said("saving")) == ("₪218.26", "₪11.49")
    pays(portal, paying)
    paid = approve(portal, demo_database)
    assert portal.open("/actions/pay-balance").heading == "You owe nothing"
    receipt = portal.open(f"/actions/pay-balance?journey={paid.journey_id}")
    assert (receipt.said("balance"), receipt.said("saving")) == ("₪0.00", "₪11.49")
    wait(lambda: told(demo_database) == ["sent"])
    assert owed(reference, "1001") == 0
    assert portal.open("/actions/pay-balance").heading == "You owe nothing"
    assert {message["channel"] for message in portal.messages("")} == {"sms"}, "what billing is told is no message"
    assert portal.open("/sandbox/phone").status == 200


@on_sqlite
def test_while_billing_is_down_a_page_says_so_and_what_can_be_done(outside, reference):
    portal = outside(reference.url)
    identified(portal)
    reference.kill()
    page = portal.open("/actions/last-invoice")
    assert (page.status, page.heading) == (503, DOWN)
    assert page.response.headers["retry-after"] == "10"
    assert "number and amount" in page.said("error")
    assert "Nothing was lost. If you have paid, you do not need to pay again." in page.text
    assert page.has("human")
    assert portal.get(f"/invoices/{INVOICE}.pdf").status_code == 503
    assert portal.open("/").status == 200
    asked_by_script = portal.get("/invoices/%D7%90%231.pdf?save=1", headers={"HX-Request": "true"})
    assert (asked_by_script.status_code, asked_by_script.headers["hx-redirect"]) == (503, "/invoices/%D7%90%231.pdf?save=1")
    by_number = portal.follow(page, "action-pay-balance")
    assert (by_number.status, by_number.heading) == (200, DOWN)
    assert by_number.has("number")
    assert not by_number.has("incentive")  # it does not hold for what nobody can check
    assert by_number.has("human")


def test_a_bill_is_paid_by_its_number_while_billing_is_down_and_told_when_it_is_back(outside, reference, demo_database):
    portal = outside(reference.url)
    identified(portal, DANIEL)
    number, owed_before = number_of(reference, "1002"), owed(reference, "1002")
    reference.kill()
    page = portal.submit(portal.open("/actions/pay-balance"), "submit", number=f" {number.lower()} ", amount="100")
    assert page.heading == f"Pay invoice {number}"
    assert "nobody has checked this number" in page.text
    assert page.said("amount-due") == "₪100.00"
    pays(portal, page)
    paid = approve(portal, demo_database)
    assert credited(demo_database, paid) == [("payment", -10000, number)]
    receipt = portal.open(f"/actions/pay-balance?journey={paid.journey_id}&returned=1")
    assert receipt.heading == "Paid. Thank you."
    assert "seen on your account once the billing system is back" in receipt.text
    assert not receipt.has("balance")
    assert portal.get(receipt.at("view-receipt").get("href")).content.startswith(b"%PDF-")
    assert told(demo_database) == ["waiting"]
    reference.start()
    half_a_minute_passes(portal)
    wait(lambda: told(demo_database) == ["sent"], seconds=60)
    assert owed(reference, "1002") == owed_before - 10000
    assert newest(demo_database).refund_due == ils(0)


@on_sqlite
def test_what_is_just_paid_by_number_is_not_paid_again(outside, reference, demo_database):
    portal = outside(reference.url)
    identified(portal)
    reference.kill()
    for _tab in range(2):
        page = portal.submit(portal.open("/actions/pay-balance"), "submit", number="INV-1", amount="100")
        if _tab == 0:
            pays(portal, page)
            approve(portal, demo_database)
    again = portal.submit(page, "submit")
    assert "You have just paid this bill here" in again.text
    with demo_database.read() as reader:
        assert len(reader.all(PAYMENTS)) == 1


@on_sqlite
def test_what_is_no_bills_number_is_refused(outside, reference):
    portal = outside(reference.url)
    identified(portal)
    reference.kill()
    for number in ["", "x", "12", "no digits", "1;2", "<b>1", "1" * 41, "№ 123 $"]:
        page = portal.submit(portal.open("/actions/pay-balance"), "submit", number=number, amount="100")
        assert page.status == 422
        assert "not the number of a bill" in page.said("error"), number


def test_a_known_and_an_unknown_id_number_pay_alike_while_billing_is_down(outside, reference, demo_database):
    pages = {}
    reference.kill()
    for id_number in ("000000018", "000000109"):
        portal = outside(reference.url)
        portal.submit(portal.open("/identify?next=/actions/pay-balance"), "submit-id", id_number=id_number)
        page = portal.submit(portal.open("/actions/pay-balance"), "submit", number="INV-1", amount="100")
        pays(portal, page)
        paid = approve(portal, demo_database)
        assert paid.customer_id.startswith("visit:")
        receipt = portal.open(f"/actions/pay-balance?journey={paid.journey_id}&returned=1")
        assert receipt.heading == "Paid. Thank you."
        pages[id_number] = (page.testids, receipt.testids)
    assert len(set(map(str, pages.values()))) == 1


@on_sqlite
def test_a_declined_payment_by_number_can_be_tried_again(outside, reference, demo_database):
    portal = outside(reference.url)
    identified(portal)
    reference.kill()
    pays(portal, portal.submit(portal.open("/actions/pay-balance"), "submit", number="INV-1", amount="100"))
    approve(portal, demo_database, "failed")
    page = portal.open("/actions/pay-balance")
    assert page.heading == DOWN
    assert "No money was taken" in page.text
    pays(portal, portal.submit(page, "submit", number="INV-1", amount="100"))


def test_billing_that_dies_between_the_page_and_the_button_takes_no_money(outside, reference, demo_database):
    portal = outside(reference.url)
    identified(portal, DANIEL)
    paying = portal.open("/actions/pay-balance")
    reference.kill()
    page = portal.submit(paying, "submit")
    assert page.heading == DOWN
    with demo_database.read() as reader:
        assert reader.all(PAYMENTS) == []
    reference.start()
    portal.app.state.portal.billing.wire.breaker.answered()
    back = portal.submit(page, "choice-again")
    assert "Pay" in back.heading
    assert back.said("amount-due") == paying.said("amount-due")


@on_sqlite
def test_a_number_that_was_typed_while_billing_was_down_is_checked_when_it_is_back(outside, reference):
    portal = outside(reference.url)
    identified(portal, DANIEL)
    reference.kill()
    page = portal.open("/actions/pay-balance")
    reference.start()
    portal.app.state.portal.billing.wire.breaker.answered()
    after = portal.submit(page, "submit", number="NOT-MINE-1", amount="5")
    assert after.heading != "Pay invoice NOT-MINE-1"
    assert after.status == 200


@on_sqlite
def test_pages_do_not_ask_billing_for_an_ornament(outside):
    with peer(says({}, "500 Internal Server Error")) as bad:
        portal = outside(bad.url)
        identified(portal)
        for path in ("/", "/human", "/identify", "/accessibility"):
            assert portal.open(path).status == 200
        assert bad.asked == []


@on_sqlite
def test_who_does_not_answer_is_asked_few_times_and_every_page_is_there(outside):
    with peer(says({}, "500 Internal Server Error")) as bad:
        portal = outside(bad.url)
        identified(portal)
        for _visit in range(10):
            assert portal.open("/actions/last-invoice").status == 503
            assert portal.open("/actions/pay-balance").status == 200
        assert len(bad.asked) == FAILURES


@on_sqlite
def test_billing_that_hangs_holds_up_nobody_else(outside):
    """One customer waits for billing, on the same loop as everybody."""
    answered = []
    with peer(hangs) as bad:
        portal = outside(bad.url)
        identified(portal)
        waiting = threading.Thread(target=lambda: answered.append(portal.get("/actions/last-invoice").status_code))
        waiting.start()
        assert bad.came.wait(10)
        assert portal.get("/healthz").status_code == 200
        assert portal.open("/human").status == 200
        assert answered == []
    waiting.join(30)
    assert answered == [503]


@on_sqlite
def test_an_invoice_whose_lines_cannot_be_had_is_shown_without_them(outside):
    bill = {"number": "A", "kind": "invoice", "issued": "2026-11-01", "currency": "ILS", "total": 10000, "open": 10000}
    account = says({"customer_id": "1001", "bills": [bill], "balances": [{"currency": "ILS", "amount": 10000}]})
    broken = says(b"{", "200 OK")
    with peer(lambda here, wire, target: (account if "account" in target else broken)(here, wire, target)) as odd:
        portal = outside(odd.url)
        page = identified(portal, RUTH, "/actions/last-invoice")
    assert (page.status, page.said("amount-due")) == (200, "₪100.00")

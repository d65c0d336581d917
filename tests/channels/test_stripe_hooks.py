"""Stories told over HTTP: a served portal, a Stripe that stands for the real one, and a customer between them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlmodel import col, select

from portal.app import open_database
from portal.core.statements import Database, Statement
from portal.core.tables import Chore, Event, Ledger, Notice, Payment
from tests.client import Browser, Page
from tests.conftest import Templates
from tests.databases import as_seeded
from tests.fakes.stripe import FakeStripe
from tests.processes.instances import DANIEL, RUTH, eventually, identified, to_provider
from tests.servers import Server

PAYMENTS = Statement(select(Payment).order_by(col(Payment.created_at)))
NOTICES = Statement(select(Notice))
LEDGER = Statement(select(Ledger.kind, Ledger.amount).where(col(Ledger.payment_id) != "").order_by(col(Ledger.id)))
IN_HAND = Statement(select(Chore.name).where(col(Chore.owner) != ""))
LOOKED_BACK = Statement(select(Chore.name).where(col(Chore.name) == "ask what went back", col(Chore.owner) == ""))
TIMELINE = Statement(select(Event.action, Event.outcome, Event.reason).where(col(Event.step) == "payment").order_by(col(Event.id)))


def settings(stripe: FakeStripe, **more: str) -> dict[str, Any]:
    return {
        "PORTAL_PAYMENTS": "stripe", "STRIPE_API_KEY": stripe.key, "STRIPE_WEBHOOK_SECRET": stripe.courier.secret,
        "STRIPE_API_BASE": stripe.url, **more,
    }  # fmt: skip


@pytest.fixture(scope="module")
def standing() -> Iterator[FakeStripe]:
    with FakeStripe() as stripe:
        stripe.spared = "/v1/events"
        yield stripe


@pytest.fixture
def stripe(standing: FakeStripe) -> FakeStripe:
    """That has taken nothing yet."""
    standing.begins_anew()
    return standing


@pytest.fixture(scope="module")
def site(standing: FakeStripe, sqlite_templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A portal for all the stories on SQLite, and its database."""
    with sqlite_templates.copy("demo") as url:
        with Server(url, tmp_path_factory.mktemp("stripe"), **settings(standing)) as server:
            standing.courier.url = f"{server.url}/hooks/payments/stripe"
            yield server, url
        print(server.said()[-4000:])


@pytest.fixture
def demo_url(site: tuple[Server, str], sqlite_templates: Templates) -> str:
    """Where nothing has happened yet, and nothing is under way that began before."""
    _server, url = site
    with closing(open_database(url)) as db:
        eventually(lambda: not chores_in_hand(db))
    as_seeded(Path(url.removeprefix("sqlite:///")), sqlite_templates.folder / "demo.db")
    return url


@pytest.fixture
def server(site: tuple[Server, str], demo_url: str, stripe: FakeStripe) -> Server:
    return site[0]


@pytest.fixture
def ruth(server) -> Iterator[Browser]:
    with Browser(server.url) as browser:
        identified(browser, RUTH, "/actions/pay-balance")
        yield browser


def reference(page: str) -> str:
    return page.rpartition("/")[2]


def press(page: str, what: str) -> httpx2.Response:
    """On Stripe's page; where it sends the customer is not followed."""
    return httpx2.post(page, data={"do": what}, follow_redirects=False, timeout=30)


def payments(db: Database) -> list[Payment]:
    with db.read() as reader:
        return reader.all(PAYMENTS)


def ledger(db: Database) -> list[tuple[str, int]]:
    with db.read() as reader:
        return [tuple(row) for row in reader.all(LEDGER)]


def chores_in_hand(db: Database) -> list[str]:
    with db.read() as reader:
        return [row.name for row in reader.all(IN_HAND)]


def looked_back(db: Database) -> bool:
    """A look that is under way would count its hour from its end: behind a clock that was moved on meanwhile."""
    with db.read() as reader:
        return reader.one(LOOKED_BACK) is not None


def notices(db: Database) -> list[str]:
    with db.read() as reader:
        return sorted(row.set_aside or row.state for row in reader.all(NOTICES))


def later(browser: Browser, days: float) -> None:
    assert browser.post("/sandbox/clock", json={"advance_seconds": int(days * 86_400)}).status_code == 200


def test_a_balance_is_paid_waited_for_receipted_and_given_back(stripe, ruth, demo_database):
    the_whole_way(stripe, ruth, demo_database)


def test_and_so_it_is_on_postgresql(postgresql_demo, serve):
    with FakeStripe() as stripe, closing(open_database(postgresql_demo)) as db:
        server = serve(postgresql_demo, **settings(stripe))
        stripe.courier.url = f"{server.url}/hooks/payments/stripe"
        with Browser(server.url) as ruth:
            identified(ruth, RUTH, "/actions/pay-balance")
            the_whole_way(stripe, ruth, db)


def the_whole_way(stripe: FakeStripe, ruth: Browser, db: Database) -> None:
    due = ruth.open("/actions/pay-balance")
    assert due.said("amount-due") == "₪218.26"
    assert f"form-action 'self' {stripe.url};" in due.response.headers["content-security-policy"]
    page = to_provider(ruth)
    assert page.startswith(f"{stripe.url}/c/pay/cs_test_")
    assert 'data-minor="21826" data-currency="ils"' in httpx2.get(page, timeout=30).text

    stripe.courier.holding = True
    back = press(page, "pay").headers["location"]
    assert "waiting" in ruth.open(back).heading
    assert payments(db)[0].state == "started"  # the return page never marks paid (56)
    stripe.courier.release()
    stripe.courier.holding = False
    stripe.courier.settled()
    receipt = ruth.open(back)
    assert (receipt.heading, receipt.said("paid")) == ("Paid. Thank you.", "₪218.26")
    assert ruth.open("/actions/pay-balance").heading == "You owe nothing"

    (paid,) = payments(db)
    assert paid.capture == stripe.account.intent_of(paid.id)
    stripe.account.refund(paid.capture, 5000)
    stripe.account.dispute(paid.capture, 10000)
    stripe.courier.settled()
    assert ledger(db)[-2:] == [("refund", 5000), ("dispute", 10000)]
    assert ruth.open("/actions/pay-balance").said("amount-due") != "₪0.00"
    assert ruth.open("/actions/last-invoice").said("amount-due") == "₪150.00"
    with db.read() as reader:
        assert [tuple(row) for row in reader.all(TIMELINE)] == [
            ("pay-balance", "refund", "50.00 ILS"),
            ("pay-balance", "dispute", "100.00 ILS"),
        ]
    assert stripe.account.taken() == {paid.id: {"amount": 21826, "refunded": 5000, "times": 1, "currency": "ils"}}


def test_declined_and_back_again_the_page_is_the_same_and_so_is_a_second_tabs(stripe, ruth, demo_database):
    page = to_provider(ruth)
    assert "declined" in press(page, "decline").text
    stripe.courier.settled()
    left: Page = ruth.open(stripe.account.objects[reference(page)]["cancel_url"])
    assert left.said("amount-due") == "₪218.26"
    assert (to_provider(ruth), to_provider(ruth)) == (page, page)
    press(page, "pay")
    stripe.courier.settled()
    assert [row.state for row in payments(demo_database)] == ["success"]
    assert len(stripe.account.sessions()) == 1


def test_another_amount_closes_the_first_page_so_that_two_tabs_pay_once(stripe, ruth, demo_database):
    first = to_provider(ruth)
    asked = ruth.submit(ruth.open("/actions/pay-balance"), "change")
    asked = ruth.submit(asked, "choice-other")
    ruth.submit(asked, "submit", amount="100")
    second = to_provider(ruth)
    assert "expired" in press(first, "pay").text
    press(second, "pay")
    stripe.courier.settled()
    assert sorted(row.state for row in payments(demo_database)) == ["cancelled", "success"]
    assert sum(one["amount"] for one in stripe.account.taken().values()) == 10000


def test_while_the_bank_decides_nobody_pays_again(stripe, ruth, demo_database):
    page = to_provider(ruth)
    back = press(page, "pay later").headers["location"]
    stripe.courier.settled()
    assert "waiting" in ruth.open(back).heading
    for _try in range(2):
        asked = ruth.open("/actions/pay-balance")
        assert "Your bank has not answered yet" in ruth.submit(asked, "submit").said("error")
        ruth.submit(ruth.submit(ruth.submit(ruth.open("/actions/pay-balance"), "change"), "choice-other"), "submit", amount="100")
    stripe.account.bank_decides(reference(page), ok=True)
    stripe.courier.settled()
    assert [row.state for row in payments(demo_database)] == ["success"]
    assert len(stripe.account.sessions()) == 1


def test_an_abandoned_page_is_closed_after_an_hour(stripe, ruth, demo_database):
    page = to_provider(ruth)
    later(ruth, 61 / 1440)
    eventually(lambda: payments(demo_database)[0].state == "cancelled")
    assert stripe.account.objects[reference(page)]["status"] == "expired"
    assert "No money was taken" in identified(ruth, RUTH, "/actions/pay-balance").said("error")


def test_a_stripe_that_hangs_costs_a_sentence_and_the_next_try_has_the_same_key(stripe, ruth, demo_database):
    """F10. The first order arrived; its answer did not."""
    stripe.trouble.extend(["hang", "after"])
    for _try in range(2):
        page = ruth.open("/actions/pay-balance")
        answer = ruth.submit(page, "submit")
        assert "The payment page does not answer now. No money was taken." in answer.text
    assert to_provider(ruth).startswith(stripe.url)
    assert len(payments(demo_database)) == len(stripe.account.sessions()) == len(stripe.kept) == 1


def test_after_three_days_without_notices_asking_finds_all_of_it_once(server, stripe, ruth, demo_database):
    """F11: a card, a way to pay that takes days, and a refund."""
    stripe.courier.lose = 1.0
    press(to_provider(ruth), "pay")
    with Browser(server.url) as daniel:
        identified(daniel, DANIEL, "/actions/pay-balance")
        slow = to_provider(daniel)
        press(slow, "pay later")
        later(ruth, 10 / 1440)
        eventually(lambda: sorted(row.state for row in payments(demo_database)) == ["submitted", "success"])
        eventually(lambda: looked_back(demo_database))
        stripe.account.bank_decides(reference(slow), ok=True)
        stripe.account.refund(payments(demo_database)[0].capture, 1000)
        later(daniel, 3)
        eventually(lambda: [row.state for row in payments(demo_database)] == ["success"] * 2)
        eventually(lambda: ("refund", 1000) in ledger(demo_database))
    taken = sum(one["amount"] for one in stripe.account.taken().values())
    assert sum(amount for kind, amount in ledger(demo_database) if kind == "payment") == -taken
    assert len(stripe.courier.lost) == len(stripe.account.events)


def test_what_is_not_as_it_should_be_is_refused_set_aside_or_ignored(server, stripe, ruth, demo_database):
    page = to_provider(ruth)
    hook = stripe.courier.url
    assert httpx2.post(hook, content=b"{}", timeout=30).status_code == 400
    assert httpx2.post(hook, content=b"{}", headers={"Stripe-Signature": "t=1,v1=a"}, timeout=30).status_code == 400
    assert httpx2.post(hook.replace("stripe", "sandbox"), content=b"{}", timeout=30).status_code == 404
    assert notices(demo_database) == []

    stripe.account.objects[reference(page)]["amount_total"] -= 1
    press(page, "pay")
    stripe.courier.settled()
    assert notices(demo_database) == ["took 21825 ILS for 21826 ILS"]
    assert ledger(demo_database) == []
    assert "payment_notice_set_aside" in server.said()
    assert 'portal_payment_notices_total{outcome="ignored",provider="stripe"}' in ruth.get("/metrics").text


def test_a_refund_that_stripe_cannot_be_asked_about_now_is_heard_when_it_comes_again(stripe, ruth, demo_database):
    press(to_provider(ruth), "pay")
    stripe.courier.settled()
    stripe.trouble.extend(["before", "before"])
    stripe.account.refund(payments(demo_database)[0].capture, 1000)
    stripe.courier.settled()
    assert not stripe.trouble
    assert ledger(demo_database)[-1] == ("refund", 1000)


@pytest.mark.parametrize(
    ("key", "says", "code"),
    [
        ("sk_test_fake", "ok    payments: Stripe answers, in test mode", 0),
        ("sk_test_wrong", "WRONG payments: Stripe refuses STRIPE_API_KEY", 1),
    ],
)
def test_check_says_whether_stripe_takes_the_key(stripe, check, key, says, code):
    checked = check(**settings(stripe) | {"STRIPE_API_KEY": key})
    assert says in checked.stdout
    assert checked.exit_code == code


def test_a_test_key_takes_no_live_money(check):
    with FakeStripe() as unasked:  # of the other, the portal that stands beside it asks what went back
        checked = check(**settings(unasked, PORTAL_MODE="live", STRIPE_WEBHOOK_SECRET="whsec_old, whsec_new"))
        assert "STRIPE_API_KEY is a test key, which takes no money" in checked.stdout
        assert unasked.calls == []

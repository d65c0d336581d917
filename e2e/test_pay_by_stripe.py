"""A customer pays what they owe at Stripe's page: a Stripe of our own, at an address of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import RUNNING, serving
from e2e.pages import Pay, Receipt, identified
from tests.fakes.stripe import FakeStripe

pytestmark = pytest.mark.skipif(bool(RUNNING), reason="the site that is running has a provider of its own")


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeStripe]:
    with FakeStripe() as running:
        yield running


@pytest.fixture
def stripe(provider: FakeStripe) -> FakeStripe:
    """That holds no notice back."""
    provider.courier.holding = False
    return provider


@pytest.fixture(scope="module")
def own_site(demo_company: Path, tmp_path_factory: pytest.TempPathFactory, provider: FakeStripe) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("stripe")
    given = {
        "PORTAL_PAYMENTS": "stripe", "STRIPE_API_KEY": provider.key, "STRIPE_WEBHOOK_SECRET": provider.courier.secret,
        "STRIPE_API_BASE": provider.url,
    }  # fmt: skip
    with serving(demo_company, folder, **given) as server:
        provider.courier.url = f"{server.url}/hooks/payments/stripe"
        yield server.url, folder / "portal.db"


@pytest.fixture
def bill(visitor, telephone):
    identified(visitor, telephone, "pay-balance")
    return Pay(visitor)


def test_a_card_is_declined_another_is_taken_and_the_receipt_waits_for_the_notice(visitor, bill, stripe):
    due = bill.due
    bill.go_on()
    visitor.taps_on("checkout-decline")
    visitor.sees("checkout-declined")
    stripe.courier.holding = True
    visitor.taps_on("checkout-pay")
    visitor.arrives("waiting", "check-again")
    stripe.courier.release()
    if not visitor.way.javascript:
        stripe.courier.settled()
        visitor.page.reload()  # as the page does by itself every five seconds: a button of it may be gone
    Receipt(visitor)
    assert due in visitor.page.locator("main").inner_text()


def test_going_back_from_the_page_takes_no_money_and_leads_to_the_same_page_again(visitor, bill, stripe):
    before = len(stripe.account.sessions())
    bill.go_on()
    visitor.taps_on("checkout-back")
    Pay(visitor).go_on()
    visitor.taps_on("checkout-pay")
    Receipt(visitor)
    assert len(stripe.account.sessions()) == before + 1

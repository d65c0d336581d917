"""A payment that is under way, for whoever looks at it by another way than the provider's way back, or goes on without it."""

import pytest

from tests.channels.test_main_job import DANIEL, approve, identified, the_payment
from tests.databases import quick_on_sqlite
from tests.processes.instances import decide, to_provider

pytestmark = quick_on_sqlite


@pytest.fixture
def owing(portal):
    portal.open("/?lang=en")
    identified(portal, DANIEL)
    return portal


def pays_unheard(portal) -> None:
    decide(portal, to_provider(portal), notice="never")


def test_what_an_earlier_payment_came_to_is_not_said_of_the_one_that_is_under_way(owing, demo_database):
    to_provider(owing)
    approve(owing, demo_database, "failed")
    assert "No money was taken" in owing.open("/actions/pay-balance").said("error")
    pays_unheard(owing)
    page = owing.open("/actions/pay-balance")
    assert page.has("amount-due")
    assert not page.has("error"), "money was taken"
    assert "do not pay again" in page.text
    assert owing.submit(page, "paid-there").heading == "Paid. Thank you.", "its notice never came, and is not needed"


def test_whoever_waits_can_leave_and_can_have_the_provider_asked(owing, demo_database):
    to_provider(owing)
    waiting = owing.submit(owing.open("/actions/pay-balance"), "paid-there")
    assert "waiting" in waiting.heading
    assert "waiting" in waiting.tree.findtext("head/title")
    assert "not confirmed yet" in waiting.text
    assert owing.follow(waiting, "home").has("action-pay-balance")
    decide(owing, the_payment(demo_database).page_url, notice="never")
    assert "waiting" in owing.submit(waiting, "check-again").heading, "it was asked a moment ago"
    assert owing.post("/sandbox/clock", json={"advance_seconds": 11}).status_code == 200
    assert owing.submit(waiting, "check-again").heading == "Paid. Thank you."


def test_before_anybody_was_at_the_payment_page_nothing_is_said_of_it(owing):
    assert not owing.open("/actions/pay-balance").has("paid-there")


def test_another_amount_after_a_payment_nobody_heard_of_shows_its_receipt_and_says_so(owing):
    pays_unheard(owing)
    choosing = owing.submit(owing.open("/actions/pay-balance"), "change")
    one = owing.submit(choosing, next(testid for testid in choosing.testids if testid.startswith("choice-bill:")))
    arrived = owing.submit(one, "submit")
    assert arrived.heading == "Paid. Thank you."
    assert "earlier payment" in arrived.said("error")
    assert "No money was taken" not in arrived.text

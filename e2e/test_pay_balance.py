"""A customer pays what they owe."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import RUNNING
from e2e.pages import Pay, Provider, Receipt, identified

pytestmark = pytest.mark.usefixtures("sandbox")  # its payment provider


@pytest.fixture
def bill(visitor, telephone):
    """The page with what is owed."""
    identified(visitor, telephone, "pay-balance")
    if RUNNING and not visitor.page.get_by_test_id("amount-due").is_visible():
        pytest.skip("this site's customer owes nothing: seed it anew")
    return Pay(visitor)


def test_the_whole_balance(visitor, bill):
    due = bill.due
    bill.go_on()
    provider = Provider(visitor)
    assert visitor.reads("amount-due") == due
    provider.decide("approve")
    Receipt(visitor)
    assert due in visitor.page.locator("main").inner_text()


def test_when_the_network_fails_nobody_who_has_paid_reads_that_no_money_was_taken(scripts, visitor, bill):
    visitor.foretold = 503
    nothing_taken, nothing_lost = (visitor.page.locator("#trouble > span").nth(n) for n in (0, 1))
    visitor.page.route("**/", lambda route, _request: route.fulfill(status=503))
    visitor.taps_on(visitor.page.locator("a.brand"))
    visitor.sees(nothing_taken)
    expect(nothing_lost).to_be_hidden()
    bill.go_on()
    Provider(visitor).decide("approve")
    Receipt(visitor)
    visitor.taps_on(visitor.page.locator("a.brand"))
    visitor.sees(nothing_lost)
    expect(nothing_taken).to_be_hidden()


def test_on_a_slow_network_it_says_one_moment_until_the_page_is_shown_again(scripts, visitor, bill):
    wait = visitor.page.locator("#wait")
    visitor.page.route("**/actions/pay-balance", lambda route: route.fulfill(status=204))  # the page stays, as while nothing comes
    bill.go_on()
    expect(wait).to_be_visible()
    visitor.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")  # as the back button brings it
    expect(wait).to_be_hidden()
    visitor.page.unroute_all()
    bill.go_on()
    Provider(visitor)


def test_the_receipt_is_a_pdf(visitor, bill):
    bill.go_on()
    Provider(visitor).decide("approve")
    answer = visitor.page.context.request.get(Receipt(visitor).document)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")


def test_the_saving_is_shown_before_and_on_the_receipt(visitor, bill):
    saving = visitor.reads("saving")
    assert re.search(r"\d+\.\d\d", saving)
    bill.go_on()
    Provider(visitor).decide("approve")
    Receipt(visitor)
    assert saving.lstrip("-") in visitor.page.locator("main").inner_text()


def test_a_card_that_is_declined_costs_nothing_and_can_be_tried_again(visitor, bill):
    bill.go_on()
    Provider(visitor).decide("decline")
    visitor.sees("error")
    Pay(visitor)
    assert visitor.at("error").count() == 1
    Pay(visitor).go_on()
    Provider(visitor).decide("approve")
    Receipt(visitor)


def test_a_notice_that_is_late_is_waited_for(visitor, bill):
    bill.go_on()
    Provider(visitor).decide("approve", notice="late")
    if not visitor.way.javascript:
        visitor.arrives("waiting", "check-again")
        for _ in range(60):
            if visitor.has("receipt"):
                break
            visitor.page.wait_for_timeout(500)
            visitor.page.reload()
    visitor.page.get_by_test_id("receipt").wait_for(timeout=30_000)
    Receipt(visitor)


def test_paid_once_however_often_the_notice_comes(visitor, bill, telephone):
    bill.go_on()
    Provider(visitor).decide("approve", notice="twice")
    Receipt(visitor)
    visitor.goes_to("/actions/pay-balance")
    visitor.sees(visitor.page.locator("h1"))
    assert not visitor.has("amount-due")

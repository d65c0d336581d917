"""The sandbox provider's page: what can be pressed on it before an order is over, and after."""

from tests.channels.test_main_job import RUTH, identified
from tests.databases import quick_on_sqlite
from tests.processes.instances import eventually, to_provider

pytestmark = quick_on_sqlite


def paid(portal) -> str:
    portal.open("/?lang=en")
    identified(portal, RUTH)
    return to_provider(portal)


def test_an_order_that_is_over_cannot_be_approved_and_leads_back(portal):
    page = portal.open(paid(portal))
    assert {"approve", "decline", "abandon"} <= set(page.testids)
    portal.post(page.url, data={"decision": "decline", "notice": "never"}, follow_redirects=False)
    over = portal.open(page.url)
    assert over.said("ended") == "The card was declined."
    assert not {"approve", "decline", "abandon", "refund", "dispute"} & set(over.testids)
    assert portal.follow(over, "back").has("amount-due")


def test_money_is_given_back_disputed_and_won_on_the_page_of_the_order(portal):
    page = portal.open(paid(portal))
    portal.post(page.url, data={"decision": "approve", "notice": "never"}, follow_redirects=False)
    assert {"refund", "dispute"} <= set(portal.open(page.url).testids)
    disputed = portal.submit(portal.open(page.url), "dispute")
    assert "dispute_won" in disputed.testids
    assert not {"refund", "dispute"} & set(disputed.testids)
    assert {"refund", "dispute"} <= set(portal.submit(disputed, "dispute_won").testids)
    assert portal.submit(portal.open(page.url), "refund").has("refund_failed")


def test_what_was_given_back_is_owed_again(new_portal, serve, demo_url):
    from tests.client import Browser

    with Browser(serve(demo_url).url) as browser:
        url = paid(browser)
        browser.post(url, data={"decision": "approve", "notice": "now"}, follow_redirects=False)
        eventually(lambda: browser.open("/actions/pay-balance").heading == "You owe nothing")
        browser.submit(browser.open(url), "refund")
        eventually(lambda: browser.open("/actions/pay-balance").has("amount-due"))

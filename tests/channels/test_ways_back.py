"""Where whoever identifies is led, and what whoever paid is told when they come back as somebody else than they went."""

import pytest

from tests.bills import RUTHS
from tests.channels.test_main_job import RUTH, identified, newest_code
from tests.client import BASE_URL
from tests.databases import quick_on_sqlite
from tests.processes.instances import decide, eventually

pytestmark = quick_on_sqlite

ID_NUMBER, INVOICE = "000000018", RUTHS


@pytest.fixture
def english(portal):
    portal.open("/?lang=en")
    return portal


def with_id_number(portal, next="/"):
    return portal.submit(portal.open(f"/identify?next={next}"), "submit-id", id_number=ID_NUMBER)


def paid_with_id_number(portal, after_minutes: int = 0) -> str:
    """The way back from the provider's page."""
    page = with_id_number(portal, "/actions/pay-balance")
    till = portal.submit(portal.submit(page, "submit", number=INVOICE, amount="229.75"), "submit")
    assert portal.post("/sandbox/clock", json={"advance_seconds": after_minutes * 60}).status_code == 200
    return decide(portal, till.path, notice="never").headers["location"]


def shows_the_receipt(portal, back: str) -> bool:
    page = portal.open(back)
    return (portal.submit(page, "check-again") if page.has("check-again") else page).has("receipt")


def test_whoever_proved_too_little_for_a_document_is_offered_the_code_and_led_there(english):
    with_id_number(english)
    asking = english.open(f"/invoices/{INVOICE}.pdf")
    assert asking.has("phone")
    assert asking.has("step-up")
    coding = english.submit(asking, "step-up")
    data = {"code": newest_code(english, RUTH, 0), "next": coding.form("submit").find("input[@name='next']").get("value")}
    assert english.post("/identify/code", data=data).headers["content-type"] == "application/pdf"


def test_the_page_that_was_asked_for_last_is_the_one_that_is_opened(english):
    english.submit(english.open("/identify?next=/actions/last-invoice"), "submit", phone="0502345678")
    english.submit(english.open("/identify?next=/actions/pay-balance"), "submit", phone="0502345678")
    code = newest_code(english, RUTH, 0)
    assert len(english.messages(RUTH)) == 1, "the code that is on its way is still good"
    assert english.submit(english.open("/identify/code"), "submit", code=code).path == "/actions/pay-balance"


def test_the_form_of_the_code_says_where_it_leads(english):
    english.submit(english.open("/identify"), "submit", phone="0502345678")
    data = {"code": newest_code(english, RUTH, 0), "next": "/actions/pay-balance"}
    assert english.post("/identify/code", data=data).url.path == "/actions/pay-balance"


def test_whoever_paid_with_an_id_number_and_comes_back_too_late_is_told_not_to_pay_again(english):
    back = paid_with_id_number(english, after_minutes=11)
    asking = english.open(back)
    assert asking.has("phone")
    assert "do not pay again" in asking.text
    elsewhere = english.submit(asking, "submit-id", id_number=ID_NUMBER)
    assert (elsewhere.status, elsewhere.heading) == (404, "We cannot show this payment here")
    assert "do not pay again" in elsewhere.text
    shown = english.submit(english.submit(elsewhere, "step-up"), "submit", code=newest_code(english, RUTH, 0))
    assert shown.path == back.removeprefix(BASE_URL)
    assert shown.has("check-again") or shown.has("receipt"), "of a payment as old as that, a chore asks too"
    eventually(lambda: shows_the_receipt(english, back))


def test_what_was_paid_with_the_id_number_is_theirs_once_they_proved_it_and_nobody_elses(english, new_portal):
    back = paid_with_id_number(english)
    eventually(lambda: shows_the_receipt(english, back))
    coding = english.submit(english.open("/"), "step-up")
    english.submit(coding, "submit", code=newest_code(english, RUTH, 0))
    assert english.open(back).has("receipt")
    other = new_portal()
    identified(other, "+972502345681")
    elsewhere = other.open(back)
    assert (elsewhere.status, elsewhere.has("receipt")) == (404, False)
    asking = other.follow(elsewhere, "identify")
    assert asking.has("phone")
    assert asking.form("submit").find("input[@name='next']").get("value") == back.removeprefix(BASE_URL)


def test_a_customer_who_comes_back_in_another_browser_is_told_not_to_pay_again(english, new_portal):
    back = paid_with_id_number(english)
    other = new_portal()
    other.open("/?lang=en")
    asking = other.open(back)
    assert "do not pay again" in asking.text
    assert not asking.has("incentive"), "nobody is to be tempted to"


def test_a_journey_begun_with_an_id_number_alone_is_not_gone_on_with_by_who_proved_more(english, new_portal):
    """Whoever knows the ID number would read there what is owed."""
    asking = with_id_number(english, "/actions/pay-balance")
    journey_id = asking.form("submit").find("input[@name='journey']").get("value")
    theirs = f"/actions/pay-balance?journey={journey_id}"
    victim = new_portal()
    identified(victim)
    assert victim.open(theirs).status == 404
    again = english.open(theirs)
    assert again.has("number")
    assert not again.has("amount-due")


def test_whoever_proved_more_since_has_the_payment_asked_about_that_they_began_with_an_id_number(english):
    back = paid_with_id_number(english)  # and nothing is heard of it
    coding = english.submit(english.open("/"), "step-up")
    english.submit(coding, "submit", code=newest_code(english, RUTH, 0))
    waiting = english.open(back)
    assert waiting.has("check-again")
    assert english.submit(waiting, "check-again").has("receipt")

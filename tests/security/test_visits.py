"""Visits, stolen and kept too long (SECURITY 29-33, 36)."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.channels.test_main_job import turn_of
from tests.client import Client, Page
from tests.security import visitors
from tests.security.visitors import SHARED, answer, ask, code, is_in, log_in, pass_time, type_id

MINUTE = 60
NARROW = {"path": "/", "httponly": "", "samesite": "Lax"}


@pytest.fixture
def portal(new_portal: Callable[..., Client]) -> Client:
    return new_portal(trusted_proxies="testclient")


def test_each_rise_of_level_has_a_visit_of_its_own_and_the_old_one_is_over(portal):
    type_id(portal)
    low = portal.cookies["visit"]
    portal.post("/identify/step-up", data={"next": "/"}, headers=visitors.elsewhere())
    answer(portal, code(portal))
    high = portal.cookies["visit"]
    assert low != high
    portal.cookies.clear()
    portal.cookies.set("visit", low)
    assert portal.get("/actions/last-invoice", follow_redirects=False).status_code == 303, "not even level 1 any more"


def test_after_the_choice_of_a_customer_the_visit_is_another_one(portal):
    ask(portal, SHARED)
    answer(portal, code(portal, SHARED))
    half = portal.cookies["visit"]
    portal.post("/identify/customer", data={"customer": "1005", "next": "/"}, follow_redirects=False)
    assert portal.cookies["visit"] != half
    portal.cookies.clear()
    portal.cookies.set("visit", half)
    assert portal.get("/identify/customer").url.path == "/identify"


def test_a_cookie_that_the_browser_brought_is_never_taken_for_a_visit(portal):
    portal.cookies.set("visit", "chosen-by-the-attacker")
    log_in(portal)
    given = [cookie.value for cookie in portal.cookies.jar if cookie.name == "visit"]
    portal.cookies.clear()
    portal.cookies.set("visit", "chosen-by-the-attacker")
    assert len(given) == 2
    assert not is_in(portal)


def test_a_visit_ends_after_fifteen_idle_minutes(portal):
    log_in(portal)
    pass_time(portal, 14 * MINUTE)
    assert is_in(portal)
    pass_time(portal, 14 * MINUTE)
    assert is_in(portal), "seen in between"
    pass_time(portal, 15 * MINUTE + 1)
    assert not is_in(portal)


def test_a_page_that_asks_by_itself_keeps_no_visit(portal):
    """Left open while a payment is awaited, it asks every two seconds."""
    log_in(portal)
    paying = portal.open("/actions/pay-balance")
    sent = portal.post("/actions/pay-balance", data={"turn": turn_of(paying), "reply": "pay"}, follow_redirects=False)
    back = portal.post(urlsplit(sent.headers["location"]).path, data={"decision": "approve", "notice": "never"}, follow_redirects=False)
    waiting = portal.open(back.headers["location"])
    poll = waiting.tree.xpath("//*[@data-poll]/@hx-get")[0]
    pass_time(portal, 14 * MINUTE)
    seen = portal.open(poll)
    assert seen.heading == waiting.heading or seen.has("receipt"), "of a payment as old as that, a chore asks too"
    own = dict(portal.cookies)
    portal.cookies.clear()  # moving the clock is no visit
    pass_time(portal, MINUTE)
    portal.cookies.update(own)
    assert not is_in(portal)


def test_a_visit_ends_after_an_hour_however_busy(portal):
    log_in(portal)
    for _n in range(5):
        pass_time(portal, 10 * MINUTE)
        assert is_in(portal)
    pass_time(portal, 10 * MINUTE + 1)
    assert not is_in(portal)


def test_what_an_id_number_opened_ends_after_ten_minutes(portal):
    type_id(portal)
    pass_time(portal, 9 * MINUTE)
    assert portal.get("/actions/last-invoice", follow_redirects=False).status_code == 200
    pass_time(portal, MINUTE + 1)
    assert portal.get("/actions/last-invoice", follow_redirects=False).status_code == 303, "at most ten, seen or not"


def test_the_page_warns_before_a_visit_ends_and_one_tap_keeps_it(portal):
    log_in(portal)
    page = portal.open("/actions/last-invoice")
    notice = page.tree.xpath("//*[@data-warn]")[0]
    assert 0 < int(notice.get("data-warn")) < int(notice.get("data-left")) <= 15 * MINUTE
    pass_time(portal, 14 * MINUTE)
    kept = stay(portal, page)
    assert int(kept.at("stay").get("data-left")) > 14 * MINUTE
    pass_time(portal, 14 * MINUTE)
    assert is_in(portal)


def stay(client: Client, page: Page) -> Page:
    """The tap, as the script carries it out."""
    return Page(client.get(page.at("stay").get("hx-get"), headers={"HX-Request": "true", "HX-Request-Type": "partial"}))


def test_a_visit_that_no_tap_can_keep_offers_to_identify_again(portal):
    type_id(portal, next="/actions/last-invoice")
    low = portal.open("/actions/last-invoice")
    assert [low.has("stay"), low.has("identify-again")] == [False, True]
    assert 0 < int(low.at("identify-again").get("data-warn")) < int(low.at("identify-again").get("data-left")) <= 10 * MINUTE
    log_in(portal)
    for _n in range(4):
        pass_time(portal, 11 * MINUTE)
        assert portal.open("/actions/last-invoice").has("stay")
    pass_time(portal, 2 * MINUTE)
    last = portal.open("/actions/last-invoice")
    assert [last.has("stay"), int(last.at("identify-again").get("data-left")) <= 14 * MINUTE] == [False, True]
    again = portal.follow(last, "identify-again")
    assert [again.path, again.has("phone")] == ["/identify?next=/actions/last-invoice", True]


def test_who_identifies_again_by_an_id_number_finds_the_action_and_no_page_of_the_visit_before(portal):
    type_id(portal)
    portal.get("/actions/last-invoice")
    done = Page(portal.post("/actions/last-invoice", data={"turn": "1", "reply": "email"}, headers=visitors.elsewhere()))
    assert "journey=" in done.path
    again = portal.submit(portal.follow(done, "identify-again"), "submit-id", id_number=visitors.RUTH_ID)
    assert [again.status, again.path] == [200, "/actions/last-invoice"]


def test_the_page_after_an_ended_visit_says_so_and_that_a_form_sent_then_took_no_money(portal):
    portal.open("/?lang=en")
    assert not portal.open("/actions/pay-balance").has("notice"), "a newcomer's visit did not end"
    log_in(portal)
    paying = portal.open("/actions/pay-balance")
    pass_time(portal, 16 * MINUTE)
    sent = portal.submit(paying, "submit")
    seen = portal.open("/actions/pay-balance")  # who looks may have paid meanwhile, at the provider's
    assert sent.heading == seen.heading == "What is your mobile number?"
    ended = "Your visit ended to keep your details safe."
    assert sent.said("notice") == f"{ended} What you sent just now was not done, and took no money. Identify to go on."
    assert seen.said("notice") == f"{ended} Identify to go on."


def test_leaving_ends_the_visit_and_takes_the_cookie_back(portal):
    log_in(portal)
    stolen = portal.cookies["visit"]
    left = portal.post("/leave", follow_redirects=False)
    assert "Max-Age=0" in left.headers["set-cookie"]
    portal.cookies.clear()
    portal.cookies.set("visit", stolen)
    assert not is_in(portal)


@pytest.mark.parametrize("base_url, prefix, secure", [("https://pay.example.co.il", "__Host-", True), ("http://127.0.0.1:8000", "", False)])
def test_cookies_are_as_narrow_as_the_address_allows(new_portal, base_url, prefix, secure):
    portal = new_portal(base_url=base_url, trusted_proxies="testclient")
    answers = (portal.get("/?lang=en&source=bill"), ask(portal), type_id(portal))
    given = [cookie for one in answers for cookie in one.headers.get_list("set-cookie")]
    names = [cookie.partition("=")[0] for cookie in given]
    assert set(names) == {f"{prefix}{name}" for name in ("code", "typed", "visit", "lang", "source")}
    for cookie in (one for one in given if "Max-Age=0" not in one):
        flags = {part.strip().partition("=")[0].lower(): part.strip().partition("=")[2] for part in cookie.split(";")[1:]}
        lives = {"max-age": "600"} if "typed=" in cookie else {}
        assert flags == NARROW | lives | ({"secure": ""} if secure else {}), cookie


def test_the_visit_is_256_bits_and_the_database_has_only_its_hash(portal, demo_database):
    log_in(portal)
    cookie = portal.cookies["visit"]
    assert len(cookie) >= 43
    assert cookie not in visitors.dump(demo_database)

"""One-time codes, attacked over HTTP by one process's browsers (SECURITY 1-18)."""

import re
from collections import Counter
from collections.abc import Callable
from time import monotonic

import httpx2
import pytest
from sqlalchemy import update
from sqlmodel import col, select

from portal.channels.web.identify import SLOWER_SECONDS
from portal.channels.web.page import OWN
from portal.core.identity import judging, limits
from portal.core.languages import Phone
from portal.core.statements import Database, Statement, insert, now, p
from portal.core.tables import Customer, Event, Rate
from tests.bills import bill
from tests.client import Client, Page
from tests.security import visitors
from tests.security.visitors import (
    DANIEL,
    MOSHE,
    NOBODY,
    NOBODY_ID,
    RUTH,
    RUTH_ID,
    SHARED,
    YAEL,
    answer,
    ask,
    code,
    is_in,
    newest,
    pass_time,
    wrong,
)

HOUR, DAY = 3600, 86_400
CHANGED = Statement(update(Customer).where(col(Customer.customer_id) == p("id_")).values(mobile_since=now() - p("ago_")))
REASSIGNED = Statement(update(Customer).where(col(Customer.customer_id) == p("id_")).values(mobile_reassigned_at=now()))
MOVED = Statement(update(Customer).where(col(Customer.customer_id) == p("id_")).values(mobile=p("mobile_")))
RANGE = "codes/prefix:+97250234"  # Ruth's, and nobody's too
_full = insert(Rate).values(key=p("key"), arrival=now() + p("ahead"), interval=1, tolerance=1)
FULL = Statement(_full.on_conflict_do_update(index_elements=["key"], set_={"arrival": _full.excluded.arrival}))
LATER = Statement(update(Rate).where(col(Rate.key) == p("key_")).values(arrival=col(Rate.arrival) + p("ms_")))
ALERTS = Statement(select(Event.reason).where(col(Event.step) == "code", col(Event.outcome) == "alert"))


@pytest.fixture
def portal(new_portal: Callable[..., Client]) -> Client:
    return new_portal(trusted_proxies="testclient")


def forget(client: httpx2.Client) -> None:
    """Another browser of the same person."""
    client.cookies.clear()


def error(response: httpx2.Response) -> str:
    return Page(response).said("error")


def test_a_code_is_six_ascii_digits_and_no_two_in_a_row_are_the_same(portal):
    seen = []
    for phone in (RUTH, DANIEL, "+972522345670", "+972542345671"):
        forget(portal)
        ask(portal, phone)
        seen.append(code(portal, phone))
    assert all(len(one) == 6 and one.isascii() and one.isdecimal() for one in seen)
    assert len(set(seen)) == len(seen)


def test_a_code_lets_in_once(portal):
    ask(portal)
    right, cookies = code(portal), dict(portal.cookies)
    assert answer(portal, right).status_code == 303
    assert is_in(portal)
    forget(portal)
    portal.cookies.update(cookies)
    again = answer(portal, right)
    assert (again.status_code, is_in(portal)) == (422, False)
    assert "visit" not in again.headers.get("set-cookie", "")


def test_a_code_is_over_after_five_minutes(portal):
    ask(portal)
    right = code(portal)
    pass_time(portal, 301)
    late = answer(portal, right)
    assert late.status_code == 422
    assert not is_in(portal)


@pytest.mark.parametrize("phone", [RUTH, NOBODY], ids=["known", "unknown"])
def test_the_page_says_when_the_code_is_over_and_texts_a_new_one(portal, phone):
    ask(portal, phone)
    pass_time(portal, 270)  # a slow machine takes seconds of its own
    assert portal.open("/identify/code").has("code")
    pass_time(portal, 31)
    over = portal.open("/identify/code")
    assert over.at("error").get("data-error") == "code_expired"
    assert [over.has(one) for one in ("code", "resend", "start-again", "delivery")] == [False, True, True, False]
    again = portal.submit(over, "resend")
    assert [again.has("error"), again.has("code")] == [False, True]


def test_a_code_that_is_over_after_the_last_resend_leads_to_a_new_challenge(portal):
    ask(portal)
    for _n in range(3):
        pass_time(portal, 61)
        portal.post("/identify/resend", data={"next": "/"}, headers=visitors.elsewhere())
    pass_time(portal, 301)
    over = portal.open("/identify/code")
    assert [over.has(one) for one in ("code", "resend", "call-me", "start-again")] == [False, False, True, True]


def test_the_sixth_answer_is_not_judged_even_if_it_is_right(portal):
    ask(portal)
    right = code(portal)
    for n in range(1, 6):
        assert answer(portal, wrong(right, n)).status_code in (422, 429)
    assert answer(portal, right).status_code == 429
    assert not is_in(portal)


@pytest.mark.parametrize("phone", [RUTH, NOBODY], ids=["known", "unknown"])
def test_after_five_wrong_codes_the_page_leads_to_a_new_challenge_and_to_no_code_of_this_one(portal, phone):
    ask(portal, phone, next="/actions/pay-balance")
    guesses = [Page(answer(portal, "000000")) for _n in range(5)]
    assert guesses[3].has("code")
    for page in (guesses[4], portal.open("/identify/code")):
        assert page.at("error").get("data-error") == "guesses_spent"
        assert [page.has(one) for one in ("code", "resend", "call-me", "start-again")] == [False, False, False, True]
        assert "tel:" in page.text
    pass_time(portal, 61)
    resent = portal.post("/identify/resend", data={"next": "/"}, headers=visitors.elsewhere())
    assert (resent.status_code, Page(resent).at("error").get("data-error")) == (429, "guesses_spent")
    start = portal.follow(Page(resent), "start-again")
    assert (start.path, start.has("phone")) == ("/identify?mend=1&next=/actions/pay-balance", True)


def test_after_five_wrong_codes_the_same_number_gets_a_new_code_at_once(portal):
    ask(portal)
    first = code(portal)
    for n in range(1, 6):
        answer(portal, wrong(first, n))
    before = newest(portal, RUTH)
    assert Page(ask(portal)).has("code")
    assert answer(portal, code(portal, after=before)).status_code == 303


def test_a_new_code_does_not_renew_the_guesses_of_its_challenge(portal):
    ask(portal)
    first = code(portal)
    for n in range(1, 5):
        answer(portal, wrong(first, n))
    pass_time(portal, 61)
    before = newest(portal, RUTH)
    portal.post("/identify/resend", data={"next": "/"})
    second = code(portal, after=before)
    assert answer(portal, wrong(second)).status_code in (422, 429)
    assert answer(portal, second).status_code == 429


def test_ten_challenges_a_day_whichever_browser_and_however_the_number_is_written(portal):
    spelt = ["0502345678", "050-234-5678", "+972502345678", "٠٥٠٢٣٤٥٦٧٨", "00972 50 2345678"] * 2
    statuses = []
    for phone in [*spelt, "0502345678"]:
        forget(portal)
        asked = portal.post("/identify/phone", data={"phone": phone, "next": "/"}, headers=visitors.elsewhere())
        statuses.append(asked.status_code)
    assert statuses == [200] * 10 + [429]
    pass_time(portal, DAY)
    forget(portal)
    assert ask(portal).status_code == 200


def test_the_id_number_shares_the_budget_of_the_mobile_it_leads_to(portal):
    for _n in range(10):
        forget(portal)
        ask(portal)
    forget(portal)
    visitors.type_id(portal, RUTH_ID)
    stepped = portal.post("/identify/step-up", data={"next": "/"}, headers=visitors.elsewhere())
    assert stepped.status_code == 429


def test_twenty_failures_in_a_row_refuse_the_right_code_until_that_customer_succeeds(portal):
    visitors.fail_twenty_times(portal, RUTH)
    assert ask(portal).status_code == 429
    pass_time(portal, 2 * DAY)
    assert ask(portal).status_code == 429, "time forgives nothing"
    visitors.log_in(portal, DANIEL)
    forget(portal)
    assert ask(portal).status_code == 429, "another customer's success forgives nothing"


@pytest.mark.parametrize("phone", [RUTH, NOBODY], ids=["known", "unknown"])
def test_after_twenty_failures_the_page_leads_to_a_person_and_promises_no_tomorrow(portal, phone):
    visitors.fail_twenty_times(portal, phone)
    leads_to_a_person(Page(ask(portal, phone)), 429)


@pytest.mark.parametrize("phone", [RUTH, NOBODY], ids=["known", "unknown"])
def test_a_code_page_of_a_telephone_that_was_shut_meanwhile_has_nothing_to_type_and_sends_nothing(portal, phone):
    ask(portal, phone, next="/actions/pay-balance")
    waits = dict(portal.cookies)
    visitors.fail_twenty_times(portal, phone)
    before, portal.cookies = newest(portal, phone), waits
    assert leads_to_a_person(portal.open("/identify/code"), 200) == "/identify?next=/actions/pay-balance"
    leads_to_a_person(Page(answer(portal, "123456")), 429)
    pass_time(portal, 61)
    for path in ("/identify/resend", "/identify/call"):
        leads_to_a_person(Page(press(portal, path)), 429)
    assert newest(portal, phone) == before


def test_the_twentieth_wrong_code_in_a_row_promises_no_new_one(portal):
    for _n in range(4):
        forget(portal)
        ask(portal, NOBODY)
        last = [answer(portal, "000000") for _guess in range(5)][-1]
    leads_to_a_person(Page(last), 429)


def test_a_guess_that_is_judged_no_more_counts_for_nothing(portal):
    """Nineteen failures in a row; the twentieth answers a challenge whose five guesses are spent."""
    browsers = []
    for guesses in (5, 5, 5, 4):
        forget(portal)
        before = newest(portal, RUTH)
        ask(portal)
        right = code(portal, after=before)
        browsers.append(dict(portal.cookies))
        for guess in range(1, guesses + 1):
            answer(portal, wrong(right, guess))
    portal.cookies = browsers[0]
    for _more in range(2):
        assert Page(answer(portal, "000000")).at("error").get("data-error") == "guesses_spent"
    portal.cookies = browsers[-1]
    assert answer(portal, right).status_code == 303


def test_what_an_address_is_refused_counts_against_no_telephone(portal, demo_database):
    """Budgets and counts are asked for together: what is refused is undone, or a stranger could spend a customer's ten codes."""
    stranger = {"X-Forwarded-For": "203.0.113.9"}
    with demo_database.write() as tx:
        for limit in (limits.codes_by_address(), limits.answers_by_address()):
            tx.run(FULL, key=limit.key("203.0.113.9"), ahead=2 * limit.seconds * 1000)
    assert {ask(portal, **stranger).status_code for _n in range(11)} == {429}
    ask(portal)
    right = code(portal)
    assert {answer(portal, wrong(right, n + 1), **stranger).status_code for n in range(21)} == {429}
    assert answer(portal, right).status_code == 303


def test_who_steps_up_with_a_telephone_that_is_shut_is_not_told_to_wait(portal):
    visitors.fail_twenty_times(portal, RUTH)
    visitors.type_id(portal, RUTH_ID)
    leads_to_a_person(Page(press(portal, "/identify/step-up?lang=en")), 429)


def leads_to_a_person(page: Page, status: int) -> str:
    """And to nothing that asks for a code; where another number or an ID number can be typed."""
    assert (page.status, page.at("error").get("data-error")) == (status, "failures_spent")
    assert page.heading in ("לדבר עם נציג", "Talk to a person")
    assert [page.has(one) for one in ("code", "phone", "resend", "call-me")] == [False] * 4
    assert page.all("way-call")
    return str(page.at("start-again").get("href"))


def test_a_success_forgives_the_failures_before_it(portal):
    for _day in range(2):
        for _n in range(3):
            forget(portal)
            before = newest(portal, RUTH)
            ask(portal)
            right = code(portal, after=before)
            for guess in range(1, 5):
                answer(portal, wrong(right, guess))
        assert answer(portal, right).status_code == 303, "twelve wrong ones, then the right one"


@pytest.mark.parametrize("phone", [RUTH, NOBODY], ids=["known", "unknown"])
def test_who_asks_for_a_code_too_early_is_told_when_and_the_one_in_hand_is_not_blamed(portal, phone):
    portal.open("/?lang=en")
    ask(portal, phone)
    pass_time(portal, 20)
    early = Page(press(portal, "/identify/resend"))
    assert early.status == 429
    assert re.fullmatch(r"We can send another code in (40|3\d) seconds\.", early.said("error"))
    assert early.at("code").get("aria-invalid") is None


@pytest.mark.parametrize("phone", [RUTH, NOBODY], ids=["known", "unknown"])
def test_a_code_that_is_sent_again_is_said_to_be_on_its_way_and_stays_said(portal, phone):
    portal.open("/?lang=en")
    first = Page(ask(portal, phone))
    pass_time(portal, 61)
    again = portal.submit(first, "resend")
    assert not first.has("resent")
    said = f"If {typed(phone)} is the mobile number of a customer, a new code is on its way to it. The earlier one no longer works."
    assert again.said("resent") == portal.open("/identify/code").said("resent") == said


def typed(phone: str) -> str:
    return Phone(phone).national()


@pytest.mark.parametrize("phone", [RUTH, NOBODY], ids=["known", "unknown"])
def test_the_number_that_was_typed_can_be_looked_at_and_mended(portal, phone):
    pages = (ask(portal, phone), portal.get("/identify/code"), portal.get("/identify/code?lang=ru"), answer(portal, "000000"))
    packed = portal.get("/identify/code", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert [typed(phone) in page.text for page in (*pages, packed)] == [True] * 5
    assert [OWN in page.text for page in (*pages, packed)] == [False] * 5
    mended = portal.follow(portal.open("/identify/code"), "start-again")
    assert mended.at("phone").get("value") == typed(phone)
    assert {page.headers["cache-control"] for page in (*pages, packed, mended.response)} == {"no-store"}
    assert portal.open("/identify").at("phone").get("value") == ""


@pytest.mark.parametrize("way", ["in by a code", "in by an ID number", "left"])
def test_the_number_that_was_typed_is_forgotten_for_whoever_comes_next(portal, way):
    if way == "left":
        visitors.type_id(portal, RUTH_ID)
    ask(portal, NOBODY)
    match way:
        case "in by a code":
            visitors.log_in(portal, DANIEL)
        case "in by an ID number":
            visitors.type_id(portal, RUTH_ID)
        case _:
            portal.post("/leave")
    assert not {"typed", "code"} & set(portal.cookies)
    assert typed(NOBODY) not in portal.get("/identify?mend=1").text
    assert portal.open("/identify/code").path.startswith("/identify?")


def test_a_number_that_this_browser_did_not_ask_for_is_not_shown(portal):
    """Of the mobile on file nothing is told: a cookie that guesses it is not answered."""
    ask(portal)
    for forged in (NOBODY, "<b>", ""):
        portal.cookies.set("typed", forged, domain="127.0.0.1")
        page = portal.get("/identify/code")
        assert (page.status_code, typed(NOBODY) in page.text) == (200, False)
        assert portal.open("/identify?mend=1").at("phone").get("value") == (typed(NOBODY) if forged == NOBODY else "")
    portal.cookies.clear()
    visitors.type_id(portal, RUTH_ID)
    press(portal, "/identify/step-up")
    portal.cookies.set("typed", RUTH, domain="127.0.0.1")
    assert typed(RUTH) not in portal.get("/identify/code").text


def test_a_code_that_is_sent_again_by_an_id_number_is_said_to_be_too(portal):
    portal.open("/?lang=en")
    visitors.type_id(portal, NOBODY_ID)
    first = Page(press(portal, "/identify/step-up"))
    pass_time(portal, 61)
    assert "mobile number on file" in portal.submit(first, "resend").said("resent")


def test_the_code_is_sent_again_after_a_minute_three_times_and_the_old_one_is_dead(portal):
    ask(portal)
    codes = [code(portal)]
    for _n in range(3):
        early = portal.post("/identify/resend", data={"next": "/"}, headers=visitors.elsewhere())
        assert early.status_code == 429
        pass_time(portal, 61)
        before = newest(portal, RUTH)
        assert portal.post("/identify/resend", data={"next": "/"}, headers=visitors.elsewhere()).status_code == 200
        codes.append(code(portal, after=before))
    assert len(set(codes)) == 4
    pass_time(portal, 61)
    assert portal.post("/identify/resend", data={"next": "/"}, headers=visitors.elsewhere()).status_code == 429
    dead = portal.post("/identify/code?lang=en", data={"code": codes[2], "next": "/"}, headers=visitors.elsewhere())
    assert "earlier code" in error(dead)
    assert answer(portal, codes[3]).status_code == 303


def test_a_code_answers_only_the_browser_that_asked(portal):
    ask(portal)
    right, own = code(portal), dict(portal.cookies)
    forget(portal)
    assert answer(portal, right).status_code == 422
    ask(portal, DANIEL)
    assert answer(portal, right).status_code == 422, "nor one that waits for its own"
    forget(portal)
    portal.cookies.update(own)
    assert answer(portal, right).status_code == 303


def test_where_a_code_goes_is_never_taken_from_the_form(portal):
    """By the ID number of one, to the telephone on file: a number in the same form is refused, and gets nothing."""
    visitors.type_id(portal, RUTH_ID)
    for field in ("phone", "mobile", "to", "customer_id"):
        forged = portal.post("/identify/step-up", data={"next": "/", field: DANIEL}, headers=visitors.elsewhere())
        assert forged.status_code == 400
    assert portal.post("/identify/step-up", data={"next": "/"}, headers=visitors.elsewhere()).status_code == 200
    assert code(portal, RUTH)
    assert visitors.messages(portal, DANIEL) == []


def test_of_a_shared_mobile_the_customer_is_chosen_after_the_code(portal):
    ask(portal, SHARED, next="/actions/last-invoice")
    let_in = answer(portal, code(portal, SHARED))
    assert let_in.headers["location"].startswith("/identify/customer")
    assert not is_in(portal), "half a login reaches nothing"
    assert portal.get(f"/invoices/{bill('1005')}.pdf", follow_redirects=False).status_code in (303, 404)
    choice = portal.open("/identify/customer?next=/actions/last-invoice")
    assert [MOSHE in choice.text, YAEL in choice.text] == [True, True]
    for stranger in ("1001", "", "1005x", "0", "1005\0"):
        assert portal.post("/identify/customer", data={"customer": stranger, "next": "/"}).status_code in (400, 404)
    assert portal.post("/identify/customer", data={"customer": "1006", "next": "/"}, follow_redirects=False).status_code == 303
    assert YAEL in portal.get("/actions/last-invoice").text
    again = portal.post("/identify/customer", data={"customer": "1006", "next": "/human"}, follow_redirects=False)
    assert (again.status_code, again.headers["location"], "set-cookie" in again.headers) == (303, "/human", False), "a second tap"
    assert portal.post("/identify/customer", data={"customer": "1005", "next": "/"}).status_code == 404, "chosen once"


def test_who_goes_back_after_choosing_is_led_on_as_the_customer_chosen(portal):
    ask(portal, SHARED, next="/actions/last-invoice")
    choice = answer(portal, code(portal, SHARED)).headers["location"]
    portal.post("/identify/customer", data={"customer": "1006", "next": "/actions/last-invoice"}, follow_redirects=False)
    back = portal.open(choice)
    assert (back.status, back.path) == (200, "/actions/last-invoice")
    assert YAEL in back.text


def test_nobody_chooses_who_proved_nothing(portal):
    """Whoever thought about it for too long identifies again, and is led on."""
    assert portal.open("/identify/customer?next=/human").path == "/identify?next=/human"
    chosen = portal.post("/identify/customer", data={"customer": "1005", "next": "/human"}, follow_redirects=False)
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/identify?next=/human&unsent=1")
    visitors.type_id(portal, "000000059")
    assert portal.post("/identify/customer", data={"customer": "1005", "next": "/"}).status_code == 404


def test_an_id_number_chooses_among_those_who_share_a_mobile(portal):
    visitors.type_id(portal, "000000067", next="/actions/last-invoice")
    portal.post("/identify/step-up", data={"next": "/actions/last-invoice"}, headers=visitors.elsewhere())
    assert answer(portal, code(portal, SHARED)).headers["location"] == "/actions/last-invoice"
    assert YAEL in portal.get("/actions/last-invoice").text


@pytest.mark.parametrize("change", ["changed 6 days ago", "reassigned"])
def test_a_mobile_that_changed_lately_gets_no_code_by_number_nor_by_id(portal, demo_database, change):
    changed(demo_database, "1001", change)
    assert ask(portal, RUTH).status_code == 200
    forget(portal)
    visitors.type_id(portal, RUTH_ID)
    assert portal.post("/identify/step-up", data={"next": "/"}, headers=visitors.elsewhere()).status_code == 200
    nothing_comes(portal, RUTH)


def test_a_mobile_that_changed_eight_days_ago_gets_its_code(portal, demo_database):
    with demo_database.write() as tx:
        tx.run(CHANGED, id_="1001", ago_=8 * DAY * 1000)
    assert visitors.log_in(portal, RUTH).status_code == 303


@pytest.mark.parametrize("change", ["changed 6 days ago", "reassigned", "another number"])
def test_a_mobile_that_changes_after_the_code_was_sent_lets_nobody_in(portal, demo_database, change):
    ask(portal, RUTH)
    right = code(portal)
    changed(demo_database, "1001", change)
    assert answer(portal, right).status_code == 422
    assert not is_in(portal)


@pytest.mark.parametrize("change", ["changed 6 days ago", "reassigned"])
def test_who_got_a_shared_mobile_lately_is_not_among_those_to_choose(portal, demo_database, change):
    with demo_database.write() as tx:
        tx.run(MOVED, id_="1007", mobile_=SHARED)
    changed(demo_database, "1007", change)
    ask(portal, SHARED)
    answer(portal, code(portal, SHARED))
    choice = portal.get("/identify/customer").text
    assert YAEL in choice
    assert "אסתר" not in choice
    assert portal.post("/identify/customer", data={"customer": "1007", "next": "/"}).status_code == 404


def changed(db: Database, customer_id: str, how: str) -> None:
    with db.write() as tx:
        match how:
            case "reassigned":
                tx.run(REASSIGNED, id_=customer_id)
            case "another number":
                tx.run(MOVED, id_=customer_id, mobile_="+972502345699")
            case _:
                tx.run(CHANGED, id_=customer_id, ago_=6 * DAY * 1000)


def nothing_comes(client: httpx2.Client, phone: str) -> None:
    """A later message has come, and none to that number."""
    forget(client)
    ask(client, DANIEL)
    code(client, DANIEL)
    assert visitors.messages(client, phone) == []


def test_nothing_is_sent_to_a_number_that_is_nobodys(portal):
    assert ask(portal, NOBODY).status_code == 200
    nothing_comes(portal, NOBODY)


def test_no_code_goes_to_a_country_that_is_not_listed(portal):
    for phone in ("+1 202 555 0143", "+970 599 123 456", "+44 7911 123456", "+992 917 123 456"):
        asked = portal.post("/identify/phone", data={"phone": phone, "next": "/"})
        assert (asked.status_code, "set-cookie" in asked.headers) == (422, False), phone


def test_a_range_of_numbers_gets_two_hundred_codes_an_hour(portal, demo_database):
    with demo_database.write() as tx:
        tx.run(FULL, key=RANGE, ahead=190 * HOUR * 1000 // 200)
    statuses: Counter[int] = Counter()
    for n in range(11):
        forget(portal)
        statuses[ask(portal, f"+97250234{n:04}").status_code] += 1
    assert statuses == {200: 10, 429: 1}
    forget(portal)
    assert ask(portal, "+972522345670").status_code == 200, "another range is not touched"


@pytest.mark.parametrize(("by", "answered"), [("number", 429), ("ID number", 200)])
@pytest.mark.parametrize(("resends", "path"), [(0, ""), (0, "/identify/resend"), (3, "/identify/call")], ids=["ask", "resend", "call"])
def test_a_range_that_has_its_codes_tells_no_customers_number_from_nobodys(portal, demo_database, by, answered, resends, path):
    """Anybody can spend the budget of a range: neither a number in it nor whose ID number leads there may be known by that."""
    statuses = []
    for phone, id_number in ((RUTH, RUTH_ID), (NOBODY, NOBODY_ID)):
        forget(portal)
        visitors.type_id(portal, id_number)
        spend_the_range(demo_database, ahead=0 if path else HOUR)
        asked = ask(portal, phone) if by == "number" else press(portal, "/identify/step-up")
        for _n in range(resends):
            pass_time(portal, 61)
            assert press(portal, "/identify/resend").status_code == 200
        pass_time(portal, 61)
        spend_the_range(demo_database, ahead=HOUR)
        statuses.append(press(portal, path).status_code if path else asked.status_code)
    assert statuses == [answered] * 2


def spend_the_range(db: Database, ahead: int) -> None:
    with db.write() as tx:
        tx.run(FULL, key=RANGE, ahead=ahead * 1000)


def press(client: Client, path: str) -> httpx2.Response:
    return client.post(path, data={"next": "/"}, headers=visitors.elsewhere())


def test_the_hours_budget_of_all_codes_holds_before_anything_is_queued(portal, demo_database):
    with demo_database.write() as tx:
        tx.run(FULL, key="codes/all:", ahead=2 * HOUR * 1000)
    assert ask(portal, RUTH).status_code == 429
    assert visitors.messages(portal, RUTH) == []


def test_one_address_gets_thirty_codes_an_hour(portal):
    statuses: Counter[int] = Counter()
    for n in range(31):
        forget(portal)
        statuses[ask(portal, f"+97250234{n:04}", **{"X-Forwarded-For": "203.0.113.7"}).status_code] += 1
    assert statuses == {200: 30, 429: 1}


def test_one_address_gives_sixty_answers_in_ten_minutes_whatever_they_are(portal, demo_database):
    statuses: Counter[int] = Counter()
    for n in range(15):
        forget(portal)
        ask(portal, f"+97250234{n:04}")
        for guess in range(5):
            statuses[answer(portal, f"{guess:06}", **{"X-Forwarded-For": "2001:db8:7::1"}).status_code] += 1
    assert statuses[422] + statuses[429] == 75
    forget(portal)
    before = newest(portal, RUTH)
    ask(portal)
    right = code(portal, after=before)
    with demo_database.write() as tx:  # one answer is free again every ten seconds
        assert tx.run(LATER, key_=limits.answers_by_address().key("2001:db8:7::/64"), ms_=60_000) == 1
    assert answer(portal, right, **{"X-Forwarded-For": "2001:db8:7::2"}).status_code == 429, "the same /64"
    assert answer(portal, right, **{"X-Forwarded-For": "2001:db8:8::1"}).status_code == 303, "another /64"


def test_wrong_answers_from_everywhere_are_noticed(portal, demo_database):
    with demo_database.write() as tx:
        tx.run(FULL, key="wrong/all:", ahead=2 * 600_000)
    ask(portal)
    assert answer(portal, wrong(code(portal))).status_code == 422
    with demo_database.read() as reader:
        assert [row.reason for row in reader.all(ALERTS)] == ["wrong answers beyond honest typing"]
    assert 'outcome="alert"' in portal.get("/metrics").text


def test_after_wrong_answers_from_everywhere_the_next_answer_of_anybody_is_slow(portal, demo_database):
    ask(portal)
    with demo_database.write() as tx:
        assert not judging.count_guess(tx, portal.cookies["code"], "203.0.113.9").breaker_open
        tx.run(FULL, key="wrong/all:", ahead=600_000)
    began = monotonic()
    assert answer(portal, code(portal)).status_code == 303
    assert monotonic() - began >= SLOWER_SECONDS


def test_a_code_is_taken_as_people_type_it(portal):
    ways = (
        str,
        lambda right: f" {right[:3]} {right[3:]} ",
        lambda right: f"{right[:2]}-{right[2:4]}‑{right[4:]}",
        lambda right: f"\u200f{right}\u200e",
        lambda right: "".join(chr(0x0660 + int(c)) for c in right),
        lambda right: "".join(chr(0xFF10 + int(c)) for c in right),
    )
    for way in ways:
        forget(portal)
        before = newest(portal, RUTH)
        ask(portal)
        right = code(portal, after=before)
        assert answer(portal, way(right)).status_code == 303, ascii(way(right))


def test_what_is_no_code_is_refused_and_costs_no_guess(portal):
    ask(portal)
    right = code(portal)
    for typed in ("", "12345", "1234567", "12345a", "½23456", "①②③④⑤⑥", "1e5000", "0x1F40", "+12345", f"{right}{right}", "١٢٣"):
        assert answer(portal, typed).status_code == 422, typed
    assert answer(portal, right).status_code == 303


def test_a_flood_of_digits_is_refused_before_it_is_looked_at(portal):
    for field, path in (("code", "/identify/code"), ("phone", "/identify/phone"), ("id_number", "/identify/id")):
        assert portal.post(path, data={field: "9" * 1_000_000, "next": "/"}).status_code == 413
        assert portal.post(path, data={field: "9" * 60_000, "next": "/"}).status_code == 422

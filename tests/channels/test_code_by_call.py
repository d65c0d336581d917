"""An SMS that does not arrive is said so on the page that waits for it, and a call says the code instead (SECURITY 7, 10, 12)."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import update
from sqlmodel import col

from portal.core.languages import Language
from portal.core.outbox import OVERDUE
from portal.core.statements import Statement, p
from portal.core.tables import Customer
from tests.channels.texted import KEYS, challenge, events, grown, row, texting, told, until
from tests.client import BASE_URL, Client, Page
from tests.databases import quick_on_postgresql
from tests.fakes.twilio import NUMBER, FakeTwilio
from tests.fakes.twilio_hooks import Hooks
from tests.security import visitors
from tests.security.visitors import NOBODY, RUTH, RUTH_ID, elsewhere

RUTH_TYPED, NOBODY_TYPED = "050-234-5678", "0" + NOBODY.removeprefix("+972")
SPEAKS = Statement(update(Customer).where(col(Customer.mobile) == p("mobile_")).values(language=p("language_")))


@pytest.fixture
def fake() -> Iterator[FakeTwilio]:
    with FakeTwilio(tell=False) as running:
        yield running


@pytest.fixture
def portal(new_portal: Callable[..., Client], fake: FakeTwilio) -> Client:
    return new_portal(trusted_proxies="testclient", **texting(fake))


def asked(portal: Client, phone: str = RUTH_TYPED, language: str = "en") -> Page:
    page = portal.open(f"/identify?next=/&lang={language}")
    return portal.submit(page, "submit", phone=phone)


def undelivered(portal: Client, fake: FakeTwilio, code: int = 30003) -> Page:
    """The network says so; then the page as a browser without scripts sees it again."""
    sms = until(lambda: fake.to(RUTH))[-1]
    told(portal, sms["StatusCallback"], fake.told(sms, "undelivered", code))
    return portal.open("/identify/code")


def pass_time(portal: Client, seconds: float) -> None:
    portal.post("/sandbox/clock", json={"advance_seconds": seconds})


def news(portal: Client) -> Any:
    return portal.get("/identify/delivery", headers={"HX-Request": "true", "HX-Request-Type": "partial"})


def call_says(portal: Client, fake: FakeTwilio, pressed: str = "", **more: str) -> list[str]:
    """What is said to who answers, or pressed that key."""
    call = until(lambda: fake.calls)[-1]
    form = {
        "CallSid": call["sid"],
        "From": NUMBER,
        "To": RUTH,
        "CallStatus": "in-progress",
        **more,
        **({"Digits": pressed} if pressed else {}),
    }
    answered = told(portal, call["Url"], list(form.items()))
    assert answered.status_code == 200
    return [verb.text or "" for verb in ElementTree.fromstring(answered.text).iter("Say")]


def digits(said: list[str]) -> str:
    """Said twice, one by one."""
    spoken = "".join(part for part in said if part.isdigit())
    assert len(spoken) == 12, said
    assert spoken[:6] == spoken[6:]
    return spoken[:6]


def texted_code(fake: FakeTwilio) -> str:
    return str(fake.to(RUTH)[-1]["Body"]).rpartition("#")[2]


# --- what the page says ---


def test_while_nothing_is_known_the_page_says_nothing_and_asks_gently(portal, fake):
    page = asked(portal)
    assert not page.has("delivery")
    assert "on its way" in page.text
    assert not page.has("call-me")
    assert news(portal).status_code == 204


def test_an_sms_that_did_not_arrive_is_said_with_the_last_two_digits_that_were_typed(portal, fake):
    asked(portal)
    page = undelivered(portal, fake)
    assert "78" in page.said("delivery")
    assert "5678" not in page.text
    assert "on its way" not in page.text
    assert page.has("call-me")
    assert "data-poll" not in page.text, "there is no more to wait for"
    part = Page(news(portal))
    assert part.said("delivery") == page.said("delivery")
    assert part.has("call-me")


def test_a_number_that_twilio_refuses_at_once_is_said_so_too(portal, fake, demo_database):
    fake.refused[RUTH] = 21610
    asked(portal)
    until(lambda: row(demo_database, f"code:{challenge(demo_database).id}:1").state == "failed")
    assert portal.open("/identify/code").has("call-me")


def test_a_vendor_that_was_down_until_the_code_died_is_said_so_and_a_call_still_lets_in(portal, fake, demo_database):
    fake.fail = 1.0
    asked(portal)
    key = f"code:{challenge(demo_database).id}:1"
    until(lambda: row(demo_database, key).error)
    assert not portal.open("/identify/code").has("delivery"), "it is tried again"
    pass_time(portal, 301)
    until(lambda: row(demo_database, key).state == "expired")
    page = portal.open("/identify/code")
    assert "78" in page.said("delivery")
    assert [page.has(one) for one in ("code", "call-me", "resend")] == [False, True, True]
    fake.fail = 0.0
    calling = portal.submit(page, "call-me")
    assert portal.submit(calling, "submit", code=digits(call_says(portal, fake, pressed="1"))).path == "/"


def test_what_no_worker_of_ours_took_is_no_failure_of_a_vendor_and_tells_nobodys_number_from_a_customers(new_portal, fake, demo_database):
    portal, seen = new_portal(separate_worker=True, **texting(fake)), []
    for phone in (RUTH_TYPED, NOBODY_TYPED):
        portal.cookies.clear()
        asked(portal, phone)
        pass_time(portal, 301)
        with demo_database.write() as tx:
            assert [one.state for one in tx.all(OVERDUE)] == ["expired"]
        seen.append(portal.open("/identify/code"))
    assert masked(seen[0].text) == masked(seen[1].text)
    assert not seen[0].has("delivery")


def test_who_gave_an_id_number_learns_no_digit_of_the_number_on_file(portal, fake):
    portal.submit(portal.open("/identify?next=/actions/last-invoice&lang=en"), "submit-id", id_number=RUTH_ID)
    page = portal.submit(portal.open("/actions/last-invoice"), "step-up")
    assert page.has("code")
    page = undelivered(portal, fake)
    assert page.has("call-me")
    assert not re.search(r"\d", page.said("delivery"))
    del portal.cookies["visit"]  # and not when the visit is over, either
    page = portal.open("/identify/code")
    assert page.has("call-me")
    assert not re.search(r"\d", page.said("delivery"))
    called = portal.submit(page, "call-me")
    assert not re.search(r"\d{2}", called.said("delivery"))


def test_a_number_typed_after_an_id_number_does_not_tell_whether_it_is_the_one_on_file(portal, fake):
    """The same page for the number on file as for another."""
    seen = []
    for phone in (RUTH_TYPED, NOBODY_TYPED):
        portal.cookies.clear()
        visitors.type_id(portal, RUTH_ID, next="/")
        portal.post("/identify/step-up", data={"next": "/"}, headers=elsewhere())
        answered = portal.post("/identify/phone", data={"phone": phone, "next": "/"}, headers=elsewhere())
        seen.append(masked(answered.text))
    assert seen[0] == seen[1]


def test_a_page_that_waited_long_enough_stops_asking(portal, fake):
    asked(portal)
    pass_time(portal, 120)
    answered = news(portal)
    assert answered.status_code == 200
    assert "data-poll" not in answered.text
    assert "data-poll" not in portal.open("/identify/code").text


def test_a_browser_that_waits_for_nothing_is_told_to_stop(portal):
    answered = news(portal)
    assert answered.status_code == 200
    assert "data-poll" not in answered.text


def test_nobody_is_told_that_it_arrived(portal, fake):
    """It would tell a customer's number from nobody's."""
    asked(portal)
    before = masked(portal.get("/identify/code").text)
    sms = until(lambda: fake.to(RUTH))[-1]
    told(portal, sms["StatusCallback"], fake.told(sms, "delivered"))
    assert masked(portal.get("/identify/code").text) == before
    assert news(portal).status_code == 204


# --- the call ---


def test_it_says_the_code_that_the_sms_has_in_the_customers_language(portal, fake, demo_database):
    for language in Language:
        with demo_database.write() as tx:
            tx.run(SPEAKS, mobile_=RUTH, language_=language.value)
        portal.cookies.clear()
        texts, calls = len(fake.messages), len(fake.calls)
        asked(portal)
        grown(fake.messages, texts)
        portal.submit(undelivered(portal, fake), "call-me")
        grown(fake.calls, calls)
        greeting = call_says(portal, fake)
        assert not any(part.strip().isdigit() for part in greeting), "a voice mail hears no code"
        assert digits(call_says(portal, fake, pressed="1")) == texted_code(fake)
        assert digits(call_says(portal, fake, pressed="1")) == texted_code(fake), "again on a key"


def test_it_lets_in(portal, fake):
    asked(portal)
    page = portal.submit(undelivered(portal, fake), "call-me")
    code = digits(call_says(portal, fake, pressed="5"))
    assert portal.submit(page, "submit", code=code).path == "/"
    assert visitors.is_in(portal)


def test_what_it_will_say_is_in_no_table_and_not_at_the_vendor(portal, fake, demo_database):
    asked(portal)
    portal.submit(undelivered(portal, fake), "call-me")
    code = digits(call_says(portal, fake, pressed="1"))
    assert code not in visitors.dump(demo_database)
    assert " ".join(code) not in visitors.dump(demo_database)
    assert code not in str(fake.calls)
    assert " ".join(code) not in str(fake.calls)


def test_a_code_about_to_die_is_replaced_and_the_one_before_is_dead(portal, fake):
    asked(portal)
    undelivered(portal, fake)
    first = texted_code(fake)
    pass_time(portal, 200)
    page = portal.submit(portal.open("/identify/code"), "call-me")
    said = digits(call_says(portal, fake, pressed="1"))
    assert said != first
    assert portal.submit(page, "submit", code=first).has("error")
    assert portal.submit(page, "submit", code=said).path == "/"


def test_who_answers_too_late_hears_that_it_is_over(portal, fake):
    asked(portal, language="en")
    portal.submit(undelivered(portal, fake), "call-me")
    until(lambda: fake.calls)
    pass_time(portal, 301)
    for pressed in ("", "1"):
        said = call_says(portal, fake, pressed=pressed)
        assert len(said) == 1
        assert not re.search(r"\d", said[0])


def test_a_code_whose_key_was_retired_is_over_too(new_portal, portal, fake):
    asked(portal)
    portal.submit(undelivered(portal, fake), "call-me")
    until(lambda: fake.calls)
    restarted = new_portal(secret_keys=SecretStr("another key"), **texting(fake))
    [said] = call_says(restarted, fake, pressed="1")
    assert not re.search(r"\d", said)


def test_who_is_in_already_hears_no_code(portal, fake):
    asked(portal)
    page = portal.submit(undelivered(portal, fake), "call-me")
    portal.submit(page, "submit", code=texted_code(fake))
    assert len(call_says(portal, fake, pressed="1")) == 1


def test_silence_is_no_key(portal, fake):
    asked(portal)
    portal.submit(undelivered(portal, fake), "call-me")
    assert call_says(portal, fake, FinishedOnKey="", msg="Gather End") == call_says(portal, fake)


@pytest.mark.parametrize("ended", ["no-answer", "completed"])
def test_a_call_that_nobody_heard_is_said_so_and_one_more_is_offered(portal, fake, ended):
    asked(portal)
    portal.submit(undelivered(portal, fake), "call-me")
    call = until(lambda: fake.calls)[-1]
    call_says(portal, fake)
    told(portal, call["StatusCallback"], [("CallSid", call["sid"]), ("CallStatus", ended), ("To", RUTH)])
    page = portal.open("/identify/code")
    assert "once more" in page.said("delivery")
    assert portal.submit(page, "call-me").status == 429, "not within the minute"
    pass_time(portal, 61)
    assert portal.submit(portal.open("/identify/code"), "call-me").status == 200
    assert len(until(lambda: len(fake.calls) == 2 and fake.calls)) == 2


def test_a_call_that_was_heard_is_not_called_a_failure_when_it_ends(portal, fake, demo_database):
    asked(portal)
    portal.submit(undelivered(portal, fake), "call-me")
    call = until(lambda: fake.calls)[-1]
    call_says(portal, fake, pressed="1")
    told(portal, call["StatusCallback"], [("CallSid", call["sid"]), ("CallStatus", "completed"), ("To", RUTH)])
    assert row(demo_database, f"call:{challenge(demo_database).id}:1").delivery == "delivered"
    assert "once more" not in portal.open("/identify/code").text


# --- limits ---


def test_after_a_call_a_new_sms_is_what_the_page_speaks_of(portal, fake):
    asked(portal)
    portal.submit(undelivered(portal, fake), "call-me")
    assert "calling" in portal.open("/identify/code").text
    pass_time(portal, 61)
    for page in (portal.submit(portal.open("/identify/code"), "resend"), portal.open("/identify/code")):
        assert "a new code is on its way" in page.text
        assert "calling" not in page.text
    until(lambda: len(fake.to(RUTH)) == 2)
    page = undelivered(portal, fake)
    assert "could not deliver" in page.said("delivery")
    assert page.has("call-me")


def test_the_page_that_answers_the_last_sms_offers_the_call(portal, fake):
    page = asked(portal)
    for _sending in range(3):
        pass_time(portal, 61)
        page = portal.submit(page, "resend")
    assert [page.has(one) for one in ("resend", "call-me", "call-in")] == [
        portal.open("/identify/code").has(one) for one in ("resend", "call-me", "call-in")
    ]
    pass_time(portal, 61)
    assert portal.open("/identify/code").has("call-me")


def test_an_sms_that_its_vendor_did_not_take_yet_is_not_sent_after_the_next_one(portal, fake, demo_database):
    """It would be the newest SMS on the telephone, and dead."""
    fake.fail = 1.0
    page = asked(portal)
    key = f"code:{challenge(demo_database).id}"
    until(lambda: row(demo_database, f"{key}:1").error)
    pass_time(portal, 61)
    fake.fail = 0.0
    page = portal.submit(page, "resend")
    until(lambda: row(demo_database, f"{key}:2").state == "sent")
    assert row(demo_database, f"{key}:1").state == "expired"
    assert portal.submit(page, "submit", code=texted_code(fake)).path == "/"


def test_no_call_before_an_sms_failed_or_all_were_sent(portal, fake):
    def wait_for(texts: int) -> None:
        until(lambda: len(fake.to(RUTH)) == texts)

    asked(portal)
    wait_for(1)
    for sent in (2, 3, 4):
        assert portal.post("/identify/call", data={"next": "/"}).status_code == 429
        pass_time(portal, 61)
        assert portal.post("/identify/call", data={"next": "/"}).status_code == 429
        assert portal.post("/identify/resend", data={"next": "/"}, headers=elsewhere()).status_code == 200
        wait_for(sent)
    assert portal.post("/identify/call", data={"next": "/"}).status_code == 429, "the last SMS has its minute"
    pass_time(portal, 61)
    page = portal.open("/identify/code")
    assert page.has("call-me")
    assert not page.has("resend")
    assert portal.submit(page, "call-me").status == 200
    assert digits(call_says(portal, fake, pressed="1")) == texted_code(fake)


def test_two_calls_a_challenge(portal, fake):
    asked(portal)
    undelivered(portal, fake)
    answers = []
    for _call in range(4):
        answers.append(portal.post("/identify/call", data={"next": "/"}, headers=elsewhere()).status_code)
        pass_time(portal, 61)
    assert answers == [200, 200, 429, 429]
    assert not portal.open("/identify/code").has("call-me")


def test_of_many_at_once_one_is_made(demo_url, demo_database, serve, fake):
    server = serve(demo_url, PORTAL_TRUSTED_PROXIES="127.0.0.1", **fake.settings)
    with visitors.browser(server) as browser:
        assert visitors.ask(browser).status_code == 200
        sms = until(lambda: fake.to(RUTH))[-1]
        Hooks(fake.token).tell(sms["StatusCallback"], fake.told(sms, "undelivered", 30005))
        with ThreadPoolExecutor(10) as many:
            answers = list(
                many.map(lambda _n: browser.post("/identify/call", data={"next": "/"}, headers=elsewhere()).status_code, range(20))
            )
    assert sorted(answers) == [200] + [429] * 19
    assert challenge(demo_database).calls == 1


def test_calls_and_texts_share_the_budget_of_an_address(portal, fake):
    asked(portal)
    undelivered(portal, fake)
    same, mine = {"X-Forwarded-For": "203.0.113.77"}, httpx2.Cookies(portal.cookies)
    for n in range(30):
        portal.cookies.clear()
        assert portal.post("/identify/phone", data={"phone": f"05023400{n:02}", "next": "/"}, headers=same).status_code == 200
    portal.cookies = mine
    assert portal.post("/identify/call", data={"next": "/"}, headers=same).status_code == 429
    assert fake.calls == []
    assert portal.post("/identify/call", data={"next": "/"}, headers=elsewhere()).status_code == 200, "and what was refused cost no call"


def test_with_no_number_to_call_from_no_call_is_offered(new_portal, fake):
    portal = new_portal(**(texting(fake) | {"twilio_from": "Portal"}))
    asked(portal)
    page = undelivered(portal, fake)
    assert page.has("delivery")
    assert not page.has("call-me")
    assert portal.post("/identify/call", data={"next": "/"}).status_code == 429


# --- a known and an unknown number ---


def masked(text: str) -> str:
    return re.sub(r"05\d-\d{3}-\d{4}", "TYPED", re.sub(r'data-(left|wait)="\d+"', r"data-\1", text))


def test_a_known_and_an_unknown_number_see_the_same_on_the_way_to_a_call(portal, fake, demo_database):
    seen = []
    for phone in (RUTH_TYPED, NOBODY_TYPED):
        portal.cookies.clear()
        pages = [portal.post("/identify/phone", data={"phone": phone, "next": "/"}, headers=elsewhere())]
        for _resend in range(3):
            pages.append(news(portal))
            pass_time(portal, 61)
            pages.append(portal.post("/identify/resend", data={"next": "/"}, headers=elsewhere()))
        pass_time(portal, 61)
        pages.append(portal.get("/identify/code"))
        pages.append(portal.post("/identify/call", data={"next": "/"}, headers=elsewhere()))
        pages.append(news(portal))
        pages.append(portal.post("/identify/call", data={"next": "/"}, headers=elsewhere()))
        until(lambda: fake.calls)  # the one call: before its time is over, for it leaves after the page
        pass_time(portal, 301)
        pages.append(portal.get("/identify/code"))
        seen.append([(page.status_code, masked(page.text)) for page in pages])
    assert seen[0] == seen[1]
    assert len(fake.calls) == 1
    with demo_database.read() as reader:
        called = [one.channel for one in reader.all(KEYS) if one.key.startswith("call:")]
    assert called == ["voice", "none"]
    asked_for = [one for one in events(demo_database, "code") if one[0] == "call asked"]
    assert [one[3] for one in asked_for] == ["1001", None]


# --- the sandbox calls too ---


def test_the_sandboxs_telephone_hears_the_call(new_portal, demo_database):
    portal = new_portal()
    asked(portal)
    for _resend in range(3):
        pass_time(portal, 61)
        portal.post("/identify/resend", data={"next": "/"})
    pass_time(portal, 61)
    page = portal.submit(portal.open("/identify/code"), "call-me")
    heard = until(lambda: [one for one in portal.messages(RUTH) if one["channel"] == "voice"])[0]
    code = "".join(re.findall(r"\b\d\b", heard["body"]))[:6]
    assert "voice" in portal.get("/sandbox/phone").text
    assert portal.submit(page, "submit", code=code).path == "/"


def test_an_agreed_code_is_said_as_well(new_portal, fake):
    portal = new_portal(test_phones=f"{RUTH}=123456", **texting(fake))
    asked(portal)
    portal.submit(undelivered(portal, fake), "call-me")
    assert digits(call_says(portal, fake, pressed="1")) == "123456"


# --- the whole story, over real sockets ---


@quick_on_postgresql
@pytest.mark.parametrize("language", ["he", "en"])
def test_phone_undelivered_call_code_in(demo_url, serve, fake, language):
    fake.tell, fake.undelivered = True, {RUTH: 30003}
    server = serve(demo_url, **fake.settings)
    with visitors.browser(server) as browser:
        browser.get("/", params={"lang": language})
        assert visitors.ask(browser).status_code == 200
        page = until(lambda: (found := Page(browser.get("/identify/code"))).has("call-me") and found)
        assert "78" in page.said("delivery")
        assert browser.post("/identify/call", data={"next": "/"}).status_code == 200
        until(lambda: fake.calls and fake.calls[0]["status"] == "completed")
        (call,) = fake.calls
        assert call["problems"] == []
        assert call["language"] == "he-IL", "Ruth's own, whoever holds the browser"
        assert visitors.answer(browser, digits(call["spoken"])).status_code == 303
        assert visitors.is_in(browser)
    assert [status for _url, _told, status in fake.hooks.told if status not in (200, 204)] == []


def test_the_hook_is_where_the_portal_says_it_is(portal, fake):
    asked(portal)
    assert until(lambda: fake.to(RUTH))[0]["StatusCallback"].startswith(f"{BASE_URL}/hooks/twilio/status?job=code%3A")

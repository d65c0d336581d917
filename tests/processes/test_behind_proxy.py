"""Two instances behind a proxy that sends each request to the other one: nobody can tell that they are two (issue 3)."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.client import Browser
from tests.processes.instances import (
    DANIEL,
    LAYLA,
    RUTH,
    Instances,
    ask_for_code,
    decide,
    eventually,
    identified,
    instances,
    link_in,
    newest_code,
    newest_id,
    to_provider,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    """Each test takes customers and addresses of its own."""
    templates = request.getfixturevalue(f"{request.param}_templates")
    with templates.copy("demo") as url, instances(url, tmp_path_factory.mktemp("proxied")) as running:
        yield running


def test_the_main_job_goes_on_wherever_each_request_lands(two):
    with Browser(two.url, "127.0.1.1") as browser:
        page = identified(browser, RUTH, "/actions/pay-balance")
        assert page.said("amount-due") == "₪218.26"
        back = decide(browser, to_provider(browser), notice="never").headers["location"]
        waiting = browser.open(back)
        assert "waiting" in waiting.heading
        assert "waiting" in browser.open(back).heading, "and so it does on the other one"
        assert browser.open("/actions/last-invoice").heading == "Your last invoice"
    with Browser(two.url, "127.0.1.2") as browser:
        identified(browser, DANIEL, "/actions/pay-balance")
        back = decide(browser, to_provider(browser)).headers["location"]
        receipt = eventually(lambda: (page := browser.open(back)).has("receipt") and page)
        assert receipt.heading == "Paid. Thank you."
        assert browser.get(receipt.at("view-receipt").get("href")).content.startswith(b"%PDF-")
        assert browser.open("/actions/pay-balance").heading == "You owe nothing"
    assert both_served(two)


def test_the_sandbox_telephone_shows_what_either_sent(two):
    with Browser(two.url, "127.0.1.3") as browser:
        identified(browser, LAYLA)
        identified(browser, LAYLA)
        for _each in two.servers:
            shown = browser.open(f"/sandbox/phone?to=%2B{LAYLA[1:]}")
            assert len(shown.all("sms-code")) >= 2


def test_news_of_a_code_are_the_same_whichever_is_asked(two):
    with Browser(two.url, "127.0.1.6", checked=False) as browser:
        ask_for_code(browser, DANIEL)
        newest_code(browser, DANIEL)
        before = dict(two.proxy.answered)
        news = [browser.get("/identify/delivery", headers={"HX-Request": "true", "HX-Request-Type": "partial"}) for _each in range(2)]
        assert {one.status_code for one in news} <= {200, 204}
        assert news[0].text == news[1].text
        assert len(two.proxy.answered - Counter(before)) == 2, "one from each"


def test_leaving_holds_on_both_at_once(two):
    with Browser(two.url, "127.0.1.4") as browser, Browser(two.url, "127.0.1.4") as copied:
        identified(browser, LAYLA)
        copied.cookies.update(browser.cookies)
        browser.post("/leave")
        for _each in range(4):
            assert copied.get("/actions/last-invoice", follow_redirects=False).status_code == 303


def test_a_texted_link_opens_once_of_twenty_on_both(two):
    with Browser(two.url, "127.0.1.5") as browser:
        before = newest_id(browser, RUTH)
        page = browser.submit(browser.open("/identify?lang=en&next=/actions/last-invoice"), "submit-id", id_number="000000018")
        browser.submit(page, "choice-sms")
        texted = eventually(lambda: [one for one in browser.messages(RUTH) if one["id"] > before and "/l/" in one["body"]])
        path = link_in(texted[0]["body"])
        for _each in range(4):
            assert browser.get(path).status_code == 200, "looking spends nothing"

    def spend(n: int) -> int:
        with Browser(two.url, f"127.0.2.{n + 1}", checked=False) as another:
            return another.post(path, follow_redirects=False).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(spend, range(20))) == [303] + [410] * 19


def asked_for_codes(url: str, address: str, count: int, **headers: Any) -> list[int]:
    """Codes asked for numbers that are nobody's, from one address."""

    def ask(n: int) -> int:
        with Browser(url, address, checked=False, **headers) as browser:
            return browser.post(
                "/identify/phone", data={"phone": f"05023{50_000 + int(address.split('.')[2]) * 100 + n}", "next": "/"}
            ).status_code

    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(ask, range(count)))


def test_a_limit_is_exact_over_both(two):
    assert asked_for_codes(two.url, "127.0.3.1", 36) == [200] * 30 + [429] * 6


def test_an_address_is_what_the_proxy_saw_and_not_what_the_customer_claims(two):
    """The customer's own X-Forwarded-For stands before the proxy's word: thirty codes, whatever it says."""
    forged = {"X-Forwarded-For": "203.0.113.7"}
    assert asked_for_codes(two.url, "127.0.4.1", 31, **forged) == [200] * 30 + [429]
    assert asked_for_codes(two.url, "127.0.5.1", 1, **forged) == [200], "and nobody else pays for it"


def test_whoever_comes_past_the_proxy_is_believed_nothing(two):
    direct = f"http://127.0.0.1:{two.servers[0].port}"
    with Browser(direct, "127.0.6.1") as browser:
        statuses = [
            browser.post(
                "/identify/phone", data={"phone": f"05023{56_000 + n}", "next": "/"}, headers={"X-Forwarded-For": f"203.0.113.{n}"}
            ).status_code
            for n in range(31)
        ]  # fmt: skip
    assert statuses == [200] * 30 + [429]


def test_the_figures_are_of_the_process_that_is_scraped_and_not_for_customers(two):
    with Browser(two.url) as browser:
        assert browser.get("/metrics").status_code == 404
    assert httpx2.get(f"http://127.0.0.1:{two.servers[0].port}/metrics", timeout=30).status_code == 200


def both_served(two: Instances) -> bool:
    ports = {port for port, status in two.proxy.answered if status == 200}
    return ports == set(two.proxy.instances)

"""What every answer wears, who may post, and what goes wrong quietly (SECURITY 13, 40, 41, 42, 45, 48, 49)."""

import re
from collections.abc import Callable, Iterator

import pytest

from portal.app import build
from portal.channels.web.documents import disposition
from portal.settings import Settings
from tests.bills import RUTHS
from tests.client import BASE_URL, Client, Page
from tests.html import header_problems
from tests.security.visitors import ask, elsewhere, local, log_in, type_id

OTHER = "https://evil.example"
HTTPS = "https://pay.example.co.il"


@pytest.fixture
def portal(new_portal: Callable[..., Client]) -> Client:
    return new_portal(trusted_proxies="testclient")


class BrokenBilling:
    """Fails with what a page must never show."""

    remote = False

    def account(self, customer_id: str) -> None:
        raise RuntimeError(f"zq-trace at /srv/zq-path: SELECT zq_sql FROM customers WHERE id = {customer_id}")

    document = account


@pytest.mark.parametrize("way", ["/?journey={}", "/?source={}", "/human?next=/{}", "/human?next={}", "/{}", "/l/{}", "/actions/{}"])
def test_no_page_holds_a_long_address(sqlite_portal, way):
    """Pages of nobody are kept, so many of them: were they as long as an address may be, anybody could fill the memory."""
    long = "a" * 20_000
    assert long not in sqlite_portal.get(way.format(long)).text


def test_a_page_says_by_which_headers_it_differs(sqlite_portal):
    """A script is given the part that it swaps in, and of a 503 the address to open."""
    whole, part = sqlite_portal.get("/human"), sqlite_portal.get("/human", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert whole.text != part.text
    for page in (whole, part):
        assert {"hx-request", "hx-request-type"} <= {name.strip().lower() for name in page.headers["vary"].split(",")}


def test_the_way_here_is_carried_to_another_language(sqlite_portal):
    here = "/human?next=%2Factions%2Flast-invoice&journey=0123456789abcdef&source=bill"
    assert f"{here}&lang=en".replace("&", "&amp;") in sqlite_portal.get(here).text


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": OTHER}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "nonsense"}, False),
        ({"Origin": BASE_URL}, True),
        ({"Origin": OTHER}, False),
        ({"Origin": "null"}, False),
        ({"Origin": f"{BASE_URL}.evil.example"}, False),
        ({"Origin": "http://127.0.0.1"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_only_our_own_page_may_post(sqlite_portal, said, allowed):
    """Login included: by phone with any cookie, and leaving a visit."""
    sqlite_portal.cookies.clear()
    sqlite_portal.cookies.set("lang", "he")
    sqlite_portal.event_hooks["request"] = []
    asked = sqlite_portal.post("/identify/phone", data={"phone": local("+972502345681"), "next": "/"}, headers={**said, **elsewhere()})
    assert asked.status_code == (200 if allowed else 403)
    left = sqlite_portal.post("/leave", headers=said, follow_redirects=False)
    assert left.status_code == (303 if allowed else 403)


@pytest.mark.parametrize("typed", ["https://Pay.Example.co.il", f"{HTTPS}:443", f"{HTTPS}/"])
def test_our_own_page_may_post_however_its_address_was_typed(sqlite_demo, typed):
    """A browser without Sec-Fetch-Site says its origin in small letters, and no port that goes without saying."""
    settings = Settings.model_validate({"PORTAL_DATABASE_URL": sqlite_demo, "PORTAL_BASE_URL": typed})
    with Client(build(settings), base_url=HTTPS) as client:
        client.event_hooks["request"] = []
        client.cookies.set("__Host-lang", "he")
        assert client.post("/leave", headers={"Origin": HTTPS}, follow_redirects=False).status_code == 303
        assert client.post("/leave", headers={"Origin": OTHER}, follow_redirects=False).status_code == 403


@pytest.fixture
def sqlite_portal(sqlite_demo) -> Iterator[Client]:
    """One database is enough where none is asked."""
    with behind_proxies(sqlite_demo, "127.0.0.1, 10.9.9.9, 2001:db8::9", "127.0.0.1") as client:
        yield client


def behind_proxies(database_url: str, trusted: str, nearest: str) -> Client:
    settings = {"PORTAL_DATABASE_URL": database_url, "PORTAL_BASE_URL": BASE_URL, "PORTAL_TRUSTED_PROXIES": trusted}
    return Client(build(Settings.model_validate(settings)), address=nearest)


def test_a_form_of_another_site_ends_no_visit(portal):
    log_in(portal)
    for said in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": OTHER, "Sec-Fetch-Site": "same-site"}):
        assert portal.post("/leave", headers=said, follow_redirects=False).status_code == 403
    assert portal.get("/actions/last-invoice", follow_redirects=False).status_code == 200


def test_every_answer_wears_the_headers(new_portal):
    portal = new_portal(trusted_proxies="testclient")
    log_in(portal)
    style = next(part for part in portal.get("/").text.split('"') if part.startswith("/static/"))
    answers = {
        200: portal.get("/"),
        303: portal.post("/identify/phone", data={"phone": "1"}, follow_redirects=False),
        404: portal.get("/nowhere"),
        405: portal.put("/identify"),
        400: portal.post("/identify/code", data={"a": "b"}),
        403: portal.post("/leave", headers={"Sec-Fetch-Site": "cross-site"}),
        410: portal.get("/l/nothing"),
        413: portal.post("/identify/code", data={"code": "1" * 70_000}),
        422: portal.post("/identify/code", data={"code": "1"}),
        "static": portal.get(style),
        "static, missing": portal.get("/static/0/nothing.js"),
        "static, posted": portal.post(style),
        "health": portal.get("/healthz"),
        "json": portal.get("/sandbox/messages"),
        "hook": portal.post("/hooks/payments/sandbox", content="{}"),
        "head": portal.head("/"),
    }
    for name, answered in answers.items():
        assert header_problems(answered.headers) == [], name
        assert "server" not in answered.headers, name
        assert ("no-store" in answered.headers["cache-control"]) is (name != "static"), name
    assert "immutable" in answers["static"].headers["cache-control"]


def test_a_document_wears_them_too(portal):
    log_in(portal)
    document = portal.get(f"/invoices/{RUTHS}.pdf?save=1")
    assert document.headers["content-type"] == "application/pdf"
    assert header_problems(document.headers) == []
    assert document.headers["cache-control"] == "no-store"


def test_what_fails_inside_is_one_page_with_a_reference_and_a_person(new_portal):
    portal = new_portal(billing=BrokenBilling(), trusted_proxies="testclient")
    log_in(portal)
    for language, direction in (("en", "ltr"), ("he", "rtl")):
        page = Page(portal.get(f"/actions/last-invoice?lang={language}"))
        assert page.status == 500
        assert page.tree.get("dir") == direction
        assert page.has("human")
        assert len(page.said("reference")) >= 6
        for inside in ("zq", "Traceback", "RuntimeError", "customers", "portal/", "starlette", "Python"):
            assert inside.lower() not in page.text.lower()
    assert header_problems(portal.get("/actions/last-invoice").headers) == []


def test_a_body_without_a_length_is_cut_off(pair, new_browser):
    def endless() -> Iterator[bytes]:
        for _n in range(200):
            yield b"code=" + b"1" * 1024

    refused = new_browser(pair[0]).post("/identify/code", content=endless())
    assert refused.status_code == 413


def counted_for(client: Client, *hops: str) -> int:
    """The status of a code asked by these X-Forwarded-For lines."""
    client.cookies.clear()
    headers = [("X-Forwarded-For", hop) for hop in hops]
    n = next(PHONES)
    return client.post("/identify/phone", data={"phone": f"05023{n:05}", "next": "/"}, headers=headers).status_code


PHONES = iter(range(10_000, 99_999, 7))


@pytest.mark.parametrize(
    "hops",
    [
        lambda n: (f"198.51.100.{n}, 203.0.113.5",),
        lambda n: (f"198.51.100.{n}, 203.0.113.5, 10.9.9.9",),
        lambda n: (f"198.51.100.{n}", "203.0.113.5"),
        lambda n: (f"2001:db8:1:2::{n:x}",),
        lambda n: (f"2001:db8:1:2:{n:x}::1, 10.9.9.9",),
        lambda n: ("::ffff:203.0.113.5" if n % 2 else "203.0.113.5",),
    ],
    ids=["before the real one", "through two proxies", "on a line of its own", "of one /64", "of one /64, two proxies", "written as IPv6"],
)
def test_an_address_that_the_browser_made_up_has_no_budget_of_its_own(sqlite_portal, hops):
    statuses = [counted_for(sqlite_portal, *hops(n)) for n in range(1, 32)]
    assert statuses == [200] * 30 + [429]


def test_a_proxy_is_trusted_however_its_address_is_written(sqlite_demo):
    """A socket that listens for IPv6 and IPv4 sees ::ffff:10.0.0.2; some proxies write the next one so, or in full."""
    with behind_proxies(sqlite_demo, "10.0.0.2, 10.9.9.9, 2001:db8::9", "::ffff:10.0.0.2") as client:
        statuses = [counted_for(client, f"198.51.100.{n}, ::FFFF:10.9.9.9, 2001:0DB8::0009") for n in range(1, 32)]
    assert statuses == [200] * 31


def test_without_a_trusted_proxy_the_header_means_nothing(new_portal):
    portal = new_portal(trusted_proxies="")
    assert [counted_for(portal, f"198.51.100.{n}") for n in range(1, 32)] == [200] * 30 + [429]


def test_cookies_that_a_proxy_parted_are_all_read(sqlite_portal):
    """HTTP/2 may send each on a line of its own (RFC 9113 8.2.3), and not every proxy puts them together."""
    sqlite_portal.cookies.clear()
    page = Page(sqlite_portal.get("/", headers=[("Cookie", "source=ivr"), ("Cookie", "lang=en")]))
    assert page.heading == "What would you like to do?"


@pytest.mark.parametrize(
    "name",
    [
        'a"b',
        "a\r\nSet-Cookie: x=y",
        "a;b",
        "a\\b",
        "../../etc/passwd",
        "חשבונית",
        "invoice\u202efdp.exe",
        "א\nב",
        "",
        "%0d%0a",
        "a\0b",
        "🙂" * 50,
        "a'b",
        "é",
    ],
)
@pytest.mark.parametrize("save", [True, False])
def test_a_file_name_stays_inside_its_quotes(name, save):
    said = disposition(f"{name}.pdf", save)
    said.encode("latin-1")
    assert not any(ord(c) < 32 or ord(c) == 127 for c in said)
    kind, plain, encoded = said.split("; ")
    assert kind == ("attachment" if save else "inline")
    assert re.fullmatch(r'filename="[^"\\/]*"', plain)
    assert re.fullmatch(r"filename\*=UTF-8''[!-~]*", encoded)
    assert not {'"', " ", "\\", "/"} & set(encoded)
    assert "%E2%80%AE" not in encoded, "no right-to-left override"


def test_at_an_https_address_the_headers_and_cookies_are_stricter(new_portal):
    portal = new_portal(base_url=HTTPS, trusted_proxies="testclient")
    asked = ask(portal)
    assert "__Host-code=" in asked.headers["set-cookie"]
    assert "; Secure" in asked.headers["set-cookie"]
    assert "__Host-visit=" in type_id(portal).headers["set-cookie"]

"""Texted links, opened by messengers, scanners, thieves and the customer (SECURITY 20-28)."""

import csv
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest
from sqlalchemy import update
from sqlmodel import col

from portal.core.keys import Keys
from portal.core.statements import Statement, now, p
from portal.core.tables import Customer
from tests.client import Client, Page
from tests.security import visitors
from tests.security.visitors import DANIEL, DANIEL_ID, RUTH, RUTH_ID, code, elsewhere, is_in, newest, pass_time

CHANGED_HANDS = Statement(update(Customer).where(col(Customer.customer_id) == p("id_")).values(mobile_since=now()))
AGENTS = Path(__file__).resolve().parents[2] / "../shared/data/08-link-preview-agents"
ELSEWHERE = (
    "//e",
    "///e.example",
    "/\\e.example",
    "\\\\e.example",
    "https://e.example",
    "http:e.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/e.example",
    "/\n/e.example",
    "\t//e.example",
    " //e.example",
    "/ok\r\nSet-Cookie: a=b",
    "e.example",
    "@e.example",
    "/%0d%0a",
    "",
    "/" + "a" * 400,
)


@pytest.fixture
def portal(new_portal: Callable[..., Client]) -> Client:
    return new_portal(trusted_proxies="testclient")


def texted(client: httpx2.Client, number: str = RUTH_ID, phone: str = RUTH) -> str:
    """The path of the link that an ID number alone has sent to the mobile on file; the browser is a new one afterwards."""
    client.cookies.clear()
    before = newest(client, phone)
    visitors.type_id(client, number)
    client.get("/actions/last-invoice")
    sent = client.post("/actions/last-invoice", data={"turn": "1", "reply": "sms"}, headers=elsewhere())
    assert sent.status_code in (200, 303)
    body = str(visitors.message(client, phone, after=before)["body"])
    client.cookies.clear()
    return urlsplit(body.split()[-1]).path


def press_continue(client: httpx2.Client, path: str, **headers: str) -> httpx2.Response:
    return client.post(path, headers={**elsewhere(), **headers}, follow_redirects=False)


def test_get_and_head_spend_nothing_and_give_no_visit(portal):
    path = texted(portal)
    for method in ("HEAD", "GET", "GET", "HEAD"):
        seen = portal.request(method, path)
        assert (seen.status_code, "visit" in seen.headers.get("set-cookie", "")) == (200, False)
    assert not is_in(portal)
    assert press_continue(portal, path).status_code == 303
    assert is_in(portal)


def test_a_link_works_once_and_then_says_so(portal):
    path = texted(portal)
    assert press_continue(portal, path).status_code == 303
    portal.cookies.clear()
    for again in (press_continue(portal, path), portal.get(path)):
        assert again.status_code == 410
        assert "visit" not in again.headers.get("set-cookie", "")
    assert not is_in(portal)


def test_a_link_that_is_spent_proves_the_telephone_as_a_code_does(portal):
    """Twenty wrong codes by anybody shut it: whoever holds it opens it again (promise 5), and looking at the link does not."""
    visitors.fail_twenty_times(portal, RUTH)
    path = texted(portal)
    assert portal.get(path).status_code == 200
    assert visitors.ask(portal, RUTH).status_code == 429
    assert press_continue(portal, path).status_code == 303
    portal.cookies.clear()
    visitors.log_in(portal, RUTH)


def test_a_link_to_another_telephone_opens_none_that_is_shut(portal):
    visitors.fail_twenty_times(portal, RUTH)
    assert press_continue(portal, texted(portal, DANIEL_ID, DANIEL)).status_code == 303
    portal.cookies.clear()
    assert visitors.ask(portal, RUTH).status_code == 429


def test_a_link_that_was_written_while_the_telephone_changed_hands_lets_nobody_in(portal, demo_database):
    path = texted(portal)
    with demo_database.write() as tx:
        assert tx.run(CHANGED_HANDS, id_="1001") == 1
    assert press_continue(portal, path).status_code == 410
    assert not is_in(portal)


def test_the_same_link_written_otherwise_is_the_same_link(portal):
    """By its id, not by its text: an appended = decodes to the same (itsdangerous forgives it)."""
    path = texted(portal)
    assert press_continue(portal, f"{path}=").status_code in (303, 410)
    portal.cookies.clear()
    spelt = [press_continue(portal, other).status_code for other in (path, f"{path}=", f"{path}==", f"{path}%3D")]
    assert 303 not in spelt[1:]
    assert spelt.count(303) <= 1


def test_a_token_of_another_door_or_another_key_opens_nothing(portal, new_portal):
    path = texted(portal)
    id = portal.app.state.portal.keys.unsign("link", path.removeprefix("/l/"))
    assert id
    keys = portal.app.state.portal.keys
    forged = [keys.sign(salt, id) for salt in ("", "visit", "payment", "Link", "link ")]
    forged += [Keys.of(("some other key",)).sign("link", id), id, f"{id}.", path.removeprefix("/l/").partition(".")[0]]
    forged += [path.removeprefix("/l/")[:-1], path.removeprefix("/l/")[:-2] + "AA", "a.b.c", "%F0%9F%92%A9", "." * 300, "../l/x"]
    assert {press_continue(portal, f"/l/{token}").status_code for token in forged} <= {400, 404, 410}
    assert press_continue(portal, path).status_code == 303


def test_a_link_is_over_after_fifteen_minutes_and_clocks_a_little_apart_do_no_harm(portal):
    first = texted(portal)
    pass_time(portal, 14 * 60)
    assert portal.get(first).status_code == 200
    second = texted(portal)
    pass_time(portal, 15 * 60 + 2)
    assert portal.get(second).status_code == 410
    assert press_continue(portal, second).status_code == 410


def test_of_parallel_presses_on_both_processes_one_gets_in(pair, new_browser):
    """Daniel's, by his ID number; the other attacks on these processes are others' (conftest)."""
    asking = new_browser(pair[0])
    path = texted(asking, DANIEL_ID, DANIEL)
    clients = [new_browser(pair[n % 2]) for n in range(16)]
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda client: press_continue(client, path).status_code, clients))
    assert sorted(statuses) == [303] + [410] * 15


def test_no_agent_that_opens_links_can_spend_one(portal):
    if not AGENTS.exists():
        pytest.skip("the list of agents is not beside the project: ../shared/data/08-link-preview-agents")
    with open(AGENTS / "agents.csv", encoding="utf-8", newline="") as file:
        agents = {row["pattern"]: row for row in csv.DictReader(file) if row["class_"] != "person"}
    assert len(agents) > 40
    path = texted(portal)
    for row in agents.values():
        for method in (row["methods"] or "GET").replace("+", " ").replace("/", " ").replace(",", " ").split():
            if method in ("GET", "HEAD"):
                seen = portal.request(method, path, headers={"User-Agent": row["user_agent"]})
                assert seen.status_code == 200, row
    assert press_continue(portal, path).status_code == 303


def test_the_orders_of_requests_that_were_reported_elsewhere_let_the_person_in(portal):
    if not AGENTS.exists():
        pytest.skip("the sequences are not beside the project: ../shared/data/08-link-preview-agents")
    for line in (AGENTS / "sequences.jsonl").read_text(encoding="utf-8").splitlines():
        sequence = json.loads(line)
        path = texted(portal)
        pressed = []
        for how, who in sequence["steps"]:
            portal.cookies.clear()
            seen = portal.request("HEAD" if how == "HEAD" else "GET", path, headers={"User-Agent": who})
            assert "visit=" not in seen.headers.get("set-cookie", ""), sequence["name"]
            if how == "GET+POST":
                pressed.append(press_continue(portal, path).status_code)
        if not pressed:
            pressed.append(press_continue(portal, path).status_code)
        assert pressed == [303, 410][: len(pressed)], sequence["name"]


def test_a_page_of_another_site_cannot_press_continue(portal):
    path = texted(portal)
    assert press_continue(portal, path, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert press_continue(portal, path).status_code == 303


def test_the_token_leaves_the_address_bar_and_no_referrer_carries_it(portal):
    path = texted(portal)
    shown = portal.get(path)
    assert shown.headers["referrer-policy"] == "no-referrer"
    after = press_continue(portal, path)
    assert after.headers["location"].startswith("/actions/")
    assert path.removeprefix("/l/") not in after.headers["location"] + after.text


def test_a_link_speaks_the_customers_language_until_another_is_chosen(portal):
    """Daniel's, who is written to in English: he asks for it in Hebrew, and opens it where no language was chosen yet."""
    path = texted(portal, DANIEL_ID, DANIEL)
    first = portal.open(path)
    assert [language(first), first.response.headers.get_list("set-cookie")] == ["en", []]
    press_continue(portal, path)
    assert portal.cookies["lang"] == "en"
    assert language(portal.open("/actions/last-invoice")) == "en"


@pytest.mark.parametrize("chosen", ["in its address", "before"])
def test_a_link_speaks_the_language_that_was_chosen(portal, chosen):
    path = texted(portal, DANIEL_ID, DANIEL)
    if chosen == "before":
        portal.get("/?lang=ru")
    assert language(portal.open(f"{path}?lang=ru" if chosen == "in its address" else path)) == "ru"
    press_continue(portal, path)
    assert language(portal.open("/actions/last-invoice")) == "ru"


def language(page: Page) -> str | None:
    return page.tree.getroottree().getroot().get("lang")


def test_links_are_built_from_the_base_url_whatever_host_was_asked(portal):
    portal.cookies.clear()
    visitors.type_id(portal)
    host = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Forwarded-Proto": "ftp"}
    portal.get("/actions/last-invoice", headers=host)
    portal.post("/actions/last-invoice", data={"turn": "1", "reply": "sms"}, headers={**host, **elsewhere()}, follow_redirects=False)
    body = visitors.message(portal, RUTH)["body"]
    assert "evil" not in body
    assert "http://127.0.0.1:8000/l/" in body


def test_no_answer_repeats_the_host_that_was_asked(portal):
    for path in ("/", "/identify", "/identify/", "/human/", "/nowhere/", "/actions/last-invoice/", "/l/x/", "//identify/"):
        seen = portal.get(path, headers={"Host": "evil.example"}, follow_redirects=False)
        assert "evil.example" not in seen.headers.get("location", ""), path
        assert "evil.example" not in seen.text, path


def test_next_stays_on_this_site(portal):
    for place in ELSEWHERE:
        portal.cookies.clear()
        by_id = visitors.type_id(portal, next=place)
        assert stays(by_id.headers["location"]), repr(place)
        page = portal.open(f"/identify?{urlencode({'next': place})}")
        nexts = page.tree.xpath("//input[@name='next']/@value")
        assert len(nexts) == 3, "for a number, for an ID number, for a code to the number on file"
        assert all(map(stays, nexts)), repr(place)


def test_next_stays_on_this_site_after_a_code(portal):
    for place in ("//e.example", "/\\e.example", "https://e.example", "/\t/e.example"):
        portal.cookies.clear()
        before = newest(portal, DANIEL)
        visitors.ask(portal, DANIEL, next=place)
        right = code(portal, DANIEL, after=before)
        in_form = portal.post("/identify/code", data={"code": right, "next": place}, headers=elsewhere(), follow_redirects=False)
        assert stays(in_form.headers["location"]), repr(place)


def stays(location: str) -> bool:
    return location.startswith("/") and location[1:2] not in ("/", "\\") and "e.example" not in location and "\n" not in location

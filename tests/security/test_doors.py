"""Every route at every level (SECURITY 34, 35, 37, 39, 42)."""

from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from sqlmodel import col, select

from portal.channels.web.door import Door
from portal.core.statements import Statement
from portal.core.tables import Journey
from tests.bills import BEFORE_RUTHS, RUTHS, bill
from tests.client import Client, Page
from tests.security import visitors
from tests.security.visitors import RUTH, RUTH_NAME, elsewhere, log_in, type_id

LEVELS: dict[int, Callable[[httpx2.Client], object]] = {0: lambda client: None, 1: type_id, 2: log_in}
# What a path's places are filled with: something of one's own where there is, something of nobody's, and what no database may choke on.
PLACES = {
    "slug": ("last-invoice", "pay-balance", "talk-to-human", "no-such-action", "%00", "..%2f..", "%F0%9F%92%A9", "'%22<"),
    "number": (RUTHS, bill("1002"), "nothing", "%00", "..%2F..%2Fetc", "%ff", "%0d%0aSet-Cookie:%20a=b"),
    "id": ("nothing", "%00", "%ff", "'--"),
    "token": ("nothing", "a.b", "%00", "%ff", "=" * 50),
    "reference": ("nothing", "%00", "%ff"),
    "provider": ("sandbox", "stripe", "%00"),
}
PERSONAL = (RUTH_NAME, RUTHS, BEFORE_RUTHS, "229.75", "ruth@", "example.com", RUTH, "502345678", "050-234-5678", "הגפן")


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def portal(new_portal: Callable[..., Client], level: int) -> Client:
    client = new_portal(trusted_proxies="testclient")
    LEVELS[level](client)
    client.event_hooks["response"] = []  # what a page is like is others' business; what it answers is ours
    return client


def doors(client: Client) -> list[Door]:
    return list(app(client).state.doors)


def app(client: Client) -> Any:
    return client.app


def paths(door: Door) -> list[str]:
    """Its path with each of the things that may stand there."""
    name = door.path.partition("{")[2].partition("}")[0].partition(":")[0]
    if not name:
        return [door.path]
    before, after = door.path.partition("{")[0], door.path.partition("}")[2]
    return [f"{before}{place}{after}" for place in PLACES[name]]


def knock(client: Client, door: Door, path: str, fields: dict[str, str] | None = None, body: bytes | None = None) -> httpx2.Response:
    kept = httpx2.Cookies(client.cookies)
    if door.method == "POST":
        content = body if body is not None else urlencode(fields or {}).encode()
        headers = {**elsewhere(), "Content-Type": "application/x-www-form-urlencoded"}
        answered = client.post(path, content=content, headers=headers, follow_redirects=False)
    else:
        answered = client.get(path, headers=elsewhere(), follow_redirects=False)
    client.cookies = kept  # what a door gives is not taken to the next one
    return answered


def lets_in(answered: httpx2.Response) -> bool:
    """Not sent away to identify."""
    return not (answered.status_code == 303 and answered.headers["location"].startswith("/identify?next="))


def test_every_door_of_the_application_is_in_the_table(portal, level):
    served = {route.path for route in app(portal).routes}
    static = {path for path in served if path.startswith("/static/")}
    assert served - static == {door.path for door in doors(portal)}


def test_every_door_answers_at_every_level_as_the_table_says_and_none_fails(portal, level):
    for door in doors(portal):
        if door.path == "/leave":
            continue
        for path in paths(door):
            answered = knock(portal, door, path, {})
            assert answered.status_code < 500, f"{door.method} {path}: {answered.status_code}"
            if level < door.proof:
                assert not lets_in(answered) or answered.status_code == 404, f"{door.method} {path}: {answered.status_code}"


def test_every_door_refuses_fields_that_its_form_has_not(portal, level):
    for door in doors(portal):
        if door.method != "POST" or door.raw or door.machine:
            continue
        path = paths(door)[0]
        allowed = {"turn": "1", "reply": ""} if door.own_fields else dict.fromkeys(door.fields, "")
        unknown = knock(portal, door, path, {**allowed, "level": "2", "customer_id": "1001"})
        assert unknown.status_code in ({400} if door.own_fields is False else {400, 303}), f"{path}: {unknown.status_code}"
        assert not (door.own_fields and lets_in(unknown) and unknown.status_code == 303), path
        for name in sorted(allowed) or ["next"]:
            twice = knock(portal, door, path, body=f"{name}=1&{name}=2".encode())
            assert twice.status_code == 400, f"{path}: {name} twice: {twice.status_code}"
        for body in (
            b"\xff\xfe=1",
            b"a=%ff",
            b"&".join([b"a%d=1" % n for n in range(40)]),
            b"next=%00",
            b"reply=%00&turn=1",
            b"turn=%F3%A0%84%B0",
        ):
            broken = knock(portal, door, path, body=body)
            assert broken.status_code < 500, f"{path}: {body[:20]!r}: {broken.status_code}"


def test_other_methods_are_refused_with_a_page(portal, level):
    known = {(door.path, door.method) for door in doors(portal)}
    for door in doors(portal):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "GET", "POST"):
            if (door.path, method) not in known:
                refused = portal.request(method, paths(door)[0])
                assert refused.status_code == 405, f"{method} {door.path}"
                opens = {method for path, method in known if path == door.path}
                assert set(refused.headers["allow"].split(", ")) == opens | ({"HEAD"} if "GET" in opens else set()), door.path


def test_what_goes_wrong_is_there_in_another_language_too(portal, level):
    for door in doors(portal):
        if door.machine or door.method != "POST":
            continue
        for path in paths(door):
            for refused in (knock(portal, door, path, {"zq": "1"}), portal.get(path, headers=elsewhere())):
                for russian in Page(refused).tree.xpath("//a[@hreflang='ru']/@href"):
                    assert portal.get(russian, headers=elsewhere()).status_code != 405, f"{path}: {russian}"


@pytest.mark.parametrize("level", [1], indirect=True)
def test_whoever_typed_an_id_number_sees_nothing_of_whose_it_is(portal, level):
    for door in doors(portal):
        if door.method != "GET" or door.sandbox:
            continue
        for path in paths(door):
            answered = knock(portal, door, path)
            text = unescape(answered.text)
            asked = unescape(path)
            assert [said for said in PERSONAL if said in text and said not in asked] == [], path
            assert answered.headers.get("content-type") != "application/pdf", path
    for reply in ("sms", "email"):
        portal.get("/actions/last-invoice")
        sent = portal.post("/actions/last-invoice", data={"turn": "1", "reply": reply}, headers=elsewhere())
        assert [said for said in PERSONAL if said in unescape(sent.text)] == []


@pytest.mark.parametrize("level", [2], indirect=True)
def test_anothers_document_and_a_missing_one_are_the_same(portal, level):
    answers = [portal.get(f"/invoices/{number}.pdf", follow_redirects=False) for number in (bill("1002"), bill("9999"))]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].text.replace("1002", "") == answers[1].text.replace("9999", "")
    assert portal.get(f"/invoices/{RUTHS}.pdf").status_code == 200


@pytest.mark.parametrize("level", [2], indirect=True)
def test_anothers_journey_and_a_missing_one_are_the_same(portal, new_portal, level):
    other = new_portal(trusted_proxies="testclient")
    log_in(other, visitors.DANIEL)
    page = other.open("/actions/last-invoice")
    other.submit(page, "choice-email")
    with app(portal).state.portal.db.read() as reader:
        theirs = reader.one(Statement(select(Journey.id).where(col(Journey.customer_id) == "1002")))
    assert theirs
    answers = [portal.get(f"/actions/last-invoice?journey={id}") for id in (theirs.id, "0" * 16)]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].text.replace(theirs.id, "") == answers[1].text.replace("0" * 16, "")


@pytest.mark.parametrize("level", [2], indirect=True)
def test_a_style_sheet_under_a_personal_path_is_not_there(portal, level):
    for path in (
        "/actions/last-invoice/x.css",
        "/actions/last-invoice.css",
        f"/invoices/{RUTHS}.pdf/x.css",
        f"/invoices/{RUTHS}.css",
    ):
        assert portal.get(path, follow_redirects=False).status_code == 404, path
    for path in ("/actions/last-invoice", f"/invoices/{RUTHS}.pdf", "/", "/human", "/identify"):
        assert "no-store" in portal.get(path).headers["cache-control"], path


@pytest.mark.parametrize("level", [2], indirect=True)
def test_a_bare_nul_in_a_query_fails_nothing(portal, level):
    for path in (
        "/actions/last-invoice?journey=%00",
        "/?source=%00&lang=%00",
        "/identify?next=%00",
        "/sandbox/messages?to=%00",
        "/human?x=%00",
    ):
        assert portal.get(path).status_code < 500, path
    for slug, fields in {"last-invoice": {"reply": "\0"}, "pay-balance": {"reply": "bill:\0"}, "talk-to-human": {"phone": "\0"}}.items():
        portal.get(f"/actions/{slug}")
        assert portal.post(f"/actions/{slug}", data={"turn": "1", **fields}).status_code < 500, slug

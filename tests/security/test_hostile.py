"""Names that attack whoever shows them (SECURITY 43, 44)."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col

from portal.core.statements import Statement, p
from portal.core.tables import Customer
from tests.bills import RUTHS
from tests.client import Client
from tests.security.visitors import RUTH, SHARED, answer, ask, code, log_in, messages

STRINGS = Path(__file__).resolve().parents[2] / "../shared/data/09-accessibility-bidi/hebrew-strings.jsonl"
NAMES = (
    "<b hx-get=/x>{{7*7}}",
    "{% raw %}{{ config }}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='x",
    "{name} {said} {0.__class__}",
    "%(name)s %s %n",
    "</title></head><body>",
    "&lt;b&gt;&amp;",
    "\u202eevil\u2066",
    "a\nb\r\nX-Header: 1",
    "=cmd|' /C calc'!A0",
    "${jndi:ldap://x}",
    "javascript:alert(1)",
)
NAMED = Statement(update(Customer).where(col(Customer.customer_id) == p("id_")).values(name=p("name_")))
BIDI_AND_LINES = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\r\n]")


@pytest.fixture
def portal(new_portal: Callable[..., Client]) -> Client:
    return new_portal(trusted_proxies="testclient")


def hostile() -> list[str]:
    if not STRINGS.exists():
        return list(NAMES)
    given = [json.loads(line) for line in STRINGS.read_text(encoding="utf-8").splitlines()]
    return [*NAMES, *(one["text"] for one in given if one["category"] == "mixed-direction")]


def rename(db, customer_id: str, name: str) -> None:
    with db.write() as tx:
        tx.run(NAMED, id_=customer_id, name_=name)


def seen(text: str) -> str:
    return " ".join(re.sub("[\u2066-\u2069]", "", text).split())


def test_a_name_is_shown_as_the_text_it_is(portal, demo_database):
    log_in(portal)
    portal.event_hooks["response"] = []  # a name may look like a place that nobody filled
    for name in hostile():
        rename(demo_database, "1001", name)
        for language in ("he", "en"):
            page = portal.open(f"/human?lang={language}")
            assert page.status == 200, name
            assert not page.tree.xpath("//*[@hx-get='/x'] | //*[@onload] | //*[@onerror] | //*[@onmouseover]"), name
            assert seen(name) in seen("".join(page.tree.itertext())), name
            assert "49" not in page.tree.xpath("string(//*[@class='visit'])"), name


def test_a_name_is_a_text_where_one_of_several_is_chosen(portal, demo_database):
    for customer_id, name in (("1005", NAMES[0]), ("1006", NAMES[4])):
        rename(demo_database, customer_id, name)
    ask(portal, SHARED)
    answer(portal, code(portal, SHARED))
    page = portal.open("/identify/customer")
    assert [seen("".join(person.itertext())) for person in page.all("person")] == [NAMES[0], NAMES[4]]


def test_a_name_is_in_no_sms_and_no_header_and_breaks_no_document(portal, demo_database):
    for name in (NAMES[0], "\u202eevil\u2066", "a\nb\r\nX-Header: 1"):
        rename(demo_database, "1001", name)
        portal.cookies.clear()
        log_in(portal)
        page = portal.get(f"/invoices/{RUTHS}.pdf?save=1")
        assert page.status_code == 200
        assert not BIDI_AND_LINES.search("".join(page.headers.values()))
        assert "x-header" not in page.headers
        portal.post("/leave")
    for sent in messages(portal, RUTH):
        first, *_rest, last = sent["body"].splitlines()
        assert "evil" not in sent["body"] and "hx-get" not in sent["body"]
        assert not BIDI_AND_LINES.search(first + last)

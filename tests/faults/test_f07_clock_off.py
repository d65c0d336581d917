"""F7: a process whose clock is an hour off takes nobody's lease, revives no code and no link, and forgets no count."""

from email.utils import parsedate_to_datetime

import pytest
from sqlalchemy import update

from portal.core.languages import Language
from portal.core.outbox import Outbox
from portal.core.spans import MINUTE_MS
from portal.core.statements import Statement, now
from portal.core.tables import Outbox as Row
from tests.client import Page, _fields
from tests.core.test_outbox import advance, wait
from tests.faults import clock
from tests.faults.peer import Vendor, bodies
from tests.faults.workers import put, rows
from tests.security.visitors import DANIEL, RUTH, answer, ask, is_in, type_id, wrong

pytestmark = pytest.mark.skipif(not clock.CAN_BE_BUILT, reason=clock.WHY_NOT)
HOURS = [pytest.param(-1, marks=pytest.mark.long), 1]
HALF_AN_HOUR_MS = 30 * MINUTE_MS
LEASE = Statement(update(Row).values(leased_until=now() + HALF_AN_HOUR_MS))
PROXY = {"PORTAL_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.fixture(params=HOURS, ids=["an hour behind", "an hour ahead"])
def hours(request):
    return request.param


def test_it_takes_no_lease_before_its_time_and_each_after(hours, demo_url, demo_database, new_worker, tmp_path):
    with demo_database.write() as tx:  # as a process does that was killed since, with half an hour of its lease to go
        Outbox().put(tx, "receipt", "sms", RUTH, key="leased", language=Language.HE, about={})
        tx.run(LEASE)
    with Vendor() as vendor:
        new_worker(demo_url, **vendor.settings, **clock.off_by(hours, tmp_path))
        put(demo_database, "free", to=DANIEL)
        wait(lambda: rows(demo_database)["free"].state == "sent")
        assert rows(demo_database)["leased"].state == "waiting", "it has looked, and left alone what is another's"
        advance(demo_database, HALF_AN_HOUR_MS)
        wait(lambda: rows(demo_database)["leased"].state == "sent")
        assert [form["To"] for form in vendor.taken] == [DANIEL, RUTH]


def test_it_judges_codes_links_and_counts_as_the_others_do(hours, demo_url, serve, new_browser, tmp_path, demo_database):
    with Vendor() as vendor:
        right = serve(demo_url, **PROXY, **vendor.settings)
        off = serve(demo_url, PORTAL_BASE_URL=right.url, **PROXY, **vendor.settings, **clock.off_by(hours, tmp_path))
        at, there = new_browser(right), new_browser(off)
        assert abs(apart(there.get("/healthz"), at.get("/healthz")) - hours * 3600) < 60, "it believes in another hour"

        ask(at)
        code = texted(vendor, "#", 1)
        for n in range(1, 5):
            answer(at, wrong(code, n))
        there.cookies.update(at.cookies)
        advance(demo_database, 301_000)
        assert answer(there, code).status_code == 422, "over is over"

        at.cookies.clear()
        there.cookies.clear()
        ask(at)
        there.cookies.update(at.cookies)
        assert answer(there, texted(vendor, "#", 2)).status_code == 303, "good is good"
        at.cookies.update(there.cookies)
        assert is_in(at)

        first, second = link(at, vendor, 1), link(there, vendor, 2)
        assert spend(there, first) == 303
        advance(demo_database, 901_000)
        assert spend(there, second) == spend(at, second) == 410, "a quarter of an hour, by the one clock"

        for n in range(10):
            at.cookies.clear()
            assert ask(at, DANIEL).status_code == 200, n
        there.cookies.clear()
        assert ask(there, DANIEL).status_code == 429, "the day's count is the database's"


def texted(vendor, mark, count):
    """What follows the mark in the newest of so many such messages to Ruth."""

    def found():
        return [body for body, form in zip(bodies(vendor.taken), vendor.taken, strict=True) if mark in body and form["To"] == RUTH]

    wait(lambda: len(found()) == count)
    return found()[-1].rpartition(mark)[2].strip()


def link(browser, vendor, count):
    """The token of a link that was texted to Ruth, who typed her ID number."""
    browser.cookies.clear()
    type_id(browser)
    page = Page(browser.get("/actions/last-invoice"))
    pressed = page.at("choice-sms")
    browser.post("/actions/last-invoice", data=_fields(page.form("choice-sms")) | {pressed.get("name"): pressed.get("value")})
    return texted(vendor, "/l/", count)


def spend(browser, token):
    browser.cookies.clear()
    return browser.post(f"/l/{token}", follow_redirects=False).status_code


def apart(one, other):
    """Seconds between the clocks of two answers, by their Date headers."""
    return (parsedate_to_datetime(one.headers["date"]) - parsedate_to_datetime(other.headers["date"])).total_seconds()

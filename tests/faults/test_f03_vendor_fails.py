"""F3: the vendor says 500, 429 or nothing. The page does not wait for it; it is tried again when it is time; nothing is sent too late."""

from tests.core.test_outbox import advance, wait
from tests.databases import quick_on_postgresql, quick_on_sqlite
from tests.faults.peer import HANGS, TAKES, Answer, Vendor, bodies
from tests.faults.workers import put, rows
from tests.security.visitors import DANIEL, RUTH, answer, ask

FAILS, TOO_MANY = Answer(500, takes=False), Answer(429, takes=False, headers=(("Retry-After", "120"),))


def one(db):
    return next(iter(rows(db).values()))


def waits_as_ours(row):
    """For 2 s after the second try, 4 s after the third, and so on, up to a quarter more."""
    return row.attempts >= 2 and 0 < row.pause_ms < 1_500 * 2 ** (row.attempts - 1)


@quick_on_sqlite
def test_the_page_answers_while_the_vendor_says_nothing(demo_url, demo_database, serve, new_browser):
    with Vendor(HANGS) as vendor:
        server = serve(demo_url, PORTAL_TRUSTED_PROXIES="127.0.0.1", **vendor.settings)
        browser = new_browser(server)
        assert ask(browser).status_code == 200
        wait(lambda: len(vendor.arrived) == 1)
        assert browser.get("/identify/code").status_code == 200
        assert ask(new_browser(server), DANIEL).status_code == 200
        wait(lambda: len(vendor.arrived) >= 2)
        assert vendor.taken == [], "nobody was answered"


@quick_on_postgresql
def test_it_is_tried_again_later_and_not_before_the_vendor_said(demo_url, demo_database, serve, new_browser):
    with Vendor(TOO_MANY) as vendor:
        browser = new_browser(serve(demo_url, PORTAL_TRUSTED_PROXIES="127.0.0.1", **vendor.settings))
        assert ask(browser).status_code == 200
        wait(lambda: len(vendor.arrived) == 1 and one(demo_database).error != "")
        assert one(demo_database).pause_ms > 100_000
        vendor.told = FAILS
        advance(demo_database, 120_000)
        wait(lambda: waits_as_ours(one(demo_database)))
        vendor.told = TAKES
        wait(lambda: one(demo_database).state == "sent")
        assert len(vendor.taken) == 1
        assert answer(browser, bodies(vendor.taken)[0].rpartition("#")[2]).status_code == 303


@quick_on_sqlite
def test_nothing_is_sent_after_it_expired(demo_url, demo_database, serve, new_browser):
    with Vendor(FAILS) as vendor:
        browser = new_browser(serve(demo_url, PORTAL_TRUSTED_PROXIES="127.0.0.1", **vendor.settings))
        assert ask(browser).status_code == 200
        wait(lambda: one(demo_database).attempts >= 2)
        advance(demo_database, 5 * 60_000)
        wait(lambda: one(demo_database).state == "expired")
        vendor.told = TAKES
        put(demo_database, "alive", to=DANIEL)
        wait(lambda: rows(demo_database)["alive"].state == "sent")
        assert [form["To"] for form in vendor.taken] == [DANIEL], "the vendor works again, and Ruth's code is over"
        assert RUTH in {form["To"] for form in vendor.arrived}

"""F2: kill -9 after the vendor accepted, before that was written down. At most one duplicate, and with the same code."""

from portal.core.outbox import LEASE_MS
from tests.core.test_outbox import advance, wait
from tests.databases import quick_on_postgresql
from tests.faults.peer import SILENT, TAKES, Vendor, bodies
from tests.faults.workers import put, rows, states
from tests.security.visitors import answer, ask


@quick_on_postgresql
def test_what_a_killed_process_had_sent_is_sent_at_most_once_more_and_says_the_same(demo_url, demo_database, serve, new_browser):
    with Vendor(SILENT) as vendor:
        first = serve(demo_url, PORTAL_TRUSTED_PROXIES="127.0.0.1", **vendor.settings)
        browser = new_browser(first)
        assert ask(browser).status_code == 200
        wait(lambda: len(vendor.taken) == 1)
        first.kill()
        vendor.told = TAKES
        second = serve(demo_url, PORTAL_TRUSTED_PROXIES="127.0.0.1", PORTAL_BASE_URL=first.url, **vendor.settings)
        advance(demo_database, LEASE_MS)
        wait(lambda: states(demo_database) == ["sent"])
        advance(demo_database, LEASE_MS)
        put(demo_database, "another")
        wait(lambda: rows(demo_database)["another"].state == "sent")
        codes = [body for body in bodies(vendor.taken) if "#" in body]
        assert len(codes) == 2, "one more, and then it is known"
        assert codes[0] == codes[1]
        there = new_browser(second)
        there.cookies.update(browser.cookies)
        assert answer(there, codes[0].rpartition("#")[2]).status_code == 303

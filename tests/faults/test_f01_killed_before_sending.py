"""F1: kill -9 between the commit and the send. Another process sends, within 30 s, and the customer gets in with that code."""

import time

import pytest

from portal.core.outbox import LEASE_MS
from portal.core.worker import POLL_SECONDS
from tests.core.test_outbox import advance, wait
from tests.databases import quick_on_sqlite
from tests.faults.peer import HANGS, TAKES, Vendor, bodies
from tests.faults.workers import states
from tests.security.visitors import RUTH, answer, ask


def asked_and_killed(database_url, serve, new_browser, vendor):
    """Two processes; the one that was asked dies while its vendor has not answered."""
    asked = serve(database_url, PORTAL_TRUSTED_PROXIES="127.0.0.1", **vendor.settings)
    other = serve(database_url, PORTAL_TRUSTED_PROXIES="127.0.0.1", PORTAL_BASE_URL=asked.url, **vendor.settings)
    browser = new_browser(asked)
    assert ask(browser).status_code == 200
    wait(lambda: len(vendor.arrived) == 1)
    asked.kill()
    assert vendor.taken == []
    vendor.told = TAKES
    left = new_browser(other)
    left.cookies.update(browser.cookies)
    return left


@quick_on_sqlite
def test_another_process_sends_what_a_killed_one_had_not(demo_url, demo_database, serve, new_browser):
    with Vendor(HANGS) as vendor:
        browser = asked_and_killed(demo_url, serve, new_browser, vendor)
        advance(demo_database, LEASE_MS)  # by the database's clock, as the lease is
        wait(lambda: states(demo_database) == ["sent"])
        assert [form["To"] for form in vendor.taken] == [RUTH]
        assert answer(browser, bodies(vendor.taken)[0].rpartition("#")[2]).status_code == 303


@pytest.mark.long
def test_it_does_so_within_30_seconds_by_every_clock(demo_url, demo_database, serve, new_browser):
    with Vendor(HANGS) as vendor:
        asked_and_killed(demo_url, serve, new_browser, vendor)
        killed = time.monotonic()
        wait(lambda: len(vendor.taken) == 1, seconds=60)
        assert time.monotonic() - killed < 45, "and a slow machine takes seconds of its own"
        assert LEASE_MS / 1000 + POLL_SECONDS <= 28

"""SIGTERM in the middle of sending: nothing is lost, nothing is sent twice, and what was not begun is another process's at once."""

import httpx2

from portal.core.lanes import CARRIERS
from tests.core.test_outbox import wait
from tests.databases import quick_on_postgresql, quick_on_sqlite
from tests.faults.peer import SILENT, TAKES, Vendor
from tests.faults.workers import put, rows, states
from tests.ports import free_port

KEYS = [f"{n:02}" for n in range(CARRIERS + 6)]


@quick_on_postgresql
def test_a_worker_that_is_stopped_finishes_what_it_has_begun_and_leaves_the_rest(demo_url, demo_database, new_worker):
    with Vendor(SILENT) as vendor:
        put(demo_database, *KEYS)
        stopped = new_worker(demo_url, **vendor.settings)
        wait(lambda: len(vendor.arrived) == CARRIERS)
        vendor.told = TAKES
        stopped.terminate()
        wait(lambda: given_back(demo_database) == 6)
        vendor.released.set()
        assert stopped.process.wait(20) == 0
        assert sorted(states(demo_database)) == ["sent"] * CARRIERS + ["waiting"] * 6, stopped.said()
        other = new_worker(demo_url, **vendor.settings)
        wait(lambda: set(states(demo_database)) == {"sent"})
        other.terminate()
        assert other.process.wait(20) == 0
        assert len(vendor.taken) == len(KEYS)


@quick_on_sqlite
def test_what_serves_stops_as_well(demo_url, demo_database, serve):
    with Vendor(SILENT) as vendor:
        put(demo_database, *KEYS)
        server = serve(demo_url, **vendor.settings)
        wait(lambda: len(vendor.arrived) == CARRIERS)
        vendor.told = TAKES
        server.process.terminate()
        wait(lambda: given_back(demo_database) == 6)
        vendor.released.set()
        assert server.process.wait(20) == 0
        assert sorted(states(demo_database)) == ["sent"] * CARRIERS + ["waiting"] * 6, server.said()
        assert len(vendor.taken) == CARRIERS


@quick_on_sqlite
def test_a_worker_of_its_own_shows_what_it_sent(demo_url, demo_database, new_worker):
    put(demo_database, "a", "b")
    port = free_port()
    new_worker(demo_url, "--metrics-port", str(port))
    figures = f"http://127.0.0.1:{port}/metrics"
    wait(lambda: 'portal_messages_total{kind="receipt",state="sent"} 2.0' in httpx2.get(figures, timeout=30).text)


def given_back(db):
    """Nobody's, and not tried."""
    return sum(row.state == "waiting" and (row.owner, row.attempts) == ("", 0) for row in rows(db).values())

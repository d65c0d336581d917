"""F4: PostgreSQL restarted in mid-payment: an error page, the notice is redelivered, one credit, the pool recovers in 10 s."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx2
import psycopg
import pytest

from portal import migrations
from tests import postgres
from tests.client import Browser
from tests.databases import demo_company
from tests.processes.instances import RUTH, decide, eventually, identified, to_provider
from tests.servers import Server

PAID = "SELECT p.state, count(*) FILTER (WHERE l.kind = 'payment'), sum(l.amount) FILTER (WHERE l.kind = 'payment')" \
    " FROM payment p LEFT JOIN ledger l ON l.payment_id = p.id GROUP BY p.id, p.state"  # fmt: skip

CONNECTED = "SELECT pid FROM pg_stat_activity WHERE datname = 'portal'"
CUT = "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'portal'"


@pytest.fixture(scope="module")
def own() -> Iterator[postgres.Postgres]:
    with postgres.restartable() as running:
        postgres.clone(running.url, "template0", "demo")
        migrations.upgrade(running.url + "demo")
        demo_company(running.url + "demo")
        yield running


@pytest.fixture
def url(own: postgres.Postgres) -> Iterator[str]:
    yield postgres.clone(own.url, "demo", "portal")
    postgres.drop(own.url, "portal")


def gone(other: "psycopg.Connection[Any]", pids: set[int]) -> bool:
    """Those, and not all: the worker and whoever listens may be back already."""
    return not pids & {pid for (pid,) in other.execute(CONNECTED)}


def status(server: Server, path: str) -> int:
    return httpx2.get(server.url + path, timeout=20).status_code


def test_a_restart_in_mid_payment_costs_an_error_page_and_nothing_else(own, url, serve):
    server: Server = serve(url)
    pid = server.process.pid
    with Browser(server.url) as browser, Browser(server.url) as provider:
        identified(browser, RUTH)
        page = to_provider(browser)
        own.stop()
        sorry = browser.open("/actions/pay-balance")
        assert sorry.status == 503
        assert sorry.has("human")
        assert "you do not need to pay again" in sorry.text
        assert 'lang="en"' in sorry.text
        assert "No money was taken" in browser.post("/actions/pay-balance", data={"turn": "1", "reply": "pay"}).text
        assert 'lang="he"' in httpx2.get(server.url + "/actions/pay-balance?lang=he", cookies=dict(browser.cookies), timeout=20).text
        assert (status(server, "/healthz"), status(server, "/readyz")) == (200, 503)
        back = decide(provider, page).headers["location"]
        sorry = browser.open(back)
        assert (sorry.status, "you do not need to pay again" in sorry.text, "No money was taken" in sorry.text) == (503, True, False)
        own.start()
        eventually(lambda: status(server, "/readyz") == 200)
        receipt = eventually(lambda: (page := browser.open(back)).has("receipt") and page)
        assert receipt.heading == "Paid. Thank you."
        assert browser.open("/actions/pay-balance").heading == "You owe nothing"
    with psycopg.connect(url) as connection:
        assert connection.execute(PAID).fetchall() == [("success", 1, -21826)]
    assert server.process.pid == pid
    assert server.process.poll() is None
    assert '"level": "error"' not in server.said(), "what was expected is no error"


def test_a_server_that_hangs_is_not_waited_for_by_one_customer_after_the_other(own, url, serve):
    server: Server = serve(url, PGCONNECT_TIMEOUT="8")
    with Browser(server.url) as browser:
        identified(browser, RUTH)
        with own.silent():
            sorry = browser.open("/actions/pay-balance")
            assert sorry.status == 503
            assert sorry.has("human")
            eventually(lambda: status(server, "/human") == 503 and "did not answer a moment ago" in server.said())
            assert status(server, "/healthz") == 200
        eventually(lambda: browser.open("/actions/pay-balance").status == 200)


def test_a_connection_that_the_server_cut_between_two_requests_is_nothing_to_the_customer(own, url, serve):
    server: Server = serve(url)
    with Browser(server.url) as browser, psycopg.connect(own.url + "template1", autocommit=True) as other:
        identified(browser, RUTH)
        for path in ("/actions/last-invoice", "/actions/pay-balance", "/human"):
            cut = {pid for pid, _done in other.execute(CUT)}
            assert cut, "there was something to cut"
            eventually(partial(gone, other, cut))
            assert browser.get(path).status_code == 200
        to_provider(browser)

"""F9: four processes on one SQLite file: no "locked" error, counters exact."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from time import monotonic

import httpx2
import pytest

from tests.processes.instances import eventually
from tests.processes.test_workers import memory
from tests.servers import Server

CLIENTS = 8


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.long)])
def test_four_processes_write_at_once_and_count_exactly(seconds, sqlite_demo, serve: Callable[..., Server]):
    server = serve(sqlite_demo, workers=4, PORTAL_LIMITS="load", PORTAL_TRUSTED_PROXIES="127.0.0.1")
    eventually(lambda: len(memory(server)) == 4)
    turns, until = count(), monotonic() + seconds

    def asks(client: int) -> int:
        """Codes for numbers of its own and for one that all share, each on a connection of its own; how many."""
        asked = 0
        while monotonic() < until:
            n = next(turns)
            phone = "0502345678" if n % 4 == 0 else f"05023{60_000 + n % 20_000}"
            answer = httpx2.post(
                f"{server.url}/identify/phone", data={"phone": phone, "next": "/"}, timeout=30,
                headers={"X-Forwarded-For": f"10.{client}.{n // 250 % 250}.{n % 250}", "Sec-Fetch-Site": "same-origin"},
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
            asked += 1
        return asked

    with ThreadPoolExecutor(CLIENTS) as pool:
        asked = sum(pool.map(asks, range(CLIENTS)))
    with sqlite3.connect(sqlite_demo.removeprefix("sqlite:///")) as file:
        assert file.execute("SELECT sum(challenges) FROM guard").fetchone() == (asked,)
        assert file.execute("SELECT count(*) FROM challenge").fetchone() == (asked,)
        assert file.execute("SELECT count(*) FROM event WHERE step = 'code' AND outcome = 'asked'").fetchone() == (asked,)
        assert file.execute("SELECT count(*) FROM outbox").fetchone() == (asked,)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert asked > seconds
    assert "locked" not in server.said()
    assert '"level": "error"' not in server.said()

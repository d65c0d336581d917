"""F6: the disk is full: 503, nothing half done, /readyz says no; and when there is room again, all goes on by itself."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from portal import migrations
from tests import postgres
from tests.client import Browser
from tests.processes.instances import RUTH, eventually, identified
from tests.servers import Server, command

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a small file system can be mounted by root alone")
PHONES = [f"050237{n:04d}" for n in range(3_000)]


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    at = Path(tempfile.mkdtemp(prefix="portal-small-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", at], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", at], check=True)
        at.rmdir()


def fill(disk: Path) -> Path:
    """Somebody's file that takes all that is left."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def ask(server: Server, phone: str, address: str = "10.1.1.1") -> httpx2.Response:
    headers = {"X-Forwarded-For": address, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    return httpx2.post(f"{server.url}/identify/phone", data={"phone": phone, "next": "/"}, headers=headers, timeout=30)


def refused_until_full(server: Server) -> tuple[int, httpx2.Response]:
    """How many codes were asked for before the disk was full, and what was said then."""
    for asked, phone in enumerate(PHONES):
        answer = ask(server, phone)
        if answer.status_code != 200:
            return asked, answer
    raise AssertionError("the disk was never full")


def ready(server: Server) -> int:
    return httpx2.get(server.url + "/readyz", timeout=30).status_code


@pytest.fixture
def sqlite_disk(sqlite_demo: str) -> Iterator[Path]:
    with small_disk("12m") as disk:
        shutil.copy(sqlite_demo.removeprefix("sqlite:///"), disk / "portal.db")
        yield disk


def test_a_full_disk_refuses_writes_whole_and_is_forgotten_when_there_is_room(sqlite_disk, serve: Callable[..., Server]):
    server = serve(f"sqlite:///{sqlite_disk}/portal.db", PORTAL_LIMITS="load", PORTAL_TRUSTED_PROXIES="127.0.0.1")
    with Browser(server.url) as browser:
        identified(browser, RUTH)
        ballast = fill(sqlite_disk)
        asked, answer = refused_until_full(server)
        assert answer.status_code == 503
        assert 'data-testid="human"' in answer.text
        assert ready(server) == 503
        assert httpx2.get(server.url + "/healthz", timeout=30).status_code == 200
        assert browser.open("/").status == 200, "what only reads goes on"
        ballast.unlink()
        eventually(lambda: ready(server) == 200)
        assert ask(server, PHONES[-1]).status_code == 200
        assert browser.open("/actions/last-invoice").heading == "Your last invoice"
    with sqlite3.connect(sqlite_disk / "portal.db") as file:
        every = [
            file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("challenge", "outbox", "(SELECT 1 FROM event WHERE step = 'code' AND outcome = 'asked')")
        ]
        assert every == [asked + 2] * 3, "of a request that was refused nothing is left"
        assert file.execute("SELECT sum(challenges) FROM guard").fetchone() == (asked + 2,)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture
def small_postgres() -> Iterator[postgres.Postgres]:
    """Data and log on one small disk, as on a server that nobody watched."""
    with small_disk("200m") as disk:
        disk.chmod(0o755)
        home = disk / "home"
        home.mkdir()
        running = postgres.Postgres(home, home, (*postgres.QUICK, "min_wal_size=32MB", "max_wal_size=48MB", "wal_recycle=off"))
        running.start()
        yield running
        running.kill()


@pytest.mark.long
def test_postgresql_whose_disk_is_full_is_started_again_and_nothing_acknowledged_is_lost(small_postgres, serve, tmp_path):
    """PostgreSQL gives up when its log cannot grow, and comes back when it is started with room; the portal is not restarted."""
    url = small_postgres.url + "postgres"
    migrations.upgrade(url)
    assert command("seed", folder=tmp_path, PORTAL_DATABASE_URL=url).returncode == 0
    server = serve(url, PORTAL_LIMITS="load", PORTAL_TRUSTED_PROXIES="127.0.0.1")
    ballast = fill(small_postgres.home.parent)
    asked, answer = refused_until_full(server)
    assert answer.status_code == 503
    assert ready(server) == 503
    ballast.unlink()
    if small_postgres.process.poll() is not None:
        small_postgres.start()
    eventually(lambda: ready(server) == 200)
    assert ask(server, PHONES[-1]).status_code == 200
    with psycopg.connect(url) as connection:
        counts = "SELECT (SELECT count(*) FROM challenge), (SELECT count(*) FROM outbox), (SELECT sum(challenges) FROM guard)"
        kept = connection.execute(counts).fetchone()
    assert kept
    assert len({int(one) for one in kept}) == 1, "all of a request, or nothing"
    assert asked + 1 <= kept[0] <= asked + 2, "what was acknowledged is there; the one that was cut off may be"

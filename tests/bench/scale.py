"""The same pages at ten thousand and at ten million customers; one process and two; memory after many log-ins. On PostgreSQL.

BENCH_CUSTOMERS=10000000 sets the larger size, else it is 10 million times the square of the scale; as much as fits into half of
the disk's free room. BENCH_FOLDER is where the data is put.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shutil import disk_usage
from typing import Any

import psycopg

from portal import migrations
from tests import postgres
from tests.bench.customers import agreed
from tests.bench.figures import Figure
from tests.bench.load import Browser, drive
from tests.bench.processes import memory
from tests.servers import Server

SMALL, LARGE = 10_000, 10_000_000
EVENTS_EACH = 10
KNOWN = 2_000  # spread over all of them: those who log in
BYTES_EACH = 3_300  # a customer with an invoice, its ledger row, ten events and their indexes
MEMORY = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
# A quarter of the memory is the server's, as its documentation advises (postgresql.org/docs/current/runtime-config-resource.html).
CONFIGURED = (
    *postgres.DURABLE,
    f"shared_buffers={MEMORY // 4 >> 20}MB",
    "max_wal_size=8GB",
    "maintenance_work_mem=512MB",
    "checkpoint_timeout=30min",
)

# Customers who log in have the telephone and the invoice that tests/bench/customers.py gives them.
CUSTOMERS = """INSERT INTO customer (customer_id, name, national_id, mobile, email, address, language, created_at, updated_at)
    SELECT 'C' || lpad(n::text, 8, '0'), 'Customer ' || n, lpad(n::text, 9, '0'),
        CASE WHEN n % {step} = 0 AND n / {step} < {known} THEN '+972502' || lpad((100000 + n / {step})::text, 6, '0')
             ELSE '+97254' || lpad(n::text, 8, '0') END,
        'c' || n || '@example.com', 'Street ' || n % 977 || ', Town', 'he', 0, 0 FROM generate_series(0, {count} - 1) n"""
INVOICES = """INSERT INTO invoice (customer_id, number, kind, issued, due, currency, total, said_open, imported_at)
    SELECT 'C' || lpad(n::text, 8, '0'),
        CASE WHEN n % {step} = 0 AND n / {step} < {known} THEN 'BENCH-' || lpad((n / {step})::text, 6, '0') || '-1' ELSE 'I' || n END,
        'invoice', '2026-10-01', '2026-10-20', 'ILS', 11800, 11800, 0 FROM generate_series(0, {count} - 1) n"""
LEDGER = """INSERT INTO ledger (customer_id, invoice_number, kind, amount, currency, at)
    SELECT customer_id, number, 'opening', total, currency, 0 FROM invoice"""
# As they happened: one customer after another in no order.
EVENTS = """INSERT INTO event (at, customer_id, visit_id, channel, action, step, outcome)
    SELECT 1700000000000 + n, 'C' || lpad((n * 7919 % {count})::text, 8, '0'), md5(n::text) || md5(n::text), 'web', 'last-invoice',
        'start', 'done' FROM generate_series(0::bigint, {count}::bigint * {events} - 1) n"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname LIKE 'ix%%'"


@dataclass
class Timed(Browser):
    """A browser with a watch."""

    url: str
    took: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.url)

    def ask(self, method: str, path: str, expected: int, form: str | None = None) -> bytes:
        began = time.perf_counter()
        body = super().ask(method, path, expected, form)
        self.took.setdefault(f"{method} {path.split('?')[0]}", []).append(time.perf_counter() - began)
        return body


def measure(scale: float) -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-scale-", dir=os.environ.get("BENCH_FOLDER"))))
        server = stack.enter_context(postgres.server(CONFIGURED))
        wanted = int(os.environ.get("BENCH_CUSTOMERS") or max(2 * SMALL, LARGE * scale**2))
        large = min(wanted, disk_usage(folder).free // 2 // BYTES_EACH)
        urls = {count: filled(server, count) for count in dict.fromkeys((SMALL, large))}
        return [
            *pages(urls, folder, rounds=max(50, int(1_000 * scale)), wanted=wanted),
            *throughput(urls[SMALL], folder, journeys=max(200, int(5_000 * scale))),
            *kept(urls[SMALL], folder, journeys=max(2_000, int(100_000 * scale))),
        ]


def filled(server: str, count: int) -> str:
    """A database of so many customers, with ten events each."""
    url = postgres.clone(server, "template0", f"of{count}")
    migrations.upgrade(url)
    values = {"count": count, "step": count // KNOWN, "known": KNOWN, "events": EVENTS_EACH}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        # What is written and hardly read comes first: as in a server that has run for long, it is not what the memory is full of.
        for table, insert in (("event", EVENTS), ("customer", CUSTOMERS), ("invoice", INVOICES), ("ledger", LEDGER)):
            _insert(connection, table, insert.format(**values))
        connection.execute("CHECKPOINT")  # or it is written to the disk while pages are asked for
    return url


def _insert(connection: "psycopg.Connection[Any]", table: str, insert: str) -> None:
    """Its indexes are made once, afterwards: a tenth of the time."""
    indexes = connection.execute(INDEXES, (table,)).fetchall()
    for name, _made in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute(insert)
    for _name, made in indexes:
        connection.execute(made)
    connection.execute(f"VACUUM ANALYZE {table}")


def serving(url: str, folder: Path, workers: int = 1) -> Server:
    return Server(url, folder, workers, PORTAL_LIMITS="load", PORTAL_TRUSTED_PROXIES="127.0.0.1", PORTAL_TEST_PHONES=agreed(KNOWN))


def pages(urls: dict[int, str], folder: Path, rounds: int, wanted: int) -> Iterator[Figure]:
    """One person at a time, in turns over both, so that what the machine does besides falls on both. Each comes twice: of whoever comes
    for the first time, nothing is in the server's memory yet."""
    with ExitStack() as stack:
        browsers = {count: Timed(stack.enter_context(serving(url, folder)).url) for count, url in urls.items()}
        visit(browsers, range(20))  # fills what is kept of pages and statements
        for when in ("first", "again"):
            visit(browsers, range(20, rounds + 20))
            yield from compared(browsers, when, wanted)


def visit(browsers: dict[int, Timed], customers: range) -> None:
    for browser in browsers.values():
        browser.took.clear()
    for n in customers:
        for browser in list(browsers.values())[:: -1 if n % 2 else 1]:
            browser.journey(n * 37 % KNOWN)


def compared(browsers: dict[int, Timed], when: str, wanted: int) -> Iterator[Figure]:
    (small, few), (large, many) = browsers.items() if len(browsers) == 2 else [*browsers.items()] * 2
    stopped = "" if large == wanted else f"; {wanted:,} wanted, the disk lets no more"
    for page, times in few.took.items():
        one, other = statistics.median(times) * 1000, statistics.median(many.took[page]) * 1000
        note = f"p50 {one:.2f} ms at {small:,} customers, {other:.2f} ms at {large:,} with {large * EVENTS_EACH:,} events{stopped}"
        yield Figure(f"scale: {page}, {when}", other / one, "times the p50", at_most=1.2, note=note)


def throughput(url: str, folder: Path, journeys: int) -> Iterator[Figure]:
    """The load comes from this machine too: with two cores, two processes share them with it and with PostgreSQL."""
    rates = {}
    for workers in (1, 2):
        with serving(url, folder, workers) as server:
            drive(server.url, 50, KNOWN)
            began = time.perf_counter()
            drive(server.url, journeys, KNOWN, users=16)
            rates[workers] = journeys / (time.perf_counter() - began)
        yield Figure(f"scale: {workers} process(es)", rates[workers], "log-ins a second", note=f"of {os.cpu_count()} cores, load included")
    yield Figure("scale: two processes to one", rates[2] / rates[1], "times")


def kept(url: str, folder: Path, journeys: int) -> Iterator[Figure]:
    with serving(url, folder) as server:
        drive(server.url, 1_000, KNOWN)
        before = memory(server.process.pid)
        drive(server.url, journeys - 1_000, KNOWN)
        after = memory(server.process.pid)
    note = f"{before:.0f} MB after 1,000 log-ins, {after:.0f} after {journeys:,}"
    yield Figure("scale: memory of a process", after / before, "times", at_most=1.1, note=note)

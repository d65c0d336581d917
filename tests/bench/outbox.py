"""From the request's commit to the vendor's door, at 50 sends a second to a vendor that takes 200 ms; and a worker with nothing to do."""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from tests import postgres
from tests.bench.customers import phone
from tests.bench.figures import Figure
from tests.bench.journeys import fill
from tests.bench.load import Browser
from tests.bench.processes import cpu
from tests.faults.workers import WorkerProcess
from tests.servers import Server

PER_SECOND, SECONDS, VENDOR_SECONDS = 50, 20, 0.2
WARM_UP = 100
IDLE_SECONDS = 10
PEOPLE = 8


class Vendor:
    """Notes who is at its door, waits, and takes the message."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                at = time.perf_counter()
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                vendor.came[form["To"][0]] = at
                time.sleep(VENDOR_SECONDS)
                said = b'{"sid": "SM00000000000000000000000000000000", "status": "queued"}'
                self.send_response(201)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.settings = {
            "PORTAL_SMS": "twilio", "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "0" * 32, "TWILIO_FROM": "+97233760000",
            "TWILIO_API_BASE": f"http://127.0.0.1:{self.server.server_port}",
        }  # fmt: skip

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def measure(scale: float) -> list[Figure]:
    seconds = max(4, SECONDS * scale)
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder, postgres.server(postgres.DURABLE) as server:
        return [
            figure
            for database in ("sqlite", "postgresql")
            for separate in (False, True)
            for figure in _measured(database, separate, server, Path(folder), seconds)
        ]


def _measured(database: str, separate: bool, server: str, folder: Path, seconds: float) -> Iterator[Figure]:
    where = f"{database}, {'portal worker' if separate else 'serve'}"
    with _system(database, separate, server, folder) as (portal, worker, vendor):
        _drive(portal.url, range(WARM_UP))
        left = _drive(portal.url, range(WARM_UP, WARM_UP + int(PER_SECOND * seconds)))
        deadline = time.monotonic() + 30
        while left.keys() - vendor.came.keys() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not left.keys() - vendor.came.keys(), "some never came"
        waits = sorted(vendor.came[to] - at for to, at in left.items())
        yield Figure(f"to the vendor's door, p50: {where}", statistics.median(waits) * 1000, "ms")
        yield Figure(f"to the vendor's door, p99: {where}", waits[int(len(waits) * 0.99)] * 1000, "ms", at_most=1000, note="50/s, 200 ms")
        if worker:
            before = cpu([worker])
            time.sleep(IDLE_SECONDS)
            yield Figure(f"idle worker, {database}", (cpu([worker]) - before) / IDLE_SECONDS * 100, "% of a core", at_most=2)


@contextmanager
def _system(database: str, separate: bool, server: str, folder: Path) -> Iterator[tuple[Server, int | None, Vendor]]:
    name = f"{database}-{'apart' if separate else 'inside'}"
    home = folder / name
    home.mkdir()
    url = f"sqlite:///{home}/portal.db" if database == "sqlite" else postgres.clone(server, "template0", name)
    fill(url, home, WARM_UP + PER_SECOND * SECONDS)
    vendor = Vendor()
    with ExitStack() as stack:
        stack.callback(vendor.close)
        given: dict[str, Any] = {"PORTAL_LIMITS": "load", "PORTAL_TRUSTED_PROXIES": "127.0.0.1", **vendor.settings}
        portal = stack.enter_context(Server(url, home, with_worker=not separate, **given))
        worker = WorkerProcess(url, home, "bench", **given) if separate else None
        if worker:
            stack.callback(worker.kill)
        yield portal, worker.process.pid if worker else None, vendor


def _drive(url: str, customers: range) -> dict[str, float]:
    """So many codes are asked for, each at its time; when each was asked for, which is some milliseconds before the commit."""
    asked: dict[str, float] = {}
    turns, begun = iter(customers), time.perf_counter()

    def person() -> None:
        browser = Browser(url)
        for n in turns:
            time.sleep(max(0.0, begun + (n - customers.start) / PER_SECOND - time.perf_counter()))
            browser.cookies, browser.address = {}, f"10.1.{n // 250}.{n % 250 + 1}"
            asked[phone(n)] = time.perf_counter()
            browser.ask("POST", "/identify/phone", 200, f"phone={quote(phone(n))}&next=/")
        browser.connection.close()

    people = [threading.Thread(target=person) for _n in range(PEOPLE)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return asked

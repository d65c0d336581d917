"""CPU that a log-in takes from the server (and PostgreSQL), beside the floor in the same run; and memory after many."""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from e2e.telephone import a_day_later
from tests import postgres
from tests.bench.customers import agreed, write_customers, write_invoices
from tests.bench.figures import Figure
from tests.bench.load import drive
from tests.bench.processes import cpu, memory, pin, postmaster
from tests.ports import free_port, wait_until
from tests.servers import Server, command, environment

CUSTOMERS = 2_000
ROUNDS = 3
FLOOR, OURS = "floor", "portal"


@dataclass(frozen=True, slots=True)
class System:
    name: str
    database: str
    url: str
    pids: tuple[int, ...]


def measure(scale: float) -> list[Figure]:
    journeys = max(200, int(5_000 * scale))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-bench-")))
        server = stack.enter_context(postgres.server(postgres.DURABLE))
        systems = [
            stack.enter_context(started(name, database, server, folder)) for database in ("sqlite", "postgresql") for name in (FLOOR, OURS)
        ]
        for pid in (*(pid for system in systems for pid in system.pids),):
            pin(pid, 0)
        pin(os.getpid(), 1)
        costs = _in_turns(systems, journeys, server)
        held = {system.database: memory(system.pids[0]) for system in systems if system.name == OURS}
    return [*_figures(costs), *_memory(held, journeys * (ROUNDS + 1))]


def _in_turns(systems: list[System], journeys: int, server: str) -> dict[tuple[str, str], float]:
    """A B C D, D C B A, ...: what the machine does besides falls on all of them. The first round warms up."""
    measured: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS + 1):
        for system in systems[:: -1 if number % 2 else 1]:
            if system.name == OURS:
                a_day_later(system.url)
            before = cpu(system.pids)
            drive(system.url, journeys, CUSTOMERS)
            spent = (cpu(system.pids) - before) * 1000 / journeys
            if number:
                measured.setdefault((system.name, system.database), []).append(spent)
        if not number:
            _analyse(server)
    return {key: statistics.median(values) for key, values in measured.items()}


def _figures(costs: dict[tuple[str, str], float]) -> Iterator[Figure]:
    for database, most in (("sqlite", 1.5), ("postgresql", 2.8)):
        floor, ours = costs[FLOOR, database], costs[OURS, database]
        yield Figure(f"floor, {database}", floor, "CPU s / 1,000 log-ins")
        yield Figure(f"log-in, {database}", ours, "CPU s / 1,000 log-ins", at_most=most, note=f"{ours / floor:.1f} x the floor")


def _memory(held: dict[str, float], journeys: int) -> Iterator[Figure]:
    for database, megabytes in held.items():
        yield Figure(f"memory of one process, {database}", megabytes, "MB", at_most=150, note=f"after {journeys:,} log-ins")


@contextmanager
def started(name: str, database: str, server: str, folder: Path) -> Iterator[System]:
    home = folder / f"{name}-{database}"
    home.mkdir()
    url = f"sqlite:///{home}/portal.db" if database == "sqlite" else postgres.clone(server, "template0", name)
    with floor(url, home) if name == FLOOR else portal(url, home) as (address, pid):
        yield System(name, database, address, (pid,) if database == "sqlite" else (pid, postmaster(server)))


@contextmanager
def portal(url: str, home: Path) -> Iterator[tuple[str, int]]:
    fill(url, home, CUSTOMERS)
    codes = agreed(CUSTOMERS)
    with Server(url, home, PORTAL_LIMITS="load", PORTAL_TRUSTED_PROXIES="127.0.0.1", PORTAL_TEST_PHONES=codes) as running:
        yield running.url, running.process.pid


def fill(url: str, home: Path, customers: int) -> None:
    write_customers(home / "customers.csv", customers)
    write_invoices(home / "invoices.csv", customers)
    for what in ("customers", "invoices"):
        done = command("import", what, f"{what}.csv", folder=home, PORTAL_DATABASE_URL=url)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def floor(url: str, home: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    root = Path(__file__).resolve().parents[2]
    with open(home / "log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--factory", "tests.bench.floor:build", "--port", str(port), "--no-access-log"],
            cwd=root, stdout=log, stderr=log,
            env=environment({"FLOOR_DATABASE": url, "FLOOR_CUSTOMERS": str(CUSTOMERS)}),
        )  # fmt: skip
    try:
        wait_until(lambda: _listens(process.pid, port), process, home / "log", seconds=60)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(10)


def _listens(pid: int, port: int) -> bool:
    return any(connection.laddr.port == port for connection in psutil.Process(pid).net_connections() if connection.status == "LISTEN")


def _analyse(server: str) -> None:
    """Over empty tables PostgreSQL plans badly until its first autovacuum."""
    for name in (FLOOR, OURS):
        with psycopg.connect(server + name, autocommit=True) as connection:
            connection.execute("ANALYZE")

"""What each serving process takes of the machine, for /metrics: any of them answers for all."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from portal.core import unsent
from portal.core.errors import Unavailable
from portal.core.statements import Database

PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


def began() -> None:
    """Once a process that serves; not those that only import this, which would be counted among them."""
    name, what = "portal_process_start_time_seconds", "When a serving process began, Unix time"
    Gauge(name, what, multiprocess_mode="liveall").set_to_current_time()


class Waiting(Collector):
    """What waits and what was given up, by the table that all processes share."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with suppress(Unavailable), self.db.read() as reader:
            for name, said, values in unsent.figures(reader):
                gauge = GaugeMetricFamily(name, said, labels=["chore"] if "" not in values else [])
                for label, value in values.items():
                    gauge.add_metric([label] if label else [], value)
                yield gauge


class Processes(Collector):
    """This process and its siblings, as Linux's /proc has them; elsewhere nothing."""

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        memory = GaugeMetricFamily("portal_process_memory_bytes", "Resident memory of a serving process", labels=["pid"])
        cpu = CounterMetricFamily("portal_process_cpu_seconds", "CPU time of a serving process", labels=["pid"])
        for pid in _siblings():
            with suppress(OSError):
                memory.add_metric([pid], int(_read(pid, "statm")[1]) * PAGE)
                cpu.add_metric([pid], sum(map(int, _stat(pid)[11:13])) / TICK)
        yield memory
        yield cpu


def _siblings() -> Iterator[str]:
    """Those that have said when they began, and have not been taken off since (prometheus_client's file of live gauges)."""
    own, parent = str(os.getpid()), str(os.getppid())
    begun = {
        path.stem.rpartition("_")[2] for path in Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", os.devnull)).glob("gauge_liveall_*.db")
    }
    for pid in sorted(begun | {own}):
        with suppress(OSError):
            if pid == own or _stat(pid)[1] == parent:
                yield pid


def _stat(pid: str) -> list[str]:
    """proc(5), from the third field on: the second, a name, may have blanks."""
    return " ".join(_read(pid, "stat")).rpartition(")")[2].split()


def _read(pid: str, name: str) -> list[str]:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="ascii", errors="replace").split()

"""What a process and its children cost: CPU seconds and memory."""

from collections.abc import Iterable
from pathlib import Path

import psutil
import psycopg


def tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu(pids: Iterable[int]) -> float:
    """Seconds, user and system, of each with its children, those that ended included."""
    total = 0.0
    for process in (process for pid in pids for process in tree(pid)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory(pid: int) -> float:
    """Resident MB of it and its children."""
    return sum(process.memory_info().rss for process in tree(pid)) / 2**20


def pin(pid: int, core: int) -> None:
    """To one core, where there are several: the load runs on another."""
    allowed = psutil.Process().cpu_affinity() or [0]
    for process in tree(pid):
        process.cpu_affinity([allowed[core % len(allowed)]])


def postmaster(url: str) -> int:
    """The PostgreSQL server's process."""
    with psycopg.connect(url + "postgres") as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row
    return int((Path(row[0]) / "postmaster.pid").read_text().split()[0])

"""`make run` where everything is installed and seeded: how long to the first answer."""

import os
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.bench.figures import Figure
from tests.ports import free_port
from tests.servers import environment

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3


def measure(scale: float) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        settings = environment({"PORTAL_DATABASE_URL": f"sqlite:///{folder}/portal.db"})
        seconds = [_to_first_answer(settings) for _ in range(ROUNDS + 1)][1:]
    return [Figure("second start, to the first answer", statistics.median(seconds), "s", at_most=2, note="make run")]


def _to_first_answer(settings: dict[str, str]) -> float:
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "--silent", "run", f"PORT={port}"], cwd=ROOT, env=settings, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while time.perf_counter() - began < 60:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(15)
    raise AssertionError("no answer within a minute")

"""What tests of faults are given beside what all tests are."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.faults.workers import WorkerProcess
from tests.security import visitors


@pytest.fixture
def new_browser() -> Iterator[Callable[..., httpx2.Client]]:
    """`new_browser(server)`: a new browser on a real process, without cookies; closed with the test."""
    with ExitStack() as stack:
        yield lambda server, **headers: stack.enter_context(visitors.browser(server, **headers))


@pytest.fixture
def new_worker(tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """`new_worker(database_url, PORTAL_SMS="twilio")`: a real `portal worker`; gone with the test, its log shown where that fails."""
    running: list[WorkerProcess] = []

    def start(database_url: str, *arguments: str, **settings: str) -> WorkerProcess:
        running.append(WorkerProcess(database_url, tmp_path, f"{len(running)}", *arguments, **settings))
        return running[-1]

    yield start
    for worker in running:
        worker.kill()
        print(worker.said()[-4000:])

"""Real processes that many attacks share: each attack takes customers of its own, and none moves the clock."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx2
import pytest

from tests.security import visitors
from tests.servers import Server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_url(request: pytest.FixtureRequest) -> Iterator[str]:
    templates = request.getfixturevalue(f"{request.param}_templates")
    with templates.copy("demo") as url:
        yield url


@pytest.fixture(scope="session")
def pair(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two processes on one database, behind a proxy that they trust."""
    running = [Server(shared_url, tmp_path_factory.mktemp("pair"), PORTAL_TRUSTED_PROXIES="127.0.0.1").start() for _n in range(2)]
    yield running[0], running[1]
    for server in running:
        server.kill()
        print(server.said()[-4000:])


@pytest.fixture
def new_browser() -> Iterator[Callable[..., httpx2.Client]]:
    """`new_browser(server)`: a new browser on a real process, without cookies; closed with the test."""
    with ExitStack() as stack:
        yield lambda server, **headers: stack.enter_context(visitors.browser(server, **headers))

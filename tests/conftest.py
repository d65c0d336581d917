"""Databases, the application in this process, and real processes: what tests are given."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from portal import migrations
from portal.app import build, open_database
from portal.cli import main
from portal.core.statements import Database
from portal.settings import Settings
from tests import postgres
from tests.client import BASE_URL, Client
from tests.databases import demo_company
from tests.servers import Server, ours

for name in [name for name in os.environ if ours(name) and name not in ("BASE_URL", "PORTAL_TEST_PHONES")]:
    del os.environ[name]
# Of a machine that runs all of this at once, a connection may want longer than of one that serves.
os.environ.setdefault("PGCONNECT_TIMEOUT", "20")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


class Templates:
    """Databases to copy: one `empty` of each kind, migrated, and one `demo`, with the demo company in it. Each made when first wanted."""

    def __init__(self, kind: str, folder: Path, server: str = "") -> None:
        self.kind, self.folder, self.server = kind, folder, server
        self.made: set[str] = set()
        self.numbers = count(1)

    @contextmanager
    def copy(self, template: str) -> Iterator[str]:
        """The URL of a database that nobody else has, for as long as it is wanted."""
        if template not in self.made:
            self._make(template)
            self.made.add(template)
        name = f"copy{next(self.numbers)}"
        try:
            yield postgres.clone(self.server, template, name) if self.server else self._file(template, name)
        finally:
            if self.server:
                postgres.drop(self.server, name)
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _file(self, template: str, name: str) -> str:
        (self.folder / name).mkdir()
        shutil.copy(self.folder / f"{template}.db", self.folder / name / "portal.db")
        return f"sqlite:///{self.folder / name}/portal.db"

    def _make(self, template: str) -> None:
        url = self.server + template if self.server else f"sqlite:///{self.folder / template}.db"
        if self.server:
            postgres.drop(self.server, template)
            postgres.clone(self.server, "template0", template)
        migrations.upgrade(url)
        if template == "demo":
            demo_company(url)


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates("sqlite", tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_templates(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Templates:
    return Templates("postgresql", tmp_path_factory.mktemp("postgresql"), postgres_server)


@pytest.fixture
def sqlite_demo(sqlite_templates: Templates) -> Iterator[str]:
    """The URL of a demo company of this test's own, where one kind of database is enough."""
    with sqlite_templates.copy("demo") as url:
        yield url


@pytest.fixture
def postgresql_demo(postgresql_templates: Templates) -> Iterator[str]:
    with postgresql_templates.copy("demo") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """`new_database("empty" or "demo")`: the URL of a database of its own, on each of the two kinds in turn."""
    templates: Templates = request.getfixturevalue(f"{request.param}_templates")
    with ExitStack() as stack:
        yield lambda template: stack.enter_context(templates.copy(template))


@pytest.fixture
def database_url(new_database: Callable[[str], str]) -> str:
    """A migrated, empty database."""
    return new_database("empty")


@pytest.fixture
def demo_url(new_database: Callable[[str], str]) -> str:
    """A database with the demo company in it."""
    return new_database("demo")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def demo_database(demo_url: str) -> Iterator[Database]:
    """What the `portal` of the same test works on."""
    opened = open_database(demo_url)
    yield opened
    opened.close()


@pytest.fixture
def settings(demo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The demo company's. In an empty folder, for a `.env` in the current one would be read."""
    monkeypatch.chdir(tmp_path)
    return Settings.model_validate({"PORTAL_DATABASE_URL": demo_url, "PORTAL_BASE_URL": BASE_URL})


@pytest.fixture
def new_portal(settings: Settings) -> Iterator[Callable[..., Client]]:
    """`new_portal(base_url=..., payments=FakePayments())`: the demo company's portal in this process. Settings by their field, as texts;
    whatever else is named replaces what `build` would have chosen."""
    with ExitStack() as stack:

        def make(**given: Any) -> Client:
            changed = {k: given.pop(k) for k, v in list(given.items()) if k in Settings.model_fields and isinstance(v, str | SecretStr)}
            chosen = settings.model_copy(update=changed)
            return stack.enter_context(Client(build(chosen, **given), base_url=chosen.base_url))

        yield make


@pytest.fixture
def portal(new_portal: Callable[..., Client]) -> Client:
    """A browser without JavaScript on the demo company's portal; every page it gets is checked (tests/html.py)."""
    return new_portal()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`serve(database_url, PORTAL_LIMITS="load")`: a real process that answers; its log is shown where the test fails."""
    running: list[Server] = []

    def start(database_url: str, **given: Any) -> Server:
        running.append(Server(database_url, tmp_path, **given))
        return running[-1].start()

    yield start
    for server in running:
        server.kill()
        print(server.said()[-4000:])


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`check(PORTAL_MODE="live")`: the command, in this process and an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda **settings: CliRunner().invoke(main, ["check"], env=settings)


@pytest.fixture
def live(demo_url: str, serve: Callable[..., Server]) -> Server:
    """One process of the demo company."""
    return serve(demo_url)


@pytest.fixture
def two(demo_url: str, serve: Callable[..., Server]) -> tuple[Server, Server]:
    """Two processes on one database."""
    return serve(demo_url), serve(demo_url)

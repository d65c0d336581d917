"""The site that the stories are told on, the phone, and the visitor who holds it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.devices import ALL, TWO, TWO_MORE, Way
from e2e.telephone import Agreed, Telephone, a_day_later, agreed_codes, has_sandbox
from e2e.visitor import Visitor
from tests.databases import as_seeded
from tests.servers import Server, command

# CONTRACT: the demo company's first customer, always.
MOBILE, ID_NUMBER = "+972502345678", "000000018"
RUNNING = os.environ.get("BASE_URL", "").rstrip("/")

expect.set_options(timeout=10_000)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every story in four ways, two of them in `make test`; with E2E=all, in all of them."""
    if "way" in metafunc.fixturenames:
        four = (*TWO, *(pytest.param(way, marks=pytest.mark.long) for way in TWO_MORE))
        metafunc.parametrize("way", ALL if os.environ.get("E2E") == "all" else four, ids=str)


@pytest.fixture(scope="session")
def demo_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company's database, to copy."""
    folder = tmp_path_factory.mktemp("demo")
    seeded = command("seed", folder=folder, PORTAL_DATABASE_URL=f"sqlite:///{folder}/demo.db")
    assert seeded.returncode == 0, seeded.stdout + seeded.stderr
    return folder / "demo.db"


@pytest.fixture(scope="session")
def own_site(demo_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A portal for all the stories, and its database."""
    folder = tmp_path_factory.mktemp("site")
    with serving(demo_company, folder) as server:
        yield server.url, folder / "portal.db"


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    """BASE_URL where one was given: a site that is running, with all that happened on it. Else one where nothing happened yet."""
    if RUNNING:
        if has_sandbox(RUNNING):
            a_day_later(RUNNING)
        return RUNNING
    url, database = request.getfixturevalue("own_site")
    as_seeded(database, request.getfixturevalue("demo_company"))
    return str(url)


@contextmanager
def serving(demo_company: Path, folder: Path, **settings: Any) -> Iterator[Server]:
    """A portal with a copy of the demo company; what it logged is shown where the story fails."""
    shutil.copy(demo_company, folder / "portal.db")
    with Server(f"sqlite:///{folder}/portal.db", folder, **settings) as server:
        yield server
    print(server.said()[-4000:])


@pytest.fixture
def sandbox(site: str) -> None:
    """For stories in which a link is read, money is paid, or time passes."""
    if not has_sandbox(site):
        pytest.skip("this site has no sandbox: no SMS to read, no payment provider, no clock")


@pytest.fixture(scope="session")
def agreed() -> Agreed:
    return Agreed([*agreed_codes()] or [MOBILE])


@pytest.fixture
def telephone(request: pytest.FixtureRequest, site: str, agreed: Agreed) -> Iterator[Telephone]:
    """Of a customer whom the site knows: the agreed numbers in turn, else the demo company's."""
    if not agreed_codes() and not has_sandbox(site):
        pytest.fail("this site has no sandbox to read codes from: agree on some, PORTAL_TEST_PHONES (e2e/README.md)")
    telephone = Telephone(site, agreed.of_the_id_number() if "id_number" in request.fixturenames else agreed.next())
    yield telephone
    if telephone.spent:
        agreed.drop(telephone.number)


@pytest.fixture
def id_number() -> str:
    return os.environ.get("E2E_ID_NUMBER", ID_NUMBER)


@pytest.fixture(scope="session")
def looked_over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by all processes that tell stories."""
    mine = tmp_path_factory.getbasetemp()
    folder = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "looked-over"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def checker(browser: Browser) -> Iterator[Page]:
    """axe's window: one for all, for it takes longer to begin than to look."""
    context = browser.new_context(is_mobile=True, has_touch=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def visitor(
    request: pytest.FixtureRequest, site: str, way: Way, new_context: Callable[..., BrowserContext], checker: Page, looked_over: Path
) -> Iterator[Visitor]:
    """Each with a browser of their own: no cookies, no history."""
    telephone = request.getfixturevalue("telephone") if "telephone" in request.fixturenames else None
    page = new_context(base_url=site, **way.context).new_page()
    screenshots = Path(folder) if (folder := os.environ.get("SCREENSHOTS")) else None
    visitor = Visitor(page, way, checker, looked_over, screenshots, telephone)
    visitor.begins_anew()
    yield visitor
    assert visitor.complaints == []


@pytest.fixture
def scripts(way: Way) -> None:
    """Asked for first, by a story that has nothing to tell without them: before anybody is let in for it."""
    if not way.javascript:
        pytest.skip("without scripts it is the browser that does this, or nobody")


@pytest.fixture
def context_of(new_context: Callable[..., BrowserContext], site: str) -> Callable[..., BrowserContext]:
    """Another browser on the same site: somebody else, or the same person elsewhere."""

    def make(**given: Any) -> BrowserContext:
        return new_context(base_url=site, **given)

    return make

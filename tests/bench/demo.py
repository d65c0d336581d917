"""The demo company's portal, running, and its first customer's way to the invoice."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.load import PAGE, Browser
from tests.servers import Server, command

MOBILE, CODE = "+972502345678", "123456"
PAGES = {"home": "/", "identify": f"/identify?next={PAGE}", "invoice": PAGE}


@contextmanager
def demo() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/portal.db"
        seeded = command("seed", folder=folder, PORTAL_DATABASE_URL=url)
        assert seeded.returncode == 0, seeded.stdout + seeded.stderr
        with Server(url, folder, PORTAL_LIMITS="load", PORTAL_TEST_PHONES=f"{MOBILE}={CODE}") as server:
            yield server


def cookies(server: Server) -> dict[str, str]:
    """Of a visit of the first customer."""
    browser = Browser(server.url)
    browser.cookies, browser.address = {}, "10.0.0.1"
    browser.ask("POST", "/identify/phone", 200, f"phone={MOBILE.replace('+', '%2B')}&next={PAGE}")
    browser.ask("POST", "/identify/code", 303, f"code={CODE}&next={PAGE}")
    browser.connection.close()
    return browser.cookies

"""`portal serve` as it is started on one's own machine."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.ports import wait_until
from tests.security import visitors
from tests.security.visitors import RUTH, elsewhere
from tests.servers import PORTAL, Server, environment


@pytest.mark.parametrize("said", ["", "PORTAL_LIMITS=load", "PORTAL_BASE_URL=http://portal.example"], ids=["nothing", "another", "it"])
def test_links_lead_to_where_it_listens_unless_a_setting_says_otherwise(sqlite_demo, tmp_path, said):
    """Whatever else stands in `.env`."""
    (tmp_path / ".env").write_text(said)
    server = Server(sqlite_demo, tmp_path)
    del server.settings["PORTAL_BASE_URL"]
    with server, visitors.browser(server) as browser:
        visitors.type_id(browser)
        browser.get("/actions/last-invoice")
        browser.post("/actions/last-invoice", data={"turn": "1", "reply": "sms"}, headers=elsewhere())
        link = visitors.message(browser, RUTH)["body"].split()[-1]
    assert link.startswith("http://portal.example/l/" if "BASE_URL" in said else f"{server.url}/l/")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_address_that_it_says_is_its_own(host, sqlite_demo, tmp_path):
    """Of port 0 too, for which the system chooses one. Forms of an old browser are taken, which says nothing but its page's origin."""
    if not listens_at(host):
        pytest.skip(f"this machine has no {host}")
    with announced(tmp_path, "serve", "--host", host, "--port", "0", PORTAL_DATABASE_URL=sqlite_demo) as said:
        [address] = re.findall(r"^The portal is at (http://\S+)/$", said, re.MULTILINE)
        sent = httpx2.post(f"{address}/leave", headers={"Origin": address, "Cookie": "lang=he"}, timeout=30)
    assert sent.status_code == 303


def test_a_billing_system_says_its_own_too(tmp_path):
    with announced(tmp_path, "billing", "--port", "0") as said:
        [address] = re.findall(r"PORTAL_BILLING_URL=(http://\S+)", said)
        assert httpx2.get(f"{address}/v1/health", timeout=30).status_code == 401


def listens_at(host: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


@contextmanager
def announced(folder: Path, *arguments: str, **settings: str) -> Iterator[str]:
    """What a command says once it listens; it is ended afterwards."""
    log = folder / "log"
    with open(log, "wb") as out:
        process = subprocess.Popen([PORTAL, *arguments], cwd=folder, env=environment(settings), stdout=out, stderr=out)
    try:
        wait_until(lambda: answers(log.read_text()), process, log)
        yield log.read_text()
    finally:
        process.terminate()
        process.wait(20)


def answers(said: str) -> bool:
    at = re.search(r"http://\S+/", said)
    try:
        return at is not None and httpx2.get(at[0]).status_code > 0
    except httpx2.TransportError:
        return False

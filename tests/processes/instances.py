"""Two instances behind the proxy, as two machines would be, and people who come through it."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2

from tests.client import Browsing, Page
from tests.ports import free_port
from tests.processes.proxy import Proxy
from tests.servers import Server

RUTH, DANIEL, LAYLA = "+972502345678", "+972502345679", "+972522345670"


@dataclass(frozen=True)
class Instances:
    proxy: Proxy
    servers: list[Server]

    @property
    def url(self) -> str:
        return self.proxy.url

    def said(self) -> str:
        return "".join(server.said() for server in self.servers)


@contextmanager
def instances(database_url: str, folder: Path, count: int = 2, workers: int = 1, **settings: str) -> Iterator[Instances]:
    with Proxy([free_port() for _n in range(count)]) as proxy:
        given: dict[str, Any] = {"PORTAL_BASE_URL": proxy.url, "PORTAL_TRUSTED_PROXIES": "127.0.0.1", **settings}
        servers = [Server(database_url, folder, workers, port, **given) for port in proxy.instances]
        try:
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(Server.start, servers))
            yield Instances(proxy, servers)
        finally:
            for server in servers:
                server.kill()
                print(server.said()[-3000:])


def eventually(what: Callable[[], Any], seconds: float = 60, every: float = 0.05) -> Any:
    """Its first true answer."""
    deadline = monotonic() + seconds
    while not (found := what()):
        assert monotonic() < deadline, f"not within {seconds} s"
        sleep(every)
    return found


def newest_code(browser: Browsing, phone: str, after: int = 0) -> str:
    def sent() -> str:
        return next((one["body"].rpartition("#")[2] for one in browser.messages(phone) if one["id"] > after and "#" in one["body"]), "")

    return str(eventually(sent))


def newest_id(browser: Browsing, phone: str) -> int:
    return max((message["id"] for message in browser.messages(phone)), default=0)


def ask_for_code(browser: Browsing, phone: str, next: str = "/") -> Page:
    return browser.submit(browser.open(f"/identify?lang=en&next={next}"), "submit", phone=f"0{phone[4:]}")


def identified(browser: Browsing, phone: str, next: str = "/") -> Page:
    before = newest_id(browser, phone)
    return browser.submit(ask_for_code(browser, phone, next), "submit", code=newest_code(browser, phone, before))


def to_provider(browser: Browsing) -> str:
    """From the Pay step to the provider: the address of its page."""
    page = browser.open("/actions/pay-balance")
    turn = page.form("submit").xpath("string(.//*[@name='turn']/@value)")
    sent = browser.post("/actions/pay-balance", data={"turn": turn, "reply": "pay"}, follow_redirects=False)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def decide(browser: Browsing, provider_page: str, decision: str = "approve", notice: str = "now") -> httpx2.Response:
    """Pressed on the provider's page; where it sends the customer is not followed."""
    return browser.post(provider_page, data={"decision": decision, "notice": notice}, follow_redirects=False)


def link_in(message: str) -> str:
    return re.findall(r"/l/\S+", message)[0]

"""F12: keys rotated one process at a time (docs/deploy.md): open visits, links, codes and notices live on; a retired key's are refused.

The steps are old; new, old (the new one is known, the old one signs); old, new (the new one signs); new. Each instance is
restarted for each of them while the other one serves, so that both ways of mixing two neighbouring steps are passed through.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import httpx2
import pytest

from portal.adapters.sandbox_payments import notices
from portal.core import links
from portal.core.keys import Keys
from tests.client import Browser
from tests.processes.instances import (
    DANIEL,
    LAYLA,
    RUTH,
    Instances,
    ask_for_code,
    decide,
    eventually,
    identified,
    instances,
    link_in,
    newest_code,
    newest_id,
    to_provider,
)

OLD, NEW = "the-old-key-of-this-test-0123456789", "the-new-key-of-this-test-0123456789"
STEPS = (f"{NEW},{OLD}", f"{OLD},{NEW}", NEW)
# Of one ID number that was only typed, five links a day: they take turns.
TEXTED = cycle((("000000018", RUTH), ("000000026", DANIEL), ("000000034", LAYLA), ("000000075", "+972502345681")))
ADDRESSES = iter(f"127.0.7.{n}" for n in range(1, 250))


@pytest.fixture
def two(postgresql_demo, tmp_path) -> Iterator[Instances]:
    with instances(postgresql_demo, tmp_path, PORTAL_SECRET_KEYS=OLD, PORTAL_LIMITS="load") as running:
        yield running


@dataclass
class Begun:
    """What was begun before a restart, and must end well after it."""

    asking: Browser
    code: str
    link: str

    def ends_well(self, url: str) -> None:
        page = self.asking.post("/identify/code", data={"code": self.code, "next": "/"}, follow_redirects=False)
        assert page.status_code == 303, page.text
        self.asking.close()
        with Browser(url, next(ADDRESSES)) as telephone:
            assert telephone.post(self.link, follow_redirects=False).status_code == 303


def begin(url: str) -> Begun:
    asking = Browser(url, next(ADDRESSES))
    before = newest_id(asking, DANIEL)
    ask_for_code(asking, DANIEL)
    return Begun(asking, newest_code(asking, DANIEL, before), texted_link(url))


def texted_link(url: str) -> str:
    id_number, phone = next(TEXTED)
    with Browser(url, next(ADDRESSES)) as browser:
        before = newest_id(browser, phone)
        page = browser.submit(browser.open("/identify?lang=en&next=/actions/last-invoice"), "submit-id", id_number=id_number)
        browser.submit(page, "choice-sms")
        return link_in(eventually(lambda: next((one["body"] for one in browser.messages(phone) if one["id"] > before), "")))


def restart(two: Instances, n: int, keys: str) -> None:
    server = two.servers[n]
    server.stop()
    server.settings["PORTAL_SECRET_KEYS"] = keys
    server.start()


@pytest.mark.long  # six restarts; tests/security/test_processes.py has the same keys in one process
def test_nothing_that_is_open_ends_with_a_rotation_and_what_a_retired_key_made_is_refused(two):
    with Browser(two.url, "127.0.7.250") as visiting, Browser(two.url, "127.0.7.251") as paying:
        identified(visiting, RUTH)
        identified(paying, RUTH)
        page = to_provider(paying)
        for keys in STEPS:
            for n in range(2):
                begun = begin(two.url)
                restart(two, n, keys)
                begun.ends_well(two.url)
                begin(two.url).ends_well(two.url)
                assert visiting.open("/actions/last-invoice").heading == "Your last invoice"
                assert signed_notice(f"http://127.0.0.1:{two.servers[1 - n].port}", two.servers[n].settings["PORTAL_SECRET_KEYS"]) == 200
        back = decide(paying, page).headers["location"]
        assert eventually(lambda: paying.open(back).has("receipt"))
    retired = f"/l/{links.token(Keys.of((OLD,)), 'whatever')}"
    assert httpx2.get(two.url + retired, timeout=30).status_code == 410
    assert signed_notice(two.url, OLD) == 400
    assert signed_notice(two.url, NEW) == 200
    assert '"level": "error"' not in two.said()


def signed_notice(url: str, keys: str) -> int:
    """Of something else than a payment, as a provider that signs with these keys tells it."""
    body = json.dumps({"type": "other"}).encode()
    header = {notices.HEADER: notices.signed(Keys.of(tuple(keys.split(","))), time.time(), body)}
    return httpx2.post(f"{url}/hooks/payments/sandbox", content=body, headers=header, timeout=30).status_code

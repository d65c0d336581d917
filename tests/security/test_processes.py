"""Attacks at once, over two real processes on one database (SECURITY 3, 4, 31, F12)."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import httpx2
from pydantic import SecretStr
from sqlalchemy import func
from sqlmodel import col, select

from portal.app import open_database
from portal.core.statements import Statement, p
from portal.core.tables import Event, Visit
from tests.client import Client
from tests.security.visitors import (
    DANIEL,
    RUTH,
    answer,
    ask,
    code,
    is_in,
    log_in,
    message,
    newest,
    type_id,
    wrong,
)
from tests.servers import Server

LAYLA, IRINA, NEW = "+972522345670", "+972542345671", "+972502345682"
JUDGED = Statement(
    select(func.count().label("n"))
    .select_from(Event)
    .where(col(Event.customer_id) == p("id"), col(Event.step) == "code", col(Event.outcome) == "refused", col(Event.reason) == "wrong")
)
VISITS = Statement(select(func.count().label("n")).select_from(Visit).where(col(Visit.customer_id) == p("id"), col(Visit.level) == 2))


def at_once(calls: Sequence[Callable[[], httpx2.Response]]) -> list[httpx2.Response]:
    """All of them begin when the last one is ready."""
    ready = Barrier(len(calls))

    def run(call: Callable[[], httpx2.Response]) -> httpx2.Response:
        ready.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def counted(url: str, statement: Statement, customer_id: str) -> int:
    db = open_database(url)
    with db.read() as reader:
        row = reader.one(statement, id=customer_id)
    db.close()
    assert row
    return int(row.n)


def same_browser(
    new_browser: Callable[..., httpx2.Client], pair: tuple[Server, Server], cookies: httpx2.Cookies, count: int
) -> list[httpx2.Client]:
    """One browser's cookies over and over, on both processes in turn; connected already."""
    clients = [new_browser(pair[n % 2]) for n in range(count)]
    for client in clients:
        client.cookies.update(cookies)
        client.get("/healthz")
    return clients


def test_of_twenty_right_answers_at_once_one_gets_a_visit(pair, shared_url, new_browser):
    asking = new_browser(pair[0])
    ask(asking, LAYLA)
    right = code(asking, LAYLA)
    clients = same_browser(new_browser, pair, asking.cookies, 20)
    answers = at_once([partial(answer, client, right) for client in clients])
    assert sorted(one.status_code for one in answers)[:1] == [303]
    assert [one.status_code for one in answers].count(303) == 1
    assert sum("visit=" in one.headers.get("set-cookie", "") for one in answers) == 1
    assert counted(shared_url, VISITS, "1003") == 1


def test_of_forty_wrong_answers_at_once_at_most_five_are_judged(pair, shared_url, new_browser):
    asking = new_browser(pair[0])
    ask(asking, IRINA)
    right = code(asking, IRINA)
    clients = same_browser(new_browser, pair, asking.cookies, 40)
    answers = at_once([partial(answer, client, wrong(right, n + 1)) for n, client in enumerate(clients)])
    assert {one.status_code for one in answers} <= {422, 429}
    assert counted(shared_url, JUDGED, "1004") == 5
    assert answer(asking, right).status_code == 429, "the right one comes too late"


def test_ten_challenges_a_day_hold_when_forty_are_asked_at_once(pair, new_browser):
    clients = [new_browser(pair[n % 2]) for n in range(40)]
    answers = at_once([partial(ask, client, NEW) for client in clients])
    assert sorted(one.status_code for one in answers) == [200] * 10 + [429] * 30


def test_leaving_holds_on_the_other_process_at_once(pair, new_browser):
    here, there = new_browser(pair[0]), new_browser(pair[1])
    log_in(here, DANIEL)
    there.cookies.update(here.cookies)
    assert is_in(there)
    here.post("/leave")
    assert not is_in(there)
    assert "visit" not in here.cookies


def test_keys_are_rotated_one_process_at_a_time(new_portal):
    """F12: what the old key made lives on where both are known; a retired key's is refused."""
    old, new = "the-old-key-of-this-test-0123456789", "the-new-key-of-this-test-0123456789"
    before = new_portal(secret_keys=SecretStr(old))
    between = new_portal(secret_keys=SecretStr(f"{old},{new}"))
    after = new_portal(secret_keys=SecretStr(new))

    ask(before)
    between.cookies.update(before.cookies)
    assert answer(between, code(before)).status_code == 303, "asked of the one, answered at the other"
    for portal in (before, after):
        portal.cookies.clear()
        portal.cookies.update(between.cookies)
        assert is_in(portal), "an open visit needs no key"

    assert spend(between, link(before)) == 303
    assert spend(after, link(before)) == 410, "its key is retired"
    assert spend(after, link(between)) == 303


def link(client: Client) -> str:
    """The path of a link that was texted to Ruth."""
    client.cookies.clear()
    before = newest(client, RUTH)
    type_id(client)
    page = client.open("/actions/last-invoice")
    client.submit(page, "choice-sms")
    return str(message(client, RUTH, after=before)["body"]).rpartition("/l/")[2]


def spend(client: Client, token: str) -> int:
    client.cookies.clear()
    return client.post(f"/l/{token}", follow_redirects=False).status_code

"""Browsers that identify themselves, honestly or not: over the application in this process, or over real ones."""

import time
from itertools import count
from typing import Any

import httpx2
from sqlmodel import SQLModel, select

from portal.core import tables
from portal.core.statements import Database, Statement
from tests.servers import Server

MODELS: list[Any] = [one for one in vars(tables).values() if isinstance(one, type) and issubclass(one, SQLModel) and one is not SQLModel]

# The demo company's: one alone, one in English, one of two who share a mobile, and numbers that are nobody's.
RUTH, RUTH_ID, RUTH_NAME = "+972502345678", "000000018", "רות לוי"
DANIEL, DANIEL_ID = "+972502345679", "000000026"
SHARED, MOSHE, YAEL = "+972502345680", "משה אברהם", "יעל אברהם"
NOBODY, NOBODY_ID = "+972502349999", "000000992"

ADDRESSES = count(1)


def browser(server: Server, **headers: str) -> httpx2.Client:
    """A new browser, without cookies, that follows nothing."""
    return httpx2.Client(base_url=f"http://127.0.0.1:{server.port}", headers={"Sec-Fetch-Site": "same-origin", **headers}, timeout=20)


def elsewhere() -> dict[str, str]:
    """Headers of a request that comes from an address not seen before, by a proxy that the portal trusts."""
    n = next(ADDRESSES)
    return {"X-Forwarded-For": f"10.{n // 62_500 % 250}.{n // 250 % 250}.{n % 250 + 1}"}


def local(phone: str) -> str:
    return "0" + phone.removeprefix("+972")


def ask(client: httpx2.Client, phone: str = RUTH, next: str = "/actions/last-invoice", **headers: str) -> httpx2.Response:
    return client.post("/identify/phone", data={"phone": local(phone), "next": next}, headers={**elsewhere(), **headers})


def answer(client: httpx2.Client, code: str, **headers: str) -> httpx2.Response:
    return client.post("/identify/code", data={"code": code, "next": "/"}, headers={**elsewhere(), **headers}, follow_redirects=False)


def log_in(client: httpx2.Client, phone: str = RUTH) -> httpx2.Response:
    before = newest(client, phone)
    assert ask(client, phone).status_code == 200
    let_in = answer(client, code(client, phone, after=before))
    assert let_in.status_code == 303, let_in.text
    return let_in


def type_id(client: httpx2.Client, number: str = RUTH_ID, next: str = "/") -> httpx2.Response:
    return client.post("/identify/id", data={"id_number": number, "next": next}, headers=elsewhere(), follow_redirects=False)


def messages(client: httpx2.Client, to: str) -> list[dict[str, Any]]:
    """Asked for as somebody else: a telephone has no cookies."""
    return list(client.get("/sandbox/messages", params={"to": to}).json())


def newest(client: httpx2.Client, to: str) -> int:
    return max((message["id"] for message in messages(client, to)), default=0)


def message(client: httpx2.Client, to: str, after: int = 0, seconds: float = 60) -> dict[str, Any]:
    """The newest one that came after that one; waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = [one for one in messages(client, to) if one["id"] > after]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"no message to {to} in {seconds} s")


def code(client: httpx2.Client, phone: str = RUTH, after: int = 0) -> str:
    return str(message(client, phone, after)["body"]).rpartition("#")[2]


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 1_000_000:06}"


def pass_time(client: httpx2.Client, seconds: float) -> None:
    response = client.post("/sandbox/clock", json={"advance_seconds": seconds})
    assert response.status_code == 200, response.text


def fail_twenty_times(client: httpx2.Client, phone: str) -> None:
    """Four challenges, each from another browser; a browser without cookies afterwards. No guess is the right one of a known number."""
    for _n in range(4):
        client.cookies.clear()
        before = newest(client, phone)
        assert ask(client, phone).status_code == 200
        right = "000000" if phone == NOBODY else code(client, phone, after=before)
        for by in range(1, 6):
            assert answer(client, wrong(right, by)).status_code in (422, 429)
    client.cookies.clear()


def is_in(client: httpx2.Client) -> bool:
    """Whether this browser sees a customer's own invoice."""
    page = client.get("/actions/last-invoice", follow_redirects=False)
    return page.status_code == 200 and 'data-testid="amount"' in page.text


def dump(db: Database) -> str:
    """Everything that is kept, as one text."""
    with db.read() as reader:
        return "\n".join(repr(row) for model in MODELS for row in reader.all(Statement(select(*model.__table__.columns))))

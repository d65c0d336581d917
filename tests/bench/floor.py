"""The floor: the same log-in with the least honest work, on Starlette and the database's own driver.

It keeps what security needs: a code under a keyed hash, attempts, expiry, one use, a session stored hashed. It has no
outbox, no events, no limits, no languages. Its pages are at the portal's addresses, so that the same load goes over both.
"""

import hashlib
import hmac
import os
import secrets
import sqlite3
import time
from typing import Any, Protocol
from urllib.parse import parse_qsl

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.bench.customers import CODE, last_invoice, phone

KEY = b"bench-only"
HEAD = '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Floor</title><main>'
CODE_PAGE = f"{HEAD}<h1>The code</h1><form method=post action=/identify/code><input name=code><button>Go</button></form>"
TABLES = """
create table if not exists customer (id integer primary key, phone text unique);
create table if not exists invoice (id integer primary key, customer integer, number text, issued text, due integer);
create index if not exists invoice_customer on invoice (customer, issued);
create table if not exists challenge (id text primary key, customer integer, mac text, expires integer, tries integer);
create table if not exists session (id text primary key, customer integer, expires integer)"""
CUSTOMER = "select id from customer where phone = %s"
CHALLENGE = "insert into challenge values (%s, %s, %s, %s, 0)"
COUNT = "update challenge set tries = tries + 1 where id = %s and expires > %s and tries < 5 returning customer, mac"
SPEND = "delete from challenge where id = %s"
SESSION = "insert into session values (%s, %s, %s)"
PAGE = """select number, issued, due from session join invoice on invoice.customer = session.customer
    where session.id = %s and expires > %s order by issued desc limit 1"""


class Store(Protocol):
    def __call__(self, *statements: tuple[str, tuple[Any, ...]]) -> Any:
        """In one transaction; the last one's first row."""


def sqlite(path: str) -> Store:
    driver = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
    driver.execute("pragma journal_mode=wal")
    driver.execute("pragma synchronous=full")
    driver.executescript(TABLES)

    def run(*statements: tuple[str, tuple[Any, ...]]) -> Any:
        driver.execute("begin immediate" if not statements[0][0].startswith("select") else "begin")
        row = [driver.execute(sql.replace("%s", "?"), values).fetchone() for sql, values in statements][-1]
        driver.execute("commit")
        return row

    return run


def postgresql(url: str) -> Store:
    driver = psycopg.connect(url, autocommit=True, prepare_threshold=1)
    driver.execute(TABLES)

    def run(*statements: tuple[str, tuple[Any, ...]]) -> Any:
        if len(statements) == 1:
            cursor = driver.execute(*statements[0])
        else:
            with driver.transaction():
                cursor = [driver.execute(*statement) for statement in statements][-1]
        return cursor.fetchone() if cursor.description else None

    return run


def seed(run: Store, count: int) -> None:
    if run(("select 1 from customer limit 1", ())):
        return
    for n in range(count):
        run(
            ("insert into customer values (%s, %s)", (n, phone(n))),
            ("insert into invoice values (%s, %s, %s, '2026-11-01', 11800)", (n, n, last_invoice(n))),
        )


def mac(challenge: str, code: str) -> str:
    return hmac.new(KEY, f"{challenge}{code}".encode(), "sha256").hexdigest()


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def fields(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode()))


def build() -> Starlette:
    url = os.environ["FLOOR_DATABASE"]
    run = sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else postgresql(url)
    seed(run, int(os.environ["FLOOR_CUSTOMERS"]))

    async def home(request: Request) -> Response:
        return HTMLResponse(f"{HEAD}<h1>What would you like to do?</h1><a href=/identify>My last invoice</a>")

    async def identify(request: Request) -> Response:
        return HTMLResponse(
            f"{HEAD}<h1>Your mobile</h1><form method=post action=/identify/phone><input name=phone><button>Go</button></form>"
        )

    async def ask(request: Request) -> Response:
        row = run((CUSTOMER, ((await fields(request))["phone"],)))
        challenge = secrets.token_urlsafe(16)
        run((CHALLENGE, (challenge, row[0], mac(challenge, CODE), int(time.time()) + 300)))
        response = HTMLResponse(CODE_PAGE)
        response.set_cookie("challenge", challenge, httponly=True, samesite="lax")
        return response

    async def verify(request: Request) -> Response:
        challenge, now = request.cookies["challenge"], int(time.time())
        row = run((COUNT, (challenge, now)))
        if not row or not hmac.compare_digest(row[1], mac(challenge, (await fields(request))["code"])):
            return HTMLResponse("wrong code", 422)
        token = secrets.token_urlsafe(32)
        run((SPEND, (challenge,)), (SESSION, (hashed(token), row[0], now + 900)))
        response = RedirectResponse("/actions/last-invoice", 303)
        response.set_cookie("session", token, httponly=True, samesite="lax")
        return response

    async def invoice(request: Request) -> Response:
        row = run((PAGE, (hashed(request.cookies["session"]), int(time.time()))))
        return HTMLResponse(f"{HEAD}<h1>Your last invoice</h1><p>{row[0]}, {row[1]}, {row[2] / 100:.2f}")

    return Starlette(
        routes=[
            Route("/", home),
            Route("/healthz", home),
            Route("/identify", identify),
            Route("/identify/phone", ask, methods=["POST"]),
            Route("/identify/code", verify, methods=["POST"]),
            Route("/actions/last-invoice", invoice),
        ]
    )

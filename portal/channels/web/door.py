"""The door every page is behind: one table says who may come in, and what a form may bring.

A handler is a plain function from a Call to a Response. Short ones run on the event loop, where a thread would cost
more than they do; those that render a PDF or ask somebody outside run in a thread. One that must know something durable
before it goes on is async.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.channels.web.call import HOME, LIVES, Call, cookie_name, form, identify, opened, same_origin
from portal.channels.web.cards import cards
from portal.channels.web.pages import Pages
from portal.core.case import Proof
from portal.core.errors import BillsUnseen, NotFound, ProofNeeded, Refused, Unavailable, Unexpected
from portal.core.identity import visits
from portal.core.keys import name as reference_name
from portal.core.portal import Portal

log = structlog.get_logger()

BODY_LIMIT = 64 * 1024
RawHeaders = list[tuple[bytes, bytes]]
Handler = Callable[[Call, Pages], Response | Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """One row of the table: a path and method, the proof it takes, and the fields its form may have."""

    path: str
    handler: Handler
    method: str = "GET"
    proof: Proof = Proof.NOTHING
    fields: frozenset[str] = frozenset()
    own_fields: bool = False  # the pending step's own, which the journey checks
    raw: bool = False  # the body is not a form
    machine: bool = False  # not a browser: it signs what it says, and has no cookies
    slow: bool = False
    asks_billing: bool = False  # slow where billing is somebody else's system
    sandbox: bool = False


class Doorway:
    """The doors of one path, an ASGI application: Starlette's own function wrapper costs as much as a small page."""

    def __init__(self, doors: tuple[Door, ...], portal: Portal, pages: Pages, trusted: frozenset[str], headers: RawHeaders) -> None:
        self.doors = {door.method: door for door in doors}
        self.allowed = ", ".join("GET, HEAD" if method == "GET" else method for method in self.doors)
        # A form's own address is no page: what goes wrong there is shown in another language on the first one
        self.shown_at = HOME if doors and "GET" not in self.doors else ""
        self.portal, self.pages, self.trusted, self.headers = portal, pages, trusted, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = opened(self.portal, scope, self.trusted)
        call.shown_at = self.shown_at
        try:
            response = await self._let_in(call, receive)
        except ClientDisconnect:
            return
        if call.delay:
            await asyncio.sleep(call.delay)
        response.raw_headers += self.headers
        await response(scope, receive, send)

    async def _let_in(self, call: Call, receive: Receive) -> Response:
        door = self.doors.get("GET" if call.method == "HEAD" else call.method)
        if door is None:
            return self._shut(call) if self.doors else self.pages.wrong(call, 404)
        body = await _body(call, receive) if door.method == "POST" else b""
        return self.pages.wrong(call, 413) if body is None else await self._answer(door, call, body)

    def _shut(self, call: Call) -> Response:
        """It says which methods open it (RFC 9110 15.5.6)."""
        response = self.pages.wrong(call, 405)
        response.headers["allow"] = self.allowed
        return response

    async def _answer(self, door: Door, call: Call, body: bytes) -> Response:
        """Nothing is acknowledged before it is durable."""
        try:
            answer = await run_in_threadpool(self._handled, door, call, body) if door.slow else self._handled(door, call, body)
            response = answer if isinstance(answer, Response) else await answer
            if (pending := self.portal.db.durable()) is not None:
                await pending
            return self._with_cookies(call, response)
        except ProofNeeded:
            return RedirectResponse(identify(call.here, unsent=call.method == "POST"), 303)
        except NotFound:
            return self.pages.wrong(call, 404)
        except Refused as refused:
            return self.pages.refused(call, refused)
        except Unexpected:  # whatever was sent, names of fields included, may be a number or a code
            log.info("form refused", path=door.path)
            return self.pages.wrong(call, 400)
        except BillsUnseen as unseen:
            log.warning("bills unseen", path=door.path, why=str(unseen)[:80])
            return self.pages.unseen(call, tuple(card for card in cards(call, self.pages) if card.href != call.path))
        except Unavailable as error:
            log.warning("unavailable", path=door.path, why=str(error)[:80])
            return self.pages.wrong(call, 503)
        except Exception:
            reference = reference_name()
            log.exception("failed", path=door.path, reference=reference)
            return self.pages.wrong(call, 500, reference)

    def _handled(self, door: Door, call: Call, body: bytes) -> Response | Awaitable[Response]:
        self._judge(door, call, body)
        return door.handler(call, self.pages)

    def _judge(self, door: Door, call: Call, body: bytes) -> None:
        """Who is it, may they, and is the form one of ours."""
        if "\0" in call.path or b"%00" in call.scope["query_string"]:
            raise NotFound("no text")  # PostgreSQL has no place for it
        call.body = body
        if door.machine:
            return
        if door.method == "POST":
            if not same_origin(call.headers, self.portal.base_url):
                raise Refused("cross_site", self.pages.CROSS_SITE, status=403)
            call.form = {} if door.raw else form(body)
            if not door.own_fields and set(call.form) - door.fields:
                raise Unexpected(", ".join(sorted(set(call.form) - door.fields)))
        cookie = call.kept("visit")
        call.visitor = visits.find(self.portal.db, cookie, seen="poll" not in call.query) if cookie else None
        if "lang" in call.query:
            call.cookies["lang"] = call.language.value
        if call.proof < door.proof:
            raise ProofNeeded(door.path)

    def _with_cookies(self, call: Call, response: Response) -> Response:
        """Values are tokens and names of ours, which need no quoting; an empty one is taken back."""
        for name, value in call.cookies.items():
            flags = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self.portal.base_url.startswith("https") else "")
            lives = LIVES.get(name) if value else 0
            until = "" if lives is None else f"; Max-Age={lives}"
            cookie = f"{cookie_name(self.portal.base_url, name)}={value}{flags}{until}"
            response.raw_headers.append((b"set-cookie", cookie.encode("ascii")))
        return response


async def _body(call: Call, receive: Receive) -> bytes | None:
    """None where it is longer than any form of ours; it is not read to its end."""
    said = call.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > BODY_LIMIT:
        return None
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            return None
    return body


class Doorways:
    """All of them, as Starlette's routes. `headers` are on every response (promise 41)."""

    def __init__(self, portal: Portal, pages: Pages, trusted: frozenset[str], headers: RawHeaders) -> None:
        self.behind = partial(Doorway, portal=portal, pages=pages, trusted=trusted, headers=headers)
        self.live, self.billing_is_remote = portal.live, portal.billing.remote

    def routes(self, doors: tuple[Door, ...]) -> list[Route]:
        """What belongs to the sandbox is not there in live mode."""
        paths: dict[str, list[Door]] = {}
        for door in doors:
            if not (door.sandbox and self.live):
                slow = door.slow or (door.asks_billing and self.billing_is_remote)
                paths.setdefault(door.path, []).append(replace(door, slow=slow))
        return [Route(path, self.behind(tuple(some))) for path, some in sorted(paths.items(), key=_plainness)]

    def nowhere(self) -> Doorway:
        """Where no route leads."""
        return self.behind(())


def _plainness(path: tuple[str, object]) -> bool:
    """Patterns first, as they stand in the table: plain paths are not looked for among the routes."""
    return "{" not in path[0]


class Crossing:
    """Plain paths by their name, before Starlette's router, which tries one route after the other: a tenth of a log-in."""

    def __init__(self, router: Router) -> None:
        self.router = router
        self.plain: dict[str, ASGIApp] = {
            route.path: route.app for route in router.routes if isinstance(route, Route) and not route.param_convertors
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.plain.get(scope["path"]) if scope["type"] == "http" else None
        await (found or self.router)(scope, receive, send)

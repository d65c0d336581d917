"""A browser without JavaScript over the application in this process: it follows, keeps cookies, and checks every page it gets."""

from contextlib import ExitStack
from typing import Any
from urllib.parse import urljoin

import httpx2
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.types import Message

from tests.html import Element, header_problems, parse, problems

BASE_URL = "http://127.0.0.1:8000"


class Page:
    """What came back, by its data-testids."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.status, self.url, self.text = response.status_code, str(response.url), response.text
        self.tree, _ = parse(self.text)

    @property
    def path(self) -> str:
        return self.response.url.raw_path.decode()

    def all(self, testid: str) -> list[Element]:
        return list(self.tree.xpath("//*[@data-testid=$testid]", testid=testid))

    def at(self, testid: str) -> Element:
        found = self.all(testid)
        assert len(found) == 1, f"{len(found)} of data-testid={testid!r} on {self.url} ({self.status}); there: {self.testids}"
        return found[0]

    def said(self, testid: str) -> str:
        return " ".join("".join(self.at(testid).itertext()).split())

    def has(self, testid: str) -> bool:
        return bool(self.all(testid))

    @property
    def testids(self) -> list[str]:
        return [str(value) for value in self.tree.xpath("//@data-testid")]

    @property
    def heading(self) -> str:
        return " ".join("".join(self.tree.xpath("//h1")[0].itertext()).split())

    def form(self, testid: str) -> Element:
        """The form around that control."""
        forms = self.at(testid).xpath("ancestor-or-self::form")
        assert forms, f"{testid!r} on {self.url} is in no form"
        return forms[-1]


class Browsing(httpx2.Client):
    def open(self, path: str) -> Page:
        return Page(self.get(path))

    def submit(self, page: Page, button: str, **typed: str) -> Page:
        """Press the button by its data-testid, with these fields typed (by name): what the form has, the browser sends."""
        form = page.form(button)
        fields = _fields(form) | typed
        pressed = page.at(button)
        if pressed.get("name"):
            fields[pressed.get("name")] = pressed.get("value", "")
        target = urljoin(page.url, pressed.get("formaction") or form.get("action") or "")
        if (form.get("method") or "get").lower() == "get":
            return Page(self.get(target, params=fields))
        return Page(self.post(target, data=fields))

    def follow(self, page: Page, testid: str) -> Page:
        """Press the link."""
        return self.open(urljoin(page.url, page.at(testid).get("href")))

    def messages(self, to: str) -> list[dict[str, Any]]:
        """The sandbox's, newest first."""
        response = self.get("/sandbox/messages", params={"to": to})
        assert response.status_code == 200, response.text
        return list(response.json())


class Client(Browsing):
    """On the application in this process, which begins and ends with it. Starlette's own client crosses to the application's thread
    eight times a request, which costs more than the page."""

    def __init__(self, app: Starlette, base_url: str = BASE_URL, address: str = "testclient") -> None:
        self.app = app
        super().__init__(
            base_url=base_url, headers={"Accept": "text/html,*/*", "Accept-Language": "he", "User-Agent": "testclient"},
            transport=InProcess(app, address), follow_redirects=True,
        )  # fmt: skip
        self.event_hooks = {"request": [_as_a_browser], "response": [_check]}


class InProcess(httpx2.BaseTransport):
    """Requests as ASGI, to an application on a thread of its own; what it raises, it raises here."""

    def __init__(self, app: Starlette, address: str) -> None:
        self.app, self.address, self.running = app, address, ExitStack()

    def __enter__(self) -> "InProcess":
        self.there = self.running.enter_context(start_blocking_portal())
        self.running.enter_context(self.there.wrap_async_context_manager(self.app.router.lifespan_context(self.app)))
        return self

    def __exit__(self, *failure: object) -> None:
        self.running.close()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        head, *parts = self.there.call(self._answer, request, request.read())
        body = b"" if request.method == "HEAD" else b"".join(part["body"] for part in parts)
        return httpx2.Response(head["status"], headers=head["headers"], stream=httpx2.ByteStream(body), request=request)

    async def _answer(self, request: httpx2.Request, body: bytes) -> list[Message]:
        url, said = request.url, list[Message]()
        scope = {
            "type": "http", "http_version": "1.1", "method": request.method, "scheme": url.scheme, "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0], "query_string": url.query, "root_path": "", "state": {},
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": (self.address, 50_000), "server": (url.host, url.port),
        }  # fmt: skip

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            said.append(message)

        await self.app(scope, receive, send)
        return said


class Browser(Browsing):
    """On a real server, from an address of this machine's own (127.0.0.0/8). Unchecked: html5lib is of one thread."""

    def __init__(self, url: str, address: str = "127.0.0.1", checked: bool = True, verify: bool = True, **headers: str) -> None:
        transport = httpx2.HTTPTransport(local_address=address, verify=verify)
        super().__init__(
            base_url=url, headers={"Accept": "text/html,*/*", "Accept-Language": "en", **headers}, transport=transport,
            follow_redirects=True, timeout=20,
        )  # fmt: skip
        self.event_hooks = {"request": [_as_a_browser], "response": [_check] if checked else []}


def _fields(form: Element) -> dict[str, str]:
    """What a browser would send of it as it stands."""
    fields = {}
    for field in form.xpath(".//input[@name and not(@disabled)]"):
        kind = field.get("type", "text")
        if kind in ("submit", "button", "image") or (kind in ("radio", "checkbox") and field.get("checked") is None):
            continue
        fields[field.get("name")] = field.get("value", "on" if kind in ("radio", "checkbox") else "")
    for area in form.xpath(".//textarea[@name]"):
        fields[area.get("name")] = area.text or ""
    for choice in form.xpath(".//select[@name]"):
        options = choice.xpath(".//option[@selected]") or choice.xpath(".//option")
        fields[choice.get("name")] = options[0].get("value", options[0].text) if options else ""
    return fields


def _as_a_browser(request: httpx2.Request) -> None:
    request.headers.setdefault("Sec-Fetch-Site", "same-origin" if request.method == "POST" else "none")
    if request.method == "POST":
        request.headers.setdefault("Origin", f"{request.url.scheme}://{request.url.netloc.decode()}")


def _check(response: httpx2.Response) -> None:
    response.read()
    if response.headers.get("content-type", "").startswith("text/html") and response.text:
        found = problems(response.headers, response.text)
    else:
        found = header_problems(response.headers)
    assert not found, f"{response.request.method} {response.url} ({response.status_code}): " + "; ".join(found)

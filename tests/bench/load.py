"""Log-ins, many at a time: home, identify, phone, code, and the page with the last invoice. Each by a browser of its own."""

import http.client
import random
import threading
from itertools import count
from urllib.parse import quote, urlsplit

from tests.bench.customers import CODE, last_invoice, phone

PAGE = "/actions/last-invoice"


class Browser:
    """One keep-alive connection; cookies and an address for each journey."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self.origin = url
        self.connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)

    def journey(self, n: int) -> None:
        self.cookies: dict[str, str] = {}
        self.address = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        wanted = quote(PAGE, safe="")
        self.ask("GET", "/", 200)
        self.ask("GET", f"/identify?next={wanted}", 200)
        self.ask("POST", "/identify/phone", 200, f"phone={quote(phone(n))}&next={wanted}")
        self.ask("POST", "/identify/code", 303, f"code={CODE}&next={wanted}")
        page = self.ask("GET", PAGE, 200)
        assert last_invoice(n).encode() in page, "the page is not this customer's"

    def ask(self, method: str, path: str, expected: int, form: str | None = None) -> bytes:
        headers = {"X-Forwarded-For": self.address, "Accept": "text/html", "User-Agent": "bench"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        self.connection.request(method, path, form, headers)
        answer = self.connection.getresponse()
        body = answer.read()
        for cookie in answer.headers.get_all("set-cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        assert answer.status == expected, f"{method} {path}: {answer.status} {body[:300]!r}"
        return body


def drive(url: str, journeys: int, customers: int, users: int = 8) -> None:
    """That many log-ins, by so many people at a time. Raises the first thing that went wrong."""
    turns = count()
    wrong: list[Exception] = []

    def user() -> None:
        browser = Browser(url)
        try:
            while not wrong and (n := next(turns)) < journeys:
                browser.journey(n % customers)
        except Exception as error:
            wrong.append(error)
        finally:
            browser.connection.close()

    threads = [threading.Thread(target=user) for _ in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]

"""First paint on a slow phone, beside a bare page of 3 kB: Chromium's own throttling, slow 3G and a fourth of the CPU.

And beside that page as the portal would send it: its protecting headers (a content policy, an opener policy) cost time, too.
"""

import hashlib
import http.server
import random
import re
import statistics
import string
import threading
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.bench.demo import PAGES, cookies, demo
from tests.bench.figures import Figure
from tests.browser import launch_args

ROUNDS = 5
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000, "connectionType": "cellular3g"}
PAINTED = "performance.getEntriesByName('first-contentful-paint').map((entry) => entry.startTime)[0]"
STYLE = "body{font:1.2rem/1.5 system-ui;max-width:34rem;margin:auto;padding:1rem}input,button{font:inherit;padding:.5rem}"
BARE = (
    '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Sign in</title>'
    f"<style>{STYLE}</style>"
    "<h1>Sign in</h1><form method=post><label>Phone <input name=phone type=tel></label><button>Send code</button></form><!--"
)


def measure(scale: float) -> list[Figure]:
    with demo() as server, bare({}) as bare_url, bare(protections(server.url)) as protected_url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**launch_args())  # type: ignore[arg-type]
        visit = cookies(server)
        pages = {name: (server.url + path, visit if name == "invoice" else {}) for name, path in PAGES.items()}
        nobody: dict[str, str] = {}
        urls = {"bare": (bare_url, nobody), "protected": (protected_url, nobody)} | pages
        painted: dict[str, list[float]] = {name: [] for name in urls}
        for number in range(ROUNDS + 1):
            for name in list(urls)[:: -1 if number % 2 else 1]:
                at = first_paint(chromium, *urls[name])
                if number:  # the first warms up
                    painted[name].append(at)
        chromium.close()
    median = {name: statistics.median(values) for name, values in painted.items()}
    floor, protected = median.pop("bare"), median.pop("protected")
    return [
        Figure("first paint, bare page of 3 kB", floor, "ms"),
        Figure("first paint, the same with the portal's headers", protected / floor, "x the bare page", note=f"{protected:.0f} ms"),
        *(
            Figure(
                f"first paint, {name}", at / floor, "x the bare page", at_most=1.1, note=f"{at:.0f} ms, {at / protected:.2f} x with headers"
            )
            for name, at in median.items()
        ),
    ]


def first_paint(chromium: Browser, url: str, cookies: dict[str, str]) -> float:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="he-IL")
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    tools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    tools.send("Network.emulateNetworkConditions", SLOW_3G)
    page.goto(url, timeout=60_000)
    page.wait_for_function(f"{PAINTED} > 0")
    at = float(page.evaluate(PAINTED))
    context.close()
    return at


def protections(url: str) -> dict[str, str]:
    """What the portal sends with each page to protect it, for the style of the bare one."""
    with urllib.request.urlopen(url) as page:
        sent = {name.lower(): value for name, value in page.headers.items()}
    digest = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    sent["content-security-policy"] = re.sub(r"'sha256-[^']*'", f"'sha256-{digest}'", sent["content-security-policy"])
    names = ("content-security-policy", "cross-origin-opener-policy", "permissions-policy", "referrer-policy", "x-content-type-options")
    return {name: sent[name] for name in names}


@contextmanager
def bare(headers: Mapping[str, str]) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("With", (Bare,), {"headers_sent": headers}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Bare(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    headers_sent: Mapping[str, str]

    def do_GET(self) -> None:
        body = (BARE + "".join(random.choices(string.ascii_lowercase, k=2997 - len(BARE))) + "-->").encode()
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass

"""First paint on a slow phone, beside a bare page of 3 kB: Chromium's own throttling, slow 3G and a fourth of the CPU."""

import http.server
import random
import statistics
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.bench.demo import PAGES, cookies, demo
from tests.bench.figures import Figure
from tests.browser import launch_args

ROUNDS = 5
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000, "connectionType": "cellular3g"}
PAINTED = "performance.getEntriesByName('first-contentful-paint').map((entry) => entry.startTime)[0]"
BARE = (
    '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Sign in</title>'
    "<style>body{font:1.2rem/1.5 system-ui;max-width:34rem;margin:auto;padding:1rem}input,button{font:inherit;padding:.5rem}</style>"
    "<h1>Sign in</h1><form method=post><label>Phone <input name=phone type=tel></label><button>Send code</button></form><!--"
)


def measure(scale: float) -> list[Figure]:
    with demo() as server, bare() as bare_url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**launch_args())  # type: ignore[arg-type]
        visit = cookies(server)
        urls = {"bare": (bare_url, {}), **{name: (server.url + path, visit if name == "invoice" else {}) for name, path in PAGES.items()}}
        painted: dict[str, list[float]] = {name: [] for name in urls}
        for number in range(ROUNDS + 1):
            for name in list(urls)[:: -1 if number % 2 else 1]:
                at = first_paint(chromium, *urls[name])
                if number:  # the first warms up
                    painted[name].append(at)
        chromium.close()
    median = {name: statistics.median(values) for name, values in painted.items()}
    floor = median.pop("bare")
    return [
        Figure("first paint, bare page of 3 kB", floor, "ms"),
        *(Figure(f"first paint, {name}", at / floor, "x the bare page", at_most=1.1, note=f"{at:.0f} ms") for name, at in median.items()),
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


@contextmanager
def bare() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bare)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Bare(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = (BARE + "".join(random.choices(string.ascii_lowercase, k=2997 - len(BARE))) + "-->").encode()
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass

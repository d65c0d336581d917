"""What the first load of a page weighs on the wire, and whether anything else must come before it is painted."""

import re
import urllib.request

from tests.bench.demo import PAGES, cookies, demo
from tests.bench.figures import Figure

# What holds up the first paint: style sheets of their own, and scripts that are neither deferred nor asynchronous.
BLOCKING = re.compile(rb'<link[^>]+rel="?stylesheet|<script(?![^>]*\b(?:defer|async|type="application/json")\b)[^>]*>')


def measure(scale: float) -> list[Figure]:
    figures = []
    with demo() as server:
        known = "; ".join(f"{name}={value}" for name, value in cookies(server).items())
        for name, path in PAGES.items():
            headers = {
                "Accept-Encoding": "gzip, br",
                "Accept": "text/html",
                "Accept-Language": "he",
                "Cookie": known if name == "invoice" else "",
            }
            with urllib.request.urlopen(urllib.request.Request(server.url + path, headers=headers), timeout=10) as answer:
                body, head = answer.read(), len(str(answer.headers).encode())
            encoding = answer.headers.get("content-encoding", "not compressed")
            figures.append(Figure(f"{name} on the wire", (len(body) + head) / 1000, "kB", at_most=14, note=encoding))
            if encoding == "not compressed":
                figures.append(Figure(f"{name}, held up by", len(BLOCKING.findall(body)), "other files", at_most=0))
    return figures

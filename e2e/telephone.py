"""What arrives on the customer's phone: from the sandbox, or a code agreed beforehand (PORTAL_TEST_PHONES)."""

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

CODE = re.compile(r"#(\d{6})\b")
LINK = re.compile(r"https?://\S+")


class Telephone:
    def __init__(self, site: str, number: str) -> None:
        self.site, self.number = site, number
        self.agreed = agreed_codes().get(number, "")
        self.seen = 0 if self.agreed else self._newest()

    @property
    def as_typed(self) -> str:
        """+972502345678 is typed 0502345678."""
        return "0" + self.number.removeprefix("+972")

    def code(self) -> str:
        return self.agreed or self._next(CODE)

    def link(self) -> str:
        """The path of the link that was texted."""
        address = urllib.parse.urlsplit(self._next(LINK))
        return address.path

    def _next(self, pattern: re.Pattern[str], seconds: float = 15) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for message in self._messages():
                if message["id"] > self.seen and (found := pattern.findall(message["body"])):
                    self.seen = message["id"]
                    return str(found[-1])
            time.sleep(0.05)
        raise AssertionError(f"no message with {pattern.pattern} came to {self.number} within {seconds} s")

    def _newest(self) -> int:
        return max((message["id"] for message in self._messages()), default=0)

    def _messages(self) -> list[dict[str, Any]]:
        """Newest first."""
        query = urllib.parse.urlencode({"to": self.number})
        with urllib.request.urlopen(f"{self.site}/sandbox/messages?{query}", timeout=10) as response:
            return list(json.load(response))


def agreed_codes() -> dict[str, str]:
    """`+972502345678=123456,+972...`: the site was told the same."""
    pairs = os.environ.get("PORTAL_TEST_PHONES", "").split(",")
    return dict(pair.strip().split("=", 1) for pair in pairs if "=" in pair)


def a_day_later(site: str) -> None:
    """On a sandbox that others use too: what was sent today does not count against today's limit."""
    later(site, 90_000)


def later(site: str, seconds: int) -> bool:
    """Whether the site has a clock that can be moved: a sandbox has."""
    request = urllib.request.Request(
        f"{site}/sandbox/clock",
        json.dumps({"advance_seconds": seconds}).encode(),
        {"Content-Type": "application/json", "Origin": site, "Sec-Fetch-Site": "same-origin"},
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as refused:
        if refused.code != 404:
            raise
        return False
    return True

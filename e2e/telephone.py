"""What arrives on the customer's phone: from the sandbox, or a code agreed beforehand (PORTAL_TEST_PHONES)."""

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

CODE = re.compile(r"#(\d{6})\b")
LINK = re.compile(r"https?://\S+")


class Telephone:
    def __init__(self, site: str, number: str) -> None:
        self.site, self.number = site, number
        self.agreed = agreed_codes().get(number, "")
        self.has_sandbox = has_sandbox(site)
        self.seen = self._newest() if self.has_sandbox else 0
        self.spent = False

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

    def gets_no_more_codes(self, why: str) -> None:
        """The site's limits are no fault of the story's, where the site has no clock that a day could be moved on by."""
        if not self.has_sandbox:
            self.spent = True
            pytest.skip(f"this site sends {self.number} no more codes for now: {why}")

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


class Agreed:
    """The numbers whose codes were agreed, in turn: a site sends 10 codes a day to each. The first, whose customer has E2E_ID_NUMBER,
    is kept for the stories of that customer as long as there are others."""

    def __init__(self, numbers: Sequence[str]) -> None:
        self.first, self.others = numbers[0], deque(numbers[1:])
        self.spent: set[str] = set()

    def next(self) -> str:
        self.others.rotate(-1)
        return self.others[-1] if self.others else self.of_the_id_number()

    def of_the_id_number(self) -> str:
        if self.first in self.spent:
            pytest.skip(f"no more codes for now to {', '.join(sorted(self.spent))}: agree on more numbers (e2e/README.md)")
        return self.first

    def drop(self, number: str) -> None:
        self.spent.add(number)
        self.others = deque(number for number in self.others if number not in self.spent)


def agreed_codes() -> dict[str, str]:
    """`+972502345678=123456,+972...`: the site was told the same."""
    pairs = os.environ.get("PORTAL_TEST_PHONES", "").split(",")
    return dict(pair.strip().split("=", 1) for pair in pairs if "=" in pair)


@cache
def has_sandbox(site: str) -> bool:
    """Its telephone, its payment provider, and its clock."""
    try:
        urllib.request.urlopen(f"{site}/sandbox/messages?to=", timeout=10).close()
    except urllib.error.HTTPError as refused:
        if refused.code != 404:
            raise
        return False
    return True


def a_day_later(site: str) -> None:
    """On a sandbox that others use too: what was sent today does not count against today's limit."""
    later(site, 90_000)


def later(site: str, seconds: int) -> None:
    request = urllib.request.Request(
        f"{site}/sandbox/clock",
        json.dumps({"advance_seconds": seconds}).encode(),
        {"Content-Type": "application/json", "Origin": site, "Sec-Fetch-Site": "same-origin"},
    )
    urllib.request.urlopen(request, timeout=10).close()

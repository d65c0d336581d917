"""One exchange with a billing system over HTTP: short time-outs, one more try of what may be repeated, and a breaker."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from prometheus_client import Counter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import EmptyPoolError, HTTPError

from portal.adapters import retry_after
from portal.adapters.billing.breaker import Breaker
from portal.adapters.within import shut, within
from portal.core.errors import BillsUnseen

CALLS = Counter("portal_billing_calls", "What was asked of the billing system, and what became of it", ["what", "outcome"])

LARGEST = 2 * 1024 * 1024
# Half of the threads that handlers have: whoever hangs does not take the other doors with it.
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a connection, for an answer, and for both with the second try."""

    connect: float = 1.0
    answer: float = 2.0
    total: float = 4.5


class NoAnswer(BillsUnseen):
    """Or one that says to try again: after `retry_after` seconds, else at once."""


class Crowded(BillsUnseen):
    """Too many of ours wait for its answers, so that it was not asked: no failure of its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is below 500."""

    status: int
    body: bytes
    request_id: str


class Wire:
    """Thread-safe; connections are kept and used again. Nothing is followed, and no proxy of the environment is asked."""

    def __init__(self, url: str, key: str, breaker: Breaker, patience: Patience) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        pool = HTTPSConnectionPool if secure else HTTPConnectionPool
        self.pool: HTTPConnectionPool = pool(parts.hostname or "", parts.port, maxsize=AT_ONCE, block=True)
        self.pool.ConnectionCls = PromptHttps if secure else Prompt
        self.path, self.breaker, self.patience = parts.path.rstrip("/"), breaker, patience
        self.headers = {
            "authorization": f"Bearer {key}", "accept": "application/json", "accept-encoding": "identity",
            "user-agent": "quick-actions-portal",
        }  # fmt: skip

    def get(self, what: str, **query: str) -> Answer:
        """Once more where that may help. Raises BillsUnseen."""
        target = f"{self.path}/v1/{what}" + (f"?{urlencode(query)}" if query else "")
        ask = partial(self._once, what, "GET", target, None, monotonic() + self.patience.total)
        try:
            return ask()
        except NoAnswer as silence:
            if silence.retry_after is not None:
                raise
            return ask()

    def put(self, what: str, target: str, said: Mapping[str, Any]) -> Answer:
        """Tried once: whoever has to repeat it knows how long it may take. Raises BillsUnseen."""
        return self._once(what, "PUT", f"{self.path}/v1/{target}", json.dumps(said).encode(), monotonic() + self.patience.total)

    def _once(self, what: str, method: str, target: str, body: bytes | None, ends: float) -> Answer:
        if not self.breaker.may_ask():
            CALLS.labels(what, "spared").inc()
            raise BillsUnseen("it did not answer a moment ago", self.breaker.rests_for)
        try:
            answer = self._answer(method, target, body, ends)
        except NoAnswer as silence:
            self.breaker.failed(silence.retry_after)
            CALLS.labels(what, "failed").inc()
            raise
        except Crowded:
            CALLS.labels(what, "crowded").inc()
            raise
        self.breaker.answered()
        CALLS.labels(what, "answered").inc()
        return answer

    def _answer(self, method: str, target: str, body: bytes | None, ends: float) -> Answer:
        request_id, began = uuid4().hex, monotonic()
        headers = self.headers | {"x-request-id": request_id} | ({"content-type": "application/json"} if body else {})
        connect, answer, left = self.patience.connect, self.patience.answer, max(ends - began, 0.1)
        timeout = Timeout(connect=min(connect, left), read=min(answer, left))
        try:
            response = self.pool.urlopen(
                method, target, body, headers, retries=False, redirect=False, timeout=timeout, pool_timeout=1, preload_content=False,
                decode_content=False,
            )  # fmt: skip
            content = _read(response, min(began + connect + answer, ends))
        except EmptyPoolError as crowd:
            raise Crowded("no connection is free") from crowd
        except (HTTPError, OSError, ValueError) as error:
            raise NoAnswer(f"{type(error).__name__} (request {request_id})") from error
        if response.status == 429 or response.status >= 500:
            raise NoAnswer(
                f"it said {response.status} (request {request_id})", retry_after.seconds(response.headers.get("retry-after", ""))
            )
        return Answer(response.status, content, request_id)


def _read(response: BaseHTTPResponse, ends: float) -> bytes:
    """All of it, unless it is too much or too slow; then the connection is not used again."""
    content = bytearray()
    try:
        with within(ends - monotonic(), response.shutdown):
            for chunk in response.stream(65_536, decode_content=False):
                content += chunk
                if len(content) > LARGEST:
                    raise NoAnswer(f"more than {LARGEST} bytes")
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return bytes(content)


class Prompt(HTTPConnection):
    """Headers, too, may drip in byte by byte."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # urllib3 says the same of its own
        with within(float(self.timeout or 0.0), partial(shut, self.sock)):
            return super().getresponse()


class PromptHttps(Prompt, HTTPSConnection):
    pass

"""The way to Twilio: its own client, which can be pointed at a peer on this machine, with its failures in our words."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests import ConnectTimeout, RequestException
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from portal.adapters import retry_after
from portal.adapters.twilio import words
from portal.core.errors import TryAgain

API = "https://api.twilio.com"
# To reach it, and until it answers: 5 s in all.
TIMEOUT_SECONDS = (2.0, 3.0)
# As many as the outbox carries at once: its own pool would open a connection for most messages.
CONNECTIONS = 32
# Whether it was taken, nobody knows: Twilio has no idempotency keys. Its callback, if it was, comes sooner than another try.
ANSWER_LOST_SECONDS = 5.0


def client(account: str, token: str, base: str = "") -> Client:
    """`base` is a peer's address; empty: Twilio's own."""
    return Client(account, token, http_client=Wire(base))


class Wire(TwilioHttpClient):  # type: ignore[misc]
    def __init__(self, base: str) -> None:
        super().__init__()
        self.timeout, self.base = TIMEOUT_SECONDS, base.rstrip("/")
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS))

    def request(self, method: str, url: str, *args: Any, **kw: Any) -> Response:
        """429 and 5xx are told here, where their Retry-After can be read. Raises TryAgain."""
        response = super().request(method, url.replace(API, self.base) if self.base else url, *args, **kw)
        self._test_only_last_request = None  # it holds the words of the message, and they hold a code
        if response.status_code == 429 or response.status_code >= 500:
            raise TryAgain(f"twilio http {response.status_code}", retry_after.seconds(response.headers.get("Retry-After", "")))
        if response.status_code < 300 and not _is_object(response.text):
            raise TryAgain("twilio's answer was not understood", ANSWER_LOST_SECONDS)
        return response

    def log_request(self, kwargs: Any) -> None:
        """Nothing: its address has the account, its words have numbers."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Nothing."""


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


@contextmanager
def translated() -> Iterator[None]:
    """Whatever goes wrong becomes TryAgain or Permanent. Not chained: what the vendor says names the number."""
    try:
        yield
    except (TwilioRestException, TwilioServiceException) as refused:
        raise words.refusal(int(refused.status), _code(refused)) from None
    except ConnectTimeout:
        raise TryAgain("twilio was not reached") from None
    except RequestException as lost:
        raise TryAgain(type(lost).__name__, ANSWER_LOST_SECONDS) from None
    except ValueError:
        raise TryAgain("twilio's answer was not understood", ANSWER_LOST_SECONDS) from None


def _code(refused: TwilioRestException | TwilioServiceException) -> int:
    return refused.code if isinstance(refused.code, int) else 0

"""SMS through Twilio (twilio.com/docs/messaging/api/message-resource)."""

from typing import Any

from requests import RequestException
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from portal.core.errors import Permanent, TryAgain
from portal.core.ports import Message

TIMEOUT_SECONDS = 5.0
API = "https://api.twilio.com"


class Wire(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's own client, which can be pointed at a peer on this machine."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=TIMEOUT_SECONDS)
        self.base = base

    def request(self, method: str, url: str, *args: Any, **kw: Any) -> Response:
        return super().request(method, url.replace(API, self.base) if self.base else url, *args, **kw)


class TwilioSms:
    """`base` is Twilio's address, or a peer's; empty: Twilio's own."""

    def __init__(self, account: str, token: str, sender: str, base: str = "") -> None:
        self.sender = sender
        self.client = Client(account, token, http_client=Wire(base))

    def send(self, message: Message) -> str:
        try:
            return str(self.client.messages.create(to=message.to, from_=self.sender, body=message.body).sid)
        except TwilioRestException as error:
            # 429 and 5xx may work later; whatever else is said of a request is said of it for ever
            raise (TryAgain if error.status == 429 or error.status >= 500 else Permanent)(f"twilio {error.code}") from error
        except RequestException as error:
            raise TryAgain(type(error).__name__) from error

"""Messages (twilio.com/docs/messaging/api/message-resource) and calls (twilio.com/docs/voice/api/call-resource)."""

import re
from urllib.parse import quote

from twilio.rest import Client

from portal.adapters.twilio.wire import translated
from portal.core.ports import Message

# A voice mail takes most calls after 25 s or more: it would be paid for, and nobody would hear it.
RING_SECONDS = 22
LONGEST_CALL_SECONDS = 150


class TwilioMessages:
    """SMS; with the prefix `whatsapp:`, WhatsApp. `sender` is a number, a name of up to 11 letters, or a Messaging Service (MG..)."""

    def __init__(self, client: Client, sender: str, base_url: str, prefix: str = "") -> None:
        self.client, self.base_url, self.prefix = client, base_url, prefix
        self.sender = {"messaging_service_sid": sender} if re.fullmatch("MG[0-9a-f]{32}", sender) else {"from_": _prefixed(prefix, sender)}

    def send(self, message: Message) -> str:
        """What it becomes is told to the hook, by the key: nothing has to be kept before the answer comes."""
        with translated():
            taken = self.client.messages.create(
                to=_prefixed(self.prefix, message.to),
                body=message.body,
                status_callback=_hook(self.base_url, "status", message.key),
                **({"validity_period": message.good_for} if message.good_for else {}),
                **self.sender,
            )
            return _named(taken.sid)


class TwilioCalls:
    """A call. What is said is asked of the hook once somebody answers: it stands in no queue and at no vendor."""

    def __init__(self, client: Client, number: str, base_url: str) -> None:
        self.client, self.number, self.base_url = client, number, base_url

    def send(self, message: Message) -> str:
        with translated():
            begun = self.client.calls.create(
                to=message.to,
                from_=self.number,
                url=_hook(self.base_url, "voice", message.key),
                status_callback=_hook(self.base_url, "status", message.key),
                timeout=RING_SECONDS,
                time_limit=LONGEST_CALL_SECONDS,
            )
            return _named(begun.sid)


def _prefixed(prefix: str, address: str) -> str:
    return address if address.startswith(prefix) else prefix + address


def _hook(base_url: str, name: str, key: str) -> str:
    return f"{base_url}/hooks/twilio/{name}?job={quote(key, safe='')}"


def _named(sid: object) -> str:
    if not isinstance(sid, str) or not sid:
        raise ValueError("no sid")
    return sid

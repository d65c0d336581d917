"""What Twilio tells us (twilio.com/docs/usage/webhooks): the signature first, then its words in ours."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

from portal.adapters.twilio import words
from portal.core.errors import BadNotice
from portal.core.telephony import Delivery, Told

MESSAGE_STATES = {
    "accepted": Delivery.QUEUED,
    "scheduled": Delivery.QUEUED,
    "queued": Delivery.QUEUED,
    "sending": Delivery.QUEUED,
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "partially_delivered": Delivery.UNDELIVERED,
    "read": Delivery.DELIVERED,
    "undelivered": Delivery.UNDELIVERED,
    "failed": Delivery.FAILED,
    "canceled": Delivery.FAILED,
}
# A call that was answered has delivered nothing yet: a voice mail answers too. That the code was heard is known when it was asked for.
CALL_STATES = {
    "queued": (Delivery.QUEUED, ""),
    "initiated": (Delivery.QUEUED, ""),
    "ringing": (Delivery.SENT, ""),
    "in-progress": (Delivery.SENT, ""),
    "answered": (Delivery.SENT, ""),
    "completed": (Delivery.UNDELIVERED, "nobody listened"),
    "busy": (Delivery.UNDELIVERED, "busy"),
    "no-answer": (Delivery.UNDELIVERED, "no answer"),
    "failed": (Delivery.FAILED, "no such number"),
    "canceled": (Delivery.FAILED, "canceled"),
}
# Twilio's own, which it carries out itself (21610), and what people write in Israel.
STOP = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "הסר", "הסרה", "עצור", "الغاء", "إلغاء", "стоп"}
START = {"start", "unstop", "yes", "חזור"}


class Fields(dict[str, list[str]]):
    """A form as it was sent: fields may be empty, or repeated. RequestValidator asks for `getlist`."""

    def getlist(self, name: str) -> list[str]:
        return self[name]

    def first(self, name: str) -> str:
        return self.get(name, [""])[0]


class TwilioNotices:
    """`base_url` is where Twilio finds us, whatever a proxy made of the request: signatures are made for it."""

    name = "twilio"

    def __init__(self, token: str, base_url: str) -> None:
        if not token:
            raise ValueError("an empty TWILIO_AUTH_TOKEN verifies nothing")
        self.validator, self.base_url = RequestValidator(token), base_url

    def hear(self, headers: Mapping[str, str], target: str, body: bytes) -> Told:
        signature = headers.get("x-twilio-signature", "")
        try:
            fields = _fields(body)
            right = self.validator.validate(self.base_url + target, fields, signature)
        except ValueError as error:
            raise BadNotice("not a form") from error
        if not right:
            raise BadNotice("signature")
        return _call(fields) if "CallSid" in fields else _message(fields)


def _fields(body: bytes) -> Fields:
    """Only what the signature is made of: nothing is read from it yet."""
    fields = Fields()
    for name, value in parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200):
        fields.setdefault(name, []).append(value)
    return fields


def _call(fields: Fields) -> Told:
    delivery, reason = CALL_STATES.get(fields.first("CallStatus"), (None, ""))
    return Told(fields.first("CallSid"), "voice", delivery, reason, sender=fields.first("From"), pressed=fields.first("Digits"))


def _message(fields: Fields) -> Told:
    """A status has a MessageStatus; what somebody wrote has none."""
    prefix, _colon, address = fields.first("From").rpartition(":")
    told = Told(fields.first("MessageSid") or fields.first("SmsSid"), prefix or "sms", sender=address)
    state = fields.first("MessageStatus")
    if not state:
        return _wishing(told, fields)
    delivery = MESSAGE_STATES.get(state)
    return Told(told.vendor_id, told.channel, delivery, _reason(delivery, fields.first("ErrorCode")))


def _wishing(told: Told, fields: Fields) -> Told:
    """OptOutType is there where the Messaging Service looks for these words itself."""
    written = fields.first("OptOutType").lower() or fields.first("Body").strip(" .!").casefold()
    wish = "stop" if written in STOP else "start" if written in START else ""
    return Told(told.vendor_id, told.channel, sender=told.sender, wish=wish)


def _reason(delivery: Delivery | None, code: str) -> str:
    if delivery not in (Delivery.UNDELIVERED, Delivery.FAILED):
        return ""
    return words.said(int(code)) if code.isdecimal() and len(code) < 7 else "unknown"

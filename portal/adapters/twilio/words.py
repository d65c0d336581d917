"""Twilio's error codes in our words (twilio.com/docs/api/errors), with one decision: never, again later, or it is our own fault."""

from enum import Enum, auto

import structlog

from portal.core.errors import Permanent, TryAgain

log = structlog.get_logger()

# What only a person can put right is asked again in a while: until it expires, the message waits for them.
OURS_AGAIN_SECONDS = 10.0


class Then(Enum):
    NEVER = auto()
    LATER = auto()
    OURS = auto()  # credentials, senders, permissions: no message is given up for them


WORDS: dict[int, tuple[str, Then]] = {
    20003: ("credentials refused", Then.OURS),
    20403: ("account suspended", Then.OURS),
    20404: ("no such account", Then.OURS),
    20429: ("too many at once", Then.LATER),
    21211: ("not a number", Then.NEVER),
    21214: ("not a number", Then.NEVER),  # a call's
    21217: ("not a number", Then.NEVER),
    21408: ("country not allowed", Then.OURS),
    21215: ("country not allowed", Then.OURS),  # a call's
    21210: ("sender not ours", Then.OURS),
    21212: ("sender not ours", Then.OURS),
    21603: ("sender missing", Then.OURS),
    21606: ("sender not ours", Then.OURS),
    21659: ("sender not ours", Then.OURS),
    21660: ("sender not ours", Then.OURS),
    21703: ("sender not ours", Then.OURS),
    21604: ("no number", Then.NEVER),
    21610: ("opted out", Then.NEVER),
    21611: ("queue full", Then.LATER),
    21612: ("not reachable", Then.NEVER),
    21614: ("not a mobile", Then.NEVER),
    21602: ("no words", Then.NEVER),
    21617: ("too long", Then.NEVER),
    21619: ("no words", Then.NEVER),
    30001: ("queue full", Then.LATER),
    30002: ("account suspended", Then.OURS),
    30003: ("switched off or out of reach", Then.LATER),
    30004: ("blocked", Then.NEVER),
    30005: ("no such number", Then.NEVER),
    30006: ("landline", Then.NEVER),
    30007: ("filtered by the network", Then.NEVER),
    30008: ("unknown", Then.LATER),
    30036: ("too late", Then.NEVER),
    63003: ("not on WhatsApp", Then.NEVER),
    63016: ("outside WhatsApp's 24 hours", Then.NEVER),
    63018: ("too many at once", Then.LATER),
}


def said(code: int) -> str:
    """Why it did not arrive, as it is kept and counted."""
    return WORDS[code][0] if code in WORDS else f"twilio {code}"


def refusal(status: int, code: int) -> TryAgain | Permanent:
    """What an answer of Twilio's other than 2xx means for the message. What the answer says in words names the number: it is left there."""
    then = WORDS[code][1] if code in WORDS else _by_status(status)
    reason = f"{said(code)} ({code})"
    if then is Then.NEVER:
        return Permanent(reason)
    if then is Then.LATER:
        return TryAgain(reason)
    log.error(
        "twilio_refuses_us", reason=reason, status=status, do="check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM: portal check"
    )
    return TryAgain(reason, OURS_AGAIN_SECONDS)


def _by_status(status: int) -> Then:
    if status in (401, 403, 404):
        return Then.OURS
    return Then.LATER if status == 429 or status >= 500 else Then.NEVER

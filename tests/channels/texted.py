"""A portal whose SMS and calls go to a fake Twilio, and Twilio's own notices, signed."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from pydantic import SecretStr
from sqlmodel import col, select

from portal.core.statements import Database, Statement, p
from portal.core.tables import Challenge, Event, Outbox
from tests.client import Client
from tests.fakes.twilio import ACCOUNT, NUMBER, TOKEN, FakeTwilio
from tests.fakes.twilio_hooks import Form, signature

SEEN: tuple[Any, ...] = (Outbox.state, Outbox.error, Outbox.delivery, Outbox.delivery_reason, Outbox.vendor_id)
ROW = Statement(select(*SEEN).where(col(Outbox.key) == p("key")))
KEYS = Statement(select(Outbox.key, Outbox.channel, Outbox.state).order_by(col(Outbox.id)))
NOTED: tuple[Any, ...] = (Event.step, Event.outcome, Event.reason, Event.channel, Event.customer_id)
EVENTS = Statement(select(*NOTED).order_by(col(Event.id)))
CHALLENGE = Statement(select(Challenge.id, Challenge.sendings, Challenge.calls).order_by(col(Challenge.created_at).desc()).limit(1))


def texting(fake: FakeTwilio) -> dict[str, Any]:
    """Settings of a portal that uses it."""
    return {
        "sms": "twilio",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": SecretStr(TOKEN),
        "twilio_from": NUMBER,
        "twilio_api_base": fake.url,
    }


def told(client: Client, url: str, form: Form, signed: str | None = None, **headers: str) -> httpx2.Response:
    """As Twilio tells it: to the whole address, signed for it."""
    split = urlsplit(url)
    sent = {"X-Twilio-Signature": signature(TOKEN, url, form) if signed is None else signed, **headers}
    path = f"{split.path}?{split.query}" if split.query else split.path
    return client.post(path, content=urlencode(form), headers={"Content-Type": "application/x-www-form-urlencoded", **sent})


def until(found: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (there := found()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
    return there


def grown(kept: list[Any], beyond: int) -> None:
    until(lambda: len(kept) > beyond)


def row(db: Database, key: str) -> Any:
    with db.read() as reader:
        return reader.one(ROW, key=key)


def events(db: Database, step: str) -> list[tuple[str, str, str, str | None]]:
    with db.read() as reader:
        return [(one.outcome, one.reason, one.channel, one.customer_id) for one in reader.all(EVENTS) if one.step == step]


def challenge(db: Database) -> Any:
    """The newest."""
    with db.read() as reader:
        return reader.one(CHALLENGE)

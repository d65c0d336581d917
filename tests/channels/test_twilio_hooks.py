"""Twilio's notices: signed, then read; in any order, any number of times; and what a call is told to say."""

import json
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest

from portal.adapters.twilio import TwilioNotices
from portal.core.errors import BadNotice
from portal.core.statements import Database
from portal.core.telephony import Delivery
from tests.channels.texted import challenge, events, row, texting, told, until
from tests.client import BASE_URL, Client
from tests.fakes.twilio import NUMBER, FakeTwilio
from tests.fakes.twilio_hooks import Form, signature

DATA = Path(__file__).resolve().parents[2] / "../shared/data/04-twilio"
RUTH, DANIEL = "+972502345678", "+972502345679"
STATUS, MESSAGE, VOICE = (f"{BASE_URL}/hooks/twilio/{name}" for name in ("status", "message", "voice"))
DOOR = {"sms": "message", "whatsapp": "message", "status": "status", "voice": "voice"}


@pytest.fixture
def fake() -> Iterator[FakeTwilio]:
    with FakeTwilio(tell=False) as running:
        yield running


@pytest.fixture
def portal(new_portal: Callable[..., Client], fake: FakeTwilio) -> Client:
    return new_portal(**texting(fake))


@pytest.fixture
def sms(portal: Client, fake: FakeTwilio) -> dict[str, Any]:
    """A code on its way to Ruth, as Twilio took it."""
    return asked(portal, fake, "0502345678")


def asked(portal: Client, fake: FakeTwilio, phone: str) -> dict[str, Any]:
    before = len(fake.messages)
    assert portal.post("/identify/phone", data={"phone": phone, "next": "/"}).status_code == 200
    until(lambda: len(fake.messages) > before)
    taken: dict[str, Any] = fake.messages[-1]
    return taken


def key(db: Database) -> str:
    return f"code:{challenge(db).id}:1"


def becomes(portal: Client, fake: FakeTwilio, sms: dict[str, Any], *states: str) -> None:
    for state in states:
        code = 30003 if state in ("undelivered", "failed") else None
        assert told(portal, sms["StatusCallback"], fake.told(sms, state, code)).status_code == 204


# --- signatures ---


def vectors(name: str) -> list[dict[str, Any]]:
    if not (DATA / name).exists():
        pytest.skip(f"the examples are not beside the project: {DATA / name}")
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def heard(token: str, url: str, params: Form, signed: str) -> bool:
    """Whether notices of that address believe it. Our own address is what Twilio was given: scheme and host, as configured."""
    split = urlsplit(url)
    target = split.path + (f"?{split.query}" if split.query else "")
    try:
        TwilioNotices(token, f"{split.scheme}://{split.netloc}").hear({"x-twilio-signature": signed}, target, urlencode(params).encode())
    except BadNotice:
        return False
    return True


def test_every_signature_is_judged_as_twilio_judges_it():
    for vector in vectors("signature-vectors.jsonl"):
        if isinstance(vector.get("params"), list):
            params = [(name, value) for name, value in vector["params"]]
            assert heard(vector["token"], vector["url"], params, vector["signature"]) is vector["valid"], vector["name"]


def test_everything_that_twilio_sends_is_believed_with_its_own_signature():
    for one in vectors("inbound-requests.jsonl"):
        params = [(name, value) for name, value in one["params"]]
        assert heard(one["auth_token"], one["url"], params, one["signature"]), one["name"]
        assert not heard(one["auth_token"], one["url"], [*params, ("Body", "more")], one["signature"]), one["name"]


def test_everything_that_twilio_sends_is_taken_by_its_door(portal):
    for one in vectors("inbound-requests.jsonl"):
        params = [(name, value) for name, value in one["params"]]
        answered = told(portal, f"{BASE_URL}/hooks/twilio/{DOOR[one['kind']]}", params)
        assert answered.status_code in (200, 204), one["name"]
        if one["kind"] != "status":
            assert list(ElementTree.fromstring(answered.text)) == [], f"{one['name']}: nothing is said to somebody who was asked nothing"


def test_an_empty_token_verifies_nothing():
    with pytest.raises(ValueError, match="TWILIO_AUTH_TOKEN"):
        TwilioNotices("", BASE_URL)


def test_what_is_not_signed_for_our_address_is_refused_and_changes_nothing(portal, fake, sms, demo_database):
    form = fake.told(sms, "delivered")
    url = sms["StatusCallback"]
    elsewhere = url.replace(BASE_URL, "https://portal.example")
    for signed in (
        "",
        "AAAA",
        signature("another token", url, form),
        signature(fake.token, elsewhere, form),
        signature(fake.token, url, []),
    ):
        assert told(portal, url, form, signed=signed).status_code == 403
    another = url.replace(":1", ":2").replace("%3A1", "%3A2")
    assert told(portal, another, form, signed=signature(fake.token, url, form)).status_code == 403, "nor for another message"
    assert row(demo_database, key(demo_database)).delivery == ""


def test_it_is_believed_with_the_port_or_without_as_twilio_makes_them(new_portal, fake):
    portal = new_portal(base_url="https://portal.example", **texting(fake))
    form = [("SmsSid", "SM1"), ("MessageSid", "SM1"), ("Body", ""), ("From", RUTH), ("To", NUMBER)]
    for signed_for in ("https://portal.example/hooks/twilio/message", "https://portal.example:443/hooks/twilio/message"):
        answered = told(portal, "https://portal.example/hooks/twilio/message", form, signed=signature(fake.token, signed_for, form))
        assert answered.status_code == 200, signed_for


def test_cookies_and_who_says_it_was_a_browser_mean_nothing(portal, fake, sms):
    form = fake.told(sms, "sent")
    cross = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Cookie": "visit=x; code=y"}
    assert told(portal, sms["StatusCallback"], form, **cross).status_code == 204
    assert "set-cookie" not in told(portal, sms["StatusCallback"], form, **cross).headers


def test_what_is_no_form_is_refused(portal):
    for body in (b"\xff", b"a=%ff", b"&".join(b"a=1" for _n in range(300)), b"MessageSid=%00"):
        assert portal.post("/hooks/twilio/status", content=body, headers={"X-Twilio-Signature": "x"}).status_code == 403


def test_a_body_longer_than_any_of_theirs_is_not_read(portal):
    assert told(portal, STATUS, [("Body", "x" * 70_000)]).status_code == 413


def test_a_sandbox_has_no_such_doors(new_portal):
    portal = new_portal()
    portal.event_hooks["response"] = []
    assert {told(portal, url, [("MessageSid", "SM1")]).status_code for url in (STATUS, MESSAGE, VOICE)} == {404}


# --- what became of a message ---


def test_whatever_the_order_the_end_is_the_same(portal, fake, sms, demo_database):
    for order in permutations(("queued", "sent", "delivered")):
        becomes(portal, fake, sms, *order)
        assert row(demo_database, key(demo_database)).delivery == "delivered", order
    becomes(portal, fake, sms, "undelivered", "failed", "queued")
    assert row(demo_database, key(demo_database)).delivery == "delivered", "what arrived, arrived"


def test_a_failure_is_said_in_our_words_and_noted_once(portal, fake, sms, demo_database):
    becomes(portal, fake, sms, "sent", "undelivered", "undelivered", "sent", "undelivered")
    found = row(demo_database, key(demo_database))
    assert (found.state, found.delivery, found.delivery_reason) == ("sent", "undelivered", "switched off or out of reach")
    assert found.vendor_id == sms["sid"]
    failures = [one for one in events(demo_database, "code") if one[0] == "undelivered"]
    assert failures == [("undelivered", "switched off or out of reach", "sms", "1001")]


def test_a_callback_that_overtakes_our_own_commit_is_not_lost_and_stops_another_sending(new_portal, fake, demo_database):
    """The answer is lost, and the callback comes: the vendor has it, and nobody sends it again."""
    fake.garbage = True
    portal = new_portal(**texting(fake))
    sms = asked(portal, fake, "0502345678")
    until(lambda: row(demo_database, key(demo_database)).state == "waiting")
    becomes(portal, fake, sms, "sent")
    found = row(demo_database, key(demo_database))
    assert (found.state, found.delivery, found.vendor_id) == ("sent", "sent", sms["sid"])
    portal.post("/sandbox/clock", json={"advance_seconds": 40})
    asked(portal, fake, "0502345679")  # the worker had its turn
    assert len(fake.to(RUTH)) == 1


def test_news_of_a_message_that_is_not_ours_change_nothing(portal, fake, sms, demo_database):
    for url in (f"{STATUS}?job=code%3Anothing%3A1", STATUS, f"{STATUS}?job="):
        assert told(portal, url, fake.told(sms, "failed")).status_code == 204
    assert row(demo_database, key(demo_database)).delivery == ""


def test_statuses_that_say_nothing_change_nothing(portal, fake, sms, demo_database):
    for status in ("received", "receiving", "", "no-such-status"):
        assert told(portal, sms["StatusCallback"], fake.told(sms, status)).status_code == 204
    assert row(demo_database, key(demo_database)).delivery == ""


def test_delivered_is_counted_nowhere_that_tells_a_customer_from_nobody(portal, fake, sms, demo_database):
    before = portal.get("/metrics").text
    becomes(portal, fake, sms, "sent", "delivered")
    counted = [line for line in portal.get("/metrics").text.splitlines() if line not in before and "deliver" in line]
    assert counted == []
    assert all(one[0] != "delivered" for one in events(demo_database, "code"))


def test_what_comes_later_never_outranks_what_arrived():
    assert max(Delivery, key=lambda one: one.rank) is Delivery.DELIVERED
    assert [one.value for one in sorted(Delivery, key=lambda one: one.rank)][:2] == ["queued", "sent"]


# --- what people write ---


WRITTEN: tuple[tuple[str, Form, str], ...] = (
    ("STOP", [], "stop"),
    ("הסר", [], "stop"),
    (" stop. ", [], "stop"),
    ("whatever", [("OptOutType", "STOP")], "stop"),
    ("START", [], "start"),
    ("כמה אני חייב?", [], "received"),
    ("", [], "received"),
    ("123456", [], "received"),
)


def test_what_somebody_writes_is_noted_once_and_answered_by_nobody(portal, demo_database):
    for n, (body, more, _wish) in enumerate(WRITTEN):
        form = [("MessageSid", f"SM{n}"), ("From", RUTH), ("To", NUMBER), ("Body", body), ("SmsStatus", "received"), *more]
        for _time in range(2):
            answered = told(portal, MESSAGE, form)
            assert answered.headers["content-type"].startswith("text/xml")
            assert list(ElementTree.fromstring(answered.text)) == []
    assert events(demo_database, "message") == [(wish, "", "sms", "1001") for _body, _more, wish in WRITTEN]


def test_whatsapp_is_its_own_channel_and_its_sender_the_same_person(portal, demo_database):
    told(portal, MESSAGE, [("MessageSid", "SM8"), ("From", f"whatsapp:{RUTH}"), ("Body", "שלום")])
    assert events(demo_database, "message") == [("received", "", "whatsapp", "1001")]

"""Twilio's own OpenAPI description judges what we send: Prism takes it as Twilio would, or says what is wrong with it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from portal.adapters import twilio
from portal.core.errors import Permanent, TryAgain
from portal.core.ports import Message
from tests.adapters import prism
from tests.fakes.twilio import ACCOUNT, NUMBER, SERVICE, TOKEN

DESCRIPTION = Path(__file__).resolve().parents[2] / "../shared/data/04-twilio/twilio_api_v2010.json"
SITE = "https://portal.example"
TO = "+972502345678"


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not DESCRIPTION.exists():
        pytest.skip(f"Twilio's description is not beside the project: {DESCRIPTION}")
    with prism.serving(DESCRIPTION, tmp_path_factory.mktemp("prism")) as url:
        yield url


def post(judge: str, resource: str, form: dict[str, str], auth: tuple[str, str] | None = (ACCOUNT, TOKEN)) -> httpx2.Response:
    return httpx2.post(f"{judge}/2010-04-01/Accounts/{ACCOUNT}/{resource}.json", data=form, auth=auth, timeout=30)


@pytest.mark.parametrize("sender", [NUMBER, SERVICE, "Portal"])
@pytest.mark.parametrize("prefix", ["", "whatsapp:"])
def test_it_takes_our_messages(judge, sender, prefix):
    sending = twilio.TwilioMessages(twilio.client(ACCOUNT, TOKEN, judge), sender, SITE, prefix)
    assert sending.send(Message("code:ab:1", "sms", TO, "הקוד שלך: 123456\n\n@portal.example #123456", good_for=300))
    assert sending.send(Message("receipt:sms:x:1", "sms", TO, "תודה"))


def test_it_takes_our_calls(judge):
    assert twilio.TwilioCalls(twilio.client(ACCOUNT, TOKEN, judge), NUMBER, SITE).send(Message("call:ab:1", "voice", TO, "1 2 3 4 5 6"))


def test_it_knows_the_account(judge):
    assert twilio.account(twilio.client(ACCOUNT, TOKEN, judge))


def test_it_refuses_an_account_that_is_none(judge):
    """Not by our own rule: by the pattern of the description."""
    with pytest.raises((Permanent, TryAgain)):
        twilio.TwilioMessages(twilio.client("nobody", TOKEN, judge), NUMBER, SITE).send(Message("code:ab:1", "sms", TO, "words"))


@pytest.mark.parametrize(
    ("resource", "form", "status"),
    [
        ("Messages", {"To": TO, "From": NUMBER, "Body": "words"}, 201),
        ("Messages", {"From": NUMBER, "Body": "words"}, 422),
        ("Messages", {"To": TO, "From": NUMBER, "Body": "words", "ValidityPeriod": "soon"}, 422),
        ("Calls", {"To": TO, "From": NUMBER, "Url": SITE}, 201),
        ("Calls", {"To": TO, "Url": SITE}, 422),
        ("Calls", {"To": TO, "From": NUMBER, "TimeLimit": "long"}, 422),
    ],
)
def test_its_judgement_is_worth_something(judge, resource, form, status):
    assert post(judge, resource, form).status_code == status


def test_without_credentials_it_refuses(judge):
    assert post(judge, "Messages", {"To": TO, "From": NUMBER, "Body": "words"}, auth=None).status_code == 401

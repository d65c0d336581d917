"""What sends messages: the sandbox and Twilio keep the same promises (core.ports.Messages)."""

from collections.abc import Callable, Iterator

import pytest

from portal.adapters import twilio
from portal.adapters.sandbox_messages import SandboxMessages
from portal.core.errors import Permanent
from portal.core.ports import Message, Messages
from tests.fakes.twilio import ACCOUNT, NUMBER, TOKEN, FakeTwilio

Vendor = Callable[[str], Messages]
TO = "+972502345678"


@pytest.fixture(params=["sandbox", "twilio"])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    """Who takes a channel."""
    if request.param == "sandbox":
        yield lambda channel: SandboxMessages()
        return
    with FakeTwilio(tell=False) as fake:
        client = twilio.client(ACCOUNT, TOKEN, fake.url)
        yield (
            lambda channel: (
                twilio.TwilioCalls(client, NUMBER, "https://portal.example")
                if channel == "voice"
                else twilio.TwilioMessages(client, NUMBER, "https://portal.example")
            )
        )


def message(channel: str, to: str = TO, body: str = "Your code: 123456", key: str = "code:ab:1") -> Message:
    return Message(key, channel, to, body)


@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_it_says_what_it_calls_the_message(vendor, channel):
    first, second = (vendor(channel).send(message(channel, key=key)) for key in ("a:1", "a:2"))
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize("channel", ["sms", "voice"])
@pytest.mark.parametrize("to", ["0502345678", "+1", "+0502345678", "not a number", "", "+97250234567899999"])
def test_what_is_no_number_is_refused_for_good(vendor, channel, to):
    with pytest.raises(Permanent):
        vendor(channel).send(message(channel, to))


@pytest.mark.parametrize("body", ["", "x" * 1601, "ש" * 1700])
def test_an_sms_of_no_words_or_too_many_is_refused_for_good(vendor, body):
    with pytest.raises(Permanent):
        vendor("sms").send(message("sms", body=body))


@pytest.mark.parametrize("body", ["a", "ש" * 670, "line\n\n@portal.example #123456", "<b>&\u2066x\u2069</b>", "🙏"])
def test_an_sms_of_any_words_is_taken(vendor, body):
    assert vendor("sms").send(message("sms", body=body))


def test_a_refusal_names_no_number(vendor):
    with pytest.raises(Permanent) as why:
        vendor("sms").send(message("sms", "05023456780000000"))
    assert "0502345678" not in str(why.value)

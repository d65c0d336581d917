"""What Twilio answers becomes one of two words, permanent or try again; and nothing of it is ever unknown."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from portal.adapters import twilio
from portal.adapters.twilio.wire import TIMEOUT_SECONDS
from portal.adapters.twilio.words import WORDS, Then, refusal
from portal.core.errors import Permanent, TryAgain
from portal.core.ports import Message
from tests.fakes.twilio import ACCOUNT, NUMBER, SERVICE, TOKEN, FakeTwilio
from tests.ports import free_port

SITE = "https://portal.example"
SMS = Message("code:ab:1", "sms", "+972502345678", "הקוד שלך: 123456", good_for=300)


@pytest.fixture
def fake() -> Iterator[FakeTwilio]:
    with FakeTwilio(tell=False) as running:
        yield running


def texting(fake: FakeTwilio, sender: str = NUMBER, prefix: str = "", token: str = TOKEN) -> twilio.TwilioMessages:
    return twilio.TwilioMessages(twilio.client(ACCOUNT, token, fake.url), sender, SITE, prefix)


def refused(fake: FakeTwilio, message: Message = SMS) -> Exception:
    with pytest.raises((TryAgain, Permanent)) as why:
        texting(fake).send(message)
    assert message.to not in str(why.value), "a number stands in no log"
    return why.value


def to(number: str) -> Message:
    return Message("code:ab:1", "sms", number, "123456")


def test_it_is_sent_with_where_to_tell_what_became_of_it(fake):
    sid = texting(fake).send(SMS)
    (taken,) = fake.messages
    assert taken["sid"] == sid
    assert (taken["To"], taken["From"], taken["Body"]) == (SMS.to, NUMBER, SMS.body)
    assert taken["StatusCallback"] == f"{SITE}/hooks/twilio/status?job=code%3Aab%3A1"
    assert taken["ValidityPeriod"] == "300", "a code is not sent after it died, not by Twilio's queue either"


@pytest.mark.parametrize(("sender", "field"), [(NUMBER, "From"), ("Portal", "From"), (SERVICE, "MessagingServiceSid")])
def test_the_sender_is_a_number_a_name_or_a_messaging_service(fake, sender, field):
    texting(fake, sender).send(SMS)
    assert fake.messages[0][field] == sender


def test_whatsapp_is_the_same_with_a_prefix(fake):
    texting(fake, NUMBER, prefix="whatsapp:").send(SMS)
    assert (fake.messages[0]["To"], fake.messages[0]["From"]) == ("whatsapp:" + SMS.to, "whatsapp:" + NUMBER)


def test_a_call_names_where_to_ask_what_to_say_and_says_nothing_itself(fake):
    calling = twilio.TwilioCalls(twilio.client(ACCOUNT, TOKEN, fake.url), NUMBER, SITE)
    calling.send(Message("call:ab:1", "voice", SMS.to, "4 7 1 1 0 2"))
    (taken,) = fake.calls
    assert taken["Url"] == f"{SITE}/hooks/twilio/voice?job=call%3Aab%3A1"
    assert taken["StatusCallback"] == f"{SITE}/hooks/twilio/status?job=call%3Aab%3A1"
    assert not any("4 7 1" in str(value) for value in taken.values())


@pytest.mark.parametrize("number", ["+15005550001", "+15005550009", "+15005550004", "+15005550002", "0502345678"])
def test_a_number_that_never_works_is_given_up(fake, number):
    assert isinstance(refused(fake, to(number)), Permanent)


@pytest.mark.parametrize("code", WORDS)
def test_every_code_of_the_table_has_one_decision(code):
    then = WORDS[code][1]
    with capture_logs() as logs:
        decided = refusal(400, code)
    assert isinstance(decided, Permanent) is (then is Then.NEVER)
    assert [line["log_level"] for line in logs] == (["error"] if then is Then.OURS else [])


@pytest.mark.parametrize(
    ("code", "permanent"),
    [(21211, True), (21610, True), (21614, True), (63016, True), (30003, False), (30004, True), (30005, True), (30006, True),
     (30007, True), (30008, False), (20429, False), (20003, False)],
)  # fmt: skip
def test_the_codes_that_the_company_was_promised(code, permanent):
    assert isinstance(refusal(400, code), Permanent) is permanent


@pytest.mark.parametrize(("says", "seconds"), [("7", 7), ("Wed, 21 Oct 2026 07:28:00 GMT", 10)])
def test_too_many_at_once_waits_as_long_as_twilio_says(fake, says, seconds):
    fake.limited, fake.retry_after = 1, says
    why = refused(fake)
    assert isinstance(why, TryAgain)
    assert why.retry_after == seconds
    assert texting(fake).send(SMS)


def test_our_credentials_refused_burn_no_message_and_alert(fake):
    with capture_logs() as logs, pytest.raises(TryAgain) as why:
        texting(fake, token="another").send(SMS)
    assert "credentials" in str(why.value)
    assert [line["log_level"] for line in logs] == ["error"]
    assert "TWILIO_AUTH_TOKEN" in logs[0]["do"]


def test_a_failing_twilio_is_tried_again(fake):
    fake.fail = 1.0
    assert isinstance(refused(fake), TryAgain)


def test_an_answer_that_is_none_is_tried_again_late_enough_for_the_callback_to_come_first(fake):
    fake.garbage = True
    why = refused(fake)
    assert isinstance(why, TryAgain)
    assert why.retry_after and why.retry_after >= 3
    assert len(fake.messages) == 1, "it was taken, for all we know"


def test_a_hanging_twilio_costs_five_seconds_at_most(fake):
    fake.hang = 30
    began = time.monotonic()
    assert isinstance(refused(fake), TryAgain)
    assert time.monotonic() - began < 20
    assert sum(TIMEOUT_SECONDS) <= 5


def test_nobody_there_is_tried_again():
    gone = twilio.TwilioMessages(twilio.client(ACCOUNT, TOKEN, f"http://127.0.0.1:{free_port()}"), NUMBER, SITE)
    with pytest.raises(TryAgain):
        gone.send(SMS)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{",
        b'HTTP/1.1 201 Created\r\nContent-Length: 28\r\n\r\n{"sid":1,"date_sent":"1 2 3"}',
        b"HTTP/1.1 400 Bad\r\nContent-Length: 4\r\n\r\nnope",
        b'HTTP/1.1 400 Bad\r\nContent-Length: 14\r\n\r\n{"code":"many"}',
        b'HTTP/1.1 400 Bad\r\nContent-Length: 63\r\n\r\n{"type":"t","title":"t","status":400,"code":21610,"detail":"no"}',
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Slow\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=range(11),
)
def test_whatever_comes_back_is_one_of_the_two(answer):
    with talking(answer) as server, pytest.raises((TryAgain, Permanent)):
        twilio.TwilioMessages(twilio.client(ACCOUNT, TOKEN, f"http://127.0.0.1:{server.port}"), NUMBER, SITE).send(SMS)


def test_a_connection_that_twilio_closed_while_it_idled_is_opened_anew():
    taken = b'HTTP/1.1 201 Created\r\nContent-Length: 15\r\n\r\n{"sid":"SM%03d"}'
    with talking(taken % 1, taken % 2) as server:
        sending = twilio.TwilioMessages(twilio.client(ACCOUNT, TOKEN, f"http://127.0.0.1:{server.port}"), NUMBER, SITE)
        assert sending.send(SMS) == "SM001"
        assert server.closed.wait(5)
        assert sending.send(SMS) == "SM002"


def test_nothing_of_a_message_stays_with_the_client(fake):
    sending = texting(fake)
    sending.send(SMS)
    assert sending.client.http_client._test_only_last_request is None


def test_check_says_whose_account_it_is_and_what_is_wrong(fake):
    assert twilio.account(twilio.client(ACCOUNT, TOKEN, fake.url)) == "A fake account, active"
    with pytest.raises(TryAgain, match="credentials refused"):
        twilio.account(twilio.client(ACCOUNT, "another", fake.url))


def test_portal_check_asks_whether_the_credentials_are_right(fake, check):
    right = check(**fake.settings)
    assert "ok    SMS: Twilio's account A fake account, active" in right.stdout
    assert right.exit_code == 0
    wrong = check(**(fake.settings | {"TWILIO_AUTH_TOKEN": "another", "TWILIO_FROM": "Portal"}))
    assert "WRONG SMS: credentials refused" in wrong.stdout
    assert "TWILIO_AUTH_TOKEN" in wrong.stdout
    assert "TWILIO_VOICE_FROM" in wrong.stdout
    assert wrong.exit_code == 1
    assert "another" not in wrong.stdout + wrong.stderr


class talking:
    """A server that says these, one to each who comes, and closes."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.socket, self.closed = answers, socket.create_server(("127.0.0.1", 0)), threading.Event()
        self.port = int(self.socket.getsockname()[1])

    def __enter__(self) -> "talking":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.socket.close()

    def _serve(self) -> None:
        for answer in self.answers:
            with self.socket.accept()[0] as peer:
                peer.recv(65_536)
                peer.sendall(answer)
            self.closed.set()

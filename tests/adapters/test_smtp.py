"""E-mail through a company's own server: what it answers becomes one of two words, and no letter is sent twice for a bad goodbye."""

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from portal.adapters.smtp import Smtp
from portal.core.errors import Permanent, TryAgain
from portal.core.ports import Attached, Message
from tests.fakes.smtp import FakeSmtp
from tests.ports import free_port

LETTER = Message("receipt:ab:1", "email", "ruth@example.com", "שולם", "קבלה", (Attached("receipt.pdf", "application/pdf", b"%PDF-"),))
FROM = "portal@company.example"
# This machine by a name that nobody would know it by.
ELSEWHERE = "127.1"


def sending(fake: FakeSmtp, user: str = "", host: str = "127.0.0.1", within: float = 20.0) -> Smtp:
    return Smtp(fake.url(user, host), FROM, within)


def refused(fake: FakeSmtp, kind: type[Exception], user: str = "", host: str = "127.0.0.1") -> None:
    with pytest.raises((TryAgain, Permanent)) as why:
        sending(fake, user, host).send(LETTER)
    assert type(why.value) is kind
    assert LETTER.to not in str(why.value), "an address stands in no log"


def test_a_letter_arrives_as_it_was_composed():
    with FakeSmtp() as fake:
        assert sending(fake).send(LETTER) == LETTER.key
    (letter,) = fake.letters
    assert (letter["From"], letter["To"], letter["Subject"]) == (FROM, LETTER.to, LETTER.subject)
    assert next(one.get_content().strip() for one in letter.iter_parts()) == LETTER.body
    assert [one.get_content() for one in letter.iter_attachments()] == [b"%PDF-"]


def test_a_letter_has_its_date_and_the_same_name_at_each_try():
    with FakeSmtp() as fake:
        before = datetime.now(UTC).replace(microsecond=0)
        for _try in range(2):
            sending(fake).send(LETTER)
    first, second = fake.letters
    assert before <= parsedate_to_datetime(first["Date"]) <= datetime.now(UTC)
    assert first["Message-ID"] == second["Message-ID"] == "<receipt.ab.1@company.example>"


# --- what is refused


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("RCPT", "450 greylisted", TryAgain),
        ("RCPT", "452 mailbox full", TryAgain),
        ("RCPT", "421 closing", TryAgain),
        ("RCPT", "550 no such mailbox", Permanent),
        ("MAIL", "451 not now", TryAgain),
        ("MAIL", "552 too large", Permanent),
        ("DATA", "451 not now", TryAgain),
        (".", "452 disk full", TryAgain),
        (".", "554 looks like spam", Permanent),
        ("", "421 too many", TryAgain),
        ("MAIL", "nonsense", TryAgain),
    ],
)
def test_whether_it_is_tried_again_the_servers_code_says(command, answer, kind):
    with FakeSmtp({command: answer}) as fake:
        refused(fake, kind)


@pytest.mark.parametrize(
    ("command", "answer"),
    [("AUTH", "535 bad credentials"), ("MAIL", "530 log in first"), ("MAIL", "553 sender not ours"), ("", "554 not to you")],
)
def test_what_is_our_own_fault_alerts_and_ends_no_letter(command, answer):
    with FakeSmtp({command: answer}) as fake, capture_logs() as logs:
        refused(fake, TryAgain, user="portal:wrong")
    assert [(log["event"], log["log_level"]) for log in logs] == [("smtp_refuses_us", "error")]
    assert "wrong" not in str(logs)


def test_a_mailbox_that_is_not_ascii_is_given_up_where_the_server_takes_none():
    with FakeSmtp() as fake, pytest.raises(Permanent) as why:
        sending(fake).send(replace(LETTER, to="רות@example.com"))
    assert "רות" not in str(why.value)
    assert fake.letters == []
    with FakeSmtp({"EHLO": "250-fake\r\n250 SMTPUTF8"}) as fake:
        sending(fake).send(replace(LETTER, to="רות@example.com"))
    assert [letter["To"] for letter in fake.letters] == ["רות@example.com"]


def test_for_a_sender_that_is_not_ascii_and_a_server_without_log_in_no_letter_is_given_up():
    with FakeSmtp() as fake, capture_logs() as logs, pytest.raises(TryAgain):
        Smtp(fake.url(), "פורטל@company.example").send(LETTER)
    assert [log["event"] for log in logs] == ["smtp_refuses_us"]
    with FakeSmtp({"EHLO": "250 fake"}) as fake:
        refused(fake, TryAgain, user="portal:secret")


def test_a_refusal_is_not_forgotten_for_the_goodbye_after_it():
    with FakeSmtp({"RCPT": "550 no such mailbox", "QUIT": "421 closing"}) as fake:
        refused(fake, Permanent)


def test_a_letter_that_was_taken_is_sent_whatever_the_goodbye():
    with FakeSmtp({"QUIT": "421 closing"}) as fake:
        assert sending(fake).send(LETTER) == LETTER.key


def test_a_server_that_is_not_there_is_tried_again():
    with pytest.raises(TryAgain):
        Smtp(f"smtp://127.0.0.1:{free_port()}", FROM).send(LETTER)


@pytest.mark.parametrize("command", ["", "EHLO", "."])
def test_who_answers_by_the_byte_is_not_waited_for(command):
    slow = {command: f"{'250-' + '.' * 76}\r\n" * 2 + "250 AUTH PLAIN"} if command else {"": "220 " + "." * 160}
    with FakeSmtp(slow, drips=command) as fake, pytest.raises(TryAgain):
        sending(fake, within=0.5).send(LETTER)


# --- who reads along


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, by nobody that is known."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed on this machine")
    path = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", tmp_path / "public.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + (tmp_path / "public.pem").read_text())
    return path


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_proves_who_it_is_gets_the_password(certificate, scheme, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with FakeSmtp(certificate=certificate, scheme=scheme) as fake:
        sending(fake, "portal:secret").send(LETTER)
    assert (len(fake.letters), "AUTH" in fake.heard) == (1, True)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_proves_nothing_gets_neither_password_nor_letter(certificate, scheme):
    with FakeSmtp(certificate=certificate, scheme=scheme) as fake:
        refused(fake, TryAgain, user="portal:secret")
    assert (fake.letters, "AUTH" in fake.heard) == ([], False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_password_goes_in_clear_to_this_machine(host):
    with FakeSmtp() as fake:
        sending(fake, "portal:secret", host).send(LETTER)
    assert "AUTH" in fake.heard


def test_a_password_goes_in_clear_to_no_other():
    with FakeSmtp() as fake, capture_logs() as logs:
        refused(fake, TryAgain, user="portal:secret", host=ELSEWHERE)
    assert (fake.letters, "AUTH" in fake.heard) == ([], False)
    assert [log["event"] for log in logs] == ["smtp_refuses_us"]
    with FakeSmtp() as fake:
        sending(fake, host=ELSEWHERE).send(LETTER)
    assert len(fake.letters) == 1

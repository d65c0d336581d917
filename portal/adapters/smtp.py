"""E-mail through a company's own server (SMTP, RFC 5321)."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.message import EmailMessage
from email.utils import localtime
from functools import partial
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from portal.adapters.within import shut, within
from portal.core.errors import Permanent, TryAgain
from portal.core.ports import Message

log = structlog.get_logger()

# For each step, and for the whole letter: the last step may begin just before the end, and the outbox's lease is longer than both.
STEP_SECONDS = 4.0
WHOLE_SECONDS = 8.0
# What only a person can put right is asked again in a while: until it expires, the letter waits for them.
OURS_AGAIN_SECONDS = 10.0
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
TOO_LARGE = 552


class Smtp:
    """`url` is smtp://user:password@host:587 (STARTTLS where offered) or smtps://..:465."""

    def __init__(self, url: str, sender: str, whole: float = WHOLE_SECONDS) -> None:
        self.server, self.sender, self.whole = urlsplit(url), sender, whole
        self.host = self.server.hostname or "localhost"
        self.tls = ssl.create_default_context()

    def send(self, message: Message) -> str:
        try:
            with self._connected() as smtp:
                self._protect(smtp)
                self._log_in(smtp)
                self._hand_over(smtp, message)
        except OSError as error:  # as all of smtplib's are
            raise _in_our_words(error) from None
        return message.key

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        smtp = self._reached(monotonic() + self.whole)
        try:
            yield smtp
        finally:
            with suppress(OSError), closing(smtp):  # whatever it says now, the letter was taken or refused before
                smtp.quit()

    def _reached(self, ends: float) -> smtplib.SMTP:
        if self.server.scheme == "smtps":
            return PromptTls(ends, self.host, self.server.port or 465, timeout=STEP_SECONDS, context=self.tls)
        return Prompt(ends, self.host, self.server.port or 587, timeout=STEP_SECONDS)

    def _protect(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self.server.scheme != "smtps" and smtp.has_extn("starttls"):
            smtp.starttls(context=self.tls)

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if not self.server.username:
            return
        if not isinstance(smtp.sock, ssl.SSLSocket) and self.host not in THIS_MACHINE:
            raise _our_fault("no password is sent in clear")
        smtp.login(unquote(self.server.username), unquote(self.server.password or ""))

    def _hand_over(self, smtp: smtplib.SMTP, message: Message) -> None:
        try:
            smtp.send_message(self._letter(message))
        except smtplib.SMTPNotSupportedError:  # an address that is not ASCII, which not every server takes (RFC 6531)
            raise Permanent("smtp without SMTPUTF8") if self.sender.isascii() else _our_fault("smtp without SMTPUTF8") from None

    def _letter(self, message: Message) -> EmailMessage:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"], letter["Date"] = self.sender, message.to, message.subject, localtime()
        letter["Message-ID"] = f"<{message.key.replace(':', '.')}@{self.sender.rpartition('@')[2]}>"
        letter.set_content(message.body)
        for one in message.attached:
            main, _slash, sub = one.media_type.partition("/")
            letter.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
        return letter


class Prompt(smtplib.SMTP):
    """Answers, too, may drip in byte by byte, or each just in time."""

    def __init__(self, ends: float, *args: Any, **more: Any) -> None:
        self.ends = ends
        super().__init__(*args, **more)

    def getreply(self) -> tuple[int, bytes]:
        assert self.sock
        try:
            with within(self.ends - monotonic(), partial(shut, self.sock)):
                return super().getreply()
        except TimeoutError:
            self.close()
            raise


class PromptTls(Prompt, smtplib.SMTP_SSL):
    pass


def _in_our_words(error: OSError) -> TryAgain | Permanent:
    """RFC 5321 4.2.1: 4yz may work later, 5yz never will. But only what was said to the recipient or the content is about this letter."""
    code = _code(error)
    reason = f"smtp {code}" if code else type(error).__name__
    if code >= 500 and (code == TOO_LARGE or isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)):
        return Permanent(reason)
    if code >= 500 or isinstance(error, ssl.SSLCertVerificationError):
        return _our_fault(reason)
    return TryAgain(reason)


def _code(error: OSError) -> int:
    """0 where the server said none."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return min((code for code, _words in error.recipients.values()), default=550)
        case smtplib.SMTPResponseException():
            return error.smtp_code
        case _:
            return 0


def _our_fault(reason: str) -> TryAgain:
    """Credentials, the sender, a certificate: no letter is given up for them."""
    log.error("smtp_refuses_us", reason=reason, do="check PORTAL_SMTP_URL and PORTAL_EMAIL_FROM")
    return TryAgain(reason, OURS_AGAIN_SECONDS)

"""E-mail through a company's own server (SMTP, RFC 5321)."""

import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from portal.core.errors import Permanent, TryAgain
from portal.core.ports import Message

TIMEOUT_SECONDS = 5


class Smtp:
    """`url` is smtp://user:password@host:587 (STARTTLS where offered) or smtps://..:465."""

    def __init__(self, url: str, sender: str) -> None:
        self.server, self.sender = urlsplit(url), sender

    def send(self, message: Message) -> str:
        try:
            with self._connected() as smtp:
                smtp.send_message(self._letter(message))
        except smtplib.SMTPResponseException as error:
            # RFC 5321 4.2.1: 4yz may work later, 5yz never will
            raise (TryAgain if error.smtp_code < 500 else Permanent)(f"smtp {error.smtp_code}") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise Permanent("smtp refused the recipient") from error
        except OSError as error:
            raise TryAgain(type(error).__name__) from error
        return message.key

    def _connected(self) -> smtplib.SMTP:
        host, user = self.server.hostname or "localhost", self.server.username
        if self.server.scheme == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, self.server.port or 465, timeout=TIMEOUT_SECONDS)
        else:
            smtp = smtplib.SMTP(host, self.server.port or 587, timeout=TIMEOUT_SECONDS)
            if smtp.has_extn("starttls") or (smtp.ehlo()[0] == 250 and smtp.has_extn("starttls")):
                smtp.starttls()
        if user:
            smtp.login(unquote(user), unquote(self.server.password or ""))
        return smtp

    def _letter(self, message: Message) -> EmailMessage:
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = self.sender, message.to, message.subject
        letter["Message-ID"] = f"<{message.key.replace(':', '.')}@{self.sender.rpartition('@')[2]}>"
        letter.set_content(message.body)
        for one in message.attached:
            main, _slash, sub = one.media_type.partition("/")
            letter.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
        return letter

"""What a queued row says, composed when it is sent: codes and tokens are derived here and kept nowhere."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from portal.core import links, printing
from portal.core.identity.rows import LIFETIME_MS
from portal.core.keys import Retired
from portal.core.languages import Language, Text, _, without_isolates
from portal.core.outbox import Job
from portal.core.portal import Portal
from portal.core.ports import Attached, Message


class Unknown(Exception):
    """A row that says nothing any more: what it was about is gone."""


def compose(portal: Portal, job: Job, *, attach: bool = True) -> Message:
    """Raises Unknown. Without `attach`, as a list of messages shows it: billing is not asked."""
    return COMPOSERS[job.kind, job.channel](portal, job, attach)


def _code(portal: Portal, job: Job, attach: bool) -> Message:
    """Ends with the origin-bound line (WICG sms-one-time-codes), so that the telephone offers it to our page alone."""
    said = _code_said(_digits(portal, job), portal.host, job.language)
    return replace(_sms(job, said), good_for=LIFETIME_MS // 1000)


def _code_said(code: str, host: str, language: Language) -> str:
    text = _("Your code: {code}. Do not give it to anybody.", code=code)
    return f"{without_isolates(text.say(language))}\n\n@{host} #{code}"


def longest_host() -> int:
    """With how many characters of a host a code is one SMS: 70 of them, in other letters than Latin (3GPP TS 23.038, UCS-2)."""
    return 70 - max(len(_code_said("000000", "", language)) for language in Language if language is not Language.EN)


def _spoken_code(portal: Portal, job: Job, attach: bool) -> Message:
    """Line by line; a line of digits is said one by one, slowly enough to be written down."""
    lines = (
        _said(_("The code is:"), job),
        " ".join(_digits(portal, job)),
        _said(_("Once more:"), job),
        " ".join(_digits(portal, job)),
        _said(_("Do not give it to anybody."), job),
    )
    return Message(job.key, "voice", job.recipient, "\n".join(lines))


def _digits(portal: Portal, job: Job) -> str:
    try:
        return portal.fixed_codes.get(job.recipient) or portal.keys.code(job.about["challenge"], int(job.about["sending"]))
    except Retired as retired:
        raise Unknown("a code of a retired key") from retired


def _link(portal: Portal, job: Job, attach: bool) -> Message:
    """Without a word of what it opens, it reads as fraud; with more than that, it is a third part in Hebrew."""
    action = portal.actions.get(job.about["action"])
    if action is None:
        raise Unknown("what the link opens")
    url = f"{portal.base_url}/l/{links.token(portal.keys, job.about['link'])}"
    return _sms(job, f"{_company(portal, job)}: {action.title.say(job.language)}\n{url}")


def _receipt_sms(portal: Portal, job: Job, attach: bool) -> Message:
    """Only that it was paid: an SMS is read over shoulders."""
    return _sms(job, _said(_("{company}: we got your payment, thank you.", company=_company(portal, job)), job))


def _invoice_email(portal: Portal, job: Job, attach: bool) -> Message:
    number = job.about["number"]
    content = printing.bill(portal, job.customer_id or "", number, job.language) if attach else b""
    if content is None:
        raise Unknown(number)
    said = one_line(number)
    return Message(
        job.key, "email", job.recipient,
        body=_said(_("Hello,\n\nYour invoice {number} is attached.\n\n{company}", number=said, company=_company(portal, job)), job),
        subject=_said(_("Your invoice {number} from {company}", number=said, company=_company(portal, job)), job),
        attached=(Attached(f"{said}.pdf", "application/pdf", content),),
    )  # fmt: skip


def _sms(job: Job, body: str) -> Message:
    return Message(job.key, "sms", job.recipient, body)


def _said(text: Text, job: Job) -> str:
    return without_isolates(text.say(job.language))


def one_line(text: str) -> str:
    """For a header or a file name: no line ends, and nothing that turns what follows around (promise 44)."""
    return "".join(c for c in text if c.isprintable()).strip()


def _company(portal: Portal, job: Job) -> str:
    return portal.company.named(job.language)


COMPOSERS: Mapping[tuple[str, str], Callable[[Portal, Job, bool], Message]] = {
    ("code", "sms"): _code,
    ("code", "voice"): _spoken_code,
    ("link", "sms"): _link,
    ("receipt", "sms"): _receipt_sms,
    ("invoice", "email"): _invoice_email,
}

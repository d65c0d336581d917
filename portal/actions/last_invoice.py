"""The last invoice: see it, save it, have it sent; documents of earlier months one tap away."""

from collections.abc import Mapping

from portal.core import settling
from portal.core.case import Case, Proof, Reply
from portal.core.documents import Document, Kind
from portal.core.errors import BillsUnseen, Refused
from portal.core.languages import Text, _, verbatim
from portal.core.money import Money
from portal.core.ports import Account, Bill
from portal.core.steps import Ask, Attachment, Breakdown, Choice, Done, Fact, Onward, Paper, Part, Send, Show, Step

SLUG = "last-invoice"
TITLE = _("My last invoice")
HINT = _("See it, save it, or have it sent to you")
ICON = "invoice"
RANK = 1
PROOF = Proof.ID
PHRASES: Mapping[str, tuple[str, ...]] = {
    "he": ("חשבונית", "חשבונית אחרונה", "העתק חשבונית", "שלחו לי חשבונית"),
    "ar": ("فاتورة", "آخر فاتورة", "نسخة من الفاتورة"),
    "en": ("invoice", "last invoice", "copy of my bill", "send me the bill"),
    "ru": ("счёт", "счет", "последний счёт", "копия счёта"),
}

# A bar of more parts than this is read by nobody; the rest is in the document.
PARTS = 5


def start(case: Case) -> Step:
    if case.proof < Proof.CODE or case.person is None:
        return _by_contact_on_file()
    account = case.billing.account(case.person.customer_id)
    bill = account.latest
    if bill is None:
        return Done(_("There is no invoice yet"), lead=_("Your first invoice will be here as soon as it is issued."))
    return _shown(case, account, settling.less_credit(account, bill), _document(case, bill))


def _document(case: Case, bill: Bill) -> Document | None:
    """What makes it up is worth a second question to billing, not the page."""
    try:
        return case.billing.document(case.person.customer_id if case.person else "", bill.number)
    except BillsUnseen:
        return None


def _by_contact_on_file() -> Step:
    """Proved by an ID number only: the same for everybody, and nothing of it is about anybody."""
    return Ask(
        _("Where should we send it?"),
        next="send",
        lead=_("We send it only to the contact details we have on file for this ID number."),
        choices=(
            Choice("sms", _("By SMS to the mobile on file"), _("A link that opens the invoice")),
            Choice("email", _("By e-mail to the address on file"), _("The invoice as a PDF")),
        ),
        step_up=_("See it here now, with a code by SMS"),
    )


def _shown(case: Case, account: Account, bill: Bill, document: Document | None) -> Step:
    assert case.person
    choices = (Choice("email", _("Send it to my e-mail"), verbatim(_masked(case.person.email))),) if case.person.email else ()
    facts, rest = _facts(bill, document)
    return Ask(
        _("Your last invoice") if bill.kind is Kind.INVOICE else _("Your last credit note"),
        next="send",
        shows=(*facts, _paper(bill, main=True), *rest, *_made_up_of(document), *_earlier(case, account, bill)),
        choices=choices,
        goal=True,
        onward=Onward("pay-balance", _("Pay my balance")) if settling.owed(account) else None,
    )


def _facts(bill: Bill, document: Document | None) -> tuple[list[Show], list[Show]]:
    """What people open it for, so few that the document is on the first screen of a short telephone; and the rest."""
    rest = [Fact(_("Number"), bill.number, "number"), Fact(_("Issued on"), bill.issued, "issued")]
    if document and document.totals.vat:
        rest.append(Fact(_("Including VAT"), document.totals.vat, "vat"))
    if bill.kind is Kind.CREDIT_NOTE:
        return [Fact(_("Amount to your credit"), bill.total, "amount", strong=True)], [*rest]
    first, due, open = Fact(_("Amount"), bill.total, "amount", strong=True), _due(bill), _still_open(bill)
    if bill.open.minor <= 0:
        return [first, open], [*due, *rest]
    return ([first, *due], [open, *rest]) if bill.open == bill.total else ([first, *due, open], [*rest])


def _due(bill: Bill) -> list[Fact]:
    return [Fact(_("Due date"), bill.due, "due-date")] if bill.due else []


def _still_open(bill: Bill) -> Fact:
    if bill.open.minor > 0:
        return Fact(_("Still to pay"), bill.open, "amount-due", strong=bill.open != bill.total)
    return Fact(_("Still to pay"), _("Nothing, it is paid. Thank you."), "amount-due")


def _made_up_of(document: Document | None) -> tuple[Show, ...]:
    """The largest lines, the rest together, and the tax: what the customer is paying for."""
    if document is None or not document.lines or any(line.net.minor < 0 for line in document.lines):
        return ()
    lines = sorted(document.lines, key=lambda line: line.net, reverse=True)
    rest = sum((line.net.minor for line in lines[PARTS:]), 0)
    parts = [Part(verbatim(line.name), line.net) for line in lines[:PARTS] if line.net]
    if rest:
        parts.append(Part(_("Everything else"), Money(rest, document.currency)))
    parts += [Part(verbatim(a.reason) if a.reason else _("Discount"), -a.amount) for a in document.allowances if not a.charge]
    parts += [Part(verbatim(a.reason) if a.reason else _("Charge"), a.amount) for a in document.allowances if a.charge]
    if document.totals.vat:
        parts.append(Part(_("VAT"), document.totals.vat))
    return (Breakdown(_("What's in this amount"), tuple(parts)),)


def _earlier(case: Case, account: Account, bill: Bill) -> tuple[Show, ...]:
    """With receipts, but for a bill that nothing was paid of."""
    receipts = case.receipts() if bill.open != bill.total else ()
    return (
        *receipts,
        *(_paper(settling.less_credit(account, other), main=False) for other in account.bills if other.number != bill.number),
    )


def _paper(bill: Bill, *, main: bool) -> Attachment:
    credit = bill.kind is Kind.CREDIT_NOTE
    owed = not credit and bill.open.minor > 0
    return Attachment(
        Paper(bill.kind),
        bill.number,
        _("Credit note of {day}", day=bill.issued) if credit else _("Invoice of {day}", day=bill.issued),
        Text("{amount}", {"amount": bill.total}) if main or not owed else _("Still to pay {amount}", amount=bill.open),
        main,
    )


def send(case: Case, reply: Reply) -> Step:
    if case.proof < Proof.CODE or case.person is None:
        return _sent_on_file(case, reply.value)
    latest = case.billing.account(case.person.customer_id).latest
    if reply.value != "email" or latest is None or not case.person.email:
        raise Refused("choice_unknown", _("Choose one of the ways on this page."))
    return Done(
        _("The invoice is on its way"),
        lead=_("We are sending it to {address}.", address=_masked(case.person.email)),
        shows=(_paper(latest, main=True),),
        sends=(Send("invoice", "email", {"number": latest.number}),),
    )


def _sent_on_file(case: Case, way: str) -> Step:
    """Whether or not the ID number is a customer's: the same page, and the same work."""
    match way:
        case "sms":
            send = Send("link", "sms", {"action": SLUG})
        case "email":
            send = Send("invoice", "email", {"number": _latest_number(case)})
        case _:
            raise Refused("choice_unknown", _("Choose one of the ways on this page."))
    return Done(
        _("Done, if we know this ID number"),
        lead=_("If it is a customer's, the invoice is on its way to the contact details on file. It takes up to a minute."),
        sends=(send,),
    )


def _latest_number(case: Case) -> str:
    account = case.billing.account(case.person.customer_id if case.person else "")
    return account.latest.number if account.latest else ""


def _masked(email: str) -> str:
    """d•••@example.com: enough to know one's own, too little to learn another's."""
    name, _at, host = email.partition("@")
    return f"{name[:1]}•••@{host}"

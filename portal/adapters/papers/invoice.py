"""An invoice or a credit note as the data of templates/invoice.typ: every value is text, already worded."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from portal.adapters.papers.units import PIECES, UNITS
from portal.adapters.papers.wording import Wording
from portal.core.documents import Allowance, Document, Kind, Line, Party, VatRate
from portal.core.languages import Text, _
from portal.core.money import Money

TITLES = {Kind.INVOICE: _("Invoice"), Kind.CREDIT_NOTE: _("Credit note")}

# What a VAT category (UNCL 5305) means where no rate is written.
CATEGORIES = {
    "E": _("Exempt"),
    "Z": _("Zero rate"),
    "O": _("No VAT"),
    "AE": _("Reverse charge"),
    "K": _("Within the EU"),
    "G": _("Export"),
}

Data = dict[str, Any]


def invoice(document: Document, words: Wording, open: Money | None) -> Data:
    return {
        "credit": document.kind is Kind.CREDIT_NOTE,
        "title": words.say(TITLES[document.kind]),
        "name": words.name(TITLES[document.kind], document.number),
        "headline": _headline(document, words, open),
        "facts": _facts(document, words),
        **({"seller": _party(_("Issued by"), _("Registration number {number}"), document.seller, words)} if document.seller else {}),
        "buyer": _party(_("Issued to"), _("Customer number {number}"), document.buyer, words) if document.buyer else None,
        "notes_title": words.say(_("Notes")),
        "notes": [line for note in document.notes for line in words.paragraphs(note)],
        "lines": _lines(document, words) if document.lines else None,
        "allowances": _allowances(document, words) if document.allowances else None,
        "vat": _vat(document, words) if document.vat else None,
        "totals": _totals(document, words),
    }


def _headline(document: Document, words: Wording, open: Money | None) -> Data:
    """The one amount the reader came for, when it is due, and the stamp of what is settled."""
    label, amount, stamp = _due(document, open)
    owed = amount.minor > 0 and label not in (CREDITED, CREDIT, PAID)
    return {
        "label": words.say(label),
        "amount": words.money(amount),
        "stamp": words.say(stamp) if stamp else None,
        "due_label": words.say(_("Pay by")),
        "due": words.day(document.due) if document.due and owed else None,
    }


TO_PAY, LEFT, PAID = _("To pay"), _("Still to pay"), _("Total of this invoice")
CREDITED, CREDIT = _("Amount to your credit"), _("To your credit")


def _due(document: Document, open: Money | None) -> tuple[Text, Money, Text | None]:
    payable = document.totals.payable
    if document.kind is Kind.CREDIT_NOTE:
        used = open is not None and not open
        whole, left = _unsigned(payable), _unsigned(payable if open is None or used else open)
        return CREDITED if left == whole else CREDIT, left, _("Settled") if used else None
    if open is None or open == payable:
        return (CREDIT, -payable, None) if payable.minor < 0 else (TO_PAY, payable, None)
    if open.minor < 0:
        return CREDIT, -open, None
    return (LEFT, open, None) if open else (PAID, payable, _("Paid"))


def _unsigned(amount: Money) -> Money:
    return -amount if amount.minor < 0 else amount


def _facts(document: Document, words: Wording) -> list[Data]:
    number = {Kind.INVOICE: _("Invoice number"), Kind.CREDIT_NOTE: _("Credit note number")}[document.kind]
    facts = [(number, words.text(document.number)), (_("Issued on"), words.day(document.issued))]
    if document.due:
        facts.append((_("Due on"), words.day(document.due)))
    if document.period and any(document.period):
        facts.append((_("Period"), " – ".join(_unbroken(words.day(on)) for on in document.period if on)))
    if document.corrects:
        facts.append((_("Corrects invoice"), ", ".join(words.text(number) for number in document.corrects)))
    return [{"label": words.say(label), "value": value} for label, value in facts]


def _unbroken(text: str) -> str:
    return text.replace(" ", "\u00a0")


def _party(label: Text, number: Text, party: Party, words: Wording) -> Data:
    details = [words.text(line) for line in party.address if line.strip()]
    if party.country:
        details.append(words.country(party.country))
    if party.registration:
        details.append(words.say(replace(number, values={"number": party.registration})))
    if party.vat_number:
        details.append(words.say(_("VAT number {number}", number=party.vat_number)))
    return {"label": words.say(label), "name": words.text(party.name), "details": details}


def _lines(document: Document, words: Wording) -> Data:
    """Only the columns that some line fills; that all are counted by the piece goes without saying."""
    lines = document.lines
    columns = {
        "name": _("Description"),
        "quantity": _("Quantity") if any(line.quantity is not None for line in lines) else None,
        "unit": _("Unit") if any(line.unit not in ("", *PIECES) for line in lines) else None,
        "price": _("Unit price") if any(line.unit_price is not None for line in lines) else None,
        "rate": _("VAT") if any(line.vat_rate is not None or line.vat_category in CATEGORIES for line in lines) else None,
        "net": _("Without VAT") if document.vat or document.totals.vat else _("Amount"),
    }
    return {
        "title": words.say(_("Details")),
        "columns": [{"key": key, "label": words.say(label)} for key, label in columns.items() if label],
        "rows": [_line(line, words) for line in lines],
    }


def _line(line: Line, words: Wording) -> Data:
    return {
        "name": words.text(line.name),
        "details": words.paragraphs(line.description) if line.description.strip() != line.name.strip() else [],
        "allowances": [_allowance(allowance, words) for allowance in line.allowances],
        "quantity": words.number(line.quantity) if line.quantity is not None else "",
        "unit": _unit(line.unit, words),
        "price": words.number(line.unit_price) if line.unit_price is not None else "",
        "per": _per(line, words),
        "rate": _rate(line.vat_rate, line.vat_category, words),
        "net": words.money(line.net),
    }


def _unit(code: str, words: Wording) -> str:
    return words.say(UNITS[code]) if code in UNITS else words.text(code)


def _per(line: Line, words: Wording) -> str:
    if line.price_base in (None, Decimal(1)) or line.unit_price is None:
        return ""
    return words.say(_("for {quantity}", quantity=f"{line.price_base:,f}"))


def _rate(rate: Decimal | None, category: str, words: Wording) -> str:
    if rate is not None:
        return words.percent(rate)
    return words.say(CATEGORIES[category]) if category in CATEGORIES else ""


def _allowance(allowance: Allowance, words: Wording) -> Data:
    kind = _("Charge") if allowance.charge else _("Discount")
    return {
        "label": words.text(allowance.reason) or words.say(kind),
        "amount": words.money(allowance.amount if allowance.charge else -allowance.amount),
    }


def _allowances(document: Document, words: Wording) -> Data:
    return {
        "columns": [words.say(_("Discounts and charges")), words.say(_("Amount"))],
        "rows": [_allowance(allowance, words) for allowance in document.allowances],
    }


def _vat(document: Document, words: Wording) -> Data:
    return {
        "columns": [words.say(label) for label in (_("VAT rate"), _("Without VAT"), _("VAT"))],
        "rows": [_vat_rate(rate, words) for rate in document.vat],
    }


def _vat_rate(rate: VatRate, words: Wording) -> Data:
    return {
        "rate": _rate(rate.rate, rate.category, words) or "–",
        "exemption": words.text(rate.exemption),
        "taxable": words.money(rate.taxable),
        "tax": words.money(rate.tax),
    }


def _totals(document: Document, words: Wording) -> Data:
    """The sum as EN 16931 adds it up; what is nothing, of the parts that may be missing, is not mentioned."""
    said = document.totals
    rows = [
        (_("Sum of the lines"), said.lines),
        (_("Discounts"), -said.allowances if said.allowances else None),
        (_("Charges"), said.charges or None),
        (_("Total without VAT"), said.without_vat),
        (_("VAT"), said.vat),
        (_("Total with VAT"), said.with_vat),
        (_("Already paid"), -said.prepaid if said.prepaid else None),
        (_("Rounding"), said.rounding or None),
        (_("Total to pay") if document.kind is Kind.INVOICE else _("Total credit"), said.payable),
    ]
    return {
        "columns": [words.say(_("Total")), words.say(_("Amount"))],
        "rows": [{"label": words.say(label), "amount": words.money(amount)} for label, amount in rows if amount is not None],
    }

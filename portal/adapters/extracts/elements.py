"""What one element of a document says: its text, day, number or amount, exactly as written."""

import re
from datetime import date
from decimal import Decimal
from typing import Any, Never, TypeAlias

from portal.adapters.extracts import cells
from portal.adapters.extracts.entries import Unreadable
from portal.core.languages import _
from portal.core.money import Money

Element: TypeAlias = Any  # lxml has no types

OASIS = "urn:oasis:names:specification:ubl:schema:xsd:"
NS = {"cac": f"{OASIS}CommonAggregateComponents-2", "cbc": f"{OASIS}CommonBasicComponents-2"}

SELLER = "cac:AccountingSupplierParty/cac:Party"
BUYER = "cac:AccountingCustomerParty/cac:Party"
TOTAL = "cac:LegalMonetaryTotal"


def own(element: Element | None) -> str:
    return cells.text(element.text or "") if element is not None else ""


def said(element: Element, path: str) -> str:
    return own(element.find(path, NS))


def day(element: Element, path: str) -> date | None:
    """xs:date; a time zone after it changes nothing."""
    written = said(element, path)
    if not written:
        return None
    try:
        return date.fromisoformat(re.sub(r"(Z|[+\-]\d{2}:\d{2})$", "", written))
    except ValueError as error:
        raise Unreadable(_("{cell} is not a date", cell=written)) from error


def number(element: Element, path: str) -> Decimal | None:
    found = element.find(path, NS)
    return decimal(own(found)) if found is not None else None


def decimal(written: str) -> Decimal:
    """xs:decimal: no exponent, no comma."""
    if not re.fullmatch(r"[+\-]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})", written):
        raise Unreadable(_("{cell} is not an amount", cell=written))
    return Decimal(written)


def money(element: Element, path: str, currency: str) -> Money | None:
    found = element.find(path, NS)
    return an_amount(found, currency) if found is not None else None


def required(element: Element, path: str, currency: str) -> Money:
    found = money(element, path, currency)
    return missing(path) if found is None else found


def an_amount(element: Element, currency: str) -> Money:
    """Rounding would make an amount that is not in the file (BR-DEC)."""
    if (other := currency_of(element, currency)) != currency:
        raise Unreadable(_("an amount is in {other}, the document in {currency}", other=other, currency=currency))
    written = decimal(own(element))
    amount = Money.of(written, currency)
    if amount.decimal != written:
        raise Unreadable(_("BR-DEC: {cell} has more decimals than {currency} has", cell=own(element), currency=currency))
    if abs(amount.minor) > cells.MOST:
        raise Unreadable(_("{cell} is more than an amount can be", cell=own(element)))
    return amount


def currency_of(element: Element | None, currency: str) -> str:
    return element.get("currencyID", currency) if element is not None else currency


def missing(path: str) -> Never:
    raise Unreadable(_("there is no {element}", element=path.replace("cbc:", "").replace("cac:", "")))

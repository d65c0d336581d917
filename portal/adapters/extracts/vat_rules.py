"""The rules of EN 16931-1 that hold for each VAT category: BR-S-01 is rule 1 for the standard rate, BR-E-01 for what is exempt.

01 a category that is used is in the breakdown; 05-07 the rate of lines, allowances and charges; 08 what is taxed; 09 the tax on it;
10 the reason of an exemption. BR-CO-17 is 09 whatever the category. Sums by rate and taxes may be off by less than 1: that is the
schematron's own tolerance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from portal.adapters.extracts import elements
from portal.adapters.extracts.elements import NS, Element, said
from portal.adapters.extracts.entries import Unreadable
from portal.adapters.extracts.ubl import subtotals

CENT = Decimal("0.01")
TOLERANCE = Decimal(1)

# UNCL 5305 as the rules are called; categories that are taxed by a rate
NAMES = {"S": "S", "Z": "Z", "E": "E", "AE": "AE", "K": "IC", "G": "G", "O": "O", "L": "AF", "M": "AG"}
TAXED = {"S", "L", "M"}
EXPLAINED = {"E", "AE", "K", "G", "O"}


@dataclass(frozen=True, slots=True)
class Share:
    """What one line, allowance or charge puts into a category. `amount` is negative for an allowance."""

    rule: str  # 05 line, 06 allowance, 07 charge
    category: str
    rate: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Subtotal:
    category: str
    rate: Decimal | None
    taxable: Decimal | None
    tax: Decimal | None
    reason: bool


def broken(root: Element) -> list[tuple[str, str]]:
    """Rule, and the element that it is about."""
    with localcontext(prec=100):  # forty digits times forty: whatever a file says, it is computed exactly
        return list(found(root))


def found(root: Element) -> Iterator[tuple[str, str]]:
    shares, breakdown = tuple(shared(root)), tuple(broken_down(root))
    for category in dict.fromkeys([*(share.category for share in shares), *(part.category for part in breakdown)]):
        if category in NAMES:
            yield from in_category(
                category,
                [share for share in shares if share.category == category],
                [part for part in breakdown if part.category == category],
            )
    if any(off(part) for part in breakdown):
        yield "BR-CO-17", "TaxSubtotal TaxAmount"


def in_category(category: str, shares: list[Share], breakdown: list[Subtotal]) -> Iterator[tuple[str, str]]:
    name = NAMES[category]
    if bool(shares) != bool(breakdown) if category in TAXED else len(breakdown) != 1:
        yield f"BR-{name}-01", f"TaxSubtotal {category}"
    for share in shares:
        if not rate_allowed(category, share.rate):
            yield f"BR-{name}-{share.rule}", f"Percent {category}"
    if shares and any(not summed(part, shares) for part in breakdown):
        yield f"BR-{name}-08", f"TaxableAmount {category}"
    if any(off(part) if category in TAXED else part.tax for part in breakdown):
        yield f"BR-{name}-09", f"TaxAmount {category}"
    if any(part.reason != (category in EXPLAINED) for part in breakdown):
        yield f"BR-{name}-10", f"TaxExemptionReason {category}"


def rate_allowed(category: str, rate: Decimal | None) -> bool:
    match category:
        case "S":
            return rate is not None and rate > 0
        case "L" | "M":
            return rate is not None and rate >= 0
        case "O":
            return rate is None
        case _:
            return rate == 0


def summed(part: Subtotal, shares: list[Share]) -> bool:
    """What is taxed at one rate is what the lines and charges at that rate come to, less the allowances."""
    if part.taxable is None:
        return True  # BR-45
    if part.category in TAXED:
        return abs(part.taxable - sum(share.amount for share in shares if share.rate == part.rate)) < TOLERANCE
    return part.taxable.quantize(CENT, ROUND_HALF_UP) == sum((share.amount for share in shares), Decimal()).quantize(CENT, ROUND_HALF_UP)


def off(part: Subtotal) -> bool:
    if part.tax is None or part.taxable is None:
        return False  # BR-45, BR-46
    due = (abs(part.taxable) * (part.rate or 0) / 100).quantize(CENT, ROUND_HALF_UP)
    return abs(abs(part.tax) - due) >= TOLERANCE


def shared(root: Element) -> Iterator[Share]:
    for line in (*root.iterfind("cac:InvoiceLine", NS), *root.iterfind("cac:CreditNoteLine", NS)):
        amount = decimal(said(line, "cbc:LineExtensionAmount")) or Decimal()
        for category in line.iterfind("cac:Item/cac:ClassifiedTaxCategory", NS):
            yield Share("05", said(category, "cbc:ID"), decimal(said(category, "cbc:Percent")), amount)
    for allowance in root.iterfind("cac:AllowanceCharge", NS):
        amount = decimal(said(allowance, "cbc:Amount")) or Decimal()
        charge = said(allowance, "cbc:ChargeIndicator") == "true"
        for category in allowance.iterfind("cac:TaxCategory", NS):
            rate = decimal(said(category, "cbc:Percent"))
            yield Share("07" if charge else "06", said(category, "cbc:ID"), rate, amount if charge else -amount)


def broken_down(root: Element) -> Iterator[Subtotal]:
    for part in subtotals(root, said(root, "cbc:DocumentCurrencyCode")):
        category = part.find("cac:TaxCategory", NS)
        yield Subtotal(
            category=said(part, "cac:TaxCategory/cbc:ID"),
            rate=decimal(said(part, "cac:TaxCategory/cbc:Percent")),
            taxable=decimal(said(part, "cbc:TaxableAmount")),
            tax=decimal(said(part, "cbc:TaxAmount")),
            reason=category is not None and bool(said(category, "cbc:TaxExemptionReason") or said(category, "cbc:TaxExemptionReasonCode")),
        )


def decimal(written: str) -> Decimal | None:
    """None where it is none: the rules on what must be there tell."""
    try:
        return elements.decimal(written)
    except Unreadable:
        return None

"""An invoice or a credit note as its issuer wrote it: what a page shows, a PDF prints and an import reads.

The terms are those of EN 16931-1 (the semantic model behind UBL 2.1 and CII); BT/BG numbers are its own.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from portal.core.languages import Text
from portal.core.money import Money


class Kind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Party:
    """Seller (BG-4) or buyer (BG-7). `address` is lines of text, as printed."""

    name: str
    registration: str = ""  # BT-30, BT-47
    vat_number: str = ""  # BT-31, BT-48
    address: tuple[str, ...] = ()
    country: str = ""  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True)
class Line:
    """BG-25. `net` is without VAT; `quantity` and `unit_price` are as written, unrounded."""

    name: str
    net: Money
    number: str = ""
    description: str = ""
    quantity: Decimal | None = None
    unit: str = ""  # UN/ECE Recommendation 20
    unit_price: Decimal | None = None
    price_base: Decimal | None = None  # BT-149: the quantity the price is for, where it is not 1
    vat_category: str = ""  # UNCL 5305
    vat_rate: Decimal | None = None  # percent
    allowances: tuple["Allowance", ...] = ()


@dataclass(frozen=True, slots=True)
class Allowance:
    """BG-20/21, BG-27/28: taken off the total, or a charge added to it. `amount` is never negative."""

    amount: Money
    charge: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VatRate:
    """BG-23: what is taxed at one rate, and the tax on it."""

    category: str
    rate: Decimal | None
    taxable: Money
    tax: Money
    exemption: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """BG-22. `payable` is what was due when it was issued (BT-115)."""

    payable: Money
    lines: Money | None = None
    allowances: Money | None = None
    charges: Money | None = None
    without_vat: Money | None = None
    vat: Money | None = None
    with_vat: Money | None = None
    prepaid: Money | None = None
    rounding: Money | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One invoice or credit note. A billing extract that has only totals has no lines, rates or parties."""

    kind: Kind
    number: str
    issued: date
    due: date | None
    totals: Totals
    seller: Party | None = None
    buyer: Party | None = None
    period: tuple[date | None, date | None] | None = None  # BG-14
    lines: tuple[Line, ...] = ()
    vat: tuple[VatRate, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    notes: tuple[str, ...] = ()
    corrects: tuple[str, ...] = field(default=())  # BG-3: numbers of the invoices this one corrects

    @property
    def currency(self) -> str:
        return self.totals.payable.currency


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    label: Text
    amount: Money


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was paid and what digital saved."""

    number: str
    paid_on: date
    paid_at: str  # HH:MM, local
    customer_name: str  # empty where the payer proved only an ID number
    lines: tuple[ReceiptLine, ...]
    paid: Money
    saved: Money
    balance_after: Money | None
    provider_reference: str = ""
    returned: Money | None = None  # since: of what was settled

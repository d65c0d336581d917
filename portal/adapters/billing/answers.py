"""What a billing system answers, checked before anything of it is believed (docs/billing-openapi.yaml)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from babel.core import get_global
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from portal.core.documents import Allowance, Document, Kind, Line, Party, Totals, VatRate
from portal.core.money import Money
from portal.core.ports import Account, Bill, Recorded


def _printable(text: str) -> str:
    """PostgreSQL has no place for NUL, and a header none for a line's end."""
    if any(ord(c) < 32 and c not in "\n\t" for c in text):
        raise ValueError("control characters")
    return text


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters")
    return text


def _known(currency: str) -> str:
    if currency not in get_global("all_currencies"):
        raise ValueError("no currency of ISO 4217")
    return currency


# Far beyond any bill, and sums of them still fit a database's BIGINT.
Minor = Annotated[int, Field(ge=-(10**15), le=10**15)]
Amount = Annotated[int, Field(ge=0, le=10**15)]
Currency = Annotated[str, AfterValidator(_known)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_one_line)]
Words = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_printable)]
Name = Annotated[str, StringConstraints(max_length=300), AfterValidator(_one_line)]
Exact = Annotated[Decimal, Field(max_digits=30, decimal_places=12)]


class Wire(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class ABill(Wire):
    number: Number
    kind: Literal["invoice", "credit_note"]
    issued: date
    due: date | None = None
    currency: Currency
    total: Amount
    open: Minor

    def bill(self) -> Bill:
        return Bill(self.number, Kind(self.kind), self.issued, self.due, Money(self.total, self.currency), Money(self.open, self.currency))


class ABalance(Wire):
    currency: Currency
    amount: Minor


class AnAccount(Wire):
    customer_id: str
    bills: Annotated[list[ABill], Field(max_length=60)]
    balances: Annotated[list[ABalance], Field(max_length=20)]
    recorded: Annotated[list[str], Field(max_length=1_000)] = []

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({bill.number for bill in self.bills}) < len(self.bills):
            raise ValueError("a bill twice")
        if len({balance.currency for balance in self.balances}) < len(self.balances):
            raise ValueError("a currency twice")
        return self

    def account(self) -> Account:
        bills = sorted((bill.bill() for bill in self.bills), key=lambda bill: (bill.issued, bill.number), reverse=True)
        return Account(tuple(bills), tuple(Money(one.amount, one.currency) for one in self.balances))


class AParty(Wire):
    name: Name
    registration: Name = ""
    vat_number: Name = ""
    address: Annotated[list[Name], Field(max_length=10)] = []
    country: Annotated[str, StringConstraints(pattern="^([A-Z]{2})?$")] = ""

    def party(self) -> Party:
        return Party(self.name, self.registration, self.vat_number, tuple(self.address), self.country)


class AnAllowance(Wire):
    amount: Amount
    charge: bool = False
    reason: Words = ""

    def allowance(self, currency: str) -> Allowance:
        return Allowance(Money(self.amount, currency), self.charge, self.reason)


class ALine(Wire):
    name: Name
    net: Minor
    number: Name = ""
    description: Words = ""
    quantity: Exact | None = None
    unit: Name = ""
    unit_price: Exact | None = None
    price_base: Exact | None = None
    vat_category: Name = ""
    vat_rate: Exact | None = None
    allowances: Annotated[list[AnAllowance], Field(max_length=50)] = []

    def line(self, currency: str) -> Line:
        return Line(
            self.name, Money(self.net, currency), self.number, self.description, self.quantity, self.unit, self.unit_price, self.price_base,
            self.vat_category, self.vat_rate, tuple(one.allowance(currency) for one in self.allowances),
        )  # fmt: skip


class AVatRate(Wire):
    category: Name
    rate: Exact | None = None
    taxable: Minor
    tax: Minor
    exemption: Words = ""

    def vat(self, currency: str) -> VatRate:
        return VatRate(self.category, self.rate, Money(self.taxable, currency), Money(self.tax, currency), self.exemption)


class TheTotals(Wire):
    payable: Minor
    lines: Minor | None = None
    allowances: Minor | None = None
    charges: Minor | None = None
    without_vat: Minor | None = None
    vat: Minor | None = None
    with_vat: Minor | None = None
    prepaid: Minor | None = None
    rounding: Minor | None = None

    def totals(self, currency: str) -> Totals:
        rest = {name: None if minor is None else Money(minor, currency) for name, minor in self if name != "payable"}
        return Totals(Money(self.payable, currency), **rest)


class APeriod(Wire):
    begins: date | None = None
    ends: date | None = None


class ADocument(Wire):
    customer_id: str
    number: Number
    kind: Literal["invoice", "credit_note"]
    issued: date
    due: date | None = None
    currency: Currency
    totals: TheTotals
    seller: AParty | None = None
    buyer: AParty | None = None
    period: APeriod | None = None
    lines: Annotated[list[ALine], Field(max_length=2_000)] = []
    vat: Annotated[list[AVatRate], Field(max_length=50)] = []
    allowances: Annotated[list[AnAllowance], Field(max_length=50)] = []
    notes: Annotated[list[Words], Field(max_length=20)] = []
    corrects: Annotated[list[Number], Field(max_length=100)] = []

    def document(self) -> Document:
        return Document(
            kind=Kind(self.kind), number=self.number, issued=self.issued, due=self.due, totals=self.totals.totals(self.currency),
            seller=self.seller.party() if self.seller else None, buyer=self.buyer.party() if self.buyer else None,
            period=(self.period.begins, self.period.ends) if self.period else None,
            lines=tuple(line.line(self.currency) for line in self.lines), vat=tuple(one.vat(self.currency) for one in self.vat),
            allowances=tuple(one.allowance(self.currency) for one in self.allowances), notes=tuple(self.notes),
            corrects=tuple(self.corrects),
        )  # fmt: skip


class ARecording(Wire):
    payment_id: str
    currency: Currency
    credited: Amount
    saving: Amount
    give_back: Amount

    def recorded(self) -> Recorded:
        return Recorded(Money(self.credited, self.currency), Money(self.saving, self.currency), Money(self.give_back, self.currency))

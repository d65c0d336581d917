"""A document as docs/billing-openapi.yaml writes it: amounts in minor units of its one currency, what is unknown left out."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from portal.core.documents import Allowance, Document, Line, Party, Totals, VatRate
from portal.core.money import Money


def written(document: Document) -> dict[str, Any]:
    return _known(
        {
            "number": document.number, "kind": document.kind.value, "issued": document.issued, "due": document.due,
            "currency": document.currency, "totals": _totals(document.totals), "seller": _party(document.seller),
            "buyer": _party(document.buyer), "period": _period(document.period), "lines": [_line(line) for line in document.lines],
            "vat": [_vat(one) for one in document.vat], "allowances": [_allowance(one) for one in document.allowances],
            "notes": list(document.notes), "corrects": list(document.corrects),
        }
    )  # fmt: skip


def _totals(totals: Totals) -> dict[str, Any]:
    return _known({name: getattr(totals, name) for name in Totals.__slots__})


def _party(party: Party | None) -> dict[str, Any] | None:
    if party is None:
        return None
    return _known(
        {
            "name": party.name, "registration": party.registration, "vat_number": party.vat_number, "address": list(party.address),
            "country": party.country,
        }
    )  # fmt: skip


def _period(period: tuple[date | None, date | None] | None) -> dict[str, Any] | None:
    return _known({"begins": period[0], "ends": period[1]}) if period else None


def _line(line: Line) -> dict[str, Any]:
    return _known(
        {
            "name": line.name, "net": line.net, "number": line.number, "description": line.description, "quantity": line.quantity,
            "unit": line.unit, "unit_price": line.unit_price, "price_base": line.price_base, "vat_category": line.vat_category,
            "vat_rate": line.vat_rate, "allowances": [_allowance(one) for one in line.allowances],
        }
    )  # fmt: skip


def _allowance(allowance: Allowance) -> dict[str, Any]:
    return _known({"amount": allowance.amount, "charge": allowance.charge, "reason": allowance.reason})


def _vat(rate: VatRate) -> dict[str, Any]:
    return _known(
        {"category": rate.category, "rate": rate.rate, "taxable": rate.taxable, "tax": rate.tax, "exemption": rate.exemption}
    )  # fmt: skip


def _known(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in said.items() if value not in (None, "", [], {})}


def _plain(value: Any) -> Any:
    match value:
        case Money():
            return value.minor
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case _:
            return value

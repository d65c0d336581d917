"""UBL 2.1 Invoice and CreditNote (OASIS, bound to EN 16931-1 by CEN/TS 16931-3-2) as documents.

A document says its own currency and nothing is computed: every amount is one that stands in the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from portal.adapters.extracts import cells
from portal.adapters.extracts.elements import (
    BUYER,
    NS,
    OASIS,
    SELLER,
    TOTAL,
    Element,
    an_amount,
    currency_of,
    day,
    decimal,
    missing,
    money,
    number,
    own,
    required,
    said,
)
from portal.adapters.extracts.entries import Unreadable
from portal.core.documents import Allowance, Document, Kind, Line, Party, Totals, VatRate
from portal.core.languages import _
from portal.core.money import Money

KINDS = {f"{{{OASIS}Invoice-2}}Invoice": Kind.INVOICE, f"{{{OASIS}CreditNote-2}}CreditNote": Kind.CREDIT_NOTE}
LARGEST = 2_000_000  # bytes of one document


def tree(content: bytes) -> Element:
    """The root of an invoice or a credit note. A document type declaration is refused before and after parsing: entities expand in it."""
    if len(content) > LARGEST:
        raise Unreadable(_("it is larger than 2 MB"))
    if b"<!doctype" in content.replace(b"\0", b"").lower():
        raise Unreadable(_("it has a document type declaration, which invoices have no use for"))
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(_("it is not XML: {error}", error=error.msg or ""), error.lineno or 0) from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable(_("it has a document type declaration, which invoices have no use for"))
    if root.tag not in KINDS:
        raise Unreadable(_("it is XML, but no UBL 2.1 invoice or credit note"))
    return root


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who the document is for, by the number that billing knows them by; their ID number is for billing to say, since it lets them in."""

    customer_id: str
    national_id: str
    said: dict[str, str] = field(default_factory=dict)


def buyer(root: Element) -> Buyer:
    party = root.find(BUYER, NS)
    if party is None:
        return Buyer("", "")
    ids = ("cac:PartyLegalEntity/cbc:CompanyID", "cac:PartyIdentification/cbc:ID", "cbc:EndpointID")
    customer_id = next(filter(None, (said(party, path) for path in ids)), "")
    whole = a_party(party)
    return Buyer(
        customer_id,
        cells.as_national_id(customer_id),
        {
            "name": whole.name,
            "email": cells.email(said(party, "cac:Contact/cbc:ElectronicMail")),
            "address": "\n".join(whole.address),
        },
    )


def document(root: Element) -> Document:
    """Of a root that keeps the rules of what must be there (rules.py)."""
    currency = said(root, "cbc:DocumentCurrencyCode")
    supplier, customer = root.find(SELLER, NS), root.find(BUYER, NS)
    return Document(
        kind=KINDS[root.tag],
        number=said(root, "cbc:ID"),
        issued=day(root, "cbc:IssueDate") or missing("cbc:IssueDate"),
        due=day(root, "cbc:DueDate") or day(root, "cac:PaymentMeans/cbc:PaymentDueDate"),
        totals=totals(root, currency),
        seller=a_party(supplier) if supplier is not None else None,
        buyer=a_party(customer) if customer is not None else None,
        period=period(root),
        lines=tuple(line(element, currency) for element in lines(root)),
        vat=tuple(vat_rate(element, currency) for element in subtotals(root, currency)),
        allowances=tuple(allowances(root, currency)),
        notes=tuple(filter(None, map(own, (*root.iterfind("cbc:Note", NS), *root.iterfind("cac:PaymentTerms/cbc:Note", NS))))),
        corrects=tuple(filter(None, map(own, root.iterfind("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", NS)))),
    )


def lines(root: Element) -> Iterator[Element]:
    yield from root.iterfind("cac:InvoiceLine" if KINDS[root.tag] is Kind.INVOICE else "cac:CreditNoteLine", NS)


def subtotals(root: Element, currency: str) -> Iterator[Element]:
    """Of the tax total in the document's currency: one in the currency of taxation may stand beside it."""
    for total in root.iterfind("cac:TaxTotal", NS):
        if currency_of(total.find("cbc:TaxAmount", NS), currency) == currency:
            yield from total.iterfind("cac:TaxSubtotal", NS)


def totals(root: Element, currency: str) -> Totals:
    total = root.find(TOTAL, NS)
    if total is None:
        return missing(TOTAL)
    return Totals(
        payable=required(total, "cbc:PayableAmount", currency),
        lines=money(total, "cbc:LineExtensionAmount", currency),
        allowances=money(total, "cbc:AllowanceTotalAmount", currency),
        charges=money(total, "cbc:ChargeTotalAmount", currency),
        without_vat=money(total, "cbc:TaxExclusiveAmount", currency),
        vat=vat(root, currency),
        with_vat=money(total, "cbc:TaxInclusiveAmount", currency),
        prepaid=money(total, "cbc:PrepaidAmount", currency),
        rounding=money(total, "cbc:PayableRoundingAmount", currency),
    )


def vat(root: Element, currency: str) -> Money | None:
    amounts = root.iterfind("cac:TaxTotal/cbc:TaxAmount", NS)
    return next((an_amount(element, currency) for element in amounts if currency_of(element, currency) == currency), None)


def line(element: Element, currency: str) -> Line:
    quantity = element.find("cbc:InvoicedQuantity", NS)
    if quantity is None:
        quantity = element.find("cbc:CreditedQuantity", NS)
    price_base = number(element, "cac:Price/cbc:BaseQuantity")
    return Line(
        name=said(element, "cac:Item/cbc:Name"),
        net=required(element, "cbc:LineExtensionAmount", currency),
        number=said(element, "cbc:ID"),
        description=said(element, "cac:Item/cbc:Description"),
        quantity=decimal(own(quantity)) if quantity is not None else None,
        unit=quantity.get("unitCode", "") if quantity is not None else "",
        unit_price=number(element, "cac:Price/cbc:PriceAmount"),
        price_base=price_base if price_base != 1 else None,
        vat_category=said(element, "cac:Item/cac:ClassifiedTaxCategory/cbc:ID"),
        vat_rate=number(element, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent"),
        allowances=tuple(allowances(element, currency)),
    )


def allowances(element: Element, currency: str) -> Iterator[Allowance]:
    for each in element.iterfind("cac:AllowanceCharge", NS):
        amount = required(each, "cbc:Amount", currency)
        reason = said(each, "cbc:AllowanceChargeReason")
        yield Allowance(amount, said(each, "cbc:ChargeIndicator") in ("true", "1"), reason)


def vat_rate(element: Element, currency: str) -> VatRate:
    category = "cac:TaxCategory/cbc:"
    return VatRate(
        category=said(element, f"{category}ID"),
        rate=number(element, f"{category}Percent"),
        taxable=required(element, "cbc:TaxableAmount", currency),
        tax=required(element, "cbc:TaxAmount", currency),
        exemption=said(element, f"{category}TaxExemptionReason") or said(element, f"{category}TaxExemptionReasonCode"),
    )


def a_party(party: Element) -> Party:
    vat_number = next((own(tax) for tax in party.iterfind("cac:PartyTaxScheme/cbc:CompanyID", NS)), "")
    return Party(
        name=said(party, "cac:PartyLegalEntity/cbc:RegistrationName") or said(party, "cac:PartyName/cbc:Name"),
        registration=said(party, "cac:PartyLegalEntity/cbc:CompanyID"),
        vat_number=vat_number,
        address=tuple(filter(None, address(party))),
        country=said(party, "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
    )


def address(party: Element) -> Iterator[str]:
    place = party.find("cac:PostalAddress", NS)
    if place is None:
        return
    for part in ("cbc:StreetName", "cbc:AdditionalStreetName", "cac:AddressLine/cbc:Line"):
        yield said(place, part)
    yield f"{said(place, 'cbc:PostalZone')} {said(place, 'cbc:CityName')}".strip()
    yield said(place, "cbc:CountrySubentity")


def period(root: Element) -> tuple[date | None, date | None] | None:
    found = root.find("cac:InvoicePeriod", NS)
    if found is None:
        return None
    ends = day(found, "cbc:StartDate"), day(found, "cbc:EndDate")
    return ends if any(ends) else None

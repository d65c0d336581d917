"""The rules of EN 16931-1 on what we read: what must be there, and what must add up.

Each is the test of CEN's own schematron (github.com/ConnectingEurope/eInvoicing-EN16931) in XPath 1.0, by its own name.
Rules on what the portal never shows (payment means, deliveries, attachments) are left to the e-invoicing gateway.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from babel.numbers import is_currency
from lxml import etree

from portal.adapters.extracts import vat_rules
from portal.adapters.extracts.elements import BUYER, NS, SELLER, TOTAL, Element
from portal.core.languages import Text, _


@dataclass(frozen=True, slots=True)
class Broken:
    rule: str
    text: Text


def absent(rule: str, element: str) -> Text:
    return _("{rule}: {element} is missing", rule=rule, element=element)


def sums(rule: str, element: str) -> Text:
    return _("{rule}: {element} does not add up", rule=rule, element=element)


def wrong(rule: str, element: str) -> Text:
    return _("{rule}: {element} is not one that is allowed", rule=rule, element=element)


NAME = "cac:PartyLegalEntity/cbc:RegistrationName"
PLACE = "cac:PostalAddress"
COUNTRY = "cac:Country/cbc:IdentificationCode"
LINES = "(cac:InvoiceLine|cac:CreditNoteLine)"
TAX = "cac:TaxTotal[cbc:TaxAmount[not(@currencyID) or not(/*/cbc:DocumentCurrencyCode) or @currencyID = /*/cbc:DocumentCurrencyCode]]"
WHY = "normalize-space(cbc:AllowanceChargeReason) or normalize-space(cbc:AllowanceChargeReasonCode)"

# Where UNTDID 1001 says what a document is; BR-CL-01 lists what may stand in an Invoice and in a CreditNote
INVOICE_TYPES = (
    "71 80 82 84 102 130 202 203 204 211 218 219 295 325 326 331 380 382 383 384 385 386 387 388 389 390 393 394 395 456 457 527 553 575 "
    "623 633 751 780 817 870 875 876 877 935"
)
CREDIT_TYPES = "81 83 261 262 296 308 381 396 420 458 502 503 532"
CATEGORIES = "AE L M E S Z G O K B"


def given(path: str) -> str:
    return f"normalize-space({path}) != ''"


def each(nodes: str, test: str) -> str:
    return f"not({nodes}[not({test})])"


def listed(codes: str) -> str:
    return f"contains(' {codes} ', concat(' ', normalize-space(.), ' '))"


def cents(expression: str) -> str:
    return f"round(100 * ({expression}))"


def sum_of(path: str, amount: str) -> str:
    """0 where there are none."""
    return f"sum({path}/cbc:{amount})"


def later(period: str) -> str:
    start, end = (f"translate(cbc:{date}Date, '-', '')" for date in ("Start", "End"))
    return each(f"{period}[cbc:StartDate and cbc:EndDate]", f"{end} >= {start}")


def allowance(charge: str) -> str:
    return f"cac:AllowanceCharge[normalize-space(cbc:ChargeIndicator) = '{charge}']"


REQUIRED = {
    "BR-01": ("CustomizationID", given("cbc:CustomizationID")),
    "BR-02": ("ID", given("cbc:ID")),
    "BR-03": ("IssueDate", given("cbc:IssueDate")),
    "BR-04": ("InvoiceTypeCode", f"{given('cbc:InvoiceTypeCode')} or {given('cbc:CreditNoteTypeCode')}"),
    "BR-05": ("DocumentCurrencyCode", given("cbc:DocumentCurrencyCode")),
    "BR-06": ("AccountingSupplierParty RegistrationName", given(f"{SELLER}/{NAME}")),
    "BR-07": ("AccountingCustomerParty RegistrationName", given(f"{BUYER}/{NAME}")),
    "BR-08": ("AccountingSupplierParty PostalAddress", f"{SELLER}/{PLACE}"),
    "BR-09": ("AccountingSupplierParty Country", each(f"{SELLER}/{PLACE}", given(COUNTRY))),
    "BR-10": ("AccountingCustomerParty PostalAddress", f"{BUYER}/{PLACE}"),
    "BR-11": ("AccountingCustomerParty Country", each(f"{BUYER}/{PLACE}", given(COUNTRY))),
    "BR-12": ("LegalMonetaryTotal LineExtensionAmount", f"{TOTAL}/cbc:LineExtensionAmount"),
    "BR-13": ("LegalMonetaryTotal TaxExclusiveAmount", f"{TOTAL}/cbc:TaxExclusiveAmount"),
    "BR-14": ("LegalMonetaryTotal TaxInclusiveAmount", f"{TOTAL}/cbc:TaxInclusiveAmount"),
    "BR-15": ("LegalMonetaryTotal PayableAmount", f"{TOTAL}/cbc:PayableAmount"),
    "BR-16": ("InvoiceLine", LINES),
    "BR-21": ("InvoiceLine ID", each(LINES, given("cbc:ID"))),
    "BR-22": ("InvoicedQuantity", each(LINES, "cbc:InvoicedQuantity or cbc:CreditedQuantity")),
    "BR-23": ("InvoicedQuantity unitCode", each(f"{LINES}/*[self::cbc:InvoicedQuantity or self::cbc:CreditedQuantity]", "@unitCode")),
    "BR-24": ("InvoiceLine LineExtensionAmount", each(LINES, "cbc:LineExtensionAmount")),
    "BR-25": ("Item Name", each(LINES, given("cac:Item/cbc:Name"))),
    "BR-26": ("PriceAmount", each(LINES, "cac:Price/cbc:PriceAmount")),
    "BR-31": ("AllowanceCharge Amount", each(allowance("false"), "cbc:Amount")),
    "BR-32": ("AllowanceCharge TaxCategory", each(allowance("false"), given("cac:TaxCategory/cbc:ID"))),
    "BR-36": ("AllowanceCharge Amount", each(allowance("true"), "cbc:Amount")),
    "BR-37": ("AllowanceCharge TaxCategory", each(allowance("true"), given("cac:TaxCategory/cbc:ID"))),
    "BR-41": ("InvoiceLine AllowanceCharge Amount", each(f"{LINES}/{allowance('false')}", "cbc:Amount")),
    "BR-43": ("InvoiceLine AllowanceCharge Amount", each(f"{LINES}/{allowance('true')}", "cbc:Amount")),
    "BR-45": ("TaxSubtotal TaxableAmount", each("cac:TaxTotal/cac:TaxSubtotal", "cbc:TaxableAmount")),
    "BR-46": ("TaxSubtotal TaxAmount", each("cac:TaxTotal/cac:TaxSubtotal", "cbc:TaxAmount")),
    "BR-47": ("TaxSubtotal TaxCategory", each("cac:TaxTotal/cac:TaxSubtotal", given("cac:TaxCategory/cbc:ID"))),
    "BR-48": ("TaxCategory Percent", each("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory", "cbc:Percent or normalize-space(cbc:ID) = 'O'")),
    "BR-55": ("InvoiceDocumentReference ID", each("cac:BillingReference", given("cac:InvoiceDocumentReference/cbc:ID"))),
    "BR-CO-04": ("ClassifiedTaxCategory", each(LINES, given("cac:Item/cac:ClassifiedTaxCategory/cbc:ID"))),
    "BR-CO-18": ("TaxSubtotal", "cac:TaxTotal/cac:TaxSubtotal"),
    "BR-CO-19": ("InvoicePeriod dates", each("cac:InvoicePeriod", "cbc:StartDate or cbc:EndDate or cbc:DescriptionCode")),
    "BR-CO-20": ("InvoiceLine InvoicePeriod dates", each(f"{LINES}/cac:InvoicePeriod", "cbc:StartDate or cbc:EndDate")),
    "BR-CO-21": ("AllowanceChargeReason", each(allowance("false"), WHY)),
    "BR-CO-22": ("AllowanceChargeReason", each(allowance("true"), WHY)),
    "BR-CO-23": ("InvoiceLine AllowanceChargeReason", each(f"{LINES}/{allowance('false')}", WHY)),
    "BR-CO-24": ("InvoiceLine AllowanceChargeReason", each(f"{LINES}/{allowance('true')}", WHY)),
}

ALLOWED = {
    "BR-27": ("PriceAmount", f"not({LINES}/cac:Price/cbc:PriceAmount[. < 0])"),
    "BR-28": ("Price BaseAmount", f"not({LINES}/cac:Price/cac:AllowanceCharge/cbc:BaseAmount[. < 0])"),
    "BR-29": ("InvoicePeriod EndDate", later("cac:InvoicePeriod")),
    "BR-30": ("InvoiceLine InvoicePeriod EndDate", later(f"{LINES}/cac:InvoicePeriod")),
    "BR-CL-01": (
        "InvoiceTypeCode",
        f"{each('cbc:InvoiceTypeCode', listed(INVOICE_TYPES))} and {each('cbc:CreditNoteTypeCode', listed(CREDIT_TYPES))}",
    ),
    "BR-CL-17": ("TaxCategory ID", each("(cac:AllowanceCharge|cac:TaxTotal/cac:TaxSubtotal)/cac:TaxCategory/cbc:ID", listed(CATEGORIES))),
    "BR-CL-18": ("ClassifiedTaxCategory ID", each(f"{LINES}/cac:Item/cac:ClassifiedTaxCategory/cbc:ID", listed(CATEGORIES))),
}


def all_of(sign: str, amount: str) -> str:
    """An optional total, as a number of the sum."""
    return f"{sign} sum({TOTAL}/cbc:{amount})"


def equal(one: str, other: str) -> str:
    return f"{cents(one)} = {cents(other)}"


ADDS_UP = {
    "BR-CO-10": ("LineExtensionAmount", equal(f"{TOTAL}/cbc:LineExtensionAmount", sum_of(LINES, "LineExtensionAmount"))),
    "BR-CO-11": ("AllowanceTotalAmount", equal(sum_of(TOTAL, "AllowanceTotalAmount"), sum_of(allowance("false"), "Amount"))),
    "BR-CO-12": ("ChargeTotalAmount", equal(sum_of(TOTAL, "ChargeTotalAmount"), sum_of(allowance("true"), "Amount"))),
    "BR-CO-13": (
        "TaxExclusiveAmount",
        equal(
            f"{TOTAL}/cbc:TaxExclusiveAmount",
            f"{TOTAL}/cbc:LineExtensionAmount {all_of('-', 'AllowanceTotalAmount')} {all_of('+', 'ChargeTotalAmount')}",
        ),
    ),
    "BR-CO-14": ("TaxAmount", each("cac:TaxTotal[cac:TaxSubtotal]", equal("cbc:TaxAmount", "sum(cac:TaxSubtotal/cbc:TaxAmount)"))),
    "BR-CO-15": (
        "TaxInclusiveAmount",
        equal(f"{TOTAL}/cbc:TaxInclusiveAmount", f"{TOTAL}/cbc:TaxExclusiveAmount + sum({TAX}/cbc:TaxAmount)"),
    ),
    "BR-CO-16": (
        "PayableAmount",
        equal(
            f"{TOTAL}/cbc:PayableAmount",
            f"{TOTAL}/cbc:TaxInclusiveAmount {all_of('-', 'PrepaidAmount')} {all_of('+', 'PayableRoundingAmount')}",
        ),
    ),
}

RULES = [
    (rule, etree.XPath(f"boolean({test})", namespaces=NS), say(rule, element))
    for table, say in ((REQUIRED, absent), (ALLOWED, wrong), (ADDS_UP, sums))
    for rule, (element, test) in table.items()
]


def broken(root: Element) -> Iterator[Broken]:
    """What is missing first, then what is not allowed, then what does not add up."""
    for rule, keeps, text in RULES:
        if not keeps(root):
            yield Broken(rule, text)
    yield from currencies(root)
    for rule, element in vat_rules.broken(root):
        yield Broken(rule, sums(rule, element))


CURRENCIES = etree.XPath("//@currencyID")


def currencies(root: Element) -> Iterator[Broken]:
    if not is_currency(document := (root.findtext("cbc:DocumentCurrencyCode", "ILS", NS) or "").strip()):
        yield Broken("BR-CL-04", wrong("BR-CL-04", f"DocumentCurrencyCode {document}"))
    for code in sorted(set(CURRENCIES(root))):
        if not is_currency(code):
            yield Broken("BR-CL-03", wrong("BR-CL-03", f"currencyID {code}"))
            return

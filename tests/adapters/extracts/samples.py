"""Extracts made here, and the way to the real ones."""

import csv
import io
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "../shared/data"
HEADING = [
    "מספר לקוח", "שם לקוח", 'ת"ז / ח.פ.', "טלפון נייד", 'דוא"ל', "כתובת", "מספר חשבונית", "תאריך חשבונית", "תאריך פירעון",
    "סכום לתשלום", "יתרה", "מטבע",
]  # fmt: skip
FIELDS = (
    "customer_id", "name", "national_id", "phone", "email", "address", "number", "issue_date", "due_date", "total", "balance", "currency",
)  # fmt: skip
ROW = [
    "0001001", "נועה כהן", "080220700", "052-2001013", "n@mail.example", "רח' הגפן 1, חיפה", "INV-1", "10/06/2026", "24/06/2026",
    "1,234.50", "34.50",
    "₪",
]  # fmt: skip


def data(folder: str) -> Path:
    if not (DATA / folder).is_dir():
        pytest.skip(f"{DATA / folder} is not there: the real extracts are kept beside the repository")
    return DATA / folder


def row(**changed: str) -> list[str]:
    """ROW with some cells changed, by the field's name."""
    return [changed.get(field, cell) for field, cell in zip(FIELDS, ROW, strict=True)]


def table(
    path: Path, *rows: list[str], heading: list[str] = HEADING, encoding: str = "utf-8-sig", delimiter: str = ",", above: str = ""
) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([heading, *rows])
    path.write_bytes((above + text.getvalue()).encode(encoding))
    return path


INVOICE = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID><cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-11-01</cbc:IssueDate>
<cbc:DueDate>2026-12-20</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>ILS</cbc:DocumentCurrencyCode>
<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>OLD-1</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>
<cac:AccountingSupplierParty><cac:Party><cac:PostalAddress><cac:Country><cbc:IdentificationCode>IL</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress><cac:PartyLegalEntity><cbc:RegistrationName>Fibre Ltd</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>
</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party><cac:PostalAddress><cac:Country><cbc:IdentificationCode>IL</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress><cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName><cbc:CompanyID>{customer}</cbc:CompanyID>
</cac:PartyLegalEntity></cac:Party></cac:AccountingCustomerParty>
<cac:TaxTotal><cbc:TaxAmount currencyID="ILS">18.00</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="ILS">100.00</cbc:TaxableAmount><cbc:TaxAmount currencyID="ILS">18.00</cbc:TaxAmount><cac:TaxCategory>
<cbc:ID>S</cbc:ID><cbc:Percent>18</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal>
</cac:TaxTotal><cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="ILS">100.00</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="ILS">100.00</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="ILS">118.00</cbc:TaxInclusiveAmount>
<cbc:PrepaidAmount currencyID="ILS">{prepaid}</cbc:PrepaidAmount><cbc:PayableAmount currencyID="ILS">{payable}</cbc:PayableAmount>
</cac:LegalMonetaryTotal><cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="ILS">100.00</cbc:LineExtensionAmount>
<cac:Item><cbc:Name>Fibre line</cbc:Name><cac:ClassifiedTaxCategory>
<cbc:ID>S</cbc:ID><cbc:Percent>18</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount currencyID="ILS">100.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine></Invoice>"""


def invoice(number: str = "U-1", customer: str = "C00001", name: str = "Dana", prepaid: str = "0.00", payable: str = "118.00") -> bytes:
    return INVOICE.format(number=number, customer=customer, name=name, prepaid=prepaid, payable=payable).encode()


def credit_note(**given: str) -> bytes:
    """The same lines, the other way round."""
    return (
        invoice(**given)
        .replace(b"xsd:Invoice-2", b"xsd:CreditNote-2")
        .replace(b"<Invoice ", b"<CreditNote ")
        .replace(b"</Invoice>", b"</CreditNote>")
        .replace(b"cac:InvoiceLine>", b"cac:CreditNoteLine>")
        .replace(b"cbc:InvoicedQuantity", b"cbc:CreditedQuantity")
        .replace(b"<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", b"<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>")
        .replace(b"<cbc:DueDate>2026-12-20</cbc:DueDate>", b"")
        .replace(
            b"<cac:TaxTotal>", b"<cac:PaymentMeans><cbc:PaymentDueDate>2026-12-31</cbc:PaymentDueDate></cac:PaymentMeans><cac:TaxTotal>"
        )
    )

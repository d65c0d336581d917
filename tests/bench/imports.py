"""Imports: rows and documents a second, and the most memory that they took. Full size: 100,000 customers, 1,000,000 invoices."""

import subprocess
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

from tests.bench.customers import write_customers, write_invoices
from tests.bench.figures import Figure
from tests.servers import PORTAL, environment

INVOICES_EACH = 10
PER_ZIP = 100


def measure(scale: float) -> list[Figure]:
    customers = max(1_000, int(100_000 * scale))
    documents = max(500, int(20_000 * scale))
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        folder = Path(name)
        rows = write_customers(folder / "customers.csv", customers)
        invoices = write_invoices(folder / "invoices.csv", customers, INVOICES_EACH)
        zips = write_ubl(folder, documents, customers)
        return [
            *run(folder, "customers, CSV", rows, 2_000, "customers", "customers.csv"),
            *run(folder, "invoices, CSV", invoices, 2_000, "invoices", "invoices.csv"),
            *run(folder, "invoices, UBL", documents, 300, "invoices", *zips),
        ]


def run(folder: Path, what: str, count: int, at_least: float, *arguments: str) -> list[Figure]:
    """`portal import ARGUMENTS`."""
    settings = environment({"PORTAL_DATABASE_URL": f"sqlite:///{folder}/portal.db"})
    began = time.perf_counter()
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([PORTAL, "import", *arguments], cwd=folder, env=settings, stdout=log, stderr=log)
        most = _peak(process)
    seconds = time.perf_counter() - began
    assert process.returncode == 0, (folder / "log").read_text()[-2000:]
    return [
        Figure(f"import of {what}", count / seconds, "a second", at_least=at_least, note=f"{count:,} in {seconds:.1f} s"),
        Figure(f"memory of the import of {what}", most, "MB", at_most=300),
    ]


def _peak(process: "subprocess.Popen[bytes]") -> float:
    """Its high-water mark in MB, read until it ends: what wait4 tells includes our own from before the exec."""
    most = 0.0
    while process.poll() is None:
        with suppress(OSError, StopIteration):
            status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            most = next(float(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
        time.sleep(0.02)
    return most


def write_ubl(folder: Path, documents: int, customers: int) -> list[str]:
    names = []
    for first in range(0, documents, PER_ZIP):
        names.append(f"ubl-{first:06d}.zip")
        with zipfile.ZipFile(folder / names[-1], "w", zipfile.ZIP_DEFLATED) as file:
            for n in range(first, min(first + PER_ZIP, documents)):
                file.writestr(f"{n}.xml", ubl(n, n % customers))
    return names


def ubl(n: int, customer: int) -> str:
    lines = "".join(LINE.format(k=k) for k in range(1, 6))
    return UBL.format(number=f"UBL-{n:06d}", customer=f"C{customer:06d}", name=f"Customer {customer}", lines=lines)


LINE = """<cac:InvoiceLine><cbc:ID>{k}</cbc:ID><cbc:InvoicedQuantity unitCode="C62">1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="ILS">20.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>Fibre line {k}</cbc:Name>
<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>18</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
</cac:ClassifiedTaxCategory></cac:Item><cac:Price><cbc:PriceAmount currencyID="ILS">20.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>"""
UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID><cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-11-01</cbc:IssueDate>
<cbc:DueDate>2026-11-20</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>ILS</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty><cac:Party><cac:PostalAddress><cac:Country><cbc:IdentificationCode>IL</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress><cac:PartyTaxScheme><cbc:CompanyID>IL514000006</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
</cac:PartyTaxScheme><cac:PartyLegalEntity><cbc:RegistrationName>Bench Fibre Ltd</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>
</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID>{customer}</cbc:ID></cac:PartyIdentification><cac:PostalAddress>
<cac:Country><cbc:IdentificationCode>IL</cbc:IdentificationCode></cac:Country></cac:PostalAddress><cac:PartyLegalEntity>
<cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:AccountingCustomerParty>
<cac:TaxTotal><cbc:TaxAmount currencyID="ILS">18.00</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="ILS">100.00</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="ILS">18.00</cbc:TaxAmount><cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>18</cbc:Percent><cac:TaxScheme>
<cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="ILS">100.00</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="ILS">100.00</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="ILS">118.00</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="ILS">118.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
{lines}</Invoice>"""

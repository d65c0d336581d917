"""Tables of billing as entries: a row is a customer, an invoice, or (a billing extract) both."""

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

from portal.adapters.extracts import cells
from portal.adapters.extracts.earlier import Earlier
from portal.adapters.extracts.entries import Entry, Invoice, Unreadable
from portal.adapters.extracts.headings import INVOICE, Names, no_column
from portal.adapters.extracts.people import person
from portal.adapters.extracts.table import Row, Table
from portal.core.documents import Kind
from portal.core.languages import _
from portal.core.money import Money

BILLING = (*INVOICE, "due_date", "currency", "balance")


class Rows:
    """`home` is the currency of rows that name none."""

    def __init__(self, path: Path, names: Names, home: str) -> None:
        self.table = Table(path, names)
        self.file, self.size, self.home = str(path), self.table.size, home
        self.earlier = Earlier()

    @property
    def position(self) -> int:
        return self.table.position

    def __iter__(self) -> Iterator[Entry]:
        for row in self.table:
            try:
                yield self.read(row)
            except Unreadable as refusal:
                yield Entry(self.file, row.line, self.raw(row, "customer_id"), shown=self.shown(row), refused=refusal.text)

    def read(self, row: Row) -> Entry:
        raise NotImplementedError

    def require(self, *fields: str) -> None:
        if absent := [field for field in fields if field not in self.table.columns.at]:
            raise Unreadable(no_column(absent, self.table.columns.headings), self.table.heading)

    def raw(self, row: Row, field: str) -> str:
        return cells.text(self.table.columns.cell(row.cells, field))

    def has_any(self, row: Row, *fields: str) -> bool:
        return any(self.table.columns.cell(row.cells, field).strip() for field in fields)

    def shown(self, row: Row) -> dict[str, str]:
        """Of a refused row: as written."""
        said = {field: self.raw(row, field) for field in self.table.columns.at}
        return {**said, "phone": said.get("phone") or said.get("mobile") or ""}

    def customer_id(self, row: Row) -> str:
        if row.problem:
            raise Unreadable(row.problem)
        said = cells.code(self.table.columns.cell(row.cells, "customer_id"))
        if not said:
            raise Unreadable(_("there is no customer number"))
        return said

    def invoice(self, row: Row, customer_id: str) -> Invoice:
        """Of two rows that differ, each run would take the one and then the other."""
        found = self._invoice(row)
        if not self.earlier.agrees((customer_id, found.number), found):
            raise Unreadable(_("invoice {number} is in an earlier row with other details", number=found.number))
        return found

    def _invoice(self, row: Row) -> Invoice:
        cell = self.table.columns.cell
        number = cells.code(cell(row.cells, "number"))
        if not number:
            raise Unreadable(_("there is no invoice number"))
        currency = self.currency(row)
        total = self.amount(row, "total", currency)
        return Invoice(
            number,
            Kind.CREDIT_NOTE if total.minor < 0 else Kind.INVOICE,
            cells.day(cell(row.cells, "issue_date")),
            cells.day(due) if (due := cell(row.cells, "due_date")).strip() else None,
            total,
            self.amount(row, "balance", currency) if self.has_any(row, "balance") else None,
        )

    def amount(self, row: Row, field: str, currency: str) -> Money:
        return cells.amount(self.table.columns.cell(row.cells, field), currency, comma=self.table.decimal_comma)

    def currency(self, row: Row) -> str:
        named = self.table.columns.cell(row.cells, "currency")
        found = cells.currency(named) if named.strip() else cells.sign_of(self.table.columns.cell(row.cells, "total")) or self.home
        if not found:
            raise Unreadable(_("{cell} is not a currency", cell=cells.text(named)))
        return found


class CustomerRows(Rows):
    """Customers, with their invoices where the table has them.

    The first row of a customer says who it is. Later rows are its other invoices: which details stand must not
    depend on how often a file is imported.
    """

    def __init__(self, path: Path, names: Names, home: str) -> None:
        super().__init__(path, names, home)
        self.billed = self.table.columns.means_invoices
        self.require("customer_id", *(INVOICE if self.billed else ()))
        self.met: dict[str, int] = {}
        # A customer's invoices often follow each other
        self.person = lru_cache(1024)(partial(person, self.table.columns))
        self.billing = {position for field, position in self.table.columns.at.items() if field in BILLING}

    def read(self, row: Row) -> Entry:
        customer_id = self.customer_id(row)
        who = self.person(tuple("" if position in self.billing else cell for position, cell in enumerate(row.cells)))
        invoice = self.invoice(row, customer_id) if self.billed and self.has_any(row, *INVOICE) else None
        first = customer_id not in self.met
        repeated = not first and self.met[customer_id] != hash(who.key)
        if repeated and not invoice:
            raise Unreadable(_("customer {customer} is in an earlier row with other details", customer=customer_id))
        self.met.setdefault(customer_id, hash(who.key))
        return Entry(
            self.file,
            row.line,
            customer_id,
            customer=who.said if first else None,
            invoice=invoice,
            shown=who.shown,
            note=_("the invoice is kept; the customer is in an earlier row with other details, which stand") if repeated else who.note,
        )


class InvoiceRows(Rows):
    """Invoices alone, of customers by their number."""

    def __init__(self, path: Path, names: Names, home: str) -> None:
        super().__init__(path, names, home)
        self.require("customer_id", *INVOICE)

    def read(self, row: Row) -> Entry:
        customer_id = self.customer_id(row)
        invoice = self.invoice(row, customer_id)
        return Entry(self.file, row.line, customer_id, national_id=cells.as_national_id(customer_id), invoice=invoice)

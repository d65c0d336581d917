"""Entries into the database, a batch a transaction. The same entry twice changes nothing: an import can be stopped and run again.

What is open of an invoice is the sum of its ledger rows. The first import opens it; a later balance that is not billing's
last one is what is open from then on, and one that is the same leaves payments made here as they are.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from portal.adapters.extracts import statements as sql
from portal.adapters.extracts.entries import Entry, Invoice, Status
from portal.core.languages import Text, _
from portal.core.ledger import APPEND, hold
from portal.core.papers_codec import DOCUMENTS
from portal.core.statements import Database, Row, Writer

BATCH = 500  # entries a transaction

# The driver refuses a row's values: no fault of its neighbours
DRIVERS_SAY_NO = (sqlite3.DataError, sqlite3.IntegrityError, psycopg.DataError, psycopg.IntegrityError, OverflowError, UnicodeError)

Key = tuple[str, str]
FRESH = {"name": "", "national_id": "", "mobile": "", "other_phone": "", "email": "", "address": "", "language": "he"}


@dataclass(frozen=True, slots=True)
class Entered:
    entry: Entry
    status: Status
    refused: Text | None = None


class Books:
    """`create`: customers that are not known are made; `update`: those that are known become as the entry says."""

    def __init__(self, db: Database, *, create: bool, update: bool) -> None:
        self.db, self.create, self.update = db, create, update

    def enter(self, entries: Iterable[Entry]) -> Iterator[list[Entered]]:
        for batch in batches(entries):
            yield self._kept(batch)

    def _kept(self, batch: Sequence[Entry]) -> list[Entered]:
        """Where the database refuses a batch, each of its entries is tried alone: one bad row does not lose its neighbours."""
        try:
            with self.db.write() as tx:
                return Page(tx, self.create, self.update).enter(batch)
        except DRIVERS_SAY_NO as error:
            if len(batch) == 1:
                return [Entered(batch[0], Status.REFUSED, _("the database refuses it: {error}", error=type(error).__name__))]
        return [entered for entry in batch for entered in self._kept([entry])]


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """A document stands at most once in a batch: its second version is compared with the first when that is stored."""
    batch: list[Entry] = []
    keys: set[Key] = set()
    for entry in entries:
        key = (entry.customer_id, entry.invoice.number) if entry.invoice else None
        if len(batch) == BATCH or key in keys:
            yield batch
            batch, keys = [], set()
        batch.append(entry)
        if key:
            keys.add(key)
    if batch:
        yield batch


@dataclass
class Page:
    """One transaction: what is known of its entries is read at once, and what is new is written at once."""

    tx: Writer
    create: bool
    update: bool
    customers: dict[str, Row | None] = field(default_factory=dict)
    invoices: dict[Key, Row] = field(default_factory=dict)
    by_national_id: dict[str, list[str]] = field(default_factory=dict)
    new_customers: list[dict[str, Any]] = field(default_factory=list)
    changed_customers: list[dict[str, Any]] = field(default_factory=list)
    changed_mobiles: list[dict[str, Any]] = field(default_factory=list)
    new_invoices: list[dict[str, Any]] = field(default_factory=list)
    changed_invoices: list[dict[str, Any]] = field(default_factory=list)
    openings: list[dict[str, Any]] = field(default_factory=list)
    adjustments: list[dict[str, Any]] = field(default_factory=list)

    def enter(self, batch: Sequence[Entry]) -> list[Entered]:
        self.tx.one(sql.ALONE)
        readable = [entry for entry in batch if not entry.refused]
        self.customers |= sql.customers(self.tx, {entry.customer_id for entry in readable})
        wanted = {entry.national_id for entry in readable if entry.national_id and entry.customer_id not in self.customers}
        self.by_national_id = sql.by_national_id(self.tx, wanted)
        self.customers |= sql.customers(self.tx, {one for found in self.by_national_id.values() for one in found})
        self.invoices = sql.invoices(self.tx, {(self.known_as(entry), entry.invoice.number) for entry in readable if entry.invoice})
        entered = [self._entered(entry) for entry in batch]
        self._write()
        return entered

    def known_as(self, entry: Entry) -> str:
        """By billing's number, else by the ID number that it is."""
        same = self.by_national_id.get(entry.national_id, [])
        return same[0] if entry.customer_id not in self.customers and len(same) == 1 else entry.customer_id

    def _entered(self, entry: Entry) -> Entered:
        if entry.refused:
            return Entered(entry, Status.REFUSED, entry.refused)
        customer_id = self.known_as(entry)
        known = customer_id in self.customers
        if not known and not self.create:
            return Entered(entry, Status.REFUSED, unknown(entry))
        row = self.invoices.get((customer_id, entry.invoice.number)) if entry.invoice else None
        if entry.invoice and row and (other := another(row, entry.invoice)):
            return Entered(entry, Status.REFUSED, other)
        done = {self._customer(customer_id, entry) if not known or self.update else Status.UNCHANGED}
        if entry.invoice:
            done.add(self._changed(row, entry.invoice) if row else self._new(customer_id, entry.invoice))
        return Entered(entry, next(status for status in Status if status in done))

    def _customer(self, customer_id: str, entry: Entry) -> Status:
        said, row = entry.customer or {}, self.customers.get(customer_id)
        if customer_id not in self.customers:
            self.customers[customer_id] = None
            self.new_customers.append({"customer_id": customer_id, **{name: said.get(name, value) for name, value in FRESH.items()}})
            return Status.ADDED
        if row is None or all(getattr(row, name) == said.get(name, getattr(row, name)) for name in FRESH):
            return Status.UNCHANGED
        values = {"customer_id": customer_id, **{name: said.get(name, getattr(row, name)) for name in FRESH}}
        self.changed_customers.append(values)
        if values["mobile"] != row.mobile:
            self.changed_mobiles.append({"customer_id": customer_id})
        return Status.CHANGED

    def _new(self, customer_id: str, invoice: Invoice) -> Status:
        opening = invoice.still_open.minor
        self.new_invoices.append(columns(customer_id, invoice) | {"said_open": opening})
        self.openings.append(ledger_row(customer_id, invoice, opening))
        return Status.ADDED

    def _changed(self, row: Row, invoice: Invoice) -> Status:
        """A document says what was charged, not what is open: a new one adds the difference of the two totals.

        An issued document does not change (a correction is another one): its details are taken once.
        """
        charged = row.total if row.kind == "invoice" else -row.total
        said_open = invoice.open.minor if invoice.open is not None else row.said_open + invoice.charged - charged
        values = columns(row.customer_id, invoice) | {"said_open": said_open}
        values |= {"details": row.details or values["details"], "due": values["due"] or row.due}
        if all(getattr(row, name) == value for name, value in values.items()):
            return Status.UNCHANGED
        if invoice.document and values["total"] != row.total:
            values["details"] = DOCUMENTS.dump(invoice.document)
        if said_open != row.said_open:
            given = said_open if invoice.open is not None else None
            self.adjustments.append(ledger_row(row.customer_id, invoice, said_open - row.said_open) | {"said_open": given})
        self.changed_invoices.append(values)
        return Status.CHANGED

    def _write(self) -> None:
        self.tx.many(sql.ADD_CUSTOMER, self.new_customers)
        self.tx.many(sql.CHANGE_CUSTOMER, self.changed_customers)
        for ending in sql.MOBILE_CHANGED:
            self.tx.many(ending, self.changed_mobiles)
        self.tx.many(sql.ADD_INVOICE, self.new_invoices)
        self.tx.many(APPEND, self.openings)
        self._adjust()
        self.tx.many(sql.CHANGE_INVOICE, self.changed_invoices)

    def _adjust(self) -> None:
        for row in self.adjustments:
            said_open = row.pop("said_open")
            if said_open is not None:
                hold(self.tx, row["customer_id"])
                row["amount"] = said_open - sql.still_open(self.tx, row["customer_id"], row["invoice_number"])
            if row["amount"]:
                self.tx.run(APPEND, **row | {"kind": "adjustment"})


def columns(customer_id: str, invoice: Invoice) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "number": invoice.number,
        "kind": invoice.kind.value,
        "issued": invoice.issued.isoformat(),
        "due": invoice.due.isoformat() if invoice.due else "",
        "currency": invoice.total.currency,
        "total": abs(invoice.total.minor),
        "details": DOCUMENTS.dump(invoice.document) if invoice.document else "",
    }


def ledger_row(customer_id: str, invoice: Invoice, amount: int) -> dict[str, Any]:
    return {
        "customer_id": customer_id, "invoice_number": invoice.number, "kind": "opening", "amount": amount,
        "currency": invoice.total.currency, "payment_id": "", "incentive_id": "",
    }  # fmt: skip


def another(row: Row, invoice: Invoice) -> Text | None:
    """Why it is not the document that is there by this number."""
    if row.currency != invoice.total.currency:
        return _("invoice {number} is there already in {currency}", number=row.number, currency=row.currency)
    if row.kind == invoice.kind.value:
        return None
    if row.kind == "invoice":
        return _("{number} is there already as an invoice", number=row.number)
    return _("{number} is there already as a credit note", number=row.number)


def unknown(entry: Entry) -> Text:
    name = " ".join(filter(None, (entry.customer_id, entry.shown.get("name", ""))))
    return _("customer {name} is not known: import customers first, or add --create-customers", name=name)

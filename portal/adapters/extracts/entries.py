"""What a row or a document said, whatever kind of file it came from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from portal.core.documents import Document, Kind
from portal.core.languages import Language, Text
from portal.core.money import Money


class Unreadable(Exception):
    """Refused: a cell, a row, a document or a whole file. `entry` is what could be read of it."""

    def __init__(self, text: Text, line: int = 0) -> None:
        super().__init__(text.id)
        self.text, self.line = text, line


class Status(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Invoice:
    """`total` as written: negative where a table has no credit notes. `open` is None where the file does not say it."""

    number: str
    kind: Kind
    issued: date
    due: date | None
    total: Money
    open: Money | None = None
    document: Document | None = None

    @property
    def charged(self) -> int:
        """Minor units that the customer owes by it: negative for a credit note."""
        return -abs(self.total.minor) if self.kind is Kind.CREDIT_NOTE else abs(self.total.minor)


@dataclass(frozen=True, slots=True)
class Entry:
    """`customer` has the columns of the customer's row that the file has; None where it only names the customer."""

    file: str
    line: int
    customer_id: str = ""
    national_id: str = ""  # by which the customer may be found too
    customer: Mapping[str, str] | None = None
    invoice: Invoice | None = None
    shown: Mapping[str, str] = field(default_factory=dict)  # what was read, for the report
    refused: Text | None = None
    note: Text | None = None  # kept, but not all of it


class Reading(Protocol):
    """A file being read: how far it is, in bytes, and its entries, one at a time."""

    size: int
    position: int

    def __iter__(self) -> Iterator[Entry]: ...


def as_json(entry: Entry, status: Status, reason: Text | None, language: Language) -> dict[str, Any]:
    """The object of `--json`: amounts as decimal texts, days as ISO 8601, empty where the file has none."""
    invoice, shown = entry.invoice, entry.shown
    said = {
        "file": entry.file,
        "line": entry.line,
        "status": status.value,
        "reason": reason.say(language) if reason else "",
        "customer_id": entry.customer_id,
        **{name: shown.get(name, "") for name in ("name", "national_id", "phone", "email")},
    }
    if not invoice:
        return {**said, **{name: shown.get(name, "") for name in BILLED}, "lines": int(shown.get("lines", 0))}
    return {
        **said,
        "number": invoice.number,
        "kind": invoice.kind.value,
        "issue_date": invoice.issued.isoformat(),
        "due_date": invoice.due.isoformat() if invoice.due else "",
        "currency": invoice.total.currency,
        "total": decimal(invoice.total.decimal),
        "balance": decimal((invoice.open or Money(invoice.charged, invoice.total.currency)).decimal),
        "lines": len(invoice.document.lines) if invoice.document else 0,
    }


BILLED = ("number", "kind", "issue_date", "due_date", "currency", "total", "balance")


def decimal(amount: Decimal) -> str:
    return format(amount, "f")

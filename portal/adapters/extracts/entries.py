"""What a row or a document said, whatever kind of file it came from."""

import re
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
    """Refused: a cell, a row, a document or a whole file. `line` is where, if whoever refuses knows."""

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

    @property
    def still_open(self) -> Money:
        """All of it, where billing does not say."""
        return self.open if self.open is not None else Money(self.charged, self.total.currency)


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
    rules: tuple[str, ...] = ()  # of EN 16931 that a refused document breaks
    note: Text | None = None  # kept, but not all of it

    @property
    def place(self) -> str:
        """Line 0 is all of it."""
        return f"{self.file}:{self.line}" if self.line else self.file


class Reading(Protocol):
    """A file being read: how far it is, in bytes, and its entries, one at a time."""

    @property
    def size(self) -> int: ...
    @property
    def position(self) -> int: ...
    def __iter__(self) -> Iterator[Entry]: ...


def reason(entry: Entry, refused: Text | None, language: Language) -> str:
    """Why it was refused, or what of it was not kept."""
    text = refused or entry.note
    if text is None:
        return ""
    more = ", ".join(entry.rules[1:])
    return f"{text.say(language)} ({more})" if more else text.say(language)


def as_json(entry: Entry, status: Status, reason: str) -> dict[str, Any]:
    """The object of `--json`: amounts as decimal texts, days as ISO 8601, empty where the file has none."""
    invoice, shown = entry.invoice, entry.shown
    said = {
        "file": entry.file,
        "line": entry.line,
        "status": status.value,
        "reason": reason,
        "customer_id": entry.customer_id,
        **{name: shown.get(name, "") for name in ("name", "national_id", "phone", "email")},
    }
    if not invoice:
        return {**said, **{name: as_amount(name, shown.get(name, "")) for name in BILLED}, "lines": int(shown.get("lines", 0))}
    return {
        **said,
        "number": invoice.number,
        "kind": invoice.kind.value,
        "issue_date": invoice.issued.isoformat(),
        "due_date": invoice.due.isoformat() if invoice.due else "",
        "currency": invoice.total.currency,
        "total": decimal(invoice.total.decimal),
        "balance": decimal(invoice.still_open.decimal),
        "lines": len(invoice.document.lines) if invoice.document else 0,
    }


BILLED = ("number", "kind", "issue_date", "due_date", "currency", "total", "balance")


def as_amount(name: str, written: str) -> str:
    """An amount that could not be read as one is not shown as one."""
    return "" if name in ("total", "balance") and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", written) else written


def decimal(amount: Decimal) -> str:
    return format(amount, "f")

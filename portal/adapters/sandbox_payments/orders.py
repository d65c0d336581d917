"""The sandbox provider's orders, in an SQLite file of its own that all processes share."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from portal.core.languages import Language
from portal.core.money import Money
from portal.core.ports import Order

PAGE_LIVES = 60 * 60

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    reference TEXT PRIMARY KEY, payment_id TEXT NOT NULL UNIQUE, minor INTEGER NOT NULL, currency TEXT NOT NULL,
    description TEXT NOT NULL, language TEXT NOT NULL, return_url TEXT NOT NULL, cancel_url TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'open', created_at REAL NOT NULL
)
"""
KEEP = """
INSERT INTO orders (reference, payment_id, minor, currency, description, language, return_url, cancel_url, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (payment_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class SandboxOrder:
    """What its page shows. `status` is open, or for good: approved, declined, abandoned or expired."""

    reference: str
    payment_id: str
    charge: Money
    description: str
    language: Language
    return_url: str
    cancel_url: str
    status: str

    @property
    def after(self) -> str:
        """Where its page sends the customer, however it ended."""
        return self.return_url if self.status == "approved" else self.cancel_url


class Orders:
    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path, self.clock = path, clock

    def keep(self, order: Order) -> SandboxOrder:
        """One order a payment, whoever asks how often."""
        with self._file() as file:
            file.execute(
                KEEP,
                (
                    token_urlsafe(16), order.payment_id, order.charge.minor, order.charge.currency, order.description,
                    order.language.value, order.return_url, order.cancel_url, self.clock(),
                ),
            )  # fmt: skip
            return _order(file.execute("SELECT * FROM orders WHERE payment_id = ?", (order.payment_id,)).fetchone())

    def find(self, reference: str) -> SandboxOrder | None:
        """An hour old, its page is expired and takes no money."""
        with self._file() as file:
            file.execute("UPDATE orders SET status = 'expired' WHERE status = 'open' AND created_at < ?", (self.clock() - PAGE_LIVES,))
            row = file.execute("SELECT * FROM orders WHERE reference = ?", (reference,)).fetchone()
        return _order(row) if row else None

    def end(self, reference: str, status: str) -> bool:
        """Once: whoever comes second changes nothing."""
        with self._file() as file:
            return file.execute("UPDATE orders SET status = ? WHERE reference = ? AND status = 'open'", (status, reference)).rowcount == 1

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(self.path, timeout=5, isolation_level=None)
        file.row_factory = sqlite3.Row
        try:
            file.execute(SCHEMA)
            yield file
        finally:
            file.close()


def _order(row: sqlite3.Row) -> SandboxOrder:
    return SandboxOrder(
        row["reference"], row["payment_id"], Money(row["minor"], row["currency"]), row["description"], Language(row["language"]),
        row["return_url"], row["cancel_url"], row["status"],
    )  # fmt: skip

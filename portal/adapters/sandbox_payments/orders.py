"""The sandbox provider's orders, in an SQLite file of its own that all processes share."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from portal.core.languages import Language
from portal.core.money import Money
from portal.core.ports import Order

PAGE_LIVES = 60 * 60
KINDS = ("refund", "refund_failed", "dispute", "dispute_won")

ORDERS = """
CREATE TABLE IF NOT EXISTS orders (
    reference TEXT PRIMARY KEY, payment_id TEXT NOT NULL UNIQUE, minor INTEGER NOT NULL, currency TEXT NOT NULL,
    description TEXT NOT NULL, language TEXT NOT NULL, return_url TEXT NOT NULL, cancel_url TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'open', created_at REAL NOT NULL
)
"""
REVERSALS = """
CREATE TABLE IF NOT EXISTS reversals (
    id INTEGER PRIMARY KEY, reference TEXT NOT NULL, kind TEXT NOT NULL, minor INTEGER NOT NULL, at REAL NOT NULL
)
"""
TOTALS = "SELECT kind, sum(minor) AS minor FROM reversals WHERE reference = ? GROUP BY kind"
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
    went_back: Mapping[str, int]  # minor units by kind: refund, refund_failed, dispute, dispute_won

    def most(self, kind: str) -> int:
        """How much more of that kind there can be."""
        taken = self.charge.minor if self.status == "approved" else 0
        refunded, failed, disputed, won = (self.went_back.get(kind, 0) for kind in KINDS)
        return {
            "refund": taken - (refunded - failed) - (disputed - won),
            "refund_failed": refunded - failed,
            "dispute": taken - (refunded - failed) - (disputed - won),
            "dispute_won": disputed - won,
        }[kind]

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
            return _order(file, file.execute("SELECT * FROM orders WHERE payment_id = ?", (order.payment_id,)).fetchone())

    def find(self, reference: str) -> SandboxOrder | None:
        """An hour old, its page is expired and takes no money."""
        with self._file() as file:
            file.execute("UPDATE orders SET status = 'expired' WHERE status = 'open' AND created_at < ?", (self.clock() - PAGE_LIVES,))
            row = file.execute("SELECT * FROM orders WHERE reference = ?", (reference,)).fetchone()
            return _order(file, row) if row else None

    def end(self, reference: str, status: str) -> bool:
        """Once: whoever comes second changes nothing."""
        with self._file() as file:
            return file.execute("UPDATE orders SET status = ? WHERE reference = ? AND status = 'open'", (status, reference)).rowcount == 1

    def reverse(self, reference: str, kind: str, minor: int | None) -> int | None:
        """All that is left, or so much of it. Returns its number; None where there is not so much."""
        with self._file() as file:
            file.execute("BEGIN IMMEDIATE")
            row = file.execute("SELECT * FROM orders WHERE reference = ?", (reference,)).fetchone()
            most = _order(file, row).most(kind) if row else 0
            asked = most if minor is None else minor
            if not 0 < asked <= most:
                return None
            values = (reference, kind, asked, self.clock())
            made = file.execute("INSERT INTO reversals (reference, kind, minor, at) VALUES (?, ?, ?, ?)", values)
            file.execute("COMMIT")
            return made.lastrowid

    def reversals(self, since: float) -> list[tuple[int, str]]:
        """Their numbers, each with the reference of its order."""
        with self._file() as file:
            rows = file.execute("SELECT id, reference FROM reversals WHERE at >= ? ORDER BY id", (since,)).fetchall()
        return [(row["id"], row["reference"]) for row in rows]

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(self.path, timeout=5, isolation_level=None)
        file.row_factory = sqlite3.Row
        try:
            file.execute(ORDERS)
            file.execute(REVERSALS)
            yield file
        finally:
            file.close()


def _order(file: sqlite3.Connection, row: sqlite3.Row) -> SandboxOrder:
    went_back = {total["kind"]: total["minor"] for total in file.execute(TOTALS, (row["reference"],))}
    return SandboxOrder(
        row["reference"], row["payment_id"], Money(row["minor"], row["currency"]), row["description"], Language(row["language"]),
        row["return_url"], row["cancel_url"], row["status"], went_back,
    )  # fmt: skip

"""F5: notices ten times over, in parallel, out of order: the end state equals the ordered run."""

import json
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
from sqlmodel import col, select

from portal.adapters.sandbox_payments import notices
from portal.app import open_database
from portal.core.keys import Keys
from portal.core.statements import Statement
from portal.core.tables import Journey, Ledger, Notice, Payment, Redemption
from portal.settings import SANDBOX_KEY
from tests.client import Browser
from tests.databases import quick_on_postgresql
from tests.processes.instances import RUTH, identified, instances, to_provider

KEYS = Keys.of((SANDBOX_KEY,))
# Of one payment, in the order of the events: the bank refused a card, the next one was taken, and a late word that it failed.
TOLD = (("1", "started", 0), ("2", "submitted", 0), ("3", "failed", 0), ("4", "success", 21826), ("5", "failed", 0), ("6", "cancelled", 0))
KEPT: dict[str, Any] = {
    "payments": select(Payment.state, Payment.charge, Payment.refund_due),
    "ledger": select(Ledger.kind, Ledger.invoice_number, Ledger.amount).order_by(col(Ledger.kind), col(Ledger.invoice_number)),
    # Given back and taken again leaves a row for each: how often is the order's affair, what is given is not.
    "given": select(Redemption.incentive_id, Redemption.amount)
    .where(col(Redemption.state) != "released")
    .order_by(col(Redemption.incentive_id)),
    "notices": select(Notice.id, Notice.state, Notice.set_aside).order_by(col(Notice.id)),
    "journeys": select(Journey.action, Journey.ended_at.is_(None)).where(col(Journey.action) == "pay-balance"),  # type: ignore[union-attr]
}


@quick_on_postgresql
def test_ten_times_over_in_parallel_and_out_of_order_ends_as_in_order(new_database, tmp_path):
    ordered, shuffled = new_database("demo"), new_database("demo")
    assert after(ordered, tmp_path / "ordered", TOLD, 1, 1) == after(shuffled, tmp_path / "shuffled", mixed(TOLD * 10), 2, 8)


def mixed(told: Sequence[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    return random.Random(5).sample(told, len(told))


def after(url: str, folder: Any, told: Sequence[tuple[str, str, int]], count: int, at_once: int) -> dict[str, list[Any]]:
    """What is kept once all of them were heard, by so many instances in turn."""
    folder.mkdir()
    with instances(url, folder, count) as running, Browser(running.url) as browser, ThreadPoolExecutor(at_once) as pool:
        identified(browser, RUTH)
        reference = to_provider(browser).rpartition("/")[2]
        db = open_database(url)
        with db.read() as reader:
            (payment,) = reader.all(Statement(select(Payment.id)))
        statuses = list(pool.map(lambda one: hook(running.url, payment.id, reference, *one), told))
        assert set(statuses) == {200}
        assert all(running.proxy.answered[instance, 200] for instance in running.proxy.instances)
        with db.read() as reader:
            kept = {name: [tuple(row) for row in reader.all(Statement(asked))] for name, asked in KEPT.items()}
        db.close()
        assert browser.open("/actions/pay-balance").heading == "You owe nothing"
    assert kept["payments"] == [("success", 21826, 0)]
    return kept


def hook(url: str, payment_id: str, reference: str, id: str, state: str, amount: int) -> int:
    body = json.dumps(
        {
            "type": "payment", "id": id, "payment_id": payment_id, "reference": reference, "state": state, "amount": amount,
            "currency": "ILS", "reason": "", "capture": reference if amount else "",
        }
    ).encode()  # fmt: skip
    headers = {notices.HEADER: notices.signed(KEYS, time.time(), body)}
    return httpx2.post(f"{url}/hooks/payments/sandbox", content=body, headers=headers, timeout=20).status_code

"""After the chaos: what the portal has in its books against what the vendors say they did."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx2
import psycopg

UNDER_WAY = """SELECT (SELECT count(*) FROM outbox WHERE state = 'waiting'),
    (SELECT count(*) FROM payment WHERE state IN ('created', 'started', 'submitted'))"""
CODES = "SELECT recipient, state, vendor_id, error FROM outbox WHERE kind = 'code'"
PAID = """SELECT p.id, p.customer_id, p.state, p.charge, p.refund_due,
    (SELECT coalesce(-sum(l.amount), 0) FROM ledger l WHERE l.payment_id = p.id AND l.kind = 'payment')
    FROM payment p"""
BALANCES = "SELECT customer_id, sum(amount) FROM ledger GROUP BY customer_id HAVING sum(amount) < 0"


def settle(database: str, portal: str, seconds: float = 90) -> list[str]:
    """Until nothing is under way. What no notice told is asked for after minutes, which the sandbox's clock takes at once."""
    until, moved = time.monotonic() + seconds, 0.0
    left = _under_way(database)
    while any(left) and time.monotonic() < until:
        if time.monotonic() - moved > 25:
            httpx2.post(f"{portal}/sandbox/clock", json={"advance_seconds": 3700 if moved else 400}, timeout=30)
            moved = time.monotonic()
        time.sleep(1)
        left = _under_way(database)
    return [f"after {seconds} s {left[0]} messages and {left[1]} payments are still under way"] if any(left) else []


def _under_way(database: str) -> tuple[int, int]:
    with psycopg.connect(database) as connection:
        row = connection.execute(UNDER_WAY).fetchone()
    assert row
    return int(row[0]), int(row[1])


def codes(database: str, asked: Sequence[str], taken: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every code request that was accepted was sent or expired, and the vendor has what we say we sent."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(CODES).fetchall()
    accepted, kept = Counter(asked), Counter(row[0] for row in rows)
    texted, known = Counter(one["To"] for one in taken), {one["sid"] for one in taken}
    for number, times in accepted.items():
        if kept[number] < times:
            yield f"…{number[-2:]}: {times} codes were accepted and {kept[number]} kept"
    for number, state, vendor_id, error in rows:
        if state not in ("sent", "expired"):
            yield f"…{number[-2:]}: a code is {state}: {error}"
        if state == "sent" and vendor_id not in known:
            yield f"…{number[-2:]}: sent as {vendor_id or 'nothing'}, which the vendor does not know"
    for number, times in Counter(row[0] for row in rows if row[1] == "sent").items():
        if texted[number] < times:
            yield f"…{number[-2:]}: {times} codes sent, {texted[number]} taken by the vendor"


def payments(database: str, taken: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Every payment that the provider took is credited once, and nothing else is."""
    with psycopg.connect(database) as connection:
        known = {row[0]: row[1:] for row in connection.execute(PAID).fetchall()}
        overpaid = connection.execute(BALANCES).fetchall()
    for id, one in taken.items():
        customer, state, charge, refund_due, credited = known.get(id, ("nobody", "unknown", 0, 0, 0))
        if (state, charge) != ("success", one["amount"]) or credited + refund_due != one["amount"] or one.get("times", 1) != 1:
            took = f"taken {one['amount']} {one.get('times', 1)} times"
            yield f"{id} of {customer}: {took}, {state}, credited {credited}, due back {refund_due}"
        elif refund_due:
            yield f"{id} of {customer}: paid twice, {refund_due} is due back"
    for id, (customer, state, _charge, _due, credited) in known.items():
        if id not in taken and (credited or state == "success"):
            yield f"{id} of {customer}: {state}, credited {credited}, and the provider took nothing"
    for customer, balance in overpaid:
        yield f"{customer}: the ledger ends at {balance}"

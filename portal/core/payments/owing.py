"""What is owed when a payment is opened and when it succeeds: by our own ledger, or as a billing system outside said.

Outside, a figure is as old as the answer. What the portal took since, and billing does not know of, is in our ledger: it is
taken off, so that nobody pays twice what two systems are still telling each other.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from portal.core import ledger
from portal.core.money import Money
from portal.core.payments.rows import Known, Seen
from portal.core.ports import Account, Bill, Billing
from portal.core.statements import Database, Reader, Row, Statement, constant, p
from portal.core.steps import Settlement
from portal.core.tables import Ledger, Payment
from portal.core.typed import folded

WAITING, TOLD = "waiting", "told"
# Written out, not as a parameter: SQLite takes the index of what is untold only for the very words it was made with.
is_untold = col(Payment.told) == constant(WAITING)

_columns: tuple[Any, ...] = (
    Ledger.payment_id, Ledger.invoice_number, Ledger.currency, func.sum(Ledger.amount).label("amount"),
)  # fmt: skip
UNTOLD = Statement(
    select(*_columns)
    .join(Payment, col(Payment.id) == col(Ledger.payment_id))
    .where(
        col(Payment.customer_id) == p("customer_id"), is_untold, col(Ledger.customer_id) == p("customer_id"), col(Ledger.id) <= p("upto")
    )
    .group_by(col(Ledger.payment_id), col(Ledger.invoice_number), col(Ledger.currency))
    .order_by(col(Ledger.payment_id), col(Ledger.invoice_number))
)


def untold(reader: Reader, customer_id: str) -> tuple[int, list[Row]]:
    """What billing outside has not acknowledged, up to which row of the ledger. To be read before billing is asked: it may hear of it
    meanwhile, and then says so; the other way round, it could be missed by both."""
    upto = ledger.last(reader, customer_id)
    return upto, reader.all(UNTOLD, customer_id=customer_id, upto=upto)


def less(account: Account, upto: int, rows: list[Row]) -> Account:
    """The account as the customer may see it. What names a bill that is not in it was typed while nobody could check: it waits."""
    numbers = {folded(bill.number): bill.number for bill in account.bills}
    known = [(numbers.get(key, ""), row) for row in rows if not (key := folded(row.invoice_number)) or key in numbers]
    bills = tuple(_less(bill, [row for number, row in known if number == bill.number]) for bill in account.bills)
    by_currency = {balance.currency: balance.minor for balance in account.balances}
    for _number, row in known:
        by_currency[row.currency] = by_currency.get(row.currency, 0) + int(row.amount)
    return Account(bills, tuple(Money(minor, currency) for currency, minor in sorted(by_currency.items())), upto)


def asked(db: Database, billing: Billing, customer_id: str, settlement: Settlement) -> Seen | None:
    """What is owed, for `open_payment`; outside any transaction, since it may ask somebody else. None: our own ledger knows.
    Raises BillsUnseen."""
    if not billing.remote:
        return None
    return _answered(billing.account(customer_id), settlement.owed.currency) if settlement.checked else _typed(db, customer_id, settlement)


def now_open(reader: Reader, customer_id: str, currency: str, seen: Seen | None) -> Mapping[str, int]:
    """What is open of each invoice in minor units, the oldest first; what belongs to none is under ''."""
    if seen is None:
        return ledger.open_amounts(reader, customer_id, currency)
    later = ledger.since(reader, customer_id, currency, seen.upto)
    return {number: minor + later.pop(number, 0) for number, minor in seen.open.items()} | later


def agreed(reader: Reader, customer_id: str, settlement: Settlement, seen: Seen | None, open_now: Mapping[str, int]) -> Seen | None:
    """What is kept of it with the payment: the invoices that it names, credits that may settle them, and the rest in one sum."""
    if seen is None:
        return None
    kept = {number: open_now.get(number, 0) for number in settlement.invoices}
    if settlement.checked:
        kept |= {number: minor for number, minor in open_now.items() if minor < 0 and number}
        kept |= {"": sum(open_now.values()) - sum(kept.values())}
    return Seen(kept, ledger.last(reader, customer_id))


def balance_after(reader: Reader, payment: Known) -> Money | None:
    """As the payment left it, as far as the portal knows; None where billing did not answer when the payment was opened."""
    seen, currency = payment.terms.seen, payment.charge.currency
    if seen is None:
        return ledger.after(reader, payment.customer_id, currency, payment.id)
    if not payment.settlement.checked:
        return None
    then = Money(sum(seen.open.values()), currency)
    return then + ledger.after(reader, payment.customer_id, currency, payment.id, seen.upto)


def _answered(account: Account, currency: str) -> Seen:
    bills = {bill.number: bill.open.minor for bill in reversed(account.bills) if bill.open.currency == currency}
    balance = next((one.minor for one in account.balances if one.currency == currency), 0)
    return Seen(bills | {"": balance - sum(bills.values())}, account.upto)


def _typed(db: Database, customer_id: str, settlement: Settlement) -> Seen:
    """The amount that was typed is all that is known; what was just paid on the same number is not paid again."""
    (number,) = settlement.invoices
    with db.read() as reader:
        upto, rows = untold(reader, customer_id)
    just_paid = sum(int(row.amount) for row in rows if folded(row.invoice_number) == folded(number))
    return Seen({number: settlement.owed.minor + just_paid}, upto)


def _less(bill: Bill, rows: list[Row]) -> Bill:
    paid = sum(int(row.amount) for row in rows if row.currency == bill.open.currency)
    return replace(bill, open=bill.open + Money(paid, bill.open.currency)) if paid else bill

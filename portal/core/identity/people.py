"""Customers by what they say of themselves."""

from sqlmodel import col, select

from portal.core.identity import limits
from portal.core.spans import DAY_MS
from portal.core.statements import Statement, Writer, now, p
from portal.core.tables import Customer

# A number that changed hands or was changed by somebody else is noticed within a week (promise 18).
SETTLED_MS = 7 * DAY_MS
SETTLED = (col(Customer.mobile_since) < now() - SETTLED_MS) & col(Customer.mobile_reassigned_at).is_(None)

BY_ID_NUMBER = Statement(
    select(Customer.customer_id).where(col(Customer.national_id) == p("number")).order_by(col(Customer.customer_id)).limit(1)
)


def by_id_number(tx: Writer, number: str, asked_as: str, address: str) -> str | None:
    """Whose ID number it is; nobody is told whether it is anybody's. Refused too often, of one that is nobody's as of another."""
    check = limits.spending(tx, (limits.id_numbers_by_address(), address), (limits.visits_by_id(), asked_as))
    found = tx.soon(BY_ID_NUMBER, number=number)
    check()
    rows = found()
    return str(rows[0].customer_id) if rows else None

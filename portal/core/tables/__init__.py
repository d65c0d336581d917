"""The rows. Instants are Unix milliseconds of the database's clock; days are ISO 8601 texts; money is in minor units.

Every row of a customer carries `customer_id`, and a key that begins with it where nothing is looked up before the
customer is known: the same schema can be distributed by it.
"""

from sqlmodel import Field, SQLModel

from portal.core.tables.columns import defaults_in_the_database, minor
from portal.core.tables.customers import Customer, Invoice, Ledger
from portal.core.tables.identity import Challenge, Guard, Link, Rate, Visit
from portal.core.tables.journeys import Callback, Chore, Event, Journey, Outbox
from portal.core.tables.money import Incentive, Notice, Payment, Redemption


class Clock(SQLModel, table=True):
    """One row: what a sandbox has added to the database's clock. Always 0 in live mode."""

    id: int = Field(default=1, primary_key=True)
    offset_ms: int = minor(0)


defaults_in_the_database()

__all__ = [
    "Callback",
    "Challenge",
    "Chore",
    "Clock",
    "Customer",
    "Event",
    "Guard",
    "Incentive",
    "Invoice",
    "Journey",
    "Ledger",
    "Link",
    "Notice",
    "Outbox",
    "Payment",
    "Rate",
    "Redemption",
    "Visit",
]

"""What became of messages, as their vendor tells it: in any order, and more than once."""

from sqlalchemy import case, func, update
from sqlmodel import col, select

from portal.core.events import Origin, note
from portal.core.outbox import COLUMNS, Job, job
from portal.core.statements import Reader, Statement, Writer, insert, now, p
from portal.core.tables import Customer, Notice, Outbox
from portal.core.telephony import Delivery, Told

_rank = case({one.value: one.rank for one in Delivery}, value=col(Outbox.delivery), else_=0)
_unfinished = col(Outbox.state) == "waiting"
# Whatever is told of a message, its vendor has it: where our own answer was lost, it is not sent again.
RECORD = Statement(
    update(Outbox)
    .where(col(Outbox.key) == p("key_"), _rank < p("rank_"))
    .values(
        delivery=p("delivery_"), delivery_reason=p("reason_"),
        vendor_id=case((col(Outbox.vendor_id) == "", p("vendor_id_")), else_=col(Outbox.vendor_id)),
        state=case((_unfinished, "sent"), else_=col(Outbox.state)),
        finished_at=func.coalesce(col(Outbox.finished_at), now()),
    )
    .returning(col(Outbox.kind), col(Outbox.channel), col(Outbox.customer_id))
)  # fmt: skip
OF_KEY = Statement(select(*COLUMNS).where(col(Outbox.key) == p("key")))
WRITTEN = Statement(insert(Notice).values(provider=p("provider"), id=p("id"), state=p("state"), received_at=now()).on_conflict_do_nothing())
WRITER = Statement(select(Customer.customer_id).where(col(Customer.mobile) == p("mobile")).order_by(col(Customer.customer_id)).limit(2))


def record(tx: Writer, key: str, told: Told) -> bool:
    """Whether it is news. A failure is an event; a success is not: counted, it would tell a customer's number from nobody's."""
    if told.delivery is None:
        return False
    row = tx.one(
        RECORD, key_=key, rank_=told.delivery.rank, delivery_=told.delivery.value, reason_=told.reason, vendor_id_=told.vendor_id
    )  # fmt: skip
    if row and told.delivery in (Delivery.UNDELIVERED, Delivery.FAILED):
        note(tx, Origin(row.channel), row.kind, told.delivery.value, reason=told.reason, customer_id=row.customer_id)
    return row is not None


def find(reader: Reader, key: str) -> Job | None:
    row = reader.one(OF_KEY, key=key)
    return job(row) if row else None


def written(tx: Writer, vendor: str, told: Told) -> None:
    """Somebody wrote to us, or asked to be written to no more: once, however often it is told."""
    if tx.run(WRITTEN, provider=vendor, id=told.vendor_id, state=told.wish or "received") != 1:
        return
    customers = tx.all(WRITER, mobile=told.sender)
    note(
        tx, Origin(told.channel), "message", told.wish or "received", customer_id=customers[0].customer_id if len(customers) == 1 else None
    )

"""What an import reads and writes, some hundred rows a statement."""

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import BigInteger, and_, func, null, or_, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col, select

from portal.core.statements import Row, Statement, Writer, insert, now, p
from portal.core.tables import Challenge, Customer, Invoice, Ledger, Link, Visit

T = TypeVar("T")

AT_ONCE = 100  # parameters are bound by position and padded: few sizes, few plans


class alone(FunctionElement[int]):
    """Until the transaction ends, no other import writes. SQLite has one writer anyway."""

    type = BigInteger()
    inherit_cache = True


@compiles(alone, "sqlite")
def _alone_sqlite(element: alone, compiler: SQLCompiler, **kw: object) -> str:
    return "1"


@compiles(alone, "postgresql")
def _alone_postgresql(element: alone, compiler: SQLCompiler, **kw: object) -> str:
    return "pg_advisory_xact_lock(7403266002)"


ALONE = Statement(select(alone().label("held")))

IDS = [f"id{i}" for i in range(AT_ONCE)]
NUMBERS = [f"number{i}" for i in range(AT_ONCE)]
CUSTOMERS = Statement(select(Customer).where(col(Customer.customer_id).in_([p(i) for i in IDS])))
SAME_NATIONAL_ID = Statement(select(Customer.customer_id, Customer.national_id).where(col(Customer.national_id).in_([p(i) for i in IDS])))
INVOICES = Statement(
    select(Invoice).where(
        or_(*(and_(col(Invoice.customer_id) == p(i), col(Invoice.number) == p(n)) for i, n in zip(IDS, NUMBERS, strict=True)))
    )
)
STILL_OPEN = Statement(
    select(func.coalesce(func.sum(Ledger.amount), 0).label("amount")).where(
        col(Ledger.customer_id) == p("customer_id"), col(Ledger.invoice_number) == p("invoice_number")
    )
)

SAID = ("name", "national_id", "mobile", "other_phone", "email", "address", "language")
ADD_CUSTOMER = Statement(
    insert(Customer).values(**{c: p(c) for c in ("customer_id", *SAID)}, mobile_since=0, created_at=now(), updated_at=now())
)
CHANGE_CUSTOMER = Statement(
    update(Customer).where(col(Customer.customer_id) == p("customer_id")).values(**{c: p(c) for c in SAID}, updated_at=now())
)
WRITTEN = ("kind", "issued", "due", "currency", "total", "said_open", "details")
ADD_INVOICE = Statement(insert(Invoice).values(**{c: p(c) for c in ("customer_id", "number", *WRITTEN)}, imported_at=now()))
CHANGE_INVOICE = Statement(
    update(Invoice)
    .where(col(Invoice.customer_id) == p("customer_id"), col(Invoice.number) == p("number"))
    .values(**{c: p(c) for c in WRITTEN}, imported_at=now())
)

# Whoever had the old telephone is out, on every device, and codes and links sent to it are dead. Visits last: somebody may be let in
# until codes and links are over.
MOBILE_CHANGED = (
    Statement(
        update(Customer).where(col(Customer.customer_id) == p("customer_id")).values(mobile_since=now(), mobile_reassigned_at=null())
    ),
    Statement(
        update(Challenge).where(col(Challenge.customer_id) == p("customer_id"), col(Challenge.used_at).is_(None)).values(used_at=now())
    ),
    Statement(update(Link).where(col(Link.customer_id) == p("customer_id"), col(Link.used_at).is_(None)).values(used_at=now())),
    Statement(
        update(Visit)
        .where(col(Visit.customer_id) == p("customer_id"), col(Visit.ended_at).is_(None))
        .values(ended_at=now(), ended_because="mobile changed")
    ),
)


def customers(tx: Writer, ids: Collection[str]) -> dict[str, Row]:
    return {row.customer_id: row for part in parts(sorted(ids)) for row in tx.all(CUSTOMERS, **dict(zip(IDS, part, strict=True)))}


def by_national_id(tx: Writer, ids: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parts(sorted(ids)):
        for row in tx.all(SAME_NATIONAL_ID, **dict(zip(IDS, part, strict=True))):
            found.setdefault(row.national_id, []).append(row.customer_id)
    return found


def invoices(tx: Writer, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    found: dict[tuple[str, str], Row] = {}
    for part in parts(sorted(keys)):
        values = dict(zip(IDS, (i for i, _number in part), strict=True)) | dict(zip(NUMBERS, (n for _id, n in part), strict=True))
        found |= {(row.customer_id, row.number): row for row in tx.all(INVOICES, **values)}
    return found


def still_open(tx: Writer, customer_id: str, number: str) -> int:
    row = tx.one(STILL_OPEN, customer_id=customer_id, invoice_number=number)
    return int(row.amount) if row else 0


def parts(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    """The last is padded with what is in it already."""
    for start in range(0, len(whole), AT_ONCE):
        part = list(whole[start : start + AT_ONCE])
        yield part + part[-1:] * (AT_ONCE - len(part))

"""A visit: one browser, from identifying to leaving. The cookie is 256 random bits; the database keeps their SHA-256.

Opaque and looked up each time, so that leaving and revoking hold on every process at once (promise 31); a new id at
each rise of level (29).
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, update
from sqlmodel import col, select

from portal.core.case import Person, Proof
from portal.core.events import Origin, note
from portal.core.identity.people import SETTLED
from portal.core.keys import fingerprint, token
from portal.core.languages import Language
from portal.core.spans import MINUTE_MS
from portal.core.statements import Database, Reader, Statement, Writer, insert, now, p
from portal.core.tables import Customer, Visit

IDLE_MS = {Proof.NOTHING: 10 * MINUTE_MS, Proof.ID: 10 * MINUTE_MS, Proof.CODE: 15 * MINUTE_MS}
LONGEST_MS = {Proof.NOTHING: 10 * MINUTE_MS, Proof.ID: 10 * MINUTE_MS, Proof.CODE: 60 * MINUTE_MS}
FRESH_MS = 10 * MINUTE_MS
# A visit is touched at most this often: a write a page would cost more than the page.
TOUCH_MS = 30_000


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is visiting. Below Proof.CODE `person` may be somebody who only typed that person's ID number: show nothing of it."""

    visit_id: str
    proof: Proof
    person: Person | None
    origin: Origin
    fresh: bool
    seconds_left: int
    can_stay: bool  # seen again, it ends later
    at: int  # the database's clock, when the visit was found
    code_at: int | None  # when a code was last proved
    asked_as: str = ""  # pseudonym of the ID number typed
    mobile_to_choose: str = ""  # proved, and shared: who of its customers it is, is still to be chosen

    @property
    def subject(self) -> str:
        """Who may go on with what this visitor begins: the customer, or this visit alone."""
        if self.proof is Proof.CODE and self.person:
            return f"customer:{self.person.customer_id}"
        return f"visit:{self.visit_id}"


COLUMNS: tuple[Any, ...] = (
    Visit.id, Visit.level, Visit.channel, Visit.source, Visit.seen_at, Visit.idle_ms, Visit.ends_at, Visit.code_at,
    Visit.mobile, Visit.asked_as, Visit.customer_id, Customer.name, col(Customer.mobile).label("mobile_on_file"), Customer.email,
    col(Customer.language).label("own_language"), now().label("at"),
)  # fmt: skip
OPEN = Statement(
    select(*COLUMNS)
    .select_from(Visit)
    .join(Customer, col(Customer.customer_id) == col(Visit.customer_id), isouter=True)
    .where(col(Visit.id) == p("id"), col(Visit.ended_at).is_(None))
)
BEGIN = Statement(
    insert(Visit).values(
        id=p("id"), customer_id=p("customer_id"), level=p("level"), mobile=p("mobile"), asked_as=p("asked_as"), language=p("language"),
        channel=p("channel"), source=p("source"), started_at=now(), seen_at=now(), idle_ms=p("idle"), ends_at=now() + p("longest"),
        code_at=func.coalesce(p("code_at"), p("coded") * now()),
    )
)  # fmt: skip
TOUCH = Statement(update(Visit).where(col(Visit.id) == p("id_"), col(Visit.ended_at).is_(None)).values(seen_at=now()))
END = Statement(
    update(Visit).where(col(Visit.id) == p("id_"), col(Visit.ended_at).is_(None)).values(ended_at=now(), ended_because=p("because_"))
)
SHARING = Statement(
    select(Customer.customer_id, Customer.name)
    .where(col(Customer.mobile) == p("mobile"), SETTLED)
    .order_by(col(Customer.customer_id))
    .limit(20)
)


def begin(
    tx: Writer, proof: Proof, customer_id: str | None, language: Language, origin: Origin,
    *, instead_of: str = "", mobile: str = "", asked_as: str = "",
    coded: bool = False, code_at: int | None = None,
) -> str:  # fmt: skip
    """A new visit; the cookie's value. Whatever visit the browser had is over."""
    cookie = token()
    if instead_of:
        tx.later(END, id_=instead_of, because_="risen")
    tx.later(
        BEGIN, id=fingerprint(cookie), customer_id=customer_id, level=int(proof), mobile=mobile, asked_as=asked_as,
        language=language.value, channel=origin.channel, source=origin.source, idle=IDLE_MS[proof], longest=LONGEST_MS[proof],
        coded=1 if coded else None, code_at=code_at,
    )  # fmt: skip
    note(tx, origin, "identified", proof.name.lower(), customer_id=customer_id, visit_id=fingerprint(cookie))
    return cookie


def find(db: Database, cookie: str, *, seen: bool = True) -> Visitor | None:
    """Whose cookie it is; None when the visit is over. Seen now, which puts off the idle end, unless the page asked by itself."""
    with db.read() as reader:
        row = reader.one(OPEN, id=fingerprint(cookie))
    if row is None or row.at >= min(row.seen_at + row.idle_ms, row.ends_at):
        return None
    if seen and row.at - row.seen_at > TOUCH_MS:
        with db.write() as tx:
            tx.later(TOUCH, id_=row.id)
    known = row.customer_id is not None and row.name is not None
    return Visitor(
        visit_id=row.id,
        proof=Proof(row.level),
        person=Person(row.customer_id, row.name, row.mobile_on_file, row.email, Language(row.own_language)) if known else None,
        origin=Origin(row.channel, row.source),
        fresh=row.code_at is not None and row.at - row.code_at <= FRESH_MS,
        seconds_left=(min((row.at if seen else row.seen_at) + row.idle_ms, row.ends_at) - row.at) // 1000,
        can_stay=row.at + row.idle_ms < row.ends_at,
        at=row.at,
        code_at=row.code_at,
        asked_as=row.asked_as,
        mobile_to_choose=row.mobile if row.customer_id is None else "",
    )


def sharing(reader: Reader, mobile: str) -> list[tuple[str, str]]:
    """The customers whom a code to that mobile may let in: number and name."""
    return [(row.customer_id, row.name) for row in reader.all(SHARING, mobile=mobile)]


def leave(tx: Writer, visitor: Visitor) -> None:
    tx.later(END, id_=visitor.visit_id, because_="left")
    customer_id = visitor.person.customer_id if visitor.person else None
    note(tx, visitor.origin, "left", "done", visit_id=visitor.visit_id, customer_id=customer_id)

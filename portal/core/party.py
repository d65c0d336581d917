"""Who goes through an action, however they came: a visitor of the web, a chat, or the customer of a stored journey."""

from dataclasses import dataclass, replace

from sqlmodel import col, select

from portal.core.case import Person, Proof
from portal.core.events import Origin
from portal.core.languages import Language
from portal.core.statements import Reader, Statement, now, p
from portal.core.tables import Customer


@dataclass(frozen=True, slots=True)
class Party:
    """`subject` is who may go on with what this party begins: the customer who proved it, else one visit; empty: nobody
    is identified, and nothing is kept between requests. Below Proof.CODE, show nothing of `person`."""

    subject: str
    person: Person | None
    proof: Proof
    fresh: bool
    language: Language
    origin: Origin
    at: int  # Unix milliseconds by the database's clock
    address: str = ""
    visit_id: str = ""
    asked_as: str = ""  # pseudonym of the ID number that was typed

    @property
    def customer_id(self) -> str | None:
        return self.person.customer_id if self.person else None


ONE = Statement(select(Customer, now().label("at")).where(col(Customer.customer_id) == p("customer_id")))
TIME = Statement(select(now().label("at")))


def nobody(reader: Reader, language: Language, origin: Origin, address: str) -> Party:
    return Party("", None, Proof.NOTHING, False, language, origin, time(reader), address)


def only(who: Party, journey_id: str) -> Party:
    """Of one journey, and of nothing else: whoever began it without being identified."""
    return replace(who, subject=f"nobody:{journey_id}")


def customer(reader: Reader, customer_id: str, proof: Proof, language: Language, origin: Origin, subject: str) -> Party:
    """As a stored journey knows them."""
    row = reader.one(ONE, customer_id=customer_id)
    person = Person(row.customer_id, row.name, row.mobile, row.email, Language(row.language)) if row else None
    return Party(subject, person, proof, False, language, origin, row.at if row else time(reader))


def time(reader: Reader) -> int:
    row = reader.one(TIME)
    assert row
    return int(row.at)

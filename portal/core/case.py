"""What an action knows when it decides: who asks, how well proved, and what it may ask of billing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

from portal.core.company import Company
from portal.core.languages import Language, Text
from portal.core.money import Money
from portal.core.ports import Billing
from portal.core.steps import Attachment, Step


class Proof(IntEnum):
    """What a customer has shown. An ID number identifies and proves nothing: it is semi-public."""

    NOTHING = 0
    ID = 1
    CODE = 2


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of the company, as an action may know them."""

    customer_id: str
    name: str
    mobile: str
    email: str
    language: Language


@dataclass(frozen=True, slots=True)
class Offer:
    """An incentive with what it gives this customer on this amount. `title` is in the company's own words."""

    incentive_id: str
    kind: str  # percent, amount, fee_waived
    title: Mapping[str, str]  # by language
    saving: Money


@dataclass(frozen=True, slots=True)
class Case:
    """`person` is None where nobody is identified, or the ID number is no customer's: show the same either way below Proof.CODE."""

    person: Person | None
    proof: Proof
    fresh: bool  # a code was proved in the last 10 minutes
    language: Language
    now: datetime  # where the company is
    company: Company
    billing: Billing
    offers: Callable[[Money], tuple[Offer, ...]]  # what paying that much now would give, best first
    receipts: Callable[[], tuple[Attachment, ...]]  # of what was paid here lately, the newest first
    request_number: Callable[[str, str, str], str]  # of a request to call that telephone about that topic then

    @property
    def today(self) -> date:
        return self.now.date()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the customer answered: the choice's value, and the fields as typed."""

    value: str
    fields: Mapping[str, str]

    def field(self, name: str) -> str:
        return self.fields.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class Paid:
    """How a payment ended, told to the function that the Pay step named."""

    payment_id: str
    state: str  # success, failed, cancelled, error
    owed: Money
    charge: Money
    saving: Money
    at: int  # unix milliseconds, when it ended
    reason: str = ""
    balance_after: Money | None = None
    waived: Money | None = None  # a fee that other ways charge
    checked: bool = True  # False: billing sees it later
    invoices: tuple[str, ...] = ()  # what it was to settle
    part: bool = False  # less than was open of them


@dataclass(frozen=True, slots=True)
class Action:
    """A quick action: a module of portal.actions, as the channels list it."""

    slug: str
    title: Text
    hint: Text
    icon: str
    proof: Proof
    phrases: Mapping[str, tuple[str, ...]]
    steps: Mapping[str, Callable[..., Step]]  # its functions by name, `start` among them
    guessed: frozenset[str] = frozenset()  # those that look up what somebody may only guess: they raise Guess

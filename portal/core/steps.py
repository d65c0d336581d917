"""What an action may say. A step is stored on its journey, so every channel shows the same one.

`Ask` waits for the customer, `Pay` for the payment provider; `Done` and `Handoff` end the journey.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.core.codec import Codec
from portal.core.keys import fingerprint
from portal.core.languages import Phone, Text, Value, Words
from portal.core.money import Money


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the customer came to know. `key` is its stable name: the web's data-testid."""

    label: Text
    value: Value | Text
    key: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    label: Text
    amount: Money


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What makes up an amount: drawn as a bar where there is a screen, as lines elsewhere."""

    title: Text
    parts: tuple[Part, ...]


class Paper(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document one tap away. `number` is an invoice's number, or a payment's id for a receipt."""

    paper: Paper
    number: str
    label: Text
    hint: Text | None = None
    main: bool = False  # the one the step is about; the others are earlier ones


Show = Fact | Breakdown | Attachment


@dataclass(frozen=True, slots=True)
class Choice:
    """One way on. `value` is what the reply says."""

    value: str
    label: Text
    hint: Text | None = None
    saving: Text | None = None


@dataclass(frozen=True, slots=True)
class Onward:
    """Another action that follows from this step: a journey of its own."""

    slug: str
    label: Text


class Input(StrEnum):
    TEXT = "text"
    AMOUNT = "amount"
    PHONE = "phone"
    SELECT = "select"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: Text
    kind: Input = Input.TEXT
    hint: Text | None = None
    value: str = ""
    options: tuple[Choice, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """A message to the customer's contact on file, or a document to it; sent after the step is stored."""

    kind: str  # a message of core.messages
    to: str  # "sms" or "email"
    about: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a reply was not taken. The step stays, with what was typed."""

    id: str
    text: Text
    field: str = ""
    typed: Mapping[str, str] | None = None
    status: int = 422  # as HTTP has it


@dataclass(frozen=True, slots=True)
class Ask:
    """Waits for a reply, which the action's function `next` takes. With `goal`, the customer has what they came for already."""

    title: Text
    next: str
    lead: Text | None = None
    shows: tuple[Show, ...] = ()
    fields: tuple[Field, ...] = ()
    choices: tuple[Choice, ...] = ()
    submit: Text | None = None  # the one button, where fields are asked and there is nothing to choose
    step_up: Text | None = None  # what proving more would give; the channel offers it in place
    refusal: Refusal | None = None
    goal: bool = False
    onward: Onward | None = None
    benefit: bool = True  # False: what paying here gives does not hold for what is asked here
    sends: tuple[Send, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one payment settles. `invoices` are numbers, oldest first; empty: the whole balance, or money kept as credit."""

    owed: Money  # taken off what is owed: charge + saving
    charge: Money  # what the provider takes
    saving: Money
    invoices: tuple[str, ...] = ()
    incentives: tuple[str, ...] = ()
    checked: bool = True  # billing said that it is owed; False: it was typed while billing could not be asked
    part: bool = False  # less than is open of `invoices`: the customer chose the amount
    keep: Money | None = None  # more than is owed: the customer was told of it, and chose to keep it as credit

    @property
    def mark(self) -> str:
        """The same of the same: what a page that asks for it sends along, so that nobody pays what another page showed."""
        return fingerprint(STEPS.dump(self))[:16]


@dataclass(frozen=True, slots=True)
class Pay:
    """Waits for the provider's verified notice, which the action's function `next` is told of."""

    title: Text
    settlement: Settlement
    next: str
    lines: tuple[Part, ...] = ()
    lead: Text | None = None
    back: str = ""  # the function that takes "change" as a reply
    refusal: Refusal | None = None
    sends: tuple[Send, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    title: Text
    lead: Text | None = None
    shows: tuple[Show, ...] = ()
    receipt: str = ""  # a payment's id: this is a receipt, and should look like one
    sends: tuple[Send, ...] = ()


@dataclass(frozen=True, slots=True)
class Handoff:
    """A person takes over, and does not start from zero: it becomes a request that the desk shows."""

    title: Text
    topic: str
    phone: str
    when: str
    reference: str  # what the customer can say to a person
    lead: Text | None = None
    shows: tuple[Show, ...] = ()
    sends: tuple[Send, ...] = ()


Step = Ask | Pay | Done | Handoff

STEPS = Codec(
    Ask, Pay, Done, Handoff, Fact, Part, Breakdown, Attachment, Paper, Choice, Onward, Field, Input, Send, Refusal, Settlement, Text, Phone,
    Words, Money,
)  # fmt: skip

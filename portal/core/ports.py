"""What the core needs of the outside. Each has a real implementation and one for the sandbox, in portal.adapters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from portal.core.documents import Document, Kind, Receipt
from portal.core.languages import Language
from portal.core.money import Money


@dataclass(frozen=True, slots=True)
class Bill:
    """One document of an account, by its totals. `open` is what is still to be paid of it; negative: to the customer's credit."""

    number: str
    kind: Kind
    issued: date
    due: date | None
    total: Money
    open: Money


@dataclass(frozen=True, slots=True)
class Account:
    """What a customer has with the company: the newest documents first, and the balance in each currency it owes or is owed in."""

    bills: tuple[Bill, ...]
    balances: tuple[Money, ...]

    @property
    def latest(self) -> Bill | None:
        return self.bills[0] if self.bills else None

    @property
    def open_bills(self) -> tuple[Bill, ...]:
        """Invoices with something to pay, the oldest first."""
        return tuple(bill for bill in reversed(self.bills) if bill.kind is Kind.INVOICE and bill.open.minor > 0)


class Billing(Protocol):
    """Where invoices and balances are. May raise Unavailable."""

    def account(self, customer_id: str) -> Account: ...

    def document(self, customer_id: str, number: str) -> Document | None:
        """The whole document; None where this customer has none by that number."""
        ...


@dataclass(frozen=True, slots=True)
class Attached:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """`key` is the same for each try of the same message. An SMS has no subject."""

    key: str
    channel: str  # sms, voice or email
    to: str  # E.164, or an address
    body: str
    subject: str = ""
    attached: tuple[Attached, ...] = ()
    good_for: int = 0  # seconds that a vendor may keep it waiting; 0: as long as it likes


class Messages(Protocol):
    def send(self, message: Message) -> str:
        """The vendor's id. Raises TryAgain or Permanent."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What the provider is to take. `payment_id` is the idempotency key: the same order twice is one page."""

    payment_id: str
    charge: Money
    description: str
    language: Language
    return_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class PaymentPage:
    reference: str  # the provider's own
    url: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What the provider says of a payment. `state` is one of payments.State; `taken` what it took."""

    notice_id: str
    payment_id: str
    reference: str
    state: str
    taken: Money
    reason: str = ""


class Payments(Protocol):
    """A card payment provider with a page of its own: card data never touches the portal."""

    name: str
    form_action: str  # origin of its page, for the Content-Security-Policy

    def begin(self, order: Order) -> PaymentPage:
        """Raises TryAgain (nothing was started, or the same key will find it) or Permanent."""
        ...

    def ask(self, reference: str) -> Heard:
        """What became of it: for notices that never came. Raises TryAgain."""
        ...

    def expire(self, reference: str) -> None:
        """Close its page, if it is still open. Raises TryAgain."""
        ...

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard | None:
        """Verify, then parse. None: not about a payment. Raises BadNotice."""
        ...


class Papers(Protocol):
    """Documents as PDF."""

    def document(self, document: Document, language: Language, *, open: Money | None = None) -> bytes: ...

    def receipt(self, receipt: Receipt, language: Language) -> bytes: ...

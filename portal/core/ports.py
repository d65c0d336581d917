"""What the core needs of the outside. Each has a real implementation and one for the sandbox, in portal.adapters."""

from collections.abc import Mapping, Sequence
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
    upto: int = 0  # the last row of our ledger that these figures know of, where billing is outside

    @property
    def latest(self) -> Bill | None:
        return self.bills[0] if self.bills else None

    @property
    def open_bills(self) -> tuple[Bill, ...]:
        """Invoices with something to pay, the oldest first."""
        return tuple(bill for bill in reversed(self.bills) if bill.kind is Kind.INVOICE and bill.open.minor > 0)


@dataclass(frozen=True, slots=True)
class Taken:
    """Money that the portal took: `paid` and `saving` are taken off what is owed. `customer_id` is empty where nobody was identified;
    `checked`: billing had said that it is owed, otherwise the payer typed the number of a bill."""

    payment_id: str
    customer_id: str
    paid: Money
    saving: Money
    kept: Money  # of it, more than was owed, which the customer chose to keep as credit
    invoices: tuple[str, ...]  # oldest first; none: the balance
    taken_at: int  # Unix milliseconds
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """What billing made of it. `give_back` found nothing that is still owed."""

    credited: Money
    saving: Money
    give_back: Money


class Billing(Protocol):
    """Where invoices and balances are. `remote`: in somebody else's system, so that to ask takes a while; may raise BillsUnseen."""

    remote: bool

    def account(self, customer_id: str) -> Account:
        """Nobody's is empty, and takes as long."""
        ...

    def document(self, customer_id: str, number: str) -> Document | None:
        """The whole document; None where this customer has none by that number."""
        ...

    def record(self, taken: Taken) -> Recorded:
        """Once a payment id, however often it is said. Raises BillsUnseen, Permanent."""
        ...

    def check(self) -> str:
        """Who answers, for `portal check`. Raises BillsUnseen."""
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
    opened_at: int = 0  # Unix ms, the same at each try; the page lives from then


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
    capture: str = ""  # the provider's id of the money taken
    doubt: str = ""  # why it is to be set aside, though it is the provider's


@dataclass(frozen=True, slots=True)
class Reversal:
    """The provider says that of this money something was given back, or taken back by the customer's bank: how much, it is asked."""

    notice_id: str
    capture: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of money that was taken: totals since the beginning, each of which only grows: any order of notices ends alike."""

    payment_id: str
    capture: str
    refunded: Money  # given back by the company
    refund_failed: Money  # of that, what the customer's bank did not take
    disputed: Money  # taken back by the customer's bank
    dispute_won: Money  # of that, what the company got again


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

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard | Reversal | None:
        """Verify, then parse. None: not about a payment of ours. Raises BadNotice."""
        ...

    def returned(self, capture: str) -> Returned | None:
        """What of that money went back. None: it is for no payment of ours. Raises TryAgain."""
        ...

    def reversals(self, since: int) -> Sequence[Reversal]:
        """What went back since then (Unix ms), by the notices that told it, or should have. Raises TryAgain."""
        ...

    def check(self) -> str:
        """Who answers, for `portal check`. Raises VendorError, with what is wrong."""
        ...


class Papers(Protocol):
    """Documents as PDF."""

    def document(self, document: Document, language: Language, *, open: Money | None = None) -> bytes: ...

    def receipt(self, receipt: Receipt, language: Language) -> bytes: ...

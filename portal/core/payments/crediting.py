"""What a payment does to the ledger. Rows only; who calls it has moved the payment to success in the same transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portal.core.incentives import Redeemed
from portal.core.ledger import Entry
from portal.core.money import Money
from portal.core.payments.rows import Terms


@dataclass(frozen=True, slots=True)
class Credit:
    """`money` and `saving` are taken off what is owed; `refund` came for nothing that is still owed."""

    money: Money
    saving: Money
    refund: Money


def due(open_amounts: Mapping[str, int], invoices: Sequence[str]) -> int:
    """Minor units owed for these invoices; for none in particular, the balance."""
    if invoices:
        return sum(max(0, open_amounts.get(number, 0)) for number in invoices)
    return max(0, sum(open_amounts.values()))


def credit(open_amounts: Mapping[str, int], terms: Terms, redeemed: Sequence[Redeemed]) -> Credit:
    """As far as it is owed, or was to be kept. Money that finds nothing to settle but a saving is wholly given back."""
    charge, currency = terms.settlement.charge.minor, terms.settlement.charge.currency
    saving = sum(r.amount.minor for r in redeemed if not r.is_fee)
    wanted = due(open_amounts, terms.settlement.invoices) + terms.kept.minor
    refund = min(charge, max(0, charge + saving - wanted))
    if refund == charge:
        saving = 0
    return Credit(Money(charge - refund, currency), Money(saving, currency), Money(refund, currency))


def entries(open_amounts: Mapping[str, int], terms: Terms, given: Credit, redeemed: Sequence[Redeemed]) -> Iterator[Entry]:
    """Settles the oldest first; then what the customer had to their credit settles the rest of the same invoices."""
    account = _Account(open_amounts, terms.settlement.invoices, terms.kept.currency)
    for one in redeemed:
        if not one.is_fee:
            yield from account.settle("saving", one.amount.minor, one.incentive_id)
    yield from account.settle("payment", given.money.minor)
    yield from account.use_credits()
    for one in redeemed:
        if one.is_fee:
            yield Entry("fee", one.amount)
            yield Entry("waiver", -one.amount, incentive_id=one.incentive_id)


class _Account:
    """What is still open of each invoice while a payment is spread over them."""

    def __init__(self, open_amounts: Mapping[str, int], invoices: Sequence[str], currency: str) -> None:
        self.open = dict(open_amounts)
        self.currency = currency
        self.settled = [number for number in open_amounts if not invoices or number in invoices]

    def settle(self, kind: str, amount: int, incentive_id: str = "") -> Iterator[Entry]:
        for number in self.settled:
            part = min(amount, max(0, self.open[number]))
            if part:
                yield self._entry(kind, -part, number, incentive_id)
                amount -= part
        if amount:
            yield self._entry(kind, -amount, "", incentive_id)

    def use_credits(self) -> Iterator[Entry]:
        for credited in [number for number, amount in self.open.items() if amount < 0]:
            for number in self.settled:
                part = min(-self.open[credited], max(0, self.open[number]))
                if part:
                    yield self._entry("credit", part, credited)
                    yield self._entry("credit", -part, number)

    def _entry(self, kind: str, amount: int, number: str, incentive_id: str = "") -> Entry:
        self.open[number] = self.open.get(number, 0) + amount
        return Entry(kind, Money(amount, self.currency), number, incentive_id=incentive_id)

"""Money is an integer number of minor units with its ISO 4217 currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_currency_precision


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`minor` units (agorot, cents, fils) of `currency` (ISO 4217)."""

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> "Money":
        """The amount in whole minor units; halves round away from zero, as invoices do."""
        return cls(int(amount.scaleb(digits(currency)).quantize(Decimal(1), ROUND_HALF_UP)), currency)

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-digits(self.currency))

    def share(self, percent: Decimal) -> "Money":
        """That percent of it, in whole minor units; halves round away from zero."""
        return Money(int((self.minor * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)), self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} does not add to {self.currency}")
        return other.minor


def digits(currency: str) -> int:
    """Decimal places of the currency: 2 for ILS, 0 for JPY, 3 for JOD (ISO 4217 by CLDR)."""
    return int(get_currency_precision(currency))

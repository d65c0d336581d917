"""Amounts as Stripe counts them, by its own table of currencies (docs.stripe.com/currencies), which is not ISO's."""

from decimal import Decimal

from portal.core.errors import Permanent
from portal.core.money import Money, digits

WHOLE = frozenset({"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"})
# The last digit of these must be 0: card networks count them in hundredths.
THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# All others are counted in hundredths: ISK and UGX too, of which there are no hundredths, and the dinars of which ISO has none.


def theirs(money: Money) -> int:
    """Raises Permanent where Stripe cannot take just this amount; another is never taken instead."""
    scaled = money.decimal.scaleb(_digits(money.currency))
    if scaled != int(scaled) or (money.currency in THOUSANDTHS and int(scaled) % 10):
        raise Permanent(f"Stripe takes no {money.decimal} {money.currency}")
    return int(scaled)


def ours(amount: int, currency: str) -> Money:
    """Raises ValueError where we have no such amount, as a half of a króna."""
    known = currency.upper()
    scaled = Decimal(amount).scaleb(digits(known) - _digits(known))
    if scaled != int(scaled):
        raise ValueError(f"{amount} is no amount of {known}")
    return Money(int(scaled), known)


def _digits(currency: str) -> int:
    return 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2

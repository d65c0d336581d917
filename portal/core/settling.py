"""What a customer may pay of what they owe: the settlement, and the lines that explain it."""

from dataclasses import dataclass

from portal.core import incentives, typed
from portal.core.case import Case, Paid
from portal.core.errors import Refused
from portal.core.languages import Text, _, verbatim
from portal.core.money import Money, digits
from portal.core.ports import Account, Bill
from portal.core.steps import Part, Refusal, Settlement

# More lines than this are not read on a telephone: then it is one line, the balance.
LINES = 4
# Units of the currency: of more, a slip of the finger is likelier than a payment.
MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Sum:
    """`lines` add up to what is charged."""

    settlement: Settlement
    lines: tuple[Part, ...]


def owed(account: Account) -> list[Money]:
    """In each currency in which anything is."""
    return [balance for balance in account.balances if balance.minor > 0]


def owed_in(account: Account, currency: str) -> Money | None:
    return next((one for one in owed(account) if one.currency == currency), None)


def open_bills(account: Account, currency: str = "") -> list[Bill]:
    """Invoices to pay, the oldest first; none where a credit covers them all."""
    return [bill for bill in account.open_bills if owed_in(account, bill.open.currency) and currency in ("", bill.open.currency)]


def everything(case: Case, account: Account, owed: Money) -> Sum:
    numbers, bills = _numbers(account, owed), open_bills(account, owed.currency)
    if not numbers or len(bills) > LINES:
        return _with_offers(case, owed, (Part(_("Balance"), owed),), numbers)
    lines = tuple(Part(_("Invoice {number}", number=bill.number), bill.open) for bill in bills)
    return _with_offers(case, owed, _less_credit(lines, owed), numbers)


def one_bill(case: Case, account: Account, bill: Bill) -> Sum:
    """All that is open of it, less what the customer has to their credit."""
    balance = owed_in(account, bill.open.currency)
    to_pay = min(bill.open, balance) if balance else bill.open
    return _with_offers(case, to_pay, _less_credit((Part(_("Invoice {number}", number=bill.number), bill.open),), to_pay), (bill.number,))


def as_printed(bill: Bill) -> Sum:
    """By somebody who knows the bill and has proved nothing: without what would tell them more."""
    return Sum(_plain(bill.open, (bill.number,)), (Part(_("Invoice {number}", number=bill.number), bill.open),))


def part(account: Account, owed: Money, paying: Money) -> Sum:
    return Sum(_plain(paying, _numbers(account, owed)), (Part(_("Part of {amount}", amount=owed), paying),))


def and_credit(owed: Money, paying: Money) -> Sum:
    """More than is owed: naming no invoice, the rest is kept."""
    return Sum(_plain(paying, ()), (Part(_("Balance"), owed), Part(_("To keep as credit"), paying - owed)))


def amount(text: str, owed: Money) -> Money:
    """What was typed, in the currency of what is owed; it may be more."""
    said = typed.amount(text)
    if said == 0:
        raise Refused("amount_zero", _("Type an amount above 0."), "amount")
    if said > most(owed).decimal:
        raise Refused("amount_large", _("One payment can be at most {most}.", most=most(owed)), "amount")
    paying = Money.of(said, owed.currency)
    if paying.decimal != said:
        raise Refused("amount_form", _("Type an amount in digits, like 120 or 99.90."), "amount")
    return paying


def most(owed: Money) -> Money:
    return max(owed, Money(MOST * 10 ** digits(owed.currency), owed.currency))


def why_not(paid: Paid) -> Refusal:
    """Why a payment came to nothing, for whoever sees it again."""
    return Refusal(f"payment_{paid.state}", _why_not(paid))


def _why_not(paid: Paid) -> Text:
    match paid.state:
        case "failed":
            return _("The payment was declined. No money was taken. Try again, or use another card.")
        case "cancelled" if paid.reason == "expired":
            return _("The payment page was open too long and was closed. No money was taken. You can pay again.")
        case "cancelled":
            return _("You left the payment page. No money was taken. You can pay again.")
        case _:
            return _("The payment did not go through. No money was taken. Try again.")


def _numbers(account: Account, owed: Money) -> tuple[str, ...]:
    """What is owed for no invoice in particular is settled by naming none."""
    bills = open_bills(account, owed.currency)
    return tuple(bill.number for bill in bills) if sum(bill.open.minor for bill in bills) >= owed.minor else ()


def _less_credit(lines: tuple[Part, ...], owed: Money) -> tuple[Part, ...]:
    more = sum(line.amount.minor for line in lines) - owed.minor
    return (*lines, Part(_("Credit on your account"), Money(-more, owed.currency))) if more else lines


def _with_offers(case: Case, owed: Money, lines: tuple[Part, ...], numbers: tuple[str, ...]) -> Sum:
    """One discount, the best, and each fee that paying with a person would have cost."""
    discount, fees = incentives.best(case.offers(owed))
    # No provider takes a payment of nothing.
    saving = Money(min(discount.saving.minor, owed.minor - 1) if discount else 0, owed.currency)
    taken = [discount] if discount and saving else []
    off = [Part(verbatim(one.title.get(case.language.value) or one.title.get("he", "")), -saving) for one in taken]
    waived = [line for fee in fees for line in (Part(_("Service fee"), fee.saving), Part(_("Waived online"), -fee.saving))]
    used = tuple(one.incentive_id for one in (*taken, *fees))
    return Sum(Settlement(owed, owed - saving, saving, numbers, used), (*lines, *off, *waived))


def _plain(owed: Money, numbers: tuple[str, ...]) -> Settlement:
    return Settlement(owed, owed, Money(0, owed.currency), numbers)

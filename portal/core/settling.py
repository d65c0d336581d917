"""What a customer may pay of what they owe: the settlement, and the lines that explain it."""

from dataclasses import dataclass, replace

from portal.core import incentives, typed
from portal.core.case import Case, Offer, Paid, Proof
from portal.core.errors import Refused
from portal.core.languages import Text, Words, _, moment, verbatim
from portal.core.money import Money, digits
from portal.core.ports import Account, Bill
from portal.core.steps import Done, Fact, Part, Refusal, Send, Settlement

# More lines than this are not read on a telephone: then it is one line, the balance.
LINES = 4
# Units of the currency: of more, a slip of the finger is likelier than a payment.
MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Sum:
    """`lines` add up to what is charged."""

    title: Text
    settlement: Settlement
    lines: tuple[Part, ...]
    lead: Text | None = None

    @property
    def saved(self) -> Text | None:
        saving = self.settlement.saving
        return _("You save {amount} today", amount=saving) if saving else None


def owed(account: Account) -> list[Money]:
    """In each currency in which anything is."""
    return [balance for balance in account.balances if balance.minor > 0]


def owed_in(account: Account, currency: str) -> Money | None:
    return next((one for one in owed(account) if one.currency == currency), None)


def open_bills(account: Account, currency: str = "") -> list[Bill]:
    """Invoices to pay, the oldest first; none where a credit covers them all."""
    return [bill for bill in account.open_bills if owed_in(account, bill.open.currency) and currency in ("", bill.open.currency)]


def less_credit(account: Account, bill: Bill) -> Bill:
    """With what is still to pay of it: no more than the balance, where the customer has something to their credit."""
    if bill.open.minor <= 0:
        return bill
    return replace(bill, open=min(bill.open, owed_in(account, bill.open.currency) or Money(0, bill.open.currency)))


def everything(case: Case, account: Account, owed: Money) -> Sum:
    title, numbers, bills = _("Pay your balance"), _numbers(account, owed), open_bills(account, owed.currency)
    if not numbers or len(bills) > LINES:
        return _with_offers(case, title, owed, (Part(_("Balance"), owed),), numbers)
    lines = tuple(Part(_("Invoice {number}", number=bill.number), bill.open) for bill in bills)
    return _with_offers(case, title, owed, _less_credit(lines, owed), numbers)


def one_bill(case: Case, account: Account, bill: Bill) -> Sum:
    """All that is open of it, less what the customer has to their credit."""
    balance = owed_in(account, bill.open.currency)
    to_pay = min(bill.open, balance) if balance else bill.open
    lines = _less_credit((Part(_("Invoice {number}", number=bill.number), bill.open),), to_pay)
    return _with_offers(case, _("Pay invoice {number}", number=bill.number), to_pay, lines, (bill.number,))


def as_printed(bill: Bill) -> Sum:
    """By somebody who knows the bill and has proved nothing: without what would tell them more."""
    return _of_one(bill.number, _plain(bill.open, (bill.number,)))


def unchecked(number: str, paying: Money) -> Sum:
    """As it was typed, while billing cannot be asked."""
    lead = _(
        "We cannot see your bills right now, so nobody has checked this number, or that {amount} is still to pay. Compare both with "
        "your bill. What turns out not to be owed is given back to you.",
        amount=paying,
    )
    return replace(_of_one(number, replace(_plain(paying, (number,)), checked=False)), lead=lead)


def part(case: Case, account: Account, owed: Money, paying: Money) -> Sum:
    """Without the discount, which is for settling all of it; with what paying here costs less than with a person."""
    settlement = replace(_plain(paying, _numbers(account, owed)), part=True)
    lines = (Part(_("Part of {amount}", amount=owed), paying),)
    return _with_fees(Sum(_("Pay part of your balance"), settlement, lines), incentives.best(case.offers(paying))[1])


def and_credit(case: Case, owed: Money, paying: Money) -> Sum:
    """More than is owed: naming no invoice, the rest is kept. What settles all of it has its offers."""
    keep = paying - owed
    settled = _with_offers(
        case, _("Pay, and keep the rest as credit"), owed, (Part(_("Balance"), owed), Part(_("To keep as credit"), keep)), ()
    )
    was = settled.settlement
    return replace(settled, settlement=replace(was, owed=paying, charge=was.charge + keep, keep=keep))


def once_more(case: Case, account: Account, paid: Paid) -> Sum | None:
    """What was to be paid and came to nothing; None where that was the whole balance, or is not owed any more."""
    numbers = [typed.folded(number) for number in paid.invoices]
    one = next((bill for bill in account.open_bills if [typed.folded(bill.number)] == numbers and bill.open == paid.owed), None)
    if case.proof < Proof.CODE:
        return as_printed(one) if one else None
    owed = owed_in(account, paid.owed.currency)
    if owed is None or paid.owed == owed:
        return None
    if one:
        return one_bill(case, account, one)
    return part(case, account, owed, paid.owed) if paid.owed < owed else and_credit(case, owed, paid.owed)


def amount(text: str, owed: Money) -> Money:
    """What was typed, in the currency of what is owed; it may be more."""
    said = typed.amount(text)
    if said == 0:
        raise Refused("amount_zero", _("Type an amount above 0. No money was taken."), "amount")
    if said > most(owed).decimal:
        raise Refused("amount_large", _("One payment can be at most {most}. No money was taken.", most=most(owed)), "amount")
    paying = Money.of(said, owed.currency)
    if paying.decimal != said:
        raise Refused("amount_form", _("Type an amount in digits, like 120 or 99.90. No money was taken."), "amount")
    return paying


def least(currency: str) -> Money:
    """No provider takes a payment of nothing, nor of pennies (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts)."""
    return Money(max(2 * 10 ** digits(currency), 50), currency)


def most(owed: Money) -> Money:
    return max(owed, Money(MOST * 10 ** digits(owed.currency), owed.currency))


def receipt_number(payment_id: str) -> str:
    """Short enough to be read out, and long enough to be one payment's."""
    short = payment_id[:12].upper()
    return "-".join((short[:4], short[4:8], short[8:]))


def what_for(invoices: tuple[str, ...], *, checked: bool, part: bool) -> Text:
    """What a receipt says was paid."""
    if not checked:
        return _("Invoice {number}, as you typed it", number=invoices[0])
    if not 0 < len(invoices) <= LINES:
        return _("On account of the balance") if part else _("Balance")
    if len(invoices) > 1:
        numbers = ", ".join(invoices)
        return _("On account of invoices {numbers}", numbers=numbers) if part else _("Invoices {numbers}", numbers=numbers)
    return _("On account of invoice {number}", number=invoices[0]) if part else _("Invoice {number}", number=invoices[0])


def thanks(case: Case, paid: Paid) -> Done:
    """What was paid, saved and is still to pay, and on which day, though it may be told on another."""
    personal, on = case.proof is Proof.CODE, moment(paid.at, case.company.zone).date()
    facts = [
        Fact(_("You paid"), paid.charge, "paid", strong=True),
        Fact(_("What was paid"), what_for(paid.invoices, checked=paid.checked, part=paid.part), "what"),
    ]
    if paid.saving:
        facts.append(Fact(_("You saved"), paid.saving, "saving"))
    if paid.waived:
        facts.append(Fact(_("Service fee you did not pay"), paid.waived, "waived"))
    if personal and paid.balance_after is not None:
        owes = paid.balance_after.minor >= 0
        facts.append(
            Fact(_("Still to pay") if owes else _("To your credit"), paid.balance_after if owes else -paid.balance_after, "balance")
        )
    return Done(
        _("Paid. Thank you."),
        lead=_what_else(paid),
        shows=(*facts, Fact(_("Date"), on, "date"), Fact(_("Receipt number"), receipt_number(paid.payment_id), "reference")),
        receipt=paid.payment_id,
        sends=(Send("receipt", "sms", {"payment": paid.payment_id}),) if personal else (),
    )


def _what_else(paid: Paid) -> Text | None:
    if back := paid.charge + paid.saving - paid.owed:
        return _("This had been paid already: {amount} will be given back to you.", amount=back)
    return None if paid.checked else _("It will be seen on your account once the billing system is back.")


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


def _of_one(number: str, settlement: Settlement) -> Sum:
    return Sum(_("Pay invoice {number}", number=number), settlement, (Part(_("Invoice {number}", number=number), settlement.owed),))


def _with_offers(case: Case, title: Text, owed: Money, lines: tuple[Part, ...], numbers: tuple[str, ...]) -> Sum:
    """One discount, the best, and each fee that paying with a person would have cost."""
    discount, fees = incentives.best(case.offers(owed))
    saving = Money(max(0, min(discount.saving.minor, owed.minor - least(owed.currency).minor)) if discount else 0, owed.currency)
    taken = [discount] if discount and saving else []
    off = [Part(verbatim(Words(one.title)), -saving) for one in taken]
    settlement = Settlement(owed, owed - saving, saving, numbers, tuple(one.incentive_id for one in taken))
    return _with_fees(Sum(title, settlement, (*lines, *off)), fees)


def _with_fees(to_pay: Sum, fees: tuple[Offer, ...]) -> Sum:
    """Waived: a person would have charged them for it."""
    waived = [line for fee in fees for line in (Part(_("Service fee"), fee.saving), Part(_("Waived online"), -fee.saving))]
    used = (*to_pay.settlement.incentives, *(fee.incentive_id for fee in fees))
    return replace(to_pay, settlement=replace(to_pay.settlement, incentives=used), lines=(*to_pay.lines, *waived))


def _plain(owed: Money, numbers: tuple[str, ...]) -> Settlement:
    return Settlement(owed, owed, Money(0, owed.currency), numbers)

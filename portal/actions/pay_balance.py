"""Pay what is owed: all of it in one tap, or one invoice, or another amount; what is too much may stay as credit."""

import re
from collections.abc import Mapping
from dataclasses import replace

from portal.core import settling, typed
from portal.core.case import Case, Paid, Proof, Reply
from portal.core.errors import BillsUnseen, Guess, ProofNeeded, Refused
from portal.core.languages import Text, _
from portal.core.money import Money
from portal.core.ports import Account, Bill
from portal.core.settling import Sum, owed_in
from portal.core.steps import Ask, Attachment, Choice, Done, Fact, Field, Input, Paper, Pay, Show, Step

SLUG = "pay-balance"
TITLE = _("Pay my balance")
HINT = _("All of it, one invoice, or another amount")
ICON = "pay"
RANK = 2
PROOF = Proof.ID
PHRASES: Mapping[str, tuple[str, ...]] = {
    "he": ("תשלום", "לשלם", "לשלם חשבון", "תשלום יתרה", "כמה אני חייב"),
    "ar": ("دفع", "أدفع الفاتورة", "تسديد الرصيد", "كم عليّ"),
    "en": ("pay", "pay my bill", "pay the balance", "what do I owe"),
    "ru": ("оплатить", "оплата", "оплатить счёт", "сколько я должен"),
}
GUESSED = ("bill",)
NUMBER_AND_AMOUNT = (Field("number", _("Number of the bill")), Field("amount", _("Amount to pay"), Input.AMOUNT))


def start(case: Case) -> Step:
    if case.proof < Proof.CODE or case.person is None:
        return _by_number_and_amount(case)
    try:
        account = _account(case)
    except BillsUnseen:
        return _unseen()
    match settling.owed(account):
        case []:
            return _nothing_owed(case, account)
        case [owed]:
            return _pay(settling.everything(case, account, owed))
        case _:
            return _choices(case, account)


def choose(case: Case, reply: Reply) -> Step:
    """Something else than the Pay step before it."""
    if case.proof < Proof.CODE:
        return _by_number_and_amount(case)
    try:
        return _choices(case, _account(case))
    except BillsUnseen:
        return _unseen()


def chosen(case: Case, reply: Reply) -> Step:
    account = _account(case)
    what, _sep, which = reply.value.partition(":")
    if what == "all" and (owed := owed_in(account, which)):
        return _pay(settling.everything(case, account, owed))
    if what == "bill" and (bill := next((one for one in settling.open_bills(account) if one.number == which), None)):
        return _pay(settling.one_bill(case, account, bill))
    if what == "other" and settling.owed(account):
        return _another_amount(case, account)
    raise _gone()


def amount(case: Case, reply: Reply) -> Step:
    if reply.value.startswith("all:"):
        return chosen(case, reply)
    account = _account(case)
    balances = settling.owed(account)
    owed = owed_in(account, reply.field("currency")) if len(balances) > 1 else next(iter(balances), None)
    if owed is None:
        raise Refused("currency_unknown", _("Choose which balance to pay. No money was taken."), "currency") if balances else _gone()
    paying = settling.amount(reply.field("amount"), owed)
    if paying > owed:
        return _too_much(owed, paying)
    return _pay(settling.everything(case, account, owed)) if paying == owed else _pay(settling.part(case, account, owed, paying))


def too_much(case: Case, reply: Reply) -> Step:
    if reply.value == "other":
        return chosen(case, reply)
    what, currency, minor = (*reply.value.split(":"), "", "")[:3]
    owed = owed_in(_account(case), currency)
    if what == "keep" and owed and re.fullmatch(r"[0-9]{1,12}", minor) and owed.minor < int(minor) <= settling.most(owed).minor:
        return _pay(settling.and_credit(case, owed, Money(int(minor), currency)))
    return chosen(case, replace(reply, value=f"all:{currency}"))


def bill(case: Case, reply: Reply) -> Step:
    """By its number and amount: whoever has the bill before them may pay it, and learns nothing that is not on it. A wrong number, a
    wrong amount and an unknown customer are refused alike; while billing does not answer, all are taken alike."""
    if reply.value == "again":
        return start(case)
    number = typed.folded(reply.field("number")[: typed.LONGEST])
    said = typed.amount(reply.field("amount"))
    try:
        account = case.billing.account(case.person.customer_id if case.person else "")
    except BillsUnseen:
        return _pay_unseen(case, reply)
    for one in account.open_bills:
        if typed.folded(one.number) == number and one.open.decimal == said:
            return _pay(settling.as_printed(one)) if case.proof < Proof.CODE else _pay(settling.one_bill(case, account, one))
    unknown = _(
        "No open bill has this number and this amount: it may be paid already. Check both: the amount is all that is still to pay. "
        "Nothing was taken now."
    )
    raise Guess("bill_unknown", unknown, "number")


def receipt(case: Case, paid: Paid) -> Step:
    return settling.thanks(case, paid) if paid.state == "success" else _again(case, paid)


def _by_number_and_amount(case: Case) -> Step:
    return Ask(
        _("Pay a bill"),
        next="bill",
        lead=_("Type the number of the bill and its amount, as they are printed on it."),
        shows=tuple(Fact(_("Amount due"), one, "amount-due", strong=True) for one in _due_by_id(case)),
        fields=NUMBER_AND_AMOUNT,
        submit=_("Continue"),
        step_up=_("See what you owe and pay it in one tap, with a code by SMS"),
        benefit=False,  # a discount is for whoever is known to be the customer
    )


def _due_by_id(case: Case) -> list[Money]:
    """Where the company chose to show it to whoever has the ID number."""
    if not case.company.show_amount_by_id or case.person is None:
        return []
    try:
        return settling.owed(case.billing.account(case.person.customer_id))
    except BillsUnseen:
        return []


def _unseen() -> Step:
    return Ask(
        _("We cannot see your bills right now"),
        next="bill",
        lead=_("You can still pay by the bill's number and amount, or talk to a person."),
        fields=NUMBER_AND_AMOUNT,
        submit=_("Continue"),
        choices=(Choice("again", _("Try to see my bills again")),),
        benefit=False,
    )


def _pay_unseen(case: Case, reply: Reply) -> Step:
    number = typed.bill_number(reply.field("number"))
    return _pay(settling.unchecked(number, settling.amount(reply.field("amount"), Money(0, case.company.currency))))


def _nothing_owed(case: Case, account: Account) -> Step:
    credits = [Fact(_("To your credit"), -balance, "credit") for balance in account.balances if balance.minor < 0]
    papers = [_paper(account.latest)] if account.latest else []
    return Done(_("You owe nothing"), lead=_("Everything is paid. Thank you."), shows=(*credits, *papers, *case.receipts()))


def _paper(latest: Bill) -> Show:
    return Attachment(Paper(latest.kind), latest.number, _("Your last document, of {day}", day=latest.issued), main=True)


def _choices(case: Case, account: Account) -> Step:
    bills = settling.open_bills(account)
    if not settling.owed(account):
        return _nothing_owed(case, account)
    return Ask(
        _("What would you like to pay?"),
        next="chosen",
        choices=(
            *_all_of_it(case, account),
            *(_choice(one, settling.one_bill(case, account, one)) for one in bills if len(bills) > 1),
            Choice("other", _("Another amount")),
        ),
    )


def _all_of_it(case: Case, account: Account) -> tuple[Choice, ...]:
    return tuple(
        Choice(f"all:{owed.currency}", _("All of it: {amount}", amount=owed), saving=settling.everything(case, account, owed).saved)
        for owed in settling.owed(account)
    )


def _choice(one: Bill, to_pay: Sum) -> Choice:
    due = _("Due {day}", day=one.due) if one.due else None
    return Choice(f"bill:{one.number}", _("Invoice {number}: {amount}", number=one.number, amount=one.open), due, to_pay.saved)


def _another_amount(case: Case, account: Account) -> Step:
    balances = settling.owed(account)
    options = tuple(Choice(owed.currency, Text("{amount}", {"amount": owed})) for owed in balances)
    which = (Field("currency", _("Of which balance?"), Input.SELECT, options=options),) if len(options) > 1 else ()
    return Ask(
        _("How much would you like to pay?"),
        next="amount",
        shows=tuple(Fact(_("You owe"), owed, "amount-due") for owed in balances),
        fields=(*which, Field("amount", _("Amount to pay"), Input.AMOUNT)),
        submit=_("Continue"),
        choices=_all_of_it(case, account),
    )


def _too_much(owed: Money, paying: Money) -> Step:
    rest = _("{rest} stays to your credit, and is taken off your next bill.", rest=paying - owed)
    return Ask(
        _("This is more than you owe"),
        next="too_much",
        lead=_("You owe {owed}, and typed {amount}. Nothing was taken.", owed=owed, amount=paying),
        choices=(
            Choice(f"all:{owed.currency}", _("Pay {amount}, what I owe", amount=owed)),
            Choice(f"keep:{owed.currency}:{paying.minor}", _("Pay {amount} and keep the rest", amount=paying), rest),
            Choice("other", _("Type another amount")),
        ),
    )


def _pay(to_pay: Sum) -> Pay:
    return Pay(to_pay.title, to_pay.settlement, next="receipt", lines=to_pay.lines, lead=to_pay.lead, back="choose")


def _again(case: Case, paid: Paid) -> Step:
    """The same to pay, with what happened; where that is not owed any more, whatever is."""
    step = _same(case, paid)
    return replace(step, refusal=settling.why_not(paid)) if isinstance(step, Pay | Ask) else step


def _same(case: Case, paid: Paid) -> Step:
    try:
        account = case.billing.account(case.person.customer_id) if case.person else Account((), ())
    except BillsUnseen:
        return start(case)
    same = settling.once_more(case, account, paid)
    return _pay(same) if same else start(case)


def _account(case: Case) -> Account:
    if case.proof < Proof.CODE or case.person is None:
        raise ProofNeeded(SLUG)
    return case.billing.account(case.person.customer_id)


def _gone() -> Refused:
    return Refused("choice_gone", _("This is not open any more. Choose what to pay. No money was taken."))

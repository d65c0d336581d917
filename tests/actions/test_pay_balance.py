"""What a customer may pay, and what they are told: from billing to the ledger, without a channel or a provider."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.actions import pay_balance
from portal.adapters.billing import EmbeddedBilling
from portal.core import incentives, receipts, settling
from portal.core.case import Case, Person, Proof, Reply
from portal.core.company import Company, Hours
from portal.core.errors import ProofNeeded, Refused
from portal.core.languages import Language, Text, without_isolates
from portal.core.money import Money
from portal.core.statements import Statement, insert, now, p
from portal.core.steps import STEPS, Ask, Attachment, Done, Fact, Paper, Pay, Settlement
from portal.core.tables import Ledger
from tests.core.paying import balance, begins, hears, ils, offers, owes, says, settles, still_open
from tests.databases import quick_on_sqlite

# What the statements say on either database, their own tests ask.
pytestmark = quick_on_sqlite

COMPANY = Company(
    name={"he": "הדגמה"}, legal_name="Demo", colour="#0b5cad", logo="", telephone="+97235551234", whatsapp="", email="", address={},
    zone=ZoneInfo("Asia/Jerusalem"), hours=Hours((None,) * 7), currency="ILS", wait_minutes=4,
    show_amount_by_id=False, sms_countries=("IL",),
)  # fmt: skip
DEBT = Statement(insert(Ledger).values(customer_id=p("customer_id"), kind="opening", amount=p("amount"), currency=p("currency"), at=now()))


@pytest.fixture
def customer(database):
    """`customer()`: the case of c1, who proved a code; `customer(Proof.ID, known=False)`: of an ID number that is nobody's."""

    def case(proof: Proof = Proof.CODE, *, known: bool = True, company: Company = COMPANY) -> Case:
        def quoted(owed):
            with database.read() as reader:
                return incentives.quote(reader, "c1", "pay-balance", owed)

        def paid_lately():
            with database.read() as reader:
                return receipts.lately(reader, "c1", company.zone)

        person = Person("c1", "Dana", "+972502345678", "dana@example.com", Language.EN) if known else None
        return Case(
            person, proof, False, Language.EN, datetime(2026, 11, 22, 9), company, EmbeddedBilling(database), quoted, paid_lately,
            lambda *said: "ACD347",
        )  # fmt: skip

    return case


def reply(value: str = "ok", **fields: str) -> Reply:
    return Reply(value, fields)


def said(step) -> list[tuple[str, str]]:
    """The lines of a Pay step."""
    assert isinstance(step, Pay)
    assert step.next == "receipt"
    return [(line.label.say(Language.EN), str(line.amount.decimal)) for line in step.lines]


def choices(step) -> list[str]:
    assert isinstance(step, Ask)
    return [choice.value for choice in step.choices]


def told(step) -> dict[str, object]:
    assert isinstance(step, Done)
    return {fact.key: fact.value for fact in step.shows if isinstance(fact, Fact)}


# --- all of it


def test_the_first_step_is_to_pay_the_whole_balance(database, customer):
    owes(database, "c1", A=10000, B=5050)
    step = pay_balance.start(customer())
    assert isinstance(step, Pay)
    assert step.settlement == Settlement(ils(15050), ils(15050), ils(0), ("A", "B"))
    assert said(step) == [("Invoice A", "100.00"), ("Invoice B", "50.50")]
    assert step.back == "choose"


def test_the_best_discount_and_the_waived_fee_are_on_the_first_step(database, customer):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    offers(database, "three", "amount", 300)
    offers(database, "no-fee", "fee_waived", 1990)
    step = pay_balance.start(customer())
    assert isinstance(step, Pay)
    assert step.settlement == Settlement(ils(10000), ils(9500), ils(500), ("A",), ("five", "no-fee"))
    assert said(step) == [("Invoice A", "100.00"), ("five", "-5.00"), ("Service fee", "19.90"), ("Waived online", "-19.90")]
    assert sum(line.amount.minor for line in step.lines) == step.settlement.charge.minor


def test_a_discount_of_everything_leaves_something_to_charge(database, customer):
    owes(database, "c1", A=1500)
    offers(database, "twenty", "amount", 2000)
    step = pay_balance.start(customer())
    assert isinstance(step, Pay)
    assert (step.settlement.saving, step.settlement.charge) == (ils(1300), ils(200)), "what a provider takes"


def test_a_credit_is_taken_off(database, customer):
    owes(database, "c1", A=10000, B=-4000, C=5000)
    step = pay_balance.start(customer())
    assert isinstance(step, Pay)
    assert step.settlement.owed == ils(11000)
    assert said(step) == [("Invoice A", "100.00"), ("Invoice C", "50.00"), ("Credit on your account", "-40.00")]
    hears(database, says(begins(database, "c1", step.settlement), "success"))
    assert still_open(database, "c1") == {}


def test_many_invoices_are_one_line(database, customer):
    owes(database, "c1", A=1000, B=1000, C=1000, D=1000, E=1000)
    step = pay_balance.start(customer())
    assert said(step) == [("Balance", "50.00")]
    assert isinstance(step, Pay)
    assert len(step.settlement.invoices) == 5


def test_a_debt_of_no_invoice_is_part_of_the_balance(database, customer):
    owes(database, "c1", A=10000)
    with database.write() as tx:
        tx.run(DEBT, customer_id="c1", amount=2500, currency="ILS")
    step = pay_balance.start(customer())
    assert said(step) == [("Balance", "125.00")]
    assert isinstance(step, Pay)
    hears(database, says(begins(database, "c1", step.settlement), "success"))
    assert balance(database, "c1") == 0


@pytest.mark.parametrize("bills", [{}, {"A": -3000}, {"A": 3000, "B": -3000}])
def test_who_owes_nothing_is_told_so(database, customer, bills):
    owes(database, "c1", **bills)
    step = pay_balance.start(customer())
    assert isinstance(step, Done)
    assert step.receipt == ""
    assert told(step).get("credit") == (ils(3000) if len(bills) == 1 else None)


def test_of_several_currencies_one_is_chosen(database, customer):
    owes(database, "c1", A=10000)
    with database.write() as tx:
        tx.run(DEBT, customer_id="c1", amount=700, currency="USD")
    step = pay_balance.start(customer())
    assert choices(step) == ["all:ILS", "all:USD", "other"]
    chosen = pay_balance.chosen(customer(), reply("all:USD"))
    assert isinstance(chosen, Pay)
    assert chosen.settlement.charge == Money(700, "USD")


# --- something else


def test_instead_of_all_an_open_invoice_or_another_amount_can_be_chosen(database, customer):
    owes(database, "c1", A=10000, B=5000)
    assert choices(pay_balance.choose(customer(), reply("change"))) == ["all:ILS", "bill:A", "bill:B", "other"]
    step = pay_balance.chosen(customer(), reply("bill:B"))
    assert said(step) == [("Invoice B", "50.00")]
    assert isinstance(step, Pay)
    assert step.settlement.invoices == ("B",)


def test_an_invoice_gets_its_discount_and_another_amount_only_what_a_person_would_charge(database, customer):
    owes(database, "c1", A=10000, B=5000)
    offers(database, "five", "percent", 500)
    offers(database, "no-fee", "fee_waived", 1990)
    whole = pay_balance.chosen(customer(), reply("bill:A"))
    part = pay_balance.amount(customer(), reply(amount="120"))
    assert isinstance(whole, Pay)
    assert isinstance(part, Pay)
    assert whole.settlement.saving == ils(500)
    assert (part.settlement.saving, part.settlement.incentives, part.settlement.part) == (ils(0), ("no-fee",), True)
    assert said(part)[1:] == [("Service fee", "19.90"), ("Waived online", "-19.90")]


def test_an_invoice_partly_covered_by_a_credit_costs_the_rest(database, customer):
    owes(database, "c1", A=10000, B=-4000)
    step = pay_balance.chosen(customer(), reply("bill:A"))
    assert said(step) == [("Invoice A", "100.00"), ("Credit on your account", "-40.00")]
    assert isinstance(step, Pay)
    assert step.settlement.owed == ils(6000)


@pytest.mark.parametrize("value", ["bill:Z", "bill:", "all:USD", "steal", "", "keep:ILS:5"])
def test_a_choice_that_is_not_there_is_refused(database, customer, value):
    owes(database, "c1", A=10000, B=5000)
    with pytest.raises(Refused) as refused:
        pay_balance.chosen(customer(), reply(value))
    assert refused.value.id == "choice_gone"


@pytest.mark.parametrize(
    ("typed", "minor"), [("120", 12000), ("₪50", 5000), ("50.5", 5050), ("1,034.50", 103450), ("٥٠", 5000), (" 99,90 ", 9990), ("0.01", 1)]
)
def test_an_amount_is_understood_as_people_type_it(database, customer, typed, minor):
    owes(database, "c1", A=200000)
    step = pay_balance.amount(customer(), reply(amount=typed))
    assert isinstance(step, Pay)
    assert step.settlement.charge == ils(minor)


@pytest.mark.parametrize(
    "typed", ["", "0", "0.00", "-1", "NaN", "1e9", "inf", "1000000000", "ten", "0.001", "1.2.3", "9" * 100, "٠", "<b>"]
)
def test_an_amount_that_is_none_is_refused_by_a_sentence(database, customer, typed):
    owes(database, "c1", A=10000)
    with pytest.raises(Refused) as refused:
        pay_balance.amount(customer(), reply(amount=typed))
    assert refused.value.field == "amount"
    assert refused.value.text.say(Language.EN)


def test_the_whole_amount_typed_is_the_whole_balance_with_its_discount(database, customer):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    step = pay_balance.amount(customer(), reply(amount="100"))
    assert isinstance(step, Pay)
    assert step.settlement.saving == ils(500)


def test_more_than_is_owed_is_said_and_may_be_kept_as_credit(database, customer):
    owes(database, "c1", A=10000)
    step = pay_balance.amount(customer(), reply(amount="150"))
    assert choices(step) == ["all:ILS", "keep:ILS:15000", "other"]
    again = pay_balance.too_much(customer(), reply("other"))
    assert isinstance(again, Ask)
    assert [field.name for field in again.fields] == ["amount"]
    kept = pay_balance.too_much(customer(), reply("keep:ILS:15000"))
    assert said(kept) == [("Balance", "100.00"), ("To keep as credit", "50.00")]
    assert isinstance(kept, Pay)
    hears(database, says(begins(database, "c1", kept.settlement), "success"))
    assert balance(database, "c1") == -5000


def test_whoever_settles_all_and_keeps_the_rest_gets_what_settling_all_gets(database, customer):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    kept = pay_balance.too_much(customer(), reply("keep:ILS:15000"))
    assert isinstance(kept, Pay)
    assert (kept.settlement.charge, kept.settlement.saving) == (ils(14500), ils(500))
    assert sum(line.amount.minor for line in kept.lines) == 14500
    (outcome,) = hears(database, says(begins(database, "c1", kept.settlement), "success"))
    assert outcome
    assert (balance(database, "c1"), outcome.refund_due) == (-5000, ils(0))


@pytest.mark.parametrize(
    "value", ["all:ILS", "owed:ILS", "keep:ILS:5000", "keep:ILS:-1", "keep:ILS:", "keep:ILS:999999999999", "keep:ILS:1e9"]
)
def test_whatever_else_is_answered_pays_what_is_owed(database, customer, value):
    owes(database, "c1", A=10000)
    step = pay_balance.too_much(customer(), reply(value))
    assert isinstance(step, Pay)
    assert step.settlement.charge == ils(10000)


def test_what_a_choice_saves_is_on_it(database, customer):
    owes(database, "c1", A=10000, B=2500)
    offers(database, "five", "percent", 500)
    step = pay_balance.choose(customer(), reply("change"))
    assert isinstance(step, Ask)
    saved = {choice.value: choice.saving.say(Language.EN) if choice.saving else "" for choice in step.choices}
    assert saved == {"all:ILS": "You save ₪6.25 today", "bill:A": "You save ₪5.00 today", "bill:B": "You save ₪1.25 today", "other": ""}


def test_another_amount_of_several_currencies_asks_of_which(database, customer):
    owes(database, "c1", A=10000)
    with database.write() as tx:
        tx.run(DEBT, customer_id="c1", amount=700, currency="JPY")
    asked = pay_balance.chosen(customer(), reply("other"))
    assert isinstance(asked, Ask)
    assert [field.name for field in asked.fields] == ["currency", "amount"]
    with pytest.raises(Refused):
        pay_balance.amount(customer(), reply(amount="5"))
    with pytest.raises(Refused):
        pay_balance.amount(customer(), reply(amount="5.5", currency="JPY"))
    step = pay_balance.amount(customer(), reply(amount="5", currency="JPY"))
    assert isinstance(step, Pay)
    assert step.settlement.charge == Money(5, "JPY")


# --- by an ID number alone


def test_by_an_id_number_a_bill_is_asked_for_and_nothing_is_shown(database, customer):
    owes(database, "c1", A=10000)
    known, unknown = pay_balance.start(customer(Proof.ID)), pay_balance.start(customer(Proof.ID, known=False))
    assert known == unknown
    assert isinstance(known, Ask)
    assert (known.shows, known.choices, [field.name for field in known.fields]) == ((), (), ["number", "amount"])
    assert known.step_up


def test_a_bill_is_paid_by_its_number_and_amount(database, customer):
    owes(database, "c1", A=10000, B=-4000)
    offers(database, "five", "percent", 500)
    step = pay_balance.bill(customer(Proof.ID), reply(number=" a ", amount="₪100.00"))
    assert said(step) == [("Invoice A", "100.00")]
    assert isinstance(step, Pay)
    assert step.settlement == Settlement(ils(10000), ils(10000), ils(0), ("A",))


@pytest.mark.parametrize("printed", ["AB 77", "ab–77/x"])
def test_a_bill_number_is_found_with_the_blanks_and_dashes_it_is_printed_with(database, customer, printed):
    owes(database, "c1", "ILS", **{printed: 10000})
    for typed in (printed, printed.upper(), printed.replace(" ", "").replace("–", "-")):
        step = pay_balance.bill(customer(Proof.ID), reply(number=typed, amount="100"))
        assert isinstance(step, Pay)
        assert step.settlement.invoices == (printed,)


def test_a_wrong_number_a_wrong_amount_and_an_unknown_customer_are_refused_alike(database, customer):
    owes(database, "c1", A=10000, PAID=5000)
    hears(database, says(begins(database, "c1", Settlement(ils(5000), ils(5000), ils(0), ("PAID",))), "success"))
    tries = [
        (customer(Proof.ID), "Z", "100"), (customer(Proof.ID), "A", "99"), (customer(Proof.ID), "PAID", "50"),
        (customer(Proof.ID, known=False), "A", "100"),
    ]  # fmt: skip
    refusals = []
    for case, number, amount in tries:
        with pytest.raises(Refused) as refused:
            pay_balance.bill(case, reply(number=number, amount=amount))
        refusals.append((refused.value.id, refused.value.text, refused.value.field))
    assert len(set(map(repr, refusals))) == 1
    assert refusals[0][0] == "bill_unknown"


def test_what_is_no_amount_is_refused_before_any_bill_is_looked_at(database, customer):
    owes(database, "c1", A=10000)
    with pytest.raises(Refused) as refused:
        pay_balance.bill(customer(Proof.ID), reply(number="A", amount="much"))
    assert refused.value.field == "amount"


def test_by_an_id_number_the_steps_of_the_account_are_closed(database, customer):
    owes(database, "c1", A=10000)
    for step in (pay_balance.chosen, pay_balance.amount, pay_balance.too_much):
        with pytest.raises(ProofNeeded):
            step(customer(Proof.ID), reply("all:ILS", amount="100"))
    assert pay_balance.choose(customer(Proof.ID), reply("change")) == pay_balance.start(customer(Proof.ID))


# --- how it ended


# In Israel, where it is the 21st; told on the 22nd.
JUST_AFTER_MIDNIGHT = 1_795_215_600_000  # 2026-11-20T23:00Z


def test_a_success_is_a_receipt(database, customer):
    owes(database, "c1", A=10000, B=2500)
    offers(database, "five", "percent", 500)
    step = pay_balance.chosen(customer(), reply("bill:A"))
    assert isinstance(step, Pay)
    (outcome,) = hears(database, says(begins(database, "c1", step.settlement), "success"))
    assert outcome
    done = pay_balance.receipt(customer(), replace(outcome.paid, at=JUST_AFTER_MIDNIGHT))
    number = settling.receipt_number(outcome.payment_id)
    assert told(done).items() >= {"paid": ils(9500), "saving": ils(500), "balance": ils(2500), "reference": number}.items()
    assert (_what(done), told(done)["date"]) == ("Invoice A", date(2026, 11, 21))
    assert isinstance(done, Done)
    assert (done.receipt, done.lead, [(send.kind, send.to) for send in done.sends]) == (outcome.payment_id, None, [("receipt", "sms")])


def _what(done) -> str:
    said = told(done)["what"]
    assert isinstance(said, Text)
    return without_isolates(said.say(Language.EN))


@pytest.mark.parametrize(
    ("bills", "amount", "what"),
    [
        ({"A": 10000, "B": 2500}, "125", "Invoices A, B"),
        ({"A": 10000, "B": 2500}, "120", "On account of invoices A, B"),
        (dict.fromkeys("ABCDE", 1000), "50", "Balance"),
    ],
)
def test_a_receipt_names_the_invoices_that_were_paid(database, customer, bills, amount, what):
    owes(database, "c1", **bills)
    step = pay_balance.amount(customer(), reply(amount=amount))
    assert isinstance(step, Pay)
    (outcome,) = hears(database, says(begins(database, "c1", step.settlement), "success"))
    assert outcome
    assert _what(pay_balance.receipt(customer(), outcome.paid)) == what


def test_a_receipt_is_found_again_where_nothing_is_owed_any_more(database, customer):
    owes(database, "c1", A=10000)
    (outcome,) = hears(database, says(begins(database, "c1", settles(10000, "A")), "success"))
    done = pay_balance.start(customer())
    assert isinstance(done, Done)
    assert outcome
    assert [(one.paper, one.number) for one in done.shows if isinstance(one, Attachment)][1:] == [(Paper.RECEIPT, outcome.payment_id)]


def test_a_receipt_by_an_id_number_shows_no_balance_and_sends_nothing(database, customer):
    owes(database, "c1", A=10000, B=2500)
    step = pay_balance.bill(customer(Proof.ID), reply(number="A", amount="100"))
    assert isinstance(step, Pay)
    (outcome,) = hears(database, says(begins(database, "c1", step.settlement), "success"))
    assert outcome
    done = pay_balance.receipt(customer(Proof.ID), outcome.paid)
    assert told(done).keys() == {"paid", "what", "date", "reference"}
    assert isinstance(done, Done)
    assert done.sends == ()


def test_a_second_payment_of_the_same_is_told_what_comes_back(database, customer):
    owes(database, "c1", A=10000)
    settlement = Settlement(ils(10000), ils(10000), ils(0), ("A",))
    first = begins(database, "c1", settlement)
    hears(database, says(first, "cancelled"))
    hears(database, says(begins(database, "c1", settlement), "success"))
    (outcome,) = hears(database, says(first, "success"))
    assert outcome
    done = pay_balance.receipt(customer(), outcome.paid)
    assert isinstance(done, Done)
    assert done.lead
    assert done.lead.values == {"amount": ils(10000)}


def test_a_receipt_of_the_whole_balance_says_that_nothing_is_left(database, customer):
    owes(database, "c1", A=10000)
    step = pay_balance.start(customer())
    assert isinstance(step, Pay)
    (outcome,) = hears(database, says(begins(database, "c1", step.settlement), "success"))
    assert outcome
    assert told(pay_balance.receipt(customer(), outcome.paid))["balance"] == ils(0)


@pytest.mark.parametrize("state", ["failed", "cancelled", "error"])
@pytest.mark.parametrize("said_before", ["all:ILS", "bill:A", "120", "200"])
def test_a_payment_that_came_to_nothing_is_offered_again_as_it_was(database, customer, state, said_before):
    owes(database, "c1", A=10000, B=5000)
    if ":" in said_before:
        step = pay_balance.chosen(customer(), reply(said_before))
    elif said_before == "200":
        step = pay_balance.too_much(customer(), reply("keep:ILS:20000"))
    else:
        step = pay_balance.amount(customer(), reply(amount=said_before))
    assert isinstance(step, Pay)
    (outcome,) = hears(database, says(begins(database, "c1", step.settlement), state))
    assert outcome
    again = pay_balance.receipt(customer(), outcome.paid)
    assert isinstance(again, Pay)
    assert (again.settlement, again.lines) == (step.settlement, step.lines)
    assert again.refusal
    assert again.refusal.id == f"payment_{state}"
    assert "No money was taken" in again.refusal.text.id


@pytest.mark.parametrize("proof", [Proof.CODE, Proof.ID])
def test_of_two_bills_of_one_amount_the_one_that_was_chosen_is_offered_again(database, customer, proof):
    owes(database, "c1", A=10000, B=10000)
    if proof is Proof.CODE:
        step = pay_balance.chosen(customer(), reply("bill:B"))
    else:
        step = pay_balance.bill(customer(proof), reply(number="B", amount="100"))
    assert isinstance(step, Pay)
    (outcome,) = hears(database, says(begins(database, "c1", step.settlement), "failed"))
    assert outcome
    again = pay_balance.receipt(customer(proof), outcome.paid)
    assert isinstance(again, Pay)
    assert again.settlement.invoices == ("B",)


def test_every_step_is_stored_and_read_back_as_it_was(database, customer):
    owes(database, "c1", A=10000, B=5000)
    offers(database, "five", "percent", 500)
    steps = [
        pay_balance.start(customer()), pay_balance.start(customer(Proof.ID)), pay_balance.choose(customer(), reply()),
        pay_balance.chosen(customer(), reply("other")), pay_balance.amount(customer(), reply(amount="900")),
    ]  # fmt: skip
    assert [STEPS.load(STEPS.dump(step)) for step in steps] == steps


def test_a_company_may_show_the_amount_by_id_number(database, customer):
    owes(database, "c1", A=10000)
    step = pay_balance.start(customer(Proof.ID, company=replace(COMPANY, show_amount_by_id=True)))
    assert isinstance(step, Ask)
    assert [getattr(fact, "value", None) for fact in step.shows] == [ils(10000)]

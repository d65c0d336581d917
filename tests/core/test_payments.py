"""Promises 54, 55, 57, 59, 60, F5 and F11: what is credited, to whom, and how often."""

import random
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations

import psycopg
import pytest
from structlog.testing import capture_logs

from portal.app import open_database
from portal.core import payments
from portal.core.errors import TryAgain
from portal.core.money import Money
from portal.core.payments import OPEN, STATES, AnotherOpen, Changed, State
from portal.core.ports import PaymentPage
from tests.core import crowd
from tests.core.paying import (
    FakeProvider,
    attempts,
    balance,
    begins,
    hears,
    ils,
    offers,
    open_payment,
    opens,
    owes,
    pass_time,
    redemptions,
    refund_due,
    rows,
    says,
    set_aside,
    settles,
    spent,
    state,
    still_open,
)  # fmt: skip
from tests.processes.instances import eventually

# --- the table


def test_success_is_never_left_and_reached_from_everywhere():
    assert STATES[State.SUCCESS] == ()
    assert all(State.SUCCESS in becomes for state, becomes in STATES.items() if state is not State.SUCCESS)


def test_a_state_is_left_only_for_one_further_down_the_table():
    order = list(STATES)
    assert order == list(State)
    assert all(order.index(state) < order.index(after) for state, becomes in STATES.items() for after in becomes)


# --- what is credited


def test_a_success_settles_the_invoices_it_names(database):
    owes(database, "c1", A=10000, B=5000, C=7000)
    payment = begins(database, "c1", settles(12000, "A", "B"))
    (outcome,) = hears(database, says(payment, "success"))
    assert rows(database, "c1") == [("payment", -10000, "A"), ("payment", -2000, "B")]
    assert still_open(database, "c1") == {"B": 3000, "C": 7000}
    assert outcome and outcome.paid.balance_after == ils(10000)
    assert (outcome.paid.owed, outcome.paid.charge, outcome.paid.state) == (ils(12000), ils(12000), "success")


def test_the_whole_balance_uses_the_credit_that_is_there_and_leaves_nothing_open(database):
    owes(database, "c1", A=10000, B=-4000, C=5000)
    payment = begins(database, "c1", settles(11000))
    hears(database, says(payment, "success"))
    assert still_open(database, "c1") == {}
    assert sum(amount for kind, amount, _ in rows(database, "c1") if kind == "credit") == 0


def test_more_than_is_owed_is_kept_as_credit_where_that_was_chosen(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(12500, keep=2500))
    hears(database, says(payment, "success"))
    assert rows(database, "c1") == [("payment", -10000, "A"), ("payment", -2500, "")]
    assert (balance(database, "c1"), refund_due(database, payment)) == (-2500, 0)


@pytest.mark.parametrize("owed", [{}, {"A": 9999}])
def test_a_whole_balance_that_shrank_meanwhile_is_not_taken_and_kept(database, owed):
    owes(database, "c1", **owed)
    with pytest.raises(Changed) as refused:
        opens(database, "c1", settles(10000))
    assert refused.value.id == "owed_changed"
    assert attempts(database, "c1") == []


def test_no_more_is_kept_as_credit_than_was_chosen(database):
    owes(database, "c1", A=9999)
    with pytest.raises(Changed):
        opens(database, "c1", settles(12500, keep=2500))


def test_an_invoice_is_never_paid_for_more_than_is_open_of_it(database):
    owes(database, "c1", A=10000, B=50000)
    with pytest.raises(Changed) as refused:
        opens(database, "c1", settles(10001, "A"))
    assert refused.value.id == "owed_changed"
    assert attempts(database, "c1") == []


def test_a_discount_and_a_waived_fee_are_in_the_ledger(database):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    offers(database, "no-fee", "fee_waived", 1990)
    payment = begins(database, "c1", settles(10000, "A", saving=500, by=("five", "no-fee")))
    (outcome,) = hears(database, says(payment, "success"))
    assert rows(database, "c1") == [("saving", -500, "A"), ("payment", -9500, "A"), ("fee", 1990, ""), ("waiver", -1990, "")]
    assert balance(database, "c1") == 0
    assert redemptions(database, "five") == [("c1", 500, "applied")]
    assert redemptions(database, "no-fee") == [("c1", 1990, "applied")]
    assert outcome and (outcome.paid.owed, outcome.paid.saving) == (ils(10000), ils(500))


def test_each_currency_is_settled_by_itself(database):
    owes(database, "c1", currency="JPY", A=10000)
    payment = begins(database, "c1", settles(10000, "A", currency="JPY"))
    hears(database, says(payment, "success"))
    assert balance(database, "c1", "JPY") == 0
    assert balance(database, "c1", "ILS") == 0


# --- notices that repeat, contradict, or come late


def test_the_same_notice_twice_credits_once(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    first, second, other_id = hears(
        database, says(payment, "success", "n1"), says(payment, "success", "n1"), says(payment, "success", "n2")
    )
    assert first is not None
    assert (second, other_id) == (None, None)
    assert balance(database, "c1") == 0


@pytest.mark.parametrize("taken", [ils(9999), ils(10001), ils(0), Money(10000, "USD")])
def test_another_amount_or_currency_is_set_aside(database, taken):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    assert hears(database, says(payment, "success", taken=taken)) == [None]
    assert (state(database, payment), balance(database, "c1")) == ("started", 10000)
    assert set_aside(database) == [f"took {taken.minor} {taken.currency} for 10000 ILS"]


def test_what_is_set_aside_or_due_back_alerts(database):
    owes(database, "c1", A=10000)
    first = begins(database, "c1", settles(10000, "A"))
    with capture_logs() as logs:
        hears(database, says(first, "success", "wrong", taken=ils(1)), says(first, "cancelled"))
        hears(database, says(begins(database, "c1", settles(10000, "A")), "success"), says(first, "success"))
    assert [(log["event"], log["log_level"], log["why"]) for log in logs] == [
        ("payment_notice_set_aside", "warning", "took 1 ILS for 10000 ILS"),
        ("payment_refund_due", "warning", "10000 ILS too much"),
    ]


def test_a_notice_whose_transaction_broke_is_news_when_it_comes_again(database):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    payment = begins(database, "c1", settles(10000, "A", saving=500, by=("five",)))
    with pytest.raises(ConnectionError), database.write() as tx:
        payments.hear(tx, "fake", says(payment, "success"))
        raise ConnectionError
    assert (state(database, payment), rows(database, "c1")) == ("started", [])
    (outcome,) = hears(database, says(payment, "success"))
    assert outcome
    assert (balance(database, "c1"), spent(database, "five")) == (0, 500)


def test_a_notice_of_another_provider_or_of_no_payment_is_set_aside(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    assert hears(database, says(payment, "success"), provider="somebody") == [None]
    assert set_aside(database) == ["the payment is at fake"]
    assert state(database, payment) == "started"


def test_a_late_failure_never_unpays(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    assert hears(database, says(payment, "success"), says(payment, "failed"), says(payment, "cancelled"))[1:] == [None, None]
    assert (state(database, payment), balance(database, "c1")) == ("success", 0)


def test_a_notice_quicker_than_our_own_commit_of_the_page_counts(database):
    owes(database, "c1", A=10000)
    payment = opens(database, "c1", settles(10000, "A"))
    hears(database, says(payment, "success"))
    with database.write() as tx:
        assert not payments.started(tx, payment.id, PaymentPage("ref", "https://pay.example"))
    assert (state(database, payment), balance(database, "c1")) == ("success", 0)


def test_money_that_comes_after_all_is_credited_with_what_was_promised(database):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500, first_use=True)
    payment = begins(database, "c1", settles(10000, "A", saving=500, by=("five",)))
    hears(database, says(payment, "cancelled"))
    assert spent(database, "five") == 0
    (outcome,) = hears(database, says(payment, "success"))
    assert outcome and outcome.paid.saving == ils(500)
    assert (balance(database, "c1"), spent(database, "five"), refund_due(database, payment)) == (0, 500, 0)


def test_money_that_comes_after_the_budget_is_spent_is_credited_without_the_saving(database):
    owes(database, "c1", A=10000)
    owes(database, "c2", A=10000)
    offers(database, "five", "percent", 500, budget=500)
    late = begins(database, "c1", settles(10000, "A", saving=500, by=("five",)))
    hears(database, says(late, "failed"))
    hears(database, says(begins(database, "c2", settles(10000, "A", saving=500, by=("five",))), "success"))
    (outcome,) = hears(database, says(late, "success"))
    assert (balance(database, "c1"), balance(database, "c2"), spent(database, "five")) == (500, 0, 500)
    assert outcome and (outcome.paid.owed, outcome.paid.saving) == (ils(9500), ils(0))


def test_a_second_success_for_what_is_paid_is_credited_nothing_and_due_back(database):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    first = begins(database, "c1", settles(10000, "A", saving=500, by=("five",)))
    hears(database, says(first, "cancelled"))
    second = begins(database, "c1", settles(10000, "A", saving=500, by=("five",)))
    hears(database, says(second, "success"))
    (outcome,) = hears(database, says(first, "success"))
    assert balance(database, "c1") == 0
    assert (refund_due(database, first), refund_due(database, second)) == (9500, 0)
    assert spent(database, "five") == 500
    assert outcome and (outcome.refund_due, outcome.paid.owed, outcome.paid.saving) == (ils(9500), ils(0), ils(0))


def test_a_second_success_for_a_credit_that_was_to_be_kept_is_due_back_too(database):
    owes(database, "c1", A=10000)
    first = begins(database, "c1", settles(12000, keep=2000))
    hears(database, says(first, "cancelled"))
    hears(database, says(begins(database, "c1", settles(12000, keep=2000)), "success"), says(first, "success"))
    assert (balance(database, "c1"), refund_due(database, first)) == (-4000, 10000)


def test_money_for_what_was_paid_in_part_meanwhile_is_due_back_in_part(database):
    owes(database, "c1", A=10000)
    late = begins(database, "c1", settles(10000, "A"))
    hears(database, says(late, "failed"))
    hears(database, says(begins(database, "c1", settles(4000, "A")), "success"), says(late, "success"))
    assert (balance(database, "c1"), refund_due(database, late)) == (0, 4000)


# --- any order, many at once (F5)


@pytest.mark.parametrize("seed", range(4))
def test_notices_in_any_order_and_number_end_as_the_ordered_ones(database, seed):
    chance = random.Random(seed)
    words = ["started", "submitted", "error", "cancelled", "failed", "success"]
    for number, few in enumerate(chance.sample([c for size in range(1, 7) for c in combinations(words, size)], 12)):
        customer = f"c{number}"
        owes(database, customer, A=10000)
        offers(database, f"i{number}", "percent", 500, first_use=True)
        payment = begins(database, customer, settles(10000, "A", saving=500, by=(f"i{number}",)))
        heard = [says(payment, word, f"{customer}:{word}:{n}") for word in few for n in range(2)] * 2
        chance.shuffle(heard)
        hears(database, *heard)
        assert state(database, payment) == max(few, key=words.index), few
        paid = "success" in few
        open_still = state(database, payment) in OPEN
        assert balance(database, customer) == (0 if paid else 10000)
        assert spent(database, f"i{number}") == (500 if paid or open_still else 0)
        assert [s for _, _, s in redemptions(database, f"i{number}") if s == "applied"] == (["applied"] if paid else [])


def test_notices_ten_times_over_from_several_processes_credit_once(database, database_url):
    calls = []
    for number in range(4):
        customer = f"c{number}"
        owes(database, customer, A=10000)
        payment = begins(database, customer, settles(10000, "A"))
        for word in ("submitted", "failed", "success"):
            calls += [(database_url, says(payment, word, f"{customer}:{word}:{n}")) for n in range(5)] * 2
    random.Random(7).shuffle(calls)
    crowd.at_once(crowd.deliver, calls)
    for number in range(4):
        assert (attempts(database, f"c{number}"), rows(database, f"c{number}")) == (["success"], [("payment", -10000, "A")])


def test_two_payments_of_the_same_debt_that_succeed_at_once_are_credited_once(database, database_url):
    calls = []
    for number in range(8):
        owes(database, f"c{number}", A=10000)
        first = begins(database, f"c{number}", settles(10000, "A"))
        hears(database, says(first, "cancelled"))
        second = begins(database, f"c{number}", settles(10000, "A"), journey="j2")
        calls += [(database_url, says(first, "success")), (database_url, says(second, "success"))]
    crowd.at_once(crowd.deliver, calls)
    assert [balance(database, f"c{number}") for number in range(8)] == [0] * 8
    assert [attempts(database, f"c{number}") for number in range(8)] == [["success", "success"]] * 8


# --- one open payment


def test_the_same_amount_on_the_same_journey_is_the_same_payment(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    again = opens(database, "c1", settles(10000, "A"))
    assert (again.id, again.page_url) == (payment.id, payment.page_url)


def test_another_amount_waits_until_the_first_is_closed_at_the_provider(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    with pytest.raises(AnotherOpen) as refused:
        opens(database, "c1", settles(5000, "A"))
    provider = FakeProvider()
    provider.will_say(says(payment, "cancelled"))
    payments.close(database, provider, refused.value.payment, lambda name, heard: hears(database, heard))
    assert provider.expired == [payment.reference]
    opens(database, "c1", settles(5000, "A"))
    assert attempts(database, "c1") == ["cancelled", "created"]


def test_closing_a_payment_that_was_paid_meanwhile_credits_it(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    provider = FakeProvider()
    provider.will_say(says(payment, "success"))
    payments.close(database, provider, payment, lambda name, heard: hears(database, heard))
    assert (state(database, payment), balance(database, "c1")) == ("success", 0)
    with pytest.raises(Changed):
        opens(database, "c1", settles(5000, "A"))


def test_a_page_that_another_process_got_meanwhile_is_closed_too(database):
    """It was waiting for the provider when the customer asked for another amount here."""
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    provider = FakeProvider()
    provider.will_say(says(payment, "cancelled"))
    payments.close(database, provider, replace(payment, reference=""), lambda name, heard: hears(database, heard))
    assert (provider.expired, state(database, payment)) == ([payment.reference], "cancelled")


def test_a_payment_the_bank_has_not_answered_on_is_not_closed(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    provider = FakeProvider()
    provider.will_say(says(payment, "submitted"))
    with pytest.raises(TryAgain):
        payments.close(database, provider, payment, lambda name, heard: hears(database, heard))
    assert state(database, payment) == "submitted"


def test_a_page_about_to_expire_is_not_given_again(database):
    owes(database, "c1", A=10000)
    begins(database, "c1", settles(10000, "A"))
    pass_time(database, 46)
    with pytest.raises(AnotherOpen):
        opens(database, "c1", settles(10000, "A"))


def test_giving_up_frees_what_was_reserved_and_the_way_for_another(database):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500, first_use=True)
    settlement = settles(10000, "A", saving=500, by=("five",))
    payment = opens(database, "c1", settlement)
    with database.write() as tx:
        assert payments.gave_up(tx, payment.id, "the provider is down")
        assert not payments.gave_up(tx, payment.id, "again")
    assert (state(database, payment), spent(database, "five")) == ("error", 0)
    opens(database, "c1", settlement)
    assert spent(database, "five") == 500


def test_tabs_in_several_processes_open_one_payment(database, database_url):
    for number in range(4):
        owes(database, f"c{number}", A=10000)
    calls = [(database_url, f"c{number}", settles(10000, "A"), "j1") for number in range(4)] * 6
    ids = crowd.at_once(crowd.press_pay, calls)
    assert len(set(ids)) == 4
    assert [attempts(database, f"c{number}") for number in range(4)] == [["created"]] * 4


def test_tabs_with_different_amounts_open_one_payment_between_them(database, database_url):
    owes(database, "c1", A=10000)
    calls = [(database_url, "c1", settles(amount, "A"), "j1") for amount in (10000, 5000, 2500)] * 4
    ids = crowd.at_once(crowd.press_pay, calls)
    assert len(set(ids) - {"another"}) == 1
    assert attempts(database, "c1") == ["created"]


ANOTHER_WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"


def test_tabs_of_somebody_who_has_no_row_to_hold_open_one_payment(postgresql_demo):
    """Who proved nothing pays a typed bill as a visit, which is no row that the second could wait for."""
    db, settlement = open_database(postgresql_demo), settles(10000, keep=10000)
    with psycopg.connect(postgresql_demo, autocommit=True) as looking, ThreadPoolExecutor(1) as tab:
        with db.write() as tx:
            first = open_payment(tx, "visit:ab", settlement)
            second = tab.submit(opens, db, "visit:ab", settlement)
            eventually(lambda: looking.execute(ANOTHER_WAITS).fetchone() == (1,))
        assert second.result(timeout=20).id == first.id
    assert attempts(db, "visit:ab") == ["created"]
    db.close()


# --- notices that never come (60, F11)


def test_a_silent_payment_is_asked_about_within_15_minutes_and_at_most_every_5(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    provider = FakeProvider()
    provider.will_say(says(payment, "started", "still"))

    def ask():
        return payments.ask_about(database, provider, lambda name, heard: hears(database, heard))

    assert ask() == 0
    pass_time(database, 3)
    assert (ask(), ask()) == (1, 0)
    provider.will_say(says(payment, "success"))
    pass_time(database, 6)
    assert ask() == 1
    assert (state(database, payment), balance(database, "c1")) == ("success", 0)
    pass_time(database, 60)
    assert ask() == 0


def test_a_provider_that_does_not_answer_is_asked_again_later(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    provider = FakeProvider(trouble=TryAgain("down"))
    for _ in range(2):
        pass_time(database, 6)
        assert payments.ask_about(database, provider, lambda name, heard: hears(database, heard)) == 1
    assert (len(provider.asked), state(database, payment)) == (2, "started")


def test_one_payment_that_cannot_go_on_does_not_keep_the_others_waiting(database):
    provider, heard_of = FakeProvider(), list[str]()
    for number in range(12):
        owes(database, f"c{number}", A=10000)
        provider.will_say(says(begins(database, f"c{number}", settles(10000, "A")), "success"))

    def settle(name, heard):
        heard_of.append(heard.payment_id)
        if len(heard_of) == 1:
            raise KeyError("an action that is gone")
        hears(database, heard)

    pass_time(database, 6)
    with capture_logs() as logs:
        assert payments.ask_about(database, provider, settle) == 12
    assert sum(balance(database, f"c{number}") == 0 for number in range(12)) == 11
    assert [line["log_level"] for line in logs] == ["error"]


def test_an_abandoned_page_is_closed_before_the_payment_is(database):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    payment = begins(database, "c1", settles(10000, "A", saving=500, by=("five",)))
    provider = FakeProvider()
    provider.will_say(says(payment, "started"))
    pass_time(database, 61)
    payments.ask_about(database, provider, lambda name, heard: hears(database, heard))
    assert provider.expired == [payment.reference]
    assert (state(database, payment), spent(database, "five")) == ("cancelled", 0)


def test_a_payment_that_never_reached_the_provider_ends_too(database):
    owes(database, "c1", A=10000)
    payment = opens(database, "c1", settles(10000, "A"))
    pass_time(database, 61)
    payments.ask_about(database, FakeProvider(), lambda name, heard: hears(database, heard))
    assert state(database, payment) == "cancelled"


def test_after_three_days_without_notices_asking_finds_every_payment_once(database, database_url):
    provider = FakeProvider()
    for number in range(25):
        owes(database, f"c{number}", A=10000)
        provider.will_say(says(begins(database, f"c{number}", settles(10000, "A")), "success" if number % 2 else "failed"))
    pass_time(database, 3 * 24 * 60)
    asked = crowd.at_once(crowd.ask, [(database_url, provider)] * 6)
    assert sum(asked) == 25
    assert [attempts(database, f"c{number}") for number in range(25)] == [["success"] if n % 2 else ["failed"] for n in range(25)]
    assert [balance(database, f"c{number}") for number in range(25)] == [0 if n % 2 else 10000 for n in range(25)]


def test_fifty_presses_at_once_ask_once_and_credit_once(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    provider = FakeProvider()
    for asked, says_now in enumerate(("started", "success"), 1):
        provider.will_say(says(payment, says_now, says_now))
        with ThreadPoolExecutor(8) as pressing:
            list(pressing.map(lambda _press: press_paid(database, provider, payment.id), range(50)))
        assert len(provider.asked) == asked
        pass_time(database, 1)
    assert (state(database, payment), balance(database, "c1")) == ("success", 0)


def test_a_provider_that_is_silent_when_a_customer_asks_is_asked_again_by_the_chore(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    provider = FakeProvider(trouble=TryAgain("down"))
    press_paid(database, provider, payment.id)
    assert (len(provider.asked), state(database, payment)) == (1, "started")
    provider.trouble = None
    provider.will_say(says(payment, "success"))
    pass_time(database, 6)
    assert payments.ask_about(database, provider, lambda name, heard: hears(database, heard)) == 1
    assert state(database, payment) == "success"


def test_what_a_killed_process_had_asked_about_is_asked_again_by_the_chore(database, database_url):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    assert crowd.killed_asking(database_url, payment.id) == -signal.SIGKILL
    provider = FakeProvider()
    provider.will_say(says(payment, "success"))
    press_paid(database, provider, payment.id)
    assert provider.asked == [], "it was asked a moment ago, whatever became of whoever asked"
    pass_time(database, 6)
    assert crowd.ask(database_url, provider) == 1
    assert (state(database, payment), balance(database, "c1")) == ("success", 0)


def press_paid(database, provider, payment_id):
    payments.ask_now(database, provider, payment_id, lambda name, heard: hears(database, heard))


def test_latest_is_the_attempt_whose_page_the_customer_comes_back_to(database):
    owes(database, "c1", A=10000)
    first = begins(database, "c1", settles(10000, "A"))
    hears(database, says(first, "failed"))
    pass_time(database, 1)
    second = begins(database, "c1", settles(10000, "A"))
    with database.read() as reader:
        found = payments.latest(reader, "j1")
        assert found and found.id == second.id
        assert payments.latest(reader, "none") is None

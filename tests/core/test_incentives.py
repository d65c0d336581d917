"""What digital gives: computed for a customer, reserved with a payment, never beyond its budget."""

import pytest

from portal.core import incentives
from portal.core.case import Offer
from portal.core.money import Money
from portal.core.payments import Changed
from tests.core import crowd
from tests.core.paying import (
    DAY,
    attempts,
    begins,
    hears,
    ils,
    offers,
    opens,
    owes,
    pass_time,
    redemptions,
    says,
    settles,
    spent,
)  # fmt: skip


def quoted(database, owed=10000, customer="c1", action="pay-balance", currency="ILS"):
    with database.read() as reader:
        return [(offer.incentive_id, offer.saving.minor) for offer in incentives.quote(reader, customer, action, Money(owed, currency))]


@pytest.mark.parametrize(
    ("kind", "value", "at_most", "owed", "saving"),
    [
        ("percent", 500, 0, 10000, 500),
        ("percent", 250, 0, 9990, 250),  # 2.5 % of 99.90 is 2.4975
        ("percent", 500, 300, 10000, 300),
        ("amount", 2000, 0, 10000, 2000),
        ("amount", 2000, 0, 1500, 1500),
        ("fee_waived", 1990, 0, 10000, 1990),
    ],
)
def test_an_offer_is_computed_for_what_is_owed(database, kind, value, at_most, owed, saving):
    offers(database, "i", kind, value, at_most=at_most)
    assert quoted(database, owed) == [("i", saving)]


def test_the_best_offer_comes_first(database):
    offers(database, "small", "amount", 300)
    offers(database, "big", "percent", 500)
    assert quoted(database) == [("big", 500), ("small", 300)]
    assert quoted(database, owed=4000) == [("small", 300), ("big", 200)]


def test_what_saves_nothing_is_not_offered(database):
    offers(database, "i", "percent", 10)
    assert quoted(database, owed=100) == []


def test_an_offer_is_for_its_action_its_currency_and_its_period(database):
    offers(database, "other-action", "amount", 100, action="update-contact")
    offers(database, "other-currency", "amount", 100, currency="USD")
    offers(database, "over", "amount", 100, starts=-2 * DAY, ends=-1)
    offers(database, "to-come", "amount", 100, starts=DAY, ends=2 * DAY)
    offers(database, "now", "amount", 100)
    assert quoted(database) == [("now", 100)]
    pass_time(database, 24 * 60 + 1)
    assert quoted(database) == [("to-come", 100)]


def test_an_offer_that_its_budget_does_not_reach_for_is_not_made(database):
    offers(database, "i", "amount", 1000, budget=999)
    assert quoted(database) == []


def test_a_first_use_is_offered_until_it_is_used(database):
    owes(database, "c1", A=10000)
    owes(database, "c2", A=10000)
    offers(database, "first", "amount", 1000, first_use=True)
    payment = begins(database, "c1", settles(5000, "A", saving=1000, by=("first",)))
    assert (quoted(database), quoted(database, customer="c2")) == ([("first", 1000)], [("first", 1000)])
    hears(database, says(payment, "failed"))
    assert quoted(database) == [("first", 1000)]
    hears(database, says(begins(database, "c1", settles(5000, "A", saving=1000, by=("first",))), "success"))
    assert quoted(database) == []
    with pytest.raises(Changed):
        opens(database, "c1", settles(5000, "A", saving=1000, by=("first",)))


@pytest.mark.parametrize("first_use", [True, False])
def test_what_a_payment_holds_is_quoted_to_its_customer_alone(database, first_use):
    owes(database, "c1", A=10000)
    offers(database, "last", "amount", 1000, budget=1000, first_use=first_use)
    begins(database, "c1", settles(5000, "A", saving=1000, by=("last",)))
    assert (quoted(database), quoted(database, customer="c2")) == ([("last", 1000)], [])


def test_one_that_is_always_given_is_given_again(database):
    owes(database, "c1", A=10000)
    offers(database, "i", "amount", 1000)
    for _ in range(2):
        hears(database, says(begins(database, "c1", settles(5000, "A", saving=1000, by=("i",))), "success"))
    assert spent(database, "i") == 2000


@pytest.mark.parametrize("settlement", [settles(10000, "A", saving=500, by=("gone",)), settles(10000, "A", saving=500)])
def test_a_saving_that_no_offer_gives_is_not_taken(database, settlement):
    owes(database, "c1", A=10000)
    with pytest.raises(Changed) as refused:
        opens(database, "c1", settlement)
    assert refused.value.id == "offer_over"
    assert attempts(database, "c1") == []


def test_an_offer_that_ended_before_the_button_was_pressed_takes_nothing(database):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    offers(database, "no-fee", "fee_waived", 1990)
    pass_time(database, 24 * 60 + 1)
    with pytest.raises(Changed):
        opens(database, "c1", settles(10000, "A", saving=500, by=("five", "no-fee")))
    assert (spent(database, "five"), spent(database, "no-fee"), redemptions(database, "five")) == (0, 0, [])


def test_one_discount_and_each_waived_fee_are_taken_together():
    def offer(id, kind, minor):
        return Offer(id, kind, {}, ils(minor))

    discount, fees = incentives.best([offer("a", "amount", 300), offer("f", "fee_waived", 1990), offer("b", "percent", 500)])
    assert (discount and discount.incentive_id, [fee.incentive_id for fee in fees]) == ("b", ["f"])
    assert incentives.best([]) == (None, ())


def test_the_home_page_names_what_runs_now_and_has_budget_left(database):
    owes(database, "c1", A=10000)
    offers(database, "spent", "amount", 1000, budget=1000)
    offers(database, "runs", "percent", 500)
    offers(database, "over", "amount", 100, starts=-2 * DAY, ends=-1)
    offers(database, "elsewhere", "amount", 100, action="update-contact")
    opens(database, "c1", settles(10000, "A", saving=1000, by=("spent",)))
    with database.read() as reader:
        assert [a.incentive_id for a in incentives.public(reader)] == ["runs", "elsewhere"]
        assert [(a.incentive_id, a.title) for a in incentives.public(reader, "pay-balance")] == [("runs", {"en": "runs"})]


def test_parallel_redemptions_in_several_processes_never_overspend_a_budget(database, database_url):
    for number in range(15):
        owes(database, f"c{number}", A=10000)
    offers(database, "i", "amount", 1000, budget=7500)
    given = crowd.at_once(crowd.redeem, [(database_url, f"c{number}", "i", 1000) for number in range(15)])
    assert given.count(True) == 7
    assert (spent(database, "i"), len(redemptions(database, "i"))) == (7000, 7)


def test_a_first_use_is_given_once_however_many_processes_ask(database, database_url):
    owes(database, "c1", A=100000)
    offers(database, "i", "amount", 1000, first_use=True)
    given = crowd.at_once(crowd.redeem, [(database_url, "c1", "i", 1000)] * 9)
    assert given.count(True) == 1
    assert spent(database, "i") == 1000

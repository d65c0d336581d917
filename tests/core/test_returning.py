"""Refunds and disputes in the ledger: totals, whatever notice told them first, last or never (54, F5)."""

import random
from itertools import permutations
from typing import Any

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from portal.core import payments
from portal.core.errors import Permanent, TryAgain
from portal.core.money import Money
from portal.core.payments import Known
from portal.core.ports import Returned, Reversal
from portal.core.statements import Database, Statement
from portal.core.tables import Event
from tests.core.paying import (
    FakeProvider,
    balance,
    begins,
    hears,
    ils,
    offers,
    owes,
    refund_due,
    rows,
    says,
    set_aside,
    settles,
    still_open,
)  # fmt: skip

TOLD = Statement(select(Event.outcome, Event.reason).where(col(Event.step) == "payment").order_by(col(Event.id)))


def went_back(payment: Known, *, refunded: int = 0, failed: int = 0, disputed: int = 0, won: int = 0, currency: str = "ILS") -> Returned:
    return Returned(payment.id, f"cap-{payment.id}", *(Money(minor, currency) for minor in (refunded, failed, disputed, won)))


def goes_back(db: Database, *returned: Returned, provider: str = "fake") -> None:
    for number, one in enumerate(returned):
        with db.write() as tx:
            payments.give_back(tx, provider, f"{one}{number}", one)


def paid(db: Database, charge: int = 12000) -> Known:
    owes(db, "c1", A=10000, B=2000)
    payment = begins(db, "c1", settles(charge, keep=max(0, charge - 12000)))
    hears(db, says(payment, "success"))
    return payment


def after_opening(db: Database) -> list[tuple[str, int, str]]:
    return [row for row in rows(db, "c1") if row[0] != "payment"]


def test_a_refund_is_owed_again_the_invoice_settled_last_first(database):
    payment = paid(database)
    goes_back(database, went_back(payment, refunded=1500))
    assert after_opening(database) == [("refund", 1500, "B")]
    goes_back(database, went_back(payment, refunded=4000))
    assert after_opening(database)[1:] == [("refund", 2000, "A"), ("refund", 500, "B")]
    assert still_open(database, "c1") == {"A": 2000, "B": 2000}


def test_a_dispute_is_owed_until_it_is_won(database):
    payment = paid(database)
    goes_back(database, went_back(payment, disputed=12000))
    assert (balance(database, "c1"), still_open(database, "c1")) == (12000, {"A": 10000, "B": 2000})
    goes_back(database, went_back(payment, disputed=12000, won=12000))
    assert (balance(database, "c1"), still_open(database, "c1")) == (0, {})
    assert {kind for kind, _, _ in after_opening(database)} == {"dispute", "dispute_won"}


def test_a_refund_that_the_bank_did_not_take_is_undone(database):
    payment = paid(database)
    goes_back(database, went_back(payment, refunded=12000), went_back(payment, refunded=12000, failed=12000))
    assert (balance(database, "c1"), still_open(database, "c1")) == (0, {})


def test_a_saving_stays_with_the_customer_whose_money_went_back(database):
    owes(database, "c1", A=10000)
    offers(database, "five", "percent", 500)
    payment = begins(database, "c1", settles(10000, "A", saving=500, by=("five",)))
    hears(database, says(payment, "success"))
    goes_back(database, went_back(payment, refunded=9500))
    assert balance(database, "c1") == 9500


def test_kept_credit_goes_back_before_invoices_are_owed_again(database):
    payment = paid(database, charge=15000)
    assert balance(database, "c1") == -3000
    goes_back(database, went_back(payment, refunded=3000))
    assert (balance(database, "c1"), still_open(database, "c1")) == (0, {})


def twice_paid(db: Database) -> Known:
    """The second of two payments for one debt: nothing of it was credited."""
    owes(db, "c1", A=10000)
    first = begins(db, "c1", settles(10000, "A"))
    hears(db, says(first, "cancelled"))
    hears(db, says(begins(db, "c1", settles(10000, "A")), "success"), says(first, "success"))
    assert refund_due(db, first) == 10000
    return first


@pytest.mark.parametrize("how", [{"refunded": 10000}, {"disputed": 10000}, {"refunded": 4000, "disputed": 6000}])
def test_money_that_was_never_credited_goes_back_without_a_debt(database, how):
    payment = twice_paid(database)
    goes_back(database, went_back(payment, **how))
    assert balance(database, "c1") == 0
    assert after_opening(database) == []
    with database.read() as reader:
        found = payments.find(reader, payment.id)
    assert found
    assert found.still_due == ils(0)


def test_only_what_was_credited_is_owed_again(database):
    owes(database, "c1", A=10000)
    late = begins(database, "c1", settles(10000, "A"))
    hears(database, says(late, "failed"))
    hears(database, says(begins(database, "c1", settles(4000, "A")), "success"), says(late, "success"))
    assert refund_due(database, late) == 4000
    goes_back(database, went_back(late, refunded=5000))
    assert balance(database, "c1") == 1000
    goes_back(database, went_back(late, refunded=10000))
    assert balance(database, "c1") == 6000


def test_given_back_and_disputed_too_it_is_owed_twice(database):
    payment = paid(database)
    goes_back(database, went_back(payment, refunded=12000, disputed=12000))
    assert (balance(database, "c1"), still_open(database, "c1")) == (24000, {"": 12000, "A": 10000, "B": 2000})


LIFE: list[dict[str, Any]] = [
    {"refunded": 1000},
    {"refunded": 3000},
    {"refunded": 3000, "failed": 1000},
    {"refunded": 3000, "failed": 1000, "disputed": 9000},
    {"refunded": 3000, "failed": 1000, "disputed": 9000, "won": 9000},
]


@pytest.mark.parametrize("seed", range(6))
def test_totals_in_any_order_with_the_payments_own_notice_among_them_end_alike(database, seed):
    chance = random.Random(seed)
    owes(database, "c1", A=10000, B=2000)
    payment = begins(database, "c1", settles(12000, "A", "B"))
    notices = [went_back(payment, **totals) for totals in LIFE] * 3 + [None]
    for notice in chance.sample(notices, len(notices)):
        goes_back(database, notice) if notice else hears(database, says(payment, "success"))
    assert (balance(database, "c1"), still_open(database, "c1")) == (2000, {"B": 2000})


def test_three_partial_refunds_in_every_order_end_alike(database):
    payment = paid(database)
    for order in permutations([1000, 2500, 7000]):
        goes_back(database, *(went_back(payment, refunded=total) for total in order))
        assert balance(database, "c1") == 7000
    assert sum(minor for _, minor, _ in after_opening(database)) == 7000


def test_the_timeline_has_what_went_back_and_what_came_again(database):
    payment = paid(database)
    with capture_logs() as logs:
        goes_back(
            database,
            went_back(payment, refunded=1550),
            went_back(payment, refunded=1550, disputed=10000),
            went_back(payment, refunded=1550, disputed=10000, won=10000),
            went_back(payment, refunded=1550, failed=1550, disputed=10000, won=10000),
        )
    with database.read() as reader:
        assert [tuple(row) for row in reader.all(TOLD)] == [
            ("refund", "15.50 ILS"), ("dispute", "100.00 ILS"), ("dispute_won", "100.00 ILS"), ("refund_failed", "15.50 ILS"),
        ]  # fmt: skip
    assert [log["what"] for log in logs] == ["refund", "dispute", "dispute_won", "refund_failed"]


def test_what_contradicts_us_is_set_aside(database):
    payment = paid(database)
    goes_back(database, went_back(payment, refunded=100, currency="USD"))
    goes_back(database, went_back(payment, refunded=100), provider="somebody")
    with database.write() as tx:
        payments.give_back(tx, "fake", "n", Returned("none", "cap", *[ils(0)] * 4))
    assert sorted(set_aside(database)) == ["no such payment", "the payment is at fake", "went back in USD, for ILS"]
    assert balance(database, "c1") == 0


def test_a_notice_that_was_heard_is_not_asked_about_again_and_one_that_failed_is(database):
    payment = paid(database)
    provider = FakeProvider(trouble=TryAgain("down"))
    provider.went_back["cap"] = went_back(payment, refunded=700)
    reversal = Reversal("n1", "cap")
    with pytest.raises(TryAgain):
        payments.look_into(database, provider, reversal)
    provider.trouble = None
    for _ in range(3):
        payments.look_into(database, provider, reversal)
    assert (provider.asked, balance(database, "c1")) == (["cap", "cap"], 700)


def test_what_is_for_no_payment_of_ours_is_asked_about_once(database):
    provider = FakeProvider(listed=[Reversal("n1", "of something else")])
    assert payments.look_back(database, provider, 0) == 1
    assert payments.look_back(database, provider, 0) == 1
    assert provider.asked == ["of something else"]
    assert set_aside(database) == []


def test_what_the_provider_refuses_to_speak_of_is_asked_about_once_and_does_not_hide_the_rest(database):
    payment = paid(database)
    provider = Refusing(listed=[Reversal("n1", "refused"), Reversal("n2", "cap")], went_back={"cap": went_back(payment, refunded=700)})
    for _ in range(2):
        payments.look_back(database, provider, 0)
    assert (provider.asked, balance(database, "c1")) == (["refused", "cap"], 700)


class Refusing(FakeProvider):
    def returned(self, capture: str) -> Returned | None:
        found = super().returned(capture)
        if capture == "refused":
            raise Permanent("404")
        return found


def test_a_refund_that_overtakes_the_payments_own_notice_is_booked_with_it(database):
    owes(database, "c1", A=10000)
    payment = begins(database, "c1", settles(10000, "A"))
    goes_back(database, went_back(payment, refunded=700, disputed=9300, won=9300))
    assert after_opening(database) == []
    hears(database, says(payment, "success"))
    assert (balance(database, "c1"), after_opening(database)) == (700, [("refund", 700, "A")])


def test_a_provider_that_falls_silent_is_listened_to_the_next_time(database):
    payment = paid(database)
    provider = FakeProvider(trouble=TryAgain("down"), listed=[Reversal("n1", "cap")], went_back={"cap": went_back(payment, refunded=700)})
    assert payments.look_back(database, provider, 0) == 0
    provider.trouble = None
    assert payments.look_back(database, provider, 0) == 1
    assert balance(database, "c1") == 700

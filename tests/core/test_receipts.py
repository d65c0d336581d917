"""A receipt adds up, and says the same whenever it is printed."""

from zoneinfo import ZoneInfo

from portal.core import ledger, payments, receipts
from portal.core.documents import Receipt
from portal.core.ledger import Entry
from portal.core.payments import Known
from portal.core.statements import Database
from tests.core.paying import begins, hears, ils, offers, owes, says, settles
from tests.core.test_returning import goes_back, twice_paid, went_back


def receipt(db: Database, payment: Known) -> Receipt:
    with db.read() as reader:
        found = payments.find(reader, payment.id)
        assert found
        made = receipts.made(ZoneInfo("Asia/Jerusalem"), reader, found, personal=True)
    assert sum(line.amount.minor for line in made.lines) == made.paid.minor
    return made


def paid(db: Database) -> Known:
    owes(db, "c1", A=10000, B=2000)
    offers(db, "five", "percent", 500)
    offers(db, "no-fee", "fee_waived", 1990)
    payment = begins(db, "c1", settles(10000, "A", saving=500, by=("five", "no-fee")))
    hears(db, says(payment, "success"))
    return payment


def test_the_balance_is_what_the_payment_left_whatever_came_after(database):
    payment = paid(database)
    before = receipt(database, payment)
    with database.write() as tx:
        ledger.append(tx, "c1", [Entry("opening", ils(20000), "NEXT")])
    hears(database, says(begins(database, "c1", settles(2000, "B"), journey="j2"), "success"))
    assert receipt(database, payment) == before
    assert before.balance_after == ils(2000)


def test_what_went_back_of_what_was_settled_is_told_beside_the_sum(database):
    payment = paid(database)
    goes_back(database, went_back(payment, refunded=3000), went_back(payment, refunded=3000, disputed=1000))
    made = receipt(database, payment)
    assert (made.returned, made.balance_after) == (ils(4000), ils(2000))


def test_what_settled_nothing_is_to_be_given_back_and_then_was(database):
    payment = twice_paid(database)
    assert [line.amount for line in receipt(database, payment).lines] == [ils(0), ils(10000)]
    goes_back(database, went_back(payment, refunded=4000))
    made = receipt(database, payment)
    assert ([line.amount for line in made.lines], made.returned) == ([ils(0), ils(6000), ils(4000)], ils(0))

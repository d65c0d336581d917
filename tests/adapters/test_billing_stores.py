"""Where bills are: in our own database or behind HTTP, with the same answers. The second is a process of its own, with its own books."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count

import pytest

from portal.adapters.billing import EmbeddedBilling
from portal.adapters.billing.http import HttpBilling
from portal.app import open_database
from portal.core import ledger, payments
from portal.core.documents import Allowance, Document, Kind, Line, Party, Totals, VatRate
from portal.core.errors import Permanent
from portal.core.languages import Language
from portal.core.ledger import Entry
from portal.core.money import Money
from portal.core.outbox import Outbox
from portal.core.papers_codec import DOCUMENTS
from portal.core.payments import Known, Pressed, telling
from portal.core.payments.opening import Changed
from portal.core.ports import Account, Billing, PaymentPage, Recorded, Taken
from portal.core.statements import Database, Statement, insert, now, p
from portal.core.steps import Settlement
from portal.core.tables import Invoice
from tests.core.paying import CUSTOMER, ils, offers, owes, refund_due, rows, says, settles
from tests.fakes.billing import KEY, Reference

NUMBERS = count(1)
WHOLE = Statement(
    insert(Invoice).values(
        customer_id=p("customer_id"), number=p("number"), kind="invoice", issued="2026-11-01", due="", currency="ILS", total=11800,
        said_open=11800, details=p("details"), imported_at=now(),
    )
)  # fmt: skip


@dataclass
class Store:
    """`books` is where the company's bills are; `db` where the portal's own rows are: one database, or two."""

    billing: Billing
    books: Database
    db: Database

    def customer(self, currency: str = "ILS", **bills: int) -> str:
        customer_id = f"c{next(NUMBERS)}"
        owes(self.books, customer_id, currency, **{f"{number}": amount for number, amount in bills.items()})
        if self.db is not self.books:
            with self.db.write() as tx:
                tx.run(CUSTOMER, id=customer_id)
        return customer_id

    def opens(self, customer_id: str, settlement: Settlement) -> Known:
        seen = payments.asked(self.db, self.billing, customer_id, settlement)
        with self.db.write() as tx:
            payment = payments.open_payment(
                tx, customer_id=customer_id, pressed=Pressed(f"j-{customer_id}", 1, "receipt"),
                settlement=settlement, provider="fake", language=Language.EN,
                channel="web", seen=seen,
            )  # fmt: skip
            assert payments.started(tx, payment.id, PaymentPage(f"ref-{payment.id}", "https://pay.example"))
        return payment

    def succeeds(self, payment: Known, outbox: Outbox) -> payments.Outcome:
        """The provider's notice; what is to be told is in the outbox."""
        with self.db.write() as tx:
            outcome = payments.hear(tx, "fake", says(payment, "success"))
            assert outcome
            if self.billing.remote:
                telling.promise(tx, outbox, outcome)
        return outcome

    def tells(self, outbox: Outbox) -> int:
        """What a worker does with it. Returns how many there were."""
        courier = telling.Courier(self.db, self.billing)
        with self.db.write() as tx:
            jobs = outbox.claim(tx, telling.CHANNEL, urgent=False, most=10)
        assert [courier(job) for job in jobs] == [job.about["payment"] for job in jobs]
        return len(jobs)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    running = Reference(tmp_path_factory.mktemp("billing")).start()
    yield running
    running.kill()


@pytest.fixture(params=["embedded", "http"])
def store(request: pytest.FixtureRequest, database: Database) -> Iterator[Store]:
    if request.param == "embedded":
        yield Store(EmbeddedBilling(database), database, database)
        return
    reference: Reference = request.getfixturevalue("reference")
    books = open_database(reference.books)
    yield Store(HttpBilling(database, reference.url, KEY), books, database)
    books.close()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(separate=True)


def taken(customer_id: str, paid: int, *invoices: str, saving: int = 0, kept: int = 0, id: str = "", checked: bool = True) -> Taken:
    return Taken(id or f"{next(NUMBERS):032x}", customer_id, ils(paid), ils(saving), ils(kept), invoices, 1_763_800_000_000, checked)


def figures(account: Account) -> tuple[dict[str, int], dict[str, int]]:
    """What is open of each bill, and the balances."""
    return {bill.number: bill.open.minor for bill in account.bills}, {one.currency: one.minor for one in account.balances}


# --- what a customer has


def test_an_account_has_the_newest_documents_first_and_what_is_open(store):
    customer_id = store.customer(A=10000, B=-2500, C=7000)
    account = store.billing.account(customer_id)
    assert [(bill.number, bill.kind, bill.issued, bill.due, bill.total, bill.open) for bill in account.bills] == [
        ("C", Kind.INVOICE, date(2026, 10, 3), None, ils(7000), ils(7000)),
        ("B", Kind.CREDIT_NOTE, date(2026, 10, 2), None, ils(2500), ils(-2500)),
        ("A", Kind.INVOICE, date(2026, 10, 1), None, ils(10000), ils(10000)),
    ]
    assert account.balances == (ils(14500),)


def test_an_account_has_the_newest_sixty_and_all_that_is_owed(store):
    customer_id = store.customer(**{f"N{n:03}": 100 for n in range(1, 32)})
    with store.books.write() as tx:
        for n in range(40):
            tx.run(WHOLE, customer_id=customer_id, number=f"O{n}", details="")
    account = store.billing.account(customer_id)
    assert len(account.bills) == 60
    assert account.balances == (ils(3100),)


def test_each_currency_has_its_balance(store):
    customer_id = store.customer(A=10000)
    with store.books.write() as tx:
        ledger.append(tx, customer_id, [Entry("opening", Money(700, "USD")), Entry("opening", Money(-12, "JPY"))])
    assert figures(store.billing.account(customer_id))[1] == {"ILS": 10000, "JPY": -12, "USD": 700}


def test_a_balance_of_nothing_is_said_in_its_currency(store):
    customer_id = store.customer(A=10000, B=-10000)
    assert store.billing.account(customer_id).balances == (ils(0),)


def test_an_unknown_customer_has_nothing(store):
    for nobody in ["", "unknown", "nobody", "../1001", "1001/", "1001&customer_id=1002", "1001#", "לקוח", "a b"]:
        assert store.billing.account(nobody) == Account((), (), 0)
        assert store.billing.document(nobody, "A") is None


HOSTILE = [
    "../x", "a/b", "..", ".", "/", "a?b=c&d=e", "a#b", "%2e%2e%2f", "a%00b", "חשבונית־7", "فاتورة ٧", "a b", "a+b", "'; --",
    "<b>{{7*7}}", "\\x", "🧾",
]  # fmt: skip


def test_a_document_is_found_by_its_very_number(store):
    customer_id = store.customer(**{number: amount for amount, number in enumerate([*HOSTILE, "x", "b"], start=1)})
    for amount, number in enumerate(HOSTILE, start=1):
        found = store.billing.document(customer_id, number)
        assert found is not None, number
        assert (found.number, found.totals.payable) == (number, ils(amount))


def test_a_number_that_is_not_there_is_none(store):
    customer_id = store.customer(A=100, B=100)
    for number in [*HOSTILE, "A ", "a", "A\r\nX-Injected: 1", "A\n", "x" * 500, "A&number=B", ""]:
        assert store.billing.document(customer_id, number) is None, number


def test_another_customers_document_is_none(store):
    store.customer(HERS=100)
    assert store.billing.document(store.customer(MINE=100), "HERS") is None


def test_a_document_is_the_same_to_the_last_word(store):
    customer_id = store.customer()
    document = Document(
        Kind.INVOICE, "W", date(2026, 11, 1), None,
        Totals(ils(11800), lines=ils(12000), allowances=ils(2000), charges=ils(0), without_vat=ils(10000), vat=ils(1800), rounding=ils(-1)),
        seller=Party("שחף סיבים בע״מ", "510000003", "IL510000003", ("רחוב הדוגמה 1", "תל אביב"), "IL"),
        buyer=Party("<b>{{7*7}}", country="IL"),
        period=(date(2026, 11, 1), None),
        lines=(
            Line(
                "Fibre", ils(-5), "1", "two\nlines", Decimal("1.5"), "MON", Decimal("119.9000"), Decimal("100"), "S", Decimal("18"),
                (Allowance(ils(7), True, "why"),),
            ),
        ),
        vat=(VatRate("S", Decimal("18"), ils(10000), ils(1800)), VatRate("E", None, ils(0), ils(0), "exempt")),
        allowances=(Allowance(ils(2000), reason="loyal"),),
        notes=("a note",),
        corrects=("a/b",),
    )  # fmt: skip
    with store.books.write() as tx:
        tx.run(WHOLE, customer_id=customer_id, number="W", details=DOCUMENTS.dump(document))
    assert store.billing.document(customer_id, "W") == document


# --- a payment, from the button to the books


def test_what_is_paid_is_not_owed_any_more_at_once_and_after_billing_knows(store, outbox):
    customer_id = store.customer(A=10000, B=5000)
    outcome = store.succeeds(store.opens(customer_id, settles(10000, "A")), outbox)
    assert (outcome.paid.balance_after, outcome.paid.checked) == (ils(5000), True)
    before = store.billing.account(customer_id)
    assert store.tells(outbox) == store.billing.remote
    assert figures(before) == figures(store.billing.account(customer_id)) == ({"A": 0, "B": 5000}, {"ILS": 5000})
    assert figures(EmbeddedBilling(store.books).account(customer_id)) == ({"A": 0, "B": 5000}, {"ILS": 5000})


def test_the_whole_balance_uses_a_credit_note(store, outbox):
    customer_id = store.customer(A=10000, B=-4000, C=5000)
    store.succeeds(store.opens(customer_id, settles(11000, "A", "C")), outbox)
    assert figures(store.billing.account(customer_id)) == ({"A": 0, "B": 0, "C": 0}, {"ILS": 0})
    store.tells(outbox)
    assert figures(store.billing.account(customer_id)) == ({"A": 0, "B": 0, "C": 0}, {"ILS": 0})


def test_a_part_and_then_the_rest(store, outbox):
    customer_id = store.customer(A=10000)
    store.succeeds(store.opens(customer_id, settles(4000, "A")), outbox)
    with pytest.raises(Changed):
        store.opens(customer_id, settles(6001, "A"))
    outcome = store.succeeds(store.opens(customer_id, settles(6000, "A")), outbox)
    assert outcome.paid.balance_after == ils(0)
    store.tells(outbox)
    assert figures(store.billing.account(customer_id)) == ({"A": 0}, {"ILS": 0})


def test_more_than_is_owed_is_kept_where_that_was_chosen(store, outbox):
    customer_id = store.customer(A=10000)
    outcome = store.succeeds(store.opens(customer_id, settles(12500, keep=2500)), outbox)
    assert outcome.paid.balance_after == ils(-2500)
    store.tells(outbox)
    assert figures(store.billing.account(customer_id))[1] == {"ILS": -2500}
    assert figures(EmbeddedBilling(store.books).account(customer_id))[1] == {"ILS": -2500}


def test_a_discount_is_in_the_books_and_a_waived_fee_is_not(store, outbox):
    customer_id = store.customer(A=10000)
    by = (offers(store.db, f"five-{customer_id}", "percent", 500), offers(store.db, f"fee-{customer_id}", "fee_waived", 1990))
    store.succeeds(store.opens(customer_id, settles(10000, "A", saving=500, by=by)), outbox)
    assert figures(store.billing.account(customer_id)) == ({"A": 0}, {"ILS": 0})
    store.tells(outbox)
    assert figures(store.billing.account(customer_id)) == ({"A": 0}, {"ILS": 0})
    booked = rows(store.books, customer_id)
    assert [row for row in booked if row[0] in ("saving", "payment")] == [("saving", -500, "A"), ("payment", -9500, "A")]


def test_more_than_is_owed_of_an_invoice_is_refused_before_any_money(store):
    customer_id = store.customer(A=10000, B=50000)
    with pytest.raises(Changed):
        store.opens(customer_id, settles(10001, "A"))


def test_two_tabs_pay_once_and_a_second_success_is_due_back(store, outbox):
    customer_id = store.customer(A=10000)
    first = store.opens(customer_id, settles(10000, "A"))
    assert store.opens(customer_id, settles(10000, "A")).id == first.id
    with store.db.write() as tx:
        payments.gave_up(tx, first.id, "replaced", payments.State.CANCELLED)
    second = store.opens(customer_id, settles(10000, "A"))
    store.succeeds(second, outbox)
    late = store.succeeds(first, outbox)
    assert late.refund_due == ils(10000)
    with pytest.raises(Changed):
        store.opens(customer_id, settles(10000, "A"))
    assert store.tells(outbox) == store.billing.remote
    assert figures(EmbeddedBilling(store.books).account(customer_id))[1] == {"ILS": 0}


def test_each_currency_is_paid_by_itself(store, outbox):
    customer_id = store.customer("JPY", A=10000)
    store.succeeds(store.opens(customer_id, settles(10000, "A", currency="JPY")), outbox)
    store.tells(outbox)
    assert figures(store.billing.account(customer_id))[1] == {"JPY": 0}


def test_a_payment_whose_answer_was_lost_is_taken_off_once_and_credited_once(store, outbox):
    customer_id = store.customer(A=10000, B=5000)
    payment = store.opens(customer_id, settles(10000, "A"))
    store.succeeds(payment, outbox)
    store.billing.record(taken(customer_id, 10000, "A", id=payment.id))
    assert figures(store.billing.account(customer_id)) == ({"A": 0, "B": 5000}, {"ILS": 5000})
    store.tells(outbox)
    assert figures(store.billing.account(customer_id)) == ({"A": 0, "B": 5000}, {"ILS": 5000})
    assert refund_due(store.db, payment) == 0


# --- a payment that somebody else took, into the books


def test_a_payment_is_recorded_once_however_often_it_is_said(store):
    customer_id = store.customer(A=10000)
    said = taken(customer_id, 6000, "A", saving=500)
    answers = {store.billing.record(said) for _ in range(3)}
    assert answers == {Recorded(ils(6000), ils(500), ils(0))}
    assert figures(store.billing.account(customer_id)) == ({"A": 3500}, {"ILS": 3500})


def test_the_same_id_for_another_payment_is_refused_for_good(store):
    customer_id = store.customer(A=10000)
    said = taken(customer_id, 6000, "A")
    store.billing.record(said)
    with pytest.raises(Permanent):
        store.billing.record(replace(said, paid=ils(6001)))
    with pytest.raises(Permanent):
        store.billing.record(taken("no-such-customer", 6000, "A"))


def test_what_is_not_owed_any_more_is_to_be_given_back(store):
    for paid, saving, answer in [(4000, 0, (4000, 0, 0)), (6000, 500, (3500, 500, 2500)), (6000, 0, (4000, 0, 2000))]:
        customer_id = store.customer(A=10000)
        store.billing.record(taken(customer_id, 6000, "A"))
        assert store.billing.record(taken(customer_id, paid, "A", saving=saving)) == Recorded(*map(ils, answer))
        assert figures(store.billing.account(customer_id))[1] == {"ILS": 0}


def test_of_what_is_wholly_paid_all_is_given_back_and_nothing_is_saved(store):
    customer_id = store.customer(A=10000)
    store.billing.record(taken(customer_id, 10000, "A"))
    assert store.billing.record(taken(customer_id, 9500, "A", saving=500)) == Recorded(ils(0), ils(0), ils(9500))


@pytest.mark.parametrize("by", ["owner", "somebody else", "nobody"])
def test_a_typed_number_says_whose_bill_it_is(store, by):
    n = next(NUMBERS)
    owner, other = store.customer(**{f"INV-77{n}": 10000}), store.customer(B=100)
    payer = {"owner": owner, "somebody else": other, "nobody": ""}[by]
    said = taken(payer, 10000, f"inv-77{n}", checked=False)
    assert store.billing.record(said) == store.billing.record(said) == Recorded(ils(10000), ils(0), ils(0))
    assert figures(store.billing.account(owner))[1] == {"ILS": 0}
    assert figures(store.billing.account(other))[1] == {"ILS": 100}


def test_a_typed_number_that_is_nobodys_is_given_back(store):
    said = taken(store.customer(A=100), 5000, f"NO-SUCH-{next(NUMBERS)}", checked=False)
    assert store.billing.record(said) == store.billing.record(said) == Recorded(ils(0), ils(0), ils(5000))


def test_who_answers_says_so(store):
    assert store.billing.check()


def test_nothing_is_due_back_where_all_was_owed(store, outbox):
    customer_id = store.customer(A=10000)
    payment = store.opens(customer_id, settles(10000, "A"))
    store.succeeds(payment, outbox)
    store.tells(outbox)
    assert refund_due(store.db, payment) == 0

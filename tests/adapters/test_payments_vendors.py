"""What every payment provider keeps, the sandbox's and Stripe alike: promises 52, 53, 55, 60, and F5 with real notices."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from portal.core import payments
from portal.core.errors import BadNotice, Permanent, TryAgain
from portal.core.languages import Language
from portal.core.money import Money
from portal.core.payments import Known, Pressed
from portal.core.ports import Heard, Order, Payments, Returned, Reversal
from portal.core.statements import Database
from tests.adapters.payments_vendors import Notice, SandboxVendor, StripeVendor, Vendor
from tests.core.paying import balance, ils, owes, rows, settles, state, still_open
from tests.fakes.hook import Hook
from tests.fakes.stripe import FakeStripe

ORDER = Order("payment-1", Money(12345, "ILS"), "Demo", Language.HE, "https://portal.example/back", "https://portal.example/cancel")


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


@pytest.fixture(params=["sandbox", "stripe"])
def vendor(request, tmp_path, hook) -> Iterator[Vendor]:
    if request.param == "sandbox":
        yield SandboxVendor(tmp_path, hook)
        return
    with FakeStripe(webhook=f"{hook.url}/hooks/payments/stripe") as stripe:
        yield StripeVendor(stripe, hook)


@pytest.fixture
def provider(vendor: Vendor) -> Payments:
    return vendor.provider


def heard(provider: Payments, told: list[Notice]) -> list[Heard]:
    said = [provider.hear(*notice) for notice in told]
    return [one for one in said if isinstance(one, Heard)]


def reversals(provider: Payments, told: list[Notice]) -> list[Reversal]:
    said = [provider.hear(*notice) for notice in told]
    return [one for one in said if isinstance(one, Reversal)]


# --- orders


def test_the_same_order_twice_is_one_page(provider):
    assert provider.begin(ORDER) == provider.begin(ORDER)


def test_the_same_key_for_another_amount_is_refused(provider):
    provider.begin(ORDER)
    with pytest.raises(Permanent):
        provider.begin(replace(ORDER, charge=Money(54321, "ILS")))


@pytest.mark.parametrize("charge", [Money(0, "ILS"), Money(-500, "ILS"), Money(500, "XXY")])
def test_an_order_that_no_provider_takes_is_refused(provider, charge):
    with pytest.raises(Permanent):
        provider.begin(replace(ORDER, charge=charge))


def test_an_unknown_order_is_not_there(provider):
    with pytest.raises(Permanent):
        provider.ask("none")
    with pytest.raises(Permanent):
        provider.expire("none")
    assert provider.returned("none") is None


# --- what is said of it


def test_money_is_told_by_a_signed_notice_and_to_whoever_asks(vendor, provider):
    page = provider.begin(ORDER)
    assert (provider.ask(page.reference).state, provider.ask(page.reference).taken) == ("started", ils(0))
    vendor.pays(page.reference)
    (said,) = heard(provider, vendor.told())
    assert (said.payment_id, said.reference, said.state, said.taken, said.doubt) == ("payment-1", page.reference, "success", ils(12345), "")
    asked = provider.ask(page.reference)
    assert (asked.state, asked.taken, asked.reference, asked.capture) == ("success", ils(12345), page.reference, said.capture)
    assert said.capture


def test_an_expired_page_is_over(provider):
    page = provider.begin(ORDER)
    provider.expire(page.reference)
    provider.expire(page.reference)
    assert (provider.ask(page.reference).state, provider.ask(page.reference).reason) == ("cancelled", "expired")


def test_expiring_what_is_paid_changes_nothing(vendor, provider):
    page = provider.begin(ORDER)
    vendor.pays(page.reference)
    provider.expire(page.reference)
    assert provider.ask(page.reference).state == "success"


# --- what is believed (52, 53)


@pytest.fixture
def notice(vendor, provider) -> Notice:
    vendor.pays(provider.begin(ORDER).reference)
    return next((headers, body) for headers, body in vendor.told() if provider.hear(headers, body))


def test_a_notice_is_believed_whatever_the_case_of_its_header(vendor, provider, notice):
    headers, body = notice
    assert provider.hear({vendor.signature.lower(): headers[vendor.signature]}, body)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: "",
        lambda signature: signature.replace("v1=", "v0="),
        lambda signature: signature[:-1] + ("0" if signature[-1] != "0" else "1"),
        lambda signature: signature.split(",")[0],
        lambda signature: signature.split(",")[1],
        lambda signature: signature.replace("t=", "t=1"),
        lambda signature: signature.replace("v1=", "v1=é"),
        lambda signature: "t=" + "9" * 5000 + ",v1=a",
        lambda signature: "," * 3000 + signature,
    ],
)
def test_a_spoilt_signature_is_refused(vendor, provider, notice, spoil):
    headers, body = notice
    with pytest.raises(BadNotice):
        provider.hear({vendor.signature: spoil(headers[vendor.signature])}, body)


def test_another_body_under_the_same_signature_is_refused(vendor, provider, notice):
    headers, body = notice
    with pytest.raises(BadNotice):
        provider.hear(headers, body.replace(b"12345", b"12346"))
    with pytest.raises(BadNotice):
        provider.hear(headers, b"\xff" + body)


@pytest.mark.parametrize(("seconds", "believed"), [(290, True), (310, False)])
def test_a_notice_is_believed_for_five_minutes(vendor, notice, seconds, believed):
    later = vendor.at(seconds)
    if believed:
        assert later.hear(*notice)
    else:
        with pytest.raises(BadNotice):
            later.hear(*notice)


def test_a_notice_of_an_older_secret_is_believed_until_the_secret_is_retired(vendor, notice):
    assert vendor.rotated(retired=False).hear(*notice)
    with pytest.raises(BadNotice):
        vendor.rotated(retired=True).hear(*notice)


# --- a bad day (F10)


@pytest.mark.parametrize("trouble", ["hangs", "fails"])
@pytest.mark.parametrize(
    "call",
    [
        lambda provider: provider.begin(ORDER),
        lambda provider: provider.ask("any"),
        lambda provider: provider.expire("any"),
        lambda provider: provider.returned("any"),
        lambda provider: provider.reversals(0),
    ],
    ids=["begin", "ask", "expire", "returned", "reversals"],
)
def test_a_provider_in_trouble_says_to_try_again(vendor, trouble, call):
    with pytest.raises(TryAgain):
        call(getattr(vendor, trouble)())


def test_an_order_whose_answer_was_lost_is_found_by_the_same_key(vendor, provider):
    with pytest.raises(TryAgain):
        vendor.hangs().begin(ORDER)
    assert provider.begin(ORDER) == provider.begin(ORDER)


# --- what goes back


@pytest.fixture
def paid(vendor, provider) -> str:
    """The reference of an order that was paid, and whose notices were read."""
    reference: str = provider.begin(ORDER).reference
    vendor.pays(reference)
    vendor.told()
    return reference


def totals(returned: Returned | None) -> tuple[int, int, int, int]:
    assert returned
    return returned.refunded.minor, returned.refund_failed.minor, returned.disputed.minor, returned.dispute_won.minor


def test_refunds_and_disputes_are_totals(vendor, provider, paid):
    capture = provider.ask(paid).capture
    assert totals(provider.returned(capture)) == (0, 0, 0, 0)
    vendor.goes_back(paid, "refund", 2000)
    vendor.goes_back(paid, "refund", 345)
    assert totals(provider.returned(capture)) == (2345, 0, 0, 0)
    vendor.goes_back(paid, "refund_failed", 345)
    assert totals(provider.returned(capture)) == (2345, 345, 0, 0)
    vendor.goes_back(paid, "dispute", 10000)
    assert totals(provider.returned(capture)) == (2345, 345, 10000, 0)
    vendor.goes_back(paid, "dispute_won")
    assert totals(provider.returned(capture)) == (2345, 345, 10000, 10000)
    returned = provider.returned(capture)
    assert returned and (returned.payment_id, returned.capture, returned.refunded.currency) == ("payment-1", capture, "ILS")


@pytest.mark.parametrize("kind", ["refund", "dispute"])
def test_what_goes_back_is_told_and_listed_for_whoever_missed_it(vendor, provider, paid, kind):
    vendor.goes_back(paid, kind)
    told = reversals(provider, vendor.told())
    assert told
    assert {one.capture for one in told} == {provider.ask(paid).capture}
    assert {one.notice_id for one in told} == {one.notice_id for one in provider.reversals(0)}
    assert provider.reversals(4_000_000_000_000) == []


# --- notices repeated, in parallel, out of order (F5)


def opened(db: Database, provider: Payments, customer_id: str, charge: int = 12345) -> tuple[Known, str]:
    owes(db, customer_id, A=charge - 2345, B=2345)
    with db.write() as tx:
        payment = payments.open_payment(
            tx, customer_id=customer_id, pressed=Pressed(f"of {customer_id}", 1, "receipt"),
            settlement=settles(charge, "A", "B"), provider=provider.name,
            language=Language.EN, channel="web",
        )  # fmt: skip
    page = provider.begin(Order(payment.id, payment.charge, "Demo", Language.HE, ORDER.return_url, ORDER.cancel_url))
    with db.write() as tx:
        payments.started(tx, payment.id, page)
    return payment, page.reference


def take(db: Database, provider: Payments, notice: Notice) -> None:
    match provider.hear(*notice):
        case Heard() as one:
            with db.write() as tx:
                payments.hear(tx, provider.name, one)
        case Reversal() as one:
            payments.look_into(db, provider, one)


LIVES: dict[str, list[tuple[str, int | None]]] = {
    "three refunds": [("refund", 1000), ("refund", 345), ("refund", 5000)],
    "a refund that failed": [("refund", 1000), ("refund_failed", 1000), ("refund", 2000)],
    "a dispute that was won": [("refund", 2345), ("dispute", 10000), ("dispute_won", 10000)],
    "all of it": [("refund", None)],
}
ENDS = {
    "three refunds": (6345, {"A": 4000, "B": 2345}),
    "a refund that failed": (2000, {"B": 2000}),
    "a dispute that was won": (2345, {"B": 2345}),
    "all of it": (12345, {"A": 10000, "B": 2345}),
}


@pytest.mark.parametrize("life", LIVES)
def test_notices_ten_times_over_in_parallel_and_any_order_end_as_the_ordered_ones(database, vendor, provider, life):
    def lives(customer: str, arrange: Callable[[list[Notice]], list[Notice]], threads: int) -> Known:
        payment, reference = opened(database, provider, customer)
        vendor.pays(reference)
        told = vendor.told()
        for kind, minor in LIVES[life]:
            vendor.goes_back(reference, kind, minor)
            told += vendor.told()
        with ThreadPoolExecutor(threads) as crowd:
            list(crowd.map(lambda notice: take(database, provider, notice), arrange(told)))
        return payment

    chance = random.Random(life)
    ordered = lives("c1", lambda told: told, threads=1)
    mixed = lives("c2", lambda told: chance.sample(told * 10, len(told) * 10), threads=4)
    assert (state(database, ordered), balance(database, "c1"), still_open(database, "c1")) == ("success", *ENDS[life])
    assert (state(database, mixed), balance(database, "c2"), still_open(database, "c2")) == ("success", *ENDS[life])
    assert sum(minor for kind, minor, _ in rows(database, "c2") if kind == "payment") == -12345


def test_a_refund_that_overtakes_the_payment_is_not_lost(database, vendor, provider):
    payment, reference = opened(database, provider, "c1")
    vendor.pays(reference)
    paying = vendor.told()
    vendor.goes_back(reference, "refund", 1000)
    for notice in vendor.told():
        take(database, provider, notice)
    assert (state(database, payment), balance(database, "c1")) == ("started", 12345)
    for notice in paying:
        take(database, provider, notice)
    assert (state(database, payment), balance(database, "c1")) == ("success", 1000)


def test_what_no_notice_told_is_found_by_looking_back(database, vendor, provider):
    _, reference = opened(database, provider, "c1")
    vendor.pays(reference)
    vendor.goes_back(reference, "refund", 1000)
    for notice in vendor.told():
        if isinstance(provider.hear(*notice), Heard):
            take(database, provider, notice)
    assert balance(database, "c1") == 0
    payments.look_back(database, provider, payments.returning.LOOKS_BACK_MS)
    payments.look_back(database, provider, payments.returning.LOOKS_BACK_MS)
    assert balance(database, "c1") == 1000
    assert rows(database, "c1")[-1] == ("refund", 1000, "B")

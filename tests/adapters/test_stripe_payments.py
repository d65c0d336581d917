"""Stripe alone: its amounts, its notices as others recorded them, its ways to pay, and its bad days."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from portal.adapters.stripe_payments import TIMEOUT, StripePayments, amounts, notices
from portal.core.errors import BadNotice, Permanent, TryAgain
from portal.core.languages import Language
from portal.core.money import Money
from portal.core.ports import Heard, Order, Reversal
from tests.core.paying import hears, ils, opens, owes, settles, state
from tests.fakes.stripe import FakeStripe

DATA = Path(__file__).resolve().parents[2] / "../shared/data/05-stripe"
recorded = pytest.mark.skipif(not DATA.exists(), reason="../shared/data/05-stripe, recorded events of others, is not here")
# Known, and ignored on purpose: what becomes of our payments, their Checkout Sessions say; the rest is other uses of the account.
IGNORED = (
    "account.", "balance.", "billing_portal.", "capability.", "charge.captured", "charge.expired", "charge.failed", "charge.pending",
    "charge.succeeded", "charge.updated", "coupon.", "credit_note.", "customer.", "invoice.", "invoiceitem.", "mandate.", "payment_intent.",
    "payment_link.", "payment_method.", "payout.", "person.", "plan.", "price.", "product.", "promotion_code.", "quote.", "radar.",
    "review.", "setup_intent.", "source.", "subscription_schedule.", "tax_rate.", "test_helpers.", "topup.", "transfer.",
)  # fmt: skip
NOW_MS = int(time.time() * 1000)
ORDER = Order("payment-1", Money(12345, "ILS"), "בזק", Language.HE, "http://portal.example/back", "http://portal.example/left", NOW_MS)


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as stripe:
        yield stripe


@pytest.fixture
def provider(stripe) -> StripePayments:
    return StripePayments(stripe.key, (stripe.courier.secret,), stripe.url)


# --- amounts


@pytest.mark.parametrize(
    ("money", "theirs"),
    [
        (Money(12345, "ILS"), 12345),
        (Money(500, "JPY"), 500),
        (Money(5120, "KWD"), 5120),
        (Money(17500, "HUF"), 17500),
        (Money(80045, "TWD"), 80045),
        (Money(5, "ISK"), 500),  # no hundredths, and counted in them
        (Money(5, "UGX"), 500),
        (Money(1250, "RSD"), 125000),  # ISO has its hundredths, CLDR has not
    ],
)
def test_amounts_are_translated_at_the_edge(money, theirs):
    assert amounts.theirs(money) == theirs
    assert amounts.ours(theirs, money.currency.lower()) == money


def test_an_amount_that_stripe_cannot_take_is_never_rounded():
    with pytest.raises(Permanent):
        amounts.theirs(Money(5124, "KWD"))
    with pytest.raises(ValueError, match="no amount of ISK"):
        amounts.ours(550, "isk")


@pytest.mark.parametrize("charge", [Money(500, "JPY"), Money(5120, "KWD"), Money(20000, "HUF"), Money(9000, "ISK"), Money(12345, "ILS")])
def test_what_is_taken_is_what_was_asked_in_every_currency(stripe, provider, charge):
    page = provider.begin(replace(ORDER, charge=charge))
    stripe.account.pay(page.reference)
    assert provider.ask(page.reference).taken == charge


def test_an_amount_below_what_stripe_takes_is_refused(provider):
    with pytest.raises(Permanent, match="amount_too_small"):
        provider.begin(replace(ORDER, charge=Money(49, "ILS")))
    with pytest.raises(Permanent, match="amount_too_large"):
        provider.begin(replace(ORDER, charge=Money(100_000_000, "ILS")))


# --- what Stripe is asked for


def test_an_order_says_whose_it_is_everywhere_that_money_may_be_seen(stripe, provider):
    page = provider.begin(ORDER)
    stripe.account.pay(page.reference)
    session = stripe.account.objects[page.reference]
    intent = stripe.account.objects[session["payment_intent"]]
    charge = stripe.account.objects[intent["latest_charge"]]
    assert session["client_reference_id"] == "payment-1"
    assert [one["metadata"] for one in (session, intent, charge)] == [{"payment_id": "payment-1"}] * 3
    assert (session["success_url"], session["cancel_url"]) == (ORDER.return_url, ORDER.cancel_url)


@pytest.mark.parametrize(("language", "locale"), [("he", "auto"), ("ar", "auto"), ("en", "en"), ("ru", "ru")])
def test_the_page_speaks_the_customers_language_where_stripe_does(stripe, provider, language, locale):
    page = provider.begin(replace(ORDER, language=Language(language)))
    assert stripe.account.objects[page.reference]["locale"] == locale


def test_a_second_try_much_later_asks_for_the_very_same(stripe):
    """The page's end is of the payment's own time: with another, Stripe would refuse the key."""
    now = time.time()
    order = replace(ORDER, opened_at=int(now * 1000))
    early = StripePayments(stripe.key, ("s",), stripe.url, clock=lambda: now)
    late = StripePayments(stripe.key, ("s",), stripe.url, clock=lambda: now + 44 * 60)
    assert early.begin(order) == late.begin(order)
    assert stripe.account.objects[early.begin(order).reference]["expires_at"] == order.opened_at // 1000 + 90 * 60


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_a_sandboxs_clock_that_was_moved_does_not_stop_payments(stripe, provider, days):
    page = provider.begin(replace(ORDER, opened_at=NOW_MS + days * 86_400_000))
    assert provider.ask(page.reference).state == "started"


def test_nobody_waits_longer_than_five_seconds():
    assert sum(TIMEOUT) <= 5


# --- what becomes of it


def test_a_declined_card_ends_nothing_for_another_may_do(stripe, provider):
    page = provider.begin(ORDER)
    stripe.account.decline(page.reference)
    assert provider.ask(page.reference).state == "started"
    stripe.account.pay(page.reference)
    assert provider.ask(page.reference).state == "success"


@pytest.mark.parametrize(("decides", "ends"), [(True, "success"), (False, "failed")])
def test_a_way_to_pay_that_takes_days_is_submitted_until_the_bank_decides(stripe, provider, decides, ends):
    page = provider.begin(ORDER)
    stripe.account.pay(page.reference, later=True)
    assert provider.ask(page.reference).state == "submitted"
    stripe.account.bank_decides(page.reference, decides)
    assert provider.ask(page.reference).state == ends
    told = [notices.heard(event, live=False) for event in stripe.account.events]
    assert [(one.state, one.taken) for one in told if isinstance(one, Heard)] == [
        ("submitted", ils(0)),
        (ends, ils(12345 if decides else 0)),
    ]


def test_a_banks_refusal_that_no_notice_told_is_heard_by_asking(database, stripe, provider):
    """Stripe calls what the bank works on and what it refused by the same words: complete, unpaid."""
    owes(database, "c1", A=12345)
    payment = opens(database, "c1", settles(12345, "A"))
    page = provider.begin(replace(ORDER, payment_id=payment.id))
    stripe.account.pay(page.reference, later=True)
    hears(database, provider.ask(page.reference))
    assert state(database, payment) == "submitted"
    stripe.account.bank_decides(page.reference, ok=False)
    hears(database, provider.ask(page.reference))
    assert state(database, payment) == "failed"


def test_a_page_that_expired_by_itself_is_told(stripe, provider):
    page = provider.begin(ORDER)
    stripe.account.objects[page.reference]["expires_at"] = time.time() - 1
    assert provider.ask(page.reference).state == "cancelled"
    (told,) = [notices.heard(event, live=False) for event in stripe.account.events]
    assert isinstance(told, Heard)
    assert (told.state, told.reason) == ("cancelled", "expired")


# --- notices as Stripe wrote them to others


def _events() -> list[Any]:
    paths = sorted((DATA / "webhook-events").glob("*.json")) if DATA.exists() else []
    return [pytest.param(json.loads(path.read_text(encoding="utf-8")), id=path.stem) for path in paths]


@recorded
def test_signature_vectors():
    payload = (DATA / "signature-payload.json").read_bytes()
    for line in (DATA / "signature-vectors.jsonl").read_text().splitlines():
        vector = json.loads(line)
        body = payload.rstrip(b"\n") if vector["payload_strip"] else payload
        try:
            notices.verify((vector["secret"],), vector["now"], {"Stripe-Signature": vector["header"]}, body)
            valid = True
        except BadNotice:
            valid = False
        assert valid == vector["valid"], vector["name"]


@recorded
@pytest.mark.parametrize("event", _events())
def test_every_recorded_event_is_read_or_ignored_on_purpose(event):
    read, ignored = event["type"] in notices.READ, event["type"].startswith(IGNORED)
    assert read != ignored, event["type"]
    said = notices.parsed(json.dumps(event).encode(), live=False)
    match event["type"]:
        case "charge.dispute.closed" | "charge.dispute.funds_withdrawn" | "charge.refund.updated":
            assert said == Reversal(event["id"], event["data"]["object"]["charge"])
        case _:
            assert said is None  # none of them is marked with a payment of ours


@recorded
@pytest.mark.parametrize("event", _events())
def test_every_recorded_event_marked_as_ours_is_survived_whatever_its_version(event):
    event["data"]["object"]["metadata"] = {"payment_id": "payment-1"}
    said = notices.parsed(json.dumps(event).encode(), live=False)
    match event["type"], event["data"]["object"].get("mode"):
        case "checkout.session.completed", "payment":
            assert said == Heard(event["id"], "payment-1", "cs_00000000000000", "success", Money(25000, "USD"), "", "pi_00000000000000")
        case "checkout.session.completed", "setup":
            assert said is None
        case type, _ if type in notices.REVERSALS:
            assert isinstance(said, Reversal)
        case _:
            assert said is None


def test_an_event_of_a_type_that_is_new_to_us_is_ignored():
    assert notices.heard({"id": "evt_1", "type": "checkout.session.teleported", "data": {"object": {}}, "livemode": False}, False) is None


@pytest.mark.parametrize("live", [True, False])
def test_a_notice_of_the_other_mode_is_set_aside(stripe, provider, live):
    stripe.account.live = not live
    page = provider.begin(ORDER)
    stripe.account.pay(page.reference)
    told = [one for event in stripe.account.events if (one := notices.heard(event, live))]
    (said,) = told
    assert isinstance(said, Heard)
    assert said.doubt == f"a notice of {'test' if live else 'live'} mode"


def test_which_mode_it_is_the_key_says():
    modes = {key: StripePayments(key, ("s",)).live for key in ("sk_live_a", "rk_live_a", "sk_test_a", "rk_test_a")}
    assert modes == {"sk_live_a": True, "rk_live_a": True, "sk_test_a": False, "rk_test_a": False}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"5", b'{"type": "refund.created"}', b'{"type": "charge.refunded", "id": "e", "data": {"object": 5}}', b"[" * 9000],
)
def test_a_signed_notice_that_makes_no_sense_is_refused(provider, body):
    from stripe import WebhookSignature

    signed = WebhookSignature.generate_signature_header(body.decode(), provider.secrets[0])
    with pytest.raises(BadNotice, match="makes no sense"):
        provider.hear({"Stripe-Signature": signed}, body)


def test_what_is_not_signed_is_not_even_parsed(provider):
    with pytest.raises(BadNotice, match="Stripe-Signature"):
        provider.hear({}, b"{" * 1000)


def test_a_charge_named_as_an_old_version_names_it_is_found(stripe, provider):
    page = provider.begin(ORDER)
    stripe.account.pay(page.reference)
    intent = provider.ask(page.reference).capture
    stripe.account.refund(intent, 345)
    returned = provider.returned(stripe.account.objects[intent]["latest_charge"])
    assert returned
    assert (returned.payment_id, returned.capture, returned.refunded) == ("payment-1", intent, ils(345))


def test_more_refunds_than_a_page_holds_are_all_counted(stripe, provider):
    page = provider.begin(ORDER)
    stripe.account.pay(page.reference)
    capture = provider.ask(page.reference).capture
    for _ in range(120):
        stripe.account.refund(capture, 100)
    returned = provider.returned(capture)
    assert returned
    assert returned.refunded == ils(12000)
    assert len(provider.reversals(0)) == 240


def test_an_inquiry_takes_no_money(stripe, provider):
    page = provider.begin(ORDER)
    stripe.account.pay(page.reference)
    capture = provider.ask(page.reference).capture
    stripe.account.dispute(capture)
    stripe.account.listed("dispute", capture)[0] |= {"status": "warning_needs_response", "balance_transactions": []}
    returned = provider.returned(capture)
    assert returned
    assert returned.disputed == ils(0)


# --- bad days


@pytest.mark.parametrize("trouble", ["before", "after", "409", "429"])
def test_after_a_failure_the_same_key_finds_or_makes_one_page(stripe, provider, trouble):
    stripe.trouble.append(trouble)
    with pytest.raises(TryAgain):
        provider.begin(ORDER)
    assert provider.begin(ORDER) == provider.begin(ORDER)
    assert len(stripe.account.sessions()) == 1


def test_retry_after_is_heard(stripe, provider):
    stripe.trouble.append("429")
    with pytest.raises(TryAgain) as silent:
        provider.begin(ORDER)
    assert silent.value.retry_after == 1.0


def test_a_failure_that_stripe_keeps_for_the_key_ends_that_payment(stripe, provider):
    stripe.trouble.append("saved")
    with pytest.raises(TryAgain):
        provider.begin(ORDER)
    with pytest.raises(Permanent):
        provider.begin(ORDER)


def test_a_key_that_stripe_refuses_is_our_fault_and_alerts(stripe):
    provider = StripePayments("sk_test_wrong", ("s",), stripe.url)
    with capture_logs() as logs, pytest.raises(TryAgain):
        provider.begin(ORDER)
    assert [(log["event"], log["log_level"]) for log in logs] == [("payment_provider_refuses_our_key", "error")]
    assert "sk_test_wrong" not in str(logs)


def test_a_stripe_that_is_not_there_says_to_try_again():
    with pytest.raises(TryAgain):
        StripePayments("sk_test_a", ("s",), "http://127.0.0.1:9").begin(ORDER)


def test_it_is_asked_once_for_each_call(stripe, provider):
    """We try again ourselves: the library must not, for it would hold a customer up."""
    stripe.trouble.extend(["before", "before"])
    with pytest.raises(TryAgain):
        provider.begin(ORDER)
    assert len(stripe.calls) == 1

"""The provider that stands in for a real one: promises 52 and 53, one order a payment, and notices that behave badly on demand."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from portal.adapters.sandbox_payments import SandboxPayments, Trouble, notices
from portal.core.errors import BadNotice, NotFound, Permanent, TryAgain, Unexpected
from portal.core.keys import Keys
from portal.core.languages import Language
from portal.core.money import Money
from portal.core.ports import Order, Payments
from tests.fakes.hook import Hook

KEYS = Keys.of(("the key of this test",))
ORDER = Order("payment-1", Money(12345, "ILS"), "Demo", Language.HE, "https://portal.example/back", "https://portal.example/cancel")


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


@pytest.fixture
def provider(tmp_path, hook) -> SandboxPayments:
    return SandboxPayments(tmp_path / "orders.db", hook.url, KEYS, late_by=0, waits=(0, 0, 0))


def test_it_is_a_payment_provider_as_any_other(provider):
    as_any: Payments = provider
    assert (as_any.name, as_any.form_action) == ("sandbox", provider.base_url)


def test_the_same_order_twice_is_one_page_whatever_the_process(provider, hook, tmp_path):
    another_process = SandboxPayments(tmp_path / "orders.db", hook.url, KEYS)
    page = provider.begin(ORDER)
    assert another_process.begin(ORDER) == page
    assert page.url == f"{hook.url}/sandbox/pay/{page.reference}"


def test_the_same_key_for_another_amount_is_refused(provider):
    provider.begin(ORDER)
    with pytest.raises(Permanent):
        provider.begin(replace(ORDER, charge=Money(1, "ILS")))


@pytest.mark.parametrize(
    "wrong", [{"charge": Money(0, "ILS")}, {"charge": Money(-5, "ILS")}, {"charge": Money(5, "XXY")}, {"description": "x" * 501}]
)
def test_an_order_that_no_provider_takes_is_refused(provider, wrong):
    with pytest.raises(Permanent):
        provider.begin(replace(ORDER, **wrong))


@pytest.mark.parametrize(
    ("decision", "state", "taken", "after"),
    [
        ("approve", "success", 12345, ORDER.return_url),
        ("decline", "failed", 0, ORDER.cancel_url),
        ("abandon", "cancelled", 0, ORDER.cancel_url),
    ],
)
def test_a_decision_is_told_by_a_signed_notice_and_to_whoever_asks(provider, hook, decision, state, taken, after):
    page = provider.begin(ORDER)
    assert provider.decide(page.reference, decision) == after
    path, headers, body = hook.next()
    heard = provider.hear(headers, body)
    assert path == "/hooks/payments/sandbox"
    assert heard and (heard.payment_id, heard.reference, heard.state) == ("payment-1", page.reference, state)
    assert heard.taken == Money(taken, "ILS")
    asked = provider.ask(page.reference)
    assert (asked.state, asked.taken, asked.reason) == (heard.state, heard.taken, heard.reason)


def test_the_customer_is_sent_back_after_the_hook_has_heard(provider, hook):
    provider.decide(provider.begin(ORDER).reference, "approve")
    assert hook.posts.qsize() == 1


def test_a_second_decision_changes_nothing(provider, hook):
    page = provider.begin(ORDER)
    provider.decide(page.reference, "approve")
    assert provider.decide(page.reference, "decline") == ORDER.return_url
    hook.next()
    assert hook.none_more()
    assert provider.ask(page.reference).state == "success"


def test_a_notice_comes_twice_with_one_id_where_that_is_chosen(provider, hook):
    provider.decide(provider.begin(ORDER).reference, "approve", "twice")
    assert json.loads(hook.next()[2])["id"] == json.loads(hook.next()[2])["id"]
    assert hook.none_more()


def test_a_notice_never_comes_where_that_is_chosen_and_asking_finds_it(provider, hook):
    page = provider.begin(ORDER)
    provider.decide(page.reference, "approve", "never")
    assert hook.none_more()
    assert provider.ask(page.reference).taken == ORDER.charge


def test_a_late_notice_comes_after_all(provider, hook):
    provider.decide(provider.begin(ORDER).reference, "approve", "late")
    assert provider.hear(*hook.next()[1:]) is not None


def test_a_notice_is_tried_again_until_the_hook_takes_it(provider, hook):
    hook.failing = 2
    provider.decide(provider.begin(ORDER).reference, "approve")
    assert len({hook.next()[2] for _ in range(3)}) == 1
    assert hook.none_more()


@pytest.mark.parametrize(("decision", "notice"), [("steal", "now"), ("approve", "yesterday"), ("", "now")])
def test_an_unknown_decision_is_refused(provider, decision, notice):
    page = provider.begin(ORDER)
    with pytest.raises(Unexpected):
        provider.decide(page.reference, decision, notice)
    assert provider.ask(page.reference).state == "started"


def test_an_unknown_order_is_not_there(provider):
    assert provider.order("none") is None
    with pytest.raises(NotFound):
        provider.decide("none", "approve")
    with pytest.raises(Permanent):
        provider.ask("none")


@pytest.mark.parametrize("expires", ["told", "an hour old"])
def test_an_expired_page_takes_no_money(tmp_path, hook, expires):
    now = 1_800_000_000.0
    provider = SandboxPayments(tmp_path / "orders.db", hook.url, KEYS, clock=lambda: now)
    page = provider.begin(ORDER)
    if expires == "told":
        provider.expire(page.reference)
    else:
        now += 3601
    assert provider.decide(page.reference, "approve") == ORDER.cancel_url
    assert hook.none_more()
    assert (provider.ask(page.reference).state, provider.ask(page.reference).reason) == ("cancelled", "expired")


def test_expiring_what_is_paid_changes_nothing(provider, hook):
    page = provider.begin(ORDER)
    provider.decide(page.reference, "approve")
    hook.next()
    provider.expire(page.reference)
    assert provider.ask(page.reference).state == "success"


# --- what is believed (52, 53)


@pytest.fixture
def notice(provider, hook) -> tuple[dict[str, str], bytes]:
    provider.decide(provider.begin(ORDER).reference, "approve")
    _, headers, body = hook.next()
    return headers, body


def test_a_notice_is_believed_once_signed_whatever_the_case_of_its_header(provider, notice):
    headers, body = notice
    assert provider.hear({"sandbox-signature": headers["Sandbox-Signature"]}, body)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: "",
        lambda signature: signature.replace("v1=", "v0="),
        lambda signature: signature[:-1] + ("0" if signature[-1] != "0" else "1"),
        lambda signature: signature.split(",")[0],
        lambda signature: signature.split(",")[1],
        lambda signature: signature.replace("t=", "t=1"),
        lambda signature: "t=١٢٣,v1=é",
        lambda signature: "t=" + "9" * 5000 + ",v1=a",
    ],
)
def test_a_spoilt_signature_is_refused(provider, notice, spoil):
    headers, body = notice
    with pytest.raises(BadNotice):
        provider.hear({"Sandbox-Signature": spoil(headers["Sandbox-Signature"])}, body)


def test_another_body_under_the_same_signature_is_refused(provider, notice):
    headers, body = notice
    with pytest.raises(BadNotice):
        provider.hear(headers, body.replace(b"12345", b"12346"))


def test_what_is_not_signed_is_not_even_parsed(provider):
    with pytest.raises(BadNotice, match="no signature"):
        provider.hear({}, b"{" * 1000)


@pytest.mark.parametrize(("seconds", "believed"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_a_notice_is_believed_for_five_minutes(provider, notice, tmp_path, seconds, believed):
    headers, body = notice
    at = int(headers["Sandbox-Signature"].split(",")[0].removeprefix("t="))
    later = SandboxPayments(tmp_path / "orders.db", provider.base_url, KEYS, clock=lambda: at + seconds)
    if believed:
        assert later.hear(headers, body)
    else:
        with pytest.raises(BadNotice, match="5 minutes"):
            later.hear(headers, body)


def test_a_notice_of_an_older_key_is_believed_until_the_key_is_retired(provider, notice, tmp_path):
    headers, body = notice
    rotated = SandboxPayments(tmp_path / "orders.db", provider.base_url, Keys.of(("the key of this test", "a newer key")))
    assert rotated.hear(headers, body)
    retired = SandboxPayments(tmp_path / "orders.db", provider.base_url, Keys.of(("a newer key",)))
    with pytest.raises(BadNotice):
        retired.hear(headers, body)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": "payment"}', b'{"type": "payment", "id": 5}', b"\xff"])
def test_a_signed_notice_that_makes_no_sense_is_refused(provider, body):
    with pytest.raises(BadNotice):
        provider.hear(signed(provider, body), body)


def test_a_notice_about_something_else_is_nothing(provider):
    body = b'{"type": "payout"}'
    assert provider.hear(signed(provider, body), body) is None


def test_a_huge_notice_is_refused_unread(provider):
    body = b" " * (notices.LONGEST + 1)
    with pytest.raises(BadNotice, match="too long"):
        provider.hear(signed(provider, body), body)


def signed(provider: SandboxPayments, body: bytes) -> dict[str, str]:
    return {notices.HEADER: notices.signed(provider.keys, provider.clock(), body)}


# --- a bad day (F10)


def test_an_order_whose_answer_was_lost_is_found_by_the_same_key(provider, tmp_path):
    hanging = SandboxPayments(tmp_path / "orders.db", provider.base_url, KEYS, trouble=Trouble.HANGS, answers_within=0)
    for call in (lambda: hanging.begin(ORDER), lambda: hanging.ask("any"), lambda: hanging.expire("any")):
        with pytest.raises(TryAgain):
            call()
    page = provider.begin(ORDER)
    order = provider.order(page.reference)
    assert order and order.payment_id == ORDER.payment_id
    assert provider.begin(ORDER) == page


def test_a_provider_that_fails_says_to_try_again(provider, tmp_path):
    failing = SandboxPayments(tmp_path / "orders.db", provider.base_url, KEYS, trouble=Trouble.FAILS)
    for call in (lambda: failing.begin(ORDER), lambda: failing.ask("any"), lambda: failing.expire("any")):
        with pytest.raises(TryAgain):
            call()

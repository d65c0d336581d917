"""The Stripe of our own refuses what Stripe refuses, tells what Stripe tells, and can be had as a process."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes.hook import Hook
from tests.fakes.stripe import FakeStripe
from tests.ports import free_port, wait_until

ORDER = {
    "mode": "payment", "success_url": "https://portal.example/back", "cancel_url": "https://portal.example/left",
    "line_items[0][quantity]": "1", "line_items[0][price_data][currency]": "ils", "line_items[0][price_data][unit_amount]": "12345",
    "line_items[0][price_data][product_data][name]": "Demo", "client_reference_id": "p1", "metadata[payment_id]": "p1",
    "payment_intent_data[metadata][payment_id]": "p1",
}  # fmt: skip
HEADERS = {"Authorization": "Bearer sk_test_fake", "Stripe-Version": "2026-10-28.endive"}


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as stripe:
        yield stripe


def order(stripe: FakeStripe | str, headers: dict[str, str] | None = None, **changed: Any) -> httpx2.Response:
    """`line_items` and the like by their names in the form; None leaves one out."""
    form = {name: value for name, value in (ORDER | changed).items() if value is not None}
    url = stripe if isinstance(stripe, str) else stripe.url
    return httpx2.post(f"{url}/v1/checkout/sessions", data=form, headers=HEADERS | (headers or {}), timeout=30)


def test_an_order_in_order_is_taken(stripe):
    answer = order(stripe)
    assert (answer.status_code, answer.json()["status"], answer.json()["amount_total"]) == (200, "open", 12345)


@pytest.mark.parametrize(
    "changed",
    [
        {"mode": None},
        {"success_url": None},
        {"cancel_url": "/left"},
        {"line_items[0][price_data][product_data][name]": None},
        {"line_items[0][price_data][product_data][name]": " "},
        {"line_items[0][price_data][currency]": "ILS"},
        {"line_items[0][price_data][currency]": "xxy"},
        {"line_items[0][price_data][unit_amount]": "49"},
        {"line_items[0][price_data][unit_amount]": "-5"},
        {"line_items[0][price_data][unit_amount]": "100000000"},
        {"line_items[0][price_data][currency]": "kwd"},
        {"line_items[0][price_data][currency]": "isk"},
        {"line_items[0][quantity]": "0"},
        {"locale": "he"},
        {"colour": "blue"},
        {"metadata[long]": "x" * 501},
        {"client_reference_id": "x" * 201},
    ],
    ids=str,
)
def test_an_order_that_stripe_would_not_take_is_refused(stripe, changed):
    answer = order(stripe, **changed)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert stripe.account.sessions() == []


@pytest.mark.parametrize("minutes", [29, 25 * 60])
def test_an_order_ends_neither_too_soon_nor_too_late(stripe, minutes):
    assert order(stripe, expires_at=str(int(time.time()) + minutes * 60)).status_code == 400
    assert stripe.account.sessions() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Authorization": "Bearer sk_test_other"}, 401), ({"Stripe-Version": "new"}, 400), ({"Content-Type": "application/json"}, 400)],
)
def test_whoever_does_not_speak_as_stripe_wants_is_refused(stripe, headers, status):
    assert order(stripe, headers).status_code == status


def test_one_key_is_one_order(stripe):
    first, again = (order(stripe, {"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json() == again.json()
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    other = order(stripe, {"Idempotency-Key": "k"}, locale="en")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")


def test_one_key_at_once_is_one_order(stripe):
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _n: order(stripe, {"Idempotency-Key": "k"}).status_code, range(16)))
    assert set(answers) <= {200, 409}
    assert len(stripe.account.sessions()) == 1


def test_a_refused_order_does_not_spend_its_key(stripe):
    assert order(stripe, {"Idempotency-Key": "k"}, mode=None).status_code == 400
    assert order(stripe, {"Idempotency-Key": "k"}).status_code == 200


def test_as_a_process_it_takes_money_tells_of_it_and_lists_it(tmp_path):
    hook, port, log = Hook(), free_port(), tmp_path / "stripe.log"
    arguments = ["--port", str(port), "--webhook", f"{hook.url}/hook", "--secret", "whsec_a", "--fail", "0.3"]
    url = f"http://127.0.0.1:{port}"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.stripe", *arguments], cwd=Path(__file__).parents[2], stdout=out, stderr=out
        )
    try:
        wait_until(lambda: url.encode() in log.read_bytes(), process, log)
        statuses = [order(url, {"Idempotency-Key": f"k{n}"}, client_reference_id=f"p{n}").status_code for n in range(20)]
        assert set(statuses) == {200, 500}
        paid = httpx2.get(f"{url}/_fake/sessions", timeout=30).json()[0]["payment_id"]
        assert httpx2.post(f"{url}/_fake/pay", json={"payment_id": paid}, timeout=30).json()["payment_status"] == "paid"
        assert httpx2.post(f"{url}/_fake/refund", json={"payment_id": paid, "amount": 45}, timeout=30).json()["status"] == "succeeded"
        taken = httpx2.get(f"{url}/_fake/taken", timeout=30).json()
        assert taken == {"p1": {"amount": 12345, "refunded": 45, "times": 1, "currency": "ils"}}
        assert {hook.next()[0] for _ in range(3)} == {"/hook"}
    finally:
        process.kill()
        process.wait()
        hook.server.shutdown()
        hook.server.server_close()

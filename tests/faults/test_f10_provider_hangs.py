"""F10: the payment provider hangs: 5 s, then a sentence and the same idempotency key."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from portal.adapters.sandbox_payments import ANSWERS_WITHIN, SandboxPayments, Trouble
from portal.core.keys import Keys
from portal.settings import SANDBOX_KEY
from tests.client import BASE_URL, Client
from tests.databases import on_sqlite
from tests.processes.instances import RUTH, identified


def pay(client: Client) -> int:
    page = client.open("/actions/pay-balance")
    turn = page.form("submit").xpath("string(.//*[@name='turn']/@value)")
    answer = client.post("/actions/pay-balance", data={"turn": turn, "reply": "pay"}, follow_redirects=False)
    if answer.status_code >= 400:
        assert "The payment page does not answer now. No money was taken. Try again in a minute." in answer.text
    return answer.status_code


@on_sqlite
def test_whoever_waits_for_a_provider_that_hangs_is_told_after_5_s_and_the_next_try_is_the_same_order(new_portal, tmp_path: Path):
    orders = tmp_path / "orders.db"
    provider = SandboxPayments(orders, BASE_URL, Keys.of((SANDBOX_KEY,)), trouble=Trouble.HANGS)
    client = new_portal(payments=provider)
    identified(client, RUTH)
    with ThreadPoolExecutor(1) as another:
        began = monotonic()
        waiting = another.submit(pay, client)
        assert client.get("/healthz").status_code == 200, "others are answered meanwhile"
        assert not waiting.done()
        assert waiting.result() in (422, 503)
        assert ANSWERS_WITHIN == 5
        assert 5 <= monotonic() - began < 30
    provider.trouble = Trouble.NONE
    assert pay(client) == 303
    with sqlite3.connect(orders) as file:
        assert file.execute("SELECT count(*) FROM orders").fetchone() == (1,), "the order that hung is the order that is paid"

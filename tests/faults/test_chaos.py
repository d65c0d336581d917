"""A minute of load while processes and PostgreSQL are killed and a tenth of the vendors' calls fails: nothing lost, nothing twice."""

import psycopg
import pytest

from tests.bench import chaos, reckoning


@pytest.mark.long
def test_nothing_is_lost_and_nothing_is_done_twice():
    happened = chaos.run(seconds=60)
    assert happened.wrong == []
    assert happened.done > 10
    assert len(happened.kills) >= 2
    assert len(happened.outages) == chaos.RESTARTS


def test_the_reckoning_finds_what_is_lost_and_what_is_twice(postgresql_demo):
    url = postgresql_demo
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(OPENED.format(id="lost", state="started"))
        connection.execute(OPENED.format(id="twice", state="success"))
        connection.execute(OPENED.format(id="nobody", state="success"))
        for _credit in range(2):
            connection.execute(CREDITED.format(id="twice"))
        connection.execute(TEXTED.format(key="a", state="sent", vendor_id="SM1"))
        connection.execute(TEXTED.format(key="b", state="failed", vendor_id=""))
    taken = {"lost": {"amount": 100, "times": 1}, "twice": {"amount": 100, "times": 1}, "unknown": {"amount": 5, "times": 1}}
    wrong = [line.split()[0] for line in reckoning.payments(url, taken)]
    assert sorted(wrong) == ["lost", "nobody", "twice", "twice:", "unknown"]
    assert len(list(reckoning.codes(url, ["+1"] * 3, []))) == 4, "one not kept, one failed, one that the vendor has not, and how many"
    assert list(reckoning.codes(url, [], [{"To": "+1", "sid": "SM1"}])) == ["…+1: a code is failed: "]
    assert reckoning.settle(url, "http://127.0.0.1:9", seconds=0) == ["after 0 s 0 messages and 1 payments are still under way"]


OPENED = """INSERT INTO payment
    (id, customer_id, journey_id, state, currency, owed, charge, provider, language, channel, created_at, updated_at)
    VALUES ('{id}', '{id}', '', '{state}', 'ILS', 100, 100, 'stripe', 'he', 'web', 0, 0)"""
CREDITED = "INSERT INTO ledger (customer_id, kind, amount, currency, payment_id, at) VALUES ('{id}', 'payment', -100, 'ILS', '{id}', 0)"
TEXTED = """INSERT INTO outbox (key, kind, channel, recipient, language, state, vendor_id, created_at, due_at, expires_at)
    VALUES ('{key}', 'code', 'sms', '+1', 'he', '{state}', '{vendor_id}', 0, 0, 0)"""

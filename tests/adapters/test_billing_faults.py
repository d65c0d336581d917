"""A billing system on its bad days, over real sockets: whatever it does, the portal says that it cannot see the bills, and nothing else."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from portal.adapters.billing.breaker import FAILURES, REST_SECONDS, WITHIN_SECONDS, Breaker
from portal.adapters.billing.http import HttpBilling
from portal.adapters.billing.wire import AT_ONCE, LARGEST, Patience
from portal.app import open_database
from portal.core.errors import BillsUnseen, Permanent
from portal.core.money import Money
from portal.core.ports import Recorded, Taken
from portal.core.statements import Database
from tests.adapters.test_billing_openapi import example
from tests.conftest import Templates
from tests.core.paying import ils
from tests.fakes.billing import KEY, Behaviour, Peer, account, drips, hangs, hangs_up, peer, says
from tests.ports import free_port
from tests.processes.instances import eventually

# Where it answers, however slow the machine is; and where it never does.
LONG, QUICK = Patience(connect=20, answer=20, total=60), Patience(connect=0.3, answer=0.3, total=1.0)
TAKEN = Taken("0" * 32, "c1", ils(9500), ils(500), ils(0), ("A",), 1_763_800_000_000)
RECORDED = {"payment_id": "0" * 32, "currency": "ILS", "credited": 9500, "saving": 500, "give_back": 0}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"x" * 20


@pytest.fixture
def db(sqlite_templates: Templates) -> Iterator[Database]:
    with sqlite_templates.copy("empty") as url:
        opened = open_database(url)
        yield opened
        opened.close()


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def unseen(store: HttpBilling) -> None:
    with pytest.raises(BillsUnseen):
        store.account("c1")


def billing(db: Database, url: str, breaker: Breaker | None = None, patience: Patience = LONG) -> HttpBilling:
    return HttpBilling(db, url, KEY, breaker, patience)


# --- what is tried once more, and what is not

AGAIN: dict[str, Behaviour] = {
    "hangs": hangs,
    "hangs up": hangs_up,
    "500": says({}, "500 Internal Server Error"),
    "502 of a proxy": says(b"<html>bad gateway", "502 Bad Gateway"),
    "truncated": says(account(), length=5_000),
    "headers drip": drips(OK),
    "a body drips": drips(OK[:45]),
    "chunks drip": drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 20, 0.02),
    "a body without an end": drips(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 100, 0.02),
    "no HTTP": drips(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 0.0),
    "huge": says(b"x" * (LARGEST + 1)),
}
SLOW = ("hangs", "headers drip", "a body drips", "chunks drip", "a body without an end")
ONCE: dict[str, Behaviour] = {
    "429": says({}, "429 Too Many Requests", "Retry-After: 7"),
    "503": says({}, "503 Service Unavailable", "Retry-After: 7"),
    "garbage": says(b"{'not': json"),
    "half a text": says(b'{"customer_id": "\\ud800"}'),
    "nothing": says(b""),
    "a list": says([account()]),
    "deep": says(b"[" * 100_000),
    "html": says(b"<html>Welcome to our hotel's network", "200 OK", "Content-Type: text/html"),
    "redirect": says(b"", "302 Found", "Location: /v1/account?customer_id=c2"),
    "401": says({"code": "key_unknown", "status": 401}, "401 Unauthorized"),
    "403": says(b"", "403 Forbidden"),
    "404 without a code": says(b"not here", "404 Not Found"),
    "another customer": says(account("stranger")),
    "amounts in shekels": says(account(balances=[{"currency": "ILS", "amount": 100.0}])),
    "amounts as text": says(account(balances=[{"currency": "ILS", "amount": "10000"}])),
    "true": says(account(balances=[{"currency": "ILS", "amount": True}])),
    "no such currency": says(account(balances=[{"currency": "NIS", "amount": 10000}])),
    "a currency twice": says(account(balances=[{"currency": "ILS", "amount": 1}, {"currency": "ILS", "amount": 2}])),
    "beyond any bill": says(account(balances=[{"currency": "ILS", "amount": 10**16}])),
    "a bill twice": says(account(bills=account()["bills"] * 2)),
    "a kind of its own": says(account(bills=[{**account()["bills"][0], "kind": "proforma"}])),
    "no day": says(account(bills=[{**account()["bills"][0], "issued": "2026-02-30"}])),
    "a line's end in a number": says(account(bills=[{**account()["bills"][0], "number": "A\r\nSet-Cookie: a=b"}])),
    "more bills than asked for": says(account(bills=[{**account()["bills"][0], "number": str(n)} for n in range(61)])),
    "balances missing": says({"customer_id": "c1", "bills": []}),
}


@pytest.mark.parametrize("fault", AGAIN)
def test_what_may_help_is_tried_once_more_and_then_the_bills_are_unseen(db, fault):
    with peer(AGAIN[fault]) as bad, pytest.raises(BillsUnseen):
        billing(db, bad.url, patience=QUICK if fault in SLOW else LONG).account("c1")
    assert len(bad.asked) == 2


@pytest.mark.parametrize("fault", ONCE)
def test_what_would_not_help_is_not_tried_again(db, fault):
    with peer(ONCE[fault]) as bad, pytest.raises(BillsUnseen):
        billing(db, bad.url).account("c1")
    assert len(bad.asked) == 1


def test_a_port_that_nobody_listens_on_and_a_name_that_nobody_has(db):
    for url in (f"http://127.0.0.1:{free_port()}", "http://billing.invalid"):
        with pytest.raises(BillsUnseen):
            billing(db, url).account("c1")


def test_one_answer_that_was_lost_is_nobodys_business(db):
    def once(peer: Peer, wire, target):
        (hangs_up if len(peer.asked) == 1 else says(account()))(peer, wire, target)

    with peer(once) as bad:
        assert billing(db, bad.url).account("c1").balances == (ils(10000),)
    assert len(bad.asked) == 2


def test_a_wrong_answer_alerts_and_says_nothing_of_what_was_in_it(db):
    with peer(ONCE["another customer"]) as bad, capture_logs() as logs, pytest.raises(BillsUnseen):
        billing(db, bad.url).account("c1")
    assert [(line["event"], line["log_level"]) for line in logs] == [("billing_answer_wrong", "error")]
    assert "stranger" not in str(logs)


def test_connections_are_kept_and_each_request_has_its_key_and_an_id(db):
    with peer(says(account())) as good:
        store = billing(db, good.url)
        for _ in range(3):
            store.account("c1")
    assert len(good.wires) == 1
    assert all(f"authorization: bearer {KEY}" in head.lower() for head in good.heads)
    assert len({line for head in good.heads for line in head.split("\r\n") if line.startswith("x-request-id")}) == 3


def test_a_path_before_the_version_is_kept(db):
    with peer(says(account())) as good:
        billing(db, f"{good.url}/portal/").account("c1")
    assert good.asked == ["GET /portal/v1/account?customer_id=c1 HTTP/1.1"]


@pytest.mark.parametrize("changed", [{"customer_id": "c2"}, {"number": "B"}, {"currency": "XXZ"}, {"totals": {"payable": 1.5}}])
def test_a_document_is_the_one_that_was_asked_for_or_none_is_shown(db, changed):
    document = example("document", "totals_only") | {"customer_id": "c1", "number": "A"}
    with peer(says(document)) as good:
        assert billing(db, good.url).document("c1", "A")
    with peer(says(document | changed)) as bad, pytest.raises(BillsUnseen):
        billing(db, bad.url).document("c1", "A")


# --- a payment is told once at a time: the outbox repeats it


@pytest.mark.parametrize("fault", [*AGAIN, "429", "503", "401", "redirect", "garbage"])
def test_a_payment_is_said_once_a_try(db, fault):
    with peer((AGAIN | ONCE)[fault]) as bad, pytest.raises(BillsUnseen) as unseen:
        billing(db, bad.url, patience=QUICK if fault in SLOW else LONG).record(TAKEN)
    assert len(bad.asked) == 1
    assert unseen.value.retry_after == (7.0 if fault in ("429", "503") else None)


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "409 Conflict", "422 Unprocessable Content"])
def test_a_payment_that_is_refused_is_not_said_again_and_alerts(db, status):
    problem = says({"code": "payment_conflict", "status": 409}, status)
    with peer(problem) as bad, capture_logs() as logs, pytest.raises(Permanent):
        billing(db, bad.url).record(TAKEN)
    assert [line["event"] for line in logs] == ["billing_refused_payment"]


def test_a_payment_is_credited_as_the_answer_says(db):
    with peer(says(RECORDED)) as good:
        assert billing(db, good.url).record(TAKEN) == Recorded(ils(9500), ils(500), ils(0))
    assert good.asked == [f"PUT /v1/payments/{'0' * 32} HTTP/1.1"]


@pytest.mark.parametrize(
    "changed",
    [
        {"payment_id": "1" * 32}, {"currency": "USD"}, {"credited": 9000}, {"give_back": 500}, {"credited": 10000, "give_back": -500},
        {"saving": 501}, {"credited": "9500"},
    ],
)  # fmt: skip
def test_an_answer_that_does_not_add_up_is_not_believed(db, changed):
    with peer(says(RECORDED | changed)) as bad, pytest.raises(BillsUnseen):
        billing(db, bad.url).record(TAKEN)


def test_a_dollar_is_no_shekel(db):
    with peer(says(RECORDED)) as bad, pytest.raises(BillsUnseen):
        billing(db, bad.url).record(replace(TAKEN, paid=Money(9500, "USD"), saving=Money(500, "USD")))


# --- the breaker


def test_who_does_not_answer_is_left_alone_then_asked_once_and_then_by_all(db):
    clock = Clock()
    behaviour: list[Behaviour] = [says({}, "500 Internal Server Error")]

    def behaves(peer: Peer, wire, target):
        behaviour[0](peer, wire, target)

    with peer(behaves) as bad:
        store = billing(db, bad.url, Breaker(clock))
        for _ in range(20):
            with pytest.raises(BillsUnseen):
                store.account("c1")
        assert len(bad.asked) == FAILURES
        clock.at += REST_SECONDS + 1
        for _ in range(5):
            with pytest.raises(BillsUnseen):
                store.account("c1")
        assert len(bad.asked) == FAILURES + 1
        clock.at += REST_SECONDS + 1
        behaviour[0] = says(account())
        for _ in range(3):
            assert store.account("c1").balances == (ils(10000),)
        assert len(bad.asked) == FAILURES + 4


def test_while_it_is_tried_nobody_else_asks(db):
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.failed()
    clock.at += REST_SECONDS + 1
    with peer(hangs) as bad:
        store = billing(db, bad.url, breaker, Patience(connect=1, answer=20, total=30))
        probe = threading.Thread(target=unseen, args=(store,))
        probe.start()
        assert bad.came.wait(10)
        with pytest.raises(BillsUnseen):
            store.account("c1")
        assert len(bad.asked) == 1
    probe.join(20)
    assert not probe.is_alive()


def test_one_document_that_always_fails_among_answers_closes_it_to_nobody():
    breaker = Breaker(Clock())
    for _look in range(10):
        breaker.failed()
        breaker.failed()
        assert breaker.may_ask()
        for _other in range(5):
            breaker.answered()


def test_who_finds_no_connection_free_opens_nothing(db):
    """It is we who ask too much at once: the billing system answers."""

    def when_it_is_let(peer: Peer, wire, target):
        peer.hold.wait()
        says(account())(peer, wire, target)

    with ThreadPoolExecutor(AT_ONCE) as first, ThreadPoolExecutor(FAILURES) as late, peer(when_it_is_let) as slow:
        store = billing(db, slow.url, breaker := Breaker(), Patience(connect=20, answer=60, total=90))
        asking = [first.submit(store.account, "c1") for _ in range(AT_ONCE)]
        eventually(lambda: len(slow.asked) == AT_ONCE)
        list(late.map(unseen, [store] * FAILURES))
        assert breaker.may_ask()
        slow.hold.set()
        assert [one.result(60).balances for one in asking] == [(ils(10000),)] * AT_ONCE


def test_failures_far_apart_open_nothing():
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES * 3):
        breaker.failed()
        clock.at += WITHIN_SECONDS / (FAILURES - 2)
        assert breaker.may_ask()


def test_a_probe_that_never_comes_back_shuts_nobody_out_for_good():
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.failed()
    clock.at += REST_SECONDS
    assert [breaker.may_ask(), breaker.may_ask()] == [True, False]
    clock.at += REST_SECONDS
    assert breaker.may_ask()


def test_who_asks_to_be_left_alone_is(db):
    clock = Clock()
    with peer(ONCE["429"]) as bad:
        store = billing(db, bad.url, Breaker(clock))
        for _ in range(3):
            with pytest.raises(BillsUnseen):
                store.account("c1")
    assert len(bad.asked) == 1


def test_of_many_threads_exactly_one_is_the_probe():
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.failed()
    clock.at += REST_SECONDS
    let_in: list[bool] = []
    threads = [threading.Thread(target=lambda: let_in.append(breaker.may_ask())) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert let_in.count(True) == 1

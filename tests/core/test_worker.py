"""Who waits for a vendor holds up nobody else; what is handed over is still wanted; what ends gives back what it holds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Semaphore, Thread
from typing import Any

import pytest
from sqlmodel import col, select

from portal.app import parts
from portal.core.errors import Permanent, TryAgain
from portal.core.lanes import CARRIERS, Lane
from portal.core.languages import Language
from portal.core.outbox import LEASE_MS, MOST_HELD, STALE_SECONDS, Job, Outbox
from portal.core.spans import DAY_MS
from portal.core.statements import Database, Statement, now
from portal.core.tables import Outbox as Row
from portal.core.worker import Worker
from portal.settings import Settings
from tests.core.test_outbox import advance, claim, states, wait

LEFT = Statement(select(Row.key, Row.owner, Row.attempts, (col(Row.due_at) - now()).label("pause_ms")).where(col(Row.state) == "waiting"))
NUMBER = "+972502345678"


def put(db: Database, outbox: Outbox, *keys: str, channel: str = "books", **more: Any) -> None:
    with db.write() as tx:
        for key in keys:
            outbox.put(tx, "entry", channel, "", key=key, language=Language.HE, about={}, **more)


@dataclass
class Books:
    """Takes jobs. At a door of Semaphore(0) each that came stands until somebody lets one in."""

    door: Semaphore = field(default_factory=lambda: Semaphore(1_000_000))
    came: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    answers: dict[str, Exception] = field(default_factory=dict)

    def __call__(self, job: Job) -> str:
        self.came.append(job.key)
        assert self.door.acquire(timeout=60)
        if job.key in self.answers:
            raise self.answers[job.key]
        self.taken.append(job.key)
        return "entry"


@pytest.fixture
def working(settings: Settings, demo_database: Database) -> Callable[..., Any]:
    """`with working(books=Books()) as worker`: a worker in this process with couriers of the test's own."""

    @contextmanager
    def make(**couriers: Any) -> Iterator[Worker]:
        portal = parts(settings)
        worker = Worker(replace(portal, couriers=couriers))
        worker.start()
        try:
            yield worker
        finally:
            for courier in couriers.values():
                courier.door.release(1_000)
            if not worker.stopping.is_set():
                worker.stop()
            portal.db.close()

    return make


def test_a_hanging_vendor_holds_up_neither_another_channel_nor_the_urgent_behind_the_rest(working, demo_database):
    hangs, other = Books(Semaphore(0)), Books()
    with working(hangs=hangs, other=other) as worker:
        put(demo_database, worker.outbox, *(f"r{n}" for n in range(CARRIERS + 4)), channel="hangs")
        wait(lambda: len(hangs.came) == CARRIERS)
        put(demo_database, worker.outbox, "elsewhere", channel="other")
        put(demo_database, worker.outbox, "code", channel="hangs", priority=0)
        wait(lambda: other.taken == ["elsewhere"] and "code" in hangs.came)
        assert len(hangs.came) == CARRIERS + 1, "none of the others has had its turn"


def test_of_those_that_wait_in_memory_the_most_urgent_is_next():
    books = Books(Semaphore(0))

    def carry(job: Job) -> None:
        books(job)

    lane = Lane("books", carry)
    for n in range(CARRIERS):
        lane.put(job(f"first{n}", 5))
    wait(lambda: len(books.came) == CARRIERS)
    for key, priority in (("reminder", 9), ("receipt", 5), ("entry", 5), ("link", 3)):
        lane.put(job(key, priority))
    for key in ("link", "receipt", "entry", "reminder"):
        books.door.release()
        wait(lambda: len(books.came) > CARRIERS)
        assert books.came.pop() == key
    assert lane.end() == []
    books.door.release(100)


def job(key: str, priority: int) -> Job:
    return Job("entry", "books", "", None, Language.HE, {}, key, "me", 1, priority)


def test_what_is_written_while_a_vendor_hangs_does_not_grow_in_memory_and_is_sent_once(working, demo_database):
    books = Books(Semaphore(0))
    keys = [f"{n:03}" for n in range(MOST_HELD + 60)]
    with working(books=books) as worker:
        for start in range(0, len(keys), 20):
            put(demo_database, worker.outbox, *keys[start : start + 20])
            wait(worker.outbox.inbox.empty)
        assert len(worker.outbox.held) < MOST_HELD + 20
        books.door.release(len(keys))
        wait(lambda: sorted(books.taken) == keys and set(states(demo_database).values()) == {"sent"})


def test_it_is_tried_again_no_sooner_than_the_vendor_said(working, demo_database):
    books = Books(answers={"a": TryAgain("429", retry_after=90)})
    with working(books=books) as worker:
        put(demo_database, worker.outbox, "a")
        wait(lambda: left(demo_database)["a"].owner == "")
        assert 60_000 < left(demo_database)["a"].pause_ms <= 90_000
        del books.answers["a"]
        advance(demo_database, 90_000)
        wait(lambda: states(demo_database)["a"] == "sent")
    assert books.came == ["a", "a"]


def test_what_would_be_tried_again_too_late_is_given_up_now(working, demo_database):
    """A code is over; an entry that had a day is for a person to send again."""
    books = Books(answers={key: TryAgain("429", retry_after=300) for key in ("code", "entry", "soon")})
    with working(books=books) as worker:
        put(demo_database, worker.outbox, "code", "soon", lifetime_ms=5 * 60_000)
        put(demo_database, worker.outbox, "entry", lifetime_ms=DAY_MS)
        wait(lambda: states(demo_database) == {"code": "expired", "soon": "expired", "entry": "waiting"})
        advance(demo_database, DAY_MS)
        wait(lambda: states(demo_database)["entry"] == "failed")
    assert sorted(books.came) == ["code", "entry", "soon"]


def test_what_was_refused_for_good_is_not_tried_again(working, demo_database):
    books = Books(answers={"a": Permanent("no such account")})
    with working(books=books) as worker:
        put(demo_database, worker.outbox, "a")
        wait(lambda: states(demo_database)["a"] == "failed")
    assert books.came == ["a"]


@pytest.mark.parametrize(("pass_ms", "becomes"), [(6 * 60_000, "expired"), (LEASE_MS, "waiting")])
def test_what_waited_in_memory_until_it_was_over_or_another_process_had_it_is_not_sent(working, demo_database, pass_ms, becomes):
    books = Books(Semaphore(0))
    with working(books=books) as worker:
        put(demo_database, worker.outbox, *(f"{n}" for n in range(CARRIERS)))
        wait(lambda: len(books.came) == CARRIERS)
        put(demo_database, worker.outbox, "late", lifetime_ms=5 * 60_000)
        wait(lambda: "late" in worker.outbox.held and worker.outbox.held["late"].waited > STALE_SECONDS)
        advance(demo_database, pass_ms)
        claimed = claim(demo_database, Outbox(), "books", most=100)
        assert ("late" in claimed) == (becomes == "waiting")
        books.door.release(CARRIERS)
        wait(lambda: "late" not in worker.outbox.held)
        wait(lambda: states(demo_database)["late"] == becomes)
    assert "late" not in books.came


def test_a_process_that_ends_finishes_what_is_in_hand_and_gives_back_the_rest(working, demo_database):
    books = Books(Semaphore(0))
    keys = [f"{n:02}" for n in range(CARRIERS + 3)]
    with working(books=books) as worker:
        put(demo_database, worker.outbox, *keys)
        wait(lambda: len(books.came) == CARRIERS)
        ending = Thread(target=worker.stop)
        ending.start()
        wait(lambda: [row.owner for row in left(demo_database).values()].count("") == 3)
        books.door.release(CARRIERS)
        ending.join(30)
        unsent = {row.key: (row.owner, row.attempts) for row in left(demo_database).values()}
        assert sorted([*books.taken, *unsent]) == keys
        assert unsent and set(unsent.values()) == {("", 0)}
        assert claim(demo_database, Outbox(), "books", most=100) == sorted(unsent), "at once, without waiting for a lease"


def test_what_another_process_wrote_is_sent(working, demo_database):
    books = Books()
    with working(books=books):
        put(demo_database, Outbox(separate=True), "a")
        wait(lambda: states(demo_database)["a"] == "sent")
    assert books.taken == ["a"]


def test_what_nobody_here_takes_waits_for_a_process_that_does(working, demo_database):
    newer = Books()
    with working() as worker:
        put(demo_database, worker.outbox, "a")
        wait(lambda: left(demo_database)["a"].owner == "")
    with working(books=newer):
        wait(lambda: newer.taken == ["a"])


def left(db: Database) -> dict[str, Any]:
    with db.read() as reader:
        return {row.key: row for row in reader.all(LEFT)}

"""What must happen after a commit happens: once while all goes well, at least once when it does not."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from portal.core.errors import Permanent, TryAgain
from portal.core.languages import Language
from portal.core.outbox import LEASE_MS, MOST_HELD, Job, Outbox
from portal.core.ports import Message
from portal.core.statements import Database, Statement, p
from portal.core.tables import Clock
from portal.core.tables import Outbox as Row
from tests.client import Client

ADVANCE = Statement(update(Clock).values(offset_ms=col(Clock.offset_ms) + p("ms")))
STATES = Statement(select(Row.key, Row.state, Row.attempts, Row.error).order_by(col(Row.key)))


def put(db: Database, outbox: Outbox, *keys: str, priority: int = 5, **more: Any) -> None:
    about = {"challenge": "c", "sending": "1"}
    with db.write() as tx:
        for key in keys:
            outbox.put(tx, "code", "sms", "+972502345678", key=key, language=Language.HE, about=about, priority=priority, **more)


def claim(db: Database, outbox: Outbox, channel: str = "sms", *, urgent: bool = False, most: int = 4) -> list[str]:
    with db.write() as tx:
        return sorted(job.key for job in outbox.claim(tx, channel, urgent=urgent, most=most))


def advance(db: Database, ms: int) -> None:
    with db.write() as tx:
        tx.run(ADVANCE, ms=ms)


def states(db: Database) -> dict[str, str]:
    with db.read() as reader:
        return {row.key: row.state for row in reader.all(STATES)}


def fresh(outbox: Outbox) -> list[Job]:
    heard = []
    while not outbox.inbox.empty():
        heard.append(outbox.inbox.get())
    return [job for job in heard if isinstance(job, Job)]


def test_whoever_writes_a_row_has_it_at_once_and_nobody_else(database):
    mine, others = Outbox(), Outbox()
    put(database, mine, "a")
    assert [job.key for job in fresh(mine)] == ["a"]
    assert claim(database, others) == []


def test_a_row_is_put_once_however_often_it_is_said(database):
    outbox = Outbox()
    for _n in range(3):
        put(database, outbox, "a", "a")
    assert len(fresh(outbox)) == 1
    assert states(database) == {"a": "waiting"}


def test_what_was_rolled_back_is_never_sent(database):
    outbox = Outbox()

    class Failed(Exception): ...

    with pytest.raises(Failed), database.write() as tx:
        outbox.put(tx, "code", "sms", "+972502345678", key="a", language=Language.HE, about={})
        raise Failed
    put(database, outbox, "b")
    assert [job.key for job in fresh(outbox)] == ["b"]
    assert states(database) == {"b": "waiting"}


def test_what_a_dead_process_left_is_another_ones_after_the_lease_and_within_30_seconds(database):
    put(database, Outbox(), "a")
    advance(database, LEASE_MS - 10_000)
    assert claim(database, Outbox()) == []
    advance(database, 30_000 - LEASE_MS + 10_000 - 1_000)
    assert claim(database, Outbox()) == ["a"]
    assert claim(database, Outbox()) == [], "and of one other alone"


def test_a_process_without_a_worker_leaves_its_rows_to_whoever_has_one(database):
    web, worker = Outbox(separate=True), Outbox()
    put(database, web, "a")
    assert fresh(web) == []
    assert claim(database, worker) == ["a"]


def test_the_most_urgent_is_first_then_what_waited_longest_and_no_more_than_there_is_room_for(database):
    web, worker = Outbox(separate=True), Outbox()
    for n, priority in enumerate((9, 5, 5, 3)):
        put(database, web, f"{n}", priority=priority)
        advance(database, 1)
    put(database, web, "code", priority=0)
    assert claim(database, worker, urgent=True) == ["code"], "whatever waits besides"
    assert claim(database, worker, most=2) == ["1", "3"]
    assert claim(database, worker) == ["0", "2"]


def test_another_channels_rows_are_left_to_whoever_has_room_for_them(database):
    put(database, Outbox(separate=True), "a")
    assert claim(database, Outbox(), "email") == []
    assert claim(database, Outbox(), "sms") == ["a"]


def test_more_than_a_process_may_hold_in_memory_is_left_to_whoever_has_room(database):
    mine, others = Outbox(), Outbox()
    put(database, mine, *(f"{n:03}" for n in range(MOST_HELD)))
    put(database, mine, "one", "more")
    assert len(fresh(mine)) == MOST_HELD
    assert claim(database, others) == ["more", "one"]


def test_what_expired_is_not_sent(database):
    put(database, Outbox(separate=True), "a", lifetime_ms=1_000)
    advance(database, 1_001)
    assert claim(database, Outbox()) == []


@dataclass
class Vendor:
    """Answers by the telephone it is to send to."""

    taken: list[str] = field(default_factory=list)

    def send(self, message: Message) -> str:
        match message.to[-1]:
            case "1":
                raise TryAgain("503")
            case "2":
                raise Permanent("21211")
            case "3":
                raise RuntimeError("nobody expected this")
        self.taken.append(message.to)
        return "id"


def test_one_message_that_fails_holds_up_none_and_has_none_sent_twice(new_portal: Callable[..., Client], demo_database):
    """In one batch: a good one, one to try again, one that never works, one that breaks, and another good one."""
    vendor = Vendor()
    with demo_database.write() as tx:
        for n in (4, 1, 2, 3, 5):
            Outbox(separate=True).put(tx, "receipt", "sms", f"+97250234567{n}", key=f"key{n}", language=Language.HE, about={})
    new_portal(messages={"sms": vendor, "email": vendor})
    wait(lambda: states(demo_database)["key5"] == "sent" and states(demo_database)["key2"] == "failed")
    wait(lambda: tried(demo_database)["key1"] >= 2 and tried(demo_database)["key3"] >= 2)
    assert vendor.taken == ["+972502345674", "+972502345675"] or sorted(vendor.taken) == ["+972502345674", "+972502345675"]
    assert states(demo_database) | {"key1": "", "key3": ""} == {"key1": "", "key2": "failed", "key3": "", "key4": "sent", "key5": "sent"}


def tried(db: Database) -> dict[str, int]:
    with db.read() as reader:
        return {row.key: row.attempts for row in reader.all(STATES)}


def wait(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)

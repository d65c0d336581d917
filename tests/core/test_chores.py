"""Chores are done by one process at a time, whichever comes first, by the database's clock; a dead one holds them up for a while only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event, Thread

import pytest
from sqlmodel import select

from portal.app import parts
from portal.core.chores import HOLD_MS, Chore, Round
from portal.core.outbox import Outbox
from portal.core.portal import Portal
from portal.core.statements import Database, Statement
from portal.core.tables import Chore as Row
from portal.settings import Settings
from tests.core.test_outbox import advance

EVERY = 60.0
HELD = Statement(select(Row.name, Row.owner))


@pytest.fixture
def process(settings: Settings, demo_database: Database) -> Callable[..., Round]:
    """A process's part in these chores; it looks when it is told to."""

    def make(*chores: Chore) -> Round:
        portal = parts(settings)
        portal.db.close()
        return Round(replace(portal, db=demo_database, outbox=Outbox()), chores)

    return make


def test_whichever_process_comes_first_does_it_and_nobody_again_before_its_time(process, demo_database):
    done: list[str] = []
    first, second = (process(("count", EVERY, lambda portal, name=name: done.append(name))) for name in ("first", "second"))
    first.look()
    second.look()
    assert done == ["first"]
    advance(demo_database, int(EVERY * 1000))
    second.look()
    first.look()
    assert done == ["first", "second"]


def test_of_many_processes_at_once_one_does_it(process):
    done, ready = [], Barrier(6)
    processes = [process(("count", EVERY, lambda portal: done.append(1))) for _n in range(6)]

    def look(one: Round) -> None:
        ready.wait(10)
        one.look()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(look, processes))
    assert done == [1]


def test_a_process_that_dies_in_the_middle_does_not_stop_a_chore_for_ever(process, demo_database):
    begun, over, done = Event(), Event(), []

    def never_ends(portal: Portal) -> None:
        begun.set()
        over.wait(30)

    dead, other = process(("count", EVERY, never_ends)), process(("count", EVERY, lambda portal: done.append(1)))
    thread = Thread(target=dead.look)
    thread.start()
    assert begun.wait(10)
    other.look()
    assert done == [], "it is being done"
    advance(demo_database, HOLD_MS)
    other.look()
    assert done == [1]
    over.set()
    thread.join(10)
    other.look()
    assert done == [1], "and the one that came back to life does not make it due"


def test_a_chore_that_fails_is_tried_again_at_its_time_and_holds_up_no_other(process, demo_database):
    done: list[int] = []

    def fails(portal: Portal) -> None:
        raise RuntimeError("a bug")

    one = process(("fails", EVERY, fails), ("count", EVERY, lambda portal: done.append(1)))
    one.look()
    assert done == [1]
    with demo_database.read() as reader:
        assert {row.name: row.owner for row in reader.all(HELD)} == {"fails": "", "count": ""}


def test_the_rounds_of_a_process_end_when_it_is_told(process):
    seen = Event()
    one = process(("count", 0.0, lambda portal: seen.set()))
    one.start()
    assert seen.wait(15)
    one.stop()
    one.thread.join(15)
    assert not one.thread.is_alive()

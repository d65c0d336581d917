"""The two databases keep the same promises; what is peculiar to one of them is said of it alone."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from sqlalchemy import Text, cast, delete, func, literal, null, update
from sqlmodel import SQLModel, col, select
from structlog.testing import capture_logs

from portal import migrations
from portal.adapters.postgres import Postgres
from portal.adapters.sqlite import SQLite
from portal.core.errors import Unavailable
from portal.core.statements import Statement, insert, now, p
from portal.core.tables import Guard

PUT = Statement(insert(Guard).values(key=p("key"), day=p("day"), challenges=0, failures=0))
PUT_AND_TELL = Statement(insert(Guard).values(key=p("key"), day=p("day"), challenges=0, failures=0).returning(col(Guard.key)))
PUT_ONCE = Statement(insert(Guard).values(key=p("key"), day=p("day"), challenges=0, failures=0).on_conflict_do_nothing())
ALL = Statement(select(Guard.key, Guard.day).order_by(col(Guard.key)))
CLEAR = Statement(delete(Guard))
COUNT = Statement(update(Guard).where(col(Guard.key) == p("key_")).values(failures=col(Guard.failures) + 1))
COUNTED = Statement(select(Guard.failures).where(col(Guard.key) == p("key")))
NOW = Statement(select(now().label("at"), (now() > literal(0)).label("later"), null().label("missing")))
LENGTH = Statement(select(func.length(cast(p("text"), Text)).label("length")))


def keys(database):
    with database.read() as reader:
        return [row.key for row in reader.all(ALL)]


def test_a_transaction_that_fails_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        tx.later(PUT, key="a", day=1)
        tx.run(PUT, key="b", day=1)
        raise ZeroDivisionError
    assert keys(database) == []


def test_a_statement_that_fails_undoes_those_that_nobody_waited_for(database):
    with pytest.raises(Exception, match=r"(?i)unique"), database.write() as tx:
        tx.later(PUT, key="a", day=1)
        tx.later(PUT, key="a", day=1)
    assert keys(database) == []
    with database.write() as tx:  # and the connection is as good as before
        tx.later(PUT, key="a", day=1)
    assert keys(database) == ["a"]


def test_answers_that_are_read_later_are_those_of_their_questions(database):
    with database.write() as tx:
        tx.later(PUT, key="a", day=1)
        early = tx.soon(ALL)
        tx.later(PUT, key="b", day=2)
        late, nothing = tx.soon(ALL), tx.soon(COUNTED, key="c")
        assert [row.key for row in late()] == ["a", "b"]
        assert [row.key for row in early()] == [row.key for row in early()] == ["a"]
        assert nothing() == []
        unread = tx.soon(ALL)
    assert len(unread()) == 2
    with pytest.raises(Exception, match=r"(?i)unique"), database.write() as tx:
        tx.soon(PUT_AND_TELL, key="c", day=3)
        tx.soon(PUT_AND_TELL, key="a", day=3)
    assert keys(database) == ["a", "b"]


def test_a_transaction_of_nothing_keeps_nothing_and_says_so(database):
    told = []
    with database.write() as tx:
        tx.after(lambda: told.append("done"))
    assert (keys(database), told) == ([], ["done"])


def test_what_comes_after_a_commit_comes_only_if_a_row_was_changed(database):
    told = []
    with database.write() as tx:
        tx.later(PUT_ONCE, lambda: told.append("first"), key="a", day=1)
        tx.later(PUT_ONCE, lambda: told.append("again"), key="a", day=1)
        assert told == []
    assert told == ["first"]
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        tx.later(CLEAR, lambda: told.append("cleared"))
        raise ZeroDivisionError
    assert told == ["first"]


def test_what_comes_after_a_commit_comes_whatever_went_wrong_before_it(database):
    told = []
    with capture_logs() as logged, database.write() as tx:
        tx.run(PUT, key="a", day=1)
        for done in (fails, lambda: told.append("second"), fails, lambda: told.append("last")):
            tx.after(done)
    assert told == ["second", "last"]
    assert [(line["event"], line["log_level"]) for line in logged] == [("after_commit_failed", "error")] * 2
    assert keys(database) == ["a"]


def fails():
    raise ZeroDivisionError


def test_threads_of_one_process_take_turns_at_a_row(database):
    """Whoever waits for a row must let the thread that holds it go on."""
    with database.write() as tx:
        tx.run(PUT, key="row", day=1)

    def count(_n: int) -> None:
        for _ in range(10):
            with database.write() as tx:
                assert tx.run(COUNT, key_="row") == 1
                time.sleep(0.001)  # others run meanwhile, and come to wait

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(count, range(4)))
    with database.read() as reader:
        assert reader.one(COUNTED, key="row").failures == 40


def test_many_rows_are_all_kept(database):
    with database.write() as tx:
        tx.many(PUT, [{"key": f"{n:04d}", "day": n} for n in range(1234)])
    assert len(keys(database)) == 1234


def test_what_is_more_than_a_socket_takes_at_once_arrives(database):
    lengths = []

    def ask():
        with database.read() as reader:
            lengths.append(reader.one(LENGTH, text="x" * 40_000_000).length)

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(60)
    assert lengths == [40_000_000]


def test_numbers_truth_and_nothing_come_back_as_themselves(database):
    with database.read() as reader:
        row = reader.one(NOW)
    assert isinstance(row.at, int)
    assert row.later == 1
    assert row.missing is None


def test_text_that_is_no_text_is_refused_or_kept_whole(database):
    try:
        with database.write() as tx:
            tx.run(PUT, key="a\0b", day=1)
    except psycopg.DataError:
        assert keys(database) == []
    else:
        assert keys(database) == ["a\0b"]


def test_the_migrations_make_the_tables_of_the_code(database, database_url):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    engine = create_engine(migrations.sqlalchemy_url(database_url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []
    engine.dispose()


def test_on_postgresql_what_asks_nothing_before_its_commit_is_one_trip_and_no_begin(postgresql_demo, tmp_path):
    """As libpq tells what it sends (postgresql.org/docs/15/libpq-control.html)."""
    database = Postgres(postgresql_demo)

    def sent(*keys: str, asks: bool) -> tuple[int, bool]:
        with open(tmp_path / keys[0], "w+") as told:
            with database.write() as tx:
                tx.wire.trace(told.fileno())
                for key in keys:
                    tx.later(PUT, key=key, day=1)
                if asks:
                    assert len(tx.all(ALL)) == 4
            with database.read() as reader:
                reader.wire.untrace()
            said = Path(told.name).read_text()
        return said.count("Sync"), "BEGIN" in said

    assert sent("a", "b", asks=False) == (1, False)
    assert sent("c", "d", asks=True) == (2, True)
    database.close()


def test_postgresql_may_refuse_at_the_commit_what_no_statement_was_refused(postgresql_demo):
    database = Postgres(postgresql_demo)
    with psycopg.connect(postgresql_demo, autocommit=True) as other:
        other.execute("ALTER TABLE guard ADD CONSTRAINT one_a_day UNIQUE (day) DEFERRABLE INITIALLY DEFERRED")
    for asks in (False, True):
        with pytest.raises(psycopg.errors.UniqueViolation), database.write() as tx:
            tx.later(PUT, key="a", day=1)
            tx.later(PUT, key="b", day=1)
            assert not asks or len(tx.all(ALL)) == 2
        assert keys(database) == []
    database.close()


def sqlite(tmp_path: Path) -> SQLite:
    path = tmp_path / "grouped.db"
    migrations.upgrade(f"sqlite:///{path}")
    return SQLite(path)


def test_writes_of_one_turn_of_the_loop_become_durable_together(tmp_path):
    database, other = sqlite(tmp_path), SQLite(tmp_path / "grouped.db")

    async def two_requests():
        database.share_commits()
        for key in ("a", "b"):
            with database.write() as tx:
                tx.run(PUT, key=key, day=1)
        assert keys(database) == ["a", "b"], "a request sees what its turn has written"
        assert keys(other) == [], "nobody else does before the commit"
        await durable(database)
        assert keys(other) == ["a", "b"]
        assert database.durable() is None

    asyncio.run(two_requests())


def test_whoever_comes_while_others_are_served_joins_them(tmp_path, monkeypatch):
    database, other = sqlite(tmp_path), SQLite(tmp_path / "grouped.db")

    async def one_turn_after_the_other():
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 0.0)  # on a slow machine too, it is within the time to join
        database.share_commits()
        for key in ("a", "b", "c"):
            with database.write() as tx:
                tx.run(PUT, key=key, day=1)
            await asyncio.sleep(0)  # the loop's next turn
        assert keys(other) == []
        await durable(database)
        assert keys(other) == ["a", "b", "c"]

    asyncio.run(one_turn_after_the_other())


def test_nobody_waits_for_those_who_keep_coming(tmp_path):
    database = sqlite(tmp_path)

    async def without_end():
        database.share_commits()
        with database.write() as tx:
            tx.run(PUT, key="first", day=1)
        first = asyncio.ensure_future(durable(database))
        for n in count():
            if first.done():
                return
            with database.write() as tx:
                tx.run(PUT, key=f"{n}", day=1)
            await asyncio.sleep(0)  # the loop's next turn

    asyncio.run(asyncio.wait_for(without_end(), 20))


def test_a_part_of_a_turn_fails_alone(tmp_path):
    database, told = sqlite(tmp_path), []

    async def one_of_two_fails():
        database.share_commits()
        with database.write() as tx:
            tx.later(PUT, lambda: told.append("a"), key="a", day=1)
        with pytest.raises(ZeroDivisionError), database.write() as tx:
            tx.later(PUT, lambda: told.append("b"), key="b", day=1)
            raise ZeroDivisionError
        await durable(database)

    asyncio.run(one_of_two_fails())
    assert keys(database) == ["a"]
    assert told == ["a"]


def test_a_turn_that_cannot_be_committed_is_acknowledged_to_nobody(tmp_path):
    database = sqlite(tmp_path)

    async def disk_full():
        database.share_commits()
        with database.write() as tx:
            tx.run(PUT, key="a", day=1)
        # A page limit stands for a full disk: SQLite then gives up the whole transaction, not only the statement
        driver = database.writer.driver
        driver.execute(f"PRAGMA max_page_count={driver.execute('PRAGMA page_count').fetchone()[0]}")
        with pytest.raises(Unavailable), database.write() as tx:
            tx.many(PUT, [{"key": f"{n}" * 200, "day": n} for n in range(2000)])
        with pytest.raises(Unavailable), database.write() as tx:
            tx.run(PUT, key="b", day=1)
        with pytest.raises(Unavailable):
            await durable(database)
        driver.execute("PRAGMA max_page_count=1000000")
        with database.write() as tx:
            tx.run(PUT, key="c", day=1)
        await durable(database)

    asyncio.run(disk_full())
    assert keys(database) == ["c"]


def test_whoever_waits_for_a_turn_hears_of_any_failure(tmp_path):
    database = sqlite(tmp_path)

    async def a_promise_that_is_looked_at_by_the_commit():
        database.share_commits()
        with database.write() as tx:
            tx.driver.execute("CREATE TABLE promise (id PRIMARY KEY, of REFERENCES promise DEFERRABLE INITIALLY DEFERRED)")
            tx.driver.execute("INSERT INTO promise VALUES (1, 2)")
        with pytest.raises(sqlite3.IntegrityError):
            await durable(database)
        with database.write() as tx:
            tx.run(PUT, key="a", day=1)
        await durable(database)

    asyncio.run(a_promise_that_is_looked_at_by_the_commit())
    assert keys(database) == ["a"]


def test_a_turn_that_is_kept_is_durable_whatever_is_done_after_it(tmp_path):
    database = sqlite(tmp_path)

    async def something_after_it_fails():
        database.share_commits()
        with database.write() as tx:
            tx.run(PUT, key="a", day=1)
            tx.after(fails)
        await durable(database)

    with capture_logs() as logged:
        asyncio.run(something_after_it_fails())
    assert (keys(database), [line["event"] for line in logged]) == (["a"], ["after_commit_failed"])


async def waits(pending):
    await pending


def test_who_no_longer_waits_for_a_turn_takes_it_from_nobody(tmp_path, monkeypatch):
    database, told = sqlite(tmp_path), []

    async def one_of_two_leaves():
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 0.0)  # as above
        database.share_commits()
        with database.write() as tx:
            tx.later(PUT, lambda: told.append("a"), key="a", day=1)
        left, stays = (asyncio.create_task(waits(database.durable())) for _each in range(2))
        await asyncio.sleep(0)  # one turn of the loop: both wait now, and nothing is committed
        left.cancel()
        await asyncio.wait([left, stays])
        assert (left.cancelled(), stays.exception()) == (True, None)

    asyncio.run(one_of_two_leaves())
    assert (keys(database), told) == (["a"], ["a"])


def test_a_commit_that_fails_leaves_nothing_and_tells_nobody(tmp_path):
    database, told, interrupted = sqlite(tmp_path), [], iter([1])
    with pytest.raises(Unavailable), database.write() as tx:
        tx.later(PUT, lambda: told.append("a"), key="a", day=1)
        tx.driver.set_progress_handler(lambda: next(interrupted, 0), 1)  # SQLite asks it at every step: the next one is the commit's
    with database.write() as tx:
        tx.later(PUT, lambda: told.append("b"), key="b", day=1)
    assert keys(database) == ["b"]
    assert told == ["b"]


async def durable(database: SQLite) -> None:
    pending = database.durable()
    assert pending is not None
    await asyncio.wait_for(pending, 20)


CLOSED_WHILE_WRITING = """
import sys, threading
from pathlib import Path
from portal import migrations
from portal.adapters.sqlite import SQLite
from portal.core.events import Origin, note

path = Path(sys.argv[1])
migrations.upgrade(f"sqlite:///{path}")
for _n in range(30):
    db, begun = SQLite(path), threading.Event()

    def write():
        try:
            while True:
                with db.write() as tx:
                    begun.set()
                    for _row in range(50):
                        note(tx, Origin("web"), "step", "done")
        except Exception:
            pass

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait()
    db.close()
    thread.join()
"""


def test_a_database_that_is_closed_under_a_thread_that_writes_takes_nobody_down(tmp_path):
    """In a process of its own: it would be the process that ends."""
    ended = subprocess.run(
        [sys.executable, "-c", CLOSED_WHILE_WRITING, tmp_path / "portal.db"], capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()

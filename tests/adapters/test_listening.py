"""Whoever waits for work hears of a commit of another process, and of nothing that was rolled back; a lost connection is made again.

Of this process's own the outbox knows without being told: on SQLite, where telling costs a look at the table, nothing is heard of them.
"""

from threading import Event

import psycopg
import pytest
from sqlalchemy import update
from sqlmodel import col

from portal.app import open_database
from portal.core.statements import Statement
from portal.core.tables import Clock

TOUCH = Statement(update(Clock).values(offset_ms=col(Clock.offset_ms) + 1))


@pytest.fixture
def waiting(database_url):
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def heard(waiting):
    """Set when something is heard; the first time is when it begins to listen."""
    said = Event()
    listening = waiting.listen(said.set)
    assert said.wait(15)
    said.clear()
    yield said
    listening.close()


def ring(db):
    with db.write() as tx:
        tx.run(TOUCH)
        tx.ring()


def test_a_commit_is_heard(database, heard):
    ring(database)
    assert heard.wait(15)


def test_a_commit_of_its_own_is_not_heard_on_sqlite(waiting, heard, database, database_url):
    if database_url.startswith("postgresql"):
        pytest.skip("PostgreSQL tells everybody")
    ring(waiting)
    assert not heard.wait(0.5)
    ring(database)
    assert heard.wait(15)


def test_what_is_rolled_back_is_not(database, heard):
    class Failed(Exception): ...

    with pytest.raises(Failed), database.write() as tx:
        tx.run(TOUCH)
        tx.ring()
        assert not heard.is_set()
        raise Failed
    assert not heard.wait(0.5)
    ring(database)
    assert heard.wait(15)


def test_a_connection_that_the_server_closed_is_made_again(database, database_url, heard):
    if not database_url.startswith("postgresql"):
        pytest.skip("SQLite has no server")
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()")
    assert heard.wait(15), "on the new connection, for what may have been missed"
    heard.clear()
    ring(database)
    assert heard.wait(15)

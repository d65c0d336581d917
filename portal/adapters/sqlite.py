"""The embedded database: SQLite in WAL mode, one writer and a few readers a process.

Writers begin IMMEDIATE: a deferred one that meets another fails with "locked" whatever the time-out. synchronous=FULL
makes an acknowledged commit survive a power cut (sqlite.org/pragma.html#pragma_synchronous); it costs more than all the
statements of a request, so that requests which the event loop finds waiting together share one (docs/hot-path.md).
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import disk_usage
from threading import RLock, get_ident
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from portal.adapters.sqlite_bell import Listening
from portal.core.errors import Unavailable
from portal.core.statements import Row, Statement, Values

DIALECT = SQLiteDialect(paramstyle="named")
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "cache_size=-8000", "mmap_size=134217728")

# The longest that a group stays open for others to join, and the database closed to other processes.
GROUP_SECONDS = 0.005
# A single row may still fit into the log where a request no longer does.
ROOM = 1 << 20


class SQLite:
    dialect: Dialect = DIALECT

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.writing = RLock()  # of its own thread: a write inside a read must not wait for itself
        self.writer = Connection(path)
        self.readers: list[Connection] = []
        self.group: Group | None = None
        self.grouping = 0  # the thread whose writes may share a commit: the event loop's

    def read(self) -> AbstractContextManager["Connection"]:
        if get_ident() == self.grouping:
            if self.group:
                return Using(self.writer)  # it sees what this turn of the loop has written
            if self.writing.acquire(blocking=False):
                # What another connection has cached is void after each commit; what the writer has is not
                return Using(self.writer, self.writing.release)
        reader = self._reader()
        return Using(reader, partial(self.readers.append, reader))

    def _reader(self) -> "Connection":
        with SAYING_UNAVAILABLE:
            try:
                return self.readers.pop()
            except IndexError:
                return Connection(self.path)

    def write(self) -> AbstractContextManager["Connection"]:
        return self._in_group() if get_ident() == self.grouping else self._alone()

    @contextmanager
    def _alone(self) -> Iterator["Connection"]:
        with self.writing:
            with AllOrNothing(self.writer, "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
                yield self.writer
            self.writer.committed()

    def _in_group(self) -> "AllOrNothing":
        """A part of the turn's transaction that fails alone."""
        if self.group is None:
            with SAYING_UNAVAILABLE:
                self.group = self._begun()
        elif not self.writer.driver.in_transaction:
            # A full disk makes SQLite give up the whole transaction: the turn is lost, and nobody may go on as if it were not
            raise Unavailable("this turn's writes were given up")
        self.group.parts += 1
        return AllOrNothing(self.writer, "SAVEPOINT part", "RELEASE part", "ROLLBACK TO part", "RELEASE part")

    def _begun(self) -> "Group":
        self.writing.acquire()
        try:
            self.writer.driver.execute("BEGIN IMMEDIATE")
        except BaseException:
            self.writing.release()
            raise
        loop = asyncio.get_running_loop()
        group = Group(loop.create_future(), until=loop.time() + GROUP_SECONDS)
        loop.call_soon(self._end_of_turn, loop, group, 0)
        return group

    def _end_of_turn(self, loop: asyncio.AbstractEventLoop, group: "Group", before: int) -> None:
        """Whoever came while others were served joins them; what nobody joined any more is committed."""
        if before < group.parts and loop.time() < group.until:
            loop.call_soon(self._end_of_turn, loop, group, group.parts)
        else:
            self._commit(group)

    def _commit(self, group: "Group") -> None:
        """All of the group, or none of it."""
        self.group = None
        try:
            with SAYING_UNAVAILABLE:
                self.writer.commit()
            self.writer.committed()
            group.done.set_result(None)
        except Unavailable as error:
            group.done.set_exception(error)
            group.done.exception()  # seen: where nobody waits for it, nobody was promised anything
        finally:
            self.writing.release()

    def share_commits(self) -> None:
        """Called on the event loop: what it writes from now on is durable when `durable` says so."""
        self.grouping = get_ident()

    def durable(self) -> Awaitable[None] | None:
        return self.group.done if self.group else None

    def listen(self, heard: Callable[[], None]) -> Listening:
        return Listening(self._others, heard)

    def _others(self) -> int:
        """Asked of the one connection that writes: it does not count its own commits."""
        with self.writing:
            return int(self.writer.driver.execute("PRAGMA data_version").fetchone()[0])

    def has_room(self) -> bool:
        return disk_usage(self.path.parent).free >= ROOM

    def close(self) -> None:
        with self.writing:  # closed under a thread that writes, the process would crash
            self.writer.driver.close()
        while self.readers:
            self.readers.pop().driver.close()


@dataclass(slots=True)
class Group:
    """The writes of requests that came close together."""

    done: "asyncio.Future[None]"
    until: float  # by the loop's clock: nobody joins later, for other processes wait
    parts: int = 0


def said(error: BaseException | None) -> None:
    """In our words what is wrong with the database. Raises Unavailable; what is not the database's is nobody's business here."""
    if isinstance(error, sqlite3.OperationalError):
        raise Unavailable(str(error)) from error


# Entered some ten times a request, so that these are classes: a generator costs four times as much.


class SayingUnavailable:
    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        said(error)


SAYING_UNAVAILABLE = SayingUnavailable()


class Using:
    """A connection to read from, given back when it is no longer used."""

    __slots__ = ("connection", "give_back")

    def __init__(self, connection: "Connection", give_back: Callable[[], object] | None = None) -> None:
        self.connection, self.give_back = connection, give_back

    def __enter__(self) -> "Connection":
        return self.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self.give_back:
            self.give_back()
        said(error)


class AllOrNothing:
    """A transaction, or a part of one."""

    __slots__ = ("before", "begin", "commit", "connection", "rollback")

    def __init__(self, connection: "Connection", begin: str, commit: str, *rollback: str) -> None:
        self.connection, self.begin, self.commit, self.rollback = connection, begin, commit, rollback
        self.before = len(connection.afterwards)

    def __enter__(self) -> "Connection":
        with SAYING_UNAVAILABLE:
            self.connection.driver.execute(self.begin)
        return self.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            try:
                self.connection.driver.execute(self.commit)
            except BaseException as failed:
                self._undo()
                said(failed)
                raise
        else:
            self._undo()
            said(error)

    def _undo(self) -> None:
        del self.connection.afterwards[self.before :]
        with SAYING_UNAVAILABLE:
            if self.connection.driver.in_transaction:
                for undo in self.rollback:
                    self.connection.driver.execute(undo)


class Connection:
    def __init__(self, path: Path) -> None:
        self.driver = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        for pragma in PRAGMAS:
            self.driver.execute(f"PRAGMA {pragma}")
        self.afterwards: list[Callable[[], None]] = []

    def one(self, statement: Statement, **values: Any) -> Row | None:
        s = statement.on(DIALECT)
        found = self.driver.execute(s.text, s.values(values)).fetchall()
        return s.rows(found[:1])[0] if found else None

    def all(self, statement: Statement, **values: Any) -> list[Row]:
        s = statement.on(DIALECT)
        return s.rows(self.driver.execute(s.text, s.values(values)).fetchall())

    def run(self, statement: Statement, **values: Any) -> int:
        s = statement.on(DIALECT)
        return self.driver.execute(s.text, s.values(values)).rowcount

    def later(self, statement: Statement, then: Callable[[], None] | None = None, **values: Any) -> None:
        s = statement.on(DIALECT)
        if self.driver.execute(s.text, s.values(values)).rowcount and then:
            self.afterwards.append(then)

    def many(self, statement: Statement, rows: Sequence[Values]) -> None:
        s = statement.on(DIALECT)
        self.driver.executemany(s.text, [s.values(row) for row in rows])

    def after(self, done: Callable[[], None]) -> None:
        self.afterwards.append(done)

    def ring(self) -> None:
        """Whoever listens sees the commit itself."""

    def committed(self) -> None:
        waiting, self.afterwards = self.afterwards, []
        for done in waiting:
            done()

    def commit(self) -> None:
        try:
            self.driver.execute("COMMIT")
        except BaseException:
            self.afterwards.clear()
            if self.driver.in_transaction:
                self.driver.execute("ROLLBACK")
            raise
